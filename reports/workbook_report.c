/* Any one report as a workbook: its head and objects on the first sheet, each list on a sheet of its own. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/decimal.h"
#include "reports/report.h"
#include "reports/table/parts.h"
#include "reports/writer/xlsx_grid.h"

#define PATH_BYTES_MAX 4200

static unsigned style_of(enum tb_cell_type type)
{
    switch (type) {
    case TB_CELL_INT:
        return TB_XS_COUNT;
    case TB_CELL_MONEY:
        return TB_XS_PRICE; /* exact: every decimal */
    case TB_CELL_CENTS:
        return TB_XS_MONEY;
    case TB_CELL_DAY:
        return TB_XS_DATE;
    case TB_CELL_INSTANT:
        return TB_XS_INSTANT;
    case TB_CELL_RATIO:
    case TB_CELL_MIXED:
        return TB_XS_DECIMAL;
    default:
        return TB_XS_TEXT;
    }
}

/* Decimal text with up to six decimals. */
static tb_money ratio_of(struct tb_str text)
{
    tb_money m = 0;
    bool good = tb_money_parse(text, &m);
    assert(good);
    return m;
}

static void write_cell(struct tb_xlsx_sheet *s, int row, int column, unsigned flags, const struct tb_cell *c)
{
    unsigned style = style_of(c->type) | flags;
    if (c->null) {
        tb_xlsx_text(s, row, column, TB_XS_TEXT | flags, TB_STR_NULL);
        return;
    }
    switch (c->type) {
    case TB_CELL_TEXT:
        tb_xlsx_text(s, row, column, style, c->text);
        return;
    case TB_CELL_MONEY:
        tb_xlsx_money(s, row, column, style, c->money);
        return;
    case TB_CELL_CENTS:
        tb_xlsx_money(s, row, column, style, tb_money_of_cents(c->number));
        return;
    case TB_CELL_RATIO:
        tb_xlsx_money(s, row, column, style, ratio_of(c->text));
        return;
    case TB_CELL_DAY:
        tb_xlsx_day(s, row, column, style, (int32_t)c->number);
        return;
    case TB_CELL_INSTANT:
        tb_xlsx_instant(s, row, column, style, c->number);
        return;
    case TB_CELL_BOOL:
        tb_xlsx_text(s, row, column, style, c->number != 0 ? TB_STR("yes") : TB_STR("no"));
        return;
    default:
        tb_xlsx_count(s, row, column, style, c->number);
    }
}

/* The grid sums what it is given; here the cell is written apart, so that a column may be of mixed types. */
static void write_row(struct tb_grid *g, const struct tb_table *t, size_t row)
{
    tb_grid_row(g);
    for (size_t i = 0; i < tb_table_columns(t); i++) {
        const struct tb_cell *c = tb_table_cell(t, row, i);
        int column = (int)i;
        if (g->columns[i].total && !c->null && c->type == TB_CELL_INT) {
            tb_grid_count(g, column, c->number);
        } else if (g->columns[i].total && !c->null) {
            tb_grid_money(g, column, c->type == TB_CELL_CENTS ? tb_money_of_cents(c->number) : c->money);
        } else if (!g->skip) {
            write_cell(g->sheet, g->row, column, TB_XS_ROW, c);
            tb_grid_written(g, column);
        }
    }
}

/* Labels must differ within a table. */
static void label_columns(const struct tb_table *t, struct tb_grid_column *columns,
                          char labels[][TB_COLUMN_KEY_MAX + 8])
{
    for (size_t i = 0; i < tb_table_columns(t); i++) {
        const struct tb_column *c = tb_table_column(t, i);
        int same = 0;
        for (size_t k = 0; k < i; k++) {
            same += strcmp(tb_table_column(t, k)->label, c->label) == 0;
        }
        if (same > 0) {
            snprintf(labels[i], TB_COLUMN_KEY_MAX + 8, "%s %d", c->label, same + 1);
        } else {
            snprintf(labels[i], TB_COLUMN_KEY_MAX + 8, "%s", c->label);
        }
        labels[i][0] = (char)toupper((unsigned char)labels[i][0]);
        columns[i] =
            (struct tb_grid_column){labels[i], style_of(c->type), c->total && c->type != TB_CELL_MIXED, 0};
    }
}

/* "lines" -> sheet "Lines", table "TableLines". */
static void name_of(const char *key, char sheet[32], char table[48])
{
    size_t n = 0;
    for (; key[n] != '\0' && n < 30; n++) {
        sheet[n] = isalnum((unsigned char)key[n]) ? key[n] : ' ';
    }
    sheet[n] = '\0';
    sheet[0] = (char)toupper((unsigned char)sheet[0]);
    size_t k = (size_t)snprintf(table, 48, "Table");
    for (size_t i = 0; i < n; i++) {
        if (isalpha((unsigned char)sheet[i])) {
            table[k++] = sheet[i];
        }
    }
    table[k] = '\0';
}

