/* Concept: what a block of 64 bytes holds, as bit masks (bit i = byte i), once per instruction set. Included by scan.c, shape_match.c
 *          and unescape.c; everything behind the masks (scan_block.h) is the same C for all.
 * Source:  the idea of masks and their prefix xor: Langdale, Lemire, "Parsing Gigabytes of JSON per Second",
 *          arXiv:1902.08318.
 */
#ifndef TB_SCAN_MASKS_H
#define TB_SCAN_MASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct masks {
    uint64_t quote, slash, low, space, open, close, comma, colon, digit, zero;
};

struct escapes { /* bytes that may stand behind a backslash */
    uint64_t good;
    uint64_t u; /* those that want four hex digits */
};

#define INLINE static inline __attribute__((always_inline))

/* --- plain C ---------------------------------------------------------------------------------------------------------- */

INLINE uint64_t eq_c(const unsigned char *p, unsigned char c)
{
    uint64_t m = 0;
    for (unsigned i = 0; i < 64; i++) {
        m |= (uint64_t)(p[i] == c) << i;
    }
    return m;
}

INLINE void masks_c(const unsigned char *p, struct masks *m)
{
    memset(m, 0, sizeof *m);
    for (unsigned i = 0; i < 64; i++) {
        uint64_t b = UINT64_C(1) << i;
        unsigned char c = p[i];
        m->quote |= c == '"' ? b : 0;
        m->slash |= c == '\\' ? b : 0;
        m->low |= c < 0x20 ? b : 0;
        m->space |= c == ' ' ? b : 0;
        m->open |= (c | 0x20) == '{' ? b : 0;
        m->close |= (c | 0x20) == '}' ? b : 0;
        m->comma |= c == ',' ? b : 0;
        m->colon |= c == ':' ? b : 0;
        m->digit |= c >= '0' && c <= '9' ? b : 0;
        m->zero |= c == '0' ? b : 0;
    }
}

INLINE void escapes_c(const unsigned char *p, struct escapes *e)
{
    static const char good[] = "\"\\/bfnrtu";
    e->good = 0;
    for (unsigned i = 0; i < 64; i++) {
        e->good |= (uint64_t)(p[i] != 0 && strchr(good, p[i]) != NULL) << i;
    }
    e->u = eq_c(p, 'u');
}

INLINE uint64_t tabs_c(const unsigned char *p)
{
    return eq_c(p, '\t') | eq_c(p, '\n') | eq_c(p, '\r');
}

INLINE uint64_t prefix_xor_c(uint64_t x)
{
    x ^= x << 1;
    x ^= x << 2;
    x ^= x << 4;
    x ^= x << 8;
    x ^= x << 16;
    x ^= x << 32;
    return x;
}

/* Writes the positions of the bits of m, counted from base, and returns how many; may write 3 too many. By fours: a loop
 * of unforeseeable length costs more than a few stores. */
INLINE uint32_t flatten_c(uint64_t m, uint32_t base, uint32_t *out)
{
    const uint64_t last = UINT64_C(1) << 63; /* what an empty m gives does not matter */
    uint32_t n = (uint32_t)__builtin_popcountll(m);
    for (uint32_t i = 0; i < n; i += 4) {
        for (uint32_t k = 0; k < 4; k++) {
            out[i + k] = base + (uint32_t)__builtin_ctzll(m | last);
            m &= m - 1;
        }
    }
    return n;
}

