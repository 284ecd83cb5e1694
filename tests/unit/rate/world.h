/* A small firm for the tests of reduce and usage: random events kept in memory with their texts and loaded into a store, so
 * that every sum can be made again from what went in. */
#ifndef RATE_WORLD_H
#define RATE_WORLD_H

#include "tests/unit/rate/support.h"

#include <unistd.h>
#include "base/hash.h"
#include "rate/account.h"
#include "store/db.h"
#include "store/events.h"
#include "store/files.h"
#include "store/query.h"

#define WORLD_EVENTS_MAX 20000

struct happening {
    int64_t ts_us;
    int source; /* index into world_sources */
    const char *text[TB_T_COUNT];
    int64_t number[TB_N_COUNT];
    uint32_t present;
    uint8_t flags;
    char cost[24]; /* "" = none */
    uint64_t serial;
};

struct world {
    char dir[64];
    struct tb_db *db;
    struct tb_settings settings;
    struct tb_tables *tables;
    struct happening *events;
    size_t n;
};

/* gateway and coffee bill, shadow does not, adhoc is not configured. */
static const char *const world_sources[] = {"gateway", "coffee", "shadow", "adhoc"};
static struct tb_source_setting world_source_settings[] = {
    {.name = "gateway", .bill = true}, {.name = "coffee", .bill = true}, {.name = "shadow", .bill = false}};

/* %s: the price of input of "big", so that prices can be multiplied. */
#define WORLD_PRICES                                                                                         \
    PRICE_HEAD                                                                                               \
    "openai,big,input,%1$d,1000000,,,,,,,,\nopenai,big,output,%2$d,1000000,,,,,,,,\n"                        \
    "openai,big,input,%3$d,1000000,,,,,200,,,\nopenai,big,reasoning,%4$d,1000000,,,,,,,,\n"                  \
    ",big,input,%2$d,1000000,,,,,,,,\n,big,output,%3$d,1000000,,,,,,,,\n,big,request,%1$d,1000,,,,,,,,"      \
    "\n"                                                                                                     \
    ",big,cache_read,%1$d,1000,,,2026-03-29T10:00:00Z,,,,,\n,big,input,%4$d,1000000,,,,batch,,,,\n"          \
    ",steps,input,%4$d,1000,,,,,,,,\n,steps,input,%3$d,1000,,,,,100,,marginal,\n"                            \
    ",steps,input,%2$d,1000,,,,,,250,marginal,\n,steps,output,%1$d,1000,,,,,,,,\n"                           \
    ",steps,cache_write_5m,%1$d,1,,2026-03-29,,,,,,\n,only-input,input,%4$d,1000000,,,,,,,,\n"

#define WORLD_ACCOUNTS                                                                                       \
    ACCOUNT_HEAD                                                                                             \
    "ann,,web,10,6100,olga,,,,,2026-03-29\nann,,data,,,,,,,2026-03-29,\nbob,,web,10,6200,,,,,,\n"            \
    "b*,coffee,roast,20,,ron,,,,,\nsvc-*,,apps,,7000,,,service,,,\nsvc-22*,,apps,30,,,,service,,,\n"         \
    "svc-1,,,40,,,,,,,\n"

