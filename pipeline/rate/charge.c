/* What one event costs at the rates that price.c found. */
#include <assert.h>
#include "rate/price.h"
#include "rate/rates.h"

#define HTTP_ERROR 400 /* the first status that is one */

const char *const tb_basis_names[3] = {"computed", "logged", "unpriced"};

/* The order in which an event's input-side tokens stand in line. */
static const enum tb_meter in_line[] = {TB_METER_CACHE_READ, TB_METER_CACHE_WRITE_5M, TB_METER_CACHE_WRITE_1H,
                                        TB_METER_INPUT};
#define IN_LINE (sizeof in_line / sizeof *in_line)

static inline int64_t number_of(const struct tb_price_query *q, enum tb_event_number n)
{
    return (q->present >> n & 1u) != 0 ? q->number[n] : 0;
}

/* A request that the provider served: its status, or without one its success, says nothing else. */
static inline bool is_served(const struct tb_price_query *q)
{
    if ((q->present >> TB_N_STATUS & 1u) != 0) {
        return q->number[TB_N_STATUS] < HTTP_ERROR;
    }
    return (q->present >> TB_N_SUCCESS & 1u) == 0 || q->number[TB_N_SUCCESS] != 0;
}

enum tb_status tb_quantities_of(const struct tb_price_query *q, struct tb_quantities *out, struct tb_err *err)
{
    int64_t total = number_of(q, TB_N_TOTAL_ONLY);
    int64_t *of = out->of;
    of[TB_METER_INPUT] = number_of(q, TB_N_INPUT);
    of[TB_METER_CACHE_READ] = number_of(q, TB_N_CACHE_READ);
    of[TB_METER_CACHE_WRITE_5M] = number_of(q, TB_N_CACHE_WRITE_5M);
    of[TB_METER_CACHE_WRITE_1H] = number_of(q, TB_N_CACHE_WRITE_1H);
    of[TB_METER_OUTPUT] = number_of(q, TB_N_OUTPUT);
    of[TB_METER_REASONING] = number_of(q, TB_N_REASONING);
    of[TB_METER_REQUEST] = is_served(q);
    uint64_t bits = (uint64_t)total;
    for (int meter = 0; meter < TB_METER_REQUEST; meter++) {
        bits |= (uint64_t)of[meter];
    }
    if (bits >> TB_QUANTITY_BITS != 0 || of[TB_METER_REASONING] > of[TB_METER_OUTPUT]) {
        return tb_err_set(
            err, TB_FAIL, TB_E_RANGE,
            "an event's tokens are out of range, or its reasoning is more than its output: the stored "
            "events are damaged");
    }
    of[TB_METER_INPUT] += total;
    out->total_only = total > 0;
    out->context = of[TB_METER_INPUT] + of[TB_METER_CACHE_READ] + of[TB_METER_CACHE_WRITE_5M] +
                   of[TB_METER_CACHE_WRITE_1H];
    out->tokens = out->context + of[TB_METER_OUTPUT];
    return TB_OK;
}

/* Whether the lowest step of each meter reaches the tokens that stand lowest. */
static bool reaches_all(const struct tb_quantities *n, const struct tb_rates *r)
{
    int64_t place = 0;
    for (size_t i = 0; i < IN_LINE; i++) {
        const struct tb_rate *rate = &r->meter[in_line[i]];
        if (n->of[in_line[i]] > 0 && place < rate->step[rate->steps - 1].after) {
            return false;
        }
        place += n->of[in_line[i]];
    }
    return true;
}

/* Whether every token of n has a price, and input and output have one even when unused. */
static bool is_priced(const struct tb_quantities *n, const struct tb_rates *r)
{
    uint32_t needed = 1u << TB_METER_INPUT | (n->total_only ? 0 : 1u << TB_METER_OUTPUT);
    for (int meter = 0; meter < TB_METER_REQUEST; meter++) {
        needed |= n->of[meter] > 0 ? 1u << meter : 0;
    }
    if (!r->reasoning_apart) {
        needed &= ~(1u << TB_METER_REASONING);
    }
    return (needed & ~r->priced) == 0 && (r->linear || reaches_all(n, r));
}

enum tb_basis tb_quantities_basis(struct tb_quantities *n, const struct tb_rates *r,
                                  const struct tb_price_query *q)
{
    bool priced = is_priced(n, r);
    if (r->reasoning_apart) {
        n->of[TB_METER_OUTPUT] -= n->of[TB_METER_REASONING];
    } else {
        n->of[TB_METER_REASONING] = 0;
    }
    if ((r->priced & 1u << TB_METER_REQUEST) == 0) {
        n->of[TB_METER_REQUEST] = 0;
    }
    if (n->tokens > 0 && priced) {
        return TB_BASIS_COMPUTED;
    }
    if (q->has_cost) {
        return TB_BASIS_LOGGED;
    }
    return n->tokens > 0 || q->has_other_cost ? TB_BASIS_UNPRICED : TB_BASIS_COMPUTED;
}

