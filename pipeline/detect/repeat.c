/* Runs of alike prompts of one consumer and address: a prompt joins the run whose latest member it equals, else the one it is most like. */
#include <stdlib.h>
#include <string.h>
#include "detect/pass.h"

#define KEPT_MIN 4     /* shorter runs are not history either */
#define KEPT_MAX 20000 /* of runs too short to report, kept for the history of popular prompts */
#define AHEAD    16    /* places between asking for memory and using it */

struct live {
    uint32_t same, masked, same_fp;
    struct tb_dg_run run;
    struct tb_signature latest;
    int64_t last_in;
};

/* What each call of the actor looks at, of all its live runs: half a line of cache, apart from the rest. */
struct look {
    uint32_t actor, next; /* of the same actor, or of the free list; index + 1 */
    uint32_t n;
    bool is_signed; /* latest is a signature */
    int64_t end_us;
    uint64_t first_fp, last_fp; /* the run's fingerprint, and that of its latest call */
};

struct tb_repeat {
    const struct tb_pass *p;
    struct live *live; /* as many as looks, place by place */
    struct look *look;
    size_t live_n, live_cap, look_cap;
    uint32_t free;
    uint32_t *head; /* by actor: first live run + 1 */
    size_t head_cap;
    int64_t gap_us, swept_us;
    uint32_t short_kept;
};

struct tb_repeat *tb_repeat_new(const struct tb_pass *p)
{
    struct tb_repeat *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->p = p;
        r->gap_us = (int64_t)(p->rules->gap_min * (double)TB_US_PER_MIN);
    }
    return r;
}

void tb_repeat_free(struct tb_repeat *r)
{
    if (r != NULL) {
        free(r->live);
        free(r->look);
        free(r->head);
        free(r);
    }
}

/* What a run was: all the same text, the same but for masked parts, or near. */
static uint32_t kind_of(const struct live *l)
{
    uint32_t steps = l->run.n - 1;
    return l->same * 10 >= steps * 9     ? TB_RUN_EXACT
           : l->masked * 10 >= steps * 9 ? TB_RUN_TEMPLATE
                                         : TB_RUN_NEAR;
}

