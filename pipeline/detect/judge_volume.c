/* spike, off_hours: windows of 2, 4 and 8 hours against the same hours of earlier days. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

struct window {
    int32_t local_day;
    int hour, width;
    double x, mu, z, past_max;
    double level; /* of the day, by its other hours */
    size_t days;
};

static int64_t us_of(const struct tb_subject *s, int32_t local_day, int hour)
{
    int at = tb_local_at(s, local_day, hour);
    return at < 0 || s->clock->at[at] < 0 ? INT64_MIN : s->clock->at[at] * TB_US_PER_H;
}

static double sum_of(const struct tb_subject *s, const double *series, const struct window *w)
{
    double sum = 0;
    for (int h = w->hour; h < w->hour + w->width; h++) {
        sum += series[tb_local_at(s, w->local_day, h)];
    }
    return sum;
}

/* How far a count is from what is usual; the middle of few counts in sessions is their mean, not their median. */
static double far_of(const struct tb_judge *j, const struct tb_baseline *b, const struct tb_dispersion *own,
                     double level, double x)
{
    double mu = 0, least = j->rules.least_usual;
    for (size_t i = 0; i < b->n; i++) {
        mu += b->value[i] / (double)b->n;
    }
    mu = level * (mu > b->mu ? mu : b->mu);
    return tb_dispersion_z(own, x, mu > least ? mu : least);
}

/* How busy the rest of the day is, which the window's own level follows: the likeliest level by how days vary and by what the rest
 * brought, and how well it is known by then. */
static void follow_day(const struct tb_judge *j, const struct tb_subject *s, struct window *w,
                       const struct tb_usual_day *usual, struct tb_dispersion *own)
{
    double x = 0, mu = 0, days = 1 / (j->rules.cv_day * j->rules.cv_day);
    for (int h = 0; h < 24; h++) {
        int64_t us = us_of(s, w->local_day, h);
        if ((h < w->hour - 1 || h > w->hour + w->width) && us != INT64_MIN &&
            us + TB_US_PER_H <= j->today->to_us) {
            x += s->n[tb_local_at(s, w->local_day, h)];
            mu += usual->hour[h];
        }
    }
    double known = days + mu / own->phi;
    w->level = (days + x / own->phi) / known;
    w->level = w->level > 1 ? w->level : 1;
    own->cv2 = 1 / known + j->rules.cv_hour * j->rules.cv_hour / w->width;
}

/* Is it more than one hour: what is left without the largest hour must still stand out. */
static bool is_blip(const struct tb_judge *j, const struct tb_subject *s, const struct window *w,
                    const struct tb_dispersion *own)
{
    int largest = w->hour;
    for (int h = w->hour; h < w->hour + w->width; h++) {
        largest =
            s->n[tb_local_at(s, w->local_day, h)] > s->n[tb_local_at(s, w->local_day, largest)] ? h : largest;
    }
    struct tb_baseline b;
    tb_baseline_window(j, s, s->n, w->local_day, w->hour, w->width, largest, &b);
    double x = w->x - s->n[tb_local_at(s, w->local_day, largest)];
    return b.n == 0 || x < j->rules.blip_ratio * b.mu || far_of(j, &b, own, w->level, x) < j->rules.blip_z;
}

/* Whether every hour of the window usually holds next to nothing of a day, be it a working day or not. */
static bool is_off_hours(const struct tb_judge *j, const struct tb_subject *s, const struct window *w)
{
    double hour[24] = {0}, all = 0;
    int32_t first = w->local_day - (int32_t)j->rules.history_days;
    for (int32_t d = w->local_day - 1; d >= first && d >= s->first_local; d--) {
        for (int h = 0; h < 24; h++) {
            int at = tb_local_at(s, d, h);
            double n = at >= 0 && s->flag[at] == 0 ? s->n[at] : 0;
            hour[h] += n;
            all += n;
        }
    }
    for (int h = w->hour; h < w->hour + w->width; h++) {
        if (hour[h] > j->rules.off_share * all) {
            return false;
        }
    }
    return true;
}

