/* Concept: advice.json read. Inside plan/ only.
 */
#ifndef TB_ADVICE_RULES_H
#define TB_ADVICE_RULES_H

#include "base/json.h"
#include "base/money.h"

#define TB_CHEAPER_MAX 32
#define TB_ROLLOUT_MAX 4

struct tb_advice_rules {
    int64_t input_avg, dearest;
    tb_money cache_hit; /* a share: 1 = 10^24 */
    tb_money cost_per_request, cost_per_request_high, min_cost, min_saving;
    struct tb_str baseline, rollout;
    int64_t percent[TB_ROLLOUT_MAX];
    size_t percent_n;
    struct {
        struct tb_str model, to;
    } cheaper[TB_CHEAPER_MAX];
    size_t cheaper_n;
    struct tb_json *json; /* owns the texts */
};

enum tb_status tb_advice_rules_load(struct tb_advice_rules *out, struct tb_err *err) TB_MUST_USE;
void tb_advice_rules_release(struct tb_advice_rules *r);

#endif
