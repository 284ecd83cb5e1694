/* base/money against whole numbers of any size (bignum.h), and by its laws. */
#include "support.h"
#include "base/money.h"
#include "bignum.h"

#define ROUNDS    4000
#define MONEY_MAX ((tb_money)(~(unsigned __int128)0 >> 1))
#define MONEY_MIN (-MONEY_MAX - 1)

static tb_money money(const char *text)
{
    tb_money m = 0;
    assert_true(tb_money_parse(tb_str_of(text), &m));
    return m;
}

static void assert_money(tb_money m, const char *text)
{
    char out[TB_MONEY_TEXT_MAX];
    size_t n = tb_money_format(m, out);
    assert_string_equal(out, text);
    assert_int_equal(n, strlen(text));
}

static void assert_big(tb_money m, const struct big *b)
{
    struct big v = big_of(m);
    assert_true(big_equal(&v, b));
}

static void test_parse_and_format(void **state)
{
    (void)state;
    static const char *const same[] = {"0",
                                       "1",
                                       "-3",
                                       "0.000047",
                                       "12.5",
                                       "0.000000000000000000000001",
                                       "170141183460469.231731687303715884105727",
                                       "-170141183460469.231731687303715884105728",
                                       "100"};
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_money(money(same[i]), same[i]);
    }
    assert_money(money("1.500"), "1.5");
    assert_money(money("-0"), "0");
    assert_money(money("+.5"), "0.5");
    assert_money(money(" 3e-6 "), "0.000003");
    assert_money(money("2.5E+2"), "250");
    static const char *const bad[] = {"",
                                      "-",
                                      "1,5",
                                      "0x1",
                                      "nan",
                                      "0.0000000000000000000000001",
                                      "170141183460469.231731687303715884105728",
                                      "1e15",
                                      "1 2",
                                      "1e",
                                      "."};
    for (size_t i = 0; i < COUNT(bad); i++) {
        tb_money m = 77;
        assert_false(tb_money_parse(tb_str_of(bad[i]), &m));
        assert_true(m == 77);
    }
}

static void test_format_is_the_number(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < ROUNDS; i++) {
        tb_money m = random_i128(&seed);
        tb_money back = 0;
        char out[TB_MONEY_TEXT_MAX];
        char expected[BIG_DIGITS + 3];
        struct big b = big_of(m);
        big_text(&b, TB_MONEY_SCALE, expected);
        size_t n = tb_money_format(m, out);
        assert_string_equal(out, expected);
        assert_true(n < TB_MONEY_TEXT_MAX);
        assert_true(tb_money_parse(tb_str_of(out), &back));
        assert_true(back == m);
    }
}

static void test_from_decimal(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < ROUNDS; i++) {
        struct tb_decimal d = {random_i128(&seed), (int32_t)random_below(&seed, 130) - 80};
        tb_money m = 0;
        bool exact = false;
        struct big mantissa = big_of(d.mantissa);
        struct big power = big_of(1);
        struct big rest = big_of(0);
        struct big expected;
        int shift = d.exponent + TB_MONEY_SCALE;
        power = big_shift(power, shift < 0 ? -shift : shift);
        if (shift >= 0) {
            expected = big_shift(mantissa, shift);
        } else {
            (void)big_div(&mantissa, &power, &rest);
            expected = big_div_round(&mantissa, &power);
        }
        bool fits = tb_money_from_decimal(&d, &m, &exact);
        assert_true(fits == big_fits(&expected, 128));
        if (fits) {
            assert_big(m, &expected);
            assert_true(exact == big_is_zero(&rest));
        }
    }
}

