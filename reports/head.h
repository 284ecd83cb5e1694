/* Concept: what every report of this folder begins with: schema, from, to, time_zone, currency, tables.
 */
#ifndef TB_HEAD_H
#define TB_HEAD_H

#include "reports/report.h"
#include "reports/table/parts.h"

/* schema "tollbook.KIND/1"; from and to are days, or instants when the query has them. */
enum tb_status tb_head_add(struct tb_report *r, const struct tb_report_query *q,
                           struct tb_err *err) TB_MUST_USE;

/* A report of this kind, filled: by fill, which begins with tb_head_add and is done with what it took when it fails. */
enum tb_status tb_head_build(const char *kind, const char *title, const struct tb_report_query *q,
                             enum tb_status (*fill)(struct tb_report *r, const struct tb_report_query *q,
                                                    struct tb_err *err),
                             struct tb_report **out, struct tb_err *err) TB_MUST_USE;

/* Refuses what a report has no use for, rather than ignoring it: exit 2. */
enum tb_status tb_head_refuse_by(const struct tb_report_query *q, const char *kind,
                                 struct tb_err *err) TB_MUST_USE;
enum tb_status tb_head_refuse_where(const struct tb_report_query *q, const char *kind,
                                    struct tb_err *err) TB_MUST_USE;
/* Refuses a report that needs the calls of days, from this one to the last asked, some of which are pruned: to take them for days
 * without calls would be wrong. */
enum tb_status tb_head_refuse_pruned(const struct tb_report_query *q, const char *kind, int32_t from_day,
                                     struct tb_err *err) TB_MUST_USE;

#endif
