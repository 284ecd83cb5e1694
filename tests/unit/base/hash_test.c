/* base/hash against the published vectors, and a SipHash-2-4 and SHA-256 known from their authors. */
#include "support.h"
#include "base/hash.h"

/* SipHash-2-4 as in the paper: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
static uint64_t rotate(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t little(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

static uint64_t sip(const unsigned char *key, const unsigned char *p, size_t n)
{
    uint64_t k0 = little(key, 8);
    uint64_t k1 = little(key + 8, 8);
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    for (size_t i = 0; i <= n / 8; i++) {
        uint64_t m = i < n / 8 ? little(p + 8 * i, 8) : little(p + 8 * i, n % 8) | (uint64_t)n << 56;
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void test_keyed(void **state)
{
    (void)state;
    unsigned char key[TB_KEY_BYTES];
    unsigned char message[64];
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (unsigned char)i;
        key[i % sizeof(key)] = (unsigned char)(i % sizeof(key));
    }
    assert_true(tb_hash_keyed(key, message, 15) == UINT64_C(0xa129ca6149be45e5)); /* the paper, appendix A */
    for (size_t n = 0; n <= sizeof(message); n++) {
        assert_true(tb_hash_keyed(key, message, n) == sip(key, message, n));
    }
    key[0] ^= 1;
    assert_true(tb_hash_keyed(key, message, 15) != UINT64_C(0xa129ca6149be45e5));
}

static void assert_sha(const char *text, size_t piece, const char *hex)
{
    struct tb_sha256 h;
    char out[TB_SHA256_HEX];
    size_t n = strlen(text);
    tb_sha256_init(&h);
    for (size_t i = 0; i < n; i += piece) {
        tb_sha256_add(&h, text + i, n - i < piece ? n - i : piece);
    }
    tb_sha256_hex(&h, out);
    assert_string_equal(out, hex);
}

/* NIST FIPS 180-4 examples. */
static void test_sha256(void **state)
{
    (void)state;
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (size_t piece = 1; piece < 60; piece++) {
        assert_sha("abc", piece, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_sha(two_blocks, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
    assert_sha("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* Values stay the same from version to version: they are stored. XXH3 of the empty text is in its
 * specification. */
static void test_xxh3_is_stable(void **state)
{
    (void)state;
    assert_true(tb_hash64("", 0, 0) == UINT64_C(0x2D06800538D394C2));
    struct tb_hash128 h = tb_hash128("", 0, 0);
    assert_true(h.hi == UINT64_C(0x99AA06D3014798D8) && h.lo == UINT64_C(0x6001C324468D497F));
    assert_true(tb_hash64("a", 1, 0) != tb_hash64("a", 1, 1));
}

static void test_stream_is_the_whole(void **state)
{
    (void)state;
    static char text[100000];
    uint64_t seed = 71;
    struct tb_hash_stream *h = tb_hash_stream_new();
    assert_non_null(h);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)random_u64(&seed);
    }
    for (int round = 0; round < 100; round++) {
        size_t n = random_below(&seed, sizeof(text));
        tb_hash_stream_reset(h);
        for (size_t i = 0; i < n;) {
            size_t piece = random_below(&seed, 3000);
            piece = piece > n - i ? n - i : piece;
            tb_hash_stream_add(h, text + i, piece);
            i += piece;
        }
        struct tb_hash128 whole = tb_hash128(text, n, 0);
        struct tb_hash128 streamed = tb_hash_stream_digest(h);
        assert_true(whole.hi == streamed.hi && whole.lo == streamed.lo);
    }
    tb_hash_stream_free(h);
    tb_hash_stream_free(NULL);
}

static void test_random_bytes(void **state)
{
    (void)state;
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};
    tb_random_bytes(a, sizeof(a));
    tb_random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyed),          cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_xxh3_is_stable), cmocka_unit_test(test_stream_is_the_whole),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
