/* Unmapped: the names behind "(unassigned)" and behind usage without a price, and what to do about them. */
#include <assert.h>
#include <stdio.h>
#include "rate/account.h"
#include "reports/workbook_parts.h"

enum { CONSUMER, SOURCE, REQUESTS, TOKENS, COST, STATUS, COLUMNS };

static const struct tb_grid_column consumers[COLUMNS] = {
    [CONSUMER] = {"Consumer", TB_XS_TEXT | TB_XS_WRAP, false, 54},
    [SOURCE] = {"Source", TB_XS_TEXT, false, 24},
    [REQUESTS] = {"Requests", TB_XS_COUNT, true, 0},
    [TOKENS] = {"Tokens", TB_XS_COUNT, true, 0},
    [COST] = {"Cost, exact", TB_XS_COST | TB_XS_BOLD, true, 0},
    [STATUS] = {"What to do", TB_XS_TEXT, false, 60},
};
static const struct tb_grid_column models[] = {
    {"Model", TB_XS_TEXT | TB_XS_WRAP, false, 54},
    {"Provider", TB_XS_TEXT, false, 24},
    {"Requests", TB_XS_COUNT, true, 0},
    {"Tokens", TB_XS_COUNT, true, 0},
};

struct unassigned {
    struct tb_str consumer, source;
    int64_t requests, tokens;
    tb_money cost;
    bool unpriced;
};

static int64_t tokens_of(const struct tb_table *t, size_t row)
{
    int64_t sum = 0;
    for (int i = TB_LINE_INPUT; i <= TB_LINE_OUTPUT; i++) {
        sum += tb_table_cell(t, row, (size_t)i)->number;
    }
    return sum;
}

static void write_consumer(struct tb_workbook_book *b, struct tb_grid *g, const struct unassigned *u)
{
    tb_grid_row(g);
    tb_grid_text(g, CONSUMER, 0, u->consumer.n > 0 ? u->consumer : TB_STR("(none)"));
    tb_grid_text(g, SOURCE, 0, u->source);
    tb_grid_count(g, REQUESTS, u->requests);
    tb_grid_count(g, TOKENS, u->tokens);
    tb_grid_money(g, COST, u->cost);
    tb_grid_text(g, STATUS, TB_XS_WARN,
                 u->unpriced ? TB_STR("Add to accounts.csv; some of its usage has no price")
                             : TB_STR("Add to accounts.csv"));
    b->todo.unassigned_consumers++;
}

/* Lines are sorted by team, cost centre, consumer, source: those of a consumer stand together. */
static enum tb_status write_consumers(struct tb_workbook_book *b, struct tb_grid *g, struct tb_err *err)
{
    const struct tb_table *t = tb_workbook_table(b->w->chargeback, "lines");
    struct unassigned u = {.requests = 0};
    bool open = false;
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        if (!tb_str_eq(tb_workbook_text_at(t, i, TB_LINE_TEAM), TB_STR(TB_TEAM_UNASSIGNED))) {
            continue;
        }
        struct tb_str consumer = tb_workbook_text_at(t, i, TB_LINE_CONSUMER),
                      source = tb_workbook_text_at(t, i, TB_LINE_SOURCE);
        if (open && !(tb_str_eq(u.consumer, consumer) && tb_str_eq(u.source, source))) {
            write_consumer(b, g, &u);
            open = false;
        }
        if (!open) {
            u = (struct unassigned){.consumer = consumer, .source = source};
            open = true;
        }
        const struct tb_cell *cost = tb_table_cell(t, i, TB_LINE_COST);
        u.requests += tb_table_cell(t, i, TB_LINE_REQUESTS)->number;
        u.tokens += tokens_of(t, i);
        u.unpriced = u.unpriced || cost->null;
        if (!cost->null && !tb_money_add(u.cost, cost->money, &u.cost)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the cost of an unassigned consumer is out of range");
        }
    }
    if (open) {
        write_consumer(b, g, &u);
    }
    return TB_OK;
}

static void write_models(struct tb_workbook_book *b, struct tb_grid *g)
{
    const struct tb_table *t = tb_workbook_table(b->w->chargeback, "unpriced");
    int provider = tb_table_find(t, "provider"), model = tb_table_find(t, "model");
    int requests = tb_table_find(t, "requests"), tokens = tb_table_find(t, "tokens");
    assert(provider >= 0 && model >= 0 && requests >= 0 && tokens >= 0);
    for (size_t i = 0; i < tb_table_rows(t); i++) {
        struct tb_str name = tb_workbook_text_at(t, i, (size_t)model),
                      from = tb_workbook_text_at(t, i, (size_t)provider);
        tb_grid_row(g);
        tb_grid_text(g, 0, TB_XS_WARN, name.s != NULL ? name : TB_STR("(none)"));
        tb_grid_text(g, 1, 0, from.s != NULL ? from : TB_STR("(none)"));
        tb_grid_count(g, 2, tb_table_cell(t, i, (size_t)requests)->number);
        tb_grid_count(g, 3, tb_table_cell(t, i, (size_t)tokens)->number);
        b->todo.unpriced_models++;
        b->todo.unpriced_requests += tb_table_cell(t, i, (size_t)requests)->number;
    }
}

enum tb_status tb_workbook_unmapped(struct tb_workbook_book *b, struct tb_err *err)
{
    struct tb_grid g;
    tb_workbook_head(b, b->unmapped, "Unmapped consumers and models",
                     "charged to (unassigned), or not at all, until they are named");
    tb_grid_begin(&g, b->unmapped, 3, consumers, COLUMNS, TB_WORKBOOK_LINES_MAX);
    enum tb_status st = write_consumers(b, &g, err);
    if (st != TB_OK) {
        return st;
    }
    int row = tb_grid_end(&g, "UnassignedConsumers", "OK: every consumer has an account.",
                          "tollbook report chargeback");
    row = tb_workbook_heading(b->unmapped, row, COLUMNS,
                              "Models without a price: add them to prices.csv, then run again");
    tb_grid_begin(&g, b->unmapped, row, models, 4, TB_WORKBOOK_LINES_MAX);
    write_models(b, &g);
    tb_grid_end(&g, "UnpricedModels", "OK: every model that was used has a price.",
                "tollbook report chargeback");
    tb_xlsx_freeze(b->unmapped, 2, 1);
    return TB_OK;
}
