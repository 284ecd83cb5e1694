/* tollbook doctor: the environment, the database's health, and sources that fell silent. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/embed.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "input/source.h"
#include "reports/silence.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_cmd[];

#define SILENT_US (36 * TB_US_PER_H) /* a daily log that is a day and a half late */

static void environment(const struct tb_session *s)
{
    char now[TB_TS_TEXT_MAX];
    struct statvfs fs;
    tb_ts_format(s->now_us, now);
    printf("tollbook %s, inflate by %s\n", TB_PROGRAM_VERSION, TB_ISAL ? "ISA-L" : "zlib");
    printf("config: %s\nnow: %s, billing zone %s\ndatabase: %s\noutput: %s\n", s->settings->path, now,
           tb_zone_name(s->settings->zone), s->settings->database, s->settings->output);
    if (statvfs(s->settings->dir, &fs) == 0) {
        printf("free: %" PRIu64 " MiB\n", (uint64_t)fs.f_bavail * fs.f_frsize >> 20);
    }
}

static void print_twice(void *ctx, const char *path, const char *first, const char *second)
{
    bool *trouble = ctx;
    *trouble = true;
    printf("sources %s and %s both read %s, so that its calls are charged twice\n", first, second, path);
}

static enum tb_status files(const struct tb_session *s, bool *trouble, struct tb_err *err)
{
    struct tb_input_list list;
    tb_input_list_init(&list);
    enum tb_status st = tb_source_list(s->settings, NULL, TB_DAY_NONE, TB_DAY_NONE, &list, err);
    size_t at = 0;
    for (int i = 0; i < s->settings->source_count && st == TB_OK; i++) {
        const char *source = s->settings->sources[i].name;
        size_t n = 0, unreadable = 0;
        for (; at < list.n && strcmp(list.files[at].source, source) == 0; at++, n++) {
            if (access(list.files[at].path, R_OK) != 0) {
                unreadable++;
                printf("source %s: cannot read %s\n", source, list.files[at].path);
            }
        }
        printf(n == 1 ? "source %s: %zu file matches%s\n" : "source %s: %zu files match%s\n", source, n,
               n == 0 ? "; check its paths" : "");
        *trouble |= n == 0 || unreadable > 0;
    }
    if (st == TB_OK) {
        tb_source_twice(s->settings, &list, print_twice, trouble);
    }
    tb_input_list_release(&list);
    return st;
}

static bool is_configured(const struct tb_settings *s, struct tb_str name)
{
    bool found = false;
    for (int i = 0; i < s->source_count; i++) {
        found = found || tb_str_eq(tb_str_of(s->sources[i].name), name);
    }
    return found;
}

/* Expected sources, yesterday and today so far. */
static enum tb_status expected(struct tb_session *s, bool *trouble, struct tb_err *err)
{
    struct tb_silences silences;
    int32_t today = tb_zone_day(s->settings->zone, s->now_us);
    enum tb_status st = tb_silence_find(s->db, s->settings, today - 1, today, s->now_us, &silences, err);
    if (st != TB_OK) {
        return st;
    }
    for (size_t i = 0; i < silences.n; i++) {
        char words[TB_SILENCE_WORDS_MAX];
        tb_silence_words(&silences.rows[i], words);
        printf("%s\n", words);
    }
    *trouble |= silences.n > 0;
    tb_silence_release(&silences);
    return TB_OK;
}

static enum tb_status silence(struct tb_session *s, bool *trouble, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "source_last.sql"), &q, err);
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        char last[TB_TS_TEXT_MAX];
        struct tb_str name = tb_query_text(q, 0);
        if (!is_configured(s->settings, name)) { /* it was taken out, or its files were named by hand */
            continue;
        }
        tb_ts_format(tb_query_int(q, 1), last);
        bool silent = s->now_us - tb_query_int(q, 1) > SILENT_US;
        printf("source %.*s: last event %s%s\n", (int)name.n, name.s, last, silent ? "; silent since" : "");
        *trouble |= silent;
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status database(struct tb_session *s, bool *trouble, struct tb_err *err)
{
    if (access(s->settings->database, F_OK) != 0) {
        printf("database: not there yet; `tollbook ingest` makes it\n");
        return TB_OK;
    }
    enum tb_status st = tb_session_db(s, TB_DB_READ, err);
    if (st == TB_OK) {
        st = tb_db_check(s->db, err);
    }
    if (st == TB_OK) {
        printf("database: healthy\n");
        st = silence(s, trouble, err);
    }
    return st == TB_OK ? expected(s, trouble, err) : st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_doctor, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    bool trouble = false;
    enum tb_status st = tb_session_settings(&s, config, &err);
    if (st == TB_OK) {
        environment(&s);
        st = files(&s, &trouble, &err);
    }
    if (st == TB_OK) {
        st = database(&s, &trouble, &err);
    }
    tb_session_close(&s);
    return st != TB_OK ? tb_cmd_fail(&err) : trouble ? TB_EXIT_MISSING : TB_EXIT_DONE;
}

const struct tb_command tb_cmd_doctor = {
    .name = "doctor",
    .synopsis = "doctor",
    .about = "environment, database health, silent sources",
    .help =
        "Exit 5 when a source matches no file, a file cannot be read, a source has been silent for 36 hours, "
        "or one of\n"
        "\"expect\" was silent yesterday or today in an hour in which it usually speaks, or misses a node's "
        "file.",
    .run = run,
};
