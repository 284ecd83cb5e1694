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

/* Values come in three sizes; what is always inlined is compiled for each of them. */
#define EACH_SIZE static inline __attribute__((always_inline))

EACH_SIZE void put(void *v, size_t size, uint32_t i, uint64_t value)
{
    if (size == 8) {
        ((uint64_t *)v)[i] = value;
    } else if (size == 4) {
        ((uint32_t *)v)[i] = (uint32_t)value;
    } else {
        ((uint8_t *)v)[i] = (uint8_t)value;
    }
}

static bool fits(size_t size, uint64_t value)
{
    return size == 8 || value >> size * 8 == 0;
}

void tb_column_fill(void *v, size_t size, uint64_t value, uint32_t n)
{
    if (size == 8) {
        for (uint32_t i = 0; i < n; i++) {
            put(v, 8, i, value);
        }
    } else if (size == 4) {
        for (uint32_t i = 0; i < n; i++) {
            put(v, 4, i, value);
        }
    } else {
        memset(v, (int)value, n);
    }
}

/* --- packed -------------------------------------------------------------------------------------------------------------- */

#define WIDTH_MAX 57 /* wider values may reach into a ninth byte */

/* Returns the bits of all values. */
EACH_SIZE uint64_t unpack(const unsigned char *p, unsigned width, uint64_t base, void *v, size_t size,
                          uint32_t n)
{
    uint64_t mask = (UINT64_C(1) << width) - 1, any = 0;
    size_t bit = 0;
    for (uint32_t i = 0; i < n; i++, bit += width) {
        uint64_t value = base + ((load64(p + (bit >> 3)) >> (bit & 7)) & mask);
        any |= value;
        put(v, size, i, value);
    }
    return any;
}

static uint64_t unpack_wide(const unsigned char *p, unsigned width, uint64_t base, void *v, size_t size,
                            uint32_t n)
{
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1, any = 0;
    size_t bit = 0;
    for (uint32_t i = 0; i < n; i++, bit += width) {
        unsigned shift = (unsigned)(bit & 7);
        uint64_t d = load64(p + (bit >> 3)) >> shift;
        if (shift > 0) {
            d |= (uint64_t)p[(bit >> 3) + 8] << (64 - shift);
        }
        any |= base + (d & mask);
        put(v, size, i, base + (d & mask));
    }
    return any;
}

/* A packed column's parts, taken off *in. */
struct packed {
    unsigned width;
    uint16_t exceptions;
    uint64_t base;
    const unsigned char *values, *list;
};

static bool take_packed(struct tb_str *in, uint32_t n, struct packed *out)
{
    const unsigned char *head = take(in, 11);
    if (head == NULL || head[0] > 64) {
        return false;
    }
    out->width = head[0];
    memcpy(&out->exceptions, head + 1, 2);
    out->base = load64(head + 3);
    out->values = take(in, tb_column_packed_bytes(n, out->width));
    out->list = take(in, (size_t)out->exceptions * TB_COLUMN_EXCEPTION);
    return out->values != NULL && out->list != NULL;
}

static uint64_t unpack_all(const struct packed *p, void *v, size_t size, uint32_t n)
{
    if (p->width == 0) {
        tb_column_fill(v, size, p->base, n);
        return p->base;
    }
    if (p->width > WIDTH_MAX) {
        return unpack_wide(p->values, p->width, p->base, v, size, n);
    }
    return size == 8   ? unpack(p->values, p->width, p->base, v, 8, n)
           : size == 4 ? unpack(p->values, p->width, p->base, v, 4, n)
                       : unpack(p->values, p->width, p->base, v, 1, n);
}

static bool decode_packed(const struct packed *p, void *v, size_t size, uint32_t n)
{
    const unsigned char *at = p->list;
    uint64_t any = unpack_all(p, v, size, n);
    for (uint32_t i = 0; i < p->exceptions; i++, at += TB_COLUMN_EXCEPTION) {
        uint16_t row;
        memcpy(&row, at, 2);
        if (row >= n) {
            return false;
        }
        any |= load64(at + 2);
        put(v, size, row, load64(at + 2));
    }
    return fits(size, any);
}

/* --- columns ------------------------------------------------------------------------------------------------------------- */

