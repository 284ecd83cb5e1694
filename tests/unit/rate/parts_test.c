/* The small parts that reduce and usage stand on, each against something slower. */
#include "tests/unit/rate/support.h"

#include "base/glob.h"
#include "base/hash.h"
#include "rate/hour.h"
#include "rate/match.h"
#include "rate/tuple.h"
#include "rate/usage.h"
#include "rate/value.h"

static void tuples_are_numbered_once(void **state)
{
    (void)state;
    struct tb_tuples t;
    struct tb_err err = {0};
    uint64_t random = 5;
    uint32_t number_of[64 * 64];
    memset(number_of, 0xff, sizeof number_of);
    tb_tuples_init(&t, 3, TB_TUPLES_MAX);
    uint32_t n = 0;
    for (int i = 0; i < 20000; i++) {
        uint32_t a = random_below(&random, 64);
        uint32_t b = random_below(&random, 64);
        uint32_t key[3] = {a, UINT32_MAX - b, 7};
        uint32_t number = 0;
        bool is_new = false;
        assert_int_equal(tb_tuples_find(&t, key, &number), number_of[a * 64 + b] != UINT32_MAX);
        assert_ok(tb_tuples_add(&t, key, &number, &is_new, &err), err);
        assert_int_equal(is_new, number_of[a * 64 + b] == UINT32_MAX);
        if (is_new) {
            assert_int_equal(number, n++);
            number_of[a * 64 + b] = number;
        }
        assert_int_equal(number, number_of[a * 64 + b]);
        assert_memory_equal(tb_tuples_at(&t, number), key, sizeof key);
    }
    assert_int_equal(t.n, n);
    tb_tuples_release(&t);
}

static void tuples_end_at_their_cap(void **state)
{
    (void)state;
    struct tb_tuples t;
    struct tb_err err = {0};
    uint32_t number = 0;
    tb_tuples_init(&t, 1, 100);
    for (uint32_t i = 0; i < 100; i++) {
        assert_ok(tb_tuples_add(&t, &i, &number, NULL, &err), err);
    }
    uint32_t key = 100;
    assert_int_equal(tb_tuples_add(&t, &key, &number, NULL, &err), TB_FAIL);
    assert_int_equal(err.code, TB_E_LIMIT);
    key = 99;
    assert_ok(tb_tuples_add(&t, &key, &number, NULL, &err), err);
    assert_int_equal(number, 99);
    tb_tuples_release(&t);
}

struct found {
    bool row[32];
};

static enum tb_status take(void *ctx, uint32_t row, struct tb_err *err)
{
    struct found *f = ctx;
    (void)err;
    assert_false(f->row[row]); /* once only */
    f->row[row] = true;
    return TB_OK;
}

static void a_matcher_finds_what_globs_match(void **state)
{
    (void)state;
    static const char *const globs[] = {"a",    "b",  "a",  "",       "*",  "a*", "[ab]",
                                        "a\\*", "ab", NULL, "(none)", "zz", "?",  "\xc3\xa9"};
    static const char *const texts[] = {"a",  "b",   "ab",     "",   "a*",       "a\\*",
                                        "zz", "zzz", "(none)", NULL, "\xc3\xa9", "\xc3"};
    enum { GLOBS = sizeof globs / sizeof *globs };
    struct tb_str strs[GLOBS];
    struct tb_matcher m;
    struct tb_err err = {0};
    for (int i = 0; i < GLOBS; i++) {
        strs[i] = tb_str_of(globs[i]);
    }
    assert_ok(tb_matcher_init(&m, strs, GLOBS, &err), err);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        struct found f = {{false}};
        assert_ok(tb_matcher_each(&m, tb_str_of(texts[k]), take, &f, &err), err);
        for (int i = 0; i < GLOBS; i++) {
            bool any = texts[k] == NULL && globs[i] != NULL && strcmp(globs[i], "*") == 0; /* absent too */
            assert_int_equal(f.row[i], any || tb_glob_match(strs[i], tb_str_of(texts[k])));
        }
    }
    tb_matcher_release(&m);
}

