/* The database file: made, locked, kept to itself, migrated once, copied, checked; what a rollback takes
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/handle.h"
#include "store_fixture.h"

static mode_t mode_of(const char *path)
{
    struct stat sb;
    assert_int_equal(stat(path, &sb), 0);
    return sb.st_mode & 0777;
}

static void is_private_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        struct fixture f;
        char path[160];
        fixture_open(&f);
        tb_db_close(f.db);
        snprintf(path, sizeof path, "%s/deep/er/t.db", f.dir);
        mode_t old = umask(i == 2 ? 0 : masks[i]); /* 0777 would make the folders useless too */
        if (i == 2) {
            snprintf(path, sizeof path, "%s/u.db", f.dir);
            umask(0777);
        }
        must(tb_db_open(path, TB_DB_WRITE, &f.db, &err));
        must(tb_db_begin(f.db, &err));
        dict_add(f.db, "x");
        must(tb_db_commit(f.db, &err));
        umask(old);
        assert_int_equal(mode_of(path), 0600);
        strcat(path, "-wal");
        assert_int_equal(mode_of(path), 0600);
        assert_int_equal(number_of(f.db, "PRAGMA page_size"), 16384);
        fixture_close(&f);
    }
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_db *second = NULL, *reader = NULL;
    fixture_open(&f);
    struct tb_err why = {.code = TB_E_NONE};
    assert_int_equal(tb_db_open(f.path, TB_DB_WRITE, &second, &why), TB_FAIL);
    assert_int_equal(why.code, TB_E_LOCK);
    assert_int_equal(tb_err_exit(&why), 11);
    assert_null(second);
    must(tb_db_open(f.path, TB_DB_READ, &reader, &err)); /* a reader needs no lock */
    must(tb_db_begin(f.db, &err));
    dict_add(f.db, "seen after the commit");
    assert_int_equal(number_of(reader, "SELECT count(*) FROM dict"), 0);
    must(tb_db_commit(f.db, &err));
    assert_int_equal(number_of(reader, "SELECT count(*) FROM dict"), 1);
    tb_db_close(reader);
    tb_db_close(f.db);
    must(tb_db_open(f.path, TB_DB_WRITE, &f.db, &err));
    fixture_close(&f);
}

static void reader_cannot_write(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_query *q = NULL;
    struct tb_err why = {.code = TB_E_NONE};
    uint32_t id = 0;
    fixture_open(&f);
    fixture_reopen(&f, TB_DB_READ);
    must(tb_query_open(f.db, "INSERT INTO meta (key, value) VALUES ('a', 'b')", &q, &err));
    assert_int_equal(tb_query_run(q, &why), TB_FATAL);
    assert_int_equal(why.code, TB_E_DB);
    tb_query_close(q);
    assert_int_equal(tb_dict_id(f.db, TB_STR("new"), true, &id, &why), TB_FATAL);
    must(tb_dict_id(f.db, TB_STR("new"), false, &id, &err));
    assert_int_equal(id, 0);
    fixture_close(&f);
}

static void opening_again_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    int64_t version = number_of(f.db, "SELECT value FROM meta WHERE key = 'schema'");
    int64_t objects = number_of(f.db, "SELECT count(*) FROM sqlite_schema");
    int64_t changes = number_of(f.db, "PRAGMA schema_version");
    assert_true(version >= 1);
    for (int i = 0; i < 3; i++) {
        fixture_reopen(&f, TB_DB_WRITE);
        assert_int_equal(number_of(f.db, "SELECT value FROM meta WHERE key = 'schema'"), version);
        assert_int_equal(number_of(f.db, "SELECT count(*) FROM sqlite_schema"), objects);
        assert_int_equal(number_of(f.db, "PRAGMA schema_version"), changes);
    }
    must(tb_db_check(f.db, &err));
    fixture_close(&f);
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void check_refused(const char *path, enum tb_db_mode mode, enum tb_code code, const char *words)
{
    struct tb_db *db = NULL;
    struct tb_err why = {.code = TB_E_NONE};
    enum tb_status st = tb_db_open(path, mode, &db, &why);
    if (st == TB_OK || why.code != code || strstr(why.text, words) == NULL ||
        strstr(why.text, path) == NULL) {
        fail_msg("%s: status %d code %d: %s", path, (int)st, (int)why.code, why.text);
    }
    assert_null(db);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    char path[160];
    fixture_open(&f);
    snprintf(path, sizeof path, "%s/missing.db", f.dir);
    check_refused(path, TB_DB_READ, TB_E_DB, "tollbook ingest");
    snprintf(path, sizeof path, "%s/text.db", f.dir);
    write_file(path, "this is no database, but it is longer than a header would be, so that SQLite looks at "
                     "it and says so. "
                     "It goes on for a while, and then it ends.\n");
    check_refused(path, TB_DB_WRITE, TB_E_DB, "not a database");
    snprintf(path, sizeof path, "%s/other.db", f.dir);
    run_sql(path, "CREATE TABLE meta (key TEXT PRIMARY KEY, value); CREATE TABLE song (title)");
    check_refused(path, TB_DB_WRITE, TB_E_DB, "not tollbook's");
    snprintf(path, sizeof path, "%s/another.db", f.dir);
    run_sql(path, "CREATE TABLE song (title)");
    check_refused(path, TB_DB_WRITE, TB_E_DB, "not tollbook's");
    tb_db_close(f.db);
    run_sql(f.path, "UPDATE meta SET value = 4711 WHERE key = 'schema'");
    check_refused(f.path, TB_DB_WRITE, TB_E_DB, "newer tollbook");
    check_refused(f.path, TB_DB_READ, TB_E_DB, "newer tollbook");
    run_sql(f.path, "UPDATE meta SET value = 1 WHERE key = 'schema'");
    check_refused(f.path, TB_DB_READ, TB_E_SCHEMA, "brings it up to date");
    snprintf(path, sizeof path, "%s/text.db/t.db", f.dir);
    struct tb_err why = {.code = TB_E_NONE};
    f.db = NULL;
    assert_int_equal(tb_db_open(path, TB_DB_WRITE, &f.db, &why), TB_FAIL);
    assert_int_equal(why.code, TB_E_IO);
    assert_int_equal(tb_err_exit(&why), 1);
    fixture_close(&f);
}

