/* tollbook close and reopen: a billing day's figures become final, and open again. */
#include "cmd/close.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/options.h"
#include "rate/standing.h"
#include "reports/pack.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_cmd[];

/* What is missing is said, and the day is closed all the same: finance closes by the calendar, later changes are charged, and
 * `reopen` undoes it. */
static void say_state(int32_t day, const struct tb_pack_result *result)
{
    const struct tb_report_state *state = &result->state;
    const struct {
        bool is;
        const char *what, *report;
    } rows[] = {{state->incomplete, "an expected input is missing or incomplete", "checks"},
                {state->unpriced, "usage has no price", "chargeback"},
                {state->rejected, "lines of its files were rejected", "rejects"}};
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].is) {
            tb_log(TB_LOG_WARN,
                   "%s is closed although %s (`tollbook report %s --date %s --revision %" PRId64
                   "`); what changes later is charged to an open day",
                   text, rows[i].what, rows[i].report, text, result->revision);
        }
    }
}

/* --- by itself ----------------------------------------------------------------------------------------------- */

struct days {
    int32_t *day;
    size_t n;
};

/* The statement's days, read to the end before any of them is changed. */
static enum tb_status read_days(struct tb_query *q, struct days *out, struct tb_err *err)
{
    size_t cap = 0;
    enum tb_status st = TB_OK;
    while ((st = tb_query_step(q, err)) == TB_OK) {
        if (out->n == cap) {
            cap = cap > 0 ? 2 * cap : 64;
            int32_t *day = realloc(out->day, cap * sizeof *day);
            if (day == NULL) {
                return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %zu days", cap);
            }
            out->day = day;
        }
        out->day[out->n++] = (int32_t)tb_query_int(q, 0);
    }
    return st == TB_END ? TB_OK : st;
}

static enum tb_status close_one(struct tb_session *s, int32_t day, int *code, struct tb_err *err)
{
    struct tb_closing act = {.at_us = s->now_us, .name = TB_CLOSING_BY_AGE};
    struct tb_pack_result result;
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    enum tb_status st = tb_pack_close(s->db, s->settings, s->tables, s->version, day, &act, &result, err);
    if (st == TB_FAIL && err->code == TB_E_CONTROL) {
        tb_log_err(TB_LOG_ERROR, err);
        *code = tb_exit_worse(*code, TB_EXIT_CONTROL);
        return TB_OK;
    }
    if (st == TB_OK) {
        tb_log(TB_LOG_INFO, "%s: closed (revision %" PRId64 ")", text, result.revision);
        say_state(day, &result);
    }
    return st;
}

static enum tb_status close_all(struct tb_session *s, struct tb_query *q, int *code, struct tb_err *err)
{
    struct days days = {.day = NULL};
    enum tb_status st = read_days(q, &days, err);
    for (size_t i = 0; st == TB_OK && i < days.n && !tb_cmd_stop; i++) {
        bool changed = false;
        st = tb_pack_changed(s->db, s->settings, s->version, days.day[i], &changed, err);
        if (st == TB_OK && !changed) { /* its pack was withheld: a later run closes it */
            st = close_one(s, days.day[i], code, err);
        }
    }
    free(days.day);
    return st;
}

static enum tb_status finish_killed(struct tb_session *s, int *code, struct tb_err *err)
{
    struct days days = {.day = NULL};
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "close_unstamped.sql"), &q, err);
    if (st == TB_OK) {
        st = read_days(q, &days, err);
    }
    tb_query_close(q);
    for (size_t i = 0; st == TB_OK && i < days.n && !tb_cmd_stop; i++) {
        st = close_one(s, days.day[i], code, err);
    }
    free(days.day);
    return st;
}

