#include "rate/budget.h"

#include <stdlib.h>
#include "base/embed.h"
#include "rate/forecast.h"
#include "rate/reduce.h"
#include "rate/tuple.h"
#include "rate/usage_key.h"
#include "store/query.h"

void tb_period_bounds(enum tb_period period, int32_t day, int32_t *first, int32_t *next)
{
    int year, month, mday;
    switch (period) {
    case TB_PERIOD_WEEK:
        *first = day - tb_day_weekday(day);
        *next = *first + 7;
        return;
    case TB_PERIOD_MONTH:
        tb_day_civil(day, &year, &month, &mday);
        *first = tb_day_of_civil(year, month, 1);
        *next = month == 12 ? tb_day_of_civil(year + 1, 1, 1) : tb_day_of_civil(year, month + 1, 1);
        return;
    default:
        *first = day;
        *next = day + 1;
    }
}

int32_t tb_budget_first_day(const struct tb_tables *tables, int32_t from_day)
{
    int32_t first = from_day - TB_BUDGET_HISTORY_DAYS;
    for (size_t i = 0; i < tables->budget_count; i++) {
        int32_t begin, next;
        tb_period_bounds(tables->budgets[i].period, from_day, &begin, &next);
        first = begin - 1 < first ? begin - 1 : first; /* a stretch may have begun the evening before */
    }
    return first;
}

enum tb_status tb_budget_last_call(struct tb_db *db, int64_t from_us, int64_t to_us, int64_t *as_of_us,
                                   struct tb_err *err)
{
    int64_t ts = 0;
    enum tb_status status = tb_events_edge(db, from_us, to_us, true, &ts, err);
    *as_of_us = status == TB_OK ? ts + 1 : from_us;
    return status == TB_END ? TB_OK : status;
}

/* --- when levels were crossed ----------------------------------------------------------------------------------------- */

/* Who reads calls: made for the first hour that is looked into, and kept for the others, since it remembers consumers. */
struct hour_reader {
    struct tb_reader reader;
    bool made;
};

/* One hour's calls, priced ahead of their turn. */
struct crossing {
    struct tb_reader *reader;
    struct tb_usage_keys keys;
    bool filtered;
    _Alignas(64) struct tb_budget_out *out; /* from here on what the calls' turn writes */
    enum tb_level goal;                     /* the level at the hour's end: what is above is not looked for */
    tb_money sum;
};

static void note(struct tb_budget_out *out, tb_money sum, int64_t ts_us)
{
    for (int level = (int)tb_level_of(sum, out->row->amount); level > TB_LEVEL_OK; level--) {
        if (out->crossed_us[level] == TB_TS_NONE) {
            out->crossed_us[level] = ts_us;
        }
    }
}

/* The cost of each call, 0 for one that does not belong to the budget. */
static enum tb_status prepare(void *ctx, const struct tb_block *b, void *room, struct tb_err *err)
{
    struct crossing *c = ctx;
    tb_money *cost = room;
    bool billed = tb_source_billed(c->reader->settings, tb_dict_text(c->reader->db, b->source));
    enum tb_status status = TB_OK;
    for (uint32_t i = 0; status == TB_OK && i < b->n; i++) {
        bool passes = billed && (b->flags[i] & TB_F_TOOL) == 0;
        cost[i] = 0;
        if (passes && c->filtered) {
            status = tb_usage_passes_row(&c->keys, b, i, &passes, err);
        }
        if (status == TB_OK && passes) {
            status = tb_reader_cost(c->reader, b, i, &cost[i], err);
        }
    }
    return status;
}

/* Costs are never negative: once the goal is reached, so is all that will be. */
static bool each_event(void *ctx, const struct tb_block *b, uint32_t row)
{
    struct crossing *c = ctx;
    tb_money cost = ((const tb_money *)b->room)[row];
    if (cost != 0) {
        c->sum += cost;
        note(c->out, c->sum, b->ts_us[row]);
    }
    return c->out->crossed_us[c->goal] == TB_TS_NONE;
}

struct asked {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables;
    const struct tb_spends *spends;
    int64_t as_of_us;
    struct hour_reader *reader;
};

