/* Usage by any dimensions against the events themselves: every row's sums, percentiles, distinct consumers and cost, found
 * by going through all events again for each row. */
#include "tests/unit/rate/world.h"

#include "base/glob.h"
#include "rate/reduce.h"
#include "rate/usage.h"

#define DAY_FIRST 20749 /* 2026-10-23; the clocks of Amsterdam go back on the 25th */
#define DAYS      4
#define TEXT_MAX  40

struct town {
    struct world world;
    struct judged *judged;
    struct tb_pricebook *prices;
    struct tb_accountbook *accounts;
};

static void town_open(struct town *t, uint64_t seed, size_t events)
{
    struct tb_err err = {0};
    uint64_t random = seed;
    *t = (struct town){.judged = NULL};
    struct world *w = &t->world;
    world_init(w, "Europe/Amsterdam");
    w->tables = world_tables(w, 1);
    world_draw(w, &random, events, tb_zone_day_start(w->settings.zone, DAY_FIRST),
               tb_zone_day_start(w->settings.zone, DAY_FIRST + DAYS));
    assert_ok(tb_pricebook_new(w->tables, &t->prices, &err), err);
    assert_ok(tb_accountbook_new(w->tables, &t->accounts, &err), err);
    t->judged = calloc(w->n + 1, sizeof *t->judged);
    assert_non_null(t->judged);
    for (size_t i = 0; i < w->n; i++) {
        if ((w->events[i].flags & TB_F_TOOL) == 0) {
            happening_judge(w, t->prices, t->accounts, &w->events[i], &t->judged[i]);
        }
    }
    world_load(w, 0, w->n, false);
}

static void town_close(struct town *t)
{
    tb_pricebook_free(t->prices);
    tb_accountbook_free(t->accounts);
    free(t->judged);
    world_release(&t->world);
}

/* The text of a dimension of event i, in buf when it has to be made; NULL = absent. */
static const char *dim_of(const struct town *t, size_t i, enum tb_dim dim, char buf[TEXT_MAX])
{
    const struct happening *h = &t->world.events[i];
    const struct tb_zone *zone = t->world.settings.zone;
    switch (dim) {
    case TB_DIM_DAY:
        buf[tb_day_format(tb_zone_day(zone, h->ts_us), buf)] = '\0';
        return buf;
    case TB_DIM_HOUR:
        buf[tb_ts_format(tb_zone_hour_start(zone, h->ts_us), buf)] = '\0';
        return buf;
    case TB_DIM_SOURCE:
        return world_sources[h->source];
    case TB_DIM_NODE:
        return h->text[TB_T_NODE];
    case TB_DIM_CONSUMER:
        return happening_consumer(h);
    case TB_DIM_TEAM:
        return judged_team(&t->judged[i]);
    case TB_DIM_COST_CENTER:
        return judged_cost_center(&t->judged[i]);
    case TB_DIM_PROVIDER:
        return h->text[TB_T_PROVIDER];
    case TB_DIM_MODEL:
        return h->text[TB_T_MODEL];
    case TB_DIM_FEATURE:
        return h->text[TB_T_FEATURE];
    case TB_DIM_VARIANT:
        return h->text[TB_T_VARIANT];
    default:
        return h->text[TB_T_TRIGGER];
    }
}

struct asked {
    int64_t from_us, to_us;
    enum tb_dim by[TB_DIM_COUNT];
    size_t by_n;
    struct tb_where where[3];
    size_t where_n;
};

static bool is_asked(const struct town *t, size_t i, const struct asked *a)
{
    const struct happening *h = &t->world.events[i];
    bool in = (h->flags & TB_F_TOOL) == 0 && h->ts_us >= a->from_us && h->ts_us < a->to_us;
    bool names_source = false;
    for (size_t k = 0; in && k < a->where_n; k++) {
        char buf[TEXT_MAX];
        const char *text = dim_of(t, i, a->where[k].dim, buf);
        names_source = names_source || a->where[k].dim == TB_DIM_SOURCE;
        in = text == NULL ? a->where[k].glob.n == 0 : tb_glob_match(a->where[k].glob, tb_str_of(text));
    }
    return in && (names_source || t->judged[i].billed);
}

