/* The digest of a file's raw bytes, made while it is read, against the one made of the file alone: every kind of file,
 * whole and damaged, read to the end, in part or not at all, and read on after the digest was asked for. */
#include "support.h"
#include <fcntl.h>
#include <unistd.h>
#include "base/hash.h"

#define TEXT_BYTES 700000 /* some blocks of TB_BLOCK_BYTES */

static struct bytes archive_of(const char *format, const char *filter, const char *p, size_t n)
{
    struct bytes out;
    struct archive *a = archive_begin(format, filter, &out);
    archive_member(a, "one.log", AE_IFREG, p, n / 3);
    archive_member(a, "two.log", AE_IFREG, p + n / 3, n - n / 3);
    archive_end(a);
    return out;
}

static struct bytes kind_of(size_t kind, struct bytes text)
{
    static const char *const filters[] = {"xz", "zstd", "lz4"};
    struct bytes b = {NULL, 0};
    switch (kind) {
    case 0:
        add(&b, text.p, text.n);
        return b;
    case 1:
        return gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    case 2:
    case 3:
    case 4:
        return compressed(filters[kind - 2], text.p, text.n);
    case 5:
        return archive_of("gnutar", "gzip", text.p, text.n);
    case 6:
        return archive_of("zip", "none", text.p, text.n);
    default:
        return archive_of("7zip", "none", text.p, text.n);
    }
}

/* Reads members until `most` calls were made; true: to the very end. */
static bool read_some(struct tb_stream *s, size_t most)
{
    static char buf[1 << 16];
    struct tb_err err = {0};
    struct tb_str name;
    size_t n;
    while (tb_stream_member(s, &name, &err) == TB_OK) {
        while (most > 0 && tb_stream_read(s, buf, 1 + below(sizeof buf), &n, &err) == TB_OK) {
            most--;
        }
        if (most == 0) {
            return false;
        }
    }
    return true;
}

static void check(const char *path, size_t most)
{
    struct tb_err err = {0};
    struct tb_stream *s = NULL;
    struct tb_hash128 want, got;
    int64_t want_size = 0, size = 0;
    assert_int_equal(tb_stream_digest(path, &want, &want_size, &err), TB_OK);
    if (tb_stream_open_summed(path, NULL, &s, &err) != TB_OK) {
        return; /* damaged at its head */
    }
    if (below(2) == 0) { /* the thread that reads ahead must not lose or take twice what is summed */
        (void)tb_stream_ahead(s);
    }
    bool whole = read_some(s, most);
    for (int again = 0; again < 2; again++) { /* and once more after reading on */
        assert_int_equal(tb_stream_sum(s, &got, &size, &err), TB_OK);
        assert_int_equal(size, want_size);
        assert_true(got.hi == want.hi && got.lo == want.lo);
        whole = whole || read_some(s, SIZE_MAX);
    }
    tb_stream_close(s);
}

static void test_sum_equals_digest(void **state)
{
    (void)state;
    char *dir = temp_dir(), path[600];
    snprintf(path, sizeof path, "%s/x", dir);
    struct bytes text = log_text(TEXT_BYTES);
    for (size_t kind = 0; kind < 8; kind++) {
        struct bytes b = kind_of(kind, text);
        for (int round = 0; round < 12; round++) {
            struct bytes cut = b;
            cut.n = round < 4 ? b.n : 1 + below(b.n);
            write_file(path, cut);
            check(path, round % 4 == 0 ? SIZE_MAX : below(12));
        }
        free(b.p);
    }
    free(text.p);
    unlink(path);
    rmdir(dir);
    free(dir);
}

static void test_reading_on_is_undisturbed(void **state)
{
    (void)state;
    char *dir = temp_dir(), path[600];
    snprintf(path, sizeof path, "%s/x", dir);
    struct bytes text = log_text(TEXT_BYTES), gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL), out;
    struct tb_err err = {0};
    struct tb_stream *s;
    struct tb_str name;
    struct tb_hash128 sum;
    int64_t size;
    char first[1000];
    size_t n;
    write_file(path, gz);
    assert_int_equal(tb_stream_open_summed(path, NULL, &s, &err), TB_OK);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    assert_int_equal(tb_stream_read(s, first, sizeof first, &n, &err), TB_OK);
    assert_int_equal(tb_stream_sum(s, &sum, &size, &err), TB_OK);
    assert_int_equal(read_member(s, 0, &out, &err), TB_END);
    assert_memory_equal(first, text.p, n);
    assert_same(out, text.p + n, text.n - n);
    tb_stream_close(s);
    assert_int_equal(tb_stream_open(path, NULL, &s, &err), TB_OK);
    assert_int_equal(tb_stream_sum(s, &sum, &size, &err), TB_END);
    tb_stream_close(s);
    free(out.p);
    free(gz.p);
    free(text.p);
    unlink(path);
    rmdir(dir);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum_equals_digest),
        cmocka_unit_test(test_reading_on_is_undisturbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
