/* gzip: zlib is the oracle. Whatever the build inflates with, the same bytes come out, and the same kind of error. */
#include "support.h"

#define MAX_OUT (1 << 20)

/* Through the gzip layer alone, with input chunks and output steps of the given sizes. */
static enum tb_status gunzip(const char *p, size_t n, size_t chunk, size_t step, struct bytes *out,
                             struct tb_err *err)
{
    struct tb_bytes *memory, *gzip;
    char *buf = malloc(step);
    enum tb_status st;
    size_t got;
    out->p = NULL;
    out->n = 0;
    add(out, "", 0);
    assert_int_equal(tb_bytes_open_memory((struct tb_str){p, n}, chunk, &memory, err), TB_OK);
    assert_int_equal(tb_bytes_open_gzip(memory, &gzip, err), TB_OK);
    while ((st = tb_bytes_read(gzip, buf, step, &got, err)) == TB_OK) {
        add(out, buf, got);
    }
    assert_int_equal(tb_bytes_read(gzip, buf, step, &got, err), st); /* sticky */
    gzip->ops->close(gzip);
    memory->ops->close(memory);
    free(buf);
    return st;
}

static void check_whole(const char *gz, size_t gz_n, const char *want, size_t want_n, size_t chunk,
                        size_t step)
{
    struct tb_err err = {0};
    struct bytes out;
    enum tb_status st = gunzip(gz, gz_n, chunk, step, &out, &err);
    if (st != TB_END) {
        fail_msg("chunk %zu step %zu: %s", chunk, step, err.text);
    }
    assert_same(out, want, want_n);
    free(out.p);
}

static void test_every_chunk_size(void **state)
{
    (void)state;
    struct bytes text = log_text(30000);
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
    for (size_t s = 0; s < COUNT(strategies); s++) {
        for (int level = 0; level <= 9; level += 3) {
            struct bytes gz = gzip_of(text.p, text.n, level, strategies[s], NULL);
            for (size_t chunk = 0; chunk <= 20; chunk++) {
                check_whole(gz.p, gz.n, text.p, text.n, chunk, 4096);
            }
            static const size_t steps[] = {1, 2, 3, 7, 257, 258, 259, 32767, 32768, 32769, 65536, 100000};
            for (size_t i = 0; i < COUNT(steps); i++) {
                check_whole(gz.p, gz.n, text.p, text.n, 1 + below(500), steps[i]);
            }
            check_whole(gz.p, gz.n, text.p, text.n, 1, 1);
            free(gz.p);
        }
    }
    free(text.p);
}

/* Long distances and long matches across many blocks: history must survive every boundary. */
static void test_far_matches(void **state)
{
    (void)state;
    struct bytes text = {NULL, 0};
    struct bytes noise = room(32768 - 10);
    for (size_t i = 0; i < noise.n; i++) {
        noise.p[i] = (char)rnd();
    }
    while (text.n < 600000) {
        add(&text, noise.p, noise.n - below(50));
        add(&text, "################################", below(32));
    }
    struct bytes gz = gzip_of(text.p, text.n, 9, Z_DEFAULT_STRATEGY, NULL);
    for (int i = 0; i < 60; i++) {
        check_whole(gz.p, gz.n, text.p, text.n, 1 + below(70000), 1 + below(70000));
    }
    free(gz.p);
    free(noise.p);
    free(text.p);
}

static void test_random_data_and_sizes(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        struct bytes text = log_text(below(i % 10 == 0 ? 400000 : 3000));
        struct bytes gz = gzip_of(text.p, text.n, (int)below(10), (int)below(5), NULL);
        check_whole(gz.p, gz.n, text.p, text.n, below(3000), 1 + below(90000));
        free(gz.p);
        free(text.p);
    }
}

static void test_members_follow_each_other(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct bytes text = {NULL, 0}, gz = {NULL, 0};
        size_t members = 1 + below(12);
        for (size_t m = 0; m < members; m++) {
            struct bytes part = log_text(below(4) == 0 ? 0 : below(5000));
            struct bytes one = gzip_of(part.p, part.n, 6, Z_DEFAULT_STRATEGY, NULL);
            add(&text, part.p, part.n);
            add(&gz, one.p, one.n);
            free(part.p);
            free(one.p);
        }
        size_t padding = below(2) * below(5000);
        for (size_t i = 0; i < padding; i++) {
            add(&gz, "", 1); /* NUL padding is not garbage */
        }
        check_whole(gz.p, gz.n, text.p, text.n, 1, 100);
        check_whole(gz.p, gz.n, text.p, text.n, below(30), 1 + below(3000));
        free(text.p);
        free(gz.p);
    }
}

