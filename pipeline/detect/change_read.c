/* The sums of both sides of a change, from events. */
#include <stdlib.h>
#include "detect/change.h"
#include "rate/reading.h"
#include "rate/reduce.h"
#include "rate/tuple.h"

struct read {
    struct tb_change *out;
    struct tb_tuples keys;
    struct tb_reader reader;
};

static enum tb_status cell_of(struct read *r, const struct tb_reading *e, struct tb_change_cell **out,
                              struct tb_err *err)
{
    uint32_t key[3] = {e->text[TB_T_CONSUMER], e->text[TB_T_FEATURE], e->text[TB_T_MODEL]}, i = 0;
    enum tb_status st = tb_tuples_add(&r->keys, key, &i, NULL, err);
    if (st == TB_OK) {
        st = tb_tuples_grow((void **)&r->out->cell, &r->out->cap, r->keys.n, sizeof *r->out->cell, err);
    }
    if (st != TB_OK) {
        return st;
    }
    r->out->n = r->keys.n;
    *out = &r->out->cell[i];
    (*out)->consumer = key[0];
    (*out)->feature = key[1];
    (*out)->model = key[2];
    return TB_OK;
}

static enum tb_token_kind kind_of(enum tb_meter m)
{
    static const enum tb_token_kind kinds[TB_METER_COUNT] = {
        [TB_METER_INPUT] = TB_KIND_INPUT,
        [TB_METER_CACHE_READ] = TB_KIND_CACHE_READ,
        [TB_METER_CACHE_WRITE_5M] = TB_KIND_WRITE_5M,
        [TB_METER_CACHE_WRITE_1H] = TB_KIND_WRITE_1H,
        [TB_METER_OUTPUT] = TB_KIND_OUTPUT,
        [TB_METER_REASONING] = TB_KIND_OUTPUT,
        [TB_METER_REQUEST] = TB_KIND_REQUEST,
    };
    return kinds[m];
}

static bool add_charge(struct tb_change_side *s, const struct tb_charge *charge)
{
    bool fits = true;
    s->requests++;
    for (int i = 0; charge->basis == TB_BASIS_COMPUTED && i < charge->parts; i++) {
        const struct tb_charge_part *p = &charge->part[i];
        enum tb_token_kind k = kind_of(p->meter);
        s->tokens[k] += p->quantity;
        fits = fits && tb_money_add(s->cost[k], p->cost, &s->cost[k]);
    }
    if (charge->basis == TB_BASIS_LOGGED) {
        s->tokens[TB_KIND_REQUEST]++;
        fits = fits && tb_money_add(s->cost[TB_KIND_REQUEST], charge->cost, &s->cost[TB_KIND_REQUEST]);
    }
    return fits;
}

static enum tb_status take_block(struct read *r, const struct tb_block *b, int side, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (!tb_source_billed(r->reader.settings, tb_dict_text(r->reader.db, b->source))) {
        return TB_OK;
    }
    for (uint32_t i = 0; i < b->n && st == TB_OK; i++) {
        struct tb_reading e;
        struct tb_charge charge;
        struct tb_change_cell *cell = NULL;
        if ((b->flags[i] & TB_F_TOOL) != 0) {
            continue;
        }
        tb_reader_take(&r->reader, b, i, &e);
        st = tb_charge_event(r->reader.prices, &e.query, &charge, err);
        if (st == TB_OK) {
            st = cell_of(r, &e, &cell, err);
        }
        if (st == TB_OK && !add_charge(&cell->side[side], &charge)) {
            st = tb_err_set(err, TB_FAIL, TB_E_RANGE, "the cost of a range of days is out of range");
        }
    }
    return st;
}

static enum tb_status scan(struct read *r, int64_t from_us, int64_t to_us, int side, struct tb_err *err)
{
    struct tb_scan *s = NULL;
    struct tb_block b;
    enum tb_status st = tb_scan_open(r->reader.db, from_us, to_us, TB_READING_COLUMNS, &s, err);
    while (st == TB_OK && (st = tb_scan_next(s, &b, err)) == TB_OK) {
        st = take_block(r, &b, side, err);
    }
    tb_scan_close(s);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_change_read(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t base_from_us, int64_t base_to_us, int64_t from_us, int64_t to_us,
                              struct tb_change *out, struct tb_err *err)
{
    struct read r = {.out = out};
    *out = (struct tb_change){NULL, 0, 0, 0};
    tb_tuples_init(&r.keys, 3, TB_TUPLES_MAX);
    enum tb_status st = tb_reader_init(&r.reader, db, s, tables, false, err);
    if (st == TB_OK) {
        st = scan(&r, base_from_us, base_to_us, 0, err);
    }
    if (st == TB_OK) {
        st = scan(&r, from_us, to_us, 1, err);
    }
    tb_reader_release(&r.reader);
    tb_tuples_release(&r.keys);
    if (st == TB_OK) {
        st = tb_change_explain(out, err);
    }
    if (st != TB_OK) {
        tb_change_release(out);
    }
    return st;
}
