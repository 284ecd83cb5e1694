/* Chargeback: the sheet that finance copies. One line per team and cost centre of the month so far, so that the month to date
 * adds up; cents are those of the settlement, rounded once. Budgets stand beside the lines that they are of. */
#include <stdio.h>
#include <stdlib.h>
#include "base/glob.h"
#include "rate/account.h"
#include "reports/workbook_parts.h"

enum {
    TEAM,
    COST_CENTER,
    GL_ACCOUNT,
    DIRECT,
    ADJUSTMENTS,
    CHARGE,
    SHARE,
    DAY_BUDGET,
    USED,
    STATUS,
    MONTH,
    MONTH_BUDGET,
    MONTH_USED,
    FORECAST,
    OWNER,
    COLUMNS
};

static const struct tb_grid_column all_columns[COLUMNS] = {
    [TEAM] = {"Team", TB_XS_TEXT | TB_XS_WRAP, false, 32},
    [COST_CENTER] = {"Cost centre", TB_XS_TEXT | TB_XS_WRAP, false, 18},
    [GL_ACCOUNT] = {"GL account", TB_XS_TEXT | TB_XS_WRAP, false, 18},
    [DIRECT] = {"Direct cost, exact", TB_XS_COST, true, 0},
    [ADJUSTMENTS] = {"Adjustments of earlier days", TB_XS_MONEY, true, 0},
    [CHARGE] = {"Charge", TB_XS_MONEY | TB_XS_BOLD, true, 0},
    [SHARE] = {"Share of day", TB_XS_PERCENT, false, 0},
    [DAY_BUDGET] = {"Day budget", TB_XS_MONEY, false,
                    0}, /* no totals: a team's budget stands on each of its lines */
    [USED] = {"Day budget used", TB_XS_PERCENT, false, 0},
    [STATUS] = {"Status", TB_XS_TEXT | TB_XS_WRAP, false, 18},
    [MONTH] = {"Month to date", TB_XS_MONEY, true, 0},
    [MONTH_BUDGET] = {"Month budget", TB_XS_MONEY, false, 0},
    [MONTH_USED] = {"Month budget used", TB_XS_PERCENT, false, 0},
    [FORECAST] = {"Month forecast", TB_XS_MONEY, false, 0},
    [OWNER] = {"Owner", TB_XS_TEXT | TB_XS_WRAP, false, 24},
};
#define USED_BAR_MAX 1.5

/* The columns of this workbook: those of budgets and adjustments where there are any. */
struct layout {
    struct tb_grid_column columns[COLUMNS];
    int at[COLUMNS]; /* -1: not there */
    int n;
};

/* A budget of that period that can stand on a line: of one team or cost centre. */
static bool has_budgets(const struct tb_workbook *w, enum tb_period period)
{
    const struct tb_tables *t = w->q->tables;
    for (size_t i = 0; w->budget != NULL && i < t->budget_count; i++) {
        const struct tb_budget_row *row = &t->budgets[i];
        if (row->period == period && tb_glob_exact(row->match) &&
            (tb_str_eq(row->dimension, TB_STR("team")) || tb_str_eq(row->dimension, TB_STR("cost_center")))) {
            return true;
        }
    }
    return false;
}

static bool is_there(const struct tb_workbook *w, int column)
{
    switch (column) {
    case ADJUSTMENTS:
        return tb_workbook_has_adjustments(w);
    case DAY_BUDGET:
    case USED:
        return has_budgets(w, TB_PERIOD_DAY);
    case MONTH_BUDGET:
    case MONTH_USED:
    case FORECAST:
        return has_budgets(w, TB_PERIOD_MONTH);
    default:
        return true;
    }
}

static void lay_out(const struct tb_workbook *w, struct layout *l)
{
    l->n = 0;
    for (int i = 0; i < COLUMNS; i++) {
        l->at[i] = is_there(w, i) ? l->n : -1;
        if (l->at[i] >= 0) {
            l->columns[l->n++] = all_columns[i];
        }
    }
}

/* What the budgets of a line say; NULL: it has no such budget. */
struct line_budget {
    const struct tb_cell *day, *used, *month, *month_used, *forecast, *level; /* level: the worse of both */
};

static bool is_exactly(const struct tb_budget_row *row, const char *dimension, struct tb_str value)
{
    return value.s != NULL && tb_str_eq(row->dimension, tb_str_of(dimension)) && tb_glob_exact(row->match) &&
           tb_glob_match(row->match, value);
}

