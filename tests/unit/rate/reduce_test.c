/* A day's rollups against sums made again from the events that went in, across a DST change. */
#include "tests/unit/rate/firm.h"

static void every_usage_cell_is_its_events(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 1, 2500);
    world_load(&f.world, 0, f.world.n, false);
    assert_int_equal(reduce_all(&f, 1), DAYS);
    check_usage_cells(&f);
    firm_close(&f);
}

/* --- charge_cell and settlement -------------------------------------------------------------------------------------- */

static bool event_in_charge(const struct firm *f, size_t i, struct tb_query *q)
{
    const struct happening *h = &f->world.events[i];
    const struct judged *j = &f->judged[i];
    return (h->flags & TB_F_TOOL) == 0 && j->billed &&
           tb_zone_day(f->world.settings.zone, h->ts_us) == tb_query_int(q, 0) &&
           same_text(tb_query_text(q, 1), world_sources[h->source]) &&
           same_text(tb_query_text(q, 2), happening_consumer(h)) &&
           same_text(tb_query_text(q, 3), judged_team(j)) &&
           same_text(tb_query_text(q, 4), judged_cost_center(j)) &&
           same_text(tb_query_text(q, 5), h->text[TB_T_PROVIDER]) &&
           same_text(tb_query_text(q, 6), h->text[TB_T_MODEL]) &&
           same_text(tb_query_text(q, 7), h->text[TB_T_SERVICE_TIER]);
}

static void check_charge_cells(struct firm *f)
{
    struct world *w = &f->world;
    struct tb_query *q = ask(w, charge_sql);
    tb_money total = 0;
    tb_money expected = 0;
    int cells = 0;
    for (; next(q); cells++) {
        int64_t quantity = 0;
        tb_money cost = 0;
        tb_money found = 0;
        bool as_logged = tb_query_is_null(q, 9);
        for (size_t i = 0; i < w->n; i++) {
            if (!event_in_charge(f, i, q)) {
                continue;
            }
            const struct tb_charge *c = &f->judged[i].charge;
            if (as_logged && c->basis == TB_BASIS_LOGGED) {
                quantity++;
                assert_true(tb_money_add(cost, c->cost, &cost));
            }
            for (int k = 0; !as_logged && k < c->parts; k++) {
                if ((int64_t)c->part[k].row->line == tb_query_int(q, 9) &&
                    same_text(tb_query_text(q, 8), tb_meter_names[c->part[k].meter])) {
                    quantity += c->part[k].quantity;
                    assert_true(tb_money_add(cost, c->part[k].cost, &cost));
                }
            }
        }
        assert_true(quantity > 0);
        assert_int_equal(tb_query_int(q, 10), quantity);
        assert_true(tb_query_money(q, 11, &found) && found == cost);
        assert_true(!as_logged || same_text(tb_query_text(q, 8), "request"));
        assert_true(tb_money_add(total, cost, &total));
    }
    tb_query_close(q);
    for (size_t i = 0; i < w->n; i++) {
        if ((w->events[i].flags & TB_F_TOOL) == 0 && f->judged[i].billed &&
            w->events[i].ts_us >= first_instant(w)) {
            assert_true(tb_money_add(expected, f->judged[i].charge.cost, &expected));
        }
    }
    assert_true(total == expected);
    assert_true(cells > 200);
}

static void every_charge_cell_is_its_parts(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 2, 2500);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    check_charge_cells(&f);
    firm_close(&f);
}

/* Sums of one day by team, cost centre: from the events. */
static tb_money team_cost(const struct firm *f, int64_t day, struct tb_str team, struct tb_str cost_center,
                          int *requests)
{
    tb_money sum = 0;
    *requests = 0;
    for (size_t i = 0; i < f->world.n; i++) {
        const struct happening *h = &f->world.events[i];
        const struct judged *j = &f->judged[i];
        if ((h->flags & TB_F_TOOL) == 0 && j->billed &&
            tb_zone_day(f->world.settings.zone, h->ts_us) == day && same_text(team, judged_team(j)) &&
            same_text(cost_center, judged_cost_center(j))) {
            assert_true(tb_money_add(sum, j->charge.cost, &sum));
            ++*requests;
        }
    }
    return sum;
}

