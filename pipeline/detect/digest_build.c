/* The pass over a day's events: every event shown to the sums and the watchers, in order. These remember thousands of consumers, so that each
 * event finds its memory cold: a few events are held back, and what the later ones will ask for is called into the cache meanwhile. */
#include <string.h>
#include "base/money.h"
#include "detect/pass.h"
#include "rate/reading.h"
#include "rate/reduce.h"

#define COLUMNS                                                                                              \
    (TB_READING_COLUMNS | TB_C_TEXT(TB_T_CLIENT_IP) | TB_C_TEXT(TB_T_USER_AGENT) |                           \
     TB_C_NUMBER(TB_N_RETRIES) | TB_C_PROMPT | TB_C_SIGNATURE)
#define LEAD_IN (2 * TB_US_PER_H)

#define QUEUE 32 /* calls on their way: their memory fits in the first cache */

struct queued {
    struct tb_pass_event e;
    struct tb_signature signature; /* e.signature: the block may be gone */
    uint64_t hash;
    uint32_t key[2], actor;
};

struct build {
    struct tb_pass pass;
    struct tb_reader reader;
    struct tb_sums *sums;
    struct tb_repeat *repeat;
    struct tb_rhythm *rhythm;
    struct tb_failure *failure;
    struct tb_hourly hourly;
    struct tb_tuples actors;
    struct queued queue[QUEUE];
    uint32_t queued;
    uint32_t source; /* the last one met, and whether it is billed */
    bool billed;
    enum tb_status status;
    struct tb_err *err;
};

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
                 const struct tb_charge *charge, struct queued *q)
{
    struct tb_pass_event *e = &q->e;
    int64_t status = number(r, TB_N_STATUS);
    e->ts_us = blk->ts_us[i];
    e->consumer = r->text[TB_T_CONSUMER];
    e->ip = blk->text[TB_T_CLIENT_IP][i];
    e->agent = blk->text[TB_T_USER_AGENT][i];
    e->feature = r->text[TB_T_FEATURE];
    e->model = r->text[TB_T_MODEL];
    e->provider = r->text[TB_T_PROVIDER];
    e->fingerprint = blk->prompt_fingerprint[i];
    q->signature = blk->signature[i];
    e->signature = &q->signature;
    e->input = number(r, TB_N_INPUT) + number(r, TB_N_CACHE_READ) + number(r, TB_N_CACHE_WRITE_5M) +
               number(r, TB_N_CACHE_WRITE_1H) + number(r, TB_N_TOTAL_ONLY);
    e->output = number(r, TB_N_OUTPUT);
    e->tokens = e->input + e->output;
    e->cost = pico(charge->cost);
    e->hidden = r->hidden;
    e->unpriced = charge->basis == TB_BASIS_UNPRICED;
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

/* One event, all of whose memory is there. */
static enum tb_status take(struct build *b, const struct queued *q)
{
    const struct tb_pass_event *e = &q->e;
    enum tb_status st = e->in_day ? tb_sums_take(b->sums, q->actor, e) : TB_OK;
    if (st == TB_OK) {
        st = tb_repeat_take(b->repeat, q->actor, e, b->err);
    }
    if (st == TB_OK && e->ip != 0) {
        st = tb_rhythm_take(b->rhythm, q->actor, e, b->err);
    }
    if (st == TB_OK) {
        st = tb_failure_take(b->failure, e, b->err);
    }
    return st == TB_OK ? tb_hourly_take(&b->hourly, e->ts_us, e->cost, b->err) : st;
}

/* What is asked for as soon as an event is known. */
static void call_first(struct build *b, struct queued *q)
{
    q->key[0] = q->e.consumer;
    q->key[1] = q->e.ip;
    q->hash = tb_tuples_hash(&b->actors, q->key);
    tb_tuples_call_slot(&b->actors, q->hash);
    tb_sums_call(b->sums, &q->e);
    tb_failure_call(b->failure, &q->e);
}

/* All queued events: each stride asks for what the stride before has found. */
static void flush(struct build *b)
{
    struct queued *const end = b->queue + b->queued;
    uint32_t guess;
    for (struct queued *q = b->queue; q < end; q++) {
        (void)tb_tuples_call_key(&b->actors, q->hash, &guess);
        tb_sums_call_records(b->sums, &q->e);
        tb_failure_call_watch(b->failure, &q->e);
    }
    for (struct queued *q = b->queue; q < end && b->status == TB_OK; q++) {
        b->status = tb_tuples_add_hashed(&b->actors, q->key, q->hash, &q->actor, NULL, b->err);
        tb_sums_call_address(b->sums, q->actor);
        tb_repeat_call(b->repeat, q->actor);
        tb_rhythm_call(b->rhythm, q->actor);
    }
    for (struct queued *q = b->queue; q < end && b->status == TB_OK; q++) {
        tb_sums_call_rest(b->sums, &q->e, q->actor);
        tb_repeat_call_run(b->repeat, q->actor);
        tb_rhythm_call_ring(b->rhythm, q->actor);
    }
    for (struct queued *q = b->queue; q < end && b->status == TB_OK; q++) {
        tb_repeat_call_next(b->repeat, q->actor);
        tb_rhythm_call_place(b->rhythm, q->actor);
    }
    for (struct queued *q = b->queue; q < end && b->status == TB_OK; q++) {
        b->status = take(b, q);
    }
    b->queued = 0;
}

static bool each(void *ctx, const struct tb_block *blk, uint32_t i)
{
    struct build *b = ctx;
    struct tb_reading reading;
    struct tb_charge charge;
    if (!is_billed(b, blk->source)) {
        return true;
    }
    if ((blk->flags[i] & TB_F_TOOL) != 0) {
        b->status = tb_sums_tool(b->sums, blk, i);
        return b->status == TB_OK;
    }
    tb_reader_take(&b->reader, blk, i, &reading);
    b->status = tb_charge_event(b->reader.prices, &reading.query, &charge, b->err);
    if (b->status != TB_OK) {
        return false;
    }
    struct queued *q = &b->queue[b->queued++];
    fill(blk, i, &reading, &charge, q);
    q->e.in_day = q->e.ts_us >= b->pass.d->from_us;
    call_first(b, q);
    if (b->queued == QUEUE) {
        flush(b);
    }
    return b->status == TB_OK;
}

static enum tb_status open_build(struct build *b, const struct tb_settings *s, const struct tb_tables *tables)
{
    tb_tuples_init(&b->actors, 2, TB_TUPLES_MAX);
    b->repeat = tb_repeat_new(&b->pass);
    b->rhythm = tb_rhythm_new(&b->pass);
    b->failure = tb_failure_new(&b->pass);
    tb_hourly_init(&b->hourly, &b->pass);
    if (b->repeat == NULL || b->rhythm == NULL || b->failure == NULL) {
        return tb_err_set(b->err, TB_FATAL, TB_E_MEMORY, "no memory to look for anomalies");
    }
    enum tb_status st = tb_sums_new(&b->pass, &b->sums, b->err);
    return st != TB_OK
               ? st
               : tb_reader_init(&b->reader, b->pass.db, s, tables, tb_db_writable(b->pass.db), b->err);
}

static enum tb_status end_build(struct build *b)
{
    flush(b);
    enum tb_status st = b->status == TB_OK ? tb_repeat_end(b->repeat, b->err) : b->status;
    if (st == TB_OK) {
        st = tb_rhythm_end(b->rhythm, b->err);
    }
    if (st == TB_OK) {
        st = tb_failure_end(b->failure, b->err);
    }
    if (st == TB_OK) {
        st = tb_hourly_end(&b->hourly, &b->pass, b->err);
    }
    tb_sums_end(b->sums);
    return st;
}

static void close_build(struct build *b)
{
    tb_repeat_free(b->repeat);
    tb_rhythm_free(b->rhythm);
    tb_failure_free(b->failure);
    tb_sums_free(b->sums);
    tb_hourly_release(&b->hourly);
    tb_reader_release(&b->reader);
    tb_tuples_release(&b->actors);
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
