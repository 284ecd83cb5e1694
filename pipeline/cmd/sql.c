/* tollbook sql: read-only SQL over the database, the events included (usage_event). */
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "rate/worth.h"
#include "reports/result.h"
#include "store/query.h"
#include "store/versions.h"

/* Costs of events by the newest tables of the database; without any there are none. */
static enum tb_status open_worth(struct tb_session *s, struct tb_worth **out, struct tb_err *err)
{
    int64_t version = 0;
    enum tb_status st = tb_versions_newest(s->db, &version, err);
    if (st != TB_OK || version == 0) {
        return st;
    }
    st = tb_versions_load(s->db, s->settings, version, &s->tables, err);
    return st == TB_OK ? tb_worth_new(s->db, s->settings, s->tables, out, err) : st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *format = NULL, *output = NULL;
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {
        {"format", false, &format}, {"o", false, &output}, {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_sql, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n != 1) {
        return tb_cmd_usage("sql", "give one statement in quotes");
    }
    format = format != NULL ? format : "table";
    if (strcmp(format, "table") != 0 && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
        return tb_cmd_usage("sql", "unknown format \"%s\"; use table, csv or json", format);
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_query *q = NULL;
    struct tb_worth *worth = NULL;
    struct tb_buf out;
    tb_buf_init(&out, (size_t)4 << 30);
    enum tb_status st = tb_session_settings(&s, config, &err);
    if (st == TB_OK) {
        st = tb_session_db(&s, TB_DB_READ, &err);
    }
    if (st == TB_OK) {
        st = open_worth(&s, &worth, &err);
    }
    if (st == TB_OK) {
        st = tb_query_open_user(s.db, tb_str_of(operand[0]), &q, &err);
    }
    if (st == TB_OK) {
        st = tb_result_write(q, format, &out, &err);
    }
    if (st == TB_OK) {
        st = tb_cmd_output(output, tb_buf_view(&out), &err);
    }
    tb_query_close(q);
    tb_worth_free(worth);
    tb_buf_release(&out);
    tb_session_close(&s);
    return st == TB_OK ? TB_EXIT_DONE : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_sql = {
    .name = "sql",
    .synopsis = "sql \"SELECT ...\" [--format table|csv|json] [-o FILE]",
    .about = "read-only SQL over the database, the events included (usage_event)",
    .help = "  tollbook sql \"SELECT model, count(*), sum(input) FROM usage_event WHERE day = '2026-11-21' "
            "GROUP BY 1\"\n\n"
            "usage_event: day ts source node id consumer provider model_requested model service_tier feature "
            "variant trigger input\n"
            "cache_read cache_write_5m cache_write_1h output reasoning total_only saved quality status "
            "success latency_ms retries\n"
            "request_bytes response_bytes client_ip user_agent prompt_fingerprint prompt_chars logged_cost "
            "file line\n"
            "(ts in microseconds UTC), and, when named: cost (as the newest tables price it; NULL when "
            "unpriced) basis team "
            "cost_center billed\n"
            "tool cache_hit refused member. A condition on day or ts reads only those days.",
    .run = run,
};
