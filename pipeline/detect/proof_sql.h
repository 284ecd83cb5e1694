/* Concept: SQL for people to paste: a statement of a .sql file in which every :name stands as a literal, on one line.
 * Shape:   set each name, add the windows; "values (:from_us, :to_us, ...)" becomes one tuple for each.
 * Owns:    its texts, until tb_findsql_release.
 * Errors:  TB_FATAL/TB_E_MEMORY. A name of the statement that was not set asserts.
 */
#ifndef TB_PROOF_SQL_H
#define TB_PROOF_SQL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/status.h"

#define TB_FINDSQL_NAMES_MAX 32
#define TB_FINDSQL_MAX       ((size_t)64 << 20) /* bytes of a statement */

struct tb_findsql_window {
    int64_t from_us, to_us;
    const char *what, *second; /* literals; NULL: null */
};

struct tb_findsql {
    struct tb_arena arena;
    struct {
        const char *name, *literal;
    } names[TB_FINDSQL_NAMES_MAX];
    size_t n;
    struct tb_findsql_window *windows;
    size_t window_n, window_cap;
};

void tb_findsql_init(struct tb_findsql *s);
void tb_findsql_release(struct tb_findsql *s);

/* Literals, of the arena; NULL: no memory. */
const char *tb_findsql_quote(struct tb_findsql *s, struct tb_str text); /* 'it''s'; absent: null */
const char *tb_findsql_number(struct tb_findsql *s, double v);
const char *tb_findsql_integer(struct tb_findsql *s, int64_t v);

/* Sets a name, anew when it was set before. The literal must outlive s. */
void tb_findsql_set(struct tb_findsql *s, const char *name, const char *literal);

enum tb_status tb_findsql_window(struct tb_findsql *s, int64_t from_us, int64_t to_us, const char *what,
                                 const char *second, struct tb_err *err) TB_MUST_USE;

/* The statement, without comments and the semicolon. */
enum tb_status tb_findsql_write(const struct tb_findsql *s, const char *sql, struct tb_buf *out,
                                struct tb_err *err) TB_MUST_USE;

#endif
