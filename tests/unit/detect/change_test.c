/* Decompositions: exact sums over random changes, and Shapley values against all orders of change in whole numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "detect/change.h"
#include "detect/shapley.h"

static uint64_t seed = 88172645463325252u;
static int64_t below(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)n);
}

/* 720 times the Shapley value: the sum over every order of what the factor adds at its turn. */
static void permute(const int64_t *base, const int64_t *now, int n, int *order, int at, __int128 *sum)
{
    if (at == n) {
        int64_t value[TB_SHAPLEY_MAX];
        memcpy(value, base, (size_t)n * sizeof *value);
        for (int k = 0; k < n; k++) {
            __int128 before = 1, after = 1;
            for (int i = 0; i < n; i++) {
                before *= value[i];
            }
            value[order[k]] = now[order[k]];
            for (int i = 0; i < n; i++) {
                after *= value[i];
            }
            sum[order[k]] += after - before;
        }
        return;
    }
    for (int i = at; i < n; i++) {
        int t = order[at];
        order[at] = order[i];
        order[i] = t;
        permute(base, now, n, order, at + 1, sum);
        t = order[at];
        order[at] = order[i];
        order[i] = t;
    }
}

static void shapley_is_the_mean_over_all_orders(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        int n = 1 + (int)below(TB_SHAPLEY_MAX), order[TB_SHAPLEY_MAX], orders = 1;
        int64_t base[TB_SHAPLEY_MAX], now[TB_SHAPLEY_MAX];
        __float128 b[TB_SHAPLEY_MAX], c[TB_SHAPLEY_MAX], part[TB_SHAPLEY_MAX];
        __int128 sum[TB_SHAPLEY_MAX] = {0};
        for (int i = 0; i < n; i++) {
            order[i] = i;
            orders *= i + 1;
            b[i] = base[i] = below(1000);
            c[i] = now[i] = below(4) == 0 ? base[i] : below(1000);
        }
        permute(base, now, n, order, 0, sum);
        tb_shapley(b, c, n, part);
        for (int i = 0; i < n; i++) {
            __float128 off = part[i] * orders - (__float128)sum[i];
            assert_true(off < 1e-9Q && off > -1e-9Q);
        }
    }
}

static void random_side(struct tb_change_side *s)
{
    if (below(6) == 0) {
        return;
    }
    s->requests = 1 + below(5000);
    for (int k = 0; k < TB_TOKEN_KINDS; k++) {
        s->tokens[k] = below(3) == 0 ? 0 : below(1000000);
        s->cost[k] = (tb_money)s->tokens[k] * (tb_money)below(1000000) * 1000000000000;
    }
}

static void parts_add_up_to_the_change(void **state)
{
    (void)state;
    struct tb_err err;
    for (int round = 0; round < 3000; round++) {
        struct tb_change c = {.n = (size_t)(1 + below(12))};
        tb_money base = 0, now = 0, sum = 0;
        c.cell = calloc(c.n, sizeof *c.cell);
        for (size_t i = 0; i < c.n; i++) {
            c.cell[i].consumer = (uint32_t)(1 + i / 4);
            c.cell[i].feature = (uint32_t)(1 + i / 2 % 2);
            c.cell[i].model = (uint32_t)(1 + i % 2);
            random_side(&c.cell[i].side[0]);
            random_side(&c.cell[i].side[1]);
            for (int k = 0; k < TB_TOKEN_KINDS; k++) {
                base += c.cell[i].side[0].cost[k];
                now += c.cell[i].side[1].cost[k];
            }
        }
        assert_int_equal(tb_change_explain(&c, &err), TB_OK);
        for (size_t i = 0; i < c.n; i++) {
            const struct tb_change_cell *cell = &c.cell[i];
            for (int e = 0; e < TB_EFFECT_COUNT; e++) {
                sum += cell->effect[e];
            }
            if (cell->side[0].requests == 0 || cell->side[1].requests == 0) {
                assert_true(cell->effect[TB_EFFECT_VOLUME] == 0 && cell->effect[TB_EFFECT_MIX] == 0);
            }
        }
        assert_true(sum == now - base && c.delta == now - base);
        tb_change_release(&c);
    }
}

/* One consumer, one cell: what alone changes is all of the change. */
static void a_pure_change_has_one_effect(void **state)
{
    (void)state;
    struct tb_err err;
    const struct {
        int64_t requests, tokens;
        int price;
        enum tb_effect effect;
    } rows[] = {{200, 2000, 5, TB_EFFECT_VOLUME},
                {100, 3000, 5, TB_EFFECT_TOKENS},
                {100, 1000, 7, TB_EFFECT_PRICE},
                {0, 0, 0, TB_EFFECT_GONE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_change c = {.n = 1, .cell = calloc(1, sizeof(struct tb_change_cell))};
        tb_money unit = (tb_money)1000000000000000000;
        c.cell->side[0] = (struct tb_change_side){.requests = 100, .tokens = {1000}, .cost = {5000 * unit}};
        c.cell->side[1] = (struct tb_change_side){.requests = rows[i].requests,
                                                  .tokens = {rows[i].tokens},
                                                  .cost = {rows[i].tokens * rows[i].price * unit}};
        assert_int_equal(tb_change_explain(&c, &err), TB_OK);
        for (int e = 0; e < TB_EFFECT_COUNT; e++) {
            assert_true(c.cell->effect[e] == (e == (int)rows[i].effect ? c.delta : 0));
        }
        tb_change_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapley_is_the_mean_over_all_orders),
                                       cmocka_unit_test(parts_add_up_to_the_change),
                                       cmocka_unit_test(a_pure_change_has_one_effect)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
