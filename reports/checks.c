/* The control totals: every sum by two roads that share as little as they can: the ledger against the store,
 * events against rollups, meters against cells, lines against totals, cents against the rounded day. */
#include "reports/checks.h"

#include <assert.h>
#include "base/embed.h"
#include "reports/chargeback.h"
#include "reports/checks_row.h"
#include "reports/checks_scan.h"
#include "reports/filter.h"
#include "reports/head.h"
#include "reports/intake.h"
#include "reports/shape.h"
#include "reports/silence.h"

extern const struct tb_embed tb_embed_reports[];

/* --- intake --- */

static enum tb_status add_ledger(struct tb_report *r, const struct tb_report_query *q,
                                 const struct tb_intake *in, struct tb_err *err)
{
    struct tb_query *query;
    int64_t reasons = 0, stored = 0;
    bool pruned = false;
    enum tb_status st = tb_intake_open(q, "checks_ledger.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_step(query, err);
    if (st == TB_OK) {
        reasons = tb_query_int(query, 0);
        stored = tb_query_int(query, 1);
        pruned = tb_query_int(query, 2) != 0;
    }
    tb_query_close(query);
    if (st == TB_OK) {
        st = tb_check_count(
            r,
            &(struct tb_check){"lines_accounted",
                               "lines read = events + duplicates + conflicts + ignored + rejected", false},
            in->lines, in->events + in->duplicates + in->conflicts + in->ignored + in->rejected, err);
    }
    if (st == TB_OK) {
        st = tb_check_count(r,
                            &(struct tb_check){"reasons_accounted",
                                               "lines ignored or rejected = lines counted by reason", false},
                            in->ignored + in->rejected, reasons, err);
    }
    return st == TB_OK ? tb_check_count(r,
                                        &(struct tb_check){"events_stored",
                                                           "events of the files = live events stored of them",
                                                           pruned},
                                        in->events, stored, err)
                       : st;
}

/* --- events against rollups --- */

static enum tb_status read_cells(const struct tb_report_query *q, struct tb_scan_sums *out,
                                 struct tb_err *err)
{
    struct tb_query *query;
    enum tb_status st = tb_filter_open(NULL, q, "checks_cells.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_step(query, err);
    if (st == TB_OK) {
        int64_t *const to[] = {&out->requests,       &out->errors,         &out->input,  &out->cache_read,
                               &out->cache_write_5m, &out->cache_write_1h, &out->output, &out->reasoning};
        for (int i = 0; i < 8; i++) {
            *to[i] = tb_query_int(query, i);
        }
    }
    tb_query_close(query);
    return st;
}

static int64_t tokens(const struct tb_scan_sums *s)
{
    return s->input + s->cache_read + s->cache_write_5m + s->cache_write_1h + s->output;
}

static enum tb_status add_reduced(struct tb_report *r, const struct tb_report_query *q,
                                  const struct tb_scan_sums *events, struct tb_err *err)
{
    struct tb_scan_sums cells = {.requests = 0};
    enum tb_status st = read_cells(q, &cells, err);
    const struct {
        struct tb_check row;
        int64_t expected, found;
    } rows[] = {
        {{"requests_reduced", "events stored (tool calls apart) = requests charged or listed", false},
         events->requests,
         cells.requests},
        {{"errors_reduced", "failed events stored = errors reported", false}, events->errors, cells.errors},
        {{"tokens_reduced", "tokens of the events = tokens reported", false}, tokens(events), tokens(&cells)},
        {{"input_reduced", "input tokens of the events = reported", false}, events->input, cells.input},
        {{"cache_read_reduced", "cache read tokens of the events = reported", false},
         events->cache_read,
         cells.cache_read},
        {{"cache_write_5m_reduced", "5 minute cache write tokens of the events = reported", false},
         events->cache_write_5m,
         cells.cache_write_5m},
        {{"cache_write_1h_reduced", "1 hour cache write tokens of the events = reported", false},
         events->cache_write_1h,
         cells.cache_write_1h},
        {{"output_reduced", "output tokens of the events = reported", false}, events->output, cells.output},
        {{"reasoning_reduced", "reasoning tokens of the events = reported", false},
         events->reasoning,
         cells.reasoning},
    };
    for (size_t i = 0; st == TB_OK && i < sizeof rows / sizeof *rows; i++) {
        st = tb_check_count(r, &rows[i].row, rows[i].expected, rows[i].found, err);
    }
    return st;
}

/* --- money --- */

/* The days' sums, each by its road (checks_days.sql). */
struct money {
    int64_t days;
    tb_money cells, meters, settled;
    tb_money rounded, billed; /* each day's charge rounded to cents; its teams' cents */
    int64_t total_mismatch;
};

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "a control total of the money is out of range");
}

