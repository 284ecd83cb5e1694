/* Rows waiting for their day's segment to fill, and writing the segments. A batch that brings more than
 * can wait is written from where it lies: only what is left over of each day is copied. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/handle.h"
#include "store/load_txn.h"

/* A row to place: an open one, or (behind these) a fresh one. */
struct item {
    int64_t ts_us;
    uint32_t at;
};

/* What the items of a batch stand for. */
struct batch {
    const struct tb_open_rows *open;
    const struct tb_row *rows;
    const uint32_t *fresh;
    const uint32_t *entry; /* by row */
};

static const struct tb_row *row_of(const struct batch *b, uint32_t at)
{
    return at < b->open->n ? &b->open->rows[at] : &b->rows[b->fresh[at - b->open->n]];
}

static uint32_t entry_of(const struct batch *b, uint32_t at)
{
    return at < b->open->n ? b->open->entry[at] : b->entry[b->fresh[at - b->open->n]];
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to load a file");
}

bool tb_open_rows_init(struct tb_open_rows *o)
{
    memset(o, 0, sizeof *o);
    tb_arena_init(&o->texts, (size_t)TB_OPEN_ROWS * (TB_ID_BYTES_MAX + 64) * 2);
    return true;
}

void tb_open_rows_release(struct tb_open_rows *o)
{
    free(o->rows);
    free(o->entry);
    tb_arena_release(&o->texts);
}

static bool room(struct tb_open_rows *o)
{
    if (o->n < o->cap) {
        return true;
    }
    uint32_t cap = o->cap == 0 ? 1024 : o->cap * 2;
    struct tb_row *rows = realloc(o->rows, cap * sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    o->rows = rows;
    uint32_t *entry = realloc(o->entry, cap * sizeof *entry);
    if (entry == NULL) {
        return false;
    }
    o->entry = entry;
    o->cap = cap;
    return true;
}

static enum tb_status wait(struct tb_load_txn *t, struct tb_open_rows *o, const struct tb_row *row,
                           uint32_t entry, struct tb_err *err)
{
    if (!room(o)) {
        return no_memory(err);
    }
    struct tb_row *kept = &o->rows[o->n];
    *kept = *row;
    kept->id = tb_arena_str(&o->texts, row->id);
    kept->signature = tb_arena_str(&o->texts, row->signature);
    if ((row->id.s != NULL && kept->id.s == NULL) ||
        (row->signature.s != NULL && kept->signature.s == NULL)) {
        return no_memory(err);
    }
    o->entry[o->n] = entry;
    t->ids.place[entry] = TB_PLACE_OPEN | o->n++;
    return TB_OK;
}

enum tb_status tb_load_replace(struct tb_load_txn *t, uint32_t open_row, const struct tb_row *row,
                               struct tb_err *err)
{
    struct tb_row *kept = &t->open.rows[open_row];
    struct tb_str id = kept->id; /* one identity has one id text */
    struct tb_str signature = kept->signature;
    if (row->signature.s == NULL) {
        signature = TB_STR_NULL;
    } else if (signature.s == NULL) {
        signature = tb_arena_str(&t->open.texts, row->signature);
        if (signature.s == NULL) {
            return no_memory(err);
        }
    } else {
        memcpy((char *)(uintptr_t)signature.s, row->signature.s, signature.n); /* its bytes are the arena's */
    }
    *kept = *row;
    kept->id = id;
    kept->signature = signature;
    return TB_OK;
}

/* ---- sorting ---- */

static int by_id(const void *a, const void *b, void *batch)
{
    const struct tb_hash128 x = row_of(batch, ((const struct item *)a)->at)->identity;
    const struct tb_hash128 y = row_of(batch, ((const struct item *)b)->at)->identity;
    return x.lo != y.lo ? (x.lo > y.lo) - (x.lo < y.lo) : (x.hi > y.hi) - (x.hi < y.hi);
}

#define RADIX_BITS 11
#define RADIX_SIZE (1u << RADIX_BITS)

/* By ts in as many passes as its range needs; spare has room for n. Returns the one of the two that is
 * sorted. */
static struct item *sort_by_ts(struct item *p, struct item *spare, uint32_t n)
{
    int64_t min = p[0].ts_us, max = p[0].ts_us;
    bool sorted = true;
    for (uint32_t i = 1; i < n; i++) {
        sorted = sorted && p[i - 1].ts_us <= p[i].ts_us;
        min = p[i].ts_us < min ? p[i].ts_us : min;
        max = p[i].ts_us > max ? p[i].ts_us : max;
    }
    if (sorted) {
        return p;
    }
    for (unsigned shift = 0; shift < 64 && (uint64_t)(max - min) >> shift != 0; shift += RADIX_BITS) {
        uint32_t at[RADIX_SIZE] = {0}, sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            at[(uint64_t)(p[i].ts_us - min) >> shift & (RADIX_SIZE - 1)]++;
        }
        for (uint32_t b = 0; b < RADIX_SIZE; b++) {
            uint32_t count = at[b];
            at[b] = sum;
            sum += count;
        }
        for (uint32_t i = 0; i < n; i++) {
            spare[at[(uint64_t)(p[i].ts_us - min) >> shift & (RADIX_SIZE - 1)]++] = p[i];
        }
        struct item *swap = p;
        p = spare;
        spare = swap;
    }
    return p;
}

