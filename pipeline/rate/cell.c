#include "rate/cell.h"

#include <assert.h>
#include <stdlib.h>
#include "rate/reduce.h"

#define CELLS_MAX                                                                                            \
    (UINT32_C(1) << 24) /* 3.5 GB: an hour by consumer, model and feature of a large firm is a fiftieth */
#define HTTP_ERROR    400
#define HTTP_TOO_MANY 429

#define STRIDE 32 /* events under way together: 12 KB of them */

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "a day's sum of tokens or money is out of range");
}

/* --- one day after the other
 * --------------------------------------------------------------------------------------- */

enum tb_status tb_cells_init(struct tb_cells *c, struct tb_db *db, const struct tb_settings *s,
                             const struct tb_tables *tables, struct tb_err *err)
{
    *c = (struct tb_cells){.total_mismatch = 0};
    tb_tuples_init(&c->keys, TB_CK_COUNT, CELLS_MAX);
    tb_tuples_init(&c->charge_keys, TB_HK_COUNT, CELLS_MAX);
    return tb_reader_init(&c->reader, db, s, tables, true, err);
}

void tb_cells_release(struct tb_cells *c)
{
    tb_reader_release(&c->reader);
    tb_tuples_release(&c->keys);
    tb_tuples_release(&c->charge_keys);
    free(c->cell);
    free(c->charge);
    *c = (struct tb_cells){0};
}

void tb_cells_begin(struct tb_cells *c, int64_t day_start_us)
{
    tb_tuples_release(&c->keys);
    tb_tuples_release(&c->charge_keys);
    free(c->cell);
    free(c->charge);
    c->cell = NULL;
    c->charge = NULL;
    c->cell_cap = c->charge_cap = 0;
    c->total_mismatch = 0;
    c->day_start_us = day_start_us;
}

/* --- charges
 * ------------------------------------------------------------------------------------------------------- */

