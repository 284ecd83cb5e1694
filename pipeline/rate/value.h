/* Concept: the values of many groups at once, exactly: percentiles, and how many are distinct. Values are gathered as they
 *          come, sorted a million at a time, and kept as (group, value) with a count: memory grows with the distinct values
 *          of the groups, not with the events, and an event costs some nanoseconds. Inside rate/ only.
 * Owns:    its memory until tb_values_release.
 * Errors:  TB_FATAL/TB_E_MEMORY; TB_FAIL/TB_E_LIMIT past VALUES_MAX distinct (group, value).
 */
#ifndef TB_VALUE_H
#define TB_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

#define TB_VALUE_GROUP_BITS 22 /* groups a report may have */
#define TB_VALUE_BITS                                                                                        \
    42 /* values of so many bits are packed with their group; tokens of a call end at 2^40 */

struct tb_value_huge {
    uint32_t group;
    int64_t value;
};

struct tb_values {
    uint64_t *fresh; /* group << TB_VALUE_BITS | value, as they came; behind them room to sort */
    size_t fresh_n;
    uint64_t *key; /* sorted, once each */
    uint32_t *count;
    size_t n;
    struct tb_value_huge *huge; /* values that cannot be packed: a latency of more than 139 years, say */
    size_t huge_n, huge_cap;
};

void tb_values_release(struct tb_values *v);

/* Adds a value >= 0 to a group below 2^TB_VALUE_GROUP_BITS. v begins as all zero. */
enum tb_status tb_values_add(struct tb_values *v, uint32_t group, int64_t value,
                             struct tb_err *err) TB_MUST_USE;

/* Nearest rank: p95[g] = value number ceil(0.95 n) of the n values of group g < groups, ascending; -1 when n is 0. */
enum tb_status tb_values_p95(struct tb_values *v, uint32_t groups, int64_t *p95,
                             struct tb_err *err) TB_MUST_USE;

/* distinct[g] = how many different values (none of them huge) group g has. */
enum tb_status tb_values_distinct(struct tb_values *v, uint32_t groups, int64_t *distinct,
                                  struct tb_err *err) TB_MUST_USE;

#endif
