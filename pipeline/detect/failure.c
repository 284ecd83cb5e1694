/* Storms: hours in which many of a consumer's calls fail. Outages: ten minutes in which a model fails for several consumers. */
#include <stdlib.h>
#include <string.h>
#include "detect/pass.h"

#define RECENT  16 /* failures whose retries are looked for */
#define GAP_MIN 5  /* minutes that may lack failures inside one */
#define MINUTES 60

struct minute {
    uint32_t at; /* since 1970 */
    uint32_t n, failed, retries;
};

struct watch { /* of one consumer; what each call touches comes first, in one line of cache */
    int64_t now;
    uint64_t used;      /* bit i: of[i] has calls; another's is old */
    uint32_t n, failed; /* of the hour */
    int64_t last_failure_us;
    uint32_t model, provider, number; /* of the latest call: number in f->models + 1 */
    uint32_t consumer;
    uint32_t recent_at;
    bool open;
    struct minute of[MINUTES];
    int64_t cost[MINUTES]; /* of failures and retries of these minutes */
    struct {
        uint64_t fingerprint;
        int64_t ts_us;
    } recent[RECENT];
    int64_t last_bad;
    struct tb_dg_storm storm;
};

struct sums { /* of a model in its latest bucket */
    uint64_t bucket;
    uint32_t n, failed, consumers, most; /* consumers: with outage_each failures; most: failures of one */
};

struct tb_failure {
    const struct tb_pass *p;
    struct watch **watch; /* in the order of their first call */
    size_t watch_n, watch_cap;
    struct watch **of; /* by the consumer's dict id */
    size_t of_cap;
    int64_t bucket, bucket_end_us;
    uint64_t buckets;        /* so far */
    struct tb_tuples models; /* model, provider */
    struct sums *sum;        /* of each */
    size_t sum_cap;
    uint32_t *met; /* models of the bucket, in the order of their first call */
    size_t met_n, met_cap;
    struct tb_tuples cells; /* number of a model, consumer: whose calls failed in the bucket */
    uint32_t *failed;       /* how many */
    size_t failed_cap;
};

struct tb_failure *tb_failure_new(const struct tb_pass *p)
{
    struct tb_failure *f = calloc(1, sizeof *f);
    if (f != NULL) {
        f->p = p;
        f->bucket = f->bucket_end_us = INT64_MIN;
        tb_tuples_init(&f->models, 2, TB_TUPLES_MAX);
        tb_tuples_init(&f->cells, 2, TB_TUPLES_MAX);
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
        free(f->of);
        free(f->sum);
        free(f->met);
        free(f->failed);
        tb_tuples_release(&f->models);
        tb_tuples_release(&f->cells);
        free(f);
    }
}

/* --- storms ------------------------------------------------------------------------------------------------------------------ */

static uint32_t slot_of(int64_t at)
{
    int64_t slot = at % MINUTES;
    return (uint32_t)(slot < 0 ? slot + MINUTES : slot);
}

/* Minutes in which every fifth call fails or more. */
static bool is_bad(const struct watch *w, int64_t at)
{
    const struct minute *m = &w->of[slot_of(at)];
    return m->at == (uint32_t)at && m->failed > 0 && m->failed * 5 >= m->n;
}

static void add_minute(struct watch *w, int64_t at)
{
    const struct minute *m = &w->of[slot_of(at)];
    w->storm.failures += m->failed;
    w->storm.calls += m->n;
    w->storm.cost += w->cost[slot_of(at)];
    w->storm.retries += m->retries;
}

