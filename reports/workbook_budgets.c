/* Budgets: what is spent and left, and how the period will end; quotas that were used up or nearly so; what each one should get
 * tomorrow. The sheet is there when the tables have budgets or quotas. */
#include <inttypes.h>
#include <stdio.h>
#include "reports/workbook_parts.h"

static void put_money(struct tb_grid *g, int column, const struct tb_cell *c)
{
    if (c != NULL && c->type == TB_CELL_MONEY) {
        tb_grid_money(g, column, c->money);
    } else if (c != NULL && c->type == TB_CELL_CENTS) {
        tb_grid_money(g, column, tb_money_of_cents(c->number));
    }
}

static void put_instant(const struct tb_workbook_book *b, struct tb_grid *g, int column,
                        const struct tb_cell *c)
{
    if (c != NULL) {
        tb_grid_instant(g, column, tb_workbook_civil(b, c->number));
    }
}

/* Tokens, requests or money: one column holds all of them, each in its own format. */
static void put_amount(struct tb_grid *g, int column, const struct tb_cell *c)
{
    if (c == NULL) {
        tb_grid_text(g, column, TB_XS_MUTED, TB_STR("unlimited"));
    } else if (c->type == TB_CELL_MONEY) {
        tb_grid_money_as(g, column, TB_XS_MONEY, c->money);
    } else {
        tb_grid_count_as(g, column, TB_XS_COUNT, c->number);
    }
}

static tb_money amount_of(const struct tb_cell *c)
{
    return c->type == TB_CELL_MONEY ? c->money : (tb_money)c->number;
}

static void put_share(struct tb_grid *g, int column, const struct tb_cell *used, const struct tb_cell *limit)
{
    char text[TB_MONEY_TEXT_MAX];
    if (used != NULL && limit != NULL && amount_of(limit) > 0) {
        size_t n = tb_ratio_format(amount_of(used), amount_of(limit), text);
        tb_grid_decimal(g, column, (struct tb_str){text, n});
    }
}

static void put_level(struct tb_grid *g, int column, struct tb_str level)
{
    tb_grid_text(g, column, tb_workbook_colour(level), tb_workbook_level(level));
}

enum {
    B_NAME,
    B_PERIOD,
    B_FROM,
    B_LIMIT,
    B_SPENT,
    B_LEFT,
    B_USED,
    B_LEVEL,
    B_EXCEEDED,
    B_FORECAST,
    B_LOW,
    B_HIGH,
    B_COLUMNS
};

static const struct tb_grid_column budget_columns[B_COLUMNS] = {
    [B_NAME] = {"Budget", TB_XS_TEXT | TB_XS_WRAP, false, 30},
    [B_PERIOD] = {"Period", TB_XS_TEXT, false, 0},
    [B_FROM] = {"Period from", TB_XS_INSTANT, false, 0},
    [B_LIMIT] = {"Limit", TB_XS_MONEY, false, 0},
    [B_SPENT] = {"Spent", TB_XS_MONEY, false, 0},
    [B_LEFT] = {"Remaining", TB_XS_MONEY, false, 0},
    [B_USED] = {"Used", TB_XS_PERCENT, false, 0},
    [B_LEVEL] = {"Status", TB_XS_TEXT, false, 0},
    [B_EXCEEDED] = {"Used up at", TB_XS_INSTANT, false, 0},
    [B_FORECAST] = {"Forecast", TB_XS_MONEY, false, 0},
    [B_LOW] = {"Forecast, low", TB_XS_MONEY, false, 0},
    [B_HIGH] = {"Forecast, high", TB_XS_MONEY, false, 0},
};

static void write_budgets(const struct tb_workbook_book *b, struct tb_grid *g, const struct tb_table *t)
{
    static const struct {
        int column;
        const char *key;
    } money[] = {{B_LIMIT, "limit"},       {B_SPENT, "spent"},      {B_LEFT, "remaining"},
                 {B_FORECAST, "forecast"}, {B_LOW, "forecast_low"}, {B_HIGH, "forecast_high"}};
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        const struct tb_cell *used = tb_workbook_cell(t, i, "used");
        tb_grid_row(g);
        tb_grid_text(g, B_NAME, 0, tb_workbook_text(t, i, "name"));
        tb_grid_text(g, B_PERIOD, 0, tb_workbook_text(t, i, "period"));
        put_instant(b, g, B_FROM, tb_workbook_cell(t, i, "start"));
        if (used != NULL) {
            tb_grid_decimal(g, B_USED, used->text);
        }
        put_level(g, B_LEVEL, tb_workbook_text(t, i, "level"));
        put_instant(b, g, B_EXCEEDED, tb_workbook_cell(t, i, "crossed_exceeded"));
        for (size_t k = 0; k < sizeof money / sizeof *money; k++) {
            put_money(g, money[k].column, tb_workbook_cell(t, i, money[k].key));
        }
    }
}

