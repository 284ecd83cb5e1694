/* Concept: reading the values that the walk found: texts, numbers, instants.
 * Shape:   texts come out as valid UTF-8 (invalid bytes and lone surrogates become U+FFFD). A number may stand in quotes.
 * Owns:    nothing: a text is a view of the line, or of the pad when it had to be decoded; valid until tb_pad_clear.
 *          Raw bytes handed in stand in a line: 16 bytes behind them may be read.
 */
#ifndef TB_VALUE_H
#define TB_VALUE_H

#if defined(__x86_64__)
#include <emmintrin.h>
#endif
#include <string.h>
#include "base/decimal.h"
#include "base/str.h"
#include "format/walk.h"

#define TB_PAD_CHUNKS      512 /* 16 MiB, as much as a line */
#define TB_PAD_CHUNK_BYTES (32u << 10)

struct tb_pad { /* where decoded texts of one line go; they do not move */
    char *chunk[TB_PAD_CHUNKS];
    unsigned at;
    size_t used;
    bool failed; /* some text found no room: the line must not become an event without it */
};

enum tb_number_end { TB_NUMBER_OK, TB_NUMBER_ABSENT, TB_NUMBER_BAD, TB_NUMBER_RANGE };
enum tb_rounding {
    TB_ROUND_NOT,
    TB_ROUND_HALF_AWAY,
    TB_ROUND_CUT
}; /* _NOT: the value must be whole, else BAD */

/* The bytes of a string as they stand between its quotes, of another scalar as they stand. */
struct tb_str tb_value_raw(const struct tb_scan *s, const struct tb_value *v);

/* Decodes the escapes of s into out until s ends or fewer than 4 of size bytes are left; returns the length. Lone
 * surrogates and U+0000 become U+FFFD; invalid UTF-8 stays. size >= s.n + 4 takes all of s. */
size_t tb_value_unescape(struct tb_str s, char *out, size_t size);

/* Whether two keys, as they stand, decode to the same bytes. */
bool tb_value_same_key(struct tb_str a, struct tb_str b);

/* Bit i: byte i of the 16 at p is not ASCII, or, with slash, is a backslash. */
static inline uint32_t tb_value_special16(const char *p, bool slash)
{
#if defined(__x86_64__)
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i s = slash ? _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')) : _mm_setzero_si128();
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(v, s));
#else
    uint32_t m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)((p[i] & 0x80) != 0 || (slash && p[i] == '\\')) << i;
    }
    return m;
#endif
}

/* Whether s is ASCII, and, with slash, holds no backslash. 16 bytes behind s may be read: texts stand in lines. */
static inline bool tb_value_is_plain(struct tb_str s, bool slash)
{
    for (size_t i = 0; i < s.n; i += 16) {
        uint32_t rest = s.n - i >= 16 ? 0xffff : (1u << (s.n - i)) - 1;
        if ((tb_value_special16(s.s + i, slash) & rest) != 0) {
            return false;
        }
    }
    return true;
}

/* Raw bytes between quotes as text of at most max bytes: a longer one is cut, with "~" and a digest of all of it behind.
 * Absent without memory. */
struct tb_str tb_value_decode(struct tb_str raw, size_t max, struct tb_pad *pad);

/* The text of a scalar. Absent for null, objects and arrays. */
struct tb_str tb_value_text(const struct tb_scan *s, const struct tb_value *v, size_t max,
                            struct tb_pad *pad);

/* A number or a string that holds one. null and blank strings are absent. */
enum tb_number_end tb_value_decimal(const struct tb_scan *s, const struct tb_value *v,
                                    struct tb_decimal *out);

/* d * mul / div as a whole number. */
enum tb_number_end tb_value_whole(const struct tb_decimal *d, int64_t mul, int64_t div, enum tb_rounding r,
                                  int64_t *out);

/* The two in one, quick for plain integers. */
enum tb_number_end tb_value_int(const struct tb_scan *s, const struct tb_value *v, int64_t mul, int64_t div,
                                enum tb_rounding r, int64_t *out);

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "digits are read eight at a time, the first one lowest");

/* The number that 8 digits make, which stand in x as values 0 to 9, the first one lowest. */
static inline uint64_t tb_value_eight(uint64_t x)
{
    x = x * 10 + (x >> 8);
    x = (x & UINT64_C(0x00ff00ff00ff00ff)) * ((UINT64_C(100) << 16) + 1) >> 16;
    return (x & UINT64_C(0x0000ffff0000ffff)) * ((UINT64_C(10000) << 32) + 1) >> 32;
}

/* How many digits stand at p, up to 8, and their number; without a branch for how many. */
static inline unsigned tb_value_up_to_eight(const char *p, uint64_t *number)
{
    uint64_t d;
    memcpy(&d, p, sizeof d);
    d ^= UINT64_C(0x3030303030303030);
    uint64_t others = ((d + UINT64_C(0x7676767676767676)) | d) & UINT64_C(0x8080808080808080);
    unsigned n = others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
    *number = n == 0 ? 0 : tb_value_eight(d << (64 - 8 * n));
    return n;
}

/* The same up to 16, of which 15 are sure to fit. */
static inline unsigned tb_value_run(const char *p, int64_t *number)
{
    static const uint32_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t first, more;
    unsigned n = tb_value_up_to_eight(p, &first);
    if (n == 8) {
        unsigned behind = tb_value_up_to_eight(p + 8, &more);
        first = first * power[behind] + more;
        n += behind;
    }
    *number = (int64_t)first;
    return n;
}

static inline bool tb_value_ends(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ';
}

/* The usual case: at most 15 digits and nothing else. */
static inline bool tb_value_digits(const struct tb_scan *s, const struct tb_value *v, int64_t *out)
{
    const char *p = s->line + v->at;
    unsigned n = tb_value_run(p, out);
    return n - 1 < 15 && tb_value_ends(p[n]);
}

/* -1 neither, else 0 or 1: booleans, 0/1, and the words of the usual exports (t f true false True False). */
int tb_value_bool(const struct tb_scan *s, const struct tb_value *v);

/* n <= TB_PAD_CHUNK_BYTES bytes of room, or NULL without memory. */
char *tb_pad_room(struct tb_pad *pad, size_t n);
static inline void tb_pad_clear(struct tb_pad *pad)
{
    pad->at = 0;
    pad->used = 0;
    pad->failed = false;
}
void tb_pad_release(struct tb_pad *pad);

#endif
