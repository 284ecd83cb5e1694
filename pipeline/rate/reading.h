/* Concept: a stored event as pricing and grouping see it: numbers, texts as dict ids, the account row that
 * owns it, and what its status and trigger mean. cell.c and usage.c read events through this and nothing
 * else. Inside rate/ only. Shape:   an event without a consumer is "(anonymous)". Owns:    a tb_reader until
 * tb_reader_release; it borrows db, settings and tables.
 */
#ifndef TB_READING_H
#define TB_READING_H

#include "config/settings.h"
#include "rate/account.h"
#include "rate/hour.h"
#include "rate/price.h"
#include "store/events.h"

/* What tb_reader_cost reads, and what tb_reader_take does. */
#define TB_PRICING_COLUMNS                                                                                   \
    (TB_C_TS | TB_C_TEXT(TB_T_PROVIDER) | TB_C_TEXT(TB_T_MODEL) | TB_C_TEXT(TB_T_SERVICE_TIER) |             \
     TB_C_TEXT(TB_T_COST_CURRENCY) | (TB_C_NUMBERS_TO(TB_N_SUCCESS) & ~TB_C_NUMBER(TB_N_SAVED)) |            \
     TB_C_FLAGS | TB_C_COST)
#define TB_READING_COLUMNS                                                                                   \
    (TB_PRICING_COLUMNS | TB_C_TEXTS_TO(TB_T_TRIGGER) | TB_C_TOKENS | TB_C_NUMBER(TB_N_LATENCY_MS))
#define TB_HIDDEN_TRIGGERS    3 /* undo, retry, auto_save */
#define TB_CONSUMER_ANONYMOUS "(anonymous)"

struct tb_reader {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables;
    struct tb_pricebook *prices;
    struct tb_accountbook *accounts;
    struct tb_hour hour;                 /* of the last event read */
    uint32_t currency, anonymous;        /* dict ids; 0 = not in the dictionary */
    uint32_t hidden[TB_HIDDEN_TRIGGERS]; /* dict ids */
    struct tb_price_query query; /* of the last tb_reader_cost: most calls name what the one before named */
    int64_t number[TB_N_COUNT];
};

struct tb_reading {
    uint32_t source;
    uint32_t text[TB_T_COUNT];  /* up to TB_T_TRIGGER */
    uint32_t account;           /* row index + 1, 0 = none */
    int64_t number[TB_N_COUNT]; /* up to TB_N_LATENCY_MS */
    struct tb_price_query query;
    bool logged; /* a cost was logged, in the config's currency or without a unit */
    bool error, refused, hidden;
};

/* With add, "(anonymous)" is put into the dictionary (a write). */
enum tb_status tb_reader_init(struct tb_reader *r, struct tb_db *db, const struct tb_settings *s,
                              const struct tb_tables *tables, bool add, struct tb_err *err) TB_MUST_USE;
void tb_reader_release(struct tb_reader *r);

/* Reads row i of b (columns TB_READING_COLUMNS), which is no tool call. */
void tb_reader_take(struct tb_reader *r, const struct tb_block *b, uint32_t i, struct tb_reading *out);

/* --- single facts of row i of b, for who needs few of them --- */

/* Its consumer: "(anonymous)" has no dict id (0) when nothing ever added it. */
static inline uint32_t tb_reader_consumer(const struct tb_reader *r, const struct tb_block *b, uint32_t i)
{
    uint32_t id = b->text[TB_T_CONSUMER][i];
    return id != 0 ? id : r->anonymous;
}
/* What tb_reader_account will look at, called into the cache. */
static inline void tb_reader_call_account(const struct tb_reader *r, const struct tb_block *b, uint32_t i)
{
    tb_account_call(r->accounts, tb_reader_consumer(r, b, i), b->source);
}
/* The account row that owns it, or NULL. */
const struct tb_account_row *tb_reader_account(struct tb_reader *r, const struct tb_block *b, uint32_t i);
/* 429, or the scraper's rate-limit event. */
bool tb_reader_refused(const struct tb_block *b, uint32_t i);
/* What tb_charge_event says that it costs. */
enum tb_status tb_reader_cost(struct tb_reader *r, const struct tb_block *b, uint32_t i, tb_money *cost,
                              struct tb_err *err) TB_MUST_USE;

/* Why, for who must tell a call that is free from one without a price. */
enum tb_status tb_reader_basis(struct tb_reader *r, const struct tb_block *b, uint32_t i,
                               enum tb_basis *basis, struct tb_err *err) TB_MUST_USE;

static inline bool tb_reading_has(const struct tb_reading *e, enum tb_event_number n)
{
    return (e->query.present >> n & 1u) != 0;
}

#endif
