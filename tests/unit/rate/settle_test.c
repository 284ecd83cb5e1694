/* Cents: they add up to the rounded day, no line is a cent or more away from its cost, and nothing but the
 * lines decides. */
#include "tests/unit/rate/support.h"

#include "base/hash.h"
#include "rate/settle.h"

#define LINES_MAX 24

static tb_money money_of(const char *text)
{
    tb_money m = 0;
    assert_true(tb_money_parse(tb_str_of(text), &m));
    return m;
}

static void the_rest_goes_to_the_largest_remainders(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct {
            const char *team, *cost_center, *cost;
            int64_t cents;
        } line[5];
    } cases[] = {
        {"one line, half away from zero", {{"a", NULL, "0.005", 1}}},
        {"one line, below half", {{"a", NULL, "0.004999999999999999999999", 0}}},
        {"nothing spent", {{"a", NULL, "0", 0}, {"b", NULL, "0", 0}}},
        {"largest remainder",
         {{"a", NULL, "1.001", 100}, {"b", NULL, "1.002", 100}, {"c", NULL, "1.009", 101}}},
        {"tie: larger cost", {{"a", NULL, "1.005", 100}, {"b", NULL, "2.005", 201}}},
        {"tie: team in byte order", {{"b", NULL, "1.005", 100}, {"B", NULL, "1.005", 101}}},
        {"tie: shorter team first", {{"ab", NULL, "1.005", 100}, {"a", NULL, "1.005", 101}}},
        {"tie: cost centre, absent first", {{"a", "1", "1.005", 100}, {"a", NULL, "1.005", 101}}},
        {"tie: cost centre in byte order", {{"a", "2", "1.005", 100}, {"a", "10", "1.005", 101}}},
        {"thirds",
         {{"a", NULL, "0.333333333333", 34},
          {"b", NULL, "0.333333333333", 33},
          {"c", NULL, "0.333333333333", 33}}},
        {"a credit: floors go down, the rest comes up", {{"a", NULL, "-0.015", -2}, {"b", NULL, "0.029", 3}}},
        {"a negative day: half away from zero", {{"a", NULL, "-0.005", -1}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tb_settle_line lines[5];
        struct tb_err err = {0};
        size_t n = 0;
        for (; n < 5 && cases[i].line[n].team != NULL; n++) {
            lines[n] = (struct tb_settle_line){tb_str_of(cases[i].line[n].team),
                                               tb_str_of(cases[i].line[n].cost_center),
                                               money_of(cases[i].line[n].cost), 99};
        }
        assert_ok(tb_settle_cents(lines, n, &err), err);
        for (size_t k = 0; k < n; k++) {
            if (lines[k].billed_cents != cases[i].line[k].cents) {
                fail_msg("%s: line %zu is %lld", cases[i].why, k, (long long)lines[k].billed_cents);
            }
        }
    }
}

/* Brute force: of all ways to give each line its floor or a cent more that sum to the rounded total, the one
 * whose extra cents go to the best claims. */
static bool claims_before(const struct tb_settle_line *x, const struct tb_settle_line *y)
{
    int64_t cents = 0;
    tb_money rx = 0;
    tb_money ry = 0;
    assert_true(tb_money_cents_floor(x->cost, &cents, &rx));
    assert_true(tb_money_cents_floor(y->cost, &cents, &ry));
    if (rx != ry) {
        return rx > ry;
    }
    if (x->cost != y->cost) {
        return x->cost > y->cost;
    }
    int c = tb_str_cmp(x->team, y->team);
    return c != 0 ? c < 0 : tb_str_cmp(x->cost_center, y->cost_center) < 0;
}

static void check_lines(const struct tb_settle_line *lines, size_t n)
{
    tb_money total = 0;
    int64_t rounded = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(tb_money_add(total, lines[i].cost, &total));
        sum += lines[i].billed_cents;
    }
    assert_true(tb_money_cents_round(total, &rounded));
    assert_int_equal(sum, rounded);
    for (size_t i = 0; i < n; i++) {
        tb_money remainder = 0;
        int64_t floor = 0;
        assert_true(tb_money_cents_floor(lines[i].cost, &floor, &remainder));
        int64_t extra = lines[i].billed_cents - floor;
        assert_true(extra == 0 || extra == 1);
        for (size_t k = 0; k < n; k++) {
            int64_t other = 0;
            assert_true(tb_money_cents_floor(lines[k].cost, &other, &remainder));
            if (extra == 0 && lines[k].billed_cents - other == 1) {
                assert_true(claims_before(&lines[k], &lines[i]));
            }
        }
    }
}

static void random_days_add_up_in_any_order(void **state)
{
    (void)state;
    static const char *const teams[] = {"a", "b", "B", "ab", "(unassigned)", "\xc3\xa9"};
    static const char *const centers[] = {NULL, "1", "10", "2"};
    uint64_t random = 4711;
    for (int round = 0; round < 3000; round++) {
        struct tb_settle_line lines[LINES_MAX];
        struct tb_settle_line shuffled[LINES_MAX];
        struct tb_err err = {0};
        size_t n = random_below(&random, LINES_MAX);
        for (size_t i = 0; i < n; i++) {
            tb_money cost = (tb_money)(random_next(&random) % 100000) * (tb_money)1000000000000000000 *
                            (tb_money)(random_below(&random, 4) == 0 ? 10000 : 1);
            cost = round % 5 == 4 && random_below(&random, 3) == 0 ? -cost : cost;
            lines[i] = (struct tb_settle_line){tb_str_of(teams[i % 6]), tb_str_of(centers[i / 6]), cost, 0};
        }
        for (size_t i = 0; i < n; i++) {
            size_t k = random_below(&random, (uint32_t)i + 1);
            shuffled[i] = shuffled[k];
            shuffled[k] = lines[i];
        }
        assert_ok(tb_settle_cents(lines, n, &err), err);
        assert_ok(tb_settle_cents(shuffled, n, &err), err);
        check_lines(lines, n);
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < n; k++) {
                if (tb_str_eq(lines[i].team, shuffled[k].team) &&
                    tb_str_eq(lines[i].cost_center, shuffled[k].cost_center)) {
                    assert_int_equal(lines[i].billed_cents, shuffled[k].billed_cents);
                }
            }
        }
    }
}

static void a_day_too_large_is_an_error(void **state)
{
    (void)state;
    struct tb_err err = {0};
    struct tb_settle_line lines[2] = {{TB_STR("a"), TB_STR_NULL, money_of("170000000000000"), 0},
                                      {TB_STR("b"), TB_STR_NULL, money_of("170000000000000"), 0}};
    assert_int_equal(tb_settle_cents(lines, 2, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_goes_to_the_largest_remainders),
        cmocka_unit_test(random_days_add_up_in_any_order),
        cmocka_unit_test(a_day_too_large_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
