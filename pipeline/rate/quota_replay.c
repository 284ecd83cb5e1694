#include "rate/quota_replay.h"

#include <stdlib.h>

#define CALLED      4  /* counters of a call that are called into the cache */
#define PLACES_WAIT 10 /* calls whose places are on their way */

enum tb_status tb_quota_replay_init(struct tb_quota_replay *r, struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_tables *tables, const struct tb_quota_whatif *whatif,
                                    struct tb_err *err)
{
    *r = (struct tb_quota_replay){.day = TB_DAY_NONE};
    tb_hour_init(&r->hour, s->zone);
    tb_tuples_init(&r->keys, TB_QK_COUNT, TB_TUPLES_MAX);
    tb_tuples_init(&r->node_keys, 3, TB_TUPLES_MAX);
    tb_tuples_init(&r->bad_keys, 3, TB_TUPLES_MAX);
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
    for (uint32_t i = 0; i < r->keys.n && i < r->count_cap; i++) {
        tb_quota_count_release(&r->counts[i]);
    }
    tb_tuples_release(&r->keys);
    free(r->counts);
    tb_tuples_release(&r->node_keys);
    free(r->places);
    free(r->node_first);
    r->counts = NULL;
    r->places = NULL;
    r->node_first = NULL;
    r->count_cap = r->place_cap = r->node_cap = 0;
    r->day = TB_DAY_NONE;
}