static bool in_row(const struct town *t, size_t i, const struct asked *a, const struct tb_usage_row *row)
{
    bool in = true;
    for (size_t k = 0; in && k < a->by_n; k++) {
        char buf[TEXT_MAX];
        in = same_text(row->key[k], dim_of(t, i, a->by[k], buf));
    }
    return in;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct series {
    int64_t v[WORLD_EVENTS_MAX];
    size_t n;
};

static int64_t p95(struct series *s)
{
    qsort(s->v, s->n, sizeof s->v[0], by_number);
    return s->n == 0 ? -1 : s->v[(s->n * 95 + 99) / 100 - 1];
}

static size_t distinct(const char **names, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        for (size_t k = 0; !seen && k < i; k++) {
            seen = strcmp(names[i], names[k]) == 0;
        }
        count += !seen;
    }
    return count;
}

static void check_row(const struct town *t, const struct asked *a, const struct tb_usage_row *row)
{
    static struct series input, output, latency;
    static const char *consumers[WORLD_EVENTS_MAX];
    struct tb_usage_row e = {0};
    size_t named = 0;
    int64_t input_sum = 0;
    input.n = output.n = latency.n = 0;
    for (size_t i = 0; i < t->world.n; i++) {
        const struct happening *h = &t->world.events[i];
        const int64_t *n = h->number;
        if (!is_asked(t, i, a) || !in_row(t, i, a, row)) {
            continue;
        }
        const char *trigger = h->text[TB_T_TRIGGER];
        consumers[named++] = happening_consumer(h);
        e.requests++;
        e.errors += n[TB_N_STATUS] >= 400 || ((h->present >> TB_N_SUCCESS & 1u) != 0 && n[TB_N_SUCCESS] == 0);
        e.refused += n[TB_N_STATUS] == 429 || (h->flags & TB_F_REFUSED) != 0;
        e.hidden += trigger != NULL && strcmp(trigger, "click") != 0;
        e.cache_read += n[TB_N_CACHE_READ];
        e.cache_write_5m += n[TB_N_CACHE_WRITE_5M];
        e.cache_write_1h += n[TB_N_CACHE_WRITE_1H];
        e.output += n[TB_N_OUTPUT];
        e.reasoning += n[TB_N_REASONING];
        e.total_only += n[TB_N_TOTAL_ONLY];
        e.saved += n[TB_N_SAVED];
        e.latency_ms += n[TB_N_LATENCY_MS];
        input_sum += n[TB_N_INPUT] + n[TB_N_TOTAL_ONLY];
        if ((h->present & (1u << TB_N_INPUT | 1u << TB_N_TOTAL_ONLY)) != 0) {
            input.v[input.n++] = n[TB_N_INPUT] + n[TB_N_TOTAL_ONLY];
        }
        if ((h->present >> TB_N_OUTPUT & 1u) != 0) {
            output.v[output.n++] = n[TB_N_OUTPUT];
        }
        if ((h->present >> TB_N_LATENCY_MS & 1u) != 0) {
            latency.v[latency.n++] = n[TB_N_LATENCY_MS];
        }
        bool unpriced = t->judged[i].charge.basis == TB_BASIS_UNPRICED;
        e.unpriced += unpriced;
        e.has_cost = e.has_cost || !unpriced;
        assert_true(tb_money_add(e.cost, t->judged[i].charge.cost, &e.cost));
    }
    const int64_t found[] = {row->requests,   row->errors,     row->refused,        row->hidden,
                             row->input,      row->cache_read, row->cache_write_5m, row->cache_write_1h,
                             row->output,     row->reasoning,  row->total_only,     row->saved,
                             row->unpriced,   row->input_n,    row->output_n,       row->latency_n,
                             row->latency_ms, row->input_p95,  row->output_p95,     row->latency_p95,
                             row->consumers};
    const int64_t expected[] = {e.requests,         e.errors,         e.refused,
                                e.hidden,           input_sum,        e.cache_read,
                                e.cache_write_5m,   e.cache_write_1h, e.output,
                                e.reasoning,        e.total_only,     e.saved,
                                e.unpriced,         (int64_t)input.n, (int64_t)output.n,
                                (int64_t)latency.n, e.latency_ms,     p95(&input),
                                p95(&output),       p95(&latency),    (int64_t)distinct(consumers, named)};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        if (found[i] != expected[i]) {
            fail_msg("number %zu of a row: %lld, not %lld", i, (long long)found[i], (long long)expected[i]);
        }
    }
    assert_true(row->requests > 0 && row->consumers_known);
    assert_int_equal(row->has_cost, e.has_cost);
    assert_true(row->cost == e.cost);
}

