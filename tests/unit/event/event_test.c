/* The event's invariants, identities, and which of two records rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "base/limits.h"
#include "event/identity.h"
#include <stdio.h>
#include "event/prompt.h"

static void names_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < TB_T_COUNT; i++) {
        assert_non_null(tb_event_text_names[i]);
    }
    for (int i = 0; i < TB_N_COUNT; i++) {
        assert_non_null(tb_event_number_names[i]);
    }
    assert_string_equal(tb_event_text_names[TB_T_USER_AGENT], "user_agent");
    assert_string_equal(tb_event_number_names[TB_N_REMAINING], "remaining");
    assert_string_equal(tb_quality_names[TB_QUALITY_EXACT], "exact");
}

static void tokens_are_summed(void **state)
{
    struct tb_event e;
    (void)state;
    tb_event_clear(&e);
    assert_int_equal(tb_event_tokens(&e), 0);
    tb_event_set(&e, TB_N_INPUT, 1);
    tb_event_set(&e, TB_N_CACHE_READ, 20);
    tb_event_set(&e, TB_N_CACHE_WRITE_5M, 300);
    tb_event_set(&e, TB_N_CACHE_WRITE_1H, 4000);
    tb_event_set(&e, TB_N_OUTPUT, 50000);
    tb_event_set(&e, TB_N_REASONING, 600000); /* inside output: not counted */
    assert_int_equal(tb_event_tokens(&e), 54321);
    tb_event_clear(&e);
    tb_event_set(&e, TB_N_TOTAL_ONLY, 7);
    assert_int_equal(tb_event_tokens(&e), 7);
}

static void bad_events_have_reasons(void **state)
{
    static const struct {
        enum tb_event_number n;
        int64_t value;
        const char *reason;
    } rows[] = {{TB_N_INPUT, 0, NULL},
                {TB_N_INPUT, TB_TOKENS_MAX, NULL},
                {TB_N_INPUT, TB_TOKENS_MAX + 1, "number_range"},
                {TB_N_INPUT, -1, "negative"},
                {TB_N_SAVED, TB_TOKENS_MAX + 1, "number_range"},
                {TB_N_REASONING, 1, "negative_remainder"},
                {TB_N_STATUS, 999, NULL},
                {TB_N_STATUS, 1000, "number_range"},
                {TB_N_SUCCESS, 2, "number_range"},
                {TB_N_LATENCY_MS, TB_TOKENS_MAX + 1, NULL},
                {TB_N_RETRIES, -1, "negative"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_event e;
        tb_event_clear(&e);
        tb_event_set(&e, rows[i].n, rows[i].value);
        const char *reason = tb_event_check(&e);
        if (rows[i].reason == NULL) {
            assert_null(reason);
        } else {
            assert_non_null(reason);
            assert_string_equal(reason, rows[i].reason);
        }
    }
    struct tb_event e;
    tb_event_clear(&e);
    e.ts_us = -1;
    assert_string_equal(tb_event_check(&e), "ts_range");
    assert_true(tb_ts_parse(TB_STR("2199-12-31T23:59:59Z"), &e.ts_us, &(bool){0}));
    assert_null(tb_event_check(&e));
    assert_true(tb_ts_parse(TB_STR("2200-01-01T00:00:00Z"), &e.ts_us, &(bool){0}));
    assert_string_equal(tb_event_check(&e), "ts_range");
}

static bool same(struct tb_hash128 a, struct tb_hash128 b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

static void identities_differ(void **state)
{
    (void)state;
    struct tb_hash128 all[] = {
        tb_identity_of_id(TB_STR("a"), TB_STR("x")),
        tb_identity_of_id(TB_STR("b"), TB_STR("x")),
        tb_identity_of_id(TB_STR("ax"), TB_STR("")),
        tb_identity_of_id(TB_STR("a"), TB_STR("y")),
        tb_identity_record(TB_STR("a"), TB_STR("x")),
        tb_identity_record(TB_STR("b"), TB_STR("x")),
        tb_identity_of_bytes(tb_identity_record(TB_STR("a"), TB_STR("x")), 0, 0),
        tb_identity_of_bytes(tb_identity_record(TB_STR("a"), TB_STR("x")), 1, 0),
        tb_identity_of_bytes(tb_identity_record(TB_STR("a"), TB_STR("x")), 0, 1),
        tb_identity_of_bytes(tb_identity_record(TB_STR("b"), TB_STR("x")), 0, 0),
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(same(all[i], all[k]));
        }
    }
    assert_true(same(all[0], tb_identity_of_id(TB_STR("a"), TB_STR("x"))));
    assert_true(tb_identity_text(TB_STR_NULL) == 0 && tb_identity_text(TB_STR("")) != 0);
}

/* --- conflicts ------------------------------------------------------------------------------------------------------------------- */

static uint64_t seed = 5;

static uint32_t pick(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % below);
}

static struct tb_payload payload(void)
{
    struct tb_payload p = {.ts_us = pick(3)};
    p.quality = (uint8_t)pick(4);
    for (int i = 0; i < 3; i++) {
        uint32_t n = pick(TB_N_COUNT);
        p.number[n] = pick(2);
        p.present |= 1u << n;
        p.text_hash[pick(TB_T_COUNT)] = pick(2);
    }
    return p;
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

/* A total order, equal only for equal digests; and the digest knows every field but the node. */
static void order_is_total(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct tb_payload a = payload(), b = payload(), c = payload();
        uint64_t da = tb_payload_digest(&a), db = tb_payload_digest(&b), dc = tb_payload_digest(&c);
        int ab = sign(tb_payload_compare(&a, da, &b, db)), bc = sign(tb_payload_compare(&b, db, &c, dc));
        assert_int_equal(ab, -sign(tb_payload_compare(&b, db, &a, da)));
        assert_true((ab == 0) == (da == db));
        if (ab == bc) {
            assert_int_equal(sign(tb_payload_compare(&a, da, &c, dc)), ab);
        }
        struct tb_payload node = a;
        node.text_hash[TB_T_NODE] ^= 77;
        assert_true(tb_payload_digest(&node) == da);
    }
}

