/* What libarchive reads for us: compressions, archives, archives in archives; every fault with its own words. The
 * archives are made here, by libarchive's writer. */
#include "support.h"

struct member {
    const char *name;
    struct bytes data;
};

static struct tb_stream *opened(struct bytes b)
{
    struct tb_err err = {0};
    struct tb_stream *s = NULL;
    if (tb_stream_open_memory(view(b), &s, &err) != TB_OK) {
        fail_msg("%s", err.text);
    }
    return s;
}

/* The stream's members are exactly these, in this order. */
static void check_members(struct bytes b, const char *kind, const struct member *want, size_t n)
{
    struct tb_err err = {0};
    struct tb_stream *s = opened(b);
    struct tb_str name;
    struct bytes out;
    assert_string_equal(tb_stream_kind(s), kind);
    for (size_t i = 0; i < n; i++) {
        if (tb_stream_member(s, &name, &err) != TB_OK) {
            fail_msg("member %zu: %s", i, err.text);
        }
        assert_true(tb_str_eq(name, tb_str_of(want[i].name)));
        assert_int_equal(read_member(s, 0, &out, &err), TB_END);
        assert_same(out, want[i].data.p, want[i].data.n);
        free(out.p);
    }
    assert_int_equal(tb_stream_member(s, &name, &err), TB_END);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_END);
    assert_true(tb_stream_raw_bytes(s) <= b.n);
    tb_stream_close(s);
}

/* Opens, reads all, and returns the error; *good: bytes delivered. */
static struct tb_err failure_of(struct bytes b, struct bytes *good)
{
    struct tb_err err = {0};
    struct tb_stream *s = NULL;
    struct tb_str name;
    struct bytes out;
    enum tb_status st = tb_stream_open_memory(view(b), &s, &err);
    good->p = NULL;
    good->n = 0;
    while (st == TB_OK) {
        st = tb_stream_member(s, &name, &err);
        if (st == TB_OK) {
            st = read_member(s, 0, &out, &err);
            add(good, out.p, out.n);
            free(out.p);
            st = st == TB_END ? TB_OK : st;
        }
    }
    tb_stream_close(s);
    assert_true(st == TB_FAIL || err.code == TB_E_NONE);
    return err;
}

static const char *const filters[] = {"xz", "bzip2", "zstd", "lz4"};

static void test_compressions(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 5, 1000, 65536, 300000};
    for (size_t f = 0; f < COUNT(filters); f++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct bytes text = log_text(sizes[i]);
            struct bytes z = compressed(filters[f], text.p, text.n);
            check_members(z, filters[f], &(struct member){NULL, text}, 1);
            struct bytes twice = {NULL, 0}, want = {NULL, 0}; /* concatenated streams are one */
            add(&twice, z.p, z.n);
            add(&twice, z.p, z.n);
            add(&want, text.p, text.n);
            add(&want, text.p, text.n);
            check_members(twice, filters[f], &(struct member){NULL, want}, 1);
            free(twice.p);
            free(want.p);
            free(z.p);
            free(text.p);
        }
    }
}

static void test_truncated_compressions(void **state)
{
    (void)state;
    struct bytes text = log_text(200000);
    for (size_t f = 0; f < COUNT(filters); f++) {
        struct bytes z = compressed(filters[f], text.p, text.n);
        for (int i = 0; i < 40; i++) {
            struct bytes good, cut = {z.p, 12 + below(z.n - 12 - 16)};
            struct tb_err err = failure_of(cut, &good);
            if (err.code != TB_E_TRUNCATED) {
                fail_msg("%s cut at %zu of %zu: %d %s", filters[f], cut.n, z.n, (int)err.code, err.text);
            }
            assert_true(good.n <= text.n && (good.n == 0 || memcmp(good.p, text.p, good.n) == 0));
            free(good.p);
        }
        free(z.p);
    }
    free(text.p);
}

