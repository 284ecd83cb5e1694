#include "load/late.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void tb_late_init(struct tb_late *l, const struct tb_bounds *bounds)
{
    memset(l, 0, sizeof *l);
    l->bounds = bounds;
    tb_spill_init(&l->spill);
}

void tb_late_release(struct tb_late *l)
{
    tb_intern_free(l->intern);
    tb_batch_free(l->batch);
    tb_spill_release(&l->spill);
    free(l->chunks);
    l->intern = NULL;
    l->batch = NULL;
    l->chunks = NULL;
}

void tb_late_reset(struct tb_late *l)
{
    l->n = 0;
    tb_spill_rewind(&l->spill);
    if (l->batch != NULL) {
        tb_batch_clear(l->batch);
        tb_intern_reset(l->intern);
    }
}

bool tb_late_empty(const struct tb_late *l)
{
    return l->n == 0 && (l->batch == NULL || l->batch->n == 0);
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for records without an id");
}

static enum tb_status make(struct tb_late *l, struct tb_err *err)
{
    l->intern = tb_intern_new(l->bounds);
    l->batch = tb_batch_new(l->bounds);
    return l->intern != NULL && l->batch != NULL ? TB_OK : no_memory(err);
}

static enum tb_status flush(struct tb_late *l, struct tb_err *err)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
        struct tb_chunk *wider = realloc(l->chunks, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        l->chunks = wider;
        l->cap = cap;
    }
    enum tb_status st = tb_spill_write(&l->spill, l->batch, &l->chunks[l->n], err);
    if (st == TB_OK) {
        l->n++;
        tb_batch_clear(l->batch);
        tb_intern_reset(l->intern);
    }
    return st;
}

enum tb_status tb_late_add(struct tb_late *l, const struct tb_row *row, const struct tb_place *place,
                           const struct tb_str *text, struct tb_err *err)
{
    uint64_t unused[TB_T_COUNT];
    enum tb_status st = l->batch != NULL ? TB_OK : make(l, err);
    if (st == TB_OK && (!tb_batch_room(l->batch) || tb_intern_full(l->intern))) {
        st = flush(l, err);
    }
    if (st != TB_OK) {
        return st;
    }
    struct tb_batch *b = l->batch;
    struct tb_row *to = &b->rows[b->n];
    *to = *row;
    to->signature = tb_batch_text(b, row->signature);
    st = tb_intern_texts(l->intern, text, to->text, unused, err);
    if (st != TB_OK) {
        return st;
    }
    b->define_first = 1;
    while (b->define_n < tb_intern_count(l->intern)) {
        b->defines[b->define_n] = tb_batch_text(b, tb_intern_text(l->intern, b->define_n + 1));
        b->define_n++;
    }
    assert(row->id.s == NULL);
    b->places[b->n] = *place;
    b->n++;
    return TB_OK;
}

enum tb_status tb_late_round(struct tb_late *l,
                             enum tb_status (*take)(void *ctx, const struct tb_row *row,
                                                    const struct tb_place *place, const struct tb_str *text,
                                                    struct tb_err *err),
                             void *ctx, struct tb_err *err)
{
    enum tb_status st = l->batch != NULL && l->batch->n > 0 ? flush(l, err) : TB_OK;
    struct tb_chunk *chunks = l->chunks;
    size_t n = l->n;
    l->chunks = NULL; /* what take sets aside again begins a list of its own */
    l->n = l->cap = 0;
    struct tb_buf scratch;
    tb_buf_init(&scratch, TB_SPILL_SCRATCH_MAX);
    struct tb_batch *b = tb_batch_new(l->bounds);
    if (st == TB_OK && b == NULL) {
        st = no_memory(err);
    }
    for (size_t c = 0; c < n && st == TB_OK; c++) {
        st = tb_spill_read(&l->spill, chunks[c], &scratch, b, err);
        for (uint32_t i = 0; st == TB_OK && i < b->n; i++) {
            struct tb_str text[TB_T_COUNT];
            for (int f = 0; f < TB_T_COUNT; f++) {
                uint32_t number = b->rows[i].text[f];
                text[f] = number == 0 ? TB_STR_NULL : b->defines[number - 1];
            }
            st = take(ctx, &b->rows[i], &b->places[i], text, err);
        }
    }
    tb_batch_free(b);
    tb_buf_release(&scratch);
    free(chunks);
    return st;
}
