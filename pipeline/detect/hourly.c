/* Cost per hour against absolute limits: strictly above for 60 minutes (warning), 30 (critical), or at once (emergency). */
#include <math.h>
#include <string.h>
#include "detect/pass.h"

static int64_t pico(double v)
{
    return v * 1e12 >= 9e18 ? INT64_MAX : llround(v * 1e12);
}

void tb_hourly_init(struct tb_hourly *h, const struct tb_rules *r)
{
    memset(h, 0, sizeof *h);
    h->minute = INT64_MIN;
    h->limit[0] = pico(r->hour_warning);
    h->limit[1] = pico(r->hour_critical);
    h->limit[2] = pico(r->hour_emergency);
    for (int i = 0; i < 3; i++) {
        h->above_us[i] = INT64_MIN;
    }
}

/* Ends the stretch of a level at end_us, and tells it when it lasted. */
static enum tb_status finish(struct tb_hourly *h, const struct tb_pass *p, int level, int64_t end_us,
                             struct tb_err *err)
{
    struct tb_dg_rate *out = NULL;
    const double minutes[3] = {p->rules->warning_min, p->rules->critical_min, 0};
    int64_t start = h->above_us[level];
    h->above_us[level] = INT64_MIN;
    if (start == INT64_MIN || end_us <= p->d->from_us ||
        (double)(end_us - start) < minutes[level] * (double)TB_US_PER_MIN) {
        return TB_OK;
    }
    if (TB_DIGEST_PUSH(p->d, rate, out, err) != TB_OK) {
        return TB_FATAL;
    }
    *out = (struct tb_dg_rate){.level = (uint32_t)level,
                               .start_us = start,
                               .end_us = end_us,
                               .peak = h->peak[level],
                               .cost = h->excess[level]};
    return TB_OK;
}

/* The sum has grown at at_us. */
static void rise(struct tb_hourly *h, int64_t at_us)
{
    for (int i = 0; i < 3; i++) {
        if (h->sum > h->limit[i]) {
            if (h->above_us[i] == INT64_MIN) {
                h->above_us[i] = at_us;
                h->peak[i] = h->excess[i] = 0;
            }
            h->peak[i] = h->sum > h->peak[i] ? h->sum : h->peak[i];
        }
    }
}

/* The minute is over, with all its calls: a sum that is not above the limit has not been since the minute began. */
static enum tb_status fall(struct tb_hourly *h, const struct tb_pass *p, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int i = 0; i < 3 && st == TB_OK; i++) {
        if (h->sum <= h->limit[i]) {
            st = finish(h, p, i, h->minute * TB_US_PER_MIN, err);
        } else { /* the area above the limit, a minute wide */
            rise(h, h->minute * TB_US_PER_MIN);
            h->excess[i] += (h->sum - h->limit[i]) / 60;
        }
    }
    return st;
}

/* Moves to minute: what is older than an hour leaves the sum, minute by minute. */
static enum tb_status advance(struct tb_hourly *h, const struct tb_pass *p, int64_t minute,
                              struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (h->minute == INT64_MIN) {
        h->minute = minute;
    }
    for (int steps = 0; h->minute < minute && st == TB_OK; steps++) {
        if (steps > 60) { /* all have left, and their minute is over */
            h->minute = minute;
            break;
        }
        st = fall(h, p, err);
        h->minute++;
        int64_t *slot = &h->of[((h->minute % 60) + 60) % 60];
        h->sum -= *slot;
        *slot = 0;
    }
    return st;
}

enum tb_status tb_hourly_take(struct tb_hourly *h, const struct tb_pass *p, int64_t ts_us, int64_t cost,
                              struct tb_err *err)
{
    int64_t minute = ts_us / TB_US_PER_MIN;
    enum tb_status st = advance(h, p, minute, err);
    if (st == TB_OK && cost > 0) {
        h->of[((minute % 60) + 60) % 60] += cost;
        h->sum += cost;
        rise(h, ts_us);
    }
    return st;
}

enum tb_status tb_hourly_end(struct tb_hourly *h, const struct tb_pass *p, int64_t end_us, struct tb_err *err)
{
    enum tb_status st = h->minute == INT64_MIN ? TB_OK : advance(h, p, end_us / TB_US_PER_MIN, err);
    for (int i = 0; i < 3 && st == TB_OK; i++) {
        st = finish(h, p, i, end_us, err);
    }
    return st;
}
