#include "rate/reading.h"

#include "rate/rates.h"

#define HTTP_ERROR    400
#define HTTP_TOO_MANY 429

static enum tb_status find_texts(struct tb_reader *r, bool add, struct tb_err *err)
{
    static const char *const hidden[TB_HIDDEN_TRIGGERS] = {"undo", "retry", "auto_save"};
    enum tb_status status = tb_dict_id(r->db, tb_str_of(r->settings->currency), false, &r->currency, err);
    for (size_t i = 0; status == TB_OK && i < TB_HIDDEN_TRIGGERS; i++) {
        status = tb_dict_id(r->db, tb_str_of(hidden[i]), false, &r->hidden[i], err);
    }
    return status == TB_OK ? tb_dict_id(r->db, TB_STR(TB_CONSUMER_ANONYMOUS), add, &r->anonymous, err)
                           : status;
}

enum tb_status tb_reader_init(struct tb_reader *r, struct tb_db *db, const struct tb_settings *s,
                              const struct tb_tables *tables, bool add, struct tb_err *err)
{
    *r = (struct tb_reader){.db = db, .settings = s, .tables = tables};
    tb_hour_init(&r->hour, s->zone);
    enum tb_status status = tb_pricebook_new(tables, &r->prices, err);
    if (status == TB_OK) {
        status = tb_accountbook_new(tables, &r->accounts, err);
    }
    if (status == TB_OK) {
        status = find_texts(r, add, err);
    }
    if (status != TB_OK) {
        tb_reader_release(r);
    }
    return status;
}

void tb_reader_release(struct tb_reader *r)
{
    tb_pricebook_free(r->prices);
    tb_accountbook_free(r->accounts);
    *r = (struct tb_reader){0};
}

/* Returns whether a cost was logged in the config's currency or without a unit. */
static bool take_cost(const struct tb_reader *r, const struct tb_block *b, uint32_t i,
                      struct tb_price_query *q)
{
    q->has_cost = q->has_other_cost = false;
    if (b->has_cost[i] == 0) {
        return false;
    }
    uint32_t currency = b->text[TB_T_COST_CURRENCY][i];
    q->cost = b->cost[i];
    q->has_cost = currency != 0 && currency == r->currency;
    q->has_other_cost = !q->has_cost && q->cost.mantissa != 0;
    return currency == 0 || q->has_cost;
}

const struct tb_account_row *tb_reader_account(struct tb_reader *r, const struct tb_block *b, uint32_t i)
{
    const struct tb_account_row *row = NULL;
    uint32_t id = b->text[TB_T_CONSUMER][i], consumer = tb_reader_consumer(r, b, i);
    if (tb_account_known(r->accounts, b->ts_us[i], consumer, b->source, &row)) {
        return row;
    }
    return tb_account_find(r->accounts, b->ts_us[i], consumer,
                           id == 0 ? TB_STR(TB_CONSUMER_ANONYMOUS) : tb_dict_text(r->db, id), b->source,
                           tb_dict_text(r->db, b->source));
}

static void take_texts(struct tb_reader *r, const struct tb_block *b, uint32_t i, struct tb_reading *out)
{
    struct tb_price_query *q = &out->query;
    out->source = b->source;
    for (int t = 0; t <= TB_T_TRIGGER; t++) {
        out->text[t] = b->text[t][i];
    }
    out->text[TB_T_CONSUMER] = tb_reader_consumer(r, b, i);
    const struct tb_account_row *row = tb_reader_account(r, b, i);
    out->account = row == NULL ? 0 : (uint32_t)(row - r->tables->accounts) + 1;
    q->provider_key = out->text[TB_T_PROVIDER];
    q->model_key = out->text[TB_T_MODEL];
    q->tier_key = out->text[TB_T_SERVICE_TIER];
    q->provider = tb_dict_text(r->db, q->provider_key);
    q->model = tb_dict_text(r->db, q->model_key);
    q->service_tier = tb_dict_text(r->db, q->tier_key);
}

bool tb_reader_refused(const struct tb_block *b, uint32_t i)
{
    return b->number[TB_N_STATUS][i] == HTTP_TOO_MANY || (b->flags[i] & TB_F_REFUSED) != 0;
}

static void name_texts(struct tb_reader *r, const struct tb_block *b, uint32_t i)
{
    struct tb_price_query *q = &r->query;
    const uint32_t provider = b->text[TB_T_PROVIDER][i], model = b->text[TB_T_MODEL][i],
                   tier = b->text[TB_T_SERVICE_TIER][i];
    if (q->provider_key != provider) {
        q->provider_key = provider;
        q->provider = tb_dict_text(r->db, provider);
    }
    if (q->model_key != model) {
        q->model_key = model;
        q->model = tb_dict_text(r->db, model);
    }
    if (q->tier_key != tier) {
        q->tier_key = tier;
        q->service_tier = tb_dict_text(r->db, tier);
    }
}

