/* Concept: the second road of the checks: the asked days' events taken one by one from the store, added up and priced
 *          each for itself, while rollups multiply sums of tokens by prices.
 * Errors:  TB_FATAL/TB_E_DB; TB_FAIL/TB_E_RANGE.
 */
#ifndef TB_CHECKS_SCAN_H
#define TB_CHECKS_SCAN_H

#include "reports/report.h"

/* Sums over live events that are no tool calls; tokens as reported: input with total_only. */
struct tb_scan_sums {
    int64_t requests, errors;
    int64_t input, cache_read, cache_write_5m, cache_write_1h, output, reasoning;
    tb_money cost;           /* of billed sources */
    int64_t both;            /* billed events with a logged cost and a price */
    tb_money logged, priced; /* what these cost by the log, and by the prices */
    bool pruned;             /* a day's events are gone: the sums say nothing */
};

enum tb_status tb_checks_scan(const struct tb_report_query *q, struct tb_scan_sums *out,
                              struct tb_err *err) TB_MUST_USE;

#endif
