/* Concept: one prepared SQL statement. Statements come from .sql files (base/embed.h), bound by name
 *          ("from_day" for :from_day), read by column number in the order of the file's `-- out:` lines.
 * Owns:    tb_query_open's result until tb_query_close. Column views are valid until the next step,
 *          reset or close.
 * Errors:  TB_FATAL/TB_E_DB with SQLite's words and the statement's first line. Binding an unknown name
 *          asserts.
 * Shape:   beside SQLite's functions there are: money_sum(text) exact aggregate of decimal texts (NULLs
 *          passed over, no rows: '0'); money_add(a, b); text_of(id) the dict text; day_text(day).
 */
#ifndef TB_QUERY_H
#define TB_QUERY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "base/status.h"
#include "base/str.h"
#include "store/db.h"

struct tb_query;

enum tb_status tb_query_open(struct tb_db *db, const char *sql, struct tb_query **out,
                             struct tb_err *err) TB_MUST_USE;
void tb_query_close(struct tb_query *q); /* NULL is a no-op */

/* name: a constant of the program; its address is remembered. */
void tb_query_bind_int(struct tb_query *q, const char *name, int64_t v);
void tb_query_bind_text(struct tb_query *q, const char *name,
                        struct tb_str v); /* absent binds NULL; v is copied */
void tb_query_bind_blob(struct tb_query *q, const char *name, const void *p,
                        size_t n); /* p must live until step */
void tb_query_bind_null(struct tb_query *q, const char *name);
void tb_query_bind_money(struct tb_query *q, const char *name, tb_money v);

/* TB_OK: a row is there; TB_END: done (and reset: bind and step again). */
enum tb_status tb_query_step(struct tb_query *q, struct tb_err *err) TB_MUST_USE;
void tb_query_reset(struct tb_query *q);

/* For a statement without rows: step to its end. */
enum tb_status tb_query_run(struct tb_query *q, struct tb_err *err) TB_MUST_USE;

int tb_query_columns(const struct tb_query *q);
const char *tb_query_column_name(const struct tb_query *q, int i);
bool tb_query_is_null(const struct tb_query *q, int i);
bool tb_query_is_int(const struct tb_query *q,
                     int i); /* a value stored as an integer: false for NULL, text, real */
int64_t tb_query_int(const struct tb_query *q, int i);        /* 0 for NULL */
struct tb_str tb_query_text(const struct tb_query *q, int i); /* absent for NULL */
struct tb_str tb_query_blob(const struct tb_query *q, int i);
bool tb_query_money(const struct tb_query *q, int i, tb_money *out); /* false for NULL; asserts on bad text */
int64_t tb_query_last_id(const struct tb_query *q);                  /* rowid of the last insert */

/* For `tollbook sql`: a statement given by the user; refused unless it only reads. */
enum tb_status tb_query_open_user(struct tb_db *db, struct tb_str sql, struct tb_query **out,
                                  struct tb_err *err) TB_MUST_USE;

#endif