static void test_add_sub_mul(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < ROUNDS; i++) {
        tb_money a = random_i128(&seed);
        tb_money b = random_i128(&seed);
        int64_t k = (int64_t)random_u64(&seed) >> random_below(&seed, 64);
        tb_money out = 0;
        struct big ba = big_of(a);
        struct big bb = big_of(b);
        struct big bk = big_of(k);
        struct big sum = big_add(&ba, &bb);
        assert_true(tb_money_add(a, b, &out) == big_fits(&sum, 128));
        if (big_fits(&sum, 128)) {
            assert_big(out, &sum);
        }
        bb.minus = !bb.minus;
        sum = big_add(&ba, &bb);
        assert_true(tb_money_sub(a, b, &out) == big_fits(&sum, 128));
        if (big_fits(&sum, 128)) {
            assert_big(out, &sum);
        }
        struct big product = big_mul(&ba, &bk);
        assert_true(tb_money_mul(a, k, &out) == big_fits(&product, 128));
        if (big_fits(&product, 128)) {
            assert_big(out, &product);
        }
    }
    tb_money out = 0;
    assert_false(tb_money_add(MONEY_MAX, 1, &out));
    assert_false(tb_money_sub(MONEY_MIN, 1, &out));
    assert_false(tb_money_mul(MONEY_MIN, -1, &out));
}

static void test_div(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < ROUNDS; i++) {
        tb_money a = random_i128(&seed);
        int64_t n = (int64_t)random_u64(&seed) >> random_below(&seed, 64);
        int decimals = (int)random_below(&seed, TB_MONEY_SCALE + 1);
        tb_money out = 0;
        n = n == 0 ? 1 : n;
        struct big ba = big_of(a);
        struct big divisor = big_of(n);
        divisor = big_shift(divisor, TB_MONEY_SCALE - decimals);
        struct big expected = big_div_round(&ba, &divisor);
        expected = big_shift(expected, TB_MONEY_SCALE - decimals);
        bool fits = tb_money_div(a, n, decimals, &out);
        assert_true(fits == big_fits(&expected, 128));
        if (fits) {
            assert_big(out, &expected);
        }
    }
}

static void test_div_halves(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        int64_t n;
        int decimals;
        const char *expected;
    } rows[] = {
        {"1", 2, 0, "1"},
        {"-1", 2, 0, "-1"},
        {"1", -2, 0, "-1"},
        {"1", 3, 12, "0.333333333333"},
        {"2", 3, 12, "0.666666666667"},
        {"0.0000000000005", 1, 12, "0.000000000001"},
        {"0.000000000000499999999999", 1, 12, "0"},
        {"0.000000000000000000000001", 2, 24, "0.000000000000000000000001"},
        {"0.000000000000000000000001", 3, 24, "0"},
        {"10", 4, 0, "3"},
        {"170141183460469.231731687303715884105727", INT64_MAX, 12, "0.000018446744"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        tb_money out = 0;
        assert_true(tb_money_div(money(rows[i].a), rows[i].n, rows[i].decimals, &out));
        assert_money(out, rows[i].expected);
    }
    tb_money out = 0;
    assert_false(tb_money_div(MONEY_MIN, -1, 24, &out));
    assert_true(tb_money_div(MONEY_MAX, INT64_MIN, 24, &out));
}

static void test_cents(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct big cent = big_of(1);
    cent = big_shift(cent, TB_MONEY_SCALE - 2);
    for (int i = 0; i < ROUNDS; i++) {
        tb_money m = random_i128(&seed);
        int64_t rounded = 0;
        int64_t floored = 0;
        tb_money rest = 0;
        struct big b = big_of(m);
        struct big expected = big_div_round(&b, &cent);
        assert_true(tb_money_cents_round(m, &rounded));
        struct big got = big_of(rounded);
        assert_true(big_equal(&got, &expected));
        assert_true(tb_money_cents_floor(m, &floored, &rest));
        assert_true(rest >= 0);
        struct big big_rest = big_of(rest);
        assert_true(big_compare_size(&big_rest, &cent) < 0);
        struct big floor_money = big_of(floored);
        floor_money = big_mul(&floor_money, &cent);
        floor_money = big_add(&floor_money, &big_rest);
        assert_true(big_equal(&floor_money, &b));
    }
    assert_true(tb_money_of_cents(-1230) == money("-12.3"));
    assert_true(tb_money_of_cents(0) == 0);
}

