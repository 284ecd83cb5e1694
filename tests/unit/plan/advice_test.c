/* Each rule of the advice by itself: just over its threshold and just at it, with exact money. */
#include "plan/advice.h"

#include <string.h>
#include "tests/unit/rate/world.h"

#define FROM INT64_C(1795219200000000) /* 2026-11-21T00:00:00Z */
#define TO   (FROM + TB_US_PER_DAY)
#define PRICES                                                                                               \
    PRICE_HEAD "acme,top-opus,input,15,1000000,,,,,,,,\nacme,top-opus,output,75,1000000,,,,,,,,\n"           \
               ",*mid-sonnet*,input,3,1000000,,,,,,,,\n,*mid-sonnet*,output,15,1000000,,,,,,,,\n"            \
               ",*mid-sonnet*,cache_read,0.3,1000000,,,,,,,,\n"                                              \
               "acme,tiny-haiku,input,1,1000000,,,,,,,,\nacme,tiny-haiku,output,2,1000000,,,,,,,,\n"         \
               "acme,wordy-haiku,input,0.01,1000000,,,,,,,,\nacme,wordy-haiku,output,90,1000000,,,,,,,,\n"   \
               "other,free-haiku,input,0,1000000,,,,,,,,\nother,free-haiku,output,0,1000000,,,,,,,,\n"       \
               ",plain,input,1,1,,,,,,,,\n,plain,output,1,1,,,,,,,,\n"

struct scene {
    struct world w;
    struct tb_advice advice;
    char rules[96]; /* what the config's "rules" names; "" = nothing */
};

static void scene_begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    world_init(&s->w, "UTC");
    s->w.tables = tables_make(&s->w.settings, PRICES, NULL);
}

static void scene_end(struct scene *s)
{
    tb_advice_release(&s->advice);
    world_release(&s->w);
}

/* A call at a second of the day, that a test then says more of. */
static struct happening *call(struct scene *s, int second, const char *consumer, const char *model,
                              int64_t input, int64_t output)
{
    struct world *w = &s->w;
    struct happening *h = &w->events[w->n];
    *h = (struct happening){.serial = w->n, .ts_us = FROM + second * TB_US_PER_S};
    h->text[TB_T_CONSUMER] = consumer;
    h->text[TB_T_MODEL] = model;
    h->text[TB_T_PROVIDER] = "acme";
    happening_set(h, TB_N_INPUT, input);
    happening_set(h, TB_N_OUTPUT, output);
    happening_set(h, TB_N_STATUS, 200);
    w->n++;
    return h;
}

