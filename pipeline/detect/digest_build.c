/* The pass over a day's events: sums, and every event shown to the watchers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/money.h"
#include "detect/pass.h"
#include "rate/reading.h"
#include "rate/reduce.h"

#define COLUMNS   (TB_READING_COLUMNS | TB_C_PROMPT | TB_C_SIGNATURE)
#define LEAD_IN   (2 * TB_US_PER_H)
#define LARGE_MAX 256 /* largest prompts kept of a consumer and feature */

struct build {
    struct tb_pass pass;
    struct tb_reader reader;
    struct tb_agents *agents;
    struct tb_repeat *repeat;
    struct tb_rhythm *rhythm;
    struct tb_failure *failure;
    struct tb_hourly hourly;
    struct tb_tuples hours, cells, sizes, actors, places, agent_keys, tools, unpriced;
    uint32_t *actor_n; /* calls in the day, by actor */
    size_t actor_cap;
    signed char *agent; /* by dict id: 0 unknown, 1 a crawler, -1 not */
    size_t agent_cap;
    uint32_t source; /* the last one met, and whether it is billed */
    bool billed;
    enum tb_status status;
    struct tb_err *err;
};

/* The record of key in a digest's array, numbered by set; *fresh: zeroed, and its key is to be filled in. */
#define RECORD(b, set, name, key, out, fresh)                                                                \
    record_((b), &(b)->set, (key), (void **)&(b)->pass.d->name, &(b)->pass.d->name##_n,                      \
            &(b)->pass.d->name##_cap, sizeof *(b)->pass.d->name, (void **)&(out), (fresh))

static bool record_(struct build *b, struct tb_tuples *set, const uint32_t *key, void **array, size_t *n,
                    size_t *cap, size_t size, void **out, bool *fresh)
{
    uint32_t i = 0;
    enum tb_status st = tb_tuples_add(set, key, &i, fresh, b->err);
    if (st == TB_OK) {
        st = tb_tuples_grow(array, cap, set->n, size, b->err);
    }
    b->status = st != TB_OK ? st : b->status;
    *n = set->n;
    *out = st == TB_OK ? (char *)*array + (size_t)i * size : NULL;
    return st == TB_OK;
}

static int64_t fixed_log(int64_t v)
{
    return llround(log((double)(v > 0 ? v : 1)) * TB_LOG_ONE);
}

static void add_hour(struct build *b, const struct tb_pass_event *e)
{
    int32_t hour = (int32_t)(e->ts_us / TB_US_PER_H);
    uint32_t key[2] = {e->consumer, (uint32_t)hour};
    struct tb_dg_hour *h = NULL;
    bool fresh;
    if (RECORD(b, hours, hour, key, h, &fresh)) {
        h->consumer = e->consumer;
        h->hour = hour;
        h->n++;
        h->failed += e->failed;
        h->cost += e->cost;
        h->tokens += e->tokens;
    }
}

static void add_cell(struct build *b, const struct tb_pass_event *e, bool hidden)
{
    uint32_t key[3] = {e->consumer, e->feature, e->model};
    struct tb_dg_cell *c = NULL;
    bool fresh;
    if (!RECORD(b, cells, cell, key, c, &fresh)) {
        return;
    }
    c->consumer = e->consumer;
    c->feature = e->feature;
    c->model = e->model;
    c->n++;
    c->cost += e->cost;
    c->in += e->input;
    c->out += e->output;
    if (hidden) {
        c->hidden++;
        c->hidden_cost += e->cost;
    }
    if (!e->failed && e->input > 0) {
        int64_t l = fixed_log(e->input);
        c->in_n++;
        c->in_log += l;
        c->in_log2 += l / 1024 * (l / 1024);
    }
    if (!e->failed && e->output > 0) {
        int64_t l = fixed_log(e->output);
        c->out_n++;
        c->out_log += l;
        c->out_log2 += l / 1024 * (l / 1024);
    }
}

static void add_size(struct build *b, const struct tb_pass_event *e)
{
    double over = (double)e->input / TB_SIZE_FIRST;
    uint32_t bucket = over < 1 ? 0 : 1 + (uint32_t)(log(over) / log(1.01));
    uint32_t key[3] = {e->consumer, e->feature, bucket};
    struct tb_dg_size *s = NULL;
    bool fresh;
    if (RECORD(b, sizes, size, key, s, &fresh)) {
        s->consumer = e->consumer;
        s->feature = e->feature;
        s->bucket = bucket;
        s->n++;
        s->cost += e->cost;
    }
    if ((double)e->input >= b->pass.rules->size_tokens && b->status == TB_OK) {
        struct tb_dg_large *l = NULL;
        b->status = TB_DIGEST_PUSH(b->pass.d, large, l, b->err);
        if (l != NULL) {
            *l = (struct tb_dg_large){e->consumer, e->feature, e->model, 0, e->ts_us, e->input, e->cost};
        }
    }
}

static int by_size(const void *a, const void *b)
{
    const struct tb_dg_large *x = a, *y = b;
    if (x->consumer != y->consumer || x->feature != y->feature) {
        return x->consumer != y->consumer ? (x->consumer < y->consumer ? -1 : 1)
                                          : (x->feature < y->feature ? -1 : 1);
    }
    if (x->tokens != y->tokens) {
        return x->tokens > y->tokens ? -1 : 1;
    }
    return (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
}

/* Keeps the largest of each consumer and feature. */
static void trim_large(struct tb_digest *d)
{
    if (d->large_n > 1) {
        qsort(d->large, d->large_n, sizeof *d->large, by_size);
    }
    size_t n = 0, run = 0;
    for (size_t i = 0; i < d->large_n; i++) {
        bool same = i > 0 && d->large[i].consumer == d->large[i - 1].consumer &&
                    d->large[i].feature == d->large[i - 1].feature;
        run = same ? run + 1 : 0;
        if (run < LARGE_MAX) {
            d->large[n++] = d->large[i];
        }
    }
    d->large_n = n;
}

static bool is_crawler(struct build *b, uint32_t agent)
{
    if (agent == 0) {
        return false;
    }
    enum tb_status st = tb_tuples_grow((void **)&b->agent, &b->agent_cap, (size_t)agent + 1, 1, b->err);
    if (st != TB_OK) {
        b->status = st;
        return false;
    }
    if (b->agent[agent] == 0) {
        b->agent[agent] = tb_agents_match(b->agents, tb_dict_text(b->pass.db, agent)) ? 1 : -1;
    }
    return b->agent[agent] > 0;
}

static void add_agent(struct build *b, const struct tb_pass_event *e)
{
    uint32_t key[2] = {e->consumer, e->agent};
    struct tb_dg_agent *a = NULL;
    bool fresh;
    if (RECORD(b, agent_keys, agent, key, a, &fresh)) {
        a->consumer = e->consumer;
        a->agent = e->agent;
        a->start_us = a->n == 0 ? e->ts_us : a->start_us;
        a->end_us = e->ts_us;
        a->n++;
        a->cost += e->cost;
    }
}

static void add_place(struct build *b, uint32_t actor, const struct tb_pass_event *e)
{
    int32_t hour = (int32_t)(e->ts_us / TB_US_PER_H);
    uint32_t key[2] = {actor, (uint32_t)hour};
    struct tb_dg_place *p = NULL;
    bool fresh;
    if (!RECORD(b, places, place, key, p, &fresh)) {
        return;
    }
    p->consumer = e->consumer;
    p->ip = e->ip;
    p->hour = hour;
    p->n++;
    p->cost += e->cost;
    enum tb_status st =
        tb_tuples_grow((void **)&b->actor_n, &b->actor_cap, (size_t)actor + 1, sizeof *b->actor_n, b->err);
    b->status = st != TB_OK ? st : b->status;
    if (st == TB_OK) {
        b->actor_n[actor]++;
    }
}

/* Hours of addresses with few calls say nothing. Runs before places is released: record i is tuple i. */
static void trim_places(struct build *b)
{
    struct tb_digest *d = b->pass.d;
    size_t n = 0;
    for (size_t i = 0; i < d->place_n; i++) {
        if (b->actor_n[tb_tuples_at(&b->places, (uint32_t)i)[0]] >= TB_PLACE_MIN) {
            d->place[n++] = d->place[i];
        }
    }
    d->place_n = n;
}

static void add_unpriced(struct build *b, const struct tb_pass_event *e)
{
    uint32_t key[2] = {e->provider, e->model};
    struct tb_dg_unpriced *u = NULL;
    bool fresh;
    if (RECORD(b, unpriced, unpriced, key, u, &fresh)) {
        u->provider = e->provider;
        u->model = e->model;
        u->start_us = u->n == 0 ? e->ts_us : u->start_us;
        u->end_us = e->ts_us;
        u->n++;
        u->tokens += e->tokens;
    }
}

static void add_tool(struct build *b, const struct tb_block *blk, uint32_t i)
{
    uint32_t key[1] = {blk->text[TB_T_FEATURE][i]};
    uint32_t present = blk->present[i];
    struct tb_dg_tool *t = NULL;
    bool fresh;
    if (blk->ts_us[i] < b->pass.d->from_us || !RECORD(b, tools, tool, key, t, &fresh)) {
        return;
    }
    bool bad_status = (present >> TB_N_STATUS & 1u) != 0 && blk->number[TB_N_STATUS][i] >= 400;
    bool no_success = (present >> TB_N_SUCCESS & 1u) != 0 && blk->number[TB_N_SUCCESS][i] == 0;
    t->tool = key[0];
    t->n++;
    t->failed += bad_status || no_success;
    t->retries += (uint32_t)blk->number[TB_N_RETRIES][i];
}

static int64_t pico(tb_money m)
{
    tb_money p = m / TB_PICO_OF_MONEY;
    return p > INT64_MAX ? INT64_MAX : (int64_t)p;
}

static int64_t number(const struct tb_reading *r, enum tb_event_number n)
{
    return tb_reading_has(r, n) ? r->number[n] : 0;
}

static void fill(const struct tb_block *blk, uint32_t i, const struct tb_reading *r,
                 const struct tb_charge *charge, struct tb_pass_event *e)
{
    int64_t status = number(r, TB_N_STATUS);
    e->ts_us = blk->ts_us[i];
    e->consumer = r->text[TB_T_CONSUMER];
    e->ip = blk->text[TB_T_CLIENT_IP][i];
    e->agent = blk->text[TB_T_USER_AGENT][i];
    e->feature = r->text[TB_T_FEATURE];
    e->model = r->text[TB_T_MODEL];
    e->provider = r->text[TB_T_PROVIDER];
    e->fingerprint = blk->prompt_fingerprint[i];
    e->signature = blk->signature != NULL ? &blk->signature[i] : NULL;
    e->input = number(r, TB_N_INPUT) + number(r, TB_N_CACHE_READ) + number(r, TB_N_CACHE_WRITE_5M) +
               number(r, TB_N_CACHE_WRITE_1H) + number(r, TB_N_TOTAL_ONLY);
    e->output = number(r, TB_N_OUTPUT);
    e->tokens = e->input + e->output;
    e->cost = pico(charge->cost);
    e->failed = status == 429 || status >= 500 || r->refused || (status == 0 && r->error);
}

static bool is_billed(struct build *b, uint32_t source)
{
    if (b->source != source) {
        b->source = source;
        b->billed = tb_source_billed(b->reader.settings, tb_dict_text(b->pass.db, source));
    }
    return b->billed;
}

static void watch(struct build *b, const struct tb_pass_event *e)
{
    uint32_t key[2] = {e->consumer, e->ip}, actor = 0;
    enum tb_status st = tb_tuples_add(&b->actors, key, &actor, NULL, b->err);
    if (st == TB_OK) {
        st = tb_repeat_take(b->repeat, actor, e, b->err);
    }
    if (st == TB_OK && e->ip != 0) {
        st = tb_rhythm_take(b->rhythm, actor, e, b->err);
    }
    if (st == TB_OK) {
        st = tb_failure_take(b->failure, e, b->err);
    }
    if (st == TB_OK) {
        st = tb_hourly_take(&b->hourly, e->ts_us, e->cost, b->err);
    }
    b->status = st != TB_OK ? st : b->status;
    if (e->in_day && e->ip != 0) {
        add_place(b, actor, e);
    }
}

static bool each(void *ctx, const struct tb_block *blk, uint32_t i)
{
    struct build *b = ctx;
    struct tb_reading reading;
    struct tb_charge charge;
    struct tb_pass_event e;
    if (!is_billed(b, blk->source)) {
        return true;
    }
    if ((blk->flags[i] & TB_F_TOOL) != 0) {
        add_tool(b, blk, i);
        return b->status == TB_OK;
    }
    tb_reader_take(&b->reader, blk, i, &reading);
    b->status = tb_charge_event(b->reader.prices, &reading.query, &charge, b->err);
    if (b->status != TB_OK) {
        return false;
    }
    fill(blk, i, &reading, &charge, &e);
    e.in_day = e.ts_us >= b->pass.d->from_us;
    if (e.in_day) {
        struct tb_digest *d = b->pass.d;
        d->events++;
        d->unsigned_events += e.fingerprint != 0 && !tb_signature_is(e.signature);
        add_hour(b, &e);
        add_cell(b, &e, reading.hidden);
        add_size(b, &e);
        if (is_crawler(b, e.agent)) {
            add_agent(b, &e);
        }
        if (charge.basis == TB_BASIS_UNPRICED) {
            add_unpriced(b, &e);
        }
    }
    watch(b, &e);
    return b->status == TB_OK;
}

static enum tb_status open_build(struct build *b, const struct tb_settings *s, const struct tb_tables *tables)
{
    struct {
        struct tb_tuples *set;
        uint32_t words;
    } sets[] = {{&b->hours, 2},  {&b->cells, 3},      {&b->sizes, 3}, {&b->actors, 2},
                {&b->places, 2}, {&b->agent_keys, 2}, {&b->tools, 1}, {&b->unpriced, 2}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        tb_tuples_init(sets[i].set, sets[i].words, TB_TUPLES_MAX);
    }
    b->repeat = tb_repeat_new(&b->pass);
    b->rhythm = tb_rhythm_new(&b->pass);
    b->failure = tb_failure_new(&b->pass);
    tb_hourly_init(&b->hourly, &b->pass);
    if (b->repeat == NULL || b->rhythm == NULL || b->failure == NULL) {
        return tb_err_set(b->err, TB_FATAL, TB_E_MEMORY, "no memory to look for anomalies");
    }
    enum tb_status st = tb_agents_new(&b->agents, b->err);
    return st == TB_OK ? tb_reader_init(&b->reader, b->pass.db, s, tables, tb_db_writable(b->pass.db), b->err)
                       : st;
}

static enum tb_status end_build(struct build *b)
{
    struct tb_digest *d = b->pass.d;
    enum tb_status st = tb_repeat_end(b->repeat, b->err);
    if (st == TB_OK) {
        st = tb_rhythm_end(b->rhythm, b->err);
    }
    if (st == TB_OK) {
        st = tb_failure_end(b->failure, b->err);
    }
    if (st == TB_OK) {
        st = tb_hourly_end(&b->hourly, &b->pass, b->err);
    }
    trim_large(d);
    trim_places(b);
    return st;
}

static void close_build(struct build *b)
{
    tb_repeat_free(b->repeat);
    tb_rhythm_free(b->rhythm);
    tb_failure_free(b->failure);
    tb_agents_free(b->agents);
    tb_hourly_release(&b->hourly);
    tb_reader_release(&b->reader);
    struct tb_tuples *sets[] = {&b->hours,  &b->cells,      &b->sizes, &b->actors,
                                &b->places, &b->agent_keys, &b->tools, &b->unpriced};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        tb_tuples_release(sets[i]);
    }
    free(b->actor_n);
    free(b->agent);
}

enum tb_status tb_digest_build(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               const struct tb_rules *rules, int32_t day, struct tb_digest *out,
                               struct tb_err *err)
{
    return tb_digest_watch(db, s, tables, rules, day, NULL, NULL, out, err);
}

enum tb_status tb_digest_watch(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               const struct tb_rules *rules, int32_t day,
                               void (*joined)(void *ctx, const struct tb_dg_run *run,
                                              const struct tb_pass_event *e),
                               void *ctx, struct tb_digest *out, struct tb_err *err)
{
    memset(out, 0, sizeof *out);
    out->day = day;
    out->from_us = tb_zone_day_start(s->zone, day);
    out->to_us = tb_zone_day_start(s->zone, day + 1);
    struct build b = {.pass = {out, rules, db, joined, ctx}, .source = UINT32_MAX, .err = err};
    enum tb_status st = open_build(&b, s, tables);
    if (st == TB_OK) {
        st = tb_events_ordered(db, out->from_us - LEAD_IN, out->to_us, COLUMNS, each, &b, err);
    }
    st = b.status != TB_OK ? b.status : st;
    if (st == TB_OK) {
        st = end_build(&b);
    }
    close_build(&b);
    if (st != TB_OK) {
        tb_digest_release(out);
    }
    return st;
}
