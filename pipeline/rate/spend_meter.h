/* Concept: the trailing 60-minute sum of a budget's cost, (t - 60 min, t], and the stretches in which it is strictly over a
 *          limit. Inside rate/ and detect/.
 * Shape:   begin, costs in order of time, end. Between two changes the sum stands still: a stretch begins at a call and ends
 *          60 minutes behind one.
 * Owns:    its tail, until tb_spend_meter_release.
 * Errors:  TB_FATAL/TB_E_MEMORY; TB_FAIL/TB_E_RANGE.
 */
#ifndef TB_SPEND_METER_H
#define TB_SPEND_METER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/money.h"
#include "base/status.h"

enum { TB_HOUR_WARNING, TB_HOUR_CRITICAL, TB_HOUR_EMERGENCY, TB_HOUR_LEVELS };
extern const char *const tb_hour_level_names[TB_HOUR_LEVELS];

/* [start_us, end_us) over the limit of level; peak is the largest sum in it, excess the area between sum and limit: what was
 * spent beyond the limit, had it been spent evenly. */
struct tb_stretch {
    int level;
    int64_t start_us, end_us;
    tb_money peak, excess;
};

/* The sum over time, money x us: high x 2^64 + low. */
struct tb_spend_area {
    tb_money high, low;
};

struct tb_spend_meter {
    bool has_limit[TB_HOUR_LEVELS];
    tb_money limit[TB_HOUR_LEVELS];
    int64_t from_us; /* stretches begin here at the earliest */
    int64_t now_us;
    tb_money sum;
    struct {
        int64_t ts_us;
        tb_money cost;
    } * tail;
    size_t tail_first, tail_n, tail_cap;
    int64_t since_us[TB_HOUR_LEVELS];
    tb_money peak[TB_HOUR_LEVELS];
    struct tb_spend_area area;                  /* until now_us, while some level is open */
    struct tb_spend_area since[TB_HOUR_LEVELS]; /* what it was at since_us */
    int open;                                   /* levels */
    struct tb_stretch *out;                     /* what was found */
    size_t out_n, out_cap;
};

/* Costs from up to 60 minutes before from_us may be added: they count, without stretches of their own. */
void tb_spend_meter_begin(struct tb_spend_meter *m, int64_t from_us);
enum tb_status tb_spend_meter_add(struct tb_spend_meter *m, int64_t ts_us, tb_money cost,
                                  struct tb_err *err) TB_MUST_USE;
/* What is still over at to_us ends there. */
enum tb_status tb_spend_meter_end(struct tb_spend_meter *m, int64_t to_us, struct tb_err *err) TB_MUST_USE;
void tb_spend_meter_release(struct tb_spend_meter *m);

#endif
