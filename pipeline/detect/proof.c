/* Which statement says a finding's number again: one for each kind, over the
 * windows that its judge saw. */
#include "detect/proof_parts.h"

#include "base/clock.h"
#include "base/hash.h"
#include "detect/members.h"
#include "store/events.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum tb_status no_memory(struct tb_proving *v)
{
    return tb_err_set(v->err, TB_FATAL, TB_E_MEMORY, "no memory to explain a finding");
}

static struct tb_str text_of(const struct tb_proving *v, uint32_t id)
{
    return id != 0 ? tb_dict_text(v->q->db, id) : TB_STR_NULL;
}

/* --- names ---- */

static void set_flag(struct tb_proving *v, const char *name)
{
    tb_findsql_set(&v->p->calls, name, "1");
}

/* The same for both statements. */
void tb_proving_set(struct tb_proving *v, const char *name, const char *literal)
{
    tb_findsql_set(&v->p->number, name, literal);
    tb_findsql_set(&v->p->calls, name, literal);
}

static void set_defaults(struct tb_proving *v)
{
    static const char *const flags[] = {"by_address", "by_agent", "by_size", "by_model", "by_provider",
                                        "prompts",    "failed",   "hidden",  "unpriced", "tool"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        tb_findsql_set(&v->p->calls, flags[i], "0");
    }
    tb_proving_set(v, "filter", "1");
    tb_proving_set(v, "model", "null");
    tb_proving_set(v, "consumer",
                   v->f->consumer != 0 ? tb_findsql_quote(&v->p->number, text_of(v, v->f->consumer))
                                       : "null");
}

/* "COLUMN OPERATOR literal" */
enum tb_status tb_proving_filter(struct tb_proving *v, const char *column, const char *operator,
                                 struct tb_str text)
{
    const char *literal = tb_findsql_quote(&v->p->number, text);
    size_t size = literal != NULL ? strlen(column) + strlen(operator) + strlen(literal) + 3 : 0;
    char *out = literal != NULL ? tb_arena_alloc(&v->p->number.arena, size) : NULL;
    if (out == NULL) {
        return no_memory(v);
    }
    snprintf(out, size, "%s %s %s", column, operator, literal);
    tb_proving_set(v, "filter", out);
    return TB_OK;
}

enum tb_status tb_proving_window(struct tb_proving *v, int64_t from_us, int64_t to_us, const char *what,
                                 const char *second)
{
    enum tb_status st = tb_findsql_window(&v->p->number, from_us, to_us, what, second, v->err);
    return st == TB_OK ? tb_findsql_window(&v->p->calls, from_us, to_us, what, second, v->err) : st;
}

static uint32_t seen_n(const struct tb_finding *f)
{
    return f->seen_n > 0 ? f->seen_n : 1;
}

static struct tb_seen seen_at(const struct tb_finding *f, uint32_t i)
{
    return f->seen_n > 0
               ? f->seen[i]
               : (struct tb_seen){.start_us = f->start_us, .end_us = f->end_us, .subject = f->subject};
}

enum tb_status tb_proving_windows(struct tb_proving *v)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < seen_n(v->f) && st == TB_OK; i++) {
        struct tb_seen s = seen_at(v->f, i);
        st = tb_proving_window(v, s.start_us, s.end_us, NULL, NULL);
    }
    return st;
}

/* --- kinds of one consumer ---- */

static enum tb_status prove_run(struct tb_proving *v)
{
    struct tb_member_span *span = NULL;
    size_t n = 0;
    enum tb_status st = tb_members_find(v->q->db, v->q->settings, v->q->tables, v->f, &span, &n, v->err);
    for (size_t i = 0; i < n && st == TB_OK; i++) {
        const char *ip = tb_findsql_quote(&v->p->number, text_of(v, span[i].ip));
        st = ip != NULL ? tb_proving_window(v, span[i].from_us, span[i].to_us, ip, NULL) : no_memory(v);
    }
    free(span);
    v->p->sql = "proof_repeats.sql";
    set_flag(v, "by_address");
    set_flag(v, "prompts");
    return st == TB_OK && n == 0 ? tb_proving_windows(v) : st;
}

static bool is_named(const struct tb_proving *v, uint32_t id, uint64_t subject)
{
    struct tb_str text = tb_dict_text(v->q->db, id);
    return id != 0 && tb_hash64(text.s, text.n, 0) == subject;
}

/* The text whose hash a report kept: a user agent's or an address's, among
 * those of the day's digest. */
static uint32_t find_text(const struct tb_proving *v, uint64_t subject)
{
    const struct tb_digest *g = &v->digest;
    for (size_t i = 0; i < g->agent_n; i++) {
        if (is_named(v, g->agent[i].agent, subject)) {
            return g->agent[i].agent;
        }
    }
    for (size_t i = 0; i < g->steady_n; i++) {
        if (is_named(v, g->steady[i].ip, subject)) {
            return g->steady[i].ip;
        }
    }
    for (size_t i = 0; i < g->place_n; i++) {
        if (is_named(v, g->place[i].ip, subject)) {
            return g->place[i].ip;
        }
    }
    return 0;
}

