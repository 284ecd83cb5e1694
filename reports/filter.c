#include "reports/filter.h"

#include <inttypes.h>
#include "base/embed.h"
#include "base/glob.h"
#include "rate/reduce.h"

extern const struct tb_embed tb_embed_reports[];

#define STATEMENT_BYTES_MAX ((size_t)1 << 20)
#define KEEP_BYTES_MAX      ((size_t)256 << 20) /* ids of some ten million values */

/* Is text a value that all conditions on dim let through? Absent values match only the glob "". */
static bool is_kept(const struct tb_report_query *q, enum tb_dim dim, struct tb_str text)
{
    for (size_t i = 0; i < q->where_n; i++) {
        const struct tb_where *w = &q->where[i];
        if (w->dim == dim &&
            !(w->glob.n == 0 ? text.n == 0 : text.s != NULL && tb_glob_match(w->glob, text))) {
            return false;
        }
    }
    return dim != TB_DIM_SOURCE || tb_source_billed(q->settings, text);
}

static enum tb_status add_value(struct tb_filter *f, const struct tb_report_query *q, enum tb_dim dim,
                                const struct tb_query *row, bool *first, struct tb_err *err)
{
    char hour[TB_TS_TEXT_MAX];
    struct tb_str text = tb_query_text(row, 1);
    if (dim == TB_DIM_HOUR) {
        text = (struct tb_str){hour, tb_ts_format(tb_query_int(row, 0), hour)};
    }
    if (!is_kept(q, dim, text)) {
        return TB_OK;
    }
    enum tb_status st = tb_buf_printf(&f->keep, err, "%s%" PRId64, *first ? "" : ",", tb_query_int(row, 0));
    *first = false;
    return st;
}

static enum tb_status add_dim(struct tb_filter *f, const struct tb_report_query *q, enum tb_dim dim,
                              struct tb_err *err)
{
    struct tb_query *query;
    bool first = true;
    enum tb_status st = tb_filter_open(NULL, q, "filter_values.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_text(query, "dim", tb_str_of(tb_dim_names[dim]));
    st = tb_buf_printf(&f->keep, err, "%s\"%s\":[", f->keep.n > 1 ? "," : "", tb_dim_names[dim]);
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        st = add_value(f, q, dim, query, &first, err);
    }
    tb_query_close(query);
    return st == TB_END ? tb_buf_add(&f->keep, "]", 1, err) : st;
}

enum tb_status tb_filter_init(struct tb_filter *f, const struct tb_report_query *q, struct tb_err *err)
{
    *f = (struct tb_filter){.by = {false}};
    tb_buf_init(&f->keep, KEEP_BYTES_MAX);
    for (size_t i = 0; i < q->where_n; i++) {
        f->by[q->where[i].dim] = true;
    }
    enum tb_status st = tb_buf_add(&f->keep, "{", 1, err);
    for (int dim = 0; st == TB_OK && dim < TB_DIM_COUNT; dim++) {
        if (f->by[dim] || dim == TB_DIM_SOURCE) {
            st = add_dim(f, q, (enum tb_dim)dim, err);
        }
    }
    return st == TB_OK ? tb_buf_add(&f->keep, "}", 1, err) : st;
}

void tb_filter_release(struct tb_filter *f)
{
    tb_buf_release(&f->keep);
}

bool tb_filter_whole_teams(const struct tb_filter *f)
{
    for (int dim = 0; dim < TB_DIM_COUNT; dim++) {
        if (f->by[dim] && dim != TB_DIM_TEAM && dim != TB_DIM_COST_CENTER && dim != TB_DIM_DAY) {
            return false;
        }
    }
    return true;
}

enum tb_status tb_filter_statement(const char *sql, struct tb_buf *out, struct tb_err *err)
{
    const char *text = tb_embed_text(tb_embed_reports, sql);
    enum tb_status st = TB_OK;
    bool kept = strstr(text, "from kept") != NULL;
    if (kept || strstr(text, "from standing") != NULL) {
        st = tb_buf_str(out, tb_str_of(tb_embed_text(tb_embed_reports, "standing.sql")), err);
    }
    if (st == TB_OK && kept) {
        st = tb_buf_str(out, tb_str_of(tb_embed_text(tb_embed_reports, "filter_kept.sql")), err);
    }
    return st == TB_OK ? tb_buf_add(out, text, strlen(text) + 1, err) : st; /* with its NUL */
}

enum tb_status tb_filter_open(const struct tb_filter *f, const struct tb_report_query *q, const char *sql,
                              struct tb_query **out, struct tb_err *err)
{
    struct tb_buf text;
    tb_buf_init(&text, STATEMENT_BYTES_MAX);
    enum tb_status st = tb_filter_statement(sql, &text, err);
    if (st == TB_OK) {
        st = tb_query_open(q->db, tb_buf_view(&text).s, out, err);
    }
    if (st == TB_OK) {
        tb_query_bind_int(*out, "from_day", q->from_day);
        tb_query_bind_int(*out, "to_day", q->to_day);
        if (strstr(tb_buf_view(&text).s, ":tables") != NULL) {
            tb_query_bind_int(*out, "tables", q->version);
        }
        if (strstr(tb_buf_view(&text).s, ":closed") != NULL) {
            tb_query_bind_int(*out, "closed", q->told == TB_TOLD_CLOSED);
        }
        if (strstr(tb_buf_view(&text).s, ":posted") != NULL) {
            tb_query_bind_int(*out, "posted", q->told != TB_TOLD_RECOMPUTED);
        }
        if (f != NULL) {
            tb_query_bind_text(*out, "keep", tb_buf_view(&f->keep));
        }
    }
    tb_buf_release(&text);
    return st;
}
