/* Cost vectors that other projects' tests, documentation and issues publish, in tollbook's terms: a price
 * table of ours, the usage in disjoint classes (what each log format makes of its own counts is format's
 * business), and the total. Where a source disagrees with CONTRACT.md the contract rules, and the case says
 * why. Left out: time-of-day prices (a price row has no hours), discounts and markups (adjustments, not built
 * yet), and what is no price arithmetic (dedupe, calendars). */
#include "tests/unit/rate/support.h"

#include "base/hash.h"

struct vector {
    const char *id, *source;
    const char *rows;
    int64_t input, cache_read, write_5m, write_1h, output, reasoning;
    const char *tier;
    const char *cost; /* NULL = unpriced */
};

static const struct vector vectors[] = {
    {"cache write is not billed twice", "https://github.com/BerriAI/litellm/issues/9812",
     ",m,input,3,1000000,,,,,,,,\n,m,cache_write_5m,3.75,1000000,,,,,,,,\n,m,output,15,1000000,,,,,,,,\n", 3,
     0, 12304, 0, 550, 0, NULL, "0.054399"},
    {"cached tokens taken out of the prompt", "https://github.com/BerriAI/litellm/issues/27191",
     ",m,input,2.5,1000000,,,,,,,,\n,m,cache_read,0.25,1000000,,,,,,,,\n,m,output,15,1000000,,,,,,,,\n", 2618,
     3456, 0, 0, 285, 0, NULL, "0.011684"},
    {"cache read and write in one call", "BerriAI/litellm test_cache_cost_itemization.py",
     ",m,input,5,1000000,,,,,,,,\n,m,cache_read,0.5,1000000,,,,,,,,\n,m,cache_write_5m,6.25,1000000,,,,,,,,\n"
     ",m,output,30,1000000,,,,,,,,\n",
     100, 16000, 26022, 0, 50, 0, NULL, "0.1726375"},
    {"reasoning is a subset of output", "https://github.com/pydantic/logfire/issues/1316",
     ",m,input,0.25,1000000,,,,,,,,\n,m,cache_read,0.025,1000000,,,,,,,,\n,m,output,2,1000000,,,,,,,,\n", 538,
     2208, 0, 0, 197, 64, NULL, "0.0005837"},
    {"5m and 1h writes", "ryoppippi/ccusage cost.rs prices_cache_creation_breakdown_by_duration",
     ",m,input,1,1,,,,,,,,\n,m,output,10,1,,,,,,,,\n,m,cache_write_5m,1.25,1,,,,,,,,\n,m,cache_write_1h,2,1,,"
     ",,,,,,\n"
     ",m,cache_read,0.1,1,,,,,,,,\n",
     0, 30, 10, 20, 0, 0, NULL, "55.5"},
    /* The source prices a write without any input or output price. CONTRACT.md: an event with tokens needs
       both. */
    {"a write alone", "ryoppippi/ccusage cost.rs falls_back_to_flat_cache_creation_rate_without_breakdown",
     ",m,cache_write_5m,1.25,1,,,,,,,,\n", 0, 0, 10, 0, 0, 0, NULL, NULL},
    {"a write alone, the model priced", "the same, with input and output prices",
     ",m,cache_write_5m,1.25,1,,,,,,,,\n,m,input,1,1,,,,,,,,\n,m,output,1,1,,,,,,,,\n", 0, 0, 10, 0, 0, 0,
     NULL, "12.5"},
    {"reasoning is not billed again", "ryoppippi/ccusage codex snapshot",
     ",m,input,1.75,1000000,,,,,,,,\n,m,cache_read,0.175,1000000,,,,,,,,\n,m,output,14,1000000,,,,,,,,\n",
     100, 110, 0, 0, 15, 2, NULL, "0.00040425"},
    {"a write count inside the prompt",
     "BerriAI/litellm test_openai_cache_write_cost.py; langfuse default-model-prices.json",
     ",m,input,5,1000000,,,,,,,,\n,m,cache_write_5m,6.25,1000000,,,,,,,,\n,m,output,30,1000000,,,,,,,,\n", 3,
     0, 12314, 0, 5, 0, NULL, "0.0771275"},
    /* The source has no output price. CONTRACT.md needs one; with it the source's answer holds. */
    {"an explicit 0 is a price, but output has none", "BerriAI/litellm test_tiered_pricing.py explicit zero",
     ",m,input,1,1000000,,,,,,,,\n,m,cache_read,0,1000000,,,,,,,,\n", 0, 10000, 0, 0, 0, 0, NULL, NULL},
    {"an explicit 0 is a price", "the same, with an output price",
     ",m,input,1,1000000,,,,,,,,\n,m,cache_read,0,1000000,,,,,,,,\n,m,output,1,1,,,,,,,,\n", 0, 10000, 0, 0,
     0, 0, NULL, "0"},
    {"only a missing cache price is input's", "the same, without the cache price",
     ",m,input,1,1000000,,,,,,,,\n,m,output,1,1,,,,,,,,\n", 0, 10000, 0, 0, 0, 0, NULL, "0.01"},
#define LARGE_CONTEXT                                                                                        \
    ",m,input,3,1000000,,,,,,,,\n,m,input,6,1000000,,,,,200000,,,\n,m,output,15,1000000,,,,,,,,\n"
    {"below the threshold", "langfuse IngestionService.integration.test.ts", LARGE_CONTEXT, 100000, 0, 0, 0,
     2000, 0, NULL, "0.33"},
    {"above it the whole request", "the same file", LARGE_CONTEXT, 250000, 0, 0, 0, 2000, 0, NULL, "1.53"},
    {"exactly at it", "the same file", LARGE_CONTEXT, 200000, 0, 0, 0, 0, 0, NULL, "0.6"},
    {"cached tokens count to the threshold",
     "langfuse pricing-tier-matcher.test.ts: its output excludes reasoning, ours holds it",
     ",m,input,5,1000000,,,,,,,,\n,m,cache_read,0.5,1000000,,,,,,,,\n,m,output,30,1000000,,,,,,,,\n"
     ",m,reasoning,30,1000000,,,,,,,,\n,m,input,10,1000000,,,,,272000,,,\n,m,cache_read,1,1000000,,,,,272000,"
     ",,\n"
     ",m,output,45,1000000,,,,,272000,,,\n,m,reasoning,45,1000000,,,,,272000,,,\n",
     786, 718398, 0, 0, 267, 25, NULL, "0.738273"},
    {"crossed only with the cache", "https://github.com/junhoyeo/tokscale/issues/862",
     ",m,input,5,1000000,,,,,,,,\n,m,cache_read,0.5,1000000,,,,,,,,\n,m,output,30,1000000,,,,,,,,\n"
     ",m,input,10,1000000,,,,,272000,,,\n,m,cache_read,1,1000000,,,,,272000,,,\n,m,output,45,1000000,,,,,"
     "272000,,,\n",
     270540, 7936, 0, 0, 630, 0, NULL, "2.741686"},
    {"the highest threshold crossed", "BerriAI/litellm test_get_token_base_cost_picks_highest_crossed_tier",
     ",m,input,1,1000000,,,,,,,,\n,m,input,5,1000000,,,,,90000,,,\n,m,input,9,1000000,,,,,128000,,,\n"
     ",m,output,2,1000000,,,,,,,,\n",
     150000, 0, 0, 0, 10, 0, NULL, "1.35002"},
    {"each meter its own threshold, of the prompt",
     "BerriAI/litellm test_cost_types_select_thresholds_independently",
     ",m,input,1,1000000,,,,,,,,\n,m,input,9,1000000,,,,,128000,,,\n,m,output,2,1000000,,,,,,,,\n"
     ",m,output,18,1000000,,,,,32000,,,\n",
     40000, 0, 0, 0, 1000, 0, NULL, "0.058"},
    {"a huge prompt", "BerriAI/litellm test_generic_cost_per_token_above_200k_tokens",
     ",m,input,1.25,1000000,,,,,,,,\n,m,input,2.5,1000000,,,,,200000,,,\n,m,output,10,1000000,,,,,,,,\n"
     ",m,output,15,1000000,,,,,200000,,,\n",
     220000000, 0, 0, 0, 150, 0, NULL, "550.00225"},
    {"graduated", "BerriAI/litellm tiered_pricing.py docstring",
     ",m,input,0.0001,1,,,,,,,,\n,m,input,0.00005,1,,,,,100000,,marginal,\n,m,output,1,1,,,,,,,,\n", 150000,
     0, 0, 0, 0, 0, NULL, "12.5"},
#define PRIORITY                                                                                             \
    ",m,input,5,1000000,,,,,,,,\n,m,output,30,1000000,,,,,,,,\n,m,input,12.5,1000000,,,,priority,,,,\n"      \
    ",m,output,75,1000000,,,,priority,,,,\n"
    {"priority", "langfuse IngestionService.integration.test.ts", PRIORITY, 12, 0, 0, 0, 21, 0, "priority",
     "0.001725"},
    {"no tier", "the same", PRIORITY, 12, 0, 0, 0, 21, 0, NULL, "0.00069"},
#define BOTH_TIERS                                                                                           \
    ",m,input,1,1000000,,,,,,,,\n,m,output,1,1000000,,,,,200000,,,\n,m,output,1.5,1000000,,,,priority,"      \
    "200000,,,\n"
    {"tier and threshold", "BerriAI/litellm test_equal_threshold_matching_tier_wins_for_output", BOTH_TIERS,
     250000, 0, 0, 0, 1000, 0, "priority", "0.2515"},
    {"flex", "the same", BOTH_TIERS, 250000, 0, 0, 0, 1000, 0, "flex", "0.251"},
    {"batch", "BerriAI/litellm: batch cost uses custom deployment pricing",
     ",m,input,0.0025,1,,,,,,,,\n,m,output,0.01,1,,,,,,,,\n,m,input,0.00125,1,,,,batch,,,,\n,m,output,0.005,"
     "1,,,,batch,,,,\n",
     10, 0, 0, 0, 5, 0, "batch", "0.0375"},
#define BATCH_SHAPES ",m,input,2.5,1000000,,,,batch,,,,\n,m,output,15,1000000,,,,batch,,,,\n"
    {"batch, one shape and the other together", "BerriAI/litellm test_responses_batch_cost.py", BATCH_SHAPES,
     133, 0, 0, 0, 107, 0, "batch", "0.0019375"},
    {"a batch price is no price for other tiers", "the same", BATCH_SHAPES, 133, 0, 0, 0, 107, 0, NULL, NULL},
    {"batch reaches the cache meters too", "https://github.com/BerriAI/litellm/pull/38341",
     ",m,input,1.5,1000000,,,,batch,,,,\n,m,cache_write_5m,1.875,1000000,,,,batch,,,,\n,m,output,7.5,1000000,"
     ",,,batch,,,,\n",
     3, 0, 12304, 0, 550, 0, "batch", "0.0271995"},
};

