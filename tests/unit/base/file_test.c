/* base/file: the old content or the new one, whichever system call fails. The calls are replaced by ones that
 * fail on request. */
#include "support.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The call to fail (counted over all kinds, from 1; 0 = none), how, and how many have been made. */
static int fail_at;
static int fail_errno;
static int calls;
static int failed_close;
static char order[64]; /* of write, fsync, rename: a letter each */

static void note(char letter)
{
    size_t n = strlen(order);
    if (n + 1 < sizeof(order) && (n == 0 || order[n - 1] != letter)) {
        order[n] = letter;
    }
}

static bool fails(void)
{
    calls++;
    if (calls != fail_at) {
        return false;
    }
    errno = fail_errno;
    return true;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails() ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t read(int fd, void *p, size_t n)
{
    return fails() ? -1
                   : (ssize_t)syscall(SYS_read, fd, p, n > 1000 ? n / 3 : n); /* short reads are allowed */
}

ssize_t write(int fd, const void *p, size_t n)
{
    note('w');
    return fails() ? -1 : (ssize_t)syscall(SYS_write, fd, p, n > 1000 ? n / 3 : n);
}

int fsync(int fd)
{
    note('s');
    return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    note('r');
    bool failing = fails() && fail_errno != EINTR; /* which a rename never says */
    return failing ? -1 : (int)syscall(SYS_rename, from, to);
}

int close(int fd)
{
    int rc = (int)syscall(SYS_close, fd); /* as on Linux: closed even when it fails */
    if (fails()) {
        failed_close++;
        return -1;
    }
    return rc;
}

static char folder[] = "/tmp/tollbook-file-XXXXXX";

static int setup(void **state)
{
    (void)state;
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    fail_at = 0;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    fail_at = 0;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static const char *at(const char *name)
{
    static char paths[4][256];
    static size_t turn;
    char *path = paths[turn++ % 4];
    assert_true(tb_path_join(folder, name, path, sizeof(paths[0])));
    return path;
}

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d) != NULL) {
        n++;
    }
    (void)closedir(d);
    return n - 2;
}

static void assert_content(const char *path, struct tb_str expected)
{
    struct tb_buf b;
    struct tb_err err;
    tb_buf_init(&b, 1 << 20);
    assert_int_equal(tb_file_read(path, 1 << 20, &b, &err), TB_OK);
    assert_true(tb_str_eq(tb_buf_view(&b), expected));
    tb_buf_release(&b);
}

static int open_files(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL) {
        n++;
    }
    (void)closedir(d);
    return n;
}

