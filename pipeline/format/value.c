#include "format/value.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "base/utf8.h"

/* --- the pad -------------------------------------------------------------------------------------------------------------- */

char *tb_pad_room(struct tb_pad *pad, size_t n)
{
    assert(n <= TB_PAD_CHUNK_BYTES);
    if (pad->chunk[pad->at] != NULL && pad->used + n > TB_PAD_CHUNK_BYTES) {
        if (pad->at + 1 == TB_PAD_CHUNKS) {
            pad->failed = true;
            return NULL;
        }
        pad->at++;
        pad->used = 0;
    }
    if (pad->chunk[pad->at] == NULL && (pad->chunk[pad->at] = malloc(TB_PAD_CHUNK_BYTES)) == NULL) {
        pad->failed = true;
        return NULL;
    }
    char *room = pad->chunk[pad->at] + pad->used;
    pad->used += n;
    return room;
}

void tb_pad_release(struct tb_pad *pad)
{
    for (unsigned i = 0; i < TB_PAD_CHUNKS; i++) {
        free(pad->chunk[i]);
    }
    memset(pad, 0, sizeof *pad);
}

/* --- texts ---------------------------------------------------------------------------------------------------------------- */

static bool is_end(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

struct tb_str tb_value_raw(const struct tb_scan *s, const struct tb_value *v)
{
    if (v->type == TB_V_STRING) {
        return (struct tb_str){s->line + v->at, v->n};
    }
    size_t end = v->at;
    while (end < s->n && !is_end(s->line[end])) {
        end++;
    }
    return (struct tb_str){s->line + v->at, end - v->at};
}

bool tb_value_same_key(struct tb_str a, struct tb_str b)
{
    if (memchr(a.s, '\\', a.n) == NULL && memchr(b.s, '\\', b.n) == NULL) {
        return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
    }
    char *pa = malloc(a.n + b.n + 8); /* keys with escapes under `*`: so rare that memory does not matter */
    if (pa == NULL) {
        return false;
    }
    char *pb = pa + a.n + 4;
    size_t na = tb_value_unescape(a, pa, a.n + 4), nb = tb_value_unescape(b, pb, b.n + 4);
    bool same = na == nb && memcmp(pa, pb, na) == 0;
    free(pa);
    return same;
}

#define TEXT_MAX 2048

/* Cuts text at a character boundary and puts "~" and a digest of raw behind. */
static size_t cut(char *text, size_t n, size_t max, struct tb_str raw)
{
    char digest[20];
    int d = snprintf(digest, sizeof digest, "~%016llx", (unsigned long long)tb_hash64(raw.s, raw.n, 0));
    size_t keep = max - (size_t)d < n ? max - (size_t)d : n;
    while (keep > 0 && keep < n && (text[keep] & 0xC0) == 0x80) {
        keep--;
    }
    memcpy(text + keep, digest, (size_t)d);
    return keep + (size_t)d;
}

struct tb_str tb_value_decode(struct tb_str raw, size_t max, struct tb_pad *pad)
{
    assert(max < TEXT_MAX);
    if (raw.n <= max && tb_value_is_plain(raw, true)) {
        return raw;
    }
    char plain[TEXT_MAX + 32];
    size_t n = tb_value_unescape(raw, plain, sizeof plain);
    char *room = tb_pad_room(pad, 3 * n + 32);
    if (room == NULL) {
        return TB_STR_NULL;
    }
    size_t length = n;
    if (tb_value_is_plain((struct tb_str){plain, n}, false)) {
        memcpy(room, plain, n);
    } else {
        length = tb_utf8_repair((struct tb_str){plain, n}, room);
    }
    if (length > max) {
        length = cut(room, length, max, raw);
    }
    pad->used -= 3 * n + 32 - length;
    return (struct tb_str){room, length};
}

struct tb_str tb_value_text(const struct tb_scan *s, const struct tb_value *v, size_t max, struct tb_pad *pad)
{
    if (v->type < TB_V_TRUE || v->type >= TB_V_OBJECT) {
        return TB_STR_NULL;
    }
    return tb_value_decode(tb_value_raw(s, v), max, pad);
}

int tb_value_bool(const struct tb_scan *s, const struct tb_value *v)
{
    static const char *const words[] = {"false", "False", "FALSE", "f", "0",
                                        "true",  "True",  "TRUE",  "t", "1"};
    struct tb_str raw = tb_value_raw(s, v);
    for (int i = 0; v->type < TB_V_OBJECT && i < 10; i++) {
        if (tb_str_eq(raw, tb_str_of(words[i]))) {
            return i >= 5;
        }
    }
    return -1;
}

/* --- numbers -------------------------------------------------------------------------------------------------------------- */

static bool is_blank(struct tb_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.s[i] != ' ') {
            return false;
        }
    }
    return true;
}