static enum tb_status add_day(struct money *m, const struct tb_query *row, struct tb_err *err)
{
    tb_money cells = 0, meters = 0, settled = 0, charge = 0;
    int64_t cents;
    bool all = tb_query_money(row, 1, &cells) && tb_query_money(row, 2, &meters) &&
               tb_query_money(row, 3, &settled) && tb_query_money(row, 4, &charge);
    assert(all); /* money_sum is never null */
    if (!tb_money_cents_round(charge, &cents) || !tb_money_add(m->cells, cells, &m->cells) ||
        !tb_money_add(m->meters, meters, &m->meters) || !tb_money_add(m->settled, settled, &m->settled) ||
        !tb_money_add(m->rounded, tb_money_of_cents(cents), &m->rounded) ||
        !tb_money_add(m->billed, tb_money_of_cents(tb_query_int(row, 5)), &m->billed)) {
        return out_of_range(err);
    }
    m->days++;
    m->total_mismatch += tb_query_int(row, 6);
    return TB_OK;
}

static enum tb_status read_money(const struct tb_report_query *q, const struct tb_filter *f,
                                 struct money *out, struct tb_err *err)
{
    struct tb_query *query;
    enum tb_status st = tb_filter_open(f, q, "checks_days.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        st = add_day(out, query, err);
    }
    tb_query_close(query);
    return st == TB_END ? TB_OK : st;
}

static const struct tb_table *part(const struct tb_report *r, const char *key)
{
    const struct tb_part *p = tb_parts_find(r, key);
    assert(p != NULL);
    return p->table;
}

static enum tb_status add_costs(struct tb_report *r, const struct tb_report_query *q, const struct money *m,
                                const struct tb_report *chargeback, struct tb_err *err)
{
    struct tb_cell lines, teams, requests;
    const struct tb_table *totals = part(chargeback, "totals");
    if (!tb_table_sum(part(chargeback, "lines"), TB_LINE_COST, &lines) ||
        !tb_table_sum(part(chargeback, "lines"), TB_LINE_REQUESTS, &requests) ||
        !tb_table_sum(part(chargeback, "teams"), TB_TEAM_COST, &teams)) {
        return out_of_range(err);
    }
    enum tb_status st =
        tb_check_count(r, &(struct tb_check){"days_reduced", "asked days = days with rollups", false},
                       (int64_t)q->to_day - q->from_day + 1, m->days, err);
    if (st == TB_OK) {
        st = tb_check_money(r,
                            &(struct tb_check){"cost_by_meter",
                                               "cost of the usage = cost of its meters at their price rows",
                                               false},
                            m->cells, m->meters, err);
    }
    if (st == TB_OK) {
        st = tb_check_money(
            r, &(struct tb_check){"lines_sum", "total cost = sum of the chargeback lines", false},
            tb_table_cell(totals, 0, TB_TOTAL_COST)->money, lines.money, err);
    }
    if (st == TB_OK) {
        st = tb_check_count(
            r, &(struct tb_check){"lines_requests", "total requests = sum of the chargeback lines", false},
            tb_table_cell(totals, 0, TB_TOTAL_REQUESTS)->number, requests.number, err);
    }
    if (st == TB_OK) {
        st =
            tb_check_money(r, &(struct tb_check){"teams_sum", "cost of the lines = cost of the teams", false},
                           lines.money, teams.money, err);
    }
    return st == TB_OK
               ? tb_check_money(
                     r,
                     &(struct tb_check){"cents_sum",
                                        "each day's charge in whole cents = sum of the billed cents", false},
                     m->rounded, m->billed, err)
               : st;
}

