/* Concept: the bytes of a column, shared by its writer and its reader: a kind, then
 *            CONSTANT  u64 value
 *            PACKED    u8 width, u16 exceptions, u64 base; n values of width bits less base; per exception
 *                      u16 row, u64 value
 *            DELTA     u64 start; a CONSTANT or PACKED column of zigzag steps
 *            LISTED    u16 count; count u64 values; a CONSTANT or PACKED column of indexes
 *            DIVIDED   u64 divisor; any other column of the quotients
 *          All little-endian.
 */
#ifndef TB_COLUMN_LAYOUT_H
#define TB_COLUMN_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "columns are stored little-endian and copied as they are"
#endif

enum tb_column_kind {
    TB_COLUMN_CONSTANT,
    TB_COLUMN_PACKED,
    TB_COLUMN_DELTA,
    TB_COLUMN_LISTED,
    TB_COLUMN_DIVIDED
};

#define TB_COLUMN_EXCEPTION  10 /* bytes */
#define TB_COLUMN_LISTED_MAX 256

static inline size_t tb_column_packed_bytes(uint32_t n, unsigned width)
{
    return ((size_t)n * width + 7) / 8;
}

#endif
