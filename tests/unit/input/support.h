/* What the tests of pipeline/input share: random data that is the same on every run, gzip made by zlib, archives made by
 * libarchive's writer (the code under test only reads), and whole streams read into memory. */
#ifndef TB_TEST_INPUT_SUPPORT_H
#define TB_TEST_INPUT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <zlib.h>
#include "base/limits.h"
#include "input/stream.h"
#include "input/stream_parts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UNUSED   __attribute__((unused))

static uint64_t rng_state = 88172645463325252u;

static UNUSED uint64_t rnd(void) /* xorshift64 */
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state;
}

static UNUSED size_t below(size_t n)
{
    return (size_t)(rnd() % n);
}

struct bytes {
    char *p;
    size_t n;
};

static size_t power_of_two(size_t n)
{
    size_t cap = 64;
    while (cap < n) {
        cap *= 2;
    }
    return cap;
}

static UNUSED struct bytes room(size_t n)
{
    struct bytes b = {malloc(power_of_two(n)), n};
    assert_non_null(b.p);
    return b;
}

static UNUSED void add(struct bytes *b, const void *p, size_t n)
{
    if (b->p == NULL || power_of_two(b->n + n) != power_of_two(b->n)) {
        b->p = realloc(b->p, power_of_two(b->n + n));
        assert_non_null(b->p);
    }
    if (n > 0) {
        memcpy(b->p + b->n, p, n);
    }
    b->n += n;
}

static UNUSED struct tb_str view(struct bytes b)
{
    return (struct tb_str){b.p, b.n};
}

/* Log-like text: lines that repeat themselves a little. */
static UNUSED struct bytes log_text(size_t n)
{
    struct bytes b = {NULL, 0};
    char line[256];
    while (b.n < n) {
        int k = snprintf(line, sizeof line,
                         "{\"id\":\"%016llx\",\"consumer\":\"team-%d\",\"tokens\":%d,\"x\":\"%c%c%c\"}\n",
                         (unsigned long long)rnd(), (int)below(20), (int)below(5000), (char)('a' + below(26)),
                         (char)('a' + below(26)), (char)('a' + below(26)));
        add(&b, line, (size_t)k);
    }
    b.n = n;
    return b;
}

/* One gzip member. strategy: zlib's (Z_FIXED, Z_HUFFMAN_ONLY ... reach other block types); header may be NULL. */
static UNUSED struct bytes gzip_of(const char *p, size_t n, int level, int strategy, gz_header *header)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, MAX_WBITS + 16, 8, strategy), Z_OK);
    if (header != NULL) {
        assert_int_equal(deflateSetHeader(&z, header), Z_OK);
    }
    struct bytes out = room(deflateBound(&z, (uLong)n) + 70000);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out.p;
    z.avail_out = (uInt)out.n;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = z.total_out;
    deflateEnd(&z);
    return out;
}

/* The oracle: what zlib makes of one gzip member, truncated or damaged or not. */
static UNUSED size_t zlib_gunzip(const char *p, size_t n, char *out, size_t cap, int *result)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)cap;
    *result = inflate(&z, Z_NO_FLUSH);
    size_t got = z.total_out;
    inflateEnd(&z);
    return got;
}

/* Reads the current member in steps of step bytes (0: random ones); returns how it ended. */
static UNUSED enum tb_status read_member(struct tb_stream *s, size_t step, struct bytes *out,
                                         struct tb_err *err)
{
    static char buf[1 << 17];
    enum tb_status st;
    size_t n;
    out->p = NULL;
    out->n = 0;
    add(out, "", 0);
    while ((st = tb_stream_read(s, buf, step > 0 ? step : 1 + below(sizeof buf), &n, err)) == TB_OK) {
        assert_true(n > 0);
        add(out, buf, n);
    }
    return st;
}

static UNUSED void assert_same(struct bytes a, const char *p, size_t n)
{
    assert_int_equal(a.n, n);
    if (n > 0) {
        assert_memory_equal(a.p, p, n);
    }
}

/* --- archives made in memory --- */

static la_ssize_t on_write(struct archive *a, void *ctx, const void *p, size_t n)
{
    (void)a;
    add(ctx, p, n);
    return (la_ssize_t)n;
}

/* format: "raw", "gnutar", "pax", "ustar", "zip", "7zip"; filter: "none", "xz", "bzip2", "zstd", "lz4", "gzip". */
static UNUSED struct archive *archive_begin(const char *format, const char *filter, struct bytes *out)
{
    struct archive *a = archive_write_new();
    out->p = NULL;
    out->n = 0;
    assert_int_equal(archive_write_set_format_by_name(a, format), ARCHIVE_OK);
    if (strcmp(filter, "none") != 0) {
        assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
    }
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open(a, out, NULL, on_write, NULL), ARCHIVE_OK);
    return a;
}

static UNUSED void archive_member(struct archive *a, const char *name, mode_t type, const char *p, size_t n)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)n);
    if (type == AE_IFLNK) {
        archive_entry_set_symlink(e, "elsewhere");
    }
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    if (n > 0) {
        assert_int_equal(archive_write_data(a, p, n), n);
    }
    archive_entry_free(e);
}

static UNUSED void archive_end(struct archive *a)
{
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
}

static UNUSED struct bytes compressed(const char *filter, const char *p, size_t n)
{
    struct bytes out = {NULL, 0};
    if (n == 0 &&
        strcmp(filter, "lz4") == 0) { /* libarchive 3.6.2 crashes on writing it; this is what `lz4` writes */
        add(&out, "\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0\x05\x5d\xcc\x02", 15);
        return out;
    }
    struct archive *a = archive_begin("raw", filter, &out);
    archive_member(a, "data", AE_IFREG, p, n);
    archive_end(a);
    return out;
}

static UNUSED void write_file(const char *path, struct bytes b)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p != NULL ? b.p : "", 1, b.n, f), b.n);
    assert_int_equal(fclose(f), 0);
}

static UNUSED char *temp_dir(void)
{
    const char *base = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/tollbook-input-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return strdup(path);
}

static UNUSED void remove_dir(char *path)
{
    char command[600];
    snprintf(command, sizeof command, "chmod -R u+rwx '%s' && rm -rf '%s'", path, path);
    assert_int_equal(system(command), 0);
    free(path);
}

#endif
