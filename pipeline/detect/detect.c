#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>
#include "detect/clock.h"
#include "detect/subject.h"
#include "detect/team.h"
#include "rate/budget.h"
#include "rate/tuple.h"

static void release(struct tb_judge *j)
{
    for (int32_t d = 0; j->digest != NULL && d <= j->last - j->first; d++) {
        tb_digest_release(&j->digest[d]);
    }
    for (size_t i = 0; i < j->clock_n; i++) {
        tb_local_clock_release(&j->clock[i]);
    }
    tb_spends_release(&j->spends);
    tb_accountbook_free(j->accounts);
    free(j->digest);
    free(j->clock);
}

/* Leaves of a day what judges ask of days when neither it nor the next one is judged. */
static enum tb_status thin_out(struct tb_digest *d, struct tb_err *err)
{
    tb_digest_order(d);
    TB_DIGEST_DROP(d, large);
    return tb_digest_join_places(d, err);
}

/* The digests of the asked days, and of as many before as judging reads. */
static enum tb_status load(struct tb_judge *j, int32_t from_day, int32_t to_day)
{
    int32_t first = 0, last = 0;
    enum tb_status st = tb_rules_load(j->settings, &j->rules, j->err);
    if (st == TB_OK) {
        st = tb_events_days(j->db, &first, &last, j->err);
    }
    if (st != TB_OK) {
        return st;
    }
    j->data_first = tb_zone_day(j->settings->zone, first * TB_US_PER_DAY);
    j->first = from_day - (int32_t)(j->rules.history_days + j->rules.replay_days);
    j->first = j->first < j->data_first ? j->data_first : j->first;
    j->last = to_day;
    if (j->last < j->first) {
        return TB_END;
    }
    j->digest = calloc((size_t)(j->last - j->first) + 1, sizeof *j->digest);
    if (j->digest == NULL) {
        return tb_judge_no_memory(j);
    }
    /* the latest first: it is the one that has to be made, which takes memory that the others can have afterwards */
    for (int32_t d = j->last; d >= j->first && st == TB_OK; d--) {
        st = tb_digest_get(j->db, j->settings, j->tables, &j->rules, d, &j->digest[d - j->first], j->err);
        if (st == TB_OK && d < from_day - (int32_t)j->rules.replay_days - 1) {
            st = thin_out(&j->digest[d - j->first], j->err);
        }
        if (st == TB_OK) {
            st = tb_digest_sort(&j->digest[d - j->first], j->err);
        }
    }
    return st;
}

/* --- who is there -------------------------------------------------------------------------------------------------------------- */

static struct tb_db *sorting_db;
static int by_name(const void *a, const void *b)
{
    return tb_str_cmp(tb_dict_text(sorting_db, *(const uint32_t *)a),
                      tb_dict_text(sorting_db, *(const uint32_t *)b));
}

static enum tb_status list_consumers(struct tb_judge *j, int32_t from_day, uint32_t **out, size_t *n)
{
    struct tb_tuples set;
    enum tb_status st = TB_OK;
    tb_tuples_init(&set, 1, TB_TUPLES_MAX);
    for (int32_t d = from_day < j->first ? j->first : from_day; d <= j->last && st == TB_OK; d++) {
        const struct tb_digest *g = &j->digest[d - j->first];
        for (size_t i = 0; i < g->place_n && st == TB_OK; i++) {
            uint32_t number;
            if (i == 0 || g->place[i].consumer != g->place[i - 1].consumer) {
                st = tb_tuples_add(&set, &g->place[i].consumer, &number, NULL, j->err);
            }
        }
    }
    *n = set.n;
    *out = malloc((set.n + 1) * sizeof **out);
    if (st == TB_OK && *out == NULL) {
        st = tb_judge_no_memory(j);
    }
    if (st == TB_OK && set.n > 0) {
        memcpy(*out, set.keys, set.n * sizeof **out);
        sorting_db = j->db;
        qsort(*out, set.n, sizeof **out, by_name);
    }
    tb_tuples_release(&set);
    return st;
}

/* --- judging ------------------------------------------------------------------------------------------------------------------- */

/* Puts f into list, in place of what an earlier day said of the same incident. */
static enum tb_status put(struct tb_judge *j, struct tb_findings *list, size_t from,
                          const struct tb_finding *f)
{
    for (size_t i = from; i < list->n; i++) {
        if (strcmp(list->f[i].id, f->id) == 0) {
            list->f[i] = *f;
            return TB_OK;
        }
    }
    struct tb_finding *new = tb_findings_add(list, f->kind);
    if (new == NULL) {
        return tb_judge_no_memory(j);
    }
    *new = *f;
    return TB_OK;
}

