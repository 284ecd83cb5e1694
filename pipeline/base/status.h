/* Concept: how bad an outcome is (enum tb_status), and, set once where it is found, its cause (struct
 *          tb_err).
 * Errors:  a function that can fail returns enum tb_status and takes struct tb_err *err last.
 *          TB_OK      done
 *          TB_END     no more (iterators only)
 *          TB_REJECT  bad data: one reject row, go on
 *          TB_FAIL    this file or this command failed
 *          TB_FATAL   the run cannot go on (database, memory)
 *          Programmer errors are assert()ed, in release builds too.
 */
#ifndef TB_STATUS_H
#define TB_STATUS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define TB_MUST_USE     __attribute__((warn_unused_result))
#define TB_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum tb_status { TB_OK = 0, TB_END, TB_REJECT, TB_FAIL, TB_FATAL };

/* The cause. tb_err_exit maps it to the contract's exit code. */
enum tb_code {
    TB_E_NONE = 0,
    TB_E_USAGE,     /* command line: exit 2 */
    TB_E_CONFIG,    /* tollbook.jsonc: exit 2 */
    TB_E_TABLE,     /* a CSV table: exit 2 */
    TB_E_FORMAT,    /* a format file: exit 2 */
    TB_E_UNBUILT,   /* a promised thing this version does not have: exit 2 */
    TB_E_IO,        /* open, read, write, fsync, rename: exit 1 */
    TB_E_DB,        /* SQLite: exit 1 */
    TB_E_SCHEMA,    /* the database is of an older program, opened for reading: exit 1 */
    TB_E_MEMORY,    /* exit 1 */
    TB_E_RANGE,     /* arithmetic overflow: exit 1 */
    TB_E_LIMIT,     /* a cap in limits.h: as data a reject or an incomplete file */
    TB_E_MISSING,   /* an expected input is not there: exit 5 */
    TB_E_TRUNCATED, /* the stream ends early: exit 5 */
    TB_E_CORRUPT,   /* the stream is damaged: exit 5 */
    TB_E_CONTROL,   /* a control total disagrees: exit 4 */
    TB_E_LOCK,      /* another run holds the lock: exit 11 */
    TB_E_INTERRUPT  /* SIGINT or SIGTERM: exit 130 */
};

/* Shape: file, line, column and byte are 0 or "" where they say nothing; text is lower case, no full stop,
 * what is wrong first, then what to do. */
struct tb_err {
    enum tb_code code;
    char file[1024];
    uint64_t line;
    uint64_t column;
    uint64_t byte;
    char text[640];
};

/* Sets err (may be NULL) to code and the formatted text, clears the place, and returns status. */
enum tb_status tb_err_set(struct tb_err *err, enum tb_status status, enum tb_code code, const char *fmt, ...)
    TB_PRINTF(4, 5);

/* Adds the place to an error already set; line, column 0 = unknown. File is cut to fit. */
void tb_err_place(struct tb_err *err, const char *file, uint64_t line, uint64_t column);

/* The contract's exit code (section 1) of err. */
int tb_err_exit(const struct tb_err *err);

/* Formats "file:line:column: text" (the parts that are known) into out, stripped of control characters. */
void tb_err_format(const struct tb_err *err, char *out, size_t out_size);

#endif