/* Runs the question, checks every row, their order, and that together they hold every event once. */
static size_t check_usage(struct town *t, const struct asked *a)
{
    struct world *w = &t->world;
    struct tb_err err = {0};
    struct tb_usage u;
    int64_t requests = 0;
    int64_t expected = 0;
    assert_ok(tb_usage_query(w->db, &w->settings, w->tables, 1, a->from_us, a->to_us, a->by, a->by_n,
                             a->where, a->where_n, &u, &err),
              err);
    for (size_t r = 0; r < u.n; r++) {
        check_row(t, a, &u.rows[r]);
        requests += u.rows[r].requests;
        int order = r == 0 ? -1 : 0;
        for (size_t k = 0; order == 0 && k < a->by_n; k++) {
            order = tb_str_cmp(u.rows[r - 1].key[k], u.rows[r].key[k]);
        }
        assert_true(order < 0);
    }
    for (size_t i = 0; i < w->n; i++) {
        expected += is_asked(t, i, a);
    }
    assert_int_equal(requests, expected);
    size_t n = u.n;
    tb_usage_release(&u);
    return n;
}

static struct asked all_of(const struct town *t)
{
    return (struct asked){.from_us = tb_zone_day_start(t->world.settings.zone, DAY_FIRST) - 1,
                          .to_us = tb_zone_day_start(t->world.settings.zone, DAY_FIRST + DAYS)};
}

static void every_dimension_groups(void **state)
{
    (void)state;
    struct town t;
    town_open(&t, 1, 3000);
    struct asked a = all_of(&t);
    assert_int_equal(check_usage(&t, &a), 1);
    a.by_n = 1;
    for (int dim = 0; dim < TB_DIM_COUNT; dim++) {
        a.by[0] = (enum tb_dim)dim;
        assert_true(check_usage(&t, &a) >= 2);
    }
    a.by[0] = TB_DIM_HOUR;
    assert_int_equal(check_usage(&t, &a), 1 + 24 + 24 + 25 + 24); /* with the instant before the first day */
    town_close(&t);
}

