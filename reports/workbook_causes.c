/* Why the cost changed: the change report's drivers, added up by effect, with the consumer who has most of each. */
#include <stdio.h>
#include "reports/workbook_page.h"

enum {
    AMOUNT = TB_PAGE_COLUMNS / 2 - 1,
    WHO = 3
}; /* the left half's last column, and where the consumer stands */

/* In the order of the list. */
static const struct {
    const char *effect, *words;
} causes[] = {{"volume", "Number of requests"},
              {"tokens_per_request", "Tokens per request"},
              {"price", "Prices"},
              {"mix", "Mix of models"},
              {"cache", "Use of the cache"},
              {"new", "New uses"},
              {"gone", "Uses that ended"}};

struct sum {
    tb_money amount, most;
    struct tb_str who; /* has most of it */
};

static tb_money size_of(tb_money v)
{
    return v < 0 ? -v : v;
}

/* False: nothing had this effect. */
static bool add_up(const struct tb_table *drivers, const char *effect, struct sum *out)
{
    bool any = false;
    *out = (struct sum){.amount = 0};
    for (size_t i = 0; i < tb_table_rows(drivers); i++) {
        tb_money amount = tb_workbook_cell(drivers, i, "amount")->money;
        if (!tb_str_eq(tb_workbook_text(drivers, i, "effect"), tb_str_of(effect))) {
            continue;
        }
        if (!any || size_of(amount) > size_of(out->most)) {
            out->most = amount;
            out->who = tb_workbook_text(drivers, i, "value");
        }
        out->amount += amount; /* parts of the change, which was added up without overflow */
        any = true;
    }
    return any;
}

static void write_cause(struct tb_workbook_page *p, int row, const char *words, const struct sum *sum)
{
    char who[160];
    snprintf(who, sizeof who, "most of it: %.*s", (int)(sum->who.n < 120 ? sum->who.n : 120),
             sum->who.n > 0 ? sum->who.s : "");
    tb_xlsx_merge(p->s, row, 0, row, WHO - 1, TB_XS_TEXT, tb_str_of(words));
    tb_xlsx_merge(p->s, row, WHO, row, AMOUNT - 1, TB_XS_MUTED, tb_str_of(who));
    tb_xlsx_money(p->s, row, AMOUNT, TB_XS_CHANGE, sum->amount);
}

static void write_total(struct tb_workbook_page *p, int row, int first, tb_money delta)
{
    char range[TB_XLSX_RANGE_MAX], formula[TB_XLSX_RANGE_MAX + 16];
    tb_xlsx_range(NULL, first, AMOUNT, row - 1, AMOUNT, range);
    snprintf(formula, sizeof formula, "=SUBTOTAL(109,%s)", range);
    tb_xlsx_merge(p->s, row, 0, row, AMOUNT - 1, TB_XS_BOLD,
                  TB_STR("Change of cost, before rounding to cents"));
    tb_xlsx_formula_money(p->s, row, AMOUNT, TB_XS_CHANGE | TB_XS_BOLD, formula, delta);
}

int tb_workbook_causes(struct tb_workbook_page *p, int row)
{
    const struct tb_report *change = p->b->w->change;
    const struct tb_history_day *base = tb_history_find(p->b->w->history, p->b->w->q->from_day - 7);
    char words[64], day[TB_TS_TEXT_MAX], more[96];
    if (change == NULL || base == NULL || tb_table_rows(tb_workbook_table(change, "drivers")) == 0) {
        return row;
    }
    tb_day_format(base->day, day);
    snprintf(words, sizeof words, "Why the cost changed since %s", day);
    snprintf(more, sizeof more, "More: tollbook report change --date %s --by feature (or model)", p->b->day);
    tb_xlsx_merge(p->s, row, 0, row, AMOUNT, TB_XS_HEADING, tb_str_of(words));
    int first = ++row;
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        struct sum sum;
        if (add_up(tb_workbook_table(change, "drivers"), causes[i].effect, &sum)) {
            write_cause(p, row++, causes[i].words, &sum);
        }
    }
    write_total(p, row, first, tb_workbook_cell(tb_workbook_table(change, "delta"), 0, "delta")->money);
    tb_xlsx_merge(p->s, row + 1, 0, row + 1, AMOUNT, TB_XS_MUTED, tb_str_of(more));
    return row + 2;
}
