/* Findings about limits of the tables: budgets, their forecasts and hours,
 * quotas. */
#include "base/hash.h"
#include "detect/proof_parts.h"
#include "rate/budget.h"
#include "rate/quota.h"
#include "store/query.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- budgets and quotas ---- */

/* What a budget is of: everything, or the glob of a dimension, which is a
 * column. */
static enum tb_status filter_budget(struct tb_proving *v, const struct tb_budget_row *b)
{
    tb_proving_set(v, "consumer", "null");
    if (b->dimension.s == NULL || b->match.s == NULL) {
        return TB_OK;
    }
    char column[64];
    bool consumer = tb_str_eq(b->dimension, TB_STR("consumer"));
    snprintf(column, sizeof column, consumer ? "coalesce(%.*s, '(anonymous)')" : "%.*s", (int)b->dimension.n,
             b->dimension.s);
    return tb_proving_filter(v, column, "glob", b->match);
}

enum tb_status tb_prove_rate(struct tb_proving *v)
{
    const struct tb_tables *t = v->q->tables;
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < t->budget_count && v->f->subject != 0; i++) {
        struct tb_str name = t->budgets[i].name;
        if (tb_hash64(name.s, name.n, 0) == v->f->subject) {
            st = filter_budget(v, &t->budgets[i]);
            break;
        }
    }
    v->p->sql = "proof_rate.sql";
    return st == TB_OK ? tb_proving_windows(v) : st;
}

/* The budget whose period the finding's id names. */
static const struct tb_budget_row *find_budget(const struct tb_proving *v, int64_t *start_us, int32_t *next)
{
    const struct tb_tables *t = v->q->tables;
    for (size_t i = 0; i < t->budget_count; i++) {
        struct tb_finding named = {.kind = v->f->kind};
        int32_t first = 0;
        tb_period_bounds(t->budgets[i].period, v->f->last_day, &first, next);
        *start_us = tb_zone_day_start(v->q->settings->zone, first);
        tb_finding_name(&named, t->budgets[i].name, TB_STR_NULL, *start_us);
        if (strcmp(named.id, v->f->id) == 0) {
            return &t->budgets[i];
        }
    }
    return NULL;
}

enum tb_status tb_prove_budget(struct tb_proving *v)
{
    int64_t start_us = v->f->start_us;
    int32_t next = 0;
    const struct tb_budget_row *b = find_budget(v, &start_us, &next);
    enum tb_status st = b != NULL ? filter_budget(v, b) : TB_OK;
    v->p->sql = "proof_cost.sql";
    return st == TB_OK ? tb_proving_window(v, start_us, v->f->end_us, NULL, NULL) : st;
}

/* What the statement says as it stands. */
static enum tb_status run_number(struct tb_proving *v, double *out)
{
    struct tb_buf sql;
    struct tb_query *row = NULL;
    tb_buf_init(&sql, TB_FINDSQL_MAX);
    enum tb_status st =
        tb_findsql_write(&v->p->number, tb_embed_text(tb_embed_detect, v->p->sql), &sql, v->err);
    if (st == TB_OK) {
        st = tb_query_open_user(v->q->db, tb_buf_view(&sql), &row, v->err);
    }
    if (st == TB_OK) {
        st = tb_query_step(row, v->err);
    }
    if (st == TB_OK) {
        char text[64];
        struct tb_str number = tb_query_text(row, 0);
        snprintf(text, sizeof text, "%.*s", (int)number.n, number.s != NULL ? number.s : "");
        *out = strtod(text, NULL);
    }
    tb_query_close(row);
    tb_buf_release(&sql);
    return st;
}

/* A forecast: what was spent by then, divided by the share that is usual by
 * then (a day), or with the usual rest (longer periods). */
enum tb_status tb_prove_predict(struct tb_proving *v)
{
    int64_t start_us = v->f->start_us;
    int32_t next = 0;
    double spent = 0;
    const struct tb_budget_row *b = find_budget(v, &start_us, &next);
    bool day = b != NULL && b->period == TB_PERIOD_DAY;
    enum tb_status st = b != NULL ? filter_budget(v, b) : TB_OK;
    v->p->sql = "proof_predict.sql";
    tb_findsql_set(&v->p->number, "share", "1.0");
    tb_findsql_set(&v->p->number, "rest", "0.0");
    if (st == TB_OK) {
        st = tb_proving_window(v, start_us, day ? v->f->start_us : v->f->end_us, NULL, NULL);
    }
    if (st == TB_OK) {
        st = run_number(v, &spent);
    }
    if (day) {
        tb_findsql_set(&v->p->number, "share", tb_findsql_number(&v->p->number, spent / v->f->observed));
    } else {
        tb_findsql_set(&v->p->number, "rest", tb_findsql_number(&v->p->number, v->f->observed - spent));
    }
    return st;
}

static bool is_quota(const struct tb_proving *v, const struct tb_quota_out *o)
{
    char what[256];
    struct tb_finding named = {.kind = v->f->kind};
    bool rolling = o->window == TB_WINDOW_ROLLING_24H;
    snprintf(what, sizeof what, "%.*s|%s|%s", (int)(o->tier.n < 200 ? o->tier.n : 200),
             o->tier.s != NULL ? o->tier.s : "", tb_quota_measure_names[o->measure],
             tb_quota_window_names[o->window]);
    tb_finding_name(&named, o->consumer, tb_str_of(what), rolling ? v->digest.from_us : o->use.start_us);
    return strcmp(named.id, v->f->id) == 0 && o->use.exhausted_us == v->f->start_us;
}

enum tb_status tb_prove_quota(struct tb_proving *v)
{
    static const char *const statements[] = {[TB_MEASURE_TOKENS] = "proof_quota_tokens.sql",
                                             [TB_MEASURE_REQUESTS] = "proof_quota_requests.sql",
                                             [TB_MEASURE_COST] = "proof_quota_cost.sql"};
    struct tb_quota_result r;
    int32_t day = v->f->last_day;
    enum tb_status st = tb_quota_query(v->q->db, v->q->settings, v->q->tables, day, day, day, &r, v->err);
    if (st != TB_OK) {
        return st;
    }
    v->p->sql = statements[TB_MEASURE_TOKENS];
    for (size_t i = 0; i < r.n && st == TB_OK && v->p->number.window_n == 0; i++) {
        const struct tb_quota_out *o = &r.rows[i];
        if (o->measure == TB_MEASURE_MODELS || !is_quota(v, o)) {
            continue;
        }
        v->p->sql = statements[o->measure];
        st = o->per_node ? tb_proving_filter(v, "node", "is", o->node) : TB_OK;
        if (st == TB_OK) {
            int64_t tail = o->window == TB_WINDOW_ROLLING_24H; /* (t - 24h, t], the others [start, end) */
            int64_t end = o->use.end_us + tail;
            st = tb_proving_window(v, o->use.start_us + tail, end < v->digest.to_us ? end : v->digest.to_us,
                                   NULL, NULL);
        }
    }
    tb_quota_release(&r);
    return st == TB_OK && v->p->number.window_n == 0 ? tb_proving_windows(v) : st;
}
