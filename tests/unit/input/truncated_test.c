/* A stream or archive cut anywhere gives every byte that lies before the cut: at each offset of small ones, at random ones
 * of large ones, held against what the compression's own library makes of the same bytes in one call, and against where
 * the members lie. */
#include "support.h"

#if __has_include(<lzma.h>)
#include <lzma.h>
#endif
#if __has_include(<bzlib.h>)
#include <bzlib.h>
#endif
#if __has_include(<zstd.h>)
#include <zstd.h>
#endif

#define LARGE (1u << 20)

/* All bytes of all members, and how it ended. */
static enum tb_code read_all(struct bytes b, struct bytes *good)
{
    struct tb_err err = {0};
    struct tb_stream *s = NULL;
    struct tb_str name;
    struct bytes out;
    enum tb_status st = tb_stream_open_memory(view(b), &s, &err);
    *good = (struct bytes){NULL, 0};
    add(good, "", 0);
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
    return st == TB_END ? TB_E_NONE : err.code;
}

/* --- compressions --- */

static size_t oracle(const char *filter, struct bytes cut, char *out, size_t cap)
{
#if __has_include(<lzma.h>)
    if (strcmp(filter, "xz") == 0) {
        lzma_stream s = LZMA_STREAM_INIT;
        assert_int_equal(lzma_stream_decoder(&s, UINT64_MAX, 0), LZMA_OK);
        s.next_in = (const uint8_t *)cut.p;
        s.avail_in = cut.n;
        s.next_out = (uint8_t *)out;
        s.avail_out = cap;
        assert_true(lzma_code(&s, LZMA_RUN) != LZMA_PROG_ERROR);
        size_t n = cap - s.avail_out;
        lzma_end(&s);
        return n;
    }
#endif
#if __has_include(<bzlib.h>)
    if (strcmp(filter, "bzip2") == 0) {
        bz_stream s = {0};
        assert_int_equal(BZ2_bzDecompressInit(&s, 0, 0), BZ_OK);
        s.next_in = cut.p;
        s.avail_in = (unsigned)cut.n;
        s.next_out = out;
        s.avail_out = (unsigned)cap;
        (void)BZ2_bzDecompress(&s);
        size_t n = cap - s.avail_out;
        BZ2_bzDecompressEnd(&s);
        return n;
    }
#endif
#if __has_include(<zstd.h>)
    if (strcmp(filter, "zstd") == 0) {
        ZSTD_DStream *z = ZSTD_createDStream();
        ZSTD_inBuffer in = {cut.p, cut.n, 0};
        ZSTD_outBuffer o = {out, cap, 0};
        for (size_t before = 1; in.pos + o.pos != before;) {
            before = in.pos + o.pos;
            (void)ZSTD_decompressStream(z, &o, &in);
        }
        ZSTD_freeDStream(z);
        return o.pos;
    }
#endif
    (void)cut;
    (void)out;
    (void)cap;
    return SIZE_MAX; /* lz4, or no library of its own: no more than a beginning is promised */
}

static void check_cut(const char *filter, struct bytes z, size_t cut, struct bytes text, char *out)
{
    struct bytes good, part = {z.p, cut};
    enum tb_code code = read_all(part, &good);
    size_t want = oracle(filter, part, out, text.n + 1);
    if (want != SIZE_MAX && good.n != want) {
        fail_msg("%s cut at %zu of %zu: %zu bytes, not %zu", filter, cut, z.n, good.n, want);
    }
    assert_true(good.n <= text.n && memcmp(good.p, text.p, good.n) == 0);
    assert_int_equal(code, cut < z.n ? TB_E_TRUNCATED : TB_E_NONE);
    free(good.p);
}

static void test_compressions(void **state)
{
    (void)state;
    static const char *const filters[] = {"xz", "bzip2", "zstd", "lz4"};
    char *out = malloc(2 * LARGE);
    for (size_t f = 0; f < COUNT(filters); f++) {
        struct bytes text = log_text(3000), z = compressed(filters[f], text.p, text.n);
        for (size_t cut = 12; cut <= z.n; cut++) {
            check_cut(filters[f], z, cut, text, out);
        }
        free(z.p);
        free(text.p);
        text = log_text(LARGE);
        z = compressed(filters[f], text.p, text.n);
        for (int i = 0; i < 40; i++) {
            check_cut(filters[f], z, 12 + below(z.n - 11), text, out);
        }
        free(z.p);
        free(text.p);
    }
    free(out);
}

/* Damage behind good bytes: these come, whatever was read in one call. */
static void test_damaged(void **state)
{
    (void)state;
    struct bytes text = log_text(LARGE), z = compressed("xz", text.p, text.n), good;
    memset(z.p + z.n / 2, 0xff, 64);
    assert_int_equal(read_all(z, &good), TB_E_CORRUPT);
    assert_true(good.n > LARGE / 3 && good.n <= text.n && memcmp(good.p, text.p, LARGE / 3) == 0);
    free(good.p);
    free(z.p);
    free(text.p);
}