/* Whether it is more than ever, and enough more to look closer: how rare it is takes long to tell. */
static bool is_more(const struct tb_judge *j, const struct tb_subject *s, struct window *w,
                    struct tb_baseline *b)
{
    const struct tb_rules *r = &j->rules;
    w->x = sum_of(s, s->n, w);
    if (w->x < r->spike_excess || tb_baseline_reaches(j, s, s->n, w->local_day, w->hour, w->width, w->x)) {
        return false; /* most windows end here, at one of the latest days */
    }
    tb_baseline_window(j, s, s->n, w->local_day, w->hour, w->width, -1, b);
    w->mu = b->mu;
    w->days = b->n;
    w->past_max = b->past_max;
    return b->n > 0 && w->x >= r->spike_ratio * b->mu && w->x - b->mu >= r->spike_excess &&
           w->x > b->past_max;
}

static bool stands_out(const struct tb_judge *j, const struct tb_subject *s, struct window *w,
                       const struct tb_baseline *b, const struct tb_usual_day *usual,
                       const struct tb_dispersion *own, double most)
{
    const struct tb_rules *r = &j->rules;
    struct tb_dispersion here = *own;
    follow_day(j, s, w, usual, &here);
    w->z = far_of(j, b, &here, w->level, w->x);
    /* what its busy hours reach anyhow is no news at another hour */
    bool off = is_off_hours(j, s, w), news = w->x > r->busy_share * most || off;
    return w->z >= (off ? r->off_z : r->spike_z) && news && !is_blip(j, s, w, &here);
}

/* The hours of the day, about those of the window, that make it: where the sum of what is beyond half the excess is largest. */
static void narrow(const struct tb_judge *j, const struct tb_subject *s, struct window *w)
{
    struct tb_usual_day usual;
    double over[25] = {0}, most = 0, bar = (1 + w->x / (w->mu > 1 ? w->mu : 1)) / 2;
    double least = (w->x - w->mu) / w->width / 4;
    int from = w->hour, to = w->hour + w->width, last = 24;
    tb_usual_day(j, s, w->local_day, w->local_day, &usual);
    for (int h = 0; h < 24; h++) {
        int64_t us = us_of(s, w->local_day, h);
        double bound =
            usual.hour[h] * bar > usual.hour[h] + least ? usual.hour[h] * bar : usual.hour[h] + least;
        last = us == INT64_MIN || us + TB_US_PER_H > j->today->to_us ? (h < last ? h : last) : last;
        over[h + 1] = over[h] + (h < last ? s->n[tb_local_at(s, w->local_day, h)] - bound : 0);
    }
    for (int a = 0; a < w->hour + w->width; a++) {
        for (int b = w->hour + 1; b <= last; b++) {
            if (b - a >= 2 && over[b] - over[a] > most) {
                most = over[b] - over[a];
                from = a;
                to = b;
            }
        }
    }
    struct window in = {.local_day = w->local_day, .hour = from, .width = to - from, .z = w->z};
    struct tb_baseline b;
    tb_baseline_window(j, s, s->n, in.local_day, in.hour, in.width, -1, &b);
    in.x = sum_of(s, s->n, &in);
    in.mu = b.mu;
    in.days = b.n;
    in.past_max = b.past_max;
    if (b.n > 0 && in.x - in.mu >= j->rules.spike_excess) {
        *w = in;
    }
}

static const char *day_words(const struct tb_subject *s, int32_t local_day)
{
    int32_t d = local_day - s->clock->day_first;
    return s->clock->type[d] == TB_WORKDAY ? "working days" : "days off";
}

