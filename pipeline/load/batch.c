#include "load/batch.h"
#include <assert.h>
#include <stdlib.h>

struct tb_batch *tb_batch_new(const struct tb_bounds *bounds)
{
    assert(bounds->batch_rows >= 1 && bounds->batch_rows <= TB_BATCH_ROWS && bounds->batch_rejects >= 1);
    assert(bounds->batch_text_bytes >= TB_BOUNDS_EVENT_TEXT_MAX);
    struct tb_batch *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return NULL;
    }
    b->bounds = bounds;
    b->rows = malloc(bounds->batch_rows * sizeof *b->rows);
    b->places = malloc(bounds->batch_rows * sizeof *b->places);
    b->defines = malloc((size_t)bounds->batch_rows * TB_T_COUNT * sizeof *b->defines);
    b->rejects = malloc(bounds->batch_rejects * sizeof *b->rejects);
    b->text = malloc(bounds->batch_text_bytes);
    if (b->rows == NULL || b->places == NULL || b->defines == NULL || b->rejects == NULL || b->text == NULL) {
        tb_batch_free(b);
        return NULL;
    }
    return b;
}

void tb_batch_free(struct tb_batch *b)
{
    if (b == NULL) {
        return;
    }
    free(b->rows);
    free(b->places);
    free(b->defines);
    free(b->rejects);
    free(b->text);
    free(b);
}

void tb_batch_clear(struct tb_batch *b)
{
    b->n = 0;
    b->define_n = 0;
    b->reject_n = 0;
    b->text_n = 0;
    b->fresh = false;
    b->next = NULL;
}

bool tb_batch_room(const struct tb_batch *b)
{
    return b->n < b->bounds->batch_rows && b->reject_n < b->bounds->batch_rejects &&
           b->bounds->batch_text_bytes - b->text_n >= TB_BOUNDS_EVENT_TEXT_MAX;
}

struct tb_str tb_batch_text(struct tb_batch *b, struct tb_str s)
{
    if (s.s == NULL) {
        return TB_STR_NULL;
    }
    assert(s.n <= b->bounds->batch_text_bytes - b->text_n);
    char *to = b->text + b->text_n;
    memcpy(to, s.s, s.n);
    b->text_n += (uint32_t)s.n;
    return (struct tb_str){to, s.n};
}
