/* What an event's basis is, and the edges of charging: each rule of CONTRACT.md's "Price" by an example. */
#include "tests/unit/rate/support.h"

#include "base/hash.h"

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
        cmocka_unit_test(the_basis_is_the_first_that_applies),
        cmocka_unit_test(keys_are_told_apart),
        cmocka_unit_test(damaged_or_huge_is_an_error_not_a_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
