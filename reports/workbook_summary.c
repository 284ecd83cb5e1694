/* Summary: the one page. Every number on it is a formula that leads to its rows, with its value beside it. */
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_parts.h"

/* Six tiles of two columns, a narrow column between two tiles; charts and lists take three tiles each. */
enum { TILES = 6, TILE_COLUMNS = 3, COLUMNS = TILES * TILE_COLUMNS - 1, RIGHT = 9, LEFT_LAST = 7 };
enum {
    ROW_TITLE,
    ROW_STATUS,
    ROW_RUN,
    ROW_TILES = 4,
    ROW_CHARTS = 8,
    CHART_ROWS = 20,
    ROW_LISTS = ROW_CHARTS + CHART_ROWS + 1
};
#define COLUMN_PLACES 11.5
#define GAP_PLACES    1.2
#define CHART_WIDTH   536
#define CHART_HEIGHT  392

static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

struct page {
    struct tb_workbook_book *b;
    struct tb_xlsx_sheet *s;
    const char *weekday;
    char charge[TB_XLSX_RANGE_MAX]; /* the cells that add up to the day's charge; "" when there are none */
    int tile;                       /* the next */
};

/* --- head ---------------------------------------------------------------------------------------------------- */

static void write_head(struct page *p)
{
    int year, month, mday;
    char title[96], run[256], late[96], about[2048];
    const struct tb_workbook *w = p->b->w;
    tb_day_civil(w->q->from_day, &year, &month, &mday);
    snprintf(title, sizeof title, "LLM chargeback, %s %d %s %d", p->weekday, mday, months[month - 1], year);
    snprintf(late, sizeof late,
             "revision %" PRId64 " replaces revision %" PRId64 ": late data or changed tables", w->revision,
             w->revision - 1);
    snprintf(run, sizeof run, "Price list: table version %" PRId64 "; run %s; %s", w->q->version, w->run_id,
             w->revision > 1 ? late : "revision 1, the first of this day");
    tb_xlsx_text(p->s, ROW_TITLE, 0, TB_XS_TITLE, tb_str_of(title));
    tb_xlsx_height(p->s, ROW_TITLE, 30);
    bool final = strcmp(w->status, "FINAL") == 0;
    snprintf(about, sizeof about, "%s%s%s", p->b->subtitle, w->status_words[0] != '\0' ? "; " : "",
             w->status_words);
    tb_xlsx_merge(p->s, ROW_STATUS, 0, ROW_STATUS, 1,
                  (final ? TB_XS_GOOD : TB_XS_WARN) | TB_XS_BOLD | TB_XS_CENTER, tb_str_of(w->status));
    tb_xlsx_text(p->s, ROW_STATUS, 3, TB_XS_SUBTITLE, tb_str_of(about));
    tb_xlsx_text(p->s, ROW_RUN, 3, TB_XS_SUBTITLE, tb_str_of(run));
}

/* --- tiles --------------------------------------------------------------------------------------------------- */

struct tile {
    const char *label, *formula; /* formula NULL: a plain number */
    unsigned format;
    struct tb_quotient value;
    const char *note; /* words; NULL: note_formula */
    const char *note_formula;
    unsigned note_format;
    struct tb_quotient note_value;
};

