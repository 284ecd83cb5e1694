/* The tiles of the Summary: every number is a formula that leads to its rows, with its value beside it. */
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_page.h"

struct tile {
    const char *label, *formula; /* formula NULL: a plain number */
    unsigned format;
    struct tb_quotient value;
    bool money; /* exact instead of value */
    tb_money exact;
    const char *note; /* words; NULL: note_formula */
    const char *note_formula;
    unsigned note_format;
    struct tb_quotient note_value;
};

static void write_tile(struct tb_workbook_page *p, const struct tile *t)
{
    if (p->tile == p->tiles) {
        return;
    }
    int row = TB_PAGE_TILE_ROW + p->tile / TB_PAGE_TILES * TB_PAGE_TILE_ROWS;
    int c = p->tile++ % TB_PAGE_TILES * TB_PAGE_TILE_COLUMNS;
    tb_xlsx_merge(p->s, row, c, row, c + 1, TB_XS_KPI_LABEL, tb_str_of(t->label));
    tb_xlsx_merge(p->s, row + 1, c, row + 1, c + 1, TB_XS_KPI | t->format, TB_STR_NULL);
    if (t->formula != NULL && t->money) {
        tb_xlsx_formula_money(p->s, row + 1, c, TB_XS_KPI | t->format, t->formula, t->exact);
    } else if (t->formula != NULL) {
        tb_xlsx_formula_quotient(p->s, row + 1, c, TB_XS_KPI | t->format, t->formula, t->value);
    } else {
        tb_xlsx_quotient(p->s, row + 1, c, TB_XS_KPI | t->format, t->value);
    }
    unsigned note = TB_XS_KPI_NOTE | (t->note == NULL ? t->note_format : 0);
    tb_xlsx_merge(p->s, row + 2, c, row + 2, c + 1, note, tb_str_of(t->note != NULL ? t->note : ""));
    if (t->note == NULL && t->note_formula != NULL) {
        tb_xlsx_formula_quotient(p->s, row + 2, c, note, t->note_formula, t->note_value);
    } else if (t->note == NULL) {
        tb_xlsx_quotient(p->s, row + 2, c, note, t->note_value);
    }
}

static struct tb_quotient units(int64_t cents)
{
    return (struct tb_quotient){cents, 100};
}

static struct tb_quotient count(int64_t n)
{
    return (struct tb_quotient){n, 1};
}

/* The Trend cell of a day's charge, or "". */
static void day_cell(const struct tb_workbook_page *p, int32_t day, char out[TB_XLSX_RANGE_MAX])
{
    const struct tb_history *h = p->b->w->history;
    out[0] = '\0';
    for (size_t i = 0; i < h->n; i++) {
        if (h->days[i].day == day) {
            int row = p->b->days.first + (int)i, column = p->b->days.charge;
            tb_xlsx_range(TB_SHEET_TREND, row, column, row, column, out);
        }
    }
}

static void write_charge(struct tb_workbook_page *p)
{
    char formula[TB_XLSX_RANGE_MAX + 16];
    snprintf(formula, sizeof formula, "=SUM(%s)", p->charge);
    struct tile t = {.label = "Charge of the day",
                     .formula = p->charge[0] != '\0' ? formula : NULL,
                     .format = TB_XS_MONEY,
                     .value = units(p->b->teams.total_cents),
                     .note = p->b->w->q->settings->currency};
    write_tile(p, &t);
}

/* The day's charge against base, an expression that gives the mean of `days` days that were charged `cents` together. */
static void write_change(struct tb_workbook_page *p, const char *label, const char *base, int64_t cents,
                         int days, unsigned note_format)
{
    char formula[640], note[1280];
    int64_t more = p->b->teams.total_cents * days - cents;
    snprintf(formula, sizeof formula, "=SUM(%s)-%s", p->charge, base);
    snprintf(note, sizeof note, "=SUM(%s)/%s-1", p->charge, base);
    bool quotient = cents > 0;
    struct tile t = {.label = label,
                     .formula = formula,
                     .format = TB_XS_CHANGE,
                     .value = {more, 100 * (int64_t)days},
                     .note = quotient ? NULL : "nothing was charged then",
                     .note_formula = note,
                     .note_format = note_format,
                     .note_value = {more, quotient ? cents : 1}};
    write_tile(p, &t);
}

