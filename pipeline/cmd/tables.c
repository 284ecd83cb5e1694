/* tollbook tables: the versioned CSV tables. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/embed.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "store/query.h"
#include "store/versions.h"

extern const struct tb_embed tb_embed_cmd[];

static size_t row_count(const struct tb_tables *t, int kind)
{
    const size_t n[TB_TABLE_COUNT] = {t->price_count,  t->quota_count,  t->account_count,
                                      t->budget_count, t->shared_count, t->adjustment_count};
    return n[kind];
}

static enum tb_status check(struct tb_session *s, struct tb_err *err)
{
    enum tb_status st = tb_tables_load(s->settings, &s->tables, err);
    for (int i = 0; st == TB_OK && i < TB_TABLE_COUNT; i++) {
        if (s->tables->present[i]) {
            size_t rows = row_count(s->tables, i);
            printf("%s: good, %zu row%s (%s)\n", tb_table_names[i], rows, rows == 1 ? "" : "s",
                   s->tables->name[i]);
        }
    }
    return st;
}

static enum tb_status import(struct tb_session *s, struct tb_err *err)
{
    bool is_new = false;
    enum tb_status st =
        tb_tables_load(s->settings, &s->tables, err); /* before the lock: a bad cell is said first */
    if (st == TB_OK) {
        st = tb_session_db(s, TB_DB_WRITE, err);
    }
    if (st == TB_OK) {
        st = tb_session_import(s, &is_new, err);
    }
    if (st == TB_OK) {
        printf("version %" PRId64 "%s\n", s->version, is_new ? "" : " (unchanged)");
    }
    return st;
}

static enum tb_status list(struct tb_session *s, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_session_db(s, TB_DB_READ, err);
    if (st == TB_OK) {
        st = tb_query_open(s->db, tb_embed_text(tb_embed_cmd, "tables_list.sql"), &q, err);
    }
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        char at[TB_TS_TEXT_MAX];
        tb_ts_format(tb_query_int(q, 1), at);
        struct tb_str name = tb_query_text(q, 2), digest = tb_query_text(q, 4);
        printf("%" PRId64 "  %s  %-11.*s %6" PRId64 " rows  %.*s%s\n", tb_query_int(q, 0), at, (int)name.n,
               name.s, tb_query_int(q, 3), (int)digest.n, digest.s,
               tb_query_int(q, 5) != 0 ? "  changed" : "");
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

static int run(const char *config, int argc, char **argv)
{
    const char *prices = NULL;
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{"prices", false, &prices}, {NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_tables, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (prices != NULL || (n > 0 && strcmp(operand[0], "diff") == 0)) {
        return tb_cmd_usage("tables", "%s is not built yet in tollbook %s",
                            prices != NULL ? "--prices" : "\"diff\"", TB_PROGRAM_VERSION);
    }
    if (n != 1) {
        return tb_cmd_usage("tables", "say import, list or check");
    }
    enum tb_status (*action)(struct tb_session *, struct tb_err *) =
        strcmp(operand[0], "import") == 0  ? import
        : strcmp(operand[0], "list") == 0  ? list
        : strcmp(operand[0], "check") == 0 ? check
                                           : NULL;
    if (action == NULL) {
        return tb_cmd_usage("tables", "unknown action \"%s\"; say import, list or check", operand[0]);
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st = tb_session_settings(&s, config, &err);
    if (st == TB_OK) {
        st = action(&s, &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? TB_EXIT_DONE : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_tables = {
    .name = "tables",
    .synopsis = "tables import | list | check",
    .about = "the versioned tables: prices, quotas, accounts, budgets",
    .help = "  import   keep changed files as a new version (all tables together have one version number)\n"
            "  list     the versions: number, when, table, rows, digest\n"
            "  check    read and check the files; nothing is kept\n\n"
            "`run` and `report` import changed files by themselves; nothing is ever overwritten.",
    .run = run,
};
