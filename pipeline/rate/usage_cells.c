/* Usage of pruned days, from their rollups: all that can be added up is there. */
#include "base/embed.h"
#include "rate/reduce.h"
#include "rate/standing.h"
#include "rate/usage_run.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_rate[];

enum {
    C_HOUR,
    C_SOURCE,
    C_NODE,
    C_CONSUMER,
    C_TEAM,
    C_COST_CENTER,
    C_PROVIDER,
    C_MODEL,
    C_FEATURE,
    C_VARIANT,
    C_TRIGGER,
    C_BASIS,
    C_REQUESTS
};

/* The cell's dimensions as those of an event. */
static enum tb_status take_cell(struct tb_usage_run *u, const struct tb_query *q, struct tb_reading *e,
                                struct tb_err *err)
{
    static const struct {
        uint8_t text, column;
    } texts[] = {{TB_T_NODE, C_NODE},      {TB_T_CONSUMER, C_CONSUMER}, {TB_T_PROVIDER, C_PROVIDER},
                 {TB_T_MODEL, C_MODEL},    {TB_T_FEATURE, C_FEATURE},   {TB_T_VARIANT, C_VARIANT},
                 {TB_T_TRIGGER, C_TRIGGER}};
    struct tb_db *db = u->reader.db;
    *e = (struct tb_reading){.source = (uint32_t)tb_query_int(q, C_SOURCE), .account = TB_ACCOUNT_OF_CELL};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        e->text[texts[i].text] = (uint32_t)tb_query_int(q, texts[i].column); /* 0 for NULL */
    }
    tb_hour_at(&u->reader.hour, tb_query_int(q, C_HOUR));
    enum tb_status status =
        tb_usage_name(&u->keys, tb_dict_text(db, (uint32_t)tb_query_int(q, C_TEAM)), &u->keys.cell_team, err);
    return status == TB_OK
               ? tb_usage_name(&u->keys, tb_dict_text(db, (uint32_t)tb_query_int(q, C_COST_CENTER)),
                               &u->keys.cell_cost_center, err)
               : status;
}

static enum tb_status add_sums(struct tb_usage_row *row, const struct tb_query *q, struct tb_err *err)
{
    int64_t *const sums[] = {&row->requests, &row->errors,     &row->refused,        &row->hidden,
                             &row->input,    &row->cache_read, &row->cache_write_5m, &row->cache_write_1h,
                             &row->output,   &row->reasoning,  &row->total_only,     &row->saved,
                             &row->input_n,  &row->output_n,   &row->latency_n,      &row->latency_ms};
    int column = C_REQUESTS;
    bool bad = false;
    tb_money cost = 0;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        bad |= __builtin_add_overflow(*sums[i], tb_query_int(q, column++), sums[i]);
    }
    if (!tb_query_money(q, column, &cost)) {
        row->unpriced += tb_query_int(q, C_REQUESTS);
        return bad ? tb_usage_out_of_range(err) : TB_OK;
    }
    row->has_cost = true;
    return bad || !tb_money_add(row->cost, cost, &row->cost) ? tb_usage_out_of_range(err) : TB_OK;
}

static enum tb_status add_cell(struct tb_usage_run *u, const struct tb_query *q, struct tb_err *err)
{
    struct tb_reading e;
    uint32_t group = 0;
    bool passes = false;
    enum tb_status status = take_cell(u, q, &e, err);
    if (status == TB_OK) {
        status = tb_usage_passes(&u->keys, &e, &passes, err);
    }
    if (status == TB_OK && passes) {
        status = tb_usage_group(u, &e, &group, err);
    }
    return status == TB_OK && passes ? add_sums(&u->rows[group], q, err) : status;
}

/* Cells are of whole hours. */
static enum tb_status check_edges(const struct tb_usage_run *u, int64_t from_us, int64_t to_us,
                                  struct tb_err *err)
{
    const int64_t edges[] = {from_us, to_us};
    for (int i = 0; i < 2; i++) {
        struct tb_hour hour;
        tb_hour_init(&hour, u->reader.settings->zone);
        tb_hour_at(&hour, edges[i]);
        if (hour.start_us != edges[i]) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                              "the calls of that day are pruned: ask for whole hours of it");
        }
    }
    return TB_OK;
}

enum tb_status tb_usage_cells(struct tb_usage_run *u, int32_t day, int64_t version, int64_t from_us,
                              int64_t to_us, struct tb_err *err)
{
    struct tb_query *q = NULL;
    bool pruned = false;
    enum tb_status status = check_edges(u, from_us, to_us, err);
    if (status == TB_OK) {
        status = tb_standing_find(u->reader.db, u->reader.settings, day, &pruned, &version, err);
    }
    if (status == TB_OK) {
        status = tb_query_open(u->reader.db, tb_embed_text(tb_embed_rate, "usage_cells.sql"), &q, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_query_bind_int(q, "day", day);
    tb_query_bind_int(q, "tables", version);
    tb_query_bind_int(q, "from_us", from_us);
    tb_query_bind_int(q, "to_us", to_us);
    while (status == TB_OK && (status = tb_query_step(q, err)) == TB_OK) {
        status = add_cell(u, q, err);
    }
    tb_query_close(q);
    return status == TB_END ? TB_OK : status;
}