static void write_day_before(struct tb_workbook_page *p)
{
    int32_t day = p->b->w->q->from_day - 1;
    const struct tb_history_day *d = tb_history_find(p->b->w->history, day);
    char cell[TB_XLSX_RANGE_MAX];
    day_cell(p, day, cell);
    if (d != NULL && p->charge[0] != '\0') {
        write_change(p, "Against the day before", cell, d->billed_cents, 1, TB_XS_ON_DAY_BEFORE);
    }
}

static void write_weekday_mean(struct tb_workbook_page *p)
{
    char base[512] = "AVERAGE(", label[64];
    size_t n = strlen(base);
    int64_t cents = 0;
    int weeks = 0;
    for (int week = 1; week <= 4; week++) {
        int32_t day = p->b->w->q->from_day - 7 * week;
        const struct tb_history_day *d = tb_history_find(p->b->w->history, day);
        char cell[TB_XLSX_RANGE_MAX];
        if (d != NULL) {
            day_cell(p, day, cell);
            n += (size_t)snprintf(base + n, sizeof base - n, "%s%s", weeks > 0 ? "," : "", cell);
            cents += d->billed_cents;
            weeks++;
        }
    }
    if (weeks > 0 && p->charge[0] != '\0') {
        snprintf(base + n, sizeof base - n, ")");
        snprintf(label, sizeof label, "Against the mean of %d earlier %s%s", weeks, p->weekday,
                 weeks > 1 ? "s" : "");
        write_change(p, label, base, cents, weeks, TB_XS_ON_MEAN);
    }
}

static void write_month(struct tb_workbook_page *p)
{
    char range[TB_XLSX_RANGE_MAX], formula[TB_XLSX_RANGE_MAX + 16], note[64], from[TB_TS_TEXT_MAX];
    const struct tb_workbook_book *b = p->b;
    tb_xlsx_range(TB_SHEET_CHARGEBACK, b->teams.first, b->teams.month, b->teams.last, b->teams.month, range);
    snprintf(formula, sizeof formula, "=SUM(%s)", range);
    tb_day_format(b->w->history->month_first, from);
    snprintf(note, sizeof note, "%s, from %s", b->w->q->settings->currency, from);
    struct tile t = {.label = "Month to date",
                     .formula = p->charge[0] != '\0' ? formula : NULL,
                     .format = TB_XS_MONEY,
                     .value = units(b->w->history->month_cents),
                     .note = note};
    write_tile(p, &t);
}

static void write_unassigned(struct tb_workbook_page *p)
{
    char range[TB_XLSX_RANGE_MAX], formula[3 * TB_XLSX_RANGE_MAX];
    const struct tb_workbook_book *b = p->b;
    bool any = b->teams.unassigned_last >= b->teams.unassigned_first && b->teams.total_cents > 0;
    tb_xlsx_range(TB_SHEET_CHARGEBACK, b->teams.unassigned_first, b->teams.charge,
                  any ? b->teams.unassigned_last : 0, b->teams.charge, range);
    snprintf(formula, sizeof formula, "=SUM(%s)/SUM(%s)", range, p->charge);
    struct tile t = {.label = "Unassigned",
                     .formula = any ? formula : NULL,
                     .format = TB_XS_PERCENT,
                     .value = tb_workbook_share(b, any ? b->teams.unassigned_cents : 0),
                     .note = "of the day's charge"};
    write_tile(p, &t);
}

static void write_volume(struct tb_workbook_page *p)
{
    static const char *const classes[] = {"input", "cache_read", "cache_write_5m", "cache_write_1h",
                                          "output"};
    const struct tb_report *r = p->b->w->chargeback;
    int64_t tokens = 0;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        tokens += tb_workbook_int(r, "totals", classes[i]);
    }
    struct tile requests = {.label = "Requests",
                            .format = TB_XS_COUNT,
                            .value = count(tb_workbook_int(r, "totals", "requests")),
                            .note_format = TB_XS_FAILED,
                            .note_value = count(tb_workbook_int(r, "totals", "errors"))};
    struct tile all = {
        .label = "Tokens", .format = TB_XS_COUNT, .value = count(tokens), .note = "all classes"};
    struct tile teams = {.label = "Teams and cost centres",
                         .format = TB_XS_COUNT,
                         .value = count((int64_t)tb_table_rows(tb_workbook_table(r, "teams"))),
                         .note = "with usage on the day"};
    write_tile(p, &requests);
    write_tile(p, &all);
    write_tile(p, &teams); /* where there is room */
}

