/* JSON's escapes, decoded. Texts in logs hold one in a few dozen bytes (a newline, or a quote, of a prompt); where the processor can,
 * 64 bytes are decoded at once, however many escapes they hold. */
#include "base/escaped.h"
#include "base/utf8.h"
#include "format/scan_masks.h"
#include "format/value.h"

static uint32_t hex4(const char *p)
{
    uint32_t x = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        x = x << 4 | (c <= '9' ? c - (uint32_t)'0' : (c | 0x20u) - 'a' + 10u);
    }
    return x;
}

/* The code point of the \u escape at p (n bytes there) and how many bytes it takes. */
static uint32_t unescape_u(const char *p, size_t n, size_t *length)
{
    uint32_t cp = hex4(p + 2);
    *length = 6;
    if (cp >= 0xDC00 && cp < 0xE000) {
        return 0xFFFD;
    }
    if (cp >= 0xD800 && cp < 0xDC00) {
        uint32_t low = n >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : 0;
        if (low < 0xDC00 || low >= 0xE000) {
            return 0xFFFD;
        }
        *length = 12;
        return 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    return cp == 0 ? 0xFFFD : cp;
}

/* Copies 16 bytes; bit i tells that byte i is a backslash. */
static inline uint32_t copy16(const char *from, char *to)
{
#if defined(__x86_64__)
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, v);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
#else
    uint32_t m = 0;
    memcpy(to, from, 16);
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)(from[i] == '\\') << i;
    }
    return m;
#endif
}

/* Copies up to the first backslash, or until fewer than 16 bytes are left to read or to write; how many. */
static inline size_t copy_plain(struct tb_str from, char *to, size_t room)
{
    size_t n = from.n < room ? from.n : room, i = 0;
    for (; i + 16 <= n; i += 16) {
        uint32_t slash = copy16(from.s + i, to + i);
        if (slash != 0) {
            return i + (size_t)__builtin_ctz(slash);
        }
    }
    for (; i < n && from.s[i] != '\\'; i++) {
        to[i] = from.s[i];
    }
    return i;
}

/* Decodes the escape at the head of s to out; how many bytes it takes, and in *n how many it gives. */
static size_t unescape_one(struct tb_str s, char *out, size_t *n)
{
    static const char plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    size_t length = 2;
    *n = 1;
    if (s.n < 2) { /* a lone backslash: only in text that nobody validated */
        out[0] = '\\';
        return 1;
    }
    if (s.s[1] == 'u' && s.n >= 6) {
        *n = tb_utf8_encode(unescape_u(s.s, s.n, &length), out);
        return length;
    }
    char c = plain[(unsigned char)s.s[1]];
    out[0] = c != 0 ? c : s.s[1];
    return length;
}

/* --- 64 bytes at a time ------------------------------------------------------------------------------------------------------- */

#define BLOCK 64

#if defined(__x86_64__)
static bool has_blocks(void)
{
    return strcmp(tb_scan_isa(), "avx512") == 0;
}

/* Decodes whole blocks, up to one with a \u or with an escape that goes on in the next: those are for unescape_one. */
static AVX512 void unescape_blocks(struct tb_str *from, char **to, size_t room)
{
    /* what a byte from 64 to 127 stands for behind a backslash; quotes and slashes, below, stand for themselves */
    static const char means[BLOCK + 1] =
        "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`a\bcde\fghijklm\nopq\rs\tuvwxyz{|}~\x7f";
    const __m512i table = _mm512_loadu_si512(means), bit6 = _mm512_set1_epi8(64);
    char *out = *to;
    size_t i = 0;
    for (; from->n - i >= BLOCK && room >= BLOCK; i += BLOCK) {
        __m512i v = _mm512_loadu_si512(from->s + i);
        uint64_t on = 0, slash = EQ1('\\'), escaped = tb_escaped(slash, &on);
        if ((EQ1('u') & escaped) != 0 || on != 0) {
            break;
        }
        uint64_t letters = escaped & _mm512_test_epi8_mask(v, bit6) & ~_mm512_movepi8_mask(v);
        v = _mm512_mask_permutexvar_epi8(v, letters, v, table);
        uint64_t keep = ~(slash & ~escaped);
        _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(keep, v));
        size_t given = (size_t)__builtin_popcountll(keep);
        out += given;
        room -= given;
    }
    *from = (struct tb_str){from->s + i, from->n - i};
    *to = out;
}
#else
static bool has_blocks(void)
{
    return false;
}

static void unescape_blocks(struct tb_str *from, char **to, size_t room)
{
    (void)from, (void)to, (void)room;
}
#endif

size_t tb_value_unescape(struct tb_str s, char *out, size_t size)
{
    bool blocks = s.n >= 2 * BLOCK && has_blocks();
    char *to = out;
    size_t given;
    while (s.n > 0 && size - (size_t)(to - out) >= 4) {
        if (blocks) {
            unescape_blocks(&s, &to, size - 3 - (size_t)(to - out));
        }
        size_t copied = copy_plain(s, to, size - 3 - (size_t)(to - out));
        s = (struct tb_str){s.s + copied, s.n - copied};
        to += copied;
        if (s.n > 0 && size - (size_t)(to - out) >= 4) {
            size_t taken = unescape_one(s, to, &given);
            s = (struct tb_str){s.s + taken, s.n - taken};
            to += given;
        }
    }
    return (size_t)(to - out);
}