enum tb_status tb_close_due(struct tb_session *s, int *code, struct tb_err *err)
{
    struct tb_query *q = NULL;
    int after = s->settings->close_after_days;
    enum tb_status st = finish_killed(s, code, err);
    if (st != TB_OK || after == 0) {
        return st;
    }
    st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "close_aged.sql"), &q, err);
    if (st == TB_OK) {
        tb_query_bind_int(q, "last_day", tb_zone_day(s->settings->zone, s->now_us) - after);
        st = close_all(s, q, code, err);
    }
    tb_query_close(q);
    return st;
}

/* --- by hand ------------------------------------------------------------------------------------------------- */

struct request {
    const struct tb_command *command;
    const char *day, *by, *note;
};

/* Text that is kept for good and printed on workbooks. */
static int copy_text(const struct request *r, const char *option, const char *text, char *out, size_t size)
{
    struct tb_str s = tb_str_of(text);
    if (s.n >= size) {
        return tb_cmd_usage(r->command->name, "--%s is longer than %zu bytes", option, size - 1);
    }
    for (size_t i = 0; i < s.n;) {
        if (tb_utf8_steers(tb_utf8_take(s, &i))) {
            return tb_cmd_usage(r->command->name, "--%s holds control characters; write plain text", option);
        }
    }
    if (!tb_utf8_valid(s)) {
        return tb_cmd_usage(r->command->name, "--%s is not UTF-8", option);
    }
    memcpy(out, text, s.n + 1);
    return -1;
}

static int read_act(const struct request *r, struct tb_closing *act)
{
    *act = (struct tb_closing){.closed = false};
    if (r->by == NULL || r->by[strspn(r->by, " ")] == '\0') {
        return tb_cmd_usage(r->command->name, "--by NAME is missing: say who does it");
    }
    int code = copy_text(r, "by", r->by, act->name, sizeof act->name);
    return code < 0 && r->note != NULL ? copy_text(r, "note", r->note, act->note, sizeof act->note) : code;
}

static enum tb_status read_day(struct tb_session *s, const char *word, int32_t *day, struct tb_err *err)
{
    struct tb_dates dates;
    enum tb_status st = tb_dates_parse(word, NULL, NULL, false, s->settings->zone, s->now_us, &dates, err);
    if (st == TB_OK && dates.from_day != dates.to_day) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "\"%s\" is more than a day; days are closed one by one",
                        word);
    }
    if (st == TB_OK && dates.to_us > s->now_us) {
        st = tb_err_set(err, TB_FAIL, TB_E_USAGE, "\"%s\" is not over yet", word);
    }
    *day = dates.from_day;
    return st;
}

static enum tb_status close_day(struct tb_session *s, int32_t day, const struct tb_closing *act,
                                struct tb_err *err)
{
    struct tb_pack_result result;
    bool is_new = false;
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    enum tb_status st = tb_session_import(s, &is_new, err);
    if (st == TB_OK) {
        st = tb_pack_close(s->db, s->settings, s->tables, s->version, day, act, &result, err);
    }
    if (st == TB_OK) {
        tb_log(TB_LOG_INFO, "%s: closed by %s, revision %" PRId64 " is final: %s", text, act->name,
               result.revision, result.workbook);
        say_state(day, &result);
    }
    return st;
}

static enum tb_status reopen_day(struct tb_session *s, int32_t day, const struct tb_closing *act,
                                 struct tb_err *err)
{
    struct tb_closing found, whole = *act;
    bool pruned = false;
    int64_t version = 0;
    char text[TB_TS_TEXT_MAX];
    tb_day_format(day, text);
    enum tb_status st = tb_closing_find(s->db, day, &found, err);
    if (st == TB_OK && !found.closed) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "%s is not closed", text);
    }
    if (st == TB_OK) {
        st = tb_standing_find(s->db, s->settings, day, &pruned, &version, err);
    }
    if (st == TB_OK && pruned) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                          "the events of %s are pruned, so that it cannot be packed anew: it stays closed",
                          text);
    }
    whole.revision = found.revision;
    if (st == TB_OK) {
        st = tb_db_begin(s->db, err);
    }
    if (st != TB_OK) {
        return st;
    }
    st = tb_closing_reopen(s->db, day, &whole, err);
    if (st == TB_OK) {
        st = tb_db_commit(s->db, err);
    }
    if (st != TB_OK) {
        tb_db_rollback(s->db);
        return st;
    }
    tb_log(TB_LOG_INFO, "%s: reopened by %s; the next run packs it anew", text, act->name);
    return TB_OK;
}

