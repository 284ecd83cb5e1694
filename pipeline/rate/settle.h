/* Concept: cents. A day's total is rounded half away from zero; each line is floored; the rest goes to the
 * largest remainders (ties: larger cost, then team and cost centre in byte order, absent first). The only
 * place where cents are made.
 */
#ifndef TB_SETTLE_H
#define TB_SETTLE_H

#include "base/money.h"
#include "base/status.h"
#include "base/str.h"

struct tb_settle_line {
    struct tb_str team, cost_center;
    tb_money cost;
    int64_t billed_cents; /* out */
};

/* Fills billed_cents of n lines (sorted or not; keys are distinct) so that they add up to the rounded total.
 */
enum tb_status tb_settle_cents(struct tb_settle_line *lines, size_t n, struct tb_err *err) TB_MUST_USE;

#endif
