/* The chargeback over cells put into the database by hand and at random, against sums made here cell by cell. */
#include "helper.h"
#include "base/glob.h"

#define CELLS 600
#define DAYS  3

static const char *const names[][6] = {
    {"gateway", "adhoc", "shadow", NULL, NULL,
     NULL}, /* source; adhoc is not configured: billed; shadow is not */
    {"alice", "bob", "=cmd", "(anonymous)", "zo\xc3\xab", "\xff"},
    {"(unassigned)", "search", "ads", NULL, NULL, NULL},
    {"0042", "7", NULL, NULL, NULL, NULL},
    {"openai", "anthropic", NULL, NULL, NULL, NULL},
    {"gpt-4o", "gpt-4o-mini", "claude", "", NULL, NULL},
    {"n1", "n2", NULL, NULL, NULL, NULL},
    {"chat", NULL, NULL, NULL, NULL, NULL},
};
enum { SOURCE, CONSUMER, TEAM, COST_CENTER, PROVIDER, MODEL, NODE, FEATURE, KEYS };
static const size_t choices[KEYS] = {3, 6, 3, 3, 3, 5, 3, 2}; /* the one behind the names is absent */
static const char *const bases[] = {"computed", "logged", "unpriced"};
enum { NUMBERS = 10 };
static const char *const number_names[NUMBERS] = {"requests",       "errors",         "input",  "cache_read",
                                                  "cache_write_5m", "cache_write_1h", "output", "reasoning",
                                                  "total_only",     "saved"};

struct made {
    int32_t day;
    int hour;
    const char *key[KEYS];
    const char *basis;
    int64_t n[NUMBERS];
    int64_t micro; /* cost */
};
static struct made cells[CELLS];

static void bind_key(struct world *w, struct tb_query *q, const char *name, const char *text)
{
    if (text == NULL) {
        tb_query_bind_null(q, name);
    } else {
        tb_query_bind_int(q, name, text_id(w, text));
    }
}

static tb_money of_micro(int64_t micro)
{
    tb_money m = 0, unit = 0;
    assert_true(tb_money_parse(TB_STR("0.000001"), &unit));
    assert_true(tb_money_mul(unit, micro, &m));
    return m;
}

static void put_cell(struct world *w, struct tb_query *q, const struct made *c)
{
    static const char *const columns[KEYS] = {"source",   "consumer", "team", "cost_center",
                                              "provider", "model",    "node", "feature"};
    tb_query_bind_int(q, "day", c->day);
    tb_query_bind_int(q, "hour", c->day * TB_US_PER_DAY + c->hour * TB_US_PER_H);
    tb_query_bind_text(q, "basis", tb_str_of(c->basis));
    for (int i = 0; i < KEYS; i++) {
        bind_key(w, q, columns[i], c->key[i]);
    }
    for (int i = 0; i < NUMBERS; i++) {
        tb_query_bind_int(q, number_names[i], c->n[i]);
    }
    if (strcmp(c->basis, "unpriced") == 0) {
        tb_query_bind_null(q, "cost");
    } else {
        tb_query_bind_money(q, "cost", of_micro(c->micro));
    }
    must(w, tb_query_run(q, &w->err));
}

static const char insert_cell[] =
    "INSERT INTO usage_cell (day, tables, hour_us, source, node, consumer, team, cost_center, provider, "
    "model, feature, "
    "basis, requests, errors, refused, hidden, input, cache_read, cache_write_5m, cache_write_1h, output, "
    "reasoning, "
    "total_only, saved, input_n, output_n, latency_n, latency_ms, cost) VALUES (:day, 3, :hour, :source, "
    ":node, "
    ":consumer, :team, :cost_center, :provider, :model, :feature, :basis, :requests, :errors, 0, 0, :input, "
    ":cache_read, :cache_write_5m, :cache_write_1h, :output, :reasoning, :total_only, :saved, 0, 0, 0, 0, "
    ":cost)";

