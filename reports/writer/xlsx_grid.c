#include "reports/writer/xlsx_grid.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reports/writer/xlsx_text.h"

#define PLACES_MAX  44.0
#define LINE_POINTS 15
#define LINE_EDGE   1 /* places of a column that words do not fill */
#define LINES_MAX   8

static unsigned format_of(const struct tb_grid *g, int column)
{
    return g->columns[column].style & TB_XS_FORMAT_MASK;
}

static bool is_money(unsigned format)
{
    return format == TB_XS_MONEY || format == TB_XS_COST || format == TB_XS_PRICE;
}

void tb_grid_title(struct tb_xlsx_sheet *s, const char *title, struct tb_str subtitle)
{
    tb_xlsx_title(s, title, subtitle);
}

void tb_grid_begin(struct tb_grid *g, struct tb_xlsx_sheet *sheet, int row,
                   const struct tb_grid_column *columns, int n, int64_t lines_max)
{
    assert(n > 0 && n <= TB_XLSX_COLUMNS_MAX && n <= 64);
    bool totals = false;
    for (int i = 0; i < n; i++) {
        totals = totals || columns[i].total;
    }
    int header = row + (totals ? 1 : 0);
    int64_t room = TB_XLSX_ROWS_MAX - row - 8; /* totals, header, the words below */
    *g = (struct tb_grid){.sheet = sheet,
                          .columns = columns,
                          .n = n,
                          .total_row = row,
                          .header_row = header,
                          .row = header,
                          .lines_max = lines_max < room ? lines_max : room};
    for (int i = 0; i < n; i++) {
        tb_xlsx_width_max(sheet, i, columns[i].places_max > 0 ? columns[i].places_max : PLACES_MAX);
    }
}

/* What the present line was not given is an empty cell of its column's style. */
static void finish_line(struct tb_grid *g)
{
    for (int i = 0; i < g->n && g->row > g->header_row && !g->skip; i++) {
        if (!(g->written & UINT64_C(1) << i)) {
            tb_grid_blank(g, i);
        }
    }
    g->written = 0;
}

void tb_grid_row(struct tb_grid *g)
{
    finish_line(g);
    g->skip = tb_grid_lines(g) >= g->lines_max;
    g->height = 1;
    if (g->skip) {
        g->dropped++;
    } else {
        g->row++;
    }
}

int tb_grid_lines(const struct tb_grid *g)
{
    return g->row - g->header_row;
}

/* A wrapped text asks for its lines: not every reader finds a row's height by itself. */
static void set_height(struct tb_grid *g, int column, struct tb_str v)
{
    double most = g->columns[column].places_max > 0 ? g->columns[column].places_max : PLACES_MAX;
    size_t lines = tb_xlsx_lines(v, (size_t)most - LINE_EDGE);
    if (lines > 1 && lines > g->height) {
        g->height = lines;
        tb_xlsx_height(g->sheet, g->row, (int)(lines < LINES_MAX ? lines : LINES_MAX) * LINE_POINTS);
    }
}

/* Texts keep to the left, a little away from the column before. */
static unsigned side_of(const struct tb_grid *g, int column)
{
    return format_of(g, column) != TB_XS_TEXT ? TB_XS_RIGHT : column > 0 ? TB_XS_INDENT : 0;
}

/* Of the cell that is about to be written. */
static unsigned style_of(struct tb_grid *g, int column, unsigned flags)
{
    g->written |= UINT64_C(1) << column;
    return g->columns[column].style | TB_XS_ROW | flags;
}

void tb_grid_text(struct tb_grid *g, int column, unsigned flags, struct tb_str v)
{
    if (!g->skip) { /* texts among numbers keep their column's side, not its number format */
        unsigned style = style_of(g, column, flags) & ~(unsigned)TB_XS_FORMAT_MASK;
        tb_xlsx_text(g->sheet, g->row, column, style | side_of(g, column), v);
        if (style & TB_XS_WRAP) {
            set_height(g, column, v);
        }
    }
}

/* Lines that are left out are not in the totals either: those are of what is seen. */
static bool add(struct tb_grid *g, int column, tb_money v)
{
    if (!g->skip && g->columns[column].total && !tb_money_add(g->sum[column], v, &g->sum[column])) {
        g->failed = true;
    }
    return !g->skip;
}

void tb_grid_count(struct tb_grid *g, int column, int64_t v)
{
    if (add(g, column, v)) {
        tb_xlsx_count(g->sheet, g->row, column, style_of(g, column, 0), v);
    }
}

void tb_grid_money(struct tb_grid *g, int column, tb_money v)
{
    if (add(g, column, v)) {
        tb_xlsx_money(g->sheet, g->row, column, style_of(g, column, 0), v);
    }
}

void tb_grid_written(struct tb_grid *g, int column)
{
    (void)style_of(g, column, 0);
}

static unsigned format_as(struct tb_grid *g, int column, unsigned format)
{
    assert(!g->columns[column].total);
    return (style_of(g, column, 0) & ~(unsigned)TB_XS_FORMAT_MASK) | format;
}

