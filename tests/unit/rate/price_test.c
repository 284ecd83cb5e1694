/* Which row a meter meets: each rule of CONTRACT.md's "Price" by an example that fails
 * without it. */
#include "tests/unit/rate/support.h"

#include "base/hash.h"

/* --- the order of choice: the row that should win has price 1
 * ------------------------------------------------------- */

static void the_key_decides_in_its_order(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *rows; /* of input; a free output row is added */
        int64_t input;
    } cases[] = {
        {"exact model before everything else",
         ",gpt-4o,input,1,1,,,,,,,,\n"
         "openai,gpt-4*,input,2,1,,,,batch,5,,,\n",
         100},
        {"literal characters of the model before an exact provider",
         ",gpt-4*,input,1,1,,,,,,,,\n"
         "openai,gpt*,input,2,1,,,,batch,5,,,\n",
         100},
        {"exact provider before literal characters of the provider",
         "openai,gpt-4o,input,1,1,,,,,,,,\n"
         "openai*,gpt-4o,input,2,1,,,,batch,5,,,\n",
         100},
        {"literal characters of the provider before service_tier",
         "open*,gpt-4o,input,1,1,,,,,,,,\n"
         "op*,gpt-4o,input,2,1,,,,batch,5,,,\n",
         100},
        {"any provider is below a glob with literals",
         "o*,gpt-4o,input,1,1,,,,,,,,\n"
         ",gpt-4o,input,2,1,,,,batch,5,,,\n",
         100},
        {"service_tier before the threshold",
         ",gpt-4o,input,1,1,,,,batch,,,,\n"
         ",gpt-4o,input,2,1,,,,,5,,,\n",
         100},
        {"the larger threshold",
         ",gpt-4o,input,2,1,,,,,9,,,\n,gpt-4o,input,1,1,,,,,50,,,\n"
         ",gpt-4o,input,2,1,,,,,,10,,\n",
         100},
        {"thresholds as numbers, not as words", ",gpt-4o,input,2,1,,,,,9,,,\n,gpt-4o,input,1,1,,,,,10,,,\n",
         100},
        {"from before over at one threshold", ",gpt-4o,input,2,1,,,,,50,,,\n,gpt-4o,input,1,1,,,,,,50,,\n",
         100},
        {"a threshold of 0 before none", ",gpt-4o,input,2,1,,,,,,,,\n,gpt-4o,input,1,1,,,,,,0,,\n", 100},
        {"a row whose condition does not hold is none",
         ",gpt-4o,input,1,1,,,,,,,,\n,gpt-4o,input,2,1,,,,,100,,,\n", 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tb_charge c;
        char rows[1024];
        struct sample e = {.query = {.ts_us = TS_2026}};
        snprintf(rows, sizeof rows, "%s,*,output,0,1,,,,,,,,\n", cases[i].rows);
        open_book(&f, "UTC", rows);
        sample_texts(&e, "openai", "gpt-4o", "batch");
        sample_set(&e, TB_N_INPUT, cases[i].input);
        assert_int_equal(sample_charge(f.book, &e, &c), TB_BASIS_COMPUTED);
        char text[TB_MONEY_TEXT_MAX];
        tb_money_format(c.cost, text);
        if (strcmp(text, "100") != 0) {
            fail_msg("%s: %s", cases[i].why, text);
        }
        close_book(&f);
    }
}

