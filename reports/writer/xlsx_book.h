/* Concept: the inside of tb_xlsx, for xlsx*.c alone: the library's objects, the formats made so far, the first failure.
 */
#ifndef TB_XLSX_BOOK_H
#define TB_XLSX_BOOK_H

#include <xlsxwriter.h>
#include "base/buf.h"
#include "reports/writer/xlsx.h"

#define TB_XLSX_SHEETS_MAX  64
#define TB_XLSX_FORMATS_MAX 192 /* styles that occur together are few dozens */
#define TB_XLSX_TABLES_MAX  64

struct tb_xlsx_sheet {
    struct tb_xlsx *x;
    lxw_worksheet *ws;
    char name[32];
    char texts[2048]; /* areas where numbers are texts, "A6:C9 E6:E9" */
    int columns;      /* used so far */
    int keys, split;  /* of a sheet that may be printed on two pages side by side; 0: it may not */
    int rows;         /* used so far */
    char title[256];  /* "title, subtitle": for the head of pages side by side */
    bool one_page;
    double asked[TB_XLSX_COLUMNS_MAX]; /* places that the cells ask for */
    double places_max[TB_XLSX_COLUMNS_MAX];
    double fixed[TB_XLSX_COLUMNS_MAX]; /* 0: not set */
};

struct tb_xlsx {
    lxw_workbook *book;
    char *path;
    bool guard;
    char footer[256];
    struct tb_buf text; /* of the present cell */
    struct {
        unsigned style;
        lxw_format *format;
    } formats[TB_XLSX_FORMATS_MAX];
    int format_count;
    struct tb_xlsx_sheet sheets[TB_XLSX_SHEETS_MAX]; /* here, for calls on a sheet have no way to fail */
    int sheet_count;
    const char *tables[TB_XLSX_TABLES_MAX];
    int table_count;
    enum tb_status status; /* of the first failure */
    struct tb_err failure;
};

/* The format of a style, made once; NULL after a failure. */
lxw_format *tb_xlsx_format(struct tb_xlsx *x, unsigned style);

/* Keeps the first failure. what: "cell E6 of \"Chargeback\"". True when e is none and there was none before. */
bool tb_xlsx_good(struct tb_xlsx *x, lxw_error e, const char *what);
void tb_xlsx_fail(struct tb_xlsx *x, enum tb_status status, enum tb_code code, const char *text);

/* v through the gate, valid until the next call; NULL after a failure. */
const char *tb_xlsx_pass(struct tb_xlsx *x, struct tb_str v);

#endif
