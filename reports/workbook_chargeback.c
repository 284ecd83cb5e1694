/* Chargeback: the sheet that finance copies. One line per team and cost centre of the month so far, so that the month to date
 * adds up; cents are those of the settlement, rounded once. */
#include <stdio.h>
#include "rate/account.h"
#include "reports/workbook_parts.h"

enum { TEAM, COST_CENTER, GL_ACCOUNT, DIRECT, CHARGE, SHARE, STATUS, MONTH, OWNER, COLUMNS };

static const struct tb_grid_column columns[COLUMNS] = {
    [TEAM] = {"Team", TB_XS_TEXT, false, 40},
    [COST_CENTER] = {"Cost centre", TB_XS_TEXT, false, 24},
    [GL_ACCOUNT] = {"GL account", TB_XS_TEXT, false, 24},
    [DIRECT] = {"Direct cost, exact", TB_XS_COST, true, 0},
    [CHARGE] = {"Charge", TB_XS_MONEY | TB_XS_BOLD, true, 0},
    [SHARE] = {"Share of day", TB_XS_PERCENT, false, 0},
    [STATUS] = {"Status", TB_XS_TEXT, false, 24},
    [MONTH] = {"Month to date", TB_XS_MONEY, true, 0},
    [OWNER] = {"Owner", TB_XS_TEXT, false, 32},
};

/* The day's line of a team and cost centre, or -1. */
static long find_team(const struct tb_table *teams, struct tb_str team, struct tb_str cost_center)
{
    for (size_t i = 0; i < tb_table_rows(teams); i++) {
        const struct tb_cell *c = tb_table_cell(teams, i, TB_TEAM_COST_CENTER);
        if (tb_str_eq(tb_table_cell(teams, i, TB_TEAM_TEAM)->text, team) &&
            tb_str_eq(c->null ? TB_STR_NULL : c->text, cost_center)) {
            return (long)i;
        }
    }
    return -1;
}

static struct tb_str text_at(const struct tb_table *t, size_t row, size_t column)
{
    const struct tb_cell *c = tb_table_cell(t, row, column);
    return c->null ? TB_STR_NULL : c->text;
}

static bool has_unpriced(const struct tb_table *lines, struct tb_str team, struct tb_str cost_center)
{
    for (size_t i = 0; i < tb_table_rows(lines); i++) {
        if (tb_table_cell(lines, i, TB_LINE_COST)->null && tb_str_eq(text_at(lines, i, TB_LINE_TEAM), team) &&
            tb_str_eq(text_at(lines, i, TB_LINE_COST_CENTER), cost_center)) {
            return true;
        }
    }
    return false;
}

static void write_status(struct tb_grid *g, bool today, bool unassigned, bool unpriced)
{
    if (!today) {
        tb_grid_text(g, STATUS, TB_XS_MUTED, TB_STR("No usage this day"));
    } else if (unassigned) {
        tb_grid_text(g, STATUS, TB_XS_WARN,
                     unpriced ? TB_STR("Unassigned, unpriced usage") : TB_STR("Unassigned"));
    } else if (unpriced) {
        tb_grid_text(g, STATUS, TB_XS_WARN, TB_STR("Unpriced usage"));
    } else {
        tb_grid_text(g, STATUS, TB_XS_GOOD, TB_STR("OK"));
    }
}

static void note_unassigned(struct tb_workbook_book *b, const struct tb_grid *g, int64_t cents)
{
    if (b->teams.unassigned_last < b->teams.unassigned_first) { /* the lines of one team stand together */
        b->teams.unassigned_first = g->row;
    }
    b->teams.unassigned_last = g->row;
    b->teams.unassigned_cents += cents;
}

static void write_line(struct tb_workbook_book *b, struct tb_grid *g, size_t i)
{
    const struct tb_table *month = b->w->history->month;
    const struct tb_table *teams = tb_workbook_table(b->w->chargeback, "teams");
    struct tb_str team = text_at(month, i, TB_MONTH_TEAM),
                  cost_center = text_at(month, i, TB_MONTH_COST_CENTER);
    long at = find_team(teams, team, cost_center);
    bool unassigned = tb_str_eq(team, TB_STR(TB_TEAM_UNASSIGNED));
    int64_t cents = at >= 0 ? tb_table_cell(teams, (size_t)at, TB_TEAM_BILLED)->number : 0;
    tb_grid_row(g);
    if (unassigned) {
        note_unassigned(b, g, cents);
    }
    tb_grid_text(g, TEAM, 0, team);
    tb_grid_text(g, COST_CENTER, 0, cost_center);
    tb_grid_text(g, GL_ACCOUNT, 0, text_at(month, i, TB_MONTH_GL_ACCOUNT));
    tb_grid_money(g, DIRECT, at >= 0 ? tb_table_cell(teams, (size_t)at, TB_TEAM_COST)->money : 0);
    tb_grid_money(g, CHARGE, tb_money_of_cents(cents));
    tb_grid_number(g, SHARE, b->teams.total_cents > 0 ? (double)cents / (double)b->teams.total_cents : 0.0);
    write_status(g, at >= 0, unassigned,
                 has_unpriced(tb_workbook_table(b->w->chargeback, "lines"), team, cost_center));
    tb_grid_money(g, MONTH, tb_money_of_cents(tb_table_cell(month, i, TB_MONTH_BILLED)->number));
    tb_grid_text(g, OWNER, 0, text_at(month, i, TB_MONTH_OWNER));
}

enum tb_status tb_workbook_chargeback(struct tb_workbook_book *b, struct tb_err *err)
{
    struct tb_grid g;
    char words[160], from[TB_TS_TEXT_MAX];
    (void)err;
    tb_day_format(b->w->history->month_first, from);
    snprintf(words, sizeof words, "cents rounded once per team and cost centre; month to date from %s", from);
    tb_workbook_head(b, b->chargeback, "Chargeback by team and cost centre", words);
    b->teams.total_cents = tb_workbook_int(b->w->chargeback, "totals", "billed");
    b->teams.unassigned_last = -1;
    tb_grid_begin(&g, b->chargeback, 3, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    for (size_t i = 0; i < tb_table_rows(b->w->history->month); i++) {
        write_line(b, &g, i);
    }
    b->teams.first = g.header_row + 1;
    b->teams.last = g.row;
    b->teams.charge = CHARGE;
    b->teams.month = MONTH;
    tb_grid_end(&g, "ChargeLines", "No usage: nothing is charged for this day.", "pack json");
    tb_workbook_freeze(b->chargeback, &g);
    return TB_OK;
}
