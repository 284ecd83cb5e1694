/* prices.csv: what a row becomes, and which rows are refused. */
#include "tests/unit/config/helper.h"

#define HEADER                                                                                               \
    "provider,model,meter,price,per,currency,effective_from,effective_to,service_tier,context_over,context_" \
    "from,"                                                                                                  \
    "context_rule,note"

static void a_whole_row_is_read(void **state)
{
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    settings_begin(&s, "Europe/Berlin");
    struct tb_tables *t =
        parse_text(&s, TB_TABLE_PRICES,
                   HEADER "\n"
                          "openai,gpt-4*,input,2.50,1000000,USD,2026-03-01,2026-04-01T12:00:00Z,batch,"
                          "200000,,marginal,\"two\nlines\"\n"
                          ",\\*x,request,0,1,,,,,,0,,\n",
                   message);
    assert_string_equal(message, "");
    assert_int_equal(t->price_count, 2);
    const struct tb_price_row *p = &t->prices[0];
    assert_int_equal(p->line, 2);
    assert_str(p->provider, "openai");
    assert_str(p->model, "gpt-4*");
    assert_int_equal(p->meter, TB_METER_INPUT);
    assert_true(p->price == (tb_money)2500000 * 1000000000000); /* 2.5e-6 at 10^-24 */
    assert_str(p->price_text, "2.50");
    assert_int_equal(p->per, 1000000);
    assert_str(p->service_tier, "batch");
    assert_int_equal(p->context, 200000);
    assert_false(p->context_from);
    assert_true(p->marginal);
    assert_int_equal(p->from_us, instant_of("2026-02-28T23:00:00Z")); /* midnight in Berlin */
    assert_int_equal(p->to_us, instant_of("2026-04-01T12:00:00Z"));
    assert_str(p->note, "two\nlines");
    p = &t->prices[1];
    assert_int_equal(p->line, 4); /* the note above has a line end */
    assert_null(p->provider.s);
    assert_str(p->model, "\\*x");
    assert_int_equal(p->meter, TB_METER_REQUEST);
    assert_true(p->price == 0);
    assert_int_equal(p->per, 1);
    assert_null(p->service_tier.s);
    assert_int_equal(p->context, 0);
    assert_true(p->context_from);
    assert_false(p->marginal);
    assert_true(p->from_us == INT64_MIN && p->to_us == INT64_MAX);
    assert_null(p->note.s);
    assert_true(t->present[TB_TABLE_PRICES]);
    assert_false(t->present[TB_TABLE_QUOTAS]);
    assert_string_equal(t->name[TB_TABLE_PRICES], "t.csv");
    tb_tables_free(t);
    settings_end(&s);
}

