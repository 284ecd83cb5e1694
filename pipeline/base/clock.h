/* Concept: instants, civil dates and their texts; the only reader of the wall clock.
 * Units:   ts_us = microseconds since 1970-01-01T00:00:00Z; day = days since 1970-01-01 (proleptic
 *          Gregorian).
 * Limits:  years 1970 to 9999; outside is a parse error.
 */
#ifndef TB_CLOCK_H
#define TB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

#define TB_US_PER_S    INT64_C(1000000)
#define TB_US_PER_MIN  (60 * TB_US_PER_S)
#define TB_US_PER_H    (3600 * TB_US_PER_S)
#define TB_US_PER_DAY  (86400 * TB_US_PER_S)
#define TB_DAY_NONE    INT32_MIN
#define TB_TS_NONE     INT64_MIN
#define TB_TS_TEXT_MAX 32

/* The present: TOLLBOOK_NOW (RFC 3339) when set, else the system clock. TB_FAIL/TB_E_USAGE when TOLLBOOK_NOW
 * is bad. */
enum tb_status tb_clock_now(int64_t *ts_us, struct tb_err *err) TB_MUST_USE;

/* Microseconds of a monotonic clock, for progress and durations; never in a result. */
int64_t tb_clock_monotonic_us(void);

/* Parses "2026-11-21T10:00:00.123456+01:00", also with a blank for T, "Z", "+00", "+0100", 0 to 9 fraction
 * digits (behind the sixth cut); the seconds may be missing ("2026-11-21T10:00"). *has_zone tells whether a
 * zone was there; without one the result is the civil time taken as UTC, and the caller decides. A leap
 * second :60 is the next second. */
bool tb_ts_parse(struct tb_str s, int64_t *ts_us, bool *has_zone);

/* RFC 3339 UTC, fraction only when not zero, trailing zeros cut: "2026-11-21T10:00:00Z". */
size_t tb_ts_format(int64_t ts_us, char out[TB_TS_TEXT_MAX]);

/* "YYYY-MM-DD", and "YYYYMMDD" when compact. */
bool tb_day_parse(struct tb_str s, int32_t *day);
bool tb_day_parse_compact(struct tb_str s, int32_t *day);
size_t tb_day_format(int32_t day, char out[TB_TS_TEXT_MAX]);

void tb_day_civil(int32_t day, int *year, int *month, int *mday);
int32_t tb_day_of_civil(int year, int month, int mday); /* month 1..12; TB_DAY_NONE when no such date */
int tb_day_weekday(int32_t day);                        /* 0 = Monday */

static inline int32_t tb_utc_day(int64_t ts_us) /* floor */
{
    int64_t d = ts_us / TB_US_PER_DAY;
    return (int32_t)(ts_us % TB_US_PER_DAY < 0 ? d - 1 : d);
}

#endif
