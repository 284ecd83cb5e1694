/* The pass over a day: what threads, batches and blocks make of it is what its parts make of the same events shown one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "config/settings.h"
#include "config/tables.h"
#include "detect/pass.h"
#include "store/files.h"

#define DAY       20500
#define START     (DAY * TB_US_PER_DAY)
#define FIRST     (START - 3 * TB_US_PER_H)
#define HOURS     28 /* 3 before the day, one behind it */
#define EVENTS    24000
#define CONSUMERS 10
#define ADDRESSES 3
#define MODELS    3 /* the last one has no price */

struct happening {
    int64_t ts_us, input, output, status;
    uint32_t consumer, ip, feature, model, agent; /* numbers here; ip and agent: 0 = none */
    uint64_t fingerprint;
    struct tb_signature signature;
    bool tool, unbilled;
};

struct world {
    char path[64];
    struct tb_db *db;
    struct tb_settings settings;
    struct tb_source_setting sources[2];
    struct tb_tables *tables;
    struct tb_rules rules;
    struct happening *events; /* in the order of time */
    uint32_t source[2], consumer[CONSUMERS], ip[ADDRESSES + 1], feature[4], model[MODELS], agent[3], provider;
    struct tb_err err;
};

static uint64_t seed = 20220131;
static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % n;
}

static void draw(struct happening *h, size_t i)
{
    *h = (struct happening){.ts_us = FIRST + (int64_t)i * (HOURS * TB_US_PER_H / EVENTS) + below(1000)};
    bool storm = i / 500 % 5 == 0 && below(2) == 0;
    h->consumer = storm ? below(3) : below(CONSUMERS);
    h->ip = below(ADDRESSES + 1);
    if (i % 10 == 0) { /* every 42 s */
        h->consumer = CONSUMERS - 1;
        h->ip = 1;
    }
    h->feature = below(3);
    h->model = below(8) == 0 ? below(MODELS) : h->consumer % 2;
    h->agent = below(3);
    h->tool = below(50) == 0;
    h->unbilled = below(50) == 0;
    h->status = below(storm ? 2 : 100) == 0 ? 429 + 71 * below(2) : 200;
    if (h->status == 200) {
        h->input = below(40) == 0 ? 3000 + below(90000) : 1 + below(3000);
        h->output = below(2000);
    }
    uint32_t prompt = below(3) == 0 ? 1000 + (uint32_t)i : below(12); /* of its own, or one of twelve */
    h->fingerprint = below(20) == 0 ? 0 : prompt + 1;
    for (int k = 0; k < TB_SIGNATURE_LANES && prompt % 4 != 0; k++) {
        h->signature.lane[k] = (uint16_t)(1 + (below(5) == 0 ? below(9000) : prompt % 40));
    }
}

static void texts(struct world *w, uint32_t *out, uint32_t n, const char *format)
{
    char text[64];
    for (uint32_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, format, i);
        assert_int_equal(tb_dict_id(w->db, tb_str_of(text), true, &out[i], &w->err), TB_OK);
    }
}

static void make_row(const struct world *w, size_t i, struct tb_row *row)
{
    const struct happening *h = &w->events[i];
    *row = (struct tb_row){.ts_us = h->ts_us, .payload = i, .line = i + 1, .flags = h->tool ? TB_F_TOOL : 0};
    row->identity = tb_hash128(&i, sizeof i, 1);
    row->text[TB_T_CONSUMER] = w->consumer[h->consumer];
    row->text[TB_T_PROVIDER] = w->provider;
    row->text[TB_T_MODEL] = w->model[h->model];
    row->text[TB_T_FEATURE] = w->feature[h->feature];
    row->text[TB_T_CLIENT_IP] = w->ip[h->ip];
    row->text[TB_T_USER_AGENT] = w->agent[h->agent];
    row->number[TB_N_STATUS] = h->status;
    row->number[TB_N_INPUT] = h->input;
    row->number[TB_N_OUTPUT] = h->output;
    row->present = 1u << TB_N_STATUS | 1u << TB_N_INPUT | 1u << TB_N_OUTPUT;
    row->prompt_fingerprint = h->fingerprint;
    if (tb_signature_is(&h->signature)) {
        row->signature = (struct tb_str){(const char *)&h->signature, sizeof h->signature};
    }
}