static void write_tile(struct page *p, const struct tile *t)
{
    if (p->tile == TILES) {
        return;
    }
    int c = p->tile++ * TILE_COLUMNS;
    tb_xlsx_merge(p->s, ROW_TILES, c, ROW_TILES, c + 1, TB_XS_KPI_LABEL, tb_str_of(t->label));
    tb_xlsx_merge(p->s, ROW_TILES + 1, c, ROW_TILES + 1, c + 1, TB_XS_KPI | t->format, TB_STR_NULL);
    if (t->formula != NULL) {
        tb_xlsx_formula_quotient(p->s, ROW_TILES + 1, c, TB_XS_KPI | t->format, t->formula, t->value);
    } else {
        tb_xlsx_quotient(p->s, ROW_TILES + 1, c, TB_XS_KPI | t->format, t->value);
    }
    unsigned note = TB_XS_KPI_NOTE | (t->note == NULL ? t->note_format : 0);
    tb_xlsx_merge(p->s, ROW_TILES + 2, c, ROW_TILES + 2, c + 1, note,
                  tb_str_of(t->note != NULL ? t->note : ""));
    if (t->note == NULL && t->note_formula != NULL) {
        tb_xlsx_formula_quotient(p->s, ROW_TILES + 2, c, note, t->note_formula, t->note_value);
    } else if (t->note == NULL) {
        tb_xlsx_quotient(p->s, ROW_TILES + 2, c, note, t->note_value);
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
static void day_cell(const struct page *p, int32_t day, char out[TB_XLSX_RANGE_MAX])
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

static void write_charge(struct page *p)
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
static void write_change(struct page *p, const char *label, const char *base, int64_t cents, int days,
                         unsigned note_format)
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

static void write_day_before(struct page *p)
{
    int32_t day = p->b->w->q->from_day - 1;
    const struct tb_history_day *d = tb_history_find(p->b->w->history, day);
    char cell[TB_XLSX_RANGE_MAX];
    day_cell(p, day, cell);
    if (d != NULL && p->charge[0] != '\0') {
        write_change(p, "Against the day before", cell, d->billed_cents, 1, TB_XS_ON_DAY_BEFORE);
    }
}

static void write_weekday_mean(struct page *p)
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

static void write_month(struct page *p)
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

static void write_unassigned(struct page *p)
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

static void write_volume(struct page *p)
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
    write_tile(p, &teams); /* where there is no history yet */
}

static void write_tiles(struct page *p)
{
    write_charge(p);
    write_day_before(p);
    write_weekday_mean(p);
    write_month(p);
    write_unassigned(p);
    write_volume(p);
    tb_xlsx_height(p->s, ROW_TILES, 26);
    tb_xlsx_height(p->s, ROW_TILES + 1, 28);
    tb_xlsx_height(p->s, ROW_TILES + 2, 18);
}

/* --- charts -------------------------------------------------------------------------------------------------- */

static const char *money_format(int64_t cents_max)
{
    return cents_max < 100000 ? "#,##0.00" : "#,##0";
}

static void write_days_chart(struct page *p)
{
    const struct tb_workbook_book *b = p->b;
    const struct tb_history *h = b->w->history;
    char title[64], alt[256], charge[TB_MONEY_TEXT_MAX];
    size_t n = h->n < TB_HISTORY_DAYS ? h->n : TB_HISTORY_DAYS;
    int64_t max = 0;
    for (size_t i = h->n - n; i < h->n; i++) {
        max = h->days[i].billed_cents > max ? h->days[i].billed_cents : max;
    }
    snprintf(title, sizeof title, "Charge per day, %s", b->w->q->settings->currency);
    snprintf(alt, sizeof alt,
             "Columns: the charge of each of %zu days up to %s, which is %.*s %s. The numbers are on the "
             "sheet %s.",
             n, b->day, (int)tb_cents_format(b->teams.total_cents, charge), charge,
             b->w->q->settings->currency, TB_SHEET_TREND);
    struct tb_xlsx_chart c = {.title = title,
                              .alt = alt,
                              .sheet = TB_SHEET_TREND,
                              .first_row = b->days.last - (int)n + 1,
                              .last_row = b->days.last,
                              .category_column = b->days.label,
                              .value_column = b->days.charge,
                              .value_format = money_format(max),
                              .row = ROW_CHARTS,
                              .column = 0,
                              .width = CHART_WIDTH,
                              .height = CHART_HEIGHT};
    tb_xlsx_chart(p->s, &c);
}

static void write_teams_chart(struct page *p)
{
    const struct tb_workbook_book *b = p->b;
    char title[64], alt[256];
    if (b->days.top_last < b->days.top_first) {
        return;
    }
    snprintf(title, sizeof title, "Charge of the day by team, %s", b->w->q->settings->currency);
    snprintf(
        alt, sizeof alt,
        "Bars: the charge of the %d largest teams of %s, largest first. The numbers are on the sheet %s.",
        b->days.top_last - b->days.top_first + 1, b->day, TB_SHEET_TREND);
    struct tb_xlsx_chart c = {.bars = true,
                              .title = title,
                              .alt = alt,
                              .sheet = TB_SHEET_TREND,
                              .first_row = b->days.top_first,
                              .last_row = b->days.top_last,
                              .category_column = b->days.top_name,
                              .value_column = b->days.top_charge,
                              .value_format = money_format(b->teams.total_cents),
                              .row = ROW_CHARTS,
                              .column = RIGHT,
                              .width = CHART_WIDTH,
                              .height = CHART_HEIGHT};
    tb_xlsx_chart(p->s, &c);
}

/* --- lists --------------------------------------------------------------------------------------------------- */

static void heading(struct page *p, int column, int last, const char *text)
{
    tb_xlsx_merge(p->s, ROW_LISTS, column, ROW_LISTS, last, TB_XS_HEADING, tb_str_of(text));
}

static int write_todo(struct page *p, int row, bool warn, const char *text, const char *sheet)
{
    tb_xlsx_text(p->s, row, 0, (warn ? TB_XS_WARN : TB_XS_GOOD) | TB_XS_BOLD | TB_XS_CENTER,
                 warn ? TB_STR("Warning") : TB_STR("OK"));
    tb_xlsx_merge(p->s, row, 1, row, LEFT_LAST - 1, TB_XS_TEXT, tb_str_of(text));
    if (sheet != NULL) {
        tb_xlsx_link(p->s, row, LEFT_LAST, TB_XS_RIGHT, sheet, sheet);
    }
    return row + 1;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static int write_todos(struct page *p)
{
    const struct tb_workbook_book *b = p->b;
    char text[160];
    int row = ROW_LISTS + 1;
    heading(p, 0, LEFT_LAST, "Needs a decision");
    if (b->todo.anomalies > 0) {
        snprintf(text, sizeof text, "%" PRId64 " anomal%s to decide on, %" PRId64 " of them critical",
                 b->todo.anomalies, b->todo.anomalies == 1 ? "y" : "ies", b->todo.critical);
        row = write_todo(p, row, true, text, TB_SHEET_ANOMALIES);
    }
    if (b->todo.unpriced_models > 0) {
        snprintf(text, sizeof text,
                 "%" PRId64 " model%s without a price: %" PRId64 " request%s not charged yet",
                 b->todo.unpriced_models, plural(b->todo.unpriced_models), b->todo.unpriced_requests,
                 plural(b->todo.unpriced_requests));
        row = write_todo(p, row, true, text, TB_SHEET_UNMAPPED);
    }
    if (b->todo.unassigned_consumers > 0) {
        snprintf(text, sizeof text, "%" PRId64 " consumer%s without an account, charged to (unassigned)",
                 b->todo.unassigned_consumers, plural(b->todo.unassigned_consumers));
        row = write_todo(p, row, true, text, TB_SHEET_UNMAPPED);
    }
    if (b->todo.rejected > 0) {
        snprintf(text, sizeof text, "%" PRId64 " line%s could not be read: usage in them is not charged",
                 b->todo.rejected, plural(b->todo.rejected));
        row = write_todo(p, row, true, text, TB_SHEET_REJECTS);
    }
    if (b->todo.incomplete > 0) {
        snprintf(text, sizeof text,
                 "%" PRId64 " file%s incomplete: what comes behind the damage is not charged",
                 b->todo.incomplete, b->todo.incomplete == 1 ? " is" : "s are");
        row = write_todo(p, row, true, text, TB_SHEET_REJECTS);
    }
    if (b->todo.missing > 0) {
        snprintf(text, sizeof text, "%" PRId64 " expected input%s missing: that usage is not charged yet",
                 b->todo.missing, b->todo.missing == 1 ? " is" : "s are");
        row = write_todo(p, row, true, text, TB_SHEET_CHECKS);
    }
    return row == ROW_LISTS + 1 ? write_todo(p, row, false, "Nothing needs a decision", NULL) : row;
}

static int write_controls(struct page *p)
{
    const struct tb_workbook_book *b = p->b;
    const struct tb_report *r = b->w->chargeback;
    bool good = b->todo.agree == b->todo.controls;
    char text[256];
    int row = ROW_LISTS + 1, last = COLUMNS - 1;
    heading(p, RIGHT, last, "Controls");
    tb_xlsx_text(p->s, row, RIGHT, (good ? TB_XS_GOOD : TB_XS_BAD) | TB_XS_BOLD | TB_XS_CENTER,
                 good ? TB_STR("OK") : TB_STR("Critical"));
    snprintf(text, sizeof text, "%" PRId64 " of %" PRId64 " agree", b->todo.agree, b->todo.controls);
    tb_xlsx_merge(p->s, row, RIGHT + 1, row, last - 1, TB_XS_BOLD, tb_str_of(text));
    tb_xlsx_link(p->s, row++, last, TB_XS_RIGHT, TB_SHEET_CHECKS, TB_SHEET_CHECKS);
    if (b->todo.notes > 0) {
        snprintf(text, sizeof text, "%" PRId64 " more note%s what is unusual, for information", b->todo.notes,
                 b->todo.notes == 1 ? "s" : "");
        tb_xlsx_merge(p->s, row, RIGHT + 1, row, last, TB_XS_TEXT, tb_str_of(text));
        row++;
    }
    snprintf(text, sizeof text,
             "Intake: %" PRId64 " lines of %" PRId64 " files = %" PRId64 " events + %" PRId64
             " duplicates + %" PRId64 " conflicts + %" PRId64 " ignored + %" PRId64 " rejected",
             tb_workbook_int(r, "intake", "lines"), tb_workbook_int(r, "intake", "files"),
             tb_workbook_int(r, "intake", "events"), tb_workbook_int(r, "intake", "duplicates"),
             tb_workbook_int(r, "intake", "conflicts"), tb_workbook_int(r, "intake", "ignored"),
             tb_workbook_int(r, "intake", "rejected"));
    tb_xlsx_merge(p->s, row, RIGHT + 1, row + 1, last, TB_XS_WRAP | TB_XS_MUTED, tb_str_of(text));
    return row + 2;
}

void tb_workbook_summary(struct tb_workbook_book *b)
{
    struct page p = {.b = b, .s = b->summary, .weekday = weekdays[tb_day_weekday(b->w->q->from_day)]};
    for (int i = 0; i < COLUMNS; i++) {
        tb_xlsx_width(p.s, i, i % TILE_COLUMNS == TILE_COLUMNS - 1 ? GAP_PLACES : COLUMN_PLACES);
    }
    if (b->teams.last >= b->teams.first) {
        tb_xlsx_range(TB_SHEET_CHARGEBACK, b->teams.first, b->teams.charge, b->teams.last, b->teams.charge,
                      p.charge);
    }
    write_head(&p);
    write_tiles(&p);
    write_days_chart(&p);
    write_teams_chart(&p);
    int left = write_todos(&p), right = write_controls(&p);
    tb_xlsx_one_page(p.s, left > right ? left : right, COLUMNS - 1);
}
