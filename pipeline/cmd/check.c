/* tollbook check: is everything that a run relies on good? Configuration, tables, formats with their samples, control totals. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "reports/pack_adjust.h"
#include "reports/report.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_cmd[];

static void print_count(const char *before, size_t n, const char *what)
{
    printf("%s%zu %s%s", before, n, what, n == 1 ? "" : "s");
}

static void bad_sample(void *ctx, const char *id, size_t sample, const char *why)
{
    if (sample == 0) {
        tb_log(TB_LOG_ERROR, "format \"%s\": %s", id, why);
    } else {
        tb_log(TB_LOG_ERROR, "format \"%s\", sample %zu: %s", id, sample, why);
    }
    ++*(size_t *)ctx;
}

static enum tb_status check_formats(struct tb_session *s, struct tb_err *err)
{
    enum tb_status st = tb_session_formats(s, err);
    if (st != TB_OK) {
        return st;
    }
    size_t bad = 0;
    size_t n = tb_format_check_samples(s->formats, bad_sample, &bad);
    if (bad > 0) {
        return tb_err_set(err, TB_FAIL, TB_E_FORMAT, "%zu of %zu format samples do not hold", bad, n);
    }
    print_count("formats: good, ", tb_format_count(s->formats), "format");
    print_count(", ", n, "sample");
    putchar('\n');
    return TB_OK;
}

static enum tb_status check_tables(struct tb_session *s, struct tb_err *err)
{
    struct tb_tables *tables = NULL;
    enum tb_status st = tb_tables_load(s->settings, &tables, err);
    if (st == TB_OK) {
        printf("tables: good");
        print_count(", ", tables->price_count, "price");
        print_count(", ", tables->account_count, "account");
        print_count(", ", tables->quota_count, "quota");
        print_count(", ", tables->budget_count, "budget");
        putchar('\n');
    }
    tb_tables_free(tables);
    return st;
}

/* How many days are closed, the last of them, and whether any has changed since without being adjusted yet. */
static enum tb_status check_closed(struct tb_session *s, struct tb_err *err)
{
    struct tb_query *q = NULL;
    int pending = 0;
    enum tb_status st =
        tb_pack_adjust_pending(s->db, s->settings, s->tables, s->version, INT32_MAX, &pending, err);
    if (st == TB_OK) {
        st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "check_closed.sql"), &q, err);
    }
    if (st == TB_OK) {
        st = tb_query_step(q, err);
    }
    if (st == TB_OK && tb_query_int(q, 0) > 0) {
        char day[TB_TS_TEXT_MAX], at[TB_TS_TEXT_MAX];
        struct tb_str name = tb_query_text(q, 3);
        tb_day_format((int32_t)tb_query_int(q, 1), day);
        tb_ts_format(tb_query_int(q, 4), at);
        printf("closed days: %" PRId64 ", the last %s (revision %" PRId64 ", by %.*s at %s)%s\n",
               tb_query_int(q, 0), day, tb_query_int(q, 2), (int)name.n, name.s, at,
               pending > 0 ? "; some have changed: the next `tollbook run` adjusts an open day" : "");
    }
    tb_query_close(q);
    return st;
}

static enum tb_status check_totals(struct tb_session *s, const struct tb_dates *dates, int *code,
                                   struct tb_err *err)
{
    if (access(s->settings->database, F_OK) != 0) {
        printf("control totals: no database yet\n");
        return TB_OK;
    }
    enum tb_status st = tb_session_report(s, 0, dates->from_day, dates->to_day, err);
    struct tb_report *report = NULL;
    if (st == TB_OK) {
        struct tb_report_query q = {.db = s->db,
                                    .settings = s->settings,
                                    .tables = s->tables,
                                    .version = s->version,
                                    .from_day = dates->from_day,
                                    .to_day = dates->to_day,
                                    .from_us = dates->from_us,
                                    .to_us = dates->to_us,
                                    .now_us = s->now_us};
        st = tb_report_kind_find("checks")->build(&q, &report, err);
    }
    if (st == TB_OK) {
        bool failed = tb_report_state(report).control_failed;
        if (failed) {
            char from[TB_TS_TEXT_MAX], to[TB_TS_TEXT_MAX];
            tb_day_format(dates->from_day, from);
            tb_day_format(dates->to_day, to);
            printf(
                "control totals: a control disagrees; `tollbook report checks --from %s --to %s` names it\n",
                from, to);
        } else {
            printf("control totals: good\n");
        }
        *code = failed ? TB_EXIT_CONTROL : TB_EXIT_DONE;
        st = check_closed(s, err);
    }
    tb_report_free(report);
    return st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *date = NULL, *from = NULL, *to = NULL;
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {
        {"date", false, &date}, {"from", false, &from}, {"to", false, &to}, {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_check, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n > 0) {
        return tb_options_unexpected(&tb_cmd_check, operand[0]);
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_dates dates;
    code = TB_EXIT_DONE;
    enum tb_status st = tb_session_dates(&s, config, date, from, to, false, &dates, &err);
    if (st == TB_OK) {
        int sources = s.settings->source_count;
        printf("configuration: good, %d source%s (%s)\n", sources, sources == 1 ? "" : "s", s.settings->path);
        st = check_tables(&s, &err);
    }
    if (st == TB_OK) {
        st = check_formats(&s, &err);
    }
    if (st == TB_OK) {
        st = check_totals(&s, &dates, &code, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_check = {
    .name = "check",
    .synopsis = "check [DATES]",
    .about = "check configuration, tables, formats (with their samples), control totals and closed days",
    .help = "DATES (default: yesterday) are the days whose control totals are checked.",
    .run = run,
};
