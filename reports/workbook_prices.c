/* Prices: every row in force at some instant of the day, and what was charged at it. The costs add up to the day's: what no row
 * priced but the gateway logged is a line of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/embed.h"
#include "reports/workbook_parts.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

enum {
    PROVIDER,
    MODEL,
    METER,
    UNIT,
    PRICE,
    CONDITION,
    FROM,
    TO,
    STATUS,
    QUANTITY,
    COST,
    LINE,
    NOTE,
    COLUMNS
};

static const struct tb_grid_column columns[COLUMNS] = {
    [PROVIDER] = {"Provider", TB_XS_TEXT | TB_XS_WRAP, false, 14},
    [MODEL] = {"Model", TB_XS_TEXT | TB_XS_WRAP, false, 28},
    [METER] = {"Meter", TB_XS_TEXT, false, 0},
    [UNIT] = {"Unit", TB_XS_TEXT, false, 0},
    [PRICE] = {"Price", TB_XS_PRICE | TB_XS_BOLD, false, 0},
    [CONDITION] = {"Only for", TB_XS_TEXT | TB_XS_WRAP, false, 22},
    [FROM] = {"Valid from", TB_XS_INSTANT, false, 0},
    [TO] = {"Valid to, exclusive", TB_XS_INSTANT, false, 0},
    [STATUS] = {"Status", TB_XS_TEXT, false, 20},
    [QUANTITY] = {"Charged units of the day", TB_XS_COUNT, false, 0},
    [COST] = {"Cost of the day, exact", TB_XS_COST, true, 0},
    [LINE] = {"Line in prices.csv", TB_XS_COUNT, false, 0},
    [NOTE] = {"Note", TB_XS_TEXT | TB_XS_WRAP, false, 30},
};

static const char *const meter_names[TB_METER_COUNT] = {
    [TB_METER_INPUT] = "Input",
    [TB_METER_CACHE_READ] = "Cache read",
    [TB_METER_CACHE_WRITE_5M] = "Cache write 5m",
    [TB_METER_CACHE_WRITE_1H] = "Cache write 1h",
    [TB_METER_OUTPUT] = "Output",
    [TB_METER_REASONING] = "Reasoning",
    [TB_METER_REQUEST] = "Request",
};

/* What was charged at a price row; line 0: by the gateway's log. */
struct use {
    int64_t line, quantity;
    tb_money cost;
};

struct uses {
    struct use *use;
    size_t n, cap;
};

static const struct use *find_use(const struct uses *u, int64_t line)
{
    for (size_t i = 0; i < u->n; i++) {
        if (u->use[i].line == line) {
            return &u->use[i];
        }
    }
    return NULL;
}

static enum tb_status add_use(struct uses *u, const struct tb_query *row, struct tb_err *err)
{
    if (u->n == u->cap) {
        size_t cap = u->cap == 0 ? 64 : u->cap * 2;
        struct use *use = realloc(u->use, cap * sizeof *use);
        if (use == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the prices of a day");
        }
        u->use = use;
        u->cap = cap;
    }
    struct use *at = &u->use[u->n++];
    *at = (struct use){tb_query_int(row, 0), tb_query_int(row, 1), 0};
    (void)tb_query_money(row, 2, &at->cost);
    return TB_OK;
}

