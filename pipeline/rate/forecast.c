#include "rate/forecast.h"

#include <stdlib.h>
#include "rate/budget.h"

#define SHARE    INT64_C(1000000) /* shares of a day in millionths */
#define DECIMALS 12

struct sample {
    tb_money cost;
    int64_t share; /* of it spent by the asked time of day */
    bool weekend;
};

struct samples {
    struct sample of[TB_BUDGET_HISTORY_DAYS];
    int n;
};

/* What of the day's cost was spent at_us behind its start; within an hour evenly. */
static int64_t share_at(const struct tb_spend *d, int64_t start_us, int64_t at_us)
{
    tb_money sum = 0;
    if (d->cost <= 0) {
        return -1;
    }
    for (size_t i = 0; i < d->hour_n; i++) {
        int64_t into = start_us + at_us - d->hours[i].hour_us;
        tb_money cost = d->hours[i].cost;
        if (into >= TB_US_PER_H) {
            sum += cost;
        } else if (into > 0) {
            sum += cost / TB_US_PER_H * into;
        }
    }
    return (int64_t)(sum / (d->cost / SHARE > 0 ? d->cost / SHARE : 1));
}

static void collect(const struct tb_settings *s, const struct tb_spends *spends, size_t budget, int32_t today,
                    int64_t at_us, struct samples *out)
{
    out->n = 0;
    for (int32_t day = today - TB_BUDGET_HISTORY_DAYS; day < today; day++) {
        const struct tb_spend *d = tb_spends_at(spends, budget, day);
        if (d != NULL) {
            int64_t share = share_at(d, tb_zone_day_start(s->zone, day), at_us);
            out->of[out->n++] =
                (struct sample){d->cost, share > SHARE ? SHARE : share, tb_settings_day_is_free(s, day)};
        }
    }
}

static int by_money(const void *a, const void *b)
{
    tb_money x = *(const tb_money *)a, y = *(const tb_money *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: value number ceil(tenths n / 10) of n sorted values. */
static tb_money rank(const tb_money *v, int n, int tenths)
{
    int number = (tenths * n + 9) / 10;
    return v[number > 0 ? number - 1 : 0];
}

/* Of n sorted values; the middle of two is kept to so many decimals: of shares, which are small whole numbers, to all. */
static bool median(const tb_money *v, int n, int decimals, tb_money *out)
{
    if (n % 2 == 1) {
        *out = v[n / 2];
        return true;
    }
    tb_money sum = 0;
    return tb_money_add(v[n / 2 - 1], v[n / 2], &sum) && tb_money_div(sum, 2, decimals, out);
}

/* Values of the days of one type, sorted; of all days when there is none of it. shares: shares instead of costs. */
static int values(const struct samples *s, bool weekend, bool shares, tb_money out[TB_BUDGET_HISTORY_DAYS])
{
    int n = 0;
    for (int pass = 0; pass < 2 && n == 0; pass++) {
        for (int i = 0; i < s->n; i++) {
            if ((pass == 1 || s->of[i].weekend == weekend) && (!shares || s->of[i].share >= 0)) {
                out[n++] = shares ? s->of[i].share : s->of[i].cost;
            }
        }
    }
    qsort(out, (size_t)n, sizeof *out, by_money);
    return n;
}

static bool add(struct tb_forecast *to, tb_money usual, tb_money low, tb_money high)
{
    return tb_money_add(to->usual, usual, &to->usual) && tb_money_add(to->low, low, &to->low) &&
           tb_money_add(to->high, high, &to->high);
}

static bool whole_day(const struct samples *s, bool weekend, struct tb_forecast *out)
{
    tb_money v[TB_BUDGET_HISTORY_DAYS], usual = 0;
    int n = values(s, weekend, false, v);
    return n == 0 || (median(v, n, DECIMALS, &usual) && add(out, usual, rank(v, n, 1), rank(v, n, 9)));
}

/* spent (1 - share) / share */
static bool rest_by_share(tb_money spent, int64_t share, tb_money *out)
{
    tb_money more = 0;
    return tb_money_mul(spent, SHARE - share, &more) && tb_money_div(more, share, DECIMALS, out);
}

/* The rest of a day of which spent is known: by the usual share; where by now nothing is usual, a whole day. */
static bool rest_of_day(const struct samples *s, bool weekend, tb_money spent, int64_t elapsed,
                        struct tb_forecast *out)
{
    tb_money v[TB_BUDGET_HISTORY_DAYS], usual = 0, low = 0, high = 0, share = 0;
    int n = values(s, weekend, true, v);
    if (n == 0) { /* no history: evenly */
        share = elapsed > 0 ? elapsed : SHARE;
        return rest_by_share(spent, (int64_t)share, &usual) && add(out, usual, usual, usual);
    }
    if (!median(v, n, TB_MONEY_SCALE, &share) || share < 1 || spent == 0) {
        return whole_day(s, weekend, out);
    }
    int64_t most = (int64_t)rank(v, n, 9), least = (int64_t)rank(v, n, 1);
    least = least < 1 ? (int64_t)share : least;
    return rest_by_share(spent, (int64_t)share, &usual) && rest_by_share(spent, most, &low) &&
           rest_by_share(spent, least, &high) && add(out, usual, low, high);
}

static tb_money spent_since(const struct tb_spends *spends, size_t budget, int32_t day)
{
    const struct tb_spend *d = tb_spends_at(spends, budget, day);
    return d == NULL ? 0 : d->cost;
}

enum tb_status tb_forecast_rest(const struct tb_settings *s, const struct tb_spends *spends, size_t budget,
                                int64_t as_of_us, int32_t end_day, struct tb_forecast *out,
                                struct tb_err *err)
{
    struct samples history;
    int32_t today = tb_zone_day(s->zone, as_of_us);
    int64_t start = tb_zone_day_start(s->zone, today), end = tb_zone_day_start(s->zone, today + 1);
    bool good = true;
    *out = (struct tb_forecast){0, 0, 0};
    collect(s, spends, budget, today, as_of_us - start, &history);
    if (as_of_us > start) {
        int64_t elapsed = (int64_t)((tb_int128)(as_of_us - start) * SHARE / (end - start));
        good = rest_of_day(&history, tb_settings_day_is_free(s, today), spent_since(spends, budget, today),
                           elapsed, out);
    }
    for (int32_t day = as_of_us > start ? today + 1 : today; good && day < end_day; day++) {
        good = whole_day(&history, tb_settings_day_is_free(s, day), out);
    }
    return good ? TB_OK : tb_err_set(err, TB_FAIL, TB_E_RANGE, "a forecast is out of range");
}
