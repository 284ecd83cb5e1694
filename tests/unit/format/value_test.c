/* Numbers read eight digits at a time, against strtoll and the general decimal parser: of every length, before every end, with
 * and without a fraction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "format/value.h"

static uint64_t state = 88172645463325252u;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 20) % n;
}

/* n random digits, no needless zero in front. */
static size_t digits(char *to, size_t n, bool whole)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (char)('0' + (below(3) == 0 ? 0 : below(10)));
    }
    if (whole && n > 1 && to[0] == '0') {
        to[0] = '7';
    }
    return n;
}

struct text {
    char s[128];
    struct tb_scan scan;
    struct tb_value value;
};

/* "x:<number><end>" and what lies behind a line: anything. */
static void place(struct text *t, const char *number, size_t n, char end)
{
    memset(t, 0, sizeof *t);
    memset(t->s, '0' + (int)below(10), sizeof t->s);
    size_t at = 2 + below(20);
    memcpy(t->s + at, number, n);
    t->s[at + n] = end;
    t->scan.line = t->s;
    t->scan.n = at + n + 1;
    t->value = (struct tb_value){(uint32_t)at, 0, TB_V_NUMBER};
}

static void test_whole_numbers(void **unused)
{
    (void)unused;
    static const char ends[] = ",}] .e:\"x";
    struct text t;
    char number[32];
    for (int round = 0; round < 200000; round++) {
        size_t n = digits(number, 1 + below(20), true);
        char end = ends[below(sizeof ends - 1)];
        int64_t got = -1;
        place(&t, number, n, end);
        number[n] = '\0';
        bool plain = n <= 15 && (end == ',' || end == '}' || end == ']' || end == ' ');
        assert_int_equal(tb_value_digits(&t.scan, &t.value, &got), plain);
        if (plain) {
            assert_int_equal(got, strtoll(number, NULL, 10));
        }
    }
    place(&t, "-1", 2, ',');
    int64_t got;
    assert_false(tb_value_digits(&t.scan, &t.value, &got));
}

static void test_fractions(void **unused)
{
    (void)unused;
    static const char *const tails[] = {"", "", "", "e-3", "E+2", "e0"};
    struct text t;
    char number[64];
    for (int round = 0; round < 200000; round++) {
        size_t n = digits(number, 1 + below(12), true);
        if (below(8) != 0) {
            number[n++] = '.';
            n += digits(number + n, 1 + below(12), false);
        }
        const char *tail = tails[below(6)];
        memcpy(number + n, tail, strlen(tail));
        n += strlen(tail);
        place(&t, number, n, ",}] "[below(4)]);
        struct tb_decimal want, got;
        assert_true(tb_decimal_parse((struct tb_str){number, n}, true, &want));
        assert_int_equal(tb_value_decimal(&t.scan, &t.value, &got), TB_NUMBER_OK);
        assert_true(got.mantissa == want.mantissa);
        assert_int_equal(got.exponent, want.exponent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_fractions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
