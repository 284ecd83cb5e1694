/* Watchers fed by hand: hour limits at exactly their border, runs of prompts at exactly twenty, names of user agents, signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config/settings.h"
#include "detect/pass.h"

static struct tb_rules rules(void)
{
    struct tb_rules r;
    struct tb_err err;
    struct tb_settings none = {.rules = NULL};
    assert_int_equal(tb_rules_load(&none, &r, &err), TB_OK);
    return r;
}

#define MINUTE(n) ((n)*TB_US_PER_MIN)

/* Calls of `cost` pico each in minutes 0..minutes-1; how many stretches of level were told. */
static size_t stretches(int64_t cost, int minutes, uint32_t level)
{
    struct tb_rules r = rules();
    struct tb_digest d = {.from_us = 0, .to_us = TB_US_PER_DAY};
    struct tb_pass p = {.d = &d, .rules = &r};
    struct tb_hourly h;
    struct tb_err err;
    size_t n = 0;
    tb_hourly_init(&h, &p);
    for (int m = 0; m < minutes; m++) {
        assert_int_equal(tb_hourly_take(&h, MINUTE(600 + m), cost, &err), TB_OK);
    }
    assert_int_equal(tb_hourly_end(&h, &p, &err), TB_OK);
    tb_hourly_release(&h);
    for (size_t i = 0; i < d.rate_n; i++) {
        n += d.rate[i].level == level;
    }
    tb_digest_release(&d);
    return n;
}

