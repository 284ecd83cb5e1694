/* tollbook report: one report over one range of days, to standard output or a file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/options.h"
#include "cmd/ready.h"
#include "cmd/report_request.h"
#include "cmd/session.h"
#include "detect/detect.h"
#include "plan/plan.h"
#include "rate/budget.h"
#include "rate/closing.h"
#include "rate/quota.h"
#include "reports/report.h"
#include "store/revision.h"

#define OUTPUT_MAX ((size_t)4 << 30)

static enum tb_status emit(const struct tb_report *report, const struct tb_request *r, struct tb_err *err)
{
    struct tb_buf out;
    tb_buf_init(&out, OUTPUT_MAX);
    enum tb_status st;
    if (strcmp(r->format, "xlsx") == 0) {
        st = tb_report_xlsx(report, &out, err);
    } else if (strcmp(r->format, "json") == 0) {
        st = tb_report_json(report, &out, err);
    } else if (strcmp(r->format, "csv") == 0) {
        st = tb_report_csv(report, &out, err);
    } else {
        st = tb_report_text(report, &out, err);
    }
    if (st == TB_OK) {
        st = tb_cmd_output(r->output, tb_buf_view(&out), err);
    }
    tb_buf_release(&out);
    return st;
}

/* What the reports of a day's kept revision said. */
static enum tb_status kept(struct tb_session *s, const struct tb_request *r, int32_t day, int64_t wanted,
                           struct tb_report **out, struct tb_err *err)
{
    struct tb_buf pack;
    char text[TB_TS_TEXT_MAX];
    tb_buf_init(&pack, OUTPUT_MAX);
    tb_day_format(day, text);
    int64_t revision = 0;
    enum tb_status st = s->db != NULL ? TB_OK : tb_session_db(s, TB_DB_READ, err);
    if (st == TB_OK) {
        st = tb_revision_get(s->db, day, wanted, &pack, &revision, err);
    }
    if (st == TB_END) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "%s has no revision %" PRId64, text, wanted);
    }
    if (st == TB_OK) {
        st = tb_report_of_pack(tb_buf_view(&pack), r->kind->name, revision, out, err);
    }
    tb_buf_release(&pack);
    return st;
}

/* Beside the asked days themselves. */
static enum tb_status make_ready(struct tb_session *s, const struct tb_request *r,
                                 const struct tb_dates *dates, struct tb_err *err)
{
    struct tb_ready want = {dates->from_day, dates->to_day, TB_DAY_NONE, false};
    if (tb_request_is(r, "quota")) {
        want.replay_to = r->whatif.tier_n + r->whatif.limit_n > 0 ? TB_DAY_NONE : INT32_MAX;
        return tb_ready(s, &want, err);
    }
    if (tb_request_is(r, "budget")) {
        want.from_day = tb_budget_first_day(s->tables, dates->from_day);
        want.spends = true;
        return tb_ready(s, &want, err);
    }
    if (tb_request_is(r, "anomalies")) {
        return tb_ready_findings(s, dates->from_day, dates->to_day, err);
    }
    if (tb_request_is(r, "plan")) { /* and the plan's own day, to hold it against what was spent */
        want.from_day = tb_plan_first_day(s->tables, dates->to_day);
        want.to_day = dates->to_day + 1;
        want.spends = true;
        return tb_ready(s, &want, err);
    }
    return TB_OK;
}

/* With `today`, budgets stand as of the last call; else as of the end of the asked days, whatever the clock says. Plans are held
 * against days that are over. */
static enum tb_status find_as_of(struct tb_session *s, const struct tb_request *r,
                                 const struct tb_dates *dates, int64_t *as_of_us, struct tb_err *err)
{
    *as_of_us = 0;
    if (tb_request_is(r, "plan") && tb_zone_day_start(s->settings->zone, dates->to_day + 2) > s->now_us) {
        *as_of_us = dates->to_us; /* the plan's day is not over: nothing to hold it against */
        return TB_OK;
    }
    int64_t end_us = tb_zone_day_start(s->settings->zone, dates->to_day + 1);
    if (tb_request_is(r, "anomalies") && dates->to_us < end_us) { /* an instant was asked for */
        *as_of_us = dates->to_us;
        return TB_OK;
    }
    bool wanted = tb_request_is(r, "budget") || tb_request_is(r, "anomalies");
    return wanted && dates->running ? tb_budget_last_call(s->db, dates->from_us, end_us, as_of_us, err)
                                    : TB_OK;
}

