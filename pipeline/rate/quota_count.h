/* Concept: one counter of one quota, fed with a consumer's calls in order: which window is open, what it has used, when it
 *          was exhausted, and what came after. Knows no database, no table, no consumer. Inside rate/ only.
 * Shape:   second, minute, hour, day and month are civil windows; first_use_24h opens at the first counted call with tokens
 *          and ends 24 hours later; rolling_24h is looked at in every call, (t - 24 h, t]. Windows shorter than a day are
 *          folded into the day's peak (the earliest of equal ones). Calls that were refused neither open nor count.
 *          A limit is exhausted by the call whose amount brings the use to it: that call is not "after", the next one is.
 * Units:   amounts are tokens, requests or tb_money, as the quota's measure says; instants in us.
 * Owns:    its past, until tb_quota_count_release.
 * Errors:  TB_FAIL/TB_E_RANGE for a sum that does not fit, TB_FATAL/TB_E_MEMORY.
 */
#ifndef TB_QUOTA_COUNT_H
#define TB_QUOTA_COUNT_H

#include <stddef.h>
#include "base/money.h"
#include "config/tables.h"
#include "rate/hour.h"

#define TB_QUOTA_ROWS_MAX                                                                                    \
    3 /* of a counter and a day: a day of 25 hours may see two windows of 24 end and a third begin */
#define TB_QUOTA_NEVER INT64_MIN /* an instant that did not come */

/* What one window says. What every call may change comes first: a day has more counters than a processor's caches hold. */
struct tb_quota_use {
    tb_int128 limit, used;
    tb_money cost_after;
    int64_t start_us, end_us; /* rolling_24h: (t - 24 h, t] of the peak */
    int64_t exhausted_us;
    int64_t requests_after, tokens_after; /* let through behind the exhausting call */
    bool unlimited;
    int64_t refused, refused_early; /* 429; those of them before it was exhausted */
    int64_t headers;                /* calls with a logged limit or remaining */
    int64_t logged_limit, logged_remaining,
        remaining; /* of the last of them; what is left here behind that call */
    int64_t
        windows_over; /* from here on set by tb_quota_count_rows alone: exhausted windows, all that came after in them */
    int64_t day_requests_after, day_tokens_after, day_refused;
    tb_money day_cost_after;
};

struct tb_quota_tail {
    int64_t ts_us;
    tb_int128 amount;
};

/* What few calls change. */
struct tb_quota_past {
    int64_t windows_over; /* of closed windows shorter than a day */
    int64_t day_requests_after, day_tokens_after, day_refused;
    tb_money day_cost_after;
    bool has_peak;
    int done_n;
    struct tb_quota_use peak;                        /* windows shorter than a day: the best that is closed */
    struct tb_quota_use done[TB_QUOTA_ROWS_MAX - 1]; /* first_use_24h: windows that ended this day */
    tb_int128 rolling;                               /* sum of tail */
    struct tb_quota_tail *tail;
    size_t tail_first, tail_n, tail_cap;
};

struct tb_quota_count {
    bool open;                  /* now stands for a window */
    struct tb_quota_past *past; /* made by the first call */
    struct tb_quota_use now;    /* rolling_24h: the day's row */
};
#define TB_QUOTA_COUNT_HOT (offsetof(struct tb_quota_count, now.headers)) /* bytes that most calls touch */

/* One call as a counter sees it. */
struct tb_quota_call {
    int64_t ts_us;
    bool refused;
    int64_t tokens;
    tb_int128 amount; /* in the measure; 0 when refused */
    tb_money cost;
    bool unlimited; /* the limit in force at ts_us */
    tb_int128 limit;
    bool has_limit, has_remaining;
    int64_t limit_logged, remaining_logged;
    bool warm; /* before the first asked day: fills the tail of a rolling window, and nothing else */
};

/* hour stands at call->ts_us (tb_hour_at). */
enum tb_status tb_quota_count_feed(struct tb_quota_count *c, enum tb_window w, const struct tb_hour *hour,
                                   const struct tb_quota_call *call, struct tb_err *err) TB_MUST_USE;

/* The day's rows, in time order: how many. */
int tb_quota_count_rows(const struct tb_quota_count *c, enum tb_window w,
                        struct tb_quota_use out[TB_QUOTA_ROWS_MAX]);

/* Ends a day at day_end_us: what is not open beyond it is forgotten. */
void tb_quota_count_end_day(struct tb_quota_count *c, enum tb_window w, int64_t day_end_us);
void tb_quota_count_release(struct tb_quota_count *c);

/* Whether w is shorter than a day; whether a window of it may reach beyond a day. */
bool tb_quota_window_short(enum tb_window w);
bool tb_quota_window_long(enum tb_window w);
extern const char *const tb_quota_window_names[], *const tb_quota_measure_names[]; /* by enum */

#endif
