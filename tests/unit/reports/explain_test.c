/* Every chargeback line of random books back to its events: each event once, each with what it costs, and all of it adding up to the line,
 * by price row, by file, and to the last of 24 decimals; and ids found by their beginnings. */
#include "tests/unit/rate/firm.h"
#include "reports/explain.h"
#include "reports/table/parts.h"

static struct tb_report_query query_of(struct firm *f, int32_t from_day, int32_t to_day)
{
    struct world *w = &f->world;
    return (struct tb_report_query){.db = w->db,
                                    .settings = &w->settings,
                                    .tables = w->tables,
                                    .version = 1,
                                    .from_day = from_day,
                                    .to_day = to_day,
                                    .from_us = tb_zone_day_start(w->settings.zone, from_day),
                                    .to_us = tb_zone_day_start(w->settings.zone, to_day + 1)};
}

static struct tb_table *part(const struct tb_report *r, const char *key)
{
    const struct tb_part *p = tb_parts_find(r, key);
    assert_non_null(p);
    return p->table;
}

static const struct tb_cell *cell(const struct tb_table *t, size_t row, const char *column)
{
    int i = tb_table_find(t, column);
    assert_true(i >= 0);
    return tb_table_cell(t, row, (size_t)i);
}

static struct tb_report *chargeback(struct firm *f, int32_t from_day, int32_t to_day)
{
    struct tb_err err = {0};
    struct tb_report *r = NULL;
    struct tb_report_query q = query_of(f, from_day, to_day);
    assert_ok(tb_report_kind_find("chargeback")->build(&q, &r, &err), err);
    return r;
}

static struct tb_report *explain(struct firm *f, const char *id, int32_t from_day, int32_t to_day, size_t top)
{
    struct tb_err err = {0};
    struct tb_explain_key key;
    struct tb_report *r = NULL;
    struct tb_report_query q = query_of(f, from_day, to_day);
    assert_ok(tb_explain_find(&q, tb_str_of(id), &key, &err), err);
    assert_string_equal(key.id, id);
    q = query_of(f, key.from_day, key.to_day);
    q.top = top;
    assert_ok(tb_explain_line(&q, &key, &r, &err), err);
    tb_explain_key_release(&key);
    return r;
}

/* The events listed against what went in: the log line names the happening, whose charge was made here. */
static tb_money check_events(const struct firm *f, const struct tb_table *t, bool priced, bool *seen)
{
    tb_money sum = 0;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        size_t at = (size_t)cell(t, i, "log_line")->number - 1;
        assert_true(at < f->world.n && !seen[at]);
        seen[at] = true;
        assert_int_equal(cell(t, i, "ts")->number, f->world.events[at].ts_us);
        assert_int_equal(cell(t, i, "cost")->null, !priced);
        if (priced) {
            assert_true(cell(t, i, "cost")->money == f->judged[at].charge.cost);
            assert_true(tb_money_add(sum, f->judged[at].charge.cost, &sum));
        }
        assert_true(i == 0 || cell(t, i - 1, "ts")->number <= cell(t, i, "ts")->number);
    }
    return sum;
}

/* quantity x price / per = cost, digit by digit: cost x per = quantity x price, the price as it is written. */
static tb_money check_prices(const struct tb_table *t)
{
    tb_money sum = 0;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        tb_money cost = cell(t, i, "cost")->money, price = 0, left = 0, right = 0;
        assert_true(tb_money_add(sum, cost, &sum));
        if (cell(t, i, "price_line")->null) {
            continue; /* as logged */
        }
        assert_true(tb_money_parse(cell(t, i, "price")->text, &price));
        assert_true(tb_money_mul(cost, cell(t, i, "per")->number, &left));
        assert_true(tb_money_mul(price, cell(t, i, "quantity")->number, &right));
        assert_true(left == right);
    }
    return sum;
}

static tb_money check_files(const struct tb_table *t, int64_t *events)
{
    tb_money sum = 0;
    *events = 0;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        *events += cell(t, i, "events")->number;
        assert_true(cell(t, i, "first_line")->number <= cell(t, i, "last_line")->number);
        assert_true(cell(t, i, "cost")->null || tb_money_add(sum, cell(t, i, "cost")->money, &sum));
    }
    return sum;
}

