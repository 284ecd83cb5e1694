/* Concept: a chargeback line back to its events: each event of a day that counts in the line, with what it costs and why.
 * Shape:   events in the order (ts, identity). A line is all events of a day that agree in its keys; absent keys are absent
 *          texts, the consumer of events without one is "(anonymous)", the team of those without an account "(unassigned)".
 * Owns:    the block and the charge that each gets, until it returns.
 * Errors:  those of each; TB_FAIL/TB_E_RANGE as pricing does; TB_FATAL/TB_E_DB.
 */
#ifndef TB_TRACE_H
#define TB_TRACE_H

#include "config/settings.h"
#include "rate/price.h"
#include "store/events.h"

struct tb_trace_key {
    struct tb_str team, cost_center, consumer, source, provider, model;
    enum tb_basis basis;
};

struct tb_trace_event {
    const struct tb_block *block; /* columns TB_TRACE_COLUMNS */
    uint32_t row;
    bool error;
    const struct tb_charge *charge; /* cost 0 when unpriced; without parts when logged */
};
#define TB_TRACE_COLUMNS                                                                                     \
    (TB_C_TS | TB_C_IDENTITY | TB_C_ID | TB_C_TEXTS | TB_C_TOKENS | TB_C_SIZES | TB_C_COST | TB_C_LINE)

enum tb_status tb_trace_line(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t from_us, int64_t to_us, const struct tb_trace_key *key,
                             enum tb_status (*each)(void *ctx, const struct tb_trace_event *e,
                                                    struct tb_err *err),
                             void *ctx, struct tb_err *err) TB_MUST_USE;

#endif
