/* reports/table: cells as they were set, exact sums, sorting against a slow sort, parts in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "reports/table/parts.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct tb_column columns[] = {
    {"name", "Name", TB_CELL_TEXT, true, false},   {"n", "Number", TB_CELL_INT, false, true},
    {"cost", "Cost", TB_CELL_MONEY, false, true},  {"cents", "Cents", TB_CELL_CENTS, false, true},
    {"x", "Ratio", TB_CELL_RATIO, false, false},   {"value", "Value", TB_CELL_MIXED, false, false},
    {"order", "Order", TB_CELL_INT, false, false},
};
enum { NAME, N, COST, CENTS, X, VALUE, ORDER };

static struct tb_table *new_table(void)
{
    struct tb_table *t = tb_table_new("rows", "Rows", columns, COUNT(columns));
    assert_non_null(t);
    return t;
}

static void begin(struct tb_table *t)
{
    struct tb_err err = {0};
    assert_int_equal(tb_table_row(t, &err), TB_OK);
}

static void text(struct tb_table *t, size_t column, struct tb_str s)
{
    struct tb_err err = {0};
    assert_int_equal(tb_table_text(t, column, s, &err), TB_OK);
}

static tb_money money(const char *s)
{
    tb_money m = 0;
    assert_true(tb_money_parse(tb_str_of(s), &m));
    return m;
}

static void test_cells_keep_what_was_set(void **state)
{
    (void)state;
    char word[] = "alpha";
    struct tb_table *t = new_table();
    begin(t);
    text(t, NAME, tb_str_of(word));
    word[0] = 'X'; /* copied */
    tb_table_int(t, N, INT64_MIN);
    tb_table_money(t, COST, money("-0.000000000000000000000001"));
    tb_table_int(t, CENTS, 1230);
    text(t, X, tb_str_of("0.333333"));
    tb_table_money(t, VALUE, money("7"));
    begin(t);
    tb_table_int(t, VALUE, 7);
    assert_int_equal(tb_table_rows(t), 2);
    assert_int_equal(tb_table_columns(t), COUNT(columns));
    assert_string_equal(tb_table_name(t), "rows");
    assert_string_equal(tb_table_cell(t, 0, NAME)->text.s, "alpha");
    assert_true(tb_table_cell(t, 0, N)->number == INT64_MIN);
    assert_true(tb_table_cell(t, 0, COST)->money == -1);
    assert_int_equal(tb_table_cell(t, 0, VALUE)->type, TB_CELL_MONEY);
    assert_int_equal(tb_table_cell(t, 1, VALUE)->type, TB_CELL_INT);
    for (size_t i = 0; i < COUNT(columns); i++) {
        assert_int_equal(tb_table_cell(t, 1, i)->null, i != VALUE);
    }
    tb_table_clear(t, VALUE);
    assert_true(tb_table_cell(t, 1, VALUE)->null);
    text(t, NAME, TB_STR(""));
    assert_false(tb_table_cell(t, 1, NAME)->null); /* empty is not absent */
    text(t, NAME, TB_STR_NULL);
    assert_true(tb_table_cell(t, 1, NAME)->null);
    assert_int_equal(tb_table_find(t, "cents"), CENTS);
    assert_int_equal(tb_table_find(t, "Cents"), -1);
    tb_table_free(t);
}

static void test_sums_are_exact_or_refused(void **state)
{
    (void)state;
    struct tb_table *t = new_table();
    struct tb_cell sum;
    assert_true(tb_table_sum(t, COST, &sum));
    assert_true(sum.money == 0 && !sum.null);
    for (int i = 0; i < 1000; i++) {
        begin(t);
        if (i % 3 == 0) {
            continue; /* null */
        }
        tb_table_money(t, COST, money("0.1"));
        tb_table_int(t, N, INT64_MAX / 1000);
        tb_table_int(t, CENTS, -1);
    }
    assert_true(tb_table_sum(t, COST, &sum));
    assert_true(sum.money == money("66.6"));
    assert_true(tb_table_sum(t, N, &sum));
    assert_true(sum.number == INT64_MAX / 1000 * 666);
    assert_true(tb_table_sum(t, CENTS, &sum));
    assert_true(sum.number == -666 && sum.type == TB_CELL_CENTS);
    begin(t);
    tb_table_int(t, N, INT64_MAX);
    assert_false(tb_table_sum(t, N, &sum));
    tb_table_free(t);
}

/* Whether row a may stand before row b: numbers descend, null last; texts ascend, null first; ties by order. */
static int in_order(const struct tb_table *t, size_t a, size_t b, size_t column)
{
    const struct tb_cell *x = tb_table_cell(t, a, column), *y = tb_table_cell(t, b, column);
    int64_t i = tb_table_cell(t, a, ORDER)->number, j = tb_table_cell(t, b, ORDER)->number;
    if (x->null && y->null) {
        return i < j;
    }
    if (x->null || y->null) {
        return column == NAME ? x->null : y->null;
    }
    if (column == NAME) {
        int c = strcmp(x->text.s, y->text.s);
        return c < 0 || (c == 0 && i < j);
    }
    double p = column == X ? atof(x->text.s) : column == COST ? tb_money_double(x->money) : (double)x->number;
    double q = column == X ? atof(y->text.s) : column == COST ? tb_money_double(y->money) : (double)y->number;
    return p > q || (p == q && i < j);
}

