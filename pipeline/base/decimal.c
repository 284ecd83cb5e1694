#include "base/decimal.h"

#include <assert.h>

#define DIGITS_MAX         39 /* of 2^127; whether 39 fit is seen by multiplying */
#define EXPONENT_MAX       400
#define EXPONENT_SATURATED 1000000000 /* where a written exponent stops growing; far behind EXPONENT_MAX */

/* The digits seen are the mantissa's, then `zeros` zeros, which count only once another digit follows. */
struct digits {
    tb_int128 mantissa; /* negative from the start in a negative number: -2^127 fits, 2^127 does not */
    int sign;
    int64_t count; /* of the mantissa */
    int64_t zeros;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_digit(struct digits *d, int digit)
{
    if (digit == 0) {
        d->zeros += d->count > 0;
        return true;
    }
    if (d->count + d->zeros + 1 > DIGITS_MAX) {
        return false;
    }
    for (; d->zeros > 0; d->zeros--) {
        d->mantissa *= 10; /* 38 digits at most: fits */
        d->count++;
    }
    d->count++;
    return !__builtin_mul_overflow(d->mantissa, 10, &d->mantissa) &&
           !__builtin_add_overflow(d->mantissa, digit * d->sign, &d->mantissa);
}

/* Takes the digits at s[*i] and moves *i behind them. *n is how many. */
static bool take_digits(struct tb_str s, size_t *i, struct digits *d, int64_t *n)
{
    size_t start = *i;
    for (; *i < s.n && is_digit(s.s[*i]); (*i)++) {
        if (!take_digit(d, s.s[*i] - '0')) {
            return false;
        }
    }
    *n = (int64_t)(*i - start);
    return true;
}

/* Takes "e-3" at s[*i]; without one *exponent is 0. */
static bool take_exponent(struct tb_str s, size_t *i, int64_t *exponent)
{
    *exponent = 0;
    if (*i >= s.n || (s.s[*i] != 'e' && s.s[*i] != 'E')) {
        return true;
    }
    (*i)++;
    bool minus = *i < s.n && s.s[*i] == '-';
    if (*i < s.n && (s.s[*i] == '-' || s.s[*i] == '+')) {
        (*i)++;
    }
    size_t start = *i;
    for (; *i < s.n && is_digit(s.s[*i]); (*i)++) {
        if (*exponent < EXPONENT_SATURATED) {
            *exponent = *exponent * 10 + (s.s[*i] - '0');
        }
    }
    if (minus) {
        *exponent = -*exponent;
    }
    return *i > start;
}

static struct tb_str trim_blanks(struct tb_str s)
{
    while (s.n > 0 && (s.s[0] == ' ' || s.s[0] == '\t')) {
        s.s++;
        s.n--;
    }
    while (s.n > 0 && (s.s[s.n - 1] == ' ' || s.s[s.n - 1] == '\t')) {
        s.n--;
    }
    return s;
}

#define QUICK_BYTES 19 /* 18 digits and a point: no sum can overflow */

/* The usual case of tb_decimal_parse: digits, a point, digits and nothing else. False: it is not that. */
static bool parse_quick(struct tb_str s, struct tb_decimal *out)
{
    int64_t m = 0;
    size_t i = 0, point = s.n;
    for (; i < s.n; i++) {
        if (is_digit(s.s[i])) {
            m = m * 10 + (s.s[i] - '0');
        } else if (s.s[i] == '.' && point == s.n && i > 0) {
            point = i;
        } else {
            return false;
        }
    }
    bool zeros = s.s[0] == '0' && point > 1;
    if (zeros || point + 1 >= s.n) {
        return false;
    }
    int32_t exponent = -(int32_t)(s.n - point - 1);
    for (; m != 0 && m % 10 == 0; m /= 10) {
        exponent++;
    }
    *out = (struct tb_decimal){m, m == 0 ? 0 : exponent};
    return true;
}

bool tb_decimal_parse(struct tb_str s, bool json_grammar, struct tb_decimal *out)
{
    if (s.n > 2 && s.n <= QUICK_BYTES && parse_quick(s, out)) {
        return true;
    }
    struct digits d = {.sign = 1};
    int64_t whole = 0;
    int64_t fraction = 0;
    int64_t exponent = 0;
    size_t i = 0;
    if (!json_grammar) {
        s = trim_blanks(s);
    }
    bool minus = s.n > 0 && s.s[0] == '-';
    if (minus || (!json_grammar && s.n > 0 && s.s[0] == '+')) {
        i++;
    }
    d.sign = minus ? -1 : 1;
    bool leading_zero = i < s.n && s.s[i] == '0';
    if (!take_digits(s, &i, &d, &whole)) {
        return false;
    }
    bool point = i < s.n && s.s[i] == '.';
    if (point) {
        i++;
        if (!take_digits(s, &i, &d, &fraction)) {
            return false;
        }
    }
    if (json_grammar && (whole == 0 || (leading_zero && whole > 1) || (point && fraction == 0))) {
        return false;
    }
    if (whole + fraction == 0 || !take_exponent(s, &i, &exponent) || i != s.n) {
        return false;
    }
    if (d.mantissa == 0) {
        *out = (struct tb_decimal){0, 0};
        return true;
    }
    exponent += d.zeros - fraction;
    if (exponent < -EXPONENT_MAX || exponent > EXPONENT_MAX) {
        return false;
    }
    *out = (struct tb_decimal){d.mantissa, (int32_t)exponent};
    return true;
}

bool tb_decimal_int64(const struct tb_decimal *d, int64_t *out)
{
    assert(d != NULL && out != NULL);
    tb_int128 v = d->mantissa;
    if (d->exponent < 0 || d->exponent > 18) {
        return false; /* normalised: a negative exponent is a fraction */
    }
    for (int32_t i = 0; i < d->exponent; i++) {
        if (v > INT64_MAX || v < INT64_MIN) {
            return false;
        }
        v *= 10;
    }
    if (v > INT64_MAX || v < INT64_MIN) {
        return false;
    }
    *out = (int64_t)v;
    return true;
}
