/* Consumers over a quota: the limit as the gateway counts it; where it is of money, a cheaper model. */
#include <inttypes.h>
#include <stdio.h>
#include "reports/actions_parts.h"

static enum tb_status add_window(struct tb_buf *out, struct tb_str window, const struct tb_cell *limit,
                                 struct tb_err *err)
{
    static const char *const windows[] = {"second", "minute", "hour", "day", "month"};
    const char *key = "day"; /* a day is the nearest that rate-limiting has to 24 hours */
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        key = tb_str_eq(window, tb_str_of(windows[i])) ? windows[i] : key;
    }
    return tb_buf_printf(out, err, "          %s: %" PRId64 "\n", key, limit->number > 0 ? limit->number : 1);
}

/* rate-limiting on requests as they are, on tokens by the header that the runbook counts them in. */
static enum tb_status add_limit(struct tb_buf *out, const struct tb_table *t, size_t row, struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(out, err, "      - name: rate-limiting\n        config:\n");
    if (st == TB_OK && tb_actions_is(t, row, "measure", "tokens")) {
        st = tb_buf_printf(out, err, "          limit_by: header\n          header_name: X-Token-Total\n");
    }
    if (st == TB_OK) {
        st = add_window(out, tb_actions_text(t, row, "window"), tb_actions_cell(t, row, "limit"), err);
    }
    return st == TB_OK ? tb_buf_printf(out, err, "          policy: local\n") : st;
}

static enum tb_status add_comment(struct tb_actions *a, const struct tb_table *t, size_t row,
                                  struct tb_err *err)
{
    char used[TB_MONEY_TEXT_MAX], limit[TB_MONEY_TEXT_MAX], at[TB_MONEY_TEXT_MAX], cost[TB_MONEY_TEXT_MAX],
        requests[TB_MONEY_TEXT_MAX];
    struct tb_str measure = tb_actions_text(t, row, "measure"), window = tb_actions_text(t, row, "window"),
                  level = tb_actions_text(t, row, "level");
    enum tb_status st =
        tb_buf_printf(a->out, err, "      # %.*s: %s of %s %.*s used in the window \"%.*s\"", (int)level.n,
                      level.s, tb_actions_amount(tb_actions_cell(t, row, "used"), used),
                      tb_actions_amount(tb_actions_cell(t, row, "limit"), limit), (int)measure.n, measure.s,
                      (int)window.n, window.s);
    if (st == TB_OK && tb_actions_cell(t, row, "exhausted_at") != NULL) {
        st = tb_buf_printf(
            a->out, err, ", exhausted at %s;\n      # requests let through behind that: %s, for %s %s",
            tb_actions_amount(tb_actions_cell(t, row, "exhausted_at"), at),
            tb_actions_amount(tb_actions_cell(t, row, "requests_after"), requests),
            tb_actions_amount(tb_actions_cell(t, row, "cost_after"), cost), a->q->settings->currency);
    }
    return st == TB_OK ? tb_buf_add(a->out, "\n", 1, err) : st;
}

bool tb_actions_quota_flagged(const struct tb_table *t, size_t row)
{
    return tb_actions_cell(t, row, "limit") != NULL &&
           (tb_actions_is(t, row, "level", "exceeded") || tb_actions_is(t, row, "level", "critical"));
}

enum tb_status tb_actions_quota(struct tb_actions *a, const struct tb_table *t, size_t row,
                                struct tb_err *err)
{
    bool cost = tb_actions_is(t, row, "measure", "cost");
    enum tb_status st = add_comment(a, t, row, err);
    if (st == TB_OK && cost) {
        st = tb_actions_cheaper(a, err);
    } else if (st == TB_OK && !a->limited) {
        a->limited = a->plugins = true;
        st = add_limit(a->out, t, row, err);
    }
    return st;
}
