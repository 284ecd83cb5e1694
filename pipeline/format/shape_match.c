/* Comparing a line with one shape, with each instruction set. */
#include <string.h>
#include "base/escaped.h"
#include "format/scan_masks.h"
#include "format/shape_inside.h"
#include "format/strict.h"

#define BACK_BYTES_MAX 64 /* of a value that is measured from its end */

static inline bool is_end(unsigned char c)
{
    return c == ',' || c == '}' || c == ']' || c <= ' ';
}

/* How many of n bytes are equal before the first that is not. */
static size_t alike(const unsigned char *a, const unsigned char *b, size_t n)
{
    size_t i = 0;
    while (i < n && a[i] == b[i]) {
        i++;
    }
    return i;
}

static inline uint64_t load8(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, 8);
    return x;
}

static inline uint32_t load4(const unsigned char *p)
{
    uint32_t x;
    memcpy(&x, p, 4);
    return x;
}

static bool is_hex(unsigned char c)
{
    return (unsigned)(c - '0') < 10 || (unsigned)((c | 0x20) - 'a') < 6;
}

static bool four_hex(const unsigned char *p)
{
    return is_hex(p[0]) && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]);
}

static size_t scalar_end_slow(const unsigned char *line, size_t n, size_t at)
{
    size_t end = at;
    while (end < n && !is_end(line[end]) && line[end] != ':' && line[end] != '"' && line[end] != '[' &&
           line[end] != '{') {
        end++;
    }
    return tb_strict_scalar((const char *)line + at, end - at) ? end : 0;
}

/* Behind the e at at: the end of its digits; at itself when there are none. */
static inline size_t exponent_end(const unsigned char *line, size_t n, size_t at)
{
    size_t i = at + 1;
    i += i < n && (line[i] == '+' || line[i] == '-');
    size_t digits = i;
    while (i < n && (unsigned)(line[i] - '0') < 10) {
        i++;
    }
    return i > digits ? i : at;
}

INLINE bool equal16_c(const unsigned char *a, const unsigned char *b)
{
    return ((load8(a) ^ load8(b)) | (load8(a + 8) ^ load8(b + 8))) == 0;
}

INLINE bool equal32_c(const unsigned char *a, const unsigned char *b)
{
    return equal16_c(a, b) && equal16_c(a + 16, b + 16);
}

INLINE uint32_t special16_c(const unsigned char *p)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)(p[i] == '"' || p[i] == '\\' || p[i] < 0x20) << i;
    }
    return m;
}

INLINE uint32_t same16_c(const unsigned char *p, unsigned char c)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)(p[i] == c) << i;
    }
    return m;
}

INLINE uint32_t not_digit16_c(const unsigned char *p)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (uint32_t)(p[i] < '0' || p[i] > '9') << i;
    }
    return m;
}

INLINE void string_masks_c(const unsigned char *p, uint64_t *quote, uint64_t *slash, uint64_t *low)
{
    struct masks m;
    masks_c(p, &m);
    *quote = m.quote;
    *slash = m.slash;
    *low = m.low;
}

#define TARGET
#define ISA(x) x##_c
#include "format/shape_match.h"
#undef TARGET
#undef ISA

#if defined(__x86_64__)
INLINE __m128i load16(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE bool equal16_sse2(const unsigned char *a, const unsigned char *b)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(load16(a), load16(b))) == 0xffff;
}

INLINE bool equal32_sse2(const unsigned char *a, const unsigned char *b)
{
    __m128i x = _mm_cmpeq_epi8(load16(a), load16(b)), y = _mm_cmpeq_epi8(load16(a + 16), load16(b + 16));
    return _mm_movemask_epi8(_mm_and_si128(x, y)) == 0xffff;
}

INLINE uint32_t same16_sse2(const unsigned char *p, unsigned char c)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(load16(p), _mm_set1_epi8((char)c)));
}

INLINE uint32_t special16_sse2(const unsigned char *p)
{
    __m128i v = load16(p), low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i m = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(m, low));
}

INLINE uint32_t not_digit16_sse2(const unsigned char *p)
{
    __m128i v = _mm_sub_epi8(load16(p), _mm_set1_epi8('0'));
    return 0xffffu ^ (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v));
}

INLINE void string_masks_sse2(const unsigned char *p, uint64_t *quote, uint64_t *slash, uint64_t *low)
{
    LOAD4(p);
    char c = '"';
    *quote = ALL4(EQ4);
    c = '\\';
    *slash = ALL4(EQ4);
    *low = ALL4(LOW4);
}

#define TARGET
#define ISA(x) x##_sse2
#include "format/shape_match.h"
#undef TARGET
#undef ISA

INLINE AVX2 void string_masks_avx2(const unsigned char *p, uint64_t *quote, uint64_t *slash, uint64_t *low)
{
    LOAD2(p);
    __m256i bound = _mm256_set1_epi8(0x1f);
    *quote = EQ2('"');
    *slash = EQ2('\\');
    *low = join2(_mm256_cmpeq_epi8(_mm256_min_epu8(a, bound), a),
                 _mm256_cmpeq_epi8(_mm256_min_epu8(b, bound), b));
}

INLINE AVX2 bool equal32_avx2(const unsigned char *a, const unsigned char *b)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)a),
            y = _mm256_loadu_si256((const __m256i *)(const void *)b);
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y)) == -1;
}

#define equal16_avx2     equal16_sse2
#define same16_avx2      same16_sse2
#define special16_avx2   special16_sse2
#define not_digit16_avx2 not_digit16_sse2
#define TARGET           AVX2
#define ISA(x)           x##_avx2
#include "format/shape_match.h"
#undef TARGET
#undef ISA

INLINE AVX512 void string_masks_avx512(const unsigned char *p, uint64_t *quote, uint64_t *slash,
                                       uint64_t *low)
{
    __m512i v = _mm512_loadu_si512(p);
    *quote = EQ1('"');
    *slash = EQ1('\\');
    *low = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
}

#define equal16_avx512     equal16_sse2
#define equal32_avx512     equal32_avx2
#define same16_avx512      same16_sse2
#define special16_avx512   special16_sse2
#define not_digit16_avx512 not_digit16_sse2
#define TARGET             AVX512
#define ISA(x)             x##_avx512
#include "format/shape_match.h"
#undef TARGET
#undef ISA
#endif

tb_shape_match *tb_shape_matcher(const char *isa)
{
#if defined(__x86_64__)
    switch (isa[0] == 'a' ? isa[3] : isa[0]) {
    case '5':
        return match_avx512;
    case '2':
        return match_avx2;
    case 's':
        return match_sse2;
    default:
        break;
    }
#endif
    (void)isa;
    return match_c;
}
