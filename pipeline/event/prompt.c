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

int64_t tb_prompt_chars(struct tb_str text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    int64_t chars = 0;
    size_t i = 0;
    for (; i + 8 <= text.n; i += 8) { /* every byte but 10xxxxxx begins a character */
        uint64_t x;
        memcpy(&x, text.s + i, 8);
        uint64_t continues = (x >> 7 & ~x >> 6) & ones;
        chars += 8 - (int64_t)((continues * ones) >> 56);
    }
    for (; i < text.n; i++) {
        chars += (text.s[i] & 0xC0) != 0x80;
    }
    return chars;
}
