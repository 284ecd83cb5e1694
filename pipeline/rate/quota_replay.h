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

#define TB_QUOTA_UNDER_WAY 32 /* calls whose counters are on their way to the cache */
#define TB_QUOTA_SAID      256

/* What of a call can be known before its turn: all that its turn looks at, save what the gateway logged of a limit. */
struct tb_quota_ready {
    tb_money cost;
    int64_t tokens; /* TB_QUOTA_REFUSED: the gateway refused it */
    int64_t ts_us;
    uint32_t consumer, node;
    uint32_t tier; /* TB_QUOTA_NO_TIER: it is not counted */
    bool has_limit, has_remaining;
};
#define TB_QUOTA_REFUSED INT64_C(-1)

/* A call on its way to its counters. */
struct tb_quota_event {
    struct tb_quota_ready ready;
    int64_t limit_logged, remaining_logged;
    uint32_t first, per_node; /* where its counters begin; UINT32_MAX: they do not lie together */
};

/* Where the counters of a consumer's tier begin, if they lie together (UINT32_MAX: they do not): those over all nodes, and those of
 * some node alone. */
#define TB_QUOTA_NEAR 4
struct tb_quota_place {
    uint32_t tier, first; /* tier + 1, 0 = not asked */
    struct {
        uint32_t node, first; /* node + 1, 0 = not asked */
    } near[TB_QUOTA_NEAR];
};

/* A model that a row of models was asked about before. */
struct tb_quota_said {
    const struct tb_quota_row *row; /* NULL: nothing here */
    uint32_t model;
    bool allowed;
};

/* Calls are read ahead in another thread: what it writes, and what is written in the calls' turn, lie apart, since a cache line that both
 * write would cost more than the thread saves. */
struct tb_quota_replay {
    /* in their turn */
    struct tb_quota_event event[TB_QUOTA_UNDER_WAY]; /* a ring */
    uint64_t event_n, event_found, event_done;       /* how many came, know their counters, were fed */
    enum tb_status status;
    struct tb_err *err;
    struct tb_hour hour;
    struct tb_tuples keys; /* consumer, slot, node, global -> counter */
    struct tb_quota_count *counts;
    size_t count_cap;
    struct tb_quota_place *places; /* by consumer */
    size_t place_cap;
    struct tb_tuples node_keys; /* consumer, tier, node -> where the counters of that node alone begin */
    uint32_t *node_first;
    size_t node_cap;
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
    struct tb_quota_said said[TB_QUOTA_SAID];
    struct tb_tuples tier_keys; /* what-if: consumer -> tier + 1, 0 = its own */
    uint32_t *tier;
    size_t tier_cap;
};

/* Columns that a replay reads, and what of a block's calls can be known before their turn (room: a tb_quota_ready for each). */
#define TB_QUOTA_COLUMNS                                                                                     \
    (TB_PRICING_COLUMNS | TB_C_TEXT(TB_T_CONSUMER) | TB_C_TEXT(TB_T_NODE) | TB_C_NUMBER(TB_N_LIMIT) |        \
     TB_C_NUMBER(TB_N_REMAINING))
enum tb_status tb_quota_ready_block(void *replay, const struct tb_block *b, void *room,
                                    struct tb_err *err) TB_MUST_USE;

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