static void random_questions_are_answered(void **state)
{
    (void)state;
    static const struct tb_where wheres[] = {{TB_DIM_CONSUMER, TB_STR("svc-*")},
                                             {TB_DIM_CONSUMER, TB_STR("(anonymous)")},
                                             {TB_DIM_MODEL, TB_STR("")},
                                             {TB_DIM_MODEL, TB_STR("*")},
                                             {TB_DIM_TEAM, TB_STR("web")},
                                             {TB_DIM_TEAM, TB_STR("(un*")},
                                             {TB_DIM_COST_CENTER, TB_STR("")},
                                             {TB_DIM_COST_CENTER, TB_STR("?0")},
                                             {TB_DIM_SOURCE, TB_STR("*")},
                                             {TB_DIM_SOURCE, TB_STR("shadow")},
                                             {TB_DIM_DAY, TB_STR("2026-10-2[45]")},
                                             {TB_DIM_HOUR, TB_STR("*T10:*")},
                                             {TB_DIM_TRIGGER, TB_STR("undo")},
                                             {TB_DIM_NODE, TB_STR("none")},
                                             {TB_DIM_PROVIDER, TB_STR("o*")}};
    struct town t;
    uint64_t random = 6;
    town_open(&t, 2, 1200);
    for (int i = 0; i < 120; i++) {
        struct asked a = all_of(&t);
        a.from_us += (int64_t)(random_next(&random) % (uint64_t)(2 * TB_US_PER_DAY));
        a.to_us -= (int64_t)(random_next(&random) % (uint64_t)(2 * TB_US_PER_DAY));
        a.where_n = random_below(&random, 3);
        for (size_t k = 0; k < a.where_n; k++) {
            a.where[k] = wheres[random_below(&random, sizeof wheres / sizeof *wheres)];
        }
        a.by_n = random_below(&random, 4);
        for (size_t k = 0; k < a.by_n; k++) {
            a.by[k] = (enum tb_dim)random_below(&random, TB_DIM_COUNT);
        }
        check_usage(&t, &a);
    }
    town_close(&t);
}

static void days_add_up_to_the_range(void **state)
{
    (void)state;
    struct town t;
    struct tb_err err = {0};
    tb_money sum = 0;
    town_open(&t, 3, 1500);
    struct world *w = &t.world;
    struct tb_usage whole;
    int64_t from_us = tb_zone_day_start(w->settings.zone, DAY_FIRST);
    int64_t to_us = tb_zone_day_start(w->settings.zone, DAY_FIRST + DAYS);
    assert_ok(
        tb_usage_query(w->db, &w->settings, w->tables, 1, from_us, to_us, NULL, 0, NULL, 0, &whole, &err),
        err);
    for (int32_t day = DAY_FIRST; day < DAY_FIRST + DAYS; day++) {
        struct tb_usage one;
        assert_ok(tb_usage_query(w->db, &w->settings, w->tables, 1, tb_zone_day_start(w->settings.zone, day),
                                 tb_zone_day_start(w->settings.zone, day + 1), NULL, 0, NULL, 0, &one, &err),
                  err);
        assert_int_equal(one.n, 1);
        assert_true(tb_money_add(sum, one.rows[0].cost, &sum));
        tb_usage_release(&one);
    }
    assert_true(sum != 0 && sum == whole.rows[0].cost);
    tb_usage_release(&whole);
    town_close(&t);
}

static void same_rows(const struct tb_usage *before, const struct tb_usage *after)
{
    assert_int_equal(after->n, before->n);
    for (size_t i = 0; i < before->n; i++) {
        struct tb_usage_row b = before->rows[i], a = after->rows[i];
        assert_true(b.consumers_known && !a.consumers_known);
        assert_true(a.input_p95 == -1 && a.output_p95 == -1 && a.latency_p95 == -1);
        for (int k = 0; k < TB_DIM_COUNT; k++) {
            assert_true(a.key[k].s == NULL ? b.key[k].s == NULL : tb_str_eq(a.key[k], b.key[k]));
        }
        const int64_t was[] = {b.requests,   b.errors,         b.refused,        b.hidden,  b.input,
                               b.cache_read, b.cache_write_5m, b.cache_write_1h, b.output,  b.reasoning,
                               b.total_only, b.saved,          b.unpriced,       b.input_n, b.output_n,
                               b.latency_n,  b.latency_ms,     b.has_cost};
        const int64_t is[] = {a.requests,   a.errors,         a.refused,        a.hidden,  a.input,
                              a.cache_read, a.cache_write_5m, a.cache_write_1h, a.output,  a.reasoning,
                              a.total_only, a.saved,          a.unpriced,       a.input_n, a.output_n,
                              a.latency_n,  a.latency_ms,     a.has_cost};
        assert_memory_equal(was, is, sizeof was);
        assert_true(a.cost == b.cost);
    }
}

