/* One chargeback line: what it says, the price rows in force with their
 * arithmetic; explain_events.c has the files and events. The events are priced
 * one by one and added up beside what the rollups say, so that a difference of
 * any size is told. */
#include "reports/columns.h"
#include "reports/explain_parts.h"
#include "reports/fill.h"
#include "reports/filter.h"
#include "reports/head.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const struct tb_column what[] = {
    TEXT("team", "team"), TEXT("cost_center", "cost centre"), TEXT("consumer", "consumer"), TEXT("source", "source"),
    TEXT("provider", "provider"), TEXT("model", "model"), TEXT("basis", "basis"), NUMBER("requests", "requests"),
    NUMBER("errors", "errors"), NUMBER("input", "input"), NUMBER("cache_read", "cache read"),
    NUMBER("cache_write_5m", "cache write 5m"), NUMBER("cache_write_1h", "cache write 1h"), NUMBER("output", "output"),
    NUMBER("reasoning", "reasoning"), NUMBER("total_only", "total only"), NUMBER("saved", "saved"), MONEY("cost", "cost")};

static const struct tb_column sums[] = {
    NUMBER("events", "events"), MONEY("cost", "cost"), MONEY("difference", "difference from the line"), TEXT("note", "note")};

static const struct tb_column prices[] = {
    TEXT("meter", "Meter"), PLACE("price_line", "Line of prices.csv"), TEXT("provider", "Provider"), TEXT("model", "Model"),
    TEXT("service_tier", "Service tier"), TEXT("context", "Context"), {"effective_from", "From", TB_CELL_INSTANT, false, false},
    {"effective_to", "To", TB_CELL_INSTANT, false, false}, TEXT("price", "Price"), PLACE("per", "Per"), NUMBER("quantity", "Quantity"),
    MONEY("cost", "Cost"), TEXT("arithmetic", "Arithmetic"), TEXT("note", "Note")};

static const struct tb_column files[] = {
    TEXT("file", "File"), TEXT("node", "Node"), TEXT("format", "Format"), PLACE("lines", "Lines in it"), NUMBER("events", "Events"),
    PLACE("first_line", "First line"), PLACE("last_line", "Last line"), MONEY("cost", "Cost")};

static const struct tb_column events[] = {
    {"ts", "When", TB_CELL_INSTANT, false, false}, TEXT("file", "File"), PLACE("log_line", "Line"), TEXT("id", "Call id"),
    PLACE("status", "Status"), TOKENS, NUMBER("total_only", "Total only"),
    NUMBER("saved", "Saved"), MONEY("cost", "Cost"), TEXT("charge", "Charged (@ line of prices.csv)")};
/* clang-format on */

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to explain a line");
}

static enum tb_status open_keyed(const struct tb_explaining *x, const char *sql, struct tb_query **out,
                                 struct tb_err *err)
{
    static const char *const names[TB_LINE_KEYS] = {"team",     "cost_center", "consumer", "source",
                                                    "provider", "model",       "basis"};
    enum tb_status st = tb_filter_open(NULL, x->q, sql, out, err);
    if (st != TB_OK) {
        return st;
    }
    for (int i = 0; i < TB_LINE_KEYS; i++) {
        tb_query_bind_text(*out, names[i], x->key->key[i]);
    }
    return TB_OK;
}

/* --- price rows ---- */

static const struct tb_price_row *price_row(const struct tb_tables *t, int64_t line)
{
    for (size_t i = 0; i < t->price_count; i++) {
        if ((int64_t)t->prices[i].line == line) {
            return &t->prices[i];
        }
    }
    return NULL;
}

static enum tb_status describe_price(struct tb_table *t, const struct tb_price_row *p, int64_t quantity,
                                     tb_money cost, struct tb_err *err)
{
    char context[64] = "", sum[TB_MONEY_TEXT_MAX], arithmetic[200];
    tb_money_format(cost, sum);
    snprintf(arithmetic, sizeof arithmetic, "%" PRId64 " x %.*s = %s", quantity, (int)p->price_text.n,
             p->price_text.s, sum);
    if (p->per != 1) {
        snprintf(arithmetic, sizeof arithmetic, "%" PRId64 " x %.*s / %" PRId64 " = %s", quantity,
                 (int)p->price_text.n, p->price_text.s, p->per, sum);
    }
    if (p->context >= 0) {
        snprintf(context, sizeof context, "%s %" PRId64 "%s", p->context_from ? "from" : "over", p->context,
                 p->marginal ? ", marginal" : "");
    }
    const struct {
        size_t column;
        struct tb_str text;
    } texts[] = {
        {P_PROVIDER, p->provider}, {P_MODEL, p->model},
        {P_TIER, p->service_tier}, {P_CONTEXT, context[0] != '\0' ? tb_str_of(context) : TB_STR_NULL},
        {P_PRICE, p->price_text},  {P_ARITHMETIC, tb_str_of(arithmetic)},
        {P_NOTE, p->note}};
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < COUNT(texts) && st == TB_OK; i++) {
        st = tb_table_text(t, texts[i].column, texts[i].text, err);
    }
    tb_table_int(t, P_LINE, (int64_t)p->line);
    tb_table_int(t, P_PER, p->per);
    if (p->from_us != INT64_MIN) {
        tb_table_int(t, P_FROM, p->from_us);
    }
    if (p->to_us != INT64_MAX) {
        tb_table_int(t, P_TO, p->to_us);
    }
    return st;
}

