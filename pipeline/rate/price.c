/* Which rows: candidates by (provider, model, service tier), cut into epochs by their intervals and into
 * brackets by their thresholds, so that an event is priced by two small searches and a multiplication. */
#include "rate/price.h"

#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/glob.h"
#include "rate/match.h"
#include "rate/rates.h"
#include "rate/tuple.h"

#define BOOK_BYTES_MAX                                                                                       \
    ((size_t)1 << 30) /* of compiled prices: a hundred thousand models with dozens of rows each */
#define RECENT      256u
#define SMALL_PRICE ((tb_money)1 << 80) /* 1.2 currency units a token */

/* What ranks a row, apart from its meter. */
struct rank {
    int64_t key[7]; /* in CONTRACT.md's order, larger is higher */
};

/* One interval between two changes of a card's prices. */
struct epoch {
    int64_t *cuts; /* contexts at which a condition begins to hold, ascending: bracket i is below cuts[i] */
    size_t cut_n;
    struct tb_rates *rates; /* cut_n + 1; NULL before the first event in this epoch */
};

/* All that a (provider, model, service tier) can meet. */
struct card {
    const struct tb_price_row **rows[TB_METER_COUNT]; /* best first */
    size_t row_n[TB_METER_COUNT];
    int64_t *edges; /* instants at which a row begins or ends, ascending: epoch i is before edges[i] */
    size_t edge_n;
    struct epoch *epochs; /* edge_n + 1 */
};

/* A key looked up before: a day has few models, so that most events find theirs here. */
struct recent {
    uint32_t key[3];
    uint32_t card;                /* number + 1, 0 = none */
    int64_t from_us, to_us;       /* of the epoch asked for last */
    const struct tb_rates *rates; /* its only ones; NULL: it has brackets */
};

struct tb_pricebook {
    const struct tb_tables *tables;
    struct rank *ranks; /* of each row */
    struct tb_matcher models;
    struct tb_arena arena;
    struct tb_tuples keys; /* (provider, model, tier) -> card */
    struct card *cards;
    size_t card_cap;
    const struct tb_rates **numbered;
    size_t numbered_n, numbered_cap;
    struct recent recent[RECENT];
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the price table");
}

/* --- ranking
 * ------------------------------------------------------------------------------------------------------- */

static struct rank rank_of(const struct tb_price_row *row)
{
    bool any = row->provider.s == NULL;
    return (struct rank){{tb_glob_exact(row->model), tb_glob_literals(row->model),
                          !any && tb_glob_exact(row->provider), any ? 0 : tb_glob_literals(row->provider),
                          row->service_tier.s != NULL, row->context, row->context_from}};
}

/* Best first. The table's check leaves no two candidates of one event equal; the line settles it all the
 * same. */
static int by_rank(const void *a, const void *b, void *ctx)
{
    const struct tb_pricebook *book = ctx;
    const struct tb_price_row *x = *(const struct tb_price_row *const *)a;
    const struct tb_price_row *y = *(const struct tb_price_row *const *)b;
    const struct rank *rx = &book->ranks[x - book->tables->prices];
    const struct rank *ry = &book->ranks[y - book->tables->prices];
    for (size_t i = 0; i < sizeof rx->key / sizeof *rx->key; i++) {
        if (rx->key[i] != ry->key[i]) {
            return rx->key[i] > ry->key[i] ? -1 : 1;
        }
    }
    return (x->line > y->line) - (x->line < y->line);
}

/* --- the book
 * ------------------------------------------------------------------------------------------------------ */

enum tb_status tb_pricebook_new(const struct tb_tables *tables, struct tb_pricebook **out, struct tb_err *err)
{
    struct tb_pricebook *b = calloc(1, sizeof *b);
    struct tb_str *models = calloc(tables->price_count + 1, sizeof *models);
    enum tb_status status = TB_OK;
    *out = NULL;
    if (b == NULL || models == NULL) {
        status = no_memory(err);
        goto out;
    }
    b->tables = tables;
    tb_arena_init(&b->arena, BOOK_BYTES_MAX);
    tb_tuples_init(&b->keys, 3, TB_TUPLES_MAX);
    b->ranks = calloc(tables->price_count + 1, sizeof *b->ranks);
    if (b->ranks == NULL) {
        status = no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < tables->price_count; i++) {
        b->ranks[i] = rank_of(&tables->prices[i]);
        models[i] = tables->prices[i].model;
    }
    status = tb_matcher_init(&b->models, models, tables->price_count, err);
out:
    free(models);
    if (status == TB_OK) {
        *out = b;
    } else {
        tb_pricebook_free(b);
    }
    return status;
}

