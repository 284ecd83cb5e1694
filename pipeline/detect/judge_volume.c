/* spike, off_hours: windows of 2, 4 and 8 hours against the same hours of earlier days. sustained: the last one to three days
 * against what those hours usually bring. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

struct window {
    int32_t local_day;
    int hour, width;
    double x, mu, z, past_max;
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

static double mean_of(const struct tb_baseline *b)
{
    double sum = 0;
    for (size_t i = 0; i < b->n; i++) {
        sum += b->value[i];
    }
    return b->n > 0 ? sum / (double)b->n : 0;
}

/* How much more than Poisson counts such windows of this consumer vary: people work in sessions, and a session is many calls. The
 * squares off the means, of all windows of this width on days of this type, to the means. */
static double learned_phi(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int width,
                          double *most)
{
    const struct tb_rules *r = &j->rules;
    double squares = 0, means = 0, cv = r->cv_day * r->cv_day + r->cv_hour * r->cv_hour / width;
    *most = 0;
    for (int h = 0; h + width <= 24; h += width > 1 ? width / 2 : 1) {
        struct tb_baseline b;
        tb_baseline_window(j, s, s->n, local_day, h, width, -1, &b);
        double mean = mean_of(&b);
        for (size_t i = 0; i < b.n; i++) {
            squares += (b.value[i] - mean) * (b.value[i] - mean) / (double)(b.n > 1 ? b.n - 1 : 1);
        }
        squares -= cv * mean * mean; /* what days and hours differ by anyhow */
        means += mean;
        *most = b.past_max > *most ? b.past_max : *most;
    }
    return means > 0 && squares > 0 ? squares / means : 0;
}

/* How much its days vary: of the logarithm of a day against the median of such days. */
static double learned_day(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day)
{
    struct tb_baseline b;
    double off[32];
    tb_baseline_window(j, s, s->n, local_day, 0, 24, -1, &b);
    for (size_t i = 0; i < b.n; i++) {
        off[i] = log((b.value[i] + 1) / (b.mu + 1));
    }
    return tb_mad(off, b.n, 0);
}

/* What was learned of a consumer's own dispersion. */
struct learned {
    double phi, cv_day, most; /* most: the largest window of this width so far */
};

/* The least deviation, and the one learned of this consumer. */
static double deviation(const struct tb_judge *j, const struct tb_baseline *b, int width,
                        const struct learned *own, double *least_sd)
{
    const struct tb_rules *r = &j->rules;
    double mean = mean_of(b), mu = b->mu > 1 ? b->mu : 1,
           cv_day = own->cv_day > r->cv_day ? own->cv_day : r->cv_day, phi = own->phi;
    double least = r->phi * mu + (cv_day * cv_day + r->cv_hour * r->cv_hour / width) * mu * mu;
    double learned = phi * (mean > mu ? mean : mu) + (least - r->phi * mu),
           mad = tb_mad(b->value, b->n, b->mu);
    double var = least > learned ? least : learned;
    *least_sd = sqrt(least > mad * mad ? least : mad * mad);
    return sqrt(var > mad * mad ? var : mad * mad);
}

/* Is it more than one hour: what is left without the largest hour must still stand out. */
static bool is_blip(const struct tb_judge *j, const struct tb_subject *s, const struct window *w,
                    const struct learned *own)
{
    int largest = w->hour;
    for (int h = w->hour; h < w->hour + w->width; h++) {
        largest =
            s->n[tb_local_at(s, w->local_day, h)] > s->n[tb_local_at(s, w->local_day, largest)] ? h : largest;
    }
    struct tb_baseline b;
    tb_baseline_window(j, s, s->n, w->local_day, w->hour, w->width, largest, &b);
    double x = w->x - s->n[tb_local_at(s, w->local_day, largest)];
    double least_sd = 0;
    (void)deviation(j, &b, w->width, own, &least_sd);
    return b.n == 0 || x < j->rules.blip_ratio * b.mu || (x - b.mu) / least_sd < j->rules.blip_z;
}

/* Whether every hour of the window usually holds next to nothing of the day. */
static bool is_off_hours(const struct tb_judge *j, const struct tb_subject *s, const struct window *w)
{
    struct tb_baseline day;
    double all = 0;
    tb_baseline_window(j, s, s->n, w->local_day, 0, 24, -1, &day);
    for (size_t i = 0; i < day.n; i++) {
        all += day.value[i];
    }
    for (int h = w->hour; h < w->hour + w->width; h++) {
        struct tb_baseline b;
        double part = 0;
        tb_baseline_window(j, s, s->n, w->local_day, h, 1, -1, &b);
        for (size_t i = 0; i < b.n; i++) {
            part += b.value[i];
        }
        if (part > j->rules.off_share * all) {
            return false;
        }
    }
    return true;
}