static void write_rules(struct scene *s, const char *name, const char *text)
{
    snprintf(s->rules, sizeof s->rules, "%s/%s", s->w.dir, name);
    FILE *f = fopen(s->rules, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    s->w.settings.rules = s->rules;
}

static void ask(struct scene *s)
{
    struct tb_err err = {0};
    if (s->w.n > 0) {
        world_load(&s->w, 0, s->w.n, false);
    }
    assert_ok(tb_advice_query(s->w.db, &s->w.settings, s->w.tables, FROM, TO, &s->advice, &err), err);
}

/* The only row of a rule for a value; NULL when there is none. */
static const struct tb_advice_row *row_of(const struct scene *s, const char *rule, const char *value)
{
    const struct tb_advice_row *found = NULL;
    for (size_t i = 0; i < s->advice.n; i++) {
        const struct tb_advice_row *r = &s->advice.rows[i];
        if (strcmp(r->rule, rule) == 0 && same_text(r->value, value)) {
            assert_null(found);
            found = r;
        }
    }
    return found;
}

#define assert_text(s, text) assert_true(same_text(s, text))

/* --- cheaper models --------------------------------------------------------------------------------------------------- */

static void test_a_cheaper_model_is_the_cheapest_for_these_calls(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    call(&s, 1, "ann", "top-opus", 1000000, 100000); /* 15 + 7.5 */
    call(&s, 2, "ann", "top-opus", 1000000, 0);      /* 15 */
    call(&s, 3, "bob", "top-opus", 100000000,
         1000); /* almost only input: there the wordy one is the cheapest */
    ask(&s);
    const struct tb_advice_row *r = row_of(&s, "cheaper_model", "ann");
    assert_non_null(r);
    assert_text(r->model, "top-opus");
    assert_text(r->to, "tiny-haiku"); /* 1 + 0.2 + 1; mid-sonnet 3 + 1.5 + 3; wordy-haiku 0.01 + 9 + 0.01 */
    assert_money(r->cost, "37.5");
    assert_money(r->saving, "35.3");
    assert_text(r->observed, "37.5");
    assert_text(r->threshold, "2.2");
    assert_int_equal(r->requests, 2);
    r = row_of(&s, "cheaper_model", "bob");
    assert_non_null(r);
    assert_text(r->to, "wordy-haiku"); /* 1 + 0.09, not 100 + 0.002 */
    assert_money(r->saving, "1498.985");
    scene_end(&s);
}

static void test_a_candidate_is_priced_for_the_provider_of_the_call(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    call(&s, 1, "ann", "eu.mid-sonnet-v2", 1000000, 0); /* 3; free-haiku is another provider's */
    call(&s, 2, "bob", "eu.mid-sonnet-v2", 1000000, 0)->text[TB_T_PROVIDER] = "other";
    call(&s, 3, "eve", "eu.mid-sonnet-v2", 1000000, 0)->text[TB_T_PROVIDER] = "third"; /* nobody's */
    ask(&s);
    assert_text(row_of(&s, "cheaper_model", "ann")->to, "wordy-haiku");
    assert_money(row_of(&s, "cheaper_model", "ann")->saving, "2.99");
    assert_text(row_of(&s, "cheaper_model", "bob")->to, "free-haiku");
    assert_money(row_of(&s, "cheaper_model", "bob")->saving, "3");
    assert_null(row_of(&s, "cheaper_model", "eve"));
    scene_end(&s);
}

static void test_a_row_with_stars_at_its_ends_names_a_model(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    call(&s, 1, "ann", "top-opus", 1000000, 0)->text[TB_T_SERVICE_TIER] = "flex";
    write_rules(&s, "rules.json",
                "{\"advice\": {\"cheaper\": [{\"model\": \"top*\", \"to\": [\"mid-*\"]}]}}");
    ask(&s);
    assert_text(row_of(&s, "cheaper_model", "ann")->to, "mid-sonnet");
    assert_money(row_of(&s, "cheaper_model", "ann")->saving, "12");
    scene_end(&s);
}

static void test_no_saving_is_no_advice(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    call(&s, 1, "ann", "top-opus", 1000, 0);          /* 0.015: tiny saves 0.014985 with the wordy one */
    call(&s, 2, "bob", "top-opus", 600, 0);           /* 0.009 */
    call(&s, 3, "eve", "tiny-haiku", 1000000, 0);     /* no rule names a cheaper one */
    call(&s, 4, "joe", "unpriced-opus", 1000000, 10); /* costs nothing that could be saved */
    ask(&s);
    assert_non_null(row_of(&s, "cheaper_model", "ann"));
    assert_null(row_of(&s, "cheaper_model", "bob"));
    assert_null(row_of(&s, "cheaper_model", "eve"));
    assert_null(row_of(&s, "cheaper_model", "joe"));
    scene_end(&s);
}

static void test_a_candidate_that_the_tier_may_not_use_is_passed_over(void **state)
{
    struct scene s;
    struct tb_err err = {0};
    struct tb_str text[TB_TABLE_COUNT] = {
        [TB_TABLE_PRICES] = TB_STR(PRICES),
        [TB_TABLE_ACCOUNTS] = TB_STR("consumer,team,tier\nann,web,analyst\nbob,web,guest\n"),
        [TB_TABLE_QUOTAS] =
            TB_STR("tier,measure,limit\nanalyst,models,*sonnet*|*opus*\nguest,models,*opus*\n")};
    const char *name[TB_TABLE_COUNT] = {"prices.csv",  "quotas.csv", "accounts.csv",
                                        "budgets.csv", "shared.csv", "adjustments.csv"};
    (void)state;
    scene_begin(&s);
    tb_tables_free(s.w.tables);
    assert_ok(tb_tables_parse(&s.w.settings, text, name, &s.w.tables, &err), err);
    call(&s, 1, "ann", "top-opus", 1000000, 0);
    call(&s, 2, "bob", "top-opus", 1000000, 0);
    call(&s, 3, "eve", "top-opus", 1000000, 0); /* has no tier */
    ask(&s);
    assert_text(row_of(&s, "cheaper_model", "ann")->to, "mid-sonnet");
    assert_null(row_of(&s, "cheaper_model", "bob"));
    assert_text(row_of(&s, "cheaper_model", "eve")->to, "wordy-haiku");
    scene_end(&s);
}

/* --- thresholds of a consumer ------------------------------------------------------------------------------------------ */

static void test_long_prompts_are_over_500_tokens_on_average(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    call(&s, 1, "ann", "plain", 400, 0);
    call(&s, 2, "ann", "plain", 601, 0);
    call(&s, 3, "bob", "plain", 400, 0);
    call(&s, 4, "bob", "plain", 600, 0);
    struct happening *h =
        call(&s, 5, "bob", "plain", 0, 0); /* a refusal has no prompt and does not shorten the average */
    h->present = 0;
    happening_set(h, TB_N_STATUS, 429);
    ask(&s);
    assert_text(row_of(&s, "long_prompts", "ann")->observed, "500.5");
    assert_text(row_of(&s, "long_prompts", "ann")->threshold, "500");
    assert_null(row_of(&s, "long_prompts", "bob"));
    scene_end(&s);
}

static void test_cache_hits_are_low_under_seven_tenths(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    happening_set(call(&s, 1, "ann", "plain", 300, 5), TB_N_CACHE_READ, 700);
    happening_set(call(&s, 2, "bob", "plain", 301, 5), TB_N_CACHE_READ, 700);
    ask(&s);
    assert_null(row_of(&s, "low_cache_hit", "ann"));
    assert_text(row_of(&s, "low_cache_hit", "bob")->observed, "0.699301");
    assert_text(row_of(&s, "low_cache_hit", "bob")->threshold, "0.7");
    scene_end(&s);
}

/* Calls of one feature and model in the same minute could have been one batch of up to 20. */
static void test_batching_is_poor_under_eight_tenths(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    for (int i = 0; i < 100; i++) { /* 80 minutes of one call, 20 of which have a second: 80 batches of 100 */
        call(&s, i % 80 * 60, "ann", "plain", 1, 1);
        call(&s, i % 79 * 60, "bob", "plain", 1, 1);
        call(&s, i, "eve", "plain", 1, 1)->text[TB_T_FEATURE] = i % 2 == 0 ? "a" : "b";
        call(&s, i % 99 * 60, "joe", "plain", 1, 1)->ts_us += i == 99 ? 86399 * TB_US_PER_S : 0;
        if (i < 99) {
            call(&s, 7, "few", "plain", 1, 1);
        }
        happening_set(call(&s, 7, "err", "plain", 1, 1), TB_N_STATUS, 500);
    }
    ask(&s);
    assert_null(row_of(&s, "poor_batching", "ann"));
    assert_text(row_of(&s, "poor_batching", "bob")->observed, "0.79");
    assert_text(row_of(&s, "poor_batching", "bob")->threshold, "0.8");
    /* 50 calls each of two features: 30 in the first minute and 20 in the second, so that two batches of 20 and one more */
    assert_text(row_of(&s, "poor_batching", "eve")->observed, "0.06");
    assert_null(row_of(&s, "poor_batching", "joe"));
    assert_null(row_of(&s, "poor_batching", "few"));
    assert_null(row_of(&s, "poor_batching", "err"));
    scene_end(&s);
}

static void test_hidden_recompute_costs_what_its_triggers_cost(void **state)
{
    struct scene s;
    static const char *const triggers[] = {"undo", "retry", "auto_save", "user", NULL};
    (void)state;
    scene_begin(&s);
    for (int i = 0; i < 5; i++) {
        call(&s, i, "ann", "plain", i + 1, 0)->text[TB_T_TRIGGER] = triggers[i];
        call(&s, i, "bob", "plain", i + 1, 0)->text[TB_T_TRIGGER] = "user";
    }
    ask(&s);
    const struct tb_advice_row *r = row_of(&s, "hidden_recompute", "ann");
    assert_non_null(r);
    assert_text(r->observed, "0.6");
    assert_money(r->saving, "6"); /* 1 + 2 + 3 */
    assert_money(r->cost, "15");
    assert_null(row_of(&s, "hidden_recompute", "bob"));
    scene_end(&s);
}

static void test_retries_are_told_with_what_the_retried_calls_cost(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    happening_set(call(&s, 1, "ann", "plain", 3, 0), TB_N_RETRIES, 2);
    happening_set(call(&s, 2, "ann", "plain", 4, 0), TB_N_RETRIES, 0);
    call(&s, 3, "ann", "plain", 5, 0);
    happening_set(call(&s, 4, "bob", "plain", 5, 0), TB_N_RETRIES, 0);
    ask(&s);
    const struct tb_advice_row *r = row_of(&s, "retries", "ann");
    assert_non_null(r);
    assert_text(r->observed, "0.333333");
    assert_true(strstr(r->evidence.s, "1 of 3 requests took 2 further tries; they cost 3 USD") != NULL);
    assert_null(row_of(&s, "retries", "bob"));
    scene_end(&s);
}

/* --- features, variants, single requests ---------------------------------------------------------------------------------- */

static void test_dear_requests_by_feature_at_two_thresholds(void **state)
{
    struct scene s;
    static const struct {
        const char *feature;
        int64_t input;
        const char *observed, *threshold;
    } cases[] = {
        {"at", 50000, NULL, NULL},
        {"over", 50001, "0.050001", "0.05"},
        {"at-high", 100000, "0.1", "0.05"},
        {"over-high", 100001, "0.100001", "0.1"},
    };
    (void)state;
    scene_begin(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call(&s, (int)i, "ann", "tiny-haiku", cases[i].input, 0)->text[TB_T_FEATURE] = cases[i].feature;
    }
    ask(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct tb_advice_row *r = row_of(&s, "dear_requests", cases[i].feature);
        assert_true((r != NULL) == (cases[i].observed != NULL));
        if (r != NULL) {
            assert_text(r->observed, cases[i].observed);
            assert_text(r->threshold, cases[i].threshold);
        }
    }
    scene_end(&s);
}

/* 40 requests, 10 of them of the costlier variant: at 5 % it would have 2, so 8 requests at the difference. */
static void test_a_rollout_is_held_against_its_baseline_at_5_and_0_percent(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    for (int i = 0; i < 40; i++) {
        call(&s, i, "ann", "plain", i < 10 ? 7 : 2, 0)->text[TB_T_VARIANT] =
            i < 10 ? "finetuned" : "baseline";
    }
    ask(&s);
    const struct tb_advice_row *found[2] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < s.advice.n; i++) {
        if (strcmp(s.advice.rows[i].rule, "rollout_share") == 0) {
            assert_true(n < 2);
            found[n++] = &s.advice.rows[i];
        }
    }
    assert_int_equal(n, 2);
    int five = same_text(found[0]->threshold, "5") ? 0 : 1;
    assert_text(found[five]->threshold, "5");
    assert_text(found[1 - five]->threshold, "0");
    assert_money(found[five]->saving, "40");
    assert_money(found[1 - five]->saving, "50");
    assert_text(found[five]->observed, "7");
    assert_int_equal(s.advice.variant_n, 2);
    assert_text(s.advice.variants[0].variant, "baseline");
    assert_int_equal(s.advice.variants[0].requests, 30);
    assert_money(s.advice.variants[0].cost, "60");
    assert_text(s.advice.variants[1].variant, "finetuned");
    assert_money(s.advice.variants[1].cost, "70");
    scene_end(&s);
}

