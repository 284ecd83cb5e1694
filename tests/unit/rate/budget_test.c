/* Budgets against sums made minute by minute, and crossing instants against every call in order, over the change of the clock. */
#include "tests/unit/rate/world.h"

#include "rate/budget.h"
#include "rate/reduce.h"

#define BUDGETS                                                                                              \
    "name,dimension,match,period,amount,reserve,allocate_by,history_days,floor,cap,hour_warning,hour_"       \
    "critical,hour_emergency\n"                                                                              \
    "all,,,month,0.02,0,team,28,,,0.0003,0.0004,0.0006\nday,,,day,0.004,0,consumer,7,,,0.0001,,\n"           \
    "web,team,web,week,0.01,0,consumer,7,,,,0.0002,\nb,consumer,b*,day,0.001,0,,7,,,,,0.0005\n"              \
    "none,consumer,nobody,day,1,0,team,7,,,1,1,1\nzero,model,*,day,0,0,team,7,,,,,\n"

struct call {
    int64_t ts_us;
    tb_money cost;
};

struct calls {
    struct call of[WORLD_EVENTS_MAX];
    int n;
};

static struct tb_tables *budget_tables(const struct world *w)
{
    char prices[4096];
    struct tb_tables *t = NULL;
    snprintf(prices, sizeof prices, WORLD_PRICES, 3, 5, 7, 11);
    struct tb_str text[TB_TABLE_COUNT] = {[TB_TABLE_PRICES] = tb_str_of(prices),
                                          [TB_TABLE_ACCOUNTS] = tb_str_of(WORLD_ACCOUNTS),
                                          [TB_TABLE_BUDGETS] = tb_str_of(BUDGETS)};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    assert_ok(tb_tables_parse(&w->settings, text, name, &t, tables_error()), *tables_error());
    return t;
}

static bool is_of(const struct tb_budget_row *b, const struct happening *h, const struct judged *j)
{
    const char *consumer = happening_consumer(h);
    if (b->dimension.s == NULL) {
        return true;
    }
    if (same_text(b->dimension, "team")) {
        return strcmp(judged_team(j), "web") == 0;
    }
    if (same_text(b->dimension, "model")) {
        return h->text[TB_T_MODEL] != NULL;
    }
    return same_text(b->match, "b*") ? consumer[0] == 'b' : false;
}

static int by_ts(const void *a, const void *b)
{
    const struct call *x = a, *y = b;
    return (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
}

static void collect(const struct world *w, const struct tb_tables *t, const struct tb_budget_row *b,
                    struct calls *out)
{
    struct tb_err err = {0};
    struct tb_pricebook *prices = NULL;
    struct tb_accountbook *accounts = NULL;
    assert_ok(tb_pricebook_new(t, &prices, &err), err);
    assert_ok(tb_accountbook_new(t, &accounts, &err), err);
    out->n = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct happening *h = &w->events[i];
        struct judged j;
        if ((h->flags & TB_F_TOOL) != 0) {
            continue;
        }
        happening_judge(w, prices, accounts, h, &j);
        if (j.billed && j.charge.cost != 0 && is_of(b, h, &j)) {
            out->of[out->n++] = (struct call){h->ts_us, j.charge.cost};
        }
    }
    qsort(out->of, (size_t)out->n, sizeof *out->of, by_ts);
    tb_pricebook_free(prices);
    tb_accountbook_free(accounts);
}

static void check_crossings(const struct tb_budget_out *row, const struct calls *c, int64_t cut)
{
    tb_money sum = 0;
    int64_t crossed[5] = {TB_TS_NONE, TB_TS_NONE, TB_TS_NONE, TB_TS_NONE, TB_TS_NONE};
    for (int i = 0; i < c->n; i++) {
        if (c->of[i].ts_us < row->start_us || c->of[i].ts_us >= cut) {
            continue;
        }
        sum += c->of[i].cost;
        const bool over[5] = {false, sum * 2 > row->row->amount, sum * 4 > row->row->amount * 3,
                              sum * 10 > row->row->amount * 9, sum >= row->row->amount};
        for (int k = 1; k < 5; k++) {
            crossed[k] = over[k] && crossed[k] == TB_TS_NONE ? c->of[i].ts_us : crossed[k];
        }
    }
    assert_true(row->spent == sum && row->remaining == row->row->amount - sum);
    for (int k = 1; k < 5; k++) {
        assert_int_equal(row->crossed_us[k], crossed[k]);
        assert_int_equal(row->level >= (enum tb_level)k, crossed[k] != TB_TS_NONE);
    }
}

static tb_money trailing(const struct calls *c, int64_t t)
{
    tb_money sum = 0;
    for (int i = 0; i < c->n; i++) {
        sum += c->of[i].ts_us <= t && c->of[i].ts_us > t - TB_US_PER_H ? c->of[i].cost : 0;
    }
    return sum;
}

static bool listed(const struct tb_budget_out *row, int level, int64_t t)
{
    for (size_t i = 0; i < row->hour_n; i++) {
        const struct tb_stretch *x = &row->hours[i];
        if (x->level == level && t >= x->start_us && t < x->end_us) {
            return true;
        }
    }
    return false;
}

