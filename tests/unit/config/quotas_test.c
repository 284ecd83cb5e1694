/* quotas.csv: what a row becomes, and which rows are refused. */
#include "tests/unit/config/helper.h"

#define HEADER "tier,measure,limit,window,counting,effective_from,effective_to"

static void rows_are_read(void **state)
{
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    settings_begin(&s, "UTC");
    struct tb_tables *t = parse_text(&s, TB_TABLE_QUOTAS,
                                     HEADER "\n"
                                            "basic,tokens,10000,first_use_24h,node,2026-01-01,\n"
                                            "basic,cost,0.50,month,,,\n"
                                            "basic,models,*sonnet*|*haiku*|a\\|b,,,,\n"
                                            "admin,requests,,,,,\n"
                                            "admin,models,,,,,\n"
                                            "guest,tokens,0,second,global,,\n",
                                     message);
    assert_string_equal(message, "");
    assert_int_equal(t->quota_count, 6);
    const struct tb_quota_row *q = t->quotas;
    assert_int_equal(q[0].line, 2);
    assert_str(q[0].tier, "basic");
    assert_int_equal(q[0].measure, TB_MEASURE_TOKENS);
    assert_false(q[0].unlimited);
    assert_int_equal(q[0].limit, 10000);
    assert_int_equal(q[0].window, TB_WINDOW_FIRST_USE_24H);
    assert_true(q[0].per_node);
    assert_int_equal(q[0].from_us, instant_of("2026-01-01T00:00:00Z"));
    assert_int_equal(q[1].measure, TB_MEASURE_COST);
    assert_true(q[1].limit_cost == tb_money_of_cents(50));
    assert_int_equal(q[1].window, TB_WINDOW_MONTH);
    assert_false(q[1].per_node);
    assert_int_equal(q[2].measure, TB_MEASURE_MODELS);
    assert_str(q[2].models, "*sonnet*|*haiku*|a\\|b");
    assert_true(tb_quota_models_match(&q[2], TB_STR("claude-3-haiku")));
    assert_true(tb_quota_models_match(&q[2], TB_STR("a|b")));
    assert_false(tb_quota_models_match(&q[2], TB_STR("a")));
    assert_false(tb_quota_models_match(&q[2], TB_STR("opus")));
    assert_int_equal(q[3].measure, TB_MEASURE_REQUESTS);
    assert_true(q[3].unlimited);
    assert_int_equal(q[3].window, TB_WINDOW_DAY);
    assert_true(q[4].unlimited);
    assert_true(tb_quota_models_match(&q[4], TB_STR("opus")));
    assert_false(q[5].unlimited);
    assert_int_equal(q[5].limit, 0);
    assert_int_equal(q[5].window, TB_WINDOW_SECOND);
    tb_tables_free(t);
    settings_end(&s);
}

static void the_windows_are_the_contracts(void **state)
{
    static const struct {
        const char *word;
        enum tb_window window;
    } table[] = {{"second", TB_WINDOW_SECOND},
                 {"minute", TB_WINDOW_MINUTE},
                 {"hour", TB_WINDOW_HOUR},
                 {"day", TB_WINDOW_DAY},
                 {"month", TB_WINDOW_MONTH},
                 {"first_use_24h", TB_WINDOW_FIRST_USE_24H},
                 {"rolling_24h", TB_WINDOW_ROLLING_24H}};
    struct tb_settings s;
    (void)state;
    settings_begin(&s, "UTC");
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[256];
        char message[MESSAGE_MAX];
        snprintf(text, sizeof text, HEADER "\nt,tokens,1,%s,,,\n", table[i].word);
        struct tb_tables *t = parse_text(&s, TB_TABLE_QUOTAS, text, message);
        assert_string_equal(message, "");
        assert_int_equal(t->quotas[0].window, table[i].window);
        tb_tables_free(t);
    }
    settings_end(&s);
}

static void bad_rows(void **state)
{
    static const struct bad_row bad[] = {
        {",tokens,1,,,,\n", "t.csv:2:1: tier is blank: every row needs one"},
        {"a,,1,,,,\n", "t.csv:2:3: measure is blank: write one of tokens, requests, cost, models"},
        {"a,token,1,,,,\n", "t.csv:2:3: unknown measure \"token\", did you mean \"tokens\""},
        {"a,tokens,\"100,000\",,,,\n",
         "t.csv:2:10: limit \"100,000\" is not a whole number: write digits only, like 100000"},
        {"a,tokens,1.5,,,,\n",
         "t.csv:2:10: limit \"1.5\" is not a whole number: write digits only, like 100000"},
        {"a,requests,-1,,,,\n", "t.csv:2:12: limit \"-1\" is negative: write 0 or more"},
        {"a,cost,$50,,,,\n",
         "t.csv:2:8: limit \"$50\" is not a decimal number: write digits with a point, like 1234.5"},
        {"a,cost,-1,,,,\n", "t.csv:2:8: limit \"-1\" is negative: write 0 or more"},
        {"a,models,x||y,,,,\n", "t.csv:2:10: limit \"x||y\" is not a list of model globs: write them "
                                "separated by |, like *sonnet*|*haiku*"},
        {"a,models,x|,,,,\n", "t.csv:2:10: limit \"x|\" is not a list of model globs: write them separated "
                              "by |, like *sonnet*|*haiku*"},
        {"a,models,x|[y,,,,\n", "t.csv:2:10: limit \"x|[y\" is not a list of model globs: write them "
                                "separated by |, like *sonnet*|*haiku*"},
        {"a,tokens,1,week,,,\n", "t.csv:2:12: unknown window \"week\": write one of second, minute, hour, "
                                 "day, month, first_use_24h, rolling_24h"},
        {"a,tokens,1,rolling_24,,,\n",
         "t.csv:2:12: unknown window \"rolling_24\", did you mean \"rolling_24h\""},
        {"a,tokens,1,day,nodes,,\n", "t.csv:2:16: unknown counting \"nodes\", did you mean \"node\""},
        {"a,tokens,1,,,,\na,tokens,2,day,global,,\n",
         "t.csv:3:1: line 2 and line 3 both limit tokens of tier \"a\" in the same window: end one with "
         "effective_to, or "
         "take one out"},
        {"a,tokens,1,,,,2026-02-01\na,tokens,2,,,2026-01-01,\n",
         "t.csv:3:1: line 2 and line 3 both limit tokens of tier \"a\" in the same window from 2026-01-01: "
         "end one with "
         "effective_to, or take one out"},
        {"a,models,x,day,,,\na,models,y,month,node,,\n",
         "t.csv:3:1: line 2 and line 3 both limit models of tier \"a\" in the same window: end one with "
         "effective_to, or "
         "take one out"},
    };
    (void)state;
    check_bad("UTC", TB_TABLE_QUOTAS, HEADER, bad, COUNT(bad));
}

static void good_rows(void **state)
{
    static const char *const good[] = {
        "a,tokens,1,day,,,\na,tokens,1,hour,,,\na,tokens,1,day,node,,\na,requests,1,day,,,\nb,tokens,1,day,,,"
        "\n",
        "a,tokens,1,,,,2026-01-01\na,tokens,2,,,2026-01-01,\n",
        "a,tokens,1e5,,,,\n",
    };
    (void)state;
    check_good("UTC", TB_TABLE_QUOTAS, HEADER, good, COUNT(good));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(the_windows_are_the_contracts),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(good_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