static void test_a_rollout_that_is_cheaper_or_small_enough_is_left_alone(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    for (int i = 0; i < 40; i++) {
        call(&s, i, "ann", "plain", i < 2 ? 7 : 2, 0)->text[TB_T_VARIANT] = i < 2 ? "finetuned" : "baseline";
    }
    ask(&s); /* 2 of 40 are 5 %: only 0 % saves */
    const struct tb_advice_row *r = row_of(&s, "rollout_share", "finetuned");
    assert_non_null(r);
    assert_text(r->threshold, "0");
    assert_money(r->saving, "10");
    scene_end(&s);
}

static void test_requests_over_a_cost_are_counted(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    write_rules(&s, "mine.json", "{\"advice\": {\"request_cost\": 5}}");
    call(&s, 1, "ann", "plain", 5, 0); /* exactly the limit: not over */
    call(&s, 2, "ann", "plain", 6, 0);
    call(&s, 3, "bob", "plain", 7, 0);
    ask(&s);
    const struct tb_advice_row *r = row_of(&s, "high_cost", "(all)");
    assert_non_null(r);
    assert_int_equal(r->requests, 2);
    assert_money(r->cost, "13");
    assert_text(r->threshold, "5");
    scene_end(&s);
}

static void test_the_ten_dearest_requests_with_their_latency(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    for (int i = 0; i < 30; i++) {
        int64_t input = i * 7 % 30 + 1; /* each of 1 to 30 once */
        struct happening *h = call(&s, i, i % 2 == 0 ? "ann" : "bob", "plain", input, 0);
        if (input != 30) {
            happening_set(h, TB_N_LATENCY_MS, 1000 + input);
        }
    }
    call(&s, 50, "cid", "plain", 21, 0); /* as dear as the tenth, but later */
    ask(&s);
    assert_int_equal(s.advice.dearest_n, 10);
    for (size_t i = 0; i < 10; i++) {
        const struct tb_advice_request *r = &s.advice.dearest[i];
        assert_int_equal(r->tokens, 30 - (int64_t)i);
        assert_true(r->cost == tb_money_of_cents(100 * r->tokens));
        assert_int_equal(r->has_latency, i != 0);
        assert_int_equal(r->latency_ms, i == 0 ? 0 : 1000 + r->tokens);
        assert_false(same_text(r->consumer, "cid"));
    }
    scene_end(&s);
}

