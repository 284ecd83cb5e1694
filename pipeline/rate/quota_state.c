#include "rate/quota_state.h"

#include <assert.h>
#include "base/embed.h"

extern const struct tb_embed tb_embed_rate[];

/* Grows when the same calls and tables would give other rows. */
#define RULES "1"
static const char program[] = "tollbook " TB_PROGRAM_VERSION " quota rules " RULES;

static enum tb_status open_query(struct tb_db *db, const char *name, struct tb_query **out,
                                 struct tb_err *err)
{
    return tb_query_open(db, tb_embed_text(tb_embed_rate, name), out, err);
}

static struct tb_hash128 hash_at(const struct tb_query *q, int i)
{
    struct tb_hash128 h = {0, 0};
    struct tb_str b = tb_query_blob(q, i);
    if (b.n == sizeof h) {
        memcpy(&h, b.s, sizeof h);
    }
    return h;
}

enum tb_status tb_quota_day_find(struct tb_db *db, int32_t day, const struct tb_hash128 *rules,
                                 struct tb_quota_day *out, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *out = (struct tb_quota_day){.state = 0};
    enum tb_status status = open_query(db, "quota_day_find.sql", &q, err);
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "day", day);
    if (rules != NULL) {
        tb_query_bind_blob(q, "rules", rules, sizeof *rules);
    } else {
        tb_query_bind_null(q, "rules");
    }
    status = tb_query_step(q, err);
    if (status == TB_OK) {
        out->state = tb_query_int(q, 0);
        out->rules = hash_at(q, 1);
        out->generation = tb_query_int(q, 2);
        out->same_program = tb_str_eq(tb_query_text(q, 3), tb_str_of(program));
        out->carry_in = hash_at(q, 4);
        out->carry_out = hash_at(q, 5);
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}

enum tb_status tb_quota_days(struct tb_db *db, int32_t *first, int32_t *last, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *first = INT32_MAX;
    *last = INT32_MIN;
    enum tb_status status = open_query(db, "quota_day_first.sql", &q, err);
    if (status == TB_OK) {
        status = tb_query_step(q, err);
    }
    if (status == TB_OK && !tb_query_is_null(q, 0)) {
        *first = (int32_t)tb_query_int(q, 0);
        *last = (int32_t)tb_query_int(q, 1);
    }
    tb_query_close(q);
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

struct writer {
    struct tb_query *q;
    int64_t state, n;
};

static void bind_amount(struct tb_query *q, const char *name, enum tb_measure measure, tb_int128 v)
{
    if (measure == TB_MEASURE_COST) {
        tb_query_bind_money(q, name, v);
    } else {
        assert(v >= INT64_MIN && v <= INT64_MAX);
        tb_query_bind_int(q, name, (int64_t)v);
    }
}

static void bind_or_null(struct tb_query *q, const char *name, bool has, int64_t v)
{
    if (has) {
        tb_query_bind_int(q, name, v);
    } else {
        tb_query_bind_null(q, name);
    }
}

static void bind_use(struct tb_query *q, const struct tb_quota_kept *k)
{
    const struct tb_quota_use *u = &k->use;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"start_us", u->start_us},
                   {"end_us", u->end_us},
                   {"requests_after", u->requests_after},
                   {"tokens_after", u->tokens_after},
                   {"refused", u->refused},
                   {"refused_early", u->refused_early},
                   {"headers", u->headers},
                   {"windows_over", u->windows_over},
                   {"day_requests_after", u->day_requests_after},
                   {"day_tokens_after", u->day_tokens_after},
                   {"day_refused", u->day_refused}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        tb_query_bind_int(q, numbers[i].name, numbers[i].value);
    }
    if (u->unlimited) {
        tb_query_bind_null(q, "limit_");
    } else {
        bind_amount(q, "limit_", k->measure, u->limit);
    }
    bind_amount(q, "used", k->measure, u->used);
    bind_or_null(q, "exhausted_us", u->exhausted_us != TB_QUOTA_NEVER, u->exhausted_us);
    bind_or_null(q, "logged_limit", u->headers > 0 && u->logged_limit >= 0, u->logged_limit);
    bind_or_null(q, "logged_remaining", u->headers > 0 && u->logged_remaining >= 0, u->logged_remaining);
    bind_or_null(q, "remaining", u->headers > 0, u->remaining);
    tb_query_bind_money(q, "cost_after", u->cost_after);
    tb_query_bind_money(q, "day_cost_after", u->day_cost_after);
}

