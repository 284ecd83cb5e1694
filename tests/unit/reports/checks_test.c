/* The control totals over events that went through the store and the rollups for real: they agree; and each of them
 * notices when what it guards is changed behind its back. The usage report over the same events, against sums made here. */
#include "helper.h"
#include "rate/reduce.h"
#include "store/files.h"

#define EVENTS 900
#define DAYS   2

static const char prices[] =
    "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,"
    "context_from,context_rule,note\n"
    ",gpt*,input,2.5,1000000,USD,,,,,,,\n,gpt*,output,10,1000000,USD,,,,,,,\n"
    ",gpt*,cache_read,1.25,1000000,USD,,,,,,,\n";

struct event {
    int64_t ts_us, input, output, cache_read, latency; /* -1 = absent */
    int consumer, status;
    bool gpt, tool;
};
static struct event events[EVENTS];

static void make_events(unsigned seed)
{
    for (size_t i = 0; i < EVENTS; i++) {
        struct event *e = &events[i];
        e->ts_us = DAY0 * TB_US_PER_DAY + (int64_t)rand_r(&seed) % (DAYS * 86400) * TB_US_PER_S;
        e->consumer = rand_r(&seed) % 4;
        e->status = rand_r(&seed) % 10 == 0 ? 429 : 200;
        e->gpt = rand_r(&seed) % 8 > 0;
        e->tool = rand_r(&seed) % 20 == 0;
        e->input = e->status == 200 ? rand_r(&seed) % 5000 : -1;
        e->output = e->status == 200 ? rand_r(&seed) % 500 : -1;
        e->cache_read = e->status == 200 && rand_r(&seed) % 2 ? rand_r(&seed) % 900 : -1;
        e->latency = rand_r(&seed) % 3 ? rand_r(&seed) % 3000 : -1;
    }
}

static void set(struct tb_row *r, enum tb_event_number n, int64_t v)
{
    if (v >= 0) {
        r->number[n] = v;
        r->present |= 1u << n;
    }
}

static void make_row(struct world *w, struct tb_row *r, size_t i)
{
    static const char *const consumers[] = {"alice", "bob", "carol", NULL};
    const struct event *e = &events[i];
    memset(r, 0, sizeof *r);
    r->ts_us = e->ts_us;
    r->identity = tb_hash128(&i, sizeof i, 1);
    r->payload = tb_hash64(&i, sizeof i, 2);
    r->text[TB_T_CONSUMER] = consumers[e->consumer] != NULL ? text_id(w, consumers[e->consumer]) : 0;
    r->text[TB_T_MODEL] = text_id(w, e->gpt ? "gpt-4o" : "mystery");
    r->quality = e->input >= 0 ? TB_QUALITY_EXACT : TB_QUALITY_NONE;
    r->flags = e->tool ? TB_F_TOOL : 0;
    r->line = i + 1;
    if (i % 3 == 0 && e->gpt &&
        e->input > 0) { /* the gateway logged a cost: a thousandth for each; of some in another currency */
        r->has_cost = true;
        r->cost = (struct tb_decimal){1, -3};
        r->text[TB_T_COST_CURRENCY] = text_id(w, i % 2 ? "USD" : "EUR");
    }
    set(r, TB_N_INPUT, e->input);
    set(r, TB_N_OUTPUT, e->output);
    set(r, TB_N_CACHE_READ, e->cache_read);
    set(r, TB_N_LATENCY_MS, e->latency);
    set(r, TB_N_STATUS, e->status);
}

