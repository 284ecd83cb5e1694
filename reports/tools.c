/* Tool calls by tool: the cost-spike runbook's step on tool failures. */
#include "reports/tools.h"

#include "rate/tool.h"
#include "reports/head.h"
#include "reports/table/parts.h"

enum {
    TOOL,
    CALLS,
    FAILURES,
    FAILURE_RATE,
    RETRIES_AVG,
    RETRIES_MAX,
    RETRIES,
    LATENCY_AVG,
    LATENCY_P95,
    COLUMNS
};

static const struct tb_column columns[COLUMNS] = {
    [TOOL] = {"tool", "Tool", TB_CELL_TEXT, true, false},
    [CALLS] = {"calls", "Calls", TB_CELL_INT, false, true},
    [FAILURES] = {"failures", "Failures", TB_CELL_INT, false, true},
    [FAILURE_RATE] = {"failure_rate", "Failure rate", TB_CELL_RATIO, false, false},
    [RETRIES_AVG] = {"retries_avg", "Retries avg", TB_CELL_RATIO, false, false},
    [RETRIES_MAX] = {"retries_max", "Retries max", TB_CELL_INT, false, false},
    [RETRIES] = {"retries", "Retries", TB_CELL_INT, false, true},
    [LATENCY_AVG] = {"latency_ms_avg", "Latency ms avg", TB_CELL_RATIO, false, false},
    [LATENCY_P95] = {"latency_ms_p95", "Latency ms p95", TB_CELL_INT, false, false},
};

static enum tb_status set_ratio(struct tb_table *t, size_t column, int64_t num, int64_t den,
                                struct tb_err *err)
{
    char text[TB_MONEY_TEXT_MAX];
    return den == 0 ? TB_OK
                    : tb_table_text(t, column, (struct tb_str){text, tb_ratio_format(num, den, text)}, err);
}

static enum tb_status add_row(struct tb_table *t, const struct tb_tool *tool, struct tb_err *err)
{
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, TOOL, tool->name, err);
    }
    if (st == TB_OK) {
        st = set_ratio(t, FAILURE_RATE, tool->failures, tool->calls, err);
    }
    if (st == TB_OK) {
        st = set_ratio(t, RETRIES_AVG, tool->retries, tool->retries_n, err);
    }
    if (st == TB_OK) {
        st = set_ratio(t, LATENCY_AVG, tool->latency_ms, tool->latency_n, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(t, CALLS, tool->calls);
    tb_table_int(t, FAILURES, tool->failures);
    tb_table_int(t, RETRIES, tool->retries);
    if (tool->retries_n > 0) {
        tb_table_int(t, RETRIES_MAX, tool->retries_max);
    }
    if (tool->latency_p95 >= 0) {
        tb_table_int(t, LATENCY_P95, tool->latency_p95);
    }
    return TB_OK;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_tools tools = {.n = 0};
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_parts_rows(r, "rows", "Tool calls", columns, COLUMNS, &r->main, err);
    }
    if (st == TB_OK) {
        st = tb_tools_query(q->db, q->from_us, q->to_us, &tools, err);
    }
    for (size_t i = 0; st == TB_OK && i < tools.n; i++) {
        st = add_row(r->main, &tools.tools[i], err);
    }
    tb_tools_release(&tools);
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_tools_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "tools", err);
    if (st == TB_OK) {
        st = tb_head_refuse_where(q, "tools", err);
    }
    if (st == TB_OK) {
        st = tb_head_refuse_pruned(q, "tools", q->from_day, err);
    }
    return st != TB_OK ? st : tb_head_build("tools", "Tools", q, fill, out, err);
}