/* --- what the config says ------------------------------------------------------------------------------------------------- */

static void test_thresholds_are_overridden_by_a_file_or_a_folder(void **state)
{
    for (int folder = 0; folder < 2; folder++) {
        struct scene s;
        (void)state;
        scene_begin(&s);
        call(&s, 1, "ann", "plain", 100, 0);
        write_rules(&s, folder ? "advice.json" : "mine.json",
                    folder ? "{\"input_avg\": 99, \"dearest\": 0}"
                           : "{\"spike_z\": 5, \"advice\": {\"input_avg\": 99, \"dearest\": 0}}");
        s.w.settings.rules = folder ? s.w.dir : s.rules;
        ask(&s);
        assert_text(row_of(&s, "long_prompts", "ann")->threshold, "99");
        assert_int_equal(s.advice.dearest_n, 0);
        scene_end(&s);
    }
}

static void test_rules_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"{\"input_average\": 5}", "input_avg"},
        {"{\"input_avg\": 0.5}", "whole number"},
        {"{\"cache_hit\": -1}", "number from 0"},
        {"{\"cache_hit\": \"high\"}", "number from 0"},
        {"{\"baseline\": 1}", "a text"},
        {"{\"batch_size\": 0}", "from 1"},
        {"{\"batch_window_s\": 3601}", "from 1 to 3600"},
        {"{\"dearest\": 1001}", "at most 1000"},
        {"{\"rollout_percent\": [101]}", "0 to 100"},
        {"{\"rollout_percent\": [1, 2, 3, 4, 5]}", "more than 4"},
        {"{\"cheaper\": [5]}", "a rule is"},
        {"{\"cheaper\": [{\"model\": \"a\", \"to\": []}]}", "a rule is"},
        {"{\"cheaper\": [{\"model\": \"a\", \"two\": [\"b\"]}]}", "two"},
        {"[]", "an object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        struct tb_err err = {0};
        scene_begin(&s);
        write_rules(&s, "advice.json", cases[i].text);
        s.w.settings.rules = s.w.dir;
        assert_int_equal(tb_advice_query(s.w.db, &s.w.settings, s.w.tables, FROM, TO, &s.advice, &err),
                         TB_FAIL);
        assert_int_equal(err.code, TB_E_CONFIG);
        assert_true(strstr(err.text, cases[i].words) != NULL);
        scene_end(&s);
    }
}

