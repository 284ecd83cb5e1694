/* budget, predict: levels of budgets.csv crossed, and periods that are heading for more than a share of their budget. A period is one
 * incident. A budget is told on the days on which it crosses a level, and while it is used up and money is spent on. */
#include <math.h>
#include <stdlib.h>
#include "base/glob.h"
#include "detect/judge.h"
#include "rate/budget.h"
#include "rate/forecast.h"

#define LEVELS 4 /* info, warning, critical, exceeded */

/* One budget in the period that the judged day is in. */
struct view {
    size_t index;
    const struct tb_budget_row *row;
    const struct tb_budget_out *out; /* as of j->until */
    int32_t first, next;             /* days of the period */
    int64_t until_us;
};

int64_t tb_judge_until(const struct tb_judge *j)
{
    return j->day == j->last && j->as_of_us != 0 && j->as_of_us < j->today->to_us ? j->as_of_us
                                                                                  : j->today->to_us;
}

static int64_t pico(tb_money m)
{
    tb_money p = m / TB_PICO_OF_MONEY;
    return p > INT64_MAX ? INT64_MAX : p < 0 ? 0 : (int64_t)p;
}

/* spent > share of amount, exactly (share in millionths); at a share of 1: spent >= amount. */
static bool is_over(tb_money spent, tb_money amount, double share, bool full)
{
    int64_t ppm = llround(share * 1e6);
    tb_money part = amount / 1000000 * ppm + amount % 1000000 * ppm / 1000000;
    return full ? spent >= amount && spent > 0 : spent > part;
}

static double share_of(const struct tb_judge *j, int level)
{
    const double shares[LEVELS] = {j->rules.budget_info, j->rules.budget_warning, j->rules.budget_critical,
                                   1};
    return shares[level];
}

/* What was spent from the period's first day until before us; by whole hours. */
static tb_money spent_until(const struct tb_judge *j, const struct view *v, int64_t us)
{
    tb_money sum = 0;
    for (int32_t day = v->first; day <= j->day; day++) {
        const struct tb_spend *d = tb_spends_at(&j->spends, v->index, day);
        for (size_t i = 0; d != NULL && i < d->hour_n && d->hours[i].hour_us < us; i++) {
            sum += d->hours[i].cost;
        }
    }
    return sum;
}

/* When the level was crossed: the call where the level is one that budgets are kept by, else its hour; TB_TS_NONE: not. */
static int64_t crossed_at(const struct tb_judge *j, const struct view *v, int level)
{
    static const int usual[LEVELS] = {500000, 750000, 900000, 1000000};
    double share = share_of(j, level);
    tb_money sum = 0;
    if (llround(share * 1e6) == usual[level]) {
        return v->out->crossed_us[TB_LEVEL_INFO + level];
    }
    for (int32_t day = v->first; day <= j->day; day++) {
        const struct tb_spend *d = tb_spends_at(&j->spends, v->index, day);
        for (size_t i = 0; d != NULL && i < d->hour_n && d->hours[i].hour_us < v->until_us; i++) {
            sum += d->hours[i].cost;
            if (is_over(sum, v->row->amount, share, level == LEVELS - 1)) {
                return d->hours[i].hour_us;
            }
        }
    }
    return TB_TS_NONE;
}

/* --- words ------------------------------------------------------------------------------------------------------------------- */

static void add_money(struct tb_words *w, const struct tb_judge *j, tb_money m)
{
    tb_words_cost(w, j, pico(m));
}

static void add_name(struct tb_words *w, const struct view *v)
{
    tb_words_add(w, "budget \"");
    tb_words_text(w, v->row->name);
    tb_words_add(w, "\" of a %s, ", tb_period_names[v->row->period]);
}

/* Whom it is about, and its id: the same in every report of the period. */
static enum tb_status begin(struct tb_judge *j, const struct view *v, enum tb_kind kind,
                            struct tb_finding **out)
{
    struct tb_finding *f = tb_findings_add(j->out, kind);
    const struct tb_budget_row *b = v->row;
    enum tb_dim dim;
    *out = f;
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->last_day = j->day;
    tb_finding_name(f, b->name, TB_STR_NULL, v->out->start_us);
    if (!tb_budget_dim(b->dimension, &dim)) {
        return TB_OK;
    }
    f->dimension = tb_dim_names[dim];
    f->text = b->match.s != NULL ? b->match : TB_STR("*");
    return dim == TB_DIM_CONSUMER && b->match.s != NULL && tb_glob_exact(b->match)
               ? tb_dict_id(j->db, b->match, false, &f->consumer, j->err)
               : TB_OK;
}

/* --- budget ------------------------------------------------------------------------------------------------------------------- */

