/* Concept: budgets: what a period's budget has spent, when it crossed its levels, where it went over its hour limits, and how
 *          the period will end (CONTRACT.md, Rulings, "Budgets").
 * Shape:   a row per budget and period that the asked days touch, as of an instant: the end of the asked days, or the last
 *          call when they are not over. Nothing behind that instant is looked at.
 *          Forecast of a period that is not over: spent, and for each day to come the median of the days of its type (week
 *          days; weekends and holidays) among the last 28 complete days, low and high their 10th and 90th percentiles
 *          (nearest rank); without a day of that type, of all of them; without any, nothing. The rest of a day that has begun:
 *          what was spent of it, by the usual share of a day that is spent by then.
 * Units:   tb_money; instants in us.
 * Owns:    a tb_budgets until released.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_RANGE.
 * Limits:  the exact instant of a crossing needs the calls of its hour: on a pruned day it is the start of the hour.
 */
#ifndef TB_BUDGET_H
#define TB_BUDGET_H

#include "rate/quota.h"
#include "rate/spend.h"

#define TB_BUDGET_HISTORY_DAYS 28

struct tb_budget_out {
    const struct tb_budget_row *row;
    int64_t start_us, end_us;
    tb_money spent, remaining;
    enum tb_level level;
    int64_t crossed_us[TB_LEVEL_EXCEEDED + 1]; /* by level; TB_TS_NONE = not */
    tb_money forecast, low, high;
    struct tb_stretch *hours; /* by start, level */
    size_t hour_n, hour_cap;
};

struct tb_budgets {
    struct tb_budget_out *rows; /* sorted by name, start */
    size_t n, cap;
};

/* The first day that the rows of from_day.. need (reduced, or before the first usage). */
int32_t tb_budget_first_day(const struct tb_tables *tables, int32_t from_day);

/* The instant of the last call before to_us, and 1 us; from_us when there is none since. */
enum tb_status tb_budget_last_call(struct tb_db *db, int64_t from_us, int64_t to_us, int64_t *as_of_us,
                                   struct tb_err *err) TB_MUST_USE;

enum tb_status tb_budget_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               int64_t version, int32_t from_day, int32_t to_day, int64_t as_of_us,
                               struct tb_budgets *out, struct tb_err *err) TB_MUST_USE;
void tb_budget_release(struct tb_budgets *b);

/* First day of the period that day is in, and of the next one. */
void tb_period_bounds(enum tb_period period, int32_t day, int32_t *first, int32_t *next);

#endif
