/* The order of the sheets, and what they share. Each is filled by its own file; the Summary last, since it points to cells of
 * the others. */
#include "reports/workbook.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_parts.h"

const char *const tb_workbook_weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};

const struct tb_table *tb_workbook_table(const struct tb_report *r, const char *key)
{
    const struct tb_part *p = tb_parts_find(r, key);
    assert(p != NULL);
    return p->table;
}

const struct tb_cell *tb_workbook_cell(const struct tb_table *t, size_t row, const char *key)
{
    int i = tb_table_find(t, key);
    const struct tb_cell *c = i >= 0 ? tb_table_cell(t, row, (size_t)i) : NULL;
    return c != NULL && !c->null ? c : NULL;
}

struct tb_str tb_workbook_text(const struct tb_table *t, size_t row, const char *key)
{
    const struct tb_cell *c = tb_workbook_cell(t, row, key);
    return c != NULL ? c->text : TB_STR_NULL;
}

struct tb_str tb_workbook_text_at(const struct tb_table *t, size_t row, size_t column)
{
    const struct tb_cell *c = tb_table_cell(t, row, column);
    return c->null ? TB_STR_NULL : c->text;
}

int tb_workbook_rank(struct tb_str level)
{
    static const char *const levels[] = {"ok", "info", "warning", "critical", "exceeded", "emergency"};
    for (int i = 0; i < (int)(sizeof levels / sizeof *levels); i++) {
        if (tb_str_eq(level, tb_str_of(levels[i]))) {
            return i;
        }
    }
    return 0;
}

unsigned tb_workbook_colour(struct tb_str level)
{
    int rank = tb_workbook_rank(level);
    return rank > 2 ? TB_XS_BAD : rank == 2 ? TB_XS_WARN : rank == 1 ? 0 : TB_XS_GOOD;
}

struct tb_str tb_workbook_level(struct tb_str level)
{
    static const char *const words[] = {"OK", "Over half", "Warning", "Critical", "Over", "Emergency"};
    return tb_str_of(words[tb_workbook_rank(level)]);
}

long tb_workbook_budget_row(const struct tb_table *t, const struct tb_budget_row *row)
{
    for (size_t i = 0; row != NULL && i < tb_table_rows(t); i++) {
        if (tb_str_eq(tb_workbook_cell(t, i, "name")->text, row->name) &&
            tb_str_eq(tb_workbook_cell(t, i, "period")->text, tb_str_of(tb_period_names[row->period]))) {
            return (long)i;
        }
    }
    return -1;
}

long tb_workbook_budget_of_all(const struct tb_workbook *w, enum tb_period period)
{
    const struct tb_tables *t = w->q->tables;
    for (size_t i = 0; i < t->budget_count; i++) {
        if (t->budgets[i].dimension.s == NULL && t->budgets[i].period == period) {
            return tb_workbook_budget_row(w->budget->main, &t->budgets[i]);
        }
    }
    return -1;
}

int tb_workbook_heading(struct tb_xlsx_sheet *s, int row, int columns, const char *text)
{
    for (int i = 0; i < columns; i++) {
        tb_xlsx_text(s, row, i, TB_XS_HEADING, i == 0 ? tb_str_of(text) : TB_STR_NULL);
    }
    return row + 1;
}

struct tb_quotient tb_workbook_share(const struct tb_workbook_book *b, int64_t cents)
{
    return b->teams.total_cents > 0 ? (struct tb_quotient){cents, b->teams.total_cents}
                                    : (struct tb_quotient){0, 1};
}

int64_t tb_workbook_int(const struct tb_report *r, const char *part, const char *column)
{
    const struct tb_table *t = tb_workbook_table(r, part);
    int i = tb_table_find(t, column);
    assert(i >= 0 && tb_table_rows(t) == 1);
    const struct tb_cell *c = tb_table_cell(t, 0, (size_t)i);
    return c->null ? 0 : c->number;
}

int64_t tb_workbook_civil(const struct tb_workbook_book *b, int64_t ts_us)
{
    return ts_us + (int64_t)tb_zone_offset(b->w->q->settings->zone, ts_us) * TB_US_PER_S;
}

void tb_workbook_head(const struct tb_workbook_book *b, struct tb_xlsx_sheet *s, const char *title,
                      const char *extra)
{
    char words[512];
    int n = snprintf(words, sizeof words, "%s%s%s", b->subtitle, extra[0] != '\0' ? "; " : "", extra);
    tb_grid_title(s, title, (struct tb_str){words, (size_t)n < sizeof words ? (size_t)n : sizeof words - 1});
}

