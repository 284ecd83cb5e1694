#include "plan/batches.h"

#include <stdlib.h>
#include "base/clock.h"

#define HOUR_US (INT64_C(3600) * TB_US_PER_S)

void tb_batches_init(struct tb_batches *b, const struct tb_advice_rules *rules)
{
    *b = (struct tb_batches){
        .size = rules->batch_size, .window_us = rules->batch_window_s * TB_US_PER_S, .day = TB_DAY_NONE};
    b->windows = (uint32_t)((HOUR_US + b->window_us - 1) / b->window_us);
    tb_tuples_init(&b->keys, 4, TB_TUPLES_MAX);
}

void tb_batches_release(struct tb_batches *b)
{
    tb_tuples_release(&b->keys);
    free(b->filled);
    b->filled = NULL;
    b->cap = 0;
}

enum tb_status tb_batches_add(struct tb_batches *b, int64_t ts_us, const uint32_t alike[3], bool *begins,
                              struct tb_err *err)
{
    int32_t day = tb_utc_day(ts_us);
    uint32_t number = 0, key[4] = {alike[0], alike[1], alike[2], (uint32_t)(ts_us / HOUR_US)};
    if (day != b->day) {
        tb_batches_release(b);
        tb_tuples_init(&b->keys, 4, TB_TUPLES_MAX);
        b->day = day;
    }
    enum tb_status st = tb_tuples_add(&b->keys, key, &number, NULL, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&b->filled, &b->cap, (size_t)b->keys.n * b->windows, sizeof *b->filled,
                            err);
    }
    if (st != TB_OK) {
        return st;
    }
    uint16_t *filled = &b->filled[(size_t)number * b->windows + (size_t)(ts_us % HOUR_US / b->window_us)];
    *begins = *filled == 0;
    *filled = (uint16_t)(*filled + 1);
    if (*filled >= b->size) {
        *filled = 0;
    }
    return TB_OK;
}