void tb_pricebook_free(struct tb_pricebook *b)
{
    if (b == NULL) {
        return;
    }
    tb_matcher_release(&b->models);
    tb_tuples_release(&b->keys);
    tb_arena_release(&b->arena);
    free(b->ranks);
    free(b->cards);
    free(b->numbered);
    free(b);
}

const struct tb_rates *tb_pricebook_numbered(const struct tb_pricebook *b, uint32_t number)
{
    assert(number < b->numbered_n);
    return b->numbered[number];
}

/* --- a card
 * -------------------------------------------------------------------------------------------------------- */

struct gather {
    struct tb_pricebook *book;
    const struct tb_price_query *query;
    const struct tb_price_row **rows;
    size_t n, cap;
};

static enum tb_status gather_row(void *ctx, uint32_t index, struct tb_err *err)
{
    struct gather *g = ctx;
    const struct tb_price_row *row = &g->book->tables->prices[index];
    if (!tb_glob_match(row->provider, g->query->provider) ||
        (row->service_tier.s != NULL && !tb_str_eq(row->service_tier, g->query->service_tier))) {
        return TB_OK;
    }
    enum tb_status status = tb_tuples_grow((void **)&g->rows, &g->cap, g->n + 1, sizeof *g->rows, err);
    if (status == TB_OK) {
        g->rows[g->n++] = row;
    }
    return status;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t unique_sorted(int64_t *v, size_t n)
{
    size_t kept = 0;
    qsort(v, n, sizeof *v, by_number);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || v[kept - 1] != v[i]) {
            v[kept++] = v[i];
        }
    }
    return kept;
}

/* How many of v (ascending) are at or below x: the number of the piece that x falls in. */
static size_t piece_of(const int64_t *v, size_t n, int64_t x)
{
    size_t i = 0;
    while (i < n && v[i] <= x) {
        i++;
    }
    return i;
}

/* Deals g's rows, already best first, out to their meters. */
static enum tb_status deal_rows(struct tb_pricebook *b, const struct gather *g, struct card *c,
                                struct tb_err *err)
{
    const struct tb_price_row **all = tb_arena_alloc(&b->arena, (g->n + 1) * sizeof *all);
    c->edges = tb_arena_alloc(&b->arena, (2 * g->n + 1) * sizeof *c->edges);
    if (all == NULL || c->edges == NULL) {
        return no_memory(err);
    }
    for (int meter = 0; meter < TB_METER_COUNT; meter++) {
        c->rows[meter] = all;
        for (size_t i = 0; i < g->n; i++) {
            if ((int)g->rows[i]->meter == meter) {
                *all++ = g->rows[i];
                c->row_n[meter]++;
            }
        }
    }
    for (size_t i = 0; i < g->n; i++) {
        if (g->rows[i]->from_us != INT64_MIN) {
            c->edges[c->edge_n++] = g->rows[i]->from_us;
        }
        if (g->rows[i]->to_us != INT64_MAX) {
            c->edges[c->edge_n++] = g->rows[i]->to_us;
        }
    }
    c->edge_n = unique_sorted(c->edges, c->edge_n);
    c->epochs = tb_arena_alloc(&b->arena, (c->edge_n + 1) * sizeof *c->epochs);
    return c->epochs == NULL ? no_memory(err) : TB_OK;
}

static enum tb_status make_card(struct tb_pricebook *b, const struct tb_price_query *q, uint32_t number,
                                struct tb_err *err)
{
    struct gather g = {.book = b, .query = q};
    enum tb_status status =
        tb_tuples_grow((void **)&b->cards, &b->card_cap, (size_t)number + 1, sizeof *b->cards, err);
    if (status == TB_OK) {
        b->cards[number] = (struct card){0};
        status = tb_matcher_each(&b->models, q->model, gather_row, &g, err);
    }
    if (status == TB_OK) {
        if (g.n > 1) {
            qsort_r(g.rows, g.n, sizeof *g.rows, by_rank, b);
        }
        status = deal_rows(b, &g, &b->cards[number], err);
    }
    free(g.rows);
    return status;
}

