/* The command line of CONTRACT.md section 1: global options, then one command. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/json.h"
#include "base/log.h"
#include "cmd/cmd.h"

static const struct tb_command *const commands[] = {
    &tb_cmd_init,   &tb_cmd_run,   &tb_cmd_ingest, &tb_cmd_report,  &tb_cmd_explain,
    &tb_cmd_tables, &tb_cmd_close, &tb_cmd_reopen, &tb_cmd_formats, &tb_cmd_check,
    &tb_cmd_doctor, &tb_cmd_sql,   &tb_cmd_prune,  &tb_cmd_backup,
};
#define COMMANDS (sizeof commands / sizeof commands[0])

/* Promised by the contract, absent from this version. */
static const char *const unbuilt[] = {"export", "bills", "decide", NULL};

/* A closed 0, 1 or 2 would be given to the next file opened, and messages would be written into it. */
static void open_standard_files(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
    signal(SIGPIPE, SIG_IGN); /* writes say EPIPE */
    signal(SIGXFSZ, SIG_IGN); /* and EFBIG */
}

static void print_help(void)
{
    puts("tollbook: who used which language model, what it cost at the prices of that moment, to the cent "
         "and with proof\n\n"
         "usage: tollbook [--config FILE] [--quiet|--verbose] COMMAND [...]\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("  %-10s %s\n", commands[i]->name, commands[i]->about);
    }
    puts(
        "\nThe config is FILE, else $TOLLBOOK_CONFIG, else ./tollbook.jsonc, else "
        "/etc/tollbook/tollbook.jsonc.\n"
        "`tollbook COMMAND --help` says more; `tollbook init` writes a first config.\n\n"
        "exit codes: 0 done; 1 failed; 2 usage or configuration; 3 lines rejected or usage unpriced; 4 a "
        "control total\n"
        "disagrees; 5 an expected input is missing or incomplete; 6 with --fail-on, a threshold is breached; "
        "11 another\n"
        "run holds the lock; 130 interrupted");
}

static int unknown_option(const char *arg)
{
    static const char *const words[] = {"config", "quiet", "verbose", "version", "help", NULL};
    size_t n = strcspn(arg, "=");
    const char *near = n > 2 ? tb_did_you_mean((struct tb_str){arg + 2, n - 2}, words) : NULL;
    if (near != NULL) {
        tb_log(TB_LOG_ERROR,
               "unknown option \"%s\" before the command; did you mean \"--%s\"?; see `tollbook --help`", arg,
               near);
    } else {
        tb_log(TB_LOG_ERROR, "unknown option \"%s\" before the command; see `tollbook --help`", arg);
    }
    return TB_EXIT_USAGE;
}

static int unknown_command(const char *name)
{
    const char *words[COMMANDS + 1] = {NULL};
    for (size_t i = 0; i < COMMANDS; i++) {
        words[i] = commands[i]->name;
    }
    for (size_t i = 0; unbuilt[i] != NULL; i++) {
        if (strcmp(name, unbuilt[i]) == 0) {
            tb_log(TB_LOG_ERROR, "\"%s\" is not built yet in tollbook %s", name, TB_PROGRAM_VERSION);
            return TB_EXIT_USAGE;
        }
    }
    const char *near = tb_did_you_mean(tb_str_of(name), words);
    tb_log(TB_LOG_ERROR, "unknown command \"%s\"%s%s%s; see `tollbook --help`", name,
           near != NULL ? "; did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
    return TB_EXIT_USAGE;
}

/* Reads the options before the command. Returns the index of the command, or -1 with *status set. */
static int global_options(int argc, char **argv, const char **config, int *status)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--quiet") == 0) {
            tb_log_set_level(TB_LOG_ERROR);
        } else if (strcmp(argv[i], "--verbose") == 0) {
            tb_log_set_level(TB_LOG_DEBUG);
        } else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            *config = argv[++i];
        } else if (strncmp(argv[i], "--config=", 9) == 0) {
            *config = argv[i] + 9;
        } else if (strcmp(argv[i], "--version") == 0) {
            printf("tollbook %s\n", TB_PROGRAM_VERSION);
            *status = TB_EXIT_DONE;
            return -1;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            *status = TB_EXIT_DONE;
            return -1;
        } else if (strcmp(argv[i], "--config") == 0) {
            tb_log(TB_LOG_ERROR, "--config wants a file; see `tollbook --help`");
            *status = TB_EXIT_USAGE;
            return -1;
        } else {
            *status = unknown_option(argv[i]);
            return -1;
        }
    }
    if (i == argc) {
        tb_log(TB_LOG_ERROR, "no command given; see `tollbook --help`");
        *status = TB_EXIT_USAGE;
        return -1;
    }
    return i;
}

int main(int argc, char **argv)
{
    const char *config = NULL;
    int status = TB_EXIT_USAGE;
    open_standard_files();
    int at = global_options(argc, argv, &config, &status);
    if (at < 0) {
        return status;
    }
    if (strcmp(argv[at], "help") == 0) {
        print_help();
        return TB_EXIT_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[at], commands[i]->name) == 0) {
            status = commands[i]->run(config, argc - at, argv + at);
            if (fflush(stdout) != 0 && status == TB_EXIT_DONE) {
                if (errno != EPIPE) {
                    tb_log(TB_LOG_ERROR, "cannot write standard output");
                }
                status = TB_EXIT_FAILED;
            }
            return status;
        }
    }
    return unknown_command(argv[at]);
}