/* A range with pruned days says what it said before, but for what only events know. One civil day is half pruned. */
static void pruned_days_are_told_from_rollups(void **state)
{
    (void)state;
    static const struct tb_where where[] = {{TB_DIM_CONSUMER, TB_STR("svc-*")}, {TB_DIM_SOURCE, TB_STR("*")},
                                            {TB_DIM_TEAM, TB_STR("web")},       {TB_DIM_DAY, TB_STR("*24")},
                                            {TB_DIM_COST_CENTER, TB_STR("")},   {TB_DIM_MODEL, TB_STR("b*")}};
    struct town t;
    struct tb_err err = {0};
    enum { QUESTIONS = 40 };
    struct tb_usage before[QUESTIONS];
    struct asked asked[QUESTIONS];
    uint64_t random = 8;
    town_open(&t, 5, 2500);
    struct world *w = &t.world;
    const struct tb_zone *zone = w->settings.zone;
    assert_ok(tb_db_begin(w->db, &err), err);
    assert_ok(tb_reduce_days(w->db, &w->settings, w->tables, 1, DAY_FIRST - 1, DAY_FIRST + DAYS, NULL, &err),
              err);
    assert_ok(tb_db_commit(w->db, &err), err);
    for (int i = 0; i < QUESTIONS; i++) {
        struct asked *a = &asked[i];
        *a = (struct asked){.from_us =
                                tb_zone_day_start(zone, DAY_FIRST) + random_below(&random, 30) * TB_US_PER_H,
                            .to_us = tb_zone_day_start(zone, DAY_FIRST + DAYS)};
        a->where_n = random_below(&random, 2);
        a->where[0] = where[random_below(&random, sizeof where / sizeof *where)];
        a->by_n = random_below(&random, 4);
        for (size_t k = 0; k < a->by_n; k++) {
            a->by[k] = (enum tb_dim)random_below(&random, TB_DIM_COUNT);
        }
        assert_ok(tb_usage_query(w->db, &w->settings, w->tables, 1, a->from_us, a->to_us, a->by, a->by_n,
                                 a->where, a->where_n, &before[i], &err),
                  err);
    }
    assert_ok(tb_db_begin(w->db, &err), err);
    assert_ok(tb_events_prune(w->db, DAY_FIRST + 2, DAY_FIRST + 2, &err), err);
    assert_ok(tb_db_commit(w->db, &err), err);
    for (int i = 0; i < QUESTIONS; i++) {
        const struct asked *a = &asked[i];
        struct tb_usage after;
        assert_ok(tb_usage_query(w->db, &w->settings, w->tables, 1, a->from_us, a->to_us, a->by, a->by_n,
                                 a->where, a->where_n, &after, &err),
                  err);
        same_rows(&before[i], &after);
        tb_usage_release(&before[i]);
        tb_usage_release(&after);
    }
    struct tb_usage u;
    int64_t start = tb_zone_day_start(zone, DAY_FIRST);
    assert_int_equal(tb_usage_query(w->db, &w->settings, w->tables, 1, start + 1, start + TB_US_PER_DAY, NULL,
                                    0, NULL, 0, &u, &err),
                     TB_FAIL);
    assert_int_equal(err.code, TB_E_USAGE);
    town_close(&t);
}

static void nothing_gives_no_rows(void **state)
{
    (void)state;
    struct town t;
    struct tb_err err = {0};
    struct tb_usage u;
    enum tb_dim by = TB_DIM_TEAM;
    town_open(&t, 4, 10);
    assert_ok(tb_usage_query(t.world.db, &t.world.settings, t.world.tables, 1, 1000, 2000, &by, 1, NULL, 0,
                             &u, &err),
              err);
    assert_int_equal(u.n, 0);
    tb_usage_release(&u);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pruned_days_are_told_from_rollups),
        cmocka_unit_test(every_dimension_groups),
        cmocka_unit_test(random_questions_are_answered),
        cmocka_unit_test(days_add_up_to_the_range),
        cmocka_unit_test(nothing_gives_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