/* Fills r->query with what pricing needs of any call. */
static void ask(struct tb_reader *r, const struct tb_block *b, uint32_t i)
{
    struct tb_price_query *q = &r->query;
    for (int n = 0; n <= TB_N_SUCCESS; n++) {
        r->number[n] = n != TB_N_SAVED ? b->number[n][i] : 0;
    }
    q->number = r->number;
    q->present = b->present[i];
    q->flags = b->flags[i];
    q->ts_us = b->ts_us[i];
    name_texts(r, b, i);
    (void)take_cost(r, b, i, q);
}

/* Any call. */
static enum tb_status cost_of(struct tb_reader *r, const struct tb_block *b, uint32_t i, tb_money *cost,
                              struct tb_err *err)
{
    ask(r, b, i);
    return tb_charge_cost(r->prices, &r->query, cost, err);
}

enum tb_status tb_reader_basis(struct tb_reader *r, const struct tb_block *b, uint32_t i,
                               enum tb_basis *basis, struct tb_err *err)
{
    struct tb_charge charge = {.basis = TB_BASIS_COMPUTED};
    ask(r, b, i);
    enum tb_status st = tb_charge_event(r->prices, &r->query, &charge, err);
    *basis = charge.basis;
    return st;
}

static inline uint64_t number_of(const struct tb_block *b, uint32_t i, enum tb_event_number n)
{
    return (uint64_t)b->number[n][i] & (0 - (uint64_t)(b->present[i] >> n & 1u));
}

/* Most calls: tokens of known classes at one price each, no brackets, nothing logged. What cost_of says of them, without its
 * roads; false: one of the others. */
static inline bool cost_plainly(const struct tb_reader *r, const struct tb_block *b, uint32_t i,
                                tb_money *cost)
{
    static const enum tb_event_number classes[] = {TB_N_INPUT, TB_N_CACHE_READ, TB_N_CACHE_WRITE_5M,
                                                   TB_N_CACHE_WRITE_1H, TB_N_OUTPUT};
    const struct tb_rates *rates =
        tb_pricebook_known(r->prices, b->text[TB_T_PROVIDER][i], b->text[TB_T_MODEL][i],
                           b->text[TB_T_SERVICE_TIER][i], b->ts_us[i]);
    if (rates == NULL || !rates->small || rates->reasoning_apart || b->has_cost[i] != 0 ||
        (b->flags[i] & TB_F_CACHE_HIT) != 0 || number_of(b, i, TB_N_TOTAL_ONLY) != 0 ||
        number_of(b, i, TB_N_REASONING) > number_of(b, i, TB_N_OUTPUT)) {
        return false;
    }
    uint64_t tokens = 0;
    uint32_t needed = 1u << TB_METER_INPUT | 1u << TB_METER_OUTPUT;
    tb_money sum = 0;
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        uint64_t n = number_of(b, i, classes[k]);
        tokens |= n;
        needed |= (uint32_t)(n > 0) << classes[k];
        sum += rates->price[classes[k]] * (tb_money)n;
    }
    if (tokens >> TB_QUANTITY_BITS != 0 || (needed & ~rates->priced) != 0) {
        return false;
    }
    bool has_status = (b->present[i] >> TB_N_STATUS & 1u) != 0;
    bool has_success = (b->present[i] >> TB_N_SUCCESS & 1u) != 0;
    bool served =
        has_status ? b->number[TB_N_STATUS][i] < HTTP_ERROR : !has_success || b->number[TB_N_SUCCESS][i] != 0;
    *cost = sum + (served ? rates->price[TB_METER_REQUEST] : 0);
    return true;
}
_Static_assert((int)TB_N_INPUT == (int)TB_METER_INPUT && (int)TB_N_OUTPUT == (int)TB_METER_OUTPUT &&
                   (int)TB_N_CACHE_WRITE_1H == (int)TB_METER_CACHE_WRITE_1H,
               "token numbers and meters have one order");

enum tb_status tb_reader_cost(struct tb_reader *r, const struct tb_block *b, uint32_t i, tb_money *cost,
                              struct tb_err *err)
{
    return cost_plainly(r, b, i, cost) ? TB_OK : cost_of(r, b, i, cost, err);
}

void tb_reader_take(struct tb_reader *r, const struct tb_block *b, uint32_t i, struct tb_reading *out)
{
    struct tb_price_query *q = &out->query;
    for (int n = 0; n <= TB_N_LATENCY_MS; n++) {
        out->number[n] = b->number[n][i];
    }
    q->number = out->number;
    q->present = b->present[i];
    q->flags = b->flags[i];
    q->ts_us = b->ts_us[i];
    tb_hour_at(&r->hour, q->ts_us);
    out->logged = take_cost(r, b, i, q);
    take_texts(r, b, i, out);
    int64_t status = tb_reading_has(out, TB_N_STATUS) ? out->number[TB_N_STATUS] : 0;
    uint32_t trigger = out->text[TB_T_TRIGGER];
    out->error =
        status >= HTTP_ERROR || (tb_reading_has(out, TB_N_SUCCESS) && out->number[TB_N_SUCCESS] == 0);
    out->refused = status == HTTP_TOO_MANY || (q->flags & TB_F_REFUSED) != 0;
    out->hidden =
        trigger != 0 && (trigger == r->hidden[0] || trigger == r->hidden[1] || trigger == r->hidden[2]);
}
