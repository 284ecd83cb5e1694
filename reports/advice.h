/* Concept: the advice report: what the runbooks would advise, with the money that it would save.
 */
#ifndef TB_REPORTS_ADVICE_H
#define TB_REPORTS_ADVICE_H

#include "reports/report.h"

enum tb_status tb_advice_build(const struct tb_report_query *q, struct tb_report **out,
                               struct tb_err *err) TB_MUST_USE;

#endif
