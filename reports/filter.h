/* Concept: which usage cells a report is of: billed sources, and what --where keeps, as one JSON parameter
 * `keep` of the reports' .sql files: {"source":[ids],"model":[ids]}. A dimension without condition is not in
 * it; 0 stands for absent. SQL then selects by dictionary ids, and globs are matched once per distinct value.
 * Owns:    a tb_filter until tb_filter_release.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_USAGE for a glob that is none.
 */
#ifndef TB_FILTER_H
#define TB_FILTER_H

#include "base/buf.h"
#include "reports/report.h"
#include "store/query.h"

struct tb_filter {
    struct tb_buf keep;
    bool by[TB_DIM_COUNT]; /* --where has a condition on it */
};

/* Reads the values that q's days have; only billed sources are kept. */
enum tb_status tb_filter_init(struct tb_filter *f, const struct tb_report_query *q,
                              struct tb_err *err) TB_MUST_USE;
void tb_filter_release(struct tb_filter *f);

/* Are whole teams kept (no condition but on team, cost_center and day)? Billed cents exist only then. */
bool tb_filter_whole_teams(const struct tb_filter *f);

/* The text of the folder's statement, those "from standing" with standing.sql before them, those "from kept" with filter_kept.sql,
 * too. */
enum tb_status tb_filter_statement(const char *sql, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

/* Opens the folder's statement and binds from_day, to_day and, where it has them, tables, closed and posted; with f also keep. */
enum tb_status tb_filter_open(const struct tb_filter *f, const struct tb_report_query *q, const char *sql,
                              struct tb_query **out, struct tb_err *err) TB_MUST_USE;

#endif