static inline void world_init(struct world *w, const char *zone)
{
    struct tb_err err = {0};
    char path[96];
    const char *tmp = getenv("TMPDIR");
    *w = (struct world){.n = 0};
    settings_make(&w->settings, zone);
    w->settings.sources = world_source_settings;
    w->settings.source_count = 3;
    w->events = calloc(WORLD_EVENTS_MAX, sizeof *w->events);
    assert_non_null(w->events);
    snprintf(w->dir, sizeof w->dir, "%.30s/tb_rate_XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    snprintf(path, sizeof path, "%s/t.db", w->dir);
    assert_ok(tb_db_open(path, TB_DB_WRITE, &w->db, &err), err);
}

static inline void world_release(struct world *w)
{
    char command[96];
    tb_db_close(w->db);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    tb_tables_free(w->tables);
    settings_release(&w->settings);
    free(w->events);
}

/* Every price is the usual one times k. */
static inline struct tb_tables *world_tables(const struct world *w, int k)
{
    char prices[4096];
    snprintf(prices, sizeof prices, WORLD_PRICES, 3 * k, 5 * k, 7 * k, 11 * k);
    return tables_make(&w->settings, prices, WORLD_ACCOUNTS);
}

#define WORLD_PICK(state, list) (list)[random_below(state, sizeof(list) / sizeof *(list))]

static inline void happening_set(struct happening *h, enum tb_event_number n, int64_t value)
{
    h->number[n] = value;
    h->present |= 1u << n;
}

static inline void world_draw_texts(uint64_t *random, struct happening *h)
{
    static const char *const consumers[] = {"ann",    "bob", "ben", "svc-1",      "svc-2",
                                            "svc-22", "eve", NULL,  "(anonymous)"};
    static const char *const models[] = {"big", "big", "steps", "only-input", "new-model", "(none)", NULL};
    static const char *const nodes[] = {"n1", "n2", NULL};
    static const char *const providers[] = {"openai", "azure", NULL};
    static const char *const tiers[] = {NULL, NULL, "batch"};
    static const char *const features[] = {NULL, "chat"};
    static const char *const variants[] = {NULL, NULL, NULL, "b"};
    static const char *const triggers[] = {NULL, NULL, "undo", "retry", "auto_save", "click"};
    h->text[TB_T_NODE] = WORLD_PICK(random, nodes);
    h->text[TB_T_CONSUMER] = WORLD_PICK(random, consumers);
    h->text[TB_T_PROVIDER] = WORLD_PICK(random, providers);
    h->text[TB_T_MODEL] = WORLD_PICK(random, models);
    h->text[TB_T_SERVICE_TIER] = WORLD_PICK(random, tiers);
    h->text[TB_T_FEATURE] = WORLD_PICK(random, features);
    h->text[TB_T_VARIANT] = WORLD_PICK(random, variants);
    h->text[TB_T_TRIGGER] = WORLD_PICK(random, triggers);
}

static inline void world_draw_numbers(uint64_t *random, struct happening *h)
{
    uint32_t kind = random_below(random, 20);
    if (kind == 0) {
        happening_set(h, TB_N_SAVED, random_below(random, 500));
        h->flags |= TB_F_CACHE_HIT;
    } else if (kind <= 2) {
        happening_set(h, TB_N_TOTAL_ONLY, random_below(random, 500));
    } else if (kind <= 17) {
        happening_set(h, TB_N_INPUT, random_below(random, 400));
        happening_set(h, TB_N_OUTPUT, random_below(random, 50));
        if (kind > 13) {
            happening_set(h, TB_N_CACHE_READ, random_below(random, 150));
            happening_set(h, TB_N_CACHE_WRITE_5M, random_below(random, 50));
            happening_set(h, TB_N_CACHE_WRITE_1H, random_below(random, 50));
            happening_set(h, TB_N_REASONING, random_below(random, (uint32_t)h->number[TB_N_OUTPUT] + 1));
        }
    }
    if (random_below(random, 4) != 0) {
        happening_set(h, TB_N_STATUS,
                      (const int64_t[]){200, 200, 399, 400, 429, 500}[random_below(random, 6)]);
    }
    if (random_below(random, 3) == 0) {
        happening_set(h, TB_N_SUCCESS, random_below(random, 2));
    }
    if (random_below(random, 3) != 0) {
        happening_set(h, TB_N_LATENCY_MS, random_below(random, 3000));
    }
}

static inline void world_draw_flags(uint64_t *random, struct happening *h)
{
    h->flags |= random_below(random, 25) == 0 ? TB_F_TOOL : 0;
    h->flags |= random_below(random, 9) == 0 ? TB_F_TOTAL_MISMATCH : 0;
    h->flags |= random_below(random, 30) == 0 ? TB_F_REFUSED : 0;
    if (random_below(random, 4) == 0) {
        static const char *const currencies[] = {"USD", "USD", "EUR", NULL};
        snprintf(h->cost, sizeof h->cost, "0.%05u", random_below(random, 3) * random_below(random, 30000));
        h->text[TB_T_COST_CURRENCY] = WORLD_PICK(random, currencies);
    }
}

/* n events between two instants, some of them at the starts of civil days and just before. */
static inline void world_draw(struct world *w, uint64_t *random, size_t n, int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < n; i++) {
        struct happening *h = &w->events[w->n];
        assert_true(w->n < WORLD_EVENTS_MAX);
        *h = (struct happening){.source = (int)random_below(random, 4), .serial = w->n};
        h->ts_us = from_us + (int64_t)(random_next(random) % (uint64_t)(to_us - from_us));
        if (random_below(random, 10) == 0) {
            int64_t start = tb_zone_day_start(w->settings.zone, tb_zone_day(w->settings.zone, h->ts_us));
            h->ts_us = start - (int64_t)random_below(random, 2);
        }
        world_draw_texts(random, h);
        world_draw_numbers(random, h);
        world_draw_flags(random, h);
        w->n++;
    }
}

