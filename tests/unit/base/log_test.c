/* base/log: what arrives on standard error, also from several threads at once. */
#include "support.h"
#include "base/log.h"
#include <pthread.h>
#include <unistd.h>

static int saved = -1;
static FILE *captured;

static int capture(void **state)
{
    (void)state;
    captured = tmpfile();
    saved = dup(STDERR_FILENO);
    return captured != NULL && saved >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int restore(void **state)
{
    (void)state;
    if (dup2(saved, STDERR_FILENO) < 0 || close(saved) != 0) {
        return -1;
    }
    return fclose(captured);
}

/* What was written so far; and begins anew. */
static size_t take(char *out, size_t size)
{
    assert_int_equal(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
    ssize_t n = read(STDERR_FILENO, out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
    assert_int_equal(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
    return (size_t)n;
}

static void test_levels(void **state)
{
    (void)state;
    char out[1000];
    assert_int_equal(tb_log_level_now(), TB_LOG_WARN); /* not a terminal */
    tb_log(TB_LOG_INFO, "unseen");
    tb_log(TB_LOG_WARN, "%d lines\n\x1b[31m", 3);
    tb_log(TB_LOG_ERROR, "bad");
    (void)take(out, sizeof(out));
    assert_string_equal(out, "tollbook: warning: 3 lines [31m\ntollbook: error: bad\n");
    tb_log_set_level(TB_LOG_DEBUG);
    tb_log(TB_LOG_INFO, "seen");
    tb_log(TB_LOG_DEBUG, "detail");
    (void)take(out, sizeof(out));
    assert_string_equal(out, "tollbook: seen\ntollbook: debug: detail\n");
    tb_log_set_level(TB_LOG_ERROR);
    tb_log(TB_LOG_WARN, "unseen");
    assert_int_equal(take(out, sizeof(out)), 0);
}

static void test_errors(void **state)
{
    (void)state;
    char out[1000];
    struct tb_err err;
    tb_log_set_level(TB_LOG_WARN);
    (void)tb_err_set(&err, TB_FAIL, TB_E_TABLE, "bad cell");
    tb_err_place(&err, "prices.csv", 3, 0);
    tb_log_err(TB_LOG_WARN, &err);
    tb_log_err(TB_LOG_INFO, &err);
    (void)take(out, sizeof(out));
    assert_string_equal(out, "tollbook: warning: prices.csv:3: bad cell\n");
}

static void test_no_progress_off_a_terminal(void **state)
{
    (void)state;
    char out[100];
    tb_log_set_level(TB_LOG_DEBUG);
    tb_log_progress("files", 1, 2);
    tb_log_progress_end();
    assert_int_equal(take(out, sizeof(out)), 0);
}

static void test_a_long_message_is_cut(void **state)
{
    (void)state;
    static char text[20000];
    static char out[40000];
    memset(text, '\xFF', sizeof(text) - 1); /* three bytes each when printed */
    tb_log_set_level(TB_LOG_WARN);
    tb_log(TB_LOG_WARN, "%s", text);
    assert_int_equal(take(out, sizeof(out)), strlen("tollbook: warning: ") + 3 * 4095 + 1);
}

static void *talk(void *number)
{
    for (int i = 0; i < 200; i++) {
        tb_log(TB_LOG_WARN, "thread %d says %060d", *(int *)number, i);
    }
    return NULL;
}

static void test_lines_stay_whole(void **state)
{
    (void)state;
    static char out[200000];
    pthread_t threads[4];
    int numbers[4] = {0, 1, 2, 3};
    int next[4] = {0};
    int lines = 0;
    tb_log_set_level(TB_LOG_WARN);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, talk, &numbers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    (void)take(out, sizeof(out));
    char *rest = NULL;
    for (char *line = strtok_r(out, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char expected[200];
        int who = line[strlen("tollbook: warning: thread ")] - '0';
        assert_in_range(who, 0, 3);
        (void)snprintf(expected, sizeof(expected), "tollbook: warning: thread %d says %060d", who,
                       next[who]++);
        assert_string_equal(line, expected);
        lines++;
    }
    assert_int_equal(lines, 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_levels, capture, restore),
        cmocka_unit_test_setup_teardown(test_errors, capture, restore),
        cmocka_unit_test_setup_teardown(test_no_progress_off_a_terminal, capture, restore),
        cmocka_unit_test_setup_teardown(test_a_long_message_is_cut, capture, restore),
        cmocka_unit_test_setup_teardown(test_lines_stay_whole, capture, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
