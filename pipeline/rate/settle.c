#include "rate/settle.h"

#include <assert.h>
#include <stdlib.h>

struct part {
    struct tb_settle_line *line;
    tb_money remainder;
};

/* Who gets the next cent: the largest remainder, then the larger cost, then team and cost centre in byte
 * order. */
static int by_claim(const void *a, const void *b)
{
    const struct part *x = a;
    const struct part *y = b;
    if (x->remainder != y->remainder) {
        return x->remainder > y->remainder ? -1 : 1;
    }
    if (x->line->cost != y->line->cost) {
        return x->line->cost > y->line->cost ? -1 : 1;
    }
    int c = tb_str_cmp(x->line->team, y->line->team);
    return c != 0 ? c : tb_str_cmp(x->line->cost_center, y->line->cost_center);
}

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the cost of a day is out of range");
}

enum tb_status tb_settle_cents(struct tb_settle_line *lines, size_t n, struct tb_err *err)
{
    struct part *parts = calloc(n + 1, sizeof *parts);
    tb_money total = 0;
    int64_t rest = 0;
    enum tb_status status = TB_OK;
    if (parts == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %zu teams", n);
    }
    for (size_t i = 0; i < n; i++) {
        parts[i].line = &lines[i];
        if (!tb_money_add(total, lines[i].cost, &total) ||
            !tb_money_cents_floor(lines[i].cost, &lines[i].billed_cents, &parts[i].remainder)) {
            status = out_of_range(err);
            goto out;
        }
    }
    if (!tb_money_cents_round(total, &rest)) {
        status = out_of_range(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        rest -= lines[i].billed_cents;
    }
    /* total - sum of floors is the sum of remainders, each below a cent: rounded it lies in 0..n. */
    assert(rest >= 0 && (size_t)rest <= n);
    qsort(parts, n, sizeof *parts, by_claim);
    for (int64_t i = 0; i < rest; i++) {
        parts[i].line->billed_cents++;
    }
out:
    free(parts);
    return status;
}
