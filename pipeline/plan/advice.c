#include "plan/advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "plan/advice_making.h"

#define TEXT_BYTES_MAX ((size_t)1 << 30)
#define DECIMALS       12

enum tb_status tb_advice_no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for advice");
}

static struct tb_str keep(struct tb_advice_making *m, const char *text)
{
    return tb_arena_str(m->out->arena, tb_str_of(text));
}

/* Money for a sentence: six decimals are enough to read. */
const char *tb_advice_told(tb_money v, char out[TB_MONEY_TEXT_MAX])
{
    tb_money rounded = v;
    if (!tb_money_div(v, 1, 6, &rounded)) {
        rounded = v;
    }
    tb_money_format(rounded, out);
    return out;
}

enum tb_status tb_advice_put(struct tb_advice_making *m, const struct tb_advice_row *row,
                             const char *observed, const char *threshold, const char *evidence,
                             const char *action, struct tb_err *err)
{
    struct tb_advice *a = m->out;
    struct tb_str value = row->value.s == NULL ? TB_STR(TB_CONSUMER_ANONYMOUS) : row->value;
    if (value.n == 0) {
        return TB_OK;
    }
    if (tb_tuples_grow((void **)&a->rows, &a->cap, a->n + 1, sizeof *a->rows, err) != TB_OK) {
        return TB_FATAL;
    }
    struct tb_advice_row *r = &a->rows[a->n++];
    *r = *row;
    r->value = tb_arena_str(a->arena, value);
    r->model = tb_arena_str(a->arena, row->model);
    r->to = tb_arena_str(a->arena, row->to);
    r->observed = observed[0] != '\0' ? keep(m, observed) : TB_STR_NULL;
    r->threshold = threshold[0] != '\0' ? keep(m, threshold) : TB_STR_NULL;
    r->evidence = keep(m, evidence);
    r->action = keep(m, action);
    return r->value.s == NULL || r->evidence.s == NULL || r->action.s == NULL ? tb_advice_no_memory(err)
                                                                              : TB_OK;
}

static enum tb_status long_prompts(struct tb_advice_making *m, const struct tb_advice_sum *s,
                                   struct tb_advice_row *row, struct tb_err *err)
{
    char avg[TB_MONEY_TEXT_MAX] = "", limit[32], evidence[256];
    if (s->input_n == 0 || s->input <= m->rules->input_avg * s->input_n) {
        return TB_OK;
    }
    avg[tb_ratio_format(s->input, s->input_n, avg)] = '\0';
    snprintf(limit, sizeof limit, "%" PRId64, m->rules->input_avg);
    snprintf(evidence, sizeof evidence, "%s input tokens a request on average, over %s", avg, limit);
    row->rule = "long_prompts";
    return tb_advice_put(m, row, avg, limit, evidence,
                         "shorten system prompts and examples, or send less context", err);
}

static enum tb_status low_cache_hit(struct tb_advice_making *m, const struct tb_advice_sum *s,
                                    struct tb_advice_row *row, struct tb_err *err)
{
    char ratio[TB_MONEY_TEXT_MAX] = "", limit[TB_MONEY_TEXT_MAX], evidence[256];
    tb_money share = 0;
    if (s->prompt == 0 || !tb_money_mul(tb_money_of_cents(100), s->cache_read, &share) ||
        !tb_money_div(share, s->prompt, DECIMALS, &share) || share >= m->rules->cache_hit) {
        return TB_OK;
    }
    ratio[tb_ratio_format(s->cache_read, s->prompt, ratio)] = '\0';
    tb_money_format(m->rules->cache_hit, limit);
    snprintf(evidence, sizeof evidence, "%s of the prompt tokens were read from a cache, under %s", ratio,
             limit);
    row->rule = "low_cache_hit";
    return tb_advice_put(m, row, ratio, limit, evidence,
                         "cache common prompts and answers, and let them live longer", err);
}

