#include "rate/quota_replay.h"

#include <stddef.h>
#include <stdlib.h>
#include "base/glob.h"
#include "rate/reduce.h"

#define COLUMNS                                                                                              \
    (TB_PRICING_COLUMNS | TB_C_TEXT(TB_T_CONSUMER) | TB_C_TEXT(TB_T_NODE) | TB_C_NUMBER(TB_N_LIMIT) |        \
     TB_C_NUMBER(TB_N_REMAINING))

enum tb_status tb_quota_replay_init(struct tb_quota_replay *r, struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_tables *tables, const struct tb_quota_whatif *whatif,
                                    struct tb_err *err)
{
    *r = (struct tb_quota_replay){.day = TB_DAY_NONE};
    tb_hour_init(&r->hour, s->zone);
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
    free(r->places);
    r->counts = NULL;
    r->places = NULL;
    r->count_cap = r->place_cap = 0;
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
static enum tb_status check_model(struct tb_quota_replay *r, const struct tb_quota_ready *e, int64_t ts_us,
                                  uint32_t model, struct tb_err *err)
{
    uint32_t number = 0;
    bool allowed = true;
    const struct tb_quota_row *row = tb_quota_models_at(&r->book, e->tier, ts_us);
    if (row == NULL || model == 0 || model == r->none || e->refused || r->warm) {
        return TB_OK;
    }
    enum tb_status status = is_allowed(r, row, model, &allowed, err);
    if (status != TB_OK || allowed) {
        return status;
    }
    uint32_t key[3] = {e->consumer, e->tier, model};
    status = tb_tuples_add(&r->bad_keys, key, &number, NULL, err);
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

/* --- before its turn: whatever does not depend on the calls before ------------------------------------------------------- */

static enum tb_status ready_row(struct tb_quota_replay *r, const struct tb_block *b, uint32_t i,
                                struct tb_quota_ready *out, struct tb_err *err)
{
    static const enum tb_event_number classes[] = {TB_N_INPUT,          TB_N_CACHE_READ, TB_N_CACHE_WRITE_5M,
                                                   TB_N_CACHE_WRITE_1H, TB_N_OUTPUT,     TB_N_TOTAL_ONLY};
    *out =
        (struct tb_quota_ready){.consumer = tb_reader_consumer(&r->reader, b, i), .tier = TB_QUOTA_NO_TIER};
    const struct tb_account_row *account = tb_reader_account(&r->reader, b, i);
    if (account != NULL) {
        out->tier = r->book.account_tier[account - r->reader.tables->accounts];
    }
    enum tb_status status = TB_OK;
    if (r->book.whatif != NULL && r->book.whatif->tier_n > 0) {
        status = what_if_tier(r, out->consumer, &out->tier, err);
    }
    if (status != TB_OK || out->tier == TB_QUOTA_NO_TIER) {
        return status;
    }
    out->refused = tb_reader_refused(b, i);
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        out->tokens += b->number[classes[k]][i];
    }
    if (!out->refused) {
        status = tb_reader_cost(&r->reader, b, i, &out->cost, err);
    }
    return status == TB_OK && r->book.tiers[out->tier].models_n > 0
               ? check_model(r, out, b->ts_us[i], b->text[TB_T_MODEL][i], err)
               : status;
}

static enum tb_status prepare(void *ctx, const struct tb_block *b, void *room, struct tb_err *err)
{
    struct tb_quota_replay *r = ctx;
    struct tb_quota_ready *ready = room;
    bool billed = tb_source_billed(r->reader.settings, tb_dict_text(r->reader.db, b->source));
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < b->n; i++) {
        if (!billed || (b->flags[i] & TB_F_TOOL) != 0) {
            ready[i].tier = TB_QUOTA_NO_TIER;
        } else {
            status = ready_row(r, b, i, &ready[i], err);
        }
    }
    return status;
}

/* --- in its turn --------------------------------------------------------------------------------------------------------- */

/* Counters of a tier's slots that count over all nodes, one behind the other; UINT32_MAX when some of them came otherwise. */
static enum tb_status make_place(struct tb_quota_replay *r, uint32_t consumer, uint32_t tier,
                                 struct tb_quota_place *p, struct tb_err *err)
{
    const struct tb_quota_tier *t = &r->book.tiers[tier];
    enum tb_status status = TB_OK;
    *p = (struct tb_quota_place){tier + 1, UINT32_MAX};
    for (uint32_t i = 0; status == TB_OK && i < t->n; i++) {
        uint32_t key[TB_QK_COUNT] = {consumer, t->first + i, 0, 0}, number = 0;
        if (r->book.slots[t->first + i].per_node) {
            p->first = UINT32_MAX;
            return TB_OK;
        }
        status = tb_tuples_add(&r->keys, key, &number, NULL, err);
        p->first = i == 0 ? number : p->first;
        if (status == TB_OK && number != p->first + i) {
            p->first = UINT32_MAX;
            return TB_OK;
        }
    }
    return status == TB_OK
               ? tb_tuples_grow((void **)&r->counts, &r->count_cap, r->keys.n, sizeof *r->counts, err)
               : status;
}

