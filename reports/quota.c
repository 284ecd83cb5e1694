/* Quotas replayed: rate/quota says what happened, this lays it out. --where takes consumer and node. */
#include "reports/quota.h"

#include "base/glob.h"
#include "rate/quota.h"
#include "reports/head.h"
#include "reports/table/parts.h"

enum {
    CONSUMER,
    TIER,
    MEASURE,
    WINDOW,
    NODE,
    WINDOW_START,
    WINDOW_END,
    LIMIT,
    USED,
    LEVEL,
    EXHAUSTED_AT,
    REQUESTS_AFTER,
    TOKENS_AFTER,
    COST_AFTER,
    REFUSED,
    WINDOWS_OVER,
    COUNTING,
    REFUSED_EARLY,
    DAY_REQUESTS_AFTER,
    DAY_TOKENS_AFTER,
    DAY_COST_AFTER,
    DAY_REFUSED,
    HEADERS,
    LOGGED_LIMIT,
    LOGGED_REMAINING,
    REMAINING,
    COLUMNS
};

static const struct tb_column columns[COLUMNS] = {
    [CONSUMER] = {"consumer", "Consumer", TB_CELL_TEXT, true, false},
    [TIER] = {"tier", "Tier", TB_CELL_TEXT, true, false},
    [MEASURE] = {"measure", "Measure", TB_CELL_TEXT, false, false},
    [WINDOW] = {"window", "Window", TB_CELL_TEXT, false, false},
    [NODE] = {"node", "Node", TB_CELL_TEXT, true, false},
    [WINDOW_START] = {"window_start", "From", TB_CELL_INSTANT, false, false},
    [WINDOW_END] = {"window_end", "To", TB_CELL_INSTANT, false, false},
    [LIMIT] = {"limit", "Limit", TB_CELL_MIXED, false, false},
    [USED] = {"used", "Used", TB_CELL_MIXED, false, false},
    [LEVEL] = {"level", "Level", TB_CELL_TEXT, false, false},
    [EXHAUSTED_AT] = {"exhausted_at", "Exhausted at", TB_CELL_INSTANT, false, false},
    [REQUESTS_AFTER] = {"requests_after", "Requests after", TB_CELL_INT, false, false},
    [TOKENS_AFTER] = {"tokens_after", "Tokens after", TB_CELL_INT, false, false},
    [COST_AFTER] = {"cost_after", "Cost after", TB_CELL_MONEY, false, false},
    [REFUSED] = {"refused", "Refused", TB_CELL_INT, false, false},
    [WINDOWS_OVER] = {"windows_over", "Windows over", TB_CELL_INT, false, false},
    [COUNTING] = {"counting", "Counting", TB_CELL_TEXT, false, false},
    [REFUSED_EARLY] = {"refused_early", "Refused early", TB_CELL_INT, false, false},
    [DAY_REQUESTS_AFTER] = {"day_requests_after", "Day: requests after", TB_CELL_INT, false, false},
    [DAY_TOKENS_AFTER] = {"day_tokens_after", "Day: tokens after", TB_CELL_INT, false, false},
    [DAY_COST_AFTER] = {"day_cost_after", "Day: cost after", TB_CELL_MONEY, false, false},
    [DAY_REFUSED] = {"day_refused", "Day: refused", TB_CELL_INT, false, false},
    [HEADERS] = {"headers", "Headers", TB_CELL_INT, false, false},
    [LOGGED_LIMIT] = {"logged_limit", "Logged limit", TB_CELL_INT, false, false},
    [LOGGED_REMAINING] = {"logged_remaining", "Logged remaining", TB_CELL_INT, false, false},
    [REMAINING] = {"remaining", "Remaining", TB_CELL_INT, false, false},
};

static const struct tb_column violation_columns[] = {
    {"consumer", "Consumer", TB_CELL_TEXT, true, false}, {"tier", "Tier", TB_CELL_TEXT, true, false},
    {"model", "Model", TB_CELL_TEXT, true, false},       {"requests", "Requests", TB_CELL_INT, false, true},
    {"tokens", "Tokens", TB_CELL_INT, false, true},      {"cost", "Cost", TB_CELL_MONEY, false, true},
};

static enum tb_status check_where(const struct tb_report_query *q, struct tb_err *err)
{
    for (size_t i = 0; i < q->where_n; i++) {
        const struct tb_where *w = &q->where[i];
        if (w->dim != TB_DIM_CONSUMER && w->dim != TB_DIM_NODE) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                              "a quota has no %s, --where of \"quota\" takes consumer and node",
                              tb_dim_names[w->dim]);
        }
    }
    return TB_OK;
}

static bool is_kept(const struct tb_report_query *q, struct tb_str consumer, struct tb_str node)
{
    for (size_t i = 0; i < q->where_n; i++) {
        const struct tb_where *w = &q->where[i];
        struct tb_str text = w->dim == TB_DIM_CONSUMER ? consumer : node;
        if (!(w->glob.n == 0 ? text.n == 0 : text.s != NULL && tb_glob_match(w->glob, text))) {
            return false;
        }
    }
    return true;
}

static void set_amount(struct tb_table *t, size_t column, enum tb_measure measure, tb_int128 v)
{
    if (measure == TB_MEASURE_COST) {
        tb_table_money(t, column, v);
    } else {
        tb_table_int(t, column, (int64_t)v);
    }
}