static bool stands_out(const struct tb_judge *j, const struct tb_subject *s, struct window *w,
                       const struct learned *own)
{
    const struct tb_rules *r = &j->rules;
    struct tb_baseline b;
    w->x = sum_of(s, s->n, w);
    if (w->x < r->spike_excess) {
        return false;
    }
    tb_baseline_window(j, s, s->n, w->local_day, w->hour, w->width, -1, &b);
    if (b.n == 0 || w->x < r->spike_ratio * b.mu || w->x - b.mu < r->spike_excess || w->x <= b.past_max) {
        return false;
    }
    w->mu = b.mu;
    w->days = b.n;
    w->past_max = b.past_max;
    double least_sd = 0, sd = deviation(j, &b, w->width, own, &least_sd);
    /* sums of sessions have longer tails than a normal's (Bernstein's bound): a session is about phi calls */
    double session = own->phi > r->phi ? own->phi - r->phi : 0;
    w->z = (w->x - b.mu) / sqrt(sd * sd + session * (w->x - b.mu) * r->session_tail);
    /* a record of this consumer needs no more than the least deviation; what its busy hours reach anyhow is no news at another hour */
    bool record =
        w->x > r->past_maximum * own->most &&
        (w->x - b.mu) / sqrt(least_sd * least_sd + session * (w->x - b.mu) * r->session_tail) >= r->spike_z;
    bool far = w->z >= r->spike_z && (w->x > r->busy_share * own->most || is_off_hours(j, s, w));
    if (record && w->z < r->spike_z) {
        w->z = r->spike_z;
    }
    return (record || far) && !is_blip(j, s, w, own);
}

static const char *day_words(const struct tb_subject *s, int32_t local_day)
{
    int32_t d = local_day - s->clock->day_first;
    return s->clock->type[d] == TB_WORKDAY ? "working days" : "days off";
}

/* The feature with most of the day's requests. */
static void add_driver(const struct tb_judge *j, const struct tb_subject *s, struct tb_words *words)
{
    size_t from, to, best = 0;
    uint64_t all = 0;
    TB_DIGEST_RANGE(j->today, cell, s->consumer, from, to);
    uint64_t most = 0;
    for (size_t i = from; i < to; i++) {
        uint64_t n = 0;
        all += j->today->cell[i].n;
        for (size_t k = from; k < to; k++) {
            n += j->today->cell[k].feature == j->today->cell[i].feature ? j->today->cell[k].n : 0;
        }
        struct tb_str a = tb_dict_text(j->db, j->today->cell[i].feature),
                      b = tb_dict_text(j->db, j->today->cell[best].feature);
        if (n > most || (n == most && i > from && tb_str_cmp(a, b) < 0)) {
            most = n;
            best = i;
        }
    }
    if (to > from && all > 0 && j->today->cell[best].feature != 0) {
        tb_words_add(words, "; driver: volume, %.0f%% of the day from feature ",
                     100.0 * (double)most / (double)all);
        tb_words_text(words, tb_dict_text(j->db, j->today->cell[best].feature));
    }
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
    add_driver(j, s, &words);
    tb_finding_tell(f, &words);
    return TB_OK;
}