/* The file of one hour and source. */
static void load(struct world *w, int hour, int source)
{
    static struct tb_row rows[EVENTS];
    struct tb_load_txn *t = NULL;
    struct tb_append_counts counts;
    struct tb_file_entry e = {.source = w->source[source],
                              .path = TB_STR("a.log"),
                              .format = TB_STR("kong"),
                              .wrapper = TB_STR(""),
                              .kind = TB_STR("plain"),
                              .date = INT32_MIN};
    uint32_t n = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        const struct happening *h = &w->events[i];
        if ((h->ts_us - FIRST) / TB_US_PER_H == hour && h->unbilled == (source == 1)) {
            make_row(w, i, &rows[n++]);
        }
    }
    assert_int_equal(tb_db_begin(w->db, &w->err), TB_OK);
    assert_int_equal(tb_files_insert(w->db, &e, &w->err), TB_OK);
    assert_int_equal(tb_load_begin(w->db, e.file, e.source, &t, &w->err), TB_OK);
    assert_int_equal(tb_load_append(t, rows, n, &counts, NULL, NULL, &w->err), TB_OK);
    assert_int_equal(counts.events, n);
    assert_int_equal(tb_load_finish(t, &w->err), TB_OK);
    assert_int_equal(tb_db_commit(w->db, &w->err), TB_OK);
}

static int begin(void **state)
{
    static struct world w;
    const char *tmp = getenv("TMPDIR");
    struct tb_str text[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = TB_STR("provider,model,meter,price,per,currency\n"
                                   ",model-0,input,1,1000000,USD\n,model-0,output,2,1000000,USD\n"
                                   ",model-1,input,1,1000000,USD\n,model-1,output,2,1000000,USD\n")};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    snprintf(w.path, sizeof w.path, "%.30s/tb_digest_XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_int_not_equal(close(mkstemp(w.path)), -1);
    w.sources[0] = (struct tb_source_setting){.name = "gateway", .bill = true};
    w.sources[1] = (struct tb_source_setting){.name = "shadow", .bill = false};
    w.settings = (struct tb_settings){.currency = "USD", .sources = w.sources, .source_count = 2};
    assert_int_equal(tb_zone_load("UTC", &w.settings.zone, &w.err), TB_OK);
    assert_int_equal(tb_rules_load(&w.settings, &w.rules, &w.err), TB_OK);
    assert_int_equal(tb_tables_parse(&w.settings, text, name, &w.tables, &w.err), TB_OK);
    assert_int_equal(unlink(w.path), 0);
    assert_int_equal(tb_db_open(w.path, TB_DB_WRITE, &w.db, &w.err), TB_OK);
    w.events = calloc(EVENTS, sizeof *w.events);
    for (size_t i = 0; i < EVENTS; i++) {
        draw(&w.events[i], i);
    }
    assert_int_equal(tb_db_begin(w.db, &w.err), TB_OK);
    texts(&w, &w.source[0], 1, "gateway");
    texts(&w, &w.source[1], 1, "shadow");
    texts(&w, &w.provider, 1, "provider");
    texts(&w, w.consumer, CONSUMERS, "consumer-%u");
    texts(&w, w.ip + 1, ADDRESSES, "10.0.0.%u");
    texts(&w, w.feature, 4, "route-%u");
    texts(&w, w.model, MODELS, "model-%u");
    texts(&w, &w.agent[1], 1, "curl/8.5.0");
    texts(&w, &w.agent[2], 1, "Googlebot/2.1");
    assert_int_equal(tb_db_commit(w.db, &w.err), TB_OK);
    for (int hour = 0; hour < HOURS; hour++) {
        load(&w, hour, 0);
        load(&w, hour, 1);
    }
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    char path[80];
    static const char *const also[] = {"", ".lock", "-wal", "-shm"};
    tb_db_close(w->db);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, also[i]);
        (void)unlink(path);
    }
    tb_tables_free(w->tables);
    tb_zone_free(w->settings.zone);
    free(w->events);
    return 0;
}

/* --- the same day by hand ---------------------------------------------------------------------------------------------- */

struct parts {
    struct tb_pass pass;
    struct tb_sums *sums;
    struct tb_repeat *repeat;
    struct tb_rhythm *rhythm;
    struct tb_failure *failure;
    struct tb_hourly hourly;
};

static struct tb_pass_event event_of(const struct world *w, const struct happening *h)
{
    struct tb_pass_event e = {.ts_us = h->ts_us,
                              .consumer = w->consumer[h->consumer],
                              .ip = w->ip[h->ip],
                              .agent = w->agent[h->agent],
                              .feature = w->feature[h->feature],
                              .model = w->model[h->model],
                              .provider = w->provider,
                              .failed = h->status != 200,
                              .crawler = h->agent == 2,
                              .in_day = h->ts_us >= START,
                              .fingerprint = h->fingerprint,
                              .input = h->input,
                              .output = h->output};
    e.actor = 500 - h->consumer * (ADDRESSES + 1) - h->ip; /* any number will do */
    e.signature = tb_signature_is(&h->signature) ? &h->signature : NULL;
    e.unpriced = h->model == 2 && h->input + h->output > 0;
    e.cost = h->model == 2 ? 0 : (h->input + 2 * h->output) * 1000000;
    return e;
}

