/* The life of a load transaction, and what else events.h tells of the stored days. */
#include "store/events.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store/load_txn.h"
#include "store/segment_layout.h"

static bool batch_init(struct tb_load_txn *t)
{
    t->keys = malloc(TB_BATCH_ROWS * sizeof *t->keys);
    t->key_spare = malloc(TB_BATCH_ROWS * sizeof *t->key_spare);
    t->probe_keys = malloc((TB_BATCH_ROWS + 1) * sizeof *t->probe_keys);
    t->probe_rows = malloc((TB_BATCH_ROWS + 1) * sizeof *t->probe_rows);
    t->outcome = malloc(TB_BATCH_ROWS);
    t->fresh = malloc(TB_BATCH_ROWS * sizeof *t->fresh);
    t->entry = malloc(TB_BATCH_ROWS * sizeof *t->entry);
    t->segment = tb_segment_new();
    return t->keys != NULL && t->key_spare != NULL && t->probe_keys != NULL && t->probe_rows != NULL &&
           t->outcome != NULL && t->fresh != NULL && t->entry != NULL && t->segment != NULL;
}

void tb_load_free(struct tb_load_txn *t)
{
    if (t == NULL) {
        return;
    }
    tb_effects_release(t);
    tb_open_rows_release(&t->open);
    tb_open_rows_release(&t->spare);
    tb_id_table_release(&t->ids);
    tb_segment_free(t->segment);
    tb_id_candidates_release(&t->candidates);
    free(t->keys);
    free(t->key_spare);
    free(t->probe_keys);
    free(t->probe_rows);
    free(t->outcome);
    free(t->fresh);
    free(t->entry);
    free(t);
}

/* The transaction has ended; its memory waits for the next one: a file after the other would have the system clear the same
 * megabytes again. */
static void park(struct tb_load_txn *t)
{
    tb_effects_clear(t);
    t->open.n = t->spare.n = 0;
    tb_arena_reset(&t->open.texts);
    tb_arena_reset(&t->spare.texts);
    tb_id_table_clear(&t->ids);
    assert(t->db->parked == NULL);
    t->db->parked = t;
}

static struct tb_load_txn *take_parked(struct tb_db *db)
{
    struct tb_load_txn *t = db->parked;
    db->parked = NULL;
    if (t != NULL) {
        return t;
    }
    t = calloc(1, sizeof *t);
    if (t != NULL && (!batch_init(t) || !tb_open_rows_init(&t->open) || !tb_open_rows_init(&t->spare) ||
                      !tb_id_table_init(&t->ids))) {
        tb_load_free(t);
        t = NULL;
    }
    return t;
}

enum tb_status tb_load_begin(struct tb_db *db, uint32_t file, uint32_t source, struct tb_load_txn **out,
                             struct tb_err *err)
{
    assert(file != 0 && source != 0);
    *out = NULL;
    struct tb_load_txn *t = take_parked(db);
    if (t == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to load a file");
    }
    t->db = db;
    t->file = file;
    t->source = source;
    enum tb_status st = tb_effects_init(t, err);
    if (st == TB_OK) {
        st = tb_db_number(db, "segment_last.sql", 0, &t->next_segment, err);
    }
    t->next_segment++;
    if (st != TB_OK) {
        park(t);
        return st;
    }
    *out = t;
    return TB_OK;
}

/* Lists the rows by identity, those of pruned days apart. */
static uint32_t list_keys(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n,
                          struct tb_append_counts *counts, void (*rejected)(void *ctx, uint32_t i), void *ctx)
{
    uint32_t keys = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (t->pruned_count > 0 && tb_effects_is_pruned(t, rows[i].ts_us)) {
            counts->pruned++;
            if (rejected != NULL) {
                rejected(ctx, i);
            }
            continue;
        }
        t->keys[keys++] = (struct tb_key){rows[i].identity.hi, i};
    }
    return keys;
}

