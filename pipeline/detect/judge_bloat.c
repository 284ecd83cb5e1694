/* context_bloat, output_bloat: sizes of a consumer's prompts and answers against its earlier days, by their logarithms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "detect/judge.h"

#define DAYS_MAX     48
#define FEATURES_MAX 24
#define WINDOW_MAX   3 /* days of a finding */

/* One day of one feature. */
struct stat {
    double n, log, log2;
};

struct features {
    uint32_t id[FEATURES_MAX];
    int n;
    struct stat day[DAYS_MAX][FEATURES_MAX][2]; /* input, output */
    bool usable[DAYS_MAX];
    int days; /* index of the judged day is days - 1 */
    struct usual {
        double mean, spread;
        bool asked, known;
    } usual[FEATURES_MAX][2][WINDOW_MAX + 1]; /* by how many days are left out */
};

static int feature_index(struct features *t, uint32_t id)
{
    for (int i = 0; i < t->n; i++) {
        if (t->id[i] == id) {
            return i;
        }
    }
    if (t->n < FEATURES_MAX) { /* most have a few: what others would take is not even cleared */
        for (int d = 0; d < t->days && d < DAYS_MAX; d++) {
            memset(t->day[d][t->n], 0, sizeof t->day[d][t->n]);
        }
        memset(t->usual[t->n], 0, sizeof t->usual[t->n]);
        t->id[t->n] = id;
        return t->n++;
    }
    return FEATURES_MAX - 1;
}

static void add_stat(struct stat *s, uint32_t n, int64_t log_sum, int64_t log2_sum)
{
    s->n += n;
    s->log += (double)log_sum / TB_LOG_ONE;
    s->log2 += (double)log2_sum / TB_LOG_ONE;
}

static void gather(const struct tb_judge *j, const struct tb_subject *s, struct features *t)
{
    int32_t first = tb_judge_history(j);
    t->n = 0;
    t->days = (int)(j->day - first) + 1;
    for (int d = 0; d < t->days && d < DAYS_MAX; d++) {
        const struct tb_digest *g = &j->digest[first + d - j->first];
        size_t from, to;
        TB_DIGEST_RANGE(g, cell, s->consumer, from, to);
        t->usable[d] = (s->day_flag[first + d - j->first] & TB_FLAG_RATIO) == 0 && first + d >= s->ratio_from;
        for (size_t i = from; i < to; i++) {
            int f = feature_index(t, g->cell[i].feature);
            add_stat(&t->day[d][f][0], g->cell[i].in_n, g->cell[i].in_log, g->cell[i].in_log2);
            add_stat(&t->day[d][f][1], g->cell[i].out_n, g->cell[i].out_log, g->cell[i].out_log2);
        }
    }
}

struct shift {
    double residual, var, n; /* of ln tokens against the usual mean */
};

static bool find_mean(const struct tb_judge *j, const struct features *t, int f, int side, int before,
                      double *mean, double *spread)
{
    double v[DAYS_MAX];
    size_t n = 0;
    double within = 0, within_n = 0;
    for (int d = 0; d < before; d++) {
        const struct stat *s = &t->day[d][f][side];
        if (t->usable[d] && s->n >= 5) {
            v[n++] = s->log / s->n;
            within += s->log2 - s->log * s->log / s->n;
            within_n += s->n - 1;
        }
    }
    if ((double)n < j->rules.bloat_days) {
        return false;
    }
    *mean = tb_median(v, n);
    *spread = within_n > 0 && within > 0 ? within / within_n : 1;
    return true;
}

/* The usual mean of a feature: the median of its earlier days' means. False when too few days. */
static bool usual_mean(const struct tb_judge *j, struct features *t, int f, int side, int before,
                       double *mean, double *spread)
{
    struct usual *u = &t->usual[f][side][t->days - before];
    if (!u->asked) {
        u->known = find_mean(j, t, f, side, before, &u->mean, &u->spread);
        u->asked = true;
    }
    *mean = u->mean;
    *spread = u->spread;
    return u->known;
}

