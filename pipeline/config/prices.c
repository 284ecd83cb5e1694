/* prices.csv: what a meter of a model costs, from when to when. */
#include <stdio.h>
#include "base/glob.h"
#include "base/hash.h"
#include "config/overlap.h"
#include "config/tablecell.h"
#include "config/tables.h"

enum {
    PROVIDER,
    MODEL,
    METER,
    PRICE,
    PER,
    CURRENCY,
    FROM,
    TO,
    SERVICE_TIER,
    CONTEXT_OVER,
    CONTEXT_FROM,
    CONTEXT_RULE,
    NOTE
};
static const char *const columns[] = {"provider",
                                      "model",
                                      "meter",
                                      "price",
                                      "per",
                                      "currency",
                                      "effective_from",
                                      "effective_to",
                                      "service_tier",
                                      "context_over",
                                      "context_from",
                                      "context_rule",
                                      "note",
                                      NULL};

const char *const tb_meter_names[TB_METER_COUNT] = {
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request"};
static const char *const rules[] = {"request", "marginal", NULL};
static const char *const pers[] = {"1", "1000", "1000000", NULL};

/* --- one row -------------------------------------------------------------------------------------------- */

static enum tb_status fill_meter(const struct tb_tablefile *t, struct tb_price_row *row, struct tb_err *err)
{
    const char *words[TB_METER_COUNT + 1] = {NULL};
    int meter = 0;
    memcpy(words, tb_meter_names, sizeof tb_meter_names);
    enum tb_status status = tb_tablecell_word(t, METER, words, -1, &meter, err);
    row->meter = (enum tb_meter)meter;
    return status;
}

/* Price / per by moving the decimal point: exact, or refused. */
static enum tb_status fill_price(const struct tb_tablefile *t, struct tb_price_row *row, struct tb_err *err)
{
    static const int64_t per_of[] = {1, 1000, 1000000};
    static const int32_t digits_of[] = {0, 3, 6};
    struct tb_decimal d;
    int per = 0;
    bool exact = true;
    enum tb_status status = tb_tablecell_decimal(t, PRICE, NULL, &d, err);
    if (status == TB_OK) {
        status = tb_tablecell_text(t, PRICE, true, &row->price_text, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_word(t, PER, pers, -1, &per, err);
    }
    if (status != TB_OK) {
        return status;
    }
    row->per = per_of[per];
    d.exponent -= d.mantissa == 0 ? 0 : digits_of[per];
    if (!tb_money_from_decimal(&d, &row->price, &exact) || !exact) {
        return tb_tablefile_complain(t, PRICE, err, "price \"%.*s\" per %lld is %s",
                                     TB_SHOWN(row->price_text), (long long)row->per,
                                     exact ? "too large: amounts end at 10^14"
                                           : "too fine: the price of one may have 24 decimals at most");
    }
    return TB_OK;
}

static enum tb_status check_currency(const struct tb_tablefile *t, struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, CURRENCY);
    if (cell.s == NULL || tb_str_eq(cell, tb_str_of(t->settings->currency))) {
        return TB_OK;
    }
    return tb_tablefile_complain(
        t, CURRENCY, err,
        "currency \"%.*s\" is not the configured \"%s\": convert the price, one run has one "
        "currency",
        TB_SHOWN(cell), t->settings->currency);
}

static enum tb_status fill_context(const struct tb_tablefile *t, struct tb_price_row *row, struct tb_err *err)
{
    bool has_over = false;
    bool has_from = false;
    int64_t over = 0;
    int64_t from = 0;
    int rule = 0;
    enum tb_status status = tb_tablecell_int(t, CONTEXT_OVER, INT64_MAX, &has_over, &over, err);
    if (status == TB_OK) {
        status = tb_tablecell_int(t, CONTEXT_FROM, INT64_MAX, &has_from, &from, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_word(t, CONTEXT_RULE, rules, 0, &rule, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (has_over && has_from) {
        return tb_tablefile_complain(t, CONTEXT_FROM, err,
                                     "context_over and context_from are both set: leave one of them blank");
    }
    row->context = has_over ? over : has_from ? from : -1;
    row->context_from = has_from;
    row->marginal = rule == 1;
    if (row->marginal && row->context < 0) {
        return tb_tablefile_complain(
            t, CONTEXT_RULE, err,
            "context_rule \"marginal\" has no threshold: set context_over or context_from");
    }
    if (row->marginal && row->meter >= TB_METER_OUTPUT) {
        return tb_tablefile_complain(
            t, CONTEXT_RULE, err,
            "context_rule \"marginal\" cannot be for %s: only input and cache tokens have an "
            "order",
            tb_meter_names[row->meter]);
    }
    return TB_OK;
}

static enum tb_status fill(const struct tb_tablefile *t, void *to, struct tb_err *err)
{
    struct tb_price_row *row = to;
    row->line = tb_tablefile_line(t);
    enum tb_status status = tb_tablecell_glob(t, PROVIDER, false, &row->provider, err);
    if (status == TB_OK) {
        status = tb_tablecell_glob(t, MODEL, true, &row->model, err);
    }
    if (status == TB_OK) {
        status = fill_meter(t, row, err);
    }
    if (status == TB_OK) {
        status = fill_price(t, row, err);
    }
    if (status == TB_OK) {
        status = check_currency(t, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_interval(t, FROM, TO, &row->from_us, &row->to_us, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_text(t, SERVICE_TIER, false, &row->service_tier, err);
    }
    if (status == TB_OK) {
        status = fill_context(t, row, err);
    }
    if (status == TB_OK) {
        status = tb_tablecell_note(t, NOTE, &row->note, err);
    }
    return status;
}

/* --- all rows ------------------------------------------------------------------------------------------- */

/* What ranks rows (CONTRACT.md, Price), but for the meter, which only keeps them apart. */
struct rank {
    int32_t meter;
    int32_t exact_model;
    int32_t model_literals;
    int32_t exact_provider;
    int32_t provider_literals;
    int32_t has_tier;
    int32_t context_from;
    int32_t unused;
    int64_t context;
};

struct prices {
    const struct tb_price_row *rows;
    struct rank *ranks;
};

static struct rank rank_of(const struct tb_price_row *row)
{
    bool any = row->provider.s == NULL;
    return (struct rank){.meter = (int32_t)row->meter,
                         .exact_model = tb_glob_exact(row->model),
                         .model_literals = tb_glob_literals(row->model),
                         .exact_provider = !any && tb_glob_exact(row->provider),
                         .provider_literals = any ? 0 : tb_glob_literals(row->provider),
                         .has_tier = row->service_tier.s != NULL,
                         .context_from = row->context_from,
                         .context = row->context};
}

static bool tie(const void *context, size_t a, size_t b)
{
    const struct prices *p = context;
    const struct tb_price_row *x = &p->rows[a];
    const struct tb_price_row *y = &p->rows[b];
    return tb_overlap_times(x->from_us, x->to_us, y->from_us, y->to_us) &&
           memcmp(&p->ranks[a], &p->ranks[b], sizeof(struct rank)) == 0 &&
           tb_str_eq(x->service_tier, y->service_tier) && tb_overlap_globs(x->provider, y->provider) &&
           tb_overlap_globs(x->model, y->model);
}

/* A request-rule and a marginal threshold for one meter of one model: which tokens would be at which price is
 * open. */
static bool mixed(const void *context, size_t a, size_t b)
{
    const struct prices *p = context;
    const struct tb_price_row *x = &p->rows[a];
    const struct tb_price_row *y = &p->rows[b];
    return x->marginal != y->marginal && x->meter == y->meter &&
           tb_overlap_times(x->from_us, x->to_us, y->from_us, y->to_us) &&
           (x->service_tier.s == NULL || y->service_tier.s == NULL ||
            tb_str_eq(x->service_tier, y->service_tier)) &&
           tb_overlap_globs(x->provider, y->provider) && tb_overlap_globs(x->model, y->model);
}

/* `"gpt-4o"`, or `"gpt-4*" and "*-4o"` when the two rows spell it differently. */
static void both_models(const struct tb_price_row *x, const struct tb_price_row *y, char *out,
                        size_t out_size)
{
    if (tb_str_eq(x->model, y->model)) {
        snprintf(out, out_size, "\"%.*s\"", TB_SHOWN(x->model));
    } else {
        snprintf(out, out_size, "models that both \"%.*s\" and \"%.*s\" match", TB_SHOWN(x->model),
                 TB_SHOWN(y->model));
    }
}

static enum tb_status complain_tie(const struct tb_tablefile *t, size_t a, size_t b, struct tb_err *err)
{
    const struct tb_price_row *rows = (const void *)t->rows;
    const struct tb_price_row *x = &rows[a];
    const struct tb_price_row *y = &rows[b];
    char since[TB_TABLECELL_SINCE_MAX];
    char models[240];
    both_models(x, y, models, sizeof models);
    tb_tablecell_since(t, x->from_us > y->from_us ? x->from_us : y->from_us, since);
    return tb_tablefile_complain_row(
        t, b, err,
        "line %llu and line %llu both price %s of %s%s, and neither is more exact: end one "
        "with effective_to, or take one out",
        (unsigned long long)x->line, (unsigned long long)y->line, tb_meter_names[x->meter], models, since);
}

static enum tb_status complain_mixed(const struct tb_tablefile *t, size_t a, size_t b, struct tb_err *err)
{
    const struct tb_price_row *rows = (const void *)t->rows;
    char models[240];
    both_models(&rows[a], &rows[b], models, sizeof models);
    return tb_tablefile_complain_row(
        t, b, err,
        "line %llu is \"%s\" and line %llu is \"%s\" for %s of %s: give all thresholds of a "
        "meter and model one context_rule",
        (unsigned long long)rows[a].line, rules[rows[a].marginal], (unsigned long long)rows[b].line,
        rules[rows[b].marginal], tb_meter_names[rows[a].meter], models);
}

static enum tb_status check(const struct tb_tablefile *t, struct tb_err *err)
{
    const struct tb_price_row *rows = (const void *)t->rows;
    struct rank *ranks = tb_arena_alloc(t->arena, t->count * sizeof *ranks);
    struct tb_overlap_item *items = tb_arena_alloc(t->arena, t->count * sizeof *items);
    struct tb_overlap_item *thresholds = tb_arena_alloc(t->arena, t->count * sizeof *thresholds);
    if (ranks == NULL || items == NULL || thresholds == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
    }
    size_t threshold_count = 0;
    for (size_t i = 0; i < t->count; i++) {
        ranks[i] = rank_of(&rows[i]);
        uint64_t group = tb_hash64(&ranks[i], sizeof ranks[i], 0);
        group = tb_hash64(rows[i].service_tier.s, rows[i].service_tier.n, group);
        if (!tb_overlap_glob(&items[i], t->arena, group, i, rows[i].model)) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the rows of \"%s\"", t->name);
        }
        if (rows[i].context >= 0) {
            thresholds[threshold_count] = items[i];
            thresholds[threshold_count].group = (uint64_t)rows[i].meter;
            threshold_count++;
        }
    }
    struct prices p = {rows, ranks};
    size_t a = 0;
    size_t b = 0;
    if (tb_overlap_find(thresholds, threshold_count, mixed, &p, &a, &b)) {
        return complain_mixed(t, a, b, err);
    }
    return tb_overlap_find(items, t->count, tie, &p, &a, &b) ? complain_tie(t, a, b, err) : TB_OK;
}

const struct tb_tablefile_spec tb_prices_spec = {
    .columns = columns,
    .required = 1u << MODEL | 1u << METER | 1u << PRICE | 1u << PER,
    .key = MODEL,
    .row_bytes = sizeof(struct tb_price_row),
    .fill = fill,
    .check = check,
};
