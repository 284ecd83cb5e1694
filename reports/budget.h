/* Concept: the budget report: spent, remaining, levels and when they were crossed, forecast, hours over their limits.
 */
#ifndef TB_REPORTS_BUDGET_H
#define TB_REPORTS_BUDGET_H

#include "reports/report.h"

enum tb_status tb_budget_build(const struct tb_report_query *q, struct tb_report **out,
                               struct tb_err *err) TB_MUST_USE;

#endif
