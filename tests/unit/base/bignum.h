/* Concept: whole numbers of any size, one decimal digit a byte: slow, and with nothing in common with
 *          base/money.
 */
#ifndef TB_TEST_BIGNUM_H
#define TB_TEST_BIGNUM_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define BIG_DIGITS 130

struct big {
    bool minus;
    unsigned char digit[BIG_DIGITS]; /* [0] is the last one */
};

static inline struct big big_of(__int128 v)
{
    struct big b = {v < 0, {0}};
    for (int i = 0; v != 0; i++, v /= 10) {
        int d = (int)(v % 10);
        b.digit[i] = (unsigned char)(d < 0 ? -d : d);
    }
    return b;
}

static inline bool big_is_zero(const struct big *b)
{
    for (int i = 0; i < BIG_DIGITS; i++) {
        if (b->digit[i] != 0) {
            return false;
        }
    }
    return true;
}

static inline int big_compare_size(const struct big *a, const struct big *b)
{
    for (int i = BIG_DIGITS - 1; i >= 0; i--) {
        if (a->digit[i] != b->digit[i]) {
            return a->digit[i] < b->digit[i] ? -1 : 1;
        }
    }
    return 0;
}

static inline bool big_equal(const struct big *a, const struct big *b)
{
    return big_compare_size(a, b) == 0 && (a->minus == b->minus || big_is_zero(a));
}

static inline struct big big_add_size(struct big a, const struct big *b)
{
    int carry = 0;
    for (int i = 0; i < BIG_DIGITS; i++) {
        int d = a.digit[i] + b->digit[i] + carry;
        a.digit[i] = (unsigned char)(d % 10);
        carry = d / 10;
    }
    assert(carry == 0);
    return a;
}

/* |a| - |b|, with |a| >= |b| and a's sign. */
static inline struct big big_sub_size(struct big a, const struct big *b)
{
    int borrow = 0;
    for (int i = 0; i < BIG_DIGITS; i++) {
        int d = a.digit[i] - b->digit[i] - borrow;
        borrow = d < 0;
        a.digit[i] = (unsigned char)(d + 10 * borrow);
    }
    assert(borrow == 0);
    return a;
}

static inline struct big big_add(const struct big *a, const struct big *b)
{
    if (a->minus == b->minus) {
        return big_add_size(*a, b);
    }
    return big_compare_size(a, b) >= 0 ? big_sub_size(*a, b) : big_sub_size(*b, a);
}

static inline struct big big_shift(struct big a, int places) /* times 10^places */
{
    assert(places >= 0 && places < BIG_DIGITS);
    memmove(a.digit + places, a.digit, (size_t)(BIG_DIGITS - places));
    memset(a.digit, 0, (size_t)places);
    return a;
}

static inline struct big big_mul(const struct big *a, const struct big *b)
{
    struct big product = {a->minus != b->minus, {0}};
    for (int i = 0; i < BIG_DIGITS / 2; i++) {
        struct big row = big_shift(*a, i);
        for (int k = 0; k < b->digit[i]; k++) {
            product = big_add_size(product, &row);
        }
    }
    return product;
}

/* a / b toward zero; *rest is what is left, with a's sign. */
static inline struct big big_div(const struct big *a, const struct big *b, struct big *rest)
{
    struct big q = {a->minus != b->minus, {0}};
    *rest = *a;
    for (int i = BIG_DIGITS / 2 - 1; i >= 0; i--) {
        struct big step = big_shift(*b, i);
        while (big_compare_size(rest, &step) >= 0) {
            *rest = big_sub_size(*rest, &step);
            q.digit[i]++;
        }
    }
    return q;
}

/* a / b to the nearest whole number, half away from zero. */
static inline struct big big_div_round(const struct big *a, const struct big *b)
{
    struct big rest;
    struct big q = big_div(a, b, &rest);
    struct big twice = big_add_size(rest, &rest);
    if (big_compare_size(&twice, b) >= 0) {
        struct big one = big_of(1);
        q = big_add_size(q, &one);
    }
    return q;
}

/* Does b fit into a signed number of so many bits? */
static inline bool big_fits(const struct big *b, int bits)
{
    struct big limit = big_of(1);
    for (int i = 1; i < bits; i++) {
        limit = big_add_size(limit, &limit);
    }
    int c = big_compare_size(b, &limit);
    return c < 0 || (c == 0 && b->minus);
}

/* The text of a / 10^scale, trailing zeros cut. */
static inline void big_text(const struct big *a, int scale, char *out)
{
    int high = BIG_DIGITS - 1;
    int low = 0;
    while (high > scale && a->digit[high] == 0) {
        high--;
    }
    while (low < scale && a->digit[low] == 0) {
        low++;
    }
    if (a->minus && !big_is_zero(a)) {
        *out++ = '-';
    }
    for (int i = high; i >= low; i--) {
        if (i == scale - 1) {
            *out++ = '.';
        }
        *out++ = (char)('0' + a->digit[i]);
    }
    *out = '\0';
}

#endif
