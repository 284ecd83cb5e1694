/* Water-filling: examples, and what must hold of any: cents add up, floors and caps hold, between them shares are by weight to
 * the cent, the order of keys does not matter; and the scraper runbook's plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "plan/allocation.h"

#define KEYS_MAX 40

static uint64_t state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * n >> 32);
}

static int64_t run(struct tb_share *s, size_t n, int64_t cents, int64_t floor, int64_t cap)
{
    struct tb_err err = {.code = TB_E_NONE};
    int64_t left = -1;
    assert_int_equal(tb_allocate(s, n, cents, floor, cap, &left, &err), TB_OK);
    return left;
}

static void examples(void **unused)
{
    (void)unused;
    static const struct {
        int64_t cents, floor, cap;
        int n, weight[4];
        int64_t want[4], left;
    } table[] = {
        {8000, 0, -1, 3, {50, 30, 20}, {4000, 2400, 1600}, 0},
        {100, 0, -1, 3, {1, 1, 1}, {34, 33, 33}, 0},          /* ties: by key */
        {100, 0, -1, 3, {0, 0, 0}, {34, 33, 33}, 0},          /* nobody spent: equal */
        {100, 10, -1, 3, {98, 1, 1}, {80, 10, 10}, 0},        /* floors */
        {100, 0, 40, 3, {98, 1, 1}, {40, 30, 30}, 0},         /* caps */
        {100, 0, 20, 3, {98, 1, 1}, {20, 20, 20}, 40},        /* caps leave something */
        {100, 10, 60, 4, {90, 8, 1, 1}, {60, 20, 10, 10}, 0}, /* both */
        {100, 25, 60, 4, {90, 8, 1, 1}, {25, 25, 25, 25}, 0}, /* floors take it all */
        {0, 0, -1, 2, {3, 4}, {0, 0}, 0},
        {1, 0, -1, 2, {1, 2}, {0, 1}, 0},
        {100, 5, -1, 2, {0, 7}, {5, 95}, 0},
        {100, 0, 30, 1, {0}, {30}, 70},
        {5, 0, -1, 0, {0}, {0}, 5},
    };
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct tb_share s[4];
        for (int k = 0; k < table[i].n; k++) {
            s[k] = (struct tb_share){.key = tb_str_of(names[k]), .weight = table[i].weight[k]};
        }
        assert_int_equal(run(s, (size_t)table[i].n, table[i].cents, table[i].floor, table[i].cap),
                         table[i].left);
        for (int k = 0; k < table[i].n; k++) {
            assert_int_equal(s[k].cents, table[i].want[k]);
        }
    }
}

static int by_key(const void *a, const void *b)
{
    return tb_str_cmp(((const struct tb_share *)a)->key, ((const struct tb_share *)b)->key);
}

static void properties(void **unused)
{
    (void)unused;
    static char names[KEYS_MAX][8];
    int floors = 0, caps = 0;
    for (int round = 0; round < 5000; round++) {
        struct tb_share s[KEYS_MAX], shuffled[KEYS_MAX];
        size_t n = 1 + below(KEYS_MAX);
        int64_t cents = below(2) ? below(100) : below(10000000);
        int64_t floor = below(2) ? 0 : below((uint32_t)(cents / (int64_t)n) + 1);
        int64_t cap = below(2) ? -1 : floor + below((uint32_t)(3 * cents / (int64_t)n) + 1);
        for (size_t i = 0; i < n; i++) {
            tb_money weight = (tb_money)below(below(3) ? 1000 : 2);
            weight = below(2) ? weight
                              : weight * weight * weight * INT64_C(1000000000000000000) +
                                    below(9); /* money of 10^-24 */
            snprintf(names[i], sizeof names[i], "k%02u", (unsigned)i % 100);
            s[i] = (struct tb_share){.key = tb_str_of(names[i]), .weight = weight};
            shuffled[i] = s[i];
        }
        for (size_t i = n; i > 1; i--) {
            size_t k = below((uint32_t)i);
            struct tb_share t = shuffled[i - 1];
            shuffled[i - 1] = shuffled[k];
            shuffled[k] = t;
        }
        int64_t left = run(s, n, cents, floor, cap), sum = left;
        assert_int_equal(run(shuffled, n, cents, floor, cap), left);
        qsort(shuffled, n, sizeof *shuffled, by_key);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(s[i].cents, shuffled[i].cents);
            assert_true(s[i].cents >= floor && (cap < 0 || s[i].cents <= cap));
            assert_true(left == 0 || s[i].cents == cap || s[i].weight == 0);
            sum += s[i].cents;
            floors += s[i].by == TB_BY_FLOOR && floor > 0;
            caps += s[i].by == TB_BY_CAP;
            for (size_t k = 0; k < n; k++) {
                if (s[i].weight > s[k].weight) { /* more weight never gets less */
                    assert_true(s[i].cents >= s[k].cents);
                }
                if (s[i].by == TB_BY_WEIGHT && s[k].by == TB_BY_WEIGHT && s[i].weight > 0 &&
                    s[k].weight > 0 && s[i].weight < 1000000 &&
                    s[k].weight < 1000000) { /* in proportion, within a cent each */
                    __int128 a = (__int128)s[i].cents * s[k].weight, b = (__int128)s[k].cents * s[i].weight;
                    __int128 slack = s[i].weight + s[k].weight;
                    assert_true(a - b <= slack && b - a <= slack);
                }
            }
        }
        assert_int_equal(sum, cents);
    }
    assert_true(floors > 1000 && caps > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(properties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
