/* Random price tables and events: this program and money_oracle.py (Python fractions, no code in common) say
 * the same cost to the last of 24 decimals. Without python3 this fails: a check that is not made is not
 * passed. */
#include "tests/unit/rate/support.h"

#include <unistd.h>
#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"

#define TABLES   120
#define ROWS_MAX 28
#define EVENTS   150
#define ORACLE   "tests/unit/rate/money_oracle.py"

static const char *const models[] = {"gpt-4o", "gpt-4o-mini", "claude-3", "o1", "a*b", NULL, "(none)"};
static const char *const model_globs[] = {"gpt-4o", "gpt-4o-mini", "gpt-*", "gpt-4?*", "*",     "claude-3",
                                          "[co]*",  "*-mini",      "o1",    "a\\*b",   "[!g]*", "??"};
static const char *const providers[] = {"openai", "azure", "anthropic", NULL};
static const char *const provider_globs[] = {"", "", "openai", "azure", "*", "a*", "a[nz]*", "open?i"};
static const char *const tiers[] = {NULL, "batch", "priority"};
static const char *const row_tiers[] = {"", "", "", "batch", "priority"};
static const char *const froms[] = {
    "", "", "", "", "2026-03-28", "2026-03-29", "2026-03-29T12:30:00Z", "2026-03-30T00:00:00+05:30"};
static const char *const tos[] = {"", "", "", "", "2026-03-29T03:00:00Z", "2026-03-30", "2026-03-31"};
static const char *const prices[] = {
    "0", "1", "2.5", "0.000000000000000003", "15", "0.075", "12.000000000000000001", "3.30", "0.15"};
#define PICK(state, list) (list)[random_below(state, sizeof(list) / sizeof *(list))]

static const struct {
    const char *name;
    const char *zone;
} zones[] = {{"amsterdam", "Europe/Amsterdam"}, {"utc", "UTC"}, {"kolkata", "Asia/Kolkata"}};

/* One event as both sides get it. */
struct drawn {
    struct sample sample;
    const char *currency;
    char cost[32];
};

static void draw_row(uint64_t *state, char *out, size_t out_size)
{
    char threshold[24] = "";
    uint32_t meter = random_below(state, TB_METER_COUNT + 3);
    meter = meter >= TB_METER_COUNT ? (meter == TB_METER_COUNT ? TB_METER_OUTPUT : TB_METER_INPUT) : meter;
    bool has = random_below(state, 2) == 0;
    bool from = random_below(state, 2) == 0;
    bool marginal = has && meter < TB_METER_OUTPUT && random_below(state, 2) == 0;
    if (has) {
        snprintf(threshold, sizeof threshold, "%u", random_below(state, 4) * random_below(state, 12));
    }
    snprintf(out, out_size, "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,\n", PICK(state, provider_globs),
             PICK(state, model_globs), tb_meter_names[meter], PICK(state, prices),
             (const char *const[]){"1", "1000", "1000000"}[random_below(state, 3)],
             random_below(state, 2) == 0 ? "USD" : "", PICK(state, froms), PICK(state, tos),
             PICK(state, row_tiers), from ? "" : threshold, from ? threshold : "",
             marginal ? "marginal" : "");
}

/* Rows are kept as long as the table stays free of ties. */
static struct tb_tables *draw_table(uint64_t *state, const struct tb_settings *s, struct tb_buf *text)
{
    struct tb_err err = {0};
    tb_buf_clear(text);
    assert_ok(tb_buf_str(text, tb_str_of(PRICE_HEAD), &err), err);
    for (int i = 0; i < 2 && random_below(state, 5) != 0; i++) { /* most tables price most models */
        static const char *const bases[] = {",*,output,15,1000000,,,,,,,,\n",
                                            ",*,input,2.5,1000000,,,,,,,,\n"};
        assert_ok(tb_buf_str(text, tb_str_of(bases[i]), &err), err);
    }
    struct tb_tables *kept = tables_make(s, tb_buf_view(text).s, NULL);
    for (int i = 0; i < ROWS_MAX; i++) {
        char row[256];
        size_t before = text->n;
        draw_row(state, row, sizeof row);
        assert_ok(tb_buf_str(text, tb_str_of(row), &err), err);
        struct tb_tables *t = tables_try(s, tb_buf_view(text).s, NULL);
        if (t != NULL) {
            tb_tables_free(kept);
            kept = t;
        } else {
            text->n = before;
            text->p[before] = '\0';
        }
    }
    return kept;
}

