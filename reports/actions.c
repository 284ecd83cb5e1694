#include "reports/actions.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/json.h"
#include "base/utf8.h"
#include "reports/table/parts.h"

#define WORDS_MAX 512

/* What is read of a row, by the column's key; absent where it is null or not there. */
static struct tb_str text_of(const struct tb_table *t, size_t row, const char *key)
{
    int i = tb_table_find(t, key);
    const struct tb_cell *c = i >= 0 ? tb_table_cell(t, row, (size_t)i) : NULL;
    return c == NULL || c->null || c->text.s == NULL ? TB_STR_NULL : c->text;
}

static const struct tb_cell *cell_of(const struct tb_table *t, size_t row, const char *key)
{
    int i = tb_table_find(t, key);
    return i >= 0 ? tb_table_cell(t, row, (size_t)i) : NULL;
}

static bool is_word(struct tb_str s, const char *word)
{
    return tb_str_eq(s, tb_str_of(word));
}

static const char *amount(const struct tb_cell *c, char out[TB_MONEY_TEXT_MAX])
{
    out[0] = '\0';
    if (c == NULL || c->null) {
        snprintf(out, TB_MONEY_TEXT_MAX, "unlimited");
    } else if (c->type == TB_CELL_MONEY) {
        tb_money_format(c->money, out);
    } else if (c->type == TB_CELL_INSTANT) {
        tb_ts_format(c->number, out);
    } else {
        snprintf(out, TB_MONEY_TEXT_MAX, "%" PRId64, c->number);
    }
    return out;
}

/* JSON strings are YAML strings: quoted, escaped, in one line. */
static enum tb_status add_quoted(struct tb_buf *out, struct tb_str s, struct tb_err *err)
{
    return tb_json_quote(out, s, err);
}

static enum tb_status add_window(struct tb_buf *out, struct tb_str window, const struct tb_cell *limit,
                                 struct tb_err *err)
{
    static const char *const windows[] = {"second", "minute", "hour", "day", "month"};
    const char *key = "day"; /* a day is the nearest that rate-limiting has to 24 hours */
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        key = is_word(window, windows[i]) ? windows[i] : key;
    }
    return tb_buf_printf(out, err, "          %s: %" PRId64 "\n", key, limit->number > 0 ? limit->number : 1);
}

/* rate-limiting on requests as they are, on tokens by the header that the runbook counts them in. */
static enum tb_status add_limit(struct tb_buf *out, const struct tb_table *t, size_t row, struct tb_err *err)
{
    const struct tb_cell *limit = cell_of(t, row, "limit");
    bool tokens = is_word(text_of(t, row, "measure"), "tokens");
    enum tb_status st = tb_buf_printf(out, err, "      - name: rate-limiting\n        config:\n");
    if (st == TB_OK && tokens) {
        st = tb_buf_printf(out, err, "          limit_by: header\n          header_name: X-Token-Total\n");
    }
    if (st == TB_OK) {
        st = add_window(out, text_of(t, row, "window"), limit, err);
    }
    return st == TB_OK ? tb_buf_printf(out, err, "          policy: local\n") : st;
}

/* The row of the advice that saves the most by a cheaper model for this consumer, or -1. */
static long find_cheaper(const struct tb_report *advice, struct tb_str consumer)
{
    long best = -1;
    for (size_t i = 0; advice != NULL && i < tb_table_rows(advice->main); i++) {
        const struct tb_table *t = advice->main;
        if (!is_word(text_of(t, i, "rule"), "cheaper_model") ||
            !tb_str_eq(text_of(t, i, "value"), consumer)) {
            continue;
        }
        if (best < 0 || cell_of(t, i, "saving")->money > cell_of(t, (size_t)best, "saving")->money) {
            best = (long)i;
        }
    }
    return best;
}