/* More memory than a log needs is refused by name. */
static void test_greedy(void **state)
{
    (void)state;
#if __has_include(<lzma.h>)
    struct bytes z = {NULL, 0}, good;
    lzma_options_lzma o;
    lzma_lzma_preset(&o, 1);
    o.dict_size = 1u << 30;
    lzma_filter chain[] = {{LZMA_FILTER_LZMA2, &o}, {LZMA_VLI_UNKNOWN, NULL}};
    uint8_t out[400];
    size_t n = 0;
    lzma_stream_flags flags = {.check = LZMA_CHECK_NONE};
    assert_int_equal(lzma_stream_header_encode(&flags, out), LZMA_OK);
    n = LZMA_STREAM_HEADER_SIZE;
    lzma_block block = {.version = 0,
                        .check = LZMA_CHECK_NONE,
                        .filters = chain,
                        .compressed_size = LZMA_VLI_UNKNOWN,
                        .uncompressed_size = LZMA_VLI_UNKNOWN};
    assert_int_equal(lzma_block_header_size(&block), LZMA_OK);
    assert_int_equal(lzma_block_header_encode(&block, out + n), LZMA_OK);
    add(&z, out, n + block.header_size);
    assert_int_equal(read_all(z, &good), TB_E_LIMIT);
    free(good.p);
    free(z.p);
#else
    skip();
#endif
}

/* --- archives --- */

#define MEMBERS 5

struct laid {
    struct bytes archive, data[MEMBERS];
};

static struct laid laid_out(const char *format, size_t size)
{
    struct laid l;
    struct archive *a = archive_begin(format, "none", &l.archive);
    for (int m = 0; m < MEMBERS; m++) {
        char name[32];
        snprintf(name, sizeof name, "logs/%d.log", m);
        l.data[m] = log_text(size / 2 + below(size));
        archive_member(a, name, AE_IFREG, l.data[m].p, l.data[m].n);
    }
    archive_end(a);
    return l;
}

static void laid_free(struct laid *l)
{
    for (int m = 0; m < MEMBERS; m++) {
        free(l->data[m].p);
    }
    free(l->archive.p);
}

/* How much of the members lies in the first cut bytes of a tar. */
static size_t tar_holds(const struct laid *l, size_t cut)
{
    size_t sum = 0;
    const char *from = l->archive.p;
    for (int m = 0; m < MEMBERS; m++) {
        const char *at =
            memmem(from, (size_t)(l->archive.p + l->archive.n - from), l->data[m].p, l->data[m].n);
        assert_non_null(at);
        size_t begin = (size_t)(at - l->archive.p), have = cut > begin ? cut - begin : 0;
        sum += have < l->data[m].n ? have : l->data[m].n;
        from = at + l->data[m].n;
    }
    return sum;
}

/* The same of a zip: what zlib inflates of each member's bytes before the cut. *slack: libarchive forgets its last block
 * when the cut goes through the few bytes (sizes, crc) behind a member. */
static size_t zip_holds(const struct laid *l, size_t cut, char *out, size_t cap, size_t *slack)
{
    *slack = 0;
    size_t sum = 0, at = 0;
    const unsigned char *p = (const unsigned char *)l->archive.p;
    for (int m = 0; m < MEMBERS; m++) {
        size_t data = at + 30 + p[at + 26] + 256u * p[at + 27] + p[at + 28] + 256u * p[at + 29];
        if (data >= cut) {
            break;
        }
        z_stream z = {0};
        assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
        z.next_in = (Bytef *)(uintptr_t)(p + data);
        z.avail_in = (uInt)(cut - data);
        z.next_out = (Bytef *)out;
        z.avail_out = (uInt)cap;
        int ret = inflate(&z, Z_NO_FLUSH);
        sum += z.total_out;
        *slack = ret == Z_STREAM_END && z.avail_in < 24 ? 512 * 40 : 0;
        inflateEnd(&z);
        const char *next = ret == Z_STREAM_END ? memmem(z.next_in, z.avail_in, "PK\3\4", 4) : NULL;
        if (next == NULL) {
            break;
        }
        at = (size_t)(next - l->archive.p);
    }
    return sum;
}

static void check_archive(const struct laid *l, struct bytes part, size_t want, size_t slack,
                          const char *what)
{
    struct bytes good, all = {NULL, 0};
    enum tb_code code = read_all(part, &good);
    for (int m = 0; m < MEMBERS; m++) {
        add(&all, l->data[m].p, l->data[m].n);
    }
    if (good.n > want || good.n + slack < want || memcmp(good.p, all.p, good.n) != 0 ||
        (want < all.n && code != TB_E_TRUNCATED)) {
        fail_msg("%s of %zu bytes: %zu bytes, not %zu, code %d", what, part.n, good.n, want, (int)code);
    }
    free(good.p);
    free(all.p);
}

