#include "base/zone_rule.h"

#include <assert.h>
#include "base/clock.h"

#define DAY_SECONDS      86400
#define OFFSET_HOURS_MAX 24
#define TIME_HOURS_MAX   167

struct reader {
    const char *p;
    const char *end;
};

static bool take_char(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c) {
        return false;
    }
    r->p++;
    return true;
}

/* One to three digits, within min..max. */
static bool take_number(struct reader *r, int min, int max, int *out)
{
    const char *start = r->p;
    int v = 0;
    while (r->p < r->end && r->p - start < 3 && *r->p >= '0' && *r->p <= '9') {
        v = v * 10 + (*r->p++ - '0');
    }
    *out = v;
    return r->p > start && v >= min && v <= max;
}

/* "CET" or "<+0330>": at least three characters, of no further interest. */
static bool take_name(struct reader *r)
{
    bool angled = take_char(r, '<');
    const char *start = r->p;
    while (r->p < r->end) {
        char c = *r->p;
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(angled && ((c >= '0' && c <= '9') || c == '+' || c == '-'))) {
            break;
        }
        r->p++;
    }
    return r->p - start >= 3 && (!angled || take_char(r, '>'));
}

/* "[+-]hh[:mm[:ss]]" as seconds. */
static bool take_time(struct reader *r, int hours_max, int32_t *seconds)
{
    int h = 0;
    int m = 0;
    int s = 0;
    bool minus = take_char(r, '-');
    if (!minus) {
        (void)take_char(r, '+');
    }
    if (!take_number(r, 0, hours_max, &h)) {
        return false;
    }
    if (take_char(r, ':') &&
        (!take_number(r, 0, 59, &m) || (take_char(r, ':') && !take_number(r, 0, 59, &s)))) {
        return false;
    }
    *seconds = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
    return true;
}

/* ",M3.5.0/2", ",J60", ",59". */
static bool take_day(struct reader *r, struct tb_zone_rule_day *d)
{
    *d = (struct tb_zone_rule_day){.kind = 'n', .second = 2 * 3600};
    if (!take_char(r, ',')) {
        return false;
    }
    if (take_char(r, 'M')) {
        d->kind = 'M';
        if (!take_number(r, 1, 12, &d->month) || !take_char(r, '.') || !take_number(r, 1, 5, &d->week) ||
            !take_char(r, '.') || !take_number(r, 0, 6, &d->day)) {
            return false;
        }
    } else if (take_char(r, 'J')) {
        d->kind = 'J';
        if (!take_number(r, 1, 365, &d->day)) {
            return false;
        }
    } else if (!take_number(r, 0, 365, &d->day)) {
        return false;
    }
    return !take_char(r, '/') || take_time(r, TIME_HOURS_MAX, &d->second);
}

bool tb_zone_rule_parse(struct tb_str s, struct tb_zone_rule *rule)
{
    struct reader r = {s.s, s.s + s.n};
    int32_t west = 0; /* POSIX counts offsets westward */
    *rule = (struct tb_zone_rule){0};
    if (!take_name(&r) || !take_time(&r, OFFSET_HOURS_MAX, &west)) {
        return false;
    }
    rule->standard = -west;
    if (r.p == r.end) {
        return true;
    }
    rule->has_dst = true;
    if (!take_name(&r)) {
        return false;
    }
    west -= 3600;
    if (r.p < r.end && *r.p != ',' && !take_time(&r, OFFSET_HOURS_MAX, &west)) {
        return false;
    }
    rule->dst = -west;
    return take_day(&r, &rule->start) && take_day(&r, &rule->end) && r.p == r.end;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day that d means in year. */
static int64_t day_in_year(const struct tb_zone_rule_day *d, int year)
{
    int64_t new_year = tb_day_of_civil(year, 1, 1);
    if (d->kind == 'J') {
        return new_year + d->day - (is_leap(year) && d->day >= 60 ? 0 : 1);
    }
    if (d->kind == 'n') {
        return new_year + d->day;
    }
    assert(d->kind == 'M');
    int32_t first = tb_day_of_civil(year, d->month, 1);
    int32_t next = d->month < 12 ? tb_day_of_civil(year, d->month + 1, 1) : tb_day_of_civil(year + 1, 1, 1);
    int wanted = (d->day + 6) % 7; /* Monday = 0, as tb_day_weekday has it */
    int32_t day = first + (wanted - tb_day_weekday(first) + 7) % 7 + 7 * (d->week - 1);
    return day < next ? day : day - 7;
}

int64_t tb_zone_rule_start(const struct tb_zone_rule *r, int year)
{
    return day_in_year(&r->start, year) * DAY_SECONDS + r->start.second - r->standard;
}

int64_t tb_zone_rule_end(const struct tb_zone_rule *r, int year)
{
    return day_in_year(&r->end, year) * DAY_SECONDS + r->end.second - r->dst;
}