/* What closed days came to later, where the asked days are charged with it. */
static enum tb_status add_adjusted(struct tb_report *r, const struct tb_report_query *q,
                                   const struct money *m, const struct tb_report *chargeback,
                                   struct tb_err *err)
{
    struct tb_query *query;
    struct tb_cell teams, amount;
    int64_t rows = 0, now = 0, charged = 0, posted = 0;
    enum tb_status st = tb_filter_open(NULL, q, "checks_adjusted.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_step(query, err);
    if (st == TB_OK) {
        rows = tb_query_int(query, 0);
        now = tb_query_int(query, 1);
        charged = tb_query_int(query, 2);
        posted = tb_query_int(query, 3);
    }
    tb_query_close(query);
    if (st != TB_OK || rows == 0) {
        return st;
    }
    tb_money billed =
        tb_money_of_cents(tb_table_cell(part(chargeback, "totals"), 0, TB_TOTAL_BILLED)->number);
    tb_money whole;
    if (!tb_table_sum(part(chargeback, "teams"), TB_TEAM_ADJUSTMENTS, &teams) ||
        !tb_table_sum(part(chargeback, "adjustments"), TB_ADJUSTMENT_AMOUNT, &amount) ||
        !tb_money_add(m->billed, tb_money_of_cents(posted), &whole)) {
        return out_of_range(err);
    }
    st = tb_check_money(r,
                        &(struct tb_check){"closed_days",
                                           "closed days recomputed = their closed revisions + adjustments",
                                           false},
                        tb_money_of_cents(now), tb_money_of_cents(charged), err);
    if (st == TB_OK) {
        st = tb_check_money(
            r, &(struct tb_check){"adjustments_sum", "adjustments of the teams = adjustments listed", false},
            teams.money, tb_money_of_cents(amount.number), err);
    }
    return st == TB_OK
               ? tb_check_money(r,
                                &(struct tb_check){"billed_sum",
                                                   "each day's cents + adjustments of closed days = billed",
                                                   false},
                                whole, billed, err)
               : st;
}

/* Each event priced for itself; and what the gateway said, for those events of which it said anything. */
static enum tb_status add_event_costs(struct tb_report *r, const struct tb_scan_sums *events,
                                      const struct money *m, struct tb_err *err)
{
    enum tb_status st =
        tb_check_money(r,
                       &(struct tb_check){"cost_by_event",
                                          "cost of the events, priced one by one = cost of the usage", false},
                       events->cost, m->cells, err);
    if (st == TB_OK && events->both > 0) {
        st = tb_check_money(
            r,
            &(struct tb_check){"gateway_cost",
                               "cost that the gateway logged = cost of the same events by the prices", true},
            events->logged, events->priced, err);
    }
    return st;
}

/* --- what is only told --- */

static enum tb_status count_reused(const struct tb_report_query *q, int64_t *out, struct tb_err *err)
{
    struct tb_query *query;
    enum tb_status st =
        tb_query_open(q->db, tb_embed_text(tb_embed_reports, "checks_id_reused.sql"), &query, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(query, "from_us", q->from_us);
    tb_query_bind_int(query, "to_us", q->to_us);
    st = tb_query_step(query, err);
    if (st == TB_OK) {
        *out = tb_query_int(query, 0);
    }
    tb_query_close(query);
    return st;
}

static enum tb_status add_notes(struct tb_report *r, const struct tb_report_query *q,
                                const struct tb_intake *in, const struct money *m,
                                const struct tb_report *chargeback, struct tb_err *err)
{
    struct tb_cell unpriced;
    int64_t reused = 0;
    int requests = tb_table_find(part(chargeback, "unpriced"), "requests");
    if (!tb_table_sum(part(chargeback, "unpriced"), (size_t)requests, &unpriced)) {
        return out_of_range(err);
    }
    enum tb_status st = count_reused(q, &reused, err);
    const struct {
        const char *control, *about;
        int64_t found;
    } notes[] = {
        {"unpriced_requests", "requests for which no price is in force", unpriced.number},
        {"total_mismatch", "events whose logged total differs from the sum of their token classes",
         m->total_mismatch},
        {"id_reused", "ids that came with different contents more than 24 hours apart", reused},
        {"conflicts", "lines with the id of another event and another content", in->conflicts},
        {"rejected_lines", "lines that could not be read as usage", in->rejected},
        {"incomplete_files", "files that end early or are damaged", in->incomplete},
    };
    for (size_t i = 0; st == TB_OK && i < sizeof notes / sizeof *notes; i++) {
        st = tb_check_count(r, &(struct tb_check){notes[i].control, notes[i].about, true}, 0, notes[i].found,
                            err);
    }
    r->unpriced = unpriced.number > 0;
    r->rejected = in->outstanding > 0;
    r->incomplete = in->incomplete > 0;
    return st;
}

/* A row for each expected source that was silent, and for each missing node: informative, but the day is incomplete. */
static enum tb_status add_silences(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_silences silences;
    enum tb_status st =
        tb_silence_find(q->db, q->settings, q->from_day, q->to_day, q->now_us, &silences, err);
    if (st != TB_OK) {
        return st;
    }
    r->incomplete = r->incomplete || silences.n > 0;
    for (size_t i = 0; st == TB_OK && i < silences.n; i++) {
        const struct tb_silence *s = &silences.rows[i];
        char words[TB_SILENCE_WORDS_MAX];
        tb_silence_words(s, words);
        st = tb_check_count(
            r, &(struct tb_check){s->node != NULL ? "missing_node" : "silent_source", words, true}, s->hours,
            0, err);
    }
    tb_silence_release(&silences);
    return st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q,
                           const struct tb_report *chargeback, const struct tb_filter *f, struct tb_err *err)
{
    struct tb_intake in;
    struct tb_scan_sums events;
    struct money m = {.days = 0};
    enum tb_status st = tb_intake_read(q, &in, err);
    if (st == TB_OK) {
        st = add_ledger(r, q, &in, err);
    }
    if (st == TB_OK) {
        st = tb_checks_scan(q, &events, err);
    }
    if (st == TB_OK && !events.pruned) {
        st = add_reduced(r, q, &events, err);
    }
    if (st == TB_OK) {
        st = read_money(q, f, &m, err);
    }
    if (st == TB_OK) {
        st = add_costs(r, q, &m, chargeback, err);
    }
    if (st == TB_OK) {
        st = add_adjusted(r, q, &m, chargeback, err);
    }
    if (st == TB_OK && !events.pruned) {
        st = add_event_costs(r, &events, &m, err);
    }
    if (st == TB_OK) {
        st = add_notes(r, q, &in, &m, chargeback, err);
    }
    return st == TB_OK ? add_silences(r, q, err) : st;
}

/* The chargeback to add up again: whole, whatever was asked of the checks. */
static enum tb_status fill_with_chargeback(struct tb_report *r, const struct tb_report_query *q,
                                           struct tb_err *err)
{
    struct tb_report_query whole = *q;
    struct tb_report *chargeback = NULL;
    struct tb_filter f;
    whole.sort = NULL;
    whole.told = TB_TOLD_LIVING; /* against living events */
    whole.top = 0;
    enum tb_status st = tb_chargeback_build(&whole, &chargeback, err);
    if (st == TB_OK) {
        st = tb_filter_init(&f, &whole, err);
        if (st == TB_OK) {
            st = fill(r, &whole, chargeback, &f, err);
        }
        tb_filter_release(&f);
    }
    tb_parts_free(chargeback);
    return st;
}

static enum tb_status fill_all(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_shape_add(r, &tb_shape_checks, err);
    }
    if (st == TB_OK) {
        st = fill_with_chargeback(r, q, err);
    }
    if (st == TB_OK) {
        tb_table_int(tb_parts_find(r, "ok")->table, 0, !r->control_failed);
        st = tb_table_sort(r->main, "control", 0, err);
    }
    if (st == TB_OK) {
        st = tb_table_sort(r->main, q->sort, q->top, err);
    }
    return st;
}

enum tb_status tb_checks_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "checks", err);
    if (st == TB_OK) {
        st = tb_head_refuse_where(q, "checks", err);
    }
    return st != TB_OK ? st : tb_head_build("checks", tb_shape_checks.title, q, fill_all, out, err);
}
