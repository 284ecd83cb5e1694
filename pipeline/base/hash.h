/* Concept: the four digests in use, each for one purpose.
 *          XXH3 (libxxhash): identity of records, payloads, strings and file contents; not for secrets.
 *          SipHash-2-4, keyed (libsodium): prompt fingerprints.
 *          SHA-256 (libsodium): SHA256SUMS, run ids, line ids.
 */
#ifndef TB_HASH_H
#define TB_HASH_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct tb_hash128 {
    uint64_t hi;
    uint64_t lo;
};

uint64_t tb_hash64(const void *p, size_t n, uint64_t seed);
struct tb_hash128 tb_hash128(const void *p, size_t n, uint64_t seed);

/* Streaming XXH3-128, for files. _new returns NULL without memory. */
struct tb_hash_stream;
struct tb_hash_stream *tb_hash_stream_new(void);
void tb_hash_stream_free(struct tb_hash_stream *h);
void tb_hash_stream_reset(struct tb_hash_stream *h);
void tb_hash_stream_add(struct tb_hash_stream *h, const void *p, size_t n);
struct tb_hash128 tb_hash_stream_digest(const struct tb_hash_stream *h);

#define TB_KEY_BYTES 16
uint64_t tb_hash_keyed(const unsigned char key[TB_KEY_BYTES], const void *p, size_t n);
void tb_random_bytes(void *p, size_t n);

#define TB_SHA256_HEX 65 /* 64 digits and a NUL */
struct tb_sha256 {
    _Alignas(16) unsigned char state[128]; /* a crypto_hash_sha256_state */
};
void tb_sha256_init(struct tb_sha256 *h);
void tb_sha256_add(struct tb_sha256 *h, const void *p, size_t n);
void tb_sha256_hex(struct tb_sha256 *h, char out[TB_SHA256_HEX]);

#endif
