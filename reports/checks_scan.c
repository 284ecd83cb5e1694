#include "reports/checks_scan.h"

#include "store/events.h"

#define HTTP_ERROR 400

static int64_t value(const struct tb_block *b, uint32_t i, enum tb_event_number n)
{
    return (b->present[i] >> n & 1u) != 0 ? b->number[n][i] : 0;
}

static bool is_error(const struct tb_block *b, uint32_t i)
{
    return value(b, i, TB_N_STATUS) >= HTTP_ERROR ||
           ((b->present[i] >> TB_N_SUCCESS & 1u) != 0 && b->number[TB_N_SUCCESS][i] == 0);
}

/* False when a sum overflows. */
static bool add_event(struct tb_scan_sums *s, const struct tb_block *b, uint32_t i)
{
    s->requests++;
    s->errors += is_error(b, i);
    return !__builtin_add_overflow(s->input, value(b, i, TB_N_INPUT) + value(b, i, TB_N_TOTAL_ONLY),
                                   &s->input) &&
           !__builtin_add_overflow(s->cache_read, value(b, i, TB_N_CACHE_READ), &s->cache_read) &&
           !__builtin_add_overflow(s->cache_write_5m, value(b, i, TB_N_CACHE_WRITE_5M), &s->cache_write_5m) &&
           !__builtin_add_overflow(s->cache_write_1h, value(b, i, TB_N_CACHE_WRITE_1H), &s->cache_write_1h) &&
           !__builtin_add_overflow(s->output, value(b, i, TB_N_OUTPUT), &s->output) &&
           !__builtin_add_overflow(s->reasoning, value(b, i, TB_N_REASONING), &s->reasoning);
}

static enum tb_status add_block(struct tb_scan_sums *s, const struct tb_block *b, struct tb_err *err)
{
    for (uint32_t i = 0; i < b->n; i++) {
        if ((b->flags[i] & TB_F_TOOL) == 0 && !add_event(s, b, i)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the sum of the events' tokens is out of range");
        }
    }
    return TB_OK;
}

enum tb_status tb_checks_scan(struct tb_db *db, int64_t from_us, int64_t to_us, struct tb_scan_sums *out,
                              struct tb_err *err)
{
    struct tb_scan *scan = NULL;
    struct tb_block block;
    int64_t generation;
    *out = (struct tb_scan_sums){.pruned = false};
    enum tb_status st = tb_events_generation(db, from_us, to_us, &generation, &out->pruned, err);
    if (st != TB_OK || out->pruned) {
        return st;
    }
    st = tb_scan_open(db, from_us, to_us, TB_C_TOKENS, &scan, err);
    while (st == TB_OK && (st = tb_scan_next(scan, &block, err)) == TB_OK) {
        st = add_block(out, &block, err);
    }
    tb_scan_close(scan);
    return st == TB_END ? TB_OK : st;
}