/* The whole chargeback of one closed day is what its closed revision said; 0: it is to be built. */
static enum tb_status find_closed(struct tb_session *s, const struct tb_request *r,
                                  const struct tb_dates *dates, int64_t *revision, struct tb_err *err)
{
    struct tb_closing closing = {.closed = false};
    if (!tb_request_is(r, "chargeback") || dates->from_day != dates->to_day || r->tables != 0 ||
        r->where_n > 0 || r->sort != NULL || r->top > 0 || access(s->settings->database, F_OK) != 0) {
        return TB_OK;
    }
    enum tb_status st = tb_session_db(s, TB_DB_READ, err);
    if (st == TB_OK) {
        st = tb_closing_find(s->db, dates->from_day, &closing, err);
    }
    *revision = closing.closed ? closing.revision : 0;
    if (!closing.closed) { /* tb_session_report opens it as it needs it */
        tb_db_close(s->db);
        s->db = NULL;
    }
    return st;
}

static enum tb_status build(struct tb_session *s, const struct tb_request *r, const struct tb_dates *dates,
                            struct tb_report **out, struct tb_err *err)
{
    int64_t revision = r->revision, as_of_us = 0;
    enum tb_status st = revision == 0 ? find_closed(s, r, dates, &revision, err) : TB_OK;
    if (st != TB_OK || revision != 0) {
        return st == TB_OK ? kept(s, r, dates->from_day, revision, out, err) : st;
    }
    s->closed_stand = r->tables == 0 && tb_request_is(r, "chargeback");
    s->asked_tables = r->tables != 0;
    st = tb_session_report(s, r->tables, dates->from_day, dates->to_day, err);
    if (st == TB_OK) {
        st = make_ready(s, r, dates, err);
    }
    if (st == TB_OK) {
        st = find_as_of(s, r, dates, &as_of_us, err);
    }
    if (st != TB_OK) {
        return st;
    }
    struct tb_report_query q = {
        .db = s->db,
        .settings = s->settings,
        .tables = s->tables,
        .version = s->version,
        .from_day = dates->from_day,
        .to_day = dates->to_day,
        .instants = dates->instants,
        .from_us = dates->from_us,
        .to_us = dates->to_us,
        .by = r->by_n > 0 ? r->by : NULL,
        .by_n = r->by_n,
        .where = r->where,
        .where_n = r->where_n,
        .sort = r->sort,
        .top = (size_t)r->top,
        .told = r->tables == 0 ? TB_TOLD_CLOSED : TB_TOLD_RECOMPUTED,
        .now_us = s->now_us,
        .as_of_us = as_of_us,
        .whatif = r->whatif.tier_n + r->whatif.limit_n > 0 ? &r->whatif : NULL,
    };
    return r->kind->build(&q, out, err);
}