/* --- an epoch
 * ------------------------------------------------------------------------------------------------------ */

/* The smallest context at which row's condition holds; 0 without one. */
static int64_t row_cut(const struct tb_price_row *row)
{
    if (row->context < 0) {
        return 0;
    }
    return row->context_from || row->context == INT64_MAX ? row->context : row->context + 1;
}

static bool row_in_force(const struct tb_price_row *row, int64_t ts_us)
{
    return row->from_us <= ts_us && ts_us < row->to_us;
}

/* The best of a meter's rows in force that hold at context and whose threshold is below `below`. */
static const struct tb_price_row *best_row(const struct card *c, int meter, int64_t ts_us, int64_t context,
                                           int64_t below)
{
    for (size_t i = 0; i < c->row_n[meter]; i++) {
        const struct tb_price_row *row = c->rows[meter][i];
        if (row_in_force(row, ts_us) && row_cut(row) <= context && row->context < below) {
            return row;
        }
    }
    return NULL;
}

static bool has_candidate(const struct card *c, int meter, int64_t ts_us)
{
    for (size_t i = 0; i < c->row_n[meter]; i++) {
        if (row_in_force(c->rows[meter][i], ts_us)) {
            return true;
        }
    }
    return false;
}

/* The best row and, as long as it is marginal, the best with a smaller threshold for the tokens before it. */
static enum tb_status make_steps(struct tb_pricebook *b, const struct card *c, int meter, int64_t ts_us,
                                 int64_t context, struct tb_rate *out, struct tb_err *err)
{
    struct tb_rate_step *step = tb_arena_alloc(&b->arena, (c->row_n[meter] + 1) * sizeof *step);
    if (step == NULL) {
        return no_memory(err);
    }
    *out = (struct tb_rate){step, 0};
    const struct tb_price_row *row = best_row(c, meter, ts_us, context, INT64_MAX);
    while (row != NULL) {
        int64_t after = row->marginal && row->context > 0 ? row->context : 0;
        step[out->steps++] = (struct tb_rate_step){row, after};
        row = after == 0 ? NULL : best_row(c, meter, ts_us, context, row->context);
    }
    return TB_OK;
}

/* The meter at whose price m is charged: itself, or the first down its line that has a candidate. */
static int falls_to(const struct card *c, int m, int64_t ts_us)
{
    if (m == TB_METER_CACHE_WRITE_1H && !has_candidate(c, m, ts_us)) {
        m = TB_METER_CACHE_WRITE_5M;
    }
    if ((m == TB_METER_CACHE_WRITE_5M || m == TB_METER_CACHE_READ) && !has_candidate(c, m, ts_us)) {
        m = TB_METER_INPUT;
    }
    return m;
}

static enum tb_status make_rates(struct tb_pricebook *b, const struct card *c, int64_t ts_us, int64_t context,
                                 struct tb_rates *r, struct tb_err *err)
{
    enum tb_status status =
        tb_tuples_grow((void **)&b->numbered, &b->numbered_cap, b->numbered_n + 1, sizeof *b->numbered, err);
    r->linear = r->small = true;
    r->reasoning_apart = has_candidate(c, TB_METER_REASONING, ts_us);
    for (int meter = 0; status == TB_OK && meter < TB_METER_COUNT; meter++) {
        status = make_steps(b, c, falls_to(c, meter, ts_us), ts_us, context, &r->meter[meter], err);
        const struct tb_rate *rate = &r->meter[meter];
        r->priced |= rate->steps > 0 ? 1u << meter : 0;
        r->linear = r->linear && (rate->steps == 0 || rate->step[0].after == 0);
        for (uint32_t i = 0; i < rate->steps; i++) {
            r->small = r->small && rate->step[i].row->price < SMALL_PRICE;
        }
    }
    r->small = r->small && r->linear;
    for (int meter = 0; r->small && meter < TB_METER_COUNT; meter++) {
        r->price[meter] = r->meter[meter].steps > 0 ? r->meter[meter].step[0].row->price : 0;
    }
    if (status == TB_OK) {
        r->number = (uint32_t)b->numbered_n;
        b->numbered[b->numbered_n++] = r;
    }
    return status;
}

