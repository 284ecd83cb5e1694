/* Concept: the rejected lines of the asked days' files, for report.c's list.
 */
#ifndef TB_REJECTS_H
#define TB_REJECTS_H

#include "reports/report.h"

enum tb_status tb_rejects_build(const struct tb_report_query *q, struct tb_report **out,
                                struct tb_err *err) TB_MUST_USE;

#endif
