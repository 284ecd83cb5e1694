/* Concept: the tools report: calls, failures, retries by tool.
 */
#ifndef TB_REPORTS_TOOLS_H
#define TB_REPORTS_TOOLS_H

#include "reports/report.h"

enum tb_status tb_tools_build(const struct tb_report_query *q, struct tb_report **out,
                              struct tb_err *err) TB_MUST_USE;

#endif
