/* Concept: which price row a meter of an event meets, and what the event costs (CONTRACT.md section 3, "Price").
 * Shape:   a tb_pricebook compiles the price rows once; tb_charge_event prices one event exactly, memoised by (provider,
 *          model, service tier, price epoch, context bracket).
 * Units:   tb_money (10^-24 of the currency).
 * Owns:    a tb_pricebook until tb_pricebook_free; it borrows tables. One thread at a time (the memo is inside).
 * Errors:  overflow of money is TB_FAIL/TB_E_RANGE.
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

/* What pricing needs of an event. Texts are named twice: key (any number that stands for the text, 0 = absent; equal
 * keys mean equal texts for the life of the book) and text, so that memo lookups compare numbers. */
struct tb_price_query {
    int64_t ts_us;
    uint32_t provider_key, model_key, tier_key;
    struct tb_str provider, model, service_tier;
    const int64_t *number;   /* TB_N_COUNT */
    uint32_t present;
    uint8_t flags;
    bool has_cost;           /* a logged cost in the config's currency */
    struct tb_decimal cost;
};

/* One meter's part of the cost. */
struct tb_charge_part {
    enum tb_meter meter;             /* of the tokens (cache_read stays cache_read when priced at the input row) */
    const struct tb_price_row *row;
    int64_t quantity;                /* tokens or requests at this row */
    tb_money cost;
};
#define TB_CHARGE_PARTS_MAX 32

struct tb_charge {
    enum tb_basis basis;
    tb_money cost;                   /* 0 when unpriced */
    struct tb_charge_part part[TB_CHARGE_PARTS_MAX]; /* basis computed */
    int parts;
};

enum tb_status tb_pricebook_new(const struct tb_tables *tables, struct tb_pricebook **out, struct tb_err *err) TB_MUST_USE;
void tb_pricebook_free(struct tb_pricebook *b);
enum tb_status tb_charge_event(struct tb_pricebook *b, const struct tb_price_query *q, struct tb_charge *out, struct tb_err *err) TB_MUST_USE;

#endif