/* Every optional header field, split at every place (ISA-L 2.30 refuses a split FHCRC header). */
static void test_headers(void **state)
{
    (void)state;
    static Bytef extra[70] = "extra field with a \x1f\x8b\x08 inside";
    struct bytes text = log_text(1000);
    for (int flags = 0; flags < 16; flags++) {
        gz_header h;
        memset(&h, 0, sizeof h);
        h.extra = (flags & 1) != 0 ? extra : Z_NULL;
        h.extra_len = (flags & 1) != 0 ? sizeof extra : 0;
        h.name = (flags & 2) != 0 ? (Bytef *)(uintptr_t) "kong-a-2025-11-02.log" : Z_NULL;
        h.comment = (flags & 4) != 0 ? (Bytef *)(uintptr_t) "a comment" : Z_NULL;
        h.hcrc = (flags & 8) != 0;
        h.time = 1762127990;
        struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, &h);
        for (size_t chunk = 1; chunk < 150; chunk++) {
            check_whole(gz.p, gz.n, text.p, text.n, chunk, 2000);
        }
        if (h.hcrc != 0) { /* its checksum counts */
            gz.p[4] ^= 1;
            struct bytes out;
            struct tb_err err = {0};
            assert_int_equal(gunzip(gz.p, gz.n, 1, 100, &out, &err), TB_FAIL);
            assert_int_equal(err.code, TB_E_CORRUPT);
            assert_non_null(strstr(err.text, "header's checksum"));
            free(out.p);
        }
        free(gz.p);
    }
    free(text.p);
}

/* Cut at every length: what zlib could deliver is delivered, and it is called a truncation. */
static void test_every_truncation(void **state)
{
    (void)state;
    char *want = malloc(MAX_OUT);
    for (int strategy = 0; strategy < 5; strategy++) {
        struct bytes text = log_text(4000);
        struct bytes gz = gzip_of(text.p, text.n, 6, strategy, NULL);
        for (size_t n = 1; n < gz.n; n++) {
            struct tb_err err = {0};
            struct bytes out;
            int result;
            size_t want_n = zlib_gunzip(gz.p, n, want, MAX_OUT, &result);
            assert_int_equal(gunzip(gz.p, n, 1 + below(2000), 1 + below(3000), &out, &err), TB_FAIL);
            assert_int_equal(err.code, TB_E_TRUNCATED);
            assert_int_equal(err.byte, n);
            assert_same(out, want, want_n);
            free(out.p);
        }
        free(gz.p);
        free(text.p);
    }
    free(want);
}

/* What was delivered before a failure against what zlib delivers: the same. One liberty: ISA-L starts on a block whose
 * codes zlib refuses (incomplete ones); then what zlib gives is only the beginning. */
static bool same_or_refused(struct bytes out, const char *want, size_t want_n, const char *why)
{
    if (out.n == want_n) {
        assert_same(out, want, want_n);
        return false;
    }
    assert_true(out.n > want_n);
    assert_memory_equal(out.p, want, want_n);
    assert_true(strstr(why, "deflate block") != NULL || strstr(why, "checksum (crc)") != NULL);
    return true;
}

/* Every bit flipped once. Either zlib finds the same fault after the same bytes, or zlib finds none and neither do we;
 * the same liberty: refused codes may pass when the checksum says that the data is right. */
static void test_every_bit_flip(void **state)
{
    (void)state;
    char *want = malloc(MAX_OUT);
    for (int strategy = 0; strategy < 5; strategy++) {
        struct bytes text = log_text(600);
        struct bytes gz = gzip_of(text.p, text.n, 6, strategy, NULL);
        size_t passed = 0;
        for (size_t bit = 0; bit < gz.n * 8; bit++) {
            struct tb_err err = {0};
            struct bytes out;
            int result;
            gz.p[bit / 8] = (char)(gz.p[bit / 8] ^ 1 << bit % 8);
            size_t want_n = zlib_gunzip(gz.p, gz.n, want, MAX_OUT, &result);
            enum tb_status st = gunzip(gz.p, gz.n, 1 + below(600), 1 + below(900), &out, &err);
            if (st == TB_END && result != Z_STREAM_END) {
                passed++;
                assert_same(out, text.p, text.n);
            } else if (result == Z_STREAM_END && st != TB_END) {
                assert_non_null(strstr(err.text, "trailing garbage")); /* zlib stops at the end it was told */
            } else if (result == Z_STREAM_END) {
                assert_same(out, want, want_n);
            } else {
                assert_int_equal(st, TB_FAIL);
                bool short_of = result == Z_OK || result == Z_BUF_ERROR;
                short_of = short_of || strstr(err.text, "inside a checksum") !=
                                           NULL; /* zlib compares its parts one by one */
                assert_int_equal(err.code, short_of ? TB_E_TRUNCATED : TB_E_CORRUPT);
                passed += same_or_refused(out, want, want_n, err.text);
            }
            free(out.p);
            gz.p[bit / 8] = (char)(gz.p[bit / 8] ^ 1 << bit % 8);
        }
        assert_true(passed < gz.n / 20);
        free(gz.p);
        free(text.p);
    }
    free(want);
}

