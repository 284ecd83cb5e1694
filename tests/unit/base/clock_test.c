/* base/clock against the C library's calendar (timegm, gmtime_r), and by tables. */
#include "support.h"
#include "base/clock.h"
#include <time.h>

static void test_days_against_gmtime(void **state)
{
    (void)state;
    for (int32_t day = -800000; day < 2932897; day += 97) {
        time_t t = (time_t)day * 86400;
        struct tm tm;
        int year = 0;
        int month = 0;
        int mday = 0;
        assert_non_null(gmtime_r(&t, &tm));
        tb_day_civil(day, &year, &month, &mday);
        assert_int_equal(year, tm.tm_year + 1900);
        assert_int_equal(month, tm.tm_mon + 1);
        assert_int_equal(mday, tm.tm_mday);
        assert_int_equal(tb_day_of_civil(year, month, mday), day);
        assert_int_equal(tb_day_weekday(day), (tm.tm_wday + 6) % 7);
    }
}

static void test_dates_that_do_not_exist(void **state)
{
    (void)state;
    static const int bad[][3] = {{2026, 2, 29}, {2026, 0, 1}, {2026, 13, 1},
                                 {2026, 4, 31}, {2026, 1, 0}, {2100, 2, 29}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(tb_day_of_civil(bad[i][0], bad[i][1], bad[i][2]), TB_DAY_NONE);
    }
    assert_int_not_equal(tb_day_of_civil(2000, 2, 29), TB_DAY_NONE);
    assert_int_not_equal(tb_day_of_civil(2028, 2, 29), TB_DAY_NONE);
}

static void test_day_texts(void **state)
{
    (void)state;
    int32_t day = 0;
    char out[TB_TS_TEXT_MAX];
    assert_true(tb_day_parse(TB_STR("2026-11-21"), &day));
    assert_int_equal(tb_day_format(day, out), 10);
    assert_string_equal(out, "2026-11-21");
    int32_t compact = 0;
    assert_true(tb_day_parse_compact(TB_STR("20261121"), &compact));
    assert_int_equal(day, compact);
    static const char *const bad[] = {"",         "2026-11-2",  "2026-1-21",  "2026-11-211", "2026/11/21",
                                      "26-11-21", "1969-12-31", "2026-02-29", " 2026-11-21", "2026-11-21T",
                                      "20261121", "-026-11-21", "2026-+1-21"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(tb_day_parse(tb_str_of(bad[i]), &day));
    }
    assert_false(tb_day_parse_compact(TB_STR("2026-11-21"), &day));
    assert_false(tb_day_parse_compact(TB_STR("2026112"), &day));
    assert_false(tb_day_parse(TB_STR_NULL, &day));
}

static void test_instants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *utc;
        bool zone;
    } rows[] = {
        {"2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", true},
        {"2026-11-21 10:00:00", "2026-11-21T10:00:00Z", false},
        {"2026-11-21T10:00", "2026-11-21T10:00:00Z", false},
        {"2026-11-21T10:00:00.123456+01:00", "2026-11-21T09:00:00.123456Z", true},
        {"2025-11-02 23:59:50.123456+00", "2025-11-02T23:59:50.123456Z", true},
        {"2026-11-21T10:00:00-0330", "2026-11-21T13:30:00Z", true},
        {"2026-11-21t10:00:00z", "2026-11-21T10:00:00Z", true},
        {"2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00.5Z", true},
        {"2026-11-21T10:00:00.999999999Z", "2026-11-21T10:00:00.999999Z", true},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", true},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", true},
        {"1969-12-31T23:30:00-01:00", "1970-01-01T00:30:00Z", true},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ts = 0;
        bool zone = false;
        char out[TB_TS_TEXT_MAX];
        assert_true(tb_ts_parse(tb_str_of(rows[i].text), &ts, &zone));
        assert_int_equal(tb_ts_format(ts, out), strlen(rows[i].utc));
        assert_string_equal(out, rows[i].utc);
        assert_true(zone == rows[i].zone);
    }
}