/* Short texts over few letters, so that many globs begin alike. */
static void a_matcher_finds_what_random_globs_match(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 300; round++) {
        char texts[32 + 20][8];
        struct tb_str strs[32];
        struct tb_matcher m;
        struct tb_err err = {0};
        for (int i = 0; i < 52; i++) {
            size_t n = random_below(&random, 6);
            for (size_t k = 0; k < n; k++) {
                texts[i][k] = (i < 32 ? "aabb*?" : "aabbbb")[random_below(&random, 6)];
            }
            texts[i][n] = '\0';
        }
        for (int i = 0; i < 32; i++) {
            strs[i] = tb_str_of(texts[i]);
        }
        assert_ok(tb_matcher_init(&m, strs, 32, &err), err);
        for (int k = 32; k < 52; k++) {
            struct found f = {{false}};
            assert_ok(tb_matcher_each(&m, tb_str_of(texts[k]), take, &f, &err), err);
            for (int i = 0; i < 32; i++) {
                assert_int_equal(f.row[i], tb_glob_match(strs[i], tb_str_of(texts[k])));
            }
        }
        tb_matcher_release(&m);
    }
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void p95_is_the_nearest_rank(void **state)
{
    (void)state;
    enum { GROUPS = 45 };
    struct tb_values v = {0};
    struct tb_err err = {0};
    uint64_t random = 77;
    int64_t values[GROUPS][200];
    size_t n[GROUPS];
    int64_t p95[GROUPS];
    for (uint32_t g = 0; g < GROUPS; g++) {
        n[g] = g <= 41 ? g : 60 + random_below(&random, 140);
        for (size_t i = 0; i < n[g]; i++) {
            values[g][i] =
                g % 2 == 0 ? (int64_t)random_below(&random, 9) : (int64_t)(random_next(&random) >> 1);
        }
    }
    for (size_t i = 0; i < 200; i++) { /* across the groups, as events come */
        for (uint32_t g = 0; g < GROUPS; g++) {
            if (i < n[g]) {
                assert_ok(tb_values_add(&v, g, values[g][i], &err), err);
            }
        }
    }
    assert_ok(tb_values_p95(&v, GROUPS, p95, &err), err);
    for (uint32_t g = 0; g < GROUPS; g++) {
        qsort(values[g], n[g], sizeof values[g][0], by_number);
        size_t rank = (n[g] * 19 + 19) / 20; /* ceil(0.95 n), 1-based */
        assert_int_equal(p95[g], n[g] == 0 ? -1 : values[g][rank - 1]);
    }
    tb_values_release(&v);
}

/* More values than are sorted at once, many of them equal, some too large to be packed. */
static void percentiles_stay_exact_past_a_million(void **state)
{
    (void)state;
    enum { N = 2500000, GROUPS = 3 };
    struct tb_values v = {0};
    struct tb_err err = {0};
    uint64_t random = 78;
    int64_t *values[GROUPS];
    size_t n[GROUPS] = {0};
    int64_t p95[GROUPS];
    for (int g = 0; g < GROUPS; g++) {
        values[g] = calloc(N, sizeof *values[g]);
        assert_non_null(values[g]);
    }
    for (int i = 0; i < N; i++) {
        uint32_t g = random_below(&random, 10) / 4;
        uint32_t kind = random_below(&random, 100);
        int64_t value = g == 0 && kind < 7 ? (int64_t)(random_next(&random) >> 1)
                        : kind < 50        ? random_below(&random, 300)
                                           : (int64_t)(random_next(&random) % UINT64_C(2000000000000));
        values[g][n[g]++] = value;
        assert_ok(tb_values_add(&v, g, value, &err), err);
    }
    assert_true(v.huge_n > 10000);
    assert_ok(tb_values_p95(&v, GROUPS, p95, &err), err);
    for (int g = 0; g < GROUPS; g++) {
        qsort(values[g], n[g], sizeof *values[g], by_number);
        assert_int_equal(p95[g], values[g][(n[g] * 95 + 99) / 100 - 1]);
        free(values[g]);
    }
    tb_values_release(&v);
}

