/* Events one by one in the order (ts, identity), across files. Segments never cross a UTC day, so a day is a natural border. On
 * most days few segments overlap: these are merged (ordered_merge.h). Where many do, as when a thousand small files tell of one day,
 * it goes a window of time after the other, each as long as its rows fit in ROWS_BYTES; they are copied out of their segments and
 * sorted. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store/ordered_merge.h"

#define ROWS_BYTES (24u << 20)
#define BINS       1024

struct item {
    int64_t ts_us;
    uint64_t id_lo, payload;
    uint32_t block, row;
};

struct ordered {
    struct tb_db *db;
    uint64_t columns;
    uint32_t rows_max;         /* of a window */
    struct tb_extent *extents; /* of one day, by ts_min */
    size_t extent_count, extent_cap;
    struct tb_arena arena; /* copied columns */
    struct tb_block *blocks;
    uint32_t block_count, block_cap;
    struct item *items;
    uint32_t item_count, item_cap;
    struct tb_segment *segment; /* for counting */
    const struct tb_ordered_how *how;
    struct tb_merge *merge; /* made when first needed */
    bool stop;
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to order events");
}

/* ---- windows ---- */

static int by_ts_min(const void *a, const void *b)
{
    const struct tb_extent *x = a, *y = b;
    return x->ts_min != y->ts_min ? (x->ts_min > y->ts_min) - (x->ts_min < y->ts_min)
                                  : (x->segment > y->segment) - (x->segment < y->segment);
}

static bool extent_room(struct ordered *o)
{
    if (o->extent_count < o->extent_cap) {
        return true;
    }
    size_t cap = o->extent_cap == 0 ? 64 : o->extent_cap * 2;
    struct tb_extent *p = realloc(o->extents, cap * sizeof *p);
    if (p != NULL) {
        o->extents = p;
        o->extent_cap = cap;
    }
    return p != NULL;
}

/* The segments of a UTC day that touch the range. */
static enum tb_status list_day(struct ordered *o, int32_t day, int64_t from_us, int64_t to_us,
                               struct tb_err *err)
{
    struct tb_query *q = NULL;
    o->extent_count = 0;
    enum tb_status st = tb_db_statement(o->db, "segments_of_day.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "from_us", from_us);
    tb_query_bind_int(q, "to_us", to_us);
    while ((st = tb_query_step(q, err)) == TB_OK) {
        if (!extent_room(o)) {
            tb_query_reset(q);
            return no_memory(err);
        }
        o->extents[o->extent_count++] = (struct tb_extent){
            .segment = tb_query_int(q, 0),
            .ts_min = tb_query_int(q, 1),
            .ts_max = tb_query_int(q, 2),
            .rows = (uint32_t)tb_query_int(q, 3),
        };
    }
    if (o->extent_count > 1) {
        qsort(o->extents, o->extent_count, sizeof *o->extents, by_ts_min);
    }
    return st == TB_END ? TB_OK : st;
}

/* The latest end for which the segments that touch [from, end) cannot hold more than a window: from itself
 * when the first ones alone are too many. */
static int64_t end_by_extents(const struct ordered *o, int64_t from, int64_t to)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < o->extent_count; i++) {
        const struct tb_extent *e = &o->extents[i];
        if (e->ts_max < from) {
            continue;
        }
        if (e->ts_min >= to) {
            break;
        }
        rows += e->rows;
        if (rows > o->rows_max) {
            return e->ts_min > from ? e->ts_min : from;
        }
    }
    return to;
}

static enum tb_status count_bins(struct ordered *o, int64_t from, int64_t to, int64_t width, uint64_t *bins,
                                 struct tb_err *err)
{
    enum tb_status st = TB_OK;
    memset(bins, 0, BINS * sizeof *bins);
    for (size_t i = 0; i < o->extent_count && st == TB_OK; i++) {
        const struct tb_extent *e = &o->extents[i];
        if (e->ts_max < from || e->ts_min >= to) {
            continue;
        }
        st = tb_segment_open(o->db, e->segment, o->segment, err);
        if (st == TB_OK) {
            st = tb_segment_read(o->db, o->segment, TB_C_TS, err);
        }
        for (uint32_t k = 0; st == TB_OK && k < o->segment->n; k++) {
            int64_t ts = o->segment->ts_us[k];
            if (ts >= from && ts < to) {
                bins[(ts - from) / width]++;
            }
        }
    }
    return st;
}

