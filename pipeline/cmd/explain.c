/* tollbook explain: one chargeback line back to its events, price rows, files and line numbers; a finding back to its calls. */
#include <ctype.h>
#include <string.h>
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/options.h"
#include "cmd/ready.h"
#include "cmd/session.h"
#include "rate/budget.h"
#include "rate/standing.h"
#include "reports/explain.h"
#include "store/events.h"
#include "store/versions.h"

#define EVENTS_SHOWN 20 /* in a table; programs get all */
#define FINDING_DAYS 31 /* looked through when no dates are given */
#define OUTPUT_MAX   ((size_t)4 << 30)

struct request {
    const char *format, *output;
    char id[24]; /* or its beginning, lower case */
    int64_t top, tables;
    bool has_top;
};

static enum tb_status write_out(const struct tb_report *r, const struct request *want, struct tb_err *err)
{
    struct tb_buf out;
    tb_buf_init(&out, OUTPUT_MAX);
    enum tb_status st = strcmp(want->format, "csv") == 0    ? tb_report_csv(r, &out, err)
                        : strcmp(want->format, "json") == 0 ? tb_report_json(r, &out, err)
                                                            : tb_report_text(r, &out, err);
    if (st == TB_OK) {
        st = tb_cmd_output(want->output, tb_buf_view(&out), err);
    }
    tb_buf_release(&out);
    return st;
}

static struct tb_report_query query_of(const struct tb_session *s, int32_t from_day, int32_t to_day)
{
    return (struct tb_report_query){.db = s->db,
                                    .settings = s->settings,
                                    .tables = s->tables,
                                    .version = s->version,
                                    .from_day = from_day,
                                    .to_day = to_day,
                                    .from_us = tb_zone_day_start(s->settings->zone, from_day),
                                    .to_us = tb_zone_day_start(s->settings->zone, to_day + 1)};
}

/* The days to look among: those asked for, else all with events. TB_END: there is none. */
static enum tb_status find_days(const struct tb_session *s, const struct tb_dates *dates, int32_t *from_day,
                                int32_t *to_day, struct tb_err *err)
{
    int32_t first = 0, last = 0;
    if (dates->given) {
        *from_day = dates->from_day;
        *to_day = dates->to_day;
        return TB_OK;
    }
    enum tb_status st = tb_events_days(s->db, &first, &last, err);
    *from_day = INT32_MIN; /* also days whose events were pruned */
    *to_day = INT32_MAX;
    return st;
}

static size_t events_wanted(const struct request *want)
{
    return want->has_top ? (size_t)want->top : strcmp(want->format, "table") == 0 ? EVENTS_SHOWN : 0;
}

/* Which line, of which days and version; TB_END: none. */
static enum tb_status find_line(struct tb_session *s, const struct request *want,
                                const struct tb_dates *dates, struct tb_explain_key *key, struct tb_err *err)
{
    int32_t from_day = 0, to_day = 0;
    s->asked_tables = want->tables != 0;
    enum tb_status st = dates->given ? tb_session_report(s, want->tables, dates->from_day, dates->to_day, err)
                                     : tb_session_db(s, TB_DB_READ, err);
    if (st == TB_OK) {
        st = find_days(s, dates, &from_day, &to_day, err);
    }
    int64_t version = want->tables;
    if (st == TB_OK && version == 0) {
        st = tb_versions_newest(s->db, &version, err);
    }
    if (st == TB_OK) {
        const struct tb_report_query q = {
            .db = s->db, .settings = s->settings, .version = version, .from_day = from_day, .to_day = to_day};
        st = tb_explain_find(&q, tb_str_of(want->id), key, err);
    }
    return st;
}

