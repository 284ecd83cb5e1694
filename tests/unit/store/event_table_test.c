/* usage_event through SQL: the contract's columns in its order, values against what was stored, ranges
 * against no ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "store_fixture.h"

/* CONTRACT.md, end of section 3. */
static const char contract[] =
    "day ts source node id consumer provider model_requested model service_tier feature variant trigger "
    "input cache_read "
    "cache_write_5m cache_write_1h output reasoning total_only saved quality status success latency_ms "
    "retries request_bytes "
    "response_bytes client_ip user_agent prompt_fingerprint prompt_chars logged_cost file line";

static void load(struct fixture *f, uint32_t source, struct tb_row *rows, uint32_t n, const char *path)
{
    struct tb_load_txn *t = NULL;
    struct tb_append_counts c;
    uint32_t file = new_file(f->db, path, source);
    must(tb_load_begin(f->db, file, source, &t, &err));
    must(tb_load_append(t, rows, n, &c, NULL, NULL, &err));
    assert_int_equal(c.events, n);
    must(tb_load_finish(t, &err));
}

static void columns_of_the_contract(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_query *q = NULL;
    char names[1024] = "";
    fixture_open(&f);
    must(tb_query_open_user(f.db, TB_STR("SELECT * FROM usage_event"), &q, &err));
    for (int i = 0; i < tb_query_columns(q); i++) {
        strcat(names, i > 0 ? " " : "");
        strcat(names, tb_query_column_name(q, i));
    }
    assert_string_equal(names, contract);
    struct tb_err err = {.code = TB_E_NONE};
    assert_int_equal(tb_query_step(q, &err), TB_END);
    tb_query_close(q);
    fixture_close(&f);
}

static void check_text(struct tb_db *db, const char *sql, const char *expected)
{
    struct tb_query *q = NULL;
    must(tb_query_open_user(db, tb_str_of(sql), &q, &err));
    must(tb_query_step(q, &err));
    struct tb_str s = tb_query_text(q, 0);
    if (!tb_str_eq(s, tb_str_of(expected))) {
        fail_msg("%s: %.*s, not %s", sql, (int)s.n, s.s != NULL ? s.s : "",
                 expected != NULL ? expected : "NULL");
    }
    tb_query_close(q);
}

