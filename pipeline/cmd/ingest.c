/* tollbook ingest: the configured sources, or the files named, into the store. */
#include <inttypes.h>
#include <string.h>
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/dates.h"
#include "cmd/intake.h"
#include "cmd/options.h"
#include "cmd/session.h"

static const char *operands[TB_OPERANDS_MAX];

static enum tb_status bind_operands(const struct tb_session *s, size_t n, const char *source,
                                    const char *format, struct tb_input_list *list, int *code,
                                    struct tb_err *err)
{
    for (size_t i = 0; i < n; i++) {
        enum tb_status st = tb_source_bind(s->settings, operands[i], source, format, list, err);
        if (st == TB_FAIL && err->code == TB_E_MISSING) { /* the others are still read */
            tb_log_err(TB_LOG_ERROR, err);
            *code = tb_exit_worse(*code, TB_EXIT_MISSING);
        } else if (st != TB_OK) {
            return st;
        }
    }
    return TB_OK;
}

static enum tb_status ingest(struct tb_session *s, size_t n, const char *source, const char *format,
                             const struct tb_dates *dates, int *code, struct tb_err *err)
{
    struct tb_input_list list;
    tb_input_list_init(&list);
    enum tb_status st = n > 0 ? bind_operands(s, n, source, format, &list, code, err)
                              : tb_intake_list(s, source, dates, &list, err);
    if (st == TB_OK && n == 0 && list.n == 0) {
        tb_log(TB_LOG_WARN, "no file matches the configured sources; see `tollbook doctor`");
    }
    if (st == TB_OK) {
        st = tb_intake(s, &list, code, err);
    }
    if (st == TB_OK && n == 0 && dates->given) {
        st = tb_intake_missing(s, &list, dates->from_day, dates->to_day, code, err);
    }
    tb_input_list_release(&list);
    return st;
}

static enum tb_status again(struct tb_session *s, size_t n, const char *source, const char *format, int *code,
                            struct tb_err *err)
{
    struct tb_input_list list;
    tb_input_list_init(&list);
    enum tb_status st = bind_operands(s, n, source, format, &list, code, err);
    if (st == TB_OK) {
        const struct tb_load_again wish = {
            .source = n == 0 ? source : NULL, .format = format, .paths = n > 0 ? &list : NULL};
        st = tb_intake_again(s, &wish, code, err);
    }
    tb_input_list_release(&list);
    return st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *format = NULL, *source = NULL, *date = NULL, *from = NULL, *to = NULL;
    const char *retry = NULL;
    const struct tb_option options[] = {{"format", false, &format}, {"source", false, &source},
                                        {"date", false, &date},     {"from", false, &from},
                                        {"to", false, &to},         {"retry-rejects", true, &retry},
                                        {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_ingest, argc, argv, options, operands, &n);
    if (code >= 0) {
        return code;
    }
    if (n > 0 && (date != NULL || from != NULL || to != NULL)) {
        return tb_cmd_usage("ingest",
                            "dates choose among the configured files; they do not go with files named");
    }
    if (retry != NULL && (date != NULL || from != NULL || to != NULL)) {
        return tb_cmd_usage("ingest", "--retry-rejects takes files and --source, not dates");
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
    if (st == TB_OK && format != NULL && tb_format_find(s.formats, format) == NULL) {
        st = tb_err_set(&err, TB_FAIL, TB_E_USAGE, "unknown format \"%s\"; see `tollbook formats list`",
                        format);
    }
    if (st == TB_OK) {
        st = tb_session_db(&s, TB_DB_WRITE, &err);
    }
    if (st == TB_OK) {
        st = retry != NULL ? again(&s, n, source, format, &code, &err)
                           : ingest(&s, n, source, format, &dates, &code, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? code : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_ingest = {
    .name = "ingest",
    .synopsis = "ingest [PATH...] [--format F] [--source S] [--retry-rejects] [DATES]",
    .about = "read the configured log files, or just these, into the database",
    .help =
        "  PATH         a log file, compressed or not, or an archive; - is standard input. Its source is "
        "the configured one\n"
        "               whose paths match, else S, else \"adhoc\"; its format is the source's, else "
        "detected.\n"
        "  --format F   log format of the files named (see `tollbook formats list`), where F can read them; "
        "what it cannot\n"
        "               read is detected, and taken as F when no format knows it\n"
        "  --source S   source of the files named; without files: read only this source\n"
        "  DATES        --date D or --from D --to D: only files of those days (by {date}), one day "
        "either side\n"
        "  --retry-rejects  read the lines again that were rejected, of all files or of these, after a "
        "format was "
        "mended;\n"
        "               what is gone or holds other bytes now stays rejected (exit 5)\n\n"
        "Without paths and dates every configured file that was not read yet is read. A record is "
        "counted once, however\n"
        "often it arrives.",
    .run = run,
};
