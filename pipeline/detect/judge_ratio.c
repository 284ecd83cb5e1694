/* model_mix, hidden_recompute: shares of a consumer's days against its earlier days. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

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
    bool past = age > 1 && (s->day_flag[day - j->first] & TB_FLAG_RATIO) == 0 && day >= s->ratio_from;
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
            double shift = m->now[w][k] / n - p;
            bool dearer = cost_per_call(m, w, k) > old,
                 now_too = m->now[0][k] / m->now_n[0] - p >= r->bloat_even * shift;
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
    struct models m;
    size_t from, to;
    TB_DIGEST_RANGE(j->today, cell, s->consumer, from, to);
    if (from == to) {
        return TB_OK;
    }
    memset(&m, 0, sizeof m);
    for (int32_t day = tb_judge_history(j); day <= j->day; day++) {
        add_day(j, s, day, &m);
    }
    enum tb_status st = judge_mix(j, s, &m);
    return st == TB_OK ? judge_hidden(j, s, &m) : st;
}
