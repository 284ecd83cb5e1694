/* Concept: one civil day's calls through all counters of all quotas, and what comes out of it as rows. Inside rate/ only.
 * Shape:   begin with the counters of the day before (tb_quota_replay_carry for those that were kept), then a day at a time.
 * Owns:    a tb_quota_replay until released; it borrows db, settings, tables.
 */
#ifndef TB_QUOTA_REPLAY_H
#define TB_QUOTA_REPLAY_H

#include "rate/quota_book.h"
#include "rate/reading.h"
#include "rate/tuple.h"

/* A window of a counter as it is kept. */
struct tb_quota_kept {
    uint32_t consumer, node; /* dict ids, 0 = absent */
    struct tb_str tier;
    enum tb_measure measure;
    enum tb_window window;
    bool per_node; /* the quota counts each node alone */
    bool global;   /* but this counter counts them all */
    struct tb_quota_use use;
};

enum { TB_QK_CONSUMER, TB_QK_SLOT, TB_QK_NODE, TB_QK_GLOBAL, TB_QK_COUNT }; /* words of a counter's key */

struct tb_quota_sum {
    int64_t requests, tokens;
    tb_money cost;
};

#define TB_QUOTA_STRIDE 32 /* calls under way together */

/* What of a call can be known before its turn. */
struct tb_quota_ready {
    tb_money cost;
    int64_t tokens;
    uint32_t consumer;
    uint32_t tier; /* TB_QUOTA_NO_TIER: it is not counted */
    bool refused;
};

/* A call on its way to its counters. */
struct tb_quota_event {
    struct tb_quota_call call;
    uint32_t consumer, node, tier;
};

/* Where the counters of a consumer's tier begin, if they lie together. */
struct tb_quota_place {
    uint32_t tier, first; /* tier + 1, 0 = not asked; first counter, UINT32_MAX = they do not */
};

/* Calls are read ahead in another thread: what it writes, and what is written in the calls' turn, lie apart, since a cache line that both
 * write would cost more than the thread saves. */
struct tb_quota_replay {
    /* in their turn */
    struct tb_quota_event event[TB_QUOTA_STRIDE];
    uint32_t event_n;
    enum tb_status status;
    struct tb_err *err;
    struct tb_hour hour;
    struct tb_tuples keys; /* consumer, slot, node, global -> counter */
    struct tb_quota_count *counts;
    size_t count_cap;
    struct tb_quota_place *places; /* by consumer */
    size_t place_cap;
    /* by both, written by none */
    struct tb_quota_book book; /* but for what its slots remember: in their turn */
    bool warm;                 /* only rolling windows are filled */
    int32_t day;               /* the counters stand at its end; TB_DAY_NONE: at no day's */
    uint32_t none;             /* dict id of "(none)" */
    /* ahead */
    struct tb_reader reader;
    struct tb_tuples bad_keys; /* consumer, tier, model -> violations of the day */
    struct tb_quota_sum *bad;
    size_t bad_cap;
    struct tb_tuples said_keys; /* models row, model -> said */
    uint8_t *said;              /* whether the row allows it */
    size_t said_cap;
    struct tb_tuples tier_keys; /* what-if: consumer -> tier + 1, 0 = its own */
    uint32_t *tier;
    size_t tier_cap;
};

enum tb_status tb_quota_replay_init(struct tb_quota_replay *r, struct tb_db *db, const struct tb_settings *s,
                                    const struct tb_tables *tables, const struct tb_quota_whatif *whatif,
                                    struct tb_err *err) TB_MUST_USE;
void tb_quota_replay_release(struct tb_quota_replay *r);

/* Forgets all counters; the next day begins with what is carried. */
void tb_quota_replay_reset(struct tb_quota_replay *r);
enum tb_status tb_quota_replay_carry(struct tb_quota_replay *r, const struct tb_quota_kept *k,
                                     struct tb_err *err) TB_MUST_USE;

/* Replays day; then its rows and violations can be read, until tb_quota_replay_end. */
enum tb_status tb_quota_replay_day(struct tb_quota_replay *r, int32_t day, struct tb_err *err) TB_MUST_USE;

/* Calls each for every row of the day, in the order of consumer, slot, node. */
enum tb_status tb_quota_replay_rows(const struct tb_quota_replay *r,
                                    enum tb_status (*each)(void *ctx, const struct tb_quota_kept *k,
                                                           struct tb_err *err),
                                    void *ctx, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_quota_replay_violations(const struct tb_quota_replay *r,
                                          enum tb_status (*each)(void *ctx, uint32_t consumer,
                                                                 struct tb_str tier, uint32_t model,
                                                                 const struct tb_quota_sum *sum,
                                                                 struct tb_err *err),
                                          void *ctx, struct tb_err *err) TB_MUST_USE;

/* Digests what goes on into the next day. */
struct tb_hash128 tb_quota_replay_carried(const struct tb_quota_replay *r);
/* Ends the day. */
void tb_quota_replay_end(struct tb_quota_replay *r);

#endif
