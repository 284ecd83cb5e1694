/* context_bloat, output_bloat, model_mix, hidden_recompute: shares and means of a consumer's days against its earlier days. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "detect/judge.h"

#define DAYS_MAX     48
#define FEATURES_MAX 24

/* One day of one feature. */
struct stat {
    double n, log, log2;
};

struct features {
    uint32_t id[FEATURES_MAX];
    int n;
    struct stat day[DAYS_MAX][FEATURES_MAX][2]; /* input, output */
    bool usable[DAYS_MAX];
    int days, today; /* index of the judged day is days - 1 */
};

static int feature_index(struct features *t, uint32_t id)
{
    for (int i = 0; i < t->n; i++) {
        if (t->id[i] == id) {
            return i;
        }
    }
    if (t->n < FEATURES_MAX) {
        t->id[t->n] = id;
        return t->n++;
    }
    return FEATURES_MAX - 1;
}

/* Days of history, oldest first, and the judged one. */
static int first_day(const struct tb_judge *j)
{
    int32_t first = j->day - (int32_t)j->rules.history_days;
    return first > j->first ? first : j->first;
}

static void add_stat(struct stat *s, uint32_t n, int64_t log_sum, int64_t log2_sum)
{
    s->n += n;
    s->log += (double)log_sum / TB_LOG_ONE;
    s->log2 += (double)log2_sum / TB_LOG_ONE;
}