static void test_cents_text(void **state)
{
    (void)state;
    static const struct {
        int64_t cents;
        const char *text;
    } rows[] = {{0, "0.00"},     {5, "0.05"},
                {-5, "-0.05"},   {1230, "12.30"},
                {-100, "-1.00"}, {INT64_MIN, "-92233720368547758.08"},
                {99, "0.99"},    {INT64_MAX, "92233720368547758.07"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[TB_MONEY_TEXT_MAX];
        assert_int_equal(tb_cents_format(rows[i].cents, out), strlen(rows[i].text));
        assert_string_equal(out, rows[i].text);
    }
}

static void test_ratio(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int i = 0; i < ROUNDS; i++) {
        tb_int128 num = random_i128(&seed);
        tb_int128 den = random_i128(&seed);
        char out[TB_MONEY_TEXT_MAX];
        char expected[BIG_DIGITS + 3];
        den = den == 0 ? 7 : den;
        struct big bn = big_of(num);
        struct big bd = big_of(den);
        bn = big_shift(bn, 6);
        struct big q = big_div_round(&bn, &bd);
        big_text(&q, 6, expected);
        assert_int_equal(tb_ratio_format(num, den, out), strlen(expected));
        assert_string_equal(out, expected);
    }
    char out[TB_MONEY_TEXT_MAX];
    assert_int_equal(tb_ratio_format(1, 0, out), 0);
    assert_int_equal(tb_ratio_format(MONEY_MIN, 1, out), 40);
    assert_string_equal(out, "-170141183460469231731687303715884105728");
    (void)tb_ratio_format(MONEY_MIN, MONEY_MIN, out);
    assert_string_equal(out, "1");
    (void)tb_ratio_format(19999999, 10000000, out); /* carried into the whole part */
    assert_string_equal(out, "2");
    (void)tb_ratio_format(-1, 2000001, out);
    assert_string_equal(out, "0"); /* never "-0" */
}

static void test_double(void **state)
{
    (void)state;
    uint64_t seed = 7;
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"0", 0.0}, {"0.1", 0.1}, {"-12.34", -12.34}, {"0.000047", 0.000047}, {"123456789.01", 123456789.01}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(tb_money_double(money(rows[i].text)) == rows[i].value);
    }
    for (int i = 0; i < ROUNDS; i++) {
        char out[TB_MONEY_TEXT_MAX];
        tb_money m = random_i128(&seed);
        (void)tb_money_format(m, out);
        assert_true(tb_money_double(m) == strtod(out, NULL));
    }
}

/* The law that a day's cents rest on: price x k = cost x k, summed in any order. */
static void test_sums_do_not_depend_on_order(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (int i = 0; i < 200; i++) {
        tb_money price = random_i128(&seed) >> 64;
        tb_money up = 0;
        tb_money down = 0;
        tb_money whole = 0;
        int64_t k = 0;
        int64_t parts[50];
        for (size_t p = 0; p < COUNT(parts); p++) {
            parts[p] = (int64_t)random_below(&seed, 1000000);
            k += parts[p];
        }
        for (size_t p = 0; p < COUNT(parts); p++) {
            tb_money cost = 0;
            assert_true(tb_money_mul(price, parts[p], &cost) && tb_money_add(up, cost, &up));
            assert_true(tb_money_mul(price, parts[COUNT(parts) - 1 - p], &cost) &&
                        tb_money_add(down, cost, &down));
        }
        assert_true(tb_money_mul(price, k, &whole));
        assert_true(up == whole && down == whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format),
        cmocka_unit_test(test_format_is_the_number),
        cmocka_unit_test(test_from_decimal),
        cmocka_unit_test(test_add_sub_mul),
        cmocka_unit_test(test_div),
        cmocka_unit_test(test_div_halves),
        cmocka_unit_test(test_cents),
        cmocka_unit_test(test_cents_text),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_double),
        cmocka_unit_test(test_sums_do_not_depend_on_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