static void test_faults_are_told_apart(void **state)
{
    (void)state;
    struct bytes text = log_text(50000);
    struct bytes good = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    const struct {
        const char *what;
        size_t flip; /* from the end; 0 = none */
        size_t cut;  /* bytes off the end */
        const char *append;
        size_t append_n;
        enum tb_code code;
        const char *text;
        size_t byte;   /* of the fault */
        bool all_data; /* the whole text was delivered first */
    } rows[] = {
        {"crc", 8, 0, "", 0, TB_E_CORRUPT, "checksum (crc) is wrong", good.n - 8, true},
        {"isize", 4, 0, "", 0, TB_E_CORRUPT, "length is wrong", good.n - 4, true},
        {"no crc", 0, 8, "", 0, TB_E_TRUNCATED, "inside a checksum", good.n - 8, true},
        {"half a trailer", 0, 3, "", 0, TB_E_TRUNCATED, "inside a checksum", good.n - 3, true},
        {"garbage", 0, 0, "hello", 5, TB_E_CORRUPT, "trailing garbage", good.n, true},
        {"garbage like a magic", 0, 0, "\x1f\x8c", 2, TB_E_CORRUPT, "trailing garbage", good.n, true},
        {"garbage behind padding", 0, 0, "\0\0x", 3, TB_E_CORRUPT, "trailing garbage", good.n + 2, true},
        {"a member behind padding", 0, 0, "\0\x1f\x8b\x08", 4, TB_E_CORRUPT, "trailing garbage", good.n + 1,
         true},
        {"half a magic", 0, 0, "\x1f", 1, TB_E_TRUNCATED, "inside a header", good.n + 1, true},
        {"half a header", 0, 0, "\x1f\x8b\x08\0\0", 5, TB_E_TRUNCATED, "inside a header", good.n + 5, true},
        {"another method", 0, 0, "\x1f\x8b\x07\0\0\0\0\0\0\0\0", 11, TB_E_CORRUPT, "compression method",
         good.n + 2, true},
        {"reserved flags", 0, 0, "\x1f\x8b\x08\x20\0\0\0\0\0\0\0", 11, TB_E_CORRUPT, "unknown flags",
         good.n + 3, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t chunk = 0; chunk < 3; chunk++) {
            struct bytes gz = {NULL, 0}, out;
            struct tb_err err = {0};
            add(&gz, good.p, good.n - rows[i].cut);
            if (rows[i].flip > 0) {
                gz.p[gz.n - rows[i].flip] ^= 0x10;
            }
            add(&gz, rows[i].append, rows[i].append_n);
            assert_int_equal(gunzip(gz.p, gz.n, chunk, 1000, &out, &err), TB_FAIL);
            if (err.code != rows[i].code || strstr(err.text, rows[i].text) == NULL ||
                err.byte != rows[i].byte) {
                fail_msg("%s: code %d at %llu: %s", rows[i].what, (int)err.code, (unsigned long long)err.byte,
                         err.text);
            }
            if (rows[i].all_data) {
                assert_same(out, text.p, text.n);
            }
            free(out.p);
            free(gz.p);
        }
    }
    free(good.p);
    free(text.p);
}

/* Damage in the middle of a large file, read as the lines reader reads it: every line before it is right. */
static void test_damage_in_the_middle(void **state)
{
    (void)state;
    struct bytes text = log_text(900000);
    struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    char *want = malloc(MAX_OUT);
    for (int i = 0; i < 60; i++) {
        size_t at = 20 + below(gz.n - 40);
        char kept = gz.p[at];
        int result;
        struct tb_err err = {0};
        struct bytes out;
        gz.p[at] = (char)(kept ^ (1 + (int)below(255)));
        size_t want_n = zlib_gunzip(gz.p, gz.n, want, MAX_OUT, &result);
        enum tb_status st = gunzip(gz.p, gz.n, 0, TB_BLOCK_BYTES - below(2000), &out, &err);
        if (result != Z_STREAM_END && st == TB_FAIL) {
            (void)same_or_refused(out, want, want_n, err.text);
        }
        assert_true(st == TB_FAIL || result == Z_STREAM_END || out.n == text.n);
        free(out.p);
        gz.p[at] = kept;
    }
    free(want);
    free(gz.p);
    free(text.p);
}

