/* Concept: what the days before a pack's day were charged: for the trend, the comparisons and the month to date.
 * Shape:   each day is told as its own last pack told it, or, where it has none yet or that is out of date, as it would be
 *          told now: stored facts decide, not the order in which packs were written. Days reduced already cost a lookup;
 *          others are reduced once (in the caller's transaction).
 *          From the later of the month's first day or 29 days before (whichever is earlier) to the day itself; days before
 *          the first usage are not there, later ones without usage are there with zero.
 * Owns:    the month's table, until tb_history_release.
 * Errors:  those of tb_reduce_days; TB_E_RANGE.
 */
#ifndef TB_PACK_HISTORY_H
#define TB_PACK_HISTORY_H

#include "reports/pack_built.h"
#include "reports/table/table.h"

#define TB_HISTORY_DAYS 30
#define TB_HISTORY_MAX  40

struct tb_history_day {
    int32_t day;
    int64_t version;
    int64_t billed_cents, requests, tokens;
};

struct tb_history {
    struct tb_history_day days[TB_HISTORY_MAX]; /* ascending; the last is the pack's own */
    size_t n;
    int32_t month_first; /* the first day that the month to date holds */
    int64_t month_cents;
    struct tb_table *month; /* team, cost_center, gl_account, owner, billed: teams of the month so far */
};
enum { TB_MONTH_TEAM, TB_MONTH_COST_CENTER, TB_MONTH_GL_ACCOUNT, TB_MONTH_OWNER, TB_MONTH_BILLED };

/* q: the pack's day, with the version it is told with. */
enum tb_status tb_history_read(const struct tb_report_query *q, struct tb_pack_versions *v,
                               struct tb_history *out, struct tb_err *err) TB_MUST_USE;
void tb_history_release(struct tb_history *h);

/* The day's entry, or NULL. */
const struct tb_history_day *tb_history_find(const struct tb_history *h, int32_t day);

#endif
