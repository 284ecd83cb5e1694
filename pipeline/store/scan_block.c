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
static void close_gaps(struct tb_segment *s, unsigned groups, const uint32_t *live, uint32_t n)
{
    gather(s->ts_us, sizeof *s->ts_us, live, n);
    gather(s->present, sizeof *s->present, live, n);
    for (int k = 0; k < TB_T_COUNT; k++) {
        if (k == TB_T_NODE || (groups >> TB_G_TEXTS & 1) != 0) {
            gather(s->text[k], sizeof *s->text[k], live, n);
        }
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        if ((groups >> (k <= TB_N_SUCCESS ? TB_G_TOKENS : TB_G_SIZES) & 1) != 0) {
            gather(s->number[k], sizeof *s->number[k], live, n);
        }
    }
    const struct {
        enum tb_group group;
        void *column;
        size_t size;
    } others[] = {
        {TB_G_IDENTITY, s->id_lo, sizeof *s->id_lo},
        {TB_G_PAYLOAD, s->payload, sizeof *s->payload},
        {TB_G_ID, s->id, sizeof *s->id},
        {TB_G_TOKENS, s->quality, sizeof *s->quality},
        {TB_G_TOKENS, s->flags, sizeof *s->flags},
        {TB_G_COST, s->has_cost, sizeof *s->has_cost},
        {TB_G_COST, s->cost, sizeof *s->cost},
        {TB_G_PROMPT, s->prompt_fingerprint, sizeof *s->prompt_fingerprint},
        {TB_G_LINE, s->line, sizeof *s->line},
        {TB_G_SIGNATURE, s->signature, sizeof *s->signature},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if ((groups >> others[i].group & 1) != 0) {
            gather(others[i].column, others[i].size, live, n);
        }
    }
}

/* What was asked for, from row at on; what was not is NULL even if a column came along. */
static void fill_block(const struct tb_segment *s, unsigned c, uint32_t at, uint32_t n, struct tb_block *out)
{
    *out = (struct tb_block){.n = n, .file = s->file, .source = s->source};
    out->ts_us = s->ts_us + at;
    out->present = s->present + at;
    if (c & TB_C_IDENTITY) {
        out->id_lo = s->id_lo + at;
        out->payload = s->payload + at;
    }
    if (c & TB_C_ID) {
        out->id = s->id + at;
    }
    for (int k = 0; k < TB_T_COUNT && (c & TB_C_TEXTS); k++) {
        out->text[k] = s->text[k] + at;
    }
    for (int k = 0; k < TB_N_COUNT; k++) {
        if (c & (k <= TB_N_SUCCESS ? TB_C_TOKENS : TB_C_SIZES)) {
            out->number[k] = s->number[k] + at;
        }
    }
    if (c & TB_C_TOKENS) {
        out->quality = s->quality + at;
        out->flags = s->flags + at;
    }
    if (c & TB_C_COST) {
        out->has_cost = s->has_cost + at;
        out->cost = s->cost + at;
    }
    out->prompt_fingerprint = c & TB_C_PROMPT ? s->prompt_fingerprint + at : NULL;
    out->line = c & TB_C_LINE ? s->line + at : NULL;
    out->signature = c & TB_C_SIGNATURE ? s->signature + at : NULL;
}

enum tb_status tb_scan_block(struct tb_db *db, struct tb_segment *s, unsigned columns, int64_t from_us,
                             int64_t to_us, uint32_t *live, struct tb_block *out, struct tb_err *err)
{
    unsigned groups = tb_segment_groups(columns);
    enum tb_status st = tb_segment_read(db, s, groups, err);
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
    close_gaps(s, groups, live, n);
    fill_block(s, columns, 0, n, out);
    return TB_OK;
}
