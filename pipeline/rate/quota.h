/* Concept: quotas replayed from past calls: which window of which consumer's quota used how much, when it was exhausted, what
 *          the gateway let through behind that and what it refused (CONTRACT.md sections 2 and 4, "Quotas").
 * Shape:   calls of billed sources, no tool calls, in the order (ts, identity). Each civil day's outcome is kept (quota_day,
 *          quota_window, quota_violation) and begins where the day before ended; a day is replayed again when its calls, the
 *          table rows in force in it, or what it begins with differ. Kept days survive a prune.
 *          A counter is of one consumer, tier, measure, window and counting: a consumer that changes its tier begins anew. A
 *          limit that changes within a window goes on counting against the new one.
 * Units:   amounts are tokens, requests or tb_money, as the row's measure says; instants in us.
 * Owns:    a tb_quota_result until tb_quota_release.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_RANGE.
 * Limits:  rolling_24h looks 24 hours back into events: `prune` leaves those of the day before the first day that may change.
 */
#ifndef TB_QUOTA_H
#define TB_QUOTA_H

#include "base/arena.h"
#include "base/money.h"
#include "config/settings.h"
#include "config/tables.h"
#include "rate/quota_count.h"
#include "store/db.h"

enum tb_level { TB_LEVEL_OK, TB_LEVEL_INFO, TB_LEVEL_WARNING, TB_LEVEL_CRITICAL, TB_LEVEL_EXCEEDED };
extern const char *const tb_level_names[5];

/* > 50 %, > 75 %, > 90 %, >= 100 % of limit; a limit of 0 is exceeded by anything above 0. */
enum tb_level tb_level_of(tb_int128 used, tb_int128 limit);

struct tb_quota_out {
    struct tb_str consumer, tier, node; /* node absent: counted over all nodes, or the log had none */
    enum tb_measure measure;
    enum tb_window window;
    bool per_node;
    struct tb_quota_use use;
    enum tb_level level;
};

struct tb_quota_violation {
    struct tb_str consumer, tier, model;
    int64_t requests, tokens;
    tb_money cost;
};

struct tb_quota_result {
    struct tb_quota_out *rows; /* sorted by consumer, tier, measure, window, node, window_start */
    size_t n;
    struct tb_quota_out *global; /* quotas counted per node, counted over all nodes instead */
    size_t global_n;
    struct tb_quota_violation *violations;
    size_t violation_n;
    struct tb_arena *arena; /* texts */
};

/* What if: consumers (globs) in another tier, tiers with another limit. */
struct tb_quota_whatif {
    struct {
        struct tb_str consumer, tier;
    } tier[16];
    size_t tier_n;
    struct {
        struct tb_str tier;
        tb_money limit; /* in units: 5000 tokens, 5000 requests or 5000 of the currency */
    } limit[16];
    size_t limit_n;
};

/* Makes the kept days current up to last_day, or the last day with calls when that is earlier (in the caller's transaction). */
enum tb_status tb_quota_advance(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                                int32_t last_day, struct tb_err *err) TB_MUST_USE;

/* Whether they are current: reads only. */
enum tb_status tb_quota_current(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                                int32_t last_day, bool *current, struct tb_err *err) TB_MUST_USE;

/* The windows that overlap the civil days from_day..to_day, as they stood at the end of as_of_day (to_day or later), from days
 * that are current up to there. Reads only. */
enum tb_status tb_quota_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int32_t from_day, int32_t to_day, int32_t as_of_day,
                              struct tb_quota_result *out, struct tb_err *err) TB_MUST_USE;

/* The same under a what-if, replayed from events in memory. */
enum tb_status tb_quota_what_if(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                                const struct tb_quota_whatif *whatif, int32_t from_day, int32_t to_day,
                                int32_t as_of_day, struct tb_quota_result *out,
                                struct tb_err *err) TB_MUST_USE;
void tb_quota_release(struct tb_quota_result *r);

#endif