static void settlement_adds_up_to_the_day(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 3, 2000);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_query *q =
        ask(&f.world, "SELECT r.day, r.cost, r.billed, s.team, s.cost_center, s.cost, s.billed_cents, "
                      "s.shared, s.adjustments, s.gl_account, s.owner, r.total_mismatch, r.id_reused, r.zone "
                      "FROM reduced_day r JOIN settlement s ON s.day = r.day AND s.tables = r.tables "
                      "ORDER BY r.day, s.rowid");
    tb_money sum = 0;
    tb_money cents = 0;
    tb_money day_cost = 0;
    tb_money day_billed = 0;
    int64_t day = 0;
    int lines = 0;
    for (bool more = next(q);; more = next(q)) {
        if (lines > 0 && (!more || tb_query_int(q, 0) != day)) { /* the day before is whole */
            int64_t rounded = 0;
            assert_true(sum == day_cost);
            assert_true(cents == day_billed);
            assert_true(tb_money_cents_round(sum, &rounded) && tb_money_of_cents(rounded) == cents);
            sum = cents = 0;
        }
        if (!more) {
            break;
        }
        int requests = 0;
        tb_money cost = 0;
        day = tb_query_int(q, 0);
        assert_true(tb_query_money(q, 1, &day_cost) && tb_query_money(q, 2, &day_billed) &&
                    tb_query_money(q, 5, &cost));
        assert_true(cost == team_cost(&f, day, tb_query_text(q, 3), tb_query_text(q, 4), &requests));
        assert_true(requests > 0);
        assert_true(tb_money_add(sum, cost, &sum) &&
                    tb_money_add(cents, tb_money_of_cents(tb_query_int(q, 6)), &cents));
        assert_true(same_text(tb_query_text(q, 7), "0") && same_text(tb_query_text(q, 8), "0"));
        if (same_text(tb_query_text(q, 3),
                      "web")) { /* ann's row ends with the 28th; the smallest line has its owner */
            assert_true(same_text(tb_query_text(q, 9), day < 20541 ? "6100" : "6200"));
            assert_true(same_text(tb_query_text(q, 10), day < 20541 ? "olga" : NULL));
        }
        if (same_text(tb_query_text(q, 3), TB_TEAM_UNASSIGNED) && tb_query_is_null(q, 4)) {
            assert_true(tb_query_is_null(q, 9) && tb_query_is_null(q, 10));
        }
        lines++;
    }
    assert_true(lines >= DAYS * 6);
    tb_query_close(q);
    firm_close(&f);
}

static void total_mismatches_are_counted(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 4, 1000);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_query *q = ask(&f.world, "SELECT day, total_mismatch FROM reduced_day");
    for (int days = 0; next(q) || days < DAYS; days++) {
        int64_t expected = 0;
        assert_true(days < DAYS);
        for (size_t i = 0; i < f.world.n; i++) {
            const struct happening *h = &f.world.events[i];
            expected += (h->flags & TB_F_TOTAL_MISMATCH) != 0 && (h->flags & TB_F_TOOL) == 0 &&
                        tb_zone_day(f.world.settings.zone, h->ts_us) == tb_query_int(q, 0);
        }
        assert_int_equal(tb_query_int(q, 1), expected);
    }
    tb_query_close(q);
    firm_close(&f);
}

