/* Concept: an IANA time zone; the only reader of tzdata (TZif files in $TZDIR, else /usr/share/zoneinfo, with
 *          the POSIX rule at their end for instants behind the last transition).
 * Units:   as in clock.h.
 * Owns:    tb_zone_load's result, until tb_zone_free. Read-only afterwards: threads may share it.
 * Source:  TZif: RFC 8536.
 */
#ifndef TB_ZONE_H
#define TB_ZONE_H

#include <stdint.h>
#include "base/clock.h"

struct tb_zone;

/* TB_FAIL/TB_E_CONFIG for a name that is no zone (with a "did you mean" when one is near), TB_E_IO when
 * tzdata is not installed. Names with ".." or a leading "/" are refused. "UTC" works without tzdata. */
enum tb_status tb_zone_load(const char *name, struct tb_zone **out, struct tb_err *err) TB_MUST_USE;
void tb_zone_free(struct tb_zone *z);
const char *tb_zone_name(const struct tb_zone *z);

/* Seconds east of UTC at ts_us. */
int32_t tb_zone_offset(const struct tb_zone *z, int64_t ts_us);

/* The civil day that ts_us falls in. */
int32_t tb_zone_day(const struct tb_zone *z, int64_t ts_us);

/* The first instant of civil day: a day is [start(day), start(day + 1)), 23 or 25 hours at DST; where
 * midnight does not exist, the first instant after it. */
int64_t tb_zone_day_start(const struct tb_zone *z, int32_t day);

/* The instant of a civil time (seconds since midnight of day): the earlier of two, the instant of the jump
 * when it does not exist. */
int64_t tb_zone_instant(const struct tb_zone *z, int32_t day, int32_t second_of_day);

/* The first instant of the local clock hour of ts_us (the two hours of a repeated hour are apart). */
int64_t tb_zone_hour_start(const struct tb_zone *z, int64_t ts_us);

#endif
