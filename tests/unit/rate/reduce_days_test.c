/* When a day is rebuilt, and what holds of rollups whatever the events: order, scale, refusals. */
#include "tests/unit/rate/firm.h"

#include "base/embed.h"

extern const struct tb_embed tb_embed_rate[];

/* --- when a day is rebuilt ------------------------------------------------------------------------------------------- */

static bool is_current(struct firm *f, int64_t version)
{
    struct tb_err err = {0};
    bool current = false;
    assert_ok(tb_reduce_current(f->world.db, &f->world.settings, version, DAY_FIRST, DAY_FIRST + DAYS - 1,
                                &current, &err),
              err);
    return current;
}

static void only_what_changed_is_rebuilt(void **state)
{
    (void)state;
    struct firm f;
    uint64_t random = 8;
    firm_open(&f, 5, 600);
    world_load(&f.world, 0, f.world.n, false);
    assert_false(is_current(&f, 1));
    assert_int_equal(reduce_all(&f, 1), DAYS);
    assert_true(is_current(&f, 1));
    assert_int_equal(reduce_all(&f, 1), 0);
    /* Late events of the 29th alone: from its start in Amsterdam, an hour before midnight in Greenwich. */
    size_t before = f.world.n;
    int64_t noon = tb_zone_instant(f.world.settings.zone, DAY_FIRST + 2, 43200);
    world_draw(&f.world, &random, 1, noon, noon + 1);
    f.world.events[before].ts_us = noon;
    judge_all(&f);
    world_load(&f.world, before, 1, false);
    assert_false(is_current(&f, 1));
    assert_int_equal(reduce_all(&f, 1), 2); /* the 29th and 30th share the UTC day of the 29th */
    check_usage_cells(&f);
    /* Another version is beside it; another zone replaces it. */
    assert_false(is_current(&f, 2));
    assert_int_equal(reduce_all(&f, 2), DAYS);
    assert_true(is_current(&f, 1));
    check_usage_cells(&f);
    struct tb_zone *amsterdam = f.world.settings.zone;
    struct tb_err err = {0};
    assert_ok(tb_zone_load("UTC", &f.world.settings.zone, &err), err);
    assert_false(is_current(&f, 1));
    tb_zone_free(f.world.settings.zone);
    f.world.settings.zone = amsterdam;
    firm_close(&f);
}

static void another_program_rebuilds(void **state)
{
    (void)state;
    struct firm f;
    struct tb_err err = {0};
    firm_open(&f, 6, 100);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_query *q =
        ask(&f.world, "UPDATE reduced_day SET program = 'tollbook 0 rules 0' WHERE day = 20540");
    assert_ok(tb_db_begin(f.world.db, &err), err);
    assert_ok(tb_query_run(q, &err), err);
    assert_ok(tb_db_commit(f.world.db, &err), err);
    tb_query_close(q);
    assert_false(is_current(&f, 1));
    assert_int_equal(reduce_all(&f, 1), 1);
    firm_close(&f);
}

/* --- properties ------------------------------------------------------------------------------------------------------ */

/* Every row of the rollups as text, sorted by text and not by dict id. */
static char *dump(struct world *w)
{
    static const char *const statements[] = {
        usage_sql, charge_sql,
        "SELECT day, team, cost_center, gl_account, owner, cost, billed_cents FROM settlement",
        "SELECT day, cost, billed, total_mismatch FROM reduced_day"};
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    for (size_t s = 0; s < 4; s++) {
        char sql[2048];
        const char *order = strstr(statements[s], " ORDER BY");
        int n = order != NULL ? (int)(order - statements[s]) : (int)strlen(statements[s]);
        snprintf(sql, sizeof sql, "%.*s ORDER BY 1, 2, 3, 4, 5%s", n, statements[s],
                 s == 0   ? ", 6, 7, 8, 9, 10, 11, 12, 13, 14"
                 : s == 1 ? ", 6, 7, 8, 9, 10"
                          : "");
        if (s == 3) {
            snprintf(sql, sizeof sql, "%s ORDER BY day", statements[s]);
        }
        struct tb_query *q = ask(w, sql);
        while (next(q)) {
            for (int i = 0; i < tb_query_columns(q); i++) {
                struct tb_str v = tb_query_text(q, i);
                fprintf(f, "%.*s|", v.s == NULL ? 4 : (int)v.n, v.s == NULL ? "NULL" : v.s);
            }
            fputc('\n', f);
        }
        tb_query_close(q);
    }
    fclose(f);
    return out;
}

static void order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    char *first = NULL;
    for (int road = 0; road < 3; road++) {
        struct firm f;
        firm_open(&f, 7, 1500);
        if (road == 0) {
            world_load(&f.world, 0, 1500, false);
        } else if (road == 1) {
            world_load(&f.world, 0, 1500, true);
        } else { /* in three pieces, the last first, reduced in between */
            world_load(&f.world, 1000, 500, true);
            reduce_all(&f, 1);
            world_load(&f.world, 0, 400, false);
            world_load(&f.world, 400, 600, true);
        }
        reduce_all(&f, 1);
        char *text = dump(&f.world);
        if (first == NULL) {
            first = text;
            assert_true(strlen(first) > 50000);
        } else {
            assert_string_equal(first, text);
            free(text);
        }
        firm_close(&f);
    }
    free(first);
}

