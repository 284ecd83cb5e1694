/* Concept: the one pass over calls that all advice is made of. Inside plan/ only.
 */
#ifndef TB_ADVICE_PASS_H
#define TB_ADVICE_PASS_H

#include "plan/advice.h"
#include "plan/advice_rules.h"
#include "plan/batches.h"
#include "plan/cheaper.h"
#include "rate/reading.h"
#include "rate/tuple.h"

/* Sums of a consumer, feature, variant, or of a consumer's calls of a model that a cheaper one is priced for. */
struct tb_advice_sum {
    int64_t requests;
    tb_money cost;
    int64_t input, input_n;     /* as the runbook measures prompts: input with total_only */
    int64_t cache_read, prompt; /* prompt: all input-side tokens */
    int64_t hidden, retried, retries;
    tb_money hidden_cost, retried_cost;
    int64_t batchable, batches; /* calls that worked, and the batches that they would have needed */
    tb_money other;             /* the same calls at the cheaper model's price */
    int64_t last_us;            /* of the last of these calls: its account row + 1, 0 = none */
    uint32_t account;
};

enum { TB_ADVICE_CONSUMER, TB_ADVICE_FEATURE, TB_ADVICE_VARIANT, TB_ADVICE_MODEL, TB_ADVICE_GROUPS };

struct tb_advice_pass {
    struct tb_reader reader;
    const struct tb_advice_rules *rules;
    struct tb_tuples keys[TB_ADVICE_GROUPS]; /* (value, 0, 0), or (consumer, model, candidate) */
    struct tb_advice_sum *sums[TB_ADVICE_GROUPS];
    size_t cap[TB_ADVICE_GROUPS];
    struct tb_cheaper cheaper;
    struct tb_batches batches;
    uint32_t source;
    bool billed;
    struct tb_advice_request *dearest;
    size_t dearest_n;
    int64_t requests, over; /* all, and those that cost more than rules->request_cost each */
    tb_money over_cost;
};

enum tb_status tb_advice_pass_run(struct tb_advice_pass *p, struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_tables *tables, const struct tb_advice_rules *rules,
                                  int64_t from_us, int64_t to_us, struct tb_err *err) TB_MUST_USE;
void tb_advice_pass_release(struct tb_advice_pass *p);

#endif