static void make_cells(struct world *w, unsigned seed)
{
    struct tb_query *q = NULL;
    must(w, tb_query_open(w->db, insert_cell, &q, &w->err));
    for (size_t i = 0; i < CELLS; i++) {
        struct made *c = &cells[i];
        c->day = DAY0 + rand_r(&seed) % DAYS;
        c->hour = rand_r(&seed) % 24;
        for (int k = 0; k < KEYS; k++) {
            c->key[k] = names[k][(size_t)rand_r(&seed) % choices[k]];
        }
        c->basis = bases[rand_r(&seed) % 3];
        for (int n = 0; n < NUMBERS; n++) {
            c->n[n] = rand_r(&seed) % 1000;
        }
        c->micro = rand_r(&seed) % 100000000;
        put_cell(w, q, c);
    }
    tb_query_close(q);
    run(w, "INSERT INTO usage_cell SELECT day, 2, hour_us, source, node, consumer, team, cost_center, "
           "provider, model, "
           "service_tier, feature, variant, trigger, basis, requests, errors, refused, hidden, input, "
           "cache_read, "
           "cache_write_5m, cache_write_1h, output, reasoning, total_only, saved, input_n, output_n, "
           "latency_n, latency_ms, "
           "cost, logged_cost FROM usage_cell"); /* another table version: never seen */
}

/* Settlement as a plain statement: cents are anything here, but known: 100 + rowid of the group's order. */
static void settle(struct world *w)
{
    run(w, "INSERT INTO settlement SELECT day, tables, text_of(team), text_of(cost_center), NULL, NULL, "
           "money_sum(cost), "
           "'0', '0', 100 + count(*) FROM usage_cell WHERE text_of(source) <> 'shadow' GROUP BY day, tables, "
           "team, "
           "cost_center");
}

static bool same(const char *a, struct tb_str b)
{
    return tb_str_eq(tb_str_of(a), b);
}

/* --- the brute-force sums ---------------------------------------------------------------------------------------- */

static bool billed(const struct made *c)
{
    return strcmp(c->key[SOURCE], "shadow") != 0;
}

static const char *const line_keys[] = {"source", "consumer", "team", "cost_center", "provider", "model"};

static bool in_line(const struct made *c, const struct tb_table *t, size_t row)
{
    for (int k = 0; k <= MODEL; k++) {
        if (!same(c->key[k], word(t, row, line_keys[k]))) {
            return false;
        }
    }
    return same(c->basis, word(t, row, "basis"));
}

typedef bool keep_fn(const struct made *c);

static bool keep_all(const struct made *c)
{
    (void)c;
    return true;
}

static void assert_line(const struct tb_table *t, size_t row, int32_t from, int32_t to, keep_fn *keep,
                        bool *used)
{
    int64_t sum[NUMBERS] = {0}, micro = 0;
    for (size_t i = 0; i < CELLS; i++) {
        const struct made *c = &cells[i];
        if (c->day < from || c->day > to || !billed(c) || !keep(c) || !in_line(c, t, row)) {
            continue;
        }
        assert_false(used[i]); /* in one line only */
        used[i] = true;
        micro += c->micro;
        for (int n = 0; n < NUMBERS; n++) {
            sum[n] += c->n[n];
        }
    }
    for (int n = 0; n < NUMBERS; n++) {
        assert_true(number(t, row, number_names[n]) == sum[n]);
    }
    if (tb_str_eq(word(t, row, "basis"), TB_STR("unpriced"))) {
        assert_true(cell(t, row, "cost")->null);
    } else {
        assert_true(cell(t, row, "cost")->money == of_micro(micro));
    }
}