static void charge_vector(const struct vector *v, struct tb_settings *s)
{
    struct tb_err err = {0};
    struct tb_pricebook *book = NULL;
    struct tb_charge c;
    char *csv = NULL;
    char text[TB_MONEY_TEXT_MAX];
    struct sample e = {.query = {.ts_us = INT64_C(1780000000000000)}};
    assert_true(asprintf(&csv, "%s%s", PRICE_HEAD, v->rows) > 0);
    struct tb_tables *tables = tables_make(s, csv, NULL);
    assert_ok(tb_pricebook_new(tables, &book, &err), err);
    sample_texts(&e, "p", "m", v->tier);
    sample_set(&e, TB_N_INPUT, v->input);
    sample_set(&e, TB_N_CACHE_READ, v->cache_read);
    sample_set(&e, TB_N_CACHE_WRITE_5M, v->write_5m);
    sample_set(&e, TB_N_CACHE_WRITE_1H, v->write_1h);
    sample_set(&e, TB_N_OUTPUT, v->output);
    sample_set(&e, TB_N_REASONING, v->reasoning);
    enum tb_basis basis = sample_charge(book, &e, &c);
    tb_money_format(c.cost, text);
    if (basis != (v->cost == NULL ? TB_BASIS_UNPRICED : TB_BASIS_COMPUTED) ||
        strcmp(text, v->cost == NULL ? "0" : v->cost) != 0) {
        fail_msg("%s (%s): %s %s, not %s", v->id, v->source, tb_basis_names[basis], text, v->cost);
    }
    tb_pricebook_free(book);
    tb_tables_free(tables);
    free(csv);
}