static void test_an_empty_day_and_an_unbilled_source_have_no_advice(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s);
    call(&s, 1, "ann", "top-opus", 1000000, 1)->source = 2; /* shadow */
    call(&s, 2, "ann", "top-opus", 1000000, 1)->flags = TB_F_TOOL;
    ask(&s);
    assert_int_equal(s.advice.n, 0);
    assert_int_equal(s.advice.dearest_n, 0);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cheaper_model_is_the_cheapest_for_these_calls),
        cmocka_unit_test(test_a_candidate_is_priced_for_the_provider_of_the_call),
        cmocka_unit_test(test_a_row_with_stars_at_its_ends_names_a_model),
        cmocka_unit_test(test_a_candidate_that_the_tier_may_not_use_is_passed_over),
        cmocka_unit_test(test_no_saving_is_no_advice),
        cmocka_unit_test(test_long_prompts_are_over_500_tokens_on_average),
        cmocka_unit_test(test_cache_hits_are_low_under_seven_tenths),
        cmocka_unit_test(test_batching_is_poor_under_eight_tenths),
        cmocka_unit_test(test_hidden_recompute_costs_what_its_triggers_cost),
        cmocka_unit_test(test_retries_are_told_with_what_the_retried_calls_cost),
        cmocka_unit_test(test_dear_requests_by_feature_at_two_thresholds),
        cmocka_unit_test(test_a_rollout_is_held_against_its_baseline_at_5_and_0_percent),
        cmocka_unit_test(test_a_rollout_that_is_cheaper_or_small_enough_is_left_alone),
        cmocka_unit_test(test_requests_over_a_cost_are_counted),
        cmocka_unit_test(test_the_ten_dearest_requests_with_their_latency),
        cmocka_unit_test(test_thresholds_are_overridden_by_a_file_or_a_folder),
        cmocka_unit_test(test_rules_that_make_no_sense_are_refused),
        cmocka_unit_test(test_an_empty_day_and_an_unbilled_source_have_no_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
