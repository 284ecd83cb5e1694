/* Concept: the POSIX rule at the end of a TZif file ("CET-1CEST,M3.5.0,M10.5.0/3"): what holds behind its
 *          last transition. Used by zone.c alone.
 * Units:   offsets in seconds east of UTC; instants in seconds since 1970-01-01T00:00:00Z.
 * Source:  POSIX.1-2017, 8.3 "TZ", with the hours of -167 to 167 that RFC 8536 3.3.1 adds.
 */
#ifndef TB_ZONE_RULE_H
#define TB_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct tb_zone_rule_day {
    char kind; /* 'J': day 1..365, 29 February not counted; 'n': day 0..365; 'M': weekday of a week of a month
                */
    int day;   /* of the year; for 'M' of the week, 0 = Sunday */
    int week;  /* 1..5, 5 = last */
    int month;
    int32_t second; /* of that day's local time; may be negative or more than a day */
};

struct tb_zone_rule {
    int32_t standard;
    bool has_dst;
    int32_t dst;
    struct tb_zone_rule_day start; /* of DST */
    struct tb_zone_rule_day end;
};

bool tb_zone_rule_parse(struct tb_str s, struct tb_zone_rule *r);

/* When DST starts and ends in year. */
int64_t tb_zone_rule_start(const struct tb_zone_rule *r, int year);
int64_t tb_zone_rule_end(const struct tb_zone_rule *r, int year);

#endif
