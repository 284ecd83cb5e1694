/* Concept: usage grouped by any dimensions over any range, from events (percentiles and distinct consumers
 * need them). Of pruned days rollups are all there is: then percentiles and distinct consumers are not known for any row.
 * Shape:   rows sorted by their keys, null first. Range: [from_us, to_us). Billed sources only,
 * unless `where` names source. Owns:    tb_usage until freed.
 * Errors:  TB_FAIL/TB_E_USAGE for a part of an hour of a pruned day, and for a pruned day that was not reduced with version.
 */
#ifndef TB_USAGE_H
#define TB_USAGE_H

#include "base/arena.h"
#include "base/money.h"
#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

enum tb_dim {
    TB_DIM_DAY,
    TB_DIM_HOUR,
    TB_DIM_SOURCE,
    TB_DIM_NODE,
    TB_DIM_CONSUMER,
    TB_DIM_TEAM,
    TB_DIM_COST_CENTER,
    TB_DIM_PROVIDER,
    TB_DIM_MODEL,
    TB_DIM_FEATURE,
    TB_DIM_VARIANT,
    TB_DIM_TRIGGER,
    TB_DIM_COUNT
};
extern const char *const tb_dim_names[TB_DIM_COUNT];
bool tb_dim_find(struct tb_str name, enum tb_dim *out);

struct tb_where {
    enum tb_dim dim;
    struct tb_str glob; /* matches the dimension's text; absent values match only the glob "" */
};

/* Keys as texts: day "YYYY-MM-DD", hour an RFC 3339 UTC instant; absent = null. */
struct tb_usage_row {
    struct tb_str key[TB_DIM_COUNT]; /* [i] belongs to by[i] */
    int64_t requests, errors, refused, hidden;
    bool consumers_known;
    int64_t consumers; /* distinct */
    int64_t input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, total_only, saved;
    bool has_cost; /* false when all of it is unpriced */
    tb_money cost;
    int64_t unpriced;                                 /* requests without a price */
    int64_t input_n, output_n, latency_n, latency_ms; /* where the value is present; latency_ms the sum */
    int64_t input_p95, output_p95, latency_p95;       /* -1 = null */
};

struct tb_usage {
    struct tb_usage_row *rows;
    size_t n;
    struct tb_arena *arena;
};

enum tb_status tb_usage_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int64_t from_us, int64_t to_us, const enum tb_dim *by,
                              size_t by_n, const struct tb_where *where, size_t where_n, struct tb_usage *out,
                              struct tb_err *err) TB_MUST_USE;
void tb_usage_release(struct tb_usage *u);

#endif
