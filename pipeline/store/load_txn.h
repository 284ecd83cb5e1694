/* Concept: the inside of a load transaction, for events.c (its life), dedupe.c (exactly once),
 *          open_rows.c (rows waiting for their segments) and effects.c (what changes besides: other
 *          files' counts, superseded rows, days, id spans).
 * Limits:  rows waiting: TB_OPEN_ROWS; ids in memory: about TB_RUN_IDS; bitmaps and counts of other
 *          files are written out when TB_EFFECTS_MAX of them have gathered.
 */
#ifndef TB_LOAD_TXN_H
#define TB_LOAD_TXN_H

#include "base/arena.h"
#include "base/limits.h"
#include "store/events.h"
#include "store/ids.h"
#include "store/segment.h"

#define TB_OPEN_ROWS                                                                                         \
    16384u /* two full segments: 5 MB; more open days than fit are written as shorter segments */
#define TB_RUN_IDS     (256u << 10) /* ids gathered for one run: 8 MB with their hash */
#define TB_EFFECTS_MAX 4096u
#define TB_UTC_DAYS    2932897 /* 1970-01-01 .. 9999-12-31 */
/* The place of a row still waiting: this and its number in open rows. */
#define TB_PLACE_OPEN (UINT64_C(1) << 63)

/* Rows that wait until their day's segment is full. */
struct tb_open_rows {
    struct tb_row *rows; /* id texts in texts */
    uint32_t *entry;     /* of the id table */
    uint32_t n, cap;
    struct tb_arena texts;
};

struct tb_moved {
    uint32_t file; /* 0 = free */
    int64_t duplicates, conflicts;
};

struct tb_dead {
    int64_t segment; /* 0 = free */
    uint32_t rows;
    uint32_t count;
    uint32_t *bitmap;
};

/* A row of the batch by its identity. */
struct tb_key {
    uint64_t hi; /* the other half stands in the row */
    uint32_t row;
};

struct tb_load_txn {
    struct tb_db *db;
    uint32_t file, source;
    int64_t next_segment;
    struct tb_open_rows open, spare;
    struct tb_id_table ids;
    struct tb_segment *segment; /* the stored one being compared */
    /* one batch */
    struct tb_key *keys, *key_spare;
    uint64_t *probe_keys;
    uint32_t *probe_rows;
    uint8_t *outcome; /* by position in keys: enum outcome of dedupe.c */
    uint32_t *fresh;  /* rows to add, ascending */
    uint32_t *entry;  /* of the id table, by row */
    struct tb_id_candidates candidates;
    /* effects */
    uint64_t *days;                /* bitmap of touched UTC days */
    int32_t first_word, last_word; /* of it, that have any */
    int32_t *pruned;               /* ascending */
    size_t pruned_count;
    int64_t pruned_until_us; /* 0: never */
    struct tb_moved *moved;
    uint32_t moved_count;
    struct tb_dead *dead;
    uint32_t dead_count;
};

void tb_load_free(struct tb_load_txn *t); /* one that is parked; may be NULL */

/* ---- dedupe.c ---- */

/* Sorts t->keys[0..n) and leaves one per identity, the row that rules; counts the others. */
enum tb_status tb_load_unique(struct tb_load_txn *t, const struct tb_row *rows, uint32_t *n,
                              struct tb_append_counts *counts, struct tb_err *err) TB_MUST_USE;

/* Decides the n unique keys against all that is stored; leaves the rows to add in t->fresh, ascending, and
 * their number. */
enum tb_status tb_load_decide(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n, uint32_t *fresh,
                              struct tb_append_counts *counts, struct tb_err *err) TB_MUST_USE;

/* ---- open_rows.c ---- */

bool tb_open_rows_init(struct tb_open_rows *o);
void tb_open_rows_release(struct tb_open_rows *o);
/* Takes fresh rows in; writes segments as days fill. */
enum tb_status tb_load_add(struct tb_load_txn *t, const struct tb_row *rows, const uint32_t *fresh,
                           uint32_t n, struct tb_err *err) TB_MUST_USE;
/* Puts row in the place of an open one with the same identity. */
enum tb_status tb_load_replace(struct tb_load_txn *t, uint32_t open_row, const struct tb_row *row,
                               struct tb_err *err) TB_MUST_USE;
/* Writes everything that waits, and the ids as a run. */
enum tb_status tb_load_flush(struct tb_load_txn *t, struct tb_err *err) TB_MUST_USE;

/* ---- effects.c ---- */

enum tb_status tb_effects_init(struct tb_load_txn *t, struct tb_err *err) TB_MUST_USE;
void tb_effects_clear(struct tb_load_txn *t); /* for the next file */
void tb_effects_release(struct tb_load_txn *t);
/* Whether an event at this instant belongs to a pruned day. */
bool tb_effects_is_pruned(const struct tb_load_txn *t, int64_t ts_us);
void tb_effects_touch(struct tb_load_txn *t, int32_t utc_day);
/* An event of file is one no more: it counts as a duplicate or a conflict of its file now. */
enum tb_status tb_effects_move(struct tb_load_txn *t, uint32_t file, bool conflict,
                               struct tb_err *err) TB_MUST_USE;
/* Whether a row of an opened segment is superseded, as of now; and superseding it. */
bool tb_effects_is_dead(struct tb_load_txn *t, const struct tb_segment *s, uint32_t row);
enum tb_status tb_effects_kill(struct tb_load_txn *t, const struct tb_segment *s, uint32_t row,
                               struct tb_err *err) TB_MUST_USE;
/* Writes bitmaps out when many have gathered; no segment opened before it may be used after it. */
enum tb_status tb_effects_trim(struct tb_load_txn *t, struct tb_err *err) TB_MUST_USE;
/* Two payloads of one id, at a and b. */
enum tb_status tb_effects_span(struct tb_load_txn *t, const struct tb_row *row, int64_t a_us, int64_t b_us,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_effects_write(struct tb_load_txn *t, struct tb_err *err) TB_MUST_USE;

#endif
