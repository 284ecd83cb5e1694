/* Storms: hours in which many of a consumer's calls fail. Outages: ten minutes in which a model fails for several consumers. */
#include <stdlib.h>
#include <string.h>
#include "detect/pass.h"

#define RECENT  16 /* failures whose retries are looked for */
#define GAP_MIN 5  /* minutes that may lack failures inside one */

struct minute {
    int64_t at;
    uint32_t n, failed, retries;
    int64_t cost;
};

struct watch { /* of one consumer; what each call touches comes first, in one line of cache */
    int64_t now;
    uint32_t n, failed; /* of the hour */
    int64_t last_failure_us;
    uint64_t bucket; /* of cell, its latest in f->cells */
    uint32_t model, provider, cell;
    uint32_t consumer;
    uint32_t recent_at;
    bool open;
    struct minute of[60];
    struct {
        uint64_t fingerprint;
        int64_t ts_us;
    } recent[RECENT];
    int64_t last_bad;
    struct tb_dg_storm storm;
};

struct count {
    uint32_t n, failed;
};

struct tb_failure {
    const struct tb_pass *p;
    struct watch **watch; /* in the order of their first call */
    size_t watch_n, watch_cap;
    struct watch **of; /* by the consumer's dict id */
    size_t of_cap;
    int64_t bucket;
    uint64_t buckets;       /* so far */
    struct tb_tuples cells; /* model, provider, consumer of the bucket */
    struct count *count;
    size_t count_cap;
    int64_t bucket_cost;
};

struct tb_failure *tb_failure_new(const struct tb_pass *p)
{
    struct tb_failure *f = calloc(1, sizeof *f);
    if (f != NULL) {
        f->p = p;
        f->bucket = INT64_MIN;
        tb_tuples_init(&f->cells, 3, TB_TUPLES_MAX);
    }
    return f;
}

void tb_failure_free(struct tb_failure *f)
{
    if (f != NULL) {
        for (uint32_t i = 0; i < f->watch_n; i++) {
            free(f->watch[i]);
        }
        free(f->watch);
        free(f->count);
        free(f->of);
        tb_tuples_release(&f->cells);
        free(f);
    }
}

/* --- storms ------------------------------------------------------------------------------------------------------------------ */

static struct minute *minute_of(struct watch *w, int64_t at)
{
    return &w->of[((at % 60) + 60) % 60];
}

/* Minutes in which every fifth call fails or more. */
static bool is_bad(const struct minute *m, int64_t at)
{
    return m->at == at && m->failed > 0 && m->failed * 5 >= m->n;
}

static void add_minute(struct watch *w, const struct minute *m)
{
    w->storm.failures += m->failed;
    w->storm.calls += m->n;
    w->storm.cost += m->cost;
    w->storm.retries += m->retries;
}

/* Begins a storm at now: it began with the bad minutes before. */
static void open_storm(struct watch *w)
{
    int64_t first = w->now, quiet = 0;
    for (int64_t at = w->now; at > w->now - 60 && quiet <= GAP_MIN; at--) {
        if (is_bad(minute_of(w, at), at)) {
            first = at;
            quiet = 0;
        } else {
            quiet++;
        }
    }
    w->open = true;
    w->storm = (struct tb_dg_storm){.consumer = w->consumer, .start_us = first * TB_US_PER_MIN};
    for (int64_t at = first; at < w->now; at++) {
        if (minute_of(w, at)->at == at) {
            add_minute(w, minute_of(w, at));
        }
    }
    w->last_bad = w->now;
}

