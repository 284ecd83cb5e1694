/* The file, budgets in words, and the consumers one after the other: each with what its quotas and its findings ask for. */
#include "reports/actions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/json.h"
#include "reports/actions_parts.h"

#define WORDS_MAX 512

/* --- what the parts share ----------------------------------------------------------------------------------------------------- */

const struct tb_cell *tb_actions_cell(const struct tb_table *t, size_t row, const char *key)
{
    int i = tb_table_find(t, key);
    const struct tb_cell *c = i >= 0 ? tb_table_cell(t, row, (size_t)i) : NULL;
    return c == NULL || c->null ? NULL : c;
}

struct tb_str tb_actions_text(const struct tb_table *t, size_t row, const char *key)
{
    const struct tb_cell *c = tb_actions_cell(t, row, key);
    return c == NULL || c->text.s == NULL ? TB_STR_NULL : c->text;
}

bool tb_actions_is(const struct tb_table *t, size_t row, const char *key, const char *word)
{
    return tb_str_eq(tb_actions_text(t, row, key), tb_str_of(word));
}

const char *tb_actions_amount(const struct tb_cell *c, char out[TB_MONEY_TEXT_MAX])
{
    out[0] = '\0';
    if (c == NULL) {
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

enum tb_status tb_actions_quoted(struct tb_actions *a, struct tb_str s, struct tb_err *err)
{
    return tb_json_quote(a->out, s, err);
}

/* An empty list stays a list. */
enum tb_status tb_actions_close(struct tb_actions *a, struct tb_err *err)
{
    bool empty = a->open && !a->plugins;
    a->open = a->limited = a->cheaper = a->plugins = false;
    return empty ? tb_buf_printf(a->out, err, "      []\n") : TB_OK;
}

enum tb_status tb_actions_open(struct tb_actions *a, struct tb_str name, struct tb_err *err)
{
    if (a->open && tb_str_eq(a->name, name)) {
        return TB_OK;
    }
    enum tb_status st = tb_actions_close(a, err);
    if (st == TB_OK) {
        st = tb_buf_printf(a->out, err, a->any ? "  - username: " : "consumers:\n  - username: ");
    }
    if (st == TB_OK) {
        st = tb_actions_quoted(a, name, err);
    }
    a->any = a->open = true;
    a->name = name;
    return st == TB_OK ? tb_buf_printf(a->out, err, "\n    plugins:\n") : st;
}

/* --- a cheaper model ---------------------------------------------------------------------------------------------------------- */

/* The row of the advice that saves the most by a cheaper model for this consumer, or -1. */
static long find_cheaper(const struct tb_report *advice, struct tb_str consumer)
{
    long best = -1;
    for (size_t i = 0; advice != NULL && i < tb_table_rows(advice->main); i++) {
        const struct tb_table *t = advice->main;
        if (!tb_actions_is(t, i, "rule", "cheaper_model") ||
            !tb_str_eq(tb_actions_text(t, i, "value"), consumer)) {
            continue;
        }
        if (best < 0 ||
            tb_actions_cell(t, i, "saving")->money > tb_actions_cell(t, (size_t)best, "saving")->money) {
            best = (long)i;
        }
    }
    return best;
}

static enum tb_status add_model(struct tb_actions *a, size_t row, struct tb_err *err)
{
    const struct tb_table *t = a->advice->main;
    char words[WORDS_MAX], saving[TB_MONEY_TEXT_MAX];
    struct tb_str to = tb_actions_text(t, row, "to"), evidence = tb_actions_text(t, row, "evidence");
    snprintf(words, sizeof words, "model:%.*s", (int)to.n, to.s);
    enum tb_status st = tb_buf_printf(a->out, err, "      # ");
    if (st == TB_OK) {
        st = tb_actions_quoted(a, evidence, err); /* quoted: a model's name is what a log says */
    }
    if (st == TB_OK) {
        st = tb_buf_printf(a->out, err,
                           "; it would save %s %s\n      - name: request-transformer\n        config:\n"
                           "          replace:\n            body:\n              - ",
                           tb_actions_amount(tb_actions_cell(t, row, "saving"), saving),
                           a->q->settings->currency);
    }
    if (st == TB_OK) {
        st = tb_actions_quoted(a, tb_str_of(words), err);
    }
    return st == TB_OK ? tb_buf_add(a->out, "\n", 1, err) : st;
}

/* Cost cannot be limited by the gateway: a cheaper model can be asked for. */
enum tb_status tb_actions_cheaper(struct tb_actions *a, struct tb_err *err)
{
    if (a->cheaper) {
        return TB_OK;
    }
    long row = find_cheaper(a->advice, a->name);
    a->cheaper = true;
    if (row < 0) {
        return tb_buf_printf(a->out, err, "      # the price table has no cheaper model that may stand in\n");
    }
    a->plugins = true;
    return add_model(a, (size_t)row, err);
}

/* --- the file ----------------------------------------------------------------------------------------------------------------- */

/* Budgets have no consumer of their own: said in words. */
static enum tb_status add_budgets(struct tb_actions *a, const struct tb_table *t, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; st == TB_OK && i < tb_table_rows(t); i++) {
        char spent[TB_MONEY_TEXT_MAX], limit[TB_MONEY_TEXT_MAX], end[TB_MONEY_TEXT_MAX];
        struct tb_str level = tb_actions_text(t, i, "level");
        if (!tb_actions_is(t, i, "level", "exceeded") && !tb_actions_is(t, i, "level", "critical") &&
            !tb_actions_is(t, i, "level", "warning")) {
            continue;
        }
        st = tb_buf_printf(a->out, err, "# budget ");
        if (st == TB_OK) {
            st = tb_actions_quoted(a, tb_actions_text(t, i, "name"), err);
        }
        if (st == TB_OK) {
            st = tb_buf_printf(
                a->out, err,
                ": %.*s, %s of %s %s spent, forecast %s; lower the limits below or raise the budget\n",
                (int)level.n, level.s, tb_actions_amount(tb_actions_cell(t, i, "spent"), spent),
                tb_actions_amount(tb_actions_cell(t, i, "limit"), limit), a->q->settings->currency,
                tb_actions_amount(tb_actions_cell(t, i, "forecast"), end));
        }
    }
    return st;
}

/* A row of the one report or the other that asks for something. */
struct wish {
    struct tb_str consumer;
    bool anomaly;
    size_t row;
};

static int by_consumer(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;
    int c = tb_str_cmp(x->consumer, y->consumer);
    return c != 0                     ? c
           : x->anomaly != y->anomaly ? x->anomaly - y->anomaly
                                      : (x->row > y->row) - (x->row < y->row);
}

static size_t gather(const struct tb_table *t, bool anomaly, struct wish *out)
{
    size_t n = 0;
    for (size_t i = 0; t != NULL && i < tb_table_rows(t); i++) {
        if (anomaly ? tb_actions_anomaly_flagged(t, i) : tb_actions_quota_flagged(t, i)) {
            out[n++] = (struct wish){tb_actions_text(t, i, "consumer"), anomaly, i};
        }
    }
    return n;
}

static enum tb_status add_consumers(struct tb_actions *a, const struct tb_table *quota,
                                    const struct tb_table *anomalies, struct tb_err *err)
{
    size_t most =
        (quota != NULL ? tb_table_rows(quota) : 0) + (anomalies != NULL ? tb_table_rows(anomalies) : 0);
    struct wish *wish = calloc(most + 1, sizeof *wish);
    if (wish == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for proposed changes");
    }
    enum tb_status st = TB_OK;
    size_t n = gather(quota, false, wish);
    n += gather(anomalies, true, wish + n);
    qsort(wish, n, sizeof *wish, by_consumer);
    for (size_t i = 0; st == TB_OK && i < n; i++) {
        st = tb_actions_open(a, wish[i].consumer, err);
        if (st == TB_OK) {
            st = wish[i].anomaly ? tb_actions_anomaly(a, anomalies, wish[i].row, err)
                                 : tb_actions_quota(a, quota, wish[i].row, err);
        }
    }
    free(wish);
    return st == TB_OK ? tb_actions_close(a, err) : st;
}

static const struct tb_table *main_of(const struct tb_report *r)
{
    return r != NULL ? r->main : NULL;
}

enum tb_status tb_actions_yaml(const struct tb_report_query *q, const struct tb_actions_from *from,
                               struct tb_buf *out, struct tb_err *err)
{
    struct tb_actions a = {.out = out, .q = q, .advice = from->advice};
    char day[TB_TS_TEXT_MAX];
    tb_day_format(q->to_day, day);
    enum tb_status st =
        tb_buf_printf(out, err,
                      "# Proposed gateway changes for %s: to review, never applied by tollbook.\n"
                      "# Put what you agree with into your own declarative configuration.\n",
                      day);
    if (st == TB_OK && from->budget != NULL) {
        st = add_budgets(&a, from->budget->main, err);
    }
    if (st == TB_OK) {
        st = tb_buf_printf(out, err, "_format_version: \"3.0\"\n");
    }
    if (st == TB_OK) {
        st = add_consumers(&a, main_of(from->quota), main_of(from->anomalies), err);
    }
    return st == TB_OK && !a.any ? tb_buf_printf(out, err, "consumers: []\n") : st;
}
