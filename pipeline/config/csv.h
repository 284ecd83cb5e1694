/* Concept: a CSV text cell by cell, every cell with its place; the only user of libcsv.
 * Shape:   RFC 4180, UTF-8; `,` or `;` as separator (whichever the first line has more of); LF, CRLF or CR
 * ends a line; a BOM is skipped; blanks around an unquoted cell are dropped; blank lines, and lines of
 * nothing but blank cells (spreadsheets leave them behind), are skipped. Quotes are strict: a cell is quoted
 * whole, its quotes doubled. Units:   line and column count from 1; column is the character of the line that
 * the cell begins at. Errors:  TB_FAIL/TB_E_TABLE with file, line and column: quotes, NUL bytes, text that is
 * not UTF-8, a limit passed. Limits:  TB_CSV_COLUMNS_MAX cells in a row, TB_CSV_CELL_BYTES_MAX in a cell.
 */
#ifndef TB_CSV_H
#define TB_CSV_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

#define TB_CSV_CELL_BYTES_MAX                                                                                \
    (64u << 10) /* a list of hundreds of model globs fits; more is a quote never closed */

struct tb_csv_cell {
    struct tb_str text; /* never absent; a blank cell has n == 0 */
    uint64_t line;
    uint64_t column;
};

/* Cells and their texts live until the callback that got them returns. */
struct tb_csv_row {
    const struct tb_csv_cell *cells;
    size_t count; /* at least 1 */
};

typedef enum tb_status (*tb_csv_take)(void *context, const struct tb_csv_row *row, struct tb_err *err);

/* Gives take, with context, each row of text in order, the header as the first; stops at the first status
 * that is not TB_OK and returns it. name is the file's name in errors. */
enum tb_status tb_csv_parse(struct tb_str text, const char *name, tb_csv_take take, void *context,
                            struct tb_err *err) TB_MUST_USE;

#endif
