/* From a segment's columns to a block: the asked rows, without the superseded ones. */
#include "store/scan_block.h"

#include <string.h>

static uint32_t first_not_before(const struct tb_segment *s, int64_t ts_us)
{
    uint32_t lo = 0, hi = s->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (s->ts_us[mid] < ts_us) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static void gather(void *column, size_t size, const uint32_t *rows, uint32_t n)
{
    char *p = column;
    for (uint32_t i = 0; i < n; i++) {
        memmove(p + i * size, p + (size_t)rows[i] * size,
                size); /* rows ascend: never over one still wanted */
    }
}

/* Moves the live rows of every decoded column to its front. */
static void close_gaps(struct tb_segment *s, uint64_t columns, const uint32_t *live, uint32_t n)
{
    const struct {
        uint64_t column;
        void *of;
        size_t size;
    } others[] = {
        {TB_C_TS, s->ts_us, sizeof *s->ts_us},
        {TB_C_TS, s->present, sizeof *s->present},
        {TB_C_ID_LO, s->id_lo, sizeof *s->id_lo},
        {TB_C_PAYLOAD, s->payload, sizeof *s->payload},
        {TB_C_ID, s->id, sizeof *s->id},
        {TB_C_QUALITY, s->quality, sizeof *s->quality},
        {TB_C_FLAGS, s->flags, sizeof *s->flags},
        {TB_C_COST, s->has_cost, sizeof *s->has_cost},
        {TB_C_COST, s->cost, sizeof *s->cost},
        {TB_C_PROMPT, s->prompt_fingerprint, sizeof *s->prompt_fingerprint},
        {TB_C_LINE, s->line, sizeof *s->line},
        {TB_C_SIGNATURE, s->signature, sizeof *s->signature},
    };
    for (int k = 0; k < TB_T_COUNT; k++) {
        if ((columns & TB_C_TEXT(k)) != 0) {
            gather(s->text[k], sizeof *s->text[k], live, n);
        }
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        if ((columns & TB_C_NUMBER(k)) != 0) {
            gather(s->number[k], sizeof *s->number[k], live, n);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if ((columns & others[i].column) != 0) {
            gather(others[i].of, others[i].size, live, n);
        }
    }
}

#define IF_ASKED(column, of) ((columns & (column)) != 0 ? (of) + at : NULL)

/* What was asked for, from row at on. */
static void fill_block(const struct tb_segment *s, uint64_t columns, uint32_t at, uint32_t n,
                       struct tb_block *out)
{
    *out = (struct tb_block){.n = n, .file = s->file, .source = s->source};
    for (int k = 0; k < TB_T_COUNT; k++) {
        out->text[k] = IF_ASKED(TB_C_TEXT(k), s->text[k]);
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        out->number[k] = IF_ASKED(TB_C_NUMBER(k), s->number[k]);
    }
    out->ts_us = s->ts_us + at;
    out->present = s->present + at;
    out->id_lo = IF_ASKED(TB_C_ID_LO, s->id_lo);
    out->payload = IF_ASKED(TB_C_PAYLOAD, s->payload);
    out->id = IF_ASKED(TB_C_ID, s->id);
    out->quality = IF_ASKED(TB_C_QUALITY, s->quality);
    out->flags = IF_ASKED(TB_C_FLAGS, s->flags);
    out->has_cost = IF_ASKED(TB_C_COST, s->has_cost);
    out->cost = IF_ASKED(TB_C_COST, s->cost);
    out->prompt_fingerprint = IF_ASKED(TB_C_PROMPT, s->prompt_fingerprint);
    out->line = IF_ASKED(TB_C_LINE, s->line);
    out->signature = IF_ASKED(TB_C_SIGNATURE, s->signature);
}

enum tb_status tb_scan_block(struct tb_db *db, struct tb_segment *s, uint64_t columns, int64_t from_us,
                             int64_t to_us, uint32_t *live, struct tb_block *out, struct tb_err *err)
{
    columns |= TB_C_TS;
    enum tb_status st = tb_segment_read(db, s, columns, err);
    if (st != TB_OK) {
        return st;
    }
    uint32_t from = s->ts_min >= from_us ? 0 : first_not_before(s, from_us);
    uint32_t to = s->ts_max < to_us ? s->n : first_not_before(s, to_us);
    if (s->dead_count == 0) {
        fill_block(s, columns, from, to - from, out);
        return TB_OK;
    }
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        live[n] = i;
        n += !tb_segment_is_dead(s, i);
    }
    close_gaps(s, columns, live, n);
    fill_block(s, columns, 0, n, out);
    return TB_OK;
}