static enum tb_status judge_subject_day(struct tb_judge *j, struct tb_subject *s,
                                        const struct tb_findings *told)
{
    if (s->consumer == 0) {
        return tb_judge_platform(j, s, told);
    }
    enum tb_status (*const judges[])(struct tb_judge *, struct tb_subject *) = {
        tb_judge_repeat, tb_judge_bots,   tb_judge_failure,   tb_judge_size, tb_judge_bloat,
        tb_judge_ratio,  tb_judge_volume, tb_judge_sustained, tb_judge_new};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < sizeof judges / sizeof *judges && st == TB_OK; i++) {
        st = judges[i](j, s);
    }
    return st;
}

static enum tb_status judge_subject(struct tb_judge *j, uint32_t consumer, int32_t from_day,
                                    const struct tb_findings *told, struct tb_findings *out)
{
    struct tb_subject s;
    struct tb_findings open = {NULL, 0, 0}, today = {NULL, 0, 0};
    size_t mine = out->n;
    int32_t replay = from_day - (int32_t)j->rules.replay_days;
    enum tb_status st = tb_subject_init(&s, j, j->accounts, consumer);
    j->out = &today;
    for (j->day = replay < j->first ? j->first : replay; j->day <= j->last && st == TB_OK; j->day++) {
        today.n = 0;
        j->today = &j->digest[j->day - j->first];
        st = judge_subject_day(j, &s, told);
        if (st == TB_OK) {
            st = tb_incident_merge(j, &s, &today, &open);
        }
        for (size_t i = 0; i < today.n && st == TB_OK; i++) {
            /* the platform's judge wants to know what was told on replayed days too */
            st = j->day >= from_day || consumer != 0 ? put(j, out, mine, &today.f[i]) : TB_OK;
        }
    }
    tb_findings_release(&open);
    tb_findings_release(&today);
    tb_subject_release(&s);
    return st;
}

/* Whether what it cost is worth a line of the list: min_excess, or a tenth of the consumer's days, whichever is less. */
static void weigh(const struct tb_judge *j, struct tb_finding *f)
{
    tb_money least = j->settings->min_excess;
    int64_t day_cost = 0;
    const struct tb_digest *g =
        f->last_day >= j->first && f->last_day <= j->last ? &j->digest[f->last_day - j->first] : NULL;
    size_t from = 0, to = g != NULL ? g->place_n : 0;
    if (g != NULL && f->consumer != 0) {
        TB_DIGEST_RANGE(g, place, f->consumer, from, to);
    }
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_hour *x = &g->hour[g->place[i].first];
        for (int n = __builtin_popcount(g->place[i].hours); n > 0; n--, x++) {
            day_cost += x->cost;
        }
    }
    tb_money tenth = (tb_money)(day_cost / 10) * TB_PICO_OF_MONEY,
             cost = (tb_money)f->cost * TB_PICO_OF_MONEY;
    bool money_matters =
        f->kind < TB_KIND_RETRY_STORM ||
        (f->kind > TB_KIND_OUTAGE && f->kind < TB_KIND_COST_RATE && f->kind != TB_KIND_TOOL_FAIL);
    f->appendix = money_matters && cost < (least < tenth ? least : tenth);
}

static int by_place(const void *a, const void *b)
{
    const struct tb_finding *x = a, *y = b;
    if (x->start_us != y->start_us) {
        return x->start_us < y->start_us ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return strcmp(tb_kind_names[x->kind], tb_kind_names[y->kind]);
    }
    int c = x->consumer == y->consumer
                ? 0
                : tb_str_cmp(tb_dict_text(sorting_db, x->consumer), tb_dict_text(sorting_db, y->consumer));
    return c != 0 ? c : strcmp(x->id, y->id);
}

/* The action of a kind is looked up for the first finding of it, whose place + 1 of_kind remembers. */
static enum tb_status set_action(struct tb_judge *j, struct tb_findings *out, size_t at, size_t *of_kind)
{
    struct tb_finding *f = &out->f[at];
    if (of_kind[f->kind] != 0) {
        memcpy(f->action, out->f[of_kind[f->kind] - 1].action, sizeof f->action);
        return TB_OK;
    }
    of_kind[f->kind] = at + 1;
    return tb_rules_action(tb_kind_names[f->kind], f->action, sizeof f->action, j->err);
}

