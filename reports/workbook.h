/* Concept: the daily chargeback workbook: Summary, Chargeback, By model, Trend, Anomalies, Budgets, Adjustments, Prices, Checks,
 *          Rejects, Unmapped, Notes.
 * Shape:   same input, same bytes: the document's date is the end of the day. Numbers are those of the reports given; a
 *          column whose data does not exist (budgets where none is configured, shared cost, credits) is left out. One file
 *          workbook_*.c per sheet or two.
 * Errors:  those of writer/xlsx.h and of the database.
 * Source:  the layout and its rules: the project's notes on the pack; libxlsxwriter 1.1.4.
 */
#ifndef TB_WORKBOOK_H
#define TB_WORKBOOK_H

#include "reports/pack_history.h"
#include "reports/report.h"

struct tb_workbook {
    const struct tb_report_query *q; /* the one day */
    const struct tb_report *chargeback, *checks, *rejects;
    const struct tb_report *quota, *budget, *plan, *anomalies, *change; /* NULL: not there */
    const struct tb_history *history;
    const struct tb_table *inputs; /* of pack_inputs.c */
    const char *name;              /* of the file, for the foot of each page */
    const char *run_id;
    int64_t revision;
    const char *status, *status_words; /* "FINAL", "closed by anna on 2026-11-22" */
};

/* Writes to temp, a temporary name that the caller commits. */
enum tb_status tb_workbook_write(const struct tb_workbook *w, const char *temp,
                                 struct tb_err *err) TB_MUST_USE;

#endif