/* Whether s has the form of a number, so that not fitting is a matter of range. */
static bool looks_like_number(struct tb_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("0123456789+-.eE", s.s[i]) == NULL || s.s[i] == 0) {
            return false;
        }
    }
    return s.n > 0;
}

/* The usual case of a cost: digits, a point, digits, 15 in all at most. False: it is not that. */
static bool plain_fraction(const char *p, struct tb_decimal *out)
{
    static const int64_t power[] = {
        1,           10,           100,           1000,           10000,
        100000,      1000000,      10000000,      100000000,      1000000000,
        10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000};
    int64_t whole, rest;
    unsigned n = tb_value_run(p, &whole);
    if (n - 1 >= 14 || p[n] != '.') {
        return false;
    }
    unsigned behind = tb_value_run(p + n + 1, &rest);
    if (behind == 0 || n + behind > 15 || !tb_value_ends(p[n + 1 + behind])) {
        return false;
    }
    int64_t m = whole * power[behind] + rest;
    int32_t exponent = -(int32_t)behind;
    for (; m != 0 && m % 10 == 0; m /= 10) {
        exponent++;
    }
    *out = (struct tb_decimal){m, m == 0 ? 0 : exponent};
    return true;
}

enum tb_number_end tb_value_decimal(const struct tb_scan *s, const struct tb_value *v, struct tb_decimal *out)
{
    if (v->type <= TB_V_NULL) {
        return TB_NUMBER_ABSENT;
    }
    if (v->type != TB_V_NUMBER && v->type != TB_V_STRING) {
        return TB_NUMBER_BAD;
    }
    if (v->type == TB_V_NUMBER && plain_fraction(s->line + v->at, out)) {
        return TB_NUMBER_OK;
    }
    struct tb_str raw = tb_value_raw(s, v);
    if (v->type == TB_V_STRING && is_blank(raw)) {
        return TB_NUMBER_ABSENT;
    }
    if (tb_decimal_parse(raw, v->type == TB_V_NUMBER, out)) {
        return TB_NUMBER_OK;
    }
    return v->type == TB_V_NUMBER || looks_like_number(raw) ? TB_NUMBER_RANGE : TB_NUMBER_BAD;
}

static enum tb_number_end quotient(tb_int128 num, tb_int128 den, bool more, enum tb_rounding r, int64_t *out)
{
    tb_int128 q = num / den, rest = num % den;
    if ((rest != 0 || more) && r == TB_ROUND_NOT) {
        return TB_NUMBER_BAD;
    }
    tb_int128 twice = rest < 0 ? -2 * rest : 2 * rest;
    if (r == TB_ROUND_HALF_AWAY && twice >= den) {
        q += num < 0 ? -1 : 1;
    }
    if (q > INT64_MAX || q < INT64_MIN) {
        return TB_NUMBER_RANGE;
    }
    *out = (int64_t)q;
    return TB_NUMBER_OK;
}

enum tb_number_end tb_value_whole(const struct tb_decimal *d, int64_t mul, int64_t div, enum tb_rounding r,
                                  int64_t *out)
{
    const tb_int128 big =
        (tb_int128)1000000000000000000 * 1000000000; /* 10^27: times any unit it still fits */
    tb_int128 m = d->mantissa, den = div;
    int32_t e = d->exponent;
    bool more = false;
    for (; e < 0 && (m > big || m < -big); e++) {
        more = more || m % 10 != 0;
        m /= 10;
    }
    for (; e > 0 && m != 0; e--, m *= 10) {
        if (m > big || m < -big) {
            return TB_NUMBER_RANGE;
        }
    }
    if (m > big || m < -big) {
        return TB_NUMBER_RANGE;
    }
    for (; e < 0 && den <= big; e++) {
        den *= 10;
    }
    if (e < 0 && m != 0) { /* far below 1 */
        return quotient(0, 1, true, r, out);
    }
    return quotient(m * mul, den, more, r, out);
}

enum tb_number_end tb_value_int(const struct tb_scan *s, const struct tb_value *v, int64_t mul, int64_t div,
                                enum tb_rounding r, int64_t *out)
{
    int64_t x;
    if (v->type == TB_V_NUMBER && div == 1 && tb_value_digits(s, v, &x)) {
        return __builtin_mul_overflow(x, mul, out) ? TB_NUMBER_RANGE : TB_NUMBER_OK;
    }
    struct tb_decimal d;
    enum tb_number_end end = tb_value_decimal(s, v, &d);
    return end != TB_NUMBER_OK ? end : tb_value_whole(&d, mul, div, r, out);
}
