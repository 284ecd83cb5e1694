/* Concept: JSON text 16 or 64 bytes at a time, as bit masks (bit i = byte i), with SSE2 or without.
 */
#ifndef TB_UNWRAP_BLOCK_H
#define TB_UNWRAP_BLOCK_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Of 64 bytes. */
struct tb_block {
    uint64_t quote, backslash, slash, control;
    uint64_t open, close; /* of objects and arrays alike */
};

#ifdef __SSE2__

static inline unsigned tb_mask_of(__m128i v, char c)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
}

static inline unsigned tb_mask_control(__m128i v)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v));
}

/* What ends a run of plain string text in the 16 bytes at p: quotes, backslashes, control bytes. */
static inline unsigned tb_string_mask(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    return tb_mask_of(v, '"') | tb_mask_of(v, '\\') | tb_mask_control(v);
}

static inline struct tb_block tb_block_of(const char *p)
{
    struct tb_block b = {0, 0, 0, 0, 0, 0};
    for (unsigned i = 0; i < 64; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(p + i));
        /* [ and { are 0x5b and 0x7b, ] and } are 0x5d and 0x7d: alike but for one bit */
        __m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
        b.quote |= (uint64_t)tb_mask_of(v, '"') << i;
        b.backslash |= (uint64_t)tb_mask_of(v, '\\') << i;
        b.slash |= (uint64_t)tb_mask_of(v, '/') << i;
        b.control |= (uint64_t)tb_mask_control(v) << i;
        b.open |= (uint64_t)tb_mask_of(folded, '{') << i;
        b.close |= (uint64_t)tb_mask_of(folded, '}') << i;
    }
    return b;
}

#else

static inline unsigned tb_string_mask(const char *p)
{
    unsigned m = 0;
    for (unsigned i = 0; i < 16; i++) {
        m |= (unsigned)(p[i] == '"' || p[i] == '\\' || (unsigned char)p[i] < 0x20) << i;
    }
    return m;
}

static inline struct tb_block tb_block_of(const char *p)
{
    struct tb_block b = {0, 0, 0, 0, 0, 0};
    for (unsigned i = 0; i < 64; i++) {
        b.quote |= (uint64_t)(p[i] == '"') << i;
        b.backslash |= (uint64_t)(p[i] == '\\') << i;
        b.slash |= (uint64_t)(p[i] == '/') << i;
        b.control |= (uint64_t)((unsigned char)p[i] < 0x20) << i;
        b.open |= (uint64_t)((p[i] | 0x20) == '{') << i;
        b.close |= (uint64_t)((p[i] | 0x20) == '}') << i;
    }
    return b;
}

#endif

/* How many bits are set. (Where the processor's own instruction may not be assumed the builtin is a call.) */
static inline unsigned tb_block_count(uint64_t m)
{
    m -= m >> 1 & UINT64_C(0x5555555555555555);
    m = (m & UINT64_C(0x3333333333333333)) + (m >> 2 & UINT64_C(0x3333333333333333));
    m = (m + (m >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(m * UINT64_C(0x0101010101010101) >> 56);
}

/* Bit i = the parity of bits 0..i: which bytes lie within quotes, the opening ones included. */
static inline uint64_t tb_block_within(uint64_t quote)
{
    for (unsigned shift = 1; shift < 64; shift *= 2) {
        quote ^= quote << shift;
    }
    return quote;
}

#endif
