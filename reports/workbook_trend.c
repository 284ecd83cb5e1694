/* Trend: the days behind the Summary's charts, and the day's largest teams; where every picture has its numbers. */
#include <stdio.h>
#include <stdlib.h>
#include "reports/workbook_parts.h"

enum { DAY, WEEKDAY, CHARGE, CHANGE, REQUESTS, TOKENS, PER_THOUSAND, LABEL, BUDGET, COLUMNS };

static const struct tb_grid_column columns[COLUMNS] = {
    [DAY] = {"Day", TB_XS_DATE, false, 0},
    [WEEKDAY] = {"Weekday", TB_XS_TEXT, false, 0},
    [CHARGE] = {"Charge", TB_XS_MONEY | TB_XS_BOLD, true, 0},
    [CHANGE] = {"Change on the day before", TB_XS_CHANGE, false, 0},
    [REQUESTS] = {"Requests", TB_XS_COUNT, true, 0},
    [TOKENS] = {"Tokens", TB_XS_COUNT, true, 0},
    [PER_THOUSAND] = {"Charge per 1,000 requests", TB_XS_MONEY, false, 0},
    [LABEL] = {"In the chart", TB_XS_TEXT, false, 0},
    [BUDGET] = {"Day budget", TB_XS_MONEY, false, 0}, /* where one is of everything */
};

/* "28 Mar": a chart makes an axis of its own out of dates, and of a single one none. */
static void write_label(struct tb_grid *g, int32_t day)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int year, month, mday;
    char text[16];
    tb_day_civil(day, &year, &month, &mday);
    snprintf(text, sizeof text, "%d %s", mday, months[month - 1]);
    tb_grid_text(g, LABEL, TB_XS_MUTED, tb_str_of(text));
}

static void write_day(struct tb_grid *g, const struct tb_history *h, size_t i, const struct tb_cell *limit)
{
    const struct tb_history_day *d = &h->days[i];
    tb_money per_thousand;
    tb_grid_row(g);
    tb_grid_day(g, DAY, d->day);
    tb_grid_text(g, WEEKDAY, 0, tb_str_of(tb_workbook_weekdays[tb_day_weekday(d->day)]));
    tb_grid_money(g, CHARGE, tb_money_of_cents(d->billed_cents));
    if (i > 0 && h->days[i - 1].day == d->day - 1) {
        tb_grid_money(g, CHANGE, tb_money_of_cents(d->billed_cents - h->days[i - 1].billed_cents));
    } else {
        tb_grid_blank(g, CHANGE);
    }
    tb_grid_count(g, REQUESTS, d->requests);
    tb_grid_count(g, TOKENS, d->tokens);
    if (d->requests > 0 && tb_money_mul(tb_money_of_cents(d->billed_cents), 1000, &per_thousand) &&
        tb_money_div(per_thousand, d->requests, 12, &per_thousand)) {
        tb_grid_money(g, PER_THOUSAND, per_thousand);
    } else {
        tb_grid_blank(g, PER_THOUSAND);
    }
    write_label(g, d->day);
    if (limit != NULL) {
        tb_grid_money(g, BUDGET, limit->money);
    }
}

/* The limit of the day's budget for everything, as the tables have it now; NULL: there is none. */
static const struct tb_cell *day_limit(const struct tb_workbook *w)
{
    long row = w->budget != NULL ? tb_workbook_budget_of_all(w, TB_PERIOD_DAY) : -1;
    return row >= 0 ? tb_workbook_cell(w->budget->main, (size_t)row, "limit") : NULL;
}

/* --- the largest teams --------------------------------------------------------------------------------------- */

#define TOP         10
#define NAME_PLACES 34 /* of a team's name in a chart */

struct team {
    struct tb_str name;
    int64_t cents;
};

static int by_charge(const void *a, const void *b)
{
    const struct team *x = a, *y = b;
    if (x->cents != y->cents) {
        return x->cents > y->cents ? -1 : 1;
    }
    return tb_str_cmp(x->name, y->name);
}

