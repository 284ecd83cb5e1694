/* Which row a meter meets, and what the basis is: each rule of CONTRACT.md's "Price" by an example that fails
 * without it. */
#include "tests/unit/rate/support.h"

#include "base/hash.h"

#define TS_2026 INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

struct fixture {
    struct tb_settings settings;
    struct tb_tables *tables;
    struct tb_pricebook *book;
};

static void open_book(struct fixture *f, const char *zone, const char *rows)
{
    struct tb_err err = {0};
    char *text = NULL;
    assert_true(asprintf(&text, "%s%s", PRICE_HEAD, rows) > 0);
    settings_make(&f->settings, zone);
    f->tables = tables_make(&f->settings, text, NULL);
    assert_ok(tb_pricebook_new(f->tables, &f->book, &err), err);
    free(text);
}

static void close_book(struct fixture *f)
{
    tb_pricebook_free(f->book);
    tb_tables_free(f->tables);
    settings_release(&f->settings);
}

static void assert_money(tb_money found, const char *expected)
{
    char text[TB_MONEY_TEXT_MAX];
    tb_money_format(found, text);
    assert_string_equal(text, expected);
}

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

/* --- basis
 * -----------------------------------------------------------------------------------------------------------
 */

static void the_basis_is_the_first_that_applies(void **state)
{
    (void)state;
#define IN    (INT64_C(1) << TB_N_INPUT)
#define OUT   (INT64_C(1) << TB_N_OUTPUT)
#define TOTAL (INT64_C(1) << TB_N_TOTAL_ONLY)
#define SAVED (INT64_C(1) << TB_N_SAVED)
    static const struct {
        const char *why, *model;
        int64_t present;     /* each present number is 2, but status and success */
        int status, success; /* -1 = absent */
        const char *logged;
        bool other, hit;
        enum tb_basis basis;
        const char *cost;
    } cases[] = {
        {"both prices", "both", IN | OUT, 200, -1, NULL, false, false, TB_BASIS_COMPUTED, "6"},
        {"a price beats the logged cost", "both", IN | OUT, 200, -1, "9", false, false, TB_BASIS_COMPUTED,
         "6"},
        {"no output price", "in", IN | OUT, 200, -1, NULL, false, false, TB_BASIS_UNPRICED, "0"},
        {"no output price, and no output", "in", IN, 200, -1, NULL, false, false, TB_BASIS_UNPRICED, "0"},
        {"no input price, and no input", "out", OUT, 200, -1, NULL, false, false, TB_BASIS_UNPRICED, "0"},
        {"a total needs input alone", "in", TOTAL, 200, -1, NULL, false, false, TB_BASIS_COMPUTED, "2"},
        {"a total without input's price", "out", TOTAL, 200, -1, NULL, false, false, TB_BASIS_UNPRICED, "0"},
        {"else what was logged", "in", IN | OUT, 200, -1, "0.125", false, false, TB_BASIS_LOGGED, "0.125"},
        {"even 0", "in", IN | OUT, 200, -1, "0", false, false, TB_BASIS_LOGGED, "0"},
        {"logged without tokens", "both", 0, 200, -1, "0.5", false, false, TB_BASIS_LOGGED, "0.5"},
        {"a cost of unknown unit is none", "in", IN, 200, -1, NULL, true, false, TB_BASIS_UNPRICED, "0"},
        {"nor is it nothing", "both", 0, 200, -1, NULL, true, false, TB_BASIS_UNPRICED, "0"},
        {"neither tokens nor cost", "none", 0, 429, -1, NULL, false, false, TB_BASIS_COMPUTED, "0"},
        {"no model at all", NULL, 0, 500, -1, NULL, false, false, TB_BASIS_COMPUTED, "0"},
        {"no model, tokens", NULL, IN | OUT, 200, -1, NULL, false, false, TB_BASIS_UNPRICED, "0"},
        {"a cache hit", "fee", SAVED, 200, -1, NULL, false, true, TB_BASIS_COMPUTED, "0"},
        {"a cache hit of an unknown model", "none", SAVED, 200, -1, "3", false, true, TB_BASIS_COMPUTED, "0"},
        {"a fee for the request", "fee", IN | OUT, 200, -1, NULL, false, false, TB_BASIS_COMPUTED, "106"},
        {"a fee below 400", "fee", IN | OUT, 399, 0, NULL, false, false, TB_BASIS_COMPUTED, "106"},
        {"no fee from 400", "fee", IN | OUT, 400, 1, NULL, false, false, TB_BASIS_COMPUTED, "6"},
        {"a fee without a status", "fee", IN | OUT, -1, -1, NULL, false, false, TB_BASIS_COMPUTED, "106"},
        {"a fee with success", "fee", IN | OUT, -1, 1, NULL, false, false, TB_BASIS_COMPUTED, "106"},
        {"no fee for a failure", "fee", IN | OUT, -1, 0, NULL, false, false, TB_BASIS_COMPUTED, "6"},
        {"a fee without tokens", "fee", 0, 200, -1, NULL, false, false, TB_BASIS_COMPUTED, "100"},
        {"a fee alone does not price tokens", "onlyfee", IN | OUT, 200, -1, NULL, false, false,
         TB_BASIS_UNPRICED, "0"},
        {"a fee does not come on top of a logged cost", "onlyfee", IN | OUT, 200, -1, "4", false, false,
         TB_BASIS_LOGGED, "4"},
    };
    struct fixture f;
    open_book(
        &f, "UTC",
        ",both,input,1,1,,,,,,,,\n,both,output,2,1,,,,,,,,\n,in,input,1,1,,,,,,,,\n,out,output,2,1,,,,,,,,\n"
        ",fee,input,1,1,,,,,,,,\n,fee,output,2,1,,,,,,,,\n,fee,request,100,1,,,,,,,,\n,onlyfee,request,100,1,"
        ",,,,,,,\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample e = {.query = {.ts_us = TS_2026, .has_other_cost = cases[i].other}};
        struct tb_charge c;
        sample_texts(&e, "p", cases[i].model, NULL);
        for (int n = 0; n < TB_N_STATUS; n++) {
            if (cases[i].present >> n & 1) {
                sample_set(&e, (enum tb_event_number)n, 2);
            }
        }
        if (cases[i].status >= 0) {
            sample_set(&e, TB_N_STATUS, cases[i].status);
        }
        if (cases[i].success >= 0) {
            sample_set(&e, TB_N_SUCCESS, cases[i].success);
        }
        if (cases[i].logged != NULL) {
            sample_cost(&e, cases[i].logged);
        }
        e.query.flags = cases[i].hit ? TB_F_CACHE_HIT : 0;
        enum tb_basis basis = sample_charge(f.book, &e, &c);
        char text[TB_MONEY_TEXT_MAX];
        tb_money_format(c.cost, text);
        if (basis != cases[i].basis || strcmp(text, cases[i].cost) != 0) {
            fail_msg("%s: %s %s", cases[i].why, tb_basis_names[basis], text);
        }
    }
    close_book(&f);
}