static void dst_days_have_their_hours(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 10, 0);
    /* An event at each half hour of the 29th (23 hours) in Amsterdam. */
    int64_t from = tb_zone_day_start(f.world.settings.zone, DAY_FIRST + 2);
    int64_t to = tb_zone_day_start(f.world.settings.zone, DAY_FIRST + 3);
    assert_int_equal(to - from, 23 * TB_US_PER_H);
    for (int64_t ts = from; ts < to; ts += TB_US_PER_H / 2) {
        f.world.events[f.world.n] = (struct happening){.ts_us = ts, .serial = f.world.n};
        f.world.n++;
    }
    judge_all(&f);
    world_load(&f.world, 0, f.world.n, false);
    reduce_all(&f, 1);
    struct tb_query *q =
        ask(&f.world, "SELECT count(*), count(DISTINCT hour_us), sum(requests), min(hour_us), max(hour_us) "
                      "FROM usage_cell WHERE day = 20541 AND tables = 1");
    assert_true(next(q));
    assert_int_equal(tb_query_int(q, 0), 23);
    assert_int_equal(tb_query_int(q, 1), 23);
    assert_int_equal(tb_query_int(q, 2), 46);
    assert_int_equal(tb_query_int(q, 3), from);
    assert_int_equal(tb_query_int(q, 4), to - TB_US_PER_H);
    tb_query_close(q);
    firm_close(&f);
}

static void a_day_without_any_price_still_settles(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 11, 0);
    f.world.events[0] =
        (struct happening){.ts_us = first_instant(&f.world), .text = {[TB_T_MODEL] = "new-model"}};
    happening_set(&f.world.events[0], TB_N_INPUT, 5);
    f.world.n = 1;
    judge_all(&f);
    world_load(&f.world, 0, 1, false);
    assert_int_equal(reduce_all(&f, 1), DAYS); /* days without events too */
    struct tb_query *q = ask(&f.world, "SELECT team, cost, billed_cents FROM settlement");
    assert_true(next(q));
    assert_true(same_text(tb_query_text(q, 0), TB_TEAM_UNASSIGNED) && same_text(tb_query_text(q, 1), "0"));
    assert_int_equal(tb_query_int(q, 2), 0);
    assert_false(next(q));
    tb_query_close(q);
    q = ask(&f.world, "SELECT count(*) FROM reduced_day WHERE cost = '0' AND billed = '0'");
    assert_true(next(q));
    assert_int_equal(tb_query_int(q, 0), DAYS);
    tb_query_close(q);
    firm_close(&f);
}

/* No event names the currency, and the dictionary does not have it: a cost without a unit is not in that currency. */
static void a_cost_without_unit_is_not_charged(void **state)
{
    (void)state;
    struct firm f;
    firm_open(&f, 14, 0);
    f.world.events[0] = (struct happening){
        .ts_us = first_instant(&f.world), .text = {[TB_T_MODEL] = "new-model"}, .cost = "0.5"};
    happening_set(&f.world.events[0], TB_N_INPUT, 5);
    f.world.n = 1;
    judge_all(&f);
    world_load(&f.world, 0, 1, false);
    reduce_all(&f, 1);
    struct tb_query *q = ask(&f.world, "SELECT basis, cost, logged_cost FROM usage_cell");
    assert_true(next(q));
    assert_true(same_text(tb_query_text(q, 0), "unpriced") && tb_query_is_null(q, 1));
    assert_true(same_text(tb_query_text(q, 2), "0.5")); /* kept for the reconciliation */
    tb_query_close(q);
    firm_close(&f);
}

static void sources_bill_unless_the_config_says_no(void **state)
{
    (void)state;
    struct tb_settings s = {.sources = world_source_settings, .source_count = 3};
    assert_true(tb_source_billed(&s, TB_STR("gateway")));
    assert_false(tb_source_billed(&s, TB_STR("shadow")));
    assert_true(tb_source_billed(&s, TB_STR("adhoc")));
    assert_true(tb_source_billed(&s, TB_STR("Shadow")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_usage_cell_is_its_events),
        cmocka_unit_test(every_charge_cell_is_its_parts),
        cmocka_unit_test(settlement_adds_up_to_the_day),
        cmocka_unit_test(total_mismatches_are_counted),
        cmocka_unit_test(dst_days_have_their_hours),
        cmocka_unit_test(a_day_without_any_price_still_settles),
        cmocka_unit_test(a_cost_without_unit_is_not_charged),
        cmocka_unit_test(sources_bill_unless_the_config_says_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