static enum tb_status put_window(void *ctx, const struct tb_quota_kept *k, struct tb_err *err)
{
    struct writer *w = ctx;
    tb_query_bind_int(w->q, "state", w->state);
    tb_query_bind_int(w->q, "n", ++w->n);
    tb_query_bind_int(w->q, "consumer", k->consumer);
    tb_query_bind_int(w->q, "node", k->node);
    tb_query_bind_text(w->q, "tier", k->tier);
    tb_query_bind_int(w->q, "measure", k->measure);
    tb_query_bind_int(w->q, "window", k->window);
    tb_query_bind_int(w->q, "per_node", k->per_node);
    tb_query_bind_int(w->q, "global", k->global);
    bind_use(w->q, k);
    return tb_query_run(w->q, err);
}

static enum tb_status put_violation(void *ctx, uint32_t consumer, struct tb_str tier, uint32_t model,
                                    const struct tb_quota_sum *sum, struct tb_err *err)
{
    struct writer *w = ctx;
    tb_query_bind_int(w->q, "state", w->state);
    tb_query_bind_int(w->q, "n", ++w->n);
    tb_query_bind_int(w->q, "consumer", consumer);
    tb_query_bind_text(w->q, "tier", tier);
    tb_query_bind_int(w->q, "model", model);
    tb_query_bind_int(w->q, "requests", sum->requests);
    tb_query_bind_int(w->q, "tokens", sum->tokens);
    tb_query_bind_money(w->q, "cost", sum->cost);
    return tb_query_run(w->q, err);
}

static enum tb_status drop(struct tb_db *db, int64_t state, struct tb_err *err)
{
    static const char *const names[] = {"quota_violation_drop.sql", "quota_window_drop.sql",
                                        "quota_day_drop.sql"};
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && state != 0 && i < sizeof names / sizeof *names; i++) {
        struct tb_query *q = NULL;
        status = open_query(db, names[i], &q, err);
        if (status == TB_OK) {
            tb_query_bind_int(q, "state", state);
            status = tb_query_run(q, err);
        }
        tb_query_close(q);
    }
    return status;
}

static enum tb_status put_day(struct tb_db *db, int32_t day, struct tb_quota_day *d, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status status = open_query(db, "quota_day_put.sql", &q, err);
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_blob(q, "rules", &d->rules, sizeof d->rules);
    tb_query_bind_int(q, "generation", d->generation);
    tb_query_bind_text(q, "program", tb_str_of(program));
    tb_query_bind_blob(q, "carry_in", &d->carry_in, sizeof d->carry_in);
    tb_query_bind_blob(q, "carry_out", &d->carry_out, sizeof d->carry_out);
    status = tb_query_run(q, err);
    d->state = tb_query_last_id(q);
    tb_query_close(q);
    return status;
}

