/* Concept: which files a run reads: the configured paths expanded, with {node} and {date} bound.
 * Shape:   a path is literal text, glob characters (* ? [...]), {node} (shortest match, not across /) and
 *          {date} (YYYY-MM-DD or YYYYMMDD, UTC). `*` does not cross /. Paths come out absolute.
 * Owns:    tb_input_list owns its texts until tb_input_list_release.
 * Errors:  a folder that cannot be read is TB_FAIL/TB_E_IO; a path that matches nothing is no error here.
 */
#ifndef TB_SOURCE_H
#define TB_SOURCE_H

#include <stdint.h>
#include "base/arena.h"
#include "base/status.h"
#include "config/settings.h"

struct tb_input_file {
    const char *path;   /* as opened; "-" = standard input */
    const char *source; /* source name */
    const char *format; /* configured; NULL = detect */
    const char *wish;   /* given: the format of lines that it can read, or that none can; NULL = none given */
    const char *node;   /* bound by {node}, or NULL */
    int32_t date;       /* bound by {date}, or TB_DAY_NONE */
    int64_t size, mtime_ns; /* as listed; 0 for standard input and pipes */
};

struct tb_input_list {
    struct tb_input_file *
        files; /* sorted by source (order of the config), then path in byte order; no path twice per source */
    size_t n;
    struct tb_arena *arena;
};

/* Every file of the configured sources (only = one source's name, or NULL for all). With from_day..to_day
 * (UTC days of {date}, inclusive, TB_DAY_NONE = open) files whose {date} is outside are left out; files
 * without {date} always stay. */
enum tb_status tb_source_list(const struct tb_settings *s, const char *only, int32_t from_day, int32_t to_day,
                              struct tb_input_list *out, struct tb_err *err) TB_MUST_USE;

/* One path given on the command line: bound by the configured source whose paths match it, else source (else
 * "adhoc"). With a format given (wish) the configured one does not count. Appends to list. A path that does not exist is TB_FAIL/TB_E_MISSING. */
enum tb_status tb_source_bind(const struct tb_settings *s, const char *path, const char *source,
                              const char *wish, struct tb_input_list *list, struct tb_err *err) TB_MUST_USE;

/* Which source/path patterns have {date} and no file for day: calls missing(source, pattern, day). For
 * completeness. list: as tb_source_list made it. */
void tb_source_missing(const struct tb_settings *s, const struct tb_input_list *list, int32_t from_day,
                       int32_t to_day,
                       void (*missing)(void *ctx, const char *source, const char *pattern, int32_t day),
                       void *ctx);

/* Which two sources that bill read one file by the same format: calls twice(the first such path, both names). list: as tb_source_list made it. */
void tb_source_twice(const struct tb_settings *s, const struct tb_input_list *list,
                     void (*twice)(void *ctx, const char *path, const char *first, const char *second),
                     void *ctx);

void tb_input_list_init(struct tb_input_list *l);
void tb_input_list_release(struct tb_input_list *l);

#endif
