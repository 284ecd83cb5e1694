/* Concept: what the sheets of one workbook share, inside workbook*.c alone: the book, the words of the subtitle, and where the
 * Summary finds what its formulas and charts point to.
 */
#ifndef TB_WORKBOOK_PARTS_H
#define TB_WORKBOOK_PARTS_H

#include "reports/shape.h"
#include "reports/workbook.h"
#include "reports/writer/xlsx_grid.h"

#define TB_WORKBOOK_LINES_MAX 100000 /* of a sheet; more are counted and announced */

/* Names of sheets: also the targets of links. */
#define TB_SHEET_SUMMARY     "Summary"
#define TB_SHEET_CHARGEBACK  "Chargeback"
#define TB_SHEET_MODELS      "By model"
#define TB_SHEET_TREND       "Trend"
#define TB_SHEET_ANOMALIES   "Anomalies"
#define TB_SHEET_BUDGETS     "Budgets"
#define TB_SHEET_ADJUSTMENTS "Adjustments"
#define TB_SHEET_PRICES      "Prices"
#define TB_SHEET_CHECKS      "Checks"
#define TB_SHEET_REJECTS     "Rejects"
#define TB_SHEET_UNMAPPED    "Unmapped"
#define TB_SHEET_NOTES       "Notes"

struct tb_workbook_book {
    const struct tb_workbook *w;
    struct tb_xlsx *x;
    struct tb_xlsx_sheet *summary, *chargeback, *models, *trend, *prices, *checks, *rejects, *unmapped,
        *notes;
    struct tb_xlsx_sheet *anomalies;   /* NULL: not looked for */
    struct tb_xlsx_sheet *budgets;     /* NULL: neither budgets nor quotas */
    struct tb_xlsx_sheet *adjustments; /* NULL: none */
    char day[TB_TS_TEXT_MAX];
    char subtitle[256];                        /* "2026-03-29, Europe/Berlin (23 hours), USD" */
    struct {                                   /* cells of Chargeback; last < first: no lines */
        int first, last, charge, month;        /* rows; columns */
        int unassigned_first, unassigned_last; /* rows; last < first: none */
        int64_t unassigned_cents, total_cents;
    } teams;
    struct {                                           /* cells of Trend */
        int first, last, label, charge;                /* one row per day; the last is the pack's own */
        int budget;                                    /* column of the day's budget; 0: none */
        int top_first, top_last, top_name, top_charge; /* the largest teams */
        bool top_below_zero;                           /* one of them got more back than it was charged */
    } days;
    struct {                      /* cells of Budgets: the month's budget for everything */
        long row;                 /* of the budget report; -1: there is none */
        int line, used, forecast; /* row; columns */
    } month;
    struct { /* what wants a decision */
        int64_t unassigned_consumers, unpriced_models, unpriced_requests, rejected, incomplete, missing;
        int64_t anomalies, critical, small; /* of warning and above; of critical; less than min_excess */
        int64_t controls, agree, notes;     /* notes: informative controls that differ */
    } todo;
};

/* The part's table; asserts that it is there. */
const struct tb_table *tb_workbook_table(const struct tb_report *r, const char *key);
/* The cell of a column by its key; NULL: no such column, or null there. Its text; TB_STR_NULL likewise. */
const struct tb_cell *tb_workbook_cell(const struct tb_table *t, size_t row, const char *key);
struct tb_str tb_workbook_text(const struct tb_table *t, size_t row, const char *key);
/* The same by the column's place. */
struct tb_str tb_workbook_text_at(const struct tb_table *t, size_t row, size_t column);
/* A level or severity of the reports: its rank (0: ok), and its colour, which a word always stands beside. */
int tb_workbook_rank(struct tb_str level);
unsigned tb_workbook_colour(struct tb_str level);
/* The word for a budget's or quota's level: "OK", "Over half", "Warning", "Critical", "Over". */
struct tb_str tb_workbook_level(struct tb_str level);
/* Of the day's charge; 0 where nothing was charged. */
struct tb_quotient tb_workbook_share(const struct tb_workbook_book *b, int64_t cents);
int64_t tb_workbook_int(const struct tb_report *r, const char *part,
                        const char *column); /* of an object; 0 for null */

/* An instant as the civil time of the billing zone, for tb_xlsx_instant. */
int64_t tb_workbook_civil(const struct tb_workbook_book *b, int64_t ts_us);

/* Title and subtitle, rows 0 and 1; extra: further words of the subtitle, or "". */
void tb_workbook_head(const struct tb_workbook_book *b, struct tb_xlsx_sheet *s, const char *title,
                      const char *extra);

/* The row of the budget report that tells of a configured budget, or -1. */
long tb_workbook_budget_row(const struct tb_table *t, const struct tb_budget_row *row);
/* The same of the first budget for everything with this period. */
long tb_workbook_budget_of_all(const struct tb_workbook *w, enum tb_period period);
extern const char *const tb_workbook_weekdays[]; /* of tb_day_weekday */

/* The heading of a further block, over so many columns; returns the row below. */
int tb_workbook_heading(struct tb_xlsx_sheet *s, int row, int columns, const char *text);

/* A header below row, frozen with the first column and repeated on every page. */
void tb_workbook_freeze(struct tb_xlsx_sheet *s, const struct tb_grid *g);

enum tb_status tb_workbook_chargeback(struct tb_workbook_book *b, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_workbook_models(struct tb_workbook_book *b, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_workbook_prices(struct tb_workbook_book *b, struct tb_err *err) TB_MUST_USE;
void tb_workbook_trend(struct tb_workbook_book *b);
void tb_workbook_checks(struct tb_workbook_book *b);
void tb_workbook_rejects(struct tb_workbook_book *b);
enum tb_status tb_workbook_unmapped(struct tb_workbook_book *b, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_workbook_anomalies(struct tb_workbook_book *b, struct tb_err *err) TB_MUST_USE;
bool tb_workbook_has_budgets(const struct tb_workbook *w);
void tb_workbook_budgets(struct tb_workbook_book *b);
bool tb_workbook_has_adjustments(const struct tb_workbook *w);
void tb_workbook_adjustments(struct tb_workbook_book *b);
void tb_workbook_notes(struct tb_workbook_book *b);
enum tb_status tb_workbook_summary(struct tb_workbook_book *b,
                                   struct tb_err *err) TB_MUST_USE; /* last: it points to the others */

#endif
