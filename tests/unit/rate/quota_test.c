/* Replayed days that are kept, against one replay in memory of everything: after each load, with late data, under other
 * tables, after a prune. tests/unit/rate/quota_count_test.c checks the counters themselves. */
#include "tests/unit/rate/world.h"

#include "rate/quota.h"

#define ACCOUNTS                                                                                             \
    ACCOUNT_HEAD                                                                                             \
    "ann,,web,,,,small,,,,2026-03-29\nann,,web,,,,large,,,2026-03-29,\nb*,,web,,,,small,,,,\n"               \
    "svc-*,,apps,,,,node,,,,\n*,,rest,,,,rest,,,,\n"
#define QUOTAS                                                                                               \
    "tier,measure,limit,window,counting,effective_from,effective_to\n"                                       \
    "small,tokens,600,day,,,\nsmall,tokens,900,first_use_24h,,,\nsmall,models,steps|only*,,,,\n"             \
    "large,tokens,5000,month,,,2026-03-30\nlarge,tokens,%s,month,,2026-03-30,\nlarge,cost,0.01,day,,,\n"     \
    "node,tokens,700,first_use_24h,node,,\nnode,requests,3,hour,node,,\nrest,tokens,1000,rolling_24h,,,\n"   \
    "rest,requests,4,minute,,,\nrest,requests,,month,,,\n"

static struct tb_tables *quota_tables(const struct world *w, const char *limit)
{
    char prices[4096], quotas[2048];
    struct tb_tables *t = NULL;
    snprintf(prices, sizeof prices, WORLD_PRICES, 3, 5, 7, 11);
    snprintf(quotas, sizeof quotas, QUOTAS, limit);
    struct tb_str text[TB_TABLE_COUNT] = {[TB_TABLE_PRICES] = tb_str_of(prices),
                                          [TB_TABLE_ACCOUNTS] = tb_str_of(ACCOUNTS),
                                          [TB_TABLE_QUOTAS] = tb_str_of(quotas)};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    assert_ok(tb_tables_parse(&w->settings, text, name, &t, tables_error()), *tables_error());
    return t;
}

static bool same_use(const struct tb_quota_out *a, const struct tb_quota_out *b)
{
    const struct tb_quota_use *x = &a->use, *y = &b->use;
    return tb_str_eq(a->consumer, b->consumer) && tb_str_eq(a->tier, b->tier) &&
           tb_str_eq(a->node, b->node) && a->measure == b->measure && a->window == b->window &&
           a->per_node == b->per_node && a->level == b->level && x->start_us == y->start_us &&
           x->end_us == y->end_us && x->unlimited == y->unlimited && (x->unlimited || x->limit == y->limit) &&
           x->used == y->used && x->exhausted_us == y->exhausted_us &&
           x->requests_after == y->requests_after && x->tokens_after == y->tokens_after &&
           x->cost_after == y->cost_after && x->refused == y->refused &&
           x->refused_early == y->refused_early && x->windows_over == y->windows_over &&
           x->day_requests_after == y->day_requests_after && x->day_tokens_after == y->day_tokens_after &&
           x->day_cost_after == y->day_cost_after && x->day_refused == y->day_refused;
}

static void same_rows(const struct tb_quota_out *a, size_t n, const struct tb_quota_out *b, size_t m)
{
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        if (!same_use(&a[i], &b[i])) {
            fail_msg("row %zu: %s %s %s", i, a[i].consumer.s, a[i].tier.s,
                     tb_quota_window_names[a[i].window]);
        }
    }
}

static void same_results(const struct tb_quota_result *a, const struct tb_quota_result *b)
{
    same_rows(a->rows, a->n, b->rows, b->n);
    same_rows(a->global, a->global_n, b->global, b->global_n);
    assert_int_equal(a->violation_n, b->violation_n);
    for (size_t i = 0; i < a->violation_n; i++) {
        assert_true(tb_str_eq(a->violations[i].consumer, b->violations[i].consumer) &&
                    tb_str_eq(a->violations[i].model, b->violations[i].model) &&
                    a->violations[i].requests == b->violations[i].requests &&
                    a->violations[i].tokens == b->violations[i].tokens &&
                    a->violations[i].cost == b->violations[i].cost);
    }
}