/* The configured budget of just this cost centre, else of just this team; one that matches several belongs to no line. */
static const struct tb_budget_row *find_budget(const struct tb_tables *t, enum tb_period period,
                                               struct tb_str team, struct tb_str cost_center)
{
    const struct tb_budget_row *of_team = NULL;
    for (size_t i = 0; i < t->budget_count; i++) {
        const struct tb_budget_row *row = &t->budgets[i];
        if (row->period == period && is_exactly(row, "cost_center", cost_center)) {
            return row;
        }
        if (row->period == period && of_team == NULL && is_exactly(row, "team", team)) {
            of_team = row;
        }
    }
    return of_team;
}

/* -1: no budget. */
static int rank_of(const struct tb_cell *level)
{
    return level != NULL ? tb_workbook_rank(level->text) : -1;
}

static struct line_budget budget_of(const struct tb_workbook *w, struct tb_str team,
                                    struct tb_str cost_center)
{
    struct line_budget b = {.day = NULL};
    const struct tb_table *t = w->budget != NULL ? w->budget->main : NULL;
    long day = t == NULL
                   ? -1
                   : tb_workbook_budget_row(t, find_budget(w->q->tables, TB_PERIOD_DAY, team, cost_center));
    long month =
        t == NULL ? -1
                  : tb_workbook_budget_row(t, find_budget(w->q->tables, TB_PERIOD_MONTH, team, cost_center));
    if (month >= 0) {
        b.month = tb_workbook_cell(t, (size_t)month, "limit");
        b.month_used = tb_workbook_cell(t, (size_t)month, "used");
        b.forecast = tb_workbook_cell(t, (size_t)month, "forecast");
        b.level = tb_workbook_cell(t, (size_t)month, "level");
    }
    if (day >= 0) {
        const struct tb_cell *level = tb_workbook_cell(t, (size_t)day, "level");
        b.day = tb_workbook_cell(t, (size_t)day, "limit");
        b.used = tb_workbook_cell(t, (size_t)day, "used");
        b.level = rank_of(level) >= rank_of(b.level) ? level : b.level;
    }
    return b;
}

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

static bool has_unpriced(const struct tb_table *lines, struct tb_str team, struct tb_str cost_center)
{
    for (size_t i = 0; i < tb_table_rows(lines); i++) {
        if (tb_table_cell(lines, i, TB_LINE_COST)->null &&
            tb_str_eq(tb_workbook_text_at(lines, i, TB_LINE_TEAM), team) &&
            tb_str_eq(tb_workbook_text_at(lines, i, TB_LINE_COST_CENTER), cost_center)) {
            return true;
        }
    }
    return false;
}

struct line_state {
    bool today, unassigned, unpriced;
    bool budgets; /* there are any */
};

static void put_status(struct tb_grid *g, const struct layout *l, unsigned style, const char *word,
                       bool unpriced)
{
    char words[64];
    snprintf(words, sizeof words, "%s%s", word, unpriced ? ", unpriced usage" : "");
    tb_grid_text(g, l->at[STATUS], style, tb_str_of(words));
}

static void write_status(struct tb_grid *g, const struct layout *l, const struct line_state *s,
                         const struct line_budget *b)
{
    int rank = rank_of(b->level);
    if (rank >= 2) {
        put_status(g, l, tb_workbook_colour(b->level->text), tb_workbook_level(b->level->text).s,
                   s->unpriced);
    } else if (!s->today) {
        put_status(g, l, TB_XS_MUTED, "No usage this day", false);
    } else if (s->unassigned) {
        put_status(g, l, TB_XS_WARN, "Unassigned", s->unpriced);
    } else if (s->unpriced) {
        put_status(g, l, TB_XS_WARN, "Unpriced usage", false);
    } else if (s->budgets && rank < 0) {
        put_status(g, l, TB_XS_MUTED, "No budget", false);
    } else {
        put_status(g, l, TB_XS_GOOD, "OK", false);
    }
}