static struct item *sort_items(struct batch *b, struct item *p, struct item *spare, uint32_t n)
{
    p = sort_by_ts(p, spare, n);
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && p[j].ts_us == p[i].ts_us; j++) {
        }
        if (j - i > 1) {
            qsort_r(p + i, j - i, sizeof *p, by_id, b);
        }
    }
    return p;
}

/* ---- writing ---- */

static enum tb_status write_segment(struct tb_load_txn *t, const struct batch *b, const struct item *items,
                                    uint32_t n, int32_t day, struct tb_err *err)
{
    const struct tb_row *rows[TB_SEGMENT_ROWS];
    int64_t segment = t->next_segment++;
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = row_of(b, items[i].at);
        t->ids.place[entry_of(b, items[i].at)] = (uint64_t)segment * TB_SEGMENT_ROWS + i;
    }
    return tb_segment_write(t->db, segment, day, t->file, rows, n, err);
}

static uint32_t end_of_day(const struct item *items, uint32_t from, uint32_t n)
{
    int64_t end = (int64_t)(tb_utc_day(items[from].ts_us) + 1) * TB_US_PER_DAY;
    while (from < n && items[from].ts_us < end) {
        from++;
    }
    return from;
}

/* How many rows would be left if each day wrote only full segments. */
static uint32_t left_over(const struct item *items, uint32_t n)
{
    uint32_t left = 0;
    for (uint32_t i = 0, j; i < n; i = j) {
        j = end_of_day(items, i, n);
        left += (j - i) % TB_SEGMENT_ROWS;
    }
    return left;
}

/* Writes full segments of each day; the rest of a day waits in t->spare, or is written too unless keep. */
static enum tb_status write_days(struct tb_load_txn *t, const struct batch *b, const struct item *items,
                                 uint32_t n, bool keep, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < n && st == TB_OK;) {
        uint32_t day_end = end_of_day(items, i, n);
        int32_t day = tb_utc_day(items[i].ts_us);
        while (i < day_end && st == TB_OK) {
            uint32_t rows = day_end - i < TB_SEGMENT_ROWS ? day_end - i : TB_SEGMENT_ROWS;
            if (rows == TB_SEGMENT_ROWS || !keep) {
                st = write_segment(t, b, items + i, rows, day, err);
                i += rows;
                continue;
            }
            for (; i < day_end && st == TB_OK; i++) {
                st = wait(t, &t->spare, row_of(b, items[i].at), entry_of(b, items[i].at), err);
            }
        }
    }
    return st;
}

static int by_entry(const void *a, const void *b)
{
    const struct tb_id_entry *x = a, *y = b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->place > y->place) - (x->place < y->place);
}

/* By the first bits in passes over bytes that can differ, then what is still equal. */
static void sort_entries(struct tb_id_entry *p, struct tb_id_entry *spare, uint32_t n)
{
    for (unsigned shift = 26; shift <= 37; shift += RADIX_BITS) { /* bits 26..47 of 48 */
        uint32_t at[RADIX_SIZE] = {0}, sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            at[p[i].key >> shift & (RADIX_SIZE - 1)]++;
        }
        for (uint32_t b = 0; b < RADIX_SIZE; b++) {
            uint32_t count = at[b];
            at[b] = sum;
            sum += count;
        }
        for (uint32_t i = 0; i < n; i++) {
            spare[at[p[i].key >> shift & (RADIX_SIZE - 1)]++] = p[i];
        }
        struct tb_id_entry *swap = p;
        p = spare;
        spare = swap;
    }
    for (uint32_t i = 1; i < n; i++) { /* nearly sorted: a few steps each */
        struct tb_id_entry x = p[i];
        uint32_t j = i;
        for (; j > 0 && by_entry(&p[j - 1], &x) > 0; j--) {
            p[j] = p[j - 1];
        }
        p[j] = x;
    }
}

