#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define YEAR_MIN 1970
#define YEAR_MAX 9999

/* A text being read from the left. */
struct reader {
    const char *p;
    size_t n;
};

static bool take_char(struct reader *r, char c)
{
    if (r->n == 0 || r->p[0] != c) {
        return false;
    }
    r->p++;
    r->n--;
    return true;
}

static bool take_either(struct reader *r, char a, char b)
{
    return take_char(r, a) || take_char(r, b);
}

/* Exactly width digits, their value within 0..max. */
static bool take_number(struct reader *r, int width, int max, int *out)
{
    int v = 0;
    if (r->n < (size_t)width) {
        return false;
    }
    for (int i = 0; i < width; i++) {
        if (r->p[i] < '0' || r->p[i] > '9') {
            return false;
        }
        v = v * 10 + (r->p[i] - '0');
    }
    r->p += width;
    r->n -= (size_t)width;
    *out = v;
    return v <= max;
}

static bool take_date(struct reader *r, bool dashes, int32_t *day)
{
    int year = 0;
    int month = 0;
    int mday = 0;
    if (!take_number(r, 4, YEAR_MAX, &year) || (dashes && !take_char(r, '-')) ||
        !take_number(r, 2, 12, &month) || (dashes && !take_char(r, '-')) || !take_number(r, 2, 31, &mday)) {
        return false;
    }
    *day = tb_day_of_civil(year, month, mday);
    return *day != TB_DAY_NONE;
}

/* ".5" to ".123456789": microseconds. Without a point it is 0. */
static bool take_fraction(struct reader *r, int64_t *us)
{
    *us = 0;
    if (!take_char(r, '.')) {
        return true;
    }
    int digits = 0;
    for (; r->n > 0 && r->p[0] >= '0' && r->p[0] <= '9'; r->p++, r->n--) {
        if (digits < 6) {
            *us = *us * 10 + (r->p[0] - '0');
        }
        digits++;
    }
    for (int i = digits; i < 6; i++) {
        *us *= 10;
    }
    return digits >= 1 && digits <= 9;
}

/* "10:00", "10:00:00", "10:00:00.5", as microseconds since midnight. */
static bool take_time(struct reader *r, int64_t *us)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    int64_t fraction = 0;
    if (!take_number(r, 2, 23, &hour) || !take_char(r, ':') || !take_number(r, 2, 59, &minute)) {
        return false;
    }
    if (take_char(r, ':') && (!take_number(r, 2, 60, &second) || !take_fraction(r, &fraction))) {
        return false;
    }
    *us = hour * TB_US_PER_H + minute * TB_US_PER_MIN + second * TB_US_PER_S + fraction;
    return true;
}

/* "Z", "+01", "+0100", "+01:00", or nothing. */
static bool take_zone(struct reader *r, int64_t *offset_us, bool *has_zone)
{
    *offset_us = 0;
    *has_zone = r->n > 0;
    if (r->n == 0 || take_either(r, 'Z', 'z')) {
        return true;
    }
    int hours = 0;
    int minutes = 0;
    bool minus = r->p[0] == '-';
    if (!take_either(r, '+', '-') || !take_number(r, 2, 23, &hours)) {
        return false;
    }
    if (r->n > 0) {
        (void)take_char(r, ':');
        if (!take_number(r, 2, 59, &minutes)) {
            return false;
        }
    }
    *offset_us = (hours * TB_US_PER_H + minutes * TB_US_PER_MIN) * (minus ? -1 : 1);
    return true;
}

bool tb_ts_parse(struct tb_str s, int64_t *ts_us, bool *has_zone)
{
    assert(ts_us != NULL && has_zone != NULL);
    struct reader r = {s.s, s.n};
    int32_t day = 0;
    int64_t time_us = 0;
    int64_t offset_us = 0;
    bool zone = false;
    if (!take_date(&r, true, &day) || !(take_either(&r, 'T', 't') || take_char(&r, ' ')) ||
        !take_time(&r, &time_us) || !take_zone(&r, &offset_us, &zone) || r.n > 0) {
        return false;
    }
    int64_t ts = day * TB_US_PER_DAY + time_us - offset_us;
    if (ts < 0 || tb_utc_day(ts) > tb_day_of_civil(YEAR_MAX, 12, 31)) {
        return false;
    }
    *ts_us = ts;
    *has_zone = zone;
    return true;
}

