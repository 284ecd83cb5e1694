/* A day's rollups against sums made again from the events that went in, across a DST change; and what reduce promises about
 * when it rebuilds. */
#include "tests/unit/rate/world.h"

#include "base/embed.h"
#include "rate/reduce.h"

extern const struct tb_embed tb_embed_rate[];

#define DAY_FIRST 20539 /* 2026-03-27; the clocks of Amsterdam go forward on the 29th */
#define DAYS      4

struct firm {
    struct world world;
    struct tb_pricebook *prices;
    struct tb_accountbook *accounts;
    struct judged *judged;
};

static int64_t first_instant(const struct world *w)
{
    return tb_zone_day_start(w->settings.zone, DAY_FIRST);
}

static int64_t last_instant(const struct world *w)
{
    return tb_zone_day_start(w->settings.zone, DAY_FIRST + DAYS);
}

static void judge_all(struct firm *f)
{
    struct tb_err err = {0};
    struct world *w = &f->world;
    tb_pricebook_free(f->prices);
    tb_accountbook_free(f->accounts);
    free(f->judged);
    assert_ok(tb_pricebook_new(w->tables, &f->prices, &err), err);
    assert_ok(tb_accountbook_new(w->tables, &f->accounts, &err), err);
    f->judged = calloc(w->n + 1, sizeof *f->judged);
    assert_non_null(f->judged);
    for (size_t i = 0; i < w->n; i++) {
        if ((w->events[i].flags & TB_F_TOOL) == 0) {
            happening_judge(w, f->prices, f->accounts, &w->events[i], &f->judged[i]);
        }
    }
}

static void firm_open(struct firm *f, uint64_t seed, size_t events)
{
    uint64_t random = seed;
    *f = (struct firm){.prices = NULL};
    world_init(&f->world, "Europe/Amsterdam");
    f->world.tables = world_tables(&f->world, 1);
    world_draw(&f->world, &random, events, first_instant(&f->world), last_instant(&f->world));
    judge_all(f);
}

static void firm_close(struct firm *f)
{
    tb_pricebook_free(f->prices);
    tb_accountbook_free(f->accounts);
    free(f->judged);
    world_release(&f->world);
}

static int reduce_all(struct firm *f, int64_t version)
{
    struct tb_err err = {0};
    struct world *w = &f->world;
    int rebuilt = -1;
    assert_ok(tb_db_begin(w->db, &err), err);
    assert_ok(tb_reduce_days(w->db, &w->settings, w->tables, version, DAY_FIRST, DAY_FIRST + DAYS - 1,
                             &rebuilt, &err),
              err);
    assert_ok(tb_db_commit(w->db, &err), err);
    return rebuilt;
}

static struct tb_query *ask(struct world *w, const char *sql)
{
    struct tb_err err = {0};
    struct tb_query *q = NULL;
    assert_ok(tb_query_open(w->db, sql, &q, &err), err);
    return q;
}

static bool next(struct tb_query *q)
{
    struct tb_err err = {0};
    enum tb_status status = tb_query_step(q, &err);
    assert_true(status == TB_OK || status == TB_END);
    return status == TB_OK;
}

static bool is_error(const struct happening *h)
{
    return ((h->present >> TB_N_STATUS & 1u) != 0 && h->number[TB_N_STATUS] >= 400) ||
           ((h->present >> TB_N_SUCCESS & 1u) != 0 && h->number[TB_N_SUCCESS] == 0);
}

static bool is_hidden(const struct happening *h)
{
    const char *t = h->text[TB_T_TRIGGER];
    return t != NULL && (strcmp(t, "undo") == 0 || strcmp(t, "retry") == 0 || strcmp(t, "auto_save") == 0);
}

/* --- usage_cell ------------------------------------------------------------------------------------------------------ */

static const char usage_sql[] = "SELECT day, hour_us, text_of(source), text_of(node), text_of(consumer), "
                                "text_of(team), text_of(cost_center), "
                                "text_of(provider), text_of(model), text_of(service_tier), text_of(feature), "
                                "text_of(variant), text_of(trigger), basis, "
                                "requests, errors, refused, hidden, input, cache_read, cache_write_5m, "
                                "cache_write_1h, output, reasoning, total_only, "
                                "saved, input_n, output_n, latency_n, latency_ms, cost, logged_cost FROM "
                                "usage_cell WHERE tables = 1 ORDER BY rowid";
enum { U_SUMS = 14, U_SUM_COUNT = 16, U_COST = 30, U_LOGGED = 31 };

