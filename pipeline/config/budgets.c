/* budgets.csv: what may be spent in a period, and how tomorrow's part of it is shared out. */
#include "config/overlap.h"
#include "config/tablecell.h"
#include "config/tables.h"

enum {
    NAME,
    DIMENSION,
    MATCH,
    PERIOD,
    AMOUNT,
    RESERVE,
    ALLOCATE_BY,
    HISTORY_DAYS,
    FLOOR,
    CAP,
    HOUR_WARNING,
    HOUR_CRITICAL,
    HOUR_EMERGENCY
};
static const char *const columns[] = {"name",         "dimension",     "match",          "period", "amount",
                                      "reserve",      "allocate_by",   "history_days",   "floor",  "cap",
                                      "hour_warning", "hour_critical", "hour_emergency", NULL};
const char *const tb_period_names[] = {"day", "week", "month", NULL};

#define HISTORY_DAYS_DEFAULT 7 /* each weekday once */
#define HISTORY_DAYS_MAX     3660

static enum tb_status fill_amounts(const struct tb_tablefile *t, struct tb_budget_row *row,
                                   struct tb_err *err)
{
    bool has_reserve = false;
    enum tb_status status = tb_tablecell_money(t, AMOUNT, NULL, &row->amount, err);
    if (status == TB_OK) {
        status = tb_tablecell_money(t, RESERVE, &has_reserve, &row->reserve, err);
    }
    if (status == TB_OK && row->reserve > row->amount) {
        return tb_tablefile_complain(t, RESERVE, err,
                                     "reserve is more than amount: nothing would be left to spend");
    }
    return status;
}

static enum tb_status fill_plan(const struct tb_tablefile *t, struct tb_budget_row *row, struct tb_err *err)
{
    bool has_days = false;
    int64_t days = 0;
    int word = 0;
    enum tb_status status = TB_OK;
    row->allocate_by = TB_STR_NULL;
    if (tb_tablefile_cell(t, ALLOCATE_BY).s != NULL) {
        status = tb_tablecell_word(t, ALLOCATE_BY, tb_dimension_names, -1, &word, err);
        row->allocate_by = status == TB_OK ? tb_str_of(tb_dimension_names[word]) : TB_STR_NULL;
    }
    if (status == TB_OK) {
        status = tb_tablecell_int(t, HISTORY_DAYS, HISTORY_DAYS_MAX, &has_days, &days, err);
    }
    if (status == TB_OK && has_days && days == 0) {
        return tb_tablefile_complain(t, HISTORY_DAYS, err,
                                     "history_days is 0: a plan needs at least 1 day to go by");
    }
    row->history_days = has_days ? (int)days : HISTORY_DAYS_DEFAULT;
    if (status == TB_OK) {
        status = tb_tablecell_money(t, FLOOR, &row->has_floor, &row->floor, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_money(t, CAP, &row->has_cap, &row->cap, err);
    }
    if (status == TB_OK && row->has_floor && row->has_cap && row->floor > row->cap) {
        return tb_tablefile_complain(t, FLOOR, err, "floor is more than cap: no amount satisfies both");
    }
    if (status == TB_OK && (row->has_floor || row->has_cap) && row->allocate_by.s == NULL) {
        int column = row->has_floor ? FLOOR : CAP;
        return tb_tablefile_complain(t, column, err, "%s has nothing to hold for: set allocate_by, like team",
                                     columns[column]);
    }
    return status;
}

static enum tb_status fill_hours(const struct tb_tablefile *t, struct tb_budget_row *row, struct tb_err *err)
{
    enum tb_status status = tb_tablecell_money(t, HOUR_WARNING, &row->has_warning, &row->hour_warning, err);
    if (status == TB_OK) {
        status = tb_tablecell_money(t, HOUR_CRITICAL, &row->has_critical, &row->hour_critical, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_money(t, HOUR_EMERGENCY, &row->has_emergency, &row->hour_emergency, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (row->has_warning && row->has_critical && row->hour_warning > row->hour_critical) {
        return tb_tablefile_complain(t, HOUR_WARNING, err,
                                     "hour_warning is more than hour_critical: swap them");
    }
    if (row->has_critical && row->has_emergency && row->hour_critical > row->hour_emergency) {
        return tb_tablefile_complain(t, HOUR_CRITICAL, err,
                                     "hour_critical is more than hour_emergency: swap them");
    }
    if (row->has_warning && row->has_emergency && row->hour_warning > row->hour_emergency) {
        return tb_tablefile_complain(t, HOUR_WARNING, err,
                                     "hour_warning is more than hour_emergency: swap them");
    }
    return TB_OK;
}

static enum tb_status fill(const struct tb_tablefile *t, void *to, struct tb_err *err)
{
    struct tb_budget_row *row = to;
    int period = 0;
    row->line = tb_tablefile_line(t);
    enum tb_status status = tb_tablecell_text(t, NAME, true, &row->name, err);
    if (status == TB_OK) {
        status = tb_tablecell_dimension(t, DIMENSION, MATCH, &row->dimension, &row->match, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_word(t, PERIOD, tb_period_names, -1, &period, err);
    }
    row->period = (enum tb_period)period;
    if (status == TB_OK) {
        status = fill_amounts(t, row, err);
    }
    if (status == TB_OK) {
        status = fill_plan(t, row, err);
    }
    if (status == TB_OK) {
        status = fill_hours(t, row, err);
    }
    return status;
}

static bool same_name(const void *context, size_t a, size_t b)
{
    const struct tb_budget_row *rows = context;
    return tb_str_eq(rows[a].name, rows[b].name);
}

static enum tb_status check(const struct tb_tablefile *t, struct tb_err *err)
{
    const struct tb_budget_row *rows = (const void *)t->rows;
    struct tb_overlap_item *items = tb_arena_alloc(t->arena, t->count * sizeof *items);
    size_t a = 0;
    size_t b = 0;
    if (items == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    for (size_t i = 0; i < t->count; i++) {
        items[i] = tb_overlap_text(0, i, rows[i].name);
    }
    if (!tb_overlap_find(items, t->count, same_name, rows, &a, &b)) {
        return TB_OK;
    }
    return tb_tablefile_complain_row(
        t, b, err, "line %llu and line %llu are both named \"%.*s\": give each budget a name",
        (unsigned long long)rows[a].line, (unsigned long long)rows[b].line, TB_SHOWN(rows[a].name));
}

const struct tb_tablefile_spec tb_budgets_spec = {
    .columns = columns,
    .required = 1u << NAME | 1u << PERIOD | 1u << AMOUNT,
    .key = NAME,
    .row_bytes = sizeof(struct tb_budget_row),
    .fill = fill,
    .check = check,
};