static void values(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_row rows[2] = {{.ts_us = 0}};
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    uint32_t source = dict_add(f.db, "gateway");
    struct tb_row *r = &rows[0];
    r->ts_us = INT64_C(1767225600000123); /* 2026-01-01T00:00:00.000123Z */
    r->identity = (struct tb_hash128){1, 1};
    r->id = TB_STR("0123456789abcdef0123456789abcdef/proxy");
    for (int k = 0; k < TB_T_COUNT; k++) {
        char text[40];
        snprintf(text, sizeof text, "text of %s", tb_event_text_names[k]);
        r->text[k] = dict_add(f.db, text);
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        r->number[k] = 100 + k;
        r->present |= 1u << k;
    }
    r->quality = TB_QUALITY_EXACT;
    r->flags = TB_F_TOOL | TB_F_REFUSED;
    r->has_cost = true;
    r->cost = (struct tb_decimal){.mantissa = 37, .exponent = -5};
    r->prompt_fingerprint = UINT64_C(0xabcdef);
    r->line = 42;
    rows[1] = (struct tb_row){.ts_us = r->ts_us + 1, .identity = {2, 2}, .line = 43};
    load(&f, source, rows, 2, "/logs/a.log");
    must(tb_db_commit(f.db, &err));
    static const struct {
        const char *column, *first, *second;
    } expected[] = {
        {"day", "2026-01-01", "2026-01-01"},
        {"ts", "1767225600000123", "1767225600000124"},
        {"source", "gateway", "gateway"},
        {"node", "text of node", NULL},
        {"id", "0123456789abcdef0123456789abcdef/proxy", NULL},
        {"consumer", "text of consumer", NULL},
        {"provider", "text of provider", NULL},
        {"model_requested", "text of model_requested", NULL},
        {"model", "text of model", NULL},
        {"service_tier", "text of service_tier", NULL},
        {"feature", "text of feature", NULL},
        {"variant", "text of variant", NULL},
        {"trigger", "text of trigger", NULL},
        {"input", "100", NULL},
        {"cache_read", "101", NULL},
        {"cache_write_5m", "102", NULL},
        {"cache_write_1h", "103", NULL},
        {"output", "104", NULL},
        {"reasoning", "105", NULL},
        {"total_only", "106", NULL},
        {"saved", "107", NULL},
        {"status", "108", NULL},
        {"success", "109", NULL},
        {"latency_ms", "110", NULL},
        {"retries", "111", NULL},
        {"request_bytes", "112", NULL},
        {"response_bytes", "113", NULL},
        {"prompt_chars", "114", NULL},
        {"\"limit\"", "115", NULL},
        {"remaining", "116", NULL},
        {"quality", "exact", "none"},
        {"client_ip", "text of client_ip", NULL},
        {"user_agent", "text of user_agent", NULL},
        {"prompt_fingerprint", "0000000000abcdef", NULL},
        {"logged_cost", "0.00037", NULL},
        {"file", "/logs/a.log", "/logs/a.log"},
        {"line", "42", "43"},
        {"member", "", ""},
        {"tool", "1", "0"},
        {"refused", "1", "0"},
        {"cache_hit", "0", "0"},
        {"cost_currency", "text of cost_currency", NULL},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT %s FROM usage_event WHERE line = 42", expected[i].column);
        check_text(f.db, sql, expected[i].first);
        snprintf(sql, sizeof sql, "SELECT %s FROM usage_event WHERE ts = 1767225600000124",
                 expected[i].column);
        check_text(f.db, sql, expected[i].second);
    }
    fixture_close(&f);
}

static void exact_costs(void **state)
{
    (void)state;
    static const struct {
        int64_t mantissa;
        int32_t exponent;
        const char *text;
    } rows[] = {{0, 0, "0"},         {5, 0, "5"},
                {5, 3, "5000"},      {-5, -1, "-0.5"},
                {123, -2, "1.23"},   {123, -3, "0.123"},
                {1, -6, "0.000001"}, {INT64_MAX, -4, "922337203685477.5807"},
                {-12, 1, "-120"},    {7, -10, "0.0000000007"}};
    struct fixture f;
    struct tb_row stored[sizeof rows / sizeof *rows];
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    memset(stored, 0, sizeof stored);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        stored[i].identity = (struct tb_hash128){i + 1, i};
        stored[i].ts_us = (int64_t)i * 1000;
        stored[i].line = i;
        stored[i].has_cost = true;
        stored[i].cost = (struct tb_decimal){rows[i].mantissa, rows[i].exponent};
    }
    load(&f, dict_add(f.db, "s"), stored, sizeof rows / sizeof *rows, "/a");
    must(tb_db_commit(f.db, &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT logged_cost FROM usage_event WHERE line = %d", (int)i);
        check_text(f.db, sql, rows[i].text);
    }
    fixture_close(&f);
}

/* What a statement with a narrowed scan counts, against the same over all rows in a temporary list. */
static int64_t count(struct tb_db *db, const char *where)
{
    struct tb_query *q = NULL;
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM usage_event WHERE %s", where);
    must(tb_query_open_user(db, tb_str_of(sql), &q, &err));
    must(tb_query_step(q, &err));
    int64_t n = tb_query_int(q, 0);
    tb_query_close(q);
    return n;
}