/* Every billed cell of the range that keep keeps is in exactly one line, and lines are sorted. */
static void assert_lines(const struct tb_report *r, int32_t from, int32_t to, keep_fn *keep)
{
    static const char *const order[] = {"team",     "cost_center", "consumer", "source",
                                        "provider", "model",       "basis"};
    const struct tb_table *t = part(r, "lines");
    bool used[CELLS] = {false};
    for (size_t row = 0; row < tb_table_rows(t); row++) {
        assert_line(t, row, from, to, keep, used);
        int c = row == 0 ? -1 : 0;
        for (size_t k = 0; k < COUNT(order) && c == 0; k++) {
            c = tb_str_cmp(word(t, row - 1, order[k]), word(t, row, order[k]));
        }
        assert_true(c < 0);
        assert_int_equal(word(t, row, "line").n, 16);
    }
    tb_money total = 0;
    int64_t requests = 0;
    for (size_t i = 0; i < CELLS; i++) {
        const struct made *c = &cells[i];
        bool in = c->day >= from && c->day <= to && billed(c) && keep(c);
        assert_int_equal(used[i], in);
        total += in && strcmp(c->basis, "unpriced") != 0 ? of_micro(c->micro) : 0;
        requests += in ? c->n[0] : 0;
    }
    assert_true(cell(part(r, "totals"), 0, "cost")->money == total);
    assert_true(number(part(r, "totals"), 0, "requests") == requests);
}

static void assert_unpriced(const struct tb_report *r, int32_t from, int32_t to)
{
    const struct tb_table *t = part(r, "unpriced");
    int64_t requests = 0, tokens = 0, found_requests = 0, found_tokens = 0;
    for (size_t i = 0; i < CELLS; i++) {
        const struct made *c = &cells[i];
        if (c->day >= from && c->day <= to && billed(c) && strcmp(c->basis, "unpriced") == 0) {
            requests += c->n[0];
            tokens += c->n[2] + c->n[3] + c->n[4] + c->n[5] + c->n[6]; /* reasoning is part of output */
        }
    }
    for (size_t row = 0; row < tb_table_rows(t); row++) {
        found_requests += number(t, row, "requests");
        found_tokens += number(t, row, "tokens");
    }
    assert_true(requests == found_requests && tokens == found_tokens);
    assert_true(tb_report_state(r).unpriced == (requests > 0));
}

static void assert_teams(const struct tb_report *r)
{
    const struct tb_table *teams = part(r, "teams"), *lines = part(r, "lines");
    for (size_t i = 0; i < tb_table_rows(teams); i++) {
        tb_money sum = 0;
        for (size_t k = 0; k < tb_table_rows(lines); k++) {
            bool in = tb_str_eq(word(teams, i, "team"), word(lines, k, "team")) &&
                      tb_str_eq(word(teams, i, "cost_center"), word(lines, k, "cost_center"));
            sum += in && !cell(lines, k, "cost")->null ? cell(lines, k, "cost")->money : 0;
        }
        assert_true(cell(teams, i, "cost")->money == sum);
        assert_string_equal(cost(teams, i, "shared"), "0");
    }
}

static void test_random_cells(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    make_cells(&w, 5);
    settle(&w);
    static const int32_t ranges[][2] = {{0, 0}, {1, 1}, {0, 2}, {1, 2}, {5, 6}};
    for (size_t i = 0; i < COUNT(ranges); i++) {
        int32_t from = DAY0 + ranges[i][0], to = DAY0 + ranges[i][1];
        struct tb_report_query q = ask(&w, from, to);
        struct tb_report *r = build(&w, "chargeback", &q);
        assert_lines(r, from, to, keep_all);
        assert_unpriced(r, from, to);
        assert_teams(r);
        tb_report_free(r);
    }
    world_end(&w);
}

