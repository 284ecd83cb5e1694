#include "store/ordered_merge.h"

#include <stdlib.h>
#include "base/limits.h"
#include "store/handle.h"
#include "store/scan_block.h"

/* A segment that is being told. */
struct stream {
    struct tb_segment *s;
    struct tb_block block;
    uint32_t live[TB_SEGMENT_ROWS];
    uint32_t order[TB_SEGMENT_ROWS]; /* rows by (ts, id_lo, payload) */
    bool in_order;                   /* then order is not filled */
    uint32_t at;
    void *room;
};

struct tb_merge {
    struct tb_db *db;
    const struct tb_ordered_how *how;
    struct stream *streams[TB_MERGE_MAX]; /* made when first needed; the first n are open */
    size_t n;
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to order events");
}

struct tb_merge *tb_merge_new(struct tb_db *db, const struct tb_ordered_how *how)
{
    struct tb_merge *m = calloc(1, sizeof *m);
    if (m != NULL) {
        m->db = db;
        m->how = how;
    }
    return m;
}

static void free_stream(struct stream *s)
{
    if (s != NULL) {
        tb_segment_free(s->s);
        free(s->room);
        free(s);
    }
}

void tb_merge_free(struct tb_merge *m)
{
    for (size_t i = 0; m != NULL && i < TB_MERGE_MAX; i++) {
        free_stream(m->streams[i]);
    }
    free(m);
}

size_t tb_merge_depth(const struct tb_extent *e, size_t n)
{
    int64_t ends[TB_MERGE_MAX + 1];
    size_t open = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t kept = 0;
        for (size_t k = 0; k < open; k++) {
            if (ends[k] >= e[i].ts_min) {
                ends[kept++] = ends[k];
            }
        }
        ends[kept] = e[i].ts_max;
        open = kept + 1;
        most = open > most ? open : most;
        if (most > TB_MERGE_MAX) {
            return most;
        }
    }
    return most;
}

/* Whether row a stands before row b of the same or another block. */
static inline bool is_before(const struct tb_block *x, uint32_t a, const struct tb_block *y, uint32_t b)
{
    if (x->ts_us[a] != y->ts_us[b]) {
        return x->ts_us[a] < y->ts_us[b];
    }
    return x->id_lo[a] != y->id_lo[b] ? x->id_lo[a] < y->id_lo[b] : x->payload[a] < y->payload[b];
}

/* Segments are sorted by (ts, the log's id): rows of one instant may have to change places. */
static void order_rows(struct stream *s)
{
    const struct tb_block *b = &s->block;
    s->in_order = true;
    for (uint32_t i = 1; s->in_order && i < b->n; i++) {
        s->in_order = !is_before(b, i, b, i - 1);
    }
    for (uint32_t i = 0; !s->in_order && i < b->n; i++) {
        uint32_t k = i;
        for (; k > 0 && is_before(b, i, b, s->order[k - 1]); k--) {
            s->order[k] = s->order[k - 1];
        }
        s->order[k] = i;
    }
}

static enum tb_status make_stream(struct tb_merge *m, struct stream **out, struct tb_err *err)
{
    struct stream *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->s = tb_segment_new();
        s->room = m->how->room_bytes > 0 ? malloc(TB_SEGMENT_ROWS * m->how->room_bytes) : NULL;
    }
    if (s == NULL || s->s == NULL || (s->room == NULL && m->how->room_bytes > 0)) {
        free_stream(s);
        return no_memory(err);
    }
    *out = s;
    return TB_OK;
}

/* Opens e as stream m->n, unless it has no row in the range. */
static enum tb_status open_stream(struct tb_merge *m, const struct tb_extent *e, int64_t from_us,
                                  int64_t to_us, struct tb_err *err)
{
    enum tb_status st = m->streams[m->n] == NULL ? make_stream(m, &m->streams[m->n], err) : TB_OK;
    struct stream *s = m->streams[m->n];
    if (st == TB_OK) {
        st = tb_segment_open(m->db, e->segment, s->s, err);
    }
    if (st == TB_OK) {
        st = tb_scan_block(m->db, s->s, m->how->columns | TB_C_IDENTITY, from_us, to_us, s->live, &s->block,
                           err);
    }
    if (st != TB_OK || s->block.n == 0) {
        return st;
    }
    s->at = 0;
    order_rows(s);
    s->block.room = s->room;
    if (m->how->prepare != NULL) {
        st = m->how->prepare(m->how->ctx, &s->block, s->room, err);
    }
    m->n += st == TB_OK;
    return st;
}

static inline uint32_t row_of(const struct stream *s)
{
    return s->in_order ? s->at : s->order[s->at];
}

static inline int64_t ts_of(const struct stream *s)
{
    return s->block.ts_us[row_of(s)];
}

/* The stream whose next row is the first of all, and the one behind it (NULL: it is alone). */
static void find_first(const struct tb_merge *m, size_t *first, const struct stream **second)
{
    *first = 0;
    *second = NULL;
    for (size_t i = 1; i < m->n; i++) {
        const struct stream *a = m->streams[i], *b = m->streams[*first];
        if (is_before(&a->block, row_of(a), &b->block, row_of(b))) {
            *second = b;
            *first = i;
        } else if (*second == NULL || is_before(&a->block, row_of(a), &(*second)->block, row_of(*second))) {
            *second = a;
        }
    }
}

static void close_stream(struct tb_merge *m, size_t i)
{
    struct stream *s = m->streams[i];
    m->streams[i] = m->streams[--m->n];
    m->streams[m->n] = s;
}

/* Tells the first stream's rows as long as they stand before the second's next one and before until_us. */
static bool tell(struct tb_merge *m, struct stream *s, const struct stream *second, int64_t until_us)
{
    const struct tb_block *b = &s->block;
    while (s->at < b->n) {
        uint32_t row = row_of(s);
        if (b->ts_us[row] >= until_us ||
            (second != NULL && is_before(&second->block, row_of(second), b, row))) {
            break;
        }
        s->at++;
        if (!m->how->each(m->how->ctx, b, row)) {
            return false;
        }
    }
    return true;
}

enum tb_status tb_merge_run(struct tb_merge *m, const struct tb_extent *e, size_t n, int64_t from_us,
                            int64_t to_us, bool *stop, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    size_t next = 0;
    m->n = 0;
    while (st == TB_OK && !*stop && (next < n || m->n > 0)) {
        size_t first = 0;
        const struct stream *second = NULL;
        if (m->n > 0) {
            find_first(m, &first, &second);
        }
        if (next < n && (m->n == 0 || ts_of(m->streams[first]) >= e[next].ts_min)) {
            st = open_stream(m, &e[next++], from_us, to_us, err);
            continue;
        }
        *stop = !tell(m, m->streams[first], second, next < n ? e[next].ts_min : INT64_MAX);
        if (m->streams[first]->at == m->streams[first]->block.n) {
            close_stream(m, first);
        }
    }
    if (st == TB_OK && m->db->failed) { /* a text could not be read */
        *err = m->db->failure;
        st = TB_FATAL;
    }
    return st;
}
