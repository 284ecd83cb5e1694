/* Concept: the numbers the detectors go by, as data: schemas/rules, and what the config's "rules" overrides.
 * Shape:   one double per name; a file of rules is one flat JSON object, and a name belongs to one file. "rules" of the config names a
 *          file {"spike_z": 5} or a folder of such files: each name in them replaces the default.
 * Errors:  TB_FAIL/TB_E_CONFIG with file, line, column; an unknown name with a "did you mean".
 */
#ifndef TB_RULES_H
#define TB_RULES_H

#include "base/status.h"
#include "config/settings.h"

/* clang-format off */
#define TB_RULES(X)                                                                                          \
    X(history_days) X(same_type_days) X(support_workdays) X(support_weekend_days) X(ramp_days)               \
    X(replay_days)                                                                                           \
    X(new_normal_days) X(merge_gap_min) X(flag_share) X(incident_hours_max)                                                \
    X(spike_z) X(spike_ratio) X(spike_excess) X(blip_ratio) X(blip_z) X(phi) X(cv_day) X(cv_hour)            \
    X(busy_share) X(poison_share) X(least_usual) X(off_share) X(off_z)                                             \
    X(critical_usd) X(sustained_ratio) X(sustained_z) X(sustained_excess) X(sustained_day) X(sustained_sd) X(sustained_rest_z) X(sustained_even)\
    X(sustained_sd_weekend) X(platform_ratio) X(platform_hours) X(platform_z)                                \
    X(bloat_z) X(bloat_ratio) X(bloat_even) X(bloat_n) X(bloat_days) X(bloat_sd) X(mix_z) X(mix_cost_ratio) X(mix_past)    \
    X(mix_today)                                                                                             \
    X(mix_design) X(hidden_z) X(hidden_points) X(hidden_n) X(hidden_design) X(hidden_days) X(tool_z)         \
    X(tool_points) X(tool_n)                                                                                 \
    X(tool_days) X(feature_share) X(feature_change) X(feature_usd)                                           \
    X(repeat_requests) X(gap_min) X(lanes) X(live_runs) X(popular_days) X(popular_times) X(growing_share)    \
    X(growing_ratio)                                                                                         \
    X(critical_requests)                                                                                     \
    X(agent_requests) X(agent_gap_hours) X(regular_requests) X(regular_hop) X(regular_share)                 \
    X(regular_band) X(regular_long) X(regular_long_share) X(regular_gap_s)                                                                         \
    X(regular_hours) X(day_requests) X(day_hours) X(day_quarter) X(day_times)                                \
    X(storm_failures) X(storm_share) X(storm_critical) X(storm_retry_s) X(outage_minutes)                    \
    X(outage_failures) X(outage_share)                                                                       \
    X(outage_consumers) X(outage_each) X(outage_one) X(outage_keep)                                          \
    X(size_tokens) X(size_times) X(size_quantile) X(size_requests) X(size_gap_hours) X(size_past)            \
    X(size_usual) X(size_days)                                                                                        \
    X(hour_warning) X(hour_critical) X(hour_emergency) X(warning_min) X(critical_min) X(budget_info)         \
    X(budget_warning)                                                                                        \
    X(budget_critical) X(predict) X(predict_days) X(predict_share)
/* clang-format on */

struct tb_rules {
#define TB_RULE_FIELD(name) double name;
    TB_RULES(TB_RULE_FIELD)
#undef TB_RULE_FIELD
};

enum tb_status tb_rules_load(const struct tb_settings *s, struct tb_rules *out,
                             struct tb_err *err) TB_MUST_USE;

/* XXH3 of all values: what was computed with other rules is out of date. */
uint64_t tb_rules_digest(const struct tb_rules *r);

/* The sentence of schemas/rules/actions.json for kind. Valid for the life of the program once loaded. */
enum tb_status tb_rules_action(const char *kind, char *out, size_t n, struct tb_err *err) TB_MUST_USE;

#endif