/* The ids that have their place become a run; those of waiting rows stay. */
static enum tb_status write_ids(struct tb_load_txn *t, struct tb_err *err)
{
    struct tb_id_entry *entries = calloc(2 * (size_t)t->ids.n + 1, sizeof *entries);
    if (entries == NULL) {
        return no_memory(err);
    }
    uint32_t n = 0;
    for (uint32_t e = 0; e < t->ids.n; e++) {
        if ((t->ids.place[e] & TB_PLACE_OPEN) == 0) {
            entries[n++] = (struct tb_id_entry){tb_id_key(t->ids.hi[e]), t->ids.place[e]};
        }
    }
    sort_entries(entries, entries + n, n);
    enum tb_status st = tb_ids_write(t->db, entries, n, err);
    free(entries);
    tb_id_table_clear(&t->ids);
    if (!tb_id_table_reserve(&t->ids, t->open.n)) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < t->open.n; i++) {
        t->open.entry[i] = tb_id_table_add(&t->ids, t->open.rows[i].identity.hi, TB_PLACE_OPEN | i);
    }
    return st;
}

/* Places the open rows and fresh ones. */
static enum tb_status place_rows(struct tb_load_txn *t, const struct tb_row *rows, const uint32_t *fresh,
                                 uint32_t n, bool keep, struct tb_err *err)
{
    uint32_t count = t->open.n + n;
    if (count == 0) {
        return TB_OK;
    }
    struct item *items = malloc(2 * (size_t)count * sizeof *items);
    if (items == NULL) {
        return no_memory(err);
    }
    struct batch b = {&t->open, rows, fresh, t->entry};
    for (uint32_t i = 0; i < count; i++) {
        items[i] = (struct item){row_of(&b, i)->ts_us, i};
    }
    struct item *sorted = sort_items(&b, items, items + count, count);
    enum tb_status st =
        write_days(t, &b, sorted, count, keep && left_over(sorted, count) <= TB_OPEN_ROWS, err);
    struct tb_open_rows done = t->open;
    t->open = t->spare;
    t->spare = done;
    t->spare.n = 0;
    tb_arena_reset(&t->spare.texts);
    free(items);
    return st;
}

/* The usual log: its rows are written from where they lie, and none need wait for a full segment of their day. */
static bool of_one_day(const struct tb_open_rows *o, const struct tb_row *rows, const uint32_t *fresh,
                       uint32_t n)
{
    int32_t day = tb_utc_day(n > 0 ? rows[fresh[0]].ts_us : o->rows[0].ts_us);
    int64_t from = day * TB_US_PER_DAY, to = from + TB_US_PER_DAY;
    bool same = true;
    for (uint32_t i = 0; i < n && same; i++) {
        same = rows[fresh[i]].ts_us >= from && rows[fresh[i]].ts_us < to;
    }
    for (uint32_t i = 0; i < o->n && same; i++) {
        same = o->rows[i].ts_us >= from && o->rows[i].ts_us < to;
    }
    return same;
}

enum tb_status tb_load_add(struct tb_load_txn *t, const struct tb_row *rows, const uint32_t *fresh,
                           uint32_t n, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    uint32_t count = t->open.n + n;
    if (count > TB_OPEN_ROWS || (count >= TB_SEGMENT_ROWS && of_one_day(&t->open, rows, fresh, n))) {
        st = place_rows(t, rows, fresh, n, true, err);
        return st == TB_OK && t->ids.n >= TB_RUN_IDS ? write_ids(t, err) : st;
    }
    for (uint32_t i = 0; i < n && st == TB_OK; i++) {
        st = wait(t, &t->open, &rows[fresh[i]], t->entry[fresh[i]], err);
    }
    return st;
}

enum tb_status tb_load_flush(struct tb_load_txn *t, struct tb_err *err)
{
    enum tb_status st = place_rows(t, NULL, NULL, 0, false, err);
    return st == TB_OK ? write_ids(t, err) : st;
}
