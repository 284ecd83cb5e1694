/* One finding: what it says, the statement that says its number again, and the calls it is about. Neither shows a prompt or a
 * fingerprint: calls of a run are named by when they were made, and from where. */
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include "base/embed.h"
#include "detect/detect.h"
#include "detect/digest.h"
#include "detect/proof.h"
#include "rate/worth.h"
#include "reports/columns.h"
#include "reports/explain.h"
#include "reports/fill.h"
#include "reports/head.h"
#include "store/events.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_detect[];

/* clang-format off */
static const struct tb_column what[] = {
    TEXT("kind", "kind"), TEXT("severity", "severity"), TEXT("consumer", "consumer"), TEXT("dimension", "dimension"),
    TEXT("value", "value"), OTHER("start", "start", TB_CELL_INSTANT), OTHER("end", "end", TB_CELL_INSTANT),
    OTHER("observed", "observed", TB_CELL_RATIO), OTHER("expected", "expected", TB_CELL_RATIO),
    {"cost", "cost", TB_CELL_MONEY, false, false}};
enum { KIND, SEVERITY, CONSUMER, DIMENSION, VALUE, START, END, OBSERVED, EXPECTED, COST };

static const struct tb_column told[] = {TEXT("evidence", "evidence"), TEXT("action", "what to do")};
static const struct tb_column proof[] = {OTHER("says", "says", TB_CELL_RATIO), TEXT("sql", "SQL")};
static const struct tb_column calls[] = {
    OTHER("ts", "When", TB_CELL_INSTANT), TEXT("file", "File"), OTHER("log_line", "Line", TB_CELL_INT), TEXT("id", "Call id"),
    TEXT("consumer", "Consumer"), TEXT("feature", "Feature"), TEXT("model", "Model"), OTHER("status", "Status", TB_CELL_INT),
    {"input", "Tokens sent", TB_CELL_INT, false, true}, {"output", "Output", TB_CELL_INT, false, true},
    {"cost", "Cost", TB_CELL_MONEY, false, true}};
/* clang-format on */

struct finding_report {
    const struct tb_report_query *q;
    const struct tb_finding *f;
    struct tb_proof proof;
    struct tb_table *what, *told, *says, *calls;
    struct tb_buf sql;
    struct tb_err *err;
};

/* With six decimals at most, as every fraction. */
static enum tb_status set_number(struct tb_table *t, size_t column, tb_int128 millionths, struct tb_err *err)
{
    char text[TB_MONEY_TEXT_MAX];
    size_t n = tb_ratio_format(millionths, 1000000, text);
    return tb_table_text(t, column, (struct tb_str){text, n}, err);
}

static enum tb_status fill_what(struct finding_report *x)
{
    const struct tb_finding *f = x->f;
    struct tb_db *db = x->q->db;
    const struct {
        struct tb_table *t;
        size_t column;
        struct tb_str text;
    } texts[] = {{x->what, KIND, tb_str_of(tb_kind_names[f->kind])},
                 {x->what, SEVERITY, tb_str_of(tb_severity_names[f->severity])},
                 {x->what, CONSUMER, f->consumer != 0 ? tb_dict_text(db, f->consumer) : TB_STR_NULL},
                 {x->what, DIMENSION, tb_str_of(f->dimension)},
                 {x->what, VALUE,
                  f->dimension == NULL ? TB_STR_NULL
                  : f->text.s != NULL  ? f->text
                                       : tb_dict_text(db, f->value)},
                 {x->told, 0, tb_str_of(f->evidence)},
                 {x->told, 1, tb_str_of(f->action)}};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < COUNT(texts) && st == TB_OK; i++) {
        st = tb_table_text(texts[i].t, texts[i].column, texts[i].text, x->err);
    }
    if (st == TB_OK) {
        st = set_number(x->what, OBSERVED, llround(f->observed * 1e6), x->err);
    }
    if (st == TB_OK && !isnan(f->expected)) {
        st = set_number(x->what, EXPECTED, llround(f->expected * 1e6), x->err);
    }
    tb_table_int(x->what, START, f->start_us);
    tb_table_int(x->what, END, f->end_us);
    tb_table_money(x->what, COST, (tb_money)f->cost * TB_PICO_OF_MONEY);
    return st;
}

static enum tb_status open_made(struct finding_report *x, const struct tb_findsql *names, const char *sql,
                                struct tb_query **out)
{
    tb_buf_clear(&x->sql);
    enum tb_status st = tb_findsql_write(names, tb_embed_text(tb_embed_detect, sql), &x->sql, x->err);
    return st == TB_OK ? tb_query_open_user(x->q->db, tb_buf_view(&x->sql), out, x->err) : st;
}