/* The windows of one local day that end in the judged day: those that overlap are one report, told by the best. */
static enum tb_status judge_day(struct tb_judge *j, struct tb_subject *s, int32_t local_day)
{
    static const int widths[] = {2, 4, 8};
    struct window found[72];
    int n = 0;
    for (int k = 0; k < 3; k++) {
        struct learned own = {-1, 0, 0};
        for (int h = 0; h + widths[k] <= 24; h++) {
            struct window w = {.local_day = local_day, .hour = h, .width = widths[k]};
            int64_t start = us_of(s, local_day, h), end = us_of(s, local_day, h + widths[k] - 1);
            if (start == INT64_MIN || end == INT64_MIN || end + TB_US_PER_H <= j->today->from_us ||
                end + TB_US_PER_H > j->today->to_us || sum_of(s, s->n, &w) < j->rules.spike_excess) {
                continue;
            }
            if (own.phi < 0) {
                own.phi = learned_phi(j, s, local_day, widths[k], &own.most);
                own.cv_day = learned_day(j, s, local_day);
            }
            if (stands_out(j, s, &w, &own)) {
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
        int first = w.hour, last = w.hour + w.width, left = 0;
        for (int i = 0; i < n; i++) {
            bool overlaps = found[i].hour < w.hour + w.width && w.hour < found[i].hour + found[i].width;
            if (!overlaps) {
                found[left++] = found[i];
            }
        }
        n = left;
        st = tell_spike(j, s, &w, us_of(s, local_day, first), us_of(s, local_day, last - 1) + TB_US_PER_H);
    }
    return st;
}

/* --- sustained --------------------------------------------------------------------------------------------------------------- */

struct day_usual {
    double day, hour[24]; /* requests of a day, and of its hours */
    double sd;            /* of the logarithm of a day against its median */
    size_t n;
};

static void usual_day(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day,
                      struct day_usual *out)
{
    struct tb_baseline b;
    memset(out, 0, sizeof *out);
    tb_baseline_window(j, s, s->n, local_day, 0, 24, -1, &b);
    out->n = b.n;
    out->day = b.mu;
    double sum = 0;
    for (int h = 0; h < 24 && b.n > 0; h++) {
        struct tb_baseline one;
        tb_baseline_window(j, s, s->n, local_day, h, 1, -1, &one);
        for (size_t i = 0; i < one.n; i++) {
            out->hour[h] += one.value[i] / (double)one.n;
        }
        sum += out->hour[h];
    }
    for (int h = 0; h < 24 && sum > 0; h++) {
        out->hour[h] *= out->day / sum;
    }
    out->sd = learned_day(j, s, local_day);
}

struct stretch {
    double x, mu, cost, z, least_ratio;
    int64_t start_us, end_us;
    int days;
};

/* Looks at the 24 hours times k that end with the judged day plus back hours; false when something is not known. */
static bool look(const struct tb_judge *j, const struct tb_subject *s, const struct day_usual *usual,
                 int32_t usual_first, int usual_n, int64_t end_us, int days, struct stretch *out)
{
    *out = (struct stretch){
        .start_us = end_us - days * TB_US_PER_DAY, .end_us = end_us, .days = days, .least_ratio = INFINITY};
    double logs = 0, var = 0;
    for (int k = 0; k < days; k++) {
        double x = 0, mu = 0, sd = 0, sd_n = 0;
        for (int i = 0; i < 24; i++) {
            int32_t hour = (int32_t)((end_us - (k + 1) * TB_US_PER_DAY) / TB_US_PER_H) + i;
            int32_t at = hour - s->clock->hour_first;
            if (at < 0 || at >= s->clock->hours) {
                return false;
            }
            int32_t day = s->clock->day[at];
            int u = day - usual_first;
            if (u < 0 || u >= usual_n || usual[u].n == 0) {
                return false;
            }
            int idx = tb_local_at(s, day, s->clock->hour[at]);
            bool off = s->clock->type[day - s->clock->day_first] != TB_WORKDAY;
            double least = off ? j->rules.sustained_sd_weekend : j->rules.sustained_sd;
            x += s->n[idx];
            out->cost += s->cost[idx];
            mu += usual[u].hour[s->clock->hour[at]];
            sd += usual[u].sd > least ? usual[u].sd : least;
            sd_n++;
        }
        double ratio = (x + 1) / (mu + 1);
        sd /= sd_n;
        logs += log(ratio);
        var += sd * sd + 4 / (mu + 1); /* counts of few calls vary by themselves */
        out->x += x;
        out->mu += mu;
        out->least_ratio = ratio < out->least_ratio ? ratio : out->least_ratio;
    }
    out->z = logs / sqrt(var);
    return true;
}

static bool is_sustained(const struct tb_judge *j, const struct stretch *l)
{
    const struct tb_rules *r = &j->rules;
    return l->x >= r->sustained_ratio * l->mu && l->z >= r->sustained_z &&
           l->x - l->mu >= r->sustained_excess && l->least_ratio > r->sustained_day;
}

static enum tb_status tell_sustained(struct tb_judge *j, struct tb_subject *s, const struct stretch *l)
{
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_SUSTAINED);
    struct tb_words words = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->start_us = l->start_us;
    f->end_us = l->end_us;
    f->score = l->z;
    f->observed = l->x;
    f->expected = l->mu;
    f->extra = l->x - l->mu;
    f->cost = llround(l->cost * (l->x - l->mu) / l->x);
    f->severity = l->days >= 3 ? TB_SEVERITY_CRITICAL : TB_SEVERITY_WARNING;
    tb_words_text(&words, s->name);
    tb_words_add(&words, ", ");
    tb_words_window(&words, s, l->start_us, l->end_us);
    tb_words_add(&words, ": %.0f requests in %d hours; %.0f is usual for those hours (%.1fx); extra cost ",
                 l->x, l->days * 24, l->mu, l->x / l->mu);
    tb_words_cost(&words, j, f->cost);
    add_driver(j, s, &words);
    tb_finding_tell(f, &words);
    return TB_OK;
}

static enum tb_status judge_sustained(struct tb_judge *j, struct tb_subject *s)
{
    struct day_usual usual[8];
    int32_t first = tb_zone_day(s->clock->zone, j->today->from_us) - 4;
    struct stretch best = {.z = 0}, l;
    size_t from, to;
    TB_DIGEST_RANGE(j->today, hour, s->consumer, from, to);
    if (from == to) {
        return TB_OK;
    }
    for (int i = 0; i < 8; i++) {
        usual_day(j, s, first + i, &usual[i]);
    }
    for (int64_t end = j->today->to_us - 18 * TB_US_PER_H; end <= j->today->to_us; end += 6 * TB_US_PER_H) {
        for (int days = 1; days <= 3; days++) {
            if (look(j, s, usual, first, 8, end, days, &l) && is_sustained(j, &l) && l.z > best.z) {
                best = l;
            }
        }
    }
    return best.z > 0 ? tell_sustained(j, s, &best) : TB_OK;
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
    return st == TB_OK ? judge_sustained(j, s) : st;
}