static enum tb_status read_uses(const struct tb_report_query *q, struct uses *u, struct tb_err *err)
{
    struct tb_query *query = NULL;
    enum tb_status st =
        tb_query_open(q->db, tb_embed_text(tb_embed_reports, "workbook_prices.sql"), &query, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(query, "day", q->from_day);
    tb_query_bind_int(query, "tables", q->version);
    while (st == TB_OK && (st = tb_query_step(query, err)) == TB_OK) {
        st = add_use(u, query, err);
    }
    tb_query_close(query);
    return st == TB_END ? TB_OK : st;
}

static void write_unit(struct tb_grid *g, const struct tb_price_row *r)
{
    char text[48];
    const char *what = r->meter == TB_METER_REQUEST ? "request" : "token";
    if (r->per == 1) {
        snprintf(text, sizeof text, "1 %s", what);
    } else if (r->per == 1000) {
        snprintf(text, sizeof text, "1,000 %ss", what);
    } else {
        snprintf(text, sizeof text, "1,000,000 %ss", what);
    }
    tb_grid_text(g, UNIT, 0, tb_str_of(text));
}

static void write_condition(struct tb_grid *g, const struct tb_price_row *r)
{
    char text[256] = "";
    int n = 0;
    if (r->service_tier.s != NULL) {
        n = snprintf(text, sizeof text, "tier %.*s", (int)(r->service_tier.n < 100 ? r->service_tier.n : 100),
                     r->service_tier.s);
    }
    if (r->context >= 0) {
        snprintf(text + n, sizeof text - (size_t)n, "%scontext %s %" PRId64 "%s", n > 0 ? ", " : "",
                 r->context_from ? "from" : "over", r->context, r->marginal ? ", tokens above it" : "");
    }
    tb_grid_text(g, CONDITION, 0, text[0] != '\0' ? tb_str_of(text) : TB_STR_NULL);
}

/* An open end is a word, not a date. */
static void write_bound(const struct tb_workbook_book *b, struct tb_grid *g, int column, int64_t ts_us,
                        bool open)
{
    if (open || ts_us < 0) {
        tb_grid_text(g, column, TB_XS_MUTED, TB_STR("open"));
    } else {
        tb_grid_instant(g, column, tb_workbook_civil(b, ts_us));
    }
}

static void write_status(const struct tb_workbook_book *b, struct tb_grid *g, const struct tb_price_row *r)
{
    const struct tb_report_query *q = b->w->q;
    bool begins =
        r->from_us >= q->from_us && r->from_us<q->to_us, ends = r->to_us> q->from_us && r->to_us < q->to_us;
    if (begins || ends) {
        tb_grid_text(g, STATUS, TB_XS_WARN, begins ? TB_STR("Changed: begins") : TB_STR("Changed: ends"));
    } else {
        tb_grid_text(g, STATUS, 0, TB_STR("In force all day"));
    }
}

static void write_use(struct tb_grid *g, const struct use *u)
{
    if (u == NULL) {
        tb_grid_text(g, QUANTITY, TB_XS_MUTED, TB_STR("-"));
        tb_grid_money(g, COST, 0);
    } else {
        tb_grid_count(g, QUANTITY, u->quantity);
        tb_grid_money(g, COST, u->cost);
    }
}

static void write_row(const struct tb_workbook_book *b, struct tb_grid *g, const struct tb_price_row *r,
                      const struct uses *u)
{
    tb_money price = 0;
    tb_grid_row(g);
    tb_grid_text(g, PROVIDER, r->provider.s == NULL ? TB_XS_MUTED : 0,
                 r->provider.s == NULL ? TB_STR("any") : r->provider);
    tb_grid_text(g, MODEL, 0, r->model);
    tb_grid_text(g, METER, 0, tb_str_of(meter_names[r->meter]));
    write_unit(g, r);
    if (tb_money_mul(r->price, r->per, &price)) {
        tb_grid_money(g, PRICE, price);
    } else {
        tb_grid_text(g, PRICE, 0, r->price_text);
    }
    write_condition(g, r);
    write_bound(b, g, FROM, r->from_us, r->from_us == INT64_MIN);
    write_bound(b, g, TO, r->to_us, r->to_us == INT64_MAX);
    write_status(b, g, r);
    write_use(g, find_use(u, (int64_t)r->line));
    tb_grid_count(g, LINE, (int64_t)r->line);
    tb_grid_text(g, NOTE, 0, r->note);
}

static void write_logged(struct tb_grid *g, const struct use *u)
{
    static const struct tb_str words = {"cost as the gateway logged it",
                                        sizeof "cost as the gateway logged it" - 1};
    tb_grid_row(g);
    for (int i = 0; i < COLUMNS; i++) {
        if (i == MODEL) {
            tb_grid_text(g, i, TB_XS_MUTED, words);
        } else if (i == COST) {
            tb_grid_money(g, i, u->cost);
        } else {
            tb_grid_blank(g, i);
        }
    }
}

enum tb_status tb_workbook_prices(struct tb_workbook_book *b, struct tb_err *err)
{
    struct tb_grid g;
    struct uses uses = {.n = 0};
    char words[96];
    const struct tb_tables *t = b->w->q->tables;
    enum tb_status st = read_uses(b->w->q, &uses, err);
    if (st != TB_OK) {
        free(uses.use);
        return st;
    }
    snprintf(words, sizeof words, "table version %" PRId64 "; times in %s", b->w->q->version,
             tb_zone_name(b->w->q->settings->zone));
    tb_workbook_head(b, b->prices, "Prices in force on the day", words);
    tb_grid_begin(&g, b->prices, 3, columns, COLUMNS, TB_WORKBOOK_LINES_MAX);
    for (size_t i = 0; i < t->price_count; i++) {
        if (t->prices[i].from_us < b->w->q->to_us && t->prices[i].to_us > b->w->q->from_us) {
            write_row(b, &g, &t->prices[i], &uses);
        }
    }
    const struct use *logged = find_use(&uses, 0);
    if (logged != NULL) {
        write_logged(&g, logged);
    }
    tb_grid_end(&g, "PriceLines", "No price is in force on this day.", "prices.csv");
    tb_workbook_freeze(b->prices, &g);
    tb_xlsx_split(b->prices, METER + 1, STATUS);
    free(uses.use);
    return TB_OK;
}
