#include "base/money.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 uint128;

#define CENT_SCALE     (TB_MONEY_SCALE - 2)
#define RATIO_DECIMALS 6
#define POWER_MAX      38 /* 10^38 < 2^127 < 10^39 */

static uint128 power_of_ten(int n)
{
    static const uint64_t small[] = {UINT64_C(1),
                                     UINT64_C(10),
                                     UINT64_C(100),
                                     UINT64_C(1000),
                                     UINT64_C(10000),
                                     UINT64_C(100000),
                                     UINT64_C(1000000),
                                     UINT64_C(10000000),
                                     UINT64_C(100000000),
                                     UINT64_C(1000000000),
                                     UINT64_C(10000000000),
                                     UINT64_C(100000000000),
                                     UINT64_C(1000000000000),
                                     UINT64_C(10000000000000),
                                     UINT64_C(100000000000000),
                                     UINT64_C(1000000000000000),
                                     UINT64_C(10000000000000000),
                                     UINT64_C(100000000000000000),
                                     UINT64_C(1000000000000000000),
                                     UINT64_C(10000000000000000000)};
    assert(n >= 0 && n <= POWER_MAX);
    return n <= 19 ? small[n] : (uint128)small[19] * small[n - 19];
}

static uint128 magnitude(tb_int128 v)
{
    return v < 0 ? -(uint128)v : (uint128)v;
}

/* The signed value of a magnitude; false when it does not fit. */
static bool with_sign(bool minus, uint128 m, tb_int128 *out)
{
    uint128 limit = ((uint128)1 << 127) - (minus ? 0 : 1);
    if (m > limit) {
        return false;
    }
    *out = (tb_int128)(minus ? -m : m);
    return true;
}

/* Writes m in decimal, at least width digits, into out (room for 39 or width); returns the length. */
static size_t write_digits(uint128 m, int width, char *out)
{
    char rev[40];
    int n = 0;
    do {
        rev[n++] = (char)('0' + (int)(m % 10));
        m /= 10;
    } while (m > 0);
    while (n < width) {
        rev[n++] = '0';
    }
    for (int i = 0; i < n; i++) {
        out[i] = rev[n - 1 - i];
    }
    return (size_t)n;
}

/* Writes whole.fraction (fraction of so many decimals), trailing zeros cut, and a NUL. */
static size_t write_fixed(bool minus, uint128 whole, uint128 fraction, int decimals,
                          char out[TB_MONEY_TEXT_MAX])
{
    size_t n = 0;
    if (minus && (whole > 0 || fraction > 0)) {
        out[n++] = '-';
    }
    n += write_digits(whole, 1, out + n);
    if (fraction > 0) {
        out[n++] = '.';
        n += write_digits(fraction, decimals, out + n);
        while (out[n - 1] == '0') {
            n--;
        }
    }
    out[n] = '\0';
    return n;
}

size_t tb_money_format(tb_money m, char out[TB_MONEY_TEXT_MAX])
{
    uint128 unit = power_of_ten(TB_MONEY_SCALE);
    uint128 v = magnitude(m);
    return write_fixed(m < 0, v / unit, v % unit, TB_MONEY_SCALE, out);
}

bool tb_money_parse(struct tb_str s, tb_money *out)
{
    struct tb_decimal d;
    bool exact = false;
    tb_money m = 0;
    if (!tb_decimal_parse(s, false, &d) || !tb_money_from_decimal(&d, &m, &exact) || !exact) {
        return false;
    }
    *out = m;
    return true;
}

/* v / d to the nearest whole number, half away from zero (v is a magnitude). */
static uint128 divide_round(uint128 v, uint128 d, bool *exact)
{
    uint128 q = v / d;
    uint128 r = v % d;
    *exact = r == 0;
    return q + (r >= d - r ? 1 : 0);
}

bool tb_money_from_decimal(const struct tb_decimal *d, tb_money *out, bool *exact)
{
    assert(d != NULL && out != NULL);
    uint128 v = magnitude(d->mantissa);
    int shift = d->exponent + TB_MONEY_SCALE;
    bool whole = true;
    if (v == 0) {
        shift = 0;
    }
    if (shift > POWER_MAX) {
        return false;
    }
    if (shift >= 0) {
        uint128 factor = power_of_ten(shift);
        if (v > 0 && factor > ~(uint128)0 / v) {
            return false;
        }
        v *= factor;
    } else if (-shift <= POWER_MAX) {
        v = divide_round(v, power_of_ten(-shift), &whole);
    } else { /* below 2^127 / 10^39: less than a half */
        v = 0;
        whole = false;
    }
    if (!with_sign(d->mantissa < 0, v, out)) {
        return false;
    }
    if (exact != NULL) {
        *exact = whole;
    }
    return true;
}