static enum tb_status close_storm(struct tb_failure *f, struct watch *w, struct tb_err *err)
{
    struct tb_dg_storm *out = NULL;
    if (!w->open) {
        return TB_OK;
    }
    w->open = false;
    memset(w->of, 0, sizeof w->of); /* what this one was made of begins no other */
    w->n = w->failed = 0;
    w->storm.end_us = (w->last_bad + 1) * TB_US_PER_MIN;
    if (w->storm.end_us <= f->p->d->from_us || w->storm.failures < f->p->rules->storm_failures) {
        return TB_OK;
    }
    if (TB_DIGEST_PUSH(f->p->d, storm, out, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = w->storm;
    return TB_OK;
}

/* The minute that ends: what it adds, and whether the storm goes on. */
static enum tb_status end_minute(struct tb_failure *f, struct watch *w, struct tb_err *err)
{
    const struct minute *m = minute_of(w, w->now);
    const struct tb_rules *r = f->p->rules;
    bool stormy = w->failed >= r->storm_failures && w->failed >= r->storm_share * w->n;
    if (!w->open && stormy && is_bad(m, w->now)) {
        open_storm(w);
    }
    if (w->open) {
        w->last_bad = is_bad(m, w->now) ? w->now : w->last_bad;
        if (w->now - w->last_bad > TB_STORM_QUIET_MIN) {
            return close_storm(f, w, err);
        }
        add_minute(w, m);
        w->storm.peak = w->failed > w->storm.peak ? w->failed : w->storm.peak;
    }
    return TB_OK;
}

static enum tb_status advance(struct tb_failure *f, struct watch *w, int64_t minute, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (w->now == minute) {
        return TB_OK;
    }
    if (w->now != INT64_MIN) {
        st = end_minute(f, w, err);
    }
    int64_t from = w->now == INT64_MIN || minute - w->now > 60 ? minute - 60 : w->now;
    struct minute *m = minute_of(w, from);
    for (int64_t at = from + 1; at <= minute; at++) {
        m = m == &w->of[59] ? w->of : m + 1;
        w->n -= m->n;
        w->failed -= m->failed;
        *m = (struct minute){.at = at};
    }
    if (st == TB_OK && w->open && minute - w->last_bad > TB_STORM_QUIET_MIN + 1) {
        st = close_storm(f, w, err);
    }
    w->now = minute;
    return st;
}

/* A success soon after a failure of the same prompt is its retry. */
static bool is_retry(const struct tb_failure *f, const struct watch *w, const struct tb_pass_event *e)
{
    int64_t span = (int64_t)(f->p->rules->storm_retry_s * (double)TB_US_PER_S);
    if (w->last_failure_us == INT64_MIN || e->ts_us - w->last_failure_us > span) {
        return false; /* most calls: the older ones need not be looked at */
    }
    for (int i = 0; i < RECENT && e->fingerprint != 0; i++) {
        if (w->recent[i].fingerprint == e->fingerprint && e->ts_us - w->recent[i].ts_us <= span) {
            return true;
        }
    }
    return false;
}

static enum tb_status new_watch(struct tb_failure *f, uint32_t consumer, struct tb_err *err)
{
    enum tb_status st =
        tb_tuples_grow((void **)&f->watch, &f->watch_cap, f->watch_n + 1, sizeof *f->watch, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&f->of, &f->of_cap, (size_t)consumer + 1, sizeof *f->of, err);
    }
    struct watch *w = st == TB_OK ? calloc(1, sizeof *w) : NULL;
    if (st == TB_OK && w == NULL) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to watch for failures");
    }
    if (st == TB_OK) {
        w->consumer = consumer;
        w->now = w->last_failure_us = INT64_MIN;
        f->watch[f->watch_n++] = f->of[consumer] = w;
    }
    return st;
}

static struct watch *known_watch(const struct tb_failure *f, uint32_t consumer)
{
    return consumer < f->of_cap ? f->of[consumer] : NULL;
}

static enum tb_status watch_of(struct tb_failure *f, uint32_t consumer, struct watch **out,
                               struct tb_err *err)
{
    enum tb_status st = known_watch(f, consumer) == NULL ? new_watch(f, consumer, err) : TB_OK;
    *out = st == TB_OK ? f->of[consumer] : NULL;
    return st;
}

void tb_failure_call(const struct tb_failure *f, const struct tb_pass_event *e)
{
    if (e->consumer < f->of_cap) {
        __builtin_prefetch(&f->of[e->consumer]);
    }
}

void tb_failure_call_watch(const struct tb_failure *f, const struct tb_pass_event *e)
{
    struct watch *w = known_watch(f, e->consumer);
    if (w != NULL) {
        __builtin_prefetch(w, 1);
        __builtin_prefetch(minute_of(w, e->ts_us / TB_US_PER_MIN), 1);
    }
}

static enum tb_status take_storm(struct tb_failure *f, struct watch *w, const struct tb_pass_event *e,
                                 struct tb_err *err)
{
    enum tb_status st = advance(f, w, e->ts_us / TB_US_PER_MIN, err);
    if (st != TB_OK) {
        return st;
    }
    struct minute *m = minute_of(w, w->now);
    m->n++;
    w->n++;
    if (e->failed) {
        m->failed++;
        w->failed++;
        m->cost += e->in_day ? e->cost : 0;
        w->last_failure_us = e->ts_us;
        w->recent[w->recent_at].fingerprint = e->fingerprint;
        w->recent[w->recent_at].ts_us = e->ts_us;
        w->recent_at = (w->recent_at + 1) % RECENT;
    } else if (is_retry(f, w, e)) {
        m->retries++;
        m->cost += e->in_day ? e->cost : 0;
    }
    return TB_OK;
}

/* --- outages ----------------------------------------------------------------------------------------------------------------- */

struct sums {
    uint32_t model, provider, n, failed, consumers, most;
};