static void test_corrupt_compressions(void **state)
{
    (void)state;
    struct bytes text = log_text(100000);
    for (size_t f = 0; f < COUNT(filters); f++) {
        struct bytes z = compressed(filters[f], text.p, text.n);
        int told = 0;
        for (int i = 0; i < 60; i++) {
            size_t at = 16 + below(z.n - 48);
            z.p[at] = (char)(z.p[at] ^ 0x24);
            struct bytes good;
            struct tb_err err = failure_of(z, &good);
            told += err.code == TB_E_CORRUPT || err.code == TB_E_TRUNCATED;
            /* lz4's and zstd's checksums are optional; where there are some, every flip is found */
            free(good.p);
            z.p[at] = (char)(z.p[at] ^ 0x24);
        }
        assert_true(told >= (strcmp(filters[f], "zstd") == 0 ? 1 : 55));
        free(z.p);
    }
    free(text.p);
}

/* The archive that most tests read: files between folders, links, an empty file, compressed members. */
static struct bytes logs_archive(const char *format, const char *filter, struct member want[8])
{
    struct bytes out;
    struct archive *a = archive_begin(format, filter, &out);
    size_t n = 0;
    archive_member(a, "logs", AE_IFDIR, NULL, 0);
    want[n++] = (struct member){"logs/a.log", log_text(5000)};
    archive_member(a, "logs/a.log", AE_IFREG, want[0].data.p, want[0].data.n);
    if (strcmp(format, "7zip") != 0) {
        archive_member(a, "logs/link", AE_IFLNK, NULL, 0);
    }
    want[n++] = (struct member){"logs/empty.log", log_text(0)};
    archive_member(a, "logs/empty.log", AE_IFREG, NULL, 0);
    want[n] = (struct member){"logs/b.log.gz", log_text(90000)};
    struct bytes gz = gzip_of(want[n].data.p, want[n].data.n, 6, Z_DEFAULT_STRATEGY, NULL);
    archive_member(a, "logs/b.log.gz", AE_IFREG, gz.p, gz.n);
    free(gz.p);
    n++;
    for (size_t f = 0; f < COUNT(filters); f++) {
        static const char *const names[] = {"c.xz", "c.bz2", "c.zst", "c.lz4"};
        want[n] = (struct member){names[f], log_text(30000 + f)};
        struct bytes z = compressed(filters[f], want[n].data.p, want[n].data.n);
        archive_member(a, names[f], AE_IFREG, z.p, z.n);
        free(z.p);
        n++;
    }
    want[n] = (struct member){"logs/last.log", log_text(700)};
    archive_member(a, "logs/last.log", AE_IFREG, want[n].data.p, want[n].data.n);
    archive_end(a);
    return out;
}

static void free_members(struct member *m)
{
    for (int i = 0; i < 8; i++) {
        free(m[i].data.p);
    }
}

