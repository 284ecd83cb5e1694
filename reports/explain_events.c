/* The events of a chargeback line, priced one by one, their files, and all of
 * it held against the line and its price rows. */
#include "rate/trace.h"
#include "reports/explain_parts.h"
#include "reports/fill.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to explain a line");
}

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the sum of a line's events is out of range");
}

/* --- files ---- */

static enum tb_status new_file(struct tb_explaining *x, uint32_t file, struct tb_err *err)
{
    if (x->n == x->cap) {
        size_t cap = x->cap == 0 ? 16 : 2 * x->cap;
        struct tb_explain_file *wider = realloc(x->list, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        x->list = wider;
        x->cap = cap;
    }
    struct tb_explain_file *f = &x->list[x->n];
    *f = (struct tb_explain_file){.file = file, .row = tb_table_rows(x->files), .first = INT64_MAX};
    tb_query_bind_int(x->file, "file", file);
    enum tb_status st = tb_query_step(x->file, err);
    assert(st != TB_END); /* events refer to the ledger */
    if (st == TB_OK) {
        struct tb_str name = tb_query_text(x->file, 0);
        snprintf(f->name, sizeof f->name, "%.*s", (int)name.n, name.s);
    }
    tb_query_reset(x->file);
    x->at = st == TB_OK ? x->n++ : 0;
    return st;
}

/* The file of an event; mostly the one of the event before. */
static enum tb_status find_file(struct tb_explaining *x, uint32_t file, struct tb_err *err)
{
    if (x->n > 0 && x->list[x->at].file == file) {
        return TB_OK;
    }
    for (x->at = 0; x->at < x->n; x->at++) {
        if (x->list[x->at].file == file) {
            return TB_OK;
        }
    }
    return new_file(x, file, err);
}

static int by_name(const void *a, const void *b)
{
    const struct tb_explain_file *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c != 0 ? c : (x->file > y->file) - (x->file < y->file);
}

static enum tb_status add_files(struct tb_explaining *x, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (x->n > 1) {
        qsort(x->list, x->n, sizeof *x->list, by_name);
    }
    for (size_t i = 0; i < x->n && st == TB_OK; i++) {
        const struct tb_explain_file *f = &x->list[i];
        tb_query_bind_int(x->file, "file", f->file);
        st = tb_query_step(x->file, err);
        if (st == TB_OK) {
            st = tb_table_row(x->files, err);
        }
        if (st == TB_OK) {
            st = tb_fill_row(x->files, F_FILE, x->file, err);
        }
        tb_query_reset(x->file);
        if (st == TB_OK) {
            tb_table_int(x->files, F_EVENTS, f->events);
            tb_table_int(x->files, F_FIRST, f->first);
            tb_table_int(x->files, F_LAST, f->last);
            if (!tb_table_cell(x->what, 0, WHAT_COST)->null) {
                tb_table_money(x->files, F_COST, f->cost);
            }
        }
    }
    return st;
}

/* --- events ---- */

static enum tb_status add_metered(struct tb_explaining *x, enum tb_meter meter, uint64_t line,
                                  int64_t quantity, tb_money cost, struct tb_err *err)
{
    size_t i = 0;
    while (i < x->metered_n && (x->metered[i].meter != meter || x->metered[i].line != line)) {
        i++;
    }
    if (i == x->metered_cap) {
        size_t cap = x->metered_cap == 0 ? 16 : 2 * x->metered_cap;
        struct tb_explain_meter *wider = realloc(x->metered, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        x->metered = wider;
        x->metered_cap = cap;
    }
    if (i == x->metered_n) {
        x->metered[x->metered_n++] = (struct tb_explain_meter){meter, line, 0, 0};
    }
    struct tb_explain_meter *m = &x->metered[i];
    return !__builtin_add_overflow(m->quantity, quantity, &m->quantity) &&
                   tb_money_add(m->cost, cost, &m->cost)
               ? TB_OK
               : out_of_range(err);
}

/* "812 input @2 + 20 output @3" */
static void say_charge(const struct tb_charge *c, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    if (c->basis != TB_BASIS_COMPUTED) {
        snprintf(out, size, c->basis == TB_BASIS_LOGGED ? "as logged" : "no price");
    }
    for (int i = 0; i < c->parts && n < size; i++) {
        n += (size_t)snprintf(out + n, size - n, "%s%" PRId64 " %s @%" PRIu64, i > 0 ? " + " : "",
                              c->part[i].quantity, tb_meter_names[c->part[i].meter], c->part[i].row->line);
    }
}

static enum tb_status list_event(struct tb_explaining *x, const struct tb_trace_event *e, struct tb_err *err)
{
    char charge[1024];
    struct tb_table *t = x->events;
    const struct tb_block *b = e->block;
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, E_FILE, tb_str_of(x->list[x->at].name), err);
    }
    if (st == TB_OK) {
        st = tb_table_text(t, E_ID, b->id[e->row], err);
    }
    say_charge(e->charge, charge, sizeof charge);
    if (st == TB_OK && charge[0] != '\0') {
        st = tb_table_text(t, E_CHARGE, tb_str_of(charge), err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(t, E_TS, b->ts_us[e->row]);
    tb_table_int(t, E_LINE, (int64_t)b->line[e->row]);
    for (int n = TB_N_INPUT; n <= TB_N_SAVED; n++) {
        if ((b->present[e->row] >> n & 1u) != 0) {
            tb_table_int(t, (size_t)(E_INPUT + n), b->number[n][e->row]);
        }
    }
    if ((b->present[e->row] >> TB_N_STATUS & 1u) != 0) {
        tb_table_int(t, E_STATUS, b->number[TB_N_STATUS][e->row]);
    }
    if (e->charge->basis != TB_BASIS_UNPRICED) {
        tb_table_money(t, E_COST, e->charge->cost);
    }
    return TB_OK;
}
_Static_assert(TB_N_SAVED == 7 && TB_N_INPUT == 0, "the token numbers are the columns from E_INPUT on");

static enum tb_status count_event(struct tb_explaining *x, const struct tb_trace_event *e, struct tb_err *err)
{
    const struct tb_block *b = e->block;
    const struct tb_charge *c = e->charge;
    struct tb_explain_file *f = &x->list[x->at];
    int64_t line = (int64_t)b->line[e->row];
    bool fits = tb_money_add(x->cost, c->cost, &x->cost) && tb_money_add(f->cost, c->cost, &f->cost);
    x->found++;
    x->errors += e->error;
    f->events++;
    f->first = line < f->first ? line : f->first;
    f->last = line > f->last ? line : f->last;
    for (int n = TB_N_INPUT; n <= TB_N_SAVED && fits; n++) {
        int64_t v = (b->present[e->row] >> n & 1u) != 0 ? b->number[n][e->row] : 0;
        fits = !__builtin_add_overflow(x->tokens[n], v, &x->tokens[n]);
    }
    enum tb_status st = fits ? TB_OK : out_of_range(err);
    if (c->basis == TB_BASIS_LOGGED && st == TB_OK) {
        st = add_metered(x, TB_METER_REQUEST, 0, 1, c->cost, err);
    }
    for (int i = 0; i < c->parts && st == TB_OK; i++) {
        st =
            add_metered(x, c->part[i].meter, c->part[i].row->line, c->part[i].quantity, c->part[i].cost, err);
    }
    return st;
}

static enum tb_status take_event(void *ctx, const struct tb_trace_event *e, struct tb_err *err)
{
    struct tb_explaining *x = ctx;
    enum tb_status st = find_file(x, e->block->file, err);
    if (st == TB_OK) {
        st = count_event(x, e, err);
    }
    return st == TB_OK && (x->q->top == 0 || tb_table_rows(x->events) < x->q->top) ? list_event(x, e, err)
                                                                                   : st;
}

enum tb_status tb_explain_add_events(struct tb_explaining *x, struct tb_err *err)
{
    struct tb_trace_key key = {x->key->key[0], x->key->key[1], x->key->key[2],   x->key->key[3],
                               x->key->key[4], x->key->key[5], TB_BASIS_COMPUTED};
    while (key.basis < TB_BASIS_UNPRICED &&
           !tb_str_eq(x->key->key[6], tb_str_of(tb_basis_names[key.basis]))) {
        key.basis++;
    }
    enum tb_status st =
        tb_query_open(x->q->db, tb_embed_text(tb_embed_reports, "explain_file.sql"), &x->file, err);
    if (st == TB_OK) {
        st = tb_trace_line(x->q->db, x->q->settings, x->q->tables, x->q->from_us, x->q->to_us, &key,
                           take_event, x, err);
    }
    if (st == TB_OK) {
        tb_table_drop(x->events, (size_t)x->found - tb_table_rows(x->events));
        st = add_files(x, err);
    }
    tb_query_close(x->file);
    return st;
}

/* --- do they add up? ---- */

static bool meters_agree(const struct tb_explaining *x)
{
    size_t rows = tb_table_rows(x->prices), agree = 0;
    for (size_t row = 0; row < rows; row++) {
        struct tb_str meter = tb_table_cell(x->prices, row, P_METER)->text;
        const struct tb_cell *line = tb_table_cell(x->prices, row, P_LINE);
        for (size_t i = 0; i < x->metered_n; i++) {
            const struct tb_explain_meter *m = &x->metered[i];
            agree += m->line == (line->null ? 0 : (uint64_t)line->number) &&
                     tb_str_eq(meter, tb_str_of(tb_meter_names[m->meter])) &&
                     m->quantity == tb_table_cell(x->prices, row, P_QUANTITY)->number &&
                     m->cost == tb_table_cell(x->prices, row, P_COST)->money;
        }
    }
    return agree == rows && x->metered_n == rows;
}

/* As the line counts them: input with total_only. */
static bool counts_agree(const struct tb_explaining *x)
{
    bool agree = tb_table_cell(x->what, 0, WHAT_REQUESTS)->number == x->found &&
                 tb_table_cell(x->what, 0, WHAT_ERRORS)->number == x->errors;
    for (int n = TB_N_INPUT; n <= TB_N_SAVED; n++) {
        int64_t v = x->tokens[n] + (n == TB_N_INPUT ? x->tokens[TB_N_TOTAL_ONLY] : 0);
        agree = agree && tb_table_cell(x->what, 0, (size_t)(WHAT_INPUT + n))->number == v;
    }
    return agree;
}

/* The events against the line; of a pruned day there is nothing to hold against
 * it. */
enum tb_status tb_explain_add_sums(struct tb_explaining *x, struct tb_report *r, struct tb_err *err)
{
    int64_t generation = 0;
    bool pruned = false;
    tb_money difference = 0;
    const struct tb_cell *cost = tb_table_cell(x->what, 0, WHAT_COST);
    enum tb_status st = tb_events_generation(x->q->db, x->q->from_us, x->q->to_us, &generation, &pruned, err);
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(x->sums, SUM_EVENTS, x->found);
    if (pruned) {
        return tb_table_text(x->sums, SUM_NOTE,
                             TB_STR("the events of this day were pruned; the price "
                                    "rows are of its rollups"),
                             err);
    }
    if (!cost->null) {
        if (!tb_money_sub(x->cost, cost->money, &difference)) {
            return out_of_range(err);
        }
        tb_table_money(x->sums, SUM_COST, x->cost);
        tb_table_money(x->sums, SUM_DIFFERENCE, difference);
    }
    r->control_failed = difference != 0 || !counts_agree(x) || !meters_agree(x);
    return r->control_failed ? tb_table_text(x->sums, SUM_NOTE,
                                             TB_STR("they do not add up; see `tollbook report checks`"), err)
                             : TB_OK;
}