static enum tb_status tell(struct tb_repeat *r, struct live *l, struct tb_err *err)
{
    struct tb_dg_run *out = NULL;
    bool is_short = l->run.n < r->p->rules->repeat_requests;
    if (l->run.n < KEPT_MIN || l->run.n_day == 0 || (is_short && r->short_kept >= KEPT_MAX)) {
        return TB_OK;
    }
    r->short_kept += is_short;
    if (TB_DIGEST_PUSH(r->p->d, run, out, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = l->run;
    out->kind = kind_of(l);
    return TB_OK;
}

/* Closes the live run at *link. */
static enum tb_status close_run(struct tb_repeat *r, uint32_t *link, struct tb_err *err)
{
    uint32_t at = *link - 1;
    struct look *l = &r->look[at];
    enum tb_status st = l->n < KEPT_MIN ? TB_OK : tell(r, &r->live[at], err);
    *link = l->next;
    l->next = r->free;
    l->actor = UINT32_MAX;
    r->free = at + 1;
    return st;
}

static enum tb_status expire(struct tb_repeat *r, uint32_t actor, int64_t before_us, struct tb_err *err)
{
    uint32_t *link = &r->head[actor];
    enum tb_status st = TB_OK;
    while (*link != 0 && st == TB_OK) {
        if (r->look[*link - 1].end_us < before_us) {
            st = close_run(r, link, err);
        } else {
            link = &r->look[*link - 1].next;
        }
    }
    return st;
}

static enum tb_status sweep(struct tb_repeat *r, int64_t before_us, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < r->live_n && st == TB_OK; i++) {
        if (i + AHEAD < r->live_n && r->look[i + AHEAD].actor != UINT32_MAX) {
            __builtin_prefetch(&r->head[r->look[i + AHEAD].actor], 1);
        }
        if (r->look[i].actor != UINT32_MAX && r->look[i].end_us < before_us) {
            st = expire(r, r->look[i].actor, before_us, err);
        }
    }
    return st;
}

/* The live run that e joins, its place + 1, or 0. */
static uint32_t best(struct tb_repeat *r, uint32_t actor, const struct tb_pass_event *e, uint32_t *count,
                     uint32_t **oldest)
{
    uint32_t found = 0;
    int most = (int)r->p->rules->lanes - 1;
    bool exact = false, is_signed = e->signature != NULL && tb_signature_is(e->signature);
    int64_t least = INT64_MAX;
    *count = 0;
    for (uint32_t *link = &r->head[actor]; *link != 0; link = &r->look[*link - 1].next) {
        const struct look *l = &r->look[*link - 1];
        ++*count;
        if (l->end_us < least) {
            least = l->end_us;
            *oldest = link;
        }
        if (l->last_fp == e->fingerprint || l->first_fp == e->fingerprint) {
            found = *link;
            exact = true;
        } else if (!exact && is_signed && l->is_signed) {
            int equal = tb_signature_equal(e->signature, &r->live[*link - 1].latest);
            found = equal > most ? *link : found;
            most = equal > most ? equal : most;
        }
    }
    return found;
}

static void join(struct look *k, struct live *l, const struct tb_pass_event *e)
{
    struct tb_dg_run *run = &l->run;
    bool is_signed = e->signature != NULL && tb_signature_is(e->signature);
    bool same = k->last_fp == e->fingerprint;
    l->same += same;
    l->same_fp += run->fingerprint == e->fingerprint;
    l->masked += same || (is_signed && k->is_signed &&
                          tb_signature_equal(e->signature, &l->latest) == TB_SIGNATURE_LANES);
    run->grew += e->input > l->last_in;
    run->n++;
    run->end_us = e->ts_us;
    run->in_last = e->input;
    l->last_in = e->input;
    k->n = run->n;
    k->end_us = e->ts_us;
    k->last_fp = e->fingerprint;
    if (is_signed) {
        l->latest = *e->signature;
        k->is_signed = true;
    }
}

/* Room for one more run; *out is its place. */
static enum tb_status place(struct tb_repeat *r, uint32_t *out, struct tb_err *err)
{
    if (r->free != 0) {
        *out = r->free - 1;
        r->free = r->look[*out].next;
        return TB_OK;
    }
    size_t need = r->live_n + 1;
    if (tb_tuples_grow((void **)&r->live, &r->live_cap, need, sizeof *r->live, err) != TB_OK ||
        tb_tuples_grow((void **)&r->look, &r->look_cap, need, sizeof *r->look, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = (uint32_t)r->live_n++;
    return TB_OK;
}

static enum tb_status begin(struct tb_repeat *r, uint32_t actor, const struct tb_pass_event *e, uint32_t *out,
                            struct tb_err *err)
{
    uint32_t at = 0;
    if (place(r, &at, err) != TB_OK) {
        return TB_FATAL;
    }
    struct live *l = &r->live[at];
    *l = (struct live){.same_fp = 1, .last_in = e->input};
    l->run = (struct tb_dg_run){.consumer = e->consumer,
                                .ip = e->ip,
                                .feature = e->feature,
                                .model = e->model,
                                .n = 1,
                                .fingerprint = e->fingerprint,
                                .start_us = e->ts_us,
                                .end_us = e->ts_us,
                                .in_first = e->input,
                                .in_last = e->input,
                                .cost_first = e->cost};
    if (e->signature != NULL) {
        l->latest = l->run.signature = *e->signature;
    }
    r->look[at] = (struct look){.actor = actor,
                                .next = r->head[actor],
                                .n = 1,
                                .is_signed = tb_signature_is(&l->latest),
                                .end_us = e->ts_us,
                                .first_fp = e->fingerprint,
                                .last_fp = e->fingerprint};
    r->head[actor] = *out = at + 1;
    if (r->free != 0) { /* where the next one begins */
        char *next = (char *)&r->live[r->free - 1];
        for (size_t i = 0; i < sizeof(struct live); i += 64) {
            __builtin_prefetch(next + i, 1);
        }
    }
    return TB_OK;
}

void tb_repeat_call(const struct tb_repeat *r, uint32_t actor)
{
    if (actor < r->head_cap) {
        __builtin_prefetch(&r->head[actor], 1);
    }
}

static uint32_t first_run(const struct tb_repeat *r, uint32_t actor)
{
    return actor < r->head_cap ? r->head[actor] : 0;
}

void tb_repeat_call_run(const struct tb_repeat *r, uint32_t actor)
{
    uint32_t first = first_run(r, actor);
    if (first != 0) {
        __builtin_prefetch(&r->look[first - 1], 1);
    }
}

/* The run behind the first. */
void tb_repeat_call_next(const struct tb_repeat *r, uint32_t actor)
{
    uint32_t first = first_run(r, actor), next = first != 0 ? r->look[first - 1].next : 0;
    if (next != 0) {
        __builtin_prefetch(&r->look[next - 1], 1);
    }
}

enum tb_status tb_repeat_take(struct tb_repeat *r, uint32_t actor, const struct tb_pass_event *e,
                              struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (e->fingerprint == 0) {
        return TB_OK;
    }
    st = tb_tuples_grow((void **)&r->head, &r->head_cap, (size_t)actor + 1, sizeof *r->head, err);
    if (st == TB_OK) {
        st = expire(r, actor, e->ts_us - r->gap_us, err);
    }
    if (st == TB_OK && e->ts_us - r->swept_us > r->gap_us) { /* actors that fell silent */
        r->swept_us = e->ts_us;
        st = sweep(r, e->ts_us - r->gap_us, err);
    }
    if (st != TB_OK) {
        return st;
    }
    uint32_t count = 0, *oldest = NULL, at = best(r, actor, e, &count, &oldest);
    if (at != 0) {
        join(&r->look[at - 1], &r->live[at - 1], e);
    } else {
        if (count >= (uint32_t)r->p->rules->live_runs) {
            st = close_run(r, oldest, err);
        }
        if (st == TB_OK) {
            st = begin(r, actor, e, &at, err);
        }
    }
    struct live *l = st == TB_OK ? &r->live[at - 1] : NULL;
    if (st == TB_OK && r->p->joined != NULL) {
        r->p->joined(r->p->ctx, &l->run, e);
    }
    if (st == TB_OK && e->in_day) {
        l->run.n_day++;
        l->run.cost += e->cost;
    }
    return st;
}

enum tb_status tb_repeat_end(struct tb_repeat *r, struct tb_err *err)
{
    return sweep(r, INT64_MAX, err);
}