void tb_workbook_freeze(struct tb_xlsx_sheet *s, const struct tb_grid *g)
{
    if (tb_grid_lines(g) > 0) {
        tb_xlsx_freeze(s, g->header_row + 1, 1);
        tb_xlsx_repeat(s, g->header_row, g->header_row);
    }
}

static void write_subtitle(struct tb_workbook_book *b)
{
    const struct tb_report_query *q = b->w->q;
    int64_t hours = (q->to_us - q->from_us) / TB_US_PER_H;
    char odd[32] = "";
    if (hours != 24) {
        snprintf(odd, sizeof odd, " (%" PRId64 " hours)", hours);
    }
    tb_day_format(q->from_day, b->day);
    snprintf(b->subtitle, sizeof b->subtitle, "%s, %s%s, %s", b->day, tb_zone_name(q->settings->zone), odd,
             q->settings->currency);
}

static void add_sheets(struct tb_workbook_book *b)
{
    b->summary = tb_xlsx_sheet(b->x, TB_SHEET_SUMMARY, TB_TAB_READ);
    b->chargeback = tb_xlsx_sheet(b->x, TB_SHEET_CHARGEBACK, TB_TAB_READ);
    b->models = tb_xlsx_sheet(b->x, TB_SHEET_MODELS, TB_TAB_READ);
    b->trend = tb_xlsx_sheet(b->x, TB_SHEET_TREND, TB_TAB_REFERENCE);
    b->anomalies = b->w->anomalies != NULL ? tb_xlsx_sheet(b->x, TB_SHEET_ANOMALIES, TB_TAB_ACT) : NULL;
    b->budgets = tb_workbook_has_budgets(b->w) ? tb_xlsx_sheet(b->x, TB_SHEET_BUDGETS, TB_TAB_ACT) : NULL;
    b->adjustments =
        tb_workbook_has_adjustments(b->w) ? tb_xlsx_sheet(b->x, TB_SHEET_ADJUSTMENTS, TB_TAB_READ) : NULL;
    b->prices = tb_xlsx_sheet(b->x, TB_SHEET_PRICES, TB_TAB_REFERENCE);
    b->checks = tb_xlsx_sheet(b->x, TB_SHEET_CHECKS, TB_TAB_REFERENCE);
    b->rejects = tb_xlsx_sheet(b->x, TB_SHEET_REJECTS, TB_TAB_ACT);
    b->unmapped = tb_xlsx_sheet(b->x, TB_SHEET_UNMAPPED, TB_TAB_ACT);
    b->notes = tb_xlsx_sheet(b->x, TB_SHEET_NOTES, TB_TAB_REFERENCE);
}

static enum tb_status fill(struct tb_workbook_book *b, struct tb_err *err)
{
    enum tb_status st = tb_workbook_chargeback(b, err);
    if (st == TB_OK) {
        st = tb_workbook_models(b, err);
    }
    if (st == TB_OK) {
        tb_workbook_trend(b);
        tb_workbook_budgets(b);
        tb_workbook_adjustments(b);
        st = tb_workbook_anomalies(b, err);
    }
    if (st == TB_OK) {
        st = tb_workbook_prices(b, err);
    }
    if (st == TB_OK) {
        tb_workbook_checks(b);
        tb_workbook_rejects(b);
        st = tb_workbook_unmapped(b, err);
    }
    if (st == TB_OK) {
        tb_workbook_notes(b);
        st = tb_workbook_summary(b, err);
    }
    return st;
}

enum tb_status tb_workbook_write(const struct tb_workbook *w, const char *temp, struct tb_err *err)
{
    struct tb_workbook_book b = {.w = w};
    char footer[160], title[64];
    write_subtitle(&b);
    snprintf(footer, sizeof footer, "%s / run %s / revision %" PRId64, w->name, w->run_id, w->revision);
    snprintf(title, sizeof title, "LLM chargeback %s", b.day);
    struct tb_xlsx_options options = {.title = title,
                                      .subject = b.subtitle,
                                      .footer = footer,
                                      .created_us = w->q->to_us,
                                      .guard = strcmp(w->q->settings->excel_guard, "all") == 0};
    enum tb_status st = tb_xlsx_new(temp, &options, &b.x, err);
    if (st != TB_OK) {
        return st;
    }
    add_sheets(&b);
    st = fill(&b, err);
    if (st != TB_OK) {
        tb_xlsx_abandon(b.x);
        return st;
    }
    return tb_xlsx_close(b.x, err);
}
