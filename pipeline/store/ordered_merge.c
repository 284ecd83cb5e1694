#include "store/ordered_merge.h"

#include <stdlib.h>
#include "store/handle.h"

struct tb_merge {
    struct tb_db *db;
    const struct tb_ordered_how *how;
    struct tb_feed *feed;
    struct tb_stream *streams[TB_MERGE_MAX]; /* that are being told */
    size_t n;
};

struct tb_merge *tb_merge_new(struct tb_db *db, const struct tb_ordered_how *how)
{
    struct tb_merge *m = calloc(1, sizeof *m);
    struct tb_feed *feed = tb_feed_new(db, how);
    if (m == NULL || feed == NULL) {
        tb_feed_free(feed);
        free(m);
        return NULL;
    }
    m->db = db;
    m->how = how;
    m->feed = feed;
    return m;
}

void tb_merge_free(struct tb_merge *m)
{
    if (m != NULL) {
        tb_feed_free(m->feed);
        free(m);
    }
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

static inline uint32_t row_of(const struct tb_stream *s)
{
    return s->in_order ? s->at : s->order[s->at];
}

static inline int64_t ts_of(const struct tb_stream *s)
{
    return s->block.ts_us[row_of(s)];
}

/* The stream whose next row is the first of all, and the one behind it (NULL: it is alone). */
static void find_first(const struct tb_merge *m, size_t *first, const struct tb_stream **second)
{
    *first = 0;
    *second = NULL;
    for (size_t i = 1; i < m->n; i++) {
        const struct tb_stream *a = m->streams[i], *b = m->streams[*first];
        if (tb_row_before(&a->block, row_of(a), &b->block, row_of(b))) {
            *second = b;
            *first = i;
        } else if (*second == NULL ||
                   tb_row_before(&a->block, row_of(a), &(*second)->block, row_of(*second))) {
            *second = a;
        }
    }
}

/* The next extent's segment as stream m->n, unless it has no row in the range. */
static enum tb_status open_stream(struct tb_merge *m, struct tb_err *err)
{
    struct tb_stream *s = NULL;
    enum tb_status st = tb_feed_take(m->feed, &s, err);
    if (st == TB_OK && s->block.n > 0) {
        m->streams[m->n++] = s;
    } else if (st == TB_OK) {
        tb_feed_give(m->feed, s);
    }
    return st;
}

static void close_stream(struct tb_merge *m, size_t i)
{
    tb_feed_give(m->feed, m->streams[i]);
    m->streams[i] = m->streams[--m->n];
}

#define CALLED_AHEAD 16 /* rows */

/* What prepare made lies in the cache of the thread that made it: it is called some rows before it is needed. */
static inline void call_room(const struct tb_merge *m, const struct tb_block *b, uint32_t row)
{
    const char *at = (const char *)b->room + (size_t)(row + CALLED_AHEAD) * m->how->room_bytes;
    __builtin_prefetch(at);
    __builtin_prefetch(at + m->how->room_bytes - 1);
}

/* Tells the first stream's rows as long as they stand before the second's next one and before until_us. */
static bool tell(struct tb_merge *m, struct tb_stream *s, const struct tb_stream *second, int64_t until_us)
{
    const struct tb_block *b = &s->block;
    while (s->at < b->n) {
        uint32_t row = row_of(s);
        if (b->ts_us[row] >= until_us ||
            (second != NULL && tb_row_before(&second->block, row_of(second), b, row))) {
            break;
        }
        s->at++;
        if (b->room != NULL) {
            call_room(m, b, row);
        }
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
    tb_feed_begin(m->feed, e, n, from_us, to_us);
    while (st == TB_OK && !*stop && (next < n || m->n > 0)) {
        size_t first = 0;
        const struct tb_stream *second = NULL;
        if (m->n > 0) {
            find_first(m, &first, &second);
        }
        if (next < n && (m->n == 0 || ts_of(m->streams[first]) >= e[next].ts_min)) {
            st = open_stream(m, err);
            next++;
            continue;
        }
        *stop = !tell(m, m->streams[first], second, next < n ? e[next].ts_min : INT64_MAX);
        if (m->streams[first]->at == m->streams[first]->block.n) {
            close_stream(m, first);
        }
    }
    while (m->n > 0) {
        close_stream(m, m->n - 1);
    }
    tb_feed_end(m->feed);
    if (st == TB_OK && m->db->failed) { /* a text could not be read */
        *err = m->db->failure;
        st = TB_FATAL;
    }
    return st;
}
