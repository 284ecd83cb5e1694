/* Loads that are interrupted and killed, and transactions that small files share: each file is there whole or not at all, and
 * repeating the load ends the same. */
#include "scene.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MANY 20

static void list_many(struct scene *s)
{
    scene_list_clear(s);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%d.log", i);
        scene_list(s, name, "gateway", NULL, i % 2 ? "n1" : "n2");
    }
}

static void write_many(struct scene *s)
{
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%d.log", i);
        scene_write_calls(s, name, i * 150, i * 150 + 400);
    }
    list_many(s);
}

static volatile sig_atomic_t stop;

static void on_alarm(int signal)
{
    (void)signal;
    stop = 1;
}

static void an_interrupted_load_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf first, again;
    int interrupted = 0;
    uint64_t seed = 8;
    scene_begin(&s);
    write_many(&s);
    s.bounds = test_bounds();
    scene_load(&s);
    scene_dump(&s, &first);
    signal(SIGALRM, on_alarm);
    for (int round = 0; round < 6; round++) {
        scene_again(&s);
        enum tb_status st = TB_FAIL;
        for (int i = 0; i < 200 && st != TB_OK; i++) {
            const struct itimerval soon = {.it_value = {.tv_usec = 1000 + (int)test_below(&seed, 20000)}};
            stop = round == 0 && i == 0; /* also before it began */
            setitimer(ITIMER_REAL, &soon, NULL);
            st = scene_try(&s, &stop);
            interrupted += st != TB_OK;
            assert_true(st == TB_OK || (st == TB_FAIL && s.err.code == TB_E_INTERRUPT));
        }
        const struct itimerval never = {.it_value = {.tv_usec = 0}};
        setitimer(ITIMER_REAL, &never, NULL);
        scene_load(&s);
        scene_dump(&s, &again);
        assert_texts_equal(&first, &again);
        tb_buf_release(&again);
    }
    assert_true(interrupted > 3);
    tb_buf_release(&first);
    scene_end(&s);
}

/* However many files share a transaction, and through however many workers, the database is the same; few transactions are needed. */
static void small_files_share_transactions(void **state)
{
    (void)state;
    static const struct {
        uint32_t files, rows;
    } groups[] = {{1, 1}, {2, 1u << 20}, {7, 900}, {MANY, 1u << 20}, {1000, 1u << 20}};
    struct scene s;
    struct tb_buf first, again;
    int64_t frames[sizeof groups / sizeof *groups];
    scene_begin(&s);
    write_many(&s);
    s.bounds = TB_BOUNDS_DEFAULT;
    scene_load(&s);
    scene_dump(&s, &first);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct stat wal;
        char path[600];
        scene_again(&s);
        s.bounds.group_files = groups[i].files;
        s.bounds.group_rows = groups[i].rows;
        scene_load(&s);
        snprintf(path, sizeof path, "%s-wal", scene_path(&s, "t.db"));
        frames[i] = stat(path, &wal) == 0 ? (int64_t)wal.st_size : -1;
        scene_dump(&s, &again);
        assert_texts_equal(&first, &again);
        tb_buf_release(&again);
    }
    assert_true(frames[0] > 3 * frames[4] &&
                frames[4] > 0); /* the same pages are not written for each file */
    tb_buf_release(&first);
    scene_end(&s);
}

/* What is whole before an interrupt is kept, though its transaction was still open. */
static void an_interrupt_keeps_the_whole_files(void **state)
{
    (void)state;
    struct scene s;
    int64_t there = 0;
    scene_begin(&s);
    write_many(&s);
    scene_sh(&s, "mkfifo pipe");
    scene_list(&s, "pipe", "gateway", NULL, NULL); /* it never comes */
    s.bounds = TB_BOUNDS_DEFAULT;
    s.files[MANY].size = s.files[MANY].mtime_ns = 0;
    signal(SIGALRM, on_alarm);
    for (int ms = 100; ms <= 12800 && there < MANY;
         ms *= 2) { /* long enough for all files, whatever else the machine does */
        const struct itimerval soon = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
        const struct itimerval never = {.it_value = {.tv_usec = 0}};
        stop = 0;
        scene_again(&s);
        setitimer(ITIMER_REAL, &soon, NULL);
        enum tb_status st = scene_try(&s, &stop);
        setitimer(ITIMER_REAL, &never, NULL);
        assert_int_equal(st, TB_FAIL);
        assert_int_equal(s.err.code, TB_E_INTERRUPT);
        there = scene_int(&s, "SELECT count(*) FROM file");
    }
    assert_int_equal(there, MANY);
    scene_end(&s);
}

static void a_killed_load_repeated_ends_the_same(void **state)
{
    (void)state;
    struct scene s;
    struct tb_buf first, again;
    uint64_t seed = 2;
    int killed = 0, midway = 0;
    scene_begin(&s);
    write_many(&s);
    s.bounds = test_bounds();
    s.bounds.batch_rows = 64;
    int64_t began = tb_clock_monotonic_us();
    scene_load(&s);
    uint32_t whole_us = (uint32_t)(tb_clock_monotonic_us() - began);
    scene_dump(&s, &first);
    for (int round = 0; round < 6 || (round < 60 && midway < 3); round++) {
        int kills = 0;
        scene_again(&s);
        tb_db_close(s.db);
        s.db = NULL;
        for (bool done = false; !done;) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                scene_open(&s);
                _exit(scene_try(&s, NULL) == TB_OK ? 0 : 1);
            }
            usleep(test_below(&seed, whole_us + whole_us / 4));
            kill(child, SIGKILL);
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            kills += WIFSIGNALED(status);
            done = !WIFSIGNALED(status) || kills == 3; /* then the rest without a kill */
        }
        scene_open(&s);
        int64_t there = scene_int(&s, "SELECT count(*) FROM file");
        midway += there > 0 && there < MANY;
        scene_load(&s);
        scene_dump(&s, &again);
        assert_texts_equal(&first, &again);
        tb_buf_release(&again);
        killed += kills;
    }
    assert_true(killed > 0 && midway >= 3); /* some landed when part of the files were there */
    tb_buf_release(&first);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupted_load_goes_on_where_it_stopped),
        cmocka_unit_test(small_files_share_transactions),
        cmocka_unit_test(an_interrupt_keeps_the_whole_files),
        cmocka_unit_test(a_killed_load_repeated_ends_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
