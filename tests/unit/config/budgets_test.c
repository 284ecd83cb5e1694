/* budgets.csv, shared.csv, adjustments.csv: what a row becomes, and which rows are refused. */
#include "tests/unit/config/helper.h"

#define BUDGETS                                                                                              \
    "name,dimension,match,period,amount,reserve,allocate_by,history_days,floor,cap,hour_warning,hour_"       \
    "critical,"                                                                                              \
    "hour_emergency"
#define SHARED      "pool,amount,period,method,driver,effective_from,effective_to"
#define ADJUSTMENTS "kind,dimension,match,percent,amount,effective_from,effective_to,note"

static void budgets_are_read(void **state)
{
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    settings_begin(&s, "UTC");
    struct tb_tables *t = parse_text(&s, TB_TABLE_BUDGETS,
                                     BUDGETS "\n"
                                             "scraper,source,coffee*,day,100,20,consumer,28,1.5,30,5,20,100\n"
                                             "all,,*,month,100000,,,,,,,,\n"
                                             "w,cost_center,,week,0,0,team,,0,,,20,\n",
                                     message);
    assert_string_equal(message, "");
    assert_int_equal(t->budget_count, 3);
    const struct tb_budget_row *b = t->budgets;
    assert_int_equal(b[0].line, 2);
    assert_str(b[0].name, "scraper");
    assert_str(b[0].dimension, "source");
    assert_str(b[0].match, "coffee*");
    assert_int_equal(b[0].period, TB_PERIOD_DAY);
    assert_true(b[0].amount == tb_money_of_cents(10000) && b[0].reserve == tb_money_of_cents(2000));
    assert_str(b[0].allocate_by, "consumer");
    assert_int_equal(b[0].history_days, 28);
    assert_true(b[0].has_floor && b[0].floor == tb_money_of_cents(150));
    assert_true(b[0].has_cap && b[0].cap == tb_money_of_cents(3000));
    assert_true(b[0].has_warning && b[0].hour_warning == tb_money_of_cents(500));
    assert_true(b[0].has_critical && b[0].hour_critical == tb_money_of_cents(2000));
    assert_true(b[0].has_emergency && b[0].hour_emergency == tb_money_of_cents(10000));
    assert_null(b[1].dimension.s);
    assert_int_equal(b[1].period, TB_PERIOD_MONTH);
    assert_true(b[1].reserve == 0);
    assert_null(b[1].allocate_by.s);
    assert_int_equal(b[1].history_days, 7);
    assert_false(b[1].has_floor || b[1].has_cap || b[1].has_warning || b[1].has_critical ||
                 b[1].has_emergency);
    assert_str(b[2].dimension, "cost_center");
    assert_null(b[2].match.s);
    assert_int_equal(b[2].period, TB_PERIOD_WEEK);
    assert_true(b[2].has_floor && b[2].floor == 0 && !b[2].has_cap);
    tb_tables_free(t);
    settings_end(&s);
}

