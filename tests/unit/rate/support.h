/* What the tests of rate/ share: settings without a file, tables from CSV text, events by name. */
#ifndef RATE_SUPPORT_H
#define RATE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"
#include "config/settings.h"
#include "config/tables.h"
#include "event/event.h"
#include "rate/price.h"

#define PRICE_HEAD                                                                                           \
    "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,"         \
    "context_from,context_rule,note\n"
#define ACCOUNT_HEAD                                                                                         \
    "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to\n"

#define assert_ok(call, err)                                                                                 \
    do {                                                                                                     \
        enum tb_status status_ = (call);                                                                     \
        if (status_ != TB_OK) {                                                                              \
            fail_msg("%s: status %d: %s", #call, (int)status_, (err).text);                                  \
        }                                                                                                    \
    } while (0)

static inline void settings_make(struct tb_settings *s, const char *zone)
{
    struct tb_err err = {0};
    *s = (struct tb_settings){.currency = "USD"};
    assert_ok(tb_zone_load(zone, &s->zone, &err), err);
}

static inline void settings_release(struct tb_settings *s)
{
    tb_zone_free(s->zone);
}

static inline struct tb_err *tables_error(void) /* why the last texts were refused */
{
    static struct tb_err err;
    return &err;
}

/* NULL when the texts are refused. Each is a whole CSV file, NULL = not configured. */
static inline struct tb_tables *tables_try(const struct tb_settings *s, const char *prices,
                                           const char *accounts)
{
    struct tb_tables *t = NULL;
    struct tb_str text[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = tb_str_of(prices), [TB_TABLE_ACCOUNTS] = tb_str_of(accounts)};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    return tb_tables_parse(s, text, name, &t, tables_error()) == TB_OK ? t : NULL;
}

static inline struct tb_tables *tables_make(const struct tb_settings *s, const char *prices,
                                            const char *accounts)
{
    struct tb_tables *t = tables_try(s, prices, accounts);
    if (t == NULL) {
        fail_msg("these tables are refused: line %llu: %s\n%s\n%s", (unsigned long long)tables_error()->line,
                 tables_error()->text, prices != NULL ? prices : "", accounts != NULL ? accounts : "");
    }
    return t;
}

/* An event under construction; key numbers are made from the texts' hash. */
struct sample {
    struct tb_price_query query;
    int64_t number[TB_N_COUNT];
};

static inline uint32_t key_of(struct tb_str s)
{
    return s.s == NULL ? 0 : (uint32_t)(tb_hash64(s.s, s.n, 0) | 1u);
}

static inline void sample_texts(struct sample *e, const char *provider, const char *model, const char *tier)
{
    struct tb_price_query *q = &e->query;
    q->provider = tb_str_of(provider);
    q->model = tb_str_of(model);
    q->service_tier = tb_str_of(tier);
    q->provider_key = key_of(q->provider);
    q->model_key = key_of(q->model);
    q->tier_key = key_of(q->service_tier);
}

static inline void sample_set(struct sample *e, enum tb_event_number n, int64_t value)
{
    e->number[n] = value;
    e->query.present |= 1u << n;
}

static inline void sample_cost(struct sample *e, const char *text)
{
    assert_true(tb_decimal_parse(tb_str_of(text), true, &e->query.cost));
    e->query.has_cost = true;
}

static inline enum tb_basis sample_charge(struct tb_pricebook *b, struct sample *e, struct tb_charge *c)
{
    struct tb_err err = {0};
    e->query.number = e->number;
    assert_ok(tb_charge_event(b, &e->query, c, &err), err);
    return c->basis;
}

/* The digits of m, a whole number of 10^-24. */
static inline const char *yocto(tb_money m, char out[48])
{
    char *p = out + 47;
    unsigned __int128 v = m < 0 ? -(unsigned __int128)m : (unsigned __int128)m;
    *p = '\0';
    do {
        *--p = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v != 0);
    if (m < 0) {
        *--p = '-';
    }
    return p;
}

/* xorshift64*: the same numbers everywhere. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

/* --- a price table of its own rows ------------------------------------------------------------------------------------ */

#define TS_2026 INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

struct fixture {
    struct tb_settings settings;
    struct tb_tables *tables;
    struct tb_pricebook *book;
};

static inline void open_book(struct fixture *f, const char *zone, const char *rows)
{
    struct tb_err err = {0};
    char *text = NULL;
    assert_true(asprintf(&text, "%s%s", PRICE_HEAD, rows) > 0);
    settings_make(&f->settings, zone);
    f->tables = tables_make(&f->settings, text, NULL);
    assert_ok(tb_pricebook_new(f->tables, &f->book, &err), err);
    free(text);
}

static inline void close_book(struct fixture *f)
{
    tb_pricebook_free(f->book);
    tb_tables_free(f->tables);
    settings_release(&f->settings);
}

static inline void assert_money(tb_money found, const char *expected)
{
    char text[TB_MONEY_TEXT_MAX];
    tb_money_format(found, text);
    assert_string_equal(text, expected);
}

#endif
