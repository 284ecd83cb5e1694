/* Concept: where money can be saved, by the runbooks' rules: the same calls at a cheaper model's price, long prompts, low cache
 *          hit rates, dear requests by feature, hidden recompute, retries, a rollout's share. Thresholds are data
 *          (schemas/rules/advice/advice.json, and the config's "rules").
 * Shape:   one pass over the calls of billed sources, each priced for itself, and as a call of each cheaper candidate that the
 *          price table has (plan/cheaper.h). Batch efficiency = the batches that alike requests within a minute would have
 *          needed, of the requests made (plan/batches.h): the logs do not say it.
 * Owns:    a tb_advice until released.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_RANGE.
 */
#ifndef TB_ADVICE_H
#define TB_ADVICE_H

#include "base/arena.h"
#include "base/money.h"
#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

/* A piece of advice. observed and threshold are decimal text; absent = none. */
struct tb_advice_row {
    const char *
        rule; /* cheaper_model long_prompts low_cache_hit poor_batching dear_requests high_cost hidden_recompute
                              retries rollout_share */
    const char *dimension; /* consumer, feature, variant, all */
    struct tb_str value;
    struct tb_str model, to; /* cheaper_model: the model used, and the cheaper one; else absent */
    struct tb_str observed, threshold;
    int64_t requests;
    tb_money cost;
    bool has_saving;
    tb_money saving;
    struct tb_str evidence, action; /* one sentence each */
};

struct tb_advice_variant {
    struct tb_str variant;
    int64_t requests;
    tb_money cost;
};

struct tb_advice_request { /* one of the dearest */
    int64_t ts_us;
    struct tb_str consumer, feature, model;
    tb_money cost;
    int64_t tokens;
    bool has_latency;
    int64_t latency_ms;
};

struct tb_advice {
    struct tb_advice_row *rows; /* by rule, dimension, value */
    size_t n, cap;
    struct tb_advice_variant *variants;
    size_t variant_n, variant_cap;
    struct tb_advice_request *dearest; /* dearest first */
    size_t dearest_n;
    struct tb_arena *arena;
};

enum tb_status tb_advice_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               int64_t from_us, int64_t to_us, struct tb_advice *out,
                               struct tb_err *err) TB_MUST_USE;
void tb_advice_release(struct tb_advice *a);

#endif