/* The same for masks that are mostly empty. */
INLINE uint32_t *flatten_sparse(uint64_t m, uint32_t base, uint32_t *out)
{
    for (; m != 0; m &= m - 1) {
        *out++ = base + (uint32_t)__builtin_ctzll(m);
    }
    return out;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* --- SSE2: every x86-64 ------------------------------------------------------------------------------------------------ */

INLINE uint64_t join4(__m128i a, __m128i b, __m128i c, __m128i d)
{
    uint64_t lo = (uint32_t)_mm_movemask_epi8(a) | (uint32_t)_mm_movemask_epi8(b) << 16;
    uint64_t hi = (uint32_t)_mm_movemask_epi8(c) | (uint32_t)_mm_movemask_epi8(d) << 16;
    return lo | hi << 32;
}

#define ALL4(f) join4(f(v0), f(v1), f(v2), f(v3))
#define LOAD4(p)                                                                                             \
    __m128i v0 = _mm_loadu_si128((const __m128i *)(const void *)(p)),                                        \
            v1 = _mm_loadu_si128((const __m128i *)(const void *)((p) + 16)),                                 \
            v2 = _mm_loadu_si128((const __m128i *)(const void *)((p) + 32)),                                 \
            v3 = _mm_loadu_si128((const __m128i *)(const void *)((p) + 48))
#define EQ4(v) _mm_cmpeq_epi8(v, _mm_set1_epi8(c))

INLINE uint64_t eq_sse2(const unsigned char *p, char c)
{
    LOAD4(p);
    return ALL4(EQ4);
}

#define LOW4(v)  _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v)
#define FOLD4(v) _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8(c))
#define DIGIT4(v)                                                                                            \
    _mm_cmpeq_epi8(_mm_min_epu8(_mm_sub_epi8(v, _mm_set1_epi8('0')), _mm_set1_epi8(9)),                      \
                   _mm_sub_epi8(v, _mm_set1_epi8('0')))

INLINE void masks_sse2(const unsigned char *p, struct masks *m)
{
    LOAD4(p);
    char c = '"';
    m->quote = ALL4(EQ4);
    c = '\\';
    m->slash = ALL4(EQ4);
    m->low = ALL4(LOW4);
    c = ' ';
    m->space = ALL4(EQ4);
    c = '{';
    m->open = ALL4(FOLD4);
    c = '}';
    m->close = ALL4(FOLD4);
    c = ',';
    m->comma = ALL4(EQ4);
    c = ':';
    m->colon = ALL4(EQ4);
    m->digit = ALL4(DIGIT4);
    c = '0';
    m->zero = ALL4(EQ4);
}

INLINE void escapes_sse2(const unsigned char *p, struct escapes *e)
{
    e->u = eq_sse2(p, 'u');
    e->good = eq_sse2(p, '"') | eq_sse2(p, '\\') | eq_sse2(p, '/') | eq_sse2(p, 'b') | eq_sse2(p, 'f') |
              eq_sse2(p, 'n') | eq_sse2(p, 'r') | eq_sse2(p, 't') | e->u;
}

INLINE uint64_t tabs_sse2(const unsigned char *p)
{
    return eq_sse2(p, '\t') | eq_sse2(p, '\n') | eq_sse2(p, '\r');
}

/* --- AVX2 -------------------------------------------------------------------------------------------------------------- */

#define AVX2_TARGET "avx2,bmi,bmi2,lzcnt,popcnt,pclmul"
#define AVX2        __attribute__((target(AVX2_TARGET)))

INLINE AVX2 uint64_t join2(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

#define EQ2(x) join2(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(x)), _mm256_cmpeq_epi8(b, _mm256_set1_epi8(x)))
#define LOAD2(p)                                                                                             \
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(p)),                                      \
            b = _mm256_loadu_si256((const __m256i *)(const void *)((p) + 32))

INLINE AVX2 void masks_avx2(const unsigned char *p, struct masks *m)
{
    LOAD2(p);
    m->quote = EQ2('"');
    m->slash = EQ2('\\');
    __m256i low = _mm256_set1_epi8(0x1f);
    m->low =
        join2(_mm256_cmpeq_epi8(_mm256_min_epu8(a, low), a), _mm256_cmpeq_epi8(_mm256_min_epu8(b, low), b));
    m->space = EQ2(' ');
    m->comma = EQ2(',');
    m->colon = EQ2(':');
    m->zero = EQ2('0');
    __m256i zero = _mm256_set1_epi8('0'), nine = _mm256_set1_epi8(9);
    __m256i da = _mm256_sub_epi8(a, zero), db = _mm256_sub_epi8(b, zero);
    m->digit = join2(_mm256_cmpeq_epi8(_mm256_min_epu8(da, nine), da),
                     _mm256_cmpeq_epi8(_mm256_min_epu8(db, nine), db));
    a = _mm256_or_si256(a, _mm256_set1_epi8(0x20));
    b = _mm256_or_si256(b, _mm256_set1_epi8(0x20));
    m->open = EQ2('{');
    m->close = EQ2('}');
}

/* By nibbles: a byte is good when the classes of its low and its high one meet. 1: " /, 2: \, 4: b f n, 8: r t (and b "
 * share the low nibble 2), 16: u. */
#define ESCAPE_LOW  0, 0, 1 | 4 | 8, 0, 8, 16, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1
#define ESCAPE_HIGH 0, 0, 1, 0, 0, 2, 4, 8 | 16, 0, 0, 0, 0, 0, 0, 0, 0

INLINE AVX2 __m256i escape_class(__m256i v)
{
    const __m256i low = _mm256_setr_epi8(ESCAPE_LOW, ESCAPE_LOW),
                  high = _mm256_setr_epi8(ESCAPE_HIGH, ESCAPE_HIGH);
    __m256i h = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
    return _mm256_and_si256(_mm256_shuffle_epi8(low, v), _mm256_shuffle_epi8(high, h));
}

INLINE AVX2 void escapes_avx2(const unsigned char *p, struct escapes *e)
{
    LOAD2(p);
    a = escape_class(a);
    b = escape_class(b);
    e->u = join2(_mm256_slli_epi16(a, 3), _mm256_slli_epi16(b, 3)); /* bit 4 to bit 7 */
    e->good = ~EQ2(0);
}

INLINE AVX2 uint64_t tabs_avx2(const unsigned char *p)
{
    LOAD2(p);
    return EQ2('\t') | EQ2('\n') | EQ2('\r');
}

INLINE AVX2 uint64_t prefix_xor_avx2(uint64_t x)
{
    __m128i r = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)x), _mm_set1_epi8((char)0xff), 0);
    return (uint64_t)_mm_cvtsi128_si64(r);
}