static void write_budget(struct tb_grid *g, const struct layout *l, const struct line_budget *b)
{
    const struct {
        int column;
        const struct tb_cell *cell;
    } money[] = {{DAY_BUDGET, b->day}, {MONTH_BUDGET, b->month}, {FORECAST, b->forecast}};
    for (size_t i = 0; i < sizeof money / sizeof *money; i++) {
        if (l->at[money[i].column] >= 0 && money[i].cell != NULL) {
            tb_grid_money(g, l->at[money[i].column], money[i].cell->money);
        }
    }
    const struct {
        int column;
        const struct tb_cell *cell;
    } used[] = {{USED, b->used}, {MONTH_USED, b->month_used}};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        if (l->at[used[i].column] >= 0 && used[i].cell != NULL) {
            tb_grid_decimal(g, l->at[used[i].column], used[i].cell->text);
        }
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

static void write_line(struct tb_workbook_book *b, struct tb_grid *g, const struct layout *l, size_t i)
{
    const struct tb_table *month = b->w->history->month;
    const struct tb_table *teams = tb_workbook_table(b->w->chargeback, "teams");
    struct tb_str team = tb_workbook_text_at(month, i, TB_MONTH_TEAM),
                  cost_center = tb_workbook_text_at(month, i, TB_MONTH_COST_CENTER);
    long at = find_team(teams, team, cost_center);
    struct line_budget budget = budget_of(b->w, team, cost_center);
    struct line_state state = {
        .today = at >= 0,
        .unassigned = tb_str_eq(team, TB_STR(TB_TEAM_UNASSIGNED)),
        .unpriced = has_unpriced(tb_workbook_table(b->w->chargeback, "lines"), team, cost_center),
        .budgets = l->at[DAY_BUDGET] >= 0 || l->at[MONTH_BUDGET] >= 0};
    int64_t cents = at >= 0 ? tb_table_cell(teams, (size_t)at, TB_TEAM_BILLED)->number : 0;
    tb_grid_row(g);
    if (state.unassigned) {
        note_unassigned(b, g, cents);
    }
    tb_grid_text(g, l->at[TEAM], 0, team);
    tb_grid_text(g, l->at[COST_CENTER], 0, cost_center);
    tb_grid_text(g, l->at[GL_ACCOUNT], 0, tb_workbook_text_at(month, i, TB_MONTH_GL_ACCOUNT));
    tb_grid_money(g, l->at[DIRECT], at >= 0 ? tb_table_cell(teams, (size_t)at, TB_TEAM_COST)->money : 0);
    if (l->at[ADJUSTMENTS] >= 0) {
        tb_grid_money(g, l->at[ADJUSTMENTS],
                      at >= 0 ? tb_table_cell(teams, (size_t)at, TB_TEAM_ADJUSTMENTS)->money : 0);
    }
    tb_grid_money(g, l->at[CHARGE], tb_money_of_cents(cents));
    tb_grid_quotient(g, l->at[SHARE], tb_workbook_share(b, cents));
    write_budget(g, l, &budget);
    write_status(g, l, &state, &budget);
    tb_grid_money(g, l->at[MONTH], tb_money_of_cents(tb_table_cell(month, i, TB_MONTH_BILLED)->number));
    tb_grid_text(g, l->at[OWNER], 0, tb_workbook_text_at(month, i, TB_MONTH_OWNER));
}

enum tb_status tb_workbook_chargeback(struct tb_workbook_book *b, struct tb_err *err)
{
    struct tb_grid g;
    struct layout l;
    char words[240], from[TB_TS_TEXT_MAX];
    (void)err;
    lay_out(b->w, &l);
    tb_day_format(b->w->history->month_first, from);
    snprintf(words, sizeof words, "cents rounded once per team and cost centre; month to date from %s%s",
             from,
             l.at[DAY_BUDGET] >= 0 || l.at[MONTH_BUDGET] >= 0
                 ? "; budgets: those of just this cost centre, else of just this team"
                 : "");
    tb_workbook_head(b, b->chargeback, "Chargeback by team and cost centre", words);
    b->teams.total_cents = tb_workbook_int(b->w->chargeback, "totals", "billed");
    b->teams.unassigned_last = -1;
    tb_grid_begin(&g, b->chargeback, 3, l.columns, l.n, TB_WORKBOOK_LINES_MAX);
    for (size_t i = 0; i < tb_table_rows(b->w->history->month); i++) {
        write_line(b, &g, &l, i);
    }
    b->teams.first = g.header_row + 1;
    b->teams.last = g.row;
    b->teams.charge = l.at[CHARGE];
    b->teams.month = l.at[MONTH];
    for (int used = USED; used <= MONTH_USED; used += MONTH_USED - USED) {
        if (l.at[used] >= 0 && b->teams.last >= b->teams.first) {
            tb_xlsx_bars(b->chargeback, b->teams.first, b->teams.last, l.at[used], USED_BAR_MAX);
        }
    }
    tb_grid_end(&g, "ChargeLines", "No usage: nothing is charged for this day.", "pack json");
    tb_workbook_freeze(b->chargeback, &g);
    tb_xlsx_split(b->chargeback, 1, l.at[SHARE] + 1);
    return TB_OK;
}