static enum tb_status find_place(struct tb_quota_replay *r, const struct tb_quota_event *e, uint32_t *first,
                                 struct tb_err *err)
{
    enum tb_status status =
        tb_tuples_grow((void **)&r->places, &r->place_cap, (size_t)e->consumer + 1, sizeof *r->places, err);
    if (status == TB_OK && r->places[e->consumer].tier != e->tier + 1) {
        status = make_place(r, e->consumer, e->tier, &r->places[e->consumer], err);
    }
    *first = status == TB_OK ? r->places[e->consumer].first : UINT32_MAX;
    return status;
}

static enum tb_status feed_count(struct tb_quota_replay *r, struct tb_quota_event *e,
                                 const struct tb_quota_slot *slot, struct tb_quota_count *c,
                                 struct tb_err *err)
{
    struct tb_quota_call *call = &e->call;
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
    return tb_quota_count_feed(c, slot->window, &r->hour, call, err);
}

/* c: the slot's counter over all nodes, or NULL when it has to be looked for. */
static enum tb_status feed_slot(struct tb_quota_replay *r, struct tb_quota_event *e, uint32_t number,
                                struct tb_quota_count *c, struct tb_err *err)
{
    struct tb_quota_slot *slot = &r->book.slots[number];
    if (r->warm && slot->window != TB_WINDOW_ROLLING_24H) {
        return TB_OK;
    }
    const struct tb_quota_row *row = tb_quota_slot_at(&r->book, slot, e->call.ts_us);
    if (row == NULL) {
        return TB_OK;
    }
    uint32_t key[TB_QK_COUNT] = {e->consumer, number, slot->per_node ? e->node : 0, 0};
    e->call.unlimited = row->unlimited;
    e->call.limit = slot->measure == TB_MEASURE_COST ? row->limit_cost : row->limit;
    enum tb_status status = c == NULL ? find_count(r, key, &c, err) : TB_OK;
    if (status == TB_OK) {
        status = feed_count(r, e, slot, c, err);
    }
    if (status == TB_OK && slot->per_node) {
        key[TB_QK_NODE] = 0;
        key[TB_QK_GLOBAL] = 1;
        status = find_count(r, key, &c, err);
        if (status == TB_OK) {
            status = feed_count(r, e, slot, c, err);
        }
    }
    return status;
}

static enum tb_status feed(struct tb_quota_replay *r, struct tb_quota_event *e, uint32_t first,
                           struct tb_err *err)
{
    const struct tb_quota_tier *t = &r->book.tiers[e->tier];
    enum tb_status status = TB_OK;
    tb_hour_at(&r->hour, e->call.ts_us);
    for (uint32_t i = 0; status == TB_OK && i < t->n; i++) {
        status = feed_slot(r, e, t->first + i, first != UINT32_MAX ? &r->counts[first + i] : NULL, err);
    }
    return status;
}

/* The calls that wait, in order. Their counters lie all over memory: they are called together before the first is needed, since
 * waiting for each would take longer than all the rest. */
static enum tb_status flush(struct tb_quota_replay *r, struct tb_err *err)
{
    uint32_t first[TB_QUOTA_STRIDE];
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < r->event_n; i++) {
        status = find_place(r, &r->event[i], &first[i], err);
        for (uint32_t k = 0; first[i] != UINT32_MAX && k < r->book.tiers[r->event[i].tier].n && k < 2; k++) {
            const char *count = (const char *)&r->counts[first[i] + k];
            for (size_t at = 0; at < offsetof(struct tb_quota_count, peak); at += 64) {
                __builtin_prefetch(count + at, 1);
            }
        }
    }
    for (uint32_t i = 0; status == TB_OK && i < r->event_n; i++) {
        status = feed(r, &r->event[i], first[i], err);
    }
    r->event_n = 0;
    return status;
}

static bool each_event(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct tb_quota_replay *r = ctx;
    const struct tb_quota_ready *ready = (const struct tb_quota_ready *)b->room + row;
    if (ready->tier == TB_QUOTA_NO_TIER) {
        return true;
    }
    struct tb_quota_event *e = &r->event[r->event_n++];
    *e = (struct tb_quota_event){.call = {.ts_us = b->ts_us[row],
                                          .refused = ready->refused,
                                          .tokens = ready->tokens,
                                          .cost = ready->cost,
                                          .warm = r->warm},
                                 .consumer = ready->consumer,
                                 .node = b->text[TB_T_NODE][row],
                                 .tier = ready->tier};
    if ((b->present[row] & (1u << TB_N_LIMIT | 1u << TB_N_REMAINING)) != 0) {
        e->call.has_limit = (b->present[row] >> TB_N_LIMIT & 1u) != 0;
        e->call.has_remaining = (b->present[row] >> TB_N_REMAINING & 1u) != 0;
        e->call.limit_logged = b->number[TB_N_LIMIT][row];
        e->call.remaining_logged = b->number[TB_N_REMAINING][row];
    }
    if (r->event_n == TB_QUOTA_STRIDE) {
        r->status = flush(r, r->err);
    }
    return r->status == TB_OK;
}

static enum tb_status replay(struct tb_quota_replay *r, int64_t from_us, int64_t to_us, bool warm,
                             struct tb_err *err)
{
    r->warm = warm;
    r->event_n = 0;
    r->err = err;
    r->status = TB_OK;
    struct tb_ordered_how how = {.columns = COLUMNS,
                                 .room_bytes = sizeof(struct tb_quota_ready),
                                 .prepare = prepare,
                                 .each = each_event,
                                 .ctx = r,
                                 .ahead = true};
    enum tb_status status = tb_events_prepared(r->reader.db, from_us, to_us, &how, err);
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
