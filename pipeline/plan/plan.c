#include "plan/plan.h"

#include <stdlib.h>
#include "base/glob.h"
#include "rate/account.h"
#include "rate/tuple.h"
#include "store/events.h"

#define DECIMALS 12

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "what a budget spent is out of range");
}

int32_t tb_plan_first_day(const struct tb_tables *tables, int32_t to_day)
{
    int32_t first = to_day;
    for (size_t i = 0; i < tables->budget_count; i++) {
        const struct tb_budget_row *b = &tables->budgets[i];
        int32_t day = to_day - b->history_days + 1;
        first = b->allocate_by.s != NULL && day < first ? day : first;
    }
    return first;
}

static struct tb_plan_line *add_line(struct tb_plan *p, struct tb_str key, struct tb_err *err)
{
    if (tb_tuples_grow((void **)&p->lines, &p->cap, p->n + 1, sizeof *p->lines, err) != TB_OK) {
        return NULL;
    }
    struct tb_plan_line *l = &p->lines[p->n++];
    *l = (struct tb_plan_line){.key = key};
    return l;
}

/* --- history ---------------------------------------------------------------------------------------------------------- */

struct keys {
    struct tb_tuples of; /* dict id -> line */
    struct tb_plan *plan;
    struct tb_db *db;
};

static enum tb_status add_day(struct keys *k, const struct tb_spend *d, bool actual, struct tb_err *err)
{
    struct tb_plan *p = k->plan;
    enum tb_status status = TB_OK;
    for (size_t i = 0; d != NULL && status == TB_OK && i < d->key_n; i++) {
        uint32_t number = 0;
        bool is_new = false;
        if (actual && !tb_tuples_find(&k->of, &d->keys[i].value, &number)) {
            continue; /* of the total alone */
        }
        status = tb_tuples_add(&k->of, &d->keys[i].value, &number, &is_new, err);
        if (status == TB_OK && is_new && add_line(p, tb_dict_text(k->db, d->keys[i].value), err) == NULL) {
            status = TB_FATAL;
        }
        if (status != TB_OK) {
            continue;
        }
        tb_money *to = actual ? &p->lines[number].actual : &p->lines[number].spent;
        if (!tb_money_add(*to, d->keys[i].cost, to)) {
            status = out_of_range(err);
        }
    }
    tb_money *total = actual ? &p->actual : &p->spent;
    return status != TB_OK || d == NULL || tb_money_add(*total, d->cost, total) ? status : out_of_range(err);
}

static enum tb_status add_history(struct tb_plan *p, struct tb_db *db, const struct tb_spends *spends,
                                  size_t budget, bool actual, struct tb_err *err)
{
    struct keys k = {.plan = p, .db = db};
    tb_tuples_init(&k.of, 1, TB_TUPLES_MAX);
    enum tb_status status = TB_OK;
    for (int32_t day = p->day - p->row->history_days; status == TB_OK && day < p->day; day++) {
        const struct tb_spend *d = tb_spends_at(spends, budget, day);
        p->history_days += d != NULL;
        status = add_day(&k, d, false, err);
    }
    const struct tb_spend *d = actual ? tb_spends_at(spends, budget, p->day) : NULL;
    if (status == TB_OK && d != NULL) {
        p->has_actual = true;
        status = add_day(&k, d, true, err);
    }
    for (size_t i = 0; i < p->n; i++) {
        p->lines[i].has_actual = p->has_actual;
    }
    tb_tuples_release(&k.of);
    return status;
}

/* --- keys without any spending ------------------------------------------------------------------------------------------ */

static struct tb_str account_value(const struct tb_account_row *row, struct tb_str dimension)
{
    if (tb_str_eq(dimension, TB_STR("team"))) {
        return row->team.s != NULL ? row->team : TB_STR(TB_TEAM_UNASSIGNED);
    }
    if (tb_str_eq(dimension, TB_STR("cost_center"))) {
        return row->cost_center;
    }
    if (tb_str_eq(dimension, TB_STR("source"))) {
        return row->source;
    }
    bool plain = tb_glob_exact(row->consumer) && memchr(row->consumer.s, '\\', row->consumer.n) == NULL;
    return tb_str_eq(dimension, TB_STR("consumer")) && plain ? row->consumer : TB_STR_NULL;
}

static bool account_counts(const struct tb_plan *p, const struct tb_account_row *row, int64_t at_us)
{
    const struct tb_budget_row *b = p->row;
    struct tb_str value = account_value(row, b->dimension.s != NULL ? b->dimension : TB_STR(""));
    bool matches =
        b->dimension.s == NULL || b->match.s == NULL || value.s == NULL || tb_glob_match(b->match, value);
    return row->from_us <= at_us && at_us < row->to_us && matches;
}

static enum tb_status add_accounts(struct tb_plan *p, const struct tb_tables *tables, int64_t at_us,
                                   struct tb_err *err)
{
    for (size_t i = 0; i < tables->account_count; i++) {
        const struct tb_account_row *row = &tables->accounts[i];
        struct tb_str value = account_value(row, p->row->allocate_by);
        bool there = value.s == NULL || !account_counts(p, row, at_us);
        for (size_t k = 0; k < p->n && !there; k++) {
            there = tb_str_eq(p->lines[k].key, value);
        }
        if (!there && add_line(p, value, err) == NULL) {
            return TB_FATAL;
        }
    }
    return TB_OK;
}