static void check_line(struct firm *f, const struct tb_table *lines, size_t row, int32_t from_day,
                       int32_t to_day, bool *seen)
{
    struct tb_report *r = explain(f, cell(lines, row, "line")->text.s, from_day, to_day, 0);
    const struct tb_cell *cost = cell(lines, row, "cost");
    int64_t events = 0;
    assert_false(tb_report_state(r).control_failed);
    for (size_t i = 1; i < tb_table_columns(lines); i++) { /* the line itself, told the same */
        const struct tb_cell *a = tb_table_cell(lines, row, i),
                             *b = cell(part(r, "keys"), 0, tb_table_column(lines, i)->key);
        assert_true(a->null == b->null && a->number == b->number && a->money == b->money);
        assert_true(a->null || a->type != TB_CELL_TEXT || tb_str_eq(a->text, b->text));
    }
    tb_money sum = check_events(f, part(r, "events"), !cost->null, seen);
    assert_int_equal(tb_table_rows(part(r, "events")), cell(lines, row, "requests")->number);
    assert_true(cost->null || sum == cost->money);
    assert_true(check_prices(part(r, "prices")) == (cost->null ? 0 : cost->money));
    assert_true(check_files(part(r, "files"), &events) == (cost->null ? 0 : cost->money));
    assert_int_equal(events, cell(lines, row, "requests")->number);
    tb_report_free(r);
}

static void every_line_is_its_events_to_the_last_decimal(void **state)
{
    (void)state;
    int64_t computed = 0, logged = 0, unpriced = 0;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct firm f;
        firm_open(&f, seed, 1500);
        world_load(&f.world, 0, f.world.n / 2, false);
        world_load(&f.world, f.world.n / 2, f.world.n - f.world.n / 2, true);
        reduce_all(&f, 1);
        bool *seen = calloc(f.world.n, sizeof *seen);
        assert_non_null(seen);
        for (int32_t day = DAY_FIRST; day < DAY_FIRST + DAYS; day++) {
            struct tb_report *r = chargeback(&f, day, day);
            const struct tb_table *lines = part(r, "lines");
            for (size_t i = 0; i < tb_table_rows(lines); i++) {
                struct tb_str basis = cell(lines, i, "basis")->text;
                computed += tb_str_eq(basis, TB_STR("computed"));
                logged += tb_str_eq(basis, TB_STR("logged"));
                unpriced += tb_str_eq(basis, TB_STR("unpriced"));
                check_line(&f, lines, i, DAY_FIRST, DAY_FIRST + DAYS - 1, seen);
            }
            tb_report_free(r);
        }
        for (size_t i = 0; i < f.world.n; i++) { /* every billed call stands in one line, nothing else does */
            const struct happening *h = &f.world.events[i];
            int32_t day = tb_zone_day(f.world.settings.zone, h->ts_us);
            assert_int_equal(seen[i], (h->flags & TB_F_TOOL) == 0 && f.judged[i].billed && day >= DAY_FIRST &&
                                          day < DAY_FIRST + DAYS);
        }
        free(seen);
        firm_close(&f);
    }
    assert_true(computed > 20 && logged > 20 && unpriced > 20);
}

static void a_line_of_several_days_is_found_with_its_days(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 7, 600);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    bool *seen = calloc(f.world.n, sizeof *seen);
    struct tb_report *r = chargeback(&f, DAY_FIRST, DAY_FIRST + 2);
    const struct tb_table *lines = part(r, "lines");
    assert_non_null(seen);
    for (size_t i = 0; i < tb_table_rows(lines); i += 7) {
        check_line(&f, lines, i, DAY_FIRST, DAY_FIRST + 2, seen);
    }
    struct tb_err err = {0};
    struct tb_explain_key key;
    struct tb_report_query q = query_of(&f, DAY_FIRST, DAY_FIRST + 3);
    assert_int_equal(tb_explain_find(&q, cell(lines, 0, "line")->text, &key, &err), TB_END);
    tb_report_free(r);
    free(seen);
    firm_close(&f);
}

