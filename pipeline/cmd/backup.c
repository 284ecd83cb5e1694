/* tollbook backup: a consistent copy of the database. */
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/session.h"

static int run(const char *config, int argc, char **argv)
{
    const char *operand[TB_OPERANDS_MAX];
    const struct tb_option options[] = {{NULL, false, NULL}};
    size_t n = 0;
    int code = tb_options_parse(&tb_cmd_backup, argc, argv, options, operand, &n);
    if (code >= 0) {
        return code;
    }
    if (n != 1) {
        return tb_cmd_usage("backup", "name the file to write");
    }
    struct tb_session s;
    struct tb_err err = {.code = TB_E_NONE};
    enum tb_status st = tb_session_settings(&s, config, &err);
    if (st == TB_OK) {
        st = tb_session_db(&s, TB_DB_READ, &err);
    }
    if (st == TB_OK) {
        st = tb_db_backup(s.db, operand[0], &err);
    }
    tb_session_close(&s);
    return st == TB_OK ? TB_EXIT_DONE : tb_cmd_fail(&err);
}

const struct tb_command tb_cmd_backup = {
    .name = "backup",
    .synopsis = "backup FILE",
    .about = "write a consistent copy of the database",
    .help =
        "FILE must not exist. A run may go on meanwhile. Keep the fingerprint key (DATABASE.key) with it.",
    .run = run,
};