static enum tb_status make_epoch(struct tb_pricebook *b, const struct card *c, int64_t ts_us, struct epoch *e,
                                 struct tb_err *err)
{
    size_t n = 0;
    for (int meter = 0; meter < TB_METER_COUNT; meter++) {
        n += c->row_n[meter];
    }
    e->cuts = tb_arena_alloc(&b->arena, (n + 1) * sizeof *e->cuts);
    if (e->cuts == NULL) {
        return no_memory(err);
    }
    e->cut_n = 0;
    for (int meter = 0; meter < TB_METER_COUNT; meter++) {
        for (size_t i = 0; i < c->row_n[meter]; i++) {
            const struct tb_price_row *row = c->rows[meter][i];
            if (row->context >= 0 && row_in_force(row, ts_us)) {
                e->cuts[e->cut_n++] = row_cut(row);
            }
        }
    }
    e->cut_n = unique_sorted(e->cuts, e->cut_n);
    struct tb_rates *rates = tb_arena_alloc(&b->arena, (e->cut_n + 1) * sizeof *rates);
    enum tb_status status = rates == NULL ? no_memory(err) : TB_OK;
    for (size_t i = 0; status == TB_OK && i <= e->cut_n; i++) {
        status = make_rates(b, c, ts_us, i == 0 ? 0 : e->cuts[i - 1], &rates[i], err);
    }
    e->rates = status == TB_OK ? rates : NULL;
    return status;
}

/* --- an event
 * ------------------------------------------------------------------------------------------------------ */

static inline uint32_t recent_of(uint32_t provider, uint32_t model, uint32_t tier)
{
    return (provider * 31 + model + tier * 17) % RECENT;
}

static enum tb_status find_card(struct tb_pricebook *b, const struct tb_price_query *q, struct recent **out,
                                struct tb_err *err)
{
    uint32_t key[3] = {q->provider_key, q->model_key, q->tier_key}, number = 0;
    struct recent *r = *out = &b->recent[recent_of(key[0], key[1], key[2])];
    if (r->card != 0 && r->key[0] == key[0] && r->key[1] == key[1] && r->key[2] == key[2]) {
        return TB_OK;
    }
    enum tb_status status = TB_OK;
    if (!tb_tuples_find(&b->keys, key, &number)) {
        status = make_card(b, q, b->keys.n, err);
        if (status == TB_OK) {
            status = tb_tuples_add(&b->keys, key, &number, NULL, err);
        }
    }
    if (status == TB_OK) {
        *r = (struct recent){.key = {key[0], key[1], key[2]}, .card = number + 1};
    }
    return status;
}

enum tb_status tb_pricebook_rates(struct tb_pricebook *b, const struct tb_price_query *q, int64_t context,
                                  const struct tb_rates **out, struct tb_err *err)
{
    struct recent *r = NULL;
    enum tb_status status = find_card(b, q, &r, err);
    if (status != TB_OK) {
        return status;
    }
    const struct card *c = &b->cards[r->card - 1];
    size_t number = piece_of(c->edges, c->edge_n, q->ts_us);
    struct epoch *e = &c->epochs[number];
    if (e->rates == NULL) {
        status = make_epoch(b, c, q->ts_us, e, err);
    }
    if (status == TB_OK) {
        r->from_us = number == 0 ? INT64_MIN : c->edges[number - 1];
        r->to_us = number == c->edge_n ? INT64_MAX : c->edges[number];
        r->rates = e->cut_n == 0 ? e->rates : NULL;
        *out = &e->rates[piece_of(e->cuts, e->cut_n, context)];
    }
    return status;
}

const struct tb_rates *tb_pricebook_known(const struct tb_pricebook *b, uint32_t provider_key,
                                          uint32_t model_key, uint32_t tier_key, int64_t ts_us)
{
    const struct recent *r = &b->recent[recent_of(provider_key, model_key, tier_key)];
    bool same = r->key[0] == provider_key && r->key[1] == model_key && r->key[2] == tier_key;
    return same && r->from_us <= ts_us && ts_us < r->to_us ? r->rates : NULL;
}
