/* Concept: a usage report in the making, from events (usage.c) or from the cells of pruned days (usage_cells.c). Inside rate/ only.
 */
#ifndef TB_USAGE_RUN_H
#define TB_USAGE_RUN_H

#include "rate/tuple.h"
#include "rate/usage.h"
#include "rate/usage_key.h"
#include "rate/value.h"

enum { TB_UV_INPUT, TB_UV_OUTPUT, TB_UV_LATENCY, TB_UV_CONSUMER, TB_UV_COUNT };

struct tb_usage_run {
    const enum tb_dim *by;
    size_t by_n;
    struct tb_reader reader;
    struct tb_usage_keys keys;
    struct tb_tuples groups;   /* two halves of a code for each of by */
    struct tb_usage_row *rows; /* by group; their keys are filled at the end */
    size_t row_cap;
    struct tb_values values[TB_UV_COUNT]; /* consumers by dict id */
    bool rollups;                         /* some of it is: values are not known */
};

enum tb_status tb_usage_out_of_range(struct tb_err *err);
/* The group of what was taken last. */
enum tb_status tb_usage_group(struct tb_usage_run *u, const struct tb_reading *e, uint32_t *group,
                              struct tb_err *err) TB_MUST_USE;
/* Adds the cells of a pruned day whose hours begin in [from_us, to_us). */
enum tb_status tb_usage_cells(struct tb_usage_run *u, int32_t day, int64_t version, int64_t from_us,
                              int64_t to_us, struct tb_err *err) TB_MUST_USE;

#endif
