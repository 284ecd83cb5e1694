/* Concept: the chargeback report, for report.c's list and for the checks that add it up again.
 */
#ifndef TB_CHARGEBACK_H
#define TB_CHARGEBACK_H

#include "reports/report.h"

enum tb_status tb_chargeback_build(const struct tb_report_query *q, struct tb_report **out,
                                   struct tb_err *err) TB_MUST_USE;

#endif
