#include "rate/spend_make.h"

#include <stdlib.h>
#include "base/embed.h"
#include "base/glob.h"
#include "rate/reduce.h"
#include "rate/tuple.h"
#include "rate/usage_key.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

enum {
    C_HOUR,
    C_COST,
    C_SOURCE,
    C_NODE,
    C_CONSUMER,
    C_TEAM,
    C_COST_CENTER,
    C_PROVIDER,
    C_MODEL,
    C_FEATURE,
    C_VARIANT,
    C_TRIGGER
};

/* Which column of spend_cells.sql a dimension is; -1: day and hour. */
static int column_of(enum tb_dim dim)
{
    static const int columns[TB_DIM_COUNT] = {[TB_DIM_DAY] = -1,
                                              [TB_DIM_HOUR] = -1,
                                              [TB_DIM_SOURCE] = C_SOURCE,
                                              [TB_DIM_NODE] = C_NODE,
                                              [TB_DIM_CONSUMER] = C_CONSUMER,
                                              [TB_DIM_TEAM] = C_TEAM,
                                              [TB_DIM_COST_CENTER] = C_COST_CENTER,
                                              [TB_DIM_PROVIDER] = C_PROVIDER,
                                              [TB_DIM_MODEL] = C_MODEL,
                                              [TB_DIM_FEATURE] = C_FEATURE,
                                              [TB_DIM_VARIANT] = C_VARIANT,
                                              [TB_DIM_TRIGGER] = C_TRIGGER};
    return columns[dim];
}

bool tb_budget_dim(struct tb_str dimension, enum tb_dim *dim)
{
    return dimension.s != NULL && tb_dim_find(dimension, dim);
}

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "a day's cost is out of range");
}

enum tb_status tb_spend_add_hour(struct tb_spend *s, int64_t hour_us, tb_money cost, struct tb_err *err)
{
    size_t i = s->hour_n;
    while (i > 0 && s->hours[i - 1].hour_us >= hour_us) {
        i--;
    }
    if (!tb_money_add(s->cost, cost, &s->cost)) {
        return out_of_range(err);
    }
    if (i < s->hour_n && s->hours[i].hour_us == hour_us) {
        return tb_money_add(s->hours[i].cost, cost, &s->hours[i].cost) ? TB_OK : out_of_range(err);
    }
    enum tb_status status =
        tb_tuples_grow((void **)&s->hours, &s->hour_cap, s->hour_n + 1, sizeof *s->hours, err);
    if (status == TB_OK) {
        memmove(s->hours + i + 1, s->hours + i, (s->hour_n - i) * sizeof *s->hours);
        s->hours[i] = (struct tb_spend_hour){hour_us, cost};
        s->hour_n++;
    }
    return status;
}

enum tb_status tb_spend_add_key(struct tb_spend *s, uint32_t value, tb_money cost, struct tb_err *err)
{
    enum tb_status status =
        tb_tuples_grow((void **)&s->keys, &s->key_cap, s->key_n + 1, sizeof *s->keys, err);
    if (status == TB_OK) {
        s->keys[s->key_n++] = (struct tb_spend_key){value, cost};
    }
    return status;
}

enum tb_status tb_spend_add_over(struct tb_spend *s, const struct tb_stretch *x, struct tb_err *err)
{
    enum tb_status status =
        tb_tuples_grow((void **)&s->over, &s->over_cap, s->over_n + 1, sizeof *s->over, err);
    if (status == TB_OK) {
        s->over[s->over_n++] = *x;
    }
    return status;
}

/* --- cells ------------------------------------------------------------------------------------------------------------ */

/* One budget while a day is made. */
struct part {
    const struct tb_budget_row *row;
    struct tb_spend *out;
    int column, key_column; /* of the cells; -1: none */
    enum tb_dim dim;
    bool has_dim;
    uint8_t *said; /* by dict id: 0 not asked, 1 no, 2 yes */
    size_t said_cap;
    struct tb_tuples keys;
    tb_money *sums;
    size_t sum_cap;
    struct tb_spend_meter meter;
    struct tb_usage_keys usage;
    bool metered;
};

struct maker {
    struct tb_db *db;
    const struct tb_settings *settings;
    int32_t day;
    struct part *parts;
    size_t n;
    uint32_t source; /* of the last cell */
    bool billed;
};

