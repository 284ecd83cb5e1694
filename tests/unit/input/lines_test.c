/* Lines against a split by hand, over random block sizes; lines at the cap; and the streams of files, pipes and stdin. */
#include "support.h"
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "input/lines.h"

struct want {
    size_t from, n; /* text in the whole */
    bool too_long;
};

/* The definition: split at \n, cut one \r before it, a last part without \n is a line unless empty. */
static struct want *split(const char *p, size_t n, size_t *count)
{
    struct want *w = malloc((n + 1) * sizeof *w);
    size_t k = 0;
    for (size_t at = 0; at < n;) {
        const char *nl = memchr(p + at, '\n', n - at);
        size_t end = nl != NULL ? (size_t)(nl - p) : n;
        size_t length = end - at;
        length -= length > 0 && p[end - 1] == '\r';
        w[k++] = (struct want){at, length, length > TB_LINE_MAX};
        at = end + (nl != NULL);
    }
    *count = k;
    return w;
}

static void check(struct tb_lines *l, struct tb_stream *s, const char *p, size_t n)
{
    struct tb_err err = {0};
    struct tb_str name;
    struct tb_line line;
    size_t count;
    struct want *w = split(p, n, &count);
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    tb_lines_start(l, s);
    for (size_t i = 0; i < count; i++) {
        enum tb_status st = tb_lines_next(l, &line, &err);
        if (st == TB_FAIL) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(st, w[i].too_long ? TB_REJECT : TB_OK);
        assert_int_equal(line.line, i + 1);
        assert_int_equal(line.byte, w[i].from);
        if (w[i].too_long) {
            assert_int_equal(err.code, TB_E_LIMIT);
            assert_int_equal(err.byte, w[i].from);
            assert_true(line.text.n > 0 && line.text.n <= TB_LINE_MAX);
        } else {
            assert_int_equal(line.text.n, w[i].n);
        }
        assert_memory_equal(line.text.s, p + w[i].from, line.text.n);
        volatile char behind = 0; /* 16 bytes behind are readable: ASan and valgrind would tell */
        for (size_t k = 0; k < 16; k++) {
            behind = (char)(behind ^ line.text.s[line.text.n + k]);
        }
    }
    assert_int_equal(tb_lines_next(l, &line, &err), TB_END);
    assert_int_equal(tb_lines_next(l, &line, &err), TB_END);
    assert_int_equal(tb_lines_bytes(l), n);
    free(w);
}

static struct tb_stream *opened(const char *p, size_t n)
{
    struct tb_err err = {0};
    struct tb_stream *s;
    assert_int_equal(tb_stream_open_memory((struct tb_str){p, n}, &s, &err), TB_OK);
    return s;
}

static void check_text(struct tb_lines *l, const char *p, size_t n)
{
    struct tb_stream *s = opened(p, n);
    check(l, s, p, n);
    tb_stream_close(s);
}

static void test_small_texts(void **state)
{
    (void)state;
    static const char *const rows[] = {"",    "\n",     "\r\n",   "\r",           "a",       "a\n", "a\r\n",
                                       "a\r", "\n\n\n", "a\n\nb", "a\r\r\n\rb\n", "\n\r\n\r"};
    struct tb_lines *l = tb_lines_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_text(l, rows[i], strlen(rows[i]));
    }
    check_text(l, "a\0b\n\0\n", 6);
    tb_lines_free(l);
}

/* One reader over texts of all shapes in turn; lines of every length around the block's. */
static void test_random_texts(void **state)
{
    (void)state;
    struct tb_lines *l = tb_lines_new();
    for (int round = 0; round < 120; round++) {
        struct bytes b = room(below(round % 8 == 0 ? 3000000 : 20000));
        size_t mean = (size_t)1 << below(20);
        for (size_t i = 0; i < b.n; i++) {
            b.p[i] = below(mean) == 0 ? '\n' : below(50) == 0 ? '\r' : (char)('a' + below(26));
        }
        check_text(l, b.p, b.n);
        struct bytes gz = gzip_of(b.p, b.n, 1, Z_DEFAULT_STRATEGY, NULL);
        struct tb_stream *s = opened(gz.p, gz.n);
        check(l, s, b.p, b.n);
        tb_stream_close(s);
        free(gz.p);
        free(b.p);
    }
    tb_lines_free(l);
}

