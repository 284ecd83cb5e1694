#include "plan/advice_pass.h"

#include <stdlib.h>
#include "rate/reduce.h"

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE,
                      "a sum of tokens or money is out of range: ask for fewer days");
}

static enum tb_status find_sum(struct tb_advice_pass *p, int group, uint32_t a, uint32_t b, uint32_t c,
                               struct tb_advice_sum **out, struct tb_err *err)
{
    uint32_t key[3] = {a, b, c}, number = 0;
    enum tb_status status = tb_tuples_add(&p->keys[group], key, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&p->sums[group], &p->cap[group], p->keys[group].n,
                                sizeof *p->sums[group], err);
    }
    if (status == TB_OK) {
        *out = &p->sums[group][number];
    }
    return status;
}

static enum tb_status add_sum(struct tb_advice_sum *to, const struct tb_reading *e, tb_money cost,
                              struct tb_err *err)
{
    const int64_t *n = e->number;
    int64_t input = n[TB_N_INPUT] + n[TB_N_TOTAL_ONLY];
    int64_t prompt = input + n[TB_N_CACHE_READ] + n[TB_N_CACHE_WRITE_5M] + n[TB_N_CACHE_WRITE_1H];
    bool bad = false;
    to->requests++;
    to->input_n += tb_reading_has(e, TB_N_INPUT) || tb_reading_has(e, TB_N_TOTAL_ONLY);
    bad |= __builtin_add_overflow(to->input, input, &to->input);
    bad |= __builtin_add_overflow(to->cache_read, n[TB_N_CACHE_READ], &to->cache_read);
    bad |= __builtin_add_overflow(to->prompt, prompt, &to->prompt);
    bad |= !tb_money_add(to->cost, cost, &to->cost);
    if (e->hidden) {
        to->hidden++;
        bad |= !tb_money_add(to->hidden_cost, cost, &to->hidden_cost);
    }
    return bad ? out_of_range(err) : TB_OK;
}

/* Each candidate for itself: which of them saves the most is known at the end. */
static enum tb_status add_cheaper(struct tb_advice_pass *p, const struct tb_reading *e, tb_money cost,
                                  struct tb_err *err)
{
    const struct tb_cheaper_list *list = NULL;
    enum tb_status status =
        cost == 0 || e->query.model_key == 0 ? TB_END : tb_cheaper_find(&p->cheaper, &e->query, &list, err);
    for (uint32_t i = 0; status == TB_OK && i < list->n; i++) {
        struct tb_charge charge;
        struct tb_advice_sum *sum = NULL;
        struct tb_price_query q = e->query;
        tb_cheaper_ask(&p->cheaper, list->name[i], &q);
        status = tb_charge_event(p->reader.prices, &q, &charge, err);
        if (status != TB_OK || charge.basis != TB_BASIS_COMPUTED) {
            continue; /* no price for it now */
        }
        status = find_sum(p, TB_ADVICE_MODEL, e->text[TB_T_CONSUMER], e->text[TB_T_MODEL], list->name[i],
                          &sum, err);
        if (status == TB_OK) {
            status = add_sum(sum, e, cost, err);
        }
        if (status == TB_OK && !tb_money_add(sum->other, charge.cost, &sum->other)) {
            status = out_of_range(err);
        }
        if (status == TB_OK &&
            (sum->last_us < q.ts_us || (sum->last_us == q.ts_us && sum->account < e->account))) {
            sum->last_us = q.ts_us;
            sum->account = e->account;
        }
    }
    return status == TB_END ? TB_OK : status;
}

static enum tb_status add_batch(struct tb_advice_pass *p, const struct tb_reading *e,
                                struct tb_advice_sum *consumer, struct tb_err *err)
{
    const uint32_t alike[3] = {e->text[TB_T_CONSUMER], e->text[TB_T_FEATURE], e->text[TB_T_MODEL]};
    bool begins = false;
    enum tb_status status = tb_batches_add(&p->batches, e->query.ts_us, alike, &begins, err);
    consumer->batchable++;
    consumer->batches += begins;
    return status;
}

/* Ties: the earlier call, then the smaller consumer's text: never the order of files. */
static bool is_dearer(const struct tb_advice_request *a, const struct tb_advice_request *b)
{
    if (a->cost != b->cost) {
        return a->cost > b->cost;
    }
    if (a->ts_us != b->ts_us) {
        return a->ts_us < b->ts_us;
    }
    int c = tb_str_cmp(a->consumer, b->consumer);
    return c != 0 ? c < 0 : a->tokens > b->tokens;
}

