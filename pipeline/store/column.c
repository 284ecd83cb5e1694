/* Encoding columns. */
#include "store/column.h"
#include "store/column_layout.h"

#include <assert.h>
#include <string.h>

#define LANES      4
#define NARROW     3    /* bits */
#define LIST_SLOTS 1024 /* of the hash that finds distinct values */

static enum tb_status add(struct tb_buf *out, const void *p, size_t n, struct tb_err *err)
{
    return tb_buf_add(out, p, n, err);
}

static enum tb_status add_u8(struct tb_buf *out, unsigned v, struct tb_err *err)
{
    unsigned char b = (unsigned char)v;
    return add(out, &b, 1, err);
}

static unsigned bits_of(uint64_t v)
{
    return v == 0 ? 0 : 64u - (unsigned)__builtin_clzll(v);
}

struct fit {
    uint64_t base; /* the smallest value, as signed */
    unsigned width;
    uint32_t exceptions;
    size_t bytes; /* of the column, header included */
};

/* All values in as many bits as their range needs. */
static struct fit plain_fit(const uint64_t *v, uint32_t n)
{
    int64_t min = (int64_t)v[0], max = (int64_t)v[0];
    for (uint32_t i = 1; i < n; i++) {
        int64_t x = (int64_t)v[i];
        min = x < min ? x : min;
        max = x > max ? x : max;
    }
    struct fit f = {.base = (uint64_t)min, .width = bits_of((uint64_t)max - (uint64_t)min)};
    f.bytes = f.width == 0 ? 9 : 12 + tb_column_packed_bytes(n, f.width);
    return f;
}

/* The width for which the packed values and the listed exceptions together are smallest. */
static struct fit fit_of(const uint64_t *v, uint32_t n)
{
    struct fit f = plain_fit(v, n);
    if (f.width <= NARROW) {
        return f; /* nothing worth counting */
    }
    uint32_t count[LANES][65] = {{0}}; /* lanes, because equal counters in turn would wait for each other */
    for (uint32_t i = 0; i < n; i++) {
        count[i % LANES][bits_of(v[i] - f.base)]++;
    }
    uint32_t over = 0;
    for (unsigned w = f.width; w-- > 0;) {
        over += count[0][w + 1] + count[1][w + 1] + count[2][w + 1] + count[3][w + 1];
        size_t bytes = 12 + tb_column_packed_bytes(n, w) + (size_t)over * TB_COLUMN_EXCEPTION;
        if (bytes < f.bytes) {
            f.width = w;
            f.exceptions = over;
            f.bytes = bytes;
        }
        if ((size_t)over * TB_COLUMN_EXCEPTION > f.bytes) {
            break;
        }
    }
    return f;
}

/* Values that do not fit in width bits leave a zero and go to the list. */
static void pack(const uint64_t *v, uint32_t n, const struct fit *f, unsigned char *out, unsigned char *list)
{
    uint64_t word = 0;
    unsigned fill = 0, w = f->width;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t d = v[i] - f->base;
        if (f->exceptions > 0 && (w == 0 ? d != 0 : d >> w != 0)) {
            uint16_t row = (uint16_t)i;
            memcpy(list, &row, 2);
            memcpy(list + 2, &v[i], 8);
            list += TB_COLUMN_EXCEPTION;
            d = 0;
        }
        if (w == 0) {
            continue;
        }
        word |= d << fill;
        if (fill + w >= 64) {
            memcpy(out, &word, 8);
            out += 8;
            word = fill == 0 ? 0 : d >> (64 - fill);
            fill = fill + w - 64;
        } else {
            fill += w;
        }
    }
    memcpy(out, &word, (fill + 7) / 8);
}

static enum tb_status add_constant(struct tb_buf *out, uint64_t v, struct tb_err *err)
{
    enum tb_status st = add_u8(out, TB_COLUMN_CONSTANT, err);
    return st == TB_OK ? add(out, &v, 8, err) : st;
}

static enum tb_status add_fit(struct tb_buf *out, const uint64_t *v, uint32_t n, const struct fit *f,
                              struct tb_err *err)
{
    if (f->width == 0 && f->exceptions == 0) {
        return add_constant(out, f->base, err);
    }
    size_t bytes = tb_column_packed_bytes(n, f->width), list = (size_t)f->exceptions * TB_COLUMN_EXCEPTION;
    uint16_t exceptions = (uint16_t)f->exceptions;
    enum tb_status st = tb_buf_reserve(out, 12 + bytes + list + 8, err);
    if (st != TB_OK) {
        return st;
    }
    unsigned char *p = (unsigned char *)out->p + out->n;
    p[0] = TB_COLUMN_PACKED;
    p[1] = (unsigned char)f->width;
    memcpy(p + 2, &exceptions, 2);
    memcpy(p + 4, &f->base, 8);
    pack(v, n, f, p + 12, p + 12 + bytes);
    out->n += 12 + bytes + list;
    return TB_OK;
}