static enum tb_status prove_bot(struct tb_proving *v, const char *sql, const char *flag)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < seen_n(v->f) && st == TB_OK; i++) {
        struct tb_seen s = seen_at(v->f, i);
        const char *what = tb_findsql_quote(&v->p->number, text_of(v, find_text(v, s.subject)));
        st = what != NULL ? tb_proving_window(v, s.start_us, s.end_us, what, NULL) : no_memory(v);
    }
    const struct tb_zone *zone = v->q->settings->zone;
    tb_proving_set(v, "days_from",
                   tb_findsql_integer(&v->p->number, tb_zone_day_start(zone, v->f->last_day - 1)));
    tb_proving_set(v, "days_to",
                   tb_findsql_integer(&v->p->number, tb_zone_day_start(zone, v->f->last_day + 1)));
    tb_proving_set(v, "least", tb_findsql_integer(&v->p->number, TB_PLACE_MIN));
    set_flag(v, flag);
    v->p->sql = sql;
    return st;
}

static enum tb_status prove_storm(struct tb_proving *v)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < seen_n(v->f) && st == TB_OK; i++) {
        struct tb_seen s = seen_at(v->f, i);
        int64_t end = s.end_us + TB_STORM_QUIET_MIN * TB_US_PER_MIN;
        st = tb_proving_window(v, s.start_us, end < v->digest.to_us ? end : v->digest.to_us, NULL, NULL);
    }
    set_flag(v, "failed");
    v->p->sql = "proof_failures.sql";
    return st;
}

static enum tb_status prove_large(struct tb_proving *v)
{
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < seen_n(v->f) && st == TB_OK; i++) {
        struct tb_seen s = seen_at(v->f, i);
        const char *least = tb_findsql_number(&v->p->number, s.least),
                   *feature = tb_findsql_quote(&v->p->number, text_of(v, s.feature));
        st = least != NULL && feature != NULL ? tb_proving_window(v, s.start_us, s.end_us, least, feature)
                                              : no_memory(v);
    }
    set_flag(v, "by_size");
    v->p->sql = "proof_large.sql";
    return st;
}

static enum tb_status prove_share(struct tb_proving *v, const char *sql)
{
    v->p->sql = sql;
    if (v->f->kind == TB_KIND_HIDDEN_RECOMPUTE) {
        set_flag(v, "hidden");
    }
    if (v->f->kind == TB_KIND_MODEL_MIX) {
        const char *model = tb_findsql_quote(&v->p->number, text_of(v, v->f->value));
        tb_proving_set(v, "model", model);
        set_flag(v, "by_model");
    }
    bool feature = (v->f->kind == TB_KIND_CONTEXT_BLOAT || v->f->kind == TB_KIND_OUTPUT_BLOAT) &&
                   v->f->dimension != NULL;
    enum tb_status st = feature ? tb_proving_filter(v, "feature", "is", text_of(v, v->f->value)) : TB_OK;
    return st == TB_OK ? tb_proving_windows(v) : st;
}

static enum tb_status prove_requests(struct tb_proving *v)
{
    v->p->sql = v->f->consumer != 0 ? "proof_requests.sql" : "proof_cost.sql";
    return tb_proving_windows(v);
}

/* --- kinds that concern all ---- */

static enum tb_status prove_outage(struct tb_proving *v)
{
    const struct tb_rules *r = &v->rules;
    struct tb_findsql *n = &v->p->number;
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < seen_n(v->f) && st == TB_OK; i++) {
        struct tb_seen s = seen_at(v->f, i);
        for (size_t k = 0; k < v->digest.outage_n && st == TB_OK; k++) {
            const struct tb_dg_outage *o = &v->digest.outage[k];
            if (o->start_us == s.start_us && o->end_us == s.end_us) {
                const char *model = tb_findsql_quote(n, text_of(v, o->model)),
                           *provider = tb_findsql_quote(n, text_of(v, o->provider));
                st = model != NULL && provider != NULL
                         ? tb_findsql_window(n, s.start_us, s.end_us, model, provider, v->err)
                         : no_memory(v);
                st = st == TB_OK
                         ? tb_findsql_window(&v->p->calls, s.start_us, s.end_us, provider, NULL, v->err)
                         : st;
            }
        }
    }
    tb_findsql_set(n, "width", tb_findsql_integer(n, (int64_t)(r->outage_minutes * (double)TB_US_PER_MIN)));
    tb_findsql_set(n, "failures", tb_findsql_number(n, r->outage_failures));
    tb_findsql_set(n, "share", tb_findsql_number(n, r->outage_share));
    tb_findsql_set(n, "each", tb_findsql_number(n, r->outage_each));
    tb_findsql_set(n, "consumers", tb_findsql_number(n, r->outage_consumers));
    tb_findsql_set(n, "one", tb_findsql_number(n, r->outage_one));
    set_flag(v, "failed");
    set_flag(v, "by_provider");
    v->p->sql = "proof_outage.sql";
    return st;
}