/* --- AVX-512 (VBMI2: Ice Lake, Zen 4 and later) -------------------------------------------------------------------------- */

#define AVX512_TARGET AVX2_TARGET ",avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2"
#define AVX512        __attribute__((target(AVX512_TARGET)))

#define EQ1(x) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(x))

INLINE AVX512 void masks_avx512(const unsigned char *p, struct masks *m)
{
    __m512i v = _mm512_loadu_si512(p);
    m->quote = EQ1('"');
    m->slash = EQ1('\\');
    m->low = _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
    m->space = EQ1(' ');
    m->comma = EQ1(',');
    m->colon = EQ1(':');
    m->zero = EQ1('0');
    m->digit = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    v = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
    m->open = EQ1('{');
    m->close = EQ1('}');
}

INLINE AVX512 void escapes_avx512(const unsigned char *p, struct escapes *e)
{
    const __m512i low = _mm512_broadcast_i32x4(_mm_setr_epi8(ESCAPE_LOW));
    const __m512i high = _mm512_broadcast_i32x4(_mm_setr_epi8(ESCAPE_HIGH));
    __m512i v = _mm512_loadu_si512(p), h = _mm512_and_si512(_mm512_srli_epi16(v, 4), _mm512_set1_epi8(15));
    __m512i c = _mm512_and_si512(_mm512_shuffle_epi8(low, v), _mm512_shuffle_epi8(high, h));
    e->good = _mm512_test_epi8_mask(c, c);
    e->u = _mm512_test_epi8_mask(c, _mm512_set1_epi8(16));
}

INLINE AVX512 uint64_t tabs_avx512(const unsigned char *p)
{
    __m512i v = _mm512_loadu_si512(p);
    return EQ1('\t') | EQ1('\n') | EQ1('\r');
}

INLINE AVX512 uint32_t flatten_avx512(uint64_t m, uint32_t base, uint32_t *out)
{
    static const unsigned char identity[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    uint32_t n = (uint32_t)__builtin_popcountll(m);
    __m512i packed = _mm512_maskz_compress_epi8(m, _mm512_loadu_si512(identity));
    __m512i from = _mm512_set1_epi32((int)base);
    _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed)), from));
    if (__builtin_expect(n > 16, 0)) {
        _mm512_storeu_si512(
            out + 16, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1)), from));
        _mm512_storeu_si512(
            out + 32, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2)), from));
        _mm512_storeu_si512(
            out + 48, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3)), from));
    }
    return n;
}
#endif

#endif
