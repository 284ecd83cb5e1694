/* Concept: which price row a meter of an event meets, and what the event costs (CONTRACT.md section 3,
 * "Price").
 *
 *          Context of an event: input + cache_read + cache_write_5m + cache_write_1h; with only a total
 * known, the total. A row is a candidate of its meter when provider, model and service tier match and ts is
 * in its interval; it holds when the context is over N (context_over), or N or more (context_from), or it has
 * no threshold. The meter's row is the highest that holds by (exact model, literal characters of model, exact
 * provider, literal characters of provider, has service_tier, threshold, from before over).
 *
 *          Marginal: the input-side tokens of an event stand in one line, cache_read first, then 5m, 1h,
 * input. A marginal row prices the meter's tokens that stand behind the first N of that line; those before
 * are priced by the highest candidate with a smaller threshold (none counts as smallest), and so on down. All
 * these hold, since the context is larger still. At a marginal row over and from are the same: no token lies
 * between N and N.
 *
 *          Fallback: a meter without a candidate, whatever its context condition, is priced as the next of:
 * cache_read and cache_write_5m -> input; cache_write_1h -> cache_write_5m -> input. Without a reasoning
 * candidate reasoning is inside output; with one, output - reasoning is charged as output. A meter with
 * candidates of which none holds has no price, and nor have tokens below its lowest marginal threshold.
 *
 *          Basis, the first that applies: a semantic-cache hit is computed, 0. Tokens (their sum is over 0)
 * are computed when input and output have a price (a total_only event: input alone, all its tokens at it) and
 * so has every meter with tokens: a cache read that no price reaches is not free. Else a logged cost in the
 * config's currency is logged, even 0. Else with tokens, or with a logged cost other than 0 in an unknown or
 * another unit, it is unpriced. Else it costs nothing, computed. To what is computed the request price is
 * added, where there is one, when status < 400; without a status, unless success is false. Shape:   a
 * tb_pricebook compiles the price rows once; tb_charge_event prices one event exactly, memoised by (provider,
 *          model, service tier, price epoch, context bracket).
 * Units:   tb_money (10^-24 of the currency).
 * Owns:    a tb_pricebook until tb_pricebook_free; it borrows tables. One thread at a time (the memo is
 * inside). Errors:  overflow of money is TB_FAIL/TB_E_RANGE; tokens below 0 or past 2^44 too (events are
 * checked before). Limits:  TB_CHARGE_PARTS_MAX: an event whose tokens lie in more marginal brackets is
 * TB_FAIL/TB_E_LIMIT.
 */
#ifndef TB_PRICE_H
#define TB_PRICE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "base/status.h"
#include "config/tables.h"
#include "event/event.h"

struct tb_pricebook;

enum tb_basis { TB_BASIS_COMPUTED, TB_BASIS_LOGGED, TB_BASIS_UNPRICED };
extern const char *const tb_basis_names[3]; /* "computed", "logged", "unpriced" */

/* What pricing needs of an event. Texts are named twice: key (any number that stands for the text, 0 =
 * absent; equal keys mean equal texts for the life of the book) and text, so that memo lookups compare
 * numbers. */
struct tb_price_query {
    int64_t ts_us;
    uint32_t provider_key, model_key, tier_key;
    struct tb_str provider, model, service_tier;
    const int64_t *number; /* TB_N_COUNT */
    uint32_t present;
    uint8_t flags;
    bool has_cost; /* a logged cost in the config's currency */
    struct tb_decimal cost;
    bool has_other_cost; /* a logged cost that is not 0, in another currency or of unknown unit */
};

/* One meter's part of the cost. */
struct tb_charge_part {
    enum tb_meter meter; /* of the tokens (cache_read stays cache_read when priced at the input row) */
    const struct tb_price_row *row;
    int64_t quantity; /* tokens or requests at this row */
    tb_money cost;
};
#define TB_CHARGE_PARTS_MAX 32

struct tb_charge {
    enum tb_basis basis;
    tb_money cost;                                   /* 0 when unpriced */
    struct tb_charge_part part[TB_CHARGE_PARTS_MAX]; /* basis computed */
    int parts;
};

enum tb_status tb_pricebook_new(const struct tb_tables *tables, struct tb_pricebook **out,
                                struct tb_err *err) TB_MUST_USE;
void tb_pricebook_free(struct tb_pricebook *b);
enum tb_status tb_charge_event(struct tb_pricebook *b, const struct tb_price_query *q, struct tb_charge *out,
                               struct tb_err *err) TB_MUST_USE;
/* The same, the cost alone. */
enum tb_status tb_charge_cost(struct tb_pricebook *b, const struct tb_price_query *q, tb_money *cost,
                              struct tb_err *err) TB_MUST_USE;

#endif