static void test_archives(void **state)
{
    (void)state;
    static const struct {
        const char *format, *filter, *kind;
    } rows[] = {{"gnutar", "none", "tar"},       {"ustar", "none", "tar"},    {"paxr", "none", "tar"},
                {"gnutar", "gzip", "tar+gzip"},  {"ustar", "xz", "tar+xz"},   {"paxr", "zstd", "tar+zstd"},
                {"ustar", "bzip2", "tar+bzip2"}, {"ustar", "lz4", "tar+lz4"}, {"zip", "none", "zip"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct member want[8];
        struct bytes b = logs_archive(rows[i].format, rows[i].filter, want);
        check_members(b, rows[i].kind, want, 8);
        free_members(want);
        free(b.p);
    }
}

static void test_7z(void **state)
{
    (void)state;
    struct member want[8], got = {NULL, {NULL, 0}};
    struct bytes b = logs_archive("7zip", "none", want), out;
    struct tb_err err = {0};
    struct tb_stream *s = opened(b);
    struct tb_str name;
    int n = 0;
    assert_string_equal(tb_stream_kind(s), "7z");
    while (tb_stream_member(s, &name, &err) == TB_OK) { /* 7z keeps empty files apart: any order */
        assert_int_equal(read_member(s, 0, &out, &err), TB_END);
        for (int i = 0; i < 8; i++) {
            if (tb_str_eq(name, tb_str_of(want[i].name))) {
                assert_same(out, want[i].data.p, want[i].data.n);
                n++;
            }
        }
        free(out.p);
    }
    assert_int_equal(n, 8);
    tb_stream_close(s);
    free(got.data.p);
    free_members(want);
    free(b.p);
}

/* Its list of contents is at its end: whoever lost that is told why nothing came. */
static void test_a_cut_7z_says_that_nothing_was_read(void **state)
{
    (void)state;
    struct member want[8];
    struct bytes b = logs_archive("7zip", "none", want), out = {NULL, 0};
    struct tb_err err = {0};
    struct tb_str name;
    b.n -= 20;
    struct tb_stream *s = opened(b);
    enum tb_status st = tb_stream_member(s, &name, &err);
    if (st == TB_OK) {
        st = read_member(s, 0, &out, &err);
    }
    assert_int_equal(st, TB_FAIL);
    assert_int_equal(out.n, 0);
    assert_non_null(strstr(err.text, "nothing of a cut one can be read"));
    free(out.p);
    tb_stream_close(s);
    free_members(want);
    free(b.p);
}

/* A member that the caller does not read to its end is passed over. */
static void test_members_half_read(void **state)
{
    (void)state;
    static const char *const formats[] = {"gnutar", "zip"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        struct member want[8];
        struct bytes b = logs_archive(formats[i], "none", want);
        struct tb_stream *s = opened(b);
        struct tb_str name;
        struct tb_err err = {0};
        char buf[100];
        size_t n;
        for (int m = 0; m < 8; m++) {
            assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
            assert_true(tb_str_eq(name, tb_str_of(want[m].name)));
            if (want[m].data.n > 0) {
                assert_int_equal(tb_stream_read(s, buf, sizeof buf, &n, &err), TB_OK);
                assert_memory_equal(buf, want[m].data.p, n);
            }
        }
        assert_int_equal(tb_stream_member(s, &name, &err), TB_END);
        tb_stream_close(s);
        free_members(want);
        free(b.p);
    }
}

static struct bytes one_member(const char *format, const char *name, struct bytes data)
{
    struct bytes out;
    struct archive *a = archive_begin(format, "none", &out);
    archive_member(a, name, AE_IFREG, data.p, data.n);
    archive_end(a);
    return out;
}

static void test_archives_in_archives(void **state)
{
    (void)state;
    struct member want[8], nested[9];
    struct bytes inner = logs_archive("gnutar", "gzip", want);
    char names[8][64];
    for (int i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "2025/logs.tar.gz/%s", want[i].name);
        nested[i] = (struct member){names[i], want[i].data};
    }
    struct bytes zip = one_member("zip", "2025/logs.tar.gz", inner);
    check_members(zip, "zip", nested, 8);
    struct bytes tar = one_member("ustar", "2025/logs.tar.gz", inner);
    check_members(tar, "tar", nested, 8);

    struct bytes good, third = one_member("ustar", "deep.zip", zip);
    struct tb_err err = failure_of(third, &good);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_non_null(strstr(err.text, "deep"));
    free(good.p);
    free(third.p);
    free(tar.p);
    free(zip.p);
    free(inner.p);
    free_members(want);
}

static void test_compressed_twice(void **state)
{
    (void)state;
    struct bytes text = log_text(5000), good;
    struct bytes once = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    struct bytes twice = gzip_of(once.p, once.n, 6, Z_DEFAULT_STRATEGY, NULL);
    struct tb_err err = failure_of(twice, &good);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_non_null(strstr(err.text, "compressed twice (gzip in gzip)"));
    free(good.p);
    free(twice.p);
    free(once.p);
    free(text.p);
}

