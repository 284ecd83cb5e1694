#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "cmd/cmd.h"
#include "reports/report.h"

volatile sig_atomic_t tb_cmd_stop;

static int rank(int code)
{
    switch (code) {
    case TB_EXIT_DONE:
        return 0;
    case TB_EXIT_BREACH:
        return 1;
    case TB_EXIT_REJECTS:
        return 2;
    case TB_EXIT_MISSING:
        return 3;
    case TB_EXIT_CONTROL:
        return 4;
    default:
        return 5;
    }
}

int tb_exit_worse(int a, int b)
{
    return rank(b) > rank(a) ? b : a;
}

int tb_cmd_fail(const struct tb_err *err)
{
    tb_log_err(TB_LOG_ERROR, err);
    return tb_err_exit(err);
}

int tb_cmd_usage(const char *command, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tb_log(TB_LOG_ERROR, "%s: %s; see `tollbook %s --help`", command, text, command);
    return TB_EXIT_USAGE;
}

enum tb_status tb_cmd_print(struct tb_str text, struct tb_err *err)
{
    fflush(stdout);
    while (text.n > 0) {
        ssize_t n = write(STDOUT_FILENO, text.s, text.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot write standard output: %s", strerror(errno));
        }
        text.s += n;
        text.n -= (size_t)n;
    }
    return TB_OK;
}

int tb_cmd_fail_on(const char *command, const char *word, int *least)
{
    *least = TB_BREACH_NONE;
    if (word == NULL) {
        return -1;
    }
    *least = strcmp(word, "warning") == 0    ? TB_BREACH_WARNING
             : strcmp(word, "critical") == 0 ? TB_BREACH_CRITICAL
                                             : TB_BREACH_NONE;
    return *least != TB_BREACH_NONE
               ? -1
               : tb_cmd_usage(command, "--fail-on wants warning or critical, not \"%s\"", word);
}
