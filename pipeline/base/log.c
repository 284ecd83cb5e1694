#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/utf8.h"

#define LEVEL_UNSET  (-1)
#define MESSAGE_MAX  4096 /* longer messages are cut */
#define PROGRESS_MAX 128
#define ERASE_LINE   "\r\033[K"

static atomic_int level_set = LEVEL_UNSET;
static pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER;
static bool progress_shown; /* guarded by line_lock */

void tb_log_set_level(enum tb_log_level level)
{
    atomic_store(&level_set, (int)level);
}

enum tb_log_level tb_log_level_now(void)
{
    int level = atomic_load(&level_set);
    if (level != LEVEL_UNSET) {
        return (enum tb_log_level)level;
    }
    return isatty(STDERR_FILENO) ? TB_LOG_INFO : TB_LOG_WARN;
}

/* A message that cannot be written has nowhere else to go: errors other than EINTR are dropped. */
static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(STDERR_FILENO, p, n);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k <= 0) {
            return;
        }
        p += k;
        n -= (size_t)k;
    }
}

/* Under line_lock. */
static void erase_progress(void)
{
    if (progress_shown) {
        write_all(ERASE_LINE, sizeof(ERASE_LINE) - 1);
        progress_shown = false;
    }
}

static const char *level_word(enum tb_log_level level)
{
    switch (level) {
    case TB_LOG_ERROR:
        return "error: ";
    case TB_LOG_WARN:
        return "warning: ";
    case TB_LOG_INFO:
        return "";
    case TB_LOG_DEBUG:
        return "debug: ";
    }
    return "";
}

/* One write for the whole line, so that lines of other processes do not cut into it. */
static void put_line(enum tb_log_level level, const char *text)
{
    char line[32 + 3 * MESSAGE_MAX + 1];
    int prefix = snprintf(line, 32, "tollbook: %s", level_word(level));
    size_t n = (size_t)prefix + tb_utf8_printable(tb_str_of(text), line + prefix);
    line[n++] = '\n';
    (void)pthread_mutex_lock(&line_lock);
    erase_progress();
    write_all(line, n);
    (void)pthread_mutex_unlock(&line_lock);
}

void tb_log(enum tb_log_level level, const char *fmt, ...)
{
    if (level > tb_log_level_now()) {
        return;
    }
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n >= 0) {
        put_line(level, text);
    }
}

void tb_log_err(enum tb_log_level level, const struct tb_err *err)
{
    if (level > tb_log_level_now()) {
        return;
    }
    char text[MESSAGE_MAX];
    tb_err_format(err, text, sizeof(text));
    put_line(level, text);
}

void tb_log_progress(const char *what, uint64_t done, uint64_t total)
{
    if (tb_log_level_now() < TB_LOG_INFO || !isatty(STDERR_FILENO)) {
        return;
    }
    char text[PROGRESS_MAX];
    if (total > 0) {
        uint64_t percent = done >= total ? 100 : (uint64_t)((unsigned __int128)done * 100 / total);
        (void)snprintf(text, sizeof(text), "%3" PRIu64 "%% %s", percent, what);
    } else {
        (void)snprintf(text, sizeof(text), "%" PRIu64 " %s", done, what);
    }
    char line[sizeof(ERASE_LINE) + 3 * PROGRESS_MAX];
    size_t n = sizeof(ERASE_LINE) - 1;
    memcpy(line, ERASE_LINE, n);
    n += tb_utf8_printable(tb_str_of(text), line + n);
    (void)pthread_mutex_lock(&line_lock);
    write_all(line, n);
    progress_shown = true;
    (void)pthread_mutex_unlock(&line_lock);
}

void tb_log_progress_end(void)
{
    (void)pthread_mutex_lock(&line_lock);
    erase_progress();
    (void)pthread_mutex_unlock(&line_lock);
}
