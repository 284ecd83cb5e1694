/* Concept: between price.c, which finds rows, and charge.c and reduce.c, which multiply: the rates of every
 * meter for one (provider, model, service tier), price epoch and context bracket. Inside rate/ only. Owns:
 * the pricebook owns rates; they live as long as it, at one address, with one number.
 */
#ifndef TB_RATES_H
#define TB_RATES_H

#include "rate/price.h"

#define TB_QUANTITY_BITS 44 /* of a call's tokens; TB_TOKENS_MAX needs 40 */

/* Tokens that stand at place `after` or later in the event's line of tokens, and before the step above, are
 * at row. */
struct tb_rate_step {
    const struct tb_price_row *row;
    int64_t after; /* 0 = all that is left */
};

struct tb_rate {
    const struct tb_rate_step *step; /* highest first */
    uint32_t steps;                  /* 0 = no price */
};

struct tb_rates {
    struct tb_rate meter[TB_METER_COUNT]; /* fallbacks already followed, except reasoning's */
    uint32_t number;                      /* 0, 1, ... in the pricebook */
    uint32_t priced;                      /* bit 1 << meter: it has steps */
    bool reasoning_apart;
    bool linear; /* every meter's one step reaches all tokens: cost = sum of quantity x price */
    bool small;  /* linear, and no price reaches 2^80: seven products of 44-bit quantities fit tb_money */
    tb_money price[TB_METER_COUNT]; /* of small ones; 0 = none */
};

/* What an event is charged for. */
struct tb_quantities {
    int64_t of[TB_METER_COUNT]; /* input with total_only; output without reasoning when that is apart; request
                                   0 or 1 */
    int64_t context;
    int64_t tokens;
    bool total_only;
};

/* The rates of q (its ts_us, keys and texts) at this context. */
enum tb_status tb_pricebook_rates(struct tb_pricebook *b, const struct tb_price_query *q, int64_t context,
                                  const struct tb_rates **out, struct tb_err *err) TB_MUST_USE;
/* The same from memory, for events whose context does not matter: NULL when it may, or when nothing like it was asked before. */
const struct tb_rates *tb_pricebook_known(const struct tb_pricebook *b, uint32_t provider_key,
                                          uint32_t model_key, uint32_t tier_key, int64_t ts_us);
/* The rates with that number. */
const struct tb_rates *tb_pricebook_numbered(const struct tb_pricebook *b, uint32_t number);

/* Fills out from q's numbers (reasoning still inside output). */
enum tb_status tb_quantities_of(const struct tb_price_query *q, struct tb_quantities *out,
                                struct tb_err *err) TB_MUST_USE;

/* Takes reasoning out of output where r says so, and tells the basis. */
enum tb_basis tb_quantities_basis(struct tb_quantities *n, const struct tb_rates *r,
                                  const struct tb_price_query *q);

#endif
