/* Concept: the CSV tables (prices, quotas, accounts, budgets, shared, adjustments): read, checked whole, or
 * refused. CONTRACT.md section 2 has the columns and the rules; this is their only home. Shape:   RFC 4180;
 * header in any order; BOM, `;` and CRLF accepted; blank = not set (absent). Owns:    a tb_tables owns its
 * texts and rows until tb_tables_free. Read-only after loading; threads may share it. Errors:
 * TB_FAIL/TB_E_TABLE with file, line, column for an unknown column, a bad cell, an overlap or an ambiguity
 *          ("line 7 and line 12 both price input of "gpt-4o" from 2026-01-01").
 * Limits:  TB_TABLE_BYTES_MAX, TB_CSV_COLUMNS_MAX.
 */
#ifndef TB_TABLES_H
#define TB_TABLES_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/status.h"
#include "base/str.h"
#include "base/zone.h"
#include "config/settings.h"

enum tb_table_kind {
    TB_TABLE_PRICES,
    TB_TABLE_QUOTAS,
    TB_TABLE_ACCOUNTS,
    TB_TABLE_BUDGETS,
    TB_TABLE_SHARED,
    TB_TABLE_ADJUSTMENTS,
    TB_TABLE_COUNT
};
extern const char *const tb_table_names[TB_TABLE_COUNT]; /* "prices", ... */

enum tb_meter {
    TB_METER_INPUT,
    TB_METER_CACHE_READ,
    TB_METER_CACHE_WRITE_5M,
    TB_METER_CACHE_WRITE_1H,
    TB_METER_OUTPUT,
    TB_METER_REASONING,
    TB_METER_REQUEST,
    TB_METER_COUNT
};
extern const char *const tb_meter_names[TB_METER_COUNT];

/* What usage can be grouped by (DIM of CONTRACT.md), NULL-ended: budgets, adjustments, --by, --where. */
extern const char *const tb_dimension_names[];

/* Every row: the line it stands on (1 = header) and its half-open interval; open ends are INT64_MIN,
 * INT64_MAX. */
struct tb_price_row {
    uint64_t line;
    struct tb_str provider; /* glob; absent = any, also an absent provider */
    struct tb_str model;    /* glob */
    enum tb_meter meter;
    tb_money price;             /* of one token or request (price / per), exact */
    struct tb_str price_text;   /* as written */
    int64_t per;                /* 1, 1000, 1000000 */
    struct tb_str service_tier; /* absent = any */
    int64_t context;            /* threshold N, -1 = none */
    bool context_from;          /* true: >= N (context_from); false: > N (context_over) */
    bool marginal;
    int64_t from_us, to_us;
    struct tb_str note;
};

struct tb_account_row {
    uint64_t line;
    struct tb_str consumer; /* glob */
    struct tb_str source;   /* absent = any; a source name */
    struct tb_str team, cost_center, gl_account, owner, tier, time_zone;
    struct tb_str kind; /* "human" when blank */
    int64_t from_us, to_us;
};

enum tb_measure { TB_MEASURE_TOKENS, TB_MEASURE_REQUESTS, TB_MEASURE_COST, TB_MEASURE_MODELS };
enum tb_window {
    TB_WINDOW_SECOND,
    TB_WINDOW_MINUTE,
    TB_WINDOW_HOUR,
    TB_WINDOW_DAY,
    TB_WINDOW_MONTH,
    TB_WINDOW_FIRST_USE_24H,
    TB_WINDOW_ROLLING_24H
};
struct tb_quota_row {
    uint64_t line;
    struct tb_str tier;
    enum tb_measure measure;
    bool unlimited;
    int64_t limit;        /* tokens or requests */
    tb_money limit_cost;  /* measure cost */
    struct tb_str models; /* measure models: globs separated by | */
    enum tb_window window;
    bool per_node;
    int64_t from_us, to_us;
};

/* The globs of measure models, one after the other: *rest begins as row->models and is what is left; a `|`
 * behind a `\` belongs to its glob. False when there is none left. */
bool tb_quota_models_next(struct tb_str *rest, struct tb_str *glob);

/* Whether a tier with this row (of measure models) may use model; unlimited = all models. */
bool tb_quota_models_match(const struct tb_quota_row *row, struct tb_str model);

enum tb_period { TB_PERIOD_DAY, TB_PERIOD_WEEK, TB_PERIOD_MONTH };
extern const char *const tb_period_names[]; /* "day", "week", "month", NULL */

/* dimension absent = everything; match absent = all values of the dimension; reserve 0 and history_days 7
 * when blank. */
struct tb_budget_row {
    uint64_t line;
    struct tb_str name, dimension, match, allocate_by;
    enum tb_period period;
    tb_money amount, reserve;
    int history_days;
    bool has_floor, has_cap, has_warning, has_critical, has_emergency;
    tb_money floor, cap, hour_warning, hour_critical, hour_emergency;
};

enum tb_share_method { TB_SHARE_PROPORTIONAL, TB_SHARE_EVEN, TB_SHARE_FIXED };
struct tb_shared_row {
    uint64_t line;
    struct tb_str pool;
    struct tb_str driver; /* method proportional: cost (when blank), tokens or requests */
    tb_money amount;
    enum tb_period period;
    enum tb_share_method method;
    int64_t from_us, to_us;
};

enum tb_adjustment_kind { TB_ADJUST_DISCOUNT, TB_ADJUST_MARKUP, TB_ADJUST_CREDIT };

/* Exactly one of percent and amount; both >= 0, the kind tells the sign. */
struct tb_adjustment_row {
    uint64_t line;
    enum tb_adjustment_kind kind;
    struct tb_str dimension, match, note;
    bool has_percent, has_amount;
    struct tb_decimal percent;
    tb_money amount;
    int64_t from_us, to_us;
};

/* One checked set. A table that is not configured has 0 rows and present[] false. */
struct tb_tables {
    bool present[TB_TABLE_COUNT];
    struct tb_str text[TB_TABLE_COUNT];       /* the file's bytes */
    struct tb_hash128 digest[TB_TABLE_COUNT]; /* of text */
    const char *name[TB_TABLE_COUNT];         /* its path, for messages */
    struct tb_price_row *prices;
    size_t price_count;
    struct tb_account_row *accounts;
    size_t account_count;
    struct tb_quota_row *quotas;
    size_t quota_count;
    struct tb_budget_row *budgets;
    size_t budget_count;
    struct tb_shared_row *shared;
    size_t shared_count;
    struct tb_adjustment_row *adjustments;
    size_t adjustment_count;
};

/* Reads the configured files and checks everything. */
enum tb_status tb_tables_load(const struct tb_settings *s, struct tb_tables **out,
                              struct tb_err *err) TB_MUST_USE;

/* The same from texts kept earlier (absent = not configured); names for messages. For `--tables N`. */
enum tb_status tb_tables_parse(const struct tb_settings *s, const struct tb_str text[TB_TABLE_COUNT],
                               const char *const name[TB_TABLE_COUNT], struct tb_tables **out,
                               struct tb_err *err) TB_MUST_USE;
void tb_tables_free(struct tb_tables *t);

#endif
