#include "rate/spend_meter.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "rate/tuple.h"

const char *const tb_hour_level_names[TB_HOUR_LEVELS] = {"warning", "critical", "emergency"};

void tb_spend_meter_begin(struct tb_spend_meter *m, int64_t from_us)
{
    m->from_us = from_us;
    m->now_us = INT64_MIN;
    m->sum = 0;
    m->tail_first = m->tail_n = 0;
    m->open = 0;
    m->area = (struct tb_spend_area){0, 0};
    for (int k = 0; k < TB_HOUR_LEVELS; k++) {
        m->since_us[k] = TB_TS_NONE;
    }
}

void tb_spend_meter_release(struct tb_spend_meter *m)
{
    free(m->tail);
    free(m->out);
    m->tail = NULL;
    m->out = NULL;
    m->out_n = m->out_cap = m->tail_cap = m->tail_n = m->tail_first = 0;
}

/* The area between sum and limit since the level was passed, divided by an hour. */
static tb_money excess_of(const struct tb_spend_meter *m, int level, int64_t end_us)
{
    int64_t us = end_us - m->since_us[level];
    tb_money low = m->area.low - m->since[level].low - (tb_money)(uint64_t)m->limit[level] * us;
    tb_money high = m->area.high - m->since[level].high - (m->limit[level] >> 64) * us;
    high += low >> 64; /* low is not negative then, nor is high: the sum was over the limit all the time */
    low = (tb_money)(uint64_t)low;
    tb_money whole = high / TB_US_PER_H, rest = high % TB_US_PER_H;
    return (whole << 64) + ((rest << 64) + low) / TB_US_PER_H;
}

static enum tb_status put(struct tb_spend_meter *m, int level, int64_t end_us, struct tb_err *err)
{
    enum tb_status status = tb_tuples_grow((void **)&m->out, &m->out_cap, m->out_n + 1, sizeof *m->out, err);
    if (status == TB_OK) {
        m->out[m->out_n++] = (struct tb_stretch){level, m->since_us[level], end_us, m->peak[level],
                                                 excess_of(m, level, end_us)};
        m->since_us[level] = TB_TS_NONE;
        m->open--;
    }
    return status;
}

/* From now_us until to_us the sum stands still. */
static inline void add_area(struct tb_spend_meter *m, int64_t to_us)
{
    if (m->open > 0) {
        int64_t us = to_us - m->now_us; /* of sums below 2^107 and days below 2^37 us */
        m->area.low += (tb_money)(uint64_t)m->sum * us;
        m->area.high += (m->sum >> 64) * us;
    }
}

/* All changes of now_us are made: what is over from here on? */
static enum tb_status settle(struct tb_spend_meter *m, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (int k = 0; status == TB_OK && m->now_us >= m->from_us && k < TB_HOUR_LEVELS; k++) {
        bool over = m->has_limit[k] && m->sum > m->limit[k];
        if (over && m->since_us[k] == TB_TS_NONE) {
            m->since_us[k] = m->now_us;
            m->peak[k] = m->sum;
            m->since[k] = m->area;
            m->open++;
        }
        if (over && m->sum > m->peak[k]) {
            m->peak[k] = m->sum;
        }
        if (!over && m->since_us[k] != TB_TS_NONE) {
            status = put(m, k, m->now_us, err);
        }
    }
    return status;
}

static enum tb_status move_to(struct tb_spend_meter *m, int64_t ts_us, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    if (ts_us > m->now_us) {
        if (m->now_us != INT64_MIN) {
            status = settle(m, err);
            add_area(m, ts_us);
        }
        m->now_us = ts_us;
    }
    return status;
}

/* Lets time pass until ts_us: costs leave the window, and the first asked instant is looked at. */
static enum tb_status pass(struct tb_spend_meter *m, int64_t ts_us, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    while (status == TB_OK) {
        int64_t next = m->tail_n > 0 ? m->tail[m->tail_first].ts_us + TB_US_PER_H : INT64_MAX;
        bool begin = m->now_us < m->from_us && m->from_us <= ts_us && m->from_us < next;
        if (!begin && next > ts_us) {
            break;
        }
        status = move_to(m, begin ? m->from_us : next, err);
        if (!begin) {
            m->sum -= m->tail[m->tail_first++].cost;
            m->tail_n--;
        }
    }
    return status == TB_OK ? move_to(m, ts_us, err) : status;
}

enum tb_status tb_spend_meter_add(struct tb_spend_meter *m, int64_t ts_us, tb_money cost, struct tb_err *err)
{
    enum tb_status status = pass(m, ts_us, err);
    if (status == TB_OK && m->tail_first + m->tail_n == m->tail_cap && m->tail_first > m->tail_cap / 2) {
        memmove(m->tail, m->tail + m->tail_first, m->tail_n * sizeof *m->tail);
        m->tail_first = 0;
    }
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&m->tail, &m->tail_cap, m->tail_first + m->tail_n + 1,
                                sizeof *m->tail, err);
    }
    if (status != TB_OK) {
        return status;
    }
    m->tail[m->tail_first + m->tail_n].ts_us = ts_us;
    m->tail[m->tail_first + m->tail_n++].cost = cost;
    return tb_money_add(m->sum, cost, &m->sum)
               ? TB_OK
               : tb_err_set(err, TB_FAIL, TB_E_RANGE, "the cost of an hour is out of range");
}

enum tb_status tb_spend_meter_end(struct tb_spend_meter *m, int64_t to_us, struct tb_err *err)
{
    enum tb_status status = pass(m, to_us, err);
    if (status == TB_OK) {
        int64_t end = m->now_us;
        status = settle(m, err);
        for (int k = 0; status == TB_OK && k < TB_HOUR_LEVELS; k++) {
            if (m->since_us[k] == end) {
                m->since_us[k] = TB_TS_NONE; /* it begins where the range ends */
                m->open--;
            } else if (m->since_us[k] != TB_TS_NONE) {
                status = put(m, k, to_us, err);
            }
        }
    }
    return status;
}
