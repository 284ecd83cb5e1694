#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/embed.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/intake.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_cmd[];

/* The report that lists what was rejected just now: its day is yesterday when none is said. */
static void report_of(const struct tb_session *s, const struct tb_load_summary *sum, char *out, size_t size)
{
    char from[TB_TS_TEXT_MAX], to[TB_TS_TEXT_MAX];
    if (sum->rejected_from_us == sum->rejected_to_us) { /* of files without a day: they are in every day's */
        snprintf(out, size, "tollbook report rejects");
        return;
    }
    int32_t first = tb_zone_day(s->settings->zone, sum->rejected_from_us),
            last = tb_zone_day(s->settings->zone, sum->rejected_to_us - 1);
    tb_day_format(first, from);
    tb_day_format(last, to);
    snprintf(out, size,
             first == last ? "tollbook report rejects --date %s"
                           : "tollbook report rejects --from %s --to %s",
             from, to);
}

static void say_twice(void *ctx, const char *path, const char *first, const char *second)
{
    (void)ctx;
    tb_log(TB_LOG_WARN,
           "sources \"%s\" and \"%s\" both read \"%s\", so that its calls are charged twice; narrow the "
           "paths of "
           "one, or give it \"bill\": false",
           first, second, path);
}

enum tb_status tb_intake_list(const struct tb_session *s, const char *source, const struct tb_dates *dates,
                              struct tb_input_list *list, struct tb_err *err)
{
    int32_t first = TB_DAY_NONE, last = TB_DAY_NONE;
    if (dates->given) {
        first = tb_utc_day(dates->from_us) - 1;
        last = tb_utc_day(dates->to_us - 1) + 1;
    }
    enum tb_status st = tb_source_list(s->settings, source, first, last, list, err);
    if (st == TB_OK) {
        tb_source_twice(s->settings, list, say_twice, NULL);
    }
    return st;
}

static struct tb_load_options options_of(const struct tb_session *s)
{
    const struct tb_zone *zone = s->settings->zone;
    return (struct tb_load_options){.stop = &tb_cmd_stop,
                                    .today_us = tb_zone_day_start(zone, tb_zone_day(zone, s->now_us))};
}

enum tb_status tb_intake(struct tb_session *s, const struct tb_input_list *list, int *code,
                         struct tb_err *err)
{
    const struct tb_load_options options = options_of(s);
    struct tb_load_summary sum = {.files = 0};
    enum tb_status st = tb_session_key(s, err);
    if (st == TB_OK) {
        st = tb_load_files(s->db, s->settings, s->formats, list, &options, &sum, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_log(TB_LOG_INFO,
           "read %" PRIu64 " files (%" PRIu64 " known): %" PRIu64 " lines = %" PRIu64 " events + %" PRIu64
           " duplicates + %" PRIu64 " conflicts + %" PRIu64 " ignored + %" PRIu64 " rejected",
           sum.files, sum.files_known, sum.lines, sum.events, sum.duplicates, sum.conflicts, sum.ignored,
           sum.rejected);
    if (sum.rejected > sum.growing) {
        char report[128];
        report_of(s, &sum, report, sizeof report);
        tb_log(TB_LOG_WARN,
               "%" PRIu64 " of %" PRIu64
               " lines were rejected; `%s` names them, `tollbook ingest --retry-rejects` "
               "reads them again when their format is mended",
               sum.rejected, sum.lines, report);
        *code = tb_exit_worse(*code, TB_EXIT_REJECTS);
    }
    if (sum.incomplete > 0) {
        *code = tb_exit_worse(*code, TB_EXIT_MISSING);
    }
    return TB_OK;
}

enum tb_status tb_intake_again(struct tb_session *s, const struct tb_load_again *again, int *code,
                               struct tb_err *err)
{
    const struct tb_load_options options = options_of(s);
    struct tb_load_summary sum = {.files = 0};
    char report[128];
    enum tb_status st = tb_session_key(s, err);
    if (st == TB_OK) {
        st = tb_load_retry(s->db, s->settings, s->formats, again, &options, &sum, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_log(TB_LOG_INFO,
           "read %" PRIu64 " rejected lines of %" PRIu64 " files again: %" PRIu64 " events + %" PRIu64
           " duplicates + %" PRIu64 " conflicts + %" PRIu64 " ignored + %" PRIu64 " still rejected",
           sum.lines, sum.files, sum.events, sum.duplicates, sum.conflicts, sum.ignored, sum.rejected);
    if (sum.rejected > sum.growing) {
        report_of(s, &sum, report, sizeof report);
        tb_log(TB_LOG_WARN, "%" PRIu64 " of %" PRIu64 " lines are still rejected; `%s` names them",
               sum.rejected, sum.lines, report);
        *code = tb_exit_worse(*code, TB_EXIT_REJECTS);
    }
    if (sum.incomplete > 0) {
        *code = tb_exit_worse(*code, TB_EXIT_MISSING);
    }
    return TB_OK;
}

struct missing {
    struct tb_query *q;
    int *code;
    enum tb_status st;
    struct tb_err *err;
};

static void say_missing(void *ctx, const char *source, const char *pattern, int32_t day)
{
    struct missing *m = ctx;
    char text[TB_TS_TEXT_MAX];
    if (m->st != TB_OK) {
        return;
    }
    tb_query_reset(m->q);
    tb_query_bind_text(m->q, "source", tb_str_of(source));
    tb_query_bind_int(m->q, "date", day);
    m->st = tb_query_step(m->q, m->err);
    if (m->st != TB_OK || tb_query_int(m->q, 0) > 0) {
        return;
    }
    tb_day_format(day, text);
    tb_log(TB_LOG_WARN, "source \"%s\" has no file for %s; expected one like \"%s\"", source, text, pattern);
    *m->code = tb_exit_worse(*m->code, TB_EXIT_MISSING);
}

enum tb_status tb_intake_missing(struct tb_session *s, const struct tb_input_list *list, int32_t from_day,
                                 int32_t to_day, int *code, struct tb_err *err)
{
    struct missing m = {.code = code, .st = TB_OK, .err = err};
    enum tb_status st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "file_of_day.sql"), &m.q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_source_missing(s->settings, list, from_day, to_day, say_missing, &m);
    tb_query_close(m.q);
    return m.st;
}
