/* Concept: the live rows of an opened segment as a block. Inside store/ only.
 */
#ifndef TB_SCAN_BLOCK_H
#define TB_SCAN_BLOCK_H

#include "store/segment.h"

/* Decodes columns of s and fills out with its live rows of [from_us, to_us); n = 0 when there is none. live: room for
 * TB_SEGMENT_ROWS numbers. out is valid until s is read again. */
enum tb_status tb_scan_block(struct tb_db *db, struct tb_segment *s, uint64_t columns, int64_t from_us,
                             int64_t to_us, uint32_t *live, struct tb_block *out,
                             struct tb_err *err) TB_MUST_USE;

#endif
