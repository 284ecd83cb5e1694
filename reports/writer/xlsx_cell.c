/* Cells: every value passes here, every answer of the library is looked at. */
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include "base/clock.h"
#include "reports/writer/xlsx_book.h"
#include "reports/writer/xlsx_text.h"

#define SERIAL_OF_1970 25569 /* days since 1899-12-30 */

/* Is the cell to be written? Notes that its column is in use. */
static bool open_cell(struct tb_xlsx_sheet *s, int row, int column)
{
    assert(row >= 0 && row < TB_XLSX_ROWS_MAX && column >= 0 && column < TB_XLSX_COLUMNS_MAX);
    s->columns = column >= s->columns ? column + 1 : s->columns;
    s->rows = row >= s->rows ? row + 1 : s->rows;
    return s->x->status == TB_OK;
}

static void ask(struct tb_xlsx_sheet *s, int column, unsigned style, size_t places)
{
    if (style &
        (TB_XS_TITLE | TB_XS_SUBTITLE | TB_XS_HEADING | TB_XS_KPI | TB_XS_KPI_LABEL | TB_XS_KPI_NOTE)) {
        return; /* these run over or are merged */
    }
    double w = (double)(places + (style & TB_XS_INDENT ? 2 : 0)) *
               (style & (TB_XS_TOTAL | TB_XS_HEADER | TB_XS_BOLD) ? 1.1 : 1.0);
    s->asked[column] = w > s->asked[column] ? w : s->asked[column];
}

static const char *cell_name(const struct tb_xlsx_sheet *s, int row, int column, char out[64])
{
    char cell[LXW_MAX_CELL_NAME_LENGTH];
    lxw_rowcol_to_cell(cell, (lxw_row_t)row, (lxw_col_t)column);
    snprintf(out, 64, "cell %s of %s", cell, s->name);
    return out;
}

static void check(struct tb_xlsx_sheet *s, int row, int column, lxw_error e)
{
    char name[64];
    if (e != LXW_NO_ERROR) {
        tb_xlsx_good(s->x, e, cell_name(s, row, column, name));
    }
}

void tb_xlsx_text(struct tb_xlsx_sheet *s, int row, int column, unsigned style, struct tb_str v)
{
    if (!open_cell(s, row, column)) {
        return;
    }
    lxw_format *f = tb_xlsx_format(s->x, style);
    const char *text = v.n > 0 ? tb_xlsx_pass(s->x, v) : "";
    if (text == NULL || f == NULL) {
        return;
    }
    if (text[0] == '\0') {
        check(s, row, column, worksheet_write_blank(s->ws, (lxw_row_t)row, (lxw_col_t)column, f));
        return;
    }
    ask(s, column, style,
        style & TB_XS_HEADER ? tb_xlsx_header_places(tb_str_of(text), NULL)
                             : tb_xlsx_places(tb_str_of(text)));
    check(s, row, column, worksheet_write_string(s->ws, (lxw_row_t)row, (lxw_col_t)column, text, f));
}

/* How many places a number takes in its format; a little more than less. */
static size_t number_places(unsigned style, double v)
{
    static const int behind[TB_XS_FORMATS] = {[TB_XS_MONEY] = 3, [TB_XS_COST] = 5, [TB_XS_CHANGE] = 4};
    unsigned number = style & TB_XS_FORMAT_MASK;
    char text[400];
    if (number == TB_XS_DATE) {
        return 10;
    }
    if (number == TB_XS_INSTANT) {
        return 16;
    }
    if (number == TB_XS_PERCENT || number == TB_XS_CHANGE_PERCENT) {
        return (size_t)snprintf(text, sizeof text, "%+.1f%%", v * 100.0);
    }
    if (number == TB_XS_PRICE || number == TB_XS_DECIMAL) {
        return (size_t)snprintf(text, sizeof text, "%.12g", v) + 2;
    }
    size_t whole = (size_t)snprintf(text, sizeof text, "%.0f", v);
    return whole + (whole - 1) / 3 + (size_t)behind[number];
}

