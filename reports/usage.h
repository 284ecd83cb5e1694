/* Concept: usage by any dimensions, for report.c's list.
 */
#ifndef TB_USAGE_REPORT_H
#define TB_USAGE_REPORT_H

#include "reports/report.h"
#include "reports/table/parts.h"

enum tb_status tb_usage_build(const struct tb_report_query *q, struct tb_report **out,
                              struct tb_err *err) TB_MUST_USE;

/* Adds the rows' table with the dimensions as first columns; for a kept pack too. */
enum tb_status tb_usage_rows(struct tb_report *r, const enum tb_dim *by, size_t by_n,
                             struct tb_err *err) TB_MUST_USE;

#endif