/* The price rows of a line are those of one version: pruned days among the others may stand with another. */
static enum tb_status refuse_mixed(struct tb_session *s, const struct tb_explain_key *key, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int32_t day = key->from_day; st == TB_OK && key->from_day < key->to_day && day <= key->to_day;
         day++) {
        bool pruned = false;
        int64_t version = s->version;
        char text[TB_TS_TEXT_MAX];
        st = tb_standing_find(s->db, s->settings, day, &pruned, &version, err);
        if (st == TB_OK && version != s->version) {
            tb_day_format(day, text);
            return tb_err_set(
                err, TB_FAIL, TB_E_USAGE,
                "line \"%s\" adds up days of several table versions (%s is pruned and stands as priced with "
                "version %lld); explain the lines of single days, `tollbook report chargeback --date %s` "
                "prints them",
                key->id, text, (long long)version, text);
        }
    }
    return st;
}

/* Its days as they stand now, at the version that told it; of closed ones also what the chargeback says. */
static enum tb_status explain_line(struct tb_session *s, const struct request *want,
                                   const struct tb_explain_key *key, int *code, struct tb_err *err)
{
    struct tb_report *r = NULL;
    tb_session_rewind(s);
    enum tb_status st = tb_session_report(s, want->tables != 0 ? want->tables : key->version, key->from_day,
                                          key->to_day, err);
    if (st == TB_OK) {
        st = refuse_mixed(s, key, err);
    }
    if (st == TB_OK) {
        struct tb_report_query q = query_of(s, key->from_day, key->to_day);
        q.top = events_wanted(want);
        q.told = want->tables == 0 ? TB_TOLD_CLOSED : TB_TOLD_RECOMPUTED;
        st = tb_explain_line(&q, key, &r, err);
    }
    if (st == TB_OK) {
        st = write_out(r, want, err);
    }
    if (st == TB_OK && tb_report_state(r).control_failed) {
        tb_log(TB_LOG_ERROR, "the events of line \"%s\" do not add up to it; see `tollbook report checks`",
               key->id);
        *code = tb_exit_worse(*code, TB_EXIT_CONTROL);
    }
    tb_report_free(r);
    return st;
}

/* Findings are made by judging days: without dates the last ones. */
static enum tb_status explain_finding(struct tb_session *s, const struct request *want,
                                      const struct tb_dates *dates, struct tb_err *err)
{
    struct tb_report *r = NULL;
    int32_t from_day = dates->from_day, to_day = dates->to_day, first = 0, last = 0;
    enum tb_status st = TB_OK;
    if (!dates->given) {
        if (s->db == NULL || (st = tb_events_days(s->db, &first, &last, err)) != TB_OK) {
            return st == TB_OK ? TB_END : st;
        }
        to_day = tb_zone_day(s->settings->zone, (last + 1) * TB_US_PER_DAY - 1);
        from_day = to_day - FINDING_DAYS + 1;
    }
    tb_session_rewind(s);
    st = tb_session_report(s, want->tables, from_day, to_day, err);
    if (st == TB_OK) {
        st = tb_ready_findings(s, from_day, to_day, err);
    }
    if (st == TB_OK) {
        struct tb_report_query q = query_of(s, from_day, to_day);
        q.top = events_wanted(want);
        if (dates->given ? dates->running : q.to_us > s->now_us) {
            st = tb_budget_last_call(s->db, q.from_us, q.to_us, &q.as_of_us, err);
        }
        st = st == TB_OK ? tb_explain_finding(&q, tb_str_of(want->id), &r, err) : st;
    }
    if (st == TB_OK) {
        st = write_out(r, want, err);
    }
    tb_report_free(r);
    return st;
}

static enum tb_status explain(struct tb_session *s, const struct request *want, const struct tb_dates *dates,
                              int *code, struct tb_err *err)
{
    struct tb_explain_key key = {.version = 0};
    enum tb_status st = find_line(s, want, dates, &key, err);
    if (st == TB_OK) {
        st = explain_line(s, want, &key, code, err);
        tb_explain_key_release(&key);
        return st;
    }
    if (st == TB_END) {
        st = explain_finding(s, want, dates, err);
    }
    if (st != TB_END) {
        return st;
    }
    return tb_err_set(
        err, TB_FAIL, TB_E_USAGE,
        "no line or finding has the id \"%s\"; `tollbook report chargeback` and `report anomalies` print "
        "them; a "
        "line of several days wants its --from and --to, a finding older than a month its --date",
        want->id);
}