static void advance(struct world *w, const struct tb_tables *t, int32_t last)
{
    struct tb_err err = {0};
    bool current = false;
    assert_ok(tb_db_begin(w->db, &err), err);
    assert_ok(tb_quota_advance(w->db, &w->settings, t, last, &err), err);
    assert_ok(tb_db_commit(w->db, &err), err);
    assert_ok(tb_quota_current(w->db, &w->settings, t, last, &current, &err), err);
    assert_true(current);
}

/* Every range of the days, kept and in memory; *rows counts what was compared. */
static void compare(struct world *w, const struct tb_tables *t, int32_t first, int32_t last, size_t *rows)
{
    static const struct tb_quota_whatif nothing = {.tier_n = 0};
    struct tb_err err = {0};
    for (int32_t from = first; from <= last; from++) {
        for (int32_t to = from; to <= last; to++) {
            struct tb_quota_result kept, memory;
            int32_t as_of = (from + to) % 2 == 0 ? to : INT32_MAX - 64;
            assert_ok(tb_quota_query(w->db, &w->settings, t, from, to, as_of, &kept, &err), err);
            assert_ok(tb_quota_what_if(w->db, &w->settings, t, &nothing, from, to, as_of, &memory, &err),
                      err);
            same_results(&kept, &memory);
            *rows += kept.n;
            tb_quota_release(&kept);
            tb_quota_release(&memory);
        }
    }
}

static void kept_days_say_what_a_replay_of_everything_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world w;
        uint64_t random = seed * 7919;
        size_t rows = 0;
        bool current = true;
        struct tb_err err = {0};
        world_init(&w, "Europe/Berlin");
        struct tb_tables *t = quota_tables(&w, "6000"), *other = quota_tables(&w, "50");
        int32_t first = tb_day_of_civil(2026, 3, 27);
        int64_t from_us = tb_zone_day_start(w.settings.zone, first);
        world_draw(&w, &random, 120, from_us, from_us + 7 * TB_US_PER_DAY);
        world_draw(&w, &random, 40, from_us + 2 * TB_US_PER_DAY, from_us + 3 * TB_US_PER_DAY);
        world_load(&w, 0, 80, false);
        advance(&w, t, first + 3);
        advance(&w, t, INT32_MAX);
        compare(&w, t, first - 2, first + 9, &rows);
        world_load(&w, 80, 80, true); /* late data, all over the days */
        assert_ok(tb_quota_current(w.db, &w.settings, t, INT32_MAX, &current, &err), err);
        assert_false(current);
        advance(&w, t, INT32_MAX);
        compare(&w, t, first - 1, first + 8, &rows);
        advance(&w, other, INT32_MAX); /* rules that change on the 30th */
        compare(&w, other, first, first + 7, &rows);
        assert_ok(tb_quota_current(w.db, &w.settings, t, INT32_MAX, &current, &err), err);
        assert_true(current); /* the first version's days are still there */
        assert_true(rows > 1000);
        tb_tables_free(t);
        tb_tables_free(other);
        world_release(&w);
    }
}

static void kept_days_survive_a_prune(void **state)
{
    (void)state;
    struct world w;
    uint64_t random = 99;
    struct tb_err err = {0};
    struct tb_quota_result before, after;
    world_init(&w, "UTC");
    struct tb_tables *t = quota_tables(&w, "6000");
    int32_t first = tb_day_of_civil(2026, 3, 27);
    world_draw(&w, &random, 200, (int64_t)first * TB_US_PER_DAY, ((int64_t)first + 6) * TB_US_PER_DAY);
    world_load(&w, 0, w.n, false);
    advance(&w, t, INT32_MAX);
    assert_ok(tb_quota_query(w.db, &w.settings, t, first + 1, first + 5, INT32_MAX - 64, &before, &err), err);
    assert_ok(tb_db_begin(w.db, &err), err);
    assert_ok(tb_events_prune(w.db, first + 3, first + 3, &err), err);
    assert_ok(tb_db_commit(w.db, &err), err);
    advance(&w, t, INT32_MAX);
    assert_ok(tb_quota_query(w.db, &w.settings, t, first + 1, first + 5, INT32_MAX - 64, &after, &err), err);
    assert_true(before.n > 20);
    same_results(&before, &after);
    tb_quota_release(&before);
    tb_quota_release(&after);
    tb_tables_free(t);
    world_release(&w);
}

