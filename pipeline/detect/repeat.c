/* Runs of alike prompts of one consumer and address: a prompt joins the run whose latest member it equals, else the one it is most like.
 * Most calls of a day are no loop: each looks at all live runs of its actor and begins one of its own, which ten minutes later is forgotten.
 * So what is looked at lies together, actor by actor, and the run itself is made when it is joined, or has a signature to be compared. */
#include <stdlib.h>
#include <string.h>
#include "detect/pass.h"

#define KEPT_MIN 4     /* shorter runs are not history either */
#define KEPT_MAX 20000 /* of runs too short to report, kept for the history of popular prompts */
#define FORGET   6     /* sweeps between giving memory back */
#define AHEAD    16    /* actors between asking for memory and using it */
#define LINE     64    /* bytes of a line of cache */

/* A live run, as each call of its actor looks at it. */
struct look {
    uint64_t first_fp, last_fp; /* the run's fingerprint, and that of its latest call */
    int64_t end_us;
    int64_t cost, input; /* of the first call, like feature, model and in_day */
    uint32_t feature, model;
    uint32_t place;          /* in live; NOWHERE: it is one call so far, and this all that is known of it */
    bool is_signed, is_kept; /* the latest call has a signature; the run has KEPT_MIN calls */
    bool in_day;
};
#define NOWHERE UINT32_MAX

struct actor {
    struct look *look; /* in the order of their first call */
    uint32_t n, cap;
    int64_t least_us; /* no end_us is less; 0: never met */
};

struct live {
    uint32_t same, masked;
    bool is_signed; /* else run.signature is not set */
    struct tb_dg_run run;
    struct tb_signature latest;
};

struct tb_repeat {
    const struct tb_pass *p;
    struct actor *actor;
    uint32_t *met; /* actors in the order of their first call */
    size_t actor_cap, met_n, met_cap;
    struct live *live;
    uint32_t *unused; /* free places, the last one freed on top */
    size_t live_cap, unused_cap;
    uint32_t places, unused_n;
    int64_t gap_us, swept_us;
    uint32_t short_kept, sweeps;
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
        for (size_t i = 0; i < r->actor_cap; i++) {
            free(r->actor[i].look);
        }
        free(r->actor);
        free(r->live);
        free(r->met);
        free(r->unused);
        free(r);
    }
}

/* --- the end of a run ---------------------------------------------------------------------------------------------------------- */

/* What a run was: all the same text, the same but for masked parts, or near. */
static uint32_t kind_of(const struct live *l)
{
    uint32_t steps = l->run.n - 1;
    return l->same * 10 >= steps * 9     ? TB_RUN_EXACT
           : l->masked * 10 >= steps * 9 ? TB_RUN_TEMPLATE
                                         : TB_RUN_NEAR;
}

static enum tb_status tell(struct tb_repeat *r, const struct live *l, struct tb_err *err)
{
    struct tb_dg_run *out = NULL;
    bool is_short = l->run.n < r->p->rules->repeat_requests;
    if (l->run.n_day == 0 || (is_short && r->short_kept >= KEPT_MAX)) {
        return TB_OK;
    }
    r->short_kept += is_short;
    if (TB_DIGEST_PUSH(r->p->d, run, out, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = l->run;
    out->kind = kind_of(l);
    if (!l->is_signed) {
        memset(&out->signature, 0, sizeof out->signature);
    }
    return TB_OK;
}

/* Ends the run of k, whose look is the caller's to remove. */
static enum tb_status end_run(struct tb_repeat *r, const struct look *k, struct tb_err *err)
{
    enum tb_status st = k->is_kept ? tell(r, &r->live[k->place], err) : TB_OK;
    if (k->place != NOWHERE) {
        r->unused[r->unused_n++] = k->place;
    }
    return st;
}

/* Ends the runs of a that were last joined before before_us, the youngest first. */
static enum tb_status expire(struct tb_repeat *r, struct actor *a, int64_t before_us, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    uint32_t n = 0;
    if (a->least_us >= before_us) {
        return TB_OK;
    }
    for (uint32_t i = a->n; i-- > 0 && st == TB_OK;) {
        if (a->look[i].end_us < before_us) {
            st = end_run(r, &a->look[i], err);
        }
    }
    a->least_us = INT64_MAX;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->look[i].end_us >= before_us) {
            a->least_us = a->look[i].end_us < a->least_us ? a->look[i].end_us : a->least_us;
            a->look[n++] = a->look[i];
        }
    }
    a->n = n;
    return st;
}

/* Gives back what silent actors hold; most that pause for ten minutes come again within the hour. */
static void forget(struct tb_repeat *r)
{
    for (size_t i = 0; i < r->actor_cap; i++) {
        if (r->actor[i].n == 0 && r->actor[i].cap > 0) {
            free(r->actor[i].look);
            r->actor[i] = (struct actor){.least_us = INT64_MAX};
        }
    }
}

