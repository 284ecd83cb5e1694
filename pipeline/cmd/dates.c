#include <stdlib.h>
#include <string.h>
#include "cmd/dates.h"

static int32_t month_start(int year, int month)
{
    while (month < 1) {
        month += 12;
        year--;
    }
    while (month > 12) {
        month -= 12;
        year++;
    }
    return tb_day_of_civil(year, month, 1);
}

static bool parse_month(const char *word, int32_t *first, int32_t *last)
{
    char text[16];
    if (strlen(word) != 7) {
        return false;
    }
    memcpy(text, word, 7);
    memcpy(text + 7, "-01", 4);
    if (!tb_day_parse(tb_str_of(text), first)) {
        return false;
    }
    int y = 0, m = 0, d = 0;
    tb_day_civil(*first, &y, &m, &d);
    *last = month_start(y, m + 1) - 1;
    return true;
}

/* "-7d" */
static bool parse_days_ago(const char *word, int32_t today, int32_t *day)
{
    if (word[0] != '-' || word[1] < '0' || word[1] > '9') {
        return false;
    }
    char *end = NULL;
    long n = strtol(word + 1, &end, 10);
    if (strcmp(end, "d") != 0 || n > 36500) {
        return false;
    }
    *day = today - (int32_t)n;
    return true;
}

/* The days that word names, first..last. */
static bool parse_word(const char *word, int32_t today, int32_t *first, int32_t *last)
{
    int y = 0, m = 0, d = 0;
    tb_day_civil(today, &y, &m, &d);
    if (strcmp(word, "today") == 0) {
        *first = *last = today;
    } else if (strcmp(word, "yesterday") == 0) {
        *first = *last = today - 1;
    } else if (strcmp(word, "last-week") == 0) {
        *first = today - tb_day_weekday(today) - 7;
        *last = *first + 6;
    } else if (strcmp(word, "last-month") == 0) {
        *first = month_start(y, m - 1);
        *last = month_start(y, m) - 1;
    } else if (parse_days_ago(word, today, first) || tb_day_parse(tb_str_of(word), first)) {
        *last = *first;
    } else {
        return parse_month(word, first, last);
    }
    return true;
}

bool tb_dates_word(const char *word)
{
    int32_t first = 0, last = 0;
    return parse_word(word, 0, &first, &last);
}

/* "2026-11-21T10:00[:SS[.F]][zone]" */
static bool parse_instant(const char *word, const struct tb_zone *zone, int64_t *ts_us)
{
    char text[64];
    size_t n = strlen(word);
    if (n < 16 || n > 40 || word[10] != 'T') {
        return false;
    }
    if (n == 16 || (word[16] != ':')) { /* no seconds: put them in */
        memcpy(text, word, 16);
        memcpy(text + 16, ":00", 3);
        memcpy(text + 19, word + 16, n - 16 + 1);
    } else {
        memcpy(text, word, n + 1);
    }
    bool has_zone = false;
    if (!tb_ts_parse(tb_str_of(text), ts_us, &has_zone)) {
        return false;
    }
    if (!has_zone) {
        int32_t day = tb_utc_day(*ts_us);
        int64_t in_day = *ts_us - (int64_t)day * TB_US_PER_DAY;
        *ts_us = tb_zone_instant(zone, day, (int32_t)(in_day / TB_US_PER_S)) + in_day % TB_US_PER_S;
    }
    return true;
}

static enum tb_status bad_word(const char *option, const char *word, bool instants_allowed,
                               struct tb_err *err)
{
    return tb_err_set(
        err, TB_FAIL, TB_E_USAGE,
        "bad date \"%s\" for --%s; use YYYY-MM-DD, YYYY-MM, today, yesterday, last-week, last-month or -7d%s",
        word, option, instants_allowed ? ", or an instant like 2026-11-21T10:00" : "");
}

static enum tb_status parse_end(const char *option, const char *word, bool instants_allowed,
                                const struct tb_zone *zone, int32_t today, int32_t *first, int32_t *last,
                                int64_t *ts_us, bool *instant, struct tb_err *err)
{
    *instant = instants_allowed && parse_instant(word, zone, ts_us);
    if (*instant) {
        *first = *last = tb_zone_day(zone, *ts_us);
        return TB_OK;
    }
    return parse_word(word, today, first, last) ? TB_OK : bad_word(option, word, instants_allowed, err);
}

static bool is_running(const char *last)
{
    return last != NULL && (strcmp(last, "today") == 0 || strcmp(last, "-0d") == 0);
}

enum tb_status tb_dates_parse(const char *date, const char *from, const char *to, bool instants_allowed,
                              const struct tb_zone *zone, int64_t now_us, struct tb_dates *out,
                              struct tb_err *err)
{
    int32_t today = tb_zone_day(zone, now_us);
    memset(out, 0, sizeof *out);
    out->given = date != NULL || from != NULL || to != NULL;
    out->from_day = out->to_day = today - 1;
    if (date != NULL && (from != NULL || to != NULL)) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                          "--date does not go with --from and --to; use one or the other");
    }
    if ((from == NULL) != (to == NULL)) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "--%s is missing; --from and --to go together",
                          from == NULL ? "from" : "to");
    }
    if (date != NULL && !parse_word(date, today, &out->from_day, &out->to_day)) {
        return bad_word("date", date, false, err);
    }
    out->running = is_running(date != NULL ? date : to);
    out->from_us = tb_zone_day_start(zone, out->from_day);
    out->to_us = tb_zone_day_start(zone, out->to_day + 1);
    if (from == NULL) {
        return TB_OK;
    }
    int32_t first = 0, last = 0;
    int64_t a_us = 0, b_us = 0;
    bool a_instant = false, b_instant = false;
    enum tb_status st =
        parse_end("from", from, instants_allowed, zone, today, &out->from_day, &last, &a_us, &a_instant, err);
    if (st == TB_OK) {
        st = parse_end("to", to, instants_allowed, zone, today, &first, &out->to_day, &b_us, &b_instant, err);
    }
    if (st != TB_OK) {
        return st;
    }
    out->instants = a_instant || b_instant;
    out->from_us = a_instant ? a_us : tb_zone_day_start(zone, out->from_day);
    out->to_us = b_instant ? b_us : tb_zone_day_start(zone, out->to_day + 1);
    if (out->from_us >= out->to_us) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "--from \"%s\" is not before the end of --to \"%s\"",
                          from, to);
    }
    if (b_instant) { /* the end is exclusive */
        out->to_day = tb_zone_day(zone, b_us - 1);
    }
    if (out->to_day - out->from_day >= TB_DATES_DAYS_MAX) { /* days are gone through one by one */
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "--from \"%s\" --to \"%s\" is more than %d days", from,
                          to, TB_DATES_DAYS_MAX);
    }
    return TB_OK;
}
