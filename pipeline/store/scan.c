/* Scans: live events of a range, a segment at a time. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/handle.h"
#include "store/segment.h"

struct tb_scan {
    struct tb_db *db;
    int64_t from_us, to_us;
    unsigned columns;
    int64_t day, segment; /* the last one seen */
    struct tb_segment *s;
    uint32_t live[TB_SEGMENT_ROWS]; /* rows of the block, when not all are live */
};

enum tb_status tb_scan_open(struct tb_db *db, int64_t from_us, int64_t to_us, unsigned columns,
                            struct tb_scan **out, struct tb_err *err)
{
    *out = NULL;
    struct tb_scan *scan = calloc(1, sizeof *scan);
    struct tb_segment *s = tb_segment_new();
    if (scan == NULL || s == NULL) {
        free(scan);
        tb_segment_free(s);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to read events");
    }
    scan->db = db;
    scan->from_us = from_us;
    scan->to_us = to_us;
    scan->columns = columns;
    scan->day = TB_DAY_NONE;
    scan->s = s;
    *out = scan;
    return TB_OK;
}

void tb_scan_close(struct tb_scan *s)
{
    if (s != NULL) {
        tb_segment_free(s->s);
        free(s);
    }
}

/* The next segment that may hold a row of the range. No statement stays open between calls. */
static enum tb_status next_segment(struct tb_scan *scan, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(scan->db, "segment_next.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "day", scan->day);
    tb_query_bind_int(q, "segment", scan->segment);
    tb_query_bind_int(q, "last_day", tb_utc_day(scan->to_us - 1));
    tb_query_bind_int(q, "from_us", scan->from_us);
    tb_query_bind_int(q, "to_us", scan->to_us);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        scan->day = tb_query_int(q, 0);
        scan->segment = tb_query_int(q, 1);
    }
    tb_query_reset(q);
    return st;
}

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
static void close_gaps(struct tb_scan *scan, unsigned groups, uint32_t n)
{
    struct tb_segment *s = scan->s;
    const uint32_t *live = scan->live;
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
static void fill_block(const struct tb_scan *scan, uint32_t at, uint32_t n, struct tb_block *out)
{
    const struct tb_segment *s = scan->s;
    const unsigned c = scan->columns;
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

/* The live rows of the range in the opened segment, as a block; n = 0 when there is none. */
static enum tb_status read_block(struct tb_scan *scan, struct tb_block *out, struct tb_err *err)
{
    struct tb_segment *s = scan->s;
    unsigned groups = tb_segment_groups(scan->columns);
    enum tb_status st = tb_segment_read(scan->db, s, groups, err);
    if (st != TB_OK) {
        return st;
    }
    uint32_t from = s->ts_min >= scan->from_us ? 0 : first_not_before(s, scan->from_us);
    uint32_t to = s->ts_max < scan->to_us ? s->n : first_not_before(s, scan->to_us);
    if (s->dead_count == 0) {
        fill_block(scan, from, to - from, out);
        return TB_OK;
    }
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        scan->live[n] = i;
        n += !tb_segment_is_dead(s, i);
    }
    close_gaps(scan, groups, n);
    fill_block(scan, 0, n, out);
    return TB_OK;
}

enum tb_status tb_scan_next(struct tb_scan *scan, struct tb_block *out, struct tb_err *err)
{
    if (scan->to_us <= scan->from_us) {
        return TB_END;
    }
    for (;;) {
        enum tb_status st = next_segment(scan, err);
        if (st == TB_OK) {
            st = tb_segment_open(scan->db, scan->segment, scan->s, err);
        }
        if (st == TB_OK) {
            st = read_block(scan, out, err);
        }
        if (st == TB_OK && scan->db->failed) {
            *err = scan->db->failure;
            st = TB_FATAL;
        }
        if (st != TB_OK || out->n > 0) {
            return st;
        }
    }
}
