#include "rate/hour.h"

#define HOUR_MAX                                                                                             \
    (26 * TB_US_PER_H) /* no clock repeats one hour for longer: a zone that changes its day does */

void tb_hour_init(struct tb_hour *h, const struct tb_zone *zone)
{
    *h = (struct tb_hour){.zone = zone};
}

/* The first instant after ts_us that is in a later hour: hour starts never go back, so that halving finds it.
 */
static int64_t next_hour(const struct tb_zone *zone, int64_t ts_us, int64_t start_us)
{
    int64_t low = ts_us; /* in this hour */
    int64_t high = ts_us + HOUR_MAX;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (tb_zone_hour_start(zone, middle) == start_us) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

void tb_hour_move(struct tb_hour *h, int64_t ts_us)
{
    h->start_us = tb_zone_hour_start(h->zone, ts_us);
    h->end_us = next_hour(h->zone, ts_us, h->start_us);
    h->day = tb_zone_day(h->zone, ts_us);
    int64_t day_start = tb_zone_day_start(h->zone, h->day);
    int64_t day_end = tb_zone_day_start(h->zone, h->day + 1);
    if (h->start_us < day_start) { /* a clock that passes midnight within an hour: the part of this day */
        h->start_us = day_start;
    }
    if (h->end_us > day_end) {
        h->end_us = day_end;
    }
}