static void test_archives(void **state)
{
    (void)state;
    static const char *const formats[] = {"gnutar", "paxr", "zip"};
    char *out = malloc(2 * LARGE);
    for (size_t f = 0; f < COUNT(formats); f++) {
        bool zip = strcmp(formats[f], "zip") == 0;
        for (int large = 0; large < 2; large++) {
            struct laid l = laid_out(formats[f], large ? LARGE / 2 : 1500);
            size_t first = zip ? 60 : 1024;
            for (size_t k = 0; large ? k < 60 : first + k <= l.archive.n; k++) {
                size_t cut = large ? first + below(l.archive.n - first) : first + k;
                size_t slack = 0;
                size_t want = zip ? zip_holds(&l, cut, out, 2 * LARGE, &slack) : tar_holds(&l, cut);
                check_archive(&l, (struct bytes){l.archive.p, cut}, want, slack, formats[f]);
            }
            laid_free(&l);
        }
    }
    free(out);
}

/* How a file or, in a tar, a member of this name and these bytes ends. */
static enum tb_code end_of(const char *dir, const char *name, struct bytes b, bool member)
{
    char path[600];
    struct tb_err err = {0};
    struct tb_stream *s = NULL;
    struct tb_str said;
    struct bytes out, tar;
    struct archive *a = archive_begin("ustar", "none", &tar);
    archive_member(a, name, AE_IFREG, b.p, b.n);
    archive_end(a);
    snprintf(path, sizeof path, "%s/%s", dir, member ? "a.tar" : name);
    write_file(path, member ? tar : b);
    free(tar.p);
    enum tb_status st = tb_stream_open(path, NULL, &s, &err);
    st = st == TB_OK ? tb_stream_member(s, &said, &err) : st;
    if (st == TB_OK) {
        st = read_member(s, 0, &out, &err);
        free(out.p);
    }
    tb_stream_close(s);
    return st == TB_END ? TB_E_NONE : err.code;
}

/* An upload that broke off before the first bytes could tell what it is: its name does. */
static void test_cut_before_the_magic(void **state)
{
    static const struct {
        const char *name, *bytes;
        bool whole;
    } files[] = {
        {"a.gz", "", false},   {"a.gz", "\x1f", false},    {"a.tgz", "", false},    {"a.xz", "", false},
        {"a.bz2", "", false},  {"a.bz2", "B", false},      {"a.bz2", "BZh", false}, {"a.zst", "", false},
        {"a.zst", "(", false}, {"a.lz4", "", false},       {"a.log", "", true},     {"a.log", "BZh", true},
        {"a.bz2", "no", true}, {"a.gz", "a line\n", true}, {"gz", "", true},
    };
    (void)state;
    char *dir = temp_dir();
    for (size_t i = 0; i < COUNT(files); i++) {
        struct bytes b = {(char *)(uintptr_t)files[i].bytes, strlen(files[i].bytes)};
        enum tb_code want = files[i].whole ? TB_E_NONE : TB_E_TRUNCATED;
        for (int member = 0; member < 2; member++) {
            enum tb_code got = end_of(dir, files[i].name, b, member);
            if (got != want) {
                fail_msg("%s with %zu bytes%s ends with %d", files[i].name, b.n, member ? " in a tar" : "",
                         got);
            }
        }
    }
    remove_dir(dir);
}

/* In a compressed tar what the compression gives is what the tar has. */
static void test_compressed_tars(void **state)
{
    (void)state;
    char *out = malloc(8 * LARGE);
    for (int large = 0; large < 2; large++) {
        struct laid l = laid_out("gnutar", large ? LARGE / 2 : 900);
        struct bytes gz = gzip_of(l.archive.p, l.archive.n, 6, Z_DEFAULT_STRATEGY, NULL);
        for (size_t k = 0; large ? k < 60 : 300 + k < gz.n; k++) {
            int result;
            struct bytes part = {gz.p, large ? 300 + below(gz.n - 300) : 300 + k};
            size_t have = zlib_gunzip(part.p, part.n, out, 8 * LARGE, &result);
            if (have >= 1024) {
                check_archive(&l, part, tar_holds(&l, have), 0, "tar.gz");
            }
        }
        free(gz.p);
#if __has_include(<lzma.h>)
        struct bytes xz = compressed("xz", l.archive.p, l.archive.n);
        for (size_t k = 0; k < 60; k++) {
            struct bytes part = {xz.p, 200 + below(xz.n - 200)};
            size_t have = oracle("xz", part, out, 8 * LARGE);
            if (have >= 1024) {
                check_archive(&l, part, tar_holds(&l, have), 0, "tar.xz");
            }
        }
        free(xz.p);
#endif
        laid_free(&l);
    }
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressions),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_greedy),          cmocka_unit_test(test_archives),
        cmocka_unit_test(test_compressed_tars), cmocka_unit_test(test_cut_before_the_magic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