static struct tb_tables *load(struct world *w, unsigned seed)
{
    static struct tb_row rows[EVENTS];
    struct tb_tables *tables = NULL;
    struct tb_load_txn *t = NULL;
    struct tb_append_counts counts;
    struct tb_str texts[TB_TABLE_COUNT] = {[TB_TABLE_PRICES] = {prices, sizeof prices - 1}};
    const char *names[TB_TABLE_COUNT] = {"prices.csv"};
    struct tb_file_entry file = {.source = text_id(w, "gateway"),
                                 .path = TB_STR("/logs/a.gz"),
                                 .format = TB_STR("kong"),
                                 .wrapper = TB_STR("none"),
                                 .kind = TB_STR("gzip"),
                                 .date = TB_DAY_NONE};
    int64_t quarters[] = {DAY0 * 96, DAY0 * 96 + 96};
    make_events(seed);
    must(w, tb_tables_parse(&w->settings, texts, names, &tables, &w->err));
    must(w, tb_db_begin(w->db, &w->err));
    for (size_t i = 0; i < EVENTS; i++) {
        make_row(w, &rows[i], i);
    }
    must(w, tb_files_insert(w->db, &file, &w->err));
    must(w, tb_load_begin(w->db, file.file, file.source, &t, &w->err));
    must(w, tb_load_append(t, rows, EVENTS, &counts, NULL, NULL, &w->err));
    must(w, tb_load_finish(t, &w->err));
    assert_int_equal(counts.events, EVENTS);
    file.lines = EVENTS + 5;
    file.events = EVENTS;
    file.ignored = 3;
    file.rejected = 2;
    must(w, tb_files_update(w->db, &file, &w->err));
    must(w, tb_files_reason(w->db, file.file, "ignored", "nginx", 3, &w->err));
    must(w, tb_files_reason(w->db, file.file, "rejected", "not_json", 2, &w->err));
    must(w, tb_files_quarters(w->db, file.file, quarters, COUNT(quarters), &w->err));
    must(w, tb_reduce_days(w->db, &w->settings, tables, VERSION, DAY0, DAY0 + DAYS - 1, NULL, &w->err));
    must(w, tb_db_commit(w->db, &w->err));
    return tables;
}

static size_t find_control(const struct tb_table *t, const char *control)
{
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        if (tb_str_eq(word(t, i, "control"), tb_str_of(control))) {
            return i;
        }
    }
    fail_msg("no control \"%s\"", control);
    return 0;
}

static void test_controls_agree(void **state)
{
    (void)state;
    static const char *const controls[] = {
        "lines_accounted", "reasons_accounted", "events_stored",      "requests_reduced",
        "errors_reduced",  "tokens_reduced",    "input_reduced",      "output_reduced",
        "days_reduced",    "cost_by_meter",     "lines_sum",          "lines_requests",
        "teams_sum",       "cents_sum",         "cache_read_reduced", "cost_by_event"};
    struct world w;
    world_begin(&w);
    struct tb_tables *tables = load(&w, 3);
    struct tb_report_query q = ask(&w, DAY0, DAY0 + 1);
    q.tables = tables;
    struct tb_report *r = build(&w, "checks", &q);
    const struct tb_table *t = r->main;
    int64_t requests = 0, unpriced = 0, tokens = 0, logged = 0, priced_x4 = 0;
    char text[32];
    for (size_t i = 0; i < EVENTS; i++) {
        const struct event *e = &events[i];
        bool has = e->input > 0 || e->output > 0 || e->cache_read > 0;
        requests += !e->tool;
        unpriced += !e->tool && !e->gpt && has;
        if (i % 3 == 0 && i % 2 == 1 && e->gpt && !e->tool && e->input > 0) {
            logged++;
            priced_x4 += e->input * 10 + e->output * 40 + (e->cache_read > 0 ? e->cache_read * 5 : 0);
        }
        tokens +=
            e->tool || e->input < 0 ? 0 : e->input + e->output + (e->cache_read > 0 ? e->cache_read : 0);
    }
    for (size_t i = 0; i < COUNT(controls); i++) {
        size_t row = find_control(t, controls[i]);
        assert_true(number(t, row, "ok") && !number(t, row, "informative"));
    }
    assert_true(number(t, find_control(t, "requests_reduced"), "expected") == requests);
    assert_true(number(t, find_control(t, "tokens_reduced"), "expected") == tokens);
    assert_true(number(t, find_control(t, "unpriced_requests"), "found") == unpriced && unpriced > 0);
    assert_true(number(t, find_control(t, "rejected_lines"), "found") == 2);
    assert_false(number(t, find_control(t, "rejected_lines"), "ok"));
    assert_true(number(t, find_control(t, "lines_accounted"), "found") == EVENTS + 5);
    size_t gateway = find_control(t, "gateway_cost");
    snprintf(text, sizeof text, "0.%03lld", (long long)logged);
    tb_money expected = 0, found = 0;
    assert_true(logged < 1000 && tb_money_parse(tb_str_of(text), &expected));
    assert_true(tb_money_parse(TB_STR("0.00000025"), &found) && tb_money_mul(found, priced_x4, &found));
    assert_true(cell(t, gateway, "expected")->money == expected && cell(t, gateway, "found")->money == found);
    assert_true(cell(t, gateway, "difference")->money == found - expected);
    assert_true(number(t, gateway, "informative"));
    assert_true(number(part(r, "ok"), 0, "ok"));
    struct tb_report_state s = tb_report_state(r);
    assert_true(s.unpriced && s.rejected && !s.incomplete && !s.control_failed);
    tb_report_free(r);
    tb_tables_free(tables);
    world_end(&w);
}

