/* Columns come back as they went in, whatever the values; bytes that are no column are refused without
 * reading past them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/column.h"
#include "store_fixture.h"

/* Values of fewer bytes: those, or none when one does not fit. */
static void decodes_narrow(struct tb_str in, const uint64_t *v, uint32_t n, size_t size)
{
    unsigned char *out = calloc(n, size);
    bool fit = true;
    for (uint32_t i = 0; i < n; i++) {
        fit = fit && v[i] >> (8 * size) == 0;
    }
    assert_int_equal(tb_column_decode(&in, out, size, n), fit);
    for (uint32_t i = 0; fit && i < n; i++) {
        assert_memory_equal(out + i * size, &v[i], size); /* little-endian */
    }
    free(out);
}

/* The encoded bytes alone on the heap with their slack, so that the sanitizer sees a step too far. */
static bool decodes_to(struct tb_str bytes, const uint64_t *v, uint32_t n, size_t *left)
{
    char *copy = calloc(1, bytes.n + TB_COLUMN_SLACK);
    uint64_t *out = calloc(n, sizeof *out);
    memcpy(copy, bytes.s, bytes.n);
    struct tb_str in = {copy, bytes.n};
    bool good = tb_column_decode(&in, out, sizeof *out, n);
    *left = in.n;
    good = good && (v == NULL || memcmp(out, v, n * sizeof *v) == 0);
    if (v != NULL) {
        struct tb_str passed = {copy, bytes.n};
        assert_true(tb_column_skip(&passed, n) && passed.n == *left);
        decodes_narrow((struct tb_str){copy, bytes.n}, v, n, 4);
        decodes_narrow((struct tb_str){copy, bytes.n}, v, n, 1);
        uint64_t constant = ~v[0];
        passed = (struct tb_str){copy, bytes.n};
        assert_true(!tb_column_constant(&passed, &constant) || (constant == v[0] && passed.n == *left));
    }
    free(copy);
    free(out);
    return good;
}

static size_t round_trip(const uint64_t *v, uint32_t n)
{
    size_t smallest = SIZE_MAX, left;
    for (int hint = TB_HINT_NONE; hint <= TB_HINT_FEW; hint++) {
        struct tb_buf b;
        tb_buf_init(&b, 1u << 22);
        must(tb_column_encode(&b, v, n, (enum tb_column_hint)hint, &err));
        assert_true(decodes_to(tb_buf_view(&b), v, n, &left));
        assert_int_equal(left, 0);
        assert_true(b.n <= 12 + n * 8 + 18);
        smallest = b.n < smallest ? b.n : smallest;
        tb_buf_release(&b);
    }
    return smallest;
}

static uint64_t value_of_width(uint64_t *random, unsigned width)
{
    uint64_t v = random_next(random);
    return width == 0 ? 0 : width == 64 ? v : v & ((UINT64_C(1) << width) - 1);
}

static void random_columns(void **state)
{
    (void)state;
    uint64_t *v = calloc(TB_SEGMENT_ROWS, sizeof *v);
    for (uint64_t seed = 1; seed <= 400; seed++) {
        uint64_t random = seed;
        uint32_t n = seed % 10 == 0 ? TB_SEGMENT_ROWS : 1 + random_below(&random, seed % 3 == 0 ? 9 : 700);
        unsigned width = random_below(&random, 65), wide = random_below(&random, 65);
        uint64_t base = seed % 4 == 0 ? random_next(&random) : random_below(&random, 1000);
        uint32_t rare = 1 + random_below(&random, 40);
        uint64_t step = seed % 5 == 0 ? 1000 : seed % 5 == 1 ? 1000000 : 1;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t x = value_of_width(&random, random_below(&random, rare) == 0 ? wide : width);
            v[i] = seed % 2 ? base + x : (i > 0 ? v[i - 1] : 0) + (x % 5000) * step;
        }
        round_trip(v, n);
    }
    free(v);
}