void tb_quota_replay_release(struct tb_quota_replay *r)
{
    tb_quota_replay_reset(r);
    tb_tuples_release(&r->bad_keys);
    tb_tuples_release(&r->tier_keys);
    free(r->bad);
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

/* --- where counters lie -------------------------------------------------------------------------------------------------- */

/* The counters of a tier's slots, one behind the other: over all nodes, or for the slots that count each node alone, of that node.
 * *first UINT32_MAX: some of them came otherwise. */
static enum tb_status make_row(struct tb_quota_replay *r, uint32_t consumer, uint32_t tier, bool alone,
                               uint32_t node, uint32_t *first, struct tb_err *err)
{
    const struct tb_quota_tier *t = &r->book.tiers[tier];
    enum tb_status status = TB_OK;
    uint32_t n = 0;
    *first = UINT32_MAX;
    for (uint32_t i = 0; status == TB_OK && i < t->n; i++) {
        bool per_node = r->book.slots[t->first + i].per_node;
        uint32_t key[TB_QK_COUNT] = {consumer, t->first + i, node, !alone && per_node}, number = 0;
        if (alone && !per_node) {
            continue;
        }
        status = tb_tuples_add(&r->keys, key, &number, NULL, err);
        *first = n == 0 ? number : *first;
        if (status == TB_OK && number != *first + n++) {
            *first = UINT32_MAX;
            break;
        }
    }
    return status == TB_OK
               ? tb_tuples_grow((void **)&r->counts, &r->count_cap, r->keys.n, sizeof *r->counts, err)
               : status;
}

static enum tb_status find_place(struct tb_quota_replay *r, uint32_t consumer, uint32_t tier, uint32_t *first,
                                 struct tb_err *err)
{
    if (consumer < r->place_cap && r->places[consumer].tier == tier + 1) {
        *first = r->places[consumer].first;
        return TB_OK;
    }
    enum tb_status status =
        tb_tuples_grow((void **)&r->places, &r->place_cap, (size_t)consumer + 1, sizeof *r->places, err);
    if (status == TB_OK) {
        status = make_row(r, consumer, tier, false, 0, first, err);
    }
    if (status == TB_OK) {
        r->places[consumer] = (struct tb_quota_place){.tier = tier + 1, .first = *first};
    }
    return status;
}

/* The same for one node alone. The place of consumer and tier is there. */
static enum tb_status find_node(struct tb_quota_replay *r, uint32_t consumer, uint32_t tier, uint32_t node,
                                uint32_t *first, struct tb_err *err)
{
    struct tb_quota_place *p = &r->places[consumer];
    uint32_t i = node % TB_QUOTA_NEAR;
    if (p->near[i].node == node + 1) {
        *first = p->near[i].first;
        return TB_OK;
    }
    uint32_t key[3] = {consumer, tier, node}, number = 0;
    bool is_new = false;
    enum tb_status status = tb_tuples_add(&r->node_keys, key, &number, &is_new, err);
    if (status == TB_OK && is_new) {
        status =
            tb_tuples_grow((void **)&r->node_first, &r->node_cap, (size_t)number + 1, sizeof *first, err);
        if (status == TB_OK) {
            status = make_row(r, consumer, tier, true, node, &r->node_first[number], err);
        }
    }
    if (status == TB_OK) {
        *first = r->node_first[number];
        p->near[i].node = node + 1;
        p->near[i].first = *first;
    }
    return status;
}

enum tb_status tb_quota_replay_carry(struct tb_quota_replay *r, const struct tb_quota_kept *k,
                                     struct tb_err *err)
{
    struct tb_quota_count *c = NULL;
    uint32_t key[TB_QK_COUNT] = {k->consumer, find_slot(&r->book, k), k->node, k->global};
    if (key[TB_QK_SLOT] == UINT32_MAX || !tb_quota_window_long(k->window)) {
        return TB_OK; /* the quota is gone */
    }
    uint32_t tier = r->book.slots[key[TB_QK_SLOT]].tier, first = 0;
    enum tb_status status = find_place(r, k->consumer, tier, &first, err);
    if (status == TB_OK && k->per_node && !k->global) { /* so that they come together */
        status = find_node(r, k->consumer, tier, k->node, &first, err);
    }
    if (status == TB_OK) {
        status = find_count(r, key, &c, err);
    }
    if (status == TB_OK) {
        c->now = k->use;
        c->open = true;
    }
    return status;
}

static void call_counts(const struct tb_quota_replay *r, uint32_t first, uint32_t n)
{
    for (uint32_t k = 0; first != UINT32_MAX && k < n; k++) {
        const char *count = (const char *)&r->counts[first + k];
        __builtin_prefetch(count, 1);
        __builtin_prefetch(count + 64, 1);
        __builtin_prefetch(count + TB_QUOTA_COUNT_HOT - 1, 1);
    }
}

static enum tb_status find_counts(struct tb_quota_replay *r, struct tb_quota_event *e, struct tb_err *err)
{
    const struct tb_quota_tier *t = &r->book.tiers[e->ready.tier];
    enum tb_status status = find_place(r, e->ready.consumer, e->ready.tier, &e->first, err);
    if (status == TB_OK && t->per_node_n > 0) {
        status = find_node(r, e->ready.consumer, e->ready.tier, e->ready.node, &e->per_node, err);
        call_counts(r, e->per_node, t->per_node_n);
    }
    call_counts(r, e->first, t->n < CALLED ? t->n : CALLED);
    return status;
}

/* --- in its turn --------------------------------------------------------------------------------------------------------- */

static enum tb_status feed_count(struct tb_quota_replay *r, struct tb_quota_call *call,
                                 const struct tb_quota_slot *slot, struct tb_quota_count *c,
                                 struct tb_err *err)
{
    call->amount = 0;
    if (!call->refused) {
        call->amount = slot->measure == TB_MEASURE_COST       ? call->cost
                       : slot->measure == TB_MEASURE_REQUESTS ? 1
                                                              : call->tokens;
    }
    return tb_quota_count_feed(c, slot->window, &r->hour, call, err);
}

/* The counter of a slot: the i-th behind first, or looked for. */
static enum tb_status count_of(struct tb_quota_replay *r, uint32_t first, uint32_t i,
                               const uint32_t key[TB_QK_COUNT], struct tb_quota_count **out,
                               struct tb_err *err)
{
    if (first != UINT32_MAX) {
        *out = &r->counts[first + i];
        return TB_OK;
    }
    return find_count(r, key, out, err);
}

static enum tb_status feed(struct tb_quota_replay *r, const struct tb_quota_event *e, struct tb_err *err)
{
    const struct tb_quota_tier *t = &r->book.tiers[e->ready.tier];
    enum tb_status status = TB_OK;
    uint32_t per_node = 0; /* slots seen */
    struct tb_quota_call call = {.ts_us = e->ready.ts_us,
                                 .refused = e->ready.tokens == TB_QUOTA_REFUSED,
                                 .cost = e->ready.cost,
                                 .has_limit = e->ready.has_limit,
                                 .has_remaining = e->ready.has_remaining,
                                 .limit_logged = e->limit_logged,
                                 .remaining_logged = e->remaining_logged,
                                 .warm = r->warm};
    call.tokens = call.refused ? 0 : e->ready.tokens;
    tb_hour_at(&r->hour, call.ts_us);
    for (uint32_t i = 0; status == TB_OK && i < t->n; i++) {
        struct tb_quota_slot *slot = &r->book.slots[t->first + i];
        const struct tb_quota_row *row = tb_quota_slot_at(&r->book, slot, call.ts_us);
        struct tb_quota_count *c = NULL;
        uint32_t key[TB_QK_COUNT] = {e->ready.consumer, t->first + i, 0, slot->per_node};
        uint32_t before = per_node;
        per_node += slot->per_node;
        if (row == NULL || (r->warm && slot->window != TB_WINDOW_ROLLING_24H)) {
            continue;
        }
        call.unlimited = row->unlimited;
        call.limit = slot->measure == TB_MEASURE_COST ? row->limit_cost : row->limit;
        status = count_of(r, e->first, i, key, &c, err);
        if (status == TB_OK) {
            status = feed_count(r, &call, slot, c, err);
        }
        if (status == TB_OK && slot->per_node) {
            key[TB_QK_NODE] = e->ready.node;
            key[TB_QK_GLOBAL] = 0;
            status = count_of(r, e->per_node, before, key, &c, err);
            if (status == TB_OK) {
                status = feed_count(r, &call, slot, c, err);
            }
        }
    }
    return status;
}

/* Places and counters lie all over memory: a call's place is called when it comes, its counters when some others have come behind it,
 * and they are fed when still more have, since waiting for each would take longer than all the rest. */
static enum tb_status move_on(struct tb_quota_replay *r, uint64_t places_wait, uint64_t under_way,
                              struct tb_err *err)
{
    enum tb_status status = TB_OK;
    while (status == TB_OK && r->event_n - r->event_found > places_wait) {
        status = find_counts(r, &r->event[r->event_found++ % TB_QUOTA_UNDER_WAY], err);
    }
    while (status == TB_OK && r->event_n - r->event_done > under_way) {
        status = feed(r, &r->event[r->event_done++ % TB_QUOTA_UNDER_WAY], err);
    }
    return status;
}

static bool each_event(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct tb_quota_replay *r = ctx;
    const struct tb_quota_ready *ready = (const struct tb_quota_ready *)b->room + row;
    if (ready->tier == TB_QUOTA_NO_TIER) {
        return true;
    }
    struct tb_quota_event *e = &r->event[r->event_n++ % TB_QUOTA_UNDER_WAY];
    e->ready = *ready;
    if (ready->has_limit || ready->has_remaining) {
        e->limit_logged = b->number[TB_N_LIMIT][row];
        e->remaining_logged = b->number[TB_N_REMAINING][row];
    }
    if (ready->consumer < r->place_cap) {
        __builtin_prefetch(&r->places[ready->consumer]);
    }
    r->status = move_on(r, PLACES_WAIT, TB_QUOTA_UNDER_WAY - 1, r->err);
    return r->status == TB_OK;
}

static enum tb_status replay(struct tb_quota_replay *r, int64_t from_us, int64_t to_us, bool warm,
                             struct tb_err *err)
{
    r->warm = warm;
    r->event_n = r->event_found = r->event_done = 0;
    r->err = err;
    r->status = TB_OK;
    struct tb_ordered_how how = {.columns = TB_QUOTA_COLUMNS,
                                 .room_bytes = sizeof(struct tb_quota_ready),
                                 .prepare = tb_quota_ready_block,
                                 .each = each_event,
                                 .ctx = r,
                                 .ahead = true};
    enum tb_status status = tb_events_prepared(r->reader.db, from_us, to_us, &how, err);
    status = status == TB_OK ? r->status : status;
    return status == TB_OK ? move_on(r, 0, 0, err) : status;
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
