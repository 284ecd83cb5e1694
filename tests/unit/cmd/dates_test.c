/* DATES of the command line: words, months, ranges, instants, DST days. The oracle for day arithmetic is the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include "cmd/dates.h"

static struct tb_zone *berlin, *utc;

static int setup(void **state)
{
    (void)state;
    struct tb_err err;
    return tb_zone_load("Europe/Berlin", &berlin, &err) == TB_OK && tb_zone_load("UTC", &utc, &err) == TB_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    tb_zone_free(berlin);
    tb_zone_free(utc);
    return 0;
}

static int64_t instant(const char *text)
{
    int64_t ts = 0;
    bool has_zone = false;
    assert_true(tb_ts_parse(tb_str_of(text), &ts, &has_zone));
    return ts;
}

static int32_t day(const char *text)
{
    int32_t d = 0;
    assert_true(tb_day_parse(tb_str_of(text), &d));
    return d;
}

static void test_words(void **state)
{
    (void)state;
    /* Sunday 2026-11-22, 00:30 in Berlin is still Saturday in UTC */
    int64_t now = instant("2026-11-21T23:30:00Z");
    static const struct {
        const char *word, *from, *to;
    } rows[] = {
        {"today", "2026-11-22", "2026-11-22"},     {"yesterday", "2026-11-21", "2026-11-21"},
        {"last-week", "2026-11-09", "2026-11-15"}, {"last-month", "2026-10-01", "2026-10-31"},
        {"-7d", "2026-11-15", "2026-11-15"},       {"-0d", "2026-11-22", "2026-11-22"},
        {"2026-02", "2026-02-01", "2026-02-28"},   {"2028-02", "2028-02-01", "2028-02-29"},
        {"2026-12", "2026-12-01", "2026-12-31"},   {"2026-03-29", "2026-03-29", "2026-03-29"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tb_dates d;
        struct tb_err err;
        assert_int_equal(tb_dates_parse(rows[i].word, NULL, NULL, false, berlin, now, &d, &err), TB_OK);
        assert_true(d.given);
        assert_int_equal(d.from_day, day(rows[i].from));
        assert_int_equal(d.to_day, day(rows[i].to));
        assert_int_equal(d.from_us, tb_zone_day_start(berlin, d.from_day));
        assert_int_equal(d.to_us, tb_zone_day_start(berlin, d.to_day + 1));
        assert_int_equal(d.running, strcmp(rows[i].word, "today") == 0 || strcmp(rows[i].word, "-0d") == 0);
    }
}

/* The day that runs, by its date, is a whole day: what is said of it does not depend on the clock. */
static void test_only_today_runs(void **state)
{
    (void)state;
    int64_t now = instant("2026-11-22T12:00:00Z");
    struct tb_dates d;
    struct tb_err err;
    assert_int_equal(tb_dates_parse("2026-11-22", NULL, NULL, false, berlin, now, &d, &err), TB_OK);
    assert_false(d.running);
    assert_int_equal(tb_dates_parse(NULL, "-7d", "today", false, berlin, now, &d, &err), TB_OK);
    assert_true(d.running);
    assert_int_equal(tb_dates_parse(NULL, "2026-11-01", "2026-11", false, berlin, now, &d, &err), TB_OK);
    assert_false(d.running);
}

static void test_last_week_on_each_weekday(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        struct tb_dates d;
        struct tb_err err;
        int64_t now = instant("2026-01-01T12:00:00Z") + i * TB_US_PER_DAY;
        time_t t = (time_t)(now / TB_US_PER_S);
        struct tm tm;
        gmtime_r(&t, &tm);
        assert_int_equal(tb_dates_parse("last-week", NULL, NULL, false, utc, now, &d, &err), TB_OK);
        int since_monday = (tm.tm_wday + 6) % 7;
        assert_int_equal(d.from_day, tb_utc_day(now) - since_monday - 7);
        assert_int_equal(d.to_day - d.from_day, 6);
    }
}