static void rollback_takes_texts_back(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t id = 0;
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    uint32_t kept = dict_add(f.db, "kept");
    must(tb_db_commit(f.db, &err));
    must(tb_db_begin(f.db, &err));
    uint32_t lost = dict_add(f.db, "lost");
    assert_true(tb_str_eq(tb_dict_text(f.db, lost), TB_STR("lost")));
    tb_db_rollback(f.db);
    must(tb_dict_id(f.db, TB_STR("lost"), false, &id, &err));
    assert_int_equal(id, 0);
    must(tb_db_begin(f.db, &err));
    uint32_t other = dict_add(f.db, "other");
    assert_int_equal(other, lost); /* the number is given again */
    assert_true(tb_str_eq(tb_dict_text(f.db, other), TB_STR("other")));
    assert_true(tb_str_eq(tb_dict_text(f.db, kept), TB_STR("kept")));
    must(tb_db_commit(f.db, &err));
    assert_true(tb_dict_text(f.db, 0).s == NULL);
    fixture_close(&f);
}

static void many_texts(void **state)
{
    (void)state;
    struct fixture f;
    char text[40];
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    for (uint32_t i = 1; i <= 5000; i++) {
        snprintf(text, sizeof text, "text %u", i);
        assert_int_equal(dict_add(f.db, text), i);
    }
    uint32_t empty = dict_add(f.db, "");
    must(tb_db_commit(f.db, &err));
    for (int again = 0; again < 2; again++) {
        for (uint32_t i = 1; i <= 5000; i += 7) {
            uint32_t id = 0;
            snprintf(text, sizeof text, "text %u", i);
            must(tb_dict_id(f.db, tb_str_of(text), false, &id, &err));
            assert_int_equal(id, i);
            assert_true(tb_str_eq(tb_dict_text(f.db, i), tb_str_of(text)));
        }
        assert_true(tb_str_eq(tb_dict_text(f.db, empty), TB_STR("")));
        fixture_reopen(&f, TB_DB_READ);
    }
    fixture_close(&f);
}

/* A text that should be there and is not is told by the next step, for tb_dict_text itself cannot. */
static void lost_text_is_told(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_query *q = NULL;
    struct tb_err why = {.code = TB_E_NONE};
    fixture_open(&f);
    assert_null(tb_dict_text(f.db, 99).s);
    must(tb_query_open(f.db, "SELECT 1", &q, &err));
    assert_int_equal(tb_query_step(q, &why), TB_FATAL);
    assert_non_null(strstr(why.text, "text 99"));
    tb_query_close(q);
    fixture_close(&f);
}

static void backup_is_whole(void **state)
{
    (void)state;
    struct fixture f;
    char path[160];
    struct tb_db *copy = NULL;
    struct tb_err why = {.code = TB_E_NONE};
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    for (int i = 0; i < 3000; i++) {
        char text[40];
        snprintf(text, sizeof text, "a text to copy %d", i);
        dict_add(f.db, text);
    }
    must(tb_db_commit(f.db, &err));
    snprintf(path, sizeof path, "%s/copy.db", f.dir);
    must(tb_db_backup(f.db, path, &err));
    assert_int_equal(mode_of(path), 0600);
    must(tb_db_open(path, TB_DB_WRITE, &copy, &err));
    assert_int_equal(number_of(copy, "SELECT count(*) FROM dict"), 3000);
    must(tb_db_check(copy, &err));
    tb_db_close(copy);
    assert_int_equal(tb_db_backup(f.db, path, &why), TB_FAIL);
    assert_int_equal(why.code, TB_E_IO);
    snprintf(path, sizeof path, "%s/copy.db/folder/copy.db", f.dir); /* a folder is made, but not of a file */
    assert_int_equal(tb_db_backup(f.db, path, &why), TB_FAIL);
    assert_int_equal(why.code, TB_E_IO);
    snprintf(path, sizeof path, "%s/new/folder/copy.db", f.dir);
    must(tb_db_backup(f.db, path, &err));
    fixture_reopen(&f, TB_DB_READ);
    snprintf(path, sizeof path, "%s/second.db", f.dir);
    must(tb_db_backup(f.db, path, &err));
    fixture_close(&f);
}

static void check_finds_damage(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_err why = {.code = TB_E_NONE};
    fixture_open(&f);
    tb_db_close(f.db);
    run_sql(f.path,
            "INSERT INTO segment (segment, utc_day, file, rows, ts_min, ts_max) VALUES (1, 1, 77, 1, 0, 0)");
    must(tb_db_open(f.path, TB_DB_WRITE, &f.db, &err));
    assert_int_equal(tb_db_check(f.db, &why), TB_FAIL);
    assert_int_equal(why.code, TB_E_DB);
    assert_non_null(strstr(why.text, "segment"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_private_whatever_the_umask),
        cmocka_unit_test(one_writer_at_a_time),
        cmocka_unit_test(reader_cannot_write),
        cmocka_unit_test(opening_again_changes_nothing),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(rollback_takes_texts_back),
        cmocka_unit_test(many_texts),
        cmocka_unit_test(lost_text_is_told),
        cmocka_unit_test(backup_is_whole),
        cmocka_unit_test(check_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