static void test_truncated_archives(void **state)
{
    (void)state;
    static const struct {
        const char *format, *filter;
    } rows[] = {{"gnutar", "none"}, {"paxr", "gzip"}, {"zip", "none"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct member want[8];
        struct bytes b = logs_archive(rows[i].format, rows[i].filter, want), all = {NULL, 0};
        for (int m = 0; m < 8; m++) {
            add(&all, want[m].data.p, want[m].data.n);
            if (m == 0 && strcmp(rows[i].format, "zip") == 0) {
                add(&all, "elsewhere", 9); /* only the directory, now cut off, tells that this is a link */
            }
        }
        for (int k = 0; k < 100; k++) {
            /* behind the last member a tar has only NULs, a zip its directory: nothing is lost without them */
            struct bytes good, cut = {b.p, 600 + below(b.n - 600 - 1600)};
            struct tb_err err = failure_of(cut, &good);
            if (good.n > all.n || (good.n > 0 && memcmp(good.p, all.p, good.n) != 0)) {
                size_t d = 0;
                while (d < good.n && d < all.n && good.p[d] == all.p[d]) {
                    d++;
                }
                fail_msg("cut at %zu of %zu: byte %zu of %zu differs: %s", cut.n, b.n, d, good.n, err.text);
            }
            if (good.n < all.n && err.code != TB_E_TRUNCATED) {
                fail_msg("%s+%s cut at %zu of %zu: %d %s", rows[i].format, rows[i].filter, cut.n, b.n,
                         (int)err.code, err.text);
            }
            free(good.p);
        }
        free(all.p);
        free_members(want);
        free(b.p);
    }
}

/* Whatever is flipped: no crash, and an end. */
static void test_flipped_archives(void **state)
{
    (void)state;
    static const struct {
        const char *format, *filter;
    } rows[] = {{"gnutar", "none"}, {"ustar", "xz"}, {"paxr", "gzip"}, {"zip", "none"}, {"7zip", "none"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct member want[8];
        struct bytes b = logs_archive(rows[i].format, rows[i].filter, want);
        for (int k = 0; k < 200; k++) {
            struct bytes good, copy = {NULL, 0};
            add(&copy, b.p, b.n);
            for (size_t flips = 1 + below(4); flips > 0; flips--) {
                size_t at = below(below(2) == 0 ? copy.n : 1000);
                copy.p[at] = (char)(copy.p[at] ^ 1 << below(8));
            }
            (void)failure_of(copy, &good);
            free(good.p);
            free(copy.p);
        }
        free_members(want);
        free(b.p);
    }
}

/* A damaged gz inside a tar: its good bytes, its error, and then the members behind it all the same. */
static void test_one_bad_member(void **state)
{
    (void)state;
    struct bytes text = log_text(60000), last = log_text(300), b, out;
    struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    gz.p[gz.n - 8] ^= 1;
    struct archive *a = archive_begin("ustar", "none", &b);
    archive_member(a, "bad.gz", AE_IFREG, gz.p, gz.n);
    archive_member(a, "last", AE_IFREG, last.p, last.n);
    archive_end(a);
    struct tb_stream *s = opened(b);
    struct tb_str name;
    struct tb_err err = {0};
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    assert_int_equal(read_member(s, 0, &out, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_CORRUPT);
    assert_same(out, text.p, text.n);
    free(out.p);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    assert_int_equal(read_member(s, 0, &out, &err), TB_END);
    assert_same(out, last.p, last.n);
    free(out.p);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_END);
    tb_stream_close(s);
    free(b.p);
    free(gz.p);
    free(text.p);
    free(last.p);
}

static void test_limits(void **state)
{
    (void)state;
    struct bytes b, good;
    struct archive *a = archive_begin("ustar", "none", &b);
    char name[2 * TB_NAME_MAX];
    for (int i = 0; i <= TB_ARCHIVE_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "d/%d", i);
        archive_member(a, name, i % 2 == 0 ? AE_IFDIR : AE_IFREG, NULL, 0);
    }
    archive_end(a);
    struct tb_err err = failure_of(b, &good);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_non_null(strstr(err.text, "more than 10000 entries"));
    free(b.p);
    free(good.p);

    memset(name, 'n', sizeof name);
    name[TB_NAME_MAX + 1] = '\0';
    b = one_member("gnutar", name, (struct bytes){name, 10});
    err = failure_of(b, &good);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_non_null(strstr(err.text, "a name of 1025 bytes"));
    free(b.p);
    free(good.p);

    name[TB_NAME_MAX] = '\0'; /* the longest */
    b = one_member("gnutar", name, (struct bytes){name, 10});
    err = failure_of(b, &good);
    assert_int_equal(err.code, TB_E_NONE);
    assert_int_equal(good.n, 10);
    free(b.p);
    free(good.p);
}

/* 3 GB of zeros in xz are a few hundred KB: stopped early. */
static void test_bomb(void **state)
{
    (void)state;
    struct bytes zeros = room(64 << 20), good, tar;
    memset(zeros.p, '0', zeros.n);
    struct archive *a = archive_begin("raw", "zstd", &tar);
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, "x");
    archive_entry_set_filetype(e, AE_IFREG);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(archive_write_data(a, zeros.p, zeros.n), zeros.n);
    }
    archive_entry_free(e);
    archive_end(a);
    struct tb_err err = failure_of(tar, &good);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_true(good.n <= TB_EXPANSION_FLOOR_BYTES + (1 << 20));
    free(good.p);
    free(tar.p);
    free(zeros.p);
}