bool tb_money_add(tb_money a, tb_money b, tb_money *out)
{
    return !__builtin_add_overflow(a, b, out);
}

bool tb_money_sub(tb_money a, tb_money b, tb_money *out)
{
    return !__builtin_sub_overflow(a, b, out);
}

bool tb_money_mul(tb_money a, int64_t k, tb_money *out)
{
    return !__builtin_mul_overflow(a, (tb_money)k, out);
}

bool tb_money_div(tb_money a, int64_t n, int decimals, tb_money *out)
{
    assert(n != 0);
    assert(decimals >= 0 && decimals <= TB_MONEY_SCALE);
    uint128 divisor = magnitude(n);
    uint128 q = magnitude(a) / divisor;
    uint128 rest = magnitude(a) % divisor;
    uint128 unit = power_of_ten(TB_MONEY_SCALE - decimals);
    /* The exact quotient is q + rest / divisor, and n * unit need not fit: so round q alone. What rest adds
     * is less than one, which matters only when q itself is the last place; half of any larger unit is a
     * whole number. */
    bool up = unit == 1 ? rest >= divisor - rest : q % unit >= unit / 2;
    q -= q % unit;
    if (up) {
        q += unit; /* q < 2^127 and unit <= 10^24: no wrap */
    }
    return with_sign((a < 0) != (n < 0), q, out);
}

bool tb_money_cents_round(tb_money m, int64_t *cents)
{
    bool exact = false;
    tb_int128 v = 0;
    uint128 q = divide_round(magnitude(m), power_of_ten(CENT_SCALE), &exact);
    if (!with_sign(m < 0, q, &v) || v > INT64_MAX || v < INT64_MIN) {
        return false;
    }
    *cents = (int64_t)v;
    return true;
}

bool tb_money_cents_floor(tb_money m, int64_t *cents, tb_money *remainder)
{
    tb_money cent = (tb_money)power_of_ten(CENT_SCALE);
    tb_money q = m / cent;
    tb_money r = m % cent;
    if (r < 0) {
        q -= 1;
        r += cent;
    }
    if (q > INT64_MAX || q < INT64_MIN) {
        return false;
    }
    *cents = (int64_t)q;
    *remainder = r;
    return true;
}

tb_money tb_money_of_cents(int64_t cents)
{
    tb_money m = 0;
    bool fits = tb_money_mul((tb_money)power_of_ten(CENT_SCALE), cents, &m);
    assert(fits);
    return m;
}

size_t tb_cents_format(int64_t cents, char out[TB_MONEY_TEXT_MAX])
{
    uint64_t v = cents < 0 ? -(uint64_t)cents : (uint64_t)cents;
    int n =
        snprintf(out, TB_MONEY_TEXT_MAX, "%s%" PRIu64 ".%02" PRIu64, cents < 0 ? "-" : "", v / 100, v % 100);
    assert(n > 0 && n < TB_MONEY_TEXT_MAX);
    return (size_t)n;
}

/* The next decimal digit of *r / d, with r < d <= 2^127: ten additions, because r * 10 may not fit. */
static uint128 next_digit(uint128 *r, uint128 d)
{
    uint128 sum = 0;
    uint128 digit = 0;
    for (int i = 0; i < 10; i++) {
        sum += *r;
        if (sum >= d) {
            sum -= d;
            digit++;
        }
    }
    *r = sum;
    return digit;
}

size_t tb_ratio_format(tb_int128 num, tb_int128 den, char out[TB_MONEY_TEXT_MAX])
{
    out[0] = '\0';
    if (den == 0) {
        return 0;
    }
    uint128 d = magnitude(den);
    uint128 whole = magnitude(num) / d;
    uint128 r = magnitude(num) % d;
    uint128 fraction = 0;
    for (int i = 0; i < RATIO_DECIMALS; i++) {
        fraction = fraction * 10 + next_digit(&r, d);
    }
    if (r >= d - r) {
        fraction++;
    }
    if (fraction == power_of_ten(RATIO_DECIMALS)) {
        fraction = 0;
        whole++;
    }
    return write_fixed((num < 0) != (den < 0), whole, fraction, RATIO_DECIMALS, out);
}

double tb_money_double(tb_money m)
{
    char text[64];
    size_t n = m < 0 ? 1 : 0;
    text[0] = '-';
    n += write_digits(magnitude(m), 1, text + n);
    /* strtod rounds once and right; written without a decimal point, so that the locale has no say. */
    memcpy(text + n, "e-24", sizeof("e-24"));
    return strtod(text, NULL);
}
