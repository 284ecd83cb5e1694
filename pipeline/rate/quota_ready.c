/* What of a call does not depend on the calls before it: whose it is, its tier, tokens and cost, and whether its model is one that the
 * tier may use. It is made ahead of its turn, in another thread. */
#include "base/glob.h"
#include "rate/quota_replay.h"
#include "rate/reduce.h"

#define CALLED_AHEAD 8 /* rows */

static enum tb_status what_if_tier(struct tb_quota_replay *r, uint32_t consumer, uint32_t *tier,
                                   struct tb_err *err)
{
    uint32_t number = 0;
    bool is_new = false;
    enum tb_status status = tb_tuples_add(&r->tier_keys, &consumer, &number, &is_new, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&r->tier, &r->tier_cap, r->tier_keys.n, sizeof *r->tier, err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_str text = consumer == 0 ? TB_STR(TB_CONSUMER_ANONYMOUS) : tb_dict_text(r->reader.db, consumer);
    for (size_t i = 0; is_new && i < r->book.whatif->tier_n; i++) {
        if (tb_glob_match(r->book.whatif->tier[i].consumer, text)) {
            r->tier[number] = tb_quota_tier_find(&r->book, r->book.whatif->tier[i].tier) + 1;
        }
    }
    if (r->tier[number] != 0) {
        *tier = r->tier[number] - 1;
    }
    return TB_OK;
}

static bool is_allowed(struct tb_quota_replay *r, const struct tb_quota_row *row, uint32_t model)
{
    struct tb_quota_said *said = &r->said[((uint32_t)(row - r->book.rows) * 31 + model) % TB_QUOTA_SAID];
    if (said->row != row || said->model != model) {
        *said =
            (struct tb_quota_said){row, model, tb_quota_models_match(row, tb_dict_text(r->reader.db, model))};
    }
    return said->allowed;
}

/* A model that the tier may not use, and that the gateway let through all the same. */
static enum tb_status check_model(struct tb_quota_replay *r, const struct tb_quota_ready *e, int64_t ts_us,
                                  uint32_t model, struct tb_err *err)
{
    uint32_t number = 0;
    const struct tb_quota_row *row = tb_quota_models_at(&r->book, e->tier, ts_us);
    if (row == NULL || model == 0 || model == r->none || e->tokens == TB_QUOTA_REFUSED || r->warm ||
        is_allowed(r, row, model)) {
        return TB_OK;
    }
    uint32_t key[3] = {e->consumer, e->tier, model};
    enum tb_status status = tb_tuples_add(&r->bad_keys, key, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&r->bad, &r->bad_cap, r->bad_keys.n, sizeof *r->bad, err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_quota_sum *sum = &r->bad[number];
    sum->requests++;
    if (__builtin_add_overflow(sum->tokens, e->tokens, &sum->tokens) ||
        !tb_money_add(sum->cost, e->cost, &sum->cost)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the use of a model is out of range");
    }
    return TB_OK;
}

static int64_t tokens_of(const struct tb_block *b, uint32_t i)
{
    return b->number[TB_N_INPUT][i] + b->number[TB_N_CACHE_READ][i] + b->number[TB_N_CACHE_WRITE_5M][i] +
           b->number[TB_N_CACHE_WRITE_1H][i] + b->number[TB_N_OUTPUT][i] + b->number[TB_N_TOTAL_ONLY][i];
}

static enum tb_status ready_row(struct tb_quota_replay *r, const struct tb_block *b, uint32_t i,
                                struct tb_quota_ready *out, struct tb_err *err)
{
    const struct tb_account_row *account = tb_reader_account(&r->reader, b, i);
    enum tb_status status = TB_OK;
    out->consumer = tb_reader_consumer(&r->reader, b, i);
    out->tier =
        account != NULL ? r->book.account_tier[account - r->reader.tables->accounts] : TB_QUOTA_NO_TIER;
    if (r->book.whatif != NULL && r->book.whatif->tier_n > 0) {
        status = what_if_tier(r, out->consumer, &out->tier, err);
    }
    if (status != TB_OK || out->tier == TB_QUOTA_NO_TIER) {
        return status;
    }
    out->cost = 0;
    out->tokens = TB_QUOTA_REFUSED;
    out->ts_us = b->ts_us[i];
    out->node = b->text[TB_T_NODE][i];
    out->has_limit = (b->present[i] >> TB_N_LIMIT & 1u) != 0;
    out->has_remaining = (b->present[i] >> TB_N_REMAINING & 1u) != 0;
    if (!tb_reader_refused(b, i)) {
        out->tokens = tokens_of(b, i);
        status = tb_reader_cost(&r->reader, b, i, &out->cost, err);
    }
    return status == TB_OK && r->book.tiers[out->tier].models_n > 0
               ? check_model(r, out, b->ts_us[i], b->text[TB_T_MODEL][i], err)
               : status;
}

enum tb_status tb_quota_ready_block(void *replay, const struct tb_block *b, void *room, struct tb_err *err)
{
    struct tb_quota_replay *r = replay;
    struct tb_quota_ready *ready = room;
    bool billed = tb_source_billed(r->reader.settings, tb_dict_text(r->reader.db, b->source));
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < b->n; i++) {
        if (i + CALLED_AHEAD < b->n) {
            tb_reader_call_account(&r->reader, b, i + CALLED_AHEAD);
        }
        if (!billed || (b->flags[i] & TB_F_TOOL) != 0) {
            ready[i].tier = TB_QUOTA_NO_TIER;
        } else {
            status = ready_row(r, b, i, &ready[i], err);
        }
    }
    return status;
}