static enum tb_status add_part(struct tb_charge *out, int meter, const struct tb_price_row *row,
                               int64_t quantity, struct tb_err *err)
{
    if (out->parts == TB_CHARGE_PARTS_MAX) {
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "line %llu: a call lies in more than %d price brackets",
                          (unsigned long long)row->line, TB_CHARGE_PARTS_MAX);
    }
    struct tb_charge_part *part = &out->part[out->parts++];
    *part = (struct tb_charge_part){(enum tb_meter)meter, row, quantity, 0};
    if (!tb_money_mul(row->price, quantity, &part->cost) ||
        !tb_money_add(out->cost, part->cost, &out->cost)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE,
                          "the cost of a call is out of range: see line %llu of the prices",
                          (unsigned long long)row->line);
    }
    return TB_OK;
}

/* The tokens of one meter that stand at places [begin, end) of the event's line, from the highest step down.
 */
static enum tb_status add_steps(struct tb_charge *out, int meter, const struct tb_rate *rate, int64_t begin,
                                int64_t end, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < rate->steps && end > begin; i++) {
        int64_t from = rate->step[i].after > begin ? rate->step[i].after : begin;
        if (from < end) {
            status = add_part(out, meter, rate->step[i].row, end - from, err);
            end = from;
        }
    }
    return status;
}

static enum tb_status add_meters(struct tb_charge *out, const struct tb_quantities *n,
                                 const struct tb_rates *r, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    int64_t place = 0;
    for (size_t i = 0; status == TB_OK && i < IN_LINE; i++) {
        status = add_steps(out, in_line[i], &r->meter[in_line[i]], place, place + n->of[in_line[i]], err);
        place += n->of[in_line[i]];
    }
    for (int meter = TB_METER_OUTPUT; status == TB_OK && meter < TB_METER_COUNT; meter++) {
        status = add_steps(out, meter, &r->meter[meter], 0, n->of[meter], err);
    }
    return status;
}

enum tb_status tb_charge_event(struct tb_pricebook *b, const struct tb_price_query *q, struct tb_charge *out,
                               struct tb_err *err)
{
    const struct tb_rates *rates = NULL;
    struct tb_quantities n;
    assert((q->flags & TB_F_TOOL) == 0);
    out->basis = TB_BASIS_COMPUTED;
    out->cost = 0;
    out->parts = 0;
    if ((q->flags & TB_F_CACHE_HIT) != 0) {
        return TB_OK;
    }
    enum tb_status status = tb_quantities_of(q, &n, err);
    if (status == TB_OK) {
        status = tb_pricebook_rates(b, q, n.context, &rates, err);
    }
    if (status != TB_OK) {
        return status;
    }
    out->basis = tb_quantities_basis(&n, rates, q);
    if (out->basis == TB_BASIS_COMPUTED) {
        return add_meters(out, &n, rates, err);
    }
    if (out->basis == TB_BASIS_LOGGED && !tb_money_from_decimal(&q->cost, &out->cost, NULL)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "a logged cost is out of range");
    }
    return TB_OK;
}

enum tb_status tb_charge_cost(struct tb_pricebook *b, const struct tb_price_query *q, tb_money *cost,
                              struct tb_err *err)
{
    const struct tb_rates *rates = NULL;
    struct tb_quantities n;
    struct tb_charge charge;
    *cost = 0;
    if ((q->flags & TB_F_CACHE_HIT) != 0) {
        return TB_OK;
    }
    enum tb_status status = tb_quantities_of(q, &n, err);
    if (status == TB_OK) {
        status = tb_pricebook_rates(b, q, n.context, &rates, err);
    }
    if (status == TB_OK && rates->small && tb_quantities_basis(&n, rates, q) == TB_BASIS_COMPUTED) {
        for (int meter = 0; meter < TB_METER_COUNT; meter++) {
            if (n.of[meter] != 0) {
                *cost += rates->price[meter] * n.of[meter]; /* fits: see rates.h */
            }
        }
        return TB_OK;
    }
    if (status == TB_OK) { /* brackets, logged, unpriced: once more, the long way */
        status = tb_charge_event(b, q, &charge, err);
        *cost = status == TB_OK ? charge.cost : 0;
    }
    return status;
}
