/* tollbook run: the nightly job. Ingest every source, then write the pack of each billing day that wants one. */
#include <inttypes.h>
#include "base/log.h"
#include "cmd/close.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/forget.h"
#include "cmd/intake.h"
#include "cmd/notify.h"
#include "cmd/options.h"
#include "cmd/packing.h"
#include "cmd/session.h"
#include "reports/pack.h"
#include "reports/pack_adjust.h"
#include "store/events.h"
#include "store/revision.h"

static enum tb_status intake(struct tb_session *s, const struct tb_dates *dates, int *code,
                             struct tb_err *err)
{
    struct tb_input_list list;
    tb_input_list_init(&list);
    enum tb_status st = tb_intake_list(s, NULL, dates, &list, err);
    if (st == TB_OK) {
        st = tb_intake(s, &list, code, err);
    }
    if (st == TB_OK) {
        st = tb_intake_missing(s, &list, dates->from_day, dates->to_day, code, err);
    }
    tb_input_list_release(&list);
    return st;
}

static void say_state(int32_t day, const struct tb_report_state *state, int *code)
{
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    if (state->unpriced) {
        tb_log(
            TB_LOG_WARN,
            "%s: usage without a price; `tollbook report chargeback --date %s` lists it under \"unpriced\"",
            text, text);
    }
    if (state->rejected) {
        tb_log(TB_LOG_WARN,
               "%s: lines of its files were rejected; `tollbook report rejects --date %s` names them", text,
               text);
    }
    if (state->unpriced || state->rejected) {
        *code = tb_exit_worse(*code, TB_EXIT_REJECTS);
    }
    if (state->incomplete) {
        tb_log(TB_LOG_WARN,
               "%s: an expected input is missing or incomplete; `tollbook report checks --date %s` names it",
               text, text);
        *code = tb_exit_worse(*code, TB_EXIT_MISSING);
    }
}

#define PACK_MAX ((size_t)4 << 30)

static int fail_at; /* --fail-on: the breach that fails; set once, before the run */

static void note_breach(enum tb_breach breach, int *code)
{
    if (fail_at != 0 && (int)breach >= fail_at) {
        *code = tb_exit_worse(*code, TB_EXIT_BREACH);
    }
}