/* What a thousand requests were charged. */
static void write_per_thousand(struct tb_workbook_page *p)
{
    int64_t requests = tb_workbook_int(p->b->w->chargeback, "totals", "requests"), cents;
    if (requests > 0 && !__builtin_mul_overflow(p->b->teams.total_cents, 10, &cents)) {
        struct tile t = {.label = "Charge per 1,000 requests",
                         .format = TB_XS_MONEY,
                         .value = {cents, requests},
                         .note = p->b->w->q->settings->currency};
        write_tile(p, &t);
    }
}

static void write_findings(struct tb_workbook_page *p)
{
    char note[64];
    snprintf(note, sizeof note, "%" PRId64 " of them critical", p->b->todo.critical);
    struct tile t = {.label = "Anomalies to decide on",
                     .format = TB_XS_COUNT,
                     .value = count(p->b->todo.anomalies),
                     .note = note};
    if (p->b->anomalies != NULL) {
        write_tile(p, &t);
    }
}

/* A number of the sheet Budgets, from the line of the month's budget for everything. */
static void write_of_budget(struct tb_workbook_page *p, const char *label, int column, unsigned format,
                            tb_money exact, const char *note)
{
    int line = p->b->month.line;
    char cell[TB_XLSX_RANGE_MAX], formula[TB_XLSX_RANGE_MAX + 2];
    tb_xlsx_range(TB_SHEET_BUDGETS, line, column, line, column, cell);
    snprintf(formula, sizeof formula, "=%s", cell);
    struct tile t = {
        .label = label, .formula = formula, .format = format, .money = true, .exact = exact, .note = note};
    write_tile(p, &t);
}

/* How the month will end, and what part of its budget is spent. */
static void write_month_budget(struct tb_workbook_page *p)
{
    const struct tb_workbook_book *b = p->b;
    const struct tb_table *t = b->w->budget->main;
    size_t row = (size_t)b->month.row;
    char note[96], limit[TB_MONEY_TEXT_MAX] = "";
    int64_t cents;
    write_of_budget(p, "Month forecast", b->month.forecast, TB_XS_MONEY,
                    tb_workbook_cell(t, row, "forecast")->money, b->w->q->settings->currency);
    const struct tb_cell *used = tb_workbook_cell(t, row, "used");
    tb_money share;
    if (used == NULL || !tb_money_parse(used->text, &share) ||
        !tb_money_cents_round(tb_workbook_cell(t, row, "limit")->money, &cents)) {
        return; /* a budget of nothing */
    }
    tb_cents_format(cents, limit);
    snprintf(note, sizeof note, "of %s spent", limit);
    write_of_budget(p, "Month budget used", b->month.used, TB_XS_PERCENT, share, note);
}

void tb_workbook_tiles(struct tb_workbook_page *p)
{
    bool budget = p->b->month.row >= 0;
    p->tiles = budget ? 2 * TB_PAGE_TILES : TB_PAGE_TILES;
    write_charge(p);
    write_day_before(p);
    write_weekday_mean(p);
    write_month(p);
    if (budget) {
        write_month_budget(p);
    }
    write_unassigned(p);
    write_volume(p);
    write_per_thousand(p);
    write_findings(p);
    p->chart_row = TB_PAGE_TILE_ROW;
    for (int i = 0; i < p->tile; i += TB_PAGE_TILES) {
        tb_xlsx_height(p->s, p->chart_row, 26);
        tb_xlsx_height(p->s, p->chart_row + 1, 28);
        tb_xlsx_height(p->s, p->chart_row + 2, 18);
        p->chart_row += TB_PAGE_TILE_ROWS;
    }
}
