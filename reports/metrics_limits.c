/* Budgets and quotas in metrics.prom: gauges as of the end of the newest packed day, with the table version of its pack. */
#include <inttypes.h>
#include <stdio.h>
#include "base/embed.h"
#include "reports/metrics_parts.h"
#include "reports/pack_built.h"
#include "reports/pack_parts.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

/* A gauge over the rows of a report. */
struct gauge {
    const char *name, *help;
    const char *column;
    const char *const *labels; /* columns, NULL-ended */
};

static const char *const budget_labels[] = {"name", "period", NULL};
static const char *const quota_labels[] = {"consumer", "tier", "measure", "window", "node", NULL};

static const struct gauge budget_gauges[] = {
    {"tollbook_budget_limit", "What the present period's budget is.", "limit", budget_labels},
    {"tollbook_budget_spent", "What is spent of it at the end of the newest packed day.", "spent",
     budget_labels},
    {"tollbook_budget_forecast", "What the period will have cost at its end.", "forecast", budget_labels},
    {"tollbook_budget_used_ratio", "Spent by limit.", "used", budget_labels},
};
static const struct gauge quota_gauges[] = {
    {"tollbook_quota_limit", "Limits of quotas that the newest packed day left over half used.", "limit",
     quota_labels},
    {"tollbook_quota_used", "What was used of them: tokens, requests or money, as measure says.", "used",
     quota_labels},
    {"tollbook_quota_requests_after", "Requests that the gateway let through behind an exhausted quota.",
     "requests_after", quota_labels},
};

static const struct tb_cell *cell_of(const struct tb_table *t, size_t row, const char *key)
{
    int i = tb_table_find(t, key);
    return i >= 0 ? tb_table_cell(t, row, (size_t)i) : NULL;
}

static bool has_same_labels(const struct tb_table *t, size_t a, size_t b, const char *const *labels)
{
    for (; *labels != NULL; labels++) {
        const struct tb_cell *x = cell_of(t, a, *labels), *y = cell_of(t, b, *labels);
        if (x->null != y->null || (!x->null && !tb_str_eq(x->text, y->text))) {
            return false;
        }
    }
    return true;
}

/* Rows are sorted by their labels, then by window or period: a series has one value, that of the last one. Quotas that nobody
 * needs to look at are left out: there may be thousands. */
static bool is_shown(const struct tb_table *t, size_t row, const struct gauge *g)
{
    const struct tb_cell *value = cell_of(t, row, g->column);
    if (value->null || (row + 1 < tb_table_rows(t) && has_same_labels(t, row, row + 1, g->labels))) {
        return false;
    }
    return g->labels != quota_labels || !tb_str_eq(cell_of(t, row, "level")->text, TB_STR("ok"));
}

static enum tb_status add_value(struct tb_metrics_page *p, const struct tb_cell *c, struct tb_err *err)
{
    char text[TB_MONEY_TEXT_MAX];
    size_t n = c->text.n;
    if (c->type == TB_CELL_MONEY) {
        n = tb_money_format(c->money, text);
    } else if (c->type != TB_CELL_RATIO) {
        n = (size_t)snprintf(text, sizeof text, "%" PRId64, c->number);
    }
    return tb_buf_printf(&p->out, err, "} %.*s\n", (int)n, c->type == TB_CELL_RATIO ? c->text.s : text);
}

static enum tb_status add_line(struct tb_metrics_page *p, const struct tb_table *t, size_t row,
                               const struct gauge *g, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(&p->out, err, "%s{", g->name);
    for (const char *const *label = g->labels; st == TB_OK && *label != NULL; label++) {
        const struct tb_cell *c = cell_of(t, row, *label);
        if (label != g->labels) {
            st = tb_buf_add(&p->out, ",", 1, err);
        }
        if (st == TB_OK) {
            st = tb_metrics_label(p, *label, c->null ? TB_STR_NULL : c->text, err);
        }
    }
    return st == TB_OK ? add_value(p, cell_of(t, row, g->column), err) : st;
}

static enum tb_status add_gauge(struct tb_metrics_page *p, const struct tb_table *t, const struct gauge *g,
                                struct tb_err *err)
{
    enum tb_status st = tb_metrics_head(p, g->name, "gauge", g->help, err);
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(t); i++) {
        if (is_shown(t, i, g)) {
            st = add_line(p, t, i, g, err);
        }
    }
    return st;
}

static enum tb_status add_report(struct tb_metrics_page *p, const struct tb_report_query *q, const char *kind,
                                 const struct gauge *gauges, size_t n, struct tb_err *err)
{
    struct tb_report *r = NULL;
    enum tb_status st = tb_report_kind_find(kind)->build(q, &r, err);
    for (size_t i = 0; st == TB_OK && tb_table_rows(r->main) > 0 && i < n; i++) {
        st = add_gauge(p, r->main, &gauges[i], err);
    }
    tb_report_free(r);
    return st;
}

static enum tb_status prepare(const struct tb_report_query *q, struct tb_err *err)
{
    enum tb_status st = tb_db_begin(q->db, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_pack_more_prepare(q, err);
    if (st == TB_OK) {
        st = tb_db_commit(q->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(q->db);
    }
    return st;
}

static enum tb_status add_day(struct tb_metrics_page *p, int32_t day, struct tb_err *err)
{
    struct tb_pack_versions versions = {.db = p->db, .settings = p->settings};
    struct tb_pack_built built;
    const struct tb_tables *tables = NULL;
    struct tb_report_query q;
    enum tb_status st = tb_pack_built_get(p->db, day, &built, err);
    if (st == TB_OK) {
        st = tb_pack_versions_tables(&versions, built.tables, &tables, err);
    }
    if (st == TB_OK && (tables->budget_count > 0 || tables->quota_count > 0)) {
        q = tb_pack_day(p->db, p->settings, tables, built.tables, day);
        q.as_of_us = q.to_us;
        st = prepare(&q, err);
        if (st == TB_OK) {
            st =
                add_report(p, &q, "budget", budget_gauges, sizeof budget_gauges / sizeof *budget_gauges, err);
        }
        if (st == TB_OK) {
            st = add_report(p, &q, "quota", quota_gauges, sizeof quota_gauges / sizeof *quota_gauges, err);
        }
    }
    tb_pack_versions_release(&versions);
    return st;
}

enum tb_status tb_metrics_limits(struct tb_metrics_page *p, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(p->db, tb_embed_text(tb_embed_reports, "metrics_newest.sql"), &q, err);
    if (st == TB_OK) {
        st = tb_query_step(q, err);
    }
    bool there = st == TB_OK && !tb_query_is_null(q, 0);
    int32_t day = there ? (int32_t)tb_query_int(q, 0) : 0;
    tb_query_close(q);
    return st == TB_OK && there ? add_day(p, day, err) : st;
}
