/* Advice as plan/advice.c gives it, the variants beside each other, and the dearest requests one by one. */
#include "reports/advice.h"

#include "plan/advice.h"
#include "reports/head.h"
#include "reports/table/parts.h"

#define QUOTIENT_DECIMALS 12

enum {
    RULE,
    DIMENSION,
    VALUE,
    MODEL,
    TO,
    OBSERVED,
    THRESHOLD,
    REQUESTS,
    COST,
    SAVING,
    EVIDENCE,
    ACTION,
    COLUMNS
};

static const struct tb_column columns[COLUMNS] = {
    [RULE] = {"rule", "Rule", TB_CELL_TEXT, false, false},
    [DIMENSION] = {"dimension", "Dimension", TB_CELL_TEXT, false, false},
    [VALUE] = {"value", "Value", TB_CELL_TEXT, true, false},
    [MODEL] = {"model", "Model", TB_CELL_TEXT, true, false},
    [TO] = {"to", "Cheaper model", TB_CELL_TEXT, true, false},
    [OBSERVED] = {"observed", "Observed", TB_CELL_TEXT, true, false},
    [THRESHOLD] = {"threshold", "Threshold", TB_CELL_TEXT, true, false},
    [REQUESTS] = {"requests", "Requests", TB_CELL_INT, false, false},
    [COST] = {"cost", "Cost", TB_CELL_MONEY, false, false},
    [SAVING] = {"saving", "Saving", TB_CELL_MONEY, false, false},
    [EVIDENCE] = {"evidence", "Evidence", TB_CELL_TEXT, false, false},
    [ACTION] = {"action", "Action", TB_CELL_TEXT, false, false},
};

static const struct tb_column variant_columns[] = {
    {"variant", "Variant", TB_CELL_TEXT, true, false},
    {"requests", "Requests", TB_CELL_INT, false, true},
    {"cost", "Cost", TB_CELL_MONEY, false, true},
    {"cost_per_request", "Cost/request", TB_CELL_MONEY, false, false},
};

static const struct tb_column dearest_columns[] = {
    {"ts", "At", TB_CELL_INSTANT, false, false},
    {"consumer", "Consumer", TB_CELL_TEXT, true, false},
    {"feature", "Feature", TB_CELL_TEXT, true, false},
    {"model", "Model", TB_CELL_TEXT, true, false},
    {"tokens", "Tokens", TB_CELL_INT, false, false},
    {"cost", "Cost", TB_CELL_MONEY, false, false},
    {"latency_ms", "Latency ms", TB_CELL_INT, false, false},
};

static enum tb_status add_row(struct tb_table *t, const struct tb_advice_row *row, struct tb_err *err)
{
    const struct {
        int column;
        struct tb_str text;
    } texts[] = {{RULE, tb_str_of(row->rule)},
                 {DIMENSION, tb_str_of(row->dimension)},
                 {VALUE, row->value},
                 {MODEL, row->model},
                 {TO, row->to},
                 {OBSERVED, row->observed},
                 {THRESHOLD, row->threshold},
                 {EVIDENCE, row->evidence},
                 {ACTION, row->action}};
    enum tb_status st = tb_table_row(t, err);
    for (size_t i = 0; st == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        st = tb_table_text(t, (size_t)texts[i].column, texts[i].text, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(t, REQUESTS, row->requests);
    tb_table_money(t, COST, row->cost);
    if (row->has_saving) {
        tb_table_money(t, SAVING, row->saving);
    }
    return TB_OK;
}

static enum tb_status add_variant(struct tb_table *t, const struct tb_advice_variant *v, struct tb_err *err)
{
    tb_money each = 0;
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, 0, v->variant, err);
    }
    if (st == TB_OK) {
        tb_table_int(t, 1, v->requests);
        tb_table_money(t, 2, v->cost);
        if (v->requests > 0 && tb_money_div(v->cost, v->requests, QUOTIENT_DECIMALS, &each)) {
            tb_table_money(t, 3, each);
        }
    }
    return st;
}

static enum tb_status add_request(struct tb_table *t, const struct tb_advice_request *r, struct tb_err *err)
{
    const struct tb_str texts[] = {r->consumer, r->feature, r->model};
    enum tb_status st = tb_table_row(t, err);
    for (size_t i = 0; st == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        st = tb_table_text(t, i + 1, texts[i], err);
    }
    if (st == TB_OK) {
        tb_table_int(t, 0, r->ts_us);
        tb_table_int(t, 4, r->tokens);
        tb_table_money(t, 5, r->cost);
        if (r->has_latency) {
            tb_table_int(t, 6, r->latency_ms);
        }
    }
    return st;
}

static enum tb_status add_parts(struct tb_report *r, struct tb_table **variants, struct tb_table **dearest,
                                struct tb_err *err)
{
    enum tb_status st = tb_parts_rows(r, "rows", "Advice", columns, COLUMNS, &r->main, err);
    if (st == TB_OK) {
        st = tb_parts_rows(r, "variants", "Variants", variant_columns,
                           sizeof variant_columns / sizeof *variant_columns, variants, err);
    }
    return st == TB_OK ? tb_parts_rows(r, "dearest", "Dearest requests", dearest_columns,
                                       sizeof dearest_columns / sizeof *dearest_columns, dearest, err)
                       : st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_table *variants = NULL, *dearest = NULL;
    struct tb_advice advice = {.n = 0};
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = add_parts(r, &variants, &dearest, err);
    }
    if (st == TB_OK) {
        st = tb_advice_query(q->db, q->settings, q->tables, q->from_us, q->to_us, &advice, err);
    }
    if (st != TB_OK) {
        return st;
    }
    for (size_t i = 0; st == TB_OK && i < advice.n; i++) {
        st = add_row(r->main, &advice.rows[i], err);
    }
    for (size_t i = 0; st == TB_OK && i < advice.variant_n; i++) {
        st = add_variant(variants, &advice.variants[i], err);
    }
    for (size_t i = 0; st == TB_OK && i < advice.dearest_n; i++) {
        st = add_request(dearest, &advice.dearest[i], err);
    }
    tb_advice_release(&advice);
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_advice_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "advice", err);
    if (st == TB_OK) {
        st = tb_head_refuse_where(q, "advice", err);
    }
    if (st == TB_OK) {
        st = tb_head_refuse_pruned(q, "advice", q->from_day, err);
    }
    return st != TB_OK ? st : tb_head_build("advice", "Advice", q, fill, out, err);
}
