/* Cost per hour against the limits that hold where no budget names its own: what rate/spend_meter finds, as a digest keeps it. */
#include <math.h>
#include "detect/pass.h"

void tb_hourly_init(struct tb_hourly *h, const struct tb_pass *p)
{
    const double limit[TB_HOUR_LEVELS] = {p->rules->hour_warning, p->rules->hour_critical,
                                          p->rules->hour_emergency};
    *h = (struct tb_hourly){.meter = {.has_limit = {true, true, true}}};
    for (int k = 0; k < TB_HOUR_LEVELS; k++) {
        h->meter.limit[k] = limit[k] < 9e6 ? (tb_money)llround(limit[k] * 1e12) * TB_PICO_OF_MONEY
                                           : (tb_money)INT64_MAX * TB_PICO_OF_MONEY;
    }
    /* the hour before the first instant counts, too */
    tb_spend_meter_begin(&h->meter, p->d->from_us - TB_US_PER_H);
}

void tb_hourly_release(struct tb_hourly *h)
{
    tb_spend_meter_release(&h->meter);
}

enum tb_status tb_hourly_take(struct tb_hourly *h, int64_t ts_us, int64_t cost, struct tb_err *err)
{
    return cost > 0 ? tb_spend_meter_add(&h->meter, ts_us, (tb_money)cost * TB_PICO_OF_MONEY, err) : TB_OK;
}

static int64_t pico(tb_money m)
{
    tb_money p = m / TB_PICO_OF_MONEY;
    return p > INT64_MAX ? INT64_MAX : (int64_t)p;
}

/* A sum that hovers about the highest limit is one stretch. */
static bool goes_on(const struct tb_pass *p, const struct tb_stretch *x)
{
    const struct tb_dg_rate *last = p->d->rate_n > 0 ? &p->d->rate[p->d->rate_n - 1] : NULL;
    return last != NULL && x->level == TB_HOUR_EMERGENCY && last->level == TB_HOUR_EMERGENCY &&
           (double)(x->start_us - last->end_us) <= p->rules->merge_gap_min * (double)TB_US_PER_MIN;
}

static enum tb_status keep(const struct tb_pass *p, const struct tb_stretch *x, struct tb_err *err)
{
    struct tb_dg_rate *out = NULL;
    if (goes_on(p, x)) {
        out = &p->d->rate[p->d->rate_n - 1];
        out->end_us = x->end_us;
        out->peak = pico(x->peak) > out->peak ? pico(x->peak) : out->peak;
        out->cost += pico(x->excess);
        return TB_OK;
    }
    enum tb_status st = TB_DIGEST_PUSH(p->d, rate, out, err);
    if (st == TB_OK) {
        *out = (struct tb_dg_rate){.level = (uint32_t)x->level,
                                   .start_us = x->start_us,
                                   .end_us = x->end_us,
                                   .peak = pico(x->peak),
                                   .cost = pico(x->excess)};
    }
    return st;
}

/* Those that lasted, and those that the day's bounds cut: whether these lasted is judged with the days around. */
enum tb_status tb_hourly_end(struct tb_hourly *h, const struct tb_pass *p, struct tb_err *err)
{
    const double minutes[TB_HOUR_LEVELS] = {p->rules->warning_min, p->rules->critical_min, 0};
    enum tb_status st = tb_spend_meter_end(&h->meter, p->d->to_us, err);
    for (int level = 0; level < TB_HOUR_LEVELS; level++) {
        for (size_t i = 0; st == TB_OK && i < h->meter.out_n; i++) {
            const struct tb_stretch *x = &h->meter.out[i];
            bool cut = x->start_us <= p->d->from_us || x->end_us >= p->d->to_us;
            bool lasted = (double)(x->end_us - x->start_us) >= minutes[level] * (double)TB_US_PER_MIN;
            if (x->level == level && x->end_us > p->d->from_us && (cut || lasted)) {
                st = keep(p, x, err);
            }
        }
    }
    return st;
}
