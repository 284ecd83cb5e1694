/* Concept: a workbook as the layouts of reports/ see it: sheets, cells with a style, formulas with their value, charts.
 *          Only xlsx*.c know libxlsxwriter.
 * Shape:   same calls, same bytes: no clock. Rows and columns count from 0. Every text passes the gate (xlsx_text.h).
 *          Writing is all or nothing: the first cell that the library refuses is kept, later calls do nothing, and
 *          tb_xlsx_close tells it. Column widths follow what was written, unless they are set.
 * Units:   instants are civil time of the billing zone, as microseconds since 1970-01-01T00:00 of that civil clock (a
 *          spreadsheet knows no zones: the sheet's subtitle names it).
 * Owns:    a tb_xlsx until tb_xlsx_close or tb_xlsx_abandon; sheets belong to it.
 * Errors:  TB_FAIL/TB_E_IO naming the file and what the library says; TB_FATAL/TB_E_MEMORY; TB_FAIL/TB_E_RANGE for what is no
 *          finite number.
 * Limits:  TB_XLSX_ROWS_MAX rows of a sheet, TB_XLSX_COLUMNS_MAX columns; TB_XLSX_CHARS_MAX of a cell (longer is cut).
 */
#ifndef TB_XLSX_H
#define TB_XLSX_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "base/status.h"
#include "base/str.h"

#define TB_XLSX_ROWS_MAX    1048576
#define TB_XLSX_COLUMNS_MAX 64 /* no report has more */

/* A style is one number format, and any of the flags. */
enum {
    TB_XS_TEXT,
    TB_XS_COUNT,          /* 1,234 */
    TB_XS_MONEY,          /* 1,234.50, red when negative */
    TB_XS_COST,           /* 1,234.5000: exact cost, before cents are made */
    TB_XS_PRICE,          /* 0.075 up to 12 decimals */
    TB_XS_PERCENT,        /* 12.3% */
    TB_XS_DATE,           /* 2026-11-21 */
    TB_XS_INSTANT,        /* 2026-11-21 10:00 */
    TB_XS_CHANGE,         /* +1,234.50 */
    TB_XS_CHANGE_PERCENT, /* +12.3% */
    TB_XS_DECIMAL,        /* 12.345678 */
    TB_XS_ON_DAY_BEFORE,  /* +12.3% on the day before */
    TB_XS_ON_MEAN,        /* +12.3% on the mean */
    TB_XS_FAILED,         /* 1,234 failed */
    TB_XS_FORMATS,
    TB_XS_FORMAT_MASK = 15,
    TB_XS_TITLE = 1 << 4,
    TB_XS_SUBTITLE = 1 << 5,
    TB_XS_HEADING = 1 << 6, /* of a block on a sheet */
    TB_XS_HEADER = 1 << 7,  /* of a column */
    TB_XS_ROW = 1 << 8,     /* a line of a table: a hair line below */
    TB_XS_TOTAL = 1 << 9,
    TB_XS_KPI = 1 << 10,       /* a large number in its box */
    TB_XS_KPI_LABEL = 1 << 11, /* what it is, above */
    TB_XS_KPI_NOTE = 1 << 12,  /* small print below */
    TB_XS_GOOD = 1 << 13,
    TB_XS_WARN = 1 << 14,
    TB_XS_BAD = 1 << 15,
    TB_XS_MUTED = 1 << 16,
    TB_XS_BOLD = 1 << 17,
    TB_XS_LINK = 1 << 18,
    TB_XS_WRAP = 1 << 19,
    TB_XS_CENTER = 1 << 20,
    TB_XS_RIGHT = 1 << 21,
    TB_XS_INDENT = 1 << 22 /* away from the number to its left */
};

enum tb_xlsx_tab { TB_TAB_READ, TB_TAB_REFERENCE, TB_TAB_ACT }; /* blue, grey, amber */

struct tb_xlsx;
struct tb_xlsx_sheet;

struct tb_xlsx_options {
    const char *title, *subject; /* of the document; pass the gate */
    const char *footer;          /* left end of every page's foot; at most 150 bytes are used */
    int64_t created_us;          /* never the clock */
    bool guard;                  /* excel_guard "all" */
};

/* Writes to path when closed: a temporary name, which the caller commits (base/file.h). */
enum tb_status tb_xlsx_new(const char *path, const struct tb_xlsx_options *o, struct tb_xlsx **out,
                           struct tb_err *err) TB_MUST_USE;
/* Writes the file, frees x. */
enum tb_status tb_xlsx_close(struct tb_xlsx *x, struct tb_err *err) TB_MUST_USE;
/* Frees x; nothing is written. NULL is a no-op. */
void tb_xlsx_abandon(struct tb_xlsx *x);

/* A4 landscape, fitted to one page's width (but tb_xlsx_split). name: at most 31 plain letters and blanks, ours (asserted). */
struct tb_xlsx_sheet *tb_xlsx_sheet(struct tb_xlsx *x, const char *name, enum tb_xlsx_tab tab);
/* A dashboard: no grid lines, one page in both directions. */
void tb_xlsx_one_page(struct tb_xlsx_sheet *s, int last_row, int last_column);
/* Rows 0 and 1: title and subtitle, on every page of a sheet that is printed on pages side by side. */
void tb_xlsx_title(struct tb_xlsx_sheet *s, const char *title, struct tb_str subtitle);
/* Where one page's width would make it too small to read, it is printed on two side by side: the second begins with the
 * first `keys` columns again, then goes on at column `split`. */
