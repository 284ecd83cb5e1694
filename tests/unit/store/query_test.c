/* Statements, the money functions, and what `tollbook sql` may and may not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/handle.h"
#include "store_fixture.h"

static void ask(struct tb_db *db, const char *sql, const char *expected)
{
    struct tb_query *q = NULL;
    must(tb_query_open(db, sql, &q, &err));
    struct tb_err why = {.code = TB_E_NONE};
    enum tb_status st = tb_query_step(q, &why);
    if (st != TB_OK) {
        fail_msg("%s: %s", sql, why.text);
    }
    struct tb_str s = tb_query_text(q, 0);
    if (!tb_str_eq(s, tb_str_of(expected))) {
        fail_msg("%s: %.*s, not %s", sql, (int)s.n, s.s != NULL ? s.s : "",
                 expected != NULL ? expected : "NULL");
    }
    tb_query_close(q);
}

static void ask_fails(struct tb_db *db, const char *sql, const char *words)
{
    struct tb_query *q = NULL;
    struct tb_err why = {.code = TB_E_NONE};
    must(tb_query_open(db, sql, &q, &err));
    assert_int_equal(tb_query_step(q, &why), TB_FATAL);
    assert_non_null(strstr(why.text, words));
    tb_query_close(q);
}

static void money_in_sql_is_exact(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    static const struct {
        const char *sql, *expected;
    } rows[] = {
        {"SELECT money_sum(column1) FROM (VALUES ('0.1'), ('0.2'))", "0.3"},
        {"SELECT money_sum(column1) FROM (VALUES ('0.000000000000000000000001'), ('99999999999999'), (NULL))",
         "99999999999999.000000000000000000000001"},
        {"SELECT money_sum(column1) FROM (VALUES (NULL))", "0"},
        {"SELECT money_sum(key) FROM meta WHERE 0", "0"},
        {"SELECT money_sum(column1) FROM (VALUES ('1.50'), ('-1.5'))", "0"},
        {"SELECT money_add('0.7', '0.1')", "0.8"},
        {"SELECT money_add('0.7', NULL)", NULL},
        {"SELECT day_text(0)", "1970-01-01"},
        {"SELECT day_text(20454)", "2026-01-01"},
        {"SELECT day_text(NULL)", NULL},
        {"SELECT day_text(-1)", NULL},
        {"SELECT day_text(99999999)", NULL},
        {"SELECT text_of(NULL)", NULL},
        {"SELECT text_of(0)", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask(f.db, rows[i].sql, rows[i].expected);
    }
    ask_fails(f.db, "SELECT money_sum(column1) FROM (VALUES ('1'), ('1e5x'))", "not a decimal");
    ask_fails(f.db, "SELECT money_sum(column1) FROM (VALUES ('170000000000000'), ('170000000000000'))",
              "out of range");
    ask_fails(f.db, "SELECT money_add('x', '1')", "not a decimal");
    must(tb_db_begin(f.db, &err));
    dict_add(f.db, "gpt-4o");
    ask(f.db, "SELECT text_of(id) FROM dict", "gpt-4o");
    must(tb_db_commit(f.db, &err));
    fixture_close(&f);
}

static void binding_and_reading(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_query *q = NULL;
    tb_money m = 0;
    fixture_open(&f);
    must(tb_query_open(f.db, "-- what one row is: five values\nSELECT :a, :b, :c, :d, :e AS last", &q, &err));
    char text[] = "text";
    for (int round = 0; round < 2; round++) {
        tb_query_bind_int(q, "a", INT64_MIN);
        tb_query_bind_text(q, "b", (struct tb_str){text, round == 0 ? 4 : 0});
        tb_query_bind_text(q, "c", TB_STR_NULL);
        tb_query_bind_blob(q, "d", "\0\1", 2);
        tb_query_bind_money(q, "e", (tb_money)15 * 10000000);
        text[0] = 'T'; /* it was copied */
        must(tb_query_step(q, &err));
        assert_int_equal(tb_query_int(q, 0), INT64_MIN);
        assert_int_equal(tb_query_text(q, 1).n, round == 0 ? 4 : 0);
        assert_non_null(tb_query_text(q, 1).s);
        assert_true(tb_query_is_null(q, 2));
        assert_null(tb_query_text(q, 2).s);
        assert_int_equal(tb_query_int(q, 2), 0);
        assert_int_equal(tb_query_blob(q, 3).n, 2);
        assert_true(tb_query_money(q, 4, &m));
        assert_true(m == (tb_money)15 * 10000000);
        assert_false(tb_query_money(q, 2, &m));
        assert_int_equal(tb_query_columns(q), 5);
        assert_string_equal(tb_query_column_name(q, 4), "last");
        if (round == 0) {
            assert_int_equal(tb_query_text(q, 1).s[0], 't');
        }
        struct tb_err why;
        assert_int_equal(tb_query_step(q, &why), TB_END); /* and reset: bind and step again */
    }
    tb_query_close(q);
    tb_query_close(NULL);
    struct tb_err why = {.code = TB_E_NONE};
    assert_int_equal(tb_query_open(f.db, "-- a comment\nSELECT nothing FROM nowhere", &q, &why), TB_FATAL);
    assert_int_equal(why.code, TB_E_DB);
    assert_non_null(strstr(why.text, "nowhere"));
    fixture_close(&f);
}

