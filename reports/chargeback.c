/* The chargeback: who used what, what it cost, what is billed. Lines are of billed sources; totals, teams and
 * unpriced are selected by statements of their own, so that `checks` can hold one against the other. --where
 * filters all of these (the intake stays whole); it leaves billed cents, and adjustments, only where whole teams are kept.
 * What closed days came to later is charged to the day that lists it (q->told). */
#include "reports/chargeback.h"

#include <assert.h>
#include <stdio.h>
#include "reports/fill.h"
#include "reports/filter.h"
#include "reports/head.h"
#include "reports/intake.h"
#include "reports/line_id.h"
#include "reports/shape.h"
#include "reports/silence.h"

static struct tb_table *part(const struct tb_report *r, const char *key)
{
    const struct tb_part *p = tb_parts_find(r, key);
    assert(p != NULL);
    return p->table;
}

static enum tb_status add_line(struct tb_table *t, const struct tb_report_query *q,
                               const struct tb_query *row, struct tb_err *err)
{
    struct tb_str key[TB_LINE_KEYS];
    char id[TB_LINE_ID_MAX];
    for (int i = 0; i < TB_LINE_KEYS; i++) {
        key[i] = tb_query_text(row, i);
    }
    tb_line_id(q->from_day, q->to_day, key, id);
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, TB_LINE_ID, tb_str_of(id), err);
    }
    return st == TB_OK ? tb_fill_row(t, TB_LINE_TEAM, row, err) : st;
}

static enum tb_status add_lines(struct tb_report *r, const struct tb_report_query *q,
                                const struct tb_filter *f, struct tb_err *err)
{
    struct tb_query *query;
    enum tb_status st = tb_filter_open(f, q, "chargeback_lines.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        st = add_line(part(r, "lines"), q, query, err);
    }
    tb_query_close(query);
    return st == TB_END ? TB_OK : st;
}

/* A statement's rows into the part named key. */
static enum tb_status add_rows(struct tb_report *r, const struct tb_report_query *q,
                               const struct tb_filter *f, const char *sql, const char *key,
                               struct tb_err *err)
{
    struct tb_query *query;
    enum tb_status st = tb_filter_open(f, q, sql, &query, err);
    if (st == TB_OK) {
        st = tb_fill_rows(part(r, key), query, err);
        tb_query_close(query);
    }
    return st;
}

static enum tb_status add_totals(struct tb_report *r, const struct tb_report_query *q,
                                 const struct tb_filter *f, struct tb_err *err)
{
    struct tb_query *query;
    struct tb_cell billed;
    enum tb_status st = tb_filter_open(f, q, "chargeback_totals.sql", &query, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_query_step(query, err);
    if (st == TB_OK) {
        st = tb_fill_row(part(r, "totals"), TB_TOTAL_REQUESTS, query, err);
    }
    tb_query_close(query);
    if (st == TB_OK && tb_filter_whole_teams(f)) {
        if (!tb_table_sum(part(r, "teams"), TB_TEAM_BILLED, &billed)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the sum of billed cents is out of range");
        }
        tb_table_int(part(r, "totals"), TB_TOTAL_BILLED, billed.number);
    }
    return st;
}

/* Expected input that is not there stands among what is incomplete, without a file. */
static enum tb_status add_silences(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_silences silences;
    struct tb_table *t = part(r, "incomplete");
    enum tb_status st =
        tb_silence_find(q->db, q->settings, q->from_day, q->to_day, q->now_us, &silences, err);
    if (st != TB_OK) {
        return st;
    }
    r->incomplete = r->incomplete || silences.n > 0;
    for (size_t i = 0; st == TB_OK && i < silences.n; i++) {
        char reason[TB_SILENCE_WORDS_MAX], day[TB_TS_TEXT_MAX],
            words[TB_SILENCE_WORDS_MAX + TB_TS_TEXT_MAX + 4];
        tb_silence_reason(&silences.rows[i], reason);
        tb_day_format(silences.rows[i].day, day);
        snprintf(words, sizeof words, "%s%s%s", q->from_day < q->to_day ? day : "",
                 q->from_day < q->to_day ? ": " : "", reason);
        st = tb_table_row(t, err);
        if (st == TB_OK) {
            st = tb_table_text(t, TB_INCOMPLETE_SOURCE, tb_str_of(silences.rows[i].source), err);
        }
        if (st == TB_OK) {
            st = tb_table_text(t, TB_INCOMPLETE_REASON, tb_str_of(words), err);
        }
    }
    tb_silence_release(&silences);
    return st;
}

static enum tb_status add_intake(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_intake in;
    struct tb_query *query;
    struct tb_table *t = part(r, "intake");
    enum tb_status st = tb_intake_read(q, &in, err);
    if (st != TB_OK) {
        return st;
    }
    const int64_t values[] = {in.files,     in.lines,   in.events,  in.duplicates,
                              in.conflicts, in.ignored, in.rejected};
    for (size_t i = 0; i < tb_table_columns(t); i++) {
        tb_table_int(t, i, values[i]);
    }
    r->rejected = in.outstanding > 0;
    r->incomplete = in.incomplete > 0;
    st = tb_intake_open(q, "intake_incomplete.sql", &query, err);
    if (st == TB_OK) {
        st = tb_fill_rows(part(r, "incomplete"), query, err);
        tb_query_close(query);
    }
    return st == TB_OK ? add_silences(r, q, err) : st;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, const struct tb_filter *f,
                           struct tb_err *err)
{
    const char *teams = tb_filter_whole_teams(f) ? "chargeback_teams.sql" : "chargeback_part_teams.sql";
    enum tb_status st = add_lines(r, q, f, err);
    if (st == TB_OK) {
        st = add_rows(r, q, f, teams, "teams", err);
    }
    if (st == TB_OK) {
        st = add_totals(r, q, f, err);
    }
    if (st == TB_OK && tb_filter_whole_teams(f)) {
        st = add_rows(r, q, f, "chargeback_adjustments.sql", "adjustments", err);
    }
    if (st == TB_OK) {
        st = add_rows(r, q, f, "chargeback_unpriced.sql", "unpriced", err);
    }
    if (st == TB_OK) {
        st = add_intake(r, q, err);
    }
    r->unpriced = tb_table_rows(part(r, "unpriced")) > 0;
    return st;
}

static enum tb_status fill_all(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    struct tb_filter f;
    enum tb_status st = tb_head_add(r, q, err);
    if (st == TB_OK) {
        st = tb_shape_add(r, &tb_shape_chargeback, err);
    }
    if (st == TB_OK) {
        st = tb_filter_init(&f, q, err);
        if (st == TB_OK) {
            st = fill(r, q, &f, err);
        }
        tb_filter_release(&f);
    }
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_chargeback_build(const struct tb_report_query *q, struct tb_report **out,
                                   struct tb_err *err)
{
    enum tb_status st = tb_head_refuse_by(q, "chargeback", err);
    return st != TB_OK ? st : tb_head_build("chargeback", tb_shape_chargeback.title, q, fill_all, out, err);
}
