/* shared.csv: costs that no log shows (a gateway's licence, reserved capacity), to be shared out among teams.
 */
#include "config/overlap.h"
#include "config/tablecell.h"
#include "config/tables.h"

enum { POOL, AMOUNT, PERIOD, METHOD, DRIVER, FROM, TO };
static const char *const columns[] = {"pool",   "amount",         "period",       "method",
                                      "driver", "effective_from", "effective_to", NULL};
static const char *const methods[] = {"proportional", "even", "fixed", NULL};

/* What a proportional share can go by. */
static const char *const drivers[] = {"cost", "tokens", "requests", NULL};

static enum tb_status fill_driver(const struct tb_tablefile *t, struct tb_shared_row *row, struct tb_err *err)
{
    int word = 0;
    if (row->method != TB_SHARE_PROPORTIONAL) {
        return tb_tablecell_text(t, DRIVER, false, &row->driver, err);
    }
    enum tb_status status = tb_tablecell_word(t, DRIVER, drivers, 0, &word, err);
    row->driver = tb_str_of(drivers[word < 0 ? 0 : word]);
    return status;
}

static enum tb_status fill(const struct tb_tablefile *t, void *to, struct tb_err *err)
{
    struct tb_shared_row *row = to;
    int period = 0;
    int method = 0;
    row->line = tb_tablefile_line(t);
    enum tb_status status = tb_tablecell_text(t, POOL, true, &row->pool, err);
    if (status == TB_OK) {
        status = tb_tablecell_money(t, AMOUNT, NULL, &row->amount, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_word(t, PERIOD, tb_period_names, -1, &period, err);
    }
    row->period = (enum tb_period)period;
    if (status == TB_OK) {
        status = tb_tablecell_word(t, METHOD, methods, -1, &method, err);
    }
    row->method = (enum tb_share_method)method;
    if (status == TB_OK) {
        status = fill_driver(t, row, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_interval(t, FROM, TO, &row->from_us, &row->to_us, err);
    }
    return status;
}

static bool same(const void *context, size_t a, size_t b)
{
    const struct tb_shared_row *x = (const struct tb_shared_row *)context + a;
    const struct tb_shared_row *y = (const struct tb_shared_row *)context + b;
    return tb_overlap_times(x->from_us, x->to_us, y->from_us, y->to_us) && tb_str_eq(x->pool, y->pool);
}

static enum tb_status check(const struct tb_tablefile *t, struct tb_err *err)
{
    const struct tb_shared_row *rows = (const void *)t->rows;
    struct tb_overlap_item *items = tb_arena_alloc(t->arena, t->count * sizeof *items);
    size_t a = 0;
    size_t b = 0;
    if (items == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    for (size_t i = 0; i < t->count; i++) {
        items[i] = tb_overlap_text(0, i, rows[i].pool);
    }
    if (!tb_overlap_find(items, t->count, same, rows, &a, &b)) {
        return TB_OK;
    }
    char since[TB_TABLECELL_SINCE_MAX];
    tb_tablecell_since(t, rows[a].from_us > rows[b].from_us ? rows[a].from_us : rows[b].from_us, since);
    return tb_tablefile_complain_row(
        t, b, err,
        "line %llu and line %llu both set pool \"%.*s\"%s: end one with effective_to, or take "
        "one out",
        (unsigned long long)rows[a].line, (unsigned long long)rows[b].line, TB_SHOWN(rows[a].pool), since);
}

const struct tb_tablefile_spec tb_shared_spec = {
    .columns = columns,
    .required = 1u << POOL | 1u << AMOUNT | 1u << PERIOD | 1u << METHOD,
    .key = POOL,
    .row_bytes = sizeof(struct tb_shared_row),
    .fill = fill,
    .check = check,
};
