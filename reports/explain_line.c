/* One chargeback line: what it says, the price rows in force with their arithmetic, the files, the events. The events are priced one by
 * one and added up beside what the rollups say, so that a difference of any size is told. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "rate/trace.h"
#include "reports/explain.h"
#include "reports/fill.h"
#include "reports/head.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

#define TEXT(key, label)                                                                                     \
    {                                                                                                        \
        key, label, TB_CELL_TEXT, true, false                                                                \
    }
#define NUMBER(key, label)                                                                                   \
    {                                                                                                        \
        key, label, TB_CELL_INT, false, true                                                                 \
    }
#define PLACE(key, label)                                                                                    \
    {                                                                                                        \
        key, label, TB_CELL_INT, false, false                                                                \
    }
#define MONEY(key, label)                                                                                    \
    {                                                                                                        \
        key, label, TB_CELL_MONEY, false, true                                                               \
    }
#define TOKENS                                                                                               \
    NUMBER("input", "Input"), NUMBER("cache_read", "Cache read"),                                            \
        NUMBER("cache_write_5m", "Cache write 5m"), NUMBER("cache_write_1h", "Cache write 1h"),              \
        NUMBER("output", "Output"), NUMBER("reasoning", "Reasoning"), NUMBER("total_only", "Total only"),    \
        NUMBER("saved", "Saved")
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* clang-format off */
static const struct tb_column what[] = {
    TEXT("team", "team"), TEXT("cost_center", "cost centre"), TEXT("consumer", "consumer"), TEXT("source", "source"),
    TEXT("provider", "provider"), TEXT("model", "model"), TEXT("basis", "basis"), NUMBER("requests", "requests"),
    NUMBER("errors", "errors"), NUMBER("input", "input"), NUMBER("cache_read", "cache read"),
    NUMBER("cache_write_5m", "cache write 5m"), NUMBER("cache_write_1h", "cache write 1h"), NUMBER("output", "output"),
    NUMBER("reasoning", "reasoning"), NUMBER("total_only", "total only"), NUMBER("saved", "saved"), MONEY("cost", "cost")};
enum { WHAT_REQUESTS = 7, WHAT_ERRORS, WHAT_INPUT, WHAT_COST = 17 };

static const struct tb_column sums[] = {
    NUMBER("events", "events"), MONEY("cost", "cost"), MONEY("difference", "difference from the line"), TEXT("note", "note")};
enum { SUM_EVENTS, SUM_COST, SUM_DIFFERENCE, SUM_NOTE };

static const struct tb_column prices[] = {
    TEXT("meter", "Meter"), PLACE("price_line", "Line of prices.csv"), TEXT("provider", "Provider"), TEXT("model", "Model"),
    TEXT("service_tier", "Service tier"), TEXT("context", "Context"), {"effective_from", "From", TB_CELL_INSTANT, false, false},
    {"effective_to", "To", TB_CELL_INSTANT, false, false}, TEXT("price", "Price"), PLACE("per", "Per"), NUMBER("quantity", "Quantity"),
    MONEY("cost", "Cost"), TEXT("arithmetic", "Arithmetic"), TEXT("note", "Note")};
enum { P_METER, P_LINE, P_PROVIDER, P_MODEL, P_TIER, P_CONTEXT, P_FROM, P_TO, P_PRICE, P_PER, P_QUANTITY, P_COST, P_ARITHMETIC, P_NOTE };

static const struct tb_column files[] = {
    TEXT("file", "File"), TEXT("node", "Node"), TEXT("format", "Format"), PLACE("lines", "Lines in it"), NUMBER("events", "Events"),
    PLACE("first_line", "First line"), PLACE("last_line", "Last line"), MONEY("cost", "Cost")};
enum { F_FILE, F_NODE, F_FORMAT, F_LINES, F_EVENTS, F_FIRST, F_LAST, F_COST };

static const struct tb_column events[] = {
    {"ts", "When", TB_CELL_INSTANT, false, false}, TEXT("file", "File"), PLACE("log_line", "Line"), TEXT("id", "Call id"),
    PLACE("status", "Status"), TOKENS, MONEY("cost", "Cost"), TEXT("charge", "Charged (@ line of prices.csv)")};
enum { E_TS, E_FILE, E_LINE, E_ID, E_STATUS, E_INPUT, E_COST = E_INPUT + 8, E_CHARGE };
/* clang-format on */

/* A file as far as the line has events of it. */
struct source_file {
    uint32_t file;
    char name[2400];
    size_t row; /* of files */
    int64_t events, first, last;
    tb_money cost;
};

/* What the events came to at one meter and price row. */
struct metered {
    enum tb_meter meter;
    uint64_t line; /* 0: as logged */
    int64_t quantity;
    tb_money cost;
};

struct explaining {
    const struct tb_report_query *q;
    const struct tb_explain_key *key;
    struct tb_table *what, *sums, *prices, *files, *events;
    struct tb_query *file;
    struct source_file *list;
    size_t n, cap, at;
    struct metered *metered;
    size_t metered_n, metered_cap;
    int64_t found, errors, tokens[8];
    tb_money cost;
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to explain a line");
}

static enum tb_status out_of_range(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the sum of a line's events is out of range");
}