/* Days add up to the range, to the cent. */
static void test_days_add_up_to_the_range(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    make_cells(&w, 17);
    settle(&w);
    struct tb_report_query q = ask(&w, DAY0, DAY0 + DAYS - 1);
    struct tb_report *whole = build(&w, "chargeback", &q);
    int64_t cents = 0;
    tb_money sum = 0;
    for (int day = 0; day < DAYS; day++) {
        q = ask(&w, DAY0 + day, DAY0 + day);
        struct tb_report *r = build(&w, "chargeback", &q);
        cents += number(part(r, "totals"), 0, "billed");
        sum += cell(part(r, "totals"), 0, "cost")->money;
        tb_report_free(r);
    }
    assert_true(cents > 0 && number(part(whole, "totals"), 0, "billed") == cents);
    assert_true(cell(part(whole, "totals"), 0, "cost")->money == sum);
    tb_report_free(whole);
    world_end(&w);
}

/* --- filters ----------------------------------------------------------------------------------------------------- */

static bool keep_search(const struct made *c)
{
    return strcmp(c->key[TEAM], "search") == 0;
}
static bool keep_gpt_no_center(const struct made *c)
{
    return c->key[MODEL] != NULL && strncmp(c->key[MODEL], "gpt-4o", 6) == 0 && c->key[COST_CENTER] == NULL;
}
static bool keep_empty_model(const struct made *c)
{
    return c->key[MODEL] == NULL || c->key[MODEL][0] == '\0';
}
static bool keep_hour(const struct made *c)
{
    return c->day == DAY0 + 1 && c->hour >= 10 && c->hour < 20;
}
static bool keep_none(const struct made *c)
{
    (void)c;
    return false;
}
static bool keep_node_feature(const struct made *c)
{
    return c->key[NODE] != NULL && strcmp(c->key[NODE], "n1") == 0 && c->key[FEATURE] != NULL;
}
static bool keep_two(const struct made *c)
{
    return strcmp(c->key[CONSUMER], "bob") == 0;
}
static bool keep_day(const struct made *c)
{
    return c->day == DAY0 + 1;
}

static void test_where(void **state)
{
    (void)state;
    static const struct {
        struct tb_where where[2];
        size_t n;
        keep_fn *keep;
        bool whole_teams;
    } rows[] = {
        {{{TB_DIM_TEAM, {"sea*", 4}}}, 1, keep_search, true},
        {{{TB_DIM_DAY, {"2026-11-22", 10}}}, 1, keep_day, true},
        {{{TB_DIM_MODEL, {"gpt-4o*", 7}}, {TB_DIM_COST_CENTER, {"", 0}}}, 2, keep_gpt_no_center, false},
        {{{TB_DIM_MODEL, {"", 0}}}, 1, keep_empty_model, false},
        {{{TB_DIM_HOUR, {"2026-11-22T1*", 13}}}, 1, keep_hour, false},
        {{{TB_DIM_NODE, {"n1", 2}}, {TB_DIM_FEATURE, {"*", 1}}}, 2, keep_node_feature, false},
        {{{TB_DIM_SOURCE, {"shadow", 6}}}, 1, keep_none, false}, /* never charged, whoever asks */
        {{{TB_DIM_TEAM, {"nobody", 6}}}, 1, keep_none, true},
        {{{TB_DIM_CONSUMER, {"*o*", 3}}, {TB_DIM_CONSUMER, {"b*", 2}}},
         2,
         keep_two,
         false}, /* both must match */
    };
    struct world w;
    world_begin(&w);
    make_cells(&w, 23);
    settle(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_report_query q = ask(&w, DAY0, DAY0 + 2);
        q.where = rows[i].where;
        q.where_n = rows[i].n;
        struct tb_report *r = build(&w, "chargeback", &q);
        assert_lines(r, DAY0, DAY0 + 2, rows[i].keep);
        assert_teams(r);
        assert_int_equal(cell(part(r, "totals"), 0, "billed")->null, !rows[i].whole_teams);
        tb_report_free(r);
    }
    world_end(&w);
}

