/* Usage by any dimensions: one scan, priced event by event, added up by group. */
#include "rate/usage_run.h"

#include <assert.h>
#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)1 << 32) /* of the rows' keys */

enum tb_status tb_usage_out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE,
                      "a sum of tokens or money is out of range: ask for fewer days");
}

enum tb_status tb_usage_group(struct tb_usage_run *u, const struct tb_reading *e, uint32_t *group,
                              struct tb_err *err)
{
    uint32_t key[2 * TB_DIM_COUNT + 1] = {0};
    for (size_t i = 0; i < u->by_n; i++) {
        uint64_t code = (uint64_t)tb_usage_code(&u->keys, e, u->by[i]);
        key[2 * i] = (uint32_t)(code >> 32);
        key[2 * i + 1] = (uint32_t)code;
    }
    enum tb_status status = tb_tuples_add(&u->groups, key, group, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&u->rows, &u->row_cap, u->groups.n, sizeof *u->rows, err);
    }
    return status;
}

static bool add_tokens(struct tb_usage_row *row, const struct tb_reading *e)
{
    const struct {
        int64_t *to;
        enum tb_event_number from;
    } sums[] = {{&row->input, TB_N_INPUT},
                {&row->input, TB_N_TOTAL_ONLY},
                {&row->cache_read, TB_N_CACHE_READ},
                {&row->cache_write_5m, TB_N_CACHE_WRITE_5M},
                {&row->cache_write_1h, TB_N_CACHE_WRITE_1H},
                {&row->output, TB_N_OUTPUT},
                {&row->reasoning, TB_N_REASONING},
                {&row->total_only, TB_N_TOTAL_ONLY},
                {&row->saved, TB_N_SAVED},
                {&row->latency_ms, TB_N_LATENCY_MS}};
    bool bad = false;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        bad |= __builtin_add_overflow(*sums[i].to, e->number[sums[i].from], sums[i].to);
    }
    return !bad;
}

static enum tb_status add_cost(struct tb_usage_run *u, struct tb_usage_row *row, const struct tb_reading *e,
                               struct tb_err *err)
{
    struct tb_charge charge;
    enum tb_status status = tb_charge_event(u->reader.prices, &e->query, &charge, err);
    if (status != TB_OK) {
        return status;
    }
    if (charge.basis == TB_BASIS_UNPRICED) {
        row->unpriced++;
        return TB_OK;
    }
    row->has_cost = true;
    return tb_money_add(row->cost, charge.cost, &row->cost) ? TB_OK : tb_usage_out_of_range(err);
}

/* The values that averages and percentiles are of, where they are present; input as reported, totals
 * included. */
static enum tb_status add_values(struct tb_usage_run *u, uint32_t group, const struct tb_reading *e,
                                 struct tb_err *err)
{
    struct tb_usage_row *row = &u->rows[group];
    enum tb_status status = TB_OK;
    if (tb_reading_has(e, TB_N_INPUT) || tb_reading_has(e, TB_N_TOTAL_ONLY)) {
        row->input_n++;
        status = tb_values_add(&u->values[TB_UV_INPUT], group,
                               e->number[TB_N_INPUT] + e->number[TB_N_TOTAL_ONLY], err);
    }
    if (status == TB_OK && tb_reading_has(e, TB_N_OUTPUT)) {
        row->output_n++;
        status = tb_values_add(&u->values[TB_UV_OUTPUT], group, e->number[TB_N_OUTPUT], err);
    }
    if (status == TB_OK && tb_reading_has(e, TB_N_LATENCY_MS)) {
        row->latency_n++;
        status = tb_values_add(&u->values[TB_UV_LATENCY], group, e->number[TB_N_LATENCY_MS], err);
    }
    return status;
}

