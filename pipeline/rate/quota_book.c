#include "rate/quota_book.h"

#include <assert.h>
#include <stdlib.h>
#include "base/glob.h"
#include "rate/reduce.h"

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the quotas");
}

static int by_slot(const void *a, const void *b)
{
    const struct tb_quota_row *x = a, *y = b;
    int c = tb_str_cmp(x->tier, y->tier);
    if (c != 0) {
        return c;
    }
    if (x->measure != y->measure) {
        return x->measure < y->measure ? -1 : 1;
    }
    if (x->measure != TB_MEASURE_MODELS && x->window != y->window) {
        return x->window < y->window ? -1 : 1;
    }
    if (x->measure != TB_MEASURE_MODELS && x->per_node != y->per_node) {
        return x->per_node ? 1 : -1;
    }
    return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static bool same_slot(const struct tb_quota_slot *s, const struct tb_quota_row *r)
{
    return s->measure == r->measure && s->window == r->window && s->per_node == r->per_node;
}

static void add_row(struct tb_quota_book *b, struct tb_quota_tier *t, uint32_t i)
{
    const struct tb_quota_row *r = &b->rows[i];
    if (r->measure == TB_MEASURE_MODELS) {
        t->models_first = t->models_n == 0 ? i : t->models_first;
        t->models_n++;
        return;
    }
    if (t->n == 0 || !same_slot(&b->slots[b->slot_n - 1], r)) {
        t->first = t->n == 0 ? b->slot_n : t->first;
        t->n++;
        b->slots[b->slot_n++] = (struct tb_quota_slot){.tier = (uint32_t)(t - b->tiers),
                                                       .measure = r->measure,
                                                       .window = r->window,
                                                       .per_node = r->per_node,
                                                       .first = i,
                                                       .from_us = INT64_MAX,
                                                       .to_us = INT64_MIN};
        t->per_node_n += r->per_node;
    }
    b->slots[b->slot_n - 1].n++;
    b->has_window[r->window] = true;
    b->wants_cost = b->wants_cost || r->measure == TB_MEASURE_COST;
}

static void compile(struct tb_quota_book *b)
{
    for (uint32_t i = 0; i < b->row_n; i++) {
        if (i == 0 || !tb_str_eq(b->rows[i].tier, b->rows[i - 1].tier)) {
            b->tiers[b->tier_n++] = (struct tb_quota_tier){.name = b->rows[i].tier};
        }
        add_row(b, &b->tiers[b->tier_n - 1], i);
    }
}

/* The limit of the tier's tokens; where it has none, of its requests, then its cost. */
static enum tb_status set_limit(struct tb_quota_book *b, struct tb_str tier, tb_money limit,
                                struct tb_err *err)
{
    static const enum tb_measure order[] = {TB_MEASURE_TOKENS, TB_MEASURE_REQUESTS, TB_MEASURE_COST};
    const tb_money unit = tb_money_of_cents(100);
    bool found = false;
    for (size_t k = 0; k < 3 && !found; k++) {
        for (size_t i = 0; i < b->row_n; i++) {
            struct tb_quota_row *r = &b->rows[i];
            if (r->measure != order[k] || !tb_str_eq(r->tier, tier)) {
                continue;
            }
            found = true;
            r->unlimited = false;
            r->limit_cost = limit;
            if (order[k] != TB_MEASURE_COST && (limit % unit != 0 || limit / unit > INT64_MAX)) {
                return tb_err_set(err, TB_FAIL, TB_E_USAGE,
                                  "--limit of tier \"%.*s\" counts %s and wants a whole number", (int)tier.n,
                                  tier.s, tb_quota_measure_names[order[k]]);
            }
            r->limit = order[k] == TB_MEASURE_COST ? 0 : (int64_t)(limit / unit);
        }
    }
    return found ? TB_OK
                 : tb_err_set(err, TB_FAIL, TB_E_USAGE,
                              "there is no tier \"%.*s\" with a limit in the quotas", (int)tier.n, tier.s);
}

static enum tb_status apply_whatif(struct tb_quota_book *b, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && b->whatif != NULL && i < b->whatif->limit_n; i++) {
        status = set_limit(b, b->whatif->limit[i].tier, b->whatif->limit[i].limit, err);
    }
    return status;
}

static enum tb_status check_whatif(const struct tb_quota_book *b, struct tb_err *err)
{
    for (size_t i = 0; b->whatif != NULL && i < b->whatif->tier_n; i++) {
        struct tb_str tier = b->whatif->tier[i].tier;
        if (tb_quota_tier_find(b, tier) == TB_QUOTA_NO_TIER) {
            return tb_err_set(err, TB_FAIL, TB_E_USAGE, "there is no tier \"%.*s\" in the quotas",
                              (int)tier.n, tier.s);
        }
    }
    return TB_OK;
}

enum tb_status tb_quota_book_init(struct tb_quota_book *b, const struct tb_tables *tables,
                                  const struct tb_quota_whatif *whatif, struct tb_err *err)
{
    size_t n = tables->quota_count;
    *b = (struct tb_quota_book){.whatif = whatif, .row_n = n};
    b->rows = calloc(n + 1, sizeof *b->rows);
    b->tiers = calloc(n + 1, sizeof *b->tiers);
    b->slots = calloc(n + 1, sizeof *b->slots);
    b->account_tier = calloc(tables->account_count + 1, sizeof *b->account_tier);
    enum tb_status status = TB_OK;
    if (b->rows == NULL || b->tiers == NULL || b->slots == NULL || b->account_tier == NULL) {
        status = no_memory(err);
    }
    if (status == TB_OK && n > 0) {
        memcpy(b->rows, tables->quotas, n * sizeof *b->rows);
    }
    if (status == TB_OK) {
        status = apply_whatif(b, err);
    }
    if (status == TB_OK && n > 1) {
        qsort(b->rows, n, sizeof *b->rows, by_slot);
    }
    if (status == TB_OK) {
        compile(b);
        status = check_whatif(b, err);
    }
    for (size_t i = 0; status == TB_OK && i < tables->account_count; i++) {
        b->account_tier[i] = tb_quota_tier_find(b, tables->accounts[i].tier);
    }
    if (status != TB_OK) {
        tb_quota_book_release(b);
    }
    return status;
}