/* A constant or packed column: what stands inside the others. Here and below v NULL: passed over. */
static bool decode_plain(struct tb_str *in, void *v, size_t size, uint32_t n)
{
    struct packed p;
    const unsigned char *kind = take(in, 1);
    if (kind == NULL || *kind > TB_COLUMN_PACKED) {
        return false;
    }
    if (*kind == TB_COLUMN_PACKED) {
        return take_packed(in, n, &p) && (v == NULL || decode_packed(&p, v, size, n));
    }
    const unsigned char *value = take(in, 8);
    if (value != NULL && v != NULL) {
        tb_column_fill(v, size, load64(value), n);
    }
    return value != NULL && (v == NULL || fits(size, load64(value)));
}

EACH_SIZE uint64_t add_up(const uint64_t *step, uint64_t at, uint64_t by, void *v, size_t size, uint32_t n)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        at += (step[i] >> 1 ^ (0 - (step[i] & 1))) * by;
        any |= at;
        put(v, size, i, at);
    }
    return any;
}

static bool decode_delta(struct tb_str *in, void *v, size_t size, uint32_t n, uint64_t by)
{
    uint64_t step[TB_SEGMENT_ROWS];
    const unsigned char *first = take(in, 8);
    if (first == NULL || n > TB_SEGMENT_ROWS || !decode_plain(in, v == NULL ? NULL : step, sizeof *step, n)) {
        return false;
    }
    uint64_t start = load64(first) * by;
    return v == NULL || fits(size, size == 8   ? add_up(step, start, by, v, 8, n)
                                   : size == 4 ? add_up(step, start, by, v, 4, n)
                                               : add_up(step, start, by, v, 1, n));
}

EACH_SIZE uint64_t look_up(const uint64_t *value, const uint8_t *index, void *v, size_t size, uint32_t n)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        any |= value[index[i]];
        put(v, size, i, value[index[i]]);
    }
    return any;
}

static bool decode_listed(struct tb_str *in, void *v, size_t size, uint32_t n, uint64_t by)
{
    uint64_t value[TB_COLUMN_LISTED_MAX] = {0};
    uint8_t index[TB_SEGMENT_ROWS];
    const unsigned char *head = take(in, 2);
    uint16_t count;
    if (head == NULL) {
        return false;
    }
    memcpy(&count, head, 2);
    const unsigned char *values = count <= TB_COLUMN_LISTED_MAX ? take(in, (size_t)count * 8) : NULL;
    if (values == NULL || n > TB_SEGMENT_ROWS || !decode_plain(in, v == NULL ? NULL : index, 1, n)) {
        return false;
    }
    if (v == NULL) {
        return true;
    }
    unsigned beyond = 0;
    for (uint32_t i = 0; i < n; i++) {
        beyond |= index[i] >= count;
    }
    for (uint32_t i = 0; i < count; i++) {
        value[i] = load64(values + 8 * i) * by;
    }
    return beyond == 0 && fits(size, size == 8   ? look_up(value, index, v, 8, n)
                                     : size == 4 ? look_up(value, index, v, 4, n)
                                                 : look_up(value, index, v, 1, n));
}

/* Any other column, each value times by. */
static bool decode_divided(struct tb_str *in, void *v, size_t size, uint32_t n, uint64_t by)
{
    uint64_t quotient[TB_SEGMENT_ROWS], any = 0;
    if (n > TB_SEGMENT_ROWS || !decode_plain(in, quotient, sizeof *quotient, n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        any |= quotient[i] * by;
        put(v, size, i, quotient[i] * by);
    }
    return fits(size, any);
}

static bool decode(struct tb_str *in, void *v, size_t size, uint32_t n)
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
    switch ((unsigned char)in->s[0]) {
    case TB_COLUMN_DELTA:
        return take(in, 1) != NULL && decode_delta(in, v, size, n, by);
    case TB_COLUMN_LISTED:
        return take(in, 1) != NULL && decode_listed(in, v, size, n, by);
    default:
        return by == 1 || v == NULL ? decode_plain(in, v, size, n) : decode_divided(in, v, size, n, by);
    }
}

bool tb_column_decode(struct tb_str *in, void *v, size_t size, uint32_t n)
{
    return decode(in, v, size, n);
}

bool tb_column_skip(struct tb_str *in, uint32_t n)
{
    return decode(in, NULL, sizeof(uint64_t), n);
}

bool tb_column_constant(struct tb_str *in, uint64_t *v)
{
    if (in->n < 9 || (unsigned char)in->s[0] != TB_COLUMN_CONSTANT) {
        return false;
    }
    *v = load64(take(in, 9) + 1);
    return true;
}