enum tb_status tb_load_append(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n,
                              struct tb_append_counts *counts, void (*rejected)(void *ctx, uint32_t i),
                              void *ctx, struct tb_err *err)
{
    assert(n <= TB_BATCH_ROWS);
    uint32_t fresh = 0;
    *counts = (struct tb_append_counts){0, 0, 0, 0};
    uint32_t keys = list_keys(t, rows, n, counts, rejected, ctx);
    if (keys == 0) {
        return TB_OK;
    }
    enum tb_status st = tb_load_unique(t, rows, &keys, counts, err);
    if (st == TB_OK) {
        st = tb_load_decide(t, rows, keys, &fresh, counts, err);
    }
    if (st == TB_OK) {
        st = tb_load_add(t, rows, t->fresh, fresh, err);
    }
    if (st == TB_OK && t->db->failed) { /* a dictionary text could not be read */
        *err = t->db->failure;
        st = TB_FATAL;
    }
    assert(st != TB_OK || counts->events + counts->duplicates + counts->conflicts + counts->pruned == n);
    return st;
}

enum tb_status tb_load_finish(struct tb_load_txn *t, struct tb_err *err)
{
    enum tb_status st = tb_load_flush(t, err);
    if (st == TB_OK) {
        st = tb_ids_merge(t->db, err);
    }
    if (st == TB_OK) {
        st = tb_effects_write(t, err);
    }
    park(t);
    return st;
}

void tb_load_abort(struct tb_load_txn *t)
{
    park(t);
}

enum tb_status tb_events_days(struct tb_db *db, int32_t *first, int32_t *last, struct tb_err *err)
{
    int64_t from = 0, to = 0;
    enum tb_status st = tb_db_number(db, "events_first_day.sql", TB_DAY_NONE, &from, err);
    if (st == TB_OK) {
        st = tb_db_number(db, "events_last_day.sql", TB_DAY_NONE, &to, err);
    }
    if (st == TB_OK && from == TB_DAY_NONE) {
        return TB_END;
    }
    *first = (int32_t)from;
    *last = (int32_t)to;
    return st;
}

enum tb_status tb_events_generation(struct tb_db *db, int64_t from_us, int64_t to_us, int64_t *generation,
                                    bool *pruned, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *generation = 0;
    *pruned = false;
    enum tb_status st = tb_db_statement(db, "generation_sum.sql", &q, err);
    if (st != TB_OK || to_us <= from_us) {
        return st;
    }
    tb_query_bind_int(q, "first_day", tb_utc_day(from_us));
    tb_query_bind_int(q, "last_day", tb_utc_day(to_us - 1));
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        *generation = tb_query_int(q, 0);
        *pruned = tb_query_int(q, 1) != 0;
    }
    tb_query_reset(q);
    return st;
}

enum tb_status tb_events_prune(struct tb_db *db, int32_t before_day, int32_t drop_before, struct tb_err *err)
{
    static const char *const steps[] = {"prune_days.sql", "prune_groups.sql", "prune_dead.sql",
                                        "prune_segments.sql"};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && st == TB_OK; i++) {
        struct tb_query *q = NULL;
        st = tb_db_statement(db, steps[i], &q, err);
        if (st == TB_OK) {
            tb_query_bind_int(q, "before_day", i == 0 ? before_day : drop_before);
            st = tb_query_run(q, err);
        }
    }
    return st;
}

enum tb_status tb_events_prune_rest(struct tb_db *db, int64_t until_us, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "pruned_until_set.sql", &q, err);
    if (st == TB_OK) {
        tb_query_bind_int(q, "until_us", until_us);
        st = tb_query_run(q, err);
    }
    return st;
}

static enum tb_status signatures(struct tb_db *db, const char *name, int32_t before_day, struct tb_query **q,
                                 struct tb_err *err)
{
    enum tb_status st = tb_db_statement(db, name, q, err);
    if (st == TB_OK) {
        tb_query_bind_int(*q, "before_day", before_day);
        tb_query_bind_int(*q, "first", tb_piece(0, TB_G_SIGNATURE, 0));
        tb_query_bind_int(*q, "last", tb_piece(0, TB_G_SIGNATURE, TB_PARTS_MAX - 1));
    }
    return st;
}

enum tb_status tb_events_signed_day(struct tb_db *db, int32_t from_day, int32_t before_day, int32_t *day,
                                    struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = signatures(db, "signature_next.sql", before_day, &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "from_day", from_day);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        *day = (int32_t)tb_query_int(q, 0);
        tb_query_reset(q);
    }
    return st;
}

enum tb_status tb_events_drop_signatures(struct tb_db *db, int32_t before_day, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = signatures(db, "signature_drop.sql", before_day, &q, err);
    return st == TB_OK ? tb_query_run(q, err) : st;
}