/* --- shares ------------------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return tb_str_cmp(((const struct tb_plan_line *)a)->key, ((const struct tb_plan_line *)b)->key);
}

static enum tb_status too_much(const struct tb_plan *p, const char *budgets, const char *what,
                               struct tb_err *err)
{
    (void)tb_err_set(err, TB_FAIL, TB_E_TABLE, "budget \"%.*s\" cannot be shared out: %s",
                     (int)p->row->name.n, p->row->name.s, what);
    tb_err_place(err, budgets, p->row->line, 0);
    return TB_FAIL;
}

/* floor up, cap down to whole cents */
static bool bounds(const struct tb_budget_row *b, int64_t *floor, int64_t *cap)
{
    tb_money rest = 0;
    *floor = 0;
    *cap = -1;
    if (b->has_floor) {
        if (!tb_money_cents_floor(b->floor, floor, &rest)) {
            return false;
        }
        *floor += rest > 0;
    }
    return !b->has_cap || tb_money_cents_floor(b->cap, cap, &rest);
}

static enum tb_status put_shares(struct tb_plan *p, const struct tb_share *shares, int64_t left,
                                 struct tb_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        struct tb_plan_line *l = &p->lines[i];
        l->cents = shares[i].cents;
        l->by = shares[i].by;
        if (p->history_days > 0 && !tb_money_div(l->spent, p->history_days, DECIMALS, &l->average)) {
            return out_of_range(err);
        }
    }
    if (left > 0) {
        struct tb_plan_line *l = add_line(p, TB_STR(TB_PLAN_UNALLOCATED), err);
        if (l == NULL) {
            return TB_FATAL;
        }
        l->cents = left;
        l->rest = true;
    }
    return TB_OK;
}

static enum tb_status share(struct tb_plan *p, const char *budgets, struct tb_err *err)
{
    int64_t floor = 0, cap = -1, left = 0;
    if (!bounds(p->row, &floor, &cap)) {
        return out_of_range(err);
    }
    if (floor > 0 && (int64_t)p->n > p->available_cents / floor) {
        return too_much(p, budgets, "its floors are more than what is available", err);
    }
    if (cap >= 0 && cap < floor) {
        return too_much(p, budgets, "its floor is above its cap", err);
    }
    struct tb_share *shares = calloc(p->n + 1, sizeof *shares);
    if (shares == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to share out a budget");
    }
    for (size_t i = 0; i < p->n; i++) {
        shares[i] = (struct tb_share){.key = p->lines[i].key, .weight = p->lines[i].spent};
    }
    enum tb_status status = tb_allocate(shares, p->n, p->available_cents, floor, cap, &left, err);
    if (status == TB_OK) {
        status = put_shares(p, shares, left, err);
    }
    free(shares);
    return status;
}

static enum tb_status make_plan(struct tb_plan *p, struct tb_db *db, const struct tb_settings *s,
                                const struct tb_tables *tables, const struct tb_spends *spends, bool actual,
                                struct tb_err *err)
{
    const char *budgets = tables->name[TB_TABLE_BUDGETS];
    size_t budget = (size_t)(p->row - tables->budgets);
    if (!tb_money_sub(p->row->amount, p->row->reserve, &p->available) ||
        !tb_money_cents_round(p->available, &p->available_cents)) {
        return out_of_range(err);
    }
    if (p->available_cents < 0) {
        return too_much(p, budgets, "its reserve is more than its amount", err);
    }
    enum tb_status status = add_history(p, db, spends, budget, actual, err);
    p->equal = p->spent == 0;
    if (status == TB_OK && p->equal) {
        p->n = 0;
        status = add_accounts(p, tables, tb_zone_day_start(s->zone, p->day), err);
    }
    if (status == TB_OK) {
        status = share(p, budgets, err);
    }
    if (p->n > 1) {
        qsort(p->lines, p->n, sizeof *p->lines, by_key);
    }
    return status;
}

static int by_name(const void *a, const void *b)
{
    return tb_str_cmp(((const struct tb_plan *)a)->row->name, ((const struct tb_plan *)b)->row->name);
}

enum tb_status tb_plan_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t to_day, bool actual, struct tb_plans *out,
                             struct tb_err *err)
{
    struct tb_spends spends = {.budgets = 0};
    *out = (struct tb_plans){.n = 0};
    out->plans = calloc(tables->budget_count + 1, sizeof *out->plans);
    if (out->plans == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the plans");
    }
    enum tb_status status = tb_spends_read(db, s, tables, version, tb_plan_first_day(tables, to_day),
                                           to_day + actual, true, false, &spends, err);
    for (size_t i = 0; status == TB_OK && i < tables->budget_count; i++) {
        if (tables->budgets[i].allocate_by.s != NULL) {
            struct tb_plan *p = &out->plans[out->n++];
            *p = (struct tb_plan){.row = &tables->budgets[i], .day = to_day + 1};
            status = make_plan(p, db, s, tables, &spends, actual, err);
        }
    }
    if (out->n > 1) {
        qsort(out->plans, out->n, sizeof *out->plans, by_name);
    }
    tb_spends_release(&spends);
    if (status != TB_OK) {
        tb_plan_release(out);
    }
    return status;
}

void tb_plan_release(struct tb_plans *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->plans[i].lines);
    }
    free(p->plans);
    *p = (struct tb_plans){.n = 0};
}