static void bad_budgets(void **state)
{
    static const struct bad_row bad[] = {
        {",,,day,1,,,,,,,,\n", "t.csv:2:1: name is blank: every row needs one"},
        {"a,,,day,1,,,,,,,,\nb,,,day,1,,,,,,,,\na,,,week,2,,,,,,,,\n",
         "t.csv:4:1: line 2 and line 4 are both named \"a\": give each budget a name"},
        {"a,teams,x,day,1,,,,,,,,\n", "t.csv:2:3: unknown dimension \"teams\", did you mean \"team\""},
        {"a,everything,x,day,1,,,,,,,,\n", "t.csv:2:3: unknown dimension \"everything\": write one of day, "
                                           "hour, source, node, consumer, team, cost_center, "
                                           "provider, model, feature, variant, trigger"},
        {"a,,x,day,1,,,,,,,,\n",
         "t.csv:2:4: match \"x\" has no dimension to match in: write one (like team), or leave both blank"},
        {"a,team,[x,day,1,,,,,,,,\n", "t.csv:2:8: match \"[x\" is not a glob: close each [ with ], and write "
                                      "\\[ or \\\\ for the characters themselves"},
        {"a,,,,1,,,,,,,,\n", "t.csv:2:5: period is blank: write one of day, week, month"},
        {"a,,,year,1,,,,,,,,\n", "t.csv:2:5: unknown period \"year\": write one of day, week, month"},
        {"a,,,day,,,,,,,,,\n", "t.csv:2:9: amount is blank: every row needs one"},
        {"a,,,day,-1,,,,,,,,\n", "t.csv:2:9: amount \"-1\" is negative: write 0 or more"},
        {"a,,,day,1,2,,,,,,,\n", "t.csv:2:11: reserve is more than amount: nothing would be left to spend"},
        {"a,,,day,1,,roaster,,,,,,\n", "t.csv:2:12: unknown allocate_by \"roaster\": write one of day, hour, "
                                       "source, node, consumer, team, cost_center, "
                                       "provider, model, feature, variant, trigger"},
        {"a,,,day,1,,team,0,,,,,\n", "t.csv:2:17: history_days is 0: a plan needs at least 1 day to go by"},
        {"a,,,day,1,,team,4000,,,,,\n", "t.csv:2:17: history_days \"4000\" is too large: the limit is 3660"},
        {"a,,,day,1,,team,,3,2,,,\n", "t.csv:2:18: floor is more than cap: no amount satisfies both"},
        {"a,,,day,1,,,,3,,,,\n", "t.csv:2:14: floor has nothing to hold for: set allocate_by, like team"},
        {"a,,,day,1,,,,,3,,,\n", "t.csv:2:15: cap has nothing to hold for: set allocate_by, like team"},
        {"a,,,day,1,,,,,,5,4,\n", "t.csv:2:16: hour_warning is more than hour_critical: swap them"},
        {"a,,,day,1,,,,,,,5,4\n", "t.csv:2:17: hour_critical is more than hour_emergency: swap them"},
        {"a,,,day,1,,,,,,5,,4\n", "t.csv:2:16: hour_warning is more than hour_emergency: swap them"},
        {"a,,,day,1e20,,,,,,,,\n", "t.csv:2:9: amount \"1e20\" is too large: amounts end at 10^14"},
        {"a,,,day,1e-25,,,,,,,,\n", "t.csv:2:9: amount \"1e-25\" is too fine: write 24 decimals at most"},
    };
    (void)state;
    check_bad("UTC", TB_TABLE_BUDGETS, BUDGETS, bad, COUNT(bad));
}

static void shared_pools(void **state)
{
    static const struct bad_row bad[] = {
        {",1,day,even,,,\n", "t.csv:2:1: pool is blank: every row needs one"},
        {"p,,day,even,,,\n", "t.csv:2:3: amount is blank: every row needs one"},
        {"p,1,hour,even,,,\n", "t.csv:2:5: unknown period \"hour\": write one of day, week, month"},
        {"p,1,day,evn,,,\n", "t.csv:2:9: unknown method \"evn\", did you mean \"even\""},
        {"p,1,day,proportional,costs,,\n", "t.csv:2:22: unknown driver \"costs\", did you mean \"cost\""},
        {"p,1,day,even,,,\np,2,month,fixed,x,2026-01-01,\n",
         "t.csv:3:1: line 2 and line 3 both set pool \"p\" from 2026-01-01: end one with effective_to, or "
         "take one out"},
    };
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    check_bad("UTC", TB_TABLE_SHARED, SHARED, bad, COUNT(bad));
    settings_begin(&s, "UTC");
    struct tb_tables *t = parse_text(
        &s, TB_TABLE_SHARED,
        SHARED "\np,1.25,week,proportional,,,2026-01-01\np,2,week,fixed,a=1|b=2,2026-01-01,\n", message);
    assert_string_equal(message, "");
    assert_int_equal(t->shared_count, 2);
    assert_str(t->shared[0].pool, "p");
    assert_true(t->shared[0].amount == tb_money_of_cents(125));
    assert_int_equal(t->shared[0].period, TB_PERIOD_WEEK);
    assert_int_equal(t->shared[0].method, TB_SHARE_PROPORTIONAL);
    assert_str(t->shared[0].driver, "cost");
    assert_int_equal(t->shared[0].to_us, instant_of("2026-01-01T00:00:00Z"));
    assert_int_equal(t->shared[1].method, TB_SHARE_FIXED);
    assert_str(t->shared[1].driver, "a=1|b=2");
    tb_tables_free(t);
    settings_end(&s);
}

