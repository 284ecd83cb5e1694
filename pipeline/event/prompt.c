#include "event/prompt.h"

#include <string.h>
#include "base/hash.h"

static unsigned char prompt_key[TB_KEY_BYTES];

void tb_prompt_key(const unsigned char key[16])
{
    memcpy(prompt_key, key, sizeof prompt_key);
}

uint64_t tb_prompt_fingerprint(struct tb_str text)
{
    struct tb_hash128 digest = tb_hash128(text.s, text.n, 0);
    uint64_t fingerprint = tb_hash_keyed(prompt_key, &digest, sizeof digest);
    return fingerprint == 0 ? 1 : fingerprint;
}

#if defined(__x86_64__)
#include <emmintrin.h>

/* How many of the 16 bytes at p do not continue a sequence: all but 10xxxxxx, that is -128..-65. */
static inline __m128i begins16(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i begins = _mm_cmpgt_epi8(v, _mm_set1_epi8(-65));
    return _mm_sad_epu8(_mm_sub_epi8(_mm_setzero_si128(), begins), _mm_setzero_si128());
}

static int64_t chars_blocks(struct tb_str text, size_t *at)
{
    __m128i sum = _mm_setzero_si128();
    for (; *at + 16 <= text.n; *at += 16) {
        sum = _mm_add_epi64(sum, begins16(text.s + *at));
    }
    return _mm_cvtsi128_si64(sum) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(sum, sum));
}
#else
static int64_t chars_blocks(struct tb_str text, size_t *at)
{
    (void)text, (void)at;
    return 0;
}
#endif

int64_t tb_prompt_chars(struct tb_str text)
{
    size_t i = 0;
    int64_t chars = chars_blocks(text, &i);
    for (; i < text.n; i++) {
        chars += (text.s[i] & 0xC0) != 0x80;
    }
    return chars;
}