static void rules_in_this_order(void **state)
{
    struct tb_payload none = {.ts_us = 9, .quality = TB_QUALITY_NONE},
                      total = {.ts_us = 1, .quality = TB_QUALITY_TOTAL_ONLY};
    struct tb_payload estimated = {.quality = TB_QUALITY_ESTIMATED}, exact = {.quality = TB_QUALITY_EXACT};
    (void)state;
    struct tb_payload more = exact, larger = exact, later = exact;
    more.text_hash[TB_T_MODEL] = 5;
    larger.present = 1u << TB_N_INPUT | 1u << TB_N_STATUS;
    larger.number[TB_N_INPUT] = 10;
    later = larger;
    larger.number[TB_N_OUTPUT] = 99; /* not present: does not count */
    later.ts_us = 5;
    struct tb_payload most = later;
    most.ts_us = 0;
    most.number[TB_N_INPUT] = 11;
    const struct tb_payload *up[] = {&none, &total, &estimated, &exact, &more, &larger, &later, &most};
    for (size_t i = 1; i < sizeof up / sizeof *up; i++) {
        assert_true(tb_payload_compare(up[i], 0, up[i - 1], 1) > 0);
    }
    assert_true(tb_payload_compare(&exact, 2, &exact, 1) > 0);
}

/* A filler is no field of the log, and what rules hangs on no installation's key. */
static void fillers_and_keys_do_not_rule(void **state)
{
    (void)state;
    struct tb_payload named = {.quality = TB_QUALITY_EXACT}, nameless = named;
    nameless.text_hash[TB_T_CONSUMER] = tb_identity_text(TB_STR("(anonymous)"));
    nameless.text_hash[TB_T_PROVIDER] = nameless.text_hash[TB_T_MODEL] = tb_identity_text(TB_STR("(none)"));
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        named.text_hash[TB_T_CONSUMER] = tb_identity_text(tb_str_of(name));
        assert_true(tb_payload_compare(&named, 0, &nameless, 1) > 0);
    }
    for (int i = 0; i < 2000; i++) { /* the same two records under other keys */
        struct tb_payload a = payload(), b = a;
        b.text_hash[TB_T_CONSUMER] = tb_identity_text(TB_STR("alice"));
        a.text_hash[TB_T_CONSUMER] = tb_identity_text(TB_STR("bob"));
        int first = 0;
        for (uint64_t key = 1; key < 9; key++) {
            a.prompt_fingerprint = key * UINT64_C(0x9E3779B97F4A7C15);
            b.prompt_fingerprint = key * UINT64_C(0xC2B2AE3D27D4EB4F);
            int now = sign(tb_payload_compare(&a, tb_payload_digest(&a), &b, tb_payload_digest(&b)));
            assert_true(key == 1 || now == first);
            first = now;
        }
    }
}

static void every_field_is_in_the_digest(void **state)
{
    struct tb_payload p = {.ts_us = 1}, q;
    (void)state;
    uint64_t d = tb_payload_digest(&p);
    for (int i = 0; i < TB_T_COUNT; i++) {
        q = p;
        q.text_hash[i] = 1;
        assert_int_equal(tb_payload_digest(&q) == d, i == TB_T_NODE);
    }
    for (int i = 0; i < TB_N_COUNT; i++) {
        q = p;
        q.present = 1u << i;
        uint64_t zero = tb_payload_digest(&q);
        q.number[i] = 1;
        assert_true(zero != d && tb_payload_digest(&q) != zero && tb_payload_digest(&q) != d);
    }
    q = p;
    q.cost.mantissa = 5; /* without has_cost it says nothing */
    assert_true(tb_payload_digest(&q) == d);
    q.has_cost = true;
    uint64_t five = tb_payload_digest(&q);
    q.cost.exponent = -1;
    assert_true(five != d && tb_payload_digest(&q) != five);
    q = p;
    q.ts_us = 2;
    assert_true(tb_payload_digest(&q) != d);
    q = p;
    q.quality = 1;
    assert_true(tb_payload_digest(&q) != d);
    q = p;
    q.flags = 1;
    assert_true(tb_payload_digest(&q) != d);
    q = p;
    q.prompt_fingerprint = 1;
    assert_true(tb_payload_digest(&q) != d);
}

static void characters_are_counted(void **state)
{
    char text[200];
    (void)state;
    for (size_t n = 0; n < 190; n++) {
        int64_t want = 0;
        for (size_t i = 0; i < n; i++) {
            text[i] = (char)pick(256);
            want += (text[i] & 0xC0) != 0x80;
        }
        assert_int_equal(tb_prompt_chars((struct tb_str){text, n}), want);
    }
    assert_int_equal(tb_prompt_chars(TB_STR("caf\xc3\xa9 \xf0\x9f\x98\x80")), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_whole),
                                       cmocka_unit_test(tokens_are_summed),
                                       cmocka_unit_test(bad_events_have_reasons),
                                       cmocka_unit_test(identities_differ),
                                       cmocka_unit_test(order_is_total),
                                       cmocka_unit_test(rules_in_this_order),
                                       cmocka_unit_test(fillers_and_keys_do_not_rule),
                                       cmocka_unit_test(every_field_is_in_the_digest),
                                       cmocka_unit_test(characters_are_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
