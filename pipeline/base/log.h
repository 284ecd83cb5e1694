/* Concept: messages to people, on standard error: "tollbook: warning: file:line: text". Nothing else writes
 *          there. Everything printed passes tb_utf8_printable. Thread-safe.
 */
#ifndef TB_LOG_H
#define TB_LOG_H

#include "base/status.h"

enum tb_log_level { TB_LOG_ERROR, TB_LOG_WARN, TB_LOG_INFO, TB_LOG_DEBUG };

/* Default TB_LOG_INFO on a terminal, TB_LOG_WARN elsewhere (quiet success, so that cron mails only trouble);
 * --quiet = TB_LOG_ERROR, --verbose = TB_LOG_DEBUG. */
void tb_log_set_level(enum tb_log_level level);
enum tb_log_level tb_log_level_now(void);
void tb_log(enum tb_log_level level, const char *fmt, ...) TB_PRINTF(2, 3);
void tb_log_err(enum tb_log_level level, const struct tb_err *err);

/* A progress line, rewritten in place; shown only when standard error is a terminal and the level allows. */
void tb_log_progress(const char *what, uint64_t done, uint64_t total);
void tb_log_progress_end(void);

#endif