static enum tb_status tell_budget(struct tb_judge *j, struct tb_subject *s, const struct view *v,
                                  const int64_t at[LEVELS], int level)
{
    static const enum tb_severity severities[LEVELS] = {TB_SEVERITY_INFO, TB_SEVERITY_WARNING,
                                                        TB_SEVERITY_CRITICAL, TB_SEVERITY_CRITICAL};
    struct tb_finding *f = NULL;
    struct tb_words w = {.n = 0};
    struct tb_driver driver = {0, 0};
    tb_money amount = v->row->amount, spent = v->out->spent;
    enum tb_status st = begin(j, v, TB_KIND_BUDGET, &f);
    int low = 0;
    bool any = false;
    while (low < level && at[low] == TB_TS_NONE) {
        low++;
    }
    if (st != TB_OK) {
        return st;
    }
    f->severity = severities[level];
    f->start_us = at[low];
    f->end_us = v->until_us > f->start_us ? v->until_us : f->start_us + 1;
    f->first_day = tb_zone_day(j->settings->zone, f->start_us);
    f->observed = tb_money_double(spent);
    f->expected = tb_money_double(amount);
    f->score = amount > 0 ? f->observed / f->expected : 1;
    f->cost = pico(spent - amount);
    st = tb_driver_find(j, v->row, v->out->start_us, v->until_us, &driver);
    add_name(&w, v);
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": ");
    add_money(&w, j, spent);
    tb_words_add(&w, " of ");
    add_money(&w, j, amount);
    tb_words_add(&w, amount > 0 ? " spent (%.1f%%)" : " spent", 100 * f->score);
    for (int k = low; k <= level; k++) {
        if (at[k] != TB_TS_NONE && (k == level || at[k + 1] != at[k])) {
            tb_words_add(&w, "%s%.0f%% since ", any ? ", " : "; over ", 100 * share_of(j, k));
            tb_words_instant(&w, s, at[k], f->start_us);
            any = true;
        }
    }
    if (spent > amount) {
        tb_words_add(&w, "; ");
        add_money(&w, j, spent - amount);
        tb_words_add(&w, " beyond it");
    }
    tb_words_driver(&w, j, &driver);
    tb_finding_tell(f, &w);
    return st;
}

static enum tb_status judge_budget(struct tb_judge *j, struct tb_subject *s, const struct view *v)
{
    int64_t at[LEVELS];
    int level = -1;
    bool news = false;
    for (int k = 0; k < LEVELS; k++) {
        at[k] = crossed_at(j, v, k);
        if (at[k] != TB_TS_NONE) {
            level = k;
            news = news || at[k] >= j->today->from_us;
        }
    }
    const struct tb_spend *today = tb_spends_at(&j->spends, v->index, j->day);
    bool goes_on = level == LEVELS - 1 && today != NULL && today->cost > 0;
    return news || goes_on ? tell_budget(j, s, v, at, level) : TB_OK;
}

/* --- predict ------------------------------------------------------------------------------------------------------------------ */

static bool is_weekend(const struct tb_judge *j, int32_t day)
{
    for (int i = 0; i < j->settings->holiday_count; i++) {
        if (j->settings->holidays[i] == day) {
            return true;
        }
    }
    return tb_day_weekday(day) >= 5;
}

/* The share of a day's cost that is usually spent `into` microseconds behind its start: the median of days of its type, evenly
 * over the day where there are too few. */
static double usual_share(const struct tb_judge *j, const struct view *v, int64_t into)
{
    double share[TB_BUDGET_HISTORY_DAYS];
    size_t n = 0;
    for (int32_t day = j->day - TB_BUDGET_HISTORY_DAYS; day < j->day; day++) {
        const struct tb_spend *d = tb_spends_at(&j->spends, v->index, day);
        int64_t start = tb_zone_day_start(j->settings->zone, day);
        double sum = 0;
        if (d == NULL || d->cost <= 0 || is_weekend(j, day) != is_weekend(j, j->day)) {
            continue;
        }
        for (size_t i = 0; i < d->hour_n && d->hours[i].hour_us < start + into; i++) {
            sum += tb_money_double(d->hours[i].cost);
        }
        share[n++] = sum / tb_money_double(d->cost);
    }
    return (double)n >= j->rules.predict_days ? tb_median(share, n)
                                              : (double)into / (double)(j->today->to_us - j->today->from_us);
}

struct prediction {
    int64_t at_us;
    double cost, spent;
};

/* The first whole hour by which the day was heading over the share, and not over it yet. */
static bool foresee_day(const struct tb_judge *j, const struct view *v, struct prediction *out)
{
    double limit = j->rules.predict * tb_money_double(v->row->amount);
    for (int64_t at = j->today->from_us + TB_US_PER_H; at <= v->until_us; at += TB_US_PER_H) {
        tb_money spent = spent_until(j, v, at);
        double share = usual_share(j, v, at - j->today->from_us), cost = tb_money_double(spent) / share;
        if (is_over(spent, v->row->amount, j->rules.predict, false)) {
            return false;
        }
        if (share >= j->rules.predict_share && cost > limit) {
            *out = (struct prediction){at, cost, tb_money_double(spent)};
            return at < j->today->to_us;
        }
    }
    return false;
}

