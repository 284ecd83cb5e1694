#include "base/utf8.h"

#include <assert.h>

#define REPLACEMENT 0xFFFDu

/* How a sequence that begins with a byte goes on: its length and the range its second byte must be in (RFC
 * 3629: this keeps out overlong forms, surrogates and what is behind U+10FFFF). Length 0: no such lead byte.
 */
struct lead {
    unsigned length;
    unsigned char low;
    unsigned char high;
};

static struct lead lead_of(unsigned char c)
{
    if (c < 0x80) {
        return (struct lead){1, 0, 0};
    }
    if (c < 0xC2 || c > 0xF4) {
        return (struct lead){0, 0, 0};
    }
    if (c < 0xE0) {
        return (struct lead){2, 0x80, 0xBF};
    }
    if (c < 0xF0) {
        return (struct lead){3, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF};
    }
    return (struct lead){4, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF};
}

/* The bytes at p (n > 0) that belong together: a whole character (*whole), or the longest beginning of one,
 * at least one byte: "maximal subpart" of Unicode 15, section 3.9, which is replaced as one. */
static size_t part_at(const char *p, size_t n, bool *whole)
{
    assert(n > 0);
    const unsigned char *u = (const unsigned char *)p;
    struct lead l = lead_of(u[0]);
    size_t i = 1;
    if (l.length > 1 && n > 1 && u[1] >= l.low && u[1] <= l.high) {
        for (i = 2; i < l.length && i < n && (u[i] & 0xC0) == 0x80; i++) {
        }
    }
    *whole = i == l.length;
    return i;
}

bool tb_utf8_valid(struct tb_str s)
{
    bool whole = true;
    for (size_t i = 0; i < s.n && whole;) {
        if ((unsigned char)s.s[i] < 0x80) {
            i++;
            continue;
        }
        i += part_at(s.s + i, s.n - i, &whole);
    }
    return whole;
}

uint32_t tb_utf8_decode(const char *p, size_t n, size_t *length)
{
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    bool whole = false;
    size_t k = part_at(p, n, &whole);
    if (!whole) {
        *length = 1;
        return REPLACEMENT;
    }
    uint32_t cp = (unsigned char)p[0] & (uint32_t)lead_bits[k];
    for (size_t i = 1; i < k; i++) {
        cp = cp << 6 | ((unsigned char)p[i] & 0x3Fu);
    }
    *length = k;
    return cp;
}

size_t tb_utf8_encode(uint32_t cp, char out[4])
{
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
        cp = REPLACEMENT;
    }
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

uint32_t tb_utf8_take(struct tb_str s, size_t *i)
{
    bool whole = false;
    size_t length = 0;
    uint32_t cp = REPLACEMENT;
    size_t k = part_at(s.s + *i, s.n - *i, &whole);
    if (whole) {
        cp = tb_utf8_decode(s.s + *i, k, &length);
    }
    *i += k;
    return cp;
}

size_t tb_utf8_repair(struct tb_str s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        n += tb_utf8_encode(tb_utf8_take(s, &i), out + n);
    }
    return n;
}

bool tb_utf8_steers(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x061C || cp == 0x200E || cp == 0x200F ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069);
}

static bool is_newline(uint32_t cp)
{
    return cp == '\n' || cp == '\r' || cp == 0x2028 || cp == 0x2029;
}

size_t tb_utf8_printable(struct tb_str s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp = tb_utf8_take(s, &i);
        if (cp == '\t' || is_newline(cp)) {
            cp = ' ';
        }
        if (!tb_utf8_steers(cp) && cp != 0xFFFE && cp != 0xFFFF) {
            n += tb_utf8_encode(cp, out + n);
        }
    }
    return n;
}

size_t tb_utf8_chars(struct tb_str s)
{
    size_t chars = 0;
    size_t length = 0;
    for (size_t i = 0; i < s.n; i += length) {
        (void)tb_utf8_decode(s.s + i, s.n - i, &length);
        chars++;
    }
    return chars;
}