/* What the day's last pack said of its quotas, budgets and anomalies. */
static enum tb_status breach_of_day(struct tb_session *s, int32_t day, int *code, struct tb_err *err)
{
    static const char *const kinds[] = {"quota", "budget", "anomalies"};
    struct tb_buf pack;
    int64_t revision = 0;
    tb_buf_init(&pack, PACK_MAX);
    enum tb_status st = tb_revision_get(s->db, day, 0, &pack, &revision, err);
    for (size_t i = 0; st == TB_OK && i < sizeof kinds / sizeof *kinds; i++) {
        struct tb_report *report = NULL;
        st = tb_report_of_pack(tb_buf_view(&pack), kinds[i], 0, &report, err);
        if (st == TB_OK) {
            note_breach(tb_report_breach(report), code);
        } else if (st == TB_FAIL && err->code == TB_E_USAGE) { /* a pack without this report */
            st = TB_OK;
        }
        tb_report_free(report);
    }
    tb_buf_release(&pack);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status pack_day(struct tb_session *s, int32_t day, bool again, int *code, struct tb_err *err)
{
    struct tb_pack_result result;
    bool written = false;
    enum tb_status st = tb_packing_write(s, day, again, &result, &written, code, err);
    if (st == TB_OK && written) {
        say_state(day, &result.state, code);
        note_breach(result.breach, code);
        if (result.is_new) {
            st = tb_notify(s, day, err);
        }
    }
    return st;
}

/* A day whose pack is current still has its troubles; the exit code tells them each night until they are mended. */
static enum tb_status state_of_day(struct tb_session *s, int32_t day, int *code, struct tb_err *err)
{
    struct tb_report *report = NULL;
    struct tb_report_query q = {.db = s->db,
                                .settings = s->settings,
                                .tables = s->tables,
                                .version = s->version,
                                .from_day = day,
                                .to_day = day,
                                .from_us = tb_zone_day_start(s->settings->zone, day),
                                .to_us = tb_zone_day_start(s->settings->zone, day + 1),
                                .now_us = s->now_us};
    enum tb_status st = tb_session_reduce(s, day, day, err);
    if (st == TB_OK) {
        st = tb_report_kind_find("chargeback")->build(&q, &report, err);
    }
    if (st == TB_OK) {
        struct tb_report_state state = tb_report_state(report);
        say_state(day, &state, code);
    }
    tb_report_free(report);
    return st == TB_OK && fail_at != 0 ? breach_of_day(s, day, code, err) : st;
}

/* Days to come are packed only where something is stored for them. */
static enum tb_status is_wanted(struct tb_session *s, const struct tb_dates *dates, int32_t day, bool *wanted,
                                struct tb_err *err)
{
    *wanted = day <= tb_zone_day(s->settings->zone, s->now_us) || dates->from_day == dates->to_day;
    return *wanted ? TB_OK : tb_packing_has_lines(s, day, wanted, err);
}

static void say_closed(int32_t day, const struct tb_closing *c)
{
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    tb_log(TB_LOG_WARN,
           "%s was closed by \"%s\": its pack stays as revision %" PRId64
           "; what has changed is charged to a later day",
           text, c->name, c->revision);
}

/* What closed days came to since is charged to the last open day that this run packs. */
static enum tb_status adjust_given(struct tb_session *s, const struct tb_dates *dates, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (int32_t day = dates->to_day; st == TB_OK && day >= dates->from_day && !tb_cmd_stop; day--) {
        bool open = false, wanted = false;
        st = tb_packing_is_open(s, day, &open, err);
        if (st == TB_OK && open) {
            st = is_wanted(s, dates, day, &wanted, err);
        }
        if (st == TB_OK && wanted) {
            return tb_packing_adjust(s, day, err);
        }
    }
    return st;
}

/* The days asked for. */
static enum tb_status pack_given(struct tb_session *s, const struct tb_dates *dates, int *code,
                                 struct tb_err *err)
{
    enum tb_status st = adjust_given(s, dates, err);
    for (int32_t day = dates->from_day; st == TB_OK && day <= dates->to_day && !tb_cmd_stop; day++) {
        struct tb_closing closing;
        bool wanted = false;
        st = tb_closing_find(s->db, day, &closing, err);
        if (st == TB_OK && closing.closed) {
            say_closed(day, &closing);
            continue;
        }
        if (st == TB_OK) {
            st = is_wanted(s, dates, day, &wanted, err);
        }
        if (st == TB_OK && wanted) {
            st = pack_day(s, day, true, code, err);
        }
    }
    return st;
}

/* Whether an open day's pack is missing or out of date. */
static enum tb_status is_due(struct tb_session *s, int32_t day, bool *due, struct tb_err *err)
{
    struct tb_closing closing;
    *due = false;
    enum tb_status st = tb_closing_find(s->db, day, &closing, err);
    return st == TB_OK && !closing.closed ? tb_pack_stale(s->db, s->settings, s->version, day, due, err) : st;
}

static enum tb_status pack_earlier(struct tb_session *s, int32_t yesterday, int *code, struct tb_err *err)
{
    int32_t first = 0, last = 0;
    const struct tb_zone *zone = s->settings->zone;
    enum tb_status st = tb_events_days(s->db, &first, &last, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    /* first and last are UTC days: the civil days in which they begin and end */
    first = tb_zone_day(zone, (int64_t)first * TB_US_PER_DAY);
    last = tb_zone_day(zone, ((int64_t)last + 1) * TB_US_PER_DAY - 1);
    for (int32_t day = first; st == TB_OK && day <= last && day < yesterday && !tb_cmd_stop; day++) {
        bool due = false;
        st = tb_packing_has_lines(s, day, &due, err);
        if (st == TB_OK && due) {
            st = is_due(s, day, &due, err);
        }
        if (st == TB_OK && due) {
            st = pack_day(s, day, false, code, err);
        }
    }
    return st;
}

/* Yesterday, and every earlier open day with data whose pack is missing or out of date. */
static enum tb_status pack_due(struct tb_session *s, int *code, struct tb_err *err)
{
    int32_t yesterday = tb_zone_day(s->settings->zone, s->now_us) - 1;
    struct tb_closing closing;
    bool due = false;
    enum tb_status st = tb_closing_find(s->db, yesterday, &closing, err);
    if (st == TB_OK && !closing.closed) {
        st = tb_packing_adjust(s, yesterday, err);
    }
    if (st == TB_OK) {
        st = pack_earlier(s, yesterday, code, err);
    }
    if (st != TB_OK || closing.closed || tb_cmd_stop) {
        return st;
    }
    st = is_due(s, yesterday, &due, err);
    if (st == TB_OK) {
        st = due ? pack_day(s, yesterday, false, code, err) : state_of_day(s, yesterday, code, err);
    }
    return st;
}

static enum tb_status nightly(struct tb_session *s, const struct tb_dates *dates, int *code,
                              struct tb_err *err)
{
    bool is_new = false;
    enum tb_status st = tb_session_import(s, &is_new, err);
    if (st == TB_OK) {
        st = intake(s, dates, code, err);
    }
    if (st == TB_OK) {
        st = dates->given ? pack_given(s, dates, code, err) : pack_due(s, code, err);
    }
    if (st == TB_OK && !tb_cmd_stop) {
        st = tb_close_due(s, code, err);
    }
    if (st == TB_OK && tb_cmd_stop) {
        return tb_err_set(err, TB_FAIL, TB_E_INTERRUPT, "interrupted; run again to go on");
    }
    if (st == TB_OK) {
        st = tb_forget_signatures(s, err);
    }
    /* a withheld pack is no success: who watches the age of the last one is told */
    return st == TB_OK && *code != TB_EXIT_CONTROL
               ? tb_metrics_write(s->db, s->settings, s->version, s->now_us, err)
               : st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *date = NULL, *from = NULL, *to = NULL, *fail_on = NULL;
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{"date", false, &date},
                                        {"from", false, &from},
                                        {"to", false, &to},
                                        {"fail-on", false, &fail_on},
                                        {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_run, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n > 0) {
        return tb_options_unexpected(&tb_cmd_run, operand[0]);
    }
    if ((code = tb_cmd_fail_on("run", fail_on, &fail_at)) >= 0) {
        return code;
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_dates dates;
    code = TB_EXIT_DONE;
    tb_cmd_catch_signals();
    enum tb_status st = tb_session_dates(&s, config, date, from, to, false, &dates, &err);
    if (st == TB_OK) {
        st = tb_session_formats(&s, &err);
    }
    if (st == TB_OK) {
        st = tb_tables_load(s.settings, &s.tables, &err);
    }
    if (st == TB_OK) {
        st = tb_session_db(&s, TB_DB_WRITE, &err);
    }
    if (st == TB_OK) {
        st = nightly(&s, &dates, &code, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_run = {
    .name = "run",
    .synopsis = "run [--date D | --from D --to D] [--fail-on warning|critical]",
    .about = "the nightly job: ingest every source, then write the pack of each billing day",
    .help =
        "Without dates: yesterday, and every earlier day whose pack is missing or out of date (a machine "
        "that slept catches up\n"
        "by itself; late data updates its day). With dates: those days, reading only the files of those "
        "days and one day\n"
        "either side, and where a control total disagrees (exit 4) the day's sums are made anew from its "
        "events.\n"
        "D is YYYY-MM-DD, YYYY-MM (its whole month), today, yesterday, last-week, last-month or -7d.\n\n"
        "The pack of a closed day stays as it is: what it came to later is charged to the last open day "
        "that this run "
        "packs.\n"
        "With close_after_days in the configuration, days that old are closed at the end.\n"
        "--fail-on warning|critical: exit 6 when a quota, budget or anomaly is as bad as that.\n"
        "\"notify\" in the configuration: a command that gets the findings of each new pack that has any, as "
        "JSON on its\n"
        "standard input.\n\n"
        "The pack is OUTPUT/DAY/: chargeback-DAY.xlsx, anomalies-DAY.csv, plan-DAY.csv, actions-DAY.yaml, "
        "pack-DAY.json,\n"
        "SHA256SUMS; a superseded revision moves to superseded/rN/. OUTPUT/metrics.prom is for Prometheus. "
        "Silent when\n"
        "all is well and no terminal is there.",
    .run = run,
};