/* Each change breaks the control named, and with it the whole. */
static void test_each_control_notices(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *control;
    } rows[] = {
        {"UPDATE file_reason SET lines = 4 WHERE reason = 'nginx'", "reasons_accounted"},
        {"UPDATE file SET events = events - 1, duplicates = duplicates + 1", "events_stored"},
        {"UPDATE usage_cell SET requests = requests + 1 WHERE rowid = 5", "requests_reduced"},
        {"UPDATE usage_cell SET errors = errors + 1 WHERE rowid = 5", "errors_reduced"},
        {"UPDATE usage_cell SET input = input - 1, output = output + 1 WHERE rowid = 5", "input_reduced"},
        {"UPDATE usage_cell SET output = output + 1 WHERE rowid = 5", "tokens_reduced"},
        {"UPDATE usage_cell SET cache_write_5m = 1 WHERE rowid = 5", "cache_write_5m_reduced"},
        {"UPDATE usage_cell SET reasoning = 1 WHERE rowid = 5", "reasoning_reduced"},
        {"UPDATE usage_cell SET cost = money_add(cost, '0.000000000001') WHERE rowid = (SELECT min(rowid) "
         "FROM "
         "usage_cell WHERE cost <> '0')",
         "cost_by_event"},
        {"UPDATE charge_cell SET cost = money_add(cost, '0.000000000001') WHERE rowid = 2", "cost_by_meter"},
        {"UPDATE settlement SET cost = money_add(cost, '-0.000000000001') WHERE rowid = 1", "teams_sum"},
        {"UPDATE settlement SET billed_cents = billed_cents + 1 WHERE rowid = 1", "cents_sum"},
        {"DELETE FROM settlement WHERE rowid = 1", "teams_sum"},
        {"DELETE FROM reduced_day WHERE day = 20779", "days_reduced"},
    };
    struct world w;
    world_begin(&w);
    struct tb_tables *tables = load(&w, 4);
    struct tb_report_query q = ask(&w, DAY0, DAY0 + 1);
    q.tables = tables;
    for (size_t i = 0; i < COUNT(rows); i++) {
        must(&w, tb_db_begin(w.db, &w.err));
        run(&w, rows[i].sql);
        struct tb_report *r = build(&w, "checks", &q);
        size_t row = find_control(r->main, rows[i].control);
        if (number(r->main, row, "ok") || !tb_report_state(r).control_failed ||
            number(part(r, "ok"), 0, "ok")) {
            fail_msg("%s went unnoticed", rows[i].sql);
        }
        tb_report_free(r);
        tb_db_rollback(w.db);
    }
    struct tb_report *r = build(&w, "checks", &q);
    assert_false(tb_report_state(r).control_failed);
    tb_report_free(r);
    tb_tables_free(tables);
    world_end(&w);
}

/* --- usage ------------------------------------------------------------------------------------------------------- */

static const char *const shown[] = {"alice", "bob", "carol", "(anonymous)"};

/* num / den with 6 decimals, half away from zero, in long division. */
static void assert_ratio(const struct tb_table *t, size_t row, const char *column, int64_t num, int64_t den)
{
    if (den == 0) {
        assert_true(cell(t, row, column)->null);
        return;
    }
    char text[64];
    int64_t scaled = (num * 2000000 / den + 1) / 2;
    int n = snprintf(text, sizeof text, "%lld.%06lld", (long long)(scaled / 1000000),
                     (long long)(scaled % 1000000));
    while (n > 0 && text[n - 1] == '0') {
        text[--n] = '\0';
    }
    if (text[n - 1] == '.') {
        text[n - 1] = '\0';
    }
    assert_string_equal(word(t, row, column).s, text);
}

