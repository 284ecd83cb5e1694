/* Concept: the second road of the checks: the asked days' events added up one by one from the store, not from
 * rollups. Errors:  TB_FATAL/TB_E_DB; TB_FAIL/TB_E_RANGE.
 */
#ifndef TB_CHECKS_SCAN_H
#define TB_CHECKS_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "store/db.h"

/* Sums over live events that are no tool calls; tokens as reported: input with total_only. */
struct tb_scan_sums {
    int64_t requests, errors;
    int64_t input, cache_read, cache_write_5m, cache_write_1h, output, reasoning;
    bool pruned; /* a day's events are gone: the sums say nothing */
};

enum tb_status tb_checks_scan(struct tb_db *db, int64_t from_us, int64_t to_us, struct tb_scan_sums *out,
                              struct tb_err *err) TB_MUST_USE;

#endif
