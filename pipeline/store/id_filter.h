/* Concept: a filter over a run's keys: nearly all keys that are not in the run are known not to be,
 *          without reading a bucket. A key sets one bit in each of the eight words of its block; blocks
 *          lie in key order, so that writing a filter, and asking it with sorted keys, walk through it
 *          once from front to end.
 * Shape:   stored with its run, TB_FILTER_PART_BLOCKS blocks a row (a page). Kept in memory once asked
 *          for, while all together stay within TB_ID_FILTER_BYTES_MAX; the others are read part by part
 *          each time.
 * Limits:  16 bits a key (about 1 in 1,000 strangers passes).
 */
#ifndef TB_ID_FILTER_H
#define TB_ID_FILTER_H

#include "store/id_run.h"

/* How many blocks a run of entries keys gets: 0 for one so short that reading its buckets costs no more
 * than asking. */
uint64_t tb_id_filter_blocks(uint64_t entries);

/* Sets a key's bits, keys ascending; writes the parts that are passed. */
enum tb_status tb_id_filter_add(struct tb_id_writer *w, uint64_t key, struct tb_err *err) TB_MUST_USE;
/* Writes the last part. */
enum tb_status tb_id_filter_finish(struct tb_id_writer *w, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_id_filter_drop(struct tb_db *db, const struct tb_id_run *r, struct tb_err *err) TB_MUST_USE;

/* Leaves those of keys[0..n) (ascending) that may be in the run, in out_keys, with their wanted; *left is
 * how many. */
enum tb_status tb_id_filter_pass(struct tb_db *db, struct tb_id_run *r, const uint64_t *keys,
                                 const uint32_t *wanted, uint32_t n, uint64_t *out_keys, uint32_t *out_wanted,
                                 uint32_t *left, struct tb_err *err) TB_MUST_USE;

/* Lets go of the copy in memory. */
void tb_id_filter_forget(struct tb_id_index *x, struct tb_id_run *r);

#endif
