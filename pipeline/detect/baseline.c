/* What is usual: medians of the same window on earlier days of the same type. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "detect/judge.h"

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double tb_median(double *v, size_t n)
{
    if (n == 0) {
        return 0;
    }
    if (n > 64) {
        qsort(v, n, sizeof *v, by_double);
    }
    for (size_t i = 1; i < n && n <= 64; i++) { /* a dozen days: no call for each comparison */
        double x = v[i];
        size_t k = i;
        for (; k > 0 && v[k - 1] > x; k--) {
            v[k] = v[k - 1];
        }
        v[k] = x;
    }
    return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double tb_mad(const double *v, size_t n, double median)
{
    double off[64];
    n = n < 64 ? n : 64;
    for (size_t i = 0; i < n; i++) {
        off[i] = fabs(v[i] - median);
    }
    return 1.4826 * tb_median(off, n);
}

int tb_local_at(const struct tb_subject *s, int32_t local_day, int hour)
{
    int32_t d = local_day - s->clock->day_first;
    return d < 0 || d >= s->clock->days ? -1 : d * 24 + hour;
}

static enum tb_day_type type_of(const struct tb_subject *s, int32_t local_day)
{
    int32_t d = local_day - s->clock->day_first;
    return d < 0 || d >= s->clock->days ? TB_WORKDAY : (enum tb_day_type)s->clock->type[d];
}

/* A holiday is like a weekend until there is history of holidays. */
static bool is_like(enum tb_day_type of, enum tb_day_type past)
{
    return of == past || (of == TB_HOLIDAY && past == TB_WEEKEND);
}

bool tb_baseline_supported(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, size_t n)
{
    bool workday = type_of(s, local_day) == TB_WORKDAY;
    return (double)n >= (workday ? j->rules.support_workdays : j->rules.support_weekend_days);
}

/* The sum over the window's hours; false when one of them is in an incident or does not exist. */
static bool window_sum(const struct tb_subject *s, const double *series, int32_t local_day, int hour,
                       int width, int skip, double *sum)
{
    *sum = 0;
    for (int h = hour; h < hour + width; h++) {
        int at = tb_local_at(s, local_day, h);
        if (at < 0 || s->flag[at] != 0) {
            return false;
        }
        *sum += h == skip ? 0 : series[at];
    }
    return true;
}

/* The first 14 days of a consumer that appeared later: growth is no anomaly. */
static double ramp(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day,
                   const struct tb_baseline *b)
{
    double mu = b->mu;
    bool late = s->first_day > j->data_first && (double)(local_day - s->first_local) < j->rules.ramp_days;
    for (size_t i = 0; late && i < 2 && i < b->n; i++) {
        mu = b->value[i] > mu ? b->value[i] : mu;
    }
    return mu;
}

static int32_t oldest_day(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day,
                          enum tb_day_type type)
{
    int32_t oldest = local_day - (int32_t)j->rules.history_days;
    oldest = oldest > s->first_local ? oldest : s->first_local;
    return oldest > s->level_from[type] ? oldest : s->level_from[type];
}

bool tb_baseline_reaches(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                         int32_t local_day, int hour, int width, double x)
{
    enum tb_day_type type = type_of(s, local_day);
    size_t n = 0, want = (size_t)j->rules.same_type_days;
    int32_t oldest = oldest_day(j, s, local_day, type);
    for (int32_t d = local_day - 1; d >= oldest && n < want && n < 32; d--) {
        double v;
        if (is_like(type, type_of(s, d)) && window_sum(s, series, d, hour, width, -1, &v)) {
            if (v >= x) {
                return true;
            }
            n++;
        }
    }
    return false;
}

/* The values alone. */
static void gather(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                   int32_t local_day, int32_t before, int hour, int width, int skip_hour,
                   struct tb_baseline *out)
{
    enum tb_day_type type = type_of(s, local_day);
    size_t want = (size_t)j->rules.same_type_days;
    int32_t oldest = oldest_day(j, s, local_day, type);
    out->n = 0;
    out->mu = out->past_max = 0;
    for (int32_t d = before - 1; d >= oldest && out->n < want && out->n < 32; d--) {
        double *v = &out->value[out->n];
        if (is_like(type, type_of(s, d)) && window_sum(s, series, d, hour, width, skip_hour, v)) {
            out->past_max = *v > out->past_max ? *v : out->past_max;
            out->n++;
        }
    }
    if (!tb_baseline_supported(j, s, local_day, out->n)) {
        out->n = 0;
    }
}

void tb_baseline_before(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                        int32_t local_day, int32_t before, int hour, int width, int skip_hour,
                        struct tb_baseline *out)
{
    double sorted[32];
    gather(j, s, series, local_day, before, hour, width, skip_hour, out);
    if (out->n == 0) {
        return;
    }
    memcpy(sorted, out->value, out->n * sizeof *sorted);
    out->mu = tb_median(sorted, out->n);
    out->mu = ramp(j, s, local_day, out);
}

void tb_baseline_window(const struct tb_judge *j, const struct tb_subject *s, const double *series,
                        int32_t local_day, int hour, int width, int skip_hour, struct tb_baseline *out)
{
    tb_baseline_before(j, s, series, local_day, local_day, hour, width, skip_hour, out);
}

/* The means of all hours, each over its own days as gather would take them; the days are gone through once. */
static void add_hours(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int32_t before,
                      struct tb_usual_day *out)
{
    enum tb_day_type type = type_of(s, local_day);
    size_t want = (size_t)j->rules.same_type_days, n[24] = {0};
    double v[24][32];
    int32_t oldest = oldest_day(j, s, local_day, type);
    want = want < 32 ? want : 32;
    for (int32_t d = before - 1; d >= oldest; d--) {
        int at = tb_local_at(s, d, 0);
        for (int h = 0; h < 24 && at >= 0 && is_like(type, type_of(s, d)); h++) {
            if (s->flag[at + h] == 0 && n[h] < want) {
                v[h][n[h]++] = s->n[at + h];
            }
        }
    }
    for (int h = 0; h < 24; h++) {
        bool known = tb_baseline_supported(j, s, local_day, n[h]);
        for (size_t i = 0; i < n[h] && known; i++) {
            out->hour[h] += v[h][i] / (double)n[h];
        }
    }
}

void tb_usual_day(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int32_t before,
                  struct tb_usual_day *out)
{
    struct tb_baseline b;
    memset(out, 0, sizeof *out);
    tb_baseline_before(j, s, s->n, local_day, before, 0, 24, -1, &b);
    out->n = b.n;
    out->day = b.mu;
    double sum = 0;
    if (b.n > 0) {
        add_hours(j, s, local_day, before, out);
    }
    for (int h = 0; h < 24; h++) {
        sum += out->hour[h];
    }
    for (int h = 0; h < 24 && sum > 0; h++) {
        out->hour[h] *= out->day / sum;
    }
}