void tb_xlsx_number(struct tb_xlsx_sheet *s, int row, int column, unsigned style, double v)
{
    char name[64];
    if (!open_cell(s, row, column)) {
        return;
    }
    if (!isfinite(v)) { /* the library would write INF, which is no number in XML */
        char text[128];
        snprintf(text, sizeof text, "%s is no finite number", cell_name(s, row, column, name));
        tb_xlsx_fail(s->x, TB_FAIL, TB_E_RANGE, text);
        return;
    }
    lxw_format *f = tb_xlsx_format(s->x, style);
    ask(s, column, style, number_places(style, v));
    if (f != NULL) {
        check(s, row, column, worksheet_write_number(s->ws, (lxw_row_t)row, (lxw_col_t)column, v, f));
    }
}

static double value_of(struct tb_quotient v)
{
    assert(v.den > 0);
    return (double)v.num / (double)v.den;
}

void tb_xlsx_quotient(struct tb_xlsx_sheet *s, int row, int column, unsigned style, struct tb_quotient v)
{
    tb_xlsx_number(s, row, column, style, value_of(v));
}

void tb_xlsx_formula_money(struct tb_xlsx_sheet *s, int row, int column, unsigned style, const char *formula,
                           tb_money value)
{
    tb_xlsx_formula(s, row, column, style, formula, tb_money_double(value));
}

void tb_xlsx_formula_quotient(struct tb_xlsx_sheet *s, int row, int column, unsigned style,
                              const char *formula, struct tb_quotient value)
{
    tb_xlsx_formula(s, row, column, style, formula, value_of(value));
}

void tb_xlsx_count(struct tb_xlsx_sheet *s, int row, int column, unsigned style, int64_t v)
{
    tb_xlsx_number(s, row, column, style, (double)v);
}

void tb_xlsx_money(struct tb_xlsx_sheet *s, int row, int column, unsigned style, tb_money v)
{
    tb_xlsx_number(s, row, column, style, tb_money_double(v));
}

void tb_xlsx_day(struct tb_xlsx_sheet *s, int row, int column, unsigned style, int32_t day)
{
    tb_xlsx_number(s, row, column, style, (double)day + SERIAL_OF_1970);
}

void tb_xlsx_instant(struct tb_xlsx_sheet *s, int row, int column, unsigned style, int64_t civil_us)
{
    int64_t day = civil_us / TB_US_PER_DAY; /* 1970 and later */
    double part = (double)(civil_us % TB_US_PER_DAY) / (double)TB_US_PER_DAY;
    tb_xlsx_number(s, row, column, style, (double)(day + SERIAL_OF_1970) + part);
}

void tb_xlsx_formula(struct tb_xlsx_sheet *s, int row, int column, unsigned style, const char *formula,
                     double value)
{
    if (!open_cell(s, row, column)) {
        return;
    }
    assert(formula[0] == '=' && strchr(formula, '@') == NULL); /* '@' overflows a buffer of 1.1.4 */
    if (!isfinite(value)) {
        tb_xlsx_number(s, row, column, style, value); /* says so */
        return;
    }
    lxw_format *f = tb_xlsx_format(s->x, style);
    ask(s, column, style, number_places(style, value));
    if (f != NULL) {
        check(s, row, column,
              worksheet_write_formula_num(s->ws, (lxw_row_t)row, (lxw_col_t)column, formula, f, value));
    }
}

void tb_xlsx_merge(struct tb_xlsx_sheet *s, int row, int column, int last_row, int last_column,
                   unsigned style, struct tb_str v)
{
    if (!open_cell(s, row, column) || !open_cell(s, last_row, last_column)) {
        return;
    }
    assert(row < last_row || column < last_column);
    lxw_format *f = tb_xlsx_format(s->x, style);
    const char *text = v.n > 0 ? tb_xlsx_pass(s->x, v) : "";
    if (f != NULL && text != NULL) {
        check(s, row, column,
              worksheet_merge_range(s->ws, (lxw_row_t)row, (lxw_col_t)column, (lxw_row_t)last_row,
                                    (lxw_col_t)last_column, text, f));
    }
}