static enum tb_status tell_spike(struct tb_judge *j, struct tb_subject *s, const struct window *w,
                                 int64_t start_us, int64_t end_us)
{
    bool off = is_off_hours(j, s, w);
    struct tb_finding *f = tb_findings_add(j->out, off ? TB_KIND_OFF_HOURS : TB_KIND_SPIKE);
    struct tb_words words = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    double cost = sum_of(s, s->cost, w);
    struct tb_baseline day;
    tb_baseline_window(j, s, s->cost, w->local_day, 0, 24, -1, &day);
    f->start_us = start_us;
    f->end_us = end_us;
    f->score = w->z;
    f->observed = w->x;
    f->expected = w->mu;
    f->extra = w->x - w->mu;
    f->cost = llround(cost * (w->x - w->mu) / w->x);
    double limit = j->rules.critical_usd * 1e12;
    f->severity =
        (double)f->cost > (limit > day.mu ? limit : day.mu) ? TB_SEVERITY_CRITICAL : TB_SEVERITY_WARNING;
    tb_words_text(&words, s->name);
    tb_words_add(&words, ", ");
    tb_words_window(&words, s, us_of(s, w->local_day, w->hour),
                    us_of(s, w->local_day, w->hour + w->width - 1) + TB_US_PER_H);
    tb_words_add(&words, ": %.0f requests; %.0f is usual for that window on the last %zu %s", w->x, w->mu,
                 w->days, day_words(s, w->local_day));
    if (w->mu > 0) {
        tb_words_add(&words, " (%.1fx)", w->x / w->mu);
    }
    tb_words_add(&words, "; extra cost ");
    tb_words_cost(&words, j, f->cost);
    tb_words_volume(&words, j, s);
    tb_finding_tell(f, &words);
    return TB_OK;
}

/* The windows of one local day that end in the judged day: those that overlap are one report, told by the best. */
static enum tb_status judge_day(struct tb_judge *j, struct tb_subject *s, int32_t local_day)
{
    static const int widths[] = {2, 4, 8};
    struct window found[72];
    struct tb_usual_day usual = {.n = 0};
    struct tb_dispersion own = {.phi = 0};
    int n = 0;
    for (int k = 0; k < 3; k++) {
        double most = -1;
        for (int h = 0; h + widths[k] <= 24; h++) {
            struct window w = {.local_day = local_day, .hour = h, .width = widths[k]};
            struct tb_baseline b;
            int64_t start = us_of(s, local_day, h), end = us_of(s, local_day, h + widths[k] - 1);
            if (start == INT64_MIN || end == INT64_MIN || end + TB_US_PER_H <= j->today->from_us ||
                end + TB_US_PER_H > j->today->to_us || !is_more(j, s, &w, &b)) {
                continue;
            }
            if (own.phi == 0) {
                tb_dispersion_learn(j, s, local_day, local_day, &own);
                tb_usual_day(j, s, local_day, local_day, &usual);
            }
            most = most < 0 ? tb_dispersion_most(j, s, &own, local_day, widths[k]) : most;
            if (stands_out(j, s, &w, &b, &usual, &own, most)) {
                found[n++] = w;
            }
        }
    }
    enum tb_status st = TB_OK;
    while (n > 0 && st == TB_OK) {
        int best = 0;
        for (int i = 1; i < n; i++) {
            best = found[i].z > found[best].z ? i : best;
        }
        struct window w = found[best];
        int left = 0;
        for (int i = 0; i < n; i++) {
            bool overlaps = found[i].hour < w.hour + w.width && w.hour < found[i].hour + found[i].width;
            if (!overlaps) {
                found[left++] = found[i];
            }
        }
        n = left;
        narrow(j, s, &w);
        st = tell_spike(j, s, &w, us_of(s, local_day, w.hour),
                        us_of(s, local_day, w.hour + w.width - 1) + TB_US_PER_H);
    }
    return st;
}

enum tb_status tb_judge_volume(struct tb_judge *j, struct tb_subject *s)
{
    enum tb_status st = TB_OK;
    int32_t from = tb_zone_day(s->clock->zone, j->today->from_us),
            to = tb_zone_day(s->clock->zone, j->today->to_us - 1);
    for (int32_t d = from - 1; d <= to && st == TB_OK; d++) {
        if (d >= s->clock->day_first) {
            st = judge_day(j, s, d);
        }
    }
    return st;
}
