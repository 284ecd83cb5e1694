#include "plan/allocation.h"

#include <assert.h>
#include <stdlib.h>

/* A product of 64 and 128 bits. */
struct wide {
    unsigned __int128 high; /* above the lowest 64 bits */
    uint64_t low;
};

static struct wide multiply(uint64_t a, tb_money b)
{
    unsigned __int128 u = (unsigned __int128)b;
    unsigned __int128 low = (unsigned __int128)a * (uint64_t)u;
    return (struct wide){(unsigned __int128)a * (uint64_t)(u >> 64) + (uint64_t)(low >> 64), (uint64_t)low};
}

static int compare(struct wide a, struct wide b)
{
    if (a.high != b.high) {
        return a.high < b.high ? -1 : 1;
    }
    return (a.low > b.low) - (a.low < b.low);
}

static struct wide subtract(struct wide a, struct wide b)
{
    return (struct wide){a.high - b.high - (a.low < b.low), a.low - b.low};
}

/* cents x weight / sum, rounded down; *rest is what is left of the product. sum > 0. */
static uint64_t divide(uint64_t cents, tb_money weight, tb_money sum, struct wide *rest)
{
    struct wide product = multiply(cents, weight);
    uint64_t low = 0, high = cents; /* weight <= sum */
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        if (compare(multiply(middle, sum), product) <= 0) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    *rest = subtract(product, multiply(low, sum));
    return low;
}

/* One search: keys that still share what is left by weight. */
struct search {
    struct tb_share *shares;
    size_t n;
    uint64_t cents;  /* left for them */
    tb_money weight; /* of all of them */
    uint64_t floor, cap;
};

static bool is_open(const struct tb_share *s)
{
    return s->cents < 0;
}

static bool is_low(const struct search *x, const struct tb_share *s)
{
    return compare(multiply(x->cents, s->weight), multiply(x->floor, x->weight)) < 0;
}

static bool is_high(const struct search *x, const struct tb_share *s)
{
    return compare(multiply(x->cents, s->weight), multiply(x->cap, x->weight)) > 0;
}

/* Whether clamping all open keys asks for more than there is: then the low ones are surely at their floor; for less: then the
 * high ones are surely at their cap. */
static int violation(const struct search *x)
{
    struct wide low = {0, 0}, high = {0, 0};
    for (size_t i = 0; i < x->n; i++) {
        const struct tb_share *s = &x->shares[i];
        if (!is_open(s)) {
            continue;
        }
        struct wide share = multiply(x->cents, s->weight), more = {0, 0};
        struct wide *to = NULL;
        if (is_low(x, s)) {
            more = subtract(multiply(x->floor, x->weight), share);
            to = &low;
        } else if (is_high(x, s)) {
            more = subtract(share, multiply(x->cap, x->weight));
            to = &high;
        }
        if (to != NULL) {
            uint64_t before = to->low;
            to->low += more.low;
            to->high += more.high + (to->low < before);
        }
    }
    return compare(low, high);
}

/* Fixes the keys that the round has decided; false when there is none. */
static bool fix(struct search *x)
{
    int sign = violation(x);
    bool any = false;
    struct search was = *x;
    for (size_t i = 0; i < x->n; i++) {
        struct tb_share *s = &x->shares[i];
        if (!is_open(s)) {
            continue;
        }
        bool low = sign >= 0 && is_low(&was, s), high = sign <= 0 && !low && is_high(&was, s);
        if (low || high) {
            s->cents = (int64_t)(low ? x->floor : x->cap);
            s->by = low ? TB_BY_FLOOR : TB_BY_CAP;
            x->cents -= (uint64_t)s->cents;
            x->weight -= s->weight;
            any = true;
        }
    }
    return any;
}

struct part {
    struct tb_share *share;
    struct wide rest;
};

static int by_rest(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    int c = compare(y->rest, x->rest);
    if (c == 0 && x->share->weight != y->share->weight) {
        c = x->share->weight > y->share->weight ? -1 : 1;
    }
    return c != 0 ? c : tb_str_cmp(x->share->key, y->share->key);
}

/* The open keys share what is left, to the cent. */
static enum tb_status share_out(struct search *x, struct tb_err *err)
{
    struct part *parts = calloc(x->n + 1, sizeof *parts);
    size_t n = 0;
    uint64_t left = x->cents;
    if (parts == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to share out a budget");
    }
    for (size_t i = 0; i < x->n; i++) {
        struct tb_share *s = &x->shares[i];
        if (is_open(s)) {
            parts[n] = (struct part){.share = s};
            s->cents = (int64_t)divide(x->cents, s->weight, x->weight, &parts[n++].rest);
            left -= (uint64_t)s->cents;
        }
    }
    if (n > 1) {
        qsort(parts, n, sizeof *parts, by_rest);
    }
    for (size_t i = 0; i < n && left > 0; i++, left--) {
        parts[i].share->cents++;
    }
    x->cents = left;
    free(parts);
    return TB_OK;
}

enum tb_status tb_allocate(struct tb_share *shares, size_t n, int64_t cents, int64_t floor, int64_t cap,
                           int64_t *left, struct tb_err *err)
{
    struct search x = {shares, n, (uint64_t)cents, 0, (uint64_t)floor, cap < 0 ? INT64_MAX : (uint64_t)cap};
    assert(cents >= 0 && floor >= 0 && (cap < 0 || cap >= floor));
    for (size_t i = 0; i < n; i++) {
        assert(shares[i].weight >= 0);
        if (!tb_money_add(x.weight, shares[i].weight, &x.weight)) {
            return tb_err_set(err, TB_FAIL, TB_E_RANGE,
                              "the spending that a budget is shared out by is out of range");
        }
    }
    bool equal = x.weight == 0;
    for (size_t i = 0; i < n; i++) {
        shares[i].weight = equal ? 1 : shares[i].weight;
        shares[i].cents = -1; /* open */
        shares[i].by = TB_BY_WEIGHT;
    }
    x.weight = equal ? (tb_money)n : x.weight;
    while (x.weight > 0 && fix(&x)) {
    }
    for (size_t i = 0; x.weight == 0 && i < n; i++) { /* keys without weight beside others: their floor */
        if (is_open(&shares[i])) {
            shares[i].cents = floor;
            shares[i].by = TB_BY_FLOOR;
            x.cents -= (uint64_t)floor;
        }
    }
    enum tb_status status = x.weight > 0 ? share_out(&x, err) : TB_OK;
    for (size_t i = 0; i < n; i++) {
        shares[i].weight = equal ? 0 : shares[i].weight;
    }
    *left = (int64_t)x.cents;
    return status;
}
