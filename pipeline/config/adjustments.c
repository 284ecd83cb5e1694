/* adjustments.csv: agreed discounts, markups and credits. */
#include "config/overlap.h"
#include "config/tablecell.h"
#include "config/tables.h"

enum { KIND, DIMENSION, MATCH, PERCENT, AMOUNT, FROM, TO, NOTE };
static const char *const columns[] = {"kind",           "dimension",    "match", "percent", "amount",
                                      "effective_from", "effective_to", "note",  NULL};
static const char *const kinds[] = {"discount", "markup", "credit", NULL};

static enum tb_status fill_size(const struct tb_tablefile *t, struct tb_adjustment_row *row,
                                struct tb_err *err)
{
    const struct tb_decimal hundred = {1, 2};
    enum tb_status status = tb_tablecell_decimal(t, PERCENT, &row->has_percent, &row->percent, err);
    if (status == TB_OK) {
        status = tb_tablecell_money(t, AMOUNT, &row->has_amount, &row->amount, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (row->has_percent == row->has_amount) {
        return tb_tablefile_complain(t, row->has_percent ? AMOUNT : PERCENT, err,
                                     row->has_percent
                                         ? "percent and amount are both set: leave one of them blank"
                                         : "percent and amount are both blank: set one of them");
    }
    tb_money percent = 0;
    tb_money limit = 0;
    if (row->has_percent && (!tb_money_from_decimal(&row->percent, &percent, NULL) ||
                             !tb_money_from_decimal(&hundred, &limit, NULL) ||
                             (row->kind != TB_ADJUST_MARKUP && percent > limit))) {
        return tb_tablefile_complain(t, PERCENT, err,
                                     "percent \"%.*s\" of a %s is too large: the limit is 100",
                                     TB_SHOWN(tb_tablefile_cell(t, PERCENT)), kinds[row->kind]);
    }
    return TB_OK;
}

static enum tb_status fill(const struct tb_tablefile *t, void *to, struct tb_err *err)
{
    struct tb_adjustment_row *row = to;
    int kind = 0;
    row->line = tb_tablefile_line(t);
    enum tb_status status = tb_tablecell_word(t, KIND, kinds, -1, &kind, err);
    row->kind = (enum tb_adjustment_kind)kind;
    if (status == TB_OK) {
        status = tb_tablecell_dimension(t, DIMENSION, MATCH, &row->dimension, &row->match, err);
    }
    if (status == TB_OK) {
        status = fill_size(t, row, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_interval(t, FROM, TO, &row->from_us, &row->to_us, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_note(t, NOTE, &row->note, err);
    }
    return status;
}

/* Two rows of one kind for the same thing at one time are a row pasted twice, or two truths; credits may be
 * several, told apart by their notes. */
static bool same(const void *context, size_t a, size_t b)
{
    const struct tb_adjustment_row *x = (const struct tb_adjustment_row *)context + a;
    const struct tb_adjustment_row *y = (const struct tb_adjustment_row *)context + b;
    return tb_overlap_times(x->from_us, x->to_us, y->from_us, y->to_us) && x->kind == y->kind &&
           tb_str_eq(x->dimension, y->dimension) && tb_str_eq(x->match, y->match) &&
           (x->kind != TB_ADJUST_CREDIT || tb_str_eq(x->note, y->note));
}

static enum tb_status check(const struct tb_tablefile *t, struct tb_err *err)
{
    const struct tb_adjustment_row *rows = (const void *)t->rows;
    struct tb_overlap_item *items = tb_arena_alloc(t->arena, t->count * sizeof *items);
    size_t a = 0;
    size_t b = 0;
    if (items == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    for (size_t i = 0; i < t->count; i++) {
        items[i] = tb_overlap_text((uint64_t)rows[i].kind, i, rows[i].match);
    }
    if (!tb_overlap_find(items, t->count, same, rows, &a, &b)) {
        return TB_OK;
    }
    char since[TB_TABLECELL_SINCE_MAX];
    tb_tablecell_since(t, rows[a].from_us > rows[b].from_us ? rows[a].from_us : rows[b].from_us, since);
    return tb_tablefile_complain_row(
        t, b, err,
        "line %llu and line %llu are the same %s%s: end one with effective_to, or take one "
        "out%s",
        (unsigned long long)rows[a].line, (unsigned long long)rows[b].line, kinds[rows[a].kind], since,
        rows[a].kind == TB_ADJUST_CREDIT ? " (two credits need different notes)" : "");
}

const struct tb_tablefile_spec tb_adjustments_spec = {
    .columns = columns,
    .required = 1u << KIND,
    .key = KIND,
    .row_bytes = sizeof(struct tb_adjustment_row),
    .fill = fill,
    .check = check,
};