static enum tb_status add_charge(struct tb_cells *c, const uint32_t *cell_key, uint32_t meter,
                                 const struct tb_price_row *row, int64_t quantity, tb_money cost,
                                 struct tb_err *err)
{
    uint32_t key[TB_HK_COUNT] = {cell_key[TB_CK_SOURCE],
                                 cell_key[TB_CK_CONSUMER],
                                 cell_key[TB_CK_ACCOUNT],
                                 cell_key[TB_CK_PROVIDER],
                                 cell_key[TB_CK_MODEL],
                                 cell_key[TB_CK_TIER],
                                 meter,
                                 row == NULL ? 0 : (uint32_t)(row - c->reader.tables->prices) + 1};
    uint32_t number = 0;
    enum tb_status status = tb_tuples_add(&c->charge_keys, key, &number, NULL, err);
    if (status == TB_OK) {
        status =
            tb_tuples_grow((void **)&c->charge, &c->charge_cap, c->charge_keys.n, sizeof *c->charge, err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_charge_sum *sum = &c->charge[number];
    if (__builtin_add_overflow(sum->quantity, quantity, &sum->quantity) ||
        !tb_money_add(sum->cost, cost, &sum->cost)) {
        return out_of_range(err);
    }
    return TB_OK;
}

/* --- events
 * -------------------------------------------------------------------------------------------------------- */

/* One event on its way into a cell. */
struct incoming {
    struct tb_reading event;
    uint32_t key[TB_CK_COUNT];
    const struct tb_rates *rates; /* NULL: nothing is multiplied */
    enum tb_basis basis;
    uint32_t fees;
    uint64_t hash; /* of key */
};

/* Basis and rates: what tb_charge_event does, but for the multiplication. */
static enum tb_status rate_event(struct tb_cells *c, struct incoming *in, struct tb_err *err)
{
    const struct tb_price_query *q = &in->event.query;
    const struct tb_rates *rates = NULL;
    struct tb_quantities n;
    in->basis = TB_BASIS_COMPUTED;
    in->rates = NULL;
    in->fees = 0;
    if ((q->flags & TB_F_CACHE_HIT) != 0) {
        return TB_OK;
    }
    enum tb_status status = tb_quantities_of(q, &n, err);
    if (status == TB_OK) {
        status = tb_pricebook_rates(c->reader.prices, q, n.context, &rates, err);
    }
    if (status != TB_OK) {
        return status;
    }
    in->basis = tb_quantities_basis(&n, rates, q);
    if (in->basis == TB_BASIS_COMPUTED && (n.tokens > 0 || n.of[TB_METER_REQUEST] > 0)) {
        in->rates = rates;
        in->fees = (uint32_t)n.of[TB_METER_REQUEST];
    }
    return TB_OK;
}

static void make_key(const struct tb_cells *c, struct incoming *in)
{
    static const struct {
        uint8_t word;
        uint8_t text;
    } texts[] = {{TB_CK_NODE, TB_T_NODE},         {TB_CK_CONSUMER, TB_T_CONSUMER},
                 {TB_CK_PROVIDER, TB_T_PROVIDER}, {TB_CK_MODEL, TB_T_MODEL},
                 {TB_CK_TIER, TB_T_SERVICE_TIER}, {TB_CK_FEATURE, TB_T_FEATURE},
                 {TB_CK_VARIANT, TB_T_VARIANT},   {TB_CK_TRIGGER, TB_T_TRIGGER}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        in->key[texts[i].word] = in->event.text[texts[i].text];
    }
    in->key[TB_CK_HOUR] = (uint32_t)((c->reader.hour.start_us - c->day_start_us) / TB_US_PER_S);
    in->key[TB_CK_SOURCE] = in->event.source;
    in->key[TB_CK_ACCOUNT] = in->event.account;
    in->key[TB_CK_BASIS] = (uint32_t)in->basis;
    in->key[TB_CK_RATES] = in->rates == NULL ? 0 : in->rates->number + 1;
}

/* False when a sum does not fit. */
static bool count_event(struct tb_cell *to, const struct incoming *in)
{
    const struct tb_reading *e = &in->event;
    bool bad = false;
    to->requests++;
    to->errors += e->error;
    to->refused += e->refused;
    to->hidden += e->hidden;
    to->input_n += tb_reading_has(e, TB_N_INPUT) || tb_reading_has(e, TB_N_TOTAL_ONLY);
    to->output_n += tb_reading_has(e, TB_N_OUTPUT);
    to->latency_n += tb_reading_has(e, TB_N_LATENCY_MS);
    to->fees += in->fees;
    for (int n = TB_N_INPUT; n <= TB_N_REASONING; n++) {
        bad |= __builtin_add_overflow(to->tokens[n], e->number[n], &to->tokens[n]);
    }
    bad |= __builtin_add_overflow(to->tokens[TB_METER_INPUT], e->number[TB_N_TOTAL_ONLY],
                                  &to->tokens[TB_METER_INPUT]);
    bad |= __builtin_add_overflow(to->total_only, e->number[TB_N_TOTAL_ONLY], &to->total_only);
    bad |= __builtin_add_overflow(to->saved, e->number[TB_N_SAVED], &to->saved);
    bad |= __builtin_add_overflow(to->latency_ms, e->number[TB_N_LATENCY_MS], &to->latency_ms);
    return !bad && to->requests != UINT32_MAX;
}
_Static_assert((int)TB_N_INPUT == (int)TB_METER_INPUT && (int)TB_N_REASONING == (int)TB_METER_REASONING,
               "token numbers and meters have one order");

/* Money that cannot wait for the end: what was logged, and what marginal brackets make of this one event. */
static enum tb_status add_money(struct tb_cells *c, struct tb_cell *to, const struct incoming *in,
                                struct tb_err *err)
{
    const struct tb_price_query *q = &in->event.query;
    if (in->event.logged) {
        tb_money logged = 0;
        if (!tb_money_from_decimal(&q->cost, &logged, NULL) ||
            (in->basis == TB_BASIS_LOGGED && !tb_money_add(to->cost, logged, &to->cost)) ||
            !tb_money_add(to->logged_cost, logged, &to->logged_cost)) {
            return out_of_range(err);
        }
        to->has_logged = true;
    }
    if (in->rates == NULL || in->rates->linear) {
        return TB_OK;
    }
    struct tb_charge charge;
    enum tb_status status = tb_charge_event(c->reader.prices, q, &charge, err);
    if (status == TB_OK && !tb_money_add(to->cost, charge.cost, &to->cost)) {
        return out_of_range(err);
    }
    bool billed = tb_source_billed(c->reader.settings, tb_dict_text(c->reader.db, in->event.source));
    for (int i = 0; billed && status == TB_OK && i < charge.parts; i++) {
        const struct tb_charge_part *p = &charge.part[i];
        status = add_charge(c, in->key, p->meter, p->row, p->quantity, p->cost, err);
    }
    return status;
}

static enum tb_status find_cell(struct tb_cells *c, const struct incoming *in, struct tb_cell **out,
                                struct tb_err *err)
{
    uint32_t number = 0;
    enum tb_status status = tb_tuples_add_hashed(&c->keys, in->key, in->hash, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&c->cell, &c->cell_cap, c->keys.n, sizeof *c->cell, err);
    }
    if (status == TB_OK) {
        *out = &c->cell[number];
    }
    return status;
}

static void call_cell(const struct tb_cells *c, uint64_t hash)
{
    uint32_t number = 0;
    if (tb_tuples_call_key(&c->keys, hash, &number)) {
        const char *cell = (const char *)&c->cell[number];
        for (size_t i = 0; i < sizeof *c->cell; i += 64) {
            __builtin_prefetch(cell + i, 1);
        }
    }
}

static enum tb_status add_event(struct tb_cells *c, const struct incoming *in, struct tb_err *err)
{
    struct tb_cell *cell = NULL;
    enum tb_status status = find_cell(c, in, &cell, err);
    if (status == TB_OK && !count_event(cell, in)) {
        status = out_of_range(err);
    }
    return status == TB_OK ? add_money(c, cell, in, err) : status;
}

/* Three strides over a few events at a time: a day with many consumers has more cells than the processor's
 * caches hold, and waiting for each would take longer than all the rest. */
static enum tb_status add_strides(struct tb_cells *c, const struct tb_block *b, uint32_t from, uint32_t to,
                                  struct incoming *in, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    uint32_t n = 0;
    for (uint32_t i = from; status == TB_OK && i < to; i++) {
        if ((b->flags[i] & TB_F_TOOL) == 0) {
            tb_reader_take(&c->reader, b, i, &in[n].event);
            status = rate_event(c, &in[n], err);
            make_key(c, &in[n]);
            in[n].hash = tb_tuples_hash(&c->keys, in[n].key);
            tb_tuples_call_slot(&c->keys, in[n].hash);
            c->total_mismatch += (b->flags[i] & TB_F_TOTAL_MISMATCH) != 0;
            n++;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        call_cell(c, in[i].hash);
    }
    for (uint32_t i = 0; status == TB_OK && i < n; i++) {
        status = add_event(c, &in[i], err);
    }
    return status;
}

enum tb_status tb_cells_add(struct tb_cells *c, const struct tb_block *b, struct tb_err *err)
{
    struct incoming in[STRIDE];
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < b->n; i += STRIDE) {
        status = add_strides(c, b, i, b->n - i < STRIDE ? b->n : i + STRIDE, in, err);
    }
    return status;
}

/* --- the end of a day
 * ---------------------------------------------------------------------------------------------- */

static enum tb_status finish_linear(struct tb_cells *c, const uint32_t *key, struct tb_cell *cell,
                                    bool billed, struct tb_err *err)
{
    const struct tb_rates *r = tb_pricebook_numbered(c->reader.prices, key[TB_CK_RATES] - 1);
    enum tb_status status = TB_OK;
    for (int meter = 0; r->linear && status == TB_OK && meter < TB_METER_COUNT; meter++) {
        int64_t quantity = meter == TB_METER_REQUEST ? cell->fees : cell->tokens[meter];
        if (meter == TB_METER_OUTPUT && r->reasoning_apart) {
            quantity -= cell->tokens[TB_METER_REASONING];
        }
        if (quantity == 0 || (meter == TB_METER_REASONING && !r->reasoning_apart)) {
            continue;
        }
        const struct tb_price_row *row = r->meter[meter].step[0].row;
        tb_money cost = 0;
        if (!tb_money_mul(row->price, quantity, &cost) || !tb_money_add(cell->cost, cost, &cell->cost)) {
            return out_of_range(err);
        }
        if (billed) {
            status = add_charge(c, key, (uint32_t)meter, row, quantity, cost, err);
        }
    }
    return status;
}

enum tb_status tb_cells_finish(struct tb_cells *c, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    uint32_t source = 0;
    bool billed = false;
    for (uint32_t i = 0; status == TB_OK && i < c->keys.n; i++) {
        const uint32_t *key = tb_tuples_at(&c->keys, i);
        if (key[TB_CK_SOURCE] != source) {
            source = key[TB_CK_SOURCE];
            billed = tb_source_billed(c->reader.settings, tb_dict_text(c->reader.db, source));
        }
        if (key[TB_CK_RATES] != 0) {
            status = finish_linear(c, key, &c->cell[i], billed, err);
        } else if (key[TB_CK_BASIS] == TB_BASIS_LOGGED && billed) {
            status = add_charge(c, key, TB_METER_REQUEST, NULL, c->cell[i].requests, c->cell[i].cost, err);
        }
    }
    return status;
}

enum tb_status tb_cell_merge(struct tb_cell *to, const struct tb_cell *from, struct tb_err *err)
{
    uint32_t *counts[] = {&to->requests, &to->errors,   &to->refused,   &to->hidden,
                          &to->input_n,  &to->output_n, &to->latency_n, &to->fees};
    const uint32_t more[] = {from->requests, from->errors,   from->refused,   from->hidden,
                             from->input_n,  from->output_n, from->latency_n, from->fees};
    bool bad = false;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        bad |= __builtin_add_overflow(*counts[i], more[i], counts[i]);
    }
    for (int i = 0; i < TB_METER_REQUEST; i++) {
        bad |= __builtin_add_overflow(to->tokens[i], from->tokens[i], &to->tokens[i]);
    }
    bad |= __builtin_add_overflow(to->total_only, from->total_only, &to->total_only);
    bad |= __builtin_add_overflow(to->saved, from->saved, &to->saved);
    bad |= __builtin_add_overflow(to->latency_ms, from->latency_ms, &to->latency_ms);
    bad |= !tb_money_add(to->cost, from->cost, &to->cost);
    bad |= !tb_money_add(to->logged_cost, from->logged_cost, &to->logged_cost);
    to->has_logged = to->has_logged || from->has_logged;
    return bad ? out_of_range(err) : TB_OK;
}
