/* Concept: the plan report: budgets shared out for the day behind the asked ones, line by line.
 */
#ifndef TB_REPORTS_PLAN_H
#define TB_REPORTS_PLAN_H

#include "reports/report.h"

enum tb_status tb_plan_build(const struct tb_report_query *q, struct tb_report **out,
                             struct tb_err *err) TB_MUST_USE;

#endif
