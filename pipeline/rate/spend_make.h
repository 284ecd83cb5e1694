/* Concept: one day's spends made from its cells and, for hour limits, from its calls. Inside rate/ only.
 */
#ifndef TB_SPEND_MAKE_H
#define TB_SPEND_MAKE_H

#include "rate/spend.h"

/* Fills out[budget] of all budgets for which wanted[budget]; with keys. */
enum tb_status tb_spend_make(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t day, const bool *wanted, struct tb_spend *const *out,
                             struct tb_err *err) TB_MUST_USE;

enum tb_status tb_spend_add_hour(struct tb_spend *s, int64_t hour_us, tb_money cost,
                                 struct tb_err *err) TB_MUST_USE;
enum tb_status tb_spend_add_key(struct tb_spend *s, uint32_t value, tb_money cost,
                                struct tb_err *err) TB_MUST_USE;
enum tb_status tb_spend_add_over(struct tb_spend *s, const struct tb_stretch *x,
                                 struct tb_err *err) TB_MUST_USE;

#endif
