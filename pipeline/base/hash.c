#include "base/hash.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t tb_hash64(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

struct tb_hash128 tb_hash128(const void *p, size_t n, uint64_t seed)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(p, n, seed);
    return (struct tb_hash128){h.high64, h.low64};
}

struct tb_hash_stream {
    XXH3_state_t *state; /* wants 64-byte alignment: xxhash allocates it */
};

struct tb_hash_stream *tb_hash_stream_new(void)
{
    struct tb_hash_stream *h = malloc(sizeof(*h));
    if (h == NULL) {
        return NULL;
    }
    h->state = XXH3_createState();
    if (h->state == NULL) {
        free(h);
        return NULL;
    }
    tb_hash_stream_reset(h);
    return h;
}

void tb_hash_stream_free(struct tb_hash_stream *h)
{
    if (h == NULL) {
        return;
    }
    (void)XXH3_freeState(h->state);
    free(h);
}

void tb_hash_stream_reset(struct tb_hash_stream *h)
{
    XXH_errorcode rc = XXH3_128bits_reset(h->state);
    assert(rc == XXH_OK);
}

void tb_hash_stream_add(struct tb_hash_stream *h, const void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    XXH_errorcode rc = XXH3_128bits_update(h->state, p, n);
    assert(rc == XXH_OK);
}

struct tb_hash128 tb_hash_stream_digest(const struct tb_hash_stream *h)
{
    XXH128_hash_t d = XXH3_128bits_digest(h->state);
    return (struct tb_hash128){d.high64, d.low64};
}

static_assert(TB_KEY_BYTES == crypto_shorthash_siphash24_KEYBYTES, "the key is SipHash's");
static_assert(crypto_shorthash_siphash24_BYTES == sizeof(uint64_t), "one 64-bit digest");

uint64_t tb_hash_keyed(const unsigned char key[TB_KEY_BYTES], const void *p, size_t n)
{
    unsigned char out[crypto_shorthash_siphash24_BYTES];
    int rc = crypto_shorthash_siphash24(out, p, n, key);
    assert(rc == 0);
    uint64_t h = 0;
    for (size_t i = sizeof(out); i-- > 0;) { /* little-endian, as SipHash is specified */
        h = h << 8 | out[i];
    }
    return h;
}

void tb_random_bytes(void *p, size_t n)
{
    int rc = sodium_init(); /* idempotent and thread-safe */
    assert(rc >= 0);
    randombytes_buf(p, n);
}

static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(((struct tb_sha256 *)0)->state),
              "tb_sha256 holds it");
static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(struct tb_sha256),
              "tb_sha256 is aligned for it");

static crypto_hash_sha256_state *sha_state(struct tb_sha256 *h)
{
    return (crypto_hash_sha256_state *)(void *)h->state;
}

void tb_sha256_init(struct tb_sha256 *h)
{
    int rc = crypto_hash_sha256_init(sha_state(h));
    assert(rc == 0);
}

void tb_sha256_add(struct tb_sha256 *h, const void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    int rc = crypto_hash_sha256_update(sha_state(h), p, n);
    assert(rc == 0);
}

void tb_sha256_hex(struct tb_sha256 *h, char out[TB_SHA256_HEX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    int rc = crypto_hash_sha256_final(sha_state(h), digest);
    assert(rc == 0);
    (void)sodium_bin2hex(out, TB_SHA256_HEX, digest, sizeof(digest));
}