static void test_refusals(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    const enum tb_dim by[] = {TB_DIM_TEAM};
    struct tb_report_query q = ask(&w, DAY0, DAY0);
    q.by = by;
    q.by_n = 1;
    refused(&w, "chargeback", &q, "report usage");
    refused(&w, "checks", &q, "report usage");
    refused(&w, "rejects", &q, "report usage");
    q.by_n = 0;
    q.sort = "cots";
    refused(&w, "chargeback", &q, "did you mean \"cost\"");
    q.sort = NULL;
    struct tb_where where = {TB_DIM_TEAM, TB_STR("x")};
    q.where = &where;
    q.where_n = 1;
    refused(&w, "checks", &q, "--where");
    refused(&w, "rejects", &q, "takes source and node");
    world_end(&w);
}

static void test_sort_and_top(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    make_cells(&w, 29);
    struct tb_report_query q = ask(&w, DAY0, DAY0 + 2);
    q.sort = "cost";
    q.top = 5;
    struct tb_report *r = build(&w, "chargeback", &q);
    const struct tb_table *t = part(r, "lines");
    assert_int_equal(tb_table_rows(t), 5);
    for (size_t i = 1; i < 5; i++) {
        assert_true(cell(t, i - 1, "cost")->money >= cell(t, i, "cost")->money);
    }
    tb_report_free(r);
    world_end(&w);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void test_json_by_hand(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    struct tb_query *q = NULL;
    must(&w, tb_query_open(w.db, insert_cell, &q, &w.err));
    struct made a = {DAY0,
                     9,
                     {"gateway", "alice", "search", "0042", "openai", "gpt-4o", "n1", NULL},
                     "computed",
                     {2, 1, 1000, 20, 0, 0, 30, 5, 0, 7},
                     47};
    struct made b = {DAY0,
                     10,
                     {"gateway", "alice", "search", "0042", "openai", "gpt-4o", "n2", "x"},
                     "computed",
                     {1, 0, 1, 2, 3, 4, 5, 0, 1, 0},
                     100000};
    struct made c = {DAY0,
                     10,
                     {"gateway", "bob", "(unassigned)", NULL, NULL, "m", NULL, NULL},
                     "unpriced",
                     {1, 0, 10, 0, 0, 0, 1, 0, 0, 0},
                     0};
    put_cell(&w, q, &a);
    put_cell(&w, q, &b);
    put_cell(&w, q, &c);
    tb_query_close(q);
    run(&w,
        "INSERT INTO settlement VALUES (20778, 3, 'search', '0042', NULL, NULL, '0.100047', '0', '0', 10), "
        "(20778, 3, '(unassigned)', NULL, NULL, NULL, '0', '0', '0', 0)");
    struct tb_report_query ask_day = ask(&w, DAY0, DAY0);
    struct tb_report *r = build(&w, "chargeback", &ask_day);
    char *json = json_of(&w, r);
    assert_string_equal(
        json,
        "{\"schema\":\"tollbook.chargeback/"
        "1\",\"from\":\"2026-11-21\",\"to\":\"2026-11-21\",\"time_zone\":\"UTC\","
        "\"currency\":\"USD\",\"tables\":3,\"revision\":null,\n"
        "\"totals\":{\"requests\":4,\"errors\":1,\"input\":1011,\"cache_read\":22,\"cache_write_5m\":3,"
        "\"cache_write_1h\":4,\"output\":36,\"reasoning\":5,\"cost\":\"0.100047\",\"billed\":\"0.10\"},\n"
        "\"lines\":[\n"
        "{\"line\":\"85ae64bccc3a5ec3\",\"team\":\"(unassigned)\",\"cost_center\":null,\"consumer\":\"bob\","
        "\"source\":"
        "\"gateway\",\"provider\":null,\"model\":\"m\",\"basis\":\"unpriced\",\"requests\":1,\"errors\":0,"
        "\"input\":10,"
        "\"cache_read\":0,\"cache_write_5m\":0,\"cache_write_1h\":0,\"output\":1,\"reasoning\":0,\"total_"
        "only\":0,"
        "\"saved\":0,\"cost\":null},\n"
        "{\"line\":\"36d95a4863ec37e4\",\"team\":\"search\",\"cost_center\":\"0042\",\"consumer\":\"alice\","
        "\"source\":"
        "\"gateway\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\"basis\":\"computed\",\"requests\":3,"
        "\"errors\":1,"
        "\"input\":1001,\"cache_read\":22,\"cache_write_5m\":3,\"cache_write_1h\":4,\"output\":35,"
        "\"reasoning\":5,"
        "\"total_only\":1,\"saved\":7,\"cost\":\"0.100047\"}],\n"
        "\"teams\":[\n"
        "{\"team\":\"(unassigned)\",\"cost_center\":null,\"cost\":\"0\",\"shared\":\"0\",\"adjustments\":"
        "\"0\",\"billed\":"
        "\"0.00\"},\n"
        "{\"team\":\"search\",\"cost_center\":\"0042\",\"cost\":\"0.100047\",\"shared\":\"0\","
        "\"adjustments\":\"0\","
        "\"billed\":\"0.10\"}],\n"
        "\"adjustments\":[],\n\"unpriced\":[\n"
        "{\"provider\":null,\"model\":\"m\",\"requests\":1,\"tokens\":11}],\n"
        "\"intake\":{\"files\":0,\"lines\":0,\"events\":0,\"duplicates\":0,\"conflicts\":0,\"ignored\":0,"
        "\"rejected\":0},\n"
        "\"incomplete\":[]}\n");
    assert_true(tb_report_state(r).unpriced);
    tb_report_set_revision(r, 7);
    free(json);
    json = json_of(&w, r);
    assert_non_null(strstr(json, "\"revision\":7,"));
    free(json);
    tb_report_free(r);
    world_end(&w);
}

/* --- intake ------------------------------------------------------------------------------------------------------ */

static void put_file(struct world *w, int file, const char *date, int lines, const char *incomplete,
                     const char *completed)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO file (file, source, path, date, format, wrapper, kind, raw_bytes, mtime_ns, bytes, "
             "digest, lines, "
             "events, duplicates, conflicts, ignored, rejected, incomplete, incomplete_byte, completed_by) "
             "VALUES (%d, %u, "
             "'/logs/f%d', %s, 'kong', 'none', 'plain', 1, 1, 1, x'00', %d, %d, 2, 1, 3, 4, %s, 99, %s)",
             file, text_id(w, "gateway"), file, date, lines, lines - 10, incomplete, completed);
    run(w, sql);
}

