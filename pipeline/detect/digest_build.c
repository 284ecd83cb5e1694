/* The pass over a day's events: every event read and priced as its block is decoded, put in order, summed up, and shown to the watchers.
 * Three threads share the work (pass.h); this one orders, sums up and watches for failures. All remember thousands of consumers, so that each event finds its
 * memory cold: what the later events of a batch will ask for is called into the cache before the earlier ones are taken. */
#include <string.h>
#include "detect/pass.h"
#include "rate/reading.h"

#define LEAD_IN (2 * TB_US_PER_H)

struct build {
    struct tb_pass pass;
    struct tb_pass_reader *reader; /* used by the thread that decodes */
    struct tb_watchers *watchers;  /* of runs, gaps and hourly cost */
    struct tb_sums *sums;
    struct tb_failure *failure;
    struct tb_pass_batch *batch; /* that is being filled */
    enum tb_status status;
    struct tb_err *err;
};

static void call(const struct build *b, const struct tb_pass_batch *batch, uint32_t i)
{
    if (i < batch->n) {
        tb_sums_call(b->sums, &batch->e[i]);
        tb_failure_call(b->failure, &batch->e[i]);
    }
    if (i >= TB_PASS_STRIDE && i - TB_PASS_STRIDE < batch->n) {
        tb_sums_call_records(b->sums, &batch->e[i - TB_PASS_STRIDE]);
        tb_failure_call_watch(b->failure, &batch->e[i - TB_PASS_STRIDE]);
    }
    if (i >= 2 * TB_PASS_STRIDE && i - 2 * TB_PASS_STRIDE < batch->n) {
        tb_sums_call_size(b->sums, &batch->e[i - 2 * TB_PASS_STRIDE]);
        tb_failure_call_minute(b->failure, &batch->e[i - 2 * TB_PASS_STRIDE]);
    }
}

static enum tb_status sum_up(struct build *b, const struct tb_pass_batch *batch)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < batch->n + 3 * TB_PASS_STRIDE && st == TB_OK; i++) {
        call(b, batch, i);
        if (i >= 3 * TB_PASS_STRIDE) {
            const struct tb_pass_event *e = &batch->e[i - 3 * TB_PASS_STRIDE];
            st = e->in_day ? tb_sums_take(b->sums, e) : TB_OK;
            if (st == TB_OK) {
                st = tb_failure_take(b->failure, e, b->err);
            }
        }
    }
    return st;
}

/* The batch, to the watchers and to the sums. */
static void hand_over(struct build *b)
{
    const struct tb_pass_batch *batch = b->batch;
    b->status = tb_watchers_hand(b->watchers, b->err);
    if (b->status == TB_OK) {
        b->status = sum_up(b, batch);
    }
    b->batch = tb_watchers_room(b->watchers);
}

static void add(struct tb_pass_batch *batch, const struct tb_pass_event *e)
{
    struct tb_pass_event *to = &batch->e[batch->n];
    *to = *e;
    if (e->signature != NULL) { /* the block will be gone */
        batch->signature[batch->n] = *e->signature;
        to->signature = &batch->signature[batch->n];
    }
    batch->n++;
}

/* In the thread that decodes. */
static enum tb_status prepare(void *ctx, const struct tb_block *blk, void *room, struct tb_err *err)
{
    struct build *b = ctx;
    return tb_pass_reader_read(b->reader, blk, room, err);
}

static bool each(void *ctx, const struct tb_block *blk, uint32_t i)
{
    struct build *b = ctx;
    const struct tb_pass_row *row = &((const struct tb_pass_row *)blk->room)[i];
    if (row->is == TB_ROW_TOOL) {
        b->status = tb_sums_tool(b->sums, blk, i);
    } else if (row->is == TB_ROW_CALL) {
        add(b->batch, &row->e);
        if (b->batch->n == TB_PASS_BATCH) {
            hand_over(b);
        }
    }
    return b->status == TB_OK;
}

static enum tb_status open_build(struct build *b, struct tb_db *db, const struct tb_settings *s,
                                 const struct tb_tables *tables)
{
    enum tb_status st = tb_watchers_new(&b->pass, &b->watchers, b->err);
    if (st == TB_OK) {
        b->batch = tb_watchers_room(b->watchers);
        st = tb_sums_new(&b->pass, &b->sums, b->err);
    }
    if (st == TB_OK && (b->failure = tb_failure_new(&b->pass)) == NULL) {
        st = tb_err_set(b->err, TB_FATAL, TB_E_MEMORY, "no memory to watch for failures");
    }
    return st == TB_OK ? tb_pass_reader_new(&b->pass, db, s, tables, &b->reader, b->err) : st;
}

static enum tb_status end_build(struct build *b)
{
    hand_over(b);
    enum tb_status st = b->status == TB_OK ? tb_watchers_end(b->watchers, b->err) : b->status;
    if (st == TB_OK) {
        st = tb_failure_end(b->failure, b->err);
    }
    return st == TB_OK ? tb_sums_end(b->sums) : st;
}

static void close_build(struct build *b)
{
    tb_watchers_free(b->watchers);
    tb_sums_free(b->sums);
    tb_failure_free(b->failure);
    tb_pass_reader_free(b->reader);
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
    struct build b = {.pass = {out, rules, joined, ctx}, .err = err};
    struct tb_ordered_how how = {.columns = TB_PASS_COLUMNS,
                                 .room_bytes = sizeof(struct tb_pass_row),
                                 .prepare = prepare,
                                 .each = each,
                                 .ctx = &b,
                                 .ahead = true};
    enum tb_status st = open_build(&b, db, s, tables);
    if (st == TB_OK) {
        st = tb_events_prepared(db, out->from_us - LEAD_IN, out->to_us, &how, err);
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
