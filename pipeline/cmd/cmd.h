/* Concept: the subcommands and what they share: the place where the stages meet.
 * Shape:   each command is one file with one `const struct tb_command`; main.c lists them.
 * Errors:  a command returns the contract's exit code (section 1); trouble is said on standard error by tb_log.
 */
#ifndef TB_CMD_H
#define TB_CMD_H

#include <signal.h>
#include <stdbool.h>
#include "config/settings.h"
#include "config/tables.h"
#include "format/format.h"
#include "rate/usage.h"
#include "store/db.h"

enum tb_exit {
    TB_EXIT_DONE = 0,
    TB_EXIT_FAILED = 1,
    TB_EXIT_USAGE = 2,
    TB_EXIT_REJECTS = 3, /* lines were rejected or usage is unpriced */
    TB_EXIT_CONTROL = 4, /* a control total disagrees */
    TB_EXIT_MISSING = 5, /* an expected input is missing or incomplete */
    TB_EXIT_BREACH = 6,  /* --fail-on */
    TB_EXIT_LOCKED = 11,
    TB_EXIT_INTERRUPTED = 130
};

/* The first that applies of 4, 5, 3, 6: folds one more outcome into an exit code. */
int tb_exit_worse(int a, int b);

/* --fail-on WORD: *least is the breach (reports/report.h) that fails, 0 without the option. Returns -1, or the exit code after a
 * usage error. */
int tb_cmd_fail_on(const char *command, const char *word, int *least);

struct tb_command {
    const char *name;
    const char *synopsis;                                  /* "ingest [PATH...] [--format F]" */
    const char *about;                                     /* one line */
    const char *help;                                      /* the rest of --help */
    int (*run)(const char *config, int argc, char **argv); /* argv[0] is the command's name */
};
extern const struct tb_command tb_cmd_init, tb_cmd_run, tb_cmd_ingest, tb_cmd_report, tb_cmd_tables,
    tb_cmd_formats, tb_cmd_check, tb_cmd_doctor, tb_cmd_sql, tb_cmd_prune, tb_cmd_backup, tb_cmd_explain,
    tb_cmd_close, tb_cmd_reopen;

/* SIGINT, SIGTERM and SIGHUP set it for commands that called tb_cmd_catch_signals: they stop at the next safe point and return
 * TB_EXIT_INTERRUPTED. The others simply end: what they write is a transaction or a renamed file. */
extern volatile sig_atomic_t tb_cmd_stop;
void tb_cmd_catch_signals(void);

/* Writes content to path: "-" and NULL are standard output; a device, a pipe or an open descriptor is written into; a regular
 * file is replaced whole (through a symbolic link, its target). */
enum tb_status tb_cmd_output(const char *path, struct tb_str content, struct tb_err *err) TB_MUST_USE;

/* Says err as an error and returns its exit code; one without words (a closed pipe) is not said. */
int tb_cmd_fail(const struct tb_err *err);
/* Says a usage error ("run: ...; see `tollbook run --help`") and returns TB_EXIT_USAGE. */
int tb_cmd_usage(const char *command, const char *fmt, ...) TB_PRINTF(2, 3);

/* Writes text to standard output whole; TB_FAIL/TB_E_IO when it cannot (a closed pipe among others). */
enum tb_status tb_cmd_print(struct tb_str text, struct tb_err *err) TB_MUST_USE;

#endif
