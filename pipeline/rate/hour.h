/* Concept: the local clock hour and the civil day that an instant falls in, remembered from one event to the
 * next: events come sorted by time, and asking tzdata for each would cost more than pricing it.
 */
#ifndef TB_HOUR_H
#define TB_HOUR_H

#include "base/zone.h"

struct tb_hour {
    const struct tb_zone *zone;
    int64_t start_us; /* first instant of the hour */
    int64_t end_us; /* of the next hour, or of the next day where that begins earlier; start_us = end_us: none
                       yet */
    int32_t day;
};

void tb_hour_init(struct tb_hour *h, const struct tb_zone *zone);
void tb_hour_move(struct tb_hour *h, int64_t ts_us); /* for tb_hour_at alone */

/* Makes h the hour of ts_us. */
static inline void tb_hour_at(struct tb_hour *h, int64_t ts_us)
{
    if (ts_us < h->start_us || ts_us >= h->end_us) {
        tb_hour_move(h, ts_us);
    }
}

#endif