/* Cost cannot be limited by the gateway: a cheaper model can be asked for. */
static enum tb_status add_model(struct tb_buf *out, const struct tb_report *advice, size_t row,
                                const char *currency, struct tb_err *err)
{
    const struct tb_table *t = advice->main;
    char words[WORDS_MAX], saving[TB_MONEY_TEXT_MAX];
    struct tb_str to = text_of(t, row, "to"), evidence = text_of(t, row, "evidence");
    snprintf(words, sizeof words, "model:%.*s", (int)to.n, to.s);
    enum tb_status st = tb_buf_printf(out, err, "      # ");
    if (st == TB_OK) {
        st = add_quoted(out, evidence, err); /* quoted: a model's name is what a log says */
    }
    if (st == TB_OK) {
        st = tb_buf_printf(out, err,
                           "; it would save %s %s\n      - name: request-transformer\n        config:\n"
                           "          replace:\n            body:\n              - ",
                           amount(cell_of(t, row, "saving"), saving), currency);
    }
    if (st == TB_OK) {
        st = add_quoted(out, tb_str_of(words), err);
    }
    return st == TB_OK ? tb_buf_add(out, "\n", 1, err) : st;
}

static enum tb_status add_comment(struct tb_buf *out, const struct tb_table *t, size_t row,
                                  const char *currency, struct tb_err *err)
{
    char used[TB_MONEY_TEXT_MAX], limit[TB_MONEY_TEXT_MAX], at[TB_MONEY_TEXT_MAX], cost[TB_MONEY_TEXT_MAX],
        requests[TB_MONEY_TEXT_MAX];
    struct tb_str measure = text_of(t, row, "measure"), window = text_of(t, row, "window"),
                  level = text_of(t, row, "level");
    enum tb_status st =
        tb_buf_printf(out, err, "      # %.*s: %s of %s %.*s used in the window \"%.*s\"", (int)level.n,
                      level.s, amount(cell_of(t, row, "used"), used), amount(cell_of(t, row, "limit"), limit),
                      (int)measure.n, measure.s, (int)window.n, window.s);
    if (st == TB_OK && !cell_of(t, row, "exhausted_at")->null) {
        st = tb_buf_printf(
            out, err, ", exhausted at %s;\n      # requests let through behind that: %s, for %s %s",
            amount(cell_of(t, row, "exhausted_at"), at), amount(cell_of(t, row, "requests_after"), requests),
            amount(cell_of(t, row, "cost_after"), cost), currency);
    }
    return st == TB_OK ? tb_buf_add(out, "\n", 1, err) : st;
}

static bool is_flagged(const struct tb_table *t, size_t row)
{
    struct tb_str level = text_of(t, row, "level");
    const struct tb_cell *limit = cell_of(t, row, "limit");
    return limit != NULL && !limit->null && (is_word(level, "exceeded") || is_word(level, "critical"));
}

/* One plugin of a name per consumer: a second rate-limiting would not load. The first row of each kind stands for it. */
struct consumer {
    struct tb_str name;
    bool open, limited, cheaper;
    bool any; /* a plugin is written */
};

static enum tb_status open_consumer(struct tb_buf *out, struct consumer *c, struct tb_err *err)
{
    if (c->open) {
        return TB_OK;
    }
    c->open = true;
    enum tb_status st = tb_buf_printf(out, err, "  - username: ");
    if (st == TB_OK) {
        st = add_quoted(out, c->name, err);
    }
    return st == TB_OK ? tb_buf_printf(out, err, "\n    plugins:\n") : st;
}

/* An empty list stays a list. */
static enum tb_status close_consumer(struct tb_buf *out, const struct consumer *c, struct tb_err *err)
{
    return c->open && !c->any ? tb_buf_printf(out, err, "      []\n") : TB_OK;
}

static enum tb_status add_cheaper(struct tb_buf *out, const struct tb_report_query *q, struct consumer *c,
                                  const struct tb_report *advice, struct tb_err *err)
{
    long row = find_cheaper(advice, c->name);
    c->cheaper = true;
    if (row < 0) {
        return tb_buf_printf(out, err, "      # the price table has no cheaper model that may stand in\n");
    }
    c->any = true;
    return add_model(out, advice, (size_t)row, q->settings->currency, err);
}