enum {
    Q_CONSUMER,
    Q_TIER,
    Q_MEASURE,
    Q_WINDOW,
    Q_NODE,
    Q_LIMIT,
    Q_USED,
    Q_SHARE,
    Q_LEVEL,
    Q_AT,
    Q_AFTER,
    Q_COST,
    Q_REFUSED,
    Q_COLUMNS
};

static const struct tb_grid_column quota_columns[Q_COLUMNS] = {
    [Q_CONSUMER] = {"Consumer", TB_XS_TEXT | TB_XS_WRAP, false, 30},
    [Q_TIER] = {"Tier", TB_XS_TEXT, false, 0},
    [Q_MEASURE] = {"Measure", TB_XS_TEXT, false, 0},
    [Q_WINDOW] = {"Window", TB_XS_TEXT, false, 0},
    [Q_NODE] = {"Node", TB_XS_TEXT, false, 0},
    [Q_LIMIT] = {"Quota", TB_XS_COUNT, false, 0}, /* or money */
    [Q_USED] = {"Used", TB_XS_COUNT, false, 0},
    [Q_SHARE] = {"Used, of quota", TB_XS_PERCENT, false, 0},
    [Q_LEVEL] = {"Status", TB_XS_TEXT, false, 0},
    [Q_AT] = {"Used up at", TB_XS_INSTANT, false, 0},
    [Q_AFTER] = {"Requests after", TB_XS_COUNT, false, 0},
    [Q_COST] = {"Cost after", TB_XS_COST, false, 0},
    [Q_REFUSED] = {"Refused (429)", TB_XS_COUNT, false, 0},
};

static void write_quotas(const struct tb_workbook_book *b, struct tb_grid *g, const struct tb_table *t)
{
    static const struct {
        int column;
        const char *key;
    } texts[] = {{Q_CONSUMER, "consumer"},
                 {Q_TIER, "tier"},
                 {Q_MEASURE, "measure"},
                 {Q_WINDOW, "window"},
                 {Q_NODE, "node"}};
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        struct tb_str level = tb_workbook_text(t, i, "level");
        if (tb_str_eq(level, TB_STR("ok"))) {
            continue;
        }
        tb_grid_row(g);
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            tb_grid_text(g, texts[k].column, 0, tb_workbook_text(t, i, texts[k].key));
        }
        put_amount(g, Q_LIMIT, tb_workbook_cell(t, i, "limit"));
        put_amount(g, Q_USED, tb_workbook_cell(t, i, "used"));
        put_share(g, Q_SHARE, tb_workbook_cell(t, i, "used"), tb_workbook_cell(t, i, "limit"));
        put_level(g, Q_LEVEL, level);
        put_instant(b, g, Q_AT, tb_workbook_cell(t, i, "exhausted_at"));
        tb_grid_count(g, Q_AFTER, tb_workbook_cell(t, i, "requests_after")->number);
        put_money(g, Q_COST, tb_workbook_cell(t, i, "cost_after"));
        tb_grid_count(g, Q_REFUSED, tb_workbook_cell(t, i, "refused")->number);
    }
}

enum { P_KEY, P_NAME, P_PERIOD, P_AVERAGE, P_AMOUNT, P_REASON, P_COLUMNS };

static const struct tb_grid_column plan_columns[P_COLUMNS] = {
    [P_KEY] = {"For", TB_XS_TEXT | TB_XS_WRAP, false, 30},
    [P_NAME] = {"Plan", TB_XS_TEXT, false, 24},
    [P_PERIOD] = {"Period", TB_XS_TEXT, false, 0},
    [P_AVERAGE] = {"Average a day", TB_XS_COST, false, 0},
    [P_AMOUNT] = {"Proposed", TB_XS_MONEY | TB_XS_BOLD, false, 0},
    [P_REASON] = {"Why", TB_XS_TEXT, false, 10}, /* runs over: nothing stands right of it */
};

/* A budget's amounts are those of its own period: a month's is no proposal for one day. */
static struct tb_str period_of(const struct tb_workbook *w, struct tb_str name)
{
    const struct tb_tables *t = w->q->tables;
    for (size_t i = 0; i < t->budget_count; i++) {
        if (tb_str_eq(t->budgets[i].name, name)) {
            return tb_str_of(tb_period_names[t->budgets[i].period]);
        }
    }
    return TB_STR_NULL;
}

