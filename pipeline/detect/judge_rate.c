/* cost_rate: more an hour than a limit allows, for as long as its level wants: the limits of budgets.csv, and the defaults of the
 * rules for everything where no budget of everything names a limit of that level. */
#include <math.h>
#include <stdlib.h>
#include "detect/judge.h"
#include "rate/tuple.h"

#define DAYS_BACK 4 /* that a stretch is followed back */

/* A stretch over a limit, joined over the ends of days. */
struct over {
    int level;
    int64_t start_us, end_us, peak, excess; /* pico */
};

struct overs {
    const struct tb_budget_row *budget; /* NULL: the rules' limits */
    double limit[TB_HOUR_LEVELS];
    struct over *of;
    size_t n, cap;
};

static int64_t pico(tb_money m)
{
    tb_money p = m / TB_PICO_OF_MONEY;
    return p > INT64_MAX ? INT64_MAX : (int64_t)p;
}

/* x, the later of the two, goes on where o ends, or covers it again from a day's lead-in on. */
static bool join(struct over *o, const struct over *x)
{
    if (o->level != x->level || x->start_us > o->end_us || x->end_us < o->start_us) {
        return false;
    }
    if (x->start_us <= o->start_us) {
        *o = *x;
    } else if (x->end_us > o->end_us) {
        o->excess +=
            llround((double)x->excess * (double)(x->end_us - o->end_us) / (double)(x->end_us - x->start_us));
        o->end_us = x->end_us;
        o->peak = x->peak > o->peak ? x->peak : o->peak;
    }
    return true;
}

static enum tb_status put(struct overs *list, const struct over *x, struct tb_err *err)
{
    for (size_t i = list->n; i > 0; i--) {
        if (join(&list->of[i - 1], x)) {
            return TB_OK;
        }
    }
    enum tb_status st = tb_tuples_grow((void **)&list->of, &list->cap, list->n + 1, sizeof *list->of, err);
    if (st == TB_OK) {
        list->of[list->n++] = *x;
    }
    return st;
}

/* Of a budget of everything that names a limit of this level, the rules' own limit is no news. */
static bool is_named(const struct tb_judge *j, int level)
{
    for (size_t i = 0; i < j->tables->budget_count; i++) {
        const struct tb_budget_row *b = &j->tables->budgets[i];
        const bool has[TB_HOUR_LEVELS] = {b->has_warning, b->has_critical, b->has_emergency};
        if (b->dimension.s == NULL && has[level]) {
            return true;
        }
    }
    return false;
}

static enum tb_status gather_rules(const struct tb_judge *j, struct overs *list)
{
    const double limit[TB_HOUR_LEVELS] = {j->rules.hour_warning, j->rules.hour_critical,
                                          j->rules.hour_emergency};
    enum tb_status st = TB_OK;
    memcpy(list->limit, limit, sizeof limit);
    for (int32_t d = j->day - DAYS_BACK > j->first ? j->day - DAYS_BACK : j->first; d <= j->day; d++) {
        const struct tb_digest *g = &j->digest[d - j->first];
        for (size_t i = 0; i < g->rate_n && st == TB_OK; i++) {
            const struct tb_dg_rate *r = &g->rate[i];
            struct over x = {(int)r->level, r->start_us, r->end_us, r->peak, r->cost};
            st = is_named(j, x.level) ? TB_OK : put(list, &x, j->err);
        }
    }
    return st;
}

static enum tb_status gather_budget(const struct tb_judge *j, size_t budget, struct overs *list)
{
    const struct tb_budget_row *b = &j->tables->budgets[budget];
    const double limit[TB_HOUR_LEVELS] = {tb_money_double(b->hour_warning), tb_money_double(b->hour_critical),
                                          tb_money_double(b->hour_emergency)};
    enum tb_status st = TB_OK;
    list->budget = b;
    memcpy(list->limit, limit, sizeof limit);
    for (int32_t d = j->day - DAYS_BACK; d <= j->day; d++) {
        const struct tb_spend *s = tb_spends_at(&j->spends, budget, d);
        for (size_t i = 0; s != NULL && i < s->over_n && st == TB_OK; i++) {
            struct over x = {s->over[i].level, s->over[i].start_us, s->over[i].end_us, pico(s->over[i].peak),
                             pico(s->over[i].excess)};
            st = put(list, &x, j->err);
        }
    }
    return st;
}

static bool lasted(const struct tb_judge *j, const struct over *x)
{
    const double minutes[TB_HOUR_LEVELS] = {j->rules.warning_min, j->rules.critical_min, 0};
    return (double)(x->end_us - x->start_us) >= minutes[x->level] * (double)TB_US_PER_MIN;
}

static int by_start(const void *a, const void *b)
{
    const struct over *x = a, *y = b;
    return x->start_us != y->start_us ? (x->start_us < y->start_us ? -1 : 1) : x->level - y->level;
}

