/* Concept: one UTC day's events in the order (ts, identity), merged from segments that are each in order already: a few of them are
 *          decoded at a time, none is copied. For days on which no more than TB_MERGE_MAX segments overlap. Inside store/ only.
 * Owns:    a tb_merge until released.
 */
#ifndef TB_ORDERED_MERGE_H
#define TB_ORDERED_MERGE_H

#include "store/ordered_stream.h"

#define TB_MERGE_MAX 24 /* 2 MB each */

struct tb_merge;

struct tb_merge *tb_merge_new(struct tb_db *db, const struct tb_ordered_how *how);
void tb_merge_free(struct tb_merge *m);

/* How many of n extents, ascending by ts_min, overlap at most. */
size_t tb_merge_depth(const struct tb_extent *e, size_t n);

/* Tells the rows of [from, to); *stop when each said so. */
enum tb_status tb_merge_run(struct tb_merge *m, const struct tb_extent *e, size_t n, int64_t from_us,
                            int64_t to_us, bool *stop, struct tb_err *err) TB_MUST_USE;

#endif