/* Charges by team, its cost centres together; the lines of a team stand together. */
static size_t collect(const struct tb_table *t, struct team *out)
{
    size_t n = 0;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        struct tb_str name = tb_table_cell(t, i, TB_TEAM_TEAM)->text;
        int64_t cents = tb_table_cell(t, i, TB_TEAM_BILLED)->number;
        if (n > 0 && tb_str_eq(out[n - 1].name, name)) {
            out[n - 1].cents += cents;
        } else {
            out[n++] = (struct team){name, cents};
        }
    }
    return n;
}

static struct tb_str shorten(struct tb_str name, char out[4 * NAME_PLACES + 8])
{
    size_t end = 0, chars = 0;
    while (end < name.n && chars < NAME_PLACES) { /* to a character's end */
        end++;
        while (end < name.n && ((unsigned char)name.s[end] & 0xC0) == 0x80) {
            end++;
        }
        chars++;
    }
    if (end == name.n || end > 4 * NAME_PLACES) {
        return (struct tb_str){name.s, end};
    }
    int n = snprintf(out, 4 * NAME_PLACES + 8, "%.*s\xE2\x80\xA6", (int)end, name.s);
    return (struct tb_str){out, (size_t)n};
}

static void write_team(struct tb_workbook_book *b, int row, int column, struct tb_str name, int64_t cents)
{
    struct tb_xlsx_sheet *s = b->trend;
    char text[4 * NAME_PLACES + 8];
    tb_xlsx_text(s, row, column, TB_XS_ROW, shorten(name, text));
    tb_xlsx_money(s, row, column + 1, TB_XS_MONEY | TB_XS_BOLD | TB_XS_ROW, tb_money_of_cents(cents));
    b->days.top_below_zero |= cents < 0;
}

/* column: beside the days, one column apart. */
static void write_teams(struct tb_workbook_book *b, int row, int column, const struct team *teams, size_t n)
{
    int64_t other = 0;
    size_t top = n <= TOP ? n : TOP;
    tb_xlsx_text(b->trend, row, column, TB_XS_HEADER, TB_STR("Largest teams of the day"));
    tb_xlsx_text(b->trend, row, column + 1, TB_XS_HEADER | TB_XS_RIGHT, TB_STR("Charge"));
    b->days.top_first = row + 1;
    for (size_t i = 0; i < n; i++) {
        if (i < top) {
            write_team(b, ++row, column, teams[i].name, teams[i].cents);
        } else {
            other += teams[i].cents;
        }
    }
    if (n > top) {
        char words[48];
        snprintf(words, sizeof words, "Other (%zu teams)", n - top);
        write_team(b, ++row, column, tb_str_of(words), other);
    }
    b->days.top_last = row;
    b->days.top_name = column;
    b->days.top_charge = column + 1;
}

void tb_workbook_trend(struct tb_workbook_book *b)
{
    struct tb_grid g;
    const struct tb_history *h = b->w->history;
    const struct tb_table *t = tb_workbook_table(b->w->chargeback, "teams");
    tb_workbook_head(b, b->trend, "Daily charge", "earlier days as their packs stand now");
    const struct tb_cell *limit = day_limit(b->w);
    int n_columns = limit != NULL ? COLUMNS : BUDGET;
    tb_grid_begin(&g, b->trend, 3, columns, n_columns, TB_HISTORY_MAX);
    for (size_t i = 0; i < h->n; i++) {
        write_day(&g, h, i, limit);
    }
    tb_grid_end(&g, "DailyCharge", "No day has usage yet.", "");
    b->days.first = g.header_row + 1;
    b->days.last = g.row;
    b->days.label = LABEL;
    b->days.charge = CHARGE;
    b->days.budget = limit != NULL ? BUDGET : 0;
    b->days.top_last = -1;
    struct team *teams = calloc(tb_table_rows(t) + 1, sizeof *teams);
    size_t n = teams != NULL ? collect(t, teams) : 0;
    if (n > 0) {
        qsort(teams, n, sizeof *teams, by_charge);
        write_teams(b, g.header_row, n_columns + 1, teams, n);
    }
    free(teams);
    tb_xlsx_width(b->trend, n_columns, 3);
    tb_workbook_freeze(b->trend, &g);
}
