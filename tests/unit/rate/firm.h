/* The world of world.h as a firm whose days are reduced, and what a usage cell should say. */
#ifndef RATE_FIRM_H
#define RATE_FIRM_H

#include "tests/unit/rate/world.h"

#include "rate/reduce.h"

#define DAY_FIRST 20539 /* 2026-03-27; the clocks of Amsterdam go forward on the 29th */
#define DAYS      4

struct firm {
    struct world world;
    struct tb_pricebook *prices;
    struct tb_accountbook *accounts;
    struct judged *judged;
};

static inline int64_t first_instant(const struct world *w)
{
    return tb_zone_day_start(w->settings.zone, DAY_FIRST);
}

static inline int64_t last_instant(const struct world *w)
{
    return tb_zone_day_start(w->settings.zone, DAY_FIRST + DAYS);
}

static inline void judge_all(struct firm *f)
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

static inline void firm_open(struct firm *f, uint64_t seed, size_t events)
{
    uint64_t random = seed;
    *f = (struct firm){.prices = NULL};
    world_init(&f->world, "Europe/Amsterdam");
    f->world.tables = world_tables(&f->world, 1);
    world_draw(&f->world, &random, events, first_instant(&f->world), last_instant(&f->world));
    judge_all(f);
}

static inline void firm_close(struct firm *f)
{
    tb_pricebook_free(f->prices);
    tb_accountbook_free(f->accounts);
    free(f->judged);
    world_release(&f->world);
}

static inline int reduce_all(struct firm *f, int64_t version)
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

static inline struct tb_query *ask(struct world *w, const char *sql)
{
    struct tb_err err = {0};
    struct tb_query *q = NULL;
    assert_ok(tb_query_open(w->db, sql, &q, &err), err);
    return q;
}

static inline bool next(struct tb_query *q)
{
    struct tb_err err = {0};
    enum tb_status status = tb_query_step(q, &err);
    assert_true(status == TB_OK || status == TB_END);
    return status == TB_OK;
}

static inline bool is_error(const struct happening *h)
{
    return ((h->present >> TB_N_STATUS & 1u) != 0 && h->number[TB_N_STATUS] >= 400) ||
           ((h->present >> TB_N_SUCCESS & 1u) != 0 && h->number[TB_N_SUCCESS] == 0);
}

static inline bool is_hidden(const struct happening *h)
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

static inline bool event_in_cell(const struct firm *f, size_t i, struct tb_query *q)
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

static inline void add_event(const struct happening *h, const struct judged *j, int64_t *sums, tb_money *cost,
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

static inline void check_usage_cells(struct firm *f)
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

static const char charge_sql[] = "SELECT day, text_of(source), text_of(consumer), text_of(team), "
                                 "text_of(cost_center), text_of(provider), text_of(model), "
                                 "text_of(service_tier), meter, price_line, quantity, cost FROM charge_cell "
                                 "WHERE tables = 1 ORDER BY rowid";

#endif
