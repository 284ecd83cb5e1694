/* Concept: why the bill changed against the same weekdays before, for report.c's list; CONTRACT.md has the shape.
 * Shape:   one driver per value of a dimension and effect, without those of 0; --by consumer (the default), feature or model.
 * Limits:  it needs the calls of both ranges: refused (TB_FAIL/TB_E_USAGE) when a day of them is pruned.
 */
#ifndef TB_CHANGE_REPORT_H
#define TB_CHANGE_REPORT_H

#include "reports/report.h"

/* The first of the days that those asked for are compared with: the same weekdays, as many whole weeks before as it takes. */
int32_t tb_change_base(const struct tb_report_query *q);

enum tb_status tb_change_build(const struct tb_report_query *q, struct tb_report **out,
                               struct tb_err *err) TB_MUST_USE;

#endif