/* Ends the runs of actors that fell silent. */
static enum tb_status sweep(struct tb_repeat *r, int64_t before_us, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < r->met_n && st == TB_OK; i++) {
        if (i + AHEAD < r->met_n) {
            __builtin_prefetch(&r->actor[r->met[i + AHEAD]], 1);
        }
        st = expire(r, &r->actor[r->met[i]], before_us, err);
    }
    if (++r->sweeps % FORGET == 0) {
        forget(r);
    }
    return st;
}

/* --- a call -------------------------------------------------------------------------------------------------------------------- */

/* The live run that e joins: the oldest that it equals, else the youngest of those that it is most like; NULL: none. */
static struct look *best(const struct tb_repeat *r, const struct actor *a, const struct tb_pass_event *e)
{
    struct look *found = NULL;
    int most = (int)r->p->rules->lanes - 1;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->look[i].last_fp == e->fingerprint || a->look[i].first_fp == e->fingerprint) {
            return &a->look[i];
        }
    }
    for (uint32_t i = a->n; e->signature != NULL && i-- > 0;) {
        if (a->look[i].is_signed) {
            int equal = tb_signature_equal(e->signature, &r->live[a->look[i].place].latest);
            found = equal > most ? &a->look[i] : found;
            most = equal > most ? equal : most;
        }
    }
    return found;
}