static void prices_times_k_are_costs_times_k(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 9, 1500);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    tb_tables_free(f.world.tables);
    f.world.tables = world_tables(&f.world, 7);
    reduce_all(&f, 2);
    struct tb_query *q = ask(
        &f.world, "SELECT a.cost, b.cost, a.basis FROM usage_cell a JOIN usage_cell b ON a.day = b.day AND "
                  "a.hour_us = b.hour_us AND a.source = b.source AND a.node IS b.node AND "
                  "a.consumer IS b.consumer AND a.team = b.team AND a.cost_center IS b.cost_center AND "
                  "a.provider IS b.provider AND a.model IS b.model AND a.service_tier IS b.service_tier AND "
                  "a.feature IS b.feature AND a.variant IS b.variant AND a.trigger IS b.trigger AND "
                  "a.basis = b.basis WHERE a.tables = 1 AND b.tables = 2 AND a.basis <> 'unpriced'");
    int rows = 0;
    for (; next(q); rows++) {
        tb_money one = 0;
        tb_money seven = 0;
        assert_true(tb_query_money(q, 0, &one) && tb_query_money(q, 1, &seven));
        assert_true(tb_money_mul(one, same_text(tb_query_text(q, 2), "logged") ? 1 : 7, &one));
        assert_true(one == seven);
    }
    assert_true(rows > 300);
    tb_query_close(q);
    firm_close(&f);
}

static void what_is_not_built_says_so(void **state)
{
    (void)state;
    struct firm f;
    struct tb_err err = {0};
    struct tb_shared_row shared = {0};
    struct tb_adjustment_row adjustment = {0};
    firm_open(&f, 12, 0);
    struct tb_tables copy = *f.world.tables;
    copy.shared = &shared;
    copy.shared_count = 1;
    assert_int_equal(
        tb_reduce_days(f.world.db, &f.world.settings, &copy, 1, DAY_FIRST, DAY_FIRST, NULL, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_UNBUILT);
    assert_string_equal(err.text, "\"shared\" is not built yet; remove it from the config");
    copy = *f.world.tables;
    copy.adjustments = &adjustment;
    copy.adjustment_count = 1;
    assert_int_equal(
        tb_reduce_days(f.world.db, &f.world.settings, &copy, 1, DAY_FIRST, DAY_FIRST, NULL, &err), TB_FAIL);
    assert_string_equal(err.text, "\"adjustments\" is not built yet; remove it from the config");
    firm_close(&f);
}

static void a_pruned_day_stays_as_it_was(void **state)
{
    (void)state;
    struct firm f;
    struct tb_err err = {0};
    firm_open(&f, 13, 300);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_query *q = ask(&f.world, "UPDATE utc_day SET pruned = 1 WHERE utc_day <= 20540");
    struct tb_query *p = ask(&f.world, "UPDATE reduced_day SET program = 'tollbook 0 rules 0'");
    assert_ok(tb_db_begin(f.world.db, &err), err);
    assert_ok(tb_query_run(q, &err), err);
    assert_ok(tb_query_run(p, &err), err);
    assert_ok(tb_db_commit(f.world.db, &err), err);
    tb_query_close(q);
    tb_query_close(p);
    /* 27, 28 and, in Amsterdam, the first hour of 29 have pruned events: only 30 can be rebuilt by the new program. */
    assert_int_equal(reduce_all(&f, 1), 1);
    assert_int_equal(
        tb_reduce_days(f.world.db, &f.world.settings, f.world.tables, 2, DAY_FIRST, DAY_FIRST, NULL, &err),
        TB_FAIL);
    assert_int_equal(err.code, TB_E_USAGE);
    assert_non_null(strstr(err.text, "2026-03-27"));
    firm_close(&f);
}

static void statements_look_days_up(void **state)
{
    (void)state;
    struct firm f;
    int statements = 0;
    firm_open(&f, 15, 0);
    for (const struct tb_embed *e = tb_embed_rate; e->path != NULL; e++, statements++) {
        char explain[4096];
        assert_memory_equal(e->data, "-- what one row is:", 19);
        assert_non_null(strstr((const char *)e->data, "\n-- in:"));
        assert_non_null(strstr((const char *)e->data, "\n-- out:"));
        snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", (const char *)e->data);
        struct tb_query *q = ask(&f.world, explain);
        while (next(q)) {
            if (memcmp(tb_query_text(q, 3).s, "SCAN", 4) == 0 &&
                strstr(tb_query_text(q, 3).s, "CONSTANT ROW") == NULL &&
                strcmp(tb_query_text(q, 3).s, "SCAN part") != 0) { /* the rows that a WITH just found */
                fail_msg("%s scans a whole table", e->path);
            }
        }
        tb_query_close(q);
    }
    assert_true(statements >= 8);
    firm_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_changed_is_rebuilt),
        cmocka_unit_test(another_program_rebuilds),
        cmocka_unit_test(order_of_arrival_does_not_matter),
        cmocka_unit_test(prices_times_k_are_costs_times_k),
        cmocka_unit_test(what_is_not_built_says_so),
        cmocka_unit_test(a_pruned_day_stays_as_it_was),
        cmocka_unit_test(statements_look_days_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