static void fill_line(struct bytes *b, size_t n, const char *end)
{
    size_t from = b->n;
    char chunk[4096];
    memset(chunk, 'x', sizeof chunk);
    while (b->n - from < n) {
        size_t left = n - (b->n - from);
        add(b, chunk, left < sizeof chunk ? left : sizeof chunk);
    }
    add(b, end, strlen(end));
}

/* Exactly the cap passes; one more is rejected, and what follows is read. */
static void test_lines_at_the_cap(void **state)
{
    (void)state;
    struct tb_lines *l = tb_lines_new();
    static const struct {
        size_t over;
        const char *end;
    } rows[] = {{0, "\n"},
                {0, "\r\n"},
                {0, ""},
                {0, "\r"},
                {1, "\n"},
                {1, "\r\n"},
                {1, ""},
                {2, "\n"},
                {2, ""},
                {3, "\r\n"},
                {100000, "\n"},
                {2 * (size_t)TB_LINE_MAX, "\n"},
                {2 * (size_t)TB_LINE_MAX, ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bytes b = {NULL, 0};
        add(&b, "first\n", 6);
        fill_line(&b, TB_LINE_MAX + rows[i].over, rows[i].end);
        if (strchr(rows[i].end, '\n') != NULL) {
            add(&b, "after\nlast", 10);
        }
        check_text(l, b.p, b.n);
        free(b.p);
    }
    tb_lines_free(l);
}

/* 400 MB without a newline: memory stays where it is. The child's own peak is measured. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct bytes zeros = room(8 << 20), gz = {NULL, 0};
    memset(zeros.p, 'x', zeros.n);
    struct bytes one = gzip_of(zeros.p, zeros.n, 6, Z_DEFAULT_STRATEGY, NULL);
    for (int i = 0; i < 50; i++) {
        add(&gz, one.p, one.n);
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rusage before, after;
        struct tb_lines *l = tb_lines_new();
        struct tb_stream *s = opened(gz.p, gz.n);
        struct tb_err err;
        struct tb_str name;
        struct tb_line line;
        int rejects = 0;
        getrusage(RUSAGE_SELF, &before);
        enum tb_status st = tb_stream_member(s, &name, &err);
        tb_lines_start(l, s);
        while (st == TB_OK) {
            st = tb_lines_next(l, &line, &err);
            rejects += st == TB_REJECT;
            st = st == TB_REJECT ? TB_OK : st;
        }
        getrusage(RUSAGE_SELF, &after);
        bool good = st == TB_END && rejects == 1 && after.ru_maxrss - before.ru_maxrss < 80 * 1024;
        tb_stream_close(s);
        tb_lines_free(l);
        free(one.p);
        free(gz.p);
        free(zeros.p);
        _exit(good ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(one.p);
    free(gz.p);
    free(zeros.p);
}

/* What a long line took is given back. (ASan's allocator does not tell.) */
static void test_memory_is_given_back(void **state)
{
    (void)state;
    struct tb_lines *l = tb_lines_new();
    struct bytes b = {NULL, 0};
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    fill_line(&b, TB_LINE_MAX, "\n");
    for (int i = 0; i < 100000; i++) {
        add(&b, "short\n", 6);
    }
    struct tb_stream *s = opened(b.p, b.n);
    struct tb_err err = {0};
    struct tb_str name;
    struct tb_line line;
    assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
    tb_lines_start(l, s);
    while (tb_lines_next(l, &line, &err) == TB_OK) {
    }
    tb_stream_close(s);
    free(b.p);
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    assert_true(before == 0 || after < before + (1 << 20));
    tb_lines_free(l);
}

/* The lines before a failure come, the unfinished one does not, then the failure, again and again. */
static void test_failure(void **state)
{
    (void)state;
    struct bytes text = log_text(100000);
    struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    struct tb_lines *l = tb_lines_new();
    char *want = malloc(text.n);
    for (int i = 0; i < 50; i++) {
        struct tb_err err = {0};
        struct tb_str name;
        struct tb_line line;
        int result;
        size_t cut = 20 + below(gz.n - 20), lines = 0, expected = 0;
        size_t got = zlib_gunzip(gz.p, cut, want, text.n, &result);
        for (size_t k = 0; k < got; k++) {
            expected += want[k] == '\n';
        }
        struct tb_stream *s = opened(gz.p, cut);
        assert_int_equal(tb_stream_member(s, &name, &err), TB_OK);
        tb_lines_start(l, s);
        enum tb_status st;
        while ((st = tb_lines_next(l, &line, &err)) == TB_OK) {
            lines++;
        }
        assert_int_equal(st, TB_FAIL);
        assert_int_equal(err.code, TB_E_TRUNCATED);
        assert_int_equal(lines, expected);
        assert_int_equal(tb_lines_next(l, &line, &err), TB_FAIL);
        tb_stream_close(s);
    }
    free(want);
    tb_lines_free(l);
    free(gz.p);
    free(text.p);
}

static void check_path(const char *path, const char *kind, struct bytes text)
{
    struct tb_err err = {0};
    struct tb_stream *s;
    struct tb_lines *l = tb_lines_new();
    if (tb_stream_open(path, NULL, &s, &err) != TB_OK) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(tb_stream_kind(s), kind);
    check(l, s, text.p, text.n);
    tb_stream_close(s);
    tb_lines_free(l);
}

static void test_files(void **state)
{
    (void)state;
    char *dir = temp_dir(), path[600];
    struct bytes text = log_text(700000), empty = {NULL, 0};
    struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    struct tb_hash128 digest, again;
    struct tb_err err = {0};
    int64_t size;
    snprintf(path, sizeof path, "%s/plain.gz", dir); /* the name says nothing */
    write_file(path, text);
    check_path(path, "plain", text);
    assert_int_equal(tb_stream_digest(path, &digest, &size, &err), TB_OK);
    again = tb_hash128(text.p, text.n, 0);
    assert_int_equal(size, text.n);
    assert_true(digest.hi == again.hi && digest.lo == again.lo);
    snprintf(path, sizeof path, "%s/packed.log", dir);
    write_file(path, gz);
    check_path(path, "gzip", text);
    snprintf(path, sizeof path, "%s/empty.log", dir);
    write_file(path, empty);
    check_path(path, "plain", empty);
    free(gz.p);
    free(text.p);
    remove_dir(dir);
}

static void test_standard_input(void **state)
{
    (void)state;
    char *dir = temp_dir(), path[600];
    struct bytes text = log_text(300000);
    struct bytes gz = gzip_of(text.p, text.n, 6, Z_DEFAULT_STRATEGY, NULL);
    int kept = dup(STDIN_FILENO);
    snprintf(path, sizeof path, "%s/x.gz", dir);
    write_file(path, gz);
    for (int piped = 0; piped < 2; piped++) {
        int ends[2] = {-1, -1};
        pid_t child = 0;
        if (piped == 1) {
            assert_int_equal(pipe(ends), 0);
            fflush(NULL);
            child = fork();
            if (child == 0) { /* odd little writes */
                for (size_t at = 0; at < gz.n;) {
                    size_t n = 1 + below(3000);
                    ssize_t w = write(ends[1], gz.p + at, n < gz.n - at ? n : gz.n - at);
                    at += w > 0 ? (size_t)w : gz.n;
                }
                _exit(0);
            }
            close(ends[1]);
        } else {
            ends[0] = open(path, O_RDONLY);
        }
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        check_path("-", "gzip", text);
        dup2(kept, STDIN_FILENO);
        if (child > 0) {
            waitpid(child, NULL, 0);
        }
    }
    close(kept);
    free(gz.p);
    free(text.p);
    remove_dir(dir);
}

static void test_paths_that_do_not_open(void **state)
{
    (void)state;
    char *dir = temp_dir(), path[600];
    struct tb_err err = {0};
    struct tb_stream *s;
    struct tb_hash128 digest;
    int64_t size;
    snprintf(path, sizeof path, "%s/none.log", dir);
    assert_int_equal(tb_stream_open(path, NULL, &s, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_MISSING);
    assert_string_equal(err.file, path);
    assert_int_equal(tb_stream_digest(path, &digest, &size, &err), TB_FAIL);
    assert_int_equal(tb_stream_open(dir, NULL, &s, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_IO);
    assert_non_null(strstr(err.text, "folder"));
    if (geteuid() != 0) {
        write_file(path, (struct bytes){NULL, 0});
        chmod(path, 0);
        assert_int_equal(tb_stream_open(path, NULL, &s, &err), TB_FAIL);
        assert_int_equal(err.code, TB_E_IO);
    }
    remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_texts),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_lines_at_the_cap),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_memory_is_given_back),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_paths_that_do_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
