/* Concept: advice.json read, and what the config's "rules" puts over it: a folder's file advice.json, or a file's object "advice".
 *          Each key there replaces the default's, lists whole. Inside plan/ only.
 * Owns:    a tb_advice_rules until released; its texts live as long.
 * Errors:  TB_FAIL/TB_E_CONFIG with file, line, column; an unknown key with a "did you mean".
 */
#ifndef TB_ADVICE_RULES_H
#define TB_ADVICE_RULES_H

#include "base/json.h"
#include "base/money.h"
#include "config/settings.h"

#define TB_CHEAPER_MAX    32
#define TB_CHEAPER_TO_MAX 8
#define TB_ROLLOUT_MAX    4

struct tb_advice_rules {
    int64_t input_avg, dearest, batch_size, batch_window_s, batch_requests;
    tb_money cache_hit, batch_efficiency; /* shares: 1 = 10^24 */
    tb_money cost_per_request, cost_per_request_high, request_cost, min_cost, min_saving;
    struct tb_str baseline, rollout;
    int64_t percent[TB_ROLLOUT_MAX];
    size_t percent_n;
    struct tb_advice_cheaper {
        struct tb_str model, to[TB_CHEAPER_TO_MAX];
        size_t to_n;
    } cheaper[TB_CHEAPER_MAX];
    size_t cheaper_n;
    struct tb_json *json, *over; /* own the texts */
};

/* The first rule that matches model, or -1. */
int tb_advice_rules_cheaper(const struct tb_advice_rules *r, struct tb_str model);

enum tb_status tb_advice_rules_load(const struct tb_settings *s, struct tb_advice_rules *out,
                                    struct tb_err *err) TB_MUST_USE;
void tb_advice_rules_release(struct tb_advice_rules *r);

#endif