/* Too many single requests where few batches would do. */
static enum tb_status poor_batching(struct tb_advice_making *m, const struct tb_advice_sum *s,
                                    struct tb_advice_row *row, struct tb_err *err)
{
    char ratio[TB_MONEY_TEXT_MAX] = "", limit[TB_MONEY_TEXT_MAX], evidence[320];
    tb_money share = 0;
    if (s->batchable == 0 || s->batchable < m->rules->batch_requests ||
        !tb_money_mul(tb_money_of_cents(100), s->batches, &share) ||
        !tb_money_div(share, s->batchable, DECIMALS, &share) || share >= m->rules->batch_efficiency) {
        return TB_OK;
    }
    ratio[tb_ratio_format(s->batches, s->batchable, ratio)] = '\0';
    tb_money_format(m->rules->batch_efficiency, limit);
    snprintf(evidence, sizeof evidence,
             "%" PRId64 " requests were sent where %" PRId64 " batches of up to %" PRId64
             " alike ones within %" PRId64 " s would have done: an efficiency of %s, under %s",
             s->batchable, s->batches, m->rules->batch_size, m->rules->batch_window_s, ratio, limit);
    row->rule = "poor_batching";
    return tb_advice_put(m, row, ratio, limit, evidence,
                         "send alike requests together, with the instructions once for all of them", err);
}

static enum tb_status hidden_recompute(struct tb_advice_making *m, const struct tb_advice_sum *s,
                                       struct tb_advice_row *row, struct tb_err *err)
{
    char ratio[TB_MONEY_TEXT_MAX] = "", cost[TB_MONEY_TEXT_MAX], evidence[256];
    if (s->hidden_cost < m->rules->min_saving) {
        return TB_OK;
    }
    ratio[tb_ratio_format(s->hidden, s->requests, ratio)] = '\0';
    snprintf(evidence, sizeof evidence,
             "%" PRId64 " of %" PRId64 " requests came from undo, retry or auto-save and cost %s %s",
             s->hidden, s->requests, tb_advice_told(s->hidden_cost, cost), m->currency);
    struct tb_advice_row r = *row;
    r.rule = "hidden_recompute";
    r.has_saving = true;
    r.saving = s->hidden_cost;
    return tb_advice_put(m, &r, ratio, "", evidence,
                         "save less often, limit undo, keep answers instead of asking again", err);
}

static enum tb_status retried(struct tb_advice_making *m, const struct tb_advice_sum *s,
                              struct tb_advice_row *row, struct tb_err *err)
{
    char ratio[TB_MONEY_TEXT_MAX] = "", cost[TB_MONEY_TEXT_MAX], evidence[256];
    if (s->retried == 0 || s->retried_cost < m->rules->min_cost) {
        return TB_OK;
    }
    ratio[tb_ratio_format(s->retried, s->requests, ratio)] = '\0';
    snprintf(evidence, sizeof evidence,
             "%" PRId64 " of %" PRId64 " requests took %" PRId64 " further tries; they cost %s %s",
             s->retried, s->requests, s->retries, tb_advice_told(s->retried_cost, cost), m->currency);
    row->rule = "retries";
    return tb_advice_put(m, row, ratio, "", evidence,
                         "limit retries, back off between them, and mend what fails", err);
}

static enum tb_status consumers(struct tb_advice_making *m, const struct tb_advice_pass *p,
                                struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < p->keys[TB_ADVICE_CONSUMER].n; i++) {
        const struct tb_advice_sum *s = &p->sums[TB_ADVICE_CONSUMER][i];
        struct tb_advice_row row = {
            .dimension = "consumer",
            .requests = s->requests,
            .cost = s->cost,
            .value = tb_dict_text(m->db, tb_tuples_at(&p->keys[TB_ADVICE_CONSUMER], i)[0])};
        if (s->cost < m->rules->min_cost) {
            continue;
        }
        status = long_prompts(m, s, &row, err);
        if (status == TB_OK) {
            status = low_cache_hit(m, s, &row, err);
        }
        if (status == TB_OK) {
            status = poor_batching(m, s, &row, err);
        }
        if (status == TB_OK) {
            status = hidden_recompute(m, s, &row, err);
        }
        if (status == TB_OK) {
            status = retried(m, s, &row, err);
        }
    }
    return status;
}