void tb_xlsx_split(struct tb_xlsx_sheet *s, int keys, int split);
void tb_xlsx_freeze(struct tb_xlsx_sheet *s, int rows, int columns);
void tb_xlsx_repeat(struct tb_xlsx_sheet *s, int first_row, int last_row); /* on every printed page */
void tb_xlsx_width(struct tb_xlsx_sheet *s, int column,
                   double places); /* instead of what the cells ask for */
/* What the cells of the column may ask for: longer texts wrap or run over. */
void tb_xlsx_width_max(struct tb_xlsx_sheet *s, int column, double places);
void tb_xlsx_height(struct tb_xlsx_sheet *s, int row, int points);

/* A number that is no count and no money: exact until it is written, so that nobody above the writer needs a double. */
struct tb_quotient {
    int64_t num, den; /* den > 0 */
};

/* Cells. An absent text is an empty cell of that style. */
void tb_xlsx_text(struct tb_xlsx_sheet *s, int row, int column, unsigned style, struct tb_str v);
void tb_xlsx_count(struct tb_xlsx_sheet *s, int row, int column, unsigned style, int64_t v);
void tb_xlsx_money(struct tb_xlsx_sheet *s, int row, int column, unsigned style, tb_money v);
void tb_xlsx_number(struct tb_xlsx_sheet *s, int row, int column, unsigned style, double v);
void tb_xlsx_quotient(struct tb_xlsx_sheet *s, int row, int column, unsigned style, struct tb_quotient v);
void tb_xlsx_day(struct tb_xlsx_sheet *s, int row, int column, unsigned style, int32_t day);
void tb_xlsx_instant(struct tb_xlsx_sheet *s, int row, int column, unsigned style, int64_t civil_us);

/* formula: made from constants and cell addresses, never from data; value: what it gives, shown by readers that do not
 * calculate. */
void tb_xlsx_formula(struct tb_xlsx_sheet *s, int row, int column, unsigned style, const char *formula,
                     double value);
void tb_xlsx_formula_money(struct tb_xlsx_sheet *s, int row, int column, unsigned style, const char *formula,
                           tb_money value);
void tb_xlsx_formula_quotient(struct tb_xlsx_sheet *s, int row, int column, unsigned style,
                              const char *formula, struct tb_quotient value);

/* One cell over several; then write its first cell again if it is not a text. Widths ignore it. */
void tb_xlsx_merge(struct tb_xlsx_sheet *s, int row, int column, int last_row, int last_column,
                   unsigned style, struct tb_str v);

/* A link to the top of another sheet of this workbook (a name that tb_xlsx_sheet was given). */
void tb_xlsx_link(struct tb_xlsx_sheet *s, int row, int column, unsigned style, const char *sheet,
                  const char *text);

/* "Chargeback!$E$6:$E$9", quoted where the sheet's name asks for it; for formulas and charts. Without sheet: "E6:E9". */
#define TB_XLSX_RANGE_MAX 96
void tb_xlsx_range(const char *sheet, int row, int column, int last_row, int last_column,
                   char out[TB_XLSX_RANGE_MAX]);

/* Texts that look like numbers are meant to be texts in these columns of a table's lines: no green corners. */
void tb_xlsx_numbers_as_text(struct tb_xlsx_sheet *s, int row, int column, int last_row, int last_column);

/* The cells of a column take one of these words (NULL-ended), or stay empty. */
void tb_xlsx_choice(struct tb_xlsx_sheet *s, int first_row, int last_row, int column,
                    const char *const *words);

/* Bars in the cells of a column, as long as their number is of most. */
void tb_xlsx_bars(struct tb_xlsx_sheet *s, int first_row, int last_row, int column, double most);

/* Registers header_row..last_row as a table (filter buttons). name: four letters or more, no digit at its end, unique in
 * the workbook (asserted: a name like a cell's address is Err:508). headers: the cells' texts, distinct. */
void tb_xlsx_table(struct tb_xlsx_sheet *s, int header_row, int last_row, int column, int last_column,
                   const char *name, const char *const *headers);

/* A chart of one series over cells that are already written; of two lines where the first is held against a limit. */
struct tb_xlsx_chart {
    bool bars;         /* lying, first category on top; else standing columns */
    const char *title; /* constants all */
    const char *alt;   /* what it shows, in words; passes the gate */
    const char *sheet; /* of the data */
    int first_row, last_row, category_column, value_column; /* categories: texts */
    int limit_column;                                       /* beside the values; 0: none */
    const char *value_name, *limit_name;                    /* for the legend, where there is a limit */
    const char *value_format;                               /* "#,##0.00" */
    bool below_zero;                                        /* some value is: the axis reaches down to it */
    int row, column;                                        /* where its upper left corner lies */
    int width, height;                                      /* pixels */
};
void tb_xlsx_chart(struct tb_xlsx_sheet *s, const struct tb_xlsx_chart *c);

#endif
