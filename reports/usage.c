/* Usage by --by (consumer when not given): counts, tokens, cost, and the quotients of the cost-spike runbook.
 * Billed sources only, unless --where names a source. */
#include "reports/usage.h"

#include "reports/head.h"

static const struct tb_column measures[] = {
    {"requests", "Requests", TB_CELL_INT, false, true},
    {"errors", "Errors", TB_CELL_INT, false, true},
    {"consumers", "Consumers", TB_CELL_INT, false, false}, /* not a sum: the same one may be in many rows */
    {"input", "Input", TB_CELL_INT, false, true},
    {"cache_read", "Cache read", TB_CELL_INT, false, true},
    {"cache_write_5m", "Cache write 5m", TB_CELL_INT, false, true},
    {"cache_write_1h", "Cache write 1h", TB_CELL_INT, false, true},
    {"output", "Output", TB_CELL_INT, false, true},
    {"reasoning", "Reasoning", TB_CELL_INT, false, true},
    {"cost", "Cost", TB_CELL_MONEY, false, true},
    {"cost_per_request", "Cost/request", TB_CELL_MONEY, false, false},
    {"input_avg", "Input avg", TB_CELL_RATIO, false, false},
    {"input_p95", "Input p95", TB_CELL_INT, false, false},
    {"output_avg", "Output avg", TB_CELL_RATIO, false, false},
    {"output_p95", "Output p95", TB_CELL_INT, false, false},
    {"latency_ms_avg", "Latency ms avg", TB_CELL_RATIO, false, false},
    {"latency_ms_p95", "Latency ms p95", TB_CELL_INT, false, false},
    {"hidden_ratio", "Hidden ratio", TB_CELL_RATIO, false, false},
    {"cache_hit_ratio", "Cache hit ratio", TB_CELL_RATIO, false, false},
    {"total_only", "Total only", TB_CELL_INT, false, true},
    {"saved", "Saved", TB_CELL_INT, false, true},
    {"refused", "Refused", TB_CELL_INT, false, true},
    {"hidden", "Hidden", TB_CELL_INT, false, true},
    {"unpriced", "Unpriced", TB_CELL_INT, false, true},
};
#define MEASURES (sizeof measures / sizeof *measures)

static const char *const labels[TB_DIM_COUNT] = {"Day",      "Hour",    "Source",      "Node",
                                                 "Consumer", "Team",    "Cost centre", "Provider",
                                                 "Model",    "Feature", "Variant",     "Trigger"};

enum tb_status tb_usage_rows(struct tb_report *r, const enum tb_dim *by, size_t by_n, struct tb_err *err)
{
    struct tb_column columns[TB_DIM_COUNT + MEASURES];
    for (size_t i = 0; i < by_n; i++) {
        columns[i] = (struct tb_column){tb_dim_names[by[i]], labels[by[i]], TB_CELL_TEXT, true, false};
    }
    memcpy(columns + by_n, measures, sizeof measures);
    return tb_parts_rows(r, "rows", "Usage", columns, by_n + MEASURES, &r->main, err);
}

/* num / den to 6 decimals; null when den is 0. */
static enum tb_status set_ratio(struct tb_table *t, size_t column, tb_int128 num, tb_int128 den,
                                struct tb_err *err)
{
    char text[TB_MONEY_TEXT_MAX];
    if (den == 0) {
        return TB_OK;
    }
    return tb_table_text(t, column, (struct tb_str){text, tb_ratio_format(num, den, text)}, err);
}

static void set_p95(struct tb_table *t, size_t column, int64_t value)
{
    if (value >= 0) {
        tb_table_int(t, column, value);
    }
}

#define QUOTIENT_DECIMALS 12

static enum tb_status set_cost(struct tb_table *t, size_t column, const struct tb_usage_row *u,
                               struct tb_err *err)
{
    tb_money each;
    if (!u->has_cost) {
        return TB_OK;
    }
    tb_table_money(t, column, u->cost);
    if (u->requests == 0) {
        return TB_OK;
    }
    if (!tb_money_div(u->cost, u->requests, QUOTIENT_DECIMALS, &each)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the cost per request is out of range");
    }
    tb_table_money(t, column + 1, each);
    return TB_OK;
}

/* Columns 9 to 18 of the measures: what is divided. at: the first measure's column. */
static enum tb_status set_quotients(struct tb_table *t, size_t at, const struct tb_usage_row *u,
                                    struct tb_err *err)
{
    tb_int128 prompt = (tb_int128)u->input + u->cache_read + u->cache_write_5m + u->cache_write_1h;
    enum tb_status st = set_cost(t, at + 9, u, err);
    set_p95(t, at + 12, u->input_p95);
    set_p95(t, at + 14, u->output_p95);
    set_p95(t, at + 16, u->latency_p95);
    if (st == TB_OK) {
        st = set_ratio(t, at + 11, u->input, u->input_n, err);
    }
    if (st == TB_OK) {
        st = set_ratio(t, at + 13, u->output, u->output_n, err);
    }
    if (st == TB_OK) {
        st = set_ratio(t, at + 15, u->latency_ms, u->latency_n, err);
    }
    if (st == TB_OK) {
        st = set_ratio(t, at + 17, u->hidden, u->requests, err);
    }
    return st == TB_OK ? set_ratio(t, at + 18, u->cache_read, prompt, err) : st;
}

static enum tb_status add_row(struct tb_table *t, size_t by_n, const struct tb_usage_row *u,
                              struct tb_err *err)
{
    enum tb_status st = tb_table_row(t, err);
    for (size_t i = 0; st == TB_OK && i < by_n; i++) {
        st = tb_table_text(t, i, u->key[i], err);
    }
    if (st != TB_OK) {
        return st;
    }
    const struct {
        size_t measure;
        int64_t value;
    } counts[] = {{0, u->requests},       {1, u->errors},         {3, u->input},    {4, u->cache_read},
                  {5, u->cache_write_5m}, {6, u->cache_write_1h}, {7, u->output},   {8, u->reasoning},
                  {19, u->total_only},    {20, u->saved},         {21, u->refused}, {22, u->hidden},
                  {23, u->unpriced}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        tb_table_int(t, by_n + counts[i].measure, counts[i].value);
    }
    if (u->consumers_known) {
        tb_table_int(t, by_n + 2, u->consumers);
    }
    return set_quotients(t, by_n, u, err);
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    static const enum tb_dim consumer[] = {TB_DIM_CONSUMER};
    const enum tb_dim *by = q->by_n > 0 ? q->by : consumer;
    size_t by_n = q->by_n > 0 ? q->by_n : 1;
    struct tb_usage usage = {.rows = NULL};
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_usage_rows(r, by, by_n, err);
    }
    if (st == TB_OK) {
        st = tb_usage_query(q->db, q->settings, q->tables, q->version, q->from_us, q->to_us, by, by_n,
                            q->where, q->where_n, &usage, err);
    }
    if (st != TB_OK) {
        return st;
    }
    for (size_t i = 0; st == TB_OK && i < usage.n; i++) {
        st = add_row(r->main, by_n, &usage.rows[i], err);
        r->unpriced = r->unpriced || usage.rows[i].unpriced > 0;
    }
    tb_usage_release(&usage);
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_usage_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    return tb_head_build("usage", "Usage", q, fill, out, err);
}
