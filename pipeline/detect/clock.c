#include "detect/clock.h"

#include <stdlib.h>
#include <string.h>

void tb_local_clock_release(struct tb_local_clock *c)
{
    tb_zone_free(c->owned);
    free(c->day);
    free(c->hour);
    free(c->at);
    free(c->type);
}

static bool is_holiday(const struct tb_settings *s, int32_t day)
{
    for (int i = 0; i < s->holiday_count; i++) {
        if (s->holidays[i] == day) {
            return true;
        }
    }
    return false;
}

enum tb_status tb_local_clock_fill(struct tb_local_clock *c, const struct tb_settings *s, int64_t from_us,
                                   int64_t to_us, struct tb_err *err)
{
    c->hour_first = (int32_t)(from_us / TB_US_PER_H);
    c->hours = (int)(to_us / TB_US_PER_H) - c->hour_first + 1;
    c->day_first = tb_zone_day(c->zone, from_us - TB_US_PER_DAY);
    c->days = tb_zone_day(c->zone, to_us + TB_US_PER_DAY) - c->day_first + 1;
    size_t hours = (size_t)c->hours, days = (size_t)c->days;
    c->day = calloc(hours, sizeof *c->day);
    c->hour = calloc(hours, 1);
    c->at = calloc(days * 24, sizeof *c->at);
    c->type = calloc(days, 1);
    if (c->day == NULL || c->hour == NULL || c->at == NULL || c->type == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for local hours");
    }
    memset(c->at, 0xFF, days * 24 * sizeof *c->at);
    for (int i = 0; i < c->hours; i++) {
        int64_t us = (c->hour_first + i) * TB_US_PER_H;
        int64_t local = us + (int64_t)tb_zone_offset(c->zone, us) * TB_US_PER_S;
        c->day[i] = tb_utc_day(local);
        c->hour[i] = (uint8_t)((local - c->day[i] * TB_US_PER_DAY) / TB_US_PER_H);
        int32_t *at = &c->at[(c->day[i] - c->day_first) * 24 + c->hour[i]];
        *at = *at < 0 ? c->hour_first + i : *at; /* the first of a repeated hour */
    }
    for (int d = 0; d < c->days; d++) {
        int32_t day = c->day_first + d;
        c->type[d] = is_holiday(s, day) ? TB_HOLIDAY : tb_day_weekday(day) >= 5 ? TB_WEEKEND : TB_WORKDAY;
        for (int h = 0; h < 24; h++) { /* an hour that the clock skips is the next one */
            int32_t *at = &c->at[d * 24 + h];
            if (*at < 0 && h > 0 && at[-1] >= 0) {
                *at = at[-1];
            }
        }
    }
    return TB_OK;
}