static void add_levels(struct tb_words *w, const struct tb_judge *j, const struct overs *list,
                       const struct over *const first[TB_HOUR_LEVELS])
{
    const double minutes[TB_HOUR_LEVELS] = {j->rules.warning_min, j->rules.critical_min, 0};
    bool any = false;
    for (int k = TB_HOUR_LEVELS - 1; k >= 0; k--) {
        if (first[k] != NULL) {
            tb_words_add(w, "%sabove ", any ? ", " : "");
            tb_words_cost(w, j, llround(list->limit[k] * 1e12));
            tb_words_add(w, " an hour for %.0f minutes%s",
                         (double)(first[k]->end_us - first[k]->start_us) / (double)TB_US_PER_MIN,
                         k == TB_HOUR_EMERGENCY ? " (no minute is allowed)" : "");
            if (k != TB_HOUR_EMERGENCY) {
                tb_words_add(w, " (%.0f are allowed)", minutes[k]);
            }
            any = true;
        }
    }
}

/* One row of the stretches [from, to), which lie together: the highest level tells, the lowest one's area is what it cost. */
static enum tb_status tell(struct tb_judge *j, struct tb_subject *s, const struct overs *list, size_t from,
                           size_t to)
{
    const struct over *first[TB_HOUR_LEVELS] = {NULL};
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_COST_RATE);
    struct tb_words w = {.n = 0};
    struct tb_driver driver;
    int high = 0, low = TB_HOUR_LEVELS;
    int64_t peak = 0;
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->start_us = list->of[from].start_us;
    for (size_t i = from; i < to; i++) {
        const struct over *x = &list->of[i];
        const struct over **longest = &first[x->level];
        *longest = *longest == NULL || x->end_us - x->start_us > (*longest)->end_us - (*longest)->start_us
                       ? x
                       : *longest;
        f->end_us = x->end_us > f->end_us ? x->end_us : f->end_us;
        peak = x->peak > peak ? x->peak : peak;
        high = x->level > high ? x->level : high;
        low = x->level < low ? x->level : low;
    }
    for (size_t i = from; i < to; i++) {
        f->cost += list->of[i].level == low ? list->of[i].excess : 0;
    }
    f->severity = high == TB_HOUR_WARNING    ? TB_SEVERITY_WARNING
                  : high == TB_HOUR_CRITICAL ? TB_SEVERITY_CRITICAL
                                             : TB_SEVERITY_EMERGENCY;
    f->score = f->observed = (double)peak / 1e12;
    f->expected = list->limit[high];
    if (list->budget != NULL) {
        f->subject = tb_hash64(list->budget->name.s, list->budget->name.n, 0);
        tb_words_add(&w, "budget \"");
        tb_words_text(&w, list->budget->name);
        tb_words_add(&w, "\"");
    } else {
        tb_words_text(&w, s->name);
    }
    enum tb_status st = tb_driver_find(j, list->budget, f->start_us, f->end_us, &driver);
    if (st != TB_OK) {
        return st;
    }
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": cost ");
    add_levels(&w, j, list, first);
    tb_words_add(&w, ", at most ");
    tb_words_cost(&w, j, peak);
    tb_words_add(&w, " in 60 minutes (%.1fx); beyond the limit ",
                 f->observed / (f->expected > 0 ? f->expected : 1));
    tb_words_cost(&w, j, f->cost);
    tb_words_driver(&w, j, &driver);
    tb_finding_tell(f, &w);
    return TB_OK;
}

static enum tb_status judge_list(struct tb_judge *j, struct tb_subject *s, struct overs *list)
{
    int64_t gap = (int64_t)(j->rules.merge_gap_min * (double)TB_US_PER_MIN);
    enum tb_status st = TB_OK;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (lasted(j, &list->of[i]) && list->of[i].end_us > j->today->from_us) {
            list->of[n++] = list->of[i];
        }
    }
    list->n = n;
    if (n > 1) {
        qsort(list->of, n, sizeof *list->of, by_start);
    }
    int64_t end = INT64_MIN;
    size_t begin = 0;
    for (size_t i = 0; i < n && st == TB_OK; i++) {
        if (i > begin && list->of[i].start_us > end + gap) {
            st = tell(j, s, list, begin, i);
            begin = i;
        }
        end = i == begin || list->of[i].end_us > end ? list->of[i].end_us : end;
    }
    return st == TB_OK && n > begin ? tell(j, s, list, begin, n) : st;
}

/* A budget of the same with the same limits came before: it told all there is to tell. */
static bool is_twin(const struct tb_judge *j, size_t budget)
{
    const struct tb_budget_row *b = &j->tables->budgets[budget];
    for (size_t i = 0; i < budget; i++) {
        const struct tb_budget_row *a = &j->tables->budgets[i];
        if (tb_str_eq(a->dimension, b->dimension) && tb_str_eq(a->match, b->match) &&
            a->has_warning == b->has_warning && a->has_critical == b->has_critical &&
            a->has_emergency == b->has_emergency && a->hour_warning == b->hour_warning &&
            a->hour_critical == b->hour_critical && a->hour_emergency == b->hour_emergency) {
            return true;
        }
    }
    return false;
}

enum tb_status tb_judge_rates(struct tb_judge *j, struct tb_subject *s)
{
    struct overs list = {.budget = NULL};
    enum tb_status st = gather_rules(j, &list);
    if (st == TB_OK) {
        st = judge_list(j, s, &list);
    }
    for (size_t i = 0; i < j->tables->budget_count && st == TB_OK; i++) {
        list.n = 0;
        st = is_twin(j, i) ? TB_OK : gather_budget(j, i, &list);
        if (st == TB_OK) {
            st = judge_list(j, s, &list);
        }
    }
    free(list.of);
    return st;
}