static void hour_limits_are_strict(void **state)
{
    (void)state;
    const int64_t dollar = INT64_C(1000000000000), over = 60;
    const struct {
        int64_t per_hour;
        int minutes;
        uint32_t level;
        size_t told;
    } rows[] = {
        {5 * dollar, 600, 0, 0},        /* exactly $5 an hour all day: not above */
        {5 * dollar + over, 119, 0, 1}, /* above from minute 59 to the end of minute 118: 60 minutes and more */
        {5 * dollar + over, 118, 0, 0},                                  /* one minute less: 59 */
        {20 * dollar, 600, 1, 0},        {20 * dollar + over, 89, 1, 1}, /* 30 minutes */
        {20 * dollar + over, 88, 1, 0},  {100 * dollar, 600, 2, 0},
        {100 * dollar + over, 60, 2, 1}, /* at once */
        {100 * dollar + over, 59, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(stretches(rows[i].per_hour / 60, rows[i].minutes, rows[i].level), rows[i].told);
    }
}

static struct tb_dg_run run_of(int n, int64_t gap_us, size_t *runs)
{
    struct tb_rules r = rules();
    struct tb_digest d = {.from_us = 0, .to_us = TB_US_PER_DAY};
    struct tb_pass p = {.d = &d, .rules = &r};
    struct tb_repeat *w = tb_repeat_new(&p);
    struct tb_err err;
    struct tb_dg_run longest = {.n = 0};
    for (int i = 0; i < n; i++) {
        struct tb_pass_event e = {.ts_us = 1 + i * gap_us,
                                  .consumer = 1,
                                  .ip = 2,
                                  .fingerprint = 77,
                                  .input = 100,
                                  .cost = 5,
                                  .in_day = true};
        assert_int_equal(tb_repeat_take(w, &e, &err), TB_OK);
    }
    assert_int_equal(tb_repeat_end(w, &err), TB_OK);
    *runs = d.run_n;
    for (size_t i = 0; i < d.run_n; i++) {
        longest = d.run[i].n > longest.n ? d.run[i] : longest;
    }
    tb_repeat_free(w);
    tb_digest_release(&d);
    return longest;
}

static void runs_end_after_ten_minutes(void **state)
{
    (void)state;
    size_t runs = 0;
    struct tb_dg_run run = run_of(20, MINUTE(10), &runs);
    assert_int_equal(runs, 1);
    assert_int_equal(run.n, 20);
    assert_int_equal(run.kind, TB_RUN_EXACT);
    assert_int_equal(run.cost, 100);
    (void)run_of(20, MINUTE(10) + 1, &runs);
    assert_int_equal(runs, 0);
}

static void agents_by_words_not_by_letters(void **state)
{
    (void)state;
    const struct {
        const char *agent;
        bool crawler;
    } rows[] = {{"Googlebot/2.1 (+http://www.google.com/bot.html)", true},
                {"Mozilla/5.0 (compatible; DataHarvestBot/1.2; +http://x.test)", true},
                {"PriceScraper 2.0", true},
                {"Bytespider", true},
                {"Scrapy/2.11 (+https://scrapy.org)", true},
                {"my bot", true},
                {"GPTBot/1.2", true},
                {"Boto3/1.34.51 md/Botocore#1.34.51", false},
                {"Mozilla/5.0 (Linux; Android 9; CUBOT X19)", false},
                {"support-chatbot/2.1", false},
                {"Robotics-SDK/3.0", false},
                {"python-requests/2.31.0", false},
                {"Go-http-client/2.0", false},
                {"okhttp/4.12.0", false},
                {"axios/1.7.2", false},
                {"curl/8.5.0", false},
                {"OpenAI/Python 1.40.3", false},
                {"litellm/1.44", false},
                {"", false}};
    struct tb_agents *a = NULL;
    struct tb_err err;
    assert_int_equal(tb_agents_new(&a, &err), TB_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (tb_agents_match(a, tb_str_of(rows[i].agent)) != rows[i].crawler) {
            fail_msg("%s", rows[i].agent);
        }
    }
    tb_agents_free(a);
}

static int alike(const char *a, const char *b)
{
    struct tb_signature x, y;
    bool both = tb_signature_make(tb_str_of(a), &x) && tb_signature_make(tb_str_of(b), &y);
    return both ? tb_signature_equal(&x, &y) : -1;
}

static void signatures_see_through_masks(void **state)
{
    (void)state;
    const char *base =
        "extract all of the fields from the invoice of this customer and tell its number 4711 today";
    assert_int_equal(
        alike(base,
              "Extract ALL of the fields from the invoice of this customer, and tell its number 99 today!"),
        TB_SIGNATURE_LANES);
    assert_true(
        alike(base,
              "extract all of the fields from the receipt of this customer and tell its number 4711 today") >=
        20);
    assert_true(
        alike(base,
              "write a short poem about nine grey ships that wait for wind near some northern harbour") < 8);
    assert_int_equal(alike("too few words", base), -1);
    assert_int_equal(
        alike("run of job 5f2c9e01 at 2026-03-01T10:00:00 for region north with nine retries each",
              "run of job a81b77c3 at 2026-11-21T23:59:59 for region north with nine retries each"),
        TB_SIGNATURE_LANES);
}

/* --- even gaps ------------------------------------------------------------------------------------------------------------ */

/* `n` calls of one address three minutes apart, but `loose` of each hundred at half that; how many stretches were told. */
static size_t steady(int n, int loose)
{
    struct tb_rules r = rules();
    struct tb_digest d = {.from_us = 0, .to_us = TB_US_PER_DAY};
    struct tb_pass p = {.d = &d, .rules = &r};
    struct tb_rhythm *h = tb_rhythm_new(&p);
    struct tb_err err;
    int64_t ts = 0;
    for (int i = 0; i < n; i++) {
        struct tb_pass_event e = {.ts_us = ts, .consumer = 1, .ip = 2, .actor = 0, .cost = 5};
        assert_int_equal(tb_rhythm_take(h, &e, &err), TB_OK);
        ts += i * loose / 100 < (i + 1) * loose / 100 ? (i % 2 == 0 ? MINUTE(1) : MINUTE(5)) : MINUTE(3);
    }
    assert_int_equal(tb_rhythm_end(h, &err), TB_OK);
    size_t found = d.steady_n;
    assert_true(found == 0 || (int)d.steady[0].n >= n - 6); /* the first three are not kept */
    assert_true(found == 0 || d.steady[0].cost == 5 * (int64_t)d.steady[0].n);
    free(d.steady);
    tb_rhythm_free(h);
    return found;
}

static void forty_even_calls_are_a_stretch(void **state)
{
    (void)state;
    assert_int_equal(steady(39, 0), 0);
    assert_int_equal(steady(40, 0), 1);
    assert_int_equal(steady(40, 40), 1);
    assert_int_equal(steady(40, 50), 0); /* half of the gaps are too few for forty */
    assert_int_equal(steady(63, 50), 0);
    assert_int_equal(steady(70, 50), 1); /* and enough for 64; there is a look every ten calls */
    assert_int_equal(steady(100, 60), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hour_limits_are_strict), cmocka_unit_test(runs_end_after_ten_minutes),
        cmocka_unit_test(agents_by_words_not_by_letters), cmocka_unit_test(signatures_see_through_masks),
        cmocka_unit_test(forty_even_calls_are_a_stretch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
