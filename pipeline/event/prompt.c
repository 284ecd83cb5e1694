#include "event/prompt.h"

#include <string.h>
#include "base/hash.h"
#include "event/signature.h"

static unsigned char prompt_key[TB_KEY_BYTES];

void tb_prompt_key(const unsigned char key[16])
{
    memcpy(prompt_key, key, sizeof prompt_key);
}

/* Digest of the normalised text, PIECE bytes at a time, each under the digest of those before. */
#define PIECE          4096
#define NORMALISED_MAX 1024

static struct tb_hash128 digest_normalised(struct tb_str text)
{
    char out[2 * PIECE + 32];
    struct tb_hash128 digest = {0, 0};
    bool blank = false, first = true;
    size_t n = 0;
    for (size_t at = 0; at < text.n; at += PIECE) {
        struct tb_str part = {text.s + at, text.n - at < PIECE ? text.n - at : PIECE};
        n += tb_signature_normalise(part, &blank, &first, out + n);
        if (n >= PIECE) {
            digest = tb_hash128(out, PIECE, digest.lo);
            n -= PIECE;
            memmove(out, out + PIECE, n);
        }
    }
    return tb_hash128(out, n, digest.lo);
}

uint64_t tb_prompt_fingerprint(struct tb_str text)
{
    /* A long prompt that comes again comes from a program, byte for byte: normalising it would cost more than its scan. */
    struct tb_hash128 digest =
        text.n > NORMALISED_MAX ? tb_hash128(text.s, text.n, 0) : digest_normalised(text);
    uint64_t fingerprint = tb_hash_keyed(prompt_key, &digest, sizeof digest);
    return fingerprint == 0 ? 1 : fingerprint;
}

#if defined(__x86_64__)
#include <emmintrin.h>

/* All bytes but 10xxxxxx (-128..-65) begin a character. Counted in bytes, which hold 255 at most, then summed. */
static int64_t chars_blocks(struct tb_str text, size_t *at)
{
    __m128i sum = _mm_setzero_si128();
    while (*at + 16 <= text.n) {
        __m128i counts = _mm_setzero_si128();
        for (int i = 0; i < 255 && *at + 16 <= text.n; i++, *at += 16) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(text.s + *at));
            counts = _mm_sub_epi8(counts, _mm_cmpgt_epi8(v, _mm_set1_epi8(-65)));
        }
        sum = _mm_add_epi64(sum, _mm_sad_epu8(counts, _mm_setzero_si128()));
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