static enum tb_status add_price(struct tb_explaining *x, const struct tb_query *row, struct tb_err *err)
{
    struct tb_table *t = x->prices;
    tb_money cost = 0;
    int64_t line = tb_query_int(row, 1), quantity = tb_query_int(row, 2);
    bool has = tb_query_money(row, 3, &cost);
    assert(has);
    enum tb_status st = tb_table_row(t, err);
    if (st == TB_OK) {
        st = tb_table_text(t, P_METER, tb_query_text(row, 0), err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_table_int(t, P_QUANTITY, quantity);
    tb_table_money(t, P_COST, cost);
    const struct tb_price_row *p = line != 0 ? price_row(x->q->tables, line) : NULL;
    return p != NULL ? describe_price(t, p, quantity, cost, err)
                     : tb_table_text(t, P_ARITHMETIC, TB_STR("as the gateway logged it"), err);
}

static enum tb_status add_prices(struct tb_explaining *x, struct tb_err *err)
{
    struct tb_query *rows = NULL;
    enum tb_status st = open_keyed(x, "explain_charges.sql", &rows, err);
    while (st == TB_OK && (st = tb_query_step(rows, err)) == TB_OK) {
        st = add_price(x, rows, err);
    }
    tb_query_close(rows);
    return st == TB_END ? TB_OK : st;
}

/* --- the report ---- */

static enum tb_status add_prices_file(struct tb_report *r, const struct tb_explaining *x, struct tb_err *err)
{
    struct tb_query *row = NULL;
    enum tb_status st =
        tb_query_open(x->q->db, tb_embed_text(tb_embed_reports, "explain_prices.sql"), &row, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(row, "tables", x->q->version);
    st = tb_query_step(row, err);
    if (st == TB_OK || st == TB_END) {
        bool there = st == TB_OK;
        st = tb_parts_text(r, "prices_file", "prices", there ? tb_query_text(row, 0) : TB_STR_NULL, err);
        if (st == TB_OK) {
            st =
                tb_parts_text(r, "prices_digest", "digest", there ? tb_query_text(row, 1) : TB_STR_NULL, err);
        }
    }
    tb_query_close(row);
    return st;
}

static enum tb_status add_parts(struct tb_report *r, struct tb_explaining *x, struct tb_err *err)
{
    enum tb_status st = tb_head_add(r, x->q, err);
    if (st == TB_OK) {
        st = tb_parts_text(r, "line", "line", tb_str_of(x->key->id), err);
    }
    if (st == TB_OK) {
        st = add_prices_file(r, x, err);
    }
    if (st == TB_OK) {
        st = tb_parts_object(r, "keys", "Line", what, COUNT(what), &x->what, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "prices", "Price rows in force", prices, COUNT(prices), &x->prices, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "files", "Files it came from", files, COUNT(files), &x->files, err);
    }
    if (st == TB_OK) {
        st = tb_parts_object(r, "sum", "Its events add up to", sums, COUNT(sums), &x->sums, err);
    }
    if (st == TB_OK) {
        st = tb_parts_rows(r, "events", "Events", events, COUNT(events), &x->events, err);
    }
    r->main = x->events;
    return st;
}

static enum tb_status add_what(struct tb_explaining *x, struct tb_err *err)
{
    struct tb_query *row = NULL;
    enum tb_status st = open_keyed(x, "explain_line.sql", &row, err);
    if (st == TB_OK) {
        st = tb_query_step(row, err);
    }
    if (st == TB_OK) {
        st = tb_fill_row(x->what, 0, row, err);
    }
    tb_query_close(row);
    return st;
}

/* Closed days that have changed since: the chargeback still says what they were closed with. */
static enum tb_status note_charged(struct tb_explaining *x, struct tb_err *err)
{
    struct tb_query *row = NULL;
    char note[200], text[TB_MONEY_TEXT_MAX] = "";
    tb_money cost = 0;
    const struct tb_cell *now = tb_table_cell(x->what, 0, WHAT_COST);
    enum tb_status st = open_keyed(x, "explain_charged.sql", &row, err);
    if (st == TB_OK) {
        st = tb_query_step(row, err);
    }
    bool has = st == TB_OK && tb_query_money(row, 1, &cost);
    int64_t requests = st == TB_OK ? tb_query_int(row, 0) : 0;
    tb_query_close(row);
    if (st != TB_OK || (requests == tb_table_cell(x->what, 0, WHAT_REQUESTS)->number &&
                        (!has || now->null || cost == now->money))) {
        return st;
    }
    tb_money_format(cost, text);
    snprintf(note, sizeof note,
             "closed days have changed since: the chargeback says requests %" PRId64 "%s%s", requests,
             has ? ", cost " : "", text);
    return tb_table_text(x->sums, SUM_NOTE, tb_str_of(note), err);
}

enum tb_status tb_explain_line(const struct tb_report_query *q, const struct tb_explain_key *k,
                               struct tb_report **out, struct tb_err *err)
{
    struct tb_explaining x = {.q = q, .key = k};
    struct tb_report *r = tb_parts_new("explain", "Chargeback line");
    enum tb_status st = r != NULL ? add_parts(r, &x, err) : no_memory(err);
    if (st == TB_OK) {
        st = add_what(&x, err);
    }
    if (st == TB_OK) {
        st = add_prices(&x, err);
    }
    if (st == TB_OK) {
        st = tb_explain_add_events(&x, err);
    }
    if (st == TB_OK) {
        st = tb_explain_add_sums(&x, r, err);
    }
    if (st == TB_OK && tb_table_cell(x.sums, 0, SUM_NOTE)->null) {
        st = note_charged(&x, err);
    }
    free(x.list);
    free(x.metered);
    if (st != TB_OK) {
        tb_parts_free(r);
        r = NULL;
    }
    *out = r;
    return st;
}
