#include "rate/quota_replay.h"

#include <stddef.h>
#include <stdlib.h>
#include "base/glob.h"
#include "rate/reduce.h"

enum tb_status tb_quota_replay_init(struct tb_quota_replay *r, struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_tables *tables, const struct tb_quota_whatif *whatif,
                                    struct tb_err *err)
{
    *r = (struct tb_quota_replay){.day = TB_DAY_NONE};
    tb_tuples_init(&r->keys, TB_QK_COUNT, TB_TUPLES_MAX);
    tb_tuples_init(&r->bad_keys, 3, TB_TUPLES_MAX);
    tb_tuples_init(&r->said_keys, 2, TB_TUPLES_MAX);
    tb_tuples_init(&r->tier_keys, 1, TB_TUPLES_MAX);
    enum tb_status status = tb_quota_book_init(&r->book, tables, whatif, err);
    if (status == TB_OK) {
        status = tb_reader_init(&r->reader, db, s, tables, false, err);
    }
    if (status == TB_OK) {
        status = tb_dict_id(db, TB_STR("(none)"), false, &r->none, err);
    }
    if (status != TB_OK) {
        tb_quota_replay_release(r);
    }
    return status;
}

void tb_quota_replay_reset(struct tb_quota_replay *r)
{
    for (uint32_t i = 0; i < r->keys.n; i++) {
        tb_quota_count_release(&r->counts[i]);
    }
    tb_tuples_release(&r->keys);
    free(r->counts);
    r->counts = NULL;
    r->count_cap = 0;
    r->day = TB_DAY_NONE;
}

void tb_quota_replay_release(struct tb_quota_replay *r)
{
    tb_quota_replay_reset(r);
    tb_tuples_release(&r->bad_keys);
    tb_tuples_release(&r->said_keys);
    tb_tuples_release(&r->tier_keys);
    free(r->bad);
    free(r->said);
    free(r->tier);
    tb_quota_book_release(&r->book);
    tb_reader_release(&r->reader);
}

static enum tb_status find_count(struct tb_quota_replay *r, const uint32_t key[TB_QK_COUNT],
                                 struct tb_quota_count **out, struct tb_err *err)
{
    uint32_t number = 0;
    enum tb_status status = tb_tuples_add(&r->keys, key, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&r->counts, &r->count_cap, r->keys.n, sizeof *r->counts, err);
    }
    if (status == TB_OK) {
        *out = &r->counts[number];
    }
    return status;
}

static uint32_t find_slot(const struct tb_quota_book *b, const struct tb_quota_kept *k)
{
    uint32_t tier = tb_quota_tier_find(b, k->tier);
    for (uint32_t i = 0; tier != TB_QUOTA_NO_TIER && i < b->tiers[tier].n; i++) {
        const struct tb_quota_slot *s = &b->slots[b->tiers[tier].first + i];
        if (s->measure == k->measure && s->window == k->window && s->per_node == k->per_node) {
            return b->tiers[tier].first + i;
        }
    }
    return UINT32_MAX;
}

enum tb_status tb_quota_replay_carry(struct tb_quota_replay *r, const struct tb_quota_kept *k,
                                     struct tb_err *err)
{
    struct tb_quota_count *c = NULL;
    uint32_t key[TB_QK_COUNT] = {k->consumer, find_slot(&r->book, k), k->node, k->global};
    if (key[TB_QK_SLOT] == UINT32_MAX || !tb_quota_window_long(k->window)) {
        return TB_OK; /* the quota is gone */
    }
    enum tb_status status = find_count(r, key, &c, err);
    if (status == TB_OK) {
        c->now = k->use;
        c->open = true;
    }
    return status;
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

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

static enum tb_status price(struct tb_quota_replay *r, const struct tb_reading *e, bool *priced,
                            tb_money *cost, struct tb_err *err)
{
    struct tb_charge charge;
    if (*priced) {
        return TB_OK;
    }
    *priced = true;
    enum tb_status status = tb_charge_event(r->reader.prices, &e->query, &charge, err);
    *cost = status == TB_OK ? charge.cost : 0;
    return status;
}

static enum tb_status is_allowed(struct tb_quota_replay *r, const struct tb_quota_row *row, uint32_t model,
                                 bool *allowed, struct tb_err *err)
{
    uint32_t key[2] = {(uint32_t)(row - r->book.rows), model}, number = 0;
    bool is_new = false;
    enum tb_status status = tb_tuples_add(&r->said_keys, key, &number, &is_new, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&r->said, &r->said_cap, r->said_keys.n, sizeof *r->said, err);
    }
    if (status == TB_OK && is_new) {
        r->said[number] = tb_quota_models_match(row, tb_dict_text(r->reader.db, model));
    }
    *allowed = status == TB_OK && r->said[number] != 0;
    return status;
}

