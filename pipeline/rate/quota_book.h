/* Concept: quotas.csv compiled: the tiers, and for each its slots (measure, window, counting) with the limit in force at an
 *          instant; and what-if: other tiers for consumers, other limits for tiers. Inside rate/ only.
 * Shape:   instants are asked in ascending order within a day; going back is allowed and costs a search.
 * Owns:    a tb_quota_book until released; it borrows tables and the what-if's texts.
 */
#ifndef TB_QUOTA_BOOK_H
#define TB_QUOTA_BOOK_H

#include "rate/quota.h"

#define TB_QUOTA_NO_TIER UINT32_MAX

struct tb_quota_slot {
    uint32_t tier;
    enum tb_measure measure; /* never TB_MEASURE_MODELS */
    enum tb_window window;
    bool per_node;
    uint32_t first, n;              /* rows, by effective_from */
    const struct tb_quota_row *now; /* in force in [from_us, to_us); NULL = none */
    int64_t from_us, to_us;
};

struct tb_quota_tier {
    struct tb_str name;
    uint32_t first, n;               /* slots */
    uint32_t per_node_n;             /* of the slots */
    uint32_t models_first, models_n; /* rows of measure models */
};

struct tb_quota_book {
    struct tb_quota_row *rows; /* sorted by tier, measure, window, counting, from */
    size_t row_n;
    struct tb_quota_tier *tiers; /* by name */
    uint32_t tier_n;
    struct tb_quota_slot *slots;
    uint32_t slot_n;
    uint32_t *account_tier; /* by account row */
    const struct tb_quota_whatif *whatif;
    bool has_window[TB_WINDOW_ROLLING_24H + 1];
    bool wants_cost;
};

/* TB_FAIL/TB_E_USAGE when the what-if names a tier that is not there. */
enum tb_status tb_quota_book_init(struct tb_quota_book *b, const struct tb_tables *tables,
                                  const struct tb_quota_whatif *whatif, struct tb_err *err) TB_MUST_USE;
void tb_quota_book_release(struct tb_quota_book *b);

const struct tb_quota_row *tb_quota_slot_find(struct tb_quota_book *b, struct tb_quota_slot *s,
                                              int64_t ts_us); /* for tb_quota_slot_at alone */
/* The row in force at ts_us, or NULL. */
static inline const struct tb_quota_row *tb_quota_slot_at(struct tb_quota_book *b, struct tb_quota_slot *s,
                                                          int64_t ts_us)
{
    return ts_us >= s->from_us && ts_us < s->to_us ? s->now : tb_quota_slot_find(b, s, ts_us);
}
/* The models row of a tier in force at ts_us, or NULL (then any model may be used). */
const struct tb_quota_row *tb_quota_models_at(const struct tb_quota_book *b, uint32_t tier, int64_t ts_us);
uint32_t tb_quota_tier_find(const struct tb_quota_book *b, struct tb_str name);

/* Digest of all that the replay of [from_us, to_us) depends on beside events: rows in force of quotas, accounts and prices,
 * billed sources, zone. */
enum tb_status tb_quota_rules(const struct tb_settings *s, const struct tb_tables *tables, int64_t from_us,
                              int64_t to_us, struct tb_hash128 *out, struct tb_err *err) TB_MUST_USE;

#endif