/* From a pipe nothing can be read twice: never a byte that is not there, and at most a match less than zlib gives. */
static void test_damage_in_a_pipe(void **state)
{
    (void)state;
    struct bytes text = log_text(40000);
    struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    char *want = malloc(MAX_OUT);
    for (int i = 0; i < 200; i++) {
        size_t at = 20 + below(gz.n - 40);
        char kept = gz.p[at];
        bool cut = below(2) == 0;
        int ends[2], result;
        struct tb_err err = {0};
        struct tb_stream *s;
        struct tb_str name;
        struct bytes out;
        gz.p[at] = (char)(kept ^ (cut ? 0 : 1 << below(8)));
        size_t n = cut ? at : gz.n;
        size_t want_n = zlib_gunzip(gz.p, n, want, MAX_OUT, &result);
        assert_int_equal(pipe(ends), 0); /* holds 64 KiB: all of it */
        assert_int_equal(write(ends[1], gz.p, n), n);
        close(ends[1]);
        char path[64];
        snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
        assert_int_equal(tb_stream_open(path, NULL, &s, &err), TB_OK);
        assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
        enum tb_status st = read_member(s, 0, &out, &err);
        assert_int_equal(st, result == Z_STREAM_END ? TB_END : TB_FAIL);
        if (strstr(err.text, "checksum (crc)") == NULL) {
            assert_true(out.n <= want_n && out.n + (cut ? 2 : 258) >= want_n);
            assert_memory_equal(out.p, want, out.n);
        }
        if (st == TB_FAIL && cut) {
            assert_int_equal(err.code, TB_E_TRUNCATED);
        }
        free(out.p);
        tb_stream_close(s);
        close(ends[0]);
        gz.p[at] = kept;
    }
    free(want);
    free(gz.p);
    free(text.p);
}

/* A bomb of NULs is stopped, and says why; the same below the floor is read. */
static void test_expansion(void **state)
{
    (void)state;
    struct tb_err err = {0};
    struct tb_bytes *memory, *gzip;
    struct bytes zeros = room(1 << 20), out = room(1 << 20), gz = {NULL, 0};
    memset(zeros.p, 0, zeros.n);
    struct bytes one = gzip_of(zeros.p, zeros.n, 9, Z_DEFAULT_STRATEGY, NULL);
    for (int i = 0; i < 200; i++) {
        add(&gz, one.p, one.n);
    }
    check_whole(one.p, one.n, zeros.p, zeros.n, 0, 1 << 20);
    /* deflate itself stays below the limit: so the file is made to look smaller than it is */
    assert_int_equal(tb_bytes_open_memory(view(gz), 0, &memory, &err), TB_OK);
    assert_int_equal(tb_bytes_open_gzip(memory, &gzip, &err), TB_OK);
    enum tb_status st;
    uint64_t total = 0;
    size_t n;
    while ((st = tb_bytes_read(gzip, out.p, out.n, &n, &err)) == TB_OK) {
        total += n;
        memory->given = memory->given > 1000 ? 1000 : memory->given;
    }
    assert_int_equal(st, TB_FAIL);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_true(total >= TB_EXPANSION_FLOOR_BYTES - out.n && total <= TB_EXPANSION_FLOOR_BYTES + out.n);
    gzip->ops->close(gzip);
    memory->ops->close(memory);
    free(zeros.p);
    free(out.p);
    free(one.p);
    free(gz.p);
}

/* A name that never ends is refused at the limit, not read to the end; the longest that fits is passed over. */
static void test_header_limit(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct bytes z = {NULL, 0}, out;
        struct bytes text = log_text(100), gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
        char *name = malloc(TB_GZIP_HEADER_MAX);
        memset(name, 'n', TB_GZIP_HEADER_MAX);
        add(&z, gz.p, 10);
        z.p[3] = 8; /* FNAME */
        add(&z, name, TB_GZIP_HEADER_MAX - 11 + (size_t)more);
        add(&z, "", 1);
        add(&z, gz.p + 10, gz.n - 10);
        struct tb_err err = {0};
        struct tb_stream *s = NULL;
        struct tb_str member;
        assert_int_equal(tb_stream_open_memory(view(z), &s, &err), TB_OK);
        assert_int_equal(tb_stream_member(s, &member, &err), TB_OK);
        assert_int_equal(read_member(s, 0, &out, &err), more == 0 ? TB_END : TB_FAIL);
        assert_same(out, text.p, more == 0 ? text.n : 0);
        assert_true(more == 0 || err.code == TB_E_LIMIT);
        tb_stream_close(s);
        free(out.p);
        free(z.p);
        free(gz.p);
        free(text.p);
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_chunk_size),
        cmocka_unit_test(test_far_matches),
        cmocka_unit_test(test_random_data_and_sizes),
        cmocka_unit_test(test_members_follow_each_other),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_bit_flip),
        cmocka_unit_test(test_faults_are_told_apart),
        cmocka_unit_test(test_damage_in_the_middle),
        cmocka_unit_test(test_damage_in_a_pipe),
        cmocka_unit_test(test_expansion),
        cmocka_unit_test(test_header_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
