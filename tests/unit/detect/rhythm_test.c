/* Even gaps: what the watcher keeps is what looking at every window by sorting its gaps finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config/settings.h"
#include "detect/pass.h"

#define CALLS  900
#define ROUNDS 400
#define STEADY 100

static uint64_t seed = 99991;
static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % n;
}

/* Gaps about a middle, so many of a hundred of them within the band, more or less; now and then a pause. */
static void draw(int64_t *ts, double band)
{
    int64_t now = 0, middle = (int64_t)1 << (20 + below(13));
    uint32_t even = below(4) == 0 ? 100 : 35 + below(30);
    for (int i = 0; i < CALLS; i++) {
        if (below(300) == 0) { /* another rhythm */
            middle = middle / 2 + below((uint32_t)(middle < 1000000000 ? middle : 1000000000));
            even = 35 + below(40);
        }
        int64_t width = (int64_t)(band * (double)middle);
        int64_t gap = below(100) < even ? middle - width + (int64_t)(below(10001)) * width / 5000
                                        : middle * below(4000) / 1000;
        gap = gap > 0 ? gap : 0;
        now += below(2000) == 0 ? 100 * gap : gap;
        ts[i] = now;
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The share of gaps between n calls that are within the band of their median. */
static int64_t share_of(const struct tb_rules *r, const int64_t *ts, int n, int64_t *median)
{
    int64_t gap[128], inside = 0;
    for (int i = 1; i < n; i++) {
        gap[i - 1] = ts[i] - ts[i - 1];
    }
    qsort(gap, (size_t)n - 1, sizeof *gap, by_size);
    *median = gap[(n - 1) / 2];
    for (int i = 0; i < n - 1; i++) {
        double off = (double)(gap[i] - *median), band = r->regular_band * (double)*median;
        inside += off <= band && -off <= band;
    }
    return (double)*median < r->regular_gap_s * 1e6 ? 0 : inside * 1000000 / (n - 1);
}

static size_t keep(const struct tb_rules *r, struct tb_dg_steady *out, size_t n, int64_t looks)
{
    out[n].share_ppm /= looks;
    out[n].gap_us /= looks;
    return (double)(out[n].end_us - out[n].start_us) >= r->regular_hours * 3600e6 ? n + 1 : n;
}

/* The window that ends with call `end` and is even enough, the short one if both are; 0: none. The first three calls of an address are
 * counted, but not kept. */
static int even_window(const struct tb_rules *r, const int64_t *ts, int end, int64_t *share, int64_t *median)
{
    const int window[] = {(int)r->regular_requests, (int)r->regular_long};
    const double least[] = {r->regular_share * 1e6, r->regular_long_share * 1e6};
    for (int i = 0; i < 2 && end >= window[i]; i++) {
        int size = window[i] < end - 3 ? window[i] : end - 3;
        *share = share_of(r, &ts[end - size], size, median);
        if ((double)*share >= least[i]) {
            return size;
        }
    }
    return 0;
}

/* The stretches by looking at every window. */
static size_t by_hand(const struct tb_rules *r, const int64_t *ts, struct tb_dg_steady *out)
{
    size_t n = 0;
    int64_t looks = 0, share, median;
    for (int end = (int)r->regular_requests; end <= CALLS; end += (int)r->regular_hop) {
        int size = even_window(r, ts, end, &share, &median);
        const int64_t *first = &ts[end - size];
        if (size == 0) {
            continue;
        }
        if (looks > 0 && *first > out[n].end_us) {
            n = keep(r, out, n, looks);
            looks = 0;
        }
        if (looks++ == 0) {
            out[n] = (struct tb_dg_steady){.consumer = 7, .ip = 8, .start_us = *first, .end_us = INT64_MIN};
        }
        const int64_t counted = out[n].end_us;
        for (int i = 0; i < size; i++) {
            out[n].n += first[i] > counted;
            out[n].cost += first[i] > counted ? first[i] % 1000 : 0;
            out[n].end_us = first[i] > counted ? first[i] : out[n].end_us;
        }
        out[n].share_ppm += share;
        out[n].gap_us += median;
    }
    return looks > 0 ? keep(r, out, n, looks) : n;
}

static void stretches_are_those_of_every_window(void **state)
{
    (void)state;
    struct tb_rules r;
    struct tb_err err;
    struct tb_settings none = {.rules = NULL};
    size_t told = 0, silent = 0;
    assert_int_equal(tb_rules_load(&none, &r, &err), TB_OK);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t ts[CALLS];
        struct tb_dg_steady expected[STEADY];
        struct tb_digest d = {.from_us = 0, .to_us = INT64_MAX};
        struct tb_pass p = {.d = &d, .rules = &r};
        r.regular_requests = round % 3 == 0 ? 40 : 48;
        r.regular_share = round % 3 == 0 ? 0.55 : 0.5;
        r.regular_long = round % 2 == 0 ? 64 : 90;
        r.regular_band = round % 5 == 0 ? 1.2 : 0.3;
        draw(ts, r.regular_band);
        size_t n = by_hand(&r, ts, expected);
        struct tb_rhythm *w = tb_rhythm_new(&p);
        for (int i = 0; i < CALLS; i++) {
            struct tb_pass_event e = {.ts_us = ts[i], .consumer = 7, .ip = 8, .actor = 3, .in_day = true};
            e.cost = ts[i] % 1000;
            assert_int_equal(tb_rhythm_take(w, &e, &err), TB_OK);
        }
        assert_int_equal(tb_rhythm_end(w, &err), TB_OK);
        tb_rhythm_free(w);
        assert_int_equal(d.steady_n, n);
        assert_true(n == 0 || memcmp(d.steady, expected, n * sizeof *expected) == 0);
        told += n;
        silent += n == 0;
        tb_digest_release(&d);
    }
    assert_true(told > ROUNDS / 5 && silent > ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stretches_are_those_of_every_window)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