/* A model that the tier may not use, and that the gateway let through all the same. */
static enum tb_status check_model(struct tb_quota_replay *r, const struct tb_reading *e, uint32_t tier,
                                  int64_t tokens, struct tb_err *err)
{
    uint32_t model = e->text[TB_T_MODEL], number = 0;
    bool allowed = true, priced = false;
    tb_money cost = 0;
    const struct tb_quota_row *row = tb_quota_models_at(&r->book, tier, e->query.ts_us);
    if (row == NULL || model == 0 || model == r->none || e->refused || r->warm) {
        return TB_OK;
    }
    enum tb_status status = is_allowed(r, row, model, &allowed, err);
    if (status != TB_OK || allowed) {
        return status;
    }
    uint32_t key[3] = {e->text[TB_T_CONSUMER], tier, model};
    status = price(r, e, &priced, &cost, err);
    if (status == TB_OK) {
        status = tb_tuples_add(&r->bad_keys, key, &number, NULL, err);
    }
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&r->bad, &r->bad_cap, r->bad_keys.n, sizeof *r->bad, err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_quota_sum *sum = &r->bad[number];
    sum->requests++;
    if (__builtin_add_overflow(sum->tokens, tokens, &sum->tokens) ||
        !tb_money_add(sum->cost, cost, &sum->cost)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the use of a model is out of range");
    }
    return TB_OK;
}

static enum tb_status feed_count(struct tb_quota_replay *r, struct tb_quota_event *e,
                                 const struct tb_quota_slot *slot, const uint32_t key[TB_QK_COUNT],
                                 struct tb_err *err)
{
    struct tb_quota_count *c = NULL;
    struct tb_quota_call *call = &e->call;
    enum tb_status status = find_count(r, key, &c, err);
    if (status == TB_OK && !call->refused &&
        (slot->measure == TB_MEASURE_COST || tb_quota_count_exhausted(c, slot->window, call))) {
        status = price(r, &e->reading, &e->priced, &call->cost, err);
    }
    if (status != TB_OK) {
        return status;
    }
    switch (slot->measure) {
    case TB_MEASURE_COST:
        call->amount = call->cost;
        break;
    case TB_MEASURE_REQUESTS:
        call->amount = 1;
        break;
    default:
        call->amount = call->tokens;
    }
    call->amount = call->refused ? 0 : call->amount;
    return tb_quota_count_feed(c, slot->window, &r->reader.hour, call, err);
}

static enum tb_status feed_slot(struct tb_quota_replay *r, struct tb_quota_event *e, uint32_t number,
                                struct tb_err *err)
{
    struct tb_quota_slot *slot = &r->book.slots[number];
    if (r->warm && slot->window != TB_WINDOW_ROLLING_24H) {
        return TB_OK;
    }
    const struct tb_quota_row *row = tb_quota_slot_at(&r->book, slot, e->call.ts_us);
    if (row == NULL) {
        return TB_OK;
    }
    uint32_t node = slot->per_node ? e->reading.text[TB_T_NODE] : 0;
    uint32_t key[TB_QK_COUNT] = {e->reading.text[TB_T_CONSUMER], number, node, 0};
    e->call.unlimited = row->unlimited;
    e->call.limit = slot->measure == TB_MEASURE_COST ? row->limit_cost : row->limit;
    enum tb_status status = feed_count(r, e, slot, key, err);
    if (status == TB_OK && slot->per_node) {
        key[TB_QK_NODE] = 0;
        key[TB_QK_GLOBAL] = 1;
        status = feed_count(r, e, slot, key, err);
    }
    return status;
}

static void take_call(const struct tb_block *b, uint32_t row, struct tb_quota_event *e)
{
    static const enum tb_event_number classes[] = {TB_N_INPUT,          TB_N_CACHE_READ, TB_N_CACHE_WRITE_5M,
                                                   TB_N_CACHE_WRITE_1H, TB_N_OUTPUT,     TB_N_TOTAL_ONLY};
    const struct tb_reading *reading = &e->reading;
    e->call = (struct tb_quota_call){.ts_us = b->ts_us[row], .refused = reading->refused};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        e->call.tokens += reading->number[classes[i]];
    }
    if ((b->present[row] & (1u << TB_N_LIMIT | 1u << TB_N_REMAINING)) != 0) {
        e->call.has_limit = (b->present[row] >> TB_N_LIMIT & 1u) != 0;
        e->call.has_remaining = (b->present[row] >> TB_N_REMAINING & 1u) != 0;
        e->call.limit_logged = b->number[TB_N_LIMIT][row];
        e->call.remaining_logged = b->number[TB_N_REMAINING][row];
    }
    e->priced = false;
}

