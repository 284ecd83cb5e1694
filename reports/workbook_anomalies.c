/* Anomalies: what wants a decision, each with the sentence that tells it, what to do, and room for what was decided; then what cost
 * less than is worth a line of that list. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "reports/workbook_parts.h"

enum {
    ID,
    SEVERITY,
    KIND,
    TEAM,
    CONSUMER,
    FROM,
    TO,
    OBSERVED,
    EXPECTED,
    COST,
    EVIDENCE,
    ACTION,
    OWNER,
    DECISION,
    COMMENT,
    COLUMNS
};

static const struct tb_grid_column columns[COLUMNS] = {
    [ID] = {"Finding", TB_XS_TEXT, false, 20},
    [SEVERITY] = {"Severity", TB_XS_TEXT, false, 12},
    [KIND] = {"Kind", TB_XS_TEXT, false, 20},
    [TEAM] = {"Team", TB_XS_TEXT | TB_XS_WRAP, false, 18},
    [CONSUMER] = {"Consumer", TB_XS_TEXT | TB_XS_WRAP, false, 22},
    [FROM] = {"From", TB_XS_INSTANT, false, 0},
    [TO] = {"To", TB_XS_INSTANT, false, 0},
    [OBSERVED] = {"Observed", TB_XS_DECIMAL, false, 12},
    [EXPECTED] = {"Expected", TB_XS_DECIMAL, false, 12},
    [COST] = {"Cost at stake", TB_XS_MONEY, false, 0},
    [EVIDENCE] = {"Evidence", TB_XS_TEXT | TB_XS_WRAP, false, 64},
    [ACTION] = {"What to do", TB_XS_TEXT | TB_XS_WRAP, false, 36},
    [OWNER] = {"Owner", TB_XS_TEXT | TB_XS_WRAP, false, 18},
    [DECISION] = {"Decision", TB_XS_TEXT, false, 12},
    [COMMENT] = {"Comment", TB_XS_TEXT, false, 20},
};

#define HEADER_ROW 3 /* of both lists: the second has the same columns */

static const char *const decisions[] = {"accept", "dispute", "credit", NULL};

static bool is_listed(const struct tb_table *t, size_t row)
{
    const struct tb_cell *c = tb_workbook_cell(t, row, "listed");
    return c != NULL && c->number != 0;
}

/* Ratios, counts and money stand in one column: as the report has them, with six decimals at most. */
static void put_ratio(struct tb_grid *g, int column, const struct tb_cell *c)
{
    if (c != NULL && c->text.n > 0) {
        tb_grid_decimal(g, column, c->text);
    } else {
        tb_grid_blank(g, column);
    }
}

static void write_row(const struct tb_workbook_book *b, struct tb_grid *g, const struct tb_table *t, size_t i)
{
    static const struct {
        int column;
        const char *key;
    } texts[] = {
        {ID, "id"},         {KIND, "kind"},   {TEAM, "team"}, {CONSUMER, "consumer"}, {EVIDENCE, "evidence"},
        {ACTION, "action"}, {OWNER, "owner"}, {DECISION, ""}, {COMMENT, ""}};
    struct tb_str severity = tb_workbook_text(t, i, "severity");
    tb_grid_row(g);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        tb_grid_text(g, texts[k].column, 0, tb_workbook_text(t, i, texts[k].key));
    }
    tb_grid_text(g, SEVERITY, tb_workbook_colour(severity), severity);
    tb_grid_instant(g, FROM, tb_workbook_civil(b, tb_workbook_cell(t, i, "start")->number));
    tb_grid_instant(g, TO, tb_workbook_civil(b, tb_workbook_cell(t, i, "end")->number));
    put_ratio(g, OBSERVED, tb_workbook_cell(t, i, "observed"));
    put_ratio(g, EXPECTED, tb_workbook_cell(t, i, "expected"));
    tb_grid_money(g, COST, tb_workbook_cell(t, i, "cost")->money);
}

/* The gravest first, of equal ones the dearest. */
static int by_weight(const void *a, const void *b, void *ctx)
{
    const struct tb_table *t = ctx;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int x = tb_workbook_rank(tb_workbook_text(t, i, "severity")),
        y = tb_workbook_rank(tb_workbook_text(t, k, "severity"));
    tb_money p = tb_workbook_cell(t, i, "cost")->money, q = tb_workbook_cell(t, k, "cost")->money;
    return x != y ? y - x : p != q ? (p > q ? -1 : 1) : i < k ? -1 : i > k;
}

/* Row numbers in the order of the sheet; NULL: no memory. */
static size_t *in_order(const struct tb_table *t)
{
    size_t n = tb_table_rows(t), *order = calloc(n + 1, sizeof *order);
    for (size_t i = 0; order != NULL && i < n; i++) {
        order[i] = i;
    }
    if (order != NULL) {
        qsort_r(order, n, sizeof *order, by_weight, (void *)(uintptr_t)t);
    }
    return order;
}

static int write_block(struct tb_workbook_book *b, const size_t *order, int row, bool listed,
                       const char *table, const char *empty)
{
    struct tb_grid g;
    const struct tb_table *t = b->w->anomalies->main;
    tb_grid_begin(&g, b->anomalies, row, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        if (is_listed(t, order[i]) == listed) {
            write_row(b, &g, t, order[i]);
        }
    }
    if (tb_grid_lines(&g) > 0) {
        tb_xlsx_choice(b->anomalies, g.header_row + 1, g.row, DECISION, decisions);
    }
    return tb_grid_end(&g, table, empty, "tollbook report anomalies");
}

/* For the Summary: what a person has to look at. */
static void count(struct tb_workbook_book *b)
{
    const struct tb_table *t = b->w->anomalies->main;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        struct tb_str severity = tb_workbook_text(t, i, "severity");
        if (is_listed(t, i) && !tb_str_eq(severity, TB_STR("info"))) {
            b->todo.anomalies++;
            b->todo.critical += !tb_str_eq(severity, TB_STR("warning"));
        }
        b->todo.small += !is_listed(t, i);
    }
}

enum tb_status tb_workbook_anomalies(struct tb_workbook_book *b, struct tb_err *err)
{
    int row = HEADER_ROW;
    if (b->anomalies == NULL) {
        return TB_OK;
    }
    size_t *order = in_order(b->w->anomalies->main);
    if (order == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the anomalies");
    }
    count(b);
    tb_workbook_head(b, b->anomalies, "Anomalies",
                     "instants of the billing zone; costs of several findings may be the same money");
    row = write_block(b, order, row, true, "AnomalyLines", "OK: nothing unusual was found.");
    if (b->todo.small > 0) {
        row = tb_workbook_heading(b->anomalies, row, COLUMNS, "Cost less than \"min_excess\"");
        (void)write_block(b, order, row, false, "AnomalyAppendix", "");
    }
    tb_xlsx_freeze(b->anomalies, HEADER_ROW + 1, 1);
    tb_xlsx_repeat(b->anomalies, HEADER_ROW, HEADER_ROW);
    tb_xlsx_split(b->anomalies, 1, EVIDENCE);
    tb_xlsx_width(b->anomalies, COMMENT, 24);
    free(order);
    return TB_OK;
}
