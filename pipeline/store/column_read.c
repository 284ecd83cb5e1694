/* Decoding columns. */
#include <string.h>

#include "store/column.h"
#include "store/column_layout.h"

/* The next n bytes of in, or NULL. */
static const unsigned char *take(struct tb_str *in, size_t n)
{
    if (in->n < n) {
        return NULL;
    }
    const unsigned char *p = (const unsigned char *)in->s;
    in->s += n;
    in->n -= n;
    return p;
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static void unpack(const unsigned char *p, unsigned width, uint64_t base, uint64_t *v, uint32_t n)
{
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    size_t bit = 0;
    if (width <= 57) {
        for (uint32_t i = 0; i < n; i++, bit += width) {
            v[i] = base + ((load64(p + (bit >> 3)) >> (bit & 7)) & mask);
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++, bit += width) {
        unsigned shift = (unsigned)(bit & 7);
        uint64_t d = load64(p + (bit >> 3)) >> shift;
        if (shift > 0) {
            d |= (uint64_t)p[(bit >> 3) + 8] << (64 - shift);
        }
        v[i] = base + (d & mask);
    }
}

static void fill(uint64_t *v, uint64_t value, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        v[i] = value;
    }
}

static bool decode_packed(struct tb_str *in, uint64_t *v, uint32_t n)
{
    const unsigned char *head = take(in, 11);
    if (head == NULL || head[0] > 64) {
        return false;
    }
    uint16_t exceptions;
    memcpy(&exceptions, head + 1, 2);
    const unsigned char *packed = take(in, tb_column_packed_bytes(n, head[0]));
    const unsigned char *list = take(in, (size_t)exceptions * TB_COLUMN_EXCEPTION);
    if (packed == NULL || list == NULL) {
        return false;
    }
    if (head[0] == 0) {
        fill(v, load64(head + 3), n);
    } else {
        unpack(packed, head[0], load64(head + 3), v, n);
    }
    for (uint32_t i = 0; i < exceptions; i++, list += TB_COLUMN_EXCEPTION) {
        uint16_t row;
        memcpy(&row, list, 2);
        if (row >= n) {
            return false;
        }
        v[row] = load64(list + 2);
    }
    return true;
}

/* A constant or packed column: what stands inside the others. */
static bool decode_plain(struct tb_str *in, uint64_t *v, uint32_t n)
{
    const unsigned char *kind = take(in, 1);
    if (kind == NULL || *kind > TB_COLUMN_PACKED) {
        return false;
    }
    if (*kind == TB_COLUMN_PACKED) {
        return decode_packed(in, v, n);
    }
    const unsigned char *value = take(in, 8);
    if (value != NULL) {
        fill(v, load64(value), n);
    }
    return value != NULL;
}

static bool decode_delta(struct tb_str *in, uint64_t *v, uint32_t n)
{
    const unsigned char *first = take(in, 8);
    if (first == NULL || !decode_plain(in, v, n)) {
        return false;
    }
    uint64_t at = load64(first);
    for (uint32_t i = 0; i < n; i++) {
        at += v[i] >> 1 ^ (0 - (v[i] & 1));
        v[i] = at;
    }
    return true;
}

static bool decode_listed(struct tb_str *in, uint64_t *v, uint32_t n)
{
    const unsigned char *head = take(in, 2);
    uint16_t count;
    if (head == NULL) {
        return false;
    }
    memcpy(&count, head, 2);
    uint64_t value[TB_COLUMN_LISTED_MAX];
    const unsigned char *values = count <= TB_COLUMN_LISTED_MAX ? take(in, (size_t)count * 8) : NULL;
    if (values == NULL || !decode_plain(in, v, n)) {
        return false;
    }
    memcpy(value, values, (size_t)count * 8);
    for (uint32_t i = 0; i < n; i++) {
        if (v[i] >= count) {
            return false;
        }
        v[i] = value[v[i]];
    }
    return true;
}

bool tb_column_decode(struct tb_str *in, uint64_t *v, uint32_t n)
{
    uint64_t by = 1;
    if (in->n > 0 && (unsigned char)in->s[0] == TB_COLUMN_DIVIDED) {
        const unsigned char *p = take(in, 9);
        if (p == NULL) {
            return false;
        }
        by = load64(p + 1);
    }
    if (in->n == 0) {
        return false;
    }
    bool good;
    switch ((unsigned char)in->s[0]) {
    case TB_COLUMN_DELTA:
        good = take(in, 1) != NULL && decode_delta(in, v, n);
        break;
    case TB_COLUMN_LISTED:
        good = take(in, 1) != NULL && decode_listed(in, v, n);
        break;
    default:
        good = decode_plain(in, v, n);
    }
    for (uint32_t i = 0; good && by != 1 && i < n; i++) {
        v[i] *= by;
    }
    return good;
}

bool tb_column_decode_u32(struct tb_str *in, uint32_t *v, uint32_t n)
{
    uint64_t wide[TB_SEGMENT_ROWS];
    uint64_t any = 0;
    if (n > TB_SEGMENT_ROWS || !tb_column_decode(in, wide, n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        any |= wide[i];
        v[i] = (uint32_t)wide[i];
    }
    return any >> 32 == 0;
}