/* The book remembers keys it met in a small table: neighbours there must not be taken for each other. */
static void keys_are_told_apart(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_charge c;
    open_book(&f, "UTC",
              ",m,input,1,1,,,,,,,,\n,m,input,2,1,,,,batch,,,,\nazure,m,input,4,1,,,,,,,,\n"
              ",n,input,8,1,,,,,,,,\n,*,output,0,1,,,,,,,,\n");
    static const struct {
        const char *provider, *model, *tier, *cost;
    } kinds[] = {{"p", "m", "flex", "1"},
                 {"p", "m", "batch", "2"},
                 {"azure", "m", "flex", "4"},
                 {"p", "n", "flex", "8"}};
    for (uint32_t distance = 1; distance <= 1u << 20; distance *= 2) {
        for (int round = 0; round < 8; round++) {
            int k = round % 4;
            struct sample e = {.query = {.ts_us = TS_2026}};
            sample_texts(&e, kinds[k].provider, kinds[k].model, kinds[k].tier);
            e.query.provider_key = 5 * distance + (k == 2 ? distance : 0); /* equal keys name equal texts */
            e.query.model_key = 7 * distance + (k == 3 ? distance : 0);
            e.query.tier_key = 9 * distance + (k == 1 ? distance : 0);
            sample_set(&e, TB_N_INPUT, 1);
            sample_charge(f.book, &e, &c);
            assert_money(c.cost, kinds[k].cost);
        }
        tb_pricebook_free(f.book);
        struct tb_err err = {0};
        assert_ok(tb_pricebook_new(f.tables, &f.book, &err), err);
    }
    close_book(&f);
}

static void damaged_or_huge_is_an_error_not_a_wrap(void **state)
{
    (void)state;
    struct fixture f;
    struct tb_charge c;
    struct tb_err err = {0};
    open_book(&f, "UTC", ",m,input,99999999999999,1,,,,,,,,\n,m,output,0,1,,,,,,,,\n");
    struct sample e = {.query = {.ts_us = TS_2026}};
    e.query.number = e.number;
    sample_texts(&e, NULL, "m", NULL);
    sample_set(&e, TB_N_INPUT, 1);
    sample_charge(f.book, &e, &c);
    assert_money(c.cost, "99999999999999");
    sample_set(&e, TB_N_INPUT, 2);
    assert_int_equal(tb_charge_event(f.book, &e.query, &c, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_RANGE);
    sample_set(&e, TB_N_INPUT, -1);
    assert_int_equal(tb_charge_event(f.book, &e.query, &c, &err), TB_FAIL);
    sample_set(&e, TB_N_INPUT, INT64_MAX);
    assert_int_equal(tb_charge_event(f.book, &e.query, &c, &err), TB_FAIL);
    sample_set(&e, TB_N_INPUT, 1);
    sample_set(&e, TB_N_REASONING, 1);
    assert_int_equal(tb_charge_event(f.book, &e.query, &c, &err), TB_FAIL);
    close_book(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_decides_in_its_order),
        cmocka_unit_test(provider_and_tier_select),
        cmocka_unit_test(thresholds_hold_from_the_right_token),
        cmocka_unit_test(a_row_is_in_force_half_open_in_the_billing_zone),
        cmocka_unit_test(a_row_out_of_force_is_no_candidate),
        cmocka_unit_test(meters_fall_back_only_without_a_candidate),
        cmocka_unit_test(reasoning_is_inside_output_unless_priced),
        cmocka_unit_test(marginal_brackets_stack_in_line),
        cmocka_unit_test(more_brackets_than_parts_is_an_error),
        cmocka_unit_test(the_basis_is_the_first_that_applies),
        cmocka_unit_test(keys_are_told_apart),
        cmocka_unit_test(damaged_or_huge_is_an_error_not_a_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
