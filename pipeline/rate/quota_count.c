#include "rate/quota_count.h"

#include <assert.h>
#include <stdlib.h>

#define ROLLING_US TB_US_PER_DAY

const char *const tb_quota_window_names[] = {"second", "minute",        "hour",        "day",
                                             "month",  "first_use_24h", "rolling_24h", NULL};
const char *const tb_quota_measure_names[] = {"tokens", "requests", "cost", "models", NULL};

bool tb_quota_window_short(enum tb_window w)
{
    return w == TB_WINDOW_SECOND || w == TB_WINDOW_MINUTE || w == TB_WINDOW_HOUR;
}

bool tb_quota_window_long(enum tb_window w)
{
    return w == TB_WINDOW_MONTH || w == TB_WINDOW_FIRST_USE_24H;
}

static int64_t floor_to(int64_t ts_us, int64_t unit)
{
    int64_t rest = ts_us % unit;
    return ts_us - (rest < 0 ? rest + unit : rest);
}

/* The civil window of the instant at which hour stands. */
static void civil_window(enum tb_window w, const struct tb_hour *hour, int64_t ts_us, int64_t *start,
                         int64_t *end)
{
    int year, month, mday;
    switch (w) {
    case TB_WINDOW_SECOND:
        *start = floor_to(ts_us, TB_US_PER_S);
        *end = *start + TB_US_PER_S;
        return;
    case TB_WINDOW_MINUTE: /* offsets of zones are whole minutes */
        *start = floor_to(ts_us, TB_US_PER_MIN);
        *end = *start + TB_US_PER_MIN;
        return;
    case TB_WINDOW_HOUR:
        *start = hour->start_us;
        *end = hour->end_us;
        return;
    case TB_WINDOW_MONTH:
        tb_day_civil(hour->day, &year, &month, &mday);
        *start = tb_zone_day_start(hour->zone, tb_day_of_civil(year, month, 1));
        *end = tb_zone_day_start(hour->zone, month == 12 ? tb_day_of_civil(year + 1, 1, 1)
                                                         : tb_day_of_civil(year, month + 1, 1));
        return;
    default:
        *start = tb_zone_day_start(hour->zone, hour->day);
        *end = tb_zone_day_start(hour->zone, hour->day + 1);
    }
}

static struct tb_quota_use fresh(int64_t start, int64_t end)
{
    return (struct tb_quota_use){.start_us = start,
                                 .end_us = end,
                                 .unlimited = true,
                                 .exhausted_us = TB_QUOTA_NEVER,
                                 .logged_limit = -1,
                                 .logged_remaining = -1};
}

/* The open window ends: into the day's peak when it was shorter than a day. */
static void close_window(struct tb_quota_count *c, enum tb_window w)
{
    struct tb_quota_past *p = c->past;
    if (!c->open) {
        return;
    }
    c->open = false;
    if (!tb_quota_window_short(w)) {
        assert(p->done_n < TB_QUOTA_ROWS_MAX - 1);
        p->done[p->done_n++] = c->now;
        return;
    }
    if (!p->has_peak || c->now.used > p->peak.used) {
        p->peak = c->now;
        p->has_peak = true;
    }
    p->windows_over += c->now.exhausted_us != TB_QUOTA_NEVER;
    p->day_requests_after += c->now.requests_after;
    p->day_tokens_after += c->now.tokens_after;
    p->day_cost_after += c->now.cost_after; /* parts of one day's cost, which fits */
    p->day_refused += c->now.refused;
}

/* Makes now the window of the call; false when no window stands there. */
static bool open_window(struct tb_quota_count *c, enum tb_window w, const struct tb_hour *hour,
                        const struct tb_quota_call *call)
{
    if (c->open && call->ts_us >= c->now.start_us && call->ts_us < c->now.end_us) {
        return true;
    }
    close_window(c, w);
    int64_t start = call->ts_us;
    int64_t end = call->ts_us + ROLLING_US;
    if (w == TB_WINDOW_FIRST_USE_24H) {
        if (call->refused || call->tokens <= 0) {
            return false;
        }
    } else {
        civil_window(w, hour, call->ts_us, &start, &end);
    }
    c->now = fresh(start, end);
    c->open = true;
    return true;
}

static bool is_reached(const struct tb_quota_call *call, tb_int128 used)
{
    return !call->unlimited && used >= call->limit && used > 0;
}

static enum tb_status add_after(struct tb_quota_use *u, const struct tb_quota_call *call, struct tb_err *err)
{
    u->requests_after++;
    if (__builtin_add_overflow(u->tokens_after, call->tokens, &u->tokens_after) ||
        !tb_money_add(u->cost_after, call->cost, &u->cost_after)) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "what came after a quota is out of range");
    }
    return TB_OK;
}

static void note_headers(struct tb_quota_use *u, const struct tb_quota_call *call)
{
    if (!call->has_limit && !call->has_remaining) {
        return;
    }
    u->headers++;
    u->logged_limit = call->has_limit ? call->limit_logged : -1;
    u->logged_remaining = call->has_remaining ? call->remaining_logged : -1;
    tb_int128 left = call->limit - u->used;
    u->remaining = call->unlimited || left < INT64_MIN || left > INT64_MAX ? 0 : (int64_t)left;
}

/* --- rolling_24h ------------------------------------------------------------------------------------------------------ */