static void assert_usage_row(const struct tb_table *t, size_t row, int64_t from_us, int64_t to_us)
{
    int64_t requests = 0, errors = 0, input = 0, input_n = 0, latency = 0, latency_n = 0, cached = 0,
            micro_x4 = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        const struct event *e = &events[i];
        if (e->tool || e->ts_us < from_us || e->ts_us >= to_us ||
            !tb_str_eq(word(t, row, "consumer"), tb_str_of(shown[e->consumer]))) {
            continue;
        }
        requests++;
        errors += e->status >= 400;
        input += e->input > 0 ? e->input : 0;
        input_n += e->input >= 0;
        latency += e->latency > 0 ? e->latency : 0;
        latency_n += e->latency >= 0;
        cached += e->cache_read > 0 ? e->cache_read : 0;
        if (e->gpt && e->status == 200) {
            micro_x4 += e->input * 10 + e->output * 40 + (e->cache_read > 0 ? e->cache_read * 5 : 0);
        }
    }
    tb_money quarter_micro = 0, expected = 0, each = 0;
    assert_true(tb_money_parse(TB_STR("0.00000025"), &quarter_micro));
    assert_true(tb_money_mul(quarter_micro, micro_x4, &expected));
    assert_true(number(t, row, "requests") == requests && number(t, row, "errors") == errors);
    assert_true(number(t, row, "input") == input && number(t, row, "cache_read") == cached);
    assert_true(number(t, row, "consumers") == 1);
    assert_true(cell(t, row, "cost")->money == expected);
    assert_true(tb_money_div(expected, requests, 12, &each));
    assert_true(cell(t, row, "cost_per_request")->money == each);
    assert_ratio(t, row, "input_avg", input, input_n);
    assert_ratio(t, row, "latency_ms_avg", latency, latency_n);
    assert_ratio(t, row, "hidden_ratio", 0, requests);
    assert_ratio(t, row, "cache_hit_ratio", cached, input + cached);
}

static void test_usage_by_consumer(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct tb_tables *tables = load(&w, 8);
    for (int instants = 0; instants < 2; instants++) {
        struct tb_report_query q = ask(&w, DAY0, DAY0 + 1);
        q.tables = tables;
        if (instants) {
            q.instants = true;
            q.from_us += 10 * TB_US_PER_H;
            q.to_us = q.from_us + 3 * TB_US_PER_H;
        }
        struct tb_report *r = build(&w, "usage", &q);
        assert_int_equal(tb_table_rows(r->main), 4);
        assert_true(tb_report_state(r).unpriced);
        for (size_t i = 0; i < 4; i++) {
            assert_usage_row(r->main, i, q.from_us, q.to_us);
        }
        char *json = json_of(&w, r);
        assert_non_null(
            strstr(json, instants ? "\"from\":\"2026-11-21T10:00:00Z\"" : "\"from\":\"2026-11-21\""));
        free(json);
        tb_report_free(r);
    }
    tb_tables_free(tables);
    world_end(&w);
}

static void test_usage_sorted_and_empty(void **state)
{
    (void)state;
    const enum tb_dim by[] = {TB_DIM_MODEL, TB_DIM_CONSUMER};
    struct world w;
    world_begin(&w);
    struct tb_tables *tables = load(&w, 9);
    struct tb_report_query q = ask(&w, DAY0, DAY0 + 1);
    q.tables = tables;
    q.by = by;
    q.by_n = 2;
    q.sort = "requests";
    q.top = 3;
    struct tb_report *r = build(&w, "usage", &q);
    assert_string_equal(tb_table_column(r->main, 0)->key, "model");
    assert_string_equal(tb_table_column(r->main, 1)->key, "consumer");
    assert_int_equal(tb_table_rows(r->main), 3);
    assert_true(number(r->main, 0, "requests") >= number(r->main, 1, "requests"));
    tb_report_free(r);
    q = ask(&w, DAY0 + 50, DAY0 + 50);
    q.tables = tables;
    r = build(&w, "usage", &q);
    assert_int_equal(tb_table_rows(r->main), 0);
    tb_report_free(r);
    q.sort = "requets";
    refused(&w, "usage", &q, "did you mean \"requests\"");
    tb_tables_free(tables);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_controls_agree),
        cmocka_unit_test(test_each_control_notices),
        cmocka_unit_test(test_usage_by_consumer),
        cmocka_unit_test(test_usage_sorted_and_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
