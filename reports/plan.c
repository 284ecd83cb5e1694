/* Plans as plan/plan.c makes them. The main table has one row per allocation: what plan-DAY.csv holds. In JSON allocations stand
 * inside their plan. A day that has passed also shows what was spent, unless the report is as of an earlier instant. */
#include "reports/plan.h"

#include <stdio.h>
#include "plan/plan.h"
#include "reports/head.h"
#include "reports/nest.h"

enum { P_NAME, P_FOR, P_TOTAL, P_RESERVE, P_AVAILABLE, P_HISTORY_DAYS, P_SPENT, P_ACTUAL, P_COLUMNS };

static const struct tb_column plan_columns[P_COLUMNS] = {
    [P_NAME] = {"name", "Budget", TB_CELL_TEXT, true, false},
    [P_FOR] = {"for", "For", TB_CELL_DAY, false, false},
    [P_TOTAL] = {"total", "Total", TB_CELL_MONEY, false, false},
    [P_RESERVE] = {"reserve", "Reserve", TB_CELL_MONEY, false, false},
    [P_AVAILABLE] = {"available", "Available", TB_CELL_MONEY, false, false},
    [P_HISTORY_DAYS] = {"history_days", "Days of history", TB_CELL_INT, false, false},
    [P_SPENT] = {"spent", "Spent in them", TB_CELL_MONEY, false, false},
    [P_ACTUAL] = {"actual", "Actual", TB_CELL_MONEY, false, false},
};

enum { A_NAME, A_FOR, A_KEY, A_AVERAGE, A_SHARE, A_AMOUNT, A_FLOOR, A_CAP, A_ACTUAL, A_REASON, A_COLUMNS };

static const struct tb_column allocation_columns[A_COLUMNS] = {
    [A_NAME] = {"name", "Budget", TB_CELL_TEXT, true, false},
    [A_FOR] = {"for", "For", TB_CELL_DAY, false, false},
    [A_KEY] = {"key", "Key", TB_CELL_TEXT, true, false},
    [A_AVERAGE] = {"average", "Average a day", TB_CELL_MONEY, false, false},
    [A_SHARE] = {"share", "Share", TB_CELL_RATIO, false, false},
    [A_AMOUNT] = {"amount", "Amount", TB_CELL_CENTS, false, false},
    [A_FLOOR] = {"floor", "Floor", TB_CELL_MONEY, false, false},
    [A_CAP] = {"cap", "Cap", TB_CELL_MONEY, false, false},
    [A_ACTUAL] = {"actual", "Actual", TB_CELL_MONEY, false, false},
    [A_REASON] = {"reason", "Why", TB_CELL_TEXT, false, false},
};

static const char *ending(const struct tb_plan_line *l)
{
    return l->by == TB_BY_FLOOR ? ", held up by the floor"
           : l->by == TB_BY_CAP ? ", held down by the cap"
                                : "";
}

static void explain(const struct tb_plan *p, const struct tb_plan_line *l, char *out, size_t n)
{
    char spent[TB_MONEY_TEXT_MAX], all[TB_MONEY_TEXT_MAX];
    tb_money_format(l->spent, spent);
    tb_money_format(p->spent, all);
    if (l->rest) {
        snprintf(out, n, "%s", p->n == 1 ? "nobody to share it among" : "left over: every key is at its cap");
    } else if (p->equal) {
        snprintf(out, n, "nobody spent anything in the history: equal shares%s", ending(l));
    } else {
        snprintf(out, n, "spent %s of %s in %d day%s%s", spent, all, p->history_days,
                 p->history_days == 1 ? "" : "s", ending(l));
    }
}