static void write_rows(struct tb_xlsx *x, const struct tb_report *r, const struct tb_table *t, char table[48])
{
    struct tb_grid_column columns[TB_TABLE_COLUMNS_MAX];
    char labels[TB_TABLE_COLUMNS_MAX][TB_COLUMN_KEY_MAX + 8];
    char sheet[32];
    struct tb_grid g;
    name_of(tb_table_name(t), sheet, table);
    struct tb_xlsx_sheet *s = tb_xlsx_sheet(x, sheet, t == r->main ? TB_TAB_READ : TB_TAB_REFERENCE);
    label_columns(t, columns, labels);
    tb_grid_title(s, r->title, tb_str_of(tb_table_title(t)));
    tb_grid_begin(&g, s, 3, columns, (int)tb_table_columns(t), TB_XLSX_ROWS_MAX);
    for (size_t row = 0; row < tb_table_rows(t); row++) {
        write_row(&g, t, row);
    }
    tb_grid_end(&g, table, "No rows.", "--format csv");
    if (tb_grid_lines(&g) > 0) {
        tb_xlsx_freeze(s, g.header_row + 1, 1);
        tb_xlsx_repeat(s, g.header_row, g.header_row);
    }
}

static int write_line(struct tb_xlsx_sheet *s, int row, const char *label, const struct tb_cell *c)
{
    char text[TB_COLUMN_KEY_MAX];
    snprintf(text, sizeof text, "%s", label);
    text[0] = (char)toupper((unsigned char)text[0]);
    tb_xlsx_text(s, row, 0, TB_XS_ROW | TB_XS_MUTED, tb_str_of(text));
    write_cell(s, row, 1, TB_XS_ROW | TB_XS_RIGHT, c);
    return row + 1;
}

static void write_front(struct tb_xlsx *x, const struct tb_report *r)
{
    struct tb_xlsx_sheet *s = tb_xlsx_sheet(x, "Report", TB_TAB_READ);
    int row = 2;
    tb_grid_title(s, r->title, TB_STR_NULL);
    for (size_t i = 0; i < r->n; i++) {
        const struct tb_table *t = r->parts[i].table;
        if (r->parts[i].kind == TB_PART_VALUE) {
            row = write_line(s, row, tb_table_column(t, 0)->label, tb_table_cell(t, 0, 0));
        }
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct tb_table *t = r->parts[i].table;
        if (r->parts[i].kind == TB_PART_OBJECT) {
            tb_xlsx_text(s, ++row, 0, TB_XS_HEADING, tb_str_of(tb_table_title(t)));
            tb_xlsx_text(s, row++, 1, TB_XS_HEADING, TB_STR_NULL);
            for (size_t c = 0; c < tb_table_columns(t); c++) {
                row = write_line(s, row, tb_table_column(t, c)->label, tb_table_cell(t, 0, c));
            }
        }
    }
}

/* The end of the report's last day: the document's date. */
static int64_t created_of(const struct tb_report *r)
{
    const struct tb_part *to = tb_parts_find(r, "to");
    const struct tb_cell *c = to != NULL ? tb_table_cell(to->table, 0, 0) : NULL;
    if (c == NULL || c->null || c->number <= 0) {
        return TB_US_PER_DAY * 3653; /* 1980-01-01, as zip has it */
    }
    return c->type == TB_CELL_DAY ? (c->number + 1) * TB_US_PER_DAY : c->number;
}

static enum tb_status write_book(const struct tb_report *r, const char *temp, struct tb_err *err)
{
    char tables[TB_PARTS_MAX][48];
    char footer[96];
    struct tb_xlsx *x = NULL;
    snprintf(footer, sizeof footer, "tollbook report %s", r->kind);
    struct tb_xlsx_options options = {
        .title = r->title, .subject = r->kind, .footer = footer, .created_us = created_of(r)};
    enum tb_status st = tb_xlsx_new(temp, &options, &x, err);
    if (st != TB_OK) {
        return st;
    }
    write_front(x, r);
    for (size_t i = 0; i < r->n; i++) {
        if (r->parts[i].kind == TB_PART_ROWS) {
            write_rows(x, r, r->parts[i].table, tables[i]);
        }
    }
    return tb_xlsx_close(x, err);
}

/* The library writes files only, by name: a temporary one in a folder that nobody else may enter, of which the bytes are taken. */
enum tb_status tb_report_xlsx(const struct tb_report *r, struct tb_buf *out, struct tb_err *err)
{
    char folder[PATH_BYTES_MAX], temp[PATH_BYTES_MAX + 16];
    const char *dir = getenv("TMPDIR");
    dir = dir != NULL && dir[0] != '\0' ? dir : "/tmp";
    int n = snprintf(folder, sizeof folder, "%s/tollbook-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof folder) {
        return tb_err_set(err, TB_FAIL, TB_E_IO, "the path of TMPDIR is too long; set it to a shorter one");
    }
    if (mkdtemp(folder) == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_IO,
                          "cannot make a temporary folder in \"%s\": %s; set TMPDIR to a folder with room",
                          dir, strerror(errno));
    }
    snprintf(temp, sizeof temp, "%s/report.xlsx", folder);
    enum tb_status st = write_book(r, temp, err);
    if (st == TB_OK) {
        st = tb_file_read(temp, out->max, out, err);
    }
    (void)unlink(temp);
    (void)rmdir(folder);
    return st;
}
