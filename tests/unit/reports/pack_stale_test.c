/* What makes a pack out of date: the rows in force during its day, the zone, the currency. */
#include "pack_scene.h"

#include "reports/pack_rows.h"

/* The pack, which is `before`, is out of date and becomes another revision, or is not and stays. */
static void expect_stale(struct scene *s, size_t number, bool stale, struct digests before)
{
    if (scene_stale(s, DAY) != stale) {
        fail_msg("case %zu: %s", number, stale ? "not out of date" : "out of date");
    }
    struct tb_pack_result r = scene_pack(s, DAY);
    assert_int_equal(r.is_new, stale);
    if (!stale) {
        expect_same(before, digests_of(s));
    }
    assert_false(scene_stale(s, DAY));
}

static void test_tables_count_only_when_in_force(void **state)
{
    (void)state;
    static const struct {
        const char *prices, *accounts;
        bool stale;
    } cases[] = {
        {PRICES ",huge,input,9,1000000,,2027-01-01,,,,,,\n", ACCOUNTS, false}, /* next year's */
        {PRICES ",huge,input,9,1000000,,2020-01-01,2026-11-21,,,,,\n", ACCOUNTS,
         false}, /* ended the day before */
        {PRICE_HEADER ",big,input,3,1000000,,,2026-12-01,,,,,\n,big,output,15,1000000,,,,,,,,\n", ACCOUNTS,
         false}, /* gets an end */
        {PRICE_HEADER ",big,output,15.0,1000000,,,,,,,,same\n,big,input,0.003,1000,,,,,,,,\n", ACCOUNTS,
         false}, /* as before, said otherwise */
        {PRICES ",huge,input,9,1000000,,,,,,,,\n", ACCOUNTS, true},
        {PRICES ",huge,input,9,1000000,,2026-11-21T23:59:59Z,,,,,,\n", ACCOUNTS, true}, /* its last second */
        {PRICE_HEADER ",big,input,4,1000000,,,,,,,,\n,big,output,15,1000000,,,,,,,,\n", ACCOUNTS, true},
        {PRICE_HEADER ",big,input,3,1000000,,2026-11-21T00:00:01Z,,,,,,\n,big,output,15,1000000,,,,,,,,\n",
         ACCOUNTS, true},
        {PRICES, ACCOUNTS "eve,,Web,0042,,,,,,,\n", true},
        {PRICES, ACCOUNT_HEADER "ann,,Web,0042,615200,Ines,,,,,\nbob,,Data,1003,615210,,,,,,\n", true},
        {PRICES, ACCOUNT_HEADER "ann,,Web,0042,615200,Olga,,,,,2026-12-01\nbob,,Data,1003,615210,,,,,,\n",
         false},
        {PRICES, ACCOUNTS "eve,,Web,0042,,,,,,2026-11-22,\n", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene s;
        scene_with_calls(&s);
        scene_pack(&s, DAY);
        struct digests before = digests_of(&s);
        scene_tables(&s, cases[i].prices, cases[i].accounts);
        assert_int_equal(s.version, 2);
        expect_stale(&s, i, cases[i].stale, before);
        scene_end(&s);
    }
}

#define BUDGETS "name,period,amount\n"
#define QUOTAS  "tier,measure,limit,effective_from,effective_to\n"

/* The pack tells budgets and quotas, too: a changed one makes it anew, as a changed price does. */
static void test_limits_count_when_in_force(void **state)
{
    (void)state;
    static const struct {
        const char *budgets, *quotas;
        bool stale;
    } cases[] = {
        {BUDGETS "all,month,200\nday,day,9\n", QUOTAS "free,tokens,5,,\n", true},
        {BUDGETS "all,month,100\n", QUOTAS "free,tokens,5,,\n", true},
        {BUDGETS "day,day,9.0\nall,month,100\n", QUOTAS "free,tokens,5,,\n",
         false}, /* the same, in other words */
        {BUDGETS "all,month,100\nday,day,9\n", QUOTAS "free,tokens,6,,\n", true},
        {BUDGETS "all,month,100\nday,day,9\n",
         QUOTAS "free,tokens,5,,2026-11-22\nfree,tokens,6,2026-11-22,\n", false}, /* from tomorrow */
        {BUDGETS "all,month,100\nday,day,9\n", QUOTAS "free,tokens,5,,\nfree,requests,6,2026-11-21,\n", true},
        {BUDGETS "all,month,100\nday,day,9\n", QUOTAS "free,requests,6,2027-01-01,\nfree,tokens,5,,\n",
         false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene s;
        scene_with_calls(&s);
        scene_limits(&s, PRICES, ACCOUNTS, BUDGETS "all,month,100\nday,day,9\n", QUOTAS "free,tokens,5,,\n");
        scene_pack(&s, DAY);
        struct digests before = digests_of(&s);
        scene_limits(&s, PRICES, ACCOUNTS, cases[i].budgets, cases[i].quotas);
        expect_stale(&s, i, cases[i].stale, before);
        scene_end(&s);
    }
}

static void test_zone_and_currency(void **state)
{
    (void)state;
    struct scene s;
    scene_with_calls(&s);
    scene_pack(&s, DAY);
    s.settings.currency = "EUR";
    assert_true(scene_stale(&s, DAY));
    s.settings.currency = "USD";
    assert_false(scene_stale(&s, DAY));
    tb_zone_free(s.settings.zone);
    must(&s, tb_zone_load("Europe/Berlin", &s.settings.zone, &s.err));
    assert_true(scene_stale(&s, DAY));
    tb_db_close(s.db);
    scene_open(&s);
    assert_true(scene_pack(&s, DAY).is_new);
    assert_false(scene_stale(&s, DAY));
    scene_end(&s);
}

static void test_rows_digest_tells_days_apart(void **state)
{
    (void)state;
    struct scene s;
    char a[TB_SHA256_HEX], b[TB_SHA256_HEX];
    scene_begin(&s);
    scene_tables(&s, PRICES ",new,input,1,1,,2026-11-25,2026-11-27,,,,,\n", ACCOUNTS);
    for (int32_t day = DAY; day < DAY + 10; day++) {
        must(&s, tb_pack_rows(s.tables, s.settings.zone, day, a, &s.err));
        must(&s, tb_pack_rows(s.tables, s.settings.zone, day, b, &s.err));
        assert_string_equal(a, b);
        must(&s, tb_pack_rows(s.tables, s.settings.zone, DAY, b, &s.err));
        assert_int_equal(strcmp(a, b) != 0,
                         day != DAY); /* intervals are cut to the day, so its bounds are in it */
    }
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_count_only_when_in_force),
        cmocka_unit_test(test_limits_count_when_in_force),
        cmocka_unit_test(test_zone_and_currency),
        cmocka_unit_test(test_rows_digest_tells_days_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
