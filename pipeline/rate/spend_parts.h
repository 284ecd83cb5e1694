/* Concept: the budgets of a day in the making, inside spend_make.c and spend_hours.c alone.
 */
#ifndef TB_SPEND_PARTS_H
#define TB_SPEND_PARTS_H

#include "rate/spend_make.h"
#include "rate/spend_meter.h"
#include "rate/tuple.h"
#include "rate/usage_key.h"

/* One budget while a day is made. */
struct tb_spend_part {
    const struct tb_budget_row *row;
    struct tb_spend *out;
    int column, key_column; /* of the cells; -1: none */
    enum tb_dim dim;
    bool has_dim;
    uint8_t *said; /* by dict id: 0 not asked, 1 no, 2 yes */
    size_t said_cap;
    struct tb_tuples keys;
    tb_money *sums;
    size_t sum_cap;
    struct tb_spend_meter meter;
    struct tb_usage_keys usage;
    bool metered;
};

struct tb_spend_maker {
    struct tb_db *db;
    const struct tb_settings *settings;
    int32_t day;
    struct tb_spend_part *parts;
    size_t n;
    uint32_t source; /* of the last cell */
    bool billed;
};

/* Puts the day's stretches over hour limits into the parts' out; none for a pruned day. */
enum tb_status tb_spend_meter_day(struct tb_spend_maker *m, const struct tb_tables *tables,
                                  struct tb_err *err) TB_MUST_USE;

#endif