static void note_dearest(struct tb_advice_pass *p, const struct tb_reading *e, tb_money cost)
{
    size_t most = (size_t)p->rules->dearest, i = p->dearest_n;
    if (most == 0 || cost <= 0 || (i == most && cost < p->dearest[most - 1].cost)) {
        return;
    }
    const int64_t *n = e->number;
    struct tb_db *db = p->reader.db;
    struct tb_advice_request r = {.ts_us = e->query.ts_us,
                                  .consumer = tb_dict_text(db, e->text[TB_T_CONSUMER]),
                                  .feature = tb_dict_text(db, e->text[TB_T_FEATURE]),
                                  .model = tb_dict_text(db, e->text[TB_T_MODEL]),
                                  .cost = cost,
                                  .tokens = n[TB_N_INPUT] + n[TB_N_TOTAL_ONLY] + n[TB_N_CACHE_READ] +
                                            n[TB_N_CACHE_WRITE_5M] + n[TB_N_CACHE_WRITE_1H] + n[TB_N_OUTPUT],
                                  .has_latency = tb_reading_has(e, TB_N_LATENCY_MS),
                                  .latency_ms = n[TB_N_LATENCY_MS]};
    if (i == most && !is_dearer(&r, &p->dearest[most - 1])) {
        return;
    }
    i = i == most ? most - 1 : i;
    p->dearest_n = i + 1;
    for (; i > 0 && is_dearer(&r, &p->dearest[i - 1]); i--) {
        p->dearest[i] = p->dearest[i - 1];
    }
    p->dearest[i] = r;
}

static enum tb_status add_event(struct tb_advice_pass *p, const struct tb_reading *e, int64_t retries,
                                struct tb_err *err)
{
    static const uint8_t texts[] = {TB_T_CONSUMER, TB_T_FEATURE, TB_T_VARIANT};
    struct tb_charge charge;
    enum tb_status status = tb_charge_event(p->reader.prices, &e->query, &charge, err);
    for (int group = TB_ADVICE_CONSUMER; status == TB_OK && group <= TB_ADVICE_VARIANT; group++) {
        struct tb_advice_sum *sum = NULL;
        uint32_t value = e->text[texts[group]];
        if (value == 0 && group != TB_ADVICE_CONSUMER) {
            continue;
        }
        status = find_sum(p, group, value, 0, 0, &sum, err);
        if (status == TB_OK) {
            status = add_sum(sum, e, charge.cost, err);
        }
        if (status == TB_OK && retries > 0) {
            sum->retried++;
            sum->retries += retries;
            if (!tb_money_add(sum->retried_cost, charge.cost, &sum->retried_cost)) {
                status = out_of_range(err);
            }
        }
        if (status == TB_OK && group == TB_ADVICE_CONSUMER && !e->error && !e->refused) {
            status = add_batch(p, e, sum, err);
        }
    }
    if (status == TB_OK) {
        note_dearest(p, e, charge.cost);
        p->requests++;
        if (charge.cost > p->rules->request_cost) {
            p->over++;
            status = tb_money_add(p->over_cost, charge.cost, &p->over_cost) ? TB_OK : out_of_range(err);
        }
    }
    if (status == TB_OK) {
        status = add_cheaper(p, e, charge.cost, err);
    }
    return status;
}

static enum tb_status add_block(struct tb_advice_pass *p, const struct tb_block *b, struct tb_err *err)
{
    struct tb_reading e;
    enum tb_status status = TB_OK;
    if (b->source != p->source) {
        p->source = b->source;
        p->billed = tb_source_billed(p->reader.settings, tb_dict_text(p->reader.db, b->source));
    }
    for (uint32_t i = 0; p->billed && status == TB_OK && i < b->n; i++) {
        if ((b->flags[i] & TB_F_TOOL) == 0) {
            bool has = (b->present[i] >> TB_N_RETRIES & 1u) != 0;
            tb_reader_take(&p->reader, b, i, &e);
            status = add_event(p, &e, has ? b->number[TB_N_RETRIES][i] : 0, err);
        }
    }
    return status;
}

enum tb_status tb_advice_pass_run(struct tb_advice_pass *p, struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_tables *tables, const struct tb_advice_rules *rules,
                                  int64_t from_us, int64_t to_us, struct tb_err *err)
{
    struct tb_scan *scan = NULL;
    struct tb_block block;
    *p = (struct tb_advice_pass){.rules = rules};
    for (int group = 0; group < TB_ADVICE_GROUPS; group++) {
        tb_tuples_init(&p->keys[group], 3, TB_TUPLES_MAX);
    }
    tb_batches_init(&p->batches, rules);
    p->dearest = calloc((size_t)rules->dearest + 1, sizeof *p->dearest);
    enum tb_status status = p->dearest == NULL
                                ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for advice")
                                : tb_reader_init(&p->reader, db, s, tables, false, err);
    if (status == TB_OK) {
        status = tb_cheaper_init(&p->cheaper, tables, p->reader.prices, rules, from_us, to_us, err);
    }
    if (status == TB_OK) {
        status = tb_scan_open(db, from_us, to_us, TB_READING_COLUMNS | TB_C_NUMBER(TB_N_RETRIES), &scan, err);
    }
    while (status == TB_OK && (status = tb_scan_next(scan, &block, err)) == TB_OK) {
        status = add_block(p, &block, err);
    }
    tb_scan_close(scan);
    return status == TB_END ? TB_OK : status;
}

void tb_advice_pass_release(struct tb_advice_pass *p)
{
    for (int group = 0; group < TB_ADVICE_GROUPS; group++) {
        tb_tuples_release(&p->keys[group]);
        free(p->sums[group]);
    }
    tb_cheaper_release(&p->cheaper);
    tb_batches_release(&p->batches);
    free(p->dearest);
    tb_reader_release(&p->reader);
}
