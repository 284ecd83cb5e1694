#include "input/unwrap_parts.h"

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/utf8.h"

/* Just enough JSON for the envelopes: where values end, and texts unescaped. What does not fit is "no
 * wrapper"; the format's scanner then judges the whole line. */

/* --- finding ends
 * ------------------------------------------------------------------------------------------------- */

const char *tb_json_blanks(const char *p, const char *end)
{
    while (p < end && tb_is_blank(*p)) {
        p++;
    }
    return p;
}

/* string_mask: one bit for each of the 16 bytes at p that ends a run of plain string text: quote, backslash,
 * control byte. nest_mask: the same for what nests: quote, braces, brackets. */

#ifdef __SSE2__

static inline unsigned mask_of(__m128i v, char c)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
}

static inline unsigned string_mask(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    __m128i low = _mm_min_epu8(v, _mm_set1_epi8(0x1f));
    return mask_of(v, '"') | mask_of(v, '\\') | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(low, v));
}

static inline unsigned nest_mask(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    /* [ and { are 0x5b and 0x7b, ] and } are 0x5d and 0x7d: alike but for one bit */
    __m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
    return mask_of(v, '"') | mask_of(folded, '{') | mask_of(folded, '}');
}

#else

static inline unsigned string_mask(const char *p)
{
    unsigned m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (unsigned)(p[i] == '"' || p[i] == '\\' || (unsigned char)p[i] < 0x20) << i;
    }
    return m;
}

static inline unsigned nest_mask(const char *p)
{
    unsigned m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (unsigned)(p[i] == '"' || (p[i] | 0x20) == '{' || (p[i] | 0x20) == '}') << i;
    }
    return m;
}

#endif

/* The first quote, backslash or control byte at or behind p; may be a little behind end. */
const char *tb_json_string_stop(const char *p, const char *end)
{
    for (; p < end; p += 16) {
        unsigned m = string_mask(p);
        if (m != 0) {
            return p + __builtin_ctz(m);
        }
    }
    return p;
}

/* p is behind the opening quote; returns behind the closing one, NULL when there is none. */
const char *tb_json_skip_string(const char *p, const char *end)
{
    for (;;) {
        p = tb_json_string_stop(p, end);
        if (p >= end) {
            return NULL;
        }
        if (*p == '"') {
            return p + 1;
        }
        if (*p != '\\') {
            return NULL; /* a bare control byte */
        }
        p += 2;
    }
}

/* p is at { or [; returns behind its partner, by counting; NULL when there is none. */
const char *tb_json_skip_nested(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        unsigned m = nest_mask(p);
        if (m == 0) {
            p += 16;
            continue;
        }
        p += __builtin_ctz(m);
        if (p >= end) {
            return NULL;
        }
        char c = *p++;
        if (c == '"') {
            p = tb_json_skip_string(p, end);
            if (p == NULL) {
                return NULL;
            }
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (--depth == 0) {
            return p;
        }
    }
    return NULL;
}

/* Behind the value at p: string, object, array or a bare word; NULL when it does not end. */
const char *tb_json_skip_value(const char *p, const char *end)
{
    if (p >= end) {
        return NULL;
    }
    if (*p == '"') {
        return tb_json_skip_string(p + 1, end);
    }
    if (*p == '{' || *p == '[') {
        return tb_json_skip_nested(p, end);
    }
    const char *from = p;
    while (p < end && *p != ',' && *p != '}' && *p != ']' && !tb_is_blank(*p)) {
        p++;
    }
    return p > from ? p : NULL;
}

bool tb_json_is_object(struct tb_str text)
{
    const char *end = text.s + text.n;
    return text.n >= 2 && text.s[0] == '{' && end[-1] == '}' && tb_json_skip_nested(text.s, end) == end;
}

bool tb_json_element(const char **at, const char *end, struct tb_str *element)
{
    const char *p = tb_json_blanks(*at, end);
    if (p < end && *p == ',') {
        p = tb_json_blanks(p + 1, end);
    }
    if (p >= end || *p == ']') {
        return false;
    }
    const char *q = tb_json_skip_nested(p, end);
    *element = (struct tb_str){p, (size_t)(q - p)};
    *at = q;
    return true;
}

bool tb_json_is_records(struct tb_str text, const char **first)
{
    const char *end = text.s + text.n;
    const char *p = text.s;
    if (text.n < 2 || *p != '[' || end[-1] != ']') {
        return false;
    }
    p = tb_json_blanks(p + 1, end);
    *first = p;
    if (p + 1 == end) {
        return true; /* a batch of none */
    }
    for (;;) {
        p = p < end && *p == '{' ? tb_json_skip_nested(p, end) : NULL;
        if (p == NULL) {
            return false;
        }
        p = tb_json_blanks(p, end);
        if (p + 1 == end) {
            return true; /* the ] */
        }
        if (p >= end || *p != ',') {
            return false;
        }
        p = tb_json_blanks(p + 1, end);
    }
}

/* --- unescaping
 * --------------------------------------------------------------------------------------------------- */

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

/* p is behind the opening quote. Copies the text to out (room for end - p + 16 bytes: escapes only shrink)
 * and returns behind the closing quote; NULL when the string is broken. 16 bytes at a time: log text has a
 * quote every ten. */
static const char *unescape(const char *p, const char *end, char **out)
{
    char *q = *out;
    while (p < end) {
        unsigned m = string_mask(p);
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
        if (*p != '\\' || p + 1 >= end) {
            return NULL;
        }
        char c = plain_escape(p[1]);
        if (c != '\0') {
            *q++ = c;
            p += 2;
        } else {
            p = p[1] == 'u' ? unescape_u(p + 2, end, &q) : NULL;
            if (p == NULL) {
                return NULL;
            }
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
