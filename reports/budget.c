/* Budgets as rate/budget tells them: one row per budget and period. As of the end of the asked days, or q->as_of_us. */
#include "reports/budget.h"

#include "rate/budget.h"
#include "reports/head.h"
#include "reports/nest.h"

enum {
    NAME,
    PERIOD,
    START,
    END,
    LIMIT,
    SPENT,
    REMAINING,
    USED,
    LEVEL,
    CROSSED_INFO,
    CROSSED_WARNING,
    CROSSED_CRITICAL,
    CROSSED_EXCEEDED,
    FORECAST,
    FORECAST_LOW,
    FORECAST_HIGH,
    COLUMNS
};

static const struct tb_column columns[COLUMNS] = {
    [NAME] = {"name", "Budget", TB_CELL_TEXT, true, false},
    [PERIOD] = {"period", "Period", TB_CELL_TEXT, false, false},
    [START] = {"start", "From", TB_CELL_INSTANT, false, false},
    [END] = {"end", "To", TB_CELL_INSTANT, false, false},
    [LIMIT] = {"limit", "Limit", TB_CELL_MONEY, false, false},
    [SPENT] = {"spent", "Spent", TB_CELL_MONEY, false, false},
    [REMAINING] = {"remaining", "Remaining", TB_CELL_MONEY, false, false},
    [USED] = {"used", "Used", TB_CELL_RATIO, false, false},
    [LEVEL] = {"level", "Level", TB_CELL_TEXT, false, false},
    [CROSSED_INFO] = {"crossed_info", "50 % crossed", TB_CELL_INSTANT, false, false},
    [CROSSED_WARNING] = {"crossed_warning", "75 % crossed", TB_CELL_INSTANT, false, false},
    [CROSSED_CRITICAL] = {"crossed_critical", "90 % crossed", TB_CELL_INSTANT, false, false},
    [CROSSED_EXCEEDED] = {"crossed_exceeded", "100 % reached", TB_CELL_INSTANT, false, false},
    [FORECAST] = {"forecast", "Forecast", TB_CELL_MONEY, false, false},
    [FORECAST_LOW] = {"forecast_low", "Low", TB_CELL_MONEY, false, false},
    [FORECAST_HIGH] = {"forecast_high", "High", TB_CELL_MONEY, false, false},
};

enum { H_NAME, H_PERIOD_START, H_LEVEL, H_START, H_END, H_PER_HOUR };

/* The first two name the budget's row: JSON has the hours inside it. */
static const struct tb_column hour_columns[] = {
    {"name", "Budget", TB_CELL_TEXT, true, false},
    {"start", "Period from", TB_CELL_INSTANT, false, false},
    {"level", "Level", TB_CELL_TEXT, false, false},
    {"start", "Over from", TB_CELL_INSTANT, false, false},
    {"end", "Over to", TB_CELL_INSTANT, false, false},
    {"per_hour", "Most in an hour", TB_CELL_MONEY, false, false},
};

static enum tb_status add_hours(struct tb_table *t, const struct tb_budget_out *b, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < b->hour_n; i++) {
        st = tb_table_row(t, err);
        if (st == TB_OK) {
            st = tb_table_text(t, H_NAME, b->row->name, err);
        }
        if (st == TB_OK) {
            st = tb_table_text(t, H_LEVEL, tb_str_of(tb_hour_level_names[b->hours[i].level]), err);
        }
        if (st == TB_OK) {
            tb_table_int(t, H_PERIOD_START, b->start_us);
            tb_table_int(t, H_START, b->hours[i].start_us);
            tb_table_int(t, H_END, b->hours[i].end_us);
            tb_table_money(t, H_PER_HOUR, b->hours[i].peak);
        }
    }
    return st;
}

static void set_numbers(struct tb_table *t, const struct tb_budget_out *b)
{
    tb_table_int(t, START, b->start_us);
    tb_table_int(t, END, b->end_us);
    tb_table_money(t, LIMIT, b->row->amount);
    tb_table_money(t, SPENT, b->spent);
    tb_table_money(t, REMAINING, b->remaining);
    for (size_t level = TB_LEVEL_INFO; level <= TB_LEVEL_EXCEEDED; level++) {
        if (b->crossed_us[level] != TB_TS_NONE) {
            tb_table_int(t, CROSSED_INFO + level - TB_LEVEL_INFO, b->crossed_us[level]);
        }
    }
    tb_table_money(t, FORECAST, b->forecast);
    tb_table_money(t, FORECAST_LOW, b->low);
    tb_table_money(t, FORECAST_HIGH, b->high);
}

static enum tb_status add_row(struct tb_table *t, const struct tb_budget_out *b, struct tb_err *err)
{
    char ratio[TB_MONEY_TEXT_MAX];
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, NAME, b->row->name, err);
    }
    if (st == TB_OK) {
        st = tb_table_text(t, PERIOD, tb_str_of(tb_period_names[b->row->period]), err);
    }
    if (st == TB_OK) {
        st = tb_table_text(t, LEVEL, tb_str_of(tb_level_names[b->level]), err);
    }
    if (st == TB_OK && b->row->amount != 0) {
        st = tb_table_text(t, USED, (struct tb_str){ratio, tb_ratio_format(b->spent, b->row->amount, ratio)},
                           err);
    }
    if (st == TB_OK) {
        set_numbers(t, b);
    }
    return st;
}

static enum tb_status add_rows(struct tb_report *r, struct tb_table *hours, const struct tb_budgets *b,
                               struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < b->n; i++) {
        st = add_row(r->main, &b->rows[i], err);
        if (st == TB_OK) {
            st = add_hours(hours, &b->rows[i], err);
        }
    }
    return st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    static const struct tb_nest nest = {NULL, "crossed", "hours", 2};
    struct tb_table *hours = NULL;
    struct tb_budgets budgets = {.n = 0};
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_parts_number(r, "as_of", "As of", TB_CELL_INSTANT, true,
                             q->as_of_us != 0 ? q->as_of_us : q->to_us, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "rows", "Budgets", columns, COLUMNS, &r->main, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "hours", "Hours over their limits", hour_columns,
                           sizeof hour_columns / sizeof *hour_columns, &hours, err);
    }
    if (st == TB_OK) {
        st = tb_budget_query(q->db, q->settings, q->tables, q->version, q->from_day, q->to_day,
                             q->as_of_us != 0 ? q->as_of_us : q->to_us, &budgets, err);
    }
    if (st != TB_OK) {
        return st;
    }
    st = add_rows(r, hours, &budgets, err);
    tb_budget_release(&budgets);
    if (st == TB_OK) {
        st = tb_table_sort(r->main, q->sort, q->top, err);
    }
    return st == TB_OK ? tb_nest(r, &nest, err) : st;
}

enum tb_status tb_budget_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "budget", err);
    if (st == TB_OK) {
        st = tb_head_refuse_where(q, "budget", err);
    }
    return st != TB_OK ? st : tb_head_build("budget", "Budgets", q, fill, out, err);
}