/* Room for one more run; *out is its place. */
static enum tb_status place(struct tb_repeat *r, uint32_t *out, struct tb_err *err)
{
    size_t need = (size_t)r->places + 1;
    if (r->unused_n > 0) {
        *out = r->unused[--r->unused_n];
        return TB_OK;
    }
    if (tb_tuples_grow((void **)&r->live, &r->live_cap, need, sizeof *r->live, err) != TB_OK ||
        tb_tuples_grow((void **)&r->unused, &r->unused_cap, need, sizeof *r->unused, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = r->places++;
    return TB_OK;
}

static enum tb_status grow_looks(struct actor *a, struct tb_err *err)
{
    uint32_t cap = a->cap == 0 ? 2 : 2 * a->cap;
    struct look *wider = realloc(a->look, cap * sizeof *wider);
    if (wider == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to look for alike prompts");
    }
    a->look = wider;
    a->cap = cap;
    return TB_OK;
}

/* The run of a look at one call; e is of the same actor. */
static enum tb_status make_run(struct tb_repeat *r, struct look *k, const struct tb_pass_event *e,
                               struct tb_err *err)
{
    if (place(r, &k->place, err) != TB_OK) {
        return TB_FATAL;
    }
    struct live *l = &r->live[k->place];
    l->same = l->masked = 0;
    l->is_signed = false;
    l->run = (struct tb_dg_run){.consumer = e->consumer,
                                .ip = e->ip,
                                .feature = k->feature,
                                .model = k->model,
                                .n = 1,
                                .n_day = k->in_day,
                                .fingerprint = k->first_fp,
                                .start_us = k->end_us,
                                .end_us = k->end_us,
                                .cost = k->in_day ? k->cost : 0,
                                .cost_first = k->cost,
                                .in_first = k->input,
                                .in_last = k->input};
    return TB_OK;
}

static enum tb_status join(struct tb_repeat *r, struct look *k, const struct tb_pass_event *e,
                           struct tb_err *err)
{
    enum tb_status st = k->place == NOWHERE ? make_run(r, k, e, err) : TB_OK;
    if (st != TB_OK) {
        return st;
    }
    struct live *l = &r->live[k->place];
    struct tb_dg_run *run = &l->run;
    bool is_signed = e->signature != NULL, same = k->last_fp == e->fingerprint;
    l->same += same;
    l->masked += same || (is_signed && k->is_signed &&
                          tb_signature_equal(e->signature, &l->latest) == TB_SIGNATURE_LANES);
    run->grew += e->input > run->in_last;
    run->n++;
    run->end_us = e->ts_us;
    run->in_last = e->input;
    k->is_kept = run->n >= KEPT_MIN;
    k->end_us = e->ts_us;
    k->last_fp = e->fingerprint;
    if (is_signed) {
        l->latest = *e->signature;
        k->is_signed = true;
    }
    if (e->in_day) {
        run->n_day++;
        run->cost += e->cost;
    }
    return TB_OK;
}

static enum tb_status begin(struct tb_repeat *r, struct actor *a, const struct tb_pass_event *e,
                            struct look **out, struct tb_err *err)
{
    if (a->n == a->cap && grow_looks(a, err) != TB_OK) {
        return TB_FATAL;
    }
    a->least_us = a->n == 0 || e->ts_us < a->least_us ? e->ts_us : a->least_us;
    struct look *k = *out = &a->look[a->n++];
    *k = (struct look){.first_fp = e->fingerprint,
                       .last_fp = e->fingerprint,
                       .end_us = e->ts_us,
                       .cost = e->cost,
                       .input = e->input,
                       .feature = e->feature,
                       .model = e->model,
                       .place = NOWHERE,
                       .is_signed = e->signature != NULL,
                       .in_day = e->in_day};
    bool whole = k->is_signed || r->p->joined != NULL;
    enum tb_status st = whole ? make_run(r, k, e, err) : TB_OK;
    if (st == TB_OK && k->is_signed) {
        struct live *l = &r->live[k->place];
        l->is_signed = true;
        l->latest = l->run.signature = *e->signature;
    }
    return st;
}

/* Ends the run that was not joined for longest. */
static enum tb_status end_oldest(struct tb_repeat *r, struct actor *a, struct tb_err *err)
{
    uint32_t at = a->n - 1;
    for (uint32_t i = a->n; i-- > 0;) {
        at = a->look[i].end_us < a->look[at].end_us ? i : at;
    }
    enum tb_status st = end_run(r, &a->look[at], err);
    memmove(&a->look[at], &a->look[at + 1], (--a->n - at) * sizeof *a->look);
    return st;
}

/* --- memory called ahead --------------------------------------------------------------------------------------------------------- */

static const struct actor *known(const struct tb_repeat *r, const struct tb_pass_event *e)
{
    return e->fingerprint != 0 && e->actor < r->actor_cap ? &r->actor[e->actor] : NULL;
}

void tb_repeat_call(const struct tb_repeat *r, const struct tb_pass_event *e)
{
    if (e->actor < r->actor_cap) {
        __builtin_prefetch(&r->actor[e->actor], 1);
    }
}

void tb_repeat_call_looks(const struct tb_repeat *r, const struct tb_pass_event *e)
{
    const struct actor *a = known(r, e);
    for (uint32_t i = 0; a != NULL && i <= a->n && i < a->cap; i += LINE / sizeof(struct look)) {
        __builtin_prefetch(&a->look[i], 1);
    }
}

/* What a signature is compared with. */
void tb_repeat_call_latest(const struct tb_repeat *r, const struct tb_pass_event *e)
{
    const struct actor *a = e->signature != NULL ? known(r, e) : NULL;
    for (uint32_t i = 0; a != NULL && i < a->n; i++) {
        if (a->look[i].is_signed) {
            const char *latest = (const char *)&r->live[a->look[i].place].latest;
            __builtin_prefetch(latest);
            __builtin_prefetch(latest + sizeof(struct tb_signature) - 1);
        }
    }
}

/* --- the watcher ----------------------------------------------------------------------------------------------------------------- */

/* The runs of e's actor, those that are over ended. */
static enum tb_status actor_of(struct tb_repeat *r, const struct tb_pass_event *e, struct actor **out,
                               struct tb_err *err)
{
    size_t need = (size_t)e->actor + 1;
    enum tb_status st = tb_tuples_grow((void **)&r->actor, &r->actor_cap, need, sizeof *r->actor, err);
    if (st == TB_OK && r->actor[e->actor].least_us == 0) {
        st = tb_tuples_grow((void **)&r->met, &r->met_cap, r->met_n + 1, sizeof *r->met, err);
        if (st == TB_OK) {
            r->met[r->met_n++] = e->actor;
        }
    }
    if (st == TB_OK) {
        *out = &r->actor[e->actor];
        st = expire(r, *out, e->ts_us - r->gap_us, err);
    }
    return st;
}

enum tb_status tb_repeat_take(struct tb_repeat *r, const struct tb_pass_event *e, struct tb_err *err)
{
    struct actor *a = NULL;
    if (e->fingerprint == 0) {
        return TB_OK;
    }
    enum tb_status st = actor_of(r, e, &a, err);
    if (st == TB_OK && e->ts_us - r->swept_us > r->gap_us) {
        r->swept_us = e->ts_us;
        st = sweep(r, e->ts_us - r->gap_us, err);
    }
    struct look *k = st == TB_OK ? best(r, a, e) : NULL;
    if (k != NULL) {
        st = join(r, k, e, err);
    } else if (st == TB_OK) {
        if (a->n > 0 && a->n >= (uint32_t)r->p->rules->live_runs) {
            st = end_oldest(r, a, err);
        }
        st = st == TB_OK ? begin(r, a, e, &k, err) : st;
    }
    if (st == TB_OK && r->p->joined != NULL) {
        r->p->joined(r->p->ctx, &r->live[k->place].run, e);
    }
    return st;
}

enum tb_status tb_repeat_end(struct tb_repeat *r, struct tb_err *err)
{
    return sweep(r, INT64_MAX, err);
}