/* Days from..to against the days before `before`, over all features that have history (only = -1) or one. */
static bool shift_of(const struct tb_judge *j, struct features *t, int side, int from, int to, int before,
                     int only, struct shift *out)
{
    *out = (struct shift){0, 0, 0};
    double weighted = 0, within = 0;
    for (int f = 0; f < t->n; f++) {
        double n = 0, sum = 0, mean, spread;
        if ((only >= 0 && f != only) || !usual_mean(j, t, f, side, before, &mean, &spread)) {
            continue;
        }
        for (int d = from; d <= to; d++) {
            n += t->day[d][f][side].n;
            sum += t->day[d][f][side].log;
        }
        weighted += sum - n * mean;
        within += n * spread;
        out->n += n;
    }
    if (out->n < 1) {
        return false;
    }
    out->residual = weighted / out->n;
    out->var = within / (out->n * out->n);
    return true;
}

static double between_days(const struct tb_judge *j, struct features *t, int side, int before, int only)
{
    double v[DAYS_MAX];
    size_t n = 0;
    for (int d = 0; d < before; d++) {
        struct shift s;
        if (t->usable[d] && shift_of(j, t, side, d, d, before, only, &s) && s.n >= 5) {
            double off = fabs(s.residual);
            double chance = 0.67 * sqrt(s.var); /* what a day's mean is off by anyhow */
            v[n++] = off > chance ? off - chance / 2 : off / 2;
        }
    }
    double sd = 1.4826 * tb_median(v, n);
    return sd > j->rules.bloat_sd ? sd : j->rules.bloat_sd;
}

/* What a token in and a token out of a model cost, as what cells of all consumers cost tells (least squares of relative errors):
 * digests do not know which part of a cost is the prompt's. False where cells cannot tell them apart. */
static bool fit_prices(const struct tb_judge *j, uint32_t model, double *in, double *out)
{
    double uu = 0, vv = 0, uv = 0, su = 0, sv = 0;
    for (int32_t day = tb_judge_history(j); day <= j->day; day++) {
        const struct tb_digest *g = &j->digest[day - j->first];
        for (size_t i = 0; i < g->cell_n; i++) {
            const struct tb_dg_cell *c = &g->cell[i];
            if (c->model == model && c->cost > 0) {
                double u = (double)c->in / (double)c->cost, v = (double)c->out / (double)c->cost;
                uu += u * u;
                vv += v * v;
                uv += u * v;
                su += u;
                sv += v;
            }
        }
    }
    double det = uu * vv - uv * uv;
    *in = det > 0 ? (vv * su - uv * sv) / det : 0;
    *out = det > 0 ? (uu * sv - uv * su) / det : 0;
    return det > 1e-6 * uu * vv && *in >= 0 && *out >= 0;
}

/* What of a cell's cost is for its prompts (side 0) or its answers. */
static double side_cost(const struct tb_judge *j, const struct tb_dg_cell *c, int side)
{
    double in, out, cost = (double)c->cost;
    if (!fit_prices(j, c->model, &in, &out)) {
        return cost;
    }
    in *= (double)c->in;
    out *= (double)c->out;
    return in + out > 0 ? cost * (side == 0 ? in : out) / (in + out) : cost;
}

