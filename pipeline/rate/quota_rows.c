/* What came out of a replayed day: its rows, its violations, and what goes on into the next day. */
#include <stdlib.h>
#include "rate/quota_replay.h"

static int by_key(const void *a, const void *b, void *ctx)
{
    const struct tb_tuples *t = ctx;
    const uint32_t *x = tb_tuples_at(t, *(const uint32_t *)a), *y = tb_tuples_at(t, *(const uint32_t *)b);
    for (uint32_t i = 0; i < t->words; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

static uint32_t *in_order(const struct tb_tuples *t)
{
    uint32_t *order = calloc((size_t)t->n + 1, sizeof *order);
    for (uint32_t i = 0; order != NULL && i < t->n; i++) {
        order[i] = i;
    }
    if (order != NULL) {
        qsort_r(order, t->n, sizeof *order, by_key, (void *)t);
    }
    return order;
}

static struct tb_quota_kept kept_of(const struct tb_quota_replay *r, uint32_t i)
{
    const uint32_t *key = tb_tuples_at(&r->keys, i);
    const struct tb_quota_slot *s = &r->book.slots[key[TB_QK_SLOT]];
    return (struct tb_quota_kept){.consumer = key[TB_QK_CONSUMER],
                                  .node = key[TB_QK_NODE],
                                  .tier = r->book.tiers[s->tier].name,
                                  .measure = s->measure,
                                  .window = s->window,
                                  .per_node = s->per_node,
                                  .global = key[TB_QK_GLOBAL] != 0};
}

enum tb_status tb_quota_replay_rows(const struct tb_quota_replay *r,
                                    enum tb_status (*each)(void *ctx, const struct tb_quota_kept *k,
                                                           struct tb_err *err),
                                    void *ctx, struct tb_err *err)
{
    uint32_t *order = in_order(&r->keys);
    enum tb_status status =
        order == NULL ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the quotas") : TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < r->keys.n; i++) {
        struct tb_quota_use use[TB_QUOTA_ROWS_MAX];
        struct tb_quota_kept k = kept_of(r, order[i]);
        int n = tb_quota_count_rows(&r->counts[order[i]], k.window, use);
        for (int j = 0; status == TB_OK && j < n; j++) {
            k.use = use[j];
            status = each(ctx, &k, err);
        }
    }
    free(order);
    return status;
}

enum tb_status tb_quota_replay_violations(const struct tb_quota_replay *r,
                                          enum tb_status (*each)(void *ctx, uint32_t consumer,
                                                                 struct tb_str tier, uint32_t model,
                                                                 const struct tb_quota_sum *sum,
                                                                 struct tb_err *err),
                                          void *ctx, struct tb_err *err)
{
    uint32_t *order = in_order(&r->bad_keys);
    enum tb_status status =
        order == NULL ? tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the quotas") : TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < r->bad_keys.n; i++) {
        const uint32_t *key = tb_tuples_at(&r->bad_keys, order[i]);
        status = each(ctx, key[0], r->book.tiers[key[1]].name, key[2], &r->bad[order[i]], err);
    }
    free(order);
    return status;
}

/* What of an open window decides how the next day goes on. */
struct carried {
    uint64_t consumer, node, tier, slot;
    int64_t start, end, exhausted, unlimited, after[8];
    tb_int128 limit, used;
    tb_money cost;
};

static void add_carried(const struct tb_quota_replay *r, uint32_t i, struct tb_hash128 *sum)
{
    const struct tb_quota_use *u = &r->counts[i].now;
    struct tb_quota_kept k = kept_of(r, i);
    struct carried c;
    memset(&c, 0, sizeof c); /* padding is digested too */
    c.consumer = k.consumer;
    c.node = k.node;
    c.tier = tb_hash64(k.tier.s, k.tier.n, 0);
    c.slot = (uint64_t)k.measure << 16 | (uint64_t)k.window << 8 | (uint64_t)k.per_node << 1 | k.global;
    c.start = u->start_us;
    c.end = u->end_us;
    c.exhausted = u->exhausted_us;
    c.unlimited = u->unlimited;
    const int64_t after[8] = {u->requests_after, u->tokens_after, u->refused,          u->refused_early,
                              u->headers,        u->logged_limit, u->logged_remaining, u->remaining};
    memcpy(c.after, after, sizeof after);
    c.limit = u->limit;
    c.used = u->used;
    c.cost = u->cost_after;
    struct tb_hash128 h = tb_hash128(&c, sizeof c, 0);
    sum->hi += h.hi; /* a sum: in whatever order they lie */
    sum->lo += h.lo;
}

struct tb_hash128 tb_quota_replay_carried(const struct tb_quota_replay *r)
{
    int64_t end_us = tb_zone_day_start(r->reader.settings->zone, r->day + 1);
    struct tb_hash128 sum = {0, 0};
    for (uint32_t i = 0; i < r->keys.n; i++) {
        enum tb_window w = r->book.slots[tb_tuples_at(&r->keys, i)[TB_QK_SLOT]].window;
        if (r->counts[i].open && tb_quota_window_long(w) && r->counts[i].now.end_us > end_us) {
            add_carried(r, i, &sum);
        }
    }
    return sum;
}

void tb_quota_replay_end(struct tb_quota_replay *r)
{
    int64_t end_us = tb_zone_day_start(r->reader.settings->zone, r->day + 1);
    for (uint32_t i = 0; i < r->keys.n; i++) {
        tb_quota_count_end_day(&r->counts[i], r->book.slots[tb_tuples_at(&r->keys, i)[TB_QK_SLOT]].window,
                               end_us);
    }
}
