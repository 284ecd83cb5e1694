/* feature_dominates: everybody's cost rose against days of the same type, and most of the rise is of one feature. */
#include <math.h>
#include <stdlib.h>
#include "detect/judge.h"
#include "rate/tuple.h"

#define DAYS_MAX 32

struct costs {
    struct tb_tuples features;
    int64_t *of; /* [feature * (DAYS_MAX + 1) + day]; day 0 is the judged one */
    size_t cap;
    double total[DAYS_MAX + 1];
    size_t days; /* of history */
};

static enum tb_status add_day(struct tb_judge *j, const struct tb_digest *g, size_t day, struct costs *c)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < g->cell_n && st == TB_OK; i++) {
        uint32_t number = 0;
        st = tb_tuples_add(&c->features, &g->cell[i].feature, &number, NULL, j->err);
        if (st == TB_OK) {
            st = tb_tuples_grow((void **)&c->of, &c->cap, (size_t)c->features.n * (DAYS_MAX + 1),
                                sizeof *c->of, j->err);
        }
        if (st == TB_OK) {
            c->of[(size_t)number * (DAYS_MAX + 1) + day] += g->cell[i].cost;
            c->total[day] += (double)g->cell[i].cost;
        }
    }
    return st;
}

static int type_of(const struct tb_subject *s, int32_t day)
{
    int32_t at = day - s->clock->day_first;
    int type = at < 0 || at >= s->clock->days ? TB_WORKDAY : s->clock->type[at];
    return type == TB_HOLIDAY ? TB_WEEKEND : type;
}

static enum tb_status gather(struct tb_judge *j, const struct tb_subject *s, struct costs *c)
{
    enum tb_status st = add_day(j, j->today, 0, c);
    int32_t first = j->day - (int32_t)j->rules.history_days;
    for (int32_t d = j->day - 1; d >= j->first && d >= first && st == TB_OK; d--) {
        if (type_of(s, d) == type_of(s, j->day) && c->days < DAYS_MAX &&
            (double)c->days < j->rules.same_type_days) {
            c->days++;
            st = add_day(j, &j->digest[d - j->first], c->days, c);
        }
    }
    return st;
}

static double usual(const int64_t *of, size_t days)
{
    double v[DAYS_MAX];
    for (size_t d = 0; d < days; d++) {
        v[d] = (double)of[d + 1];
    }
    return tb_median(v, days);
}

static enum tb_status tell(struct tb_judge *j, struct tb_subject *s, const struct costs *c, uint32_t feature,
                           double rise, double mu)
{
    const int64_t *of = c->of + (size_t)feature * (DAYS_MAX + 1);
    double was = usual(of, c->days), effect = (double)of[0] - was;
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_FEATURE_DOMINATES);
    struct tb_words w = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->severity = TB_SEVERITY_INFO;
    f->start_us = j->today->from_us;
    f->end_us = j->today->to_us;
    f->dimension = "feature";
    f->value = *tb_tuples_at(&c->features, feature);
    f->score = effect / rise;
    f->observed = (double)of[0] / 1e12;
    f->expected = was / 1e12;
    f->cost = llround(effect);
    tb_words_text(&w, s->name);
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": cost ");
    tb_words_cost(&w, j, llround(mu + rise));
    tb_words_add(&w, "; ");
    tb_words_cost(&w, j, llround(mu));
    tb_words_add(&w, " is usual on the last %zu such days (%.2fx); feature ", c->days,
                 mu > 0 ? (mu + rise) / mu : 0);
    tb_words_text(&w, tb_dict_text(j->db, f->value));
    tb_words_add(&w, " cost ");
    tb_words_cost(&w, j, of[0]);
    tb_words_add(&w, " instead of ");
    tb_words_cost(&w, j, llround(was));
    tb_words_add(&w, ", %.0f%% of the rise", 100 * f->score);
    tb_finding_tell(f, &w);
    return TB_OK;
}

/* The feature with the largest rise; of equal ones the first by name. */
static uint32_t largest(const struct tb_judge *j, const struct costs *c)
{
    uint32_t best = 0;
    double most = 0;
    for (uint32_t i = 0; i < c->features.n; i++) {
        const int64_t *of = c->of + (size_t)i * (DAYS_MAX + 1);
        double effect = (double)of[0] - usual(of, c->days);
        struct tb_str name = tb_dict_text(j->db, *tb_tuples_at(&c->features, i)),
                      other = tb_dict_text(j->db, *tb_tuples_at(&c->features, best));
        if (i == 0 || effect > most || (effect == most && tb_str_cmp(name, other) < 0)) {
            best = i;
            most = effect;
        }
    }
    return best;
}

static enum tb_status judge(struct tb_judge *j, struct tb_subject *s, const struct costs *c)
{
    double v[DAYS_MAX], most = 0;
    memcpy(v, c->total + 1, c->days * sizeof *v);
    for (size_t d = 0; d < c->days; d++) {
        most = v[d] > most ? v[d] : most;
    }
    double mu = tb_median(v, c->days), rise = c->total[0] - mu;
    bool risen =
        rise >= j->rules.feature_change * mu && rise >= j->rules.feature_usd * 1e12 && c->total[0] > most;
    if (!risen || !tb_baseline_supported(j, s, j->day, c->days) || c->features.n < 2) {
        return TB_OK;
    }
    uint32_t best = largest(j, c);
    double effect =
        (double)c->of[(size_t)best * (DAYS_MAX + 1)] - usual(c->of + (size_t)best * (DAYS_MAX + 1), c->days);
    bool named = *tb_tuples_at(&c->features, best) != 0;
    return named && effect >= j->rules.feature_share * rise ? tell(j, s, c, best, rise, mu) : TB_OK;
}

enum tb_status tb_judge_features(struct tb_judge *j, struct tb_subject *s)
{
    struct costs c = {.days = 0};
    tb_tuples_init(&c.features, 1, TB_TUPLES_MAX);
    enum tb_status st = gather(j, s, &c);
    if (st == TB_OK && c.days > 0) {
        st = judge(j, s, &c);
    }
    tb_tuples_release(&c.features);
    free(c.of);
    return st;
}