static void provider_and_tier_select(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_charge c;
    open_book(&f, "UTC",
              "openai,m,input,1,1,,,,,,,,\n,m,input,2,1,,,,,,,,\n,m,input,4,1,,,,batch,,,,\n"
              ",m,output,0,1,,,,,,,,\n");
    static const struct {
        const char *provider, *tier, *cost;
    } cases[] = {{"openai", NULL, "1"},    {"azure", NULL, "2"}, {NULL, NULL, "2"},
                 {"openai", "batch", "1"}, {NULL, "batch", "4"}, {"azure", "flex", "2"},
                 {"azure", "Batch", "2"},  {"OPENAI", "", "2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample e = {.query = {.ts_us = TS_2026}};
        sample_texts(&e, cases[i].provider, "m", cases[i].tier);
        sample_set(&e, TB_N_INPUT, 1);
        assert_int_equal(sample_charge(f.book, &e, &c), TB_BASIS_COMPUTED);
        assert_money(c.cost, cases[i].cost);
    }
    close_book(&f);
}

/* A total that a log writes without a model: "*" is any, a glob with letters in it is not. */
static void any_model_is_no_model_too(void **state)
{
    (void)state;
    static const struct {
        const char *rows;
        enum tb_basis basis;
    } cases[] = {
        {"deepseek,*,input,3,1,,,,,,,,\n,*,output,3,1,,,,,,,,\n", TB_BASIS_COMPUTED},
        {"openai,*,input,3,1,,,,,,,,\n,*,output,3,1,,,,,,,,\n", TB_BASIS_UNPRICED},
        {"deepseek,deepseek-*,input,3,1,,,,,,,,\n,deepseek-*,output,3,1,,,,,,,,\n", TB_BASIS_UNPRICED},
        {"deepseek,?*,input,3,1,,,,,,,,\n,?*,output,3,1,,,,,,,,\n", TB_BASIS_UNPRICED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tb_charge c;
        struct sample e = {.query = {.ts_us = TS_2026}};
        open_book(&f, "UTC", cases[i].rows);
        sample_texts(&e, "deepseek", NULL, NULL);
        sample_set(&e, TB_N_INPUT, 5);
        assert_int_equal(sample_charge(f.book, &e, &c), cases[i].basis);
        assert_money(c.cost, cases[i].basis == TB_BASIS_COMPUTED ? "15" : "0");
        close_book(&f);
    }
}

/* --- when a row holds
 * ------------------------------------------------------------------------------------------------ */

static void thresholds_hold_from_the_right_token(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        int64_t input, cache_read, write_5m, write_1h;
        bool holds;
    } cases[] = {
        {",m,input,7,1,,,,,100,,,\n", 100, 0, 0, 0, false}, {",m,input,7,1,,,,,100,,,\n", 101, 0, 0, 0, true},
        {",m,input,7,1,,,,,,100,,\n", 99, 0, 0, 0, false},  {",m,input,7,1,,,,,,100,,\n", 100, 0, 0, 0, true},
        {",m,input,7,1,,,,,100,,,\n", 1, 99, 0, 0, false},  {",m,input,7,1,,,,,100,,,\n", 1, 100, 0, 0, true},
        {",m,input,7,1,,,,,100,,,\n", 1, 98, 1, 1, true},   {",m,input,7,1,,,,,,100,,\n", 1, 97, 1, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tb_charge c;
        char rows[1024];
        snprintf(rows, sizeof rows,
                 "%s,m,input,1,1,,,,,,,,\n,m,output,0,1,,,,,,,,\n,m,cache_read,0,1,,,,,,,,\n,m,cache_write_"
                 "5m,0,1,,,,,,,,\n"
                 ",m,cache_write_1h,0,1,,,,,,,,\n",
                 cases[i].row);
        open_book(&f, "UTC", rows);
        struct sample e = {.query = {.ts_us = TS_2026}};
        sample_texts(&e, NULL, "m", NULL);
        sample_set(&e, TB_N_INPUT, cases[i].input);
        sample_set(&e, TB_N_CACHE_READ, cases[i].cache_read);
        sample_set(&e, TB_N_CACHE_WRITE_5M, cases[i].write_5m);
        sample_set(&e, TB_N_CACHE_WRITE_1H, cases[i].write_1h);
        sample_set(&e, TB_N_OUTPUT, 1000); /* does not count */
        sample_charge(f.book, &e, &c);
        char text[TB_MONEY_TEXT_MAX];
        snprintf(text, sizeof text, "%lld", (long long)(cases[i].input * (cases[i].holds ? 7 : 1)));
        assert_money(c.cost, text);
        close_book(&f);
    }
}

static void a_row_is_in_force_half_open_in_the_billing_zone(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_charge c;
    /* Amsterdam is an hour east of Greenwich in March: the day begins at 23:00Z of the day before. */
    open_book(&f, "Europe/Amsterdam",
              ",m,input,1,1,,,2026-03-10,,,,,\n,m,input,2,1,,2026-03-10,2026-03-11T12:00:00Z,,,,,\n"
              ",m,input,3,1,,2026-03-11T12:00:00Z,,,,,,\n,m,output,0,1,,,,,,,,\n");
    static const struct {
        const char *ts, *cost;
    } cases[] = {{"2026-03-09T22:59:59.999999Z", "1"}, {"2026-03-09T23:00:00Z", "2"},
                 {"2026-03-11T11:59:59.999999Z", "2"}, {"2026-03-11T12:00:00Z", "3"},
                 {"2031-01-01T00:00:00Z", "3"},        {"1999-01-01T00:00:00Z", "1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample e = {0};
        bool zone = false;
        assert_true(tb_ts_parse(tb_str_of(cases[i].ts), &e.query.ts_us, &zone));
        sample_texts(&e, "p", "m", NULL);
        sample_set(&e, TB_N_INPUT, 1);
        sample_charge(f.book, &e, &c);
        assert_money(c.cost, cases[i].cost);
    }
    close_book(&f);
}

static void a_row_out_of_force_is_no_candidate(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_charge c;
    open_book(&f, "UTC",
              ",m,input,3,1,,,,,,,,\n,m,output,0,1,,,,,,,,\n,m,cache_read,1,1,,,2026-01-01,,,,,\n");
    struct sample e = {.query = {.ts_us = TS_2026}};
    sample_texts(&e, NULL, "m", NULL);
    sample_set(&e, TB_N_CACHE_READ, 1);
    sample_charge(f.book, &e, &c);
    assert_money(c.cost, "3"); /* falls back to input */
    e.query.ts_us--;
    sample_charge(f.book, &e, &c);
    assert_money(c.cost, "1");
    close_book(&f);
}

/* --- fallbacks
 * ------------------------------------------------------------------------------------------------------- */

static void meters_fall_back_only_without_a_candidate(void **state)
{
    (void)state;
    static const struct {
        const char *rows;
        enum tb_event_number number;
        const char *cost; /* NULL = unpriced */
    } cases[] = {
        {"", TB_N_CACHE_READ, "3"},
        {"", TB_N_CACHE_WRITE_5M, "3"},
        {"", TB_N_CACHE_WRITE_1H, "3"},
        {",m,cache_write_5m,5,1,,,,,,,,\n", TB_N_CACHE_WRITE_1H, "5"},
        {",m,cache_write_1h,7,1,,,,,,,,\n", TB_N_CACHE_WRITE_5M, "3"},
        {",m,cache_write_5m,5,1,,,,,,,,\n", TB_N_CACHE_READ, "3"},
        {",m,cache_read,0,1,,,,,,,,\n", TB_N_CACHE_READ, "0"}, /* a price of 0 is a price */
        {",other,cache_read,1,1,,,,,,,,\n", TB_N_CACHE_READ, "3"},
        {",m,cache_read,1,1,,,,batch,,,,\n", TB_N_CACHE_READ, "3"},
        {",m,cache_read,1,1,,,,,200000,,,\n", TB_N_CACHE_READ, NULL}, /* a candidate that does not hold */
        {",m,cache_write_5m,5,1,,,,,200000,,,\n", TB_N_CACHE_WRITE_1H, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tb_charge c;
        char rows[1024];
        snprintf(rows, sizeof rows, "%s,m,input,3,1,,,,,,,,\n,m,output,0,1,,,,,,,,\n", cases[i].rows);
        open_book(&f, "UTC", rows);
        struct sample e = {.query = {.ts_us = TS_2026}};
        sample_texts(&e, NULL, "m", NULL);
        sample_set(&e, cases[i].number, 1);
        enum tb_basis basis = sample_charge(f.book, &e, &c);
        assert_int_equal(basis, cases[i].cost == NULL ? TB_BASIS_UNPRICED : TB_BASIS_COMPUTED);
        assert_money(c.cost, cases[i].cost == NULL ? "0" : cases[i].cost);
        if (c.parts > 0) { /* the tokens keep their name */
            assert_int_equal((int)c.part[0].meter, (int)cases[i].number);
        }
        close_book(&f);
    }
}

static void reasoning_is_inside_output_unless_priced(void **state)
{
    (void)state;
    static const struct {
        const char *rows, *cost;
        int parts;
    } cases[] = {
        {"", "20", 1}, {",m,reasoning,5,1,,,,,,,,\n", "29", 2}, {",m,reasoning,0,1,,,,,,,,\n", "14", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tb_charge c;
        char rows[1024];
        snprintf(rows, sizeof rows, "%s,m,input,3,1,,,,,,,,\n,m,output,2,1,,,,,,,,\n", cases[i].rows);
        open_book(&f, "UTC", rows);
        struct sample e = {.query = {.ts_us = TS_2026}};
        sample_texts(&e, NULL, "m", NULL);
        sample_set(&e, TB_N_OUTPUT, 10);
        sample_set(&e, TB_N_REASONING, 3);
        sample_charge(f.book, &e, &c);
        assert_money(c.cost, cases[i].cost);
        assert_int_equal(c.parts, cases[i].parts);
        close_book(&f);
    }
}

/* --- marginal
 * -------------------------------------------------------------------------------------------------------- */

static void marginal_brackets_stack_in_line(void **state)
{
    (void)state;
    static const struct {
        const char *why, *rows;
        int64_t cache_read, write_5m, write_1h, input;
        const char *cost;
    } cases[] = {
        {"only the tokens after the first N", ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,100,,marginal,\n", 0,
         0, 0, 103, "130"},
        {"exactly N", ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,100,,marginal,\n", 0, 0, 0, 100, "100"},
        {"from is the same", ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,,100,marginal,\n", 0, 0, 0, 103, "130"},
        {"from at exactly N", ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,,100,marginal,\n", 0, 0, 0, 100,
         "100"},
        {"two brackets",
         ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,100,,marginal,\n,m,input,1000,1,,,,,200,,marginal,\n", 0, 0,
         0, 203, "4100"},
        {"cache tokens stand first, at input's brackets",
         ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,100,,marginal,\n", 60, 20, 10, 20, "200"},
        {"cache tokens priced apart still push input up",
         ",m,input,1,1,,,,,,,,\n,m,input,10,1,,,,,100,,marginal,\n,m,cache_read,0,1,,,,,,,,\n", 95, 0, 0, 10,
         "55"},
        {"order: read, 5m, 1h, input",
         ",m,input,0,1,,,,,,,,\n,m,cache_read,0,1,,,,,,,,\n,m,cache_read,1,1,,,,,10,,marginal,\n"
         ",m,cache_write_5m,0,1,,,,,,,,\n,m,cache_write_5m,100,1,,,,,10,,marginal,\n"
         ",m,cache_write_1h,0,1,,,,,,,,\n,m,cache_write_1h,10000,1,,,,,20,,marginal,\n",
         11, 4, 7, 5, "20401"},
        {"a base at a threshold of 0", ",m,input,1,1,,,,,0,,marginal,\n,m,input,10,1,,,,,100,,marginal,\n", 0,
         0, 0, 103, "130"},
        {"no row below: those tokens have no price", ",m,input,10,1,,,,,100,,marginal,\n", 0, 0, 0, 103,
         NULL},
        {"no row below, but cache tokens stand there",
         ",m,input,10,1,,,,,100,,marginal,\n,m,cache_read,0,1,,,,,,,,\n", 100, 0, 0, 3, "30"},
        {"the more exact row first, a glob below it",
         ",*,input,1,1,,,,,,,,\n,m,input,10,1,,,,,100,,marginal,\n", 0, 0, 0, 103, "130"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct tb_charge c;
        char rows[1024];
        snprintf(rows, sizeof rows, "%s,m,output,0,1,,,,,,,,\n", cases[i].rows);
        open_book(&f, "UTC", rows);
        struct sample e = {.query = {.ts_us = TS_2026}};
        sample_texts(&e, NULL, "m", NULL);
        sample_set(&e, TB_N_CACHE_READ, cases[i].cache_read);
        sample_set(&e, TB_N_CACHE_WRITE_5M, cases[i].write_5m);
        sample_set(&e, TB_N_CACHE_WRITE_1H, cases[i].write_1h);
        sample_set(&e, TB_N_INPUT, cases[i].input);
        enum tb_basis basis = sample_charge(f.book, &e, &c);
        char text[TB_MONEY_TEXT_MAX];
        tb_money_format(c.cost, text);
        if (basis != (cases[i].cost == NULL ? TB_BASIS_UNPRICED : TB_BASIS_COMPUTED) ||
            (cases[i].cost != NULL && strcmp(text, cases[i].cost) != 0)) {
            fail_msg("%s: %s %s", cases[i].why, tb_basis_names[basis], text);
        }
        close_book(&f);
    }
}

static void more_brackets_than_parts_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_charge c;
    struct tb_err err = {0};
    char rows[4096] = ",m,output,0,1,,,,,,,,\n,m,input,1,1,,,,,,,,\n";
    for (int i = 1; i <= TB_CHARGE_PARTS_MAX; i++) {
        snprintf(rows + strlen(rows), sizeof rows - strlen(rows), ",m,input,1,1,,,,,%d,,marginal,\n", i);
    }
    open_book(&f, "UTC", rows);
    struct sample e = {.query = {.ts_us = TS_2026}};
    sample_texts(&e, NULL, "m", NULL);
    sample_set(&e, TB_N_INPUT, TB_CHARGE_PARTS_MAX);
    sample_charge(f.book, &e, &c);
    assert_int_equal(c.parts, TB_CHARGE_PARTS_MAX);
    sample_set(&e, TB_N_INPUT, TB_CHARGE_PARTS_MAX + 1);
    assert_int_equal(tb_charge_event(f.book, &e.query, &c, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_LIMIT);
    close_book(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_decides_in_its_order),
        cmocka_unit_test(provider_and_tier_select),
        cmocka_unit_test(any_model_is_no_model_too),
        cmocka_unit_test(thresholds_hold_from_the_right_token),
        cmocka_unit_test(a_row_is_in_force_half_open_in_the_billing_zone),
        cmocka_unit_test(a_row_out_of_force_is_no_candidate),
        cmocka_unit_test(meters_fall_back_only_without_a_candidate),
        cmocka_unit_test(reasoning_is_inside_output_unless_priced),
        cmocka_unit_test(marginal_brackets_stack_in_line),
        cmocka_unit_test(more_brackets_than_parts_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