/* The end of a window that starts at from, by counting; one microsecond is never divided, however many
 * rows it has. */
static enum tb_status end_by_counting(struct ordered *o, int64_t from, int64_t to, int64_t *end,
                                      struct tb_err *err)
{
    uint64_t bins[BINS];
    enum tb_status st = TB_OK;
    while (st == TB_OK) {
        int64_t width = (to - from + BINS - 1) / BINS;
        st = count_bins(o, from, to, width, bins, err);
        uint64_t rows = 0;
        int64_t bin = 0;
        while (bin < BINS && rows + bins[bin] <= o->rows_max) {
            rows += bins[bin++];
        }
        *end = from + bin * width < to ? from + bin * width : to;
        if (bin > 0) {
            return st;
        }
        *end = from + width;
        if (width == 1) {
            return st;
        }
        to = from + width;
    }
    return st;
}

/* ---- rows of a window ---- */

static const void *copy(struct ordered *o, const void *column, size_t size, uint32_t n, bool *good)
{
    if (column == NULL || !*good) {
        return NULL;
    }
    void *p = tb_arena_alloc(&o->arena, size * n);
    *good = p != NULL;
    return p != NULL ? memcpy(p, column, size * n) : NULL;
}

#define COPY(field) (to->field = copy(o, from->field, sizeof *from->field, from->n, &good))

static bool copy_block(struct ordered *o, const struct tb_block *from, struct tb_block *to)
{
    bool good = true;
    *to = (struct tb_block){.n = from->n, .file = from->file, .source = from->source};
    COPY(ts_us);
    COPY(id_lo);
    COPY(payload);
    COPY(present);
    COPY(quality);
    COPY(flags);
    COPY(has_cost);
    COPY(cost);
    COPY(prompt_fingerprint);
    COPY(line);
    COPY(signature);
    for (int k = 0; k < TB_T_COUNT; k++) {
        COPY(text[k]);
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        COPY(number[k]);
    }
    if (from->id != NULL) {
        struct tb_str *id = tb_arena_alloc(&o->arena, sizeof *id * from->n);
        for (uint32_t i = 0; id != NULL && good && i < from->n; i++) {
            id[i] = tb_arena_str(&o->arena, from->id[i]);
            good = from->id[i].s == NULL || id[i].s != NULL;
        }
        to->id = id;
        good = good && id != NULL;
    }
    return good;
}

static bool window_room(struct ordered *o, uint32_t rows)
{
    if (o->block_count == o->block_cap) {
        uint32_t cap = o->block_cap == 0 ? 64 : o->block_cap * 2;
        struct tb_block *p = realloc(o->blocks, cap * sizeof *p);
        if (p == NULL) {
            return false;
        }
        o->blocks = p;
        o->block_cap = cap;
    }
    if (o->item_count + rows > o->item_cap) {
        uint32_t cap = (o->item_count + rows) * 2;
        struct item *p = realloc(o->items, cap * sizeof *p);
        if (p == NULL) {
            return false;
        }
        o->items = p;
        o->item_cap = cap;
    }
    return true;
}

static int by_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->ts_us != y->ts_us) {
        return x->ts_us < y->ts_us ? -1 : 1;
    }
    if (x->id_lo != y->id_lo) {
        return x->id_lo < y->id_lo ? -1 : 1;
    }
    return (x->payload > y->payload) - (x->payload < y->payload);
}

static enum tb_status collect(struct ordered *o, int64_t from, int64_t to, struct tb_err *err)
{
    struct tb_scan *scan = NULL;
    struct tb_block b;
    enum tb_status st = tb_scan_open(o->db, from, to, o->columns | TB_C_IDENTITY, &scan, err);
    tb_arena_reset(&o->arena);
    o->block_count = o->item_count = 0;
    while (st == TB_OK && (st = tb_scan_next(scan, &b, err)) == TB_OK) {
        if (!window_room(o, b.n) || !copy_block(o, &b, &o->blocks[o->block_count])) {
            st = no_memory(err);
            break;
        }
        struct tb_block *kept = &o->blocks[o->block_count];
        if (o->how->prepare != NULL) {
            kept->room = tb_arena_alloc(&o->arena, o->how->room_bytes * b.n + 1);
            st = kept->room != NULL ? o->how->prepare(o->how->ctx, kept, kept->room, err) : no_memory(err);
        }
        for (uint32_t i = 0; i < b.n; i++) {
            o->items[o->item_count++] =
                (struct item){b.ts_us[i], b.id_lo[i], b.payload[i], o->block_count, i};
        }
        o->block_count++;
    }
    tb_scan_close(scan);
    return st == TB_END ? TB_OK : st;
}