/* As the day ends, or stands: what was spent, and the usual days that are to come. */
static enum tb_status foresee_period(const struct tb_judge *j, const struct view *v, int64_t at_us,
                                     bool *above, struct prediction *out)
{
    struct tb_forecast rest;
    tb_money spent = spent_until(j, v, at_us);
    enum tb_status st = tb_forecast_rest(j->settings, &j->spends, v->index, at_us, v->next, &rest, j->err);
    if (st == TB_OK) {
        *out = (struct prediction){at_us, tb_money_double(spent) + tb_money_double(rest.usual),
                                   tb_money_double(spent)};
        *above = is_over(spent + rest.usual, v->row->amount, j->rules.predict, false) &&
                 !is_over(spent, v->row->amount, j->rules.predict, false);
    }
    return st;
}

static enum tb_status tell_prediction(struct tb_judge *j, struct tb_subject *s, const struct view *v,
                                      const struct prediction *p, int64_t start_us, bool over)
{
    struct tb_finding *f = NULL;
    struct tb_words w = {.n = 0};
    struct tb_driver driver = {0, 0};
    enum tb_status st = begin(j, v, TB_KIND_PREDICT, &f);
    if (st != TB_OK) {
        return st;
    }
    f->start_us = start_us;
    f->end_us = v->until_us > start_us ? v->until_us : start_us + 1;
    f->first_day = tb_zone_day(j->settings->zone, start_us);
    f->observed = p->cost;
    f->expected = tb_money_double(v->row->amount);
    f->score = f->expected > 0 ? f->observed / f->expected : 1;
    double beyond = (p->cost - f->expected) * 1e12;
    f->cost = beyond > 0 ? (beyond < 9e18 ? llround(beyond) : INT64_MAX) : 0;
    st = tb_driver_find(j, v->row, v->out->start_us, v->until_us, &driver);
    add_name(&w, v);
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": at the usual course it was heading for ");
    tb_words_cost(&w, j, llround(p->cost * 1e12));
    tb_words_add(&w, " of ");
    add_money(&w, j, v->row->amount);
    tb_words_add(&w, " (%.1fx; more than %.0f%% is told), with ", f->score, 100 * j->rules.predict);
    tb_words_cost(&w, j, llround(p->spent * 1e12));
    tb_words_add(&w, " spent by ");
    tb_words_instant(&w, s, p->at_us, f->start_us);
    if (over) {
        tb_words_add(&w, "; it ended with ");
        add_money(&w, j, v->out->spent);
    }
    tb_words_driver(&w, j, &driver);
    tb_finding_tell(f, &w);
    return st;
}

/* A day that is over is told where it came true: then it says how early it could have been known. */
static enum tb_status judge_day(struct tb_judge *j, struct tb_subject *s, const struct view *v)
{
    struct prediction p;
    bool over = v->until_us >= j->today->to_us;
    if (!foresee_day(j, v, &p) ||
        (over && !is_over(v->out->spent, v->row->amount, j->rules.predict, false))) {
        return TB_OK;
    }
    return tell_prediction(j, s, v, &p, p.at_us, over);
}

static enum tb_status judge_period(struct tb_judge *j, struct tb_subject *s, const struct view *v)
{
    struct prediction p, before;
    bool above = false;
    int64_t start_us = j->today->from_us;
    if (v->until_us >= v->out->end_us) { /* it is over: nothing to predict */
        return TB_OK;
    }
    enum tb_status st = foresee_period(j, v, v->until_us, &above, &p);
    if (st != TB_OK || !above) {
        return st;
    }
    for (int32_t day = j->day - 1; day >= v->first && day >= j->spends.first_day && st == TB_OK; day--) {
        int64_t end = tb_zone_day_start(j->settings->zone, day + 1);
        st = foresee_period(j, v, end, &above, &before);
        if (st == TB_OK && !above) {
            break;
        }
        start_us = tb_zone_day_start(j->settings->zone, day);
    }
    return st == TB_OK ? tell_prediction(j, s, v, &p, start_us, false) : st;
}

/* --- all of them -------------------------------------------------------------------------------------------------------------- */

static enum tb_status judge_row(struct tb_judge *j, struct tb_subject *s, const struct tb_budget_out *row,
                                int64_t until_us)
{
    struct view v = {
        .index = (size_t)(row->row - j->tables->budgets), .row = row->row, .out = row, .until_us = until_us};
    tb_period_bounds(row->row->period, j->day, &v.first, &v.next);
    enum tb_status st = judge_budget(j, s, &v);
    if (st != TB_OK) {
        return st;
    }
    return row->row->period == TB_PERIOD_DAY ? judge_day(j, s, &v) : judge_period(j, s, &v);
}

enum tb_status tb_judge_budgets(struct tb_judge *j, struct tb_subject *s)
{
    struct tb_budgets budgets;
    int64_t until = tb_judge_until(j);
    if (j->tables->budget_count == 0 || j->spends.spend == NULL) {
        return TB_OK;
    }
    enum tb_status st =
        tb_budget_query(j->db, j->settings, j->tables, j->version, j->day, j->day, until, &budgets, j->err);
    for (size_t i = 0; i < budgets.n && st == TB_OK; i++) {
        st = judge_row(j, s, &budgets.rows[i], until);
    }
    tb_budget_release(&budgets);
    return st;
}
