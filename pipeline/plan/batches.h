/* Concept: how many batches alike requests (consumer, feature, model) would have needed, had those of one window gone together.
 *          Inside plan/ only.
 * Shape:   a counter for each window of each hour that has alike requests, dropped when the UTC day changes: calls come in order
 *          of UTC days (store/events.h), and no window is longer than an hour.
 * Owns:    a tb_batches until released.
 */
#ifndef TB_BATCHES_H
#define TB_BATCHES_H

#include "plan/advice_rules.h"
#include "rate/tuple.h"

struct tb_batches {
    int64_t size, window_us;
    uint32_t windows;      /* of an hour */
    int32_t day;           /* UTC */
    struct tb_tuples keys; /* (consumer, feature, model, hour) */
    uint16_t *filled;      /* requests in the batch begun, `windows` for each key */
    size_t cap;
};

void tb_batches_init(struct tb_batches *b, const struct tb_advice_rules *rules);
void tb_batches_release(struct tb_batches *b);

/* Counts a request; *begins when it needs a batch of its own: its window has none begun, or the last one is full. */
enum tb_status tb_batches_add(struct tb_batches *b, int64_t ts_us, const uint32_t alike[3], bool *begins,
                              struct tb_err *err) TB_MUST_USE;

#endif
