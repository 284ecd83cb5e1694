/* Every statement of reports/: it opens, says what it is, gives the columns it names, and finds its days by index. */
#include "helper.h"
#include "base/embed.h"
#include "reports/filter.h"

extern const struct tb_embed tb_embed_reports[];

static bool is_sql(const struct tb_embed *e)
{
    size_t n = strlen(e->path);
    return n > 4 && strcmp(e->path + n - 4, ".sql") == 0;
}

/* The statement as filter.c opens it. */
static char *whole_text(const struct tb_embed *e)
{
    const char *name = strrchr(e->path, '/') + 1;
    bool is_kept = strcmp(name, "filter_kept.sql") == 0, is_standing = strcmp(name, "standing.sql") == 0;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_buf text;
    tb_buf_init(&text, (size_t)1 << 20);
    if (is_kept || is_standing) { /* beginnings of others */
        const char *parts[] = {is_kept ? tb_embed_text(tb_embed_reports, "standing.sql") : "",
                               tb_embed_text(tb_embed_reports, name),
                               is_kept ? "select * from kept" : "select day, tables from standing"};
        for (size_t i = 0; i < COUNT(parts); i++) {
            assert_int_equal(tb_buf_str(&text, tb_str_of(parts[i]), &err), TB_OK);
        }
        assert_int_equal(tb_buf_add(&text, "", 1, &err), TB_OK);
    } else {
        assert_int_equal(tb_filter_statement(name, &text, &err), TB_OK);
    }
    char *out = strdup(tb_buf_view(&text).s);
    assert_non_null(out);
    tb_buf_release(&text);
    return out;
}

static void test_every_statement_says_what_it_is(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    for (const struct tb_embed *e = tb_embed_reports; e->path != NULL; e++) {
        const char *sql = (const char *)e->data;
        if (!is_sql(e)) {
            continue;
        }
        const char *in = strstr(sql, "\n-- in:"), *out = strstr(sql, "\n-- out:");
        if (strncmp(sql, "-- what one row is: ", 20) != 0 || in == NULL || out == NULL || in > out) {
            fail_msg("%s does not begin with what one row is, in and out", e->path);
        }
        struct tb_query *q = NULL;
        char *text = whole_text(e);
        must(&w, tb_query_open(w.db, text, &q, &w.err));
        tb_query_close(q);
        free(text);
    }
    world_end(&w);
}

/* The statements of chargeback, checks, filter, intake and rejects name each column of theirs behind out. */
static void test_columns_are_as_named(void **state)
{
    (void)state;
    static const char *const tokens[] = {"input",          "cache_read", "cache_write_5m",
                                         "cache_write_1h", "output",     "reasoning"};
    static const char *const mine[] = {"chargeback_", "checks_", "filter_", "intake", "rejects_"};
    struct world w;
    world_begin(&w);
    for (const struct tb_embed *e = tb_embed_reports; e->path != NULL; e++) {
        const char *sql = (const char *)e->data, *name = strrchr(e->path, '/') + 1;
        bool is_mine = false;
        for (size_t i = 0; i < COUNT(mine); i++) {
            is_mine = is_mine || strncmp(name, mine[i], strlen(mine[i])) == 0;
        }
        if (!is_mine || strcmp(name, "filter_kept.sql") == 0) {
            continue;
        }
        struct tb_query *q = NULL;
        char *text = whole_text(e);
        must(&w, tb_query_open(w.db, text, &q, &w.err));
        free(text);
        const char *out = strstr(sql, "\n-- out:");
        assert_non_null(out);
        for (int c = 0; c < tb_query_columns(q); c++) {
            const char *at = strstr(out, tb_query_column_name(q, c));
            const char *end = strstr(out, "\nselect");
            end = end != NULL ? end : strstr(out, "\nwith");
            for (size_t i = 0; i < COUNT(tokens) && strstr(out, "the six token") != NULL; i++) {
                at = strcmp(tokens[i], tb_query_column_name(q, c)) == 0 ? out : at;
            }
            if (at == NULL || at > end) {
                fail_msg("%s: column \"%s\" is not named behind out", e->path, tb_query_column_name(q, c));
            }
        }
        tb_query_close(q);
    }
    world_end(&w);
}

/* No walk over all days of the big tables. */
static void test_big_tables_are_searched(void **state)
{
    (void)state;
    static const char *const big[] = {
        "SCAN usage_cell", "SCAN charge_cell", "SCAN c ",          "SCAN settlement",  "SCAN s ",
        "SCAN segment",    "SCAN reject",      "SCAN file_reason", "SCAN reduced_day", "SCAN id_span"};
    struct world w;
    world_begin(&w);
    for (const struct tb_embed *e = tb_embed_reports; e->path != NULL; e++) {
        const char *name = strrchr(e->path, '/') + 1;
        if (strncmp(name, "chargeback_", 11) != 0 && strncmp(name, "checks_", 7) != 0 &&
            strncmp(name, "filter", 6) != 0 && strncmp(name, "intake", 6) != 0 &&
            strncmp(name, "rejects_", 8) != 0) {
            continue;
        }
        struct tb_query *q = NULL;
        char *text = whole_text(e);
        size_t n = strlen(text) + 32;
        char *explain = malloc(n);
        snprintf(explain, n, "EXPLAIN QUERY PLAN %s", text);
        free(text);
        must(&w, tb_query_open(w.db, explain, &q, &w.err));
        while (tb_query_step(q, &w.err) == TB_OK) {
            struct tb_str detail = tb_query_text(q, 3);
            for (size_t i = 0; i < COUNT(big); i++) {
                if (strncmp(detail.s, big[i], strlen(big[i])) == 0) {
                    fail_msg("%s: %s", e->path, detail.s);
                }
            }
        }
        tb_query_close(q);
        free(explain);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_statement_says_what_it_is),
        cmocka_unit_test(test_columns_are_as_named),
        cmocka_unit_test(test_big_tables_are_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