static bool event_in_cell(const struct firm *f, size_t i, struct tb_query *q)
{
    const struct happening *h = &f->world.events[i];
    const struct judged *j = &f->judged[i];
    const struct tb_zone *zone = f->world.settings.zone;
    static const int texts[] = {TB_T_PROVIDER, TB_T_MODEL,   TB_T_SERVICE_TIER,
                                TB_T_FEATURE,  TB_T_VARIANT, TB_T_TRIGGER};
    bool same = (h->flags & TB_F_TOOL) == 0 && tb_zone_day(zone, h->ts_us) == tb_query_int(q, 0) &&
                tb_zone_hour_start(zone, h->ts_us) == tb_query_int(q, 1) &&
                same_text(tb_query_text(q, 2), world_sources[h->source]) &&
                same_text(tb_query_text(q, 3), h->text[TB_T_NODE]) &&
                same_text(tb_query_text(q, 4), happening_consumer(h)) &&
                same_text(tb_query_text(q, 5), judged_team(j)) &&
                same_text(tb_query_text(q, 6), judged_cost_center(j)) &&
                same_text(tb_query_text(q, 13), tb_basis_names[j->charge.basis]);
    for (int t = 0; same && t < 6; t++) {
        same = same_text(tb_query_text(q, 7 + t), h->text[texts[t]]);
    }
    return same;
}

static void add_event(const struct happening *h, const struct judged *j, int64_t *sums, tb_money *cost,
                      tb_money *logged)
{
    bool total = (h->present >> TB_N_TOTAL_ONLY & 1u) != 0;
    bool refused = (h->flags & TB_F_REFUSED) != 0 || h->number[TB_N_STATUS] == 429;
    const int64_t more[U_SUM_COUNT] = {1,
                                       is_error(h),
                                       refused,
                                       is_hidden(h),
                                       h->number[TB_N_INPUT] + h->number[TB_N_TOTAL_ONLY],
                                       h->number[TB_N_CACHE_READ],
                                       h->number[TB_N_CACHE_WRITE_5M],
                                       h->number[TB_N_CACHE_WRITE_1H],
                                       h->number[TB_N_OUTPUT],
                                       h->number[TB_N_REASONING],
                                       h->number[TB_N_TOTAL_ONLY],
                                       h->number[TB_N_SAVED],
                                       (h->present >> TB_N_INPUT & 1u) != 0 || total,
                                       (h->present >> TB_N_OUTPUT & 1u) != 0,
                                       (h->present >> TB_N_LATENCY_MS & 1u) != 0,
                                       h->number[TB_N_LATENCY_MS]};
    for (int i = 0; i < U_SUM_COUNT; i++) {
        sums[i] += more[i];
    }
    assert_true(tb_money_add(*cost, j->charge.cost, cost));
    if (j->logged) {
        assert_true(tb_money_add(*logged, j->logged_cost, logged));
    }
}

static void check_usage_cells(struct firm *f)
{
    struct world *w = &f->world;
    struct tb_query *q = ask(w, usage_sql);
    size_t cells = 0;
    int64_t requests = 0;
    int64_t expected = 0;
    for (; next(q); cells++) {
        int64_t sums[U_SUM_COUNT] = {0};
        tb_money cost = 0;
        tb_money logged = 0;
        tb_money found = 0;
        bool any_logged = false;
        for (size_t i = 0; i < w->n; i++) {
            if (event_in_cell(f, i, q)) {
                add_event(&w->events[i], &f->judged[i], sums, &cost, &logged);
                any_logged = any_logged || f->judged[i].logged;
            }
        }
        for (int i = 0; i < U_SUM_COUNT; i++) {
            assert_int_equal(tb_query_int(q, U_SUMS + i), sums[i]);
        }
        bool unpriced = same_text(tb_query_text(q, 13), "unpriced");
        assert_int_equal(tb_query_money(q, U_COST, &found), !unpriced);
        assert_true(unpriced || found == cost);
        assert_int_equal(tb_query_money(q, U_LOGGED, &found), any_logged);
        assert_true(!any_logged || found == logged);
        assert_true(sums[0] > 0); /* no empty cell, no cell twice: the requests add up below */
        requests += sums[0];
    }
    tb_query_close(q);
    for (size_t i = 0; i < w->n; i++) {
        expected += (w->events[i].flags & TB_F_TOOL) == 0 && w->events[i].ts_us >= first_instant(w);
    }
    assert_int_equal(requests, expected);
    assert_true(cells > 300);
}

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

static const char charge_sql[] = "SELECT day, text_of(source), text_of(consumer), text_of(team), "
                                 "text_of(cost_center), text_of(provider), text_of(model), "
                                 "text_of(service_tier), meter, price_line, quantity, cost FROM charge_cell "
                                 "WHERE tables = 1 ORDER BY rowid";

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
            if (memcmp(tb_query_text(q, 3).s, "SCAN", 4) == 0) {
                fail_msg("%s scans a whole table", e->path);
            }
        }
        tb_query_close(q);
    }
    assert_int_equal(statements, 8);
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
        cmocka_unit_test(only_what_changed_is_rebuilt),
        cmocka_unit_test(another_program_rebuilds),
        cmocka_unit_test(order_of_arrival_does_not_matter),
        cmocka_unit_test(prices_times_k_are_costs_times_k),
        cmocka_unit_test(dst_days_have_their_hours),
        cmocka_unit_test(a_day_without_any_price_still_settles),
        cmocka_unit_test(a_cost_without_unit_is_not_charged),
        cmocka_unit_test(what_is_not_built_says_so),
        cmocka_unit_test(a_pruned_day_stays_as_it_was),
        cmocka_unit_test(statements_look_days_up),
        cmocka_unit_test(sources_bill_unless_the_config_says_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
