/* Adjustments: what closed days came to later, charged to this day. Only where there are any. */
#include "reports/workbook_parts.h"

enum {
    ORIGINAL,
    TEAM,
    COST_CENTER,
    WAS,
    NOW,
    POSTED,
    AMOUNT,
    REASON,
    REVISION,
    TABLES_WAS,
    TABLES_NOW,
    COLUMNS
};

static const struct tb_grid_column columns[COLUMNS] = {
    [ORIGINAL] = {"Original day", TB_XS_DATE, false, 0},
    [TEAM] = {"Team", TB_XS_TEXT, false, 40},
    [COST_CENTER] = {"Cost centre", TB_XS_TEXT, false, 24},
    [WAS] = {"Was", TB_XS_MONEY, true, 0},
    [NOW] = {"Now", TB_XS_MONEY, true, 0},
    [POSTED] = {"Adjusted before", TB_XS_MONEY, true, 0},
    [AMOUNT] = {"Charged here", TB_XS_MONEY | TB_XS_BOLD, true, 0},
    [REASON] = {"Reason", TB_XS_TEXT, false, 48},
    [REVISION] = {"Closed revision", TB_XS_COUNT, false, 0},
    [TABLES_WAS] = {"Table version was", TB_XS_COUNT, false, 0},
    [TABLES_NOW] = {"Table version now", TB_XS_COUNT, false, 0},
};

/* The report's columns in the same order. */
static const int from[COLUMNS] = {
    [ORIGINAL] = TB_ADJUSTMENT_ORIGINAL_DAY,
    [TEAM] = TB_ADJUSTMENT_TEAM,
    [COST_CENTER] = TB_ADJUSTMENT_COST_CENTER,
    [WAS] = TB_ADJUSTMENT_WAS,
    [NOW] = TB_ADJUSTMENT_NOW,
    [POSTED] = TB_ADJUSTMENT_POSTED,
    [AMOUNT] = TB_ADJUSTMENT_AMOUNT,
    [REASON] = TB_ADJUSTMENT_REASON,
    [REVISION] = TB_ADJUSTMENT_REVISION,
    [TABLES_WAS] = TB_ADJUSTMENT_TABLES_WAS,
    [TABLES_NOW] = TB_ADJUSTMENT_TABLES_NOW,
};

bool tb_workbook_has_adjustments(const struct tb_workbook *w)
{
    return tb_table_rows(tb_workbook_table(w->chargeback, "adjustments")) > 0;
}

static void write_row(struct tb_grid *g, const struct tb_table *t, size_t row)
{
    tb_grid_row(g);
    for (int i = 0; i < COLUMNS; i++) {
        const struct tb_cell *c = tb_table_cell(t, row, (size_t)from[i]);
        if (c->null) {
            tb_grid_blank(g, i);
        } else if (c->type == TB_CELL_TEXT) {
            tb_grid_text(g, i, 0, c->text);
        } else if (c->type == TB_CELL_DAY) {
            tb_grid_day(g, i, (int32_t)c->number);
        } else if (c->type == TB_CELL_CENTS) {
            tb_grid_money(g, i, tb_money_of_cents(c->number));
        } else {
            tb_grid_count(g, i, c->number);
        }
    }
}

void tb_workbook_adjustments(struct tb_workbook_book *b)
{
    struct tb_grid g;
    const struct tb_table *t = tb_workbook_table(b->w->chargeback, "adjustments");
    if (b->adjustments == NULL) {
        return;
    }
    tb_workbook_head(b, b->adjustments, "Adjustments of closed days",
                     "charged here = now - was - adjusted before; each side is a rounded day");
    tb_grid_begin(&g, b->adjustments, 3, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        write_row(&g, t, i);
    }
    tb_grid_end(&g, "AdjustmentLines", "No closed day has changed.", "tollbook report chargeback");
    tb_workbook_freeze(b->adjustments, &g);
}