static enum tb_status add_event(struct tb_usage_run *u, const struct tb_reading *e, struct tb_err *err)
{
    uint32_t group = 0;
    bool passes = false;
    enum tb_status status = tb_usage_passes(&u->keys, e, &passes, err);
    if (status != TB_OK || !passes) {
        return status;
    }
    status = tb_usage_group(u, e, &group, err);
    if (status == TB_OK) {
        status = tb_values_add(&u->values[TB_UV_CONSUMER], group, e->text[TB_T_CONSUMER], err);
    }
    if (status != TB_OK) {
        return status;
    }
    struct tb_usage_row *row = &u->rows[group];
    row->requests++;
    row->errors += e->error;
    row->refused += e->refused;
    row->hidden += e->hidden;
    if (!add_tokens(row, e)) {
        return tb_usage_out_of_range(err);
    }
    status = add_cost(u, row, e, err);
    return status == TB_OK ? add_values(u, group, e, err) : status;
}

static enum tb_status scan(struct tb_usage_run *u, int64_t from_us, int64_t to_us, struct tb_err *err)
{
    struct tb_scan *s = NULL;
    struct tb_block block;
    struct tb_reading event = {0};
    enum tb_status status = tb_scan_open(u->reader.db, from_us, to_us, TB_READING_COLUMNS, &s, err);
    while (status == TB_OK) {
        status = tb_scan_next(s, &block, err);
        for (uint32_t i = 0; status == TB_OK && i < block.n; i++) {
            if ((block.flags[i] & TB_F_TOOL) == 0) {
                tb_reader_take(&u->reader, &block, i, &event);
                status = add_event(u, &event, err);
            }
        }
    }
    tb_scan_close(s);
    return status == TB_END ? TB_OK : status;
}

/* --- rows
 * ----------------------------------------------------------------------------------------------------------
 */

static int64_t *value_field(struct tb_usage_row *row, int v)
{
    switch (v) {
    case TB_UV_INPUT:
        return &row->input_p95;
    case TB_UV_OUTPUT:
        return &row->output_p95;
    case TB_UV_LATENCY:
        return &row->latency_p95;
    default:
        return &row->consumers;
    }
}

static enum tb_status fill_values(struct tb_usage_run *u, struct tb_err *err)
{
    uint32_t n = u->groups.n;
    int64_t *found = calloc((size_t)n + 1, sizeof *found);
    enum tb_status status = TB_OK;
    if (found == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a usage report");
    }
    for (int v = 0; status == TB_OK && v < TB_UV_COUNT; v++) {
        status = v == TB_UV_CONSUMER ? tb_values_distinct(&u->values[v], n, found, err)
                                     : tb_values_p95(&u->values[v], n, found, err);
        for (uint32_t g = 0; status == TB_OK && g < n; g++) {
            *value_field(&u->rows[g], v) = u->rollups ? -1 : found[g];
        }
    }
    free(found);
    return status;
}

static enum tb_status fill_keys(struct tb_usage_run *u, struct tb_arena *arena, struct tb_err *err)
{
    for (uint32_t g = 0; g < u->groups.n; g++) {
        const uint32_t *key = tb_tuples_at(&u->groups, g);
        u->rows[g].consumers_known = !u->rollups;
        for (size_t i = 0; i < u->by_n; i++) {
            char buf[TB_TS_TEXT_MAX];
            int64_t code = (int64_t)((uint64_t)key[2 * i] << 32 | key[2 * i + 1]);
            struct tb_str text = tb_usage_text(&u->keys, u->by[i], code, buf);
            u->rows[g].key[i] = tb_arena_str(arena, text);
            if (text.s != NULL && u->rows[g].key[i].s == NULL) {
                return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a usage report");
            }
        }
    }
    return TB_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct tb_usage_row *x = a;
    const struct tb_usage_row *y = b;
    int c = 0;
    for (int i = 0; c == 0 && i < TB_DIM_COUNT; i++) { /* keys that were not asked for are absent in both */
        c = tb_str_cmp(x->key[i], y->key[i]);
    }
    return c;
}