static void gather(const struct tb_judge *j, const struct tb_subject *s, struct features *t)
{
    memset(t, 0, sizeof *t);
    int32_t first = first_day(j);
    t->days = (int)(j->day - first) + 1;
    for (int d = 0; d < t->days && d < DAYS_MAX; d++) {
        const struct tb_digest *g = &j->digest[first + d - j->first];
        size_t from, to;
        TB_DIGEST_RANGE(g, cell, s->consumer, from, to);
        t->usable[d] = s->day_flag[first + d - j->first] == 0 && first + d >= s->ratio_from;
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

/* The usual mean of a feature: the median of its earlier days' means. False when too few days. */
static bool usual_mean(const struct tb_judge *j, const struct features *t, int f, int side, int before,
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

/* Days from..to against the days before `before`, over all features that have history (only = -1) or one. */
static bool shift_of(const struct tb_judge *j, const struct features *t, int side, int from, int to,
                     int before, int only, struct shift *out)
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

static double between_days(const struct tb_judge *j, const struct features *t, int side, int before, int only)
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

static enum tb_status tell_bloat(struct tb_judge *j, struct tb_subject *s, const struct features *t, int side,
                                 int days, int only, const struct shift *sh, double z)
{
    struct tb_finding *f = tb_findings_add(j->out, side == 0 ? TB_KIND_CONTEXT_BLOAT : TB_KIND_OUTPUT_BLOAT);
    struct tb_words w = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    double ratio = exp(sh->residual);
    int64_t cost = 0, tokens = 0;
    uint64_t n = 0;
    for (int d = 0; d < days; d++) {
        const struct tb_digest *g = &j->digest[j->day - d - j->first];
        size_t from, to;
        TB_DIGEST_RANGE(g, cell, s->consumer, from, to);
        for (size_t i = from; i < to; i++) {
            if (only < 0 || g->cell[i].feature == t->id[only]) {
                cost += g->cell[i].cost;
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
    f->cost = llround((double)cost * (1 - 1 / ratio));
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
static bool is_even(const struct tb_judge *j, const struct features *t, int side, int from, int to, int only,
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

static enum tb_status judge_bloat(struct tb_judge *j, struct tb_subject *s, const struct features *t,
                                  int side)
{
    struct shift best = {0, 0, 0};
    double best_z = 0;
    int best_days = 0, best_only = -1, today = t->days - 1;
    for (int only = -1; only < t->n; only++) {
        double between = -1;
        for (int days = 1; days <= 3 && days <= today; days++) {
            int before = today - days + 1;
            struct shift sh;
            if (!shift_of(j, t, side, before, today, before, only, &sh) || sh.n < j->rules.bloat_n ||
                sh.residual < log(j->rules.bloat_ratio) || !is_even(j, t, side, before, today, only, &sh)) {
                continue;
            }
            between = between < 0 ? between_days(j, t, side, before, only) : between;
            double z = sh.residual / sqrt(between * between / days + sh.var);
            if (z >= j->rules.bloat_z && z > best_z) {
                best = sh;
                best_z = z;
                best_days = days;
                best_only = only;
            }
        }
    }
    return best_days > 0 ? tell_bloat(j, s, t, side, best_days, best_only, &best, best_z) : TB_OK;
}

/* --- shares ------------------------------------------------------------------------------------------------------------------ */

#define MODELS_MAX 32
struct models {
    uint32_t id[MODELS_MAX];
    int n;
    double past[MODELS_MAX], past_cost[MODELS_MAX], now[3][MODELS_MAX],
        now_cost[3][MODELS_MAX]; /* now: last 1, 2, 3 days */
    double past_n, now_n[3];
    double hidden_past, hidden[3], hidden_cost[3];
    int past_days;
};

static int model_index(struct models *m, uint32_t id)
{
    for (int i = 0; i < m->n; i++) {
        if (m->id[i] == id) {
            return i;
        }
    }
    if (m->n < MODELS_MAX) {
        m->id[m->n] = id;
        return m->n++;
    }
    return MODELS_MAX - 1;
}

static void add_day(const struct tb_judge *j, const struct tb_subject *s, int32_t day, struct models *m)
{
    const struct tb_digest *g = &j->digest[day - j->first];
    size_t from, to;
    int age = (int)(j->day - day);
    TB_DIGEST_RANGE(g, cell, s->consumer, from, to);
    bool past = age > 1 && s->day_flag[day - j->first] == 0 && day >= s->ratio_from;
    m->past_days += past && to > from;
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_cell *c = &g->cell[i];
        int k = model_index(m, c->model);
        for (int w = age; w < 2; w++) { /* window w: the last w + 1 days */
            m->now[w][k] += c->n;
            m->now_cost[w][k] += (double)c->cost;
            m->now_n[w] += c->n;
            m->hidden[w] += c->hidden;
            m->hidden_cost[w] += (double)c->hidden_cost;
        }
        if (past) {
            m->past[k] += c->n;
            m->past_cost[k] += (double)c->cost;
            m->past_n += c->n;
            m->hidden_past += c->hidden;
        }
    }
}

static double cost_per_call(const struct models *m, int w, int k)
{
    return m->past[k] >= 5    ? m->past_cost[k] / m->past[k]
           : m->now[w][k] > 0 ? m->now_cost[w][k] / m->now[w][k]
                              : 0;
}

static enum tb_status tell_mix(struct tb_judge *j, struct tb_subject *s, const struct models *m, int w, int k,
                               double z, double old, double new)
{
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_MODEL_MIX);
    struct tb_words words = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->start_us = j->digest[j->day - w - j->first].from_us;
    f->end_us = j->today->to_us;
    f->score = z;
    f->observed = m->now[w][k] / m->now_n[w];
    f->expected = m->past[k] / m->past_n;
    f->extra = m->now[w][k] - f->expected * m->now_n[w];
    f->cost = llround((new - old) * m->now_n[w]);
    f->dimension = "model";
    f->value = m->id[k];
    tb_words_text(&words, s->name);
    tb_words_add(&words, ", ");
    tb_words_window(&words, s, f->start_us, f->end_us);
    tb_words_add(&words, ": %.0f%% of %.0f requests went to ", 100 * f->observed, m->now_n[w]);
    tb_words_text(&words, tb_dict_text(j->db, m->id[k]));
    tb_words_add(&words, "; %.0f%% is usual; at usual sizes a request costs %.1fx as much; extra cost ",
                 100 * f->expected, old > 0 ? new / old : 0);
    tb_words_cost(&words, j, f->cost);
    tb_words_add(&words, "; driver: model mix");
    tb_finding_tell(f, &words);
    return TB_OK;
}

static enum tb_status judge_mix(struct tb_judge *j, struct tb_subject *s, const struct models *m)
{
    const struct tb_rules *r = &j->rules;
    double best_z = 0, best_old = 0, best_new = 0;
    int best_w = 0, best_k = 0;
    for (int w = 0; w < 2; w++) {
        if (m->past_n < r->mix_past || m->now_n[0] < r->mix_today) {
            continue;
        }
        double old = 0, new = 0;
        for (int k = 0; k < m->n; k++) {
            old += cost_per_call(m, w, k) * m->past[k] / m->past_n;
            new += cost_per_call(m, w, k) * m->now[w][k] / m->now_n[w];
        }
        if (new < r->mix_cost_ratio * old) {
            continue;
        }
        for (int k = 0; k < m->n; k++) {
            double p = (m->past[k] + 0.5) / (m->past_n + 1), n = m->now_n[w];
            double z = (m->now[w][k] - n * p) / sqrt(r->mix_design * n * p * (1 - p) + 1);
            bool dearer = cost_per_call(m, w, k) > old, now_too = m->now[0][k] > p * m->now_n[0];
            if (z >= r->mix_z && z > best_z && dearer && now_too) {
                best_z = z;
                best_w = w;
                best_k = k;
                best_old = old;
                best_new = new;
            }
        }
    }
    return best_z > 0 ? tell_mix(j, s, m, best_w, best_k, best_z, best_old, best_new) : TB_OK;
}

static enum tb_status tell_hidden(struct tb_judge *j, struct tb_subject *s, const struct models *m, int w,
                                  double p, double z)
{
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_HIDDEN_RECOMPUTE);
    struct tb_words words = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    double share = m->hidden[w] / m->now_n[w];
    /* what is usual is a share of the calls the people made themselves */
    double usual = p < 1 ? (m->now_n[w] - m->hidden[w]) * p / (1 - p) : m->hidden[w];
    f->start_us = j->digest[j->day - w - j->first].from_us;
    f->end_us = j->today->to_us;
    f->score = z;
    f->observed = share;
    f->expected = p;
    f->extra = m->hidden[w] - usual;
    f->cost = llround(m->hidden_cost[w] * (usual < m->hidden[w] ? 1 - usual / m->hidden[w] : 0));
    tb_words_text(&words, s->name);
    tb_words_add(&words, ", ");
    tb_words_window(&words, s, f->start_us, f->end_us);
    tb_words_add(&words,
                 ": %.0f of %.0f requests (%.0f%%) were made by undo, retry or auto-save; %.0f%% is usual; "
                 "extra cost ",
                 m->hidden[w], m->now_n[w], 100 * share, 100 * p);
    tb_words_cost(&words, j, f->cost);
    tb_finding_tell(f, &words);
    return TB_OK;
}

static enum tb_status judge_hidden(struct tb_judge *j, struct tb_subject *s, const struct models *m)
{
    const struct tb_rules *r = &j->rules;
    double best = 0, p = (m->hidden_past + 0.5) / (m->past_n + 1);
    int best_w = -1;
    for (int w = 0; w < 2; w++) {
        double n = m->now_n[w];
        if (n < r->hidden_n || m->past_n < r->hidden_n || m->past_days < r->hidden_days) {
            continue;
        }
        double z = (m->hidden[w] - n * p) / sqrt(r->hidden_design * n * p * (1 - p) + 1);
        bool now_too = m->hidden[0] > (p + r->hidden_points / 2) * m->now_n[0];
        if (z >= r->hidden_z && m->hidden[w] / n - p >= r->hidden_points && now_too && z > best) {
            best = z;
            best_w = w;
        }
    }
    return best_w >= 0 ? tell_hidden(j, s, m, best_w, p, best) : TB_OK;
}

enum tb_status tb_judge_ratio(struct tb_judge *j, struct tb_subject *s)
{
    struct features *t = calloc(1, sizeof *t);
    struct models m;
    enum tb_status st = TB_OK;
    size_t from, to;
    TB_DIGEST_RANGE(j->today, cell, s->consumer, from, to);
    if (t == NULL) {
        return tb_judge_no_memory(j);
    }
    if (from < to) {
        gather(j, s, t);
        for (int side = 0; side < 2 && st == TB_OK; side++) {
            st = judge_bloat(j, s, t, side);
        }
        memset(&m, 0, sizeof m);
        for (int32_t day = first_day(j); day <= j->day; day++) {
            add_day(j, s, day, &m);
        }
        if (st == TB_OK) {
            st = judge_mix(j, s, &m);
        }
        if (st == TB_OK) {
            st = judge_hidden(j, s, &m);
        }
    }
    free(t);
    return st;
}