/* The calls of one hour, in which a level is crossed. */
static enum tb_status look_into_hour(const struct asked *a, struct tb_budget_out *out, tb_money before,
                                     int64_t from_us, int64_t to_us, struct tb_err *err)
{
    struct crossing c = {.reader = &a->reader->reader,
                         .out = out,
                         .sum = before,
                         .goal = tb_level_of(out->spent, out->row->amount)};
    struct tb_where where = {TB_DIM_DAY, out->row->match};
    c.filtered = tb_budget_dim(out->row->dimension, &where.dim) && where.glob.s != NULL;
    struct tb_ordered_how how = {.columns = TB_PRICING_COLUMNS,
                                 .room_bytes = sizeof(tb_money),
                                 .prepare = prepare,
                                 .each = each_event,
                                 .ctx = &c,
                                 .ahead = true};
    enum tb_status status = TB_OK;
    if (!a->reader->made) {
        status = tb_reader_init(c.reader, a->db, a->settings, a->tables, false, err);
        a->reader->made = status == TB_OK;
    }
    if (status == TB_OK && c.filtered) {
        status = tb_usage_keys_init(&c.keys, c.reader, &where, 1, err);
        how.columns |= status == TB_OK ? tb_usage_columns(&c.keys) : 0;
    }
    if (status == TB_OK) {
        status = tb_events_prepared(a->db, from_us, to_us, &how, err);
    }
    if (c.filtered) {
        tb_usage_keys_release(&c.keys);
    }
    return status;
}

/* --- one row ---------------------------------------------------------------------------------------------------------- */

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "what a budget spent is out of range");
}

static enum tb_status add_hour(const struct asked *a, struct tb_budget_out *out,
                               const struct tb_spend_hour *h, int64_t day_end, struct tb_err *err)
{
    tb_money before = out->spent;
    if (!tb_money_add(out->spent, h->cost, &out->spent)) {
        return out_of_range(err);
    }
    enum tb_level level = tb_level_of(out->spent, out->row->amount);
    enum tb_status status = TB_OK;
    if (level > tb_level_of(before, out->row->amount)) {
        int64_t end = h->hour_us + 3 * TB_US_PER_H < day_end ? h->hour_us + 3 * TB_US_PER_H : day_end;
        end = tb_zone_hour_start(a->settings->zone, h->hour_us + TB_US_PER_H) == h->hour_us
                  ? end
                  : h->hour_us + TB_US_PER_H;
        status = look_into_hour(a, out, before, h->hour_us, end < a->as_of_us ? end : a->as_of_us, err);
        note(out, out->spent, h->hour_us); /* the calls are gone: the hour */
    }
    return status;
}

static enum tb_status add_spent(const struct asked *a, size_t budget, struct tb_budget_out *out,
                                int32_t first, int32_t next, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (int32_t day = first; status == TB_OK && day < next; day++) {
        const struct tb_spend *d = tb_spends_at(a->spends, budget, day);
        int64_t end = tb_zone_day_start(a->settings->zone, day + 1);
        for (size_t i = 0; d != NULL && status == TB_OK && i < d->hour_n && d->hours[i].hour_us < a->as_of_us;
             i++) {
            status = add_hour(a, out, &d->hours[i], end, err);
        }
    }
    if (status == TB_OK && !tb_money_sub(out->row->amount, out->spent, &out->remaining)) {
        return out_of_range(err);
    }
    out->level = tb_level_of(out->spent, out->row->amount);
    return status;
}

static bool is_long_enough(const struct tb_stretch *x)
{
    static const int64_t least[TB_HOUR_LEVELS] = {60 * TB_US_PER_MIN, 30 * TB_US_PER_MIN, 0};
    return x->end_us - x->start_us >= least[x->level];
}

static enum tb_status put_hours(struct tb_budget_out *out, const struct tb_stretch *x, struct tb_err *err)
{
    if (x->end_us <= out->start_us || !is_long_enough(x)) {
        return TB_OK;
    }
    enum tb_status status =
        tb_tuples_grow((void **)&out->hours, &out->hour_cap, out->hour_n + 1, sizeof *out->hours, err);
    if (status == TB_OK) {
        out->hours[out->hour_n++] = *x;
    }
    return status;
}