static enum tb_status make_rows(struct tb_usage_run *u, struct tb_usage *out, struct tb_err *err)
{
    out->arena = calloc(1, sizeof *out->arena);
    if (out->arena == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a usage report");
    }
    tb_arena_init(out->arena, TEXT_BYTES_MAX);
    enum tb_status status = fill_values(u, err);
    if (status == TB_OK) {
        status = fill_keys(u, out->arena, err);
    }
    if (status != TB_OK) {
        return status;
    }
    out->rows = u->rows;
    out->n = u->groups.n;
    u->rows = NULL;
    if (out->n > 1) {
        qsort(out->rows, out->n, sizeof *out->rows, by_key);
    }
    return TB_OK;
}

/* --- the query
 * ----------------------------------------------------------------------------------------------------- */

/* Whether [from, to) touches a day whose events are gone. */
static enum tb_status is_pruned(struct tb_db *db, int64_t from_us, int64_t to_us, bool *pruned,
                                struct tb_err *err)
{
    int64_t generation = 0;
    return tb_events_generation(db, from_us, to_us, &generation, pruned, err);
}

/* Day by day: pruned ones from their cells, the others from events. */
static enum tb_status read_days(struct tb_usage_run *u, int64_t version, int64_t from_us, int64_t to_us,
                                struct tb_err *err)
{
    const struct tb_zone *zone = u->reader.settings->zone;
    enum tb_status status = TB_OK;
    u->rollups = true;
    for (int64_t at = from_us; status == TB_OK && at < to_us;) {
        int32_t day = tb_zone_day(zone, at);
        int64_t start = tb_zone_day_start(zone, day), end = tb_zone_day_start(zone, day + 1);
        int64_t until = end < to_us ? end : to_us;
        bool pruned = false;
        status = is_pruned(u->reader.db, start, end, &pruned, err);
        if (status == TB_OK) {
            status = pruned ? tb_usage_cells(u, day, version, at, until, err) : scan(u, at, until, err);
        }
        at = until;
    }
    return status;
}

static enum tb_status read_range(struct tb_usage_run *u, int64_t version, int64_t from_us, int64_t to_us,
                                 struct tb_err *err)
{
    const struct tb_zone *zone = u->reader.settings->zone;
    bool pruned = false;
    enum tb_status status = TB_OK;
    if (from_us < to_us) { /* of whole civil days: one may be half pruned */
        status = is_pruned(u->reader.db, tb_zone_day_start(zone, tb_zone_day(zone, from_us)),
                           tb_zone_day_start(zone, tb_zone_day(zone, to_us - 1) + 1), &pruned, err);
    }
    if (status != TB_OK) {
        return status;
    }
    return pruned ? read_days(u, version, from_us, to_us, err) : scan(u, from_us, to_us, err);
}

enum tb_status tb_usage_query(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int64_t from_us, int64_t to_us, const enum tb_dim *by,
                              size_t by_n, const struct tb_where *where, size_t where_n, struct tb_usage *out,
                              struct tb_err *err)
{
    struct tb_usage_run u = {.by = by, .by_n = by_n};
    assert(by_n <= TB_DIM_COUNT);
    *out = (struct tb_usage){0};
    tb_tuples_init(&u.groups, by_n == 0 ? 1 : 2 * (uint32_t)by_n,
                   UINT32_C(1) << TB_VALUE_GROUP_BITS); /* 1.7 GB of rows */
    enum tb_status status = tb_reader_init(&u.reader, db, s, tables, false, err);
    if (status == TB_OK) {
        status = tb_usage_keys_init(&u.keys, &u.reader, where, where_n, err);
    }
    if (status == TB_OK) {
        status = read_range(&u, version, from_us, to_us, err);
    }
    if (status == TB_OK) {
        status = make_rows(&u, out, err);
    }
    if (status != TB_OK) {
        tb_usage_release(out);
    }
    for (int v = 0; v < TB_UV_COUNT; v++) {
        tb_values_release(&u.values[v]);
    }
    tb_usage_keys_release(&u.keys);
    tb_reader_release(&u.reader);
    tb_tuples_release(&u.groups);
    free(u.rows);
    return status;
}

void tb_usage_release(struct tb_usage *u)
{
    if (u->arena != NULL) {
        tb_arena_release(u->arena);
    }
    free(u->arena);
    free(u->rows);
    *u = (struct tb_usage){0};
}
