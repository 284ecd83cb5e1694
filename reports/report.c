/* The kinds that exist, and what report.h promises of any report. */
#include "reports/report.h"

#include "reports/advice.h"
#include "reports/anomalies.h"
#include "reports/budget.h"
#include "reports/change.h"
#include "reports/chargeback.h"
#include "reports/checks.h"
#include "reports/plan.h"
#include "reports/quota.h"
#include "reports/rejects.h"
#include "reports/table/parts.h"
#include "reports/tools.h"
#include "reports/usage.h"
#include "reports/writer/writer.h"

const struct tb_report_kind tb_report_kinds[] = {
    {"chargeback", "who used what, what it cost, what is billed", tb_chargeback_build},
    {"usage", "usage by any dimensions, with averages and percentiles", tb_usage_build},
    {"quota", "who would have hit which limit and when, what the gateway let through", tb_quota_build},
    {"budget", "what is spent and left, when levels were crossed, how the period will end", tb_budget_build},
    {"anomalies", "what was unusual, what it cost, and what to do", tb_anomalies_build},
    {"plan", "budgets shared out for the next day", tb_plan_build},
    {"change", "why the bill changed against the same weekdays before", tb_change_build},
    {"advice", "where money can be saved, and how much", tb_advice_build},
    {"tools", "tool calls, failures and retries", tb_tools_build},
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

static enum tb_breach breach_of(struct tb_str word)
{
    static const char *const critical[] = {"critical", "exceeded", "emergency"};
    for (size_t i = 0; i < sizeof critical / sizeof *critical; i++) {
        if (tb_str_eq(word, tb_str_of(critical[i]))) {
            return TB_BREACH_CRITICAL;
        }
    }
    return tb_str_eq(word, TB_STR("warning")) ? TB_BREACH_WARNING : TB_BREACH_NONE;
}

enum tb_breach tb_report_breach(const struct tb_report *r)
{
    enum tb_breach worst = TB_BREACH_NONE;
    for (size_t i = 0; i < r->n; i++) {
        const struct tb_table *t = r->parts[i].table;
        int column = tb_table_find(t, "level");
        column = column < 0 ? tb_table_find(t, "severity") : column;
        for (size_t row = 0; column >= 0 && row < tb_table_rows(t); row++) {
            const struct tb_cell *c = tb_table_cell(t, row, (size_t)column);
            enum tb_breach b = c->null ? TB_BREACH_NONE : breach_of(c->text);
            worst = b > worst ? b : worst;
        }
    }
    return worst;
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