static void put_quarter(struct world *w, int file, int64_t us)
{
    char sql[128];
    snprintf(sql, sizeof sql, "INSERT INTO file_quarter VALUES (%lld, %d)",
             (long long)(us / (15 * TB_US_PER_MIN)), file);
    run(w, sql);
}

static void test_intake_counts_whole_files_of_the_days(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    put_file(&w, 1, "NULL", 100, "NULL", "NULL"); /* spans midnight: both days, whole */
    put_quarter(&w, 1, DAY0 * TB_US_PER_DAY + 23 * TB_US_PER_H);
    put_quarter(&w, 1, (DAY0 + 1) * TB_US_PER_DAY);
    put_file(&w, 2, "20778", 1000, "NULL", "NULL"); /* no quarter: the day of its date */
    put_file(&w, 3, "NULL", 10000, "NULL", "NULL"); /* neither: every day */
    put_file(&w, 4, "20778", 100000, "'gzip: unexpected end'",
             "NULL"); /* its date says one day, its lines another */
    put_quarter(&w, 4, (DAY0 + 2) * TB_US_PER_DAY + TB_US_PER_H);
    put_file(&w, 5, "NULL", 1000000, "'truncated'", "1"); /* completed since */
    put_quarter(&w, 5, (DAY0 + 2) * TB_US_PER_DAY + TB_US_PER_DAY - 1);
    static const struct {
        int from, to;
        int64_t files, lines;
        bool incomplete;
    } rows[] = {{0, 0, 3, 11100, false}, {1, 1, 2, 10100, false},  {2, 2, 3, 1110000, true},
                {3, 3, 1, 10000, false}, {0, 2, 5, 1111100, true}, {-1, -1, 1, 10000, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_report_query q = ask(&w, DAY0 + rows[i].from, DAY0 + rows[i].to);
        struct tb_report *r = build(&w, "chargeback", &q);
        const struct tb_table *t = part(r, "intake");
        assert_int_equal(number(t, 0, "files"), rows[i].files);
        assert_int_equal(number(t, 0, "lines"), rows[i].lines);
        assert_int_equal(number(t, 0, "events"), rows[i].lines - 10 * rows[i].files);
        assert_int_equal(number(t, 0, "rejected"), 4 * rows[i].files);
        assert_int_equal(tb_report_state(r).incomplete, rows[i].incomplete);
        assert_int_equal(tb_table_rows(part(r, "incomplete")), rows[i].incomplete);
        assert_true(tb_report_state(r).rejected);
        tb_report_free(r);
    }
    world_end(&w);
}

static void test_rejects(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    put_file(&w, 1, "NULL", 100, "NULL", "NULL");
    put_quarter(&w, 1, DAY0 * TB_US_PER_DAY);
    put_file(&w, 2, "20779", 100, "NULL", "NULL");
    run(&w, "UPDATE file SET member = 'a/b.log', node = 'n1' WHERE file = 1");
    run(&w, "INSERT INTO file_reason VALUES (1, 'rejected', 'not_json', 3), (1, 'rejected', 'no_time', 1), "
            "(1, 'ignored', 'nginx', 3), (2, 'rejected', 'not_json', 4)");
    run(&w,
        "INSERT INTO reject VALUES (1, 7, 0, 700, 'not_json', '{\"a\"'), (1, 3, 0, 300, 'no_time', NULL), "
        "(2, 1, 0, 0, 'not_json', 'x')");
    struct tb_report_query q = ask(&w, DAY0, DAY0);
    struct tb_report *r = build(&w, "rejects", &q);
    char *json = json_of(&w, r);
    const char *rows = strstr(json, "\"rows\"");
    assert_non_null(rows);
    assert_string_equal(
        rows,
        "\"rows\":[\n"
        "{\"file\":\"/logs/f1:a/b.log\",\"line\":3,\"byte\":300,\"reason\":\"no_time\",\"excerpt\":null,"
        "\"source\":\"gateway\",\"node\":\"n1\"},\n"
        "{\"file\":\"/logs/f1:a/b.log\",\"line\":7,\"byte\":700,\"reason\":\"not_json\",\"excerpt\":"
        "\"{\\\"a\\\"\",\"source\":\"gateway\",\"node\":\"n1\"}],\n"
        "\"reasons\":[\n"
        "{\"file\":\"/logs/f1:a/b.log\",\"reason\":\"no_time\",\"lines\":1,\"source\":\"gateway\",\"node\":"
        "\"n1\"},\n"
        "{\"file\":\"/logs/f1:a/b.log\",\"reason\":\"not_json\",\"lines\":3,\"source\":\"gateway\",\"node\":"
        "\"n1\"}]}\n");
    free(json);
    tb_report_free(r);
    struct tb_where where = {TB_DIM_NODE, TB_STR("n2")};
    q = ask(&w, DAY0, DAY0 + 1);
    r = build(&w, "rejects", &q);
    assert_int_equal(tb_table_rows(part(r, "rows")), 3);
    tb_report_free(r);
    q.where = &where;
    q.where_n = 1;
    r = build(&w, "rejects", &q);
    assert_int_equal(tb_table_rows(part(r, "rows")), 0);
    tb_report_free(r);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_cells), cmocka_unit_test(test_days_add_up_to_the_range),
        cmocka_unit_test(test_where),        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sort_and_top), cmocka_unit_test(test_json_by_hand),
        cmocka_unit_test(test_rejects),      cmocka_unit_test(test_intake_counts_whole_files_of_the_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
