/* Concept: why the bill changed: the difference of two ranges of days as sums of effects that add up to it exactly.
 *
 *          A cell is a consumer's use of a feature through a model. Cells that are in one range alone are new or gone, with all
 *          their cost. Of the others, cost = requests of the consumer (volume) x share of the feature x share of the model in it
 *          (mix, both) x tokens per request x share of the kind of input token: fresh, cache read, cache write (cache) x cost per
 *          token (price); output has no cache factor. What a fee or a logged cost charges counts per request. The effects are the
 *          factors' Shapley values, rounded to 12 decimals per cell; the cell's largest effect absorbs the remainder. So the sums
 *          by consumer, by feature and by model agree.
 * Shape:   billed sources only; the current range and the base range are read from the events.
 * Owns:    a tb_change until released.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_RANGE.
 */
#ifndef TB_CHANGE_H
#define TB_CHANGE_H

#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

enum tb_effect {
    TB_EFFECT_VOLUME,
    TB_EFFECT_TOKENS,
    TB_EFFECT_PRICE,
    TB_EFFECT_MIX,
    TB_EFFECT_CACHE,
    TB_EFFECT_NEW,
    TB_EFFECT_GONE,
    TB_EFFECT_COUNT
};
extern const char *const tb_effect_names[TB_EFFECT_COUNT];

enum tb_token_kind {
    TB_KIND_INPUT,
    TB_KIND_CACHE_READ,
    TB_KIND_WRITE_5M,
    TB_KIND_WRITE_1H,
    TB_KIND_OUTPUT,
    TB_KIND_REQUEST,
    TB_TOKEN_KINDS
};

struct tb_change_side {
    int64_t requests;
    int64_t tokens[TB_TOKEN_KINDS]; /* of TB_KIND_REQUEST: requests that a fee or a logged cost charges */
    tb_money cost[TB_TOKEN_KINDS];
};

struct tb_change_cell {
    uint32_t consumer, feature, model; /* dict ids */
    struct tb_change_side side[2];     /* base, current */
    tb_money effect[TB_EFFECT_COUNT];
};

struct tb_change {
    struct tb_change_cell *cell;
    size_t n, cap;
    tb_money delta;
};

enum tb_status tb_change_read(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t base_from_us, int64_t base_to_us, int64_t from_us, int64_t to_us,
                              struct tb_change *out, struct tb_err *err) TB_MUST_USE;

/* Fills effect of every cell and delta from the sides. */
enum tb_status tb_change_explain(struct tb_change *c, struct tb_err *err) TB_MUST_USE;
void tb_change_release(struct tb_change *c);

#endif
