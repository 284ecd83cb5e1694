/* The pack of a day whose events are pruned: what its last revision said, never anew from what the events left behind. Percentiles,
 * tool calls and rejected lines cannot be counted again; the workbook alone is written again (it then says FINAL, or stands where it
 * was lost). Its quotas, budgets and anomalies come from what is kept of them, which is what the revision was made of. */
#include "reports/pack_adjust.h"
#include "reports/pack_built.h"
#include "reports/pack_parts.h"

enum tb_status tb_pack_is_kept(const struct tb_report_query *q, bool *kept, struct tb_err *err)
{
    struct tb_pack_built built;
    char adjustments[TB_SHA256_HEX];
    enum tb_status st = tb_pack_built_get(q->db, q->from_day, &built, err);
    if (st == TB_OK) {
        st = tb_pack_adjustments(q->db, q->from_day, adjustments, err);
    }
    *kept = st == TB_OK && built.there && strcmp(adjustments, built.adjustments) == 0;
    return st;
}

enum tb_status tb_pack_kept_build(struct tb_pack_content *c, struct tb_str json, int64_t revision,
                                  struct tb_pack_folder *f, struct tb_err *err)
{
    enum tb_status st = tb_report_of_pack(json, "chargeback", revision, &c->chargeback, err);
    if (st == TB_OK) {
        st = tb_report_of_pack(json, "checks", revision, &c->checks, err);
    }
    if (st == TB_OK) {
        st = tb_report_of_pack(json, "rejects", revision, &c->rejects, err);
    }
    if (st == TB_OK) {
        st = tb_pack_inputs_kept(json, &c->inputs, err);
    }
    if (st == TB_OK) {
        st = tb_pack_more_build(c, f, err);
    }
    return st == TB_OK ? tb_pack_folder_reuse(f, err) : st;
}