static inline void world_row(struct world *w, const struct happening *h, struct tb_row *row)
{
    struct tb_err err = {0};
    *row =
        (struct tb_row){.ts_us = h->ts_us, .present = h->present, .flags = h->flags, .line = h->serial + 1};
    row->identity = tb_hash128(&h->serial, sizeof h->serial, 1);
    row->payload = tb_hash64(&h->serial, sizeof h->serial, 2);
    row->quality = (h->present >> TB_N_TOTAL_ONLY & 1u) != 0 ? TB_QUALITY_TOTAL_ONLY : TB_QUALITY_EXACT;
    memcpy(row->number, h->number, sizeof row->number);
    for (int t = 0; t < TB_T_COUNT; t++) {
        assert_ok(tb_dict_id(w->db, tb_str_of(h->text[t]), true, &row->text[t], &err), err);
    }
    if (h->cost[0] != '\0') {
        assert_true(tb_decimal_parse(tb_str_of(h->cost), true, &row->cost));
        row->has_cost = true;
    }
}

/* Loads the events [from, from + n) as one file of each source; backwards when asked. */
static inline void world_load(struct world *w, size_t from, size_t n, bool backwards)
{
    struct tb_err err = {0};
    struct tb_row *rows = calloc(n + 1, sizeof *rows);
    static int serial;
    assert_non_null(rows);
    for (int source = 0; source < 4; source++) {
        struct tb_load_txn *t = NULL;
        struct tb_append_counts counts = {0};
        char path[32];
        uint32_t source_id = 0;
        uint32_t count = 0;
        snprintf(path, sizeof path, "file-%d", ++serial);
        assert_ok(tb_db_begin(w->db, &err), err);
        assert_ok(tb_dict_id(w->db, tb_str_of(world_sources[source]), true, &source_id, &err), err);
        for (size_t i = 0; i < n; i++) {
            const struct happening *h = &w->events[backwards ? from + n - 1 - i : from + i];
            if (h->source == source) {
                world_row(w, h, &rows[count++]);
            }
        }
        struct tb_file_entry e = {.source = source_id,
                                  .path = tb_str_of(path),
                                  .format = TB_STR("kong"),
                                  .wrapper = TB_STR(""),
                                  .kind = TB_STR("plain"),
                                  .date = TB_DAY_NONE,
                                  .lines = count,
                                  .events = count};
        assert_ok(tb_files_insert(w->db, &e, &err), err);
        assert_ok(tb_load_begin(w->db, e.file, source_id, &t, &err), err);
        assert_ok(tb_load_append(t, rows, count, &counts, NULL, NULL, &err), err);
        assert_int_equal(counts.events, count);
        assert_ok(tb_load_finish(t, &err), err);
        assert_ok(tb_db_commit(w->db, &err), err);
    }
    free(rows);
}

/* --- what the events come to, by another road than the program's ----------------------------------------------------- */

/* The event's charge (tb_charge_event is checked against money_oracle.py) and account row. */
struct judged {
    const struct tb_account_row *account;
    struct tb_charge charge;
    bool billed, logged;
    tb_money logged_cost;
};

static inline void happening_judge(const struct world *w, struct tb_pricebook *prices,
                                   struct tb_accountbook *accounts, const struct happening *h,
                                   struct judged *j)
{
    struct sample e = {.query = {.ts_us = h->ts_us, .present = h->present, .flags = h->flags}};
    struct tb_str consumer =
        tb_str_of(h->text[TB_T_CONSUMER] != NULL ? h->text[TB_T_CONSUMER] : "(anonymous)");
    struct tb_str source = tb_str_of(world_sources[h->source]);
    const char *currency = h->text[TB_T_COST_CURRENCY];
    (void)w;
    *j = (struct judged){.billed = h->source != 2};
    memcpy(e.number, h->number, sizeof e.number);
    sample_texts(&e, h->text[TB_T_PROVIDER], h->text[TB_T_MODEL], h->text[TB_T_SERVICE_TIER]);
    if (h->cost[0] != '\0') {
        assert_true(tb_decimal_parse(tb_str_of(h->cost), true, &e.query.cost));
        assert_true(tb_money_from_decimal(&e.query.cost, &j->logged_cost, NULL));
        e.query.has_cost = currency != NULL && strcmp(currency, "USD") == 0;
        e.query.has_other_cost = !e.query.has_cost && e.query.cost.mantissa != 0;
        j->logged = currency == NULL || strcmp(currency, "USD") == 0;
    }
    sample_charge(prices, &e, &j->charge);
    j->account = tb_account_find(accounts, h->ts_us, key_of(consumer), consumer, key_of(source), source);
}

static inline bool same_text(struct tb_str a, const char *b)
{
    return tb_str_eq(a, tb_str_of(b));
}

static inline const char *judged_team(const struct judged *j)
{
    return j->account == NULL || j->account->team.s == NULL ? TB_TEAM_UNASSIGNED : j->account->team.s;
}

static inline const char *judged_cost_center(const struct judged *j)
{
    return j->account == NULL ? NULL : j->account->cost_center.s;
}

static inline const char *happening_consumer(const struct happening *h)
{
    return h->text[TB_T_CONSUMER] != NULL ? h->text[TB_T_CONSUMER] : "(anonymous)";
}

#endif
