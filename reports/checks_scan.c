#include "reports/checks_scan.h"

#include "rate/price.h"
#include "rate/reduce.h"
#include "store/events.h"

#define HTTP_ERROR 400
#define COLUMNS    (TB_C_TS | TB_C_TEXTS | TB_C_TOKENS | TB_C_COST)

struct scanner {
    const struct tb_report_query *q;
    struct tb_pricebook *prices;
    uint32_t currency; /* dict id of the config's, 0 = no event has it */
    struct tb_scan_sums *sums;
};

static int64_t value(const struct tb_block *b, uint32_t i, enum tb_event_number n)
{
    return (b->present[i] >> n & 1u) != 0 ? b->number[n][i] : 0;
}

static bool is_error(const struct tb_block *b, uint32_t i)
{
    return value(b, i, TB_N_STATUS) >= HTTP_ERROR ||
           ((b->present[i] >> TB_N_SUCCESS & 1u) != 0 && b->number[TB_N_SUCCESS][i] == 0);
}

/* False when a sum overflows. */
static bool add_counts(struct tb_scan_sums *s, const struct tb_block *b, uint32_t i)
{
    s->requests++;
    s->errors += is_error(b, i);
    return !__builtin_add_overflow(s->input, value(b, i, TB_N_INPUT) + value(b, i, TB_N_TOTAL_ONLY),
                                   &s->input) &&
           !__builtin_add_overflow(s->cache_read, value(b, i, TB_N_CACHE_READ), &s->cache_read) &&
           !__builtin_add_overflow(s->cache_write_5m, value(b, i, TB_N_CACHE_WRITE_5M), &s->cache_write_5m) &&
           !__builtin_add_overflow(s->cache_write_1h, value(b, i, TB_N_CACHE_WRITE_1H), &s->cache_write_1h) &&
           !__builtin_add_overflow(s->output, value(b, i, TB_N_OUTPUT), &s->output) &&
           !__builtin_add_overflow(s->reasoning, value(b, i, TB_N_REASONING), &s->reasoning);
}

/* What pricing asks of the event; number must hold while the query is used. */
static struct tb_price_query query_of(const struct scanner *s, const struct tb_block *b, uint32_t i,
                                      int64_t number[TB_N_COUNT])
{
    struct tb_db *db = s->q->db;
    uint32_t provider = b->text[TB_T_PROVIDER][i], model = b->text[TB_T_MODEL][i];
    uint32_t tier = b->text[TB_T_SERVICE_TIER][i], currency = b->text[TB_T_COST_CURRENCY][i];
    bool has_cost = b->has_cost[i] != 0;
    for (int n = 0; n <= TB_N_SUCCESS; n++) {
        number[n] = value(b, i, (enum tb_event_number)n);
    }
    struct tb_price_query q = {.ts_us = b->ts_us[i],
                               .provider_key = provider,
                               .model_key = model,
                               .tier_key = tier,
                               .provider = tb_dict_text(db, provider),
                               .model = tb_dict_text(db, model),
                               .service_tier = tb_dict_text(db, tier),
                               .number = number,
                               .present = b->present[i],
                               .flags = b->flags[i]};
    q.has_cost = has_cost && currency != 0 && currency == s->currency;
    if (has_cost) {
        q.cost = b->cost[i];
        q.has_other_cost = !q.has_cost && q.cost.mantissa != 0;
    }
    return q;
}

static enum tb_status add_cost(struct scanner *s, const struct tb_block *b, uint32_t i, struct tb_err *err)
{
    struct tb_scan_sums *sums = s->sums;
    int64_t number[TB_N_COUNT] = {0};
    struct tb_charge charge;
    struct tb_price_query q = query_of(s, b, i, number);
    tb_money logged;
    enum tb_status st = tb_charge_event(s->prices, &q, &charge, err);
    if (st != TB_OK) {
        return st;
    }
    bool fits = tb_money_add(sums->cost, charge.cost, &sums->cost);
    if (q.has_cost && charge.basis == TB_BASIS_COMPUTED) {
        sums->both++;
        fits = fits && tb_money_from_decimal(&q.cost, &logged, NULL) &&
               tb_money_add(sums->logged, logged, &sums->logged) &&
               tb_money_add(sums->priced, charge.cost, &sums->priced);
    }
    return fits ? TB_OK : tb_err_set(err, TB_FAIL, TB_E_RANGE, "the sum of the events' cost is out of range");
}

static enum tb_status add_block(struct scanner *s, const struct tb_block *b, struct tb_err *err)
{
    bool billed = tb_source_billed(s->q->settings, tb_dict_text(s->q->db, b->source));
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; st == TB_OK && i < b->n; i++) {
        if ((b->flags[i] & TB_F_TOOL) != 0) {
            continue;
        }
        if (!add_counts(s->sums, b, i)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE, "the sum of the events' tokens is out of range");
        }
        if (billed) {
            st = add_cost(s, b, i, err);
        }
    }
    return st;
}

static enum tb_status scan_all(struct scanner *s, struct tb_err *err)
{
    struct tb_scan *scan = NULL;
    struct tb_block block;
    enum tb_status st = tb_scan_open(s->q->db, s->q->from_us, s->q->to_us, COLUMNS, &scan, err);
    while (st == TB_OK && (st = tb_scan_next(scan, &block, err)) == TB_OK) {
        st = add_block(s, &block, err);
    }
    tb_scan_close(scan);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_checks_scan(const struct tb_report_query *q, struct tb_scan_sums *out, struct tb_err *err)
{
    struct scanner s = {.q = q, .sums = out};
    int64_t generation;
    *out = (struct tb_scan_sums){.pruned = false};
    enum tb_status st = tb_events_generation(q->db, q->from_us, q->to_us, &generation, &out->pruned, err);
    if (st != TB_OK || out->pruned) {
        return st;
    }
    st = tb_dict_id(q->db, tb_str_of(q->settings->currency), false, &s.currency, err);
    if (st == TB_OK) {
        st = tb_pricebook_new(q->tables, &s.prices, err);
    }
    if (st == TB_OK) {
        st = scan_all(&s, err);
        tb_pricebook_free(s.prices);
    }
    return st;
}
