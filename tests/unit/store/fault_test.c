/* A load that fails, or is killed, anywhere leaves all of a file or none of it, and the next try ends as
 * if nothing had happened. Every write, sync and truncation of SQLite's files fails once; then the disk is
 * full at every size; then the process is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store_fixture.h"

#define ROWS  12000
#define DAY_0 20000

/* ---- a file system that fails at the Nth call ---- */

static long fail_at = -1, calls; /* -1: never */
static bool fail_on;             /* from the failing call on, all fail: a disk that is gone */
static sqlite3_vfs shim;

/* The methods of a kind of file (databases and logs have different ones), with ours in front. */
static struct kind {
    sqlite3_io_methods methods; /* first, so that a file's pMethods is its kind */
    const sqlite3_io_methods *real;
} kinds[8];

static const sqlite3_io_methods *real_of(const sqlite3_file *f)
{
    return ((const struct kind *)(const void *)f->pMethods)->real;
}

static bool fails(void)
{
    calls++;
    return fail_at >= 0 && (calls == fail_at || (fail_on && calls > fail_at));
}

static int shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return fails() ? SQLITE_IOERR_WRITE : real_of(f)->xWrite(f, p, n, at);
}

static int shim_sync(sqlite3_file *f, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : real_of(f)->xSync(f, flags);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real_of(f)->xTruncate(f, n);
}

static const sqlite3_io_methods *in_front_of(const sqlite3_io_methods *real)
{
    size_t i = 0;
    while (kinds[i].real != NULL && kinds[i].real != real) {
        i++;
        assert_true(i < sizeof kinds / sizeof *kinds);
    }
    kinds[i].real = real;
    kinds[i].methods = *real;
    kinds[i].methods.xWrite = shim_write;
    kinds[i].methods.xSync = shim_sync;
    kinds[i].methods.xTruncate = shim_truncate;
    return &kinds[i].methods;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *below = vfs->pAppData;
    int rc = below->xOpen(below, name, f, flags, out);
    if (rc == SQLITE_OK && f->pMethods != NULL) {
        f->pMethods = in_front_of(f->pMethods);
    }
    return rc;
}

static void put_shim(void)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    shim = *below;
    shim.zName = "shim";
    shim.pNext = NULL;
    shim.pAppData = below;
    shim.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
}

/* ---- loading ---- */

/* File number k: events k * ROWS / 2 on: half of them are the file's before; of these every fifth has
 * another payload. */
static void fill(struct tb_row *rows, uint32_t k)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        uint64_t id = (uint64_t)k * (ROWS / 2) + i;
        rows[i] = (struct tb_row){.ts_us = DAY_0 * TB_US_PER_DAY + (int64_t)id * 9000000, .line = i};
        rows[i].identity = tb_hash128(&id, sizeof id, 1);
        rows[i].number[TB_N_INPUT] = (int64_t)(id % 5 == 0 ? 100 + k : 100);
        rows[i].payload = (uint64_t)rows[i].number[TB_N_INPUT];
        rows[i].present = 1u << TB_N_INPUT;
    }
}

