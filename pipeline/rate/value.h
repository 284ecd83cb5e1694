/* Concept: exact percentiles of many groups at once: how often each group has each value. Memory grows with
 * the distinct values of the groups, not with the events. Inside rate/ only. Owns:    its memory until
 * tb_values_release. Errors:  TB_FATAL/TB_E_MEMORY; TB_FAIL/TB_E_LIMIT past VALUES_MAX distinct (group,
 * value).
 */
#ifndef TB_VALUE_H
#define TB_VALUE_H

#include "rate/tuple.h"

struct tb_values {
    struct tb_tuples keys; /* group, value's high and low half */
    uint32_t *count;
    size_t cap;
};

void tb_values_init(struct tb_values *v);
void tb_values_release(struct tb_values *v);
enum tb_status tb_values_add(struct tb_values *v, uint32_t group, int64_t value,
                             struct tb_err *err) TB_MUST_USE;

/* Nearest rank: p95[g] = value number ceil(0.95 n) of the n values of group g < groups, ascending; -1 when n
 * is 0. */
enum tb_status tb_values_p95(const struct tb_values *v, uint32_t groups, int64_t *p95,
                             struct tb_err *err) TB_MUST_USE;

#endif