size_t tb_ts_format(int64_t ts_us, char out[TB_TS_TEXT_MAX])
{
    int32_t day = tb_utc_day(ts_us);
    int64_t rest = ts_us - day * TB_US_PER_DAY;
    int second = (int)(rest / TB_US_PER_S);
    int us = (int)(rest % TB_US_PER_S);
    size_t n = tb_day_format(day, out);
    int added = snprintf(out + n, TB_TS_TEXT_MAX - n, "T%02d:%02d:%02d", second / 3600, second / 60 % 60,
                         second % 60);
    assert(added > 0 && (size_t)added < TB_TS_TEXT_MAX - n - 9);
    n += (size_t)added;
    if (us != 0) {
        (void)snprintf(out + n, TB_TS_TEXT_MAX - n, ".%06d", us);
        n += 7;
        while (out[n - 1] == '0') {
            n--;
        }
    }
    out[n++] = 'Z';
    out[n] = '\0';
    return n;
}

bool tb_day_parse(struct tb_str s, int32_t *day)
{
    struct reader r = {s.s, s.n};
    int32_t d = 0;
    if (!take_date(&r, true, &d) || r.n > 0 || d < 0) {
        return false;
    }
    *day = d;
    return true;
}

bool tb_day_parse_compact(struct tb_str s, int32_t *day)
{
    struct reader r = {s.s, s.n};
    int32_t d = 0;
    if (!take_date(&r, false, &d) || r.n > 0 || d < 0) {
        return false;
    }
    *day = d;
    return true;
}

size_t tb_day_format(int32_t day, char out[TB_TS_TEXT_MAX])
{
    int year = 0;
    int month = 0;
    int mday = 0;
    tb_day_civil(day, &year, &month, &mday);
    int n = snprintf(out, TB_TS_TEXT_MAX, "%04d-%02d-%02d", year, month, mday);
    assert(n > 0 && n < TB_TS_TEXT_MAX);
    return (size_t)n;
}

/* Years are counted from 1 March, so that the leap day is the last of its year; 400 years are 146097 days. */
void tb_day_civil(int32_t day, int *year, int *month, int *mday)
{
    int64_t z = (int64_t)day + 719468; /* days since 0000-03-01 */
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;                                      /* 0..146096 */
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365; /* 0..399 */
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);               /* 0..365 */
    int64_t mp = (5 * doy + 2) / 153;                                    /* 0 = March */
    *mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

int32_t tb_day_of_civil(int year, int month, int mday)
{
    if (year < -YEAR_MAX || year > 5000000 || month < 1 || month > 12 || mday < 1 ||
        mday > month_days(year, month)) {
        return TB_DAY_NONE;
    }
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (int32_t)(era * 146097 + doe - 719468);
}

int tb_day_weekday(int32_t day)
{
    int64_t w = ((int64_t)day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(w < 0 ? w + 7 : w);
}

enum tb_status tb_clock_now(int64_t *ts_us, struct tb_err *err)
{
    const char *given = getenv("TOLLBOOK_NOW");
    if (given != NULL && given[0] != '\0') {
        bool has_zone = false;
        if (!tb_ts_parse(tb_str_of(given), ts_us, &has_zone) || !has_zone) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                              "TOLLBOOK_NOW \"%s\" is no instant; write it like 2026-11-21T10:00:00Z", given);
        }
        return TB_OK;
    }
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "the system clock cannot be read (error %d)", errno);
    }
    *ts_us = (int64_t)t.tv_sec * TB_US_PER_S + t.tv_nsec / 1000;
    return TB_OK;
}

int64_t tb_clock_monotonic_us(void)
{
    struct timespec t;
    int rc = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(rc == 0);
    return (int64_t)t.tv_sec * TB_US_PER_S + t.tv_nsec / 1000;
}