static enum tb_status load(struct tb_db *db, uint32_t k, struct tb_err *err)
{
    static struct tb_row rows[ROWS];
    struct tb_load_txn *t = NULL;
    struct tb_append_counts c = {0, 0, 0, 0};
    struct tb_file_entry e = {.path = TB_STR("f"),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    enum tb_status st = tb_db_begin(db, err);
    if (st != TB_OK) {
        return st;
    }
    fill(rows, k);
    st = tb_dict_id(db, TB_STR("gateway"), true, &e.source, err);
    if (st == TB_OK) {
        st = tb_files_insert(db, &e, err);
    }
    if (st == TB_OK) {
        st = tb_load_begin(db, e.file, e.source, &t, err);
    }
    for (uint32_t i = 0; i < ROWS && st == TB_OK; i += ROWS / 3) {
        st = tb_load_append(t, rows + i, ROWS / 3, &c, NULL, NULL, err);
        e.events += c.events;
        e.duplicates += c.duplicates;
        e.conflicts += c.conflicts;
    }
    if (st == TB_OK) {
        struct tb_load_txn *done = t;
        t = NULL;
        st = tb_load_finish(done, err);
    }
    if (t != NULL) {
        tb_load_abort(t);
    }
    e.lines = ROWS;
    if (st == TB_OK) {
        st = tb_files_update(db, &e, err);
    }
    if (st == TB_OK) {
        st = tb_db_commit(db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(db);
    }
    return st;
}

/* Files of the ledger, each whole; the live events are those of that many files. */
static uint32_t check(struct tb_db *db)
{
    struct tb_scan *s = NULL;
    struct tb_block b;
    uint64_t rows = 0, sum = 0, expected_sum = 0;
    uint32_t files = (uint32_t)number_of(db, "SELECT count(*) FROM file");
    must(tb_db_check(db, &err));
    must(tb_scan_open(db, 0, INT64_MAX, TB_C_TOKENS, &s, &err));
    struct tb_err why = {.code = TB_E_NONE};
    while (tb_scan_next(s, &b, &why) == TB_OK) {
        rows += b.n;
        for (uint32_t i = 0; i < b.n; i++) {
            sum += (uint64_t)b.number[TB_N_INPUT][i];
        }
    }
    tb_scan_close(s);
    uint64_t expected = files == 0 ? 0 : (uint64_t)(files + 1) * (ROWS / 2);
    for (uint64_t id = 0; id < expected; id++) { /* the later file has the larger total of every fifth */
        uint64_t last = id / (ROWS / 2) < files ? id / (ROWS / 2) : files - 1;
        expected_sum += id % 5 == 0 ? 100 + last : 100;
    }
    assert_int_equal(why.code, TB_E_NONE);
    assert_int_equal(rows, expected);
    assert_int_equal(sum, expected_sum);
    assert_int_equal(number_of(db, "SELECT count(*) FROM file WHERE lines <> 12000"), 0);
    assert_int_equal(number_of(db, "SELECT coalesce(sum(events), 0) FROM file"), expected);
    return files;
}

static void every_write_fails_once(void **state)
{
    (void)state;
    for (int gone = 0; gone < 2; gone++) {
        long n = 1;
        bool failed = true;
        while (failed) {
            struct fixture f;
            struct tb_err why = {.code = TB_E_NONE};
            fail_at = -1;
            fixture_open(&f);
            must(load(f.db, 0, &err));
            calls = 0;
            fail_at = n;
            fail_on = gone != 0;
            enum tb_status st = load(f.db, 1, &why);
            failed = calls >= n;
            if (st != TB_OK) {
                assert_true(st == TB_FATAL && why.code == TB_E_DB);
                assert_non_null(strstr(why.text, f.path));
            }
            if (gone) {
                tb_db_close(f.db);
                fail_at = -1;
                must(tb_db_open(f.path, TB_DB_WRITE, &f.db, &err));
            }
            fail_at = -1;
            uint32_t files = check(f.db);
            assert_true(files == 2 || (files == 1 && st != TB_OK));
            for (uint32_t k = files; k < 4; k++) {
                must(load(f.db, k, &err)); /* the same process goes on */
            }
            assert_int_equal(check(f.db), 4);
            fixture_close(&f);
            n += n < 40 ? 1 : 1 + n / 12;
        }
        assert_true(n > 10);
    }
}

static void limit_pages(struct tb_db *db, int64_t pages)
{
    char sql[80];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)pages);
    assert_int_equal(sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void disk_full(void **state)
{
    (void)state;
    int full = 0;
    for (int64_t more = 0; more < 100; more += more < 12 ? 1 : 9) {
        struct fixture f;
        struct tb_err why = {.code = TB_E_NONE};
        fixture_open(&f);
        must(load(f.db, 0, &err));
        limit_pages(f.db, number_of(f.db, "PRAGMA page_count") + more);
        enum tb_status st = load(f.db, 1, &why);
        full += st != TB_OK;
        assert_true(st == TB_OK || strstr(why.text, "full") != NULL);
        limit_pages(f.db, 1 << 30);
        assert_int_equal(check(f.db), st == TB_OK ? 2 : 1);
        for (uint32_t k = st == TB_OK ? 2 : 1; k < 3; k++) {
            must(load(f.db, k, &err));
        }
        assert_int_equal(check(f.db), 3);
        fixture_close(&f);
    }
    assert_true(full > 5);
}

static void killed(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t random = 3;
    uint32_t files = 0;
    fixture_open(&f);
    for (int round = 0; round < 25; round++) {
        tb_db_close(f.db);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct tb_err why;
            struct tb_db *db = NULL;
            if (tb_db_open(f.path, TB_DB_WRITE, &db, &why) != TB_OK) {
                _exit(2);
            }
            for (uint32_t k = files;; k++) {
                if (load(db, k, &why) != TB_OK) {
                    _exit(3);
                }
            }
        }
        usleep(1000 + random_below(&random, 150000));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        must(tb_db_open(f.path, TB_DB_WRITE, &f.db, &err));
        uint32_t now = check(f.db);
        assert_true(now >= files);
        files = now;
        if (files > 60) {
            fixture_close(&f);
            fixture_open(&f);
            files = 0;
        }
    }
    fixture_close(&f);
}

int main(void)
{
    put_shim();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_fails_once),
        cmocka_unit_test(disk_full),
        cmocka_unit_test(killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