static enum tb_status features(struct tb_advice_making *m, const struct tb_advice_pass *p, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < p->keys[TB_ADVICE_FEATURE].n; i++) {
        const struct tb_advice_sum *s = &p->sums[TB_ADVICE_FEATURE][i];
        struct tb_advice_row row = {.rule = "dear_requests",
                                    .dimension = "feature",
                                    .requests = s->requests,
                                    .cost = s->cost,
                                    .value =
                                        tb_dict_text(m->db, tb_tuples_at(&p->keys[TB_ADVICE_FEATURE], i)[0])};
        char each[TB_MONEY_TEXT_MAX], limit[TB_MONEY_TEXT_MAX], evidence[256];
        tb_money cost = 0;
        if (!tb_money_div(s->cost, s->requests, DECIMALS, &cost) || cost <= m->rules->cost_per_request) {
            continue;
        }
        tb_money over = cost > m->rules->cost_per_request_high ? m->rules->cost_per_request_high
                                                               : m->rules->cost_per_request;
        tb_money_format(cost, each);
        tb_money_format(over, limit);
        snprintf(evidence, sizeof evidence, "a request costs %s %s on average, over %s", each, m->currency,
                 limit);
        status =
            tb_advice_put(m, &row, each, limit, evidence,
                          "raise the confidence that this feature asks for, or give it a cheaper model", err);
    }
    return status;
}

/* Single requests, whoever made them: the ten dearest are listed beside this. */
static enum tb_status requests(struct tb_advice_making *m, const struct tb_advice_pass *p, struct tb_err *err)
{
    char cost[TB_MONEY_TEXT_MAX], limit[TB_MONEY_TEXT_MAX], observed[32], evidence[256];
    struct tb_advice_row row = {.rule = "high_cost",
                                .dimension = "all",
                                .value = TB_STR("(all)"),
                                .requests = p->over,
                                .cost = p->over_cost};
    if (p->over == 0) {
        return TB_OK;
    }
    tb_money_format(m->rules->request_cost, limit);
    snprintf(observed, sizeof observed, "%" PRId64, p->over);
    snprintf(evidence, sizeof evidence,
             "%" PRId64 " of %" PRId64 " requests cost more than %s %s each, %s %s together", p->over,
             p->requests, limit, m->currency, tb_advice_told(p->over_cost, cost), m->currency);
    return tb_advice_put(m, &row, observed, limit, evidence,
                         "look at the dearest first: prompt, answer and model", err);
}

static const struct tb_advice_sum *find_variant(const struct tb_advice_pass *p, struct tb_db *db,
                                                struct tb_str name)
{
    for (uint32_t i = 0; i < p->keys[TB_ADVICE_VARIANT].n; i++) {
        if (tb_str_eq(tb_dict_text(db, tb_tuples_at(&p->keys[TB_ADVICE_VARIANT], i)[0]), name)) {
            return &p->sums[TB_ADVICE_VARIANT][i];
        }
    }
    return NULL;
}

/* What a rollout at percent of all requests would have saved: the requests that it would lose, at the difference of what a
 * request costs. */
static enum tb_status rollout_at(struct tb_advice_making *m, const struct tb_advice_sum *base,
                                 const struct tb_advice_sum *dear, int64_t percent, struct tb_err *err)
{
    tb_money each_base = 0, each_dear = 0, saving = 0;
    char a[TB_MONEY_TEXT_MAX], b[TB_MONEY_TEXT_MAX], c[TB_MONEY_TEXT_MAX], target[32], evidence[512],
        action[128];
    int64_t all = base->requests + dear->requests,
            fewer = dear->requests * 100 - all * percent; /* hundredths */
    if (!tb_money_div(base->cost, base->requests, DECIMALS, &each_base) ||
        !tb_money_div(dear->cost, dear->requests, DECIMALS, &each_dear) ||
        !tb_money_mul(each_dear - each_base, fewer, &saving) ||
        !tb_money_div(saving, 100, DECIMALS, &saving)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "a saving is out of range");
    }
    if (fewer <= 0 || saving < m->rules->min_saving) {
        return TB_OK;
    }
    struct tb_advice_row row = {.rule = "rollout_share",
                                .dimension = "variant",
                                .value = m->rules->rollout,
                                .requests = dear->requests,
                                .cost = dear->cost,
                                .has_saving = true,
                                .saving = saving};
    snprintf(target, sizeof target, "%" PRId64, percent);
    tb_money_format(each_dear, a);
    tb_money_format(each_base, b);
    snprintf(evidence, sizeof evidence,
             "a request costs %s %s in \"%.*s\" and %s in \"%.*s\"; at %" PRId64
             " %% of the requests the rollout would save %s",
             a, m->currency, (int)m->rules->rollout.n, m->rules->rollout.s, b, (int)m->rules->baseline.n,
             m->rules->baseline.s, percent, tb_advice_told(saving, c));
    snprintf(action, sizeof action, "cut the rollout to %" PRId64 " %%", percent);
    return tb_advice_put(m, &row, a, target, evidence, action, err);
}