static void show(struct world *w, struct parts *p, const struct tb_pass_event *e)
{
    if (e->in_day) {
        assert_int_equal(tb_sums_take(p->sums, e), TB_OK);
    }
    assert_int_equal(tb_repeat_take(p->repeat, e, &w->err), TB_OK);
    assert_int_equal(tb_rhythm_take(p->rhythm, e, &w->err), TB_OK);
    assert_int_equal(tb_failure_take(p->failure, e, &w->err), TB_OK);
    assert_int_equal(tb_hourly_take(&p->hourly, e->ts_us, e->cost, &w->err), TB_OK);
}

static void show_tool(struct world *w, struct parts *p, const struct happening *h)
{
    const uint32_t present = 1u << TB_N_STATUS;
    const int64_t retries = 0;
    struct tb_block b = {.n = 1, .ts_us = &h->ts_us, .present = &present};
    b.text[TB_T_FEATURE] = &w->feature[h->feature];
    b.number[TB_N_STATUS] = &h->status;
    b.number[TB_N_RETRIES] = &retries;
    assert_int_equal(tb_sums_tool(p->sums, &b, 0), TB_OK);
}

static void by_hand(struct world *w, struct tb_digest *d)
{
    struct parts p = {.pass = {.d = d, .rules = &w->rules}};
    *d = (struct tb_digest){.day = DAY, .from_us = START, .to_us = START + TB_US_PER_DAY};
    assert_int_equal(tb_sums_new(&p.pass, &p.sums, &w->err), TB_OK);
    p.repeat = tb_repeat_new(&p.pass);
    p.rhythm = tb_rhythm_new(&p.pass);
    p.failure = tb_failure_new(&p.pass);
    tb_hourly_init(&p.hourly, &p.pass);
    for (size_t i = 0; i < EVENTS; i++) {
        const struct happening *h = &w->events[i];
        if (h->unbilled || h->ts_us < START - 2 * TB_US_PER_H || h->ts_us >= START + TB_US_PER_DAY) {
            continue;
        }
        if (h->tool) {
            show_tool(w, &p, h);
        } else {
            struct tb_pass_event e = event_of(w, h);
            show(w, &p, &e);
        }
    }
    assert_int_equal(tb_repeat_end(p.repeat, &w->err), TB_OK);
    assert_int_equal(tb_rhythm_end(p.rhythm, &w->err), TB_OK);
    assert_int_equal(tb_failure_end(p.failure, &w->err), TB_OK);
    assert_int_equal(tb_hourly_end(&p.hourly, &p.pass, &w->err), TB_OK);
    assert_int_equal(tb_sums_end(p.sums), TB_OK);
    tb_repeat_free(p.repeat);
    tb_rhythm_free(p.rhythm);
    tb_failure_free(p.failure);
    tb_sums_free(p.sums);
    tb_hourly_release(&p.hourly);
}

static void assert_same(const struct tb_digest *a, const struct tb_digest *b)
{
    assert_true(a->events == b->events && a->unsigned_events == b->unsigned_events);
    assert_true(a->from_us == b->from_us && a->to_us == b->to_us);
#define SAME(name)                                                                                           \
    assert_int_equal(a->name##_n, b->name##_n);                                                              \
    if (a->name##_n > 0) {                                                                                   \
        assert_memory_equal(a->name, b->name, a->name##_n * sizeof *a->name);                                \
    }
    TB_DIGEST_PARTS(SAME)
#undef SAME
}

static void threads_and_batches_change_nothing(void **state)
{
    struct world *w = *state;
    struct tb_digest hand, built;
    by_hand(w, &hand);
    assert_true(hand.events > 10 * TB_PASS_BATCH);
    assert_true(hand.run_n > 100 && hand.storm_n > 2 && hand.outage_n > 0 && hand.steady_n > 0 &&
                hand.tool_n == 3 && hand.unpriced_n == 1);
    assert_true(hand.agent_n > 0 && hand.size_n > 100 && hand.large_n > 0 && hand.place_n > 30);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(tb_digest_build(w->db, &w->settings, w->tables, &w->rules, DAY, &built, &w->err),
                         TB_OK);
        assert_same(&hand, &built);
        tb_digest_release(&built);
    }
    tb_digest_release(&hand);
}

/* --- who looks on ------------------------------------------------------------------------------------------------------ */

struct watched {
    uint64_t calls;
    int64_t last_us;
    bool in_order;
};

static void joined(void *ctx, const struct tb_dg_run *run, const struct tb_pass_event *e)
{
    struct watched *x = ctx;
    x->calls++;
    x->in_order = x->in_order && e->ts_us >= x->last_us && run->end_us == e->ts_us &&
                  run->consumer == e->consumer && run->ip == e->ip;
    x->last_us = e->ts_us;
}

static void who_looks_on_sees_every_call_in_order(void **state)
{
    struct world *w = *state;
    struct tb_digest d;
    struct watched x = {.in_order = true};
    uint64_t expected = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        const struct happening *h = &w->events[i];
        expected += !h->unbilled && !h->tool && h->fingerprint != 0 && h->ts_us >= START - 2 * TB_US_PER_H &&
                    h->ts_us < START + TB_US_PER_DAY;
    }
    assert_int_equal(tb_digest_watch(w->db, &w->settings, w->tables, &w->rules, DAY, joined, &x, &d, &w->err),
                     TB_OK);
    tb_digest_release(&d);
    assert_true(x.in_order);
    assert_int_equal(x.calls, expected);
}