static void published_totals_hold(void **state)
{
    (void)state;
    struct tb_settings s;
    settings_make(&s, "UTC");
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        charge_vector(&vectors[i], &s);
    }
    settings_release(&s);
}

/* https://github.com/ccusage/ccusage/issues/1636: the same tokens cost two sums before and after a price
 * change, and history followed the change. Here each day keeps its own price. */
static void a_price_change_does_not_touch_history(void **state)
{
    (void)state;
    struct tb_settings s;
    struct tb_err err = {0};
    struct tb_pricebook *book = NULL;
    settings_make(&s, "UTC");
    struct tb_tables *tables = tables_make(
        &s,
        PRICE_HEAD ",m,input,5,1000000,,,2026-08-21,,,,,\n,m,cache_read,0.5,1000000,,,2026-08-21,,,,,\n"
                   ",m,output,30,1000000,,,2026-08-21,,,,,\n,m,input,4,1000000,,2026-08-21,,,,,,\n"
                   ",m,cache_read,0.4,1000000,,2026-08-21,,,,,,\n,m,output,20,1000000,,2026-08-21,,,,,,\n",
        NULL);
    assert_ok(tb_pricebook_new(tables, &book, &err), err);
    static const struct {
        const char *ts, *cost;
    } cases[] = {{"2026-08-20T23:59:59.999999Z", "35.5"}, {"2026-08-21T00:00:00Z", "24.4"}};
    for (size_t i = 0; i < 2; i++) {
        struct sample e = {0};
        struct tb_charge c;
        bool zone = false;
        char text[TB_MONEY_TEXT_MAX];
        assert_true(tb_ts_parse(tb_str_of(cases[i].ts), &e.query.ts_us, &zone));
        sample_texts(&e, NULL, "m", NULL);
        sample_set(&e, TB_N_INPUT, 1000000);
        sample_set(&e, TB_N_CACHE_READ, 1000000);
        sample_set(&e, TB_N_OUTPUT, 1000000);
        sample_charge(book, &e, &c);
        tb_money_format(c.cost, text);
        assert_string_equal(text, cases[i].cost);
    }
    tb_pricebook_free(book);
    tb_tables_free(tables);
    settings_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_totals_hold),
        cmocka_unit_test(a_price_change_does_not_touch_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
