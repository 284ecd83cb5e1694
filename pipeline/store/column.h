/* Concept: up to TB_SEGMENT_ROWS integers as few bytes. One column is one of
 *            constant  one value
 *            packed    offsets from the smallest value in `width` bits each; those that need more are listed
 *            delta     a start, then the steps (zigzag) as a packed column: for what grows
 *            listed    the distinct values, then the index of each as a packed column: for dictionary ids
 *          and may have a common divisor taken out (timestamps in milliseconds). column_layout.h has the bytes.
 * Errors:  encoding fails without memory alone; decoding returns false for bytes that are no column of n
 *          values.
 * Limits:  n <= TB_SEGMENT_ROWS. Decoding reads up to TB_COLUMN_SLACK bytes behind the column (never
 *          uses them).
 */
#ifndef TB_COLUMN_H
#define TB_COLUMN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/limits.h"

#define TB_COLUMN_SLACK 16

enum tb_column_hint {
    TB_HINT_NONE,
    TB_HINT_GROWS, /* try steps, and for instants a divisor */
    TB_HINT_FEW    /* try a list of distinct values */
};

enum tb_status tb_column_encode(struct tb_buf *out, const uint64_t *v, uint32_t n, enum tb_column_hint hint,
                                struct tb_err *err) TB_MUST_USE;

/* Appends a constant column: n is not in it. */
enum tb_status tb_column_encode_constant(struct tb_buf *out, uint64_t v, struct tb_err *err) TB_MUST_USE;

/* Takes one column off the front of *in: n values of size bytes (1, 4 or 8) each; false when one does not fit. */
bool tb_column_decode(struct tb_str *in, void *v, size_t size, uint32_t n) TB_MUST_USE;

/* Passes over one column of n values. */
bool tb_column_skip(struct tb_str *in, uint32_t n) TB_MUST_USE;

/* Takes a column of one value off the front of *in; false: what stands there is not constant, and stays. */
bool tb_column_constant(struct tb_str *in, uint64_t *v) TB_MUST_USE;

/* n values of size bytes (1, 4 or 8). */
void tb_column_fill(void *v, size_t size, uint64_t value, uint32_t n);

#endif