static enum tb_status open_keyed(const struct explaining *x, const char *sql, struct tb_query **out,
                                 struct tb_err *err)
{
    static const char *const names[TB_LINE_KEYS] = {"team",     "cost_center", "consumer", "source",
                                                    "provider", "model",       "basis"};
    enum tb_status st = tb_query_open(x->q->db, tb_embed_text(tb_embed_reports, sql), out, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(*out, "from_day", x->q->from_day);
    tb_query_bind_int(*out, "to_day", x->q->to_day);
    tb_query_bind_int(*out, "tables", x->q->version);
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

static enum tb_status add_price(struct explaining *x, const struct tb_query *row, struct tb_err *err)
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

static enum tb_status add_prices(struct explaining *x, struct tb_err *err)
{
    struct tb_query *rows = NULL;
    enum tb_status st = open_keyed(x, "explain_charges.sql", &rows, err);
    while (st == TB_OK && (st = tb_query_step(rows, err)) == TB_OK) {
        st = add_price(x, rows, err);
    }
    tb_query_close(rows);
    return st == TB_END ? TB_OK : st;
}

/* --- files ---- */

static enum tb_status new_file(struct explaining *x, uint32_t file, struct tb_err *err)
{
    if (x->n == x->cap) {
        size_t cap = x->cap == 0 ? 16 : 2 * x->cap;
        struct source_file *wider = realloc(x->list, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        x->list = wider;
        x->cap = cap;
    }
    struct source_file *f = &x->list[x->n];
    *f = (struct source_file){.file = file, .row = tb_table_rows(x->files), .first = INT64_MAX};
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
static enum tb_status find_file(struct explaining *x, uint32_t file, struct tb_err *err)
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
    const struct source_file *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c != 0 ? c : (x->file > y->file) - (x->file < y->file);
}

static enum tb_status add_files(struct explaining *x, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (x->n > 1) {
        qsort(x->list, x->n, sizeof *x->list, by_name);
    }
    for (size_t i = 0; i < x->n && st == TB_OK; i++) {
        const struct source_file *f = &x->list[i];
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

static enum tb_status add_metered(struct explaining *x, enum tb_meter meter, uint64_t line, int64_t quantity,
                                  tb_money cost, struct tb_err *err)
{
    size_t i = 0;
    while (i < x->metered_n && (x->metered[i].meter != meter || x->metered[i].line != line)) {
        i++;
    }
    if (i == x->metered_cap) {
        size_t cap = x->metered_cap == 0 ? 16 : 2 * x->metered_cap;
        struct metered *wider = realloc(x->metered, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        x->metered = wider;
        x->metered_cap = cap;
    }
    if (i == x->metered_n) {
        x->metered[x->metered_n++] = (struct metered){meter, line, 0, 0};
    }
    struct metered *m = &x->metered[i];
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

static enum tb_status list_event(struct explaining *x, const struct tb_trace_event *e, struct tb_err *err)
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

static enum tb_status count_event(struct explaining *x, const struct tb_trace_event *e, struct tb_err *err)
{
    const struct tb_block *b = e->block;
    const struct tb_charge *c = e->charge;
    struct source_file *f = &x->list[x->at];
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
    struct explaining *x = ctx;
    enum tb_status st = find_file(x, e->block->file, err);
    if (st == TB_OK) {
        st = count_event(x, e, err);
    }
    return st == TB_OK && (x->q->top == 0 || tb_table_rows(x->events) < x->q->top) ? list_event(x, e, err)
                                                                                   : st;
}

static enum tb_status add_events(struct explaining *x, struct tb_err *err)
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

static bool meters_agree(const struct explaining *x)
{
    size_t rows = tb_table_rows(x->prices), agree = 0;
    for (size_t row = 0; row < rows; row++) {
        struct tb_str meter = tb_table_cell(x->prices, row, P_METER)->text;
        const struct tb_cell *line = tb_table_cell(x->prices, row, P_LINE);
        for (size_t i = 0; i < x->metered_n; i++) {
            const struct metered *m = &x->metered[i];
            agree += m->line == (line->null ? 0 : (uint64_t)line->number) &&
                     tb_str_eq(meter, tb_str_of(tb_meter_names[m->meter])) &&
                     m->quantity == tb_table_cell(x->prices, row, P_QUANTITY)->number &&
                     m->cost == tb_table_cell(x->prices, row, P_COST)->money;
        }
    }
    return agree == rows && x->metered_n == rows;
}

/* As the line counts them: input with total_only. */
static bool counts_agree(const struct explaining *x)
{
    bool agree = tb_table_cell(x->what, 0, WHAT_REQUESTS)->number == x->found &&
                 tb_table_cell(x->what, 0, WHAT_ERRORS)->number == x->errors;
    for (int n = TB_N_INPUT; n <= TB_N_SAVED; n++) {
        int64_t v = x->tokens[n] + (n == TB_N_INPUT ? x->tokens[TB_N_TOTAL_ONLY] : 0);
        agree = agree && tb_table_cell(x->what, 0, (size_t)(WHAT_INPUT + n))->number == v;
    }
    return agree;
}

/* The events against the line; of a pruned day there is nothing to hold against it. */
static enum tb_status add_sums(struct explaining *x, struct tb_report *r, struct tb_err *err)
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
                             TB_STR("the events of this day were pruned; the price rows are of its rollups"),
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

/* --- the report ---- */

static enum tb_status add_prices_file(struct tb_report *r, const struct explaining *x, struct tb_err *err)
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

static enum tb_status add_parts(struct tb_report *r, struct explaining *x, struct tb_err *err)
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

static enum tb_status add_what(struct explaining *x, struct tb_err *err)
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

enum tb_status tb_explain_line(const struct tb_report_query *q, const struct tb_explain_key *k,
                               struct tb_report **out, struct tb_err *err)
{
    struct explaining x = {.q = q, .key = k};
    struct tb_report *r = tb_parts_new("explain", "Chargeback line");
    enum tb_status st = r != NULL ? add_parts(r, &x, err) : no_memory(err);
    if (st == TB_OK) {
        st = add_what(&x, err);
    }
    if (st == TB_OK) {
        st = add_prices(&x, err);
    }
    if (st == TB_OK) {
        st = add_events(&x, err);
    }
    if (st == TB_OK) {
        st = add_sums(&x, r, err);
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
