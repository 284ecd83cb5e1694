/* Concept: the quota report: windows of quotas, what was exhausted when, what slipped past counters of single nodes, models
 *          that a tier may not use.
 */
#ifndef TB_REPORTS_QUOTA_H
#define TB_REPORTS_QUOTA_H

#include "reports/report.h"

enum tb_status tb_quota_build(const struct tb_report_query *q, struct tb_report **out,
                              struct tb_err *err) TB_MUST_USE;

#endif
