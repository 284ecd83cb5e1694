/* A day's teams, rounded to cents and written. */
#include <assert.h>
#include <stdlib.h>
#include "rate/reduce_write.h"
#include "rate/settle.h"

static int by_team(const void *a, const void *b)
{
    const struct tb_settle_line *x = a;
    const struct tb_settle_line *y = b;
    int c = tb_str_cmp(x->team, y->team);
    return c != 0 ? c : tb_str_cmp(x->cost_center, y->cost_center);
}

/* Of the account rows of this team and cost centre that are in force at some instant of the day, the one with
 * the smallest line where the asked text is set. */
static struct tb_str account_text(const struct tb_reduce_writer *w, const struct tb_reduced *r,
                                  const struct tb_settle_line *line, size_t offset)
{
    int64_t from_us = tb_zone_day_start(w->settings->zone, r->day);
    int64_t to_us = tb_zone_day_start(w->settings->zone, r->day + 1);
    const struct tb_account_row *best = NULL;
    struct tb_str out = TB_STR_NULL;
    for (size_t i = 0; i < w->tables->account_count; i++) {
        const struct tb_account_row *row = &w->tables->accounts[i];
        const struct tb_str *text = (const struct tb_str *)(const void *)((const char *)row + offset);
        struct tb_str team = row->team.s != NULL ? row->team : TB_STR(TB_TEAM_UNASSIGNED);
        if (text->s != NULL && row->from_us < to_us && row->to_us > from_us && tb_str_eq(team, line->team) &&
            tb_str_eq(row->cost_center, line->cost_center) && (best == NULL || row->line < best->line)) {
            best = row;
            out = *text;
        }
    }
    return out;
}

static enum tb_status put_line(struct tb_reduce_writer *w, const struct tb_reduced *r,
                               const struct tb_settle_line *line, struct tb_err *err)
{
    struct tb_query *q = w->query[TB_RQ_SETTLEMENT_PUT];
    tb_query_bind_int(q, "day", r->day);
    tb_query_bind_int(q, "tables", r->version);
    tb_query_bind_text(q, "team", line->team);
    tb_query_bind_text(q, "cost_center", line->cost_center);
    tb_query_bind_text(q, "gl_account",
                       account_text(w, r, line, offsetof(struct tb_account_row, gl_account)));
    tb_query_bind_text(q, "owner", account_text(w, r, line, offsetof(struct tb_account_row, owner)));
    tb_query_bind_money(q, "cost", line->cost);
    tb_query_bind_money(q, "shared", 0);
    tb_query_bind_money(q, "adjustments", 0);
    tb_query_bind_int(q, "billed_cents", line->billed_cents);
    return tb_query_run(q, err);
}

enum tb_status tb_reduce_settle(struct tb_reduce_writer *w, const struct tb_reduced *r, struct tb_err *err)
{
    uint32_t n = w->teams.n;
    struct tb_settle_line *lines = calloc((size_t)n + 1, sizeof *lines);
    if (lines == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %u teams", n);
    }
    w->cost = 0;
    w->billed_cents = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t *key = tb_tuples_at(&w->teams, i);
        lines[i].team = tb_dict_text(w->db, key[0]);
        lines[i].cost_center = tb_dict_text(w->db, key[1]);
        lines[i].cost = w->team_cost[i];
    }
    qsort(lines, n, sizeof *lines, by_team);
    enum tb_status status = tb_settle_cents(lines, n, err);
    for (uint32_t i = 0; status == TB_OK && i < n; i++) {
        bool fits = tb_money_add(w->cost, lines[i].cost, &w->cost);
        assert(fits); /* tb_settle_cents added the same */
        w->billed_cents += lines[i].billed_cents;
        status = put_line(w, r, &lines[i], err);
    }
    free(lines);
    return status;
}
