#include "load/codec.h"
#include <assert.h>
#include <string.h>

#define ROW_BYTES_MAX    464u /* 17 numbers of 10, 12 texts of 5, fixed parts, cost, signature */
#define DEFINE_BYTES_MAX 10u
#define REJECT_BYTES_MAX 48u
#define HEAD_BYTES_MAX   32u

static char *put(char *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (char)(v | 0x80);
        v >>= 7;
    }
    *p++ = (char)v;
    return p;
}

static char *put_signed(char *p, int64_t v)
{
    return put(p, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static char *put_bytes(char *p, const void *from, size_t n)
{
    memcpy(p, from, n);
    return p + n;
}

/* A view into the batch's text buffer, or absent. */
static char *put_view(char *p, const struct tb_batch *b, struct tb_str s)
{
    if (s.s == NULL) {
        return put(p, 0);
    }
    p = put(p, (uint64_t)(s.s - b->text) + 1);
    return put(p, s.n);
}

struct reader {
    const char *p, *end;
};

static uint64_t get(struct reader *r)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        assert(r->p < r->end && shift < 70);
        uint64_t c = (unsigned char)*r->p++;
        v |= (c & 0x7f) << shift;
        if (c < 0x80) {
            return v;
        }
    }
}

static int64_t get_signed(struct reader *r)
{
    uint64_t v = get(r);
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

static void get_bytes(struct reader *r, void *to, size_t n)
{
    assert((size_t)(r->end - r->p) >= n);
    memcpy(to, r->p, n);
    r->p += n;
}

static struct tb_str get_view(struct reader *r, const struct tb_batch *b)
{
    uint64_t at = get(r);
    if (at == 0) {
        return TB_STR_NULL;
    }
    uint64_t n = get(r);
    assert(at - 1 + n <= b->text_n);
    return (struct tb_str){b->text + at - 1, n};
}

/* The smaller fields in one byte, with a bit for the cost and one for the fingerprint. */
static unsigned char kinds_of(const struct tb_row *row)
{
    return (unsigned char)(row->quality | (row->has_cost ? 4 : 0) | (row->prompt_fingerprint != 0 ? 8 : 0) |
                           (row->signature.s != NULL ? 16 : 0));
}

static char *put_row(char *p, const struct tb_batch *b, uint32_t i, const struct tb_row *before)
{
    const struct tb_row *row = &b->rows[i];
    p = put_signed(p, (int64_t)((uint64_t)row->ts_us - (uint64_t)before->ts_us));
    p = put_bytes(p, &row->identity, sizeof row->identity);
    p = put_bytes(p, &row->payload, sizeof row->payload);
    p = put_view(p, b, row->id);
    p = put_signed(p, (int64_t)(row->line - before->line));
    p = put(p, b->places[i].byte);
    p = put(p, b->places[i].part);
    *p++ = (char)kinds_of(row);
    *p++ = (char)row->flags;
    for (int f = 0; f < TB_T_COUNT; f++) {
        p = put(p, row->text[f]);
    }
    p = put(p, row->present);
    for (uint32_t left = row->present; left != 0; left &= left - 1) {
        p = put_signed(p, row->number[__builtin_ctz(left)]);
    }
    if (row->has_cost) {
        p = put_bytes(p, &row->cost.mantissa, sizeof row->cost.mantissa);
        p = put_signed(p, row->cost.exponent);
    }
    if (row->prompt_fingerprint != 0) {
        p = put_bytes(p, &row->prompt_fingerprint, sizeof row->prompt_fingerprint);
    }
    if (row->signature.s != NULL) {
        p = put_view(p, b, row->signature);
    }
    return p;
}

static void get_row(struct reader *r, struct tb_batch *b, uint32_t i, const struct tb_row *before)
{
    struct tb_row *row = &b->rows[i];
    memset(row, 0, sizeof *row);
    row->ts_us = (int64_t)((uint64_t)before->ts_us + (uint64_t)get_signed(r));
    get_bytes(r, &row->identity, sizeof row->identity);
    get_bytes(r, &row->payload, sizeof row->payload);
    row->id = get_view(r, b);
    row->line = before->line + (uint64_t)get_signed(r);
    b->places[i].byte = get(r);
    b->places[i].part = get(r);
    unsigned char kinds;
    get_bytes(r, &kinds, 1);
    get_bytes(r, &row->flags, 1);
    row->quality = kinds & 3;
    row->has_cost = (kinds & 4) != 0;
    for (int f = 0; f < TB_T_COUNT; f++) {
        row->text[f] = (uint32_t)get(r);
    }
    row->present = (uint32_t)get(r);
    for (uint32_t left = row->present; left != 0; left &= left - 1) {
        row->number[__builtin_ctz(left)] = get_signed(r);
    }
    if (row->has_cost) {
        get_bytes(r, &row->cost.mantissa, sizeof row->cost.mantissa);
        row->cost.exponent = (int32_t)get_signed(r);
    }
    if ((kinds & 8) != 0) {
        get_bytes(r, &row->prompt_fingerprint, sizeof row->prompt_fingerprint);
    }
    if ((kinds & 16) != 0) {
        row->signature = get_view(r, b);
    }
}

enum tb_status tb_batch_encode(const struct tb_batch *b, struct tb_buf *out, struct tb_err *err)
{
    static const struct tb_row none;
    tb_buf_clear(out);
    size_t room = HEAD_BYTES_MAX + b->text_n + (size_t)b->n * ROW_BYTES_MAX +
                  (size_t)b->define_n * DEFINE_BYTES_MAX + (size_t)b->reject_n * REJECT_BYTES_MAX;
    enum tb_status st = tb_buf_reserve(out, room, err);
    if (st != TB_OK) {
        return st;
    }
    char *p = put(out->p, b->fresh);
    p = put(p, b->text_n);
    p = put(p, b->n);
    p = put(p, b->define_n);
    p = put(p, b->define_first);
    p = put(p, b->reject_n);
    p = put_bytes(p, b->text, b->text_n);
    for (uint32_t i = 0; i < b->n; i++) {
        p = put_row(p, b, i, i > 0 ? &b->rows[i - 1] : &none);
    }
    for (uint32_t i = 0; i < b->define_n; i++) {
        p = put_view(p, b, b->defines[i]);
    }
    for (uint32_t i = 0; i < b->reject_n; i++) {
        const struct tb_reject *r = &b->rejects[i];
        p = put(p, r->line);
        p = put(p, r->byte);
        p = put(p, r->part);
        p = put_bytes(p, &r->reason, sizeof r->reason);
        p = put_view(p, b, r->excerpt);
    }
    out->n = (size_t)(p - out->p);
    assert(out->n <= room);
    return TB_OK;
}

void tb_batch_decode(struct tb_str bytes, struct tb_batch *b)
{
    static const struct tb_row none;
    struct reader r = {bytes.s, bytes.s + bytes.n};
    tb_batch_clear(b);
    b->fresh = get(&r) != 0;
    b->text_n = (uint32_t)get(&r);
    b->n = (uint32_t)get(&r);
    b->define_n = (uint32_t)get(&r);
    b->define_first = (uint32_t)get(&r);
    b->reject_n = (uint32_t)get(&r);
    assert(b->text_n <= b->bounds->batch_text_bytes && b->n <= b->bounds->batch_rows);
    get_bytes(&r, b->text, b->text_n);
    for (uint32_t i = 0; i < b->n; i++) {
        get_row(&r, b, i, i > 0 ? &b->rows[i - 1] : &none);
    }
    for (uint32_t i = 0; i < b->define_n; i++) {
        b->defines[i] = get_view(&r, b);
    }
    for (uint32_t i = 0; i < b->reject_n; i++) {
        struct tb_reject *j = &b->rejects[i];
        j->line = get(&r);
        j->byte = get(&r);
        j->part = get(&r);
        get_bytes(&r, &j->reason, sizeof j->reason);
        j->excerpt = get_view(&r, b);
    }
    assert(r.p == r.end);
}