static void a_beginning_will_do_when_one_line_has_it(void **state)
{
    (void)state;
    struct firm f;
    struct tb_err err = {0};
    struct tb_explain_key key;
    firm_open(&f, 3, 800);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_report *r = chargeback(&f, DAY_FIRST, DAY_FIRST);
    const struct tb_table *lines = part(r, "lines");
    size_t n = tb_table_rows(lines);
    struct tb_report_query q = query_of(&f, DAY_FIRST, DAY_FIRST);
    assert_true(n > 50);
    for (size_t i = 0; i < n; i++) {
        struct tb_str id = cell(lines, i, "line")->text;
        for (size_t digits = 1; digits <= 16; digits++) {
            size_t have = 0;
            for (size_t k = 0; k < n; k++) {
                have += memcmp(cell(lines, k, "line")->text.s, id.s, digits) == 0;
            }
            enum tb_status st = tb_explain_find(&q, (struct tb_str){id.s, digits}, &key, &err);
            if (have == 1) {
                assert_int_equal(st, TB_OK);
                assert_string_equal(key.id, id.s);
                tb_explain_key_release(&key);
            } else {
                assert_int_equal(st, TB_FAIL);
                assert_int_equal(err.code, TB_E_USAGE);
                assert_non_null(strstr(err.text, "give more of one"));
            }
        }
    }
    assert_int_equal(tb_explain_find(&q, TB_STR("ffffffffffffffff"), &key, &err), TB_END);
    tb_report_free(r);
    firm_close(&f);
}

static void run(struct world *w, const char *sql)
{
    struct tb_err err = {0};
    struct tb_query *q = NULL;
    assert_ok(tb_query_open(w->db, sql, &q, &err), err);
    assert_ok(tb_query_run(q, &err), err);
    tb_query_close(q);
}

/* What does not add up is told, whichever side is wrong; what was pruned is said to be. */
static void a_difference_is_told(void **state)
{
    (void)state;
    static const char *const deeds[] = {
        "UPDATE usage_cell SET cost = money_add(cost, '0.000000000000000000000001') WHERE basis = 'computed'",
        "UPDATE usage_cell SET requests = requests + 1",
        "UPDATE usage_cell SET errors = errors + 1",
        "UPDATE usage_cell SET saved = saved + 1",
        "UPDATE charge_cell SET cost = money_add(cost, '0.000000000000000000000001')",
        "UPDATE charge_cell SET quantity = quantity + 1",
        "DELETE FROM charge_cell"};
    struct firm f;
    struct tb_err err = {0};
    firm_open(&f, 4, 600);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_report *r = chargeback(&f, DAY_FIRST, DAY_FIRST);
    const struct tb_table *lines = part(r, "lines");
    size_t row = 0;
    while (cell(lines, row, "cost")->null || cell(lines, row, "cost")->money == 0 ||
           !tb_str_eq(cell(lines, row, "basis")->text, TB_STR("computed"))) {
        row++;
    }
    const char *id = cell(lines, row, "line")->text.s;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        assert_ok(tb_db_begin(f.world.db, &err), err);
        run(&f.world, deeds[i]);
        struct tb_report *x = explain(&f, id, DAY_FIRST, DAY_FIRST, 1);
        if (!tb_report_state(x).control_failed) {
            fail_msg("%s went unnoticed", deeds[i]);
        }
        tb_report_free(x);
        tb_db_rollback(f.world.db);
    }
    struct tb_report *x = explain(&f, id, DAY_FIRST, DAY_FIRST, 1);
    assert_false(tb_report_state(x).control_failed);
    assert_int_equal(tb_table_rows(part(x, "events")), 1);
    assert_int_equal(tb_table_dropped(part(x, "events")), cell(lines, row, "requests")->number - 1);
    tb_report_free(x);
    assert_ok(tb_db_begin(f.world.db, &err), err);
    assert_ok(tb_events_prune(f.world.db, DAY_FIRST + 2, DAY_FIRST + 2, &err), err);
    assert_ok(tb_db_commit(f.world.db, &err), err);
    x = explain(&f, id, DAY_FIRST, DAY_FIRST, 0);
    assert_false(tb_report_state(x).control_failed);
    assert_int_equal(tb_table_rows(part(x, "events")), 0);
    assert_true(check_prices(part(x, "prices")) == cell(lines, row, "cost")->money);
    assert_false(cell(part(x, "sum"), 0, "note")->null);
    tb_report_free(x);
    tb_report_free(r);
    firm_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_its_events_to_the_last_decimal),
        cmocka_unit_test(a_line_of_several_days_is_found_with_its_days),
        cmocka_unit_test(a_beginning_will_do_when_one_line_has_it),
        cmocka_unit_test(a_difference_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