static int take_id(const char *text, struct request *want)
{
    size_t n = strlen(text);
    if (n < TB_EXPLAIN_PREFIX_MIN || n >= TB_LINE_ID_MAX || strspn(text, "0123456789abcdefABCDEF") != n) {
        return tb_cmd_usage(
            "explain", "\"%.40s\" is no id: %d to %d hexadecimal digits, as `tollbook report` prints them",
            text, TB_EXPLAIN_PREFIX_MIN, TB_LINE_ID_MAX - 1);
    }
    for (size_t i = 0; i <= n; i++) {
        want->id[i] = (char)tolower((unsigned char)text[i]);
    }
    return -1;
}

static int take_count(const char *option, const char *text, int64_t *out)
{
    struct tb_decimal d;
    if (text != NULL &&
        (!tb_decimal_parse(tb_str_of(text), true, &d) || !tb_decimal_int64(&d, out) || *out < 1)) {
        return tb_cmd_usage("explain", "--%s wants a whole number from 1, not \"%s\"", option, text);
    }
    return -1;
}

static int run(const char *config, int argc, char **argv)
{
    const char *operand[TB_OPERANDS_MAX], *date = NULL, *from = NULL, *to = NULL, *top = NULL, *tables = NULL;
    struct request want = {.format = NULL};
    const struct tb_option options[] = {{"date", false, &date},     {"from", false, &from},
                                        {"to", false, &to},         {"top", false, &top},
                                        {"tables", false, &tables}, {"format", false, &want.format},
                                        {"o", false, &want.output}, {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_explain, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n != 1) {
        return n == 0 ? tb_cmd_usage("explain", "give the id of a line or its first digits")
               : tb_dates_word(operand[n - 1]) ? tb_options_unexpected(&tb_cmd_explain, operand[n - 1])
                                               : tb_cmd_usage("explain", "one id at a time");
    }
    want.format = want.format != NULL ? want.format : "table";
    want.has_top = top != NULL;
    if (strcmp(want.format, "table") != 0 && strcmp(want.format, "csv") != 0 &&
        strcmp(want.format, "json") != 0) {
        return tb_cmd_usage("explain", "unknown format \"%s\"; use table, csv or json", want.format);
    }
    if ((code = take_id(operand[0], &want)) >= 0 || (code = take_count("top", top, &want.top)) >= 0 ||
        (code = take_count("tables", tables, &want.tables)) >= 0) {
        return code;
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_dates dates;
    code = TB_EXIT_DONE;
    enum tb_status st = tb_session_dates(&s, config, date, from, to, false, &dates, &err);
    if (st == TB_OK) {
        st = explain(&s, &want, &dates, &code, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_explain = {
    .name = "explain",
    .synopsis = "explain ID [DATES] [--top N] [--tables N] [--format table|csv|json] [-o FILE]",
    .about = "one chargeback line, or finding, back to its events, files and line numbers",
    .help = "  ID           of a line of `tollbook report chargeback`, or of a finding of `tollbook report "
            "anomalies`, or its first "
            "digits,\n"
            "               at least four\n"
            "  DATES        look only among these days; a line of a report over several days wants its "
            "--from and --to; "
            "findings are\n"
            "               looked for in the last 31 days with calls, and told as the last day asked for "
            "saw them\n"
            "  --top N      list the first N events (a table: 20; csv, json: all)\n"
            "  --tables N   as table version N tells it; a line else as the newest that has it\n\n"
            "A line: each event stands with its file and line number, what it cost, and what was charged: "
            "\"812 input "
            "@7\" is 812\n"
            "tokens at the price in line 7 of prices.csv. The price rows say tokens x price / per = amount, "
            "exactly; the "
            "amounts add\n"
            "up to the line, and so do the events: else the exit code is 4.\n"
            "A finding: what was observed, the SQL that says it again when `tollbook sql` runs it, and its "
            "calls.",
    .run = run,
};
