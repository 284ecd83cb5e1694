/* Concept: one report: some head values, a totals object and one or more tables; built by one function per kind, written
 *          by any writer. Reports select and lay out; they never compute money or round.
 * Owns:    tb_report owns its tables and texts until tb_report_free.
 */
#ifndef TB_REPORT_H
#define TB_REPORT_H

#include <stdio.h>
#include "base/buf.h"
#include "config/settings.h"
#include "config/tables.h"
#include "rate/usage.h"
#include "reports/table/table.h"
#include "store/db.h"

struct tb_quota_whatif; /* rate/quota.h */

/* What the chargeback says of closed days, and of what is charged for them to other days. */
enum tb_told {
    TB_TOLD_LIVING, /* recomputed like any day; adjustments posted into the asked days are charged: packs, checks */
    TB_TOLD_CLOSED, /* as they were closed, and adjustments: what was charged, so that a month adds up to its packs */
    TB_TOLD_RECOMPUTED /* recomputed, without adjustments: --tables */
};

/* What a report is asked for. */
struct tb_report_query {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables; /* the version asked for */
    int64_t version;                /* its number */
    int32_t from_day, to_day;       /* civil days, inclusive */
    bool instants;                  /* usage: [from_us, to_us) was given instead */
    int64_t from_us, to_us;         /* always set: the range's bounds */
    const enum tb_dim *by;          /* --by; NULL = the report's default */
    size_t by_n;
    const struct tb_where *where;
    size_t where_n;
    const char *sort; /* --sort COLUMN, NULL */
    size_t top;       /* --top N, 0 = all */
    enum tb_told told;
    int64_t
        now_us; /* 0: all days are over; else expected sources are judged up to then, and logs may still grow */
    int64_t as_of_us; /* 0, or: quotas and budgets as they stood then, whatever came later */
    const struct tb_quota_whatif *whatif; /* quota: --tier, --limit; NULL */
};

struct tb_report;

/* The kinds that exist; NULL-ended. A kind of the contract that is not here is "not built yet" (exit 2). */
struct tb_report_kind {
    const char *name; /* "chargeback" */
    const char *about;
    enum tb_status (*build)(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err);
};
extern const struct tb_report_kind tb_report_kinds[];
const struct tb_report_kind *tb_report_kind_find(const char *name);

void tb_report_free(struct tb_report *r);

/* chargeback: whether usage is unpriced (exit 3), lines were rejected (3) or an input is incomplete (5); checks: ok (4). */
struct tb_report_state {
    bool unpriced, rejected, incomplete, control_failed;
};
struct tb_report_state tb_report_state(const struct tb_report *r);

/* How bad the worst of its rows is, for --fail-on: quotas, budgets and their hours by level, anomalies by severity. */
enum tb_breach { TB_BREACH_NONE, TB_BREACH_WARNING, TB_BREACH_CRITICAL };
enum tb_breach tb_report_breach(const struct tb_report *r);

/* Rebuilds the report of this kind from a kept pack (--revision). */
enum tb_status tb_report_of_pack(struct tb_str pack_json, const char *kind, int64_t revision,
                                 struct tb_report **out, struct tb_err *err) TB_MUST_USE;
/* Fills t with the rows of a list that stands beside the reports in a kept pack ("inputs"). */
enum tb_status tb_rows_of_pack(struct tb_str pack_json, const char *key, struct tb_table *t,
                               struct tb_err *err) TB_MUST_USE;

/* Sets the chargeback's "revision" (0 = null). */
void tb_report_set_revision(struct tb_report *r, int64_t revision);

/* Writers. json: the contract's object, one line per row inside lists, keys in the contract's order, newline at the end.
 * csv: the main table (RFC 4180, CRLF no: LF; formula guard of CONTRACT.md section 6). text: for a terminal, aligned.
 * xlsx: a workbook, dated by the report's last day. */
enum tb_status tb_report_json(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_report_csv(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_report_text(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_report_xlsx(const struct tb_report *r, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

#endif
