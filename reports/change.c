/* The drivers of a change as rows, by one dimension. */
#include "reports/change.h"

#include <stdlib.h>
#include "detect/change.h"
#include "reports/head.h"
#include "reports/table/parts.h"
#include "store/events.h"

static const struct tb_column range[] = {{"from", "From", TB_CELL_DAY, false, false},
                                         {"to", "To", TB_CELL_DAY, false, false}};
static const struct tb_column delta[] = {{"delta", "change of cost:", TB_CELL_MONEY, false, false}};
static const struct tb_column drivers[] = {{"dimension", "Dimension", TB_CELL_TEXT, true, false},
                                           {"value", "Value", TB_CELL_TEXT, true, false},
                                           {"effect", "Effect", TB_CELL_TEXT, true, false},
                                           {"amount", "Amount", TB_CELL_MONEY, false, true}};

struct driver {
    struct tb_str value;
    tb_money effect[TB_EFFECT_COUNT];
};

static uint32_t value_of(const struct tb_change_cell *c, enum tb_dim by)
{
    return by == TB_DIM_FEATURE ? c->feature : by == TB_DIM_MODEL ? c->model : c->consumer;
}

static int by_value(const void *a, const void *b)
{
    return tb_str_cmp(((const struct driver *)a)->value, ((const struct driver *)b)->value);
}

static enum tb_status add_drivers(const struct tb_report_query *q, const struct tb_change *c, enum tb_dim by,
                                  struct tb_table *t, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    struct driver *d = calloc(c->n + 1, sizeof *d);
    if (d == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the drivers of a change");
    }
    for (size_t i = 0; i < c->n; i++) {
        d[i].value = tb_dict_text(q->db, value_of(&c->cell[i], by));
        memcpy(d[i].effect, c->cell[i].effect, sizeof d[i].effect);
    }
    if (c->n > 1) {
        qsort(d, c->n, sizeof *d, by_value);
    }
    for (size_t i = 0; i < c->n && st == TB_OK; i++) {
        bool last = i + 1 == c->n || !tb_str_eq(d[i].value, d[i + 1].value);
        for (int e = 0; e < TB_EFFECT_COUNT && st == TB_OK; e++) {
            if (!last) {
                d[i + 1].effect[e] += d[i].effect[e];
            } else if (d[i].effect[e] != 0) {
                st = tb_table_row(t, err);
                st = st == TB_OK ? tb_table_text(t, 0, tb_str_of(tb_dim_names[by]), err) : st;
                st = st == TB_OK ? tb_table_text(t, 1, d[i].value, err) : st;
                st = st == TB_OK ? tb_table_text(t, 2, tb_str_of(tb_effect_names[e]), err) : st;
                if (st == TB_OK) {
                    tb_table_money(t, 3, d[i].effect[e]);
                }
            }
        }
    }
    free(d);
    return st;
}

static enum tb_status add_range(struct tb_report *r, const char *key, const char *title, int32_t from,
                                int32_t to, struct tb_err *err)
{
    struct tb_table *t = NULL;
    enum tb_status st = tb_parts_object(r, key, title, range, 2, &t, err);
    if (st == TB_OK) {
        tb_table_int(t, 0, from);
        tb_table_int(t, 1, to);
    }
    return st;
}

static enum tb_dim dimension_of(const struct tb_report_query *q)
{
    return q->by_n > 0 ? q->by[0] : TB_DIM_CONSUMER;
}

int32_t tb_change_base(const struct tb_report_query *q)
{
    return q->from_day - (q->to_day - q->from_day + 7) / 7 * 7;
}

static enum tb_status fill(struct tb_report *r, const struct tb_report_query *q, struct tb_err *err)
{
    const struct tb_zone *zone = q->settings->zone;
    int32_t base_from = tb_change_base(q), base_to = base_from + q->to_day - q->from_day;
    struct tb_change c = {NULL, 0, 0, 0};
    struct tb_table *t = NULL;
    enum tb_status st = tb_head_add(r, q, err);
    st = st == TB_OK ? add_range(r, "base", "Against", base_from, base_to, err) : st;
    st = st == TB_OK ? add_range(r, "current", "Days", q->from_day, q->to_day, err) : st;
    if (st == TB_OK) {
        st = tb_change_read(q->db, q->settings, q->tables, tb_zone_day_start(zone, base_from),
                            tb_zone_day_start(zone, base_to + 1), q->from_us, q->to_us, &c, err);
    }
    st = st == TB_OK ? tb_parts_value(r, delta, &t, err) : st;
    if (st == TB_OK) {
        tb_table_money(t, 0, c.delta);
        st = tb_parts_rows(r, "drivers", "What drove the change", drivers, 4, &t, err);
    }
    if (st == TB_OK) {
        r->main = t;
        st = add_drivers(q, &c, dimension_of(q), t, err);
    }
    if (st == TB_OK) {
        st = tb_table_sort(t, "effect", 0, err); /* within their values, which stay together */
    }
    if (st == TB_OK) {
        st = tb_table_sort(t, "value", 0, err);
    }
    tb_change_release(&c);
    return st == TB_OK ? tb_table_sort(r->main, q->sort, q->top, err) : st;
}

enum tb_status tb_change_build(const struct tb_report_query *q, struct tb_report **out, struct tb_err *err)
{
    enum tb_dim by = dimension_of(q);
    if (q->by_n > 1 || (by != TB_DIM_CONSUMER && by != TB_DIM_FEATURE && by != TB_DIM_MODEL)) {
        return tb_err_set(err, TB_FAIL, TB_E_USAGE, "--by of \"change\" is one of consumer, feature, model");
    }
    enum tb_status st = tb_head_refuse_where(q, "change", err);
    if (st == TB_OK) {
        st = tb_head_refuse_pruned(q, "change", tb_change_base(q), err);
    }
    return st != TB_OK ? st : tb_head_build("change", "Change of cost", q, fill, out, err);
}