static void test_not_instants(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2026-11-21",
                                      "2026-11-21T",
                                      "2026-11-21T10",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T10:60:00Z",
                                      "2026-11-21T10:00:61Z",
                                      "2026-11-21T10:00:00.",
                                      "2026-11-21T10:00:00.Z",
                                      "2026-11-21T10:00:00.1234567890Z",
                                      "2026-11-21T10:00:00 Z",
                                      "2026-11-21T10:00:00+1",
                                      "2026-11-21T10:00:00+01:",
                                      "2026-11-21T10:00:00+24:00",
                                      "2026-11-21T10:00:00+01:60",
                                      "2026-11-21T10:00:00Zjunk",
                                      "2026-11-21X10:00:00Z",
                                      "2026-02-30T10:00:00Z",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+01:00",
                                      "9999-12-31T23:59:59-01:00",
                                      "1763719200"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ts = 5;
        bool zone = true;
        assert_false(tb_ts_parse(tb_str_of(bad[i]), &ts, &zone));
        assert_int_equal(ts, 5);
    }
}

static void test_text_and_back_against_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 21;
    for (int i = 0; i < 50000; i++) {
        int64_t seconds = (int64_t)random_below(&seed, 253402300800);
        int64_t us = (int64_t)random_below(&seed, 1000000);
        int offset = (int)random_below(&seed, 2 * 1439) - 1439; /* minutes */
        time_t t = (time_t)(seconds + offset * 60);
        struct tm tm;
        char text[64];
        char date[32];
        int64_t ts = 0;
        bool zone = false;
        if (t < 0 || t >= 253402300800) {
            continue;
        }
        assert_non_null(gmtime_r(&t, &tm));
        assert_true(strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) > 0);
        int plus = offset < 0 ? -offset : offset;
        (void)snprintf(text, sizeof(text), "%s.%06d%c%02d:%02d", date, (int)us, offset < 0 ? '-' : '+',
                       plus / 60, plus % 60);
        assert_true(tb_ts_parse(tb_str_of(text), &ts, &zone));
        assert_true(zone);
        assert_int_equal(ts, seconds * TB_US_PER_S + us);
        assert_true(tb_ts_format(ts, text) < TB_TS_TEXT_MAX);
        int64_t back = 0;
        assert_true(tb_ts_parse(tb_str_of(text), &back, &zone));
        assert_int_equal(back, ts);
        assert_int_equal(tb_utc_day(ts), seconds / 86400);
    }
    assert_int_equal(tb_utc_day(-1), -1);
    assert_int_equal(tb_utc_day(-TB_US_PER_DAY), -1);
}

static void test_the_present(void **state)
{
    (void)state;
    int64_t now = 0;
    struct tb_err err;
    assert_int_equal(setenv("TOLLBOOK_NOW", "2026-11-22T02:30:00Z", 1), 0);
    assert_int_equal(tb_clock_now(&now, &err), TB_OK);
    char out[TB_TS_TEXT_MAX];
    (void)tb_ts_format(now, out);
    assert_string_equal(out, "2026-11-22T02:30:00Z");
    static const char *const bad[] = {"now", "2026-11-22", "2026-11-22T02:30:00"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(setenv("TOLLBOOK_NOW", bad[i], 1), 0);
        assert_int_equal(tb_clock_now(&now, &err), TB_FAIL);
        assert_int_equal(err.code, TB_E_USAGE);
        assert_int_equal(tb_err_exit(&err), 2);
    }
    assert_int_equal(unsetenv("TOLLBOOK_NOW"), 0);
    assert_int_equal(tb_clock_now(&now, &err), TB_OK);
    int64_t apart = now / TB_US_PER_S - (int64_t)time(NULL);
    assert_true(apart >= -2 && apart <= 2);
    int64_t first = tb_clock_monotonic_us();
    assert_true(tb_clock_monotonic_us() >= first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_against_gmtime),
        cmocka_unit_test(test_dates_that_do_not_exist),
        cmocka_unit_test(test_day_texts),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_not_instants),
        cmocka_unit_test(test_text_and_back_against_the_c_library),
        cmocka_unit_test(test_the_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
