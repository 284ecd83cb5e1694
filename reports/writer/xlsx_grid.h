/* Concept: a table on a sheet: title and subtitle above, totals above the header (as SUBTOTAL, so that they follow the
 *          filter), the header, its lines. One layout for every sheet that lists something.
 * Shape:   begin, then per line tb_grid_row and its cells in any order (those not given stay empty), then end: it knows the
 *          totals by then. Without lines the place says so in words and there is neither table nor totals.
 * Owns:    nothing; the columns live until end.
 * Errors:  those of xlsx.h, told at tb_xlsx_close; TB_E_RANGE there too when a total leaves its range.
 * Limits:  lines_max; further lines are counted and announced in words below the table, never dropped silently.
 */
#ifndef TB_XLSX_GRID_H
#define TB_XLSX_GRID_H

#include "reports/writer/xlsx.h"

struct tb_grid_column {
    const char *label;
    unsigned style;    /* number format, and flags for the lines */
    bool total;        /* COUNT, MONEY, COST */
    double places_max; /* of its width; 0: 44 */
};

struct tb_grid {
    struct tb_xlsx_sheet *sheet;
    const struct tb_grid_column *columns;
    int n;
    int total_row, header_row; /* where they lie; lines begin at header_row + 1 */
    int row;                   /* the present line */
    size_t height;             /* of the present line, in lines of words */
    int64_t lines_max, dropped;
    uint64_t written; /* columns of the present line that have their cell */
    bool skip;        /* the present line is past lines_max */
    bool failed;
    tb_money sum[TB_XLSX_COLUMNS_MAX]; /* counts as they are, money in its unit */
};

/* row: of the totals, the header below it; where no column has a total, of the header. */
void tb_grid_begin(struct tb_grid *g, struct tb_xlsx_sheet *sheet, int row,
                   const struct tb_grid_column *columns, int n, int64_t lines_max);
void tb_grid_row(struct tb_grid *g);
/* flags: added to the column's style (TB_XS_WARN ...). */
void tb_grid_text(struct tb_grid *g, int column, unsigned flags, struct tb_str v);
void tb_grid_count(struct tb_grid *g, int column, int64_t v);
void tb_grid_money(struct tb_grid *g, int column, tb_money v);
/* These two are never summed. decimal: a number as text (a report's ratio). */
void tb_grid_quotient(struct tb_grid *g, int column, struct tb_quotient v);
void tb_grid_decimal(struct tb_grid *g, int column, struct tb_str decimal);
void tb_grid_day(struct tb_grid *g, int column, int32_t day);
void tb_grid_instant(struct tb_grid *g, int column, int64_t civil_us);
void tb_grid_blank(struct tb_grid *g, int column);
/* The caller has written this cell of the line itself. */
void tb_grid_written(struct tb_grid *g, int column);
/* A number of this line's own kind where the column has several: a count (TB_XS_COUNT) or money (TB_XS_MONEY, TB_XS_COST).
 * Never summed. */
void tb_grid_count_as(struct tb_grid *g, int column, unsigned format, int64_t v);
void tb_grid_money_as(struct tb_grid *g, int column, unsigned format, tb_money v);

/* table: its name (xlsx.h). empty: the words for no lines. more: where to find lines that were left out. Returns the first
 * free row below. */
int tb_grid_end(struct tb_grid *g, const char *table, const char *empty, const char *more);

/* Lines written; first and last row of them. */
int tb_grid_lines(const struct tb_grid *g);

/* Title and subtitle in rows 0 and 1. */
void tb_grid_title(struct tb_xlsx_sheet *s, const char *title, struct tb_str subtitle);

#endif