static void distinct_values_are_counted_once(void **state)
{
    (void)state;
    struct tb_values v = {0};
    struct tb_err err = {0};
    int64_t distinct[4] = {9, 9, 9, 9};
    for (int i = 0; i < 500000; i++) { /* sorted more than once */
        assert_ok(tb_values_add(&v, 0, i % 7, &err), err);
        assert_ok(tb_values_add(&v, 2, i % 3000, &err), err);
        assert_ok(tb_values_add(&v, 3, 5, &err), err);
    }
    assert_ok(tb_values_distinct(&v, 4, distinct, &err), err);
    assert_int_equal(distinct[0], 7);
    assert_int_equal(distinct[1], 0);
    assert_int_equal(distinct[2], 3000);
    assert_int_equal(distinct[3], 1);
    tb_values_release(&v);
}

static void check_hour(struct tb_hour *h, const struct tb_zone *zone, int64_t ts_us)
{
    tb_hour_at(h, ts_us);
    assert_int_equal(h->day, tb_zone_day(zone, ts_us));
    int64_t start = tb_zone_hour_start(zone, ts_us);
    int64_t day_start = tb_zone_day_start(zone, h->day);
    assert_int_equal(h->start_us, start > day_start ? start : day_start);
    assert_true(h->start_us <= ts_us && ts_us < h->end_us);
    assert_true(h->end_us <= tb_zone_day_start(zone, h->day + 1));
    assert_true(h->end_us == tb_zone_day_start(zone, h->day + 1) ||
                tb_zone_hour_start(zone, h->end_us) != tb_zone_hour_start(zone, h->end_us - 1));
    assert_int_equal((h->start_us - day_start) % TB_US_PER_S, 0);
}

/* Walking through the years of each zone, forward and at random, says what asking the zone each time says. Newfoundland put
 * its clocks back at one minute past midnight until 2011. */
static void hours_are_the_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int year;
    } walks[] = {{"UTC", 2026},
                 {"Europe/Amsterdam", 2026},
                 {"America/Havana", 2026},
                 {"Australia/Lord_Howe", 2026},
                 {"Asia/Kolkata", 2026},
                 {"America/St_Johns", 2026},
                 {"America/St_Johns", 2010},
                 {"Africa/Cairo", 2026},
                 {"Asia/Beirut", 2022},
                 {"Pacific/Apia", 2011},
                 {"Africa/Monrovia", 1972}};
    for (size_t w = 0; w < sizeof walks / sizeof *walks; w++) {
        struct tb_zone *zone = NULL;
        struct tb_err err = {0};
        struct tb_hour h;
        uint64_t random = w + 1;
        assert_ok(tb_zone_load(walks[w].zone, &zone, &err), err);
        tb_hour_init(&h, zone);
        int64_t first = tb_day_of_civil(walks[w].year, 1, 1) * TB_US_PER_DAY;
        for (int64_t ts_us = first; ts_us < first + 366 * TB_US_PER_DAY; ts_us += 15 * TB_US_PER_MIN) {
            check_hour(&h, zone, ts_us - 1);
            check_hour(&h, zone, ts_us);
            check_hour(&h, zone, ts_us + TB_US_PER_MIN);
        }
        for (int i = 0; i < 5000; i++) {
            check_hour(&h, zone, first + (int64_t)(random_next(&random) % (366 * (uint64_t)TB_US_PER_DAY)));
        }
        tb_zone_free(zone);
    }
}

static void dimensions_are_found_by_name(void **state)
{
    (void)state;
    enum tb_dim dim = TB_DIM_DAY;
    for (int i = 0; i < TB_DIM_COUNT; i++) {
        assert_string_equal(tb_dim_names[i], tb_dimension_names[i]); /* the tables know the same */
        assert_true(tb_dim_find(tb_str_of(tb_dim_names[i]), &dim));
        assert_int_equal((int)dim, i);
    }
    assert_null(tb_dimension_names[TB_DIM_COUNT]);
    assert_false(tb_dim_find(TB_STR("Model"), &dim));
    assert_false(tb_dim_find(TB_STR_NULL, &dim));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tuples_are_numbered_once),
        cmocka_unit_test(tuples_end_at_their_cap),
        cmocka_unit_test(a_matcher_finds_what_globs_match),
        cmocka_unit_test(a_matcher_finds_what_random_globs_match),
        cmocka_unit_test(p95_is_the_nearest_rank),
        cmocka_unit_test(percentiles_stay_exact_past_a_million),
        cmocka_unit_test(distinct_values_are_counted_once),
        cmocka_unit_test(hours_are_the_zones),
        cmocka_unit_test(dimensions_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