/* num / den for a share; equal: one of n. */
static enum tb_status set_share(struct tb_table *t, const struct tb_plan *p, const struct tb_plan_line *l,
                                struct tb_err *err)
{
    char text[TB_MONEY_TEXT_MAX];
    size_t keys = 0;
    for (size_t i = 0; i < p->n; i++) {
        keys += !p->lines[i].rest;
    }
    tb_int128 num = l->rest ? 0 : p->equal ? 1 : l->spent;
    tb_int128 den = p->equal ? (tb_int128)(keys > 0 ? keys : 1) : p->spent;
    return tb_table_text(t, A_SHARE, (struct tb_str){text, tb_ratio_format(num, den, text)}, err);
}

static enum tb_status add_allocation(struct tb_table *t, const struct tb_plan *p,
                                     const struct tb_plan_line *l, struct tb_err *err)
{
    char reason[256];
    enum tb_status st = tb_table_row(t, err);
    explain(p, l, reason, sizeof reason);
    if (st == TB_OK) {
        st = tb_table_text(t, A_NAME, p->row->name, err);
    }
    if (st == TB_OK) {
        st = tb_table_text(t, A_KEY, l->key, err);
    }
    if (st == TB_OK) {
        st = tb_table_text(t, A_REASON, tb_str_of(reason), err);
    }
    if (st == TB_OK) {
        st = set_share(t, p, l, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(t, A_FOR, p->day);
    tb_table_money(t, A_AVERAGE, l->average);
    tb_table_int(t, A_AMOUNT, l->cents);
    if (p->row->has_floor && !l->rest) {
        tb_table_money(t, A_FLOOR, p->row->floor);
    }
    if (p->row->has_cap && !l->rest) {
        tb_table_money(t, A_CAP, p->row->cap);
    }
    if (l->has_actual && !l->rest) {
        tb_table_money(t, A_ACTUAL, l->actual);
    }
    return TB_OK;
}

static enum tb_status add_plan(struct tb_table *plans, struct tb_table *allocations, const struct tb_plan *p,
                               struct tb_err *err)
{
    enum tb_status st = tb_table_row(plans, err);
    if (st == TB_OK) {
        st = tb_table_text(plans, P_NAME, p->row->name, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(plans, P_FOR, p->day);
    tb_table_money(plans, P_TOTAL, p->row->amount);
    tb_table_money(plans, P_RESERVE, p->row->reserve);
    tb_table_money(plans, P_AVAILABLE, p->available);
    tb_table_int(plans, P_HISTORY_DAYS, p->history_days);
    tb_table_money(plans, P_SPENT, p->spent);
    if (p->has_actual) {
        tb_table_money(plans, P_ACTUAL, p->actual);
    }
    for (size_t i = 0; st == TB_OK && i < p->n; i++) {
        st = add_allocation(allocations, p, &p->lines[i], err);
    }
    return st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    static const struct tb_nest nest = {NULL, NULL, "allocations", 2};
    struct tb_table *plans = NULL, *allocations = NULL;
    struct tb_plans result = {.n = 0};
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_parts_rows(r, "plans", "Plans", plan_columns, P_COLUMNS, &plans, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "allocations", "Allocations", allocation_columns, A_COLUMNS, &allocations, err);
    }
    if (st == TB_OK) {
        st = tb_plan_query(q->db, q->settings, q->tables, q->version, q->to_day, q->as_of_us == 0, &result,
                           err);
    }
    if (st != TB_OK) {
        return st;
    }
    for (size_t i = 0; st == TB_OK && i < result.n; i++) {
        st = add_plan(plans, allocations, &result.plans[i], err);
    }
    tb_plan_release(&result);
    r->main = plans;
    if (st == TB_OK) {
        st = tb_nest(r, &nest, err);
    }
    r->main = allocations;
    return st;
}

enum tb_status tb_plan_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "plan", err);
    if (st == TB_OK) {
        st = tb_head_refuse_where(q, "plan", err);
    }
    if (st == TB_OK && (q->sort != NULL || q->top != 0)) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "a plan is whole, leave out --sort and --top");
    }
    return st != TB_OK ? st : tb_head_build("plan", "Plan", q, fill, out, err);
}