static void write_allocation(struct tb_grid *g, const struct tb_table *t, size_t i, struct tb_str period)
{
    struct tb_str key = tb_workbook_text(t, i, "key");
    tb_grid_row(g);
    tb_grid_text(g, P_NAME, 0, tb_workbook_text(t, i, "name"));
    tb_grid_text(g, P_KEY, 0, key.s != NULL ? key : TB_STR("(none)"));
    tb_grid_text(g, P_PERIOD, 0, period);
    put_money(g, P_AVERAGE, tb_workbook_cell(t, i, "average"));
    put_money(g, P_AMOUNT, tb_workbook_cell(t, i, "amount"));
    tb_grid_text(g, P_REASON, 0, tb_workbook_text(t, i, "reason"));
}

/* What is kept back has a line, so that the lines of a plan add up to its budget. */
static void write_reserve(struct tb_grid *g, const struct tb_table *plans, size_t i, struct tb_str period)
{
    const struct tb_cell *reserve = tb_workbook_cell(plans, i, "reserve");
    if (reserve == NULL || reserve->money == 0) {
        return;
    }
    tb_grid_row(g);
    tb_grid_text(g, P_NAME, 0, tb_workbook_text(plans, i, "name"));
    tb_grid_text(g, P_KEY, 0, TB_STR("(reserve)"));
    tb_grid_text(g, P_PERIOD, 0, period);
    tb_grid_money(g, P_AMOUNT, reserve->money);
    tb_grid_text(g, P_REASON, 0, TB_STR("kept back by the budget"));
}

static void write_plans(const struct tb_workbook *w, struct tb_grid *g)
{
    const struct tb_table *plans = tb_workbook_table(w->plan, "plans");
    const struct tb_table *t = w->plan->main;
    size_t next = 0;
    for (size_t i = 0; i < tb_table_rows(plans); i++) {
        struct tb_str name = tb_workbook_text(plans, i, "name");
        struct tb_str period = period_of(w, name);
        while (next < tb_table_rows(t) && tb_str_eq(tb_workbook_text(t, next, "name"), name)) {
            write_allocation(g, t, next++, period);
        }
        write_reserve(g, plans, i, period);
    }
}

bool tb_workbook_has_budgets(const struct tb_workbook *w)
{
    return (w->budget != NULL && tb_table_rows(w->budget->main) > 0) ||
           (w->quota != NULL && tb_table_rows(w->quota->main) > 0);
}

/* Where the Summary finds the month's budget for everything. */
static void note_month(struct tb_workbook_book *b, const struct tb_grid *g)
{
    b->month.row = tb_workbook_budget_of_all(b->w, TB_PERIOD_MONTH);
    b->month.line = g->header_row + 1 + (int)b->month.row;
    b->month.used = B_USED;
    b->month.forecast = B_FORECAST;
}

void tb_workbook_budgets(struct tb_workbook_book *b)
{
    struct tb_grid g;
    const struct tb_workbook *w = b->w;
    int row = 3;
    b->month.row = -1;
    if (b->budgets == NULL) {
        return;
    }
    tb_workbook_head(
        b, b->budgets, "Budgets, quotas and tomorrow's plan",
        "as of the end of the day; quotas over half used; proposals are never applied by themselves");
    tb_grid_begin(&g, b->budgets, row, budget_columns, B_COLUMNS, TB_WORKBOOK_LINES_MAX);
    if (w->budget != NULL) {
        write_budgets(b, &g, w->budget->main);
        note_month(b, &g);
    }
    row = tb_grid_end(&g, "BudgetLines", "No budgets are configured.", "tollbook report budget");
    row = tb_workbook_heading(b->budgets, row + 1, Q_COLUMNS, "Quotas over half used");
    tb_grid_begin(&g, b->budgets, row, quota_columns, Q_COLUMNS, TB_WORKBOOK_LINES_MAX);
    if (w->quota != NULL) {
        write_quotas(b, &g, w->quota->main);
    }
    row = tb_grid_end(&g, "QuotaLines", "OK: no quota is over half used.", "tollbook report quota");
    row = tb_workbook_heading(b->budgets, row + 1, P_COLUMNS, "Proposed from the next day on");
    tb_grid_begin(&g, b->budgets, row, plan_columns, P_COLUMNS, TB_WORKBOOK_LINES_MAX);
    if (w->plan != NULL) {
        write_plans(w, &g);
    }
    (void)tb_grid_end(&g, "PlanLines", "No budget is shared out.", "tollbook report plan");
    tb_xlsx_freeze(b->budgets, 2, 1);
    tb_xlsx_split(b->budgets, 1, B_EXCEEDED);
}
