#include "plan/cheaper.h"

#include <stdlib.h>
#include <string.h>
#include "base/glob.h"

#define MADE_KEY   UINT32_C(0x80000000) /* keys of names that no call has; dict ids stay below */
#define TRY_INPUT  1000
#define TRY_OUTPUT 250

/* The name in a row's glob, absent when it has none. */
static struct tb_str name_in(struct tb_str glob)
{
    while (glob.n > 0 && glob.s[0] == '*') {
        glob = (struct tb_str){glob.s + 1, glob.n - 1};
    }
    while (glob.n > 0 && glob.s[glob.n - 1] == '*') {
        glob.n--;
    }
    for (size_t i = 0; i < glob.n; i++) {
        if (strchr("*?[\\", glob.s[i]) != NULL) {
            return TB_STR_NULL;
        }
    }
    return glob.n > 0 ? glob : TB_STR_NULL;
}

static int by_text(const void *a, const void *b)
{
    return tb_str_cmp(*(const struct tb_str *)a, *(const struct tb_str *)b);
}

enum tb_status tb_cheaper_init(struct tb_cheaper *c, const struct tb_tables *tables,
                               struct tb_pricebook *book, const struct tb_advice_rules *rules,
                               int64_t from_us, int64_t to_us, struct tb_err *err)
{
    size_t n = 0;
    *c = (struct tb_cheaper){.rules = rules, .book = book, .from_us = from_us, .to_us = to_us};
    tb_tuples_init(&c->keys, 3, TB_TUPLES_MAX);
    c->names = calloc(tables->price_count + 1, sizeof *c->names);
    if (c->names == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for advice");
    }
    for (size_t i = 0; i < tables->price_count; i++) {
        c->names[n] = name_in(tables->prices[i].model);
        n += c->names[n].s != NULL;
    }
    qsort(c->names, n, sizeof *c->names, by_text);
    for (size_t i = 0; i < n; i++) {
        if (c->n == 0 || !tb_str_eq(c->names[c->n - 1], c->names[i])) {
            c->names[c->n++] = c->names[i];
        }
    }
    return TB_OK;
}

void tb_cheaper_release(struct tb_cheaper *c)
{
    free(c->names);
    free(c->lists);
    tb_tuples_release(&c->keys);
    *c = (struct tb_cheaper){.n = 0};
}

void tb_cheaper_ask(const struct tb_cheaper *c, uint32_t name, struct tb_price_query *q)
{
    q->model = c->names[name];
    q->model_key = MADE_KEY + name;
    q->has_cost = q->has_other_cost = false;
}

/* What the call that candidates are compared by costs, at the range's beginning, or at its end where there is no price yet. */
static enum tb_status try_name(struct tb_cheaper *c, const struct tb_price_query *like, uint32_t name,
                               bool *priced, tb_money *cost, struct tb_err *err)
{
    const int64_t number[TB_N_COUNT] = {[TB_N_INPUT] = TRY_INPUT, [TB_N_OUTPUT] = TRY_OUTPUT};
    const int64_t at[] = {c->from_us, c->to_us - 1};
    struct tb_charge charge = {.basis = TB_BASIS_UNPRICED};
    struct tb_price_query q = *like;
    enum tb_status st = TB_OK;
    tb_cheaper_ask(c, name, &q);
    q.number = number;
    q.present = 1u << TB_N_INPUT | 1u << TB_N_OUTPUT;
    q.flags = 0;
    for (int i = 0; st == TB_OK && i < 2 && charge.basis != TB_BASIS_COMPUTED; i++) {
        q.ts_us = at[i];
        st = tb_charge_event(c->book, &q, &charge, err);
    }
    *priced = charge.basis == TB_BASIS_COMPUTED;
    *cost = charge.cost;
    return st;
}

static bool is_named(const struct tb_advice_cheaper *rule, struct tb_str name)
{
    for (size_t i = 0; i < rule->to_n; i++) {
        if (tb_glob_match(rule->to[i], name)) {
            return true;
        }
    }
    return false;
}

/* Puts name in its place among the best; of equal cost the shorter name stands first, then byte order (names ascend). */
static void insert(const struct tb_cheaper *c, struct tb_cheaper_list *list, tb_money costs[TB_CHEAPER_BEST],
                   uint32_t name, tb_money cost)
{
    uint32_t i = list->n;
    while (i > 0 && (cost < costs[i - 1] ||
                     (cost == costs[i - 1] && c->names[name].n < c->names[list->name[i - 1]].n))) {
        i--;
    }
    if (i == TB_CHEAPER_BEST) {
        return;
    }
    list->n += list->n < TB_CHEAPER_BEST;
    for (uint32_t k = list->n - 1; k > i; k--) {
        list->name[k] = list->name[k - 1];
        costs[k] = costs[k - 1];
    }
    list->name[i] = name;
    costs[i] = cost;
}

static enum tb_status fill(struct tb_cheaper *c, const struct tb_price_query *q, struct tb_cheaper_list *list,
                           struct tb_err *err)
{
    tb_money costs[TB_CHEAPER_BEST];
    int rule = tb_advice_rules_cheaper(c->rules, q->model);
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; rule >= 0 && st == TB_OK && i < c->n; i++) {
        bool priced = false;
        tb_money cost = 0;
        if (is_named(&c->rules->cheaper[rule], c->names[i]) && !tb_str_eq(c->names[i], q->model)) {
            st = try_name(c, q, i, &priced, &cost, err);
        }
        if (st == TB_OK && priced) {
            insert(c, list, costs, i, cost);
        }
    }
    return st;
}

enum tb_status tb_cheaper_find(struct tb_cheaper *c, const struct tb_price_query *q,
                               const struct tb_cheaper_list **out, struct tb_err *err)
{
    uint32_t key[3] = {q->provider_key, q->model_key, q->tier_key}, number = 0;
    bool is_new = false;
    enum tb_status st = tb_tuples_add(&c->keys, key, &number, &is_new, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&c->lists, &c->cap, c->keys.n, sizeof *c->lists, err);
    }
    if (st == TB_OK && is_new) {
        st = fill(c, q, &c->lists[number], err);
    }
    if (st == TB_OK) {
        *out = &c->lists[number];
    }
    return st;
}