static enum tb_status tell_bloat(struct tb_judge *j, struct tb_subject *s, const struct features *t, int side,
                                 int days, int only, const struct shift *sh, double z)
{
    struct tb_finding *f = tb_findings_add(j->out, side == 0 ? TB_KIND_CONTEXT_BLOAT : TB_KIND_OUTPUT_BLOAT);
    struct tb_words w = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    double ratio = exp(sh->residual);
    double cost = 0;
    int64_t tokens = 0;
    uint64_t n = 0;
    for (int d = 0; d < days; d++) {
        const struct tb_digest *g = &j->digest[j->day - d - j->first];
        size_t from, to;
        TB_DIGEST_RANGE(g, cell, s->consumer, from, to);
        for (size_t i = from; i < to; i++) {
            if (only < 0 || g->cell[i].feature == t->id[only]) {
                cost += side_cost(j, &g->cell[i], side);
                tokens += side == 0 ? g->cell[i].in : g->cell[i].out;
                n += side == 0 ? g->cell[i].in_n : g->cell[i].out_n;
            }
        }
    }
    f->start_us = j->digest[j->day - days + 1 - j->first].from_us;
    f->end_us = j->today->to_us;
    f->score = z;
    f->observed = n > 0 ? (double)tokens / (double)n : 0;
    f->expected = f->observed / ratio;
    f->extra = sh->n;
    f->cost = llround(cost * (1 - 1 / ratio));
    if (only >= 0) {
        f->dimension = "feature";
        f->value = t->id[only];
    }
    tb_words_text(&w, s->name);
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": %s of %.0f tokens a call on average over %.0f calls",
                 side == 0 ? "prompts" : "answers", f->observed, sh->n);
    if (only >= 0) {
        tb_words_add(&w, " of feature ");
        tb_words_text(&w, tb_dict_text(j->db, t->id[only]));
    }
    tb_words_add(&w, "; %.0f is usual (%.1fx by the geometric mean); extra cost ", f->expected, ratio);
    tb_words_cost(&w, j, f->cost);
    tb_words_add(&w, "; driver: tokens per request");
    tb_finding_tell(f, &w);
    return TB_OK;
}

/* Whether each day of the window is a good part of what the window is: its first and last ones must be, those between may be days
 * of few calls. */
static bool is_even(const struct tb_judge *j, struct features *t, int side, int from, int to, int only,
                    const struct shift *all)
{
    for (int d = from; d <= to; d++) {
        struct shift one;
        bool known = shift_of(j, t, side, d, d, from, only, &one) && one.n >= 5;
        if (known ? one.residual < j->rules.bloat_even * all->residual : d == from || d == to) {
            return false;
        }
    }
    return true;
}

/* The last days of all features (only = -1) or of one, as they stand out most. */
struct found {
    struct shift shift;
    double z;
    int days, only;
};

static void find(const struct tb_judge *j, struct features *t, int side, int only, struct found *best)
{
    double between = -1;
    int today = t->days - 1;
    for (int days = 1; days <= WINDOW_MAX && days <= today; days++) {
        int before = today - days + 1;
        struct shift sh;
        if (!shift_of(j, t, side, before, today, before, only, &sh) || sh.n < j->rules.bloat_n ||
            sh.residual < log(j->rules.bloat_ratio) || !is_even(j, t, side, before, today, only, &sh)) {
            continue;
        }
        between = between < 0 ? between_days(j, t, side, before, only) : between;
        double z = sh.residual / sqrt(between * between / days + sh.var);
        if (z >= j->rules.bloat_z && z > best->z) {
            *best = (struct found){sh, z, days, only};
        }
    }
}

/* What a shift comes to a day. */
static double weight(const struct found *f)
{
    return f->days > 0 ? f->shift.n * f->shift.residual / f->days : 0;
}

static enum tb_status judge_bloat(struct tb_judge *j, struct tb_subject *s, struct features *t, int side)
{
    struct found all = {.days = 0}, one = {.days = 0};
    find(j, t, side, -1, &all);
    for (int only = 0; only < t->n; only++) {
        find(j, t, side, only, &one);
    }
    /* one feature is told by itself when it makes nearly all of it */
    const struct found *f = weight(&all) > 1.15 * weight(&one) ? &all : &one;
    return f->days > 0 ? tell_bloat(j, s, t, side, f->days, f->only, &f->shift, f->z) : TB_OK;
}

enum tb_status tb_judge_bloat(struct tb_judge *j, struct tb_subject *s)
{
    size_t from, to;
    enum tb_status st = TB_OK;
    TB_DIGEST_RANGE(j->today, cell, s->consumer, from, to);
    if (from == to) {
        return TB_OK;
    }
    struct features *t = malloc(sizeof *t);
    if (t == NULL) {
        return tb_judge_no_memory(j);
    }
    gather(j, s, t);
    for (int side = 0; side < 2 && st == TB_OK; side++) {
        st = judge_bloat(j, s, t, side);
    }
    free(t);
    return st;
}