static bool text_passes(const struct part *p, struct tb_str text)
{
    return p->row->match.s == NULL || (text.s != NULL && tb_glob_match(p->row->match, text));
}

/* day and hour: the texts that --where would see. */
static bool time_passes(const struct maker *m, const struct part *p, int64_t hour_us)
{
    char text[TB_TS_TEXT_MAX];
    size_t n = p->dim == TB_DIM_DAY ? tb_day_format(m->day, text) : tb_ts_format(hour_us, text);
    return text_passes(p, (struct tb_str){text, n});
}

static enum tb_status cell_passes(const struct maker *m, struct part *p, const struct tb_query *q,
                                  bool *passes, struct tb_err *err)
{
    *passes = true;
    if (!p->has_dim || p->row->match.s == NULL) {
        return TB_OK;
    }
    if (p->column < 0) {
        *passes = time_passes(m, p, tb_query_int(q, C_HOUR));
        return TB_OK;
    }
    uint32_t id = (uint32_t)tb_query_int(q, p->column); /* 0 for NULL */
    enum tb_status status = tb_tuples_grow((void **)&p->said, &p->said_cap, (size_t)id + 1, 1, err);
    if (status == TB_OK && p->said[id] == 0) {
        p->said[id] = text_passes(p, tb_dict_text(m->db, id)) ? 2 : 1;
    }
    *passes = status == TB_OK && p->said[id] == 2;
    return status;
}

static enum tb_status add_to_part(const struct maker *m, struct part *p, const struct tb_query *q,
                                  tb_money cost, struct tb_err *err)
{
    bool passes = false;
    uint32_t number = 0;
    enum tb_status status = cell_passes(m, p, q, &passes, err);
    if (status == TB_OK && passes) {
        status = tb_spend_add_hour(p->out, tb_query_int(q, C_HOUR), cost, err);
    }
    if (status != TB_OK || !passes || p->key_column < 0) {
        return status;
    }
    uint32_t value = (uint32_t)tb_query_int(q, p->key_column);
    status = tb_tuples_add(&p->keys, &value, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&p->sums, &p->sum_cap, p->keys.n, sizeof *p->sums, err);
    }
    return status != TB_OK || tb_money_add(p->sums[number], cost, &p->sums[number]) ? status
                                                                                    : out_of_range(err);
}

static enum tb_status read_cells(struct maker *m, int64_t version, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status status = tb_query_open(m->db, tb_embed_text(tb_embed_rate, "spend_cells.sql"), &q, err);
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "day", m->day);
    tb_query_bind_int(q, "tables", version);
    while (status == TB_OK && (status = tb_query_step(q, err)) == TB_OK) {
        tb_money cost = 0;
        uint32_t source = (uint32_t)tb_query_int(q, C_SOURCE);
        if (source != m->source) {
            m->source = source;
            m->billed = tb_source_billed(m->settings, tb_dict_text(m->db, source));
        }
        if (!m->billed || !tb_query_money(q, C_COST, &cost)) {
            continue;
        }
        for (size_t i = 0; status == TB_OK && i < m->n; i++) {
            status = add_to_part(m, &m->parts[i], q, cost, err);
        }
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}

static int by_value(const void *a, const void *b)
{
    const struct tb_spend_key *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static enum tb_status take_keys(struct part *p, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < p->keys.n; i++) {
        status = tb_spend_add_key(p->out, *tb_tuples_at(&p->keys, i), p->sums[i], err);
    }
    if (p->out->key_n > 1) {
        qsort(p->out->keys, p->out->key_n, sizeof *p->out->keys, by_value);
    }
    return status;
}

/* --- hour limits -------------------------------------------------------------------------------------------------------- */

/* Can the trailing sum be over a limit in [start, end)? What lies before the day is not known: then it can. */
static bool may_be_over(const struct part *p, int64_t day_start, int64_t start, int64_t end)
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
    struct maker *maker;
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

static bool is_filtered(const struct part *p)
{
    return p->has_dim && p->row->match.s != NULL;
}

