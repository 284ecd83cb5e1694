/* The effects of a change, from the sums of both sides. */
#include "detect/change.h"

#include <stdlib.h>
#include <string.h>
#include "detect/shapley.h"
#include "rate/tuple.h"

const char *const tb_effect_names[TB_EFFECT_COUNT] = {
    "volume", "tokens_per_request", "price", "mix", "cache", "new", "gone"};

#define UNIT ((tb_money)1000000000000) /* of 12 decimals */

/* Requests of a consumer, and of a feature of it, in cells that both ranges have. */
struct totals {
    struct tb_tuples consumers, features;
    int64_t (*consumer)[2];
    int64_t (*feature)[2];
    size_t consumer_cap, feature_cap;
};

void tb_change_release(struct tb_change *c)
{
    free(c->cell);
    *c = (struct tb_change){NULL, 0, 0, 0};
}

static tb_money cost_of(const struct tb_change_side *s)
{
    tb_money sum = 0;
    for (int k = 0; k < TB_TOKEN_KINDS; k++) {
        sum += s->cost[k];
    }
    return sum;
}

static enum tb_status add_totals(struct totals *t, const struct tb_change_cell *c, struct tb_err *err)
{
    uint32_t key[2] = {c->consumer, c->feature}, i = 0, k = 0;
    enum tb_status st = tb_tuples_add(&t->consumers, key, &i, NULL, err);
    if (st == TB_OK) {
        st = tb_tuples_add(&t->features, key, &k, NULL, err);
    }
    if (st == TB_OK) {
        st =
            tb_tuples_grow((void **)&t->consumer, &t->consumer_cap, t->consumers.n, sizeof *t->consumer, err);
    }
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&t->feature, &t->feature_cap, t->features.n, sizeof *t->feature, err);
    }
    for (int side = 0; side < 2 && st == TB_OK; side++) {
        t->consumer[i][side] += c->side[side].requests;
        t->feature[k][side] += c->side[side].requests;
    }
    return st;
}

/* a / b, 0 for nothing of nothing. */
static __float128 ratio(__float128 a, __float128 b)
{
    return b == 0 ? 0 : a / b;
}

static int64_t input_of(const struct tb_change_side *s)
{
    return s->tokens[TB_KIND_INPUT] + s->tokens[TB_KIND_CACHE_READ] + s->tokens[TB_KIND_WRITE_5M] +
           s->tokens[TB_KIND_WRITE_1H];
}

enum { F_VOLUME, F_FEATURE, F_MODEL, F_TOKENS, F_CACHE, F_PRICE, FACTORS };

/* The factors of one kind of token on one side; what cannot be told is -1. */
static void factors_of(const struct tb_change_cell *c, int side, int kind, const int64_t *consumer,
                       const int64_t *feature, __float128 *f)
{
    const struct tb_change_side *s = &c->side[side];
    bool input = kind < TB_KIND_OUTPUT;
    int64_t all = input ? input_of(s) : s->tokens[kind];
    f[F_VOLUME] = consumer[side];
    f[F_FEATURE] = ratio(feature[side], consumer[side]);
    f[F_MODEL] = ratio(s->requests, feature[side]);
    f[F_TOKENS] = ratio(all, s->requests);
    f[F_CACHE] = all == 0 ? -1 : input ? ratio(s->tokens[kind], all) : 1;
    f[F_PRICE] = s->tokens[kind] == 0 ? -1 : ratio((__float128)s->cost[kind], s->tokens[kind]);
}

/* Factors that one side cannot tell are taken over from the other. */
static void take_over(__float128 *a, __float128 *b)
{
    for (int i = 0; i < FACTORS; i++) {
        __float128 none = i == F_CACHE ? 1 : 0;
        a[i] = a[i] >= 0 ? a[i] : b[i] >= 0 ? b[i] : none;
        b[i] = b[i] >= 0 ? b[i] : a[i];
    }
}

/* To 12 decimals, half away from zero: a hair is added, since a half is not always one in binary. */
static tb_money rounded(__float128 v)
{
    __float128 units = v / (__float128)UNIT;
    __float128 half = units < 0 ? -0.5 : 0.5;
    return (tb_money)(units + half + units * 1e-28Q) * UNIT;
}

static void settle(struct tb_change_cell *c, const __float128 *effect, tb_money delta)
{
    int largest = 0;
    tb_money sum = 0;
    for (int e = 0; e < TB_EFFECT_NEW; e++) {
        c->effect[e] = rounded(effect[e]);
        sum += c->effect[e];
        tb_money a = c->effect[e], b = c->effect[largest];
        largest = (a < 0 ? -a : a) > (b < 0 ? -b : b) ? e : largest;
    }
    c->effect[largest] += delta - sum;
}

static void explain_cell(struct tb_change_cell *c, const int64_t *consumer, const int64_t *feature,
                         tb_money delta)
{
    static const enum tb_effect effects[FACTORS] = {TB_EFFECT_VOLUME, TB_EFFECT_MIX,   TB_EFFECT_MIX,
                                                    TB_EFFECT_TOKENS, TB_EFFECT_CACHE, TB_EFFECT_PRICE};
    __float128 sum[TB_EFFECT_COUNT] = {0};
    for (int kind = 0; kind < TB_TOKEN_KINDS; kind++) {
        __float128 base[FACTORS], now[FACTORS], part[FACTORS];
        if (c->side[0].cost[kind] == 0 && c->side[1].cost[kind] == 0) {
            continue;
        }
        factors_of(c, 0, kind, consumer, feature, base);
        factors_of(c, 1, kind, consumer, feature, now);
        take_over(base, now);
        tb_shapley(base, now, FACTORS, part);
        for (int i = 0; i < FACTORS; i++) {
            sum[effects[i]] += part[i];
        }
    }
    settle(c, sum, delta);
}

static enum tb_status explain(struct tb_change *c, struct totals *t, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < c->n && st == TB_OK; i++) {
        const struct tb_change_cell *cell = &c->cell[i];
        if (cell->side[0].requests > 0 && cell->side[1].requests > 0) {
            st = add_totals(t, cell, err);
        }
    }
    c->delta = 0;
    for (size_t i = 0; i < c->n && st == TB_OK; i++) {
        struct tb_change_cell *cell = &c->cell[i];
        tb_money delta = cost_of(&cell->side[1]) - cost_of(&cell->side[0]);
        uint32_t key[2] = {cell->consumer, cell->feature}, k = 0, f = 0;
        memset(cell->effect, 0, sizeof cell->effect);
        if (cell->side[0].requests == 0) {
            cell->effect[TB_EFFECT_NEW] = delta;
        } else if (cell->side[1].requests == 0) {
            cell->effect[TB_EFFECT_GONE] = delta;
        } else if (tb_tuples_find(&t->consumers, key, &k) && tb_tuples_find(&t->features, key, &f)) {
            explain_cell(cell, t->consumer[k], t->feature[f], delta);
        }
        if (!tb_money_add(c->delta, delta, &c->delta)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the change of cost is out of range");
        }
    }
    return st;
}

enum tb_status tb_change_explain(struct tb_change *c, struct tb_err *err)
{
    struct totals t = {.consumer = NULL};
    tb_tuples_init(&t.consumers, 1, TB_TUPLES_MAX);
    tb_tuples_init(&t.features, 2, TB_TUPLES_MAX);
    enum tb_status st = explain(c, &t, err);
    tb_tuples_release(&t.consumers);
    tb_tuples_release(&t.features);
    free(t.consumer);
    free(t.feature);
    return st;
}