static void adjustments(void **state)
{
    static const struct bad_row bad[] = {
        {",,,10,,,,\n", "t.csv:2:1: kind is blank: write one of discount, markup, credit"},
        {"rebate,,,10,,,,\n", "t.csv:2:1: unknown kind \"rebate\": write one of discount, markup, credit"},
        {"discount,tem,x,10,,,,\n", "t.csv:2:10: unknown dimension \"tem\", did you mean \"team\""},
        {"discount,,x,10,,,,\n",
         "t.csv:2:11: match \"x\" has no dimension to match in: write one (like team), or leave both blank"},
        {"discount,,,,,,,\n", "t.csv:2:12: percent and amount are both blank: set one of them"},
        {"discount,,,1,2,,,\n", "t.csv:2:14: percent and amount are both set: leave one of them blank"},
        {"discount,,,-1,,,,\n", "t.csv:2:12: percent \"-1\" is negative: write 0 or more"},
        {"discount,,,10%,,,,\n",
         "t.csv:2:12: percent \"10%\" is not a decimal number: write digits with a point, like 1234.5"},
        {"discount,,,100.01,,,,\n",
         "t.csv:2:12: percent \"100.01\" of a discount is too large: the limit is 100"},
        {"credit,team,x,,5,,,n\ncredit,team,x,,6,,,n\n",
         "t.csv:3:1: line 2 and line 3 are the same credit: end one with effective_to, or take one out (two "
         "credits need "
         "different notes)"},
        {"markup,team,x,5,,,,n\nmarkup,team,x,6,,2026-01-01,,m\n",
         "t.csv:3:1: line 2 and line 3 are the same markup from 2026-01-01: end one with effective_to, or "
         "take one out"},
    };
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    check_bad("UTC", TB_TABLE_ADJUSTMENTS, ADJUSTMENTS, bad, COUNT(bad));
    settings_begin(&s, "UTC");
    struct tb_tables *t = parse_text(&s, TB_TABLE_ADJUSTMENTS,
                                     ADJUSTMENTS "\ndiscount,team,a*,12.5,,,,\nmarkup,,,250,,,,\n"
                                                 "credit,team,x,,5,,,one\ncredit,team,x,,5,,,two\n",
                                     message);
    assert_string_equal(message, "");
    assert_int_equal(t->adjustment_count, 4);
    const struct tb_adjustment_row *a = t->adjustments;
    assert_int_equal(a[0].kind, TB_ADJUST_DISCOUNT);
    assert_str(a[0].dimension, "team");
    assert_str(a[0].match, "a*");
    assert_true(a[0].has_percent && !a[0].has_amount);
    assert_true(a[0].percent.mantissa == 125 && a[0].percent.exponent == -1);
    assert_int_equal(a[1].kind, TB_ADJUST_MARKUP);
    assert_int_equal(a[2].kind, TB_ADJUST_CREDIT);
    assert_true(a[2].has_amount && a[2].amount == tb_money_of_cents(500) && !a[2].has_percent);
    assert_str(a[3].note, "two");
    tb_tables_free(t);
    settings_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budgets_are_read),
        cmocka_unit_test(bad_budgets),
        cmocka_unit_test(shared_pools),
        cmocka_unit_test(adjustments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
