/* Every statement of the folder prepares against the newest schema, and none of those used per event or
 * file scans a table whole that grows with the data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "store/handle.h"
#include "store_fixture.h"

static void check_statement(struct tb_db *db, const char *path, const char *sql)
{
    while (*sql != '\0') {
        sqlite3_stmt *stmt = NULL;
        const char *rest = NULL;
        int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, &rest);
        bool there = strstr(path, "schemas/store/") != NULL &&
                     (strstr(sqlite3_errmsg(db->sqlite), "already exists") != NULL ||
                      strstr(sqlite3_errmsg(db->sqlite), "duplicate column name") != NULL);
        if (rc != SQLITE_OK && !there) {
            fail_msg("%s: %s", path, sqlite3_errmsg(db->sqlite));
        }
        sqlite3_finalize(stmt);
        if (there) {
            break; /* its tables are there: it has run */
        }
        sql = rest;
    }
}

static void every_statement_prepares(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    int n = 0;
    for (const struct tb_embed *e = tb_embed_store; e->path != NULL; e++, n++) {
        const char *sql = (const char *)e->data;
        assert_true(strncmp(sql, "-- ", 3) == 0); /* each says what it is */
        if (strstr(e->path, "usage_event.sql") == NULL) {
            check_statement(f.db, e->path, sql);
        }
    }
    assert_true(n > 40);
    fixture_close(&f);
}

static void no_full_scans(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    static const char *const big[] = {"SCAN segment_group", "SCAN id_bucket", "SCAN dict", "SCAN reject",
                                      "SCAN file_quarter",  "SCAN g",         "SCAN file"};
    for (const struct tb_embed *e = tb_embed_store; e->path != NULL; e++) {
        char explain[8192];
        struct tb_query *q = NULL;
        struct tb_err err = {.code = TB_E_NONE};
        if (strstr(e->path, "pipeline/") == NULL || strstr((const char *)e->data, "PRAGMA") != NULL ||
            strstr((const char *)e->data, "CREATE") != NULL) {
            continue;
        }
        snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", (const char *)e->data);
        if (tb_query_open(f.db, explain, &q, &err) != TB_OK) {
            continue; /* transactions have no plan */
        }
        while (tb_query_step(q, &err) == TB_OK) {
            struct tb_str step = tb_query_text(q, 3);
            for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
                size_t n = strlen(big[i]);
                if (step.n >= n && memcmp(step.s, big[i], n) == 0 && (step.n == n || step.s[n] == ' ')) {
                    fail_msg("%s: %.*s", e->path, (int)step.n, step.s);
                }
            }
        }
        tb_query_close(q);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_prepares),
        cmocka_unit_test(no_full_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
