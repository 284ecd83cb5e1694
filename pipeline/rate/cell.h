/* Concept: a day's events, priced and added up in memory, before they become rows of usage_cell and
 * charge_cell. Inside rate/ only. Shape:   a cell adds up the events that are equal in every dimension, in
 * account row, basis and rates. Prices are linear, so a cell's cost is its token sums times its rates,
 * multiplied once at the end (tb_cells_finish) and not for each event; only marginal and logged events carry
 * money one by one. Charges are what each meter of the billed cells cost at which price row. Units:   hour in
 * seconds since the day's start; dict ids; account and price rows by index + 1, 0 = none. Owns:    a tb_cells
 * until tb_cells_release; it borrows settings and tables. Errors:  TB_FAIL/TB_E_RANGE where a sum does not
 * fit; TB_FAIL/TB_E_LIMIT past CELLS_MAX groups.
 */
#ifndef TB_CELL_H
#define TB_CELL_H

#include "rate/rates.h"
#include "rate/reading.h"
#include "rate/tuple.h"

/* The words of a cell's key. */
enum {
    TB_CK_HOUR,
    TB_CK_SOURCE,
    TB_CK_NODE,
    TB_CK_CONSUMER,
    TB_CK_ACCOUNT,
    TB_CK_PROVIDER,
    TB_CK_MODEL,
    TB_CK_TIER,
    TB_CK_FEATURE,
    TB_CK_VARIANT,
    TB_CK_TRIGGER,
    TB_CK_BASIS,
    TB_CK_RATES,
    TB_CK_COUNT
};

/* Sums of a cell, as reported: input with total_only, output with reasoning. */
struct tb_cell {
    uint32_t requests, errors, refused, hidden, input_n, output_n, latency_n;
    uint32_t fees; /* requests that the request meter charges */
    int64_t tokens[TB_METER_REQUEST];
    int64_t total_only, saved, latency_ms;
    bool has_logged;
    tb_money cost; /* 0 when unpriced; of linear cells only after tb_cells_finish */
    tb_money logged_cost;
};

/* The words of a charge's key. */
enum {
    TB_HK_SOURCE,
    TB_HK_CONSUMER,
    TB_HK_ACCOUNT,
    TB_HK_PROVIDER,
    TB_HK_MODEL,
    TB_HK_TIER,
    TB_HK_METER,
    TB_HK_ROW,
    TB_HK_COUNT
};

struct tb_charge_sum {
    int64_t quantity;
    tb_money cost;
};

struct tb_cells {
    struct tb_reader reader;
    int64_t day_start_us;
    struct tb_tuples keys;
    struct tb_cell *cell;
    size_t cell_cap;
    struct tb_tuples charge_keys;
    struct tb_charge_sum *charge;
    size_t charge_cap;
    int64_t total_mismatch;
};

/* Adds "(anonymous)" to the dictionary: an event without a consumer is reported as that. */
enum tb_status tb_cells_init(struct tb_cells *c, struct tb_db *db, const struct tb_settings *s,
                             const struct tb_tables *tables, struct tb_err *err) TB_MUST_USE;
void tb_cells_release(struct tb_cells *c);

/* Empties the cells for the civil day that begins at day_start_us; prices and accounts stay compiled. */
void tb_cells_begin(struct tb_cells *c, int64_t day_start_us);

/* Adds the block's events (columns TB_READING_COLUMNS); tool calls are left out. */
enum tb_status tb_cells_add(struct tb_cells *c, const struct tb_block *b, struct tb_err *err) TB_MUST_USE;

/* Multiplies the linear cells out and adds what they, and the logged ones, put into charges. */
enum tb_status tb_cells_finish(struct tb_cells *c, struct tb_err *err) TB_MUST_USE;

/* Adds the sums of from to to. */
enum tb_status tb_cell_merge(struct tb_cell *to, const struct tb_cell *from, struct tb_err *err) TB_MUST_USE;

#endif