/* Under a what-if a consumer's rows are those it would have had in that tier. */
static void what_if_moves_consumers_and_limits(void **state)
{
    (void)state;
    struct world w;
    uint64_t random = 5;
    struct tb_err err = {0};
    struct tb_quota_result r;
    world_init(&w, "UTC");
    struct tb_tables *t = quota_tables(&w, "6000");
    int32_t first = tb_day_of_civil(2026, 3, 27);
    world_draw(&w, &random, 150, (int64_t)first * TB_US_PER_DAY, ((int64_t)first + 2) * TB_US_PER_DAY);
    world_load(&w, 0, w.n, false);
    struct tb_quota_whatif whatif = {.tier_n = 1, .limit_n = 1};
    whatif.tier[0].consumer = TB_STR("b*");
    whatif.tier[0].tier = TB_STR("rest");
    whatif.limit[0].tier = TB_STR("rest");
    whatif.limit[0].limit = 3 * tb_money_of_cents(100);
    assert_ok(tb_quota_what_if(w.db, &w.settings, t, &whatif, first, first + 1, INT32_MAX - 64, &r, &err),
              err);
    int moved = 0;
    for (size_t i = 0; i < r.n; i++) {
        if (tb_str_eq(r.rows[i].tier, TB_STR("rest")) && r.rows[i].measure == TB_MEASURE_TOKENS) {
            assert_true(r.rows[i].use.limit == 3);
            moved += r.rows[i].consumer.s[0] == 'b';
        }
        assert_true(r.rows[i].consumer.s[0] != 'b' || tb_str_eq(r.rows[i].tier, TB_STR("rest")));
    }
    assert_true(moved > 0);
    tb_quota_release(&r);
    whatif.tier[0].tier = TB_STR("nobody");
    assert_int_equal(tb_quota_what_if(w.db, &w.settings, t, &whatif, first, first, INT32_MAX - 64, &r, &err),
                     TB_FAIL);
    assert_int_equal(err.code, TB_E_USAGE);
    tb_tables_free(t);
    world_release(&w);
}

static void levels(void **state)
{
    (void)state;
    static const struct {
        tb_int128 used, limit;
        enum tb_level level;
    } table[] = {{0, 0, TB_LEVEL_OK},           {1, 0, TB_LEVEL_EXCEEDED},    {50, 100, TB_LEVEL_OK},
                 {51, 100, TB_LEVEL_INFO},      {75, 100, TB_LEVEL_INFO},     {76, 100, TB_LEVEL_WARNING},
                 {90, 100, TB_LEVEL_WARNING},   {91, 100, TB_LEVEL_CRITICAL}, {99, 100, TB_LEVEL_CRITICAL},
                 {100, 100, TB_LEVEL_EXCEEDED}, {2, 3, TB_LEVEL_INFO},        {1, 2, TB_LEVEL_OK}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(tb_level_of(table[i].used, table[i].limit), table[i].level);
    }
    for (int limit = 1; limit < 130; limit++) {
        for (int used = 0; used < 140; used++) {
            enum tb_level level = used >= limit           ? TB_LEVEL_EXCEEDED
                                  : used * 10 > limit * 9 ? TB_LEVEL_CRITICAL
                                  : used * 4 > limit * 3  ? TB_LEVEL_WARNING
                                  : used * 2 > limit      ? TB_LEVEL_INFO
                                                          : TB_LEVEL_OK;
            assert_int_equal(tb_level_of(used, limit), level);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_days_say_what_a_replay_of_everything_says),
        cmocka_unit_test(kept_days_survive_a_prune),
        cmocka_unit_test(what_if_moves_consumers_and_limits),
        cmocka_unit_test(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