static int64_t draw_tokens(uint64_t *state)
{
    switch (random_below(state, 12)) {
    case 0:
        return 0;
    case 1:
        return random_below(state, 1000000);
    case 2:
        return (int64_t)(random_next(state) % UINT64_C(1000000000000));
    default:
        return random_below(state, 15);
    }
}

static void draw_numbers(uint64_t *state, struct sample *e)
{
    if (random_below(state, 8) == 0) {
        sample_set(e, TB_N_TOTAL_ONLY, draw_tokens(state));
    } else {
        for (enum tb_event_number n = TB_N_INPUT; n <= TB_N_OUTPUT; n++) {
            if (random_below(state, 3) != 0) {
                sample_set(e, n, draw_tokens(state));
            }
        }
        if (e->number[TB_N_OUTPUT] > 0 && random_below(state, 2) == 0) {
            sample_set(e, TB_N_REASONING,
                       (int64_t)(random_next(state) % (uint64_t)(e->number[TB_N_OUTPUT] + 1)));
        }
    }
    if (random_below(state, 3) != 0) {
        sample_set(e, TB_N_STATUS, (const int64_t[]){200, 399, 400, 429, 502}[random_below(state, 5)]);
    }
    if (random_below(state, 2) == 0) {
        sample_set(e, TB_N_SUCCESS, random_below(state, 2));
    }
}

static void draw_event(uint64_t *state, struct drawn *d)
{
    struct sample *e = &d->sample;
    *d = (struct drawn){.currency = NULL};
    e->query.ts_us =
        INT64_C(1774656000000000) + (int64_t)random_below(state, 4 * 24 * 4) * 900 * TB_US_PER_S +
        (int64_t)random_below(state, 2) - 1; /* 2026-03-28 and four days on, about the quarters */
    sample_texts(e, PICK(state, providers), PICK(state, models), PICK(state, tiers));
    draw_numbers(state, e);
    e->query.flags = random_below(state, 20) == 0 ? TB_F_CACHE_HIT : 0;
    if (random_below(state, 3) == 0) {
        snprintf(d->cost, sizeof d->cost, "%u.%06ue-%u", random_below(state, 5),
                 random_below(state, 1000000) * random_below(state, 2), random_below(state, 15));
        d->currency = (const char *const[]){"USD", "EUR", NULL}[random_below(state, 3)];
        assert_true(tb_decimal_parse(tb_str_of(d->cost), true, &e->query.cost));
        e->query.has_cost = d->currency != NULL && strcmp(d->currency, "USD") == 0;
        e->query.has_other_cost = !e->query.has_cost && e->query.cost.mantissa != 0;
    }
}

static void write_event(struct tb_buf *out, const struct drawn *d, bool first)
{
    static const char *const names[] = {"input",  "cache_read", "cache_write_5m", "cache_write_1h",
                                        "output", "reasoning",  "total_only",     "saved",
                                        "status", "success"};
    struct tb_err err = {0};
    const struct tb_price_query *q = &d->sample.query;
    const struct tb_str texts[] = {q->provider, q->model, q->service_tier};
    assert_ok(tb_buf_printf(out, &err, "%s[%lld", first ? "" : ",", (long long)q->ts_us), err);
    for (int i = 0; i < 3; i++) {
        assert_ok(tb_buf_printf(out, &err, ","), err);
        assert_ok(tb_json_quote(out, texts[i], &err), err);
    }
    assert_ok(tb_buf_printf(out, &err, ",{"), err);
    const char *comma = "";
    for (int n = 0; n <= TB_N_SUCCESS; n++) {
        if (q->present >> n & 1u) {
            assert_ok(
                tb_buf_printf(out, &err, "%s\"%s\":%lld", comma, names[n], (long long)d->sample.number[n]),
                err);
            comma = ",";
        }
    }
    assert_ok(tb_buf_printf(out, &err, "},%s,", (q->flags & TB_F_CACHE_HIT) != 0 ? "true" : "false"), err);
    assert_ok(tb_json_quote(out, d->cost[0] != '\0' ? tb_str_of(d->cost) : TB_STR_NULL, &err), err);
    assert_ok(tb_buf_printf(out, &err, ","), err);
    assert_ok(tb_json_quote(out, tb_str_of(d->currency), &err), err);
    assert_ok(tb_buf_printf(out, &err, "]"), err);
}