static enum tb_status tell_outage(struct tb_failure *f, const struct sums *s, int64_t width,
                                  struct tb_err *err)
{
    struct tb_dg_outage *out = NULL;
    struct tb_digest *d = f->p->d;
    int64_t start = f->bucket * width;
    for (size_t i = 0; i < d->outage_n; i++) { /* goes on, or another model of the provider */
        out = &d->outage[i];
        if (out->provider == s->provider && start <= out->end_us + width) {
            out->end_us = start + width > out->end_us ? start + width : out->end_us;
            out->failures += s->failed;
            out->calls += s->n;
            out->consumers = s->consumers > out->consumers ? s->consumers : out->consumers;
            out->model = out->model == s->model ? s->model : 0;
            return TB_OK;
        }
    }
    if (TB_DIGEST_PUSH(d, outage, out, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = (struct tb_dg_outage){.model = s->model,
                                 .provider = s->provider,
                                 .failures = s->failed,
                                 .calls = s->n,
                                 .consumers = s->consumers,
                                 .start_us = start,
                                 .end_us = start + width};
    return TB_OK;
}

static enum tb_status end_bucket(struct tb_failure *f, struct tb_err *err)
{
    const struct tb_rules *r = f->p->rules;
    int64_t width = (int64_t)(r->outage_minutes * (double)TB_US_PER_MIN);
    struct tb_tuples models;
    struct sums *sum = NULL;
    size_t cap = 0;
    enum tb_status st = TB_OK;
    tb_tuples_init(&models, 2, TB_TUPLES_MAX);
    for (uint32_t i = 0; i < f->cells.n && st == TB_OK; i++) {
        const uint32_t *key = tb_tuples_at(&f->cells, i);
        uint32_t k = 0;
        st = tb_tuples_add(&models, key, &k, NULL, err);
        st = st == TB_OK ? tb_tuples_grow((void **)&sum, &cap, models.n, sizeof *sum, err) : st;
        if (st == TB_OK) {
            struct sums *s = &sum[k];
            s->model = key[0];
            s->provider = key[1];
            s->n += f->count[i].n;
            s->failed += f->count[i].failed;
            s->consumers += f->count[i].failed >= r->outage_each;
            s->most = f->count[i].failed > s->most ? f->count[i].failed : s->most;
        }
    }
    for (uint32_t k = 0; k < models.n && st == TB_OK; k++) {
        const struct sums *s = &sum[k];
        if (s->failed >= r->outage_failures && s->failed >= r->outage_share * s->n &&
            s->consumers >= r->outage_consumers && s->most <= r->outage_one * s->failed &&
            (f->bucket + 1) * width > f->p->d->from_us) {
            st = tell_outage(f, s, width, err);
        }
    }
    free(sum);
    tb_tuples_release(&models);
    tb_tuples_clear(&f->cells);
    return st;
}

/* The bucket's cell of a call. A consumer mostly calls what it called before. */
static enum tb_status cell_of(struct tb_failure *f, struct watch *w, const struct tb_pass_event *e,
                              struct tb_err *err)
{
    uint32_t key[3] = {e->model, e->provider, e->consumer};
    bool fresh = false;
    if (w->bucket == f->buckets && w->model == e->model && w->provider == e->provider) {
        return TB_OK;
    }
    enum tb_status st = tb_tuples_add(&f->cells, key, &w->cell, &fresh, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&f->count, &f->count_cap, f->cells.n, sizeof *f->count, err);
    }
    if (st == TB_OK && fresh) {
        f->count[w->cell] = (struct count){0, 0};
    }
    w->bucket = st == TB_OK ? f->buckets : 0;
    w->model = e->model;
    w->provider = e->provider;
    return st;
}

static enum tb_status take_outage(struct tb_failure *f, struct watch *w, const struct tb_pass_event *e,
                                  struct tb_err *err)
{
    int64_t bucket = e->ts_us / (int64_t)(f->p->rules->outage_minutes * (double)TB_US_PER_MIN);
    enum tb_status st = TB_OK;
    if (bucket != f->bucket) {
        st = f->bucket == INT64_MIN ? TB_OK : end_bucket(f, err);
        f->bucket = bucket;
        f->buckets++;
    }
    if (st == TB_OK) {
        st = cell_of(f, w, e, err);
    }
    if (st == TB_OK) {
        f->count[w->cell].n++;
        f->count[w->cell].failed += e->failed;
    }
    return st;
}

enum tb_status tb_failure_take(struct tb_failure *f, const struct tb_pass_event *e, struct tb_err *err)
{
    struct watch *w = NULL;
    enum tb_status st = watch_of(f, e->consumer, &w, err);
    if (st == TB_OK) {
        st = take_storm(f, w, e, err);
    }
    return st == TB_OK ? take_outage(f, w, e, err) : st;
}

enum tb_status tb_failure_end(struct tb_failure *f, struct tb_err *err)
{
    enum tb_status st = f->bucket == INT64_MIN ? TB_OK : end_bucket(f, err);
    for (uint32_t i = 0; i < f->watch_n && st == TB_OK; i++) {
        st = end_minute(f, f->watch[i], err);
        if (st == TB_OK) {
            st = close_storm(f, f->watch[i], err);
        }
    }
    return st;
}
