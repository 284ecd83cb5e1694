/* The kinds that exist, and what report.h promises of any report. */
#include "reports/report.h"

#include "reports/budget.h"
#include "reports/chargeback.h"
#include "reports/checks.h"
#include "reports/quota.h"
#include "reports/rejects.h"
#include "reports/table/parts.h"
#include "reports/usage.h"
#include "reports/writer/writer.h"

const struct tb_report_kind tb_report_kinds[] = {
    {"chargeback", "who used what, what it cost, what is billed", tb_chargeback_build},
    {"usage", "usage by any dimensions, with averages and percentiles", tb_usage_build},
    {"quota", "who would have hit which limit and when, what the gateway let through", tb_quota_build},
    {"budget", "what is spent and left, when levels were crossed, how the period will end", tb_budget_build},
    {"checks", "the control totals", tb_checks_build},
    {"rejects", "lines that could not be read, and why", tb_rejects_build},
    {NULL, NULL, NULL},
};

const struct tb_report_kind *tb_report_kind_find(const char *name)
{
    for (const struct tb_report_kind *k = tb_report_kinds; k->name != NULL; k++) {
        if (strcmp(k->name, name) == 0) {
            return k;
        }
    }
    return NULL;
}

void tb_report_free(struct tb_report *r)
{
    tb_parts_free(r);
}

struct tb_report_state tb_report_state(const struct tb_report *r)
{
    return (struct tb_report_state){r->unpriced, r->rejected, r->incomplete, r->control_failed};
}

void tb_report_set_revision(struct tb_report *r, int64_t revision)
{
    const struct tb_part *p = tb_parts_find(r, "revision");
    if (p == NULL) {
        return;
    }
    const struct tb_cell *now = tb_table_cell(p->table, 0, 0);
    if (now->null ? revision == 0 : now->number == revision) {
        return;
    }
    tb_buf_release(&r->raw); /* the kept bytes say another revision */
    if (revision == 0) {
        tb_table_clear(p->table, 0);
    } else {
        tb_table_int(p->table, 0, revision);
    }
}

enum tb_status tb_report_json(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    return tb_writer_json(r, out, err);
}

enum tb_status tb_report_csv(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    return tb_writer_csv(r, out, err);
}

enum tb_status tb_report_text(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    return tb_writer_text(r, out, err);
}