/* --- by consumer -------------------------------------------------------------------------------------------------------- */

static size_t record_bytes;
static int by_consumer_and_bytes(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x != y ? (x < y ? -1 : 1) : memcmp(a, b, record_bytes);
}

/* array as it came, sorted: what tb_digest_sort made of it, by the library's sort; ranges by looking at every record. */
static void assert_order(const struct tb_digest *d, enum tb_digest_part part, void *as_it_came,
                         const void *sorted, size_t n, size_t size)
{
    record_bytes = size;
    qsort(as_it_came, n, size, by_consumer_and_bytes);
    assert_memory_equal(as_it_came, sorted, n * size);
    for (uint32_t id = 0; id < 200; id++) {
        size_t from = 0, to = 0, first = n, count = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t c;
            memcpy(&c, (const char *)sorted + i * size, sizeof c);
            first = c == id && first == n ? i : first;
            count += c == id;
        }
        tb_digest_range_(d, part, id, &from, &to);
        assert_int_equal(to - from, count);
        assert_true(count == 0 || from == first);
    }
}

static void consumers_are_found_with_all_their_records(void **state)
{
    struct world *w = *state;
    struct tb_digest came, sorted;
    struct tb_dg_place far = {.consumer = UINT32_MAX - 5, .ip = 3}; /* too far to count up to */
    for (int round = 0; round < 2; round++) {
        by_hand(w, &came);
        by_hand(w, &sorted);
        if (round == 1) {
            came.place[7] = sorted.place[7] = far;
        }
        assert_int_equal(tb_digest_sort(&sorted, &w->err), TB_OK);
        for (size_t i = 0; i < sorted.place_n; i++) {
            came.place[i].first = sorted.place[i].first = 0; /* hours lie in their order */
        }
#define ORDER(name)                                                                                          \
    assert_int_equal(came.name##_n, sorted.name##_n);                                                        \
    if (came.name##_n > 0) {                                                                                 \
        assert_order(&sorted, TB_DG_##name, came.name, sorted.name, came.name##_n, sizeof *came.name);       \
    }
        TB_DIGEST_PARTS_OF_CONSUMERS(ORDER)
#undef ORDER
        tb_digest_release(&sorted);
        tb_digest_release(&came);
    }
    sorted = (struct tb_digest){.day = DAY};
    assert_int_equal(tb_digest_sort(&sorted, &w->err), TB_OK);
    size_t from = 1, to = 2;
    TB_DIGEST_RANGE(&sorted, place, 7, from, to);
    assert_int_equal(from, to);
    tb_digest_release(&sorted);
}

static void get(struct world *w, struct tb_digest *out)
{
    assert_int_equal(tb_db_begin(w->db, &w->err), TB_OK);
    assert_int_equal(tb_digest_get(w->db, &w->settings, w->tables, &w->rules, DAY, out, &w->err), TB_OK);
    assert_int_equal(tb_db_commit(w->db, &w->err), TB_OK);
}

static void a_kept_digest_is_the_one_that_was_made(void **state)
{
    struct world *w = *state;
    struct tb_digest made, kept, again;
    get(w, &made);
    get(w, &kept);
    assert_same(&made, &kept);
    made.place[0].first =
        (uint32_t)made.hour_n; /* hours that are not there: it is no digest, and made anew */
    assert_int_equal(tb_db_begin(w->db, &w->err), TB_OK);
    assert_int_equal(tb_digest_keep(w->db, &w->settings, w->tables, &w->rules, &made, &w->err), TB_OK);
    assert_int_equal(tb_db_commit(w->db, &w->err), TB_OK);
    get(w, &again);
    assert_same(&kept, &again);
    tb_digest_release(&made);
    tb_digest_release(&kept);
    tb_digest_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_and_batches_change_nothing),
                                       cmocka_unit_test(who_looks_on_sees_every_call_in_order),
                                       cmocka_unit_test(consumers_are_found_with_all_their_records),
                                       cmocka_unit_test(a_kept_digest_is_the_one_that_was_made)};
    return cmocka_run_group_tests(tests, begin, end);
}