static enum tb_status variants(struct tb_advice_making *m, const struct tb_advice_pass *p, struct tb_err *err)
{
    struct tb_advice *a = m->out;
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < p->keys[TB_ADVICE_VARIANT].n; i++) {
        const struct tb_advice_sum *s = &p->sums[TB_ADVICE_VARIANT][i];
        status = tb_tuples_grow((void **)&a->variants, &a->variant_cap, a->variant_n + 1, sizeof *a->variants,
                                err);
        if (status == TB_OK) {
            a->variants[a->variant_n++] = (struct tb_advice_variant){
                tb_dict_text(m->db, tb_tuples_at(&p->keys[TB_ADVICE_VARIANT], i)[0]), s->requests, s->cost};
        }
    }
    const struct tb_advice_sum *base = find_variant(p, m->db, m->rules->baseline);
    const struct tb_advice_sum *dear = find_variant(p, m->db, m->rules->rollout);
    for (size_t i = 0; status == TB_OK && base != NULL && dear != NULL && i < m->rules->percent_n; i++) {
        status = rollout_at(m, base, dear, m->rules->percent[i], err);
    }
    return status;
}

static int by_rule(const void *a, const void *b)
{
    const struct tb_advice_row *x = a, *y = b;
    int c = strcmp(x->rule, y->rule);
    c = c != 0 ? c : strcmp(x->dimension, y->dimension);
    c = c != 0 ? c : tb_str_cmp(x->value, y->value);
    return c != 0 ? c : tb_str_cmp(x->evidence, y->evidence);
}

static int by_variant(const void *a, const void *b)
{
    return tb_str_cmp(((const struct tb_advice_variant *)a)->variant,
                      ((const struct tb_advice_variant *)b)->variant);
}

static enum tb_status make(struct tb_advice_making *m, struct tb_advice_pass *p, struct tb_err *err)
{
    struct tb_advice *a = m->out;
    enum tb_status status = consumers(m, p, err);
    if (status == TB_OK) {
        status = tb_advice_models(m, p, err);
    }
    if (status == TB_OK) {
        status = features(m, p, err);
    }
    if (status == TB_OK) {
        status = variants(m, p, err);
    }
    if (status == TB_OK) {
        status = requests(m, p, err);
    }
    if (a->n > 1) {
        qsort(a->rows, a->n, sizeof *a->rows, by_rule);
    }
    if (a->variant_n > 1) {
        qsort(a->variants, a->variant_n, sizeof *a->variants, by_variant);
    }
    a->dearest = p->dearest;
    a->dearest_n = p->dearest_n;
    p->dearest = NULL;
    return status;
}

enum tb_status tb_advice_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               int64_t from_us, int64_t to_us, struct tb_advice *out, struct tb_err *err)
{
    struct tb_advice_rules rules;
    struct tb_advice_pass pass;
    struct tb_advice_making m = {out, db, &rules, tables, s->currency};
    *out = (struct tb_advice){.n = 0};
    out->arena = calloc(1, sizeof *out->arena);
    if (out->arena == NULL) {
        return tb_advice_no_memory(err);
    }
    tb_arena_init(out->arena, TEXT_BYTES_MAX);
    enum tb_status status = tb_advice_rules_load(s, &rules, err);
    if (status == TB_OK) {
        status = tb_advice_pass_run(&pass, db, s, tables, &rules, from_us, to_us, err);
        if (status == TB_OK) {
            status = make(&m, &pass, err);
        }
        tb_advice_pass_release(&pass);
        tb_advice_rules_release(&rules);
    }
    if (status != TB_OK) {
        tb_advice_release(out);
    }
    return status;
}

void tb_advice_release(struct tb_advice *a)
{
    free(a->rows);
    free(a->variants);
    free(a->dearest);
    if (a->arena != NULL) {
        tb_arena_release(a->arena);
        free(a->arena);
    }
    *a = (struct tb_advice){.n = 0};
}
