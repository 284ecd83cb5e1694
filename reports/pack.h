/* Concept: the daily pack in output/DAY/: the workbook, pack-DAY.json (the reports that exist, by kind), SHA256SUMS; each
 *          written under a temporary name in the same folder, fsynced, renamed; a superseded revision moves to superseded/rN/.
 * Errors:  TB_FAIL/TB_E_CONTROL when a control total disagrees: nothing is replaced (exit 4). TB_FAIL/TB_E_IO.
 * Shape:   same inputs, same bytes: no clock, only the run id (a digest of inputs, tables and program version).
 */
#ifndef TB_PACK_H
#define TB_PACK_H

#include "config/settings.h"
#include "config/tables.h"
#include "rate/closing.h"
#include "reports/report.h"
#include "store/db.h"

struct tb_pack_result {
    int64_t revision;
    bool is_new;   /* a new revision was opened */
    bool repaired; /* same revision, but files were missing or differed and were written again */
    struct tb_report_state state;
    enum tb_breach breach; /* of its quotas, budgets and anomalies */
    char workbook[1100];   /* path of the workbook */
};

/* Writes day's pack; a closed day is refused (TB_FAIL/TB_E_USAGE). The day is reduced already (tb_reduce_days, same version). Runs its own transaction for the revision. */
enum tb_status tb_pack_write(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t day, int64_t now_us, struct tb_pack_result *out,
                             struct tb_err *err) TB_MUST_USE;

/* Whether day's pack is missing or out of date (its inputs, tables, program or files differ). Reads only. */
enum tb_status tb_pack_stale(struct tb_db *db, const struct tb_settings *s, int64_t version, int32_t day,
                             bool *stale, struct tb_err *err) TB_MUST_USE;
/* The same without a look at its files. */
enum tb_status tb_pack_changed(struct tb_db *db, const struct tb_settings *s, int64_t version, int32_t day,
                               bool *changed, struct tb_err *err) TB_MUST_USE;

/* Closes day: its pack, which must stand and be up to date, becomes FINAL, and no later pack replaces it (tb_pack_write refuses).
 * act has name, note and at_us. TB_FAIL/TB_E_RANGE when there is no such pack, TB_E_USAGE when the day is closed. */
enum tb_status tb_pack_close(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t day, const struct tb_closing *act,
                             struct tb_pack_result *out, struct tb_err *err) TB_MUST_USE;

/* output/metrics.prom (Prometheus textfile): kong_llm_tokens_total{consumer}, kong_llm_cost_total{consumer,model},
 * tollbook_last_success_timestamp_seconds, intake counters ... cumulative over all reduced days of version. */
enum tb_status tb_metrics_write(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                int64_t now_us, struct tb_err *err) TB_MUST_USE;

#endif