static enum tb_status tail_push(struct tb_quota_past *p, const struct tb_quota_call *call, struct tb_err *err)
{
    if (p->tail_first + p->tail_n == p->tail_cap) {
        if (p->tail_first > p->tail_cap / 2) {
            memmove(p->tail, p->tail + p->tail_first, p->tail_n * sizeof *p->tail);
            p->tail_first = 0;
        } else {
            size_t cap = p->tail_cap == 0 ? 16 : p->tail_cap * 2;
            struct tb_quota_tail *tail = realloc(p->tail, cap * sizeof *tail);
            if (tail == NULL) {
                return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a rolling quota");
            }
            p->tail = tail;
            p->tail_cap = cap;
        }
    }
    p->tail[p->tail_first + p->tail_n++] = (struct tb_quota_tail){call->ts_us, call->amount};
    p->rolling += call->amount;
    return TB_OK;
}

static void tail_drop(struct tb_quota_past *p, int64_t ts_us)
{
    while (p->tail_n > 0 && p->tail[p->tail_first].ts_us <= ts_us - ROLLING_US) {
        p->rolling -= p->tail[p->tail_first].amount;
        p->tail_first++;
        p->tail_n--;
    }
}

static enum tb_status feed_rolling(struct tb_quota_count *c, const struct tb_quota_call *call,
                                   struct tb_err *err)
{
    tail_drop(c->past, call->ts_us);
    if (call->warm) {
        return call->refused ? TB_OK : tail_push(c->past, call, err);
    }
    if (!c->open) {
        c->now = fresh(call->ts_us - ROLLING_US, call->ts_us);
        c->now.used = -1; /* below any sum */
        c->open = true;
    }
    enum tb_status status = TB_OK;
    struct tb_quota_use *u = &c->now;
    bool before = is_reached(call, c->past->rolling);
    u->unlimited = call->unlimited;
    u->limit = call->limit;
    if (call->refused) {
        u->refused++;
        u->refused_early += !before;
    } else {
        status = before ? add_after(u, call, err) : TB_OK;
        if (status == TB_OK) {
            status = tail_push(c->past, call, err);
        }
        if (u->exhausted_us == TB_QUOTA_NEVER && is_reached(call, c->past->rolling)) {
            u->exhausted_us = call->ts_us;
        }
    }
    if (c->past->rolling > u->used) {
        u->used = c->past->rolling;
        u->start_us = call->ts_us - ROLLING_US;
        u->end_us = call->ts_us;
    }
    note_headers(u, call);
    return status;
}

/* --- the others ------------------------------------------------------------------------------------------------------- */

enum tb_status tb_quota_count_feed(struct tb_quota_count *c, enum tb_window w, const struct tb_hour *hour,
                                   const struct tb_quota_call *call, struct tb_err *err)
{
    if (c->past == NULL && (c->past = calloc(1, sizeof *c->past)) == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a quota");
    }
    if (w == TB_WINDOW_ROLLING_24H) {
        return feed_rolling(c, call, err);
    }
    if (call->warm || !open_window(c, w, hour, call)) {
        return TB_OK;
    }
    enum tb_status status = TB_OK;
    struct tb_quota_use *u = &c->now;
    u->unlimited = call->unlimited;
    u->limit = call->limit;
    bool exhausted = u->exhausted_us != TB_QUOTA_NEVER;
    if (call->refused) {
        u->refused++;
        u->refused_early += !exhausted;
    } else {
        status = exhausted ? add_after(u, call, err) : TB_OK;
        if (!tb_money_add(u->used, call->amount, &u->used)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the use of a quota is out of range");
        }
        if (!exhausted && call->amount > 0 && is_reached(call, u->used)) {
            u->exhausted_us = call->ts_us;
        }
    }
    note_headers(u, call);
    return status;
}

/* What all windows of the day come to: of one window, itself. */
static void fill_day(struct tb_quota_use *u)
{
    u->windows_over = u->exhausted_us != TB_QUOTA_NEVER;
    u->day_requests_after = u->requests_after;
    u->day_tokens_after = u->tokens_after;
    u->day_cost_after = u->cost_after;
    u->day_refused = u->refused;
}

int tb_quota_count_rows(const struct tb_quota_count *c, enum tb_window w,
                        struct tb_quota_use out[TB_QUOTA_ROWS_MAX])
{
    struct tb_quota_past past = {.done_n =
                                     0}; /* with the window that is still open; the tail is not looked at */
    int n = 0;
    if (c->past != NULL) {
        past = *c->past;
    }
    if (!tb_quota_window_short(w)) {
        for (; n < past.done_n; n++) {
            out[n] = past.done[n];
            fill_day(&out[n]);
        }
        if (c->open) {
            out[n] = c->now;
            fill_day(&out[n++]);
        }
        return n;
    }
    struct tb_quota_count all = {c->open, &past, c->now};
    close_window(&all, w);
    if (past.has_peak) {
        out[0] = past.peak;
        out[0].windows_over = past.windows_over;
        out[0].day_requests_after = past.day_requests_after;
        out[0].day_tokens_after = past.day_tokens_after;
        out[0].day_cost_after = past.day_cost_after;
        out[0].day_refused = past.day_refused;
    }
    return past.has_peak;
}

void tb_quota_count_end_day(struct tb_quota_count *c, enum tb_window w, int64_t day_end_us)
{
    struct tb_quota_past *p = c->past;
    if (!tb_quota_window_long(w) || (c->open && c->now.end_us <= day_end_us)) {
        c->open = false;
    }
    if (p != NULL) {
        p->has_peak = false;
        p->done_n = 0;
        p->windows_over = p->day_requests_after = p->day_tokens_after = p->day_refused = 0;
        p->day_cost_after = 0;
    }
}

void tb_quota_count_release(struct tb_quota_count *c)
{
    if (c->past != NULL) {
        free(c->past->tail);
        free(c->past);
    }
    *c = (struct tb_quota_count){.open = false};
}
