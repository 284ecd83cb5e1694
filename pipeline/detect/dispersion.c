/* How counts of a consumer vary: people work in sessions, and a session is many calls. Windows are taken as negative binomial,
 * var = phi mu + cv^2 mu^2, with phi learned from the short windows of 28 days, in which how busy a day is counts least; the tail of
 * such counts is that of sessions, much longer than a normal's. */
#include <math.h>
#include "detect/judge.h"

enum { HISTORY = 40, WIDTH = 2, WINDOWS = 24 - WIDTH + 1 };

/* The windows of two hours on the days of history. */
struct table {
    double v[HISTORY][WINDOWS];
    bool known[HISTORY][WINDOWS], left_out[HISTORY];
    bool workday[HISTORY];
    int32_t at[HISTORY]; /* local days */
    int days;
};

static bool sum_window(const struct tb_subject *s, int32_t day, int hour, int width, double *sum)
{
    *sum = 0;
    for (int h = hour; h < hour + width; h++) {
        int at = tb_local_at(s, day, h);
        if (at < 0 || s->flag[at] != 0) {
            return false;
        }
        *sum += s->n[at];
    }
    return true;
}

static bool is_workday(const struct tb_subject *s, int32_t day)
{
    int32_t at = day - s->clock->day_first;
    return at < 0 || at >= s->clock->days || s->clock->type[at] == TB_WORKDAY;
}

/* What is done on days off, such as a batch each Saturday, tells nothing of a working day. */
static bool is_told_by(const struct tb_subject *s, int32_t local_day, int32_t past)
{
    return is_workday(s, past) || !is_workday(s, local_day);
}

static int32_t first_day(const struct tb_judge *j, const struct tb_subject *s, int32_t before)
{
    int32_t first = before - (int32_t)j->rules.history_days;
    first = first > s->clock->day_first ? first : s->clock->day_first;
    return first > s->first_local ? first : s->first_local;
}

static void fill(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int32_t before,
                 struct table *t)
{
    t->days = 0;
    for (int32_t d = before - 1; d >= first_day(j, s, before) && t->days < HISTORY; d--) {
        if (!is_told_by(s, local_day, d)) {
            continue;
        }
        t->at[t->days] = d;
        t->left_out[t->days] = false;
        t->workday[t->days] = is_workday(s, d);
        for (int h = 0; h < WINDOWS; h++) {
            t->known[t->days][h] = sum_window(s, d, h, WIDTH, &t->v[t->days][h]);
        }
        t->days++;
    }
}

/* Mean of a window on working days, or on days off, that are known. */
static double mean_of(const struct table *t, int window, bool workday, int *n)
{
    double sum = 0;
    *n = 0;
    for (int d = 0; d < t->days; d++) {
        if (t->workday[d] == workday && t->known[d][window] && !t->left_out[d]) {
            sum += t->v[d][window];
            (*n)++;
        }
    }
    return *n > 0 ? sum / *n : 0;
}

/* Squares off the means over the means; *worst is the day that adds most, *share what it adds. */
static double ratio_of(const struct table *t, double cv2, int *worst, double *share)
{
    double squares[HISTORY] = {0}, all = 0, means = 0, shifts = 0;
    for (int w = 0; w < WINDOWS; w++) {
        for (int type = 0; type < 2; type++) {
            int n;
            double mean = mean_of(t, w, type == 1, &n);
            for (int d = 0; d < t->days && n > 1; d++) {
                if (t->workday[d] == (type == 1) && t->known[d][w] && !t->left_out[d]) {
                    double off = t->v[d][w] - mean;
                    squares[d] +=
                        off > 0 ? 2 * off * off * n / (n - 1) : 0; /* a slack day says nothing of busy ones */
                    means += mean;
                    shifts += cv2 * mean * mean; /* what days and hours differ by anyhow */
                }
            }
        }
    }
    *worst = 0;
    for (int d = 0; d < t->days; d++) {
        all += squares[d];
        *worst = squares[d] > squares[*worst] ? d : *worst;
    }
    *share = all > 0 ? squares[*worst] / all : 0;
    return means > 0 && all > shifts ? (all - shifts) / means : 0;
}

void tb_dispersion_learn(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day,
                         int32_t before, struct tb_dispersion *out)
{
    struct table t;
    int worst;
    double share, cv2 = j->rules.cv_day * j->rules.cv_day + j->rules.cv_hour * j->rules.cv_hour / WIDTH;
    fill(j, s, local_day, before, &t);
    out->left_out = -1;
    out->phi = ratio_of(&t, cv2, &worst, &share);
    if (t.days > 7 && share > j->rules.poison_share) { /* one burst is not how this consumer works */
        t.left_out[worst] = true;
        out->left_out = t.at[worst];
        out->phi = ratio_of(&t, cv2, &worst, &share);
    }
    out->phi = out->phi > j->rules.phi ? out->phi : j->rules.phi;
}

double tb_dispersion_most(const struct tb_judge *j, const struct tb_subject *s,
                          const struct tb_dispersion *own, int32_t local_day, int width)
{
    double most = 0, x;
    for (int32_t d = first_day(j, s, local_day); d < local_day; d++) {
        for (int h = 0; h + width <= 24 && is_told_by(s, local_day, d) && d != own->left_out; h++) {
            most = sum_window(s, d, h, width, &x) && x > most ? x : most;
        }
    }
    return most;
}

/* Of what is positive; lgamma itself writes its sign where all threads see it. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* Squared deviations of the normal's tail that is as rare as x or more of a negative binomial of mean mu. */
static double squared_z(double phi, double x, double mu)
{
    double over = phi - 1, q = over / phi, r = mu / over;
    double log_p = log_gamma(x + r) - log_gamma(r) - log_gamma(x + 1) + r * log(1 - q) + x * log(q);
    double next =
        (x + r) / (x + 1) * q; /* the next count's to this one's; later ones' lie between it and q */
    log_p -= next < 1 ? log(1 - (next > q ? next : q)) : 0;
    double t = -2 * log_p;
    double z2 = t > 2 ? t - log(t) - log(2 * acos(-1)) : 0;
    return z2 > 0 && next < 1 ? z2 : 0;
}

double tb_dispersion_z(const struct tb_dispersion *d, double x, double mu)
{
    enum { LEVELS = 32 };
    double least = INFINITY;
    /* a busier day, and more sessions on it: the likeliest of both together */
    for (int i = 0; i < LEVELS && x > mu; i++) {
        double level = 1 + (x / mu - 1) * i / LEVELS, off = (level - 1) / sqrt(d->cv2);
        if (off * off >= least) {
            break;
        }
        double z2 = squared_z(d->phi, x, mu * level) + off * off;
        least = z2 < least ? z2 : least;
    }
    return x > mu ? sqrt(least) : 0;
}
