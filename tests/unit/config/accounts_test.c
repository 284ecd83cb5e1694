/* accounts.csv: what a row becomes, and which rows are refused. */
#include "tests/unit/config/helper.h"

#define HEADER                                                                                               \
    "consumer,source,team,cost_center,gl_account,owner,tier,kind,time_zone,effective_from,effective_to"

static void a_whole_row_is_read(void **state)
{
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    settings_begin(&s, "Europe/Berlin");
    struct tb_tables *t = parse_text(&s, TB_TABLE_ACCOUNTS,
                                     HEADER "\n"
                                            "svc-*,gateway,Search,0042,615200,ann@example.com,gold,service,"
                                            "America/New_York,2026-03-01,2026-04-01\n"
                                            "(anonymous),,,,,,,,,,\n",
                                     message);
    assert_string_equal(message, "");
    assert_int_equal(t->account_count, 2);
    const struct tb_account_row *a = &t->accounts[0];
    assert_int_equal(a->line, 2);
    assert_str(a->consumer, "svc-*");
    assert_str(a->source, "gateway");
    assert_str(a->team, "Search");
    assert_str(a->cost_center, "0042");
    assert_str(a->gl_account, "615200");
    assert_str(a->owner, "ann@example.com");
    assert_str(a->tier, "gold");
    assert_str(a->kind, "service");
    assert_str(a->time_zone, "America/New_York");
    assert_int_equal(a->from_us, instant_of("2026-02-28T23:00:00Z"));
    assert_int_equal(a->to_us, instant_of("2026-03-31T22:00:00Z"));
    a = &t->accounts[1];
    assert_str(a->consumer, "(anonymous)");
    assert_null(a->source.s);
    assert_null(a->team.s);
    assert_null(a->time_zone.s);
    assert_str(a->kind, "human");
    assert_true(a->from_us == INT64_MIN && a->to_us == INT64_MAX);
    tb_tables_free(t);
    settings_end(&s);
}

static void bad_rows(void **state)
{
    static const struct bad_row bad[] = {
        {",,t,,,,,,,,\n", "t.csv:2:1: consumer is blank: write * for any"},
        {"[a,,t,,,,,,,,\n", "t.csv:2:1: consumer \"[a\" is not a glob: close each [ with ], and write \\[ or "
                            "\\\\ for the characters "
                            "themselves"},
        {"a,,t,,,,,robot,,,\n",
         "t.csv:2:10: unknown kind \"robot\": write one of human, application, service"},
        {"a,,t,,,,,servce,,,\n", "t.csv:2:10: unknown kind \"servce\", did you mean \"service\""},
        {"a,,\"t\tx\",,,,,,,,\n",
         "t.csv:2:4: team \"t x\" has a control character or a line end: take it out"},
        {"a,,t,,,,,,,2026-13-01,\n",
         "t.csv:2:12: effective_from \"2026-13-01\" is not a date: write YYYY-MM-DD, or an instant like "
         "2026-11-21T12:00:00Z, from 1970 on"},
        {"a,,t,,,,,,,,\nb,,t,,,,,,,,\na,,u,,,,,,,,\n", "t.csv:4:1: line 2 and line 4 are both for consumer "
                                                       "\"a\": end one with effective_to, or take one out"},
        {"a,,t,,,,,,,,2026-02-01\na,,u,,,,,,,2026-01-01,\n",
         "t.csv:3:1: line 2 and line 3 are both for consumer \"a\" from 2026-01-01: end one with "
         "effective_to, or take one "
         "out"},
        {"a,gw,t,,,,,,,,\na,gw,u,,,,,,,,\n", "t.csv:3:1: line 2 and line 3 are both for consumer \"a\": end "
                                             "one with effective_to, or take one out"},
        {"a*,,t,,,,,,,,\n*b,,u,,,,,,,,\n", "t.csv:3:1: line 2 \"a*\" and line 3 \"*b\" match a common "
                                           "consumer, and have equally many literal characters: "
                                           "make one more exact"},
        {"a,,t,,,,,,,,\na*,,u,,,,,,,,\n", "t.csv:3:1: line 2 \"a\" and line 3 \"a*\" match a common "
                                          "consumer, and have equally many literal characters: make "
                                          "one more exact"},
    };
    (void)state;
    check_bad("UTC", TB_TABLE_ACCOUNTS, HEADER, bad, COUNT(bad));
}

static void an_unknown_zone_names_its_place(void **state)
{
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    settings_begin(&s, "UTC");
    assert_null(
        parse_text(&s, TB_TABLE_ACCOUNTS, HEADER "\na,,t,,,,,,UTC,,\nb,,t,,,,,,Europe/Berlim,,\n", message));
    assert_non_null(strstr(message, "t.csv:3:11: "));
    assert_non_null(strstr(message, "Europe/Berlim"));
    assert_non_null(strstr(message, "Europe/Berlin")); /* did you mean */
    settings_end(&s);
}

static void good_rows(void **state)
{
    static const char *const good[] = {
        "",
        "*,,t,,,,,,,,\na*,,t,,,,,,,,\nab*,,t,,,,,,,,\nabc,,t,,,,,,,,\n",
        "a,,t,,,,,,,,\na,gw,t,,,,,,,,\na,app,t,,,,,,,,\n",
        "a,,t,,,,,,,,2026-01-01\na,,u,,,,,,,2026-01-01,2026-02-01\na,,v,,,,,,,2026-02-01,\n",
        "aa*,,t,,,,,,,,\nab*,,u,,,,,,,,\n",
        "a?,,t,,,,,,,,\nab?,,u,,,,,,,,\n",
        "A,,t,,,,,,,,\na,,u,,,,,,,,\n",
        "\\*,,t,,,,,,,,\n*,,u,,,,,,,,\n",
    };
    (void)state;
    check_good("UTC", TB_TABLE_ACCOUNTS, HEADER, good, COUNT(good));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_row_is_read),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(an_unknown_zone_names_its_place),
        cmocka_unit_test(good_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
