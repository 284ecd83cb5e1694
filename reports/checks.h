/* Concept: the control totals of the asked days, for report.c's list and the pack, which is withheld when one
 * disagrees.
 */
#ifndef TB_CHECKS_H
#define TB_CHECKS_H

#include "reports/report.h"

enum tb_status tb_checks_build(const struct tb_report_query *q, struct tb_report **out,
                               struct tb_err *err) TB_MUST_USE;

#endif