static void set_numbers(struct tb_table *t, const struct tb_quota_out *row)
{
    const struct tb_quota_use *u = &row->use;
    const struct {
        int column;
        int64_t value;
    } numbers[] = {{WINDOW_START, u->start_us},
                   {WINDOW_END, u->end_us},
                   {REQUESTS_AFTER, u->requests_after},
                   {TOKENS_AFTER, u->tokens_after},
                   {REFUSED, u->refused},
                   {WINDOWS_OVER, u->windows_over},
                   {REFUSED_EARLY, u->refused_early},
                   {DAY_REQUESTS_AFTER, u->day_requests_after},
                   {DAY_TOKENS_AFTER, u->day_tokens_after},
                   {DAY_REFUSED, u->day_refused},
                   {HEADERS, u->headers}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        tb_table_int(t, (size_t)numbers[i].column, numbers[i].value);
    }
    if (!u->unlimited) {
        set_amount(t, LIMIT, row->measure, u->limit);
    }
    set_amount(t, USED, row->measure, u->used);
    if (u->exhausted_us != TB_QUOTA_NEVER) {
        tb_table_int(t, EXHAUSTED_AT, u->exhausted_us);
    }
    if (u->headers > 0 && row->measure != TB_MEASURE_COST) {
        if (u->logged_limit >= 0) {
            tb_table_int(t, LOGGED_LIMIT, u->logged_limit);
        }
        if (u->logged_remaining >= 0) {
            tb_table_int(t, LOGGED_REMAINING, u->logged_remaining);
        }
        tb_table_int(t, REMAINING, u->remaining);
    }
    tb_table_money(t, COST_AFTER, u->cost_after);
    tb_table_money(t, DAY_COST_AFTER, u->day_cost_after);
}

static enum tb_status add_row(struct tb_table *t, const struct tb_quota_out *row, struct tb_err *err)
{
    const struct {
        int column;
        struct tb_str text;
    } texts[] = {{CONSUMER, row->consumer},
                 {TIER, row->tier},
                 {MEASURE, tb_str_of(tb_quota_measure_names[row->measure])},
                 {WINDOW, tb_str_of(tb_quota_window_names[row->window])},
                 {NODE, row->node},
                 {LEVEL, tb_str_of(tb_level_names[row->level])},
                 {COUNTING, row->per_node ? TB_STR("node") : TB_STR("global")}};
    enum tb_status st = tb_table_row(t, err);
    for (size_t i = 0; st == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        st = tb_table_text(t, (size_t)texts[i].column, texts[i].text, err);
    }
    if (st == TB_OK) {
        set_numbers(t, row);
    }
    return st;
}

static enum tb_status add_rows(struct tb_table *t, const struct tb_report_query *q,
                               const struct tb_quota_out *rows, size_t n, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < n; i++) {
        if (is_kept(q, rows[i].consumer, rows[i].node)) {
            st = add_row(t, &rows[i], err);
        }
    }
    return st;
}

static enum tb_status add_violations(struct tb_table *t, const struct tb_report_query *q,
                                     const struct tb_quota_result *r, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < r->violation_n; i++) {
        const struct tb_quota_violation *v = &r->violations[i];
        const struct tb_str texts[] = {v->consumer, v->tier, v->model};
        if (!is_kept(q, v->consumer, TB_STR_NULL)) {
            continue;
        }
        st = tb_table_row(t, err);
        for (size_t k = 0; st == TB_OK && k < 3; k++) {
            st = tb_table_text(t, k, texts[k], err);
        }
        if (st == TB_OK) {
            tb_table_int(t, 3, v->requests);
            tb_table_int(t, 4, v->tokens);
            tb_table_money(t, 5, v->cost);
        }
    }
    return st;
}

static enum tb_status query(const struct tb_report_query *q, struct tb_quota_result *out, struct tb_err *err)
{
    int32_t as_of = q->as_of_us != 0 ? tb_zone_day(q->settings->zone, q->as_of_us - 1) : INT32_MAX - 64;
    return q->whatif != NULL
               ? tb_quota_what_if(q->db, q->settings, q->tables, q->whatif, q->from_day, q->to_day, as_of,
                                  out, err)
               : tb_quota_query(q->db, q->settings, q->tables, q->from_day, q->to_day, as_of, out, err);
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_table *violations = NULL, *global = NULL;
    struct tb_quota_result result = {.n = 0};
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_parts_rows(r, "rows", "Quotas", columns, COLUMNS, &r->main, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "violations", "Models that a tier may not use", violation_columns,
                           sizeof violation_columns / sizeof *violation_columns, &violations, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "global", "Quotas of single nodes, counted over all nodes", columns, COLUMNS,
                           &global, err);
    }
    if (st == TB_OK) {
        st = query(q, &result, err);
    }
    if (st != TB_OK) {
        return st;
    }
    st = add_rows(r->main, q, result.rows, result.n, err);
    if (st == TB_OK) {
        st = add_rows(global, q, result.global, result.global_n, err);
    }
    if (st == TB_OK) {
        st = add_violations(violations, q, &result, err);
    }
    tb_quota_release(&result);
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_quota_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "quota", err);
    if (st == TB_OK) {
        st = check_where(q, err);
    }
    return st != TB_OK ? st : tb_head_build("quota", "Quotas", q, fill, out, err);
}
