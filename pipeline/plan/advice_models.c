/* Cheaper models: of each consumer and model the candidate that saves the most on the same calls. */
#include "plan/advice_making.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WORD_MAX 200 /* bytes of a model's name in a sentence */

static enum tb_status cheaper(struct tb_advice_making *m, const struct tb_advice_pass *p, uint32_t i,
                              tb_money saving, struct tb_err *err)
{
    const struct tb_advice_sum *s = &p->sums[TB_ADVICE_MODEL][i];
    const uint32_t *key = tb_tuples_at(&p->keys[TB_ADVICE_MODEL], i);
    struct tb_str model = tb_dict_text(m->db, key[1]), to = p->cheaper.names[key[2]];
    char was[TB_MONEY_TEXT_MAX], is[TB_MONEY_TEXT_MAX], evidence[1024], action[512], exact[TB_MONEY_TEXT_MAX],
        other[TB_MONEY_TEXT_MAX];
    struct tb_advice_row row = {.rule = "cheaper_model",
                                .dimension = "consumer",
                                .value = tb_dict_text(m->db, key[0]),
                                .model = model,
                                .to = to,
                                .requests = s->requests,
                                .cost = s->cost,
                                .has_saving = true,
                                .saving = saving};
    tb_money_format(s->cost, exact);
    tb_money_format(s->other, other);
    snprintf(evidence, sizeof evidence,
             "%" PRId64 " request%s of \"%.*s\" cost %s %s; at the price of \"%.*s\" %s would cost %s",
             s->requests, s->requests == 1 ? "" : "s", (int)(model.n < WORD_MAX ? model.n : WORD_MAX),
             model.s, tb_advice_told(s->cost, was), m->currency, (int)(to.n < WORD_MAX ? to.n : WORD_MAX),
             to.s, s->requests == 1 ? "it" : "they", tb_advice_told(s->other, is));
    snprintf(action, sizeof action, "route simple tasks of this consumer to \"%.*s\"",
             (int)(to.n < WORD_MAX ? to.n : WORD_MAX), to.s);
    return tb_advice_put(m, &row, exact, other, evidence, action, err);
}

/* By consumer and model, then what saves the most, then the name. */
struct choice {
    const uint32_t *key;
    uint32_t number;
    tb_money saving;
};

static int by_saving(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    for (int i = 0; i < 2; i++) {
        if (x->key[i] != y->key[i]) {
            return x->key[i] < y->key[i] ? -1 : 1;
        }
    }
    if (x->saving != y->saving) {
        return x->saving > y->saving ? -1 : 1;
    }
    return (x->key[2] > y->key[2]) - (x->key[2] < y->key[2]);
}

/* May the consumer's tier use the candidate? */
static bool is_allowed(const struct tb_advice_making *m, const struct tb_advice_sum *s, struct tb_str model)
{
    struct tb_str tier = s->account == 0 ? TB_STR_NULL : m->tables->accounts[s->account - 1].tier;
    for (size_t i = 0; tier.s != NULL && i < m->tables->quota_count; i++) {
        const struct tb_quota_row *row = &m->tables->quotas[i];
        if (row->measure == TB_MEASURE_MODELS && row->from_us <= s->last_us && s->last_us < row->to_us &&
            tb_str_eq(row->tier, tier) && !tb_quota_models_match(row, model)) {
            return false;
        }
    }
    return true;
}

/* One row for each consumer and model: of the candidates that it may use the one that saves the most. */
enum tb_status tb_advice_models(struct tb_advice_making *m, const struct tb_advice_pass *p,
                                struct tb_err *err)
{
    const struct tb_tuples *keys = &p->keys[TB_ADVICE_MODEL];
    enum tb_status status = TB_OK;
    struct choice *c = calloc((size_t)keys->n + 1, sizeof *c);
    if (c == NULL) {
        return tb_advice_no_memory(err);
    }
    for (uint32_t i = 0; status == TB_OK && i < keys->n; i++) {
        const struct tb_advice_sum *s = &p->sums[TB_ADVICE_MODEL][i];
        c[i] = (struct choice){tb_tuples_at(keys, i), i, 0};
        if (!tb_money_sub(s->cost, s->other, &c[i].saving)) {
            status = tb_err_set(err, TB_FAIL, TB_E_RANGE, "a saving is out of range");
        }
    }
    if (status == TB_OK && keys->n > 1) {
        qsort(c, keys->n, sizeof *c, by_saving);
    }
    for (uint32_t i = 0, told = UINT32_MAX; status == TB_OK && i < keys->n; i++) {
        if (told < i && c[i].key[0] == c[told].key[0] && c[i].key[1] == c[told].key[1]) {
            continue;
        }
        if (c[i].saving > 0 && c[i].saving >= m->rules->min_saving &&
            is_allowed(m, &p->sums[TB_ADVICE_MODEL][c[i].number], p->cheaper.names[c[i].key[2]])) {
            status = cheaper(m, p, c[i].number, c[i].saving, err);
            told = i;
        }
    }
    free(c);
    return status;
}
