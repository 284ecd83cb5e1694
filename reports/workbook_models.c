/* By model: what each team used of each provider's models, and what a thousand requests cost. */
#include <stdio.h>
#include "reports/fill.h"
#include "reports/filter.h"
#include "reports/workbook_parts.h"

enum {
    TEAM,
    PROVIDER,
    MODEL,
    PRICING,
    REQUESTS,
    ERRORS,
    INPUT,
    CACHE_READ,
    WRITE_5M,
    WRITE_1H,
    OUTPUT,
    COST,
    PER_THOUSAND,
    CACHE_SHARE,
    COLUMNS
};

static const struct tb_grid_column columns[COLUMNS] = {
    [TEAM] = {"Team", TB_XS_TEXT | TB_XS_WRAP, false, 26},
    [PROVIDER] = {"Provider", TB_XS_TEXT | TB_XS_WRAP, false, 14},
    [MODEL] = {"Model", TB_XS_TEXT | TB_XS_WRAP, false, 28},
    [PRICING] = {"Priced by", TB_XS_TEXT, false, 0},
    [REQUESTS] = {"Requests", TB_XS_COUNT, true, 0},
    [ERRORS] = {"Failed", TB_XS_COUNT, true, 0},
    [INPUT] = {"Input tokens", TB_XS_COUNT, true, 0},
    [CACHE_READ] = {"Cache read tokens", TB_XS_COUNT, true, 0},
    [WRITE_5M] = {"Cache write 5 min tokens", TB_XS_COUNT, true, 0},
    [WRITE_1H] = {"Cache write 1 h tokens", TB_XS_COUNT, true, 0},
    [OUTPUT] = {"Output tokens", TB_XS_COUNT, true, 0},
    [COST] = {"Cost, exact", TB_XS_COST | TB_XS_BOLD, true, 0},
    [PER_THOUSAND] = {"Cost per 1,000 requests", TB_XS_COST, false, 0},
    [CACHE_SHARE] = {"Cache read share", TB_XS_PERCENT, false, 0},
};

/* The statement's columns. */
enum {
    Q_TEAM,
    Q_PROVIDER,
    Q_MODEL,
    Q_BASIS,
    Q_REQUESTS,
    Q_ERRORS,
    Q_INPUT,
    Q_READ,
    Q_5M,
    Q_1H,
    Q_OUTPUT,
    Q_COST
};

static void write_pricing(struct tb_grid *g, struct tb_str basis)
{
    if (tb_str_eq(basis, TB_STR("unpriced"))) {
        tb_grid_text(g, PRICING, TB_XS_WARN, TB_STR("No price"));
    } else {
        tb_grid_text(g, PRICING, 0,
                     tb_str_eq(basis, TB_STR("logged")) ? TB_STR("Gateway log") : TB_STR("Price table"));
    }
}

static void write_numbers(struct tb_grid *g, const struct tb_query *row)
{
    static const int from[] = {Q_REQUESTS, Q_ERRORS, Q_INPUT, Q_READ, Q_5M, Q_1H, Q_OUTPUT};
    for (int i = 0; i < (int)(sizeof from / sizeof *from); i++) {
        tb_grid_count(g, REQUESTS + i, tb_query_int(row, from[i]));
    }
    tb_money cost = 0, per_thousand = 0;
    int64_t requests = tb_query_int(row, Q_REQUESTS);
    if (!tb_query_money(row, Q_COST, &cost)) {
        tb_grid_text(g, COST, TB_XS_WARN, TB_STR("no price"));
        tb_grid_blank(g, PER_THOUSAND);
    } else {
        tb_grid_money(g, COST, cost);
        if (requests > 0 && tb_money_mul(cost, 1000, &per_thousand) &&
            tb_money_div(per_thousand, requests, 12, &per_thousand)) {
            tb_grid_money(g, PER_THOUSAND, per_thousand);
        } else {
            tb_grid_blank(g, PER_THOUSAND);
        }
    }
    int64_t read = tb_query_int(row, Q_READ);
    int64_t prompt = tb_query_int(row, Q_INPUT) + read + tb_query_int(row, Q_5M) + tb_query_int(row, Q_1H);
    if (prompt > 0) {
        tb_grid_quotient(g, CACHE_SHARE, (struct tb_quotient){read, prompt});
    } else {
        tb_grid_blank(g, CACHE_SHARE);
    }
}

static void write_line(struct tb_grid *g, const struct tb_query *row)
{
    tb_grid_row(g);
    tb_grid_text(g, TEAM, 0, tb_query_text(row, Q_TEAM));
    tb_grid_text(g, PROVIDER, 0, tb_query_text(row, Q_PROVIDER));
    tb_grid_text(g, MODEL, 0, tb_query_text(row, Q_MODEL));
    write_pricing(g, tb_query_text(row, Q_BASIS));
    write_numbers(g, row);
}

enum tb_status tb_workbook_models(struct tb_workbook_book *b, struct tb_err *err)
{
    struct tb_grid g;
    struct tb_filter f;
    struct tb_query *query = NULL;
    tb_workbook_head(b, b->models, "Usage and cost by team and model", "exact cost, before cents are made");
    tb_grid_begin(&g, b->models, 3, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    enum tb_status st = tb_filter_init(&f, b->w->q, err);
    if (st == TB_OK) {
        st = tb_filter_open(&f, b->w->q, "workbook_models.sql", &query, err);
    }
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        write_line(&g, query);
    }
    tb_query_close(query);
    tb_filter_release(&f);
    if (st != TB_END) {
        return st;
    }
    tb_grid_end(&g, "ModelLines", "No usage on this day.", "tollbook report usage --by team,provider,model");
    tb_workbook_freeze(b->models, &g);
    tb_xlsx_split(b->models, MODEL + 1, WRITE_5M);
    return TB_OK;
}
