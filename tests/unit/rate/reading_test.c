/* Short roads and long ones: what a call costs and whose it is, asked with few columns and from memory, against all columns and the
 * price table's whole rule. */
#include "tests/unit/rate/world.h"

#include "rate/reading.h"

#define DAY_FIRST 20539 /* 2026-03-27; prices and accounts change on the 29th */
#define DAYS      4

struct counts {
    int rows, priced;
};

static void check_block(struct tb_reader *few, struct tb_reader *all, const struct tb_block *a,
                        const struct tb_block *b, struct counts *n)
{
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        struct tb_err err = {0};
        struct tb_reading e;
        struct tb_charge charge;
        tb_money cost = -1;
        if ((a->flags[i] & TB_F_TOOL) != 0) {
            continue;
        }
        tb_reader_take(all, b, i, &e);
        enum tb_status want = tb_charge_event(all->prices, &e.query, &charge, &err);
        assert_int_equal(tb_reader_cost(few, a, i, &cost, &err), want);
        assert_true(want != TB_OK || cost == charge.cost);
        const struct tb_account_row *row = tb_reader_account(few, a, i);
        assert_int_equal(e.account, row == NULL ? 0 : row - few->tables->accounts + 1);
        n->rows++;
        n->priced += want == TB_OK && charge.cost != 0;
    }
}

static void short_roads_agree(void **state)
{
    (void)state;
    struct counts n = {0, 0};
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world w;
        struct tb_reader few, all;
        struct tb_scan *x = NULL, *y = NULL;
        struct tb_block a, b;
        struct tb_err err = {0};
        enum tb_status st;
        uint64_t random = seed;
        world_init(&w, "Europe/Amsterdam");
        w.tables = world_tables(&w, 1);
        world_draw(&w, &random, 1500, tb_zone_day_start(w.settings.zone, DAY_FIRST),
                   tb_zone_day_start(w.settings.zone, DAY_FIRST + DAYS));
        world_load(&w, 0, w.n, seed % 2 == 0);
        assert_ok(tb_reader_init(&few, w.db, &w.settings, w.tables, false, &err), err);
        assert_ok(tb_reader_init(&all, w.db, &w.settings, w.tables, false, &err), err);
        assert_ok(
            tb_scan_open(w.db, INT64_MIN, INT64_MAX, TB_PRICING_COLUMNS | TB_C_TEXT(TB_T_CONSUMER), &x, &err),
            err);
        assert_ok(tb_scan_open(w.db, INT64_MIN, INT64_MAX, TB_READING_COLUMNS, &y, &err), err);
        while ((st = tb_scan_next(x, &a, &err)) == TB_OK) {
            assert_ok(tb_scan_next(y, &b, &err), err);
            check_block(&few, &all, &a, &b, &n);
        }
        assert_int_equal(st, TB_END);
        tb_scan_close(x);
        tb_scan_close(y);
        tb_reader_release(&few);
        tb_reader_release(&all);
        world_release(&w);
    }
    assert_true(n.rows > 10000 && n.priced > n.rows / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(short_roads_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