static void test_default_is_yesterday(void **state)
{
    (void)state;
    struct tb_dates d;
    struct tb_err err;
    assert_int_equal(
        tb_dates_parse(NULL, NULL, NULL, false, berlin, instant("2026-11-22T12:00:00Z"), &d, &err), TB_OK);
    assert_false(d.given);
    assert_int_equal(d.from_day, day("2026-11-21"));
    assert_int_equal(d.to_day, day("2026-11-21"));
}

static void test_dst_days(void **state)
{
    (void)state;
    struct tb_dates d;
    struct tb_err err;
    assert_int_equal(tb_dates_parse("2026-03-29", NULL, NULL, false, berlin, 0, &d, &err), TB_OK);
    assert_int_equal(d.to_us - d.from_us, 23 * TB_US_PER_H);
    assert_int_equal(tb_dates_parse("2026-10-25", NULL, NULL, false, berlin, 0, &d, &err), TB_OK);
    assert_int_equal(d.to_us - d.from_us, 25 * TB_US_PER_H);
}

static void test_instants(void **state)
{
    (void)state;
    struct tb_dates d;
    struct tb_err err;
    assert_int_equal(tb_dates_parse(NULL, "2026-11-21T10:00", "2026-11-21T12:30", true, berlin, 0, &d, &err),
                     TB_OK);
    assert_true(d.instants);
    assert_int_equal(d.from_us, instant("2026-11-21T09:00:00Z"));
    assert_int_equal(d.to_us, instant("2026-11-21T11:30:00Z"));
    assert_int_equal(
        tb_dates_parse(NULL, "2026-11-21T10:00Z", "2026-11-22T00:00+01:00", true, berlin, 0, &d, &err),
        TB_OK);
    assert_int_equal(d.from_us, instant("2026-11-21T10:00:00Z"));
    assert_int_equal(d.to_us, instant("2026-11-21T23:00:00Z"));
    assert_int_equal(d.to_day, day("2026-11-21"));
    assert_int_equal(tb_dates_parse(NULL, "2026-11-20", "2026-11-21T06:00:30", true, utc, 0, &d, &err),
                     TB_OK);
    assert_int_equal(d.from_us, instant("2026-11-20T00:00:00Z"));
    assert_int_equal(d.to_us, instant("2026-11-21T06:00:30Z"));
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *date, *from, *to, *says;
    } rows[] = {
        {"2026-02-30", NULL, NULL, "bad date \"2026-02-30\" for --date"},
        {"2026-13", NULL, NULL, "bad date"},
        {"tomorrow", NULL, NULL, "bad date"},
        {"-7", NULL, NULL, "bad date"},
        {"-7days", NULL, NULL, "bad date"},
        {"2026-11-21T10:00", NULL, NULL, "bad date"},
        {"", NULL, NULL, "bad date"},
        {NULL, "2026-11-21", NULL, "--to is missing"},
        {NULL, NULL, "2026-11-21", "--from is missing"},
        {"2026-11-21", "2026-11-20", "2026-11-21", "--date does not go with"},
        {NULL, "2026-11-22", "2026-11-21", "is not before"},
        {NULL, "1970-01-01", "9999-12-31", "is more than 36600 days"},
        {NULL, "2026-11-21T10:00", "2026-11-21", "bad date \"2026-11-21T10:00\" for --from"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tb_dates d;
        struct tb_err err;
        assert_int_equal(tb_dates_parse(rows[i].date, rows[i].from, rows[i].to, false, utc, 0, &d, &err),
                         TB_FAIL);
        assert_int_equal(err.code, TB_E_USAGE);
        assert_non_null(strstr(err.text, rows[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_only_today_runs),
        cmocka_unit_test(test_last_week_on_each_weekday),
        cmocka_unit_test(test_default_is_yesterday),
        cmocka_unit_test(test_dst_days),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