static enum tb_status add_row(struct tb_buf *out, const struct tb_report_query *q,
                              const struct tb_report *advice, struct consumer *c, const struct tb_table *t,
                              size_t row, struct tb_err *err)
{
    bool cost = is_word(text_of(t, row, "measure"), "cost");
    enum tb_status st = open_consumer(out, c, err);
    if (st == TB_OK) {
        st = add_comment(out, t, row, q->settings->currency, err);
    }
    if (st == TB_OK && cost && !c->cheaper) {
        st = add_cheaper(out, q, c, advice, err);
    } else if (st == TB_OK && !cost && !c->limited) {
        c->limited = c->any = true;
        st = add_limit(out, t, row, err);
    }
    return st;
}

static enum tb_status add_quotas(struct tb_buf *out, const struct tb_report_query *q,
                                 const struct tb_report *advice, const struct tb_table *t, bool *any,
                                 struct tb_err *err)
{
    struct consumer c = {.open = false};
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(t); i++) { /* sorted by consumer */
        struct tb_str name = text_of(t, i, "consumer");
        if (!is_flagged(t, i)) {
            continue;
        }
        if (!tb_str_eq(name, c.name)) {
            st = close_consumer(out, &c, err);
            c = (struct consumer){.name = name};
        }
        if (st == TB_OK && !*any) {
            st = tb_buf_printf(out, err, "consumers:\n");
        }
        *any = true;
        if (st == TB_OK) {
            st = add_row(out, q, advice, &c, t, i, err);
        }
    }
    return st == TB_OK ? close_consumer(out, &c, err) : st;
}

/* Budgets have no consumer of their own: said in words. */
static enum tb_status add_budgets(struct tb_buf *out, const struct tb_report_query *q,
                                  const struct tb_table *t, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(t); i++) {
        char spent[TB_MONEY_TEXT_MAX], limit[TB_MONEY_TEXT_MAX], end[TB_MONEY_TEXT_MAX];
        struct tb_str level = text_of(t, i, "level");
        if (!is_word(level, "exceeded") && !is_word(level, "critical") && !is_word(level, "warning")) {
            continue;
        }
        st = tb_buf_printf(out, err, "# budget ");
        if (st == TB_OK) {
            st = add_quoted(out, text_of(t, i, "name"), err);
        }
        if (st == TB_OK) {
            st = tb_buf_printf(
                out, err,
                ": %.*s, %s of %s %s spent, forecast %s; lower the limits below or raise the budget\n",
                (int)level.n, level.s, amount(cell_of(t, i, "spent"), spent),
                amount(cell_of(t, i, "limit"), limit), q->settings->currency,
                amount(cell_of(t, i, "forecast"), end));
        }
    }
    return st;
}

enum tb_status tb_actions_yaml(const struct tb_report_query *q, const struct tb_report *quota,
                               const struct tb_report *budget, const struct tb_report *advice,
                               struct tb_buf *out, struct tb_err *err)
{
    char day[TB_TS_TEXT_MAX];
    bool any = false;
    tb_day_format(q->to_day, day);
    enum tb_status st =
        tb_buf_printf(out, err,
                      "# Proposed gateway changes for %s: to review, never applied by tollbook.\n"
                      "# Put what you agree with into your own declarative configuration.\n",
                      day);
    if (st == TB_OK && budget != NULL) {
        st = add_budgets(out, q, budget->main, err);
    }
    if (st == TB_OK) {
        st = tb_buf_printf(out, err, "_format_version: \"3.0\"\n");
    }
    if (st == TB_OK && quota != NULL) {
        st = add_quotas(out, q, advice, quota->main, &any, err);
    }
    return st == TB_OK && !any ? tb_buf_printf(out, err, "consumers: []\n") : st;
}
