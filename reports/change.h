/* Concept: why the bill changed against the same weekdays before, for report.c's list; CONTRACT.md has the shape.
 * Shape:   one driver per value of a dimension and effect, without those of 0; --by consumer (the default), feature or model.
 */
#ifndef TB_CHANGE_REPORT_H
#define TB_CHANGE_REPORT_H

#include "reports/report.h"

enum tb_status tb_change_build(const struct tb_report_query *q, struct tb_report **out,
                               struct tb_err *err) TB_MUST_USE;

#endif
