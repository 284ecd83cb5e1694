/* How counts of a consumer vary: people work in sessions, and a session is many calls. Windows are taken as negative binomial,
 * var = phi mu + cv^2 mu^2, with phi learned from all windows of that width in 28 days; the tail of such counts is that of sessions,
 * much longer than a normal's. */
#include <math.h>
#include "detect/judge.h"

enum { HISTORY = 40, WINDOWS = 24 };

/* The windows of one width on the days of history. */
struct table {
    double v[HISTORY][WINDOWS];
    bool known[HISTORY][WINDOWS], left_out[HISTORY];
    bool workday[HISTORY];
    int32_t at[HISTORY]; /* local days */
    int days, windows;
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

static void fill(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int width,
                 struct table *t)
{
    int step = width > 1 ? width / 2 : 1;
    int32_t first = local_day - (int32_t)j->rules.history_days;
    t->days = t->windows = 0;
    for (int32_t d = local_day - 1; d >= first && d >= s->first_local && t->days < HISTORY; d--) {
        int32_t at = d - s->clock->day_first;
        if (at < 0 || at >= s->clock->days) {
            continue;
        }
        t->at[t->days] = d;
        t->left_out[t->days] = false;
        t->workday[t->days] = s->clock->type[at] == TB_WORKDAY;
        t->windows = 0;
        for (int h = 0; h + width <= 24; h += step, t->windows++) {
            t->known[t->days][t->windows] = sum_window(s, d, h, width, &t->v[t->days][t->windows]);
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
    for (int w = 0; w < t->windows; w++) {
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

void tb_dispersion_learn(const struct tb_judge *j, const struct tb_subject *s, int32_t local_day, int width,
                         struct tb_dispersion *out)
{
    struct table t;
    int worst;
    double share;
    fill(j, s, local_day, width, &t);
    out->cv2 = j->rules.cv_day * j->rules.cv_day + j->rules.cv_hour * j->rules.cv_hour / width;
    out->phi = ratio_of(&t, out->cv2, &worst, &share);
    if (t.days > 7 && share > j->rules.poison_share) { /* one burst is not how this consumer works */
        t.left_out[worst] = true;
        out->phi = ratio_of(&t, out->cv2, &worst, &share);
    }
    out->phi = out->phi > j->rules.phi ? out->phi : j->rules.phi;
    out->most = 0;
    out->left_out = -1;
    for (int d = 0; d < t.days; d++) {
        out->left_out = t.left_out[d] ? t.at[d] : out->left_out;
        for (int w = 0; w < t.windows; w++) {
            out->most = t.known[d][w] && !t.left_out[d] && t.v[d][w] > out->most ? t.v[d][w] : out->most;
        }
    }
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