/* A zip encrypted the traditional way, as libarchive's writer makes it. */
static void test_encrypted(void **state)
{
    (void)state;
    struct bytes b = {NULL, 0}, good, text = log_text(500);
    struct archive *a = archive_write_new();
    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_options(a, "zip:encryption=traditional"), ARCHIVE_OK);
    assert_int_equal(archive_write_set_passphrase(a, "secret"), ARCHIVE_OK);
    assert_int_equal(archive_write_open(a, &b, NULL, on_write, NULL), ARCHIVE_OK);
    archive_member(a, "a.log", AE_IFREG, text.p, text.n);
    archive_end(a);
    struct tb_err err = failure_of(b, &good);
    assert_int_equal(err.code, TB_E_CORRUPT);
    assert_non_null(strstr(err.text, "\"a.log\" is encrypted"));
    assert_int_equal(good.n, 0);
    free(good.p);
    free(b.p);
    free(text.p);
}

/* A sparse file reads as its holes' NULs, like the plain file would. */
static void test_sparse(void **state)
{
    (void)state;
    struct bytes b, good;
    struct archive *a = archive_begin("pax", "none", &b);
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, "sparse.log");
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_size(e, 100005);
    archive_entry_sparse_add_entry(e, 100000, 5);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    char *zeros = calloc(1, 100000);
    assert_int_equal(archive_write_data(a, zeros, 100000), 100000);
    assert_int_equal(archive_write_data(a, "hello", 5), 5);
    archive_entry_free(e);
    archive_end(a);
    struct tb_err err = failure_of(b, &good);
    assert_int_equal(err.code, TB_E_NONE);
    assert_int_equal(good.n, 100005);
    assert_memory_equal(good.p, zeros, 100000);
    assert_memory_equal(good.p + 100000, "hello", 5);
    free(zeros);
    free(good.p);
    free(b.p);
}

/* Text is never taken for an archive, however it begins. */
static void test_plain_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "{\"a\":1}\n",
        "#mtree\n./a type=file\n",
        "#!/bin/sh\nexit\n",
        "!<arch>\nx",
        "PK\n",
        "BZh9 is how bzip2 begins\n",
        "BZh91AY&S not quite",
        "7z a b c\n",
        "(\xb5 not zstd",
        "070707000000000000",
        "\xef\xbb\xbf{\"bom\":1}\n",
        "WARC/1.0\r\n",
        "Rar!\n",
        "xar!\n",
        "\x1f not gzip",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct bytes b = {(char *)(uintptr_t)texts[i], strlen(texts[i])};
        check_members(b, "plain", &(struct member){NULL, b}, 1);
    }
    for (int i = 0; i < 2000; i++) { /* long texts of digits and blanks: tar's fields are made of these */
        char text[1500];
        for (size_t k = 0; k < sizeof text; k++) {
            text[k] = " 01234567\n"[below(10)];
        }
        struct bytes b = {text, 600 + below(900)};
        assert_int_equal(tb_kind_of((struct tb_str){b.p, TB_PEEK_BYTES < b.n ? TB_PEEK_BYTES : b.n}),
                         TB_KIND_PLAIN);
    }
    char nuls[2048] = {0}; /* a log truncated in place while its writer went on begins with NULs */
    struct bytes b = {nuls, sizeof nuls};
    check_members(b, "plain", &(struct member){NULL, b}, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressions),
        cmocka_unit_test(test_truncated_compressions),
        cmocka_unit_test(test_corrupt_compressions),
        cmocka_unit_test(test_archives),
        cmocka_unit_test(test_7z),
        cmocka_unit_test(test_a_cut_7z_says_that_nothing_was_read),
        cmocka_unit_test(test_members_half_read),
        cmocka_unit_test(test_archives_in_archives),
        cmocka_unit_test(test_compressed_twice),
        cmocka_unit_test(test_truncated_archives),
        cmocka_unit_test(test_flipped_archives),
        cmocka_unit_test(test_one_bad_member),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