static enum tb_status prove_unpriced(struct tb_proving *v)
{
    enum tb_status st = TB_OK;
    tb_proving_set(v, "model", tb_findsql_quote(&v->p->number, text_of(v, v->f->value)));
    struct tb_seen s = seen_at(v->f, 0);
    for (size_t k = 0; k < v->digest.unpriced_n && st == TB_OK; k++) {
        const struct tb_dg_unpriced *u = &v->digest.unpriced[k];
        if (u->model == v->f->value && u->start_us == s.start_us && u->end_us + 1 == s.end_us) {
            const char *provider = tb_findsql_quote(&v->p->number, text_of(v, u->provider));
            st = provider != NULL ? tb_proving_window(v, s.start_us, s.end_us, provider, NULL) : no_memory(v);
        }
    }
    set_flag(v, "unpriced");
    set_flag(v, "by_model");
    set_flag(v, "by_provider");
    v->p->sql = "proof_unpriced.sql";
    return st;
}

static enum tb_status prove_tool(struct tb_proving *v)
{
    enum tb_status st = tb_proving_filter(v, "feature", "is", text_of(v, v->f->value));
    set_flag(v, "tool");
    v->p->sql = "proof_tool.sql";
    return st == TB_OK ? tb_proving_windows(v) : st;
}

static enum tb_status prove_feature(struct tb_proving *v)
{
    enum tb_status st = tb_proving_filter(v, "feature", "is", text_of(v, v->f->value));
    v->p->sql = "proof_cost.sql";
    return st == TB_OK ? tb_proving_windows(v) : st;
}

/* --- all kinds ---- */

static enum tb_status prove(struct tb_proving *v)
{
    switch (v->f->kind) {
    case TB_KIND_LOOP_GROWING:
    case TB_KIND_REPEAT_EXACT:
    case TB_KIND_REPEAT_TEMPLATE:
    case TB_KIND_REPEAT_NEAR:
    case TB_KIND_CACHE_CANDIDATE:
        return prove_run(v);
    case TB_KIND_BOT_UA:
        return prove_bot(v, "proof_agent.sql", "by_agent");
    case TB_KIND_BOT_REGULAR:
        return prove_bot(v, "proof_address.sql", "by_address");
    case TB_KIND_BOT_24H:
        return prove_bot(v, "proof_round.sql", "by_address");
    case TB_KIND_RETRY_STORM:
        return prove_storm(v);
    case TB_KIND_OUTAGE:
        return prove_outage(v);
    case TB_KIND_LARGE_PROMPT:
        return prove_large(v);
    case TB_KIND_HIDDEN_RECOMPUTE:
        return prove_share(v, "proof_hidden.sql");
    case TB_KIND_MODEL_MIX:
        return prove_share(v, "proof_model.sql");
    case TB_KIND_CONTEXT_BLOAT:
        return prove_share(v, "proof_input.sql");
    case TB_KIND_OUTPUT_BLOAT:
        return prove_share(v, "proof_output.sql");
    case TB_KIND_TOOL_FAIL:
        return prove_tool(v);
    case TB_KIND_FEATURE_DOMINATES:
        return prove_feature(v);
    case TB_KIND_COST_RATE:
        return tb_prove_rate(v);
    case TB_KIND_BUDGET:
        return tb_prove_budget(v);
    case TB_KIND_PREDICT:
        return tb_prove_predict(v);
    case TB_KIND_QUOTA_EXHAUSTED:
        return tb_prove_quota(v);
    case TB_KIND_UNPRICED:
        return prove_unpriced(v);
    default:
        return prove_requests(v); /* off_hours, spike, sustained, new_consumer */
    }
}

enum tb_status tb_proof_make(const struct tb_detect_query *q, const struct tb_finding *f,
                             struct tb_proof *out, struct tb_err *err)
{
    struct tb_proving v = {.q = q, .f = f, .p = out, .err = err};
    memset(out, 0, sizeof *out);
    tb_findsql_init(&out->number);
    tb_findsql_init(&out->calls);
    set_defaults(&v);
    enum tb_status st = tb_rules_load(q->settings, &v.rules, err);
    if (st == TB_OK) {
        st = tb_digest_get(q->db, q->settings, q->tables, &v.rules, f->last_day, &v.digest, err);
    }
    if (st == TB_OK) {
        st = prove(&v);
        tb_digest_release(&v.digest);
    }
    if (st != TB_OK) {
        tb_proof_release(out);
    }
    return st;
}

void tb_proof_release(struct tb_proof *p)
{
    tb_findsql_release(&p->number);
    tb_findsql_release(&p->calls);
}
