/* Concept: what each one should get tomorrow: every budget with allocate_by shared out by what its keys spent in the last days
 *          (CONTRACT.md, Rulings, "Plans"), and, where that day has passed, what they did spend.
 * Shape:   a plan is for the day behind the asked ones. Its history is the budget's history_days up to the last asked day, or
 *          the days since the first usage when those are fewer. Rows sorted by key, null first; what caps leave is the row
 *          "(unallocated)". Amounts add up to what is available, to the cent.
 * Owns:    a tb_plans until released.
 * Errors:  TB_FAIL/TB_E_TABLE when the floors of a budget are more than it has, or its reserve is; TB_FATAL/TB_E_DB.
 */
#ifndef TB_PLAN_H
#define TB_PLAN_H

#include "plan/allocation.h"
#include "rate/spend.h"

#define TB_PLAN_UNALLOCATED "(unallocated)"

struct tb_plan_line {
    struct tb_str key; /* absent = the calls have no such value */
    tb_money spent;    /* in the history */
    tb_money average;  /* spent / days, 12 decimals */
    int64_t cents;
    enum tb_share_by by;
    bool rest; /* the row of what caps leave */
    bool has_actual;
    tb_money actual; /* spent on the plan's day */
};

struct tb_plan {
    const struct tb_budget_row *row;
    int32_t day;
    int history_days;
    int64_t available_cents;
    tb_money available, spent; /* spent: all keys, in the history */
    bool equal;                /* nobody spent anything */
    bool has_actual;
    tb_money actual;
    struct tb_plan_line *lines;
    size_t n, cap;
};

struct tb_plans {
    struct tb_plan *plans; /* by name */
    size_t n;
};

/* The first day that the plans need. */
int32_t tb_plan_first_day(const struct tb_tables *tables, int32_t to_day);

/* actual: also what was spent on the plan's day, when it has usage (that day is reduced). */
enum tb_status tb_plan_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t to_day, bool actual, struct tb_plans *out,
                             struct tb_err *err) TB_MUST_USE;
void tb_plan_release(struct tb_plans *p);

#endif
