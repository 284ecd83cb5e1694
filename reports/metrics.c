/* metrics.prom: counters for Prometheus' textfile collector, cumulative over every reduced day of billed sources. A day counts
 * with the table version of its last pack, else with the present one: each day once. */
#include <inttypes.h>
#include <stdio.h>
#include "base/embed.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "reports/metrics_parts.h"
#include "reports/pack.h"
#include "reports/pack_parts.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

#define METRICS_BYTES_MAX ((size_t)256 << 20)
#define FILE_MODE         0640
#define FOLDER_MODE       0750
#define DAYS_SHOWN        31 /* of revisions: a label per day must not grow for ever */

enum tb_status tb_metrics_head(struct tb_metrics_page *p, const char *name, const char *type,
                               const char *help, struct tb_err *err)
{
    return tb_buf_printf(&p->out, err, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* What is printed of v, alone in naming it: a text that had to be cleaned gets a digest behind it, since two series of one name
 * would make the whole file unreadable. Absent is empty, which to Prometheus is no label. */
static enum tb_status clean_label(struct tb_metrics_page *p, struct tb_str v, struct tb_err *err)
{
    tb_buf_clear(&p->clean);
    enum tb_status st = tb_buf_reserve(&p->clean, 3 * v.n + 1, err);
    if (st != TB_OK || v.s == NULL) {
        return st;
    }
    p->clean.n = v.n > 0 ? tb_utf8_printable(v, p->clean.p) : 0;
    bool same = v.n > 0 && tb_str_eq(tb_buf_view(&p->clean), v);
    return same ? TB_OK : tb_buf_printf(&p->clean, err, "#%08x", (unsigned)tb_hash64(v.s, v.n, 0));
}

enum tb_status tb_metrics_label(struct tb_metrics_page *p, const char *key, struct tb_str v,
                                struct tb_err *err)
{
    enum tb_status st = clean_label(p, v, err);
    if (st == TB_OK) {
        st = tb_buf_printf(&p->out, err, "%s=\"", key);
    }
    for (size_t i = 0; st == TB_OK && i < p->clean.n; i++) {
        char c = p->clean.p[i]; /* newlines are blanks by now */
        st = c == '"' || c == '\\' ? tb_buf_add(&p->out, "\\", 1, err) : TB_OK;
        if (st == TB_OK) {
            st = tb_buf_add(&p->out, &c, 1, err);
        }
    }
    return st == TB_OK ? tb_buf_add(&p->out, "\"", 1, err) : st;
}

/* The names of sources that are not billed. */
static enum tb_status bind_unbilled(struct tb_metrics_page *p, struct tb_query *q, struct tb_err *err)
{
    bool first = true;
    tb_buf_clear(&p->clean);
    enum tb_status st = tb_buf_add(&p->clean, "[", 1, err);
    for (int i = 0; st == TB_OK && i < p->settings->source_count; i++) {
        if (p->settings->sources[i].bill) {
            continue;
        }
        st = first ? TB_OK : tb_buf_add(&p->clean, ",", 1, err);
        if (st == TB_OK) {
            st = tb_json_quote(&p->clean, tb_str_of(p->settings->sources[i].name), err);
        }
        first = false;
    }
    if (st == TB_OK) {
        st = tb_buf_add(&p->clean, "]", 1, err);
    }
    if (st == TB_OK) {
        tb_query_bind_text(q, "unbilled", tb_buf_view(&p->clean));
    }
    return st;
}

static enum tb_status open_usage(struct tb_metrics_page *p, const char *sql, struct tb_query **out,
                                 struct tb_err *err)
{
    enum tb_status st = tb_query_open(p->db, tb_embed_text(tb_embed_reports, sql), out, err);
    if (st == TB_OK) {
        tb_query_bind_int(*out, "tables", p->version);
        st = bind_unbilled(p, *out, err);
    }
    return st;
}

static enum tb_status add_tokens(struct tb_metrics_page *p, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_metrics_head(p, "kong_llm_tokens_total", "counter",
                                        "Tokens of billed usage, all classes, of all reduced days.", err);
    if (st == TB_OK) {
        st = open_usage(p, "metrics_tokens.sql", &q, err);
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        st = tb_buf_printf(&p->out, err, "kong_llm_tokens_total{");
        if (st == TB_OK) {
            st = tb_metrics_label(p, "consumer", tb_query_text(q, 0), err);
        }
        if (st == TB_OK) {
            st = tb_buf_printf(&p->out, err, "} %" PRId64 "\n", tb_query_int(q, 1));
        }
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status add_cost_line(struct tb_metrics_page *p, const struct tb_query *q, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(&p->out, err, "kong_llm_cost_total{");
    if (st == TB_OK) {
        st = tb_metrics_label(p, "consumer", tb_query_text(q, 0), err);
    }
    if (st == TB_OK) {
        st = tb_buf_add(&p->out, ",", 1, err);
    }
    if (st == TB_OK) {
        st = tb_metrics_label(p, "model", tb_query_text(q, 1), err);
    }
    struct tb_str cost = tb_query_text(q, 2); /* exact decimal text, as it is */
    return st == TB_OK ? tb_buf_printf(&p->out, err, "} %.*s\n", (int)cost.n, cost.s) : st;
}

static enum tb_status add_cost(struct tb_metrics_page *p, struct tb_err *err)
{
    struct tb_query *q = NULL;
    char help[128];
    snprintf(help, sizeof help,
             "Cost of billed usage in %s, of all reduced days; unpriced usage adds nothing.",
             p->settings->currency);
    enum tb_status st = tb_metrics_head(p, "kong_llm_cost_total", "counter", help, err);
    if (st == TB_OK) {
        st = open_usage(p, "metrics_cost.sql", &q, err);
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        st = add_cost_line(p, q, err);
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status add_intake(struct tb_metrics_page *p, struct tb_err *err)
{
    static const char *const outcomes[] = {"event", "duplicate", "conflict", "ignored", "rejected"};
    struct tb_query *q = NULL;
    enum tb_status st = tb_metrics_head(p, "tollbook_intake_lines_total", "counter",
                                        "Lines read, by what became of them.", err);
    if (st == TB_OK) {
        st = tb_query_open(p->db, tb_embed_text(tb_embed_reports, "metrics_intake.sql"), &q, err);
    }
    if (st == TB_OK) {
        st = tb_query_step(q, err);
    }
    for (int i = 0; st == TB_OK && i < 5; i++) {
        st = tb_buf_printf(&p->out, err, "tollbook_intake_lines_total{outcome=\"%s\"} %" PRId64 "\n",
                           outcomes[i], tb_query_int(q, i));
    }
    if (st == TB_OK) {
        st = tb_metrics_head(p, "tollbook_intake_files_total", "counter",
                             "Files read (an archive's members each).", err);
    }
    if (st == TB_OK) {
        st = tb_buf_printf(&p->out, err, "tollbook_intake_files_total %" PRId64 "\n", tb_query_int(q, 5));
    }
    if (st == TB_OK) {
        st = tb_metrics_head(p, "tollbook_incomplete_files", "gauge",
                             "Files that end early and that no later one completed.", err);
    }
    if (st == TB_OK) {
        st = tb_buf_printf(&p->out, err, "tollbook_incomplete_files %" PRId64 "\n", tb_query_int(q, 6));
    }
    tb_query_close(q);
    return st;
}

static enum tb_status add_revisions(struct tb_metrics_page *p, struct tb_err *err)
{
    struct tb_query *q = NULL;
    char day[TB_TS_TEXT_MAX];
    enum tb_status st = tb_metrics_head(p, "tollbook_pack_revision", "gauge",
                                        "The last revision of a day's pack, of the newest days.", err);
    if (st == TB_OK) {
        st = tb_query_open(p->db, tb_embed_text(tb_embed_reports, "metrics_revisions.sql"), &q, err);
    }
    if (st == TB_OK) {
        tb_query_bind_int(q, "days", DAYS_SHOWN);
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        tb_day_format((int32_t)tb_query_int(q, 0), day);
        st = tb_buf_printf(&p->out, err, "tollbook_pack_revision{day=\"%s\"} %" PRId64 "\n", day,
                           tb_query_int(q, 1));
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status add_success(struct tb_metrics_page *p, int64_t now_us, struct tb_err *err)
{
    const char *name = "tollbook_last_success_timestamp_seconds";
    enum tb_status st =
        tb_metrics_head(p, name, "gauge", "When the last run ended well, seconds since 1970-01-01 UTC.", err);
    return st == TB_OK ? tb_buf_printf(&p->out, err, "%s %" PRId64 ".%06" PRId64 "\n", name,
                                       now_us / TB_US_PER_S, now_us % TB_US_PER_S)
                       : st;
}

static enum tb_status write_page(struct tb_metrics_page *p, int64_t now_us, struct tb_err *err)
{
    char path[1100];
    enum tb_status st = add_tokens(p, err);
    if (st == TB_OK) {
        st = add_cost(p, err);
    }
    if (st == TB_OK) {
        st = add_intake(p, err);
    }
    if (st == TB_OK) {
        st = add_revisions(p, err);
    }
    if (st == TB_OK) {
        st = tb_metrics_limits(p, err);
    }
    if (st == TB_OK) {
        st = add_success(p, now_us, err);
    }
    if (st == TB_OK && !tb_path_join(p->settings->output, "metrics.prom", path, sizeof path)) {
        st = tb_err_set(err, TB_FAIL, TB_E_IO, "the path of \"output\" is too long; choose a shorter one");
    }
    if (st == TB_OK) {
        st = tb_file_mkdirs(p->settings->output, FOLDER_MODE, err);
    }
    if (st == TB_OK) {
        st = tb_pack_sweep(p->settings->output, err);
    }
    return st == TB_OK ? tb_file_write(path, tb_buf_view(&p->out), FILE_MODE, err) : st;
}

enum tb_status tb_metrics_write(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                int64_t now_us, struct tb_err *err)
{
    struct tb_metrics_page p = {.db = db, .settings = s, .version = version};
    tb_buf_init(&p.out, METRICS_BYTES_MAX);
    tb_buf_init(&p.clean, METRICS_BYTES_MAX);
    enum tb_status st = write_page(&p, now_us, err);
    tb_buf_release(&p.out);
    tb_buf_release(&p.clean);
    return st;
}