enum tb_status tb_quota_day_put(struct tb_db *db, const struct tb_quota_replay *r, struct tb_quota_day *d,
                                struct tb_err *err)
{
    struct writer w = {.n = 0};
    enum tb_status status = drop(db, d->state, err);
    if (status == TB_OK) {
        status = put_day(db, r->day, d, err);
    }
    w.state = d->state;
    if (status == TB_OK) {
        status = open_query(db, "quota_window_put.sql", &w.q, err);
    }
    if (status == TB_OK) {
        status = tb_quota_replay_rows(r, put_window, &w, err);
        tb_query_close(w.q);
        w.q = NULL;
    }
    if (status == TB_OK) {
        w.n = 0;
        status = open_query(db, "quota_violation_put.sql", &w.q, err);
    }
    if (status == TB_OK) {
        status = tb_quota_replay_violations(r, put_violation, &w, err);
        tb_query_close(w.q);
    }
    return status;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

static tb_int128 amount_at(const struct tb_query *q, int i, int measure)
{
    tb_money m = 0;
    if (measure != TB_MEASURE_COST) {
        return tb_query_int(q, i);
    }
    (void)tb_query_money(q, i, &m);
    return m;
}

static tb_money money_at(const struct tb_query *q, int i)
{
    tb_money m = 0;
    (void)tb_query_money(q, i, &m);
    return m;
}

static int64_t int_or(const struct tb_query *q, int i, int64_t otherwise)
{
    return tb_query_is_null(q, i) ? otherwise : tb_query_int(q, i);
}

static void read_window(const struct tb_query *q, struct tb_quota_kept *k)
{
    int i = 0;
    struct tb_quota_use *u = &k->use;
    k->consumer = (uint32_t)tb_query_int(q, i++);
    k->node = (uint32_t)tb_query_int(q, i++);
    k->tier = tb_query_text(q, i++);
    k->measure = (enum tb_measure)tb_query_int(q, i++);
    k->window = (enum tb_window)tb_query_int(q, i++);
    k->per_node = tb_query_int(q, i++) != 0;
    k->global = tb_query_int(q, i++) != 0;
    u->start_us = tb_query_int(q, i++);
    u->end_us = tb_query_int(q, i++);
    u->unlimited = tb_query_is_null(q, i);
    u->limit = amount_at(q, i++, (int)k->measure);
    u->used = amount_at(q, i++, (int)k->measure);
    u->exhausted_us = int_or(q, i++, TB_QUOTA_NEVER);
    u->requests_after = tb_query_int(q, i++);
    u->tokens_after = tb_query_int(q, i++);
    u->cost_after = money_at(q, i++);
    u->refused = tb_query_int(q, i++);
    u->refused_early = tb_query_int(q, i++);
    u->headers = tb_query_int(q, i++);
    u->logged_limit = int_or(q, i++, -1);
    u->logged_remaining = int_or(q, i++, -1);
    u->remaining = int_or(q, i++, 0);
    u->windows_over = tb_query_int(q, i++);
    u->day_requests_after = tb_query_int(q, i++);
    u->day_tokens_after = tb_query_int(q, i++);
    u->day_cost_after = money_at(q, i++);
    u->day_refused = tb_query_int(q, i++);
}

enum tb_status tb_quota_windows_get(struct tb_db *db, int64_t state,
                                    enum tb_status (*each)(void *ctx, const struct tb_quota_kept *k,
                                                           struct tb_err *err),
                                    void *ctx, struct tb_err *err)
{
    struct tb_query *q = NULL;
    struct tb_quota_kept k;
    enum tb_status status = open_query(db, "quota_window_get.sql", &q, err);
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "state", state);
    while (status == TB_OK && (status = tb_query_step(q, err)) == TB_OK) {
        read_window(q, &k);
        status = each(ctx, &k, err);
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}

enum tb_status tb_quota_violations_get(struct tb_db *db, int64_t state,
                                       enum tb_status (*each)(void *ctx, uint32_t consumer,
                                                              struct tb_str tier, uint32_t model,
                                                              const struct tb_quota_sum *sum,
                                                              struct tb_err *err),
                                       void *ctx, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status status = open_query(db, "quota_violation_get.sql", &q, err);
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "state", state);
    while (status == TB_OK && (status = tb_query_step(q, err)) == TB_OK) {
        struct tb_quota_sum sum = {tb_query_int(q, 3), tb_query_int(q, 4), money_at(q, 5)};
        status = each(ctx, (uint32_t)tb_query_int(q, 0), tb_query_text(q, 1), (uint32_t)tb_query_int(q, 2),
                      &sum, err);
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}
