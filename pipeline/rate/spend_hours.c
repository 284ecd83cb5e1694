/* Hour limits of a day: stretches in which some budget is over one, call by call where the sums of hours leave it open. */
#include <stdlib.h>
#include <string.h>
#include "rate/reduce.h"
#include "rate/spend_parts.h"

/* Can the trailing sum be over a limit in [start, end)? What lies before the day is not known: then it can. */
static bool may_be_over(const struct tb_spend_part *p, int64_t day_start, int64_t start, int64_t end)
{
    tb_money sum = 0;
    bool spent = false;
    for (size_t i = 0; i < p->out->hour_n;
         i++) { /* hours are at most an hour long, save where clocks go back */
        const struct tb_spend_hour *h = &p->out->hours[i];
        if (h->hour_us < end && h->hour_us > start - 3 * TB_US_PER_H) {
            sum += h->cost;
            spent = true;
        }
    }
    if (start < day_start + TB_US_PER_H) {
        return true;
    }
    for (int k = 0; k < TB_HOUR_LEVELS && spent; k++) {
        if (p->meter.has_limit[k] && sum > p->meter.limit[k]) {
            return true;
        }
    }
    return false;
}

struct metering {
    struct tb_reader reader;
    struct tb_spend_maker *maker;
    size_t row_bytes; /* of a struct ready with its bits */
    enum tb_status status;
    struct tb_err *err;
};

/* What of a call can be known before its turn: its cost, and which parts it belongs to. */
struct ready {
    tb_money cost;   /* 0: it counts nowhere */
    uint64_t pass[]; /* a bit for each part */
};
#define PASS_BITS 64

static struct ready *ready_at(const struct metering *x, void *room, uint32_t row)
{
    return (struct ready *)(void *)((char *)room + row * x->row_bytes);
}

static bool is_filtered(const struct tb_spend_part *p)
{
    return p->has_dim && p->row->match.s != NULL;
}

static enum tb_status note_parts(struct metering *x, const struct tb_block *b, uint32_t row,
                                 struct ready *out, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < x->maker->n; i++) {
        struct tb_spend_part *p = &x->maker->parts[i];
        bool passes = p->metered;
        if (p->metered && is_filtered(p)) {
            status = tb_usage_passes_row(&p->usage, b, row, &passes, err);
        }
        out->pass[i / PASS_BITS] |= (uint64_t)passes << i % PASS_BITS;
    }
    return status;
}

static enum tb_status prepare(void *ctx, const struct tb_block *b, void *room, struct tb_err *err)
{
    struct metering *x = ctx;
    bool billed = tb_source_billed(x->maker->settings, tb_dict_text(x->maker->db, b->source));
    enum tb_status status = TB_OK;
    memset(room, 0, x->row_bytes * b->n);
    for (uint32_t i = 0; billed && status == TB_OK && i < b->n; i++) {
        struct ready *r = ready_at(x, room, i);
        if ((b->flags[i] & TB_F_TOOL) == 0) {
            status = tb_reader_cost(&x->reader, b, i, &r->cost, err);
        }
        if (status == TB_OK && r->cost != 0) {
            status = note_parts(x, b, i, r, err);
        }
    }
    return status;
}

static bool each_event(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct metering *x = ctx;
    const struct ready *r = ready_at(x, b->room, row);
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && r->cost != 0 && i < x->maker->n; i++) {
        if ((r->pass[i / PASS_BITS] >> i % PASS_BITS & 1u) != 0) {
            status = tb_spend_meter_add(&x->maker->parts[i].meter, b->ts_us[row], r->cost, x->err);
        }
    }
    if (status != TB_OK) {
        x->status = status; /* written then alone: prepare, in another thread, reads what lies beside it */
    }
    return status == TB_OK;
}

/* The calls of [from, to), with those of the hour before it. */
static enum tb_status meter_range(struct metering *x, int64_t from_us, int64_t to_us, struct tb_err *err)
{
    struct tb_spend_maker *m = x->maker;
    uint64_t columns = TB_PRICING_COLUMNS;
    for (size_t i = 0; i < m->n; i++) {
        if (m->parts[i].metered) {
            tb_spend_meter_begin(&m->parts[i].meter, from_us);
            columns |= tb_usage_columns(&m->parts[i].usage);
        }
    }
    x->err = err;
    x->status = TB_OK;
    x->row_bytes = sizeof(struct ready) + (m->n / (2 * PASS_BITS) + 1) * 2 * sizeof(uint64_t);
    struct tb_ordered_how how = {.columns = columns,
                                 .room_bytes = x->row_bytes,
                                 .prepare = prepare,
                                 .each = each_event,
                                 .ctx = x,
                                 .ahead = true};
    enum tb_status status = tb_events_prepared(m->db, from_us - TB_US_PER_H, to_us, &how, err);
    status = status == TB_OK ? x->status : status;
    for (size_t i = 0; status == TB_OK && i < m->n; i++) {
        if (m->parts[i].metered) {
            status = tb_spend_meter_end(&m->parts[i].meter, to_us, err);
        }
    }
    return status;
}

/* Runs of hours in which some budget may be over a limit. */
static enum tb_status meter_hours(struct metering *x, struct tb_err *err)
{
    struct tb_spend_maker *m = x->maker;
    const struct tb_zone *zone = m->settings->zone;
    int64_t start = tb_zone_day_start(zone, m->day), end = tb_zone_day_start(zone, m->day + 1),
            run = TB_TS_NONE;
    enum tb_status status = TB_OK;
    for (int64_t at = start; status == TB_OK && at < end; at += TB_US_PER_H) {
        int64_t next = at + TB_US_PER_H < end ? at + TB_US_PER_H : end;
        bool may = false;
        for (size_t i = 0; i < m->n && !may; i++) {
            may = m->parts[i].metered && may_be_over(&m->parts[i], start, at, next);
        }
        run = may && run == TB_TS_NONE ? at : run;
        if (run != TB_TS_NONE && (!may || next == end)) {
            status = meter_range(x, run, may ? next : at, err);
            run = TB_TS_NONE;
        }
    }
    return status;
}

enum tb_status tb_spend_meter_day(struct tb_spend_maker *m, const struct tb_tables *tables,
                                  struct tb_err *err)
{
    struct metering x = {.maker = m};
    bool any = false, pruned = false;
    int64_t generation = 0;
    for (size_t i = 0; i < m->n; i++) {
        any = any || m->parts[i].metered;
    }
    enum tb_status status = TB_OK;
    if (any) {
        status =
            tb_events_generation(m->db, tb_zone_day_start(m->settings->zone, m->day),
                                 tb_zone_day_start(m->settings->zone, m->day + 1), &generation, &pruned, err);
    }
    if (status != TB_OK || !any || pruned) {
        return status;
    }
    status = tb_reader_init(&x.reader, m->db, m->settings, tables, false, err);
    for (size_t i = 0; status == TB_OK && i < m->n; i++) {
        struct tb_spend_part *p = &m->parts[i];
        struct tb_where where = {p->dim, p->row->match};
        status = tb_usage_keys_init(&p->usage, &x.reader, &where, is_filtered(p), err);
    }
    m->source = 0;
    if (status == TB_OK) {
        status = meter_hours(&x, err);
    }
    for (size_t i = 0; i < m->n; i++) {
        struct tb_spend_part *p = &m->parts[i];
        for (size_t k = 0; status == TB_OK && k < p->meter.out_n; k++) {
            status = tb_spend_add_over(p->out, &p->meter.out[k], err);
        }
        tb_usage_keys_release(&p->usage);
    }
    tb_reader_release(&x.reader);
    return status;
}
