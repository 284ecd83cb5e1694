/* Concept: the intake of the asked days: whole files that hold a line of them (CONTRACT.md, Rulings).
 * Errors:  TB_FATAL/TB_E_DB.
 */
#ifndef TB_INTAKE_H
#define TB_INTAKE_H

#include "reports/report.h"
#include "store/query.h"

struct tb_intake {
    int64_t files, lines, events, duplicates, conflicts, ignored, rejected;
    int64_t incomplete; /* files */
    int64_t
        outstanding; /* rejected lines that no later file brought whole, nor can be: what the exit code is about */
};

enum tb_status tb_intake_read(const struct tb_report_query *q, struct tb_intake *out,
                              struct tb_err *err) TB_MUST_USE;

/* Opens a statement of the folder that selects files of the asked days, and binds them. */
enum tb_status tb_intake_open(const struct tb_report_query *q, const char *sql, struct tb_query **out,
                              struct tb_err *err) TB_MUST_USE;

#endif