/* The largest of these that divides all: instants in seconds or milliseconds. */
static uint64_t divisor_of(const uint64_t *v, uint32_t n)
{
    static const int64_t tries[] = {1000000, 1000};
    for (size_t t = 0; t < sizeof tries / sizeof *tries; t++) {
        uint32_t i = 0;
        while (i < n && (int64_t)v[i] % tries[t] == 0) {
            i++;
        }
        if (i == n) {
            return (uint64_t)tries[t];
        }
    }
    return 1;
}

static uint64_t zigzag(uint64_t d)
{
    return d << 1 ^ (0 - (d >> 63));
}

static enum tb_status encode_growing(struct tb_buf *out, const uint64_t *v, uint32_t n, struct tb_err *err)
{
    uint64_t whole[TB_SEGMENT_ROWS], step[TB_SEGMENT_ROWS];
    uint64_t by = divisor_of(v, n);
    enum tb_status st = TB_OK;
    if (by != 1) {
        for (uint32_t i = 0; i < n; i++) {
            whole[i] = (uint64_t)((int64_t)v[i] / (int64_t)by);
        }
        v = whole;
        st = add_u8(out, TB_COLUMN_DIVIDED, err);
        if (st == TB_OK) {
            st = add(out, &by, 8, err);
        }
    }
    for (uint32_t i = 1; i < n; i++) {
        step[i] = zigzag(v[i] - v[i - 1]);
    }
    uint64_t before = n > 1
                          ? v[0] - (v[1] - v[0])
                          : v[0]; /* so that the first step is like the second: equal steps are a constant */
    step[0] = zigzag(v[0] - before);
    struct fit plain = fit_of(v, n), delta = fit_of(step, n);
    if (st != TB_OK || plain.bytes <= delta.bytes + 9) {
        return st == TB_OK ? add_fit(out, v, n, &plain, err) : st;
    }
    st = add_u8(out, TB_COLUMN_DELTA, err);
    if (st == TB_OK) {
        st = add(out, &before, 8, err);
    }
    return st == TB_OK ? add_fit(out, step, n, &delta, err) : st;
}

struct list {
    uint64_t value[TB_COLUMN_LISTED_MAX];
    uint32_t count;
    uint16_t slot[LIST_SLOTS]; /* 1 + index, 0 = free */
};

/* The index of v in the list, put there when new; TB_COLUMN_LISTED_MAX when it is full. */
static uint32_t list_index(struct list *l, uint64_t v)
{
    uint32_t i = (uint32_t)((v * UINT64_C(0x9E3779B97F4A7C15)) >> 54);
    while (l->slot[i] != 0) {
        if (l->value[l->slot[i] - 1] == v) {
            return l->slot[i] - 1u;
        }
        i = (i + 1) % LIST_SLOTS;
    }
    if (l->count == TB_COLUMN_LISTED_MAX) {
        return TB_COLUMN_LISTED_MAX;
    }
    l->value[l->count] = v;
    l->slot[i] = (uint16_t)++l->count;
    return l->count - 1;
}

static enum tb_status encode_fit(struct tb_buf *out, const uint64_t *v, uint32_t n, struct tb_err *err)
{
    struct fit f = fit_of(v, n);
    return add_fit(out, v, n, &f, err);
}

static enum tb_status encode_listed(struct tb_buf *out, const uint64_t *v, uint32_t n, struct tb_err *err)
{
    struct list l = {.count = 0};
    uint64_t index[TB_SEGMENT_ROWS];
    struct fit plain = plain_fit(v, n);
    for (uint32_t i = 0; i < n; i++) {
        index[i] = i > 0 && v[i] == v[i - 1] ? index[i - 1] : list_index(&l, v[i]);
        if (index[i] == TB_COLUMN_LISTED_MAX) {
            return encode_fit(out, v, n, err);
        }
    }
    struct fit indexes = {.width = bits_of(l.count - 1)};
    indexes.bytes = 12 + tb_column_packed_bytes(n, indexes.width);
    if (indexes.bytes + l.count * 8 + 3 >= plain.bytes) {
        return encode_fit(out, v, n, err);
    }
    uint16_t count = (uint16_t)l.count;
    enum tb_status st = add_u8(out, TB_COLUMN_LISTED, err);
    if (st == TB_OK) {
        st = add(out, &count, 2, err);
    }
    if (st == TB_OK) {
        st = add(out, l.value, l.count * sizeof *l.value, err);
    }
    return st == TB_OK ? add_fit(out, index, n, &indexes, err) : st;
}

enum tb_status tb_column_encode_constant(struct tb_buf *out, uint64_t v, struct tb_err *err)
{
    return add_constant(out, v, err);
}

enum tb_status tb_column_encode(struct tb_buf *out, const uint64_t *v, uint32_t n, enum tb_column_hint hint,
                                struct tb_err *err)
{
    assert(n > 0 && n <= TB_SEGMENT_ROWS);
    if (hint == TB_HINT_GROWS) {
        return encode_growing(out, v, n, err);
    }
    if (hint == TB_HINT_FEW) {
        return encode_listed(out, v, n, err);
    }
    return encode_fit(out, v, n, err);
}
