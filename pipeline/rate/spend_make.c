#include "rate/spend_make.h"

#include <stdlib.h>
#include "base/embed.h"
#include "base/glob.h"
#include "rate/reduce.h"
#include "rate/spend_parts.h"
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

static bool text_passes(const struct tb_spend_part *p, struct tb_str text)
{
    return p->row->match.s == NULL || (text.s != NULL && tb_glob_match(p->row->match, text));
}

/* day and hour: the texts that --where would see. */
static bool time_passes(const struct tb_spend_maker *m, const struct tb_spend_part *p, int64_t hour_us)
{
    char text[TB_TS_TEXT_MAX];
    size_t n = p->dim == TB_DIM_DAY ? tb_day_format(m->day, text) : tb_ts_format(hour_us, text);
    return text_passes(p, (struct tb_str){text, n});
}

static enum tb_status cell_passes(const struct tb_spend_maker *m, struct tb_spend_part *p,
                                  const struct tb_query *q, bool *passes, struct tb_err *err)
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

static enum tb_status add_to_part(const struct tb_spend_maker *m, struct tb_spend_part *p,
                                  const struct tb_query *q, tb_money cost, struct tb_err *err)
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

static enum tb_status read_cells(struct tb_spend_maker *m, int64_t version, struct tb_err *err)
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

static enum tb_status take_keys(struct tb_spend_part *p, struct tb_err *err)
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

/* --- a day -------------------------------------------------------------------------------------------------------------- */

static void part_init(struct tb_spend_part *p, const struct tb_budget_row *row, struct tb_spend *out)
{
    enum tb_dim key = TB_DIM_DAY;
    *p = (struct tb_spend_part){.row = row, .out = out, .column = -1, .key_column = -1};
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

static void part_release(struct tb_spend_part *p)
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
    struct tb_spend_maker m = {.db = db, .settings = s, .day = day};
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
        status = tb_spend_meter_day(&m, tables, err);
    }
    for (size_t i = 0; i < m.n; i++) {
        part_release(&m.parts[i]);
    }
    free(m.parts);
    return status;
}
