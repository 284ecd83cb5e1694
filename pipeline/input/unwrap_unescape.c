#include "input/unwrap_block.h"
#include "input/unwrap_parts.h"

#include "base/escaped.h"
#include "base/utf8.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Texts out of JSON strings. Most escapes in a wrapped log line only drop a backslash (\" \\ \/), one in ten bytes: these
 * are dropped 64 bytes at a time where the processor can (BMI2); the others, and the rest, 16 bytes at a time. */

static int hex4(const char *p, const char *end)
{
    int v = 0;
    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0) {
            return -1;
        }
        v = v << 4 | d;
    }
    return v;
}

/* p is behind \u; writes UTF-8. Half a surrogate pair is an error. */
static const char *unescape_u(const char *p, const char *end, char **out)
{
    int hi = hex4(p, end);
    if (hi < 0) {
        return NULL;
    }
    p += 4;
    uint32_t cp = (uint32_t)hi;
    if (hi >= 0xd800 && hi < 0xe000) {
        int lo = hi < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, end) : -1;
        if (lo < 0xdc00 || lo > 0xdfff) {
            return NULL;
        }
        cp = 0x10000 + ((cp - 0xd800) << 10) + ((uint32_t)lo - 0xdc00);
        p += 6;
    }
    *out += tb_utf8_encode(cp, *out);
    return p;
}

static char plain_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return '\0';
    }
}

#ifdef __x86_64__

static bool has_bmi2(void)
{
    return __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

/* Copies 64 bytes without those that are not in keep; returns how many. */
__attribute__((target("bmi2,popcnt"))) static inline size_t squeeze(char *q, const char *p, uint64_t keep)
{
    char *start = q;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t eight, which = keep >> i & 0xff;
        memcpy(&eight, p + i, 8);
        eight = _pext_u64(eight, _pdep_u64(which, UINT64_C(0x0101010101010101)) * 0xff);
        memcpy(q, &eight, 8);
        q += __builtin_popcountll(which);
    }
    return (size_t)(q - start);
}

/* Goes over whole blocks that hold neither the string's end nor an escape that makes another byte. */
__attribute__((target("bmi2,popcnt"))) static void unescape_blocks(const char **from, const char *end,
                                                                   char **to)
{
    const char *p = *from;
    char *q = *to;
    uint64_t carry = 0;
    while (end - p >= 64) {
        uint64_t before = carry;
        struct tb_block b = tb_block_of(p);
        uint64_t escaped = tb_escaped(b.backslash, &carry);
        uint64_t simple = b.quote | b.backslash | b.slash;
        if ((b.control | (b.quote & ~escaped) | (escaped & ~simple)) != 0) {
            carry = before;
            break;
        }
        q += squeeze(q, p, ~(b.backslash & ~escaped));
        p += 64;
    }
    *from = p - carry; /* an escape that began in the block before is read again */
    *to = q;
}

#else

static bool has_bmi2(void)
{
    return false;
}

static void unescape_blocks(const char **from, const char *end, char **to)
{
    (void)from;
    (void)end;
    (void)to;
}

#endif

/* One escape: p is at the backslash. */
static const char *unescape_one(const char *p, const char *end, char **q)
{
    if (p + 1 >= end) {
        return NULL;
    }
    char c = plain_escape(p[1]);
    if (c != '\0') {
        *(*q)++ = c;
        return p + 2;
    }
    return p[1] == 'u' ? unescape_u(p + 2, end, q) : NULL;
}

/* p is behind the opening quote. Copies the text to out (room for end - p + 16 bytes: escapes only shrink) and returns
 * behind the closing quote; NULL when the string is broken. */
static const char *unescape(const char *p, const char *end, char **out)
{
    char *q = *out;
    bool blocks = has_bmi2();
    const char *retry = p; /* blocks are tried from here on */
    while (p < end) {
        if (blocks && p >= retry) {
            unescape_blocks(&p, end, &q);
            retry = p + 64;
        }
        unsigned m = tb_string_mask(p);
        memcpy(q, p, 16);
        if (m == 0) {
            p += 16;
            q += 16;
            continue;
        }
        p += __builtin_ctz(m);
        q += __builtin_ctz(m);
        if (p >= end) {
            return NULL;
        }
        if (*p == '"') {
            *out = q;
            return p + 1;
        }
        p = *p == '\\' ? unescape_one(p, end, &q) : NULL;
        if (p == NULL) {
            return NULL;
        }
    }
    return NULL;
}

/* The string at p (behind its quote) as text in scratch, with slack behind; NULL when broken or without
 * memory. */
const char *tb_json_text_of(const char *p, const char *end, struct tb_buf *scratch, struct tb_str *text)
{
    tb_buf_clear(scratch);
    if (tb_buf_reserve(scratch, (size_t)(end - p) + TB_TEXT_SLACK, NULL) != TB_OK) {
        return NULL;
    }
    char *out = scratch->p;
    p = unescape(p, end, &out);
    if (p != NULL) {
        scratch->n = (size_t)(out - scratch->p);
        memset(out, 0, TB_TEXT_SLACK);
        *text = (struct tb_str){scratch->p, scratch->n};
    }
    return p;
}

/* journald writes what is not UTF-8 as an array of byte values. p is behind the [. */
const char *tb_json_bytes_of(const char *p, const char *end, struct tb_buf *scratch, struct tb_str *text)
{
    tb_buf_clear(scratch);
    if (tb_buf_reserve(scratch, (size_t)(end - p) + TB_TEXT_SLACK, NULL) != TB_OK) {
        return NULL;
    }
    size_t n = 0;
    p = tb_json_blanks(p, end);
    while (p < end && *p != ']') {
        unsigned v = 0;
        const char *from = p;
        for (; p < end && *p >= '0' && *p <= '9' && p - from < 3; p++) {
            v = v * 10 + (unsigned)(*p - '0');
        }
        if (p == from || v > 255) {
            return NULL;
        }
        scratch->p[n++] = (char)v;
        p = tb_json_blanks(p, end);
        if (p < end && *p == ',') {
            p = tb_json_blanks(p + 1, end);
            if (p < end && *p == ']') {
                return NULL;
            }
        } else if (p >= end || *p != ']') {
            return NULL;
        }
    }
    if (p >= end) {
        return NULL;
    }
    scratch->n = n;
    memset(scratch->p + n, 0, TB_TEXT_SLACK);
    *text = (struct tb_str){scratch->p, n};
    return p + 1;
}
