/* Concept: an amount of cents shared out by weight, no key below a floor or above a cap: water-filling. One number l is looked
 *          for such that min(cap, max(floor, l x weight)) of all keys add up to the amount; what caps leave is left over.
 * Shape:   the result depends neither on the order of keys nor on how the search goes. Between floor and cap shares are exact
 *          fractions of a cent, floored; the cents that are missing then go to the largest fractions (ties: larger weight,
 *          then key in byte order, absent first).
 * Errors:  TB_FAIL/TB_E_RANGE for sums out of range.
 */
#ifndef TB_ALLOCATION_H
#define TB_ALLOCATION_H

#include "base/money.h"
#include "base/status.h"
#include "base/str.h"

enum tb_share_by { TB_BY_WEIGHT, TB_BY_FLOOR, TB_BY_CAP };

struct tb_share {
    struct tb_str key;
    tb_money weight;     /* >= 0 */
    int64_t cents;       /* out */
    enum tb_share_by by; /* out: what decided */
};

/* floor, cap: cents per key; cap < 0: none. Returns in *left what caps leave. The caller sees to it that n floors fit into cents
 * and that floor <= cap. All weights 0: equal shares. */
enum tb_status tb_allocate(struct tb_share *shares, size_t n, int64_t cents, int64_t floor, int64_t cap,
                           int64_t *left, struct tb_err *err) TB_MUST_USE;

#endif