static enum tb_status feed(struct tb_quota_replay *r, struct tb_quota_event *e, struct tb_err *err)
{
    const struct tb_quota_tier *t = &r->book.tiers[e->tier];
    enum tb_status status = TB_OK;
    tb_hour_at(&r->reader.hour, e->call.ts_us); /* reading ahead has moved it */
    for (uint32_t i = 0; status == TB_OK && i < t->n; i++) {
        status = feed_slot(r, e, t->first + i, err);
    }
    return status == TB_OK && t->models_n > 0 ? check_model(r, &e->reading, e->tier, e->call.tokens, err)
                                              : status;
}

static void key_of(const struct tb_quota_replay *r, const struct tb_quota_event *e, uint32_t number,
                   uint32_t key[TB_QK_COUNT])
{
    const struct tb_quota_slot *slot = &r->book.slots[number];
    key[TB_QK_CONSUMER] = e->reading.text[TB_T_CONSUMER];
    key[TB_QK_SLOT] = number;
    key[TB_QK_NODE] = slot->per_node ? e->reading.text[TB_T_NODE] : 0;
    key[TB_QK_GLOBAL] = 0;
}

static void call_count(const struct tb_quota_replay *r, uint64_t hash)
{
    uint32_t number = 0;
    if (tb_tuples_call_key(&r->keys, hash, &number)) {
        const char *count = (const char *)&r->counts[number];
        for (size_t i = 0; i < offsetof(struct tb_quota_count, peak); i += 64) {
            __builtin_prefetch(count + i, 1);
        }
    }
}

/* The calls that wait, in order. Their counters lie all over memory: they are called together before the first is needed, since
 * waiting for each would take longer than all the rest. */
static enum tb_status flush(struct tb_quota_replay *r, struct tb_err *err)
{
    uint64_t hash[TB_QUOTA_STRIDE * 2];
    size_t n = 0;
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; i < r->event_n; i++) {
        const struct tb_quota_tier *t = &r->book.tiers[r->event[i].tier];
        for (uint32_t k = 0; k < t->n && k < 2; k++) {
            uint32_t key[TB_QK_COUNT];
            key_of(r, &r->event[i], t->first + k, key);
            hash[n] = tb_tuples_hash(&r->keys, key);
            tb_tuples_call_slot(&r->keys, hash[n++]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        call_count(r, hash[i]);
    }
    for (uint32_t i = 0; status == TB_OK && i < r->event_n; i++) {
        status = feed(r, &r->event[i], err);
    }
    r->event_n = 0;
    return status;
}

static enum tb_status take(struct tb_quota_replay *r, const struct tb_block *b, uint32_t row,
                           struct tb_err *err)
{
    struct tb_quota_event *e = &r->event[r->event_n];
    tb_reader_take(&r->reader, b, row, &e->reading);
    e->tier = e->reading.account == 0 ? TB_QUOTA_NO_TIER : r->book.account_tier[e->reading.account - 1];
    enum tb_status status = TB_OK;
    if (r->book.whatif != NULL && r->book.whatif->tier_n > 0) {
        status = what_if_tier(r, e->reading.text[TB_T_CONSUMER], &e->tier, err);
    }
    if (status != TB_OK || e->tier == TB_QUOTA_NO_TIER) {
        return status;
    }
    take_call(b, row, e);
    e->call.warm = r->warm;
    return ++r->event_n == TB_QUOTA_STRIDE ? flush(r, err) : TB_OK;
}

static bool each_event(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct tb_quota_replay *r = ctx;
    if ((b->flags[row] & TB_F_TOOL) != 0) {
        return true;
    }
    if (b->source != r->source) {
        r->source = b->source;
        r->billed = tb_source_billed(r->reader.settings, tb_dict_text(r->reader.db, b->source));
    }
    r->status = r->billed ? take(r, b, row, r->err) : TB_OK;
    return r->status == TB_OK;
}

static enum tb_status replay(struct tb_quota_replay *r, int64_t from_us, int64_t to_us, bool warm,
                             struct tb_err *err)
{
    r->warm = warm;
    r->event_n = 0;
    r->err = err;
    r->status = TB_OK;
    enum tb_status status =
        tb_events_ordered(r->reader.db, from_us, to_us, TB_READING_COLUMNS, each_event, r, err);
    status = status == TB_OK ? r->status : status;
    return status == TB_OK ? flush(r, err) : status;
}

enum tb_status tb_quota_replay_day(struct tb_quota_replay *r, int32_t day, struct tb_err *err)
{
    int64_t from_us = tb_zone_day_start(r->reader.settings->zone, day);
    int64_t to_us = tb_zone_day_start(r->reader.settings->zone, day + 1);
    enum tb_status status = TB_OK;
    tb_tuples_release(&r->bad_keys);
    free(r->bad);
    r->bad = NULL;
    r->bad_cap = 0;
    if (r->day != day - 1 && r->book.has_window[TB_WINDOW_ROLLING_24H]) {
        status = replay(r, from_us - TB_US_PER_DAY, from_us, true, err);
    }
    r->day = day;
    return status == TB_OK ? replay(r, from_us, to_us, false, err) : status;
}