static void test_write_and_read(void **state)
{
    (void)state;
    static char large[300000];
    struct tb_err err;
    struct stat st;
    memset(large, 'x', sizeof(large));
    assert_int_equal(tb_file_write(at("a"), TB_STR("one"), 0600, &err), TB_OK);
    assert_content(at("a"), TB_STR("one"));
    assert_int_equal(stat(at("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(tb_file_write(at("a"), (struct tb_str){large, sizeof(large)}, 0640, &err), TB_OK);
    assert_content(at("a"), (struct tb_str){large, sizeof(large)});
    assert_int_equal(tb_file_write(at("a"), TB_STR(""), 0600, &err), TB_OK);
    assert_content(at("a"), TB_STR(""));
    assert_int_equal(entries(), 1);
}

/* A crash at any moment leaves the old file or the whole new one: so the bytes are down before the name
 * changes. */
static void test_synced_before_renamed(void **state)
{
    (void)state;
    struct tb_err err;
    memset(order, 0, sizeof(order));
    assert_int_equal(tb_file_write(at("a"), TB_STR("content"), 0600, &err), TB_OK);
    assert_string_equal(order, "wsrs");
}

static void test_in_the_working_folder(void **state)
{
    (void)state;
    struct tb_err err;
    char before[512];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(tb_file_write("plain", TB_STR("x"), 0600, &err), TB_OK);
    assert_content("plain", TB_STR("x"));
    assert_int_equal(chdir(before), 0);
    assert_int_equal(entries(), 1);
}

static void test_read_limit(void **state)
{
    (void)state;
    struct tb_buf b;
    struct tb_err err;
    assert_int_equal(tb_file_write(at("a"), TB_STR("0123456789"), 0600, &err), TB_OK);
    for (size_t max = 0; max < 20; max++) {
        for (size_t cap = 0; cap < 20; cap++) {
            tb_buf_init(&b, cap);
            enum tb_status status = tb_file_read(at("a"), max, &b, &err);
            assert_int_equal(status, max >= 10 && cap >= 10 ? TB_OK : TB_FAIL);
            assert_true(status == TB_OK || err.code == TB_E_LIMIT);
            assert_true(status != TB_OK || tb_str_eq(tb_buf_view(&b), TB_STR("0123456789")));
            tb_buf_release(&b);
        }
    }
}

static void test_messages(void **state)
{
    (void)state;
    struct tb_buf b;
    struct tb_err err;
    char expected[512];
    tb_buf_init(&b, 100);
    assert_int_equal(tb_file_read("/nonexistent/x", 100, &b, &err), TB_FAIL);
    assert_string_equal(err.text, "cannot open \"/nonexistent/x\": no such file or directory");
    assert_int_equal(err.code, TB_E_IO);
    assert_int_equal(tb_file_read(folder, 100, &b, &err), TB_FAIL);
    (void)snprintf(expected, sizeof(expected), "cannot read \"%s\": is a directory", folder);
    assert_string_equal(err.text, expected);
    assert_int_equal(tb_file_write("/nonexistent/x", TB_STR("x"), 0600, &err), TB_FAIL);
    assert_string_equal(err.text, "cannot create \"/nonexistent/x\": no such file or directory");
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    assert_int_equal(tb_file_write(at("folder"), TB_STR("x"), 0600, &err),
                     TB_FAIL); /* rename onto a folder */
    assert_int_equal(entries(), 1);
    tb_buf_release(&b);
}

/* Each call in turn fails: then the file has the old content and nothing is left behind, or, when only the
 * folder's own sync was to come, the new one. With EINTR nothing fails. */
static void test_every_call_fails_once(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EINTR};
    static char old[5000];
    static char new[7000];
    struct tb_err err;
    memset(old, 'o', sizeof(old));
    memset(new, 'n', sizeof(new));
    for (size_t e = 0; e < COUNT(errors); e++) {
        int failures = 0;
        for (int k = 1;; k++) {
            fail_at = 0;
            assert_int_equal(tb_file_write(at("a"), (struct tb_str){old, sizeof(old)}, 0600, &err), TB_OK);
            int before = open_files();
            calls = 0;
            fail_at = k;
            fail_errno = errors[e];
            enum tb_status status = tb_file_write(at("a"), (struct tb_str){new, sizeof(new)}, 0600, &err);
            bool reached = calls >= k;
            bool all_tried = calls < k;
            fail_at = 0;
            assert_int_equal(open_files(), before);
            assert_int_equal(entries(), 1);
            char first = 0;
            FILE *f = fopen(at("a"), "r");
            assert_non_null(f);
            first = (char)fgetc(f);
            assert_int_equal(fclose(f), 0);
            assert_content(at("a"), first == 'n' ? (struct tb_str){new, sizeof(new)}
                                                 : (struct tb_str){old, sizeof(old)});
            assert_true(first == 'n' || status != TB_OK);
            if (reached && status != TB_OK) {
                failures++;
                assert_int_equal(err.code, TB_E_IO);
            }
            assert_true(!reached || errors[e] != EINTR || status == TB_OK);
            if (all_tried) {
                break;
            }
        }
        assert_true(errors[e] == EINTR ? failures == 0 : failures >= 9);
    }
    assert_true(failed_close > 0);
}

static void test_reading_fails(void **state)
{
    (void)state;
    struct tb_err err;
    assert_int_equal(tb_file_write(at("a"), TB_STR("content"), 0600, &err), TB_OK);
    for (int k = 1; k < 5; k++) {
        struct tb_buf b;
        tb_buf_init(&b, 100);
        calls = 0;
        fail_at = k;
        fail_errno = k % 2 == 0 ? EINTR : EIO;
        int before = open_files();
        calls = 0;
        enum tb_status status = tb_file_read(at("a"), 100, &b, &err);
        assert_true(status == TB_OK ? tb_str_eq(tb_buf_view(&b), TB_STR("content")) : err.code == TB_E_IO);
        assert_true(k != 1 || status == TB_FAIL);
        assert_true(k % 2 == 1 || status == TB_OK);
        fail_at = 0;
        assert_int_equal(open_files(), before);
        tb_buf_release(&b);
    }
}

static void test_commit(void **state)
{
    (void)state;
    struct tb_err err;
    FILE *f = fopen(at("temp"), "w");
    assert_non_null(f);
    assert_true(fputs("whole", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(tb_file_commit(at("temp"), at("final"), &err), TB_OK);
    assert_content(at("final"), TB_STR("whole"));
    assert_int_equal(entries(), 1);
    assert_int_equal(tb_file_commit(at("temp"), at("final"), &err), TB_FAIL);
    assert_content(at("final"), TB_STR("whole"));
}

static void test_mkdirs(void **state)
{
    (void)state;
    struct tb_err err;
    struct stat st;
    static const char *const good[] = {"a/b/c", "a/b/c", "a//d///", "e/", "f"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(tb_file_mkdirs(at(good[i]), 0750, &err), TB_OK);
        assert_int_equal(stat(at(good[i]), &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0750);
    }
    assert_int_equal(tb_file_mkdirs("", 0750, &err), TB_OK);
    assert_int_equal(tb_file_mkdirs("/", 0750, &err), TB_OK);
    assert_int_equal(tb_file_mkdirs(".", 0750, &err), TB_OK);
    assert_int_equal(tb_file_write(at("plain"), TB_STR("x"), 0600, &err), TB_OK);
    assert_int_equal(tb_file_mkdirs(at("plain"), 0750, &err), TB_FAIL);
    assert_non_null(strstr(err.text, "not a directory"));
    assert_int_equal(tb_file_mkdirs(at("plain/below"), 0750, &err), TB_FAIL);
    assert_int_equal(tb_file_mkparent(at("g/h/file"), 0750, &err), TB_OK);
    assert_int_equal(stat(at("g/h"), &st), 0);
    assert_int_equal(stat(at("g/h/file"), &st), -1);
    assert_int_equal(tb_file_mkparent("file", 0750, &err), TB_OK);
    assert_int_equal(tb_file_mkparent("/file", 0750, &err), TB_OK);
    assert_int_equal(tb_file_mkparent(at("plain/file"), 0750, &err), TB_FAIL);
    static char longest[5000];
    memset(longest, 'x', sizeof(longest) - 1);
    assert_int_equal(tb_file_mkdirs(longest, 0750, &err), TB_FAIL);
}

static void test_path_join(void **state)
{
    (void)state;
    static const struct {
        const char *dir;
        const char *name;
        const char *expected;
    } rows[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"a", "-", "-"},
                {"", "b", "b"},    {NULL, "b", "b"},   {"/", "b", "/b"},  {".", "b", "./b"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[16];
        assert_true(tb_path_join(rows[i].dir, rows[i].name, out, sizeof(out)));
        assert_string_equal(out, rows[i].expected);
    }
    char small[4];
    assert_true(tb_path_join("a", "b", small, sizeof(small)));
    assert_false(tb_path_join("a", "bc", small, sizeof(small)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_synced_before_renamed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_the_working_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_call_fails_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reading_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mkdirs, setup, teardown),
        cmocka_unit_test(test_path_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