/* One block's rows are in order already, save for equal (ts, id); several are sorted together. */
static void tell(struct ordered *o)
{
    if (o->item_count > 1) {
        qsort(o->items, o->item_count, sizeof *o->items, by_order);
    }
    for (uint32_t i = 0; i < o->item_count && !o->stop; i++) {
        struct tb_block *b = &o->blocks[o->items[i].block];
        o->stop = !o->how->each(o->how->ctx, b, o->items[i].row);
    }
}

static enum tb_status merge_day(struct ordered *o, int64_t from, int64_t to, struct tb_err *err)
{
    if (o->merge == NULL) {
        o->merge = tb_merge_new(o->db, o->how);
    }
    return o->merge == NULL ? no_memory(err)
                            : tb_merge_run(o->merge, o->extents, o->extent_count, from, to, &o->stop, err);
}

static enum tb_status tell_day(struct ordered *o, int32_t day, int64_t from, int64_t to, struct tb_err *err)
{
    enum tb_status st = list_day(o, day, from, to, err);
    if (st == TB_OK && tb_merge_depth(o->extents, o->extent_count) <= TB_MERGE_MAX) {
        return merge_day(o, from, to, err);
    }
    while (st == TB_OK && from < to && !o->stop) {
        int64_t end = end_by_extents(o, from, to);
        if (end <= from) {
            st = end_by_counting(o, from, to, &end, err);
        }
        if (st == TB_OK) {
            st = collect(o, from, end, err);
        }
        if (st == TB_OK) {
            tell(o);
        }
        from = end;
    }
    return st;
}

static uint32_t row_bytes(uint64_t columns)
{
    size_t bytes = 8 + 16 + 4 + sizeof(struct item);
    bytes += (size_t)__builtin_popcountll(columns & TB_C_TEXTS) * sizeof(uint32_t);
    bytes +=
        (size_t)__builtin_popcountll(columns & (TB_C_NUMBERS_TO(TB_N_COUNT - 1) | TB_C_PROMPT | TB_C_LINE)) *
        sizeof(int64_t);
    bytes += (columns & TB_C_ID) != 0 ? 64 : 0;
    bytes += (columns & TB_C_SIGNATURE) != 0 ? sizeof(struct tb_signature) : 0;
    bytes += (columns & TB_C_COST) != 0 ? sizeof(struct tb_decimal) + 1 : 0;
    return (uint32_t)(bytes + 2);
}

enum tb_status tb_events_prepared(struct tb_db *db, int64_t from_us, int64_t to_us,
                                  const struct tb_ordered_how *how, struct tb_err *err)
{
    struct ordered o = {.db = db,
                        .columns = how->columns,
                        .rows_max = ROWS_BYTES / (row_bytes(how->columns) + (uint32_t)how->room_bytes),
                        .how = how};
    int32_t first = 0, last = 0;
    tb_arena_init(&o.arena, SIZE_MAX / 2);
    o.segment = tb_segment_new();
    enum tb_status st = o.segment != NULL ? tb_events_days(db, &first, &last, err) : no_memory(err);
    for (int32_t day = first; st == TB_OK && day <= last && !o.stop; day++) {
        int64_t from = day * TB_US_PER_DAY, to = from + TB_US_PER_DAY;
        from = from > from_us ? from : from_us;
        to = to < to_us ? to : to_us;
        if (from < to) {
            st = tell_day(&o, day, from, to, err);
        }
    }
    tb_segment_free(o.segment);
    tb_merge_free(o.merge);
    tb_arena_release(&o.arena);
    free(o.extents);
    free(o.blocks);
    free(o.items);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_events_ordered(struct tb_db *db, int64_t from_us, int64_t to_us, uint64_t columns,
                                 bool (*each)(void *ctx, const struct tb_block *b, uint32_t row), void *ctx,
                                 struct tb_err *err)
{
    struct tb_ordered_how how = {.columns = columns, .each = each, .ctx = ctx};
    return tb_events_prepared(db, from_us, to_us, &how, err);
}