/* The statement, and what it says. */
static enum tb_status fill_proof(struct finding_report *x)
{
    struct tb_query *row = NULL;
    char number[64];
    enum tb_status st = open_made(x, &x->proof.number, x->proof.sql, &row);
    if (st == TB_OK) {
        st = tb_query_step(row, x->err);
    }
    if (st == TB_OK && !tb_query_is_null(row, 0)) {
        struct tb_str text = tb_query_text(row, 0);
        snprintf(number, sizeof number, "%.*s", (int)text.n, text.s);
        st = set_number(x->says, 0, llround(strtod(number, NULL) * 1e6), x->err);
    }
    tb_query_close(row);
    return st == TB_OK ? tb_table_text(x->says, 1, tb_buf_view(&x->sql), x->err) : st;
}

static enum tb_status fill_calls(struct finding_report *x)
{
    struct tb_query *row = NULL;
    size_t found = 0;
    enum tb_status st = open_made(x, &x->proof.calls, "proof_calls.sql", &row);
    while (st == TB_OK && (st = tb_query_step(row, x->err)) == TB_OK) {
        if (x->q->top == 0 || found < x->q->top) {
            st = tb_table_row(x->calls, x->err);
            st = st == TB_OK ? tb_fill_row(x->calls, 0, row, x->err) : st;
        }
        found++;
    }
    tb_query_close(row);
    tb_table_drop(x->calls, found - tb_table_rows(x->calls));
    return st == TB_END ? TB_OK : st;
}

static enum tb_status add_parts(struct tb_report *r, struct finding_report *x)
{
    enum tb_status st = tb_head_add(r, x->q, x->err);
    if (st == TB_OK) {
        st = tb_parts_text(r, "finding", "finding", tb_str_of(x->f->id), x->err);
    }
    if (st == TB_OK) {
        st = tb_parts_object(r, "what", "What", what, COUNT(what), &x->what, x->err);
    }
    if (st == TB_OK) {
        st = tb_parts_object(r, "told", "In words", told, COUNT(told), &x->told, x->err);
    }
    if (st == TB_OK) {
        st = tb_parts_object(r, "proof", "What was observed, asked again", proof, COUNT(proof), &x->says,
                             x->err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "events", "Calls", calls, COUNT(calls), &x->calls, x->err);
    }
    r->main = x->calls;
    return st;
}

static enum tb_status build(const struct tb_report_query *q, const struct tb_finding *f,
                            struct tb_report **out, struct tb_err *err)
{
    struct finding_report x = {.q = q, .f = f, .err = err};
    struct tb_worth *worth = NULL;
    struct tb_report *r = tb_parts_new("explain", "Finding");
    tb_buf_init(&x.sql, TB_FINDSQL_MAX);
    enum tb_status st = r != NULL ? add_parts(r, &x)
                                  : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to explain a finding");
    if (st == TB_OK) {
        st = tb_worth_new(q->db, q->settings, q->tables, &worth, err);
    }
    if (st == TB_OK) {
        const struct tb_detect_query ask = {q->db,       q->settings, q->tables,  q->version,
                                            q->from_day, q->to_day,   q->as_of_us};
        st = tb_proof_make(&ask, f, &x.proof, err);
    }
    if (st == TB_OK) {
        st = fill_what(&x);
        st = st == TB_OK ? fill_proof(&x) : st;
        st = st == TB_OK ? fill_calls(&x) : st;
        tb_proof_release(&x.proof);
    }
    tb_worth_free(worth);
    tb_buf_release(&x.sql);
    if (st != TB_OK) {
        tb_parts_free(r);
        r = NULL;
    }
    *out = r;
    return st;
}

/* TB_END: none has the prefix. */
static enum tb_status choose(const struct tb_findings *list, struct tb_str prefix,
                             const struct tb_finding **out, struct tb_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct tb_finding *f = &list->f[i];
        if (prefix.n >= sizeof f->id || memcmp(f->id, prefix.s, prefix.n) != 0) {
            continue;
        }
        if (*out != NULL && strcmp((*out)->id, f->id) != 0) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                              "\"%.*s\" begins several findings, give more of one: %s (%s), %s (%s)",
                              (int)prefix.n, prefix.s, (*out)->id, tb_kind_names[(*out)->kind], f->id,
                              tb_kind_names[f->kind]);
        }
        *out = f;
    }
    return *out != NULL ? TB_OK : TB_END;
}

enum tb_status tb_explain_finding(const struct tb_report_query *q, struct tb_str prefix,
                                  struct tb_report **out, struct tb_err *err)
{
    struct tb_findings list = {NULL, 0, 0};
    struct tb_detect_query ask = {q->db,       q->settings, q->tables,  q->version,
                                  q->from_day, q->to_day,   q->as_of_us};
    const struct tb_finding *f = NULL;
    bool write = tb_db_writable(q->db);
    *out = NULL;
    enum tb_status st = write ? tb_db_begin(q->db, err) : TB_OK;
    if (st != TB_OK) {
        return st;
    }
    st = tb_detect_days(&ask, &list, err);
    if (write && st == TB_OK) {
        st = tb_db_commit(q->db, err);
    } else if (write) {
        tb_db_rollback(q->db);
    }
    if (st == TB_OK) {
        st = choose(&list, prefix, &f, err);
    }
    if (st == TB_OK) {
        st = build(q, f, out, err);
    }
    tb_findings_release(&list);
    return st;
}
