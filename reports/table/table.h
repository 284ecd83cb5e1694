/* Concept: a report as data: typed columns and cells, the same for every writer.
 * Owns:    a tb_table owns its texts (tb_table_free). Rows are in the order they were added.
 * Units:   MONEY cells are exact (tb_money); CENTS cells whole cents; RATIO cells decimal text with up to 6
 * decimals; INSTANT ts_us; DAY days since 1970-01-01. Errors:  TB_FATAL/TB_E_MEMORY; TB_FAIL/TB_E_USAGE for a
 * column to sort by that is not there.
 */
#ifndef TB_TABLE_H
#define TB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/money.h"
#include "base/status.h"
#include "base/str.h"

enum tb_cell_type {
    TB_CELL_TEXT,
    TB_CELL_INT,
    TB_CELL_MONEY,
    TB_CELL_CENTS,
    TB_CELL_RATIO,
    TB_CELL_INSTANT,
    TB_CELL_DAY,
    TB_CELL_BOOL,
    TB_CELL_LIST, /* of columns only: texts, each the words of a list with blanks between; JSON writes an array */
    TB_CELL_MIXED /* of columns only: each cell has its own type (checks: counts and money) */
};

struct tb_column {
    const char *key;   /* JSON key and CSV header: the contract's word */
    const char *label; /* what a person reads: "Cost centre" */
    enum tb_cell_type type;
    bool id;    /* a TEXT that is an identifier: never a number, never summed (cost centre 0042) */
    bool total; /* writers may show its sum */
};
#define TB_COLUMN_KEY_MAX 48 /* bytes of key and of label, NUL included */

struct tb_cell {
    bool null;
    enum tb_cell_type type; /* never MIXED; the column's, but where that is MIXED what the setter said */
    struct tb_str text;     /* TEXT, RATIO; a NUL stands behind it */
    int64_t number;         /* INT, CENTS, INSTANT, DAY, BOOL */
    tb_money money;         /* MONEY */
};

struct tb_table;

/* name: the JSON key of the row list ("lines"); title: for people. columns are copied. NULL: no memory. */
struct tb_table *tb_table_new(const char *name, const char *title, const struct tb_column *columns, size_t n);
#define TB_TABLE_COLUMNS_MAX 64
void tb_table_free(struct tb_table *t);
const char *tb_table_name(const struct tb_table *t);
const char *tb_table_title(const struct tb_table *t);
size_t tb_table_columns(const struct tb_table *t);
const struct tb_column *tb_table_column(const struct tb_table *t, size_t i);
size_t tb_table_rows(const struct tb_table *t);
const struct tb_cell *tb_table_cell(const struct tb_table *t, size_t row, size_t column);

/* Begins a row (all cells null), then set its cells. */
enum tb_status tb_table_row(struct tb_table *t, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_table_text(struct tb_table *t, size_t column, struct tb_str v,
                             struct tb_err *err) TB_MUST_USE; /* copied; absent = null */
void tb_table_int(struct tb_table *t, size_t column,
                  int64_t v); /* INT, CENTS, INSTANT, DAY, BOOL; in MIXED: an INT */
void tb_table_money(struct tb_table *t, size_t column, tb_money v);
void tb_table_clear(struct tb_table *t, size_t column); /* the cell is null again */

/* The column named key, or -1. */
int tb_table_find(const struct tb_table *t, const char *key);

/* Sorts rows by column key (NULL: as they are), keeps the first top (0 = all): --sort and --top. Numbers
 * descend, null last; texts ascend in byte order, null first. Ties keep their order. */
enum tb_status tb_table_sort(struct tb_table *t, const char *key, size_t top, struct tb_err *err) TB_MUST_USE;

/* Says that n more rows exist than were added. */
void tb_table_drop(struct tb_table *t, size_t n);

/* How many rows were left out, by tb_table_sort or tb_table_drop. */
size_t tb_table_dropped(const struct tb_table *t);

/* The exact sum of an INT, MONEY or CENTS column as a cell of its type (nulls passed over); false when it
 * overflows. */
bool tb_table_sum(const struct tb_table *t, size_t column, struct tb_cell *out);

#endif