/* The parts add up to the cost, and their quantities to the tokens. */
static void check_parts(const struct drawn *d, const struct tb_charge *c)
{
    tb_money sum = 0;
    int64_t tokens = 0;
    int64_t expected = 0;
    for (int i = 0; i < c->parts; i++) {
        assert_true(tb_money_add(sum, c->part[i].cost, &sum));
        assert_true(c->part[i].quantity > 0);
        tokens += c->part[i].meter == TB_METER_REQUEST ? 0 : c->part[i].quantity;
    }
    assert_true(c->basis == TB_BASIS_COMPUTED || c->parts == 0);
    if (c->basis == TB_BASIS_COMPUTED && (d->sample.query.flags & TB_F_CACHE_HIT) == 0) {
        assert_true(sum == c->cost);
        for (int n = TB_N_INPUT; n <= TB_N_TOTAL_ONLY; n++) {
            expected += n == TB_N_REASONING ? 0 : d->sample.number[n];
        }
        assert_int_equal(tokens, expected);
    }
}

struct tally {
    unsigned by_basis[3];
    unsigned marginal;
};

/* One table and its events: the question to the oracle into ask, this program's answers into said. */
static void draw_case(uint64_t *state, struct tb_buf *ask, struct tb_buf *said, struct tally *tally)
{
    struct tb_err err = {0};
    struct tb_settings settings;
    struct tb_buf text;
    struct tb_pricebook *book = NULL;
    const char *zone = PICK(state, zones).zone;
    settings_make(&settings, zone);
    tb_buf_init(&text, 1u << 20);
    struct tb_tables *tables = draw_table(state, &settings, &text);
    assert_ok(tb_pricebook_new(tables, &book, &err), err);
    assert_ok(tb_buf_printf(ask, &err, "{\"zone\":\"%s\",\"currency\":\"USD\",\"prices\":", zone), err);
    assert_ok(tb_json_quote(ask, tb_buf_view(&text), &err), err);
    assert_ok(tb_buf_printf(ask, &err, ",\"events\":["), err);
    for (int i = 0; i < EVENTS; i++) {
        struct drawn d;
        struct tb_charge c;
        char digits[48];
        draw_event(state, &d);
        write_event(ask, &d, i == 0);
        enum tb_basis basis = sample_charge(book, &d.sample, &c);
        check_parts(&d, &c);
        tally->by_basis[basis]++;
        for (int k = 0; k < c.parts; k++) {
            tally->marginal += c.part[k].row->marginal;
        }
        assert_ok(tb_buf_printf(said, &err, "%s %s\n", tb_basis_names[basis], yocto(c.cost, digits)), err);
    }
    assert_ok(tb_buf_printf(ask, &err, "]}\n"), err);
    tb_pricebook_free(book);
    tb_tables_free(tables);
    tb_buf_release(&text);
    settings_release(&settings);
}

static void every_cost_is_the_oracles(void **state)
{
    (void)state;
    struct tb_err err = {0};
    struct tb_buf ask;
    struct tb_buf said;
    struct tally tally = {0};
    uint64_t random = UINT64_C(0x7011b00c);
    tb_buf_init(&ask, 64u << 20);
    tb_buf_init(&said, 16u << 20);
    assert_ok(tb_buf_reserve(&said, 1, &err), err);
    for (int i = 0; i < TABLES; i++) {
        draw_case(&random, &ask, &said, &tally);
    }
    char path[] = "/tmp/tollbook-oracle-XXXXXX";
    char command[256];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, ask.p, ask.n), (ssize_t)ask.n);
    close(fd);
    snprintf(command, sizeof command, "python3 " ORACLE " < %s", path);
    FILE *oracle = popen(command, "r");
    assert_non_null(oracle);
    char line[128];
    const char *p = tb_buf_view(&said).s;
    int n = 0;
    for (; fgets(line, sizeof line, oracle) != NULL; n++) {
        size_t length = strcspn(p, "\n") + 1;
        if (strlen(line) != length || memcmp(line, p, length) != 0) {
            fail_msg("event %d of table %d: oracle %.*s, tollbook %.*s (questions in %s)", n % EVENTS,
                     n / EVENTS, (int)strcspn(line, "\n"), line, (int)length - 1, p, path);
        }
        p += length;
    }
    assert_int_equal(pclose(oracle), 0); /* python3 is missing, or the oracle broke */
    unlink(path);
    assert_int_equal(n, TABLES * EVENTS);
    print_message("%d events: %u computed, %u logged, %u unpriced; %u parts at marginal rows\n", n,
                  tally.by_basis[0], tally.by_basis[1], tally.by_basis[2], tally.marginal);
    assert_true(tally.by_basis[0] > 6000 && tally.by_basis[1] > 500 && tally.by_basis[2] > 500 &&
                tally.marginal > 1000);
    tb_buf_release(&ask);
    tb_buf_release(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_cost_is_the_oracles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