static void prices_are_exact(void **state)
{
    static const struct {
        const char *price;
        const char *per;
        const char *one; /* as money text */
    } table[] = {
        {"0.00027", "1000", "0.00000027"},
        {"0.1", "1", "0.1"},
        {"1e-6", "1", "0.000001"},
        {"2.5E-07", "1", "0.00000025"},
        {"0.000000000000000001", "1000000", "0.000000000000000000000001"},
        {"75", "1000000", "0.000075"},
        {"-0", "1", "0"},
        {"1000000", "1", "1000000"},
        {" 3 ", "1000", "0.003"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tb_settings s;
        char message[MESSAGE_MAX];
        char text[512];
        char money[TB_MONEY_TEXT_MAX + 1];
        settings_begin(&s, "UTC");
        snprintf(text, sizeof text, HEADER "\n,m,input,\"%s\",%s,,,,,,,,\n", table[i].price, table[i].per);
        struct tb_tables *t = parse_text(&s, TB_TABLE_PRICES, text, message);
        assert_string_equal(message, "");
        money[tb_money_format(t->prices[0].price, money)] = 0;
        assert_string_equal(money, table[i].one);
        tb_tables_free(t);
        settings_end(&s);
    }
}

static void the_header_may_be_in_any_order_and_short(void **state)
{
    struct tb_settings s;
    char message[MESSAGE_MAX];
    (void)state;
    settings_begin(&s, "UTC");
    struct tb_tables *t =
        parse_text(&s, TB_TABLE_PRICES,
                   "\xEF\xBB\xBFper;price;meter;model\r\n1000;0.25;output;gpt-4o\r\n;;;\r\n", message);
    assert_string_equal(message, "");
    assert_int_equal(t->price_count, 1);
    assert_str(t->prices[0].model, "gpt-4o");
    assert_int_equal(t->prices[0].meter, TB_METER_OUTPUT);
    assert_int_equal(t->prices[0].context, -1);
    tb_tables_free(t);
    settings_end(&s);
}

static void bad_headers(void **state)
{
    static const struct {
        const char *header;
        const char *message;
    } table[] = {
        {"model,meter,price,per,curency",
         "t.csv:1:23: unknown column \"curency\", did you mean \"currency\""},
        {"model,meter,price,per,price",
         "t.csv:1:23: column \"price\" stands twice in the header: take one out"},
        {"model,meter,price", "t.csv:1:1: column \"per\" is missing: add it to the header"},
        {"model,meter,price,per,", "t.csv:1:23: column 5 has no name in the header: name it or take it out"},
        {"model,meter,price,per,zzzzzzzzzz",
         "t.csv:1:23: unknown column \"zzzzzzzzzz\": the columns are provider,model,meter,price,per,currency,"
         "effective_from,effective_to,service_tier,context_over,context_from,context_rule,note"},
    };
    struct tb_settings s;
    (void)state;
    settings_begin(&s, "UTC");
    for (size_t i = 0; i < COUNT(table); i++) {
        char message[MESSAGE_MAX];
        assert_null(parse_text(&s, TB_TABLE_PRICES, table[i].header, message));
        assert_string_equal(message, table[i].message);
    }
    settings_end(&s);
}

static void bad_cells(void **state)
{
    static const struct bad_row bad[] = {
        {"a,b,input,1,1,,,,,,,\n",
         "t.csv:2:21: 12 cells where the header has 13 columns: is a separator missing"},
        {"a,b,input,1,1,,,,,,,,,\n",
         "t.csv:2:23: 14 cells where the header has 13 columns: is a separator not in quotes"},
        {"a,b,input,0,25,1000,USD,,,,,,,\n",
         "t.csv:2:31: 14 cells where the header has 13 columns: is a separator not in quotes"},
        {",,input,1,1,,,,,,,,\n", "t.csv:2:2: model is blank: write * for any"},
        {",gpt[4,input,1,1,,,,,,,,\n", "t.csv:2:2: model \"gpt[4\" is not a glob: close each [ with ], and "
                                       "write \\[ or \\\\ for the characters "
                                       "themselves"},
        {"x\\,m,input,1,1,,,,,,,,\n", "t.csv:2:1: provider \"x\\\" is not a glob: close each [ with ], and "
                                      "write \\[ or \\\\ for the characters "
                                      "themselves"},
        {",\"a\nb\",input,1,1,,,,,,,,\n",
         "t.csv:2:2: model \"a b\" has a control character or a line end: take it out"},
        {",m,inputs,1,1,,,,,,,,\n", "t.csv:2:4: unknown meter \"inputs\", did you mean \"input\""},
        {",m,,1,1,,,,,,,,\n", "t.csv:2:4: meter is blank: write one of input, cache_read, cache_write_5m, "
                              "cache_write_1h, output, reasoning, "
                              "request"},
        {",m,xyzzyxyzzy,1,1,,,,,,,,\n", "t.csv:2:4: unknown meter \"xyzzyxyzzy\": write one of input, "
                                        "cache_read, cache_write_5m, cache_write_1h, output, "
                                        "reasoning, request"},
        {",m,input,,1,,,,,,,,\n", "t.csv:2:10: price is blank: every row needs one"},
        {",m,input,\"0,25\",1,,,,,,,,\n",
         "t.csv:2:10: price \"0,25\" is not a decimal number: write digits with a point, like 1234.5"},
        {",m,input,$3,1,,,,,,,,\n",
         "t.csv:2:10: price \"$3\" is not a decimal number: write digits with a point, like 1234.5"},
        {",m,input,nan,1,,,,,,,,\n",
         "t.csv:2:10: price \"nan\" is not a decimal number: write digits with a point, like 1234.5"},
        {",m,input,0x10,1,,,,,,,,\n",
         "t.csv:2:10: price \"0x10\" is not a decimal number: write digits with a point, like 1234.5"},
        {",m,input,-0.01,1,,,,,,,,\n", "t.csv:2:10: price \"-0.01\" is negative: write 0 or more"},
        {",m,input,1e30,1,,,,,,,,\n", "t.csv:2:10: price \"1e30\" per 1 is too large: amounts end at 10^14"},
        {",m,input,0.0000000000000000001,1000000,,,,,,,,\n",
         "t.csv:2:10: price \"0.0000000000000000001\" per 1000000 is too fine: the price of one may have 24 "
         "decimals at "
         "most"},
        {",m,input,1,,,,,,,,,\n", "t.csv:2:12: per is blank: write one of 1, 1000, 1000000"},
        {",m,input,1,100,,,,,,,,\n", "t.csv:2:12: unknown per \"100\", did you mean \"1000\""},
        {",m,input,1,0,,,,,,,,\n", "t.csv:2:12: unknown per \"0\": write one of 1, 1000, 1000000"},
        {",m,input,1,1,EUR,,,,,,,\n", "t.csv:2:14: currency \"EUR\" is not the configured \"USD\": convert "
                                      "the price, one run has one currency"},
        {",m,input,1,1,,2026-02-30,,,,,,\n",
         "t.csv:2:15: effective_from \"2026-02-30\" is not a date: write YYYY-MM-DD, or an instant like "
         "2026-11-21T12:00:00Z, from 1970 on"},
        {",m,input,1,1,,1900-01-01,,,,,,\n",
         "t.csv:2:15: effective_from \"1900-01-01\" is not a date: write YYYY-MM-DD, or an instant like "
         "2026-11-21T12:00:00Z, from 1970 on"},
        {",m,input,1,1,,,21.11.2026,,,,,\n",
         "t.csv:2:16: effective_to \"21.11.2026\" is not a date: write YYYY-MM-DD, or an instant like "
         "2026-11-21T12:00:00Z, from 1970 on"},
        {",m,input,1,1,,2026-02-02,2026-02-02,,,,,\n",
         "t.csv:2:26: effective_to \"2026-02-02\" is not after effective_from \"2026-02-02\": it is the "
         "first moment that "
         "the row no longer holds"},
        {",m,input,1,1,,2026-03-29T02:30:00,,,,,,\n",
         "t.csv:2:15: effective_from \"2026-03-29T02:30:00\" is skipped or comes twice in Europe/Berlin at a "
         "clock change: "
         "add the offset from UTC, like +01:00"},
        {",m,input,1,1,,2026-10-25T02:30:00,,,,,,\n",
         "t.csv:2:15: effective_from \"2026-10-25T02:30:00\" is skipped or comes twice in Europe/Berlin at a "
         "clock change: "
         "add the offset from UTC, like +01:00"},
        {",m,input,1,1,,,,,1,2,,\n",
         "t.csv:2:20: context_over and context_from are both set: leave one of them blank"},
        {",m,input,1,1,,,,,-5,,,\n", "t.csv:2:18: context_over \"-5\" is negative: write 0 or more"},
        {",m,input,1,1,,,,,1.5,,,\n",
         "t.csv:2:18: context_over \"1.5\" is not a whole number: write digits only, like 100000"},
        {",m,input,1,1,,,,,,1e40,,\n",
         "t.csv:2:19: context_from \"1e40\" is too large: the limit is 9223372036854775807"},
        {",m,input,1,1,,,,,9,,marginl,\n",
         "t.csv:2:21: unknown context_rule \"marginl\", did you mean \"marginal\""},
        {",m,input,1,1,,,,,,,marginal,\n",
         "t.csv:2:20: context_rule \"marginal\" has no threshold: set context_over or context_from"},
        {",m,output,1,1,,,,,9,,marginal,\n", "t.csv:2:22: context_rule \"marginal\" cannot be for output: "
                                             "only input and cache tokens have an order"},
        {",m,reasoning,1,1,,,,,9,,marginal,\n", "t.csv:2:25: context_rule \"marginal\" cannot be for "
                                                "reasoning: only input and cache tokens have an order"},
        {",m,request,1,1,,,,,9,,marginal,\n", "t.csv:2:23: context_rule \"marginal\" cannot be for request: "
                                              "only input and cache tokens have an order"},
    };
    (void)state;
    check_bad("Europe/Berlin", TB_TABLE_PRICES, HEADER, bad, COUNT(bad));
}

static void rows_that_meet(void **state)
{
#define TIE(a, b, what)                                                                                      \
    "t.csv:3:2: line " a " and line " b " both price " what                                                  \
    ", and neither is more exact: end one with effective_to, or take one out"
    static const struct bad_row bad[] = {
        {",gpt-4o,input,1,1,,,,,,,,\n,gpt-4o,input,2,1,,,,,,,,\n", TIE("2", "3", "input of \"gpt-4o\"")},
        {",gpt-4o,input,1,1,,,,,,,,\n,gpt-4o,input,2,1,,2026-01-01,,,,,,\n",
         TIE("2", "3", "input of \"gpt-4o\" from 2026-01-01")},
        {",gpt-4o,input,1,1,,,2026-01-01T00:00:01Z,,,,,\n,gpt-4o,input,2,1,,2026-01-01T00:00:00Z,,,,,,\n",
         TIE("2", "3", "input of \"gpt-4o\" from 2026-01-01")},
        {",gpt-4o,input,1,1,,,2026-01-01T13:00:00Z,,,,,\n,gpt-4o,input,2,1,,2026-01-01T12:00:00Z,,,,,,\n",
         TIE("2", "3", "input of \"gpt-4o\" from 2026-01-01T12:00:00Z")},
        {",gpt-4*,input,1,1,,,,,,,,\n,*gpt-4,input,2,1,,,,,,,,\n",
         TIE("2", "3", "input of models that both \"gpt-4*\" and \"*gpt-4\" match")},
        {",*haiku*,input,1,1,,,,,,,,\n,*gpt-5*,input,2,1,,,,,,,,\n",
         TIE("2", "3", "input of models that both \"*haiku*\" and \"*gpt-5*\" match")},
        {",[]a]b,input,1,1,,,,,,,,\n,?b,input,2,1,,,,,,,,\n",
         TIE("2", "3", "input of models that both \"[]a]b\" and \"?b\" match")},
        {",[!\\]]b,input,1,1,,,,,,,,\n,ab,input,2,1,,,,,,,,\n,[^]]b,input,2,1,,,,,,,,\n",
         "t.csv:4:2: line 2 and line 4 both price input of models that both \"[!\\]]b\" and \"[^]]b\" match, "
         "and neither "
         "is more exact: end one with effective_to, or take one out"},
        {",m,input,1,1,,,,batch,,,,\n,m,input,2,1,,,,batch,,,,\n", TIE("2", "3", "input of \"m\"")},
        {",m,input,1,1,,,,,5,,,\n,m,input,2,1,,,,,5,,,\n", TIE("2", "3", "input of \"m\"")},
        {"*,m,input,1,1,,,,,,,,\n,m,input,2,1,,,,,,,,\n", TIE("2", "3", "input of \"m\"")},
        {"a,m,input,1,1,,,,,,,,\na,m,input,2,1,,,,,,,,\n",
         "t.csv:3:3: line 2 and line 3 both price input of \"m\", and neither is more exact: end one with "
         "effective_to, or "
         "take one out"},
        /* the first pair by its later line is named */
        {",m,input,1,1,,,,,,,,\n,m,input,1,1,,,,,,,,\n,a,input,1,1,,,,,,,,\n,a,input,1,1,,,,,,,,\n",
         TIE("2", "3", "input of \"m\"")},
        {",m,input,1,1,,,,,5,,,\n,m,input,2,1,,,,,6,,marginal,\n",
         "t.csv:3:2: line 2 is \"request\" and line 3 is \"marginal\" for input of \"m\": give all "
         "thresholds of a meter "
         "and model one context_rule"},
        {",[\\]c]ab,input,1,1,,,,,5,,,\n,*cab,input,2,1,,,,,6,,marginal,\n",
         "t.csv:3:2: line 2 is \"request\" and line 3 is \"marginal\" for input of models that both "
         "\"[\\]c]ab\" "
         "and \"*cab\" match: give all thresholds of a meter and model one context_rule"},
        {",[]c]ab,input,1,1,,,,,5,,,\n,*cab,input,2,1,,,,,6,,marginal,\n",
         "t.csv:3:2: line 2 is \"request\" and line 3 is \"marginal\" for input of models that both "
         "\"[]c]ab\" "
         "and \"*cab\" match: give all thresholds of a meter and model one context_rule"},
        {",[!]c]ab,input,1,1,,,,,5,,,\n,*xab,input,2,1,,,,,6,,marginal,\n",
         "t.csv:3:2: line 2 is \"request\" and line 3 is \"marginal\" for input of models that both "
         "\"[!]c]ab\" "
         "and \"*xab\" match: give all thresholds of a meter and model one context_rule"},
        {"a,m*,cache_read,1,1,,,,,,5,marginal,\n,my,cache_read,2,1,,,,x,6,,,\n",
         "t.csv:3:2: line 2 is \"marginal\" and line 3 is \"request\" for cache_read of models that both "
         "\"m*\" and \"my\" "
         "match: give all thresholds of a meter and model one context_rule"},
    };
#undef TIE
    (void)state;
    check_bad("UTC", TB_TABLE_PRICES, HEADER, bad, COUNT(bad));
}

static void rows_that_do_not_meet(void **state)
{
    static const char *const good[] = {
        "",
        ",gpt-4o,input,1,1,,,,,,,,\n,gpt-4o,output,2,1,,,,,,,,\n",
        ",gpt-4o,input,1,1,,,2026-01-01,,,,,\n,gpt-4o,input,2,1,,2026-01-01,,,,,,\n",
        ",gpt-4o,input,1,1,,2026-01-01,2026-01-01T12:00:00Z,,,,,\n,gpt-4o,input,2,1,,2026-01-01T12:00:00Z,,,,"
        ",,\n",
        ",gpt-4o,input,1,1,,,,,,,,\n,gpt-*,input,2,1,,,,,,,,\n,gpt-4?,input,2,1,,,2026-01-01,,,,,\n"
        ",gpt-?o,input,2,1,,2026-01-01,,,,,,\n",
        ",gpt-4*,input,1,1,,,,,,,,\n,*gpt-5,input,2,1,,,,x,,,,\n",
        ",haiku*,input,1,1,,,,,,,,\n,gpt-5*,input,2,1,,,,,,,,\n",
        ",m,input,1,1,,,,batch,,,,\n,m,input,2,1,,,,flex,,,,\n,m,input,2,1,,,,,,,,\n",
        ",m,input,1,1,,,,,5,,,\n,m,input,2,1,,,,,,5,,\n,m,input,2,1,,,,,6,,,\n,m,input,2,1,,,,,,,,\n",
        ",m,input,1,1,,,,,5,,marginal,\n,m,input,2,1,,,,,6,,marginal,\n,m,input,2,1,,,,,,,request,\n"
        ",m,output,2,1,,,,,6,,,\n",
        ",m,input,1,1,,,2026-01-01,,5,,marginal,\n,m,input,2,1,,2026-01-01,,,5,,request,\n",
        "a,m,input,1,1,,,,,5,,marginal,\nb,m,input,2,1,,,,,5,,request,\n",
        ",m,input,1,1,,,,x,5,,marginal,\n,m,input,2,1,,,,y,5,,request,\n",
        "a,m,input,1,1,,,,,,,,\n*,m,input,2,1,,,,,,,,\na*,m,input,2,1,,,,,,,,\n",
        ",m,input,1,1,,2026-03-29T03:30:00,2026-10-25T03:30:00,,,,,\n",
        ",m,input,1,1,,2026-10-25T02:30:00+01:00,,,,,,\n",
    };
    (void)state;
    check_good("Europe/Berlin", TB_TABLE_PRICES, HEADER, good, COUNT(good));
}

/* Midnight that a clock change skips is the first instant of the day; an instant without offset is civil
 * time. */
static void dates_are_of_the_billing_zone(void **state)
{
    static const struct {
        const char *zone;
        const char *cell;
        const char *instant;
    } table[] = {
        {"UTC", "2026-01-01", "2026-01-01T00:00:00Z"},
        {"America/New_York", "2026-07-01", "2026-07-01T04:00:00Z"},
        {"Asia/Kolkata", "2026-01-01", "2025-12-31T18:30:00Z"},
        {"America/Asuncion", "2023-10-01", "2023-10-01T04:00:00Z"},
        {"America/New_York", "2026-01-01T12:00:00", "2026-01-01T17:00:00Z"},
        {"America/New_York", "2026-01-01T12:00:00.5-02:00", "2026-01-01T14:00:00.5Z"},
        {"America/New_York", "2026-11-01T03:00:00", "2026-11-01T08:00:00Z"},
        {"America/New_York", "2026-11-01T00:59:59", "2026-11-01T04:59:59Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tb_settings s;
        char message[MESSAGE_MAX];
        char text[512];
        settings_begin(&s, table[i].zone);
        snprintf(text, sizeof text, HEADER "\n,m,input,1,1,,%s,,,,,,\n", table[i].cell);
        struct tb_tables *t = parse_text(&s, TB_TABLE_PRICES, text, message);
        assert_string_equal(message, "");
        if (t->prices[0].from_us != instant_of(table[i].instant)) {
            char got[TB_TS_TEXT_MAX + 1];
            got[tb_ts_format(t->prices[0].from_us, got)] = 0;
            fail_msg("%s in %s is %s, expected %s", table[i].cell, table[i].zone, got, table[i].instant);
        }
        tb_tables_free(t);
        settings_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_row_is_read),
        cmocka_unit_test(prices_are_exact),
        cmocka_unit_test(the_header_may_be_in_any_order_and_short),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_cells),
        cmocka_unit_test(rows_that_meet),
        cmocka_unit_test(rows_that_do_not_meet),
        cmocka_unit_test(dates_are_of_the_billing_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