static void fill(struct tb_table *t, unsigned *seed, int rows)
{
    char word[16];
    for (int i = 0; i < rows; i++) {
        begin(t);
        tb_table_int(t, ORDER, i);
        if (rand_r(seed) % 5 > 0) {
            tb_table_int(t, N, rand_r(seed) % 7 - 3);
            tb_table_money(t, COST, (tb_money)(rand_r(seed) % 5) * money("0.25"));
            snprintf(word, sizeof word, "%s0.%d", rand_r(seed) % 2 ? "-" : "", rand_r(seed) % 20);
            text(t, X, tb_str_of(word));
            snprintf(word, sizeof word, "k%d", rand_r(seed) % 20);
            text(t, NAME, tb_str_of(word));
        }
    }
}

static void test_sort_is_stable_and_right(void **state)
{
    (void)state;
    static const size_t by[] = {NAME, N, COST, X};
    unsigned seed = 7;
    for (int round = 0; round < 200; round++) {
        struct tb_err err = {0};
        struct tb_table *t = new_table();
        int rows = rand_r(&seed) % 70;
        size_t column = by[(size_t)round % COUNT(by)], top = (size_t)(rand_r(&seed) % 40);
        fill(t, &seed, rows);
        assert_int_equal(tb_table_sort(t, columns[column].key, top, &err), TB_OK);
        size_t kept = top > 0 && top < (size_t)rows ? top : (size_t)rows;
        assert_int_equal(tb_table_rows(t), kept);
        assert_int_equal(tb_table_dropped(t), (size_t)rows - kept);
        for (size_t i = 1; i < kept; i++) {
            assert_true(in_order(t, i - 1, i, column));
        }
        tb_table_free(t);
    }
}

static void test_top_keeps_the_largest(void **state)
{
    (void)state;
    struct tb_err err = {0};
    struct tb_table *t = new_table();
    for (int i = 0; i < 100; i++) {
        begin(t);
        tb_table_int(t, N, i * 37 % 100);
    }
    assert_int_equal(tb_table_sort(t, "n", 3, &err), TB_OK);
    assert_true(tb_table_cell(t, 0, N)->number == 99 && tb_table_cell(t, 2, N)->number == 97);
    assert_int_equal(tb_table_sort(t, NULL, 1, &err), TB_OK);
    assert_int_equal(tb_table_rows(t), 1);
    assert_int_equal(tb_table_dropped(t), 99);
    tb_table_free(t);
}

static void test_unknown_column_to_sort_by(void **state)
{
    (void)state;
    struct tb_err err = {0};
    struct tb_table *t = new_table();
    assert_int_equal(tb_table_sort(t, "cots", 0, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_USAGE);
    assert_non_null(strstr(err.text, "did you mean \"cost\""));
    assert_int_equal(tb_table_sort(t, "zzzzzzzz", 0, &err), TB_FAIL);
    assert_null(strstr(err.text, "did you mean"));
    tb_table_free(t);
}

static void test_parts_are_in_order(void **state)
{
    (void)state;
    struct tb_err err = {0};
    struct tb_table *t;
    struct tb_report *r = tb_parts_new("demo", "Demo");
    assert_non_null(r);
    assert_int_equal(tb_parts_text(r, "schema", "Schema", TB_STR("s/1"), &err), TB_OK);
    assert_int_equal(tb_parts_number(r, "revision", "revision", TB_CELL_INT, false, 9, &err), TB_OK);
    assert_int_equal(tb_parts_object(r, "totals", "Totals", columns, COUNT(columns), &t, &err), TB_OK);
    assert_int_equal(tb_table_rows(t), 1);
    assert_int_equal(tb_parts_rows(r, "rows", "Rows", columns, COUNT(columns), &t, &err), TB_OK);
    assert_int_equal(tb_table_rows(t), 0);
    assert_int_equal(r->n, 4);
    assert_string_equal(tb_table_name(r->parts[2].table), "totals");
    assert_true(tb_table_cell(tb_parts_find(r, "revision")->table, 0, 0)->null);
    assert_null(tb_parts_find(r, "nothing"));
    tb_parts_free(r);
    tb_parts_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_keep_what_was_set),   cmocka_unit_test(test_sums_are_exact_or_refused),
        cmocka_unit_test(test_sort_is_stable_and_right),  cmocka_unit_test(test_top_keeps_the_largest),
        cmocka_unit_test(test_unknown_column_to_sort_by), cmocka_unit_test(test_parts_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