static int report(const char *config, const struct tb_request *r, const char *date, const char *from,
                  const char *to)
{
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_dates dates;
    struct tb_report *out = NULL;
    int code = TB_EXIT_DONE;
    bool instants = tb_request_is(r, "usage") || tb_request_is(r, "anomalies");
    enum tb_status st = tb_session_dates(&s, config, date, from, to, instants, &dates, &err);
    if (st == TB_OK && r->revision != 0 && dates.from_day != dates.to_day) {
        st = tb_err_set(&err, TB_FAIL, TB_E_USAGE, "--revision is of one day; use --date");
    }
    if (st == TB_OK) {
        st = build(&s, r, &dates, &out, &err);
    }
    if (st == TB_OK) {
        st = emit(out, r, &err);
    }
    if (st == TB_OK) {
        struct tb_report_state state = tb_report_state(out);
        code = state.unpriced || state.rejected ? tb_exit_worse(code, TB_EXIT_REJECTS) : code;
        if (state.incomplete) {
            tb_log(TB_LOG_WARN,
                   "an expected input of these days is missing or incomplete; \"incomplete\" in the "
                   "chargeback report names it");
        }
        code = state.incomplete ? tb_exit_worse(code, TB_EXIT_MISSING) : code;
        code = r->fail_on != 0 && (int)tb_report_breach(out) >= r->fail_on
                   ? tb_exit_worse(code, TB_EXIT_BREACH)
                   : code;
        code = state.control_failed ? tb_exit_worse(code, TB_EXIT_CONTROL) : code;
    }
    tb_report_free(out);
    tb_session_close(&s);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

static int run(const char *config, int argc, char **argv)
{
    const char *date = NULL, *from = NULL, *to = NULL, *by = NULL, *where = NULL, *top = NULL, *format = NULL,
               *tables = NULL, *revision = NULL, *fail_on = NULL, *tier = NULL, *limit = NULL;
    struct tb_request r = {.kind = NULL};
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {
        {"date", false, &date},     {"from", false, &from},         {"to", false, &to},
        {"by", false, &by},         {"where", false, &where},       {"top", false, &top},
        {"sort", false, &r.sort},   {"format", false, &format},     {"o", false, &r.output},
        {"tables", false, &tables}, {"revision", false, &revision}, {"fail-on", false, &fail_on},
        {"tier", false, &tier},     {"limit", false, &limit},       {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_report, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n != 1) {
        return n == 0                          ? tb_cmd_usage("report", "name a report")
               : tb_dates_word(operand[n - 1]) ? tb_options_unexpected(&tb_cmd_report, operand[n - 1])
                                               : tb_cmd_usage("report", "one report at a time");
    }
    if ((code = tb_cmd_fail_on("report", fail_on, &r.fail_on)) >= 0 ||
        (code = tb_request_kind(operand[0], &r)) >= 0 || (code = tb_request_format(format, &r)) >= 0 ||
        (by != NULL && (code = tb_request_by(by, &r)) >= 0) ||
        (where != NULL && (code = tb_request_where(where, &r)) >= 0) ||
        (code = tb_request_count("top", top, &r.top)) >= 0 ||
        (code = tb_request_count("tables", tables, &r.tables)) >= 0 ||
        (code = tb_request_count("revision", revision, &r.revision)) >= 0 ||
        (code = tb_request_whatif(tier, limit, &r)) >= 0) {
        return code;
    }
    return report(config, &r, date, from, to);
}

const struct tb_command tb_cmd_report = {
    .name = "report",
    .synopsis = "report KIND [DATES] [--by DIM,...] [--where DIM=GLOB,...] [--top N] [--sort COLUMN]\n"
                "                [--format table|csv|json|xlsx] [-o FILE] [--tables N] [--revision R]",
    .about =
        "print one report: chargeback usage quota anomalies budget plan change advice tools checks rejects",
    .help =
        "  DATES         --date D or --from D --to D (inclusive); D is YYYY-MM-DD, YYYY-MM, today, "
        "yesterday, last-week,\n"
        "                last-month, -7d; usage and anomalies also take instants (2026-11-21T10:00, end "
        "exclusive). "
        "Default: yesterday\n"
        "  --by          dimensions of usage: day hour source node consumer team cost_center provider "
        "model feature\n"
        "                variant trigger; of change: consumer, feature or model\n"
        "  --where       keep what matches, e.g. --where team=search,model=gpt-4*\n"
        "  --sort --top  order by a column, largest first; keep the first N rows\n"
        "  -o FILE       write there (wanted for xlsx), else to standard output; a name that ends in .csv, "
        ".json or .xlsx\n"
        "                needs no --format\n"
        "  --tables N    price and attribute with table version N (see `tollbook tables list`)\n"
        "  --tier CONSUMER=TIER,...  --limit TIER=N,...  quota: what if these consumers had been in that "
        "tier, or the tier's\n"
        "                limit had been N: who would have been cut off, when, and what that would have "
        "saved\n"
        "  --fail-on warning|critical  exit 6 when a quota, budget or anomaly is as bad as that\n"
        "  --revision R  what the pack of that day said in its revision R; a closed day's chargeback is "
        "that of its closed\n"
        "                revision, --tables N recomputes it, without adjustments\n\n"
        "budget and anomalies stand as of the end of the days asked for, with `today` as of the last call; "
        "the clock does not count.\n"
        "change (against the same weekdays a week before), tools and advice need every call: they refuse "
        "pruned days (exit 2),\n"
        "whose packs keep what was said.",
    .run = run,
};