void tb_quota_book_release(struct tb_quota_book *b)
{
    free(b->rows);
    free(b->tiers);
    free(b->slots);
    free(b->account_tier);
    *b = (struct tb_quota_book){.row_n = 0};
}

static const struct tb_quota_row *row_at(const struct tb_quota_row *rows, uint32_t n, int64_t ts_us)
{
    for (uint32_t i = 0; i < n; i++) {
        if (rows[i].from_us <= ts_us && ts_us < rows[i].to_us) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct tb_quota_row *tb_quota_slot_find(struct tb_quota_book *b, struct tb_quota_slot *s, int64_t ts_us)
{
    s->now = row_at(b->rows + s->first, s->n, ts_us);
    s->from_us = INT64_MIN;
    s->to_us = INT64_MAX;
    for (uint32_t i = s->first; i < s->first + s->n; i++) { /* until when nothing changes */
        const int64_t edges[] = {b->rows[i].from_us, b->rows[i].to_us};
        for (int k = 0; k < 2; k++) {
            if (edges[k] <= ts_us) {
                s->from_us = edges[k] > s->from_us ? edges[k] : s->from_us;
            } else {
                s->to_us = edges[k] < s->to_us ? edges[k] : s->to_us;
            }
        }
    }
    return s->now;
}

const struct tb_quota_row *tb_quota_models_at(const struct tb_quota_book *b, uint32_t tier, int64_t ts_us)
{
    const struct tb_quota_tier *t = &b->tiers[tier];
    return row_at(b->rows + t->models_first, t->models_n, ts_us);
}

uint32_t tb_quota_tier_find(const struct tb_quota_book *b, struct tb_str name)
{
    uint32_t low = 0, high = b->tier_n;
    while (low < high && name.s != NULL) {
        uint32_t middle = low + (high - low) / 2;
        int c = tb_str_cmp(b->tiers[middle].name, name);
        if (c == 0) {
            return middle;
        }
        if (c < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return TB_QUOTA_NO_TIER;
}

/* --- the digest ------------------------------------------------------------------------------------------------------- */

static void add_text(struct tb_hash_stream *h, struct tb_str s)
{
    uint64_t n = s.s == NULL ? UINT64_MAX : s.n;
    tb_hash_stream_add(h, &n, sizeof n);
    tb_hash_stream_add(h, s.s != NULL ? s.s : "", s.n);
}

static void add_number(struct tb_hash_stream *h, int64_t v)
{
    tb_hash_stream_add(h, &v, sizeof v);
}

/* False when the interval does not touch the range; else it is cut to it. */
static bool add_interval(struct tb_hash_stream *h, int64_t a, int64_t b, int64_t from_us, int64_t to_us)
{
    if (b <= from_us || a >= to_us) {
        return false;
    }
    add_number(h, a > from_us ? a : from_us);
    add_number(h, b < to_us ? b : to_us);
    return true;
}

static void add_tables(struct tb_hash_stream *h, const struct tb_tables *t, int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < t->quota_count; i++) {
        const struct tb_quota_row *r = &t->quotas[i];
        if (add_interval(h, r->from_us, r->to_us, from_us, to_us)) {
            add_text(h, r->tier);
            add_number(h,
                       (int64_t)r->measure * 1000 + (int64_t)r->window * 10 + r->per_node * 2 + r->unlimited);
            add_number(h, r->limit);
            tb_hash_stream_add(h, &r->limit_cost, sizeof r->limit_cost);
            add_text(h, r->models);
        }
    }
    for (size_t i = 0; i < t->account_count; i++) {
        const struct tb_account_row *r = &t->accounts[i];
        if (add_interval(h, r->from_us, r->to_us, from_us, to_us)) {
            add_text(h, r->consumer);
            add_text(h, r->source);
            add_text(h, r->tier);
        }
    }
    for (size_t i = 0; i < t->price_count; i++) {
        const struct tb_price_row *r = &t->prices[i];
        if (add_interval(h, r->from_us, r->to_us, from_us, to_us)) {
            add_text(h, r->provider);
            add_text(h, r->model);
            add_text(h, r->service_tier);
            add_number(h, (int64_t)r->meter * 4 + r->context_from * 2 + r->marginal);
            add_number(h, r->context);
            tb_hash_stream_add(h, &r->price, sizeof r->price);
        }
    }
}

enum tb_status tb_quota_rules(const struct tb_settings *s, const struct tb_tables *tables, int64_t from_us,
                              int64_t to_us, struct tb_hash128 *out, struct tb_err *err)
{
    struct tb_hash_stream *h = tb_hash_stream_new();
    if (h == NULL) {
        return no_memory(err);
    }
    add_text(h, tb_str_of(tb_zone_name(s->zone)));
    add_text(h, tb_str_of(s->currency));
    for (int i = 0; i < s->source_count; i++) {
        if (!s->sources[i].bill) {
            add_text(h, tb_str_of(s->sources[i].name));
        }
    }
    add_number(h, from_us);
    add_number(h, to_us);
    add_tables(h, tables, from_us, to_us);
    *out = tb_hash_stream_digest(h);
    tb_hash_stream_free(h);
    return TB_OK;
}
