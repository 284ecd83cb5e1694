#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "reports/report.h"

volatile sig_atomic_t tb_cmd_stop;

static void on_signal(int sig)
{
    (void)sig;
    tb_cmd_stop = 1;
}

void tb_cmd_catch_signals(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sa.sa_flags = (int)SA_RESETHAND; /* a second one ends at once */
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

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
    if (err->text[0] != '\0') {
        tb_log_err(TB_LOG_ERROR, err);
    }
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

static enum tb_status write_fd(int fd, struct tb_str text, const char *name, struct tb_err *err)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.s, text.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EPIPE) { /* who reads has had enough, as `head` has: no news */
            return tb_err_set(err, TB_FAIL, TB_E_IO, "%s", "");
        }
        if (n < 0) {
            return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot write %s: %s", name, strerror(errno));
        }
        text.s += n;
        text.n -= (size_t)n;
    }
    return TB_OK;
}

enum tb_status tb_cmd_print(struct tb_str text, struct tb_err *err)
{
    fflush(stdout);
    return write_fd(STDOUT_FILENO, text, "standard output", err);
}

enum tb_status tb_cmd_output(const char *path, struct tb_str content, struct tb_err *err)
{
    struct stat st;
    char target[PATH_MAX];
    if (path == NULL || strcmp(path, "-") == 0) {
        return tb_cmd_print(content, err);
    }
    if (stat(path, &st) != 0) {
        enum tb_status made = tb_file_mkparent(path, 0750, err);
        return made == TB_OK ? tb_file_write(path, content, 0640, err) : made;
    }
    if (S_ISREG(st.st_mode) && realpath(path, target) != NULL) {
        return tb_file_write(target, content, 0640, err);
    }
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "cannot open \"%s\" to write: %s", path, strerror(errno));
    }
    enum tb_status status = write_fd(fd, content, path, err);
    close(fd);
    return status;
}