/* Begins a storm at now: it began with the bad minutes before. */
static void open_storm(struct watch *w)
{
    int64_t first = w->now, quiet = 0;
    for (int64_t at = w->now; at > w->now - 60 && quiet <= GAP_MIN; at--) {
        if (is_bad(w, at)) {
            first = at;
            quiet = 0;
        } else {
            quiet++;
        }
    }
    w->open = true;
    w->storm = (struct tb_dg_storm){.consumer = w->consumer, .start_us = first * TB_US_PER_MIN};
    for (int64_t at = first; at < w->now; at++) {
        if (w->of[slot_of(at)].at == (uint32_t)at) {
            add_minute(w, at);
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
    memset(w->cost, 0, sizeof w->cost);
    w->used = 0;
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
    const struct tb_rules *r = f->p->rules;
    bool stormy = w->failed >= r->storm_failures && w->failed >= r->storm_share * w->n;
    if (!w->open && stormy && is_bad(w, w->now)) {
        open_storm(w);
    }
    if (w->open) {
        w->last_bad = is_bad(w, w->now) ? w->now : w->last_bad;
        if (w->now - w->last_bad > TB_STORM_QUIET_MIN) {
            return close_storm(f, w, err);
        }
        add_minute(w, w->now);
        w->storm.peak = w->failed > w->storm.peak ? w->failed : w->storm.peak;
    }
    return TB_OK;
}

/* Bits of the minutes after from up to to: all when that is an hour or more. */
static uint64_t bits_between(int64_t from, int64_t to)
{
    const uint64_t all = (UINT64_C(1) << MINUTES) - 1;
    if (to - from >= MINUTES) {
        return all;
    }
    uint64_t bits = (UINT64_C(1) << (to - from)) - 1;
    uint32_t at = slot_of(from + 1);
    return (bits << at | bits >> (MINUTES - at)) & all;
}

static enum tb_status advance(struct tb_failure *f, struct watch *w, int64_t minute, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (w->now == minute) {
        return TB_OK;
    }
    if (w->now != INT64_MIN) {
        st = end_minute(f, w, err);
        uint64_t gone = bits_between(w->now, minute);
        for (uint64_t due = w->used & gone; due != 0; due &= due - 1) {
            const struct minute *m = &w->of[__builtin_ctzll(due)];
            w->n -= m->n;
            w->failed -= m->failed;
        }
        w->used &= ~gone;
    }
    w->of[slot_of(minute)] = (struct minute){.at = (uint32_t)minute};
    w->cost[slot_of(minute)] = 0;
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
        __builtin_prefetch(&w->of[slot_of(e->ts_us / TB_US_PER_MIN)], 1);
    }
}

/* The first of the minutes that this one rules out. */
void tb_failure_call_minute(const struct tb_failure *f, const struct tb_pass_event *e)
{
    const struct watch *w = known_watch(f, e->consumer);
    int64_t minute = e->ts_us / TB_US_PER_MIN;
    uint64_t due = w == NULL || w->now == minute ? 0 : w->used & bits_between(w->now, minute);
    if (due != 0) {
        __builtin_prefetch(&w->of[__builtin_ctzll(due)]);
    }
}

static enum tb_status take_storm(struct tb_failure *f, struct watch *w, const struct tb_pass_event *e,
                                 struct tb_err *err)
{
    enum tb_status st = advance(f, w, e->ts_us / TB_US_PER_MIN, err);
    if (st != TB_OK) {
        return st;
    }
    uint32_t slot = slot_of(w->now);
    struct minute *m = &w->of[slot];
    w->used |= UINT64_C(1) << slot;
    m->n++;
    w->n++;
    if (e->failed) {
        m->failed++;
        w->failed++;
        w->cost[slot] += e->in_day ? e->cost : 0;
        w->last_failure_us = e->ts_us;
        w->recent[w->recent_at].fingerprint = e->fingerprint;
        w->recent[w->recent_at].ts_us = e->ts_us;
        w->recent_at = (w->recent_at + 1) % RECENT;
    } else if (is_retry(f, w, e)) {
        m->retries++;
        w->cost[slot] += e->in_day ? e->cost : 0;
    }
    return TB_OK;
}

/* --- outages ----------------------------------------------------------------------------------------------------------------- */

static enum tb_status tell_outage(struct tb_failure *f, const uint32_t key[2], const struct sums *s,
                                  int64_t width, struct tb_err *err)
{
    struct tb_dg_outage *out = NULL;
    struct tb_digest *d = f->p->d;
    const uint32_t model = key[0], provider = key[1];
    int64_t start = f->bucket * width;
    for (size_t i = 0; i < d->outage_n; i++) { /* goes on, or another model of the provider */
        out = &d->outage[i];
        if (out->provider == provider && start <= out->end_us + width) {
            out->end_us = start + width > out->end_us ? start + width : out->end_us;
            out->failures += s->failed;
            out->calls += s->n;
            out->consumers = s->consumers > out->consumers ? s->consumers : out->consumers;
            out->model = out->model == model ? model : 0;
            return TB_OK;
        }
    }
    if (TB_DIGEST_PUSH(d, outage, out, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = (struct tb_dg_outage){.model = model,
                                 .provider = provider,
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
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < f->met_n && st == TB_OK; i++) {
        const struct sums *s = &f->sum[f->met[i]];
        if (s->failed >= r->outage_failures && s->failed >= r->outage_share * s->n &&
            s->consumers >= r->outage_consumers && s->most <= r->outage_one * s->failed &&
            (f->bucket + 1) * width > f->p->d->from_us) {
            st = tell_outage(f, tb_tuples_at(&f->models, f->met[i]), s, width, err);
        }
    }
    f->met_n = 0;
    tb_tuples_clear(&f->cells);
    return st;
}

/* The model's sums of this bucket. A consumer mostly calls what it called before. */
static enum tb_status sums_of(struct tb_failure *f, struct watch *w, const struct tb_pass_event *e,
                              struct sums **out, struct tb_err *err)
{
    uint32_t key[2] = {e->model, e->provider}, number = w->number - 1;
    enum tb_status st = TB_OK;
    if (w->number == 0 || w->model != e->model || w->provider != e->provider) {
        st = tb_tuples_add(&f->models, key, &number, NULL, err);
        if (st == TB_OK) {
            st = tb_tuples_grow((void **)&f->sum, &f->sum_cap, f->models.n, sizeof *f->sum, err);
        }
        w->number = st == TB_OK ? number + 1 : 0;
        w->model = e->model;
        w->provider = e->provider;
    }
    if (st == TB_OK && f->sum[number].bucket != f->buckets) {
        st = tb_tuples_grow((void **)&f->met, &f->met_cap, f->met_n + 1, sizeof *f->met, err);
        if (st == TB_OK) {
            f->met[f->met_n++] = number;
            f->sum[number] = (struct sums){.bucket = f->buckets};
        }
    }
    *out = st == TB_OK ? &f->sum[number] : NULL;
    return st;
}

/* One more failure of a consumer's calls of a model. */
static enum tb_status add_failure(struct tb_failure *f, const struct watch *w, struct sums *s,
                                  struct tb_err *err)
{
    uint32_t key[2] = {w->number, w->consumer}, cell = 0;
    bool fresh = false;
    enum tb_status st = tb_tuples_add(&f->cells, key, &cell, &fresh, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&f->failed, &f->failed_cap, f->cells.n, sizeof *f->failed, err);
    }
    if (st == TB_OK) {
        double each = f->p->rules->outage_each;
        uint32_t n = f->failed[cell] = fresh ? 1 : f->failed[cell] + 1;
        s->failed++;
        s->consumers += n >= each && (fresh || n - 1 < each);
        s->most = n > s->most ? n : s->most;
    }
    return st;
}

static enum tb_status take_outage(struct tb_failure *f, struct watch *w, const struct tb_pass_event *e,
                                  struct tb_err *err)
{
    struct sums *s = NULL;
    enum tb_status st = TB_OK;
    if (e->ts_us >= f->bucket_end_us) {
        int64_t width = (int64_t)(f->p->rules->outage_minutes * (double)TB_US_PER_MIN);
        st = f->bucket == INT64_MIN ? TB_OK : end_bucket(f, err);
        f->bucket = e->ts_us / width;
        f->bucket_end_us = (f->bucket + 1) * width;
        f->buckets++;
    }
    if (st == TB_OK) {
        st = sums_of(f, w, e, &s, err);
    }
    if (st == TB_OK) {
        s->n++;
        st = e->failed ? add_failure(f, w, s, err) : TB_OK;
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
