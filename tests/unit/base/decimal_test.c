/* base/decimal: the digits as written, nothing lost, nothing made up. */
#include "support.h"
#include "base/decimal.h"

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool json; /* is it also a JSON number? */
        int64_t mantissa;
        int32_t exponent;
    } rows[] = {
        {"0", true, 0, 0},
        {"-0", true, 0, 0},
        {"0.000", true, 0, 0},
        {"0e999999999999", true, 0, 0},
        {"1", true, 1, 0},
        {"10", true, 1, 1},
        {"1.50", true, 15, -1},
        {"-1.5e-3", true, -15, -4},
        {"1E+2", true, 1, 2},
        {"1e2", true, 1, 2},
        {"0.000100", true, 1, -4},
        {"120.00", true, 12, 1},
        {"1e400", true, 1, 400},
        {"1e-400", true, 1, -400},
        {"+1", false, 1, 0},
        {".5", false, 5, -1},
        {"5.", false, 5, 0},
        {" 7\t", false, 7, 0},
        {"007", false, 7, 0},
        {"-.25e1", false, -25, -1},
        {"1000000000000000000000000000000000000000000000000", true, 1, 48},
        {"0.00000000000000000000000000000000000000000000000012", true, 12, -49 - 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_decimal d = {1, 1};
        assert_true(tb_decimal_parse(tb_str_of(rows[i].text), false, &d));
        assert_true(d.mantissa == rows[i].mantissa);
        assert_int_equal(d.exponent, rows[i].exponent);
        assert_true(tb_decimal_parse(tb_str_of(rows[i].text), true, &d) == rows[i].json);
    }
}

static void test_not_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      " ",     "-",
                                      "+",     ".",     "e5",
                                      "1e",    "1e+",   "--1",
                                      "1.2.3", "1,000", "0x10",
                                      "nan",   "inf",   "1 2",
                                      "1e5.0", "1e401", "1e-401",
                                      "1f",    "١",     "170141183460469231731687303715884105728",
                                      "-",     "+-1",   "1e99999999999999999999"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct tb_decimal d = {42, 42};
        assert_false(tb_decimal_parse(tb_str_of(bad[i]), false, &d));
        assert_false(tb_decimal_parse(tb_str_of(bad[i]), true, &d));
        assert_true(d.mantissa == 42);
    }
    struct tb_decimal d;
    assert_false(tb_decimal_parse(TB_STR_NULL, false, &d));
    assert_false(tb_decimal_parse((struct tb_str){"1\0", 2}, false, &d));
}

static void test_38_digits_fit(void **state)
{
    (void)state;
    struct tb_decimal d;
    assert_true(tb_decimal_parse(TB_STR("0.99999999999999999999999999999999999999"), true, &d));
    tb_int128 v = 0;
    for (int i = 0; i < 38; i++) {
        v = v * 10 + 9;
    }
    assert_true(d.mantissa == v && d.exponent == -38);
    assert_false(tb_decimal_parse(TB_STR("0.999999999999999999999999999999999999991"), true, &d));
    tb_int128 limit = (tb_int128)(~(unsigned __int128)0 >> 1);
    assert_true(tb_decimal_parse(TB_STR("170141183460469231731687303715884105727"), true, &d) &&
                d.mantissa == limit);
    assert_true(tb_decimal_parse(TB_STR("-170141183460469231731687303715884105728"), true, &d));
    assert_true(d.mantissa == -limit - 1);
    assert_false(tb_decimal_parse(TB_STR("-170141183460469231731687303715884105729"), true, &d));
}

static void test_int64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"1e18", true, INT64_C(1000000000000000000)},
        {"1e19", false, 0},
        {"92e17", true, INT64_C(9200000000000000000)},
        {"93e17", false, 0},
        {"1.0", true, 1},
        {"1.5", false, 0},
        {"15e-1", false, 0},
        {"150e-1", true, 15},
        {"1e400", false, 0},
        {"99999999999999999999999999999999999999", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tb_decimal d;
        int64_t v = 0;
        assert_true(tb_decimal_parse(tb_str_of(rows[i].text), true, &d));
        assert_true(tb_decimal_int64(&d, &v) == rows[i].whole);
        assert_int_equal(v, rows[i].value);
    }
}

/* A mantissa, a point put anywhere in it, an exponent that makes up for it: the same number. */
static void test_many_spellings_one_number(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < 20000; i++) {
        int64_t mantissa = (int64_t)(random_u64(&seed) >> (1 + random_below(&seed, 63)));
        int exponent = (int)random_below(&seed, 60) - 30;
        char digits[32];
        char text[128];
        struct tb_decimal d;
        while (mantissa != 0 && mantissa % 10 == 0) {
            mantissa /= 10;
        }
        exponent = mantissa == 0 ? 0 : exponent;
        int n = snprintf(digits, sizeof(digits), "%lld", (long long)mantissa);
        int point = (int)random_below(&seed, (size_t)n + 1);
        int zeros = (int)random_below(&seed, 5);
        (void)snprintf(text, sizeof(text), "%s%.*s.%s%.*se%d", point == 0 ? "0" : "", point, digits,
                       digits + point, zeros + 1, "00000000", exponent + n - point);
        assert_true(tb_decimal_parse(tb_str_of(text), true, &d));
        assert_true(d.mantissa == mantissa);
        assert_int_equal(d.exponent, exponent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_not_numbers),
        cmocka_unit_test(test_38_digits_fit),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_many_spellings_one_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