void tb_xlsx_link(struct tb_xlsx_sheet *s, int row, int column, unsigned style, const char *sheet,
                  const char *text)
{
    char url[64];
    if (!open_cell(s, row, column)) {
        return;
    }
    snprintf(url, sizeof url, "internal:'%.40s'!A1", sheet);
    lxw_format *f = tb_xlsx_format(s->x, style | TB_XS_LINK);
    ask(s, column, style, strlen(text));
    if (f != NULL) {
        check(s, row, column,
              worksheet_write_url_opt(s->ws, (lxw_row_t)row, (lxw_col_t)column, url, f, text, NULL));
    }
}

static void absolute_name(int row, int column, bool absolute, char out[LXW_MAX_CELL_NAME_LENGTH])
{
    if (absolute) {
        lxw_rowcol_to_cell_abs(out, (lxw_row_t)row, (lxw_col_t)column, 1, 1);
    } else {
        lxw_rowcol_to_cell(out, (lxw_row_t)row, (lxw_col_t)column);
    }
}

void tb_xlsx_range(const char *sheet, int row, int column, int last_row, int last_column,
                   char out[TB_XLSX_RANGE_MAX])
{
    char first[LXW_MAX_CELL_NAME_LENGTH], last[LXW_MAX_CELL_NAME_LENGTH];
    absolute_name(row, column, sheet != NULL, first);
    absolute_name(last_row, last_column, sheet != NULL, last);
    const char *quote = sheet != NULL && strchr(sheet, ' ') != NULL ? "'" : "";
    bool one = row == last_row && column == last_column;
    snprintf(out, TB_XLSX_RANGE_MAX, "%s%.40s%s%s%s%s%s", quote, sheet != NULL ? sheet : "", quote,
             sheet != NULL ? "!" : "", first, one ? "" : ":", one ? "" : last);
}

void tb_xlsx_numbers_as_text(struct tb_xlsx_sheet *s, int row, int column, int last_row, int last_column)
{
    char range[TB_XLSX_RANGE_MAX];
    size_t n = strlen(s->texts);
    tb_xlsx_range(NULL, row, column, last_row, last_column, range);
    assert(n + strlen(range) + 2 < sizeof s->texts);
    snprintf(s->texts + n, sizeof s->texts - n, "%s%s", n > 0 ? " " : "", range);
}

static bool is_table_name(const char *name)
{
    size_t letters = 0, n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        letters += isalpha((unsigned char)name[i]) != 0;
    }
    return letters == n && n >= 4; /* stricter than needed: nothing but letters */
}

static void note_table(struct tb_xlsx *x, const char *name)
{
    assert(is_table_name(name) && x->table_count < TB_XLSX_TABLES_MAX);
    for (int i = 0; i < x->table_count; i++) {
        assert(strcmp(x->tables[i], name) != 0);
    }
    x->tables[x->table_count++] = name;
}

void tb_xlsx_table(struct tb_xlsx_sheet *s, int header_row, int last_row, int column, int last_column,
                   const char *name, const char *const *headers)
{
    lxw_table_column columns[TB_XLSX_COLUMNS_MAX] = {{.header = NULL}};
    lxw_table_column *list[TB_XLSX_COLUMNS_MAX + 1] = {NULL};
    char label[TB_XLSX_COLUMNS_MAX][64];
    assert(last_row > header_row && last_column - column < TB_XLSX_COLUMNS_MAX);
    if (s->x->status != TB_OK) {
        return;
    }
    note_table(s->x, name);
    for (int i = 0; i <= last_column - column; i++) {
        snprintf(label[i], sizeof label[i], "%s", headers[i]);
        columns[i].header = label[i];
        columns[i].header_format = tb_xlsx_format(s->x, TB_XS_HEADER);
        list[i] = &columns[i];
    }
    char table[64];
    snprintf(table, sizeof table, "%s", name);
    lxw_table_options options = {
        .name = table, .columns = list, .style_type = LXW_TABLE_STYLE_TYPE_LIGHT, .style_type_number = 0};
    check(s, header_row, column,
          worksheet_add_table(s->ws, (lxw_row_t)header_row, (lxw_col_t)column, (lxw_row_t)last_row,
                              (lxw_col_t)last_column, &options));
}