/* The days' pieces joined where a day's end cut them, up to the end of the period or the asked instant. */
static enum tb_status add_hours(const struct asked *a, size_t budget, struct tb_budget_out *out, int32_t next,
                                int level, struct tb_err *err)
{
    struct tb_stretch open = {.start_us = TB_TS_NONE};
    int64_t cut = out->end_us < a->as_of_us ? out->end_us : a->as_of_us;
    enum tb_status status = TB_OK;
    for (int32_t day = a->spends->first_day; status == TB_OK && day < next; day++) {
        const struct tb_spend *d = tb_spends_at(a->spends, budget, day);
        for (size_t i = 0; d != NULL && status == TB_OK && i < d->over_n; i++) {
            struct tb_stretch x = d->over[i];
            if (x.level != level || x.start_us >= cut) {
                continue;
            }
            x.end_us = x.end_us < cut ? x.end_us : cut;
            if (open.start_us != TB_TS_NONE && x.start_us == open.end_us) {
                open.end_us = x.end_us;
                open.peak = x.peak > open.peak ? x.peak : open.peak;
                open.excess += x.excess;
                continue;
            }
            status = open.start_us != TB_TS_NONE ? put_hours(out, &open, err) : TB_OK;
            open = x;
        }
    }
    return status == TB_OK && open.start_us != TB_TS_NONE ? put_hours(out, &open, err) : status;
}

static int by_start(const void *a, const void *b)
{
    const struct tb_stretch *x = a, *y = b;
    return x->start_us != y->start_us ? (x->start_us < y->start_us ? -1 : 1) : x->level - y->level;
}

static enum tb_status add_forecast(const struct asked *a, size_t budget, struct tb_budget_out *out,
                                   int32_t next, struct tb_err *err)
{
    struct tb_forecast rest = {0, 0, 0};
    enum tb_status status = TB_OK;
    if (a->as_of_us < out->end_us) {
        status = tb_forecast_rest(a->settings, a->spends, budget, a->as_of_us, next, &rest, err);
    }
    if (status == TB_OK && (!tb_money_add(out->spent, rest.usual, &out->forecast) ||
                            !tb_money_add(out->spent, rest.low, &out->low) ||
                            !tb_money_add(out->spent, rest.high, &out->high))) {
        return out_of_range(err);
    }
    return status;
}

static enum tb_status make_row(const struct asked *a, size_t budget, int32_t first, int32_t next,
                               struct tb_budget_out *out, struct tb_err *err)
{
    out->row = &a->tables->budgets[budget];
    out->start_us = tb_zone_day_start(a->settings->zone, first);
    out->end_us = tb_zone_day_start(a->settings->zone, next);
    for (int level = 0; level <= TB_LEVEL_EXCEEDED; level++) {
        out->crossed_us[level] = TB_TS_NONE;
    }
    enum tb_status status = add_spent(a, budget, out, first, next, err);
    for (int level = 0; status == TB_OK && level < TB_HOUR_LEVELS; level++) {
        status = add_hours(a, budget, out, next, level, err);
    }
    if (out->hour_n > 1) {
        qsort(out->hours, out->hour_n, sizeof *out->hours, by_start);
    }
    return status == TB_OK ? add_forecast(a, budget, out, next, err) : status;
}

static int by_name(const void *a, const void *b)
{
    const struct tb_budget_out *x = a, *y = b;
    int c = tb_str_cmp(x->row->name, y->row->name);
    return c != 0 ? c : (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

enum tb_status tb_budget_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               int64_t version, int32_t from_day, int32_t to_day, int64_t as_of_us,
                               struct tb_budgets *out, struct tb_err *err)
{
    struct tb_spends spends;
    *out = (struct tb_budgets){.n = 0};
    enum tb_status status = tb_spends_read(db, s, tables, version, tb_budget_first_day(tables, from_day),
                                           to_day, false, false, &spends, err);
    if (status != TB_OK) {
        return status;
    }
    struct hour_reader reader = {.made = false};
    struct asked a = {db, s, tables, &spends, as_of_us, &reader};
    for (size_t i = 0; status == TB_OK && i < tables->budget_count; i++) {
        int32_t first, next;
        for (int32_t day = from_day; status == TB_OK && day <= to_day; day = next) {
            tb_period_bounds(tables->budgets[i].period, day, &first, &next);
            status = tb_tuples_grow((void **)&out->rows, &out->cap, out->n + 1, sizeof *out->rows, err);
            if (status == TB_OK) {
                status = make_row(&a, i, first, next, &out->rows[out->n++], err);
            }
        }
    }
    if (out->n > 1) {
        qsort(out->rows, out->n, sizeof *out->rows, by_name);
    }
    tb_spends_release(&spends);
    if (reader.made) {
        tb_reader_release(&reader.reader);
    }
    if (status != TB_OK) {
        tb_budget_release(out);
    }
    return status;
}

void tb_budget_release(struct tb_budgets *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->rows[i].hours);
    }
    free(b->rows);
    *b = (struct tb_budgets){.n = 0};
}
