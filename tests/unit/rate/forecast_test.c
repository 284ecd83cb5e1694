/* The rest of a running day, by the usual share: against sums in floating point, with odd and even numbers of days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "rate/forecast.h"

#define DAYS_MAX 20
#define MONDAY   20528 /* 2026-03-16 */

static struct tb_settings settings;

static int setup(void **state)
{
    (void)state;
    struct tb_err err;
    return tb_zone_load("UTC", &settings.zone, &err) == TB_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    tb_zone_free(settings.zone);
    return 0;
}

static tb_money units(int n)
{
    return tb_money_of_cents(100 * (int64_t)n);
}

/* Days end with the running one, of which its first hour's cost is known; the others cost something at 6 and at 18. */
struct week {
    struct tb_spend spend[DAYS_MAX];
    struct tb_spend_hour hours[DAYS_MAX][2];
    struct tb_spends all;
    double share[DAYS_MAX], cost[DAYS_MAX]; /* of working days: by half past six, in all */
    int n;
};

static void add_day(struct week *w, int i, int32_t day, int six, int eighteen)
{
    w->hours[i][0] = (struct tb_spend_hour){(day * INT64_C(24) + 6) * TB_US_PER_H, units(six)};
    w->hours[i][1] = (struct tb_spend_hour){(day * INT64_C(24) + 18) * TB_US_PER_H, units(eighteen)};
    w->spend[i] = (struct tb_spend){
        .cost = units(six + eighteen), .hours = w->hours[i], .hour_n = eighteen > 0 ? 2 : 1};
    if (eighteen > 0 && !tb_settings_day_is_free(&settings, day)) {
        w->share[w->n] = six * 0.5 / (six + eighteen);
        w->cost[w->n++] = six + eighteen;
    }
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_double);
    return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The forecast at half past six of the last of `days` days, the last of which is a Friday. */
static void check(int days, int spent)
{
    struct week w = {.n = 0};
    struct tb_forecast f;
    struct tb_err err;
    int32_t last = MONDAY + 4, first = last - days + 1;
    for (int i = 0; i + 1 < days; i++) {
        add_day(&w, i, first + i, 1 + rand() % 50, 1 + rand() % 50);
    }
    add_day(&w, days - 1, last, spent, 0);
    w.all = (struct tb_spends){.first_day = first, .days = (size_t)days, .budgets = 1, .spend = w.spend};
    int64_t as_of_us = (last * INT64_C(24) + 6) * TB_US_PER_H + TB_US_PER_H / 2;
    assert_int_equal(tb_forecast_rest(&settings, &w.all, 0, as_of_us, last + 1, &f, &err), TB_OK);
    double share = middle(w.share, w.n), usual = (double)f.usual / (double)units(1);
    double want = spent > 0 ? spent * (1 - share) / share : middle(w.cost, w.n);
    assert_true(fabs(usual - want) < want * 1e-4);
    assert_true(f.low <= f.usual && f.usual <= f.high);
}

static void test_rest_of_day(void **state)
{
    (void)state;
    srand(6);
    for (int round = 0; round < 200; round++) {
        for (int days = 2; days <= DAYS_MAX; days++) {
            check(days, 1 + rand() % 30);
        }
    }
    check(5, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rest_of_day)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
