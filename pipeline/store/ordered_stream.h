/* Concept: a segment that is being told row after row in the order (ts, identity), and the feed that opens one after the other, before
 *          their turn in a thread of its own where that is allowed (tb_ordered_how.ahead). Inside store/ only.
 * Shape:   begin, one take for each extent in their order, give for each stream taken, end. Between begin and end of a feed
 *          that goes ahead, nobody else may use the database.
 * Owns:    a feed and all its streams until released; a stream is the taker's between take and give.
 * Limits:  TB_FEED_AHEAD streams wait at most, 2 MB each.
 */
#ifndef TB_ORDERED_STREAM_H
#define TB_ORDERED_STREAM_H

#include "base/limits.h"
#include "store/segment.h"

#define TB_FEED_AHEAD 6

struct tb_extent {
    int64_t segment, ts_min, ts_max;
    uint32_t rows;
};

struct tb_stream {
    struct tb_segment *s;
    struct tb_block block; /* n = 0: no row in the range */
    uint32_t live[TB_SEGMENT_ROWS];
    uint32_t order[TB_SEGMENT_ROWS]; /* rows by (ts, id_lo, payload) */
    bool in_order;                   /* then order is not filled */
    uint32_t at;
    void *room;
    struct tb_stream *next; /* that waits or is free */
};

/* Whether row a of x stands before row b of y. */
static inline bool tb_row_before(const struct tb_block *x, uint32_t a, const struct tb_block *y, uint32_t b)
{
    if (x->ts_us[a] != y->ts_us[b]) {
        return x->ts_us[a] < y->ts_us[b];
    }
    return x->id_lo[a] != y->id_lo[b] ? x->id_lo[a] < y->id_lo[b] : x->payload[a] < y->payload[b];
}

struct tb_feed;

struct tb_feed *tb_feed_new(struct tb_db *db, const struct tb_ordered_how *how); /* NULL: no memory */
void tb_feed_free(struct tb_feed *f);

/* The rows of [from_us, to_us) of n extents, which stay the caller's. */
void tb_feed_begin(struct tb_feed *f, const struct tb_extent *e, size_t n, int64_t from_us, int64_t to_us);
enum tb_status tb_feed_take(struct tb_feed *f, struct tb_stream **out, struct tb_err *err) TB_MUST_USE;
void tb_feed_give(struct tb_feed *f, struct tb_stream *s);
void tb_feed_end(struct tb_feed *f);

#endif
