/* Summary: the one page. Every number on it is a formula that leads to its rows, with its value beside it. */
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_page.h"

enum { ROW_TITLE, ROW_STATUS, ROW_RUN, CHART_ROWS = 20, LEFT_LAST = 7, RIGHT = 9 };
#define COLUMN_PLACES 11.5
#define GAP_PLACES    1.2
#define CHART_WIDTH   536
#define CHART_HEIGHT  392

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

/* --- head ---------------------------------------------------------------------------------------------------- */

static void write_head(struct tb_workbook_page *p)
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

/* --- charts -------------------------------------------------------------------------------------------------- */

static const char *money_format(int64_t cents_max)
{
    return cents_max < 100000 ? "#,##0.00" : "#,##0";
}

static void write_days_chart(struct tb_workbook_page *p)
{
    const struct tb_workbook_book *b = p->b;
    const struct tb_history *h = b->w->history;
    char title[64], alt[256], charge[TB_MONEY_TEXT_MAX];
    size_t n = h->n < TB_HISTORY_DAYS ? h->n : TB_HISTORY_DAYS;
    int64_t max = 0, min = 0;
    for (size_t i = h->n - n; i < h->n; i++) {
        max = h->days[i].billed_cents > max ? h->days[i].billed_cents : max;
        min = h->days[i].billed_cents < min ? h->days[i].billed_cents : min;
    }
    snprintf(title, sizeof title, "Charge per day, %s", b->w->q->settings->currency);
    snprintf(alt, sizeof alt,
             "%s: the charge of each of %zu days up to %s, which is %.*s %s. The numbers are on the "
             "sheet %s.",
             b->days.budget > 0 ? "A line, and the day's budget as a broken line" : "Columns", n, b->day,
             (int)tb_cents_format(b->teams.total_cents, charge), charge, b->w->q->settings->currency,
             TB_SHEET_TREND);
    struct tb_xlsx_chart c = {.title = title,
                              .alt = alt,
                              .sheet = TB_SHEET_TREND,
                              .first_row = b->days.last - (int)n + 1,
                              .last_row = b->days.last,
                              .category_column = b->days.label,
                              .value_column = b->days.charge,
                              .limit_column = b->days.budget,
                              .value_name = "Charge",
                              .limit_name = "Day budget",
                              .value_format = money_format(max),
                              .below_zero = min < 0,
                              .row = p->chart_row,
                              .column = 0,
                              .width = CHART_WIDTH,
                              .height = CHART_HEIGHT};
    tb_xlsx_chart(p->s, &c);
}

static void write_teams_chart(struct tb_workbook_page *p)
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
                              .below_zero = b->days.top_below_zero,
                              .row = p->chart_row,
                              .column = RIGHT,
                              .width = CHART_WIDTH,
                              .height = CHART_HEIGHT};
    tb_xlsx_chart(p->s, &c);
}

/* --- lists --------------------------------------------------------------------------------------------------- */

static void heading(struct tb_workbook_page *p, int column, int last, const char *text)
{
    tb_xlsx_merge(p->s, p->list_row, column, p->list_row, last, TB_XS_HEADING, tb_str_of(text));
}

static int write_todo(struct tb_workbook_page *p, int row, bool warn, const char *text, const char *sheet)
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

static int write_todos(struct tb_workbook_page *p)
{
    const struct tb_workbook_book *b = p->b;
    char text[160];
    int row = p->list_row + 1;
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
        snprintf(text, sizeof text, "%" PRId64 " file%s incomplete: the rest of it is not charged",
                 b->todo.incomplete, b->todo.incomplete == 1 ? " is" : "s are");
        row = write_todo(p, row, true, text, TB_SHEET_REJECTS);
    }
    if (b->todo.missing > 0) {
        snprintf(text, sizeof text, "%" PRId64 " expected input%s missing: that usage is not charged yet",
                 b->todo.missing, b->todo.missing == 1 ? " is" : "s are");
        row = write_todo(p, row, true, text, TB_SHEET_CHECKS);
    }
    return row == p->list_row + 1 ? write_todo(p, row, false, "Nothing needs a decision", NULL) : row;
}

static int write_controls(struct tb_workbook_page *p)
{
    const struct tb_workbook_book *b = p->b;
    const struct tb_report *r = b->w->chargeback;
    bool good = b->todo.agree == b->todo.controls;
    char text[256];
    int row = p->list_row + 1, last = TB_PAGE_COLUMNS - 1;
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

enum tb_status tb_workbook_summary(struct tb_workbook_book *b, struct tb_err *err)
{
    struct tb_workbook_page p = {
        .b = b, .s = b->summary, .weekday = tb_workbook_weekdays[tb_day_weekday(b->w->q->from_day)]};
    for (int i = 0; i < TB_PAGE_COLUMNS; i++) {
        bool gap = i % TB_PAGE_TILE_COLUMNS == TB_PAGE_TILE_COLUMNS - 1;
        tb_xlsx_width(p.s, i, gap ? GAP_PLACES : COLUMN_PLACES);
    }
    if (b->teams.last >= b->teams.first) {
        tb_xlsx_range(TB_SHEET_CHARGEBACK, b->teams.first, b->teams.charge, b->teams.last, b->teams.charge,
                      p.charge);
    }
    write_head(&p);
    tb_workbook_tiles(&p);
    p.list_row = p.chart_row + CHART_ROWS + 1;
    write_days_chart(&p);
    write_teams_chart(&p);
    int left = tb_workbook_causes(&p, write_todos(&p) + 1), right = write_controls(&p);
    enum tb_status st = tb_workbook_movers(&p, right + 1, RIGHT, TB_PAGE_COLUMNS - 1, &right, err);
    tb_xlsx_one_page(p.s, left > right ? left : right, TB_PAGE_COLUMNS - 1);
    return st;
}
