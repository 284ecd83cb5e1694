/* Concept: which models of the price table are candidates for the calls of a model: those that a rule of advice.json names and that
 *          are priced for the call's provider and service tier. Inside plan/ only.
 * Shape:   a price row names a model when its glob is plain but for stars at its ends ("*claude-3-haiku*" names "claude-3-haiku").
 *          Of many candidates the TB_CHEAPER_BEST cheapest for a call of 1,000 tokens in and 250 out are tried; of equal ones the
 *          shortest name.
 * Owns:    a tb_cheaper until released; it borrows tables (names are parts of its texts), rules and book.
 */
#ifndef TB_CHEAPER_H
#define TB_CHEAPER_H

#include "plan/advice_rules.h"
#include "rate/price.h"
#include "rate/tuple.h"

#define TB_CHEAPER_BEST 4

struct tb_cheaper_list {
    uint32_t name[TB_CHEAPER_BEST]; /* cheapest first */
    uint32_t n;
};

struct tb_cheaper {
    const struct tb_advice_rules *rules;
    struct tb_pricebook *book;
    int64_t from_us, to_us;
    struct tb_str *names;
    uint32_t n;
    struct tb_tuples keys; /* (provider, model, tier) */
    struct tb_cheaper_list *lists;
    size_t cap;
};

enum tb_status tb_cheaper_init(struct tb_cheaper *c, const struct tb_tables *tables,
                               struct tb_pricebook *book, const struct tb_advice_rules *rules,
                               int64_t from_us, int64_t to_us, struct tb_err *err) TB_MUST_USE;
void tb_cheaper_release(struct tb_cheaper *c);

/* The candidates for a call like q; *out is valid until the next call. */
enum tb_status tb_cheaper_find(struct tb_cheaper *c, const struct tb_price_query *q,
                               const struct tb_cheaper_list **out, struct tb_err *err) TB_MUST_USE;

/* Makes q a query for the same call of candidate name. */
void tb_cheaper_ask(const struct tb_cheaper *c, uint32_t name, struct tb_price_query *q);

#endif