static enum tb_status note_parts(struct metering *x, const struct tb_block *b, uint32_t row,
                                 struct ready *out, struct tb_err *err)
{
    struct tb_reading e;
    bool taken = false;
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < x->maker->n; i++) {
        struct part *p = &x->maker->parts[i];
        bool passes = p->metered;
        if (p->metered && is_filtered(p)) {
            if (!taken) {
                tb_reader_take(&x->reader, b, row, &e);
                taken = true;
            }
            status = tb_usage_passes(&p->usage, &e, &passes, err);
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
    x->status = TB_OK;
    for (size_t i = 0; x->status == TB_OK && r->cost != 0 && i < x->maker->n; i++) {
        if ((r->pass[i / PASS_BITS] >> i % PASS_BITS & 1u) != 0) {
            x->status = tb_spend_meter_add(&x->maker->parts[i].meter, b->ts_us[row], r->cost, x->err);
        }
    }
    return x->status == TB_OK;
}

/* The calls of [from, to), with those of the hour before it. */
static enum tb_status meter_range(struct metering *x, int64_t from_us, int64_t to_us, struct tb_err *err)
{
    struct maker *m = x->maker;
    for (size_t i = 0; i < m->n; i++) {
        if (m->parts[i].metered) {
            tb_spend_meter_begin(&m->parts[i].meter, from_us);
        }
    }
    x->err = err;
    x->status = TB_OK;
    x->row_bytes = sizeof(struct ready) + (m->n / (2 * PASS_BITS) + 1) * 2 * sizeof(uint64_t);
    struct tb_ordered_how how = {.columns = TB_READING_COLUMNS,
                                 .room_bytes = x->row_bytes,
                                 .prepare = prepare,
                                 .each = each_event,
                                 .ctx = x};
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
    struct maker *m = x->maker;
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

static enum tb_status meter_day(struct maker *m, const struct tb_tables *tables, struct tb_err *err)
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
        struct part *p = &m->parts[i];
        struct tb_where where = {p->dim, p->row->match};
        status = tb_usage_keys_init(&p->usage, &x.reader, &where, is_filtered(p), err);
    }
    m->source = 0;
    if (status == TB_OK) {
        status = meter_hours(&x, err);
    }
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        for (size_t k = 0; status == TB_OK && k < p->meter.out_n; k++) {
            status = tb_spend_add_over(p->out, &p->meter.out[k], err);
        }
        tb_usage_keys_release(&p->usage);
    }
    tb_reader_release(&x.reader);
    return status;
}

/* --- a day -------------------------------------------------------------------------------------------------------------- */

static void part_init(struct part *p, const struct tb_budget_row *row, struct tb_spend *out)
{
    enum tb_dim key = TB_DIM_DAY;
    *p = (struct part){.row = row, .out = out, .column = -1, .key_column = -1};
    p->has_dim = tb_budget_dim(row->dimension, &p->dim);
    p->column = p->has_dim ? column_of(p->dim) : -1;
    p->key_column = tb_budget_dim(row->allocate_by, &key) ? column_of(key) : -1;
    tb_tuples_init(&p->keys, 1, TB_TUPLES_MAX);
    const bool has[] = {row->has_warning, row->has_critical, row->has_emergency};
    const tb_money limit[] = {row->hour_warning, row->hour_critical, row->hour_emergency};
    for (int k = 0; k < TB_HOUR_LEVELS; k++) {
        p->meter.has_limit[k] = has[k];
        p->meter.limit[k] = limit[k];
        p->metered = p->metered || has[k];
    }
}

static void part_release(struct part *p)
{
    free(p->said);
    free(p->sums);
    tb_tuples_release(&p->keys);
    tb_spend_meter_release(&p->meter);
}

enum tb_status tb_spend_make(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                             int64_t version, int32_t day, const bool *wanted, struct tb_spend *const *out,
                             struct tb_err *err)
{
    struct maker m = {.db = db, .settings = s, .day = day};
    m.parts = calloc(tables->budget_count + 1, sizeof *m.parts);
    if (m.parts == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the budgets");
    }
    for (size_t i = 0; i < tables->budget_count; i++) {
        if (wanted[i]) {
            part_init(&m.parts[m.n++], &tables->budgets[i], out[i]);
        }
    }
    enum tb_status status = read_cells(&m, version, err);
    for (size_t i = 0; status == TB_OK && i < m.n; i++) {
        status = take_keys(&m.parts[i], err);
    }
    if (status == TB_OK) {
        status = meter_day(&m, tables, err);
    }
    for (size_t i = 0; i < m.n; i++) {
        part_release(&m.parts[i]);
    }
    free(m.parts);
    return status;
}
