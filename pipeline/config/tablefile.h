/* Concept: one CSV table being read: its header matched with the columns it may have, its rows filled by the
 * table's own code (prices.c, ...), every complaint with file, line and column. Inside config/ only. Owns:
 * tb_tablefile_init's table owns rows and places until tb_tablefile_release; rows can be taken over before.
 *          Texts of the rows live in the arena.
 * Errors:  TB_FAIL/TB_E_TABLE.
 */
#ifndef TB_TABLEFILE_H
#define TB_TABLEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "config/csv.h"
#include "config/settings.h"

#define TB_TABLEFILE_COLUMNS_MAX 16 /* prices.csv and budgets.csv have 13 */

/* How many bytes of s a message shows: `%.*s` with TB_SHOWN(s). */
#define TB_SHOWN(str) (int)((str).n > 80 ? 80 : (str).n), (str).s

struct tb_tablefile;

/* What one kind of table is. fill writes the zeroed row from the current cells; check looks at all rows
 * together. */
struct tb_tablefile_spec {
    const char *const *columns; /* NULL-ended; a column's number is its place here */
    uint32_t required; /* bit c: the header must have column c; the others may be left out (not set) */
    int key;           /* the column that a complaint about a whole row points at */
    size_t row_bytes;
    enum tb_status (*fill)(const struct tb_tablefile *t, void *row, struct tb_err *err);
    enum tb_status (*check)(const struct tb_tablefile *t, struct tb_err *err);
};

extern const struct tb_tablefile_spec tb_prices_spec, tb_accounts_spec, tb_quotas_spec, tb_budgets_spec,
    tb_shared_spec, tb_adjustments_spec;

struct tb_tablefile_place {
    uint64_t line;
    uint64_t column;
};

struct tb_tablefile {
    const struct tb_tablefile_spec *spec;
    const struct tb_settings *settings;
    const char *name; /* of the file, for messages */
    struct tb_arena *arena;
    int cell_of[TB_TABLEFILE_COLUMNS_MAX]; /* which cell holds column c, or -1 */
    size_t cell_count;                     /* of the header; 0 = the header was not read yet */
    const struct tb_csv_row *row;          /* the current one */
    char *rows;
    struct tb_tablefile_place *places; /* of each row's key cell */
    size_t count;
    size_t cap;
};

void tb_tablefile_init(struct tb_tablefile *t, const struct tb_tablefile_spec *spec,
                       const struct tb_settings *s, const char *name, struct tb_arena *arena);
void tb_tablefile_release(struct tb_tablefile *t);

/* Reads and checks text whole. */
enum tb_status tb_tablefile_read(struct tb_tablefile *t, struct tb_str text, struct tb_err *err) TB_MUST_USE;

/* The line of the current row. */
uint64_t tb_tablefile_line(const struct tb_tablefile *t);

/* The cell of column in the current row; absent when blank or when the file has no such column. */
struct tb_str tb_tablefile_cell(const struct tb_tablefile *t, int column);

/* Sets err at that cell (at the row's first when the file has no such column), or at row number row of those
 * read. */
enum tb_status tb_tablefile_complain(const struct tb_tablefile *t, int column, struct tb_err *err,
                                     const char *fmt, ...) TB_PRINTF(4, 5) TB_MUST_USE;
enum tb_status tb_tablefile_complain_row(const struct tb_tablefile *t, size_t row, struct tb_err *err,
                                         const char *fmt, ...) TB_PRINTF(4, 5) TB_MUST_USE;

#endif