static int act_on_day(const char *config, const struct request *r,
                      enum tb_status (*act_on)(struct tb_session *s, int32_t day,
                                               const struct tb_closing *act, struct tb_err *err))
{
    struct tb_session s;
    struct tb_closing act;
    struct tb_err err = {.code = TB_E_NONE};
    int32_t day = 0;
    int code = read_act(r, &act);
    if (code >= 0) {
        return code;
    }
    enum tb_status st = tb_session_settings(&s, config, &err);
    if (st == TB_OK) {
        st = read_day(&s, r->day, &day, &err);
    }
    if (st == TB_OK) {
        act.at_us = s.now_us;
        st = tb_session_db(&s, TB_DB_WRITE, &err);
    }
    if (st == TB_OK) {
        st = act_on(&s, day, &act, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? TB_EXIT_DONE : tb_cmd_fail(&err);
}

static int parse(const struct tb_command *command, int argc, char **argv, struct request *r)
{
    const char *operand[TB_OPERANDS_MAX];
    size_t n = 0;
    *r = (struct request){.command = command};
    const struct tb_option options[] = {
        {"by", false, &r->by}, {"note", false, &r->note}, {NULL, false, NULL}};
    int code = tb_options_parse(command, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    r->day = n > 0 ? operand[0] : NULL;
    return n == 1 ? -1 : tb_cmd_usage(command->name, n == 0 ? "name the day" : "one day at a time");
}

static int run_close(const char *config, int argc, char **argv)
{
    struct request r;
    int code = parse(&tb_cmd_close, argc, argv, &r);
    return code >= 0 ? code : act_on_day(config, &r, close_day);
}

static int run_reopen(const char *config, int argc, char **argv)
{
    struct request r;
    int code = parse(&tb_cmd_reopen, argc, argv, &r);
    return code >= 0 ? code : act_on_day(config, &r, reopen_day);
}

const struct tb_command tb_cmd_close = {
    .name = "close",
    .synopsis = "close DAY --by NAME [--note TEXT]",
    .about = "make a billing day final: later changes become adjustments in an open day",
    .help = "DAY (YYYY-MM-DD, yesterday, -7d) must be over and have a pack that is up to date. Its workbook "
            "then says FINAL "
            "and never\n"
            "changes; `report chargeback --date DAY` prints what was closed. Late events are still taken: "
            "the next `run` "
            "lists the\n"
            "difference, in cents, under the adjustments of the day that it packs. A day with missing input, "
            "rejected "
            "lines or usage\n"
            "without a price is closed, too, with a warning. Reports other than the chargeback tell a closed "
            "day's "
            "events as they are\n"
            "now, and say so when these have changed; with --revision they tell what was closed.\n\n"
            "  --by NAME    who closes it; kept, and printed on the workbook\n"
            "  --note TEXT  why, for the auditor\n\n"
            "`close_after_days` in the configuration closes days by itself. `tollbook check` lists closed "
            "days; every act "
            "stands in\n"
            "the table `closing`, every adjustment in `adjustment` (`tollbook sql`).",
    .run = run_close,
};

const struct tb_command tb_cmd_reopen = {
    .name = "reopen",
    .synopsis = "reopen DAY --by NAME [--note TEXT]",
    .about = "open a closed billing day again",
    .help = "The next `run` packs DAY anew as a new revision, and takes back in it what other days were "
            "charged of it "
            "meanwhile. It stays\n"
            "open until it is closed by hand. A pruned day stays closed.\n\n"
            "  --by NAME    who reopens it; kept\n"
            "  --note TEXT  why, for the auditor",
    .run = run_reopen,
};
