/* Concept: the anomalies of civil days, as a pure function of the events stored with ts before each day's end: rerunning a past date
 *          gives the same findings, whatever came later.
 * Shape:   each asked day is judged by itself, after replay_days earlier days were judged in the same run, so that an incident that
 *          was open keeps its id. A finding seen on several asked days is told once, as its last day saw it. Billed sources only.
 * Owns:    findings belong to the caller (tb_findings_release).
 * Errors:  TB_FAIL/TB_E_CONFIG for rules; TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_RANGE as pricing does.
 * Source:  design and defaults: the project's notes on detectors; schemas/rules has every number.
 */
#ifndef TB_DETECT_H
#define TB_DETECT_H

#include "config/settings.h"
#include "config/tables.h"
#include "detect/finding.h"
#include "store/db.h"

struct tb_detect_query {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables;
    int64_t version; /* of the tables */
    int32_t from_day, to_day;
    int64_t as_of_us; /* 0, or: to_day is not over, and budgets stand as of then */
};

/* The first day whose spends the budgets of from_day want: from there on days stand reduced, and quotas are replayed. Without
 * budgets it is from_day. */
int32_t tb_detect_first_day(const struct tb_tables *tables, int32_t from_day);

/* Findings of the days, sorted by (start, kind, consumer, id). Days that were not digested are, and kept when db may be written
 * (in the caller's transaction). */
enum tb_status tb_detect_days(const struct tb_detect_query *q, struct tb_findings *out,
                              struct tb_err *err) TB_MUST_USE;

#endif
