/* Concept: what a budget will have spent by the end of its period, from its last days. Inside rate/ and detect/.
 */
#ifndef TB_FORECAST_H
#define TB_FORECAST_H

#include "rate/spend.h"

struct tb_forecast {
    tb_money usual, low, high;
};

/* What is still to come from as_of_us until end_day begins, by the 28 days of spends before as_of_us' day. */
enum tb_status tb_forecast_rest(const struct tb_settings *s, const struct tb_spends *spends, size_t budget,
                                int64_t as_of_us, int32_t end_day, struct tb_forecast *out,
                                struct tb_err *err) TB_MUST_USE;

#endif
