/* Consumers with findings: the runbooks limit the rate of who asks too often, and send who asks too dearly to a cheaper model. What no
 * gateway can mend is said in words alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "reports/actions_parts.h"

#define HOUR_LEAST 100 /* requests an hour that the runbook leaves to who is limited */

enum remedy { REMEDY_WORDS, REMEDY_RATE, REMEDY_MODEL };

static enum remedy remedy_of(struct tb_str kind)
{
    static const struct {
        const char *kind;
        enum remedy remedy;
    } remedies[] = {
        {"spike", REMEDY_RATE},         {"sustained", REMEDY_RATE},     {"off_hours", REMEDY_RATE},
        {"repeat_exact", REMEDY_RATE},  {"repeat_near", REMEDY_RATE},   {"repeat_template", REMEDY_RATE},
        {"loop_growing", REMEDY_RATE},  {"bot_ua", REMEDY_RATE},        {"bot_regular", REMEDY_RATE},
        {"bot_24h", REMEDY_RATE},       {"retry_storm", REMEDY_RATE},   {"model_mix", REMEDY_MODEL},
        {"budget", REMEDY_MODEL},       {"predict", REMEDY_MODEL},      {"context_bloat", REMEDY_MODEL},
        {"output_bloat", REMEDY_MODEL}, {"large_prompt", REMEDY_MODEL}, {"hidden_recompute", REMEDY_RATE}};
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++) {
        if (tb_str_eq(kind, tb_str_of(remedies[i].kind))) {
            return remedies[i].remedy;
        }
    }
    return REMEDY_WORDS;
}

static bool is_volume(const struct tb_table *t, size_t row)
{
    return tb_actions_is(t, row, "kind", "spike") || tb_actions_is(t, row, "kind", "sustained") ||
           tb_actions_is(t, row, "kind", "off_hours");
}

/* The whole part of a number that the report has as text. */
static int64_t whole(struct tb_str s)
{
    int64_t v = 0;
    for (size_t i = 0; i < s.n && s.s[i] >= '0' && s.s[i] <= '9' && v < INT32_MAX; i++) {
        v = v * 10 + (s.s[i] - '0');
    }
    return v;
}

/* Twice what is usual in the window, by the hour; where nothing is known of what is usual, what the runbook leaves. */
static int64_t hour_limit(const struct tb_table *t, size_t row)
{
    int64_t us = tb_actions_cell(t, row, "end")->number - tb_actions_cell(t, row, "start")->number;
    int64_t hours = us > TB_US_PER_H ? us / TB_US_PER_H : 1;
    int64_t twice = is_volume(t, row) ? 2 * whole(tb_actions_text(t, row, "expected")) / hours : 0;
    return twice > HOUR_LEAST ? twice : HOUR_LEAST;
}

static enum tb_status add_rate(struct tb_actions *a, const struct tb_table *t, size_t row, struct tb_err *err)
{
    if (a->limited) {
        return tb_buf_printf(a->out, err, "      # rate-limiting: see above\n");
    }
    a->limited = a->plugins = true;
    int64_t hour = hour_limit(t, row);
    return tb_buf_printf(a->out, err,
                         "      - name: rate-limiting\n        config:\n          second: %" PRId64
                         "\n          hour: %" PRId64 "\n          policy: local\n",
                         hour / 3600 + 1, hour);
}

static enum tb_status add_comment(struct tb_actions *a, const struct tb_table *t, size_t row,
                                  struct tb_err *err)
{
    char cost[TB_MONEY_TEXT_MAX];
    struct tb_str kind = tb_actions_text(t, row, "kind"), id = tb_actions_text(t, row, "id"),
                  severity = tb_actions_text(t, row, "severity");
    enum tb_status st =
        tb_buf_printf(a->out, err, "      # %.*s: %.*s, finding %.*s, cost at stake %s %s\n      # ",
                      (int)severity.n, severity.s, (int)kind.n, kind.s, (int)id.n, id.s,
                      tb_actions_amount(tb_actions_cell(t, row, "cost"), cost), a->q->settings->currency);
    if (st == TB_OK) {
        st = tb_actions_quoted(a, tb_actions_text(t, row, "evidence"), err);
    }
    if (st == TB_OK) {
        st = tb_buf_printf(a->out, err, "\n      # ");
    }
    if (st == TB_OK) {
        st = tb_actions_quoted(a, tb_actions_text(t, row, "action"), err);
    }
    return st == TB_OK ? tb_buf_add(a->out, "\n", 1, err) : st;
}

/* Quotas tell of themselves. */
bool tb_actions_anomaly_flagged(const struct tb_table *t, size_t row)
{
    const struct tb_cell *listed = tb_actions_cell(t, row, "listed");
    return tb_actions_cell(t, row, "consumer") != NULL && listed != NULL && listed->number != 0 &&
           !tb_actions_is(t, row, "severity", "info") && !tb_actions_is(t, row, "kind", "quota_exhausted");
}

enum tb_status tb_actions_anomaly(struct tb_actions *a, const struct tb_table *t, size_t row,
                                  struct tb_err *err)
{
    enum remedy remedy = remedy_of(tb_actions_text(t, row, "kind"));
    enum tb_status st = add_comment(a, t, row, err);
    if (st == TB_OK && remedy == REMEDY_RATE) {
        st = add_rate(a, t, row, err);
    } else if (st == TB_OK && remedy == REMEDY_MODEL) {
        st = tb_actions_cheaper(a, err);
    }
    return st;
}