static void ranges_narrow_nothing_away(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_zone *zone = NULL;
    static struct tb_row rows[3000];
    uint64_t random = 6;
    const int64_t base =
        INT64_C(1774652400000000); /* 2026-03-27T23:00Z: days around the DST change of Berlin */
    fixture_open(&f);
    must(tb_db_begin(f.db, &err));
    for (uint32_t i = 0; i < 3000; i++) {
        rows[i] = (struct tb_row){.identity = {random_next(&random), i},
                                  .ts_us = base + (int64_t)(i * (uint64_t)130000000),
                                  .line = i};
    }
    load(&f, dict_add(f.db, "s"), rows, 3000, "/a");
    must(tb_db_commit(f.db, &err));
    for (int round = 0; round < 2; round++) {
        if (round == 1) {
            must(tb_zone_load("Europe/Berlin", &zone, &err));
            tb_db_set_zone(f.db, zone);
        }
        int64_t total = 0;
        for (int d = 26; d <= 33; d++) {
            char day[TB_TS_TEXT_MAX], where[300], plain[300];
            int32_t number = tb_day_of_civil(2026, 3, 1) + d - 1;
            tb_day_format(number, day);
            static const char *const ops[] = {"=", "<", "<=", ">", ">="};
            for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
                snprintf(where, sizeof where, "day %s '%s'", ops[o], day);
                snprintf(plain, sizeof plain, "day || '' %s '%s'", ops[o], day);
                assert_int_equal(count(f.db, where), count(f.db, plain));
            }
            snprintf(where, sizeof where, "day = '%s'", day);
            total += count(f.db, where);
            int64_t expected = 0;
            for (uint32_t i = 0; i < 3000; i++) {
                expected +=
                    (round == 1 ? tb_zone_day(zone, rows[i].ts_us) : tb_utc_day(rows[i].ts_us)) == number;
            }
            assert_int_equal(count(f.db, where), expected);
        }
        assert_int_equal(total, 3000);
    }
    for (int k = 0; k < 40; k++) {
        char where[300], plain[300];
        int64_t a = base + (int64_t)(random_next(&random) % 390000) * 1000000,
                b = k % 3 ? a + 777000000 : rows[random_below(&random, 3000)].ts_us;
        snprintf(where, sizeof where, "ts >= %lld AND ts < %lld", (long long)a, (long long)b);
        snprintf(plain, sizeof plain, "+ts >= %lld AND +ts < %lld", (long long)a, (long long)b);
        assert_int_equal(count(f.db, where), count(f.db, plain));
        snprintf(where, sizeof where, "ts > %lld AND ts <= %lld", (long long)a, (long long)b);
        snprintf(plain, sizeof plain, "+ts > %lld AND +ts <= %lld", (long long)a, (long long)b);
        assert_int_equal(count(f.db, where), count(f.db, plain));
    }
    assert_int_equal(count(f.db, "ts = 'x'"), 0);
    assert_int_equal(count(f.db, "ts < 'x'"), 3000); /* as SQLite compares: numbers before texts */
    assert_int_equal(count(f.db, "ts > 1e3"), 3000);
    assert_int_equal(count(f.db, "ts >= NULL"), 0);
    assert_int_equal(count(f.db, "day >= 'not a day'"), 0);
    assert_int_equal(count(f.db, "day < 'not a day'"), 3000);
    assert_int_equal(count(f.db, "day IN ('2026-03-28', '2026-03-29')"),
                     count(f.db, "day BETWEEN '2026-03-28' AND '2026-03-29'"));
    assert_int_equal(count(f.db, "ts BETWEEN 0 AND 9223372036854775807"), 3000);
    struct tb_query *q = NULL; /* two cursors at once */
    must(tb_query_open_user(
        f.db,
        TB_STR("SELECT count(*) FROM usage_event a JOIN usage_event b ON b.ts = a.ts WHERE a.line < 50"), &q,
        &err));
    must(tb_query_step(q, &err));
    assert_int_equal(tb_query_int(q, 0), 50);
    tb_query_close(q);
    tb_db_set_zone(f.db, NULL);
    tb_zone_free(zone);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_the_contract),
        cmocka_unit_test(values),
        cmocka_unit_test(exact_costs),
        cmocka_unit_test(ranges_narrow_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