void tb_grid_count_as(struct tb_grid *g, int column, unsigned format, int64_t v)
{
    if (!g->skip) {
        tb_xlsx_count(g->sheet, g->row, column, format_as(g, column, format), v);
    }
}

void tb_grid_money_as(struct tb_grid *g, int column, unsigned format, tb_money v)
{
    if (!g->skip) {
        tb_xlsx_money(g->sheet, g->row, column, format_as(g, column, format), v);
    }
}

static void add_number(struct tb_grid *g, int column, double v)
{
    assert(!g->columns[column].total);
    if (!g->skip) {
        tb_xlsx_number(g->sheet, g->row, column, style_of(g, column, 0), v);
    }
}

void tb_grid_quotient(struct tb_grid *g, int column, struct tb_quotient v)
{
    assert(v.den > 0);
    add_number(g, column, (double)v.num / (double)v.den);
}

void tb_grid_decimal(struct tb_grid *g, int column, struct tb_str decimal)
{
    char text[64];
    assert(decimal.n > 0 && decimal.n < sizeof text);
    memcpy(text, decimal.s, decimal.n);
    text[decimal.n] = '\0';
    add_number(g, column, strtod(text, NULL));
}

void tb_grid_day(struct tb_grid *g, int column, int32_t day)
{
    if (!g->skip) {
        tb_xlsx_day(g->sheet, g->row, column, style_of(g, column, 0), day);
    }
}

void tb_grid_instant(struct tb_grid *g, int column, int64_t civil_us)
{
    if (!g->skip) {
        tb_xlsx_instant(g->sheet, g->row, column, style_of(g, column, 0), civil_us);
    }
}

void tb_grid_blank(struct tb_grid *g, int column)
{
    tb_grid_text(g, column, 0, TB_STR_NULL);
}

static void write_totals(struct tb_grid *g)
{
    bool labelled = false;
    for (int i = 0; i < g->n; i++) {
        unsigned style = format_of(g, i) | TB_XS_TOTAL;
        if (!g->columns[i].total) {
            tb_xlsx_text(g->sheet, g->total_row, i, TB_XS_TOTAL,
                         labelled || i > 0 ? TB_STR_NULL : TB_STR("Total"));
            labelled = true;
            continue;
        }
        char range[TB_XLSX_RANGE_MAX], formula[TB_XLSX_RANGE_MAX + 32];
        tb_xlsx_range(NULL, g->header_row + 1, i, g->row, i, range);
        snprintf(formula, sizeof formula, "=SUBTOTAL(109,%s)", range);
        double sum = is_money(format_of(g, i)) ? tb_money_double(g->sum[i]) : (double)g->sum[i];
        tb_xlsx_formula(g->sheet, g->total_row, i, style, formula, sum);
    }
}

/* Ids are texts, whatever they look like: each run of text columns. */
static void mark_texts(const struct tb_grid *g)
{
    for (int i = 0; i < g->n; i++) {
        int first = i;
        while (i < g->n && format_of(g, i) == TB_XS_TEXT) {
            i++;
        }
        if (i > first) {
            tb_xlsx_numbers_as_text(g->sheet, g->header_row + 1, first, g->row, i - 1);
        }
    }
}

static void write_headers(struct tb_grid *g, const char *table)
{
    const char *labels[TB_XLSX_COLUMNS_MAX];
    for (int i = 0; i < g->n; i++) {
        labels[i] = g->columns[i].label;
    }
    tb_xlsx_table(g->sheet, g->header_row, g->row, 0, g->n - 1, table, labels);
    size_t most = 1;
    for (int i = 0; i < g->n; i++) { /* again, each on the side of its values */
        size_t lines = 1;
        tb_xlsx_text(g->sheet, g->header_row, i, TB_XS_HEADER | side_of(g, i), tb_str_of(labels[i]));
        (void)tb_xlsx_header_places(tb_str_of(labels[i]), &lines);
        most = lines > most ? lines : most;
    }
    tb_xlsx_height(g->sheet, g->header_row, most > 2 ? 3 * LINE_POINTS + 2 : 2 * LINE_POINTS + 2);
}

int tb_grid_end(struct tb_grid *g, const char *table, const char *empty, const char *more)
{
    finish_line(g);
    if (tb_grid_lines(g) == 0) {
        tb_xlsx_text(g->sheet, g->total_row, 0, TB_XS_SUBTITLE, tb_str_of(empty));
        return g->total_row + 2;
    }
    if (g->failed) { /* a sum that does not fit is no number to show: let the writer refuse it */
        tb_xlsx_number(g->sheet, g->total_row, 0, 0, 1.0 / 0.0);
    }
    if (g->header_row > g->total_row) {
        write_totals(g);
    }
    write_headers(g, table);
    mark_texts(g);
    if (g->dropped > 0) {
        char words[256];
        snprintf(words, sizeof words, "%lld more lines are not shown here: see %s", (long long)g->dropped,
                 more);
        tb_xlsx_text(g->sheet, g->row + 1, 0, TB_XS_SUBTITLE, tb_str_of(words));
        return g->row + 3;
    }
    return g->row + 2;
}