static void users_may_only_read(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    static const char *const refused[] = {
        "INSERT INTO dict (text) VALUES ('x')",
        "UPDATE meta SET value = 1",
        "DELETE FROM meta",
        "UPDATE sqlite_master SET sql = ''",
        "UPDATE sqlite_schema SET sql = ''",
        "DROP TABLE meta",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE VIEW v AS SELECT 1",
        "ATTACH 'other.db' AS other",
        "DETACH main",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 5",
        "PRAGMA writable_schema = 1",
        "VACUUM",
        "VACUUM INTO 'x.db'",
        "BEGIN",
        "COMMIT",
        "REINDEX",
        "ANALYZE",
        "WITH x AS (SELECT 1) INSERT INTO dict (text) SELECT 'y' FROM x",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE meta",
        "SELECT 1; this is no SQL",
        "",
        "   -- nothing\n",
        ";",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "EXPLAIN INSERT INTO dict (text) VALUES ('x')",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct tb_query *q = NULL;
        struct tb_err why = {.code = TB_E_NONE};
        if (tb_query_open_user(f.db, tb_str_of(refused[i]), &q, &why) != TB_FAIL || why.code != TB_E_USAGE ||
            q != NULL) {
            fail_msg("%s: %s", refused[i], why.text);
        }
        assert_true(strlen(why.text) > 0);
    }
    static const char *const taken[] = {
        "SELECT count(*) FROM meta",
        "select 1;",
        "SELECT 1; -- and that is all\n ; ",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n",
        "SELECT money_sum('1')",
        "SELECT consumer, sum(input) FROM usage_event GROUP BY consumer",
        "SELECT name FROM pragma_table_info('usage_event')",
        "PRAGMA table_info(file)",
        "EXPLAIN QUERY PLAN SELECT * FROM usage_event WHERE ts > 5",
        "VALUES (1), (2)",
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct tb_query *q = NULL;
        struct tb_err why = {.code = TB_E_NONE};
        if (tb_query_open_user(f.db, tb_str_of(taken[i]), &q, &why) != TB_OK ||
            tb_query_run(q, &why) != TB_OK) {
            fail_msg("%s: %s", taken[i], why.text);
        }
        tb_query_close(q);
    }
    struct tb_query *q = NULL;
    struct tb_err why = {.code = TB_E_NONE};
    assert_int_equal(tb_query_open_user(f.db, (struct tb_str){"SELECT 1\0 ", 10}, &q, &why), TB_FAIL);
    must(tb_db_begin(f.db, &err)); /* the program itself may write as before */
    dict_add(f.db, "x");
    must(tb_db_commit(f.db, &err));
    assert_int_equal(number_of(f.db, "SELECT count(*) FROM dict"), 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_in_sql_is_exact),
        cmocka_unit_test(binding_and_reading),
        cmocka_unit_test(users_may_only_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
