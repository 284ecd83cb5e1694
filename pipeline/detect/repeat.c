/* Runs of alike prompts of one consumer and address: a prompt joins the run whose latest member it equals, else the one it is most like. */
#include <stdlib.h>
#include <string.h>
#include "detect/pass.h"

#define KEPT_MIN 4     /* shorter runs are not history either */
#define KEPT_MAX 20000 /* of runs too short to report, kept for the history of popular prompts */
#define RUNS_MAX 4000000u

struct live {
    uint32_t actor, next; /* of the same actor, or of the free list; index + 1 */
    uint32_t same, masked, same_fp;
    struct tb_dg_run run;
    uint64_t last_fp;
    struct tb_signature latest;
    int64_t last_in;
};

struct tb_repeat {
    const struct tb_pass *p;
    struct live *live;
    size_t live_n, live_cap;
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
    struct live *l = &r->live[at];
    enum tb_status st = tell(r, l, err);
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
        if (r->live[*link - 1].run.end_us < before_us) {
            st = close_run(r, link, err);
        } else {
            link = &r->live[*link - 1].next;
        }
    }
    return st;
}

static enum tb_status sweep(struct tb_repeat *r, int64_t before_us, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < r->live_n && st == TB_OK; i++) {
        if (r->live[i].actor != UINT32_MAX && r->live[i].run.end_us < before_us) {
            st = expire(r, r->live[i].actor, before_us, err);
        }
    }
    return st;
}

static struct live *best(struct tb_repeat *r, uint32_t actor, const struct tb_pass_event *e, uint32_t *count,
                         uint32_t **oldest)
{
    struct live *found = NULL;
    int most = (int)r->p->rules->lanes - 1;
    bool exact = false;
    int64_t least = INT64_MAX;
    *count = 0;
    for (uint32_t *link = &r->head[actor]; *link != 0; link = &r->live[*link - 1].next) {
        struct live *l = &r->live[*link - 1];
        ++*count;
        if (l->run.end_us < least) {
            least = l->run.end_us;
            *oldest = link;
        }
        if (l->last_fp == e->fingerprint || l->run.fingerprint == e->fingerprint) {
            found = l;
            exact = true;
        } else if (!exact && e->signature != NULL && tb_signature_is(e->signature) &&
                   tb_signature_is(&l->latest)) {
            int equal = tb_signature_equal(e->signature, &l->latest);
            found = equal > most ? l : found;
            most = equal > most ? equal : most;
        }
    }
    return found;
}

static void join(struct live *l, const struct tb_pass_event *e)
{
    struct tb_dg_run *run = &l->run;
    bool signed_both = e->signature != NULL && tb_signature_is(e->signature) && tb_signature_is(&l->latest);
    bool same = l->last_fp == e->fingerprint;
    l->same += same;
    l->same_fp += run->fingerprint == e->fingerprint;
    l->masked += same || (signed_both && tb_signature_equal(e->signature, &l->latest) == TB_SIGNATURE_LANES);
    run->grew += e->input > l->last_in;
    run->n++;
    run->end_us = e->ts_us;
    run->in_last = e->input;
    l->last_in = e->input;
    l->last_fp = e->fingerprint;
    if (e->signature != NULL && tb_signature_is(e->signature)) {
        l->latest = *e->signature;
    }
}

static enum tb_status begin(struct tb_repeat *r, uint32_t actor, const struct tb_pass_event *e,
                            struct live **out, struct tb_err *err)
{
    uint32_t at = r->free;
    if (at != 0) {
        r->free = r->live[at - 1].next;
        at--;
    } else {
        if (tb_tuples_grow((void **)&r->live, &r->live_cap, r->live_n + 1, sizeof *r->live, err) != TB_OK) {
            return TB_FATAL;
        }
        at = (uint32_t)r->live_n++;
    }
    struct live *l = &r->live[at];
    *l = (struct live){
        .actor = actor, .next = r->head[actor], .same_fp = 1, .last_fp = e->fingerprint, .last_in = e->input};
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
    r->head[actor] = at + 1;
    *out = l;
    return TB_OK;
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
    uint32_t count = 0, *oldest = NULL;
    struct live *l = best(r, actor, e, &count, &oldest);
    if (l != NULL) {
        join(l, e);
    } else {
        if (count >= (uint32_t)r->p->rules->live_runs) {
            st = close_run(r, oldest, err);
        }
        if (st == TB_OK) {
            st = begin(r, actor, e, &l, err);
        }
    }
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