static void extreme_columns(void **state)
{
    (void)state;
    static const uint64_t rows[][6] = {
        {0, 0, 0, 0, 0, 0},
        {UINT64_MAX, 0, UINT64_MAX, 0, 1, 2},
        {(uint64_t)INT64_MIN, (uint64_t)INT64_MAX, 0, 1, 2, 3},
        {(uint64_t)INT64_MAX, (uint64_t)INT64_MIN, 0, 0, 0, 0},
        {7, 7, 7, 7, 7, UINT64_MAX},
        {UINT64_C(1) << 63, UINT64_C(1) << 62, 1, 1, 1, 1},
        {(uint64_t)-1000, (uint64_t)-2000, 3000, 0, 1000, 5000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (uint32_t n = 1; n <= 6; n++) {
            round_trip(rows[i], n);
        }
    }
}

static void columns_are_small(void **state)
{
    (void)state;
    uint64_t *v = calloc(TB_SEGMENT_ROWS, sizeof *v), random = 5;
    for (uint32_t i = 0; i < TB_SEGMENT_ROWS; i++) {
        v[i] = 4711;
    }
    assert_true(round_trip(v, TB_SEGMENT_ROWS) <= 9);
    for (uint32_t i = 0; i < TB_SEGMENT_ROWS; i++) {
        v[i] = 1000 + i;
    }
    assert_true(round_trip(v, TB_SEGMENT_ROWS) <= 40); /* line numbers */
    for (uint32_t i = 0; i < TB_SEGMENT_ROWS; i++) {
        v[i] = i % 100 == 0 ? UINT64_C(1) << 40 : random_below(&random, 16);
    }
    assert_true(round_trip(v, TB_SEGMENT_ROWS) <
                TB_SEGMENT_ROWS * 6 / 10 + 900); /* few outliers widen nothing */
    for (uint32_t i = 0; i < TB_SEGMENT_ROWS; i++) {
        v[i] = random_below(&random, 8) * 1000003u;
    }
    assert_true(round_trip(v, TB_SEGMENT_ROWS) <
                TB_SEGMENT_ROWS * 3 / 8 + 100); /* eight dictionary ids: three bits each */
    free(v);
}

static void narrow_columns(void **state)
{
    (void)state;
    uint64_t v[3] = {1, UINT32_MAX, 5}, big[3] = {1, UINT64_C(1) << 32, 5};
    uint32_t out[3];
    for (int i = 0; i < 2; i++) {
        struct tb_buf b;
        tb_buf_init(&b, 4096);
        must(tb_column_encode(&b, i == 0 ? v : big, 3, TB_HINT_NONE, &err));
        must(tb_buf_reserve(&b, TB_COLUMN_SLACK, &err));
        struct tb_str in = tb_buf_view(&b);
        assert_int_equal(tb_column_decode(&in, out, sizeof *out, 3), i == 0);
        tb_buf_release(&b);
    }
    assert_int_equal(out[0], 1);
}

static void damaged_columns(void **state)
{
    (void)state;
    uint64_t *v = calloc(TB_SEGMENT_ROWS, sizeof *v), random = 9;
    size_t left;
    for (int round = 0; round < 300; round++) {
        struct tb_buf b;
        uint32_t n = 1 + random_below(&random, 300);
        unsigned width = random_below(&random, 65);
        for (uint32_t i = 0; i < n; i++) {
            v[i] = round % 3 == 0                  ? i * 1000u
                   : random_below(&random, 9) == 0 ? random_next(&random)
                                                   : value_of_width(&random, width);
        }
        tb_buf_init(&b, 1u << 20);
        must(tb_column_encode(&b, v, n, (enum tb_column_hint)(round % 3), &err));
        for (size_t cut = 0; cut < b.n; cut += 1 + b.n / 50) {
            assert_false(decodes_to((struct tb_str){b.p, cut}, NULL, n, &left));
        }
        for (int i = 0; i < 50; i++) { /* any answer, no step outside */
            size_t at = random_below(&random, (uint32_t)b.n);
            char was = b.p[at];
            b.p[at] = (char)random_next(&random);
            (void)decodes_to(tb_buf_view(&b), NULL, n, &left);
            b.p[at] = was;
        }
        tb_buf_release(&b);
    }
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_columns),    cmocka_unit_test(extreme_columns),
        cmocka_unit_test(columns_are_small), cmocka_unit_test(narrow_columns),
        cmocka_unit_test(damaged_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