static enum tb_status finish(struct tb_judge *j, int32_t from_day, struct tb_findings *out)
{
    size_t n = 0, of_kind[TB_KIND_COUNT] = {0};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < out->n && st == TB_OK; i++) {
        if (out->f[i].last_day >= from_day) {
            out->f[n++] = out->f[i];
            weigh(j, &out->f[n - 1]);
            st = set_action(j, out, n - 1, of_kind);
        }
    }
    out->n = n;
    sorting_db = j->db;
    if (n > 1) {
        qsort(out->f, n, sizeof *out->f, by_place);
    }
    return st;
}

/* The same among many, found by their ids: all of list from `from` on are in seen, in their order. */
static enum tb_status put_known(struct tb_judge *j, struct tb_findings *list, size_t from,
                                const struct tb_finding *f, struct tb_tuples *seen)
{
    uint32_t key[sizeof f->id / sizeof(uint32_t) + 1] = {0}, number = 0;
    bool is_new = false;
    memcpy(key, f->id, sizeof f->id);
    enum tb_status st = tb_tuples_add(seen, key, &number, &is_new, j->err);
    if (st == TB_OK && !is_new) {
        list->f[from + number] = *f;
        return TB_OK;
    }
    return st == TB_OK ? put(j, list, list->n, f) : st;
}

/* Budgets and quotas: each asked day by itself. */
static enum tb_status judge_limits(struct tb_judge *j, int32_t from_day, struct tb_findings *out)
{
    struct tb_subject all;
    struct tb_findings today = {NULL, 0, 0};
    struct tb_tuples seen; /* there may be some of each consumer */
    size_t mine = out->n;
    tb_tuples_init(&seen, sizeof today.f->id / sizeof(uint32_t) + 1, TB_TUPLES_MAX);
    enum tb_status st = tb_subject_init(&all, j, j->accounts, 0);
    j->out = &today;
    for (j->day = from_day < j->first ? j->first : from_day; j->day <= j->last && st == TB_OK; j->day++) {
        today.n = 0;
        j->today = &j->digest[j->day - j->first];
        st = tb_judge_budgets(j, &all);
        if (st == TB_OK) {
            st = tb_judge_quotas(j);
        }
        for (size_t i = 0; i < today.n && st == TB_OK; i++) {
            st = put_known(j, out, mine, &today.f[i], &seen);
        }
    }
    tb_tuples_release(&seen);
    tb_findings_release(&today);
    tb_subject_release(&all);
    return st;
}

static enum tb_status judge(struct tb_judge *j, int32_t from_day, struct tb_findings *out)
{
    uint32_t *consumer = NULL;
    size_t n = 0;
    enum tb_status st = list_consumers(j, from_day - (int32_t)j->rules.replay_days, &consumer, &n);
    if (st == TB_OK) {
        st = tb_team_judge(j, consumer, n, from_day, judge_subject, out);
    }
    if (st == TB_OK) {
        st = judge_subject(j, 0, from_day, out, out);
    }
    if (st == TB_OK) {
        st = judge_limits(j, from_day, out);
    }
    free(consumer);
    return st == TB_OK ? finish(j, from_day, out) : st;
}

int32_t tb_detect_first_day(const struct tb_tables *tables, int32_t from_day)
{
    return tables->budget_count == 0 ? from_day
                                     : tb_budget_first_day(tables, from_day) - TB_BUDGET_HISTORY_DAYS;
}

enum tb_status tb_detect_days(const struct tb_detect_query *q, struct tb_findings *out, struct tb_err *err)
{
    struct tb_judge j = {.db = q->db,
                         .settings = q->settings,
                         .tables = q->tables,
                         .version = q->version,
                         .as_of_us = q->as_of_us,
                         .err = err,
                         .last = -1};
    *out = (struct tb_findings){NULL, 0, 0};
    enum tb_status st = load(&j, q->from_day, q->to_day);
    if (st == TB_OK) {
        st = tb_spends_read(q->db, q->settings, q->tables, q->version,
                            tb_detect_first_day(q->tables, q->from_day), q->to_day, false, false, &j.spends,
                            err);
    }
    if (st == TB_OK) {
        st = tb_accountbook_new(q->tables, &j.accounts, err);
    }
    if (st == TB_OK) {
        st = judge(&j, q->from_day, out);
    }
    release(&j);
    if (st == TB_END) { /* nothing stored so far */
        return TB_OK;
    }
    if (st != TB_OK) {
        tb_findings_release(out);
    }
    return st;
}
