/* Checks: the control totals as the checks report has them, with a word beside every colour. */
#include <ctype.h>
#include <stdio.h>
#include "reports/workbook_parts.h"

enum { ABOUT, EXPECTED, FOUND, DIFFERENCE, RESULT, CONTROL, COLUMNS };

static const struct tb_grid_column columns[COLUMNS] = {
    [ABOUT] = {"What must agree", TB_XS_TEXT | TB_XS_WRAP, false, 72},
    [EXPECTED] = {"Expected", TB_XS_DECIMAL, false, 0},
    [FOUND] = {"Found", TB_XS_DECIMAL, false, 0},
    [DIFFERENCE] = {"Difference", TB_XS_DECIMAL, false, 0},
    [RESULT] = {"Result", TB_XS_TEXT, false, 0},
    [CONTROL] = {"Control", TB_XS_TEXT, false, 30},
};

/* Counts and money stand in one column: each cell in its own format. */
static void write_value(struct tb_grid *g, int column, const struct tb_cell *c)
{
    if (c->null) {
        tb_grid_blank(g, column);
    } else if (c->type == TB_CELL_MONEY) {
        tb_grid_money_as(g, column, TB_XS_COST, c->money);
    } else {
        tb_grid_count_as(g, column, TB_XS_COUNT, c->number);
    }
}

static void write_result(struct tb_workbook_book *b, struct tb_grid *g, bool ok, bool informative)
{
    if (informative) {
        b->todo.notes += ok ? 0 : 1;
        tb_grid_text(g, RESULT, ok ? 0 : TB_XS_WARN,
                     ok ? TB_STR("OK, for information") : TB_STR("For information"));
    } else {
        b->todo.controls++;
        b->todo.agree += ok;
        tb_grid_text(g, RESULT, ok ? TB_XS_GOOD : TB_XS_BAD,
                     ok ? TB_STR("OK, agrees") : TB_STR("Critical: differs"));
    }
}

/* As a sentence begins. */
static void write_about(struct tb_grid *g, struct tb_str s)
{
    char text[256];
    if (s.n == 0 || s.n >= sizeof text) {
        tb_grid_text(g, ABOUT, 0, s);
        return;
    }
    memcpy(text, s.s, s.n);
    text[0] = (char)toupper((unsigned char)text[0]);
    tb_grid_text(g, ABOUT, 0, (struct tb_str){text, s.n});
}

static void write_row(struct tb_workbook_book *b, struct tb_grid *g, const struct tb_table *t, size_t i)
{
    const struct tb_cell *about = tb_table_cell(t, i, TB_CHECK_ABOUT),
                         *control = tb_table_cell(t, i, TB_CHECK_CONTROL);
    tb_grid_row(g);
    write_about(g, about->null ? control->text : about->text);
    write_value(g, EXPECTED, tb_table_cell(t, i, TB_CHECK_EXPECTED));
    write_value(g, FOUND, tb_table_cell(t, i, TB_CHECK_FOUND));
    write_value(g, DIFFERENCE, tb_table_cell(t, i, TB_CHECK_DIFFERENCE));
    write_result(b, g, tb_table_cell(t, i, TB_CHECK_OK)->number != 0,
                 tb_table_cell(t, i, TB_CHECK_INFORMATIVE)->number != 0);
    tb_grid_text(g, CONTROL, TB_XS_MUTED, control->text);
}

void tb_workbook_checks(struct tb_workbook_book *b)
{
    struct tb_grid g;
    const struct tb_table *t = tb_workbook_table(b->w->checks, "rows");
    tb_workbook_head(b, b->checks, "Control totals",
                     "each sum by two roads; a pack is withheld when one differs");
    tb_grid_begin(&g, b->checks, 3, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    for (int informative = 0; informative <= 1;
         informative++) { /* what withholds a pack, then what is only noted */
        for (size_t i = 0; i < tb_table_rows(t); i++) {
            if ((tb_table_cell(t, i, TB_CHECK_INFORMATIVE)->number != 0) == (informative != 0)) {
                write_row(b, &g, t, i);
            }
        }
    }
    tb_grid_end(&g, "ControlTotals", "No control applies to this day.", "tollbook report checks");
    tb_workbook_freeze(b->checks, &g);
}
