/* The rejected lines: where, why, and the sanitised excerpt; and all of them counted by file and reason.
 * --where takes source and node. */
#include "reports/rejects.h"

#include <assert.h>
#include "base/glob.h"
#include "reports/fill.h"
#include "reports/head.h"
#include "reports/intake.h"
#include "reports/shape.h"

/* Both statements begin with source, node and go on with what the tables begin with. */
enum { OUT_SOURCE, OUT_NODE, OUT_REST };

static enum tb_status check_where(const struct tb_report_query *q, struct tb_err *err)
{
    for (size_t i = 0; i < q->where_n; i++) {
        const struct tb_where *w = &q->where[i];
        if (w->dim != TB_DIM_SOURCE && w->dim != TB_DIM_NODE) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                              "a rejected line has no %s, --where of \"rejects\" takes source and node",
                              tb_dim_names[w->dim]);
        }
    }
    return TB_OK;
}

static bool is_kept(const struct tb_report_query *q, const struct tb_query *row)
{
    for (size_t i = 0; i < q->where_n; i++) {
        const struct tb_where *w = &q->where[i];
        struct tb_str text = tb_query_text(row, w->dim == TB_DIM_SOURCE ? OUT_SOURCE : OUT_NODE);
        if (!(w->glob.n == 0 ? text.n == 0 : text.s != NULL && tb_glob_match(w->glob, text))) {
            return false;
        }
    }
    return true;
}

static enum tb_status add_row(struct tb_table *t, const struct tb_query *row, struct tb_err *err)
{
    enum tb_status st = tb_table_row(t, err);
    int columns = tb_query_columns(row);
    for (int i = OUT_REST; st == TB_OK && i < columns; i++) {
        st = tb_fill_cell(t, (size_t)(i - OUT_REST), row, i, err);
    }
    for (int i = OUT_SOURCE; st == TB_OK && i < OUT_REST; i++) { /* the extra columns stand last */
        st = tb_fill_cell(t, (size_t)(columns - OUT_REST + i), row, i, err);
    }
    return st;
}

static enum tb_status add_rows(struct tb_report *r, const struct tb_report_query *q, const char *sql,
                               const char *key, struct tb_err *err)
{
    struct tb_query *query;
    const struct tb_part *p = tb_parts_find(r, key);
    assert(p != NULL);
    enum tb_status st = tb_intake_open(q, sql, &query, err);
    if (st != TB_OK) {
        return st;
    }
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        if (is_kept(q, query)) {
            st = add_row(p->table, query, err);
        }
    }
    tb_query_close(query);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_shape_add(r, &tb_shape_rejects, err);
    }
    if (st == TB_OK) {
        st = add_rows(r, q, "rejects_rows.sql", "rows", err);
    }
    if (st == TB_OK) {
        st = add_rows(r, q, "rejects_reasons.sql", "reasons", err);
    }
    r->rejected = st == TB_OK && tb_table_rows(tb_parts_find(r, "reasons")->table) > 0;
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_rejects_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "rejects", err);
    if (st == TB_OK) {
        st = check_where(q, err);
    }
    return st != TB_OK ? st : tb_head_build("rejects", tb_shape_rejects.title, q, fill, out, err);
}