static int by_instant(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The area between sum and limit, from one change of the sum to the next; each piece loses less than the money's last place. */
static void check_excess(const struct tb_stretch *x, const struct calls *c, tb_money limit)
{
    static int64_t at[2 * WORLD_EVENTS_MAX + 2];
    int n = 0;
    tb_money area = 0;
    at[n++] = x->start_us;
    at[n++] = x->end_us;
    for (int i = 0; i < c->n; i++) {
        for (int64_t t = c->of[i].ts_us; t <= c->of[i].ts_us + TB_US_PER_H; t += TB_US_PER_H) {
            if (t > x->start_us && t < x->end_us) {
                at[n++] = t;
            }
        }
    }
    qsort(at, (size_t)n, sizeof *at, by_instant);
    for (int i = 1; i < n; i++) {
        area += (trailing(c, at[i - 1]) - limit) * (at[i] - at[i - 1]);
    }
    tb_money off = area / TB_US_PER_H - x->excess;
    assert_true(off >= 0 ? off <= 2 * n : -off <= 2 * n);
}

/* Every minute of the period, and just before and at every bound of a stretch. */
static int check_hours(const struct tb_budget_out *row, const struct calls *c, int64_t cut)
{
    const bool has[] = {row->row->has_warning, row->row->has_critical, row->row->has_emergency};
    const tb_money limit[] = {row->row->hour_warning, row->row->hour_critical, row->row->hour_emergency};
    static const int64_t least[] = {60, 30, 0};
    int found = 0;
    for (size_t i = 0; i < row->hour_n; i++) {
        const struct tb_stretch *x = &row->hours[i];
        assert_true(has[x->level] && x->end_us - x->start_us >= least[x->level] * TB_US_PER_MIN);
        assert_true(trailing(c, x->start_us) > limit[x->level] &&
                    trailing(c, x->start_us - 1) <= limit[x->level]);
        assert_true(x->end_us == cut || trailing(c, x->end_us) <= limit[x->level]);
        tb_money peak = 0;
        for (int k = 0; k < c->n; k++) {
            tb_money s =
                c->of[k].ts_us >= x->start_us && c->of[k].ts_us < x->end_us ? trailing(c, c->of[k].ts_us) : 0;
            peak = s > peak ? s : peak;
        }
        assert_true(peak == x->peak);
        if (x->end_us < cut) { /* one that goes on is told up to where the day ends */
            check_excess(x, c, limit[x->level]);
        }
        found++;
    }
    for (int k = 0; k < TB_HOUR_LEVELS; k++) {
        int64_t run = 0;
        for (int64_t t = row->start_us; has[k] && t < cut; t += TB_US_PER_MIN) {
            run = trailing(c, t) > limit[k] ? run + 1 : 0;
            if (listed(row, k, t)) {
                assert_true(run > 0);
            }
            if (run > least[k] + 1) { /* so many minutes in a row: surely long enough */
                assert_true(listed(row, k, t));
            }
        }
    }
    return found;
}

static void budgets_minute_by_minute(void **state)
{
    (void)state;
    static struct calls calls;
    int found = 0, crossed = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct world w;
        struct tb_err err = {0};
        uint64_t random = seed * 104729;
        world_init(&w, "Europe/Berlin");
        struct tb_tables *t = budget_tables(&w);
        int32_t first = tb_day_of_civil(2026, 3, 27);
        int64_t from_us = tb_zone_day_start(w.settings.zone, first);
        world_draw(&w, &random, 500, from_us, from_us + 4 * TB_US_PER_DAY);
        world_load(&w, 0, w.n, false);
        assert_ok(tb_db_begin(w.db, &err), err);
        assert_ok(tb_reduce_days(w.db, &w.settings, t, 1, first - 1, first + 5, NULL, &err), err);
        assert_ok(tb_db_commit(w.db, &err), err);
        for (int pass = 0; pass < 2; pass++) { /* made as it goes, then kept */
            struct tb_budgets b;
            int32_t to = first + 2;
            int64_t as_of = tb_zone_day_start(w.settings.zone, to + 1);
            assert_ok(tb_budget_query(w.db, &w.settings, t, 1, first, to, as_of, &b, &err), err);
            assert_int_equal(b.n, 3 + 3 + 3 + 3 + 1 +
                                      1); /* days: four budgets of three; the week and the month: one */
            for (size_t i = 0; i < b.n; i++) {
                const struct tb_budget_out *row = &b.rows[i];
                int64_t cut = row->end_us < as_of ? row->end_us : as_of;
                collect(&w, t, row->row, &calls);
                check_crossings(row, &calls, cut);
                found += check_hours(row, &calls, cut);
                crossed += row->crossed_us[TB_LEVEL_INFO] != TB_TS_NONE;
                assert_true(row->end_us > as_of || (row->forecast == row->spent && row->low == row->spent));
                assert_true(row->low <= row->forecast && row->forecast <= row->high);
            }
            tb_budget_release(&b);
            struct tb_spends spends;
            bool current = false;
            assert_ok(tb_db_begin(w.db, &err), err);
            assert_ok(tb_spends_read(w.db, &w.settings, t, 1, first - 28, to, true, true, &spends, &err),
                      err);
            assert_ok(tb_db_commit(w.db, &err), err);
            tb_spends_release(&spends);
            assert_ok(tb_spends_current(w.db, &w.settings, t, 1, first - 28, to, &current, &err), err);
            assert_true(current);
        }
        tb_tables_free(t);
        world_release(&w);
    }
    assert_true(found > 20 && crossed > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(budgets_minute_by_minute)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
