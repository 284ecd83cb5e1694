#include "support.h"
#include "load/tally.h"

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void quarters_are_the_distinct_ones_sorted(void **state)
{
    (void)state;
    uint64_t seed = 9;
    struct tb_err err;
    for (int round = 0; round < 200; round++) {
        struct tb_tally t;
        int64_t all[400], distinct[400];
        size_t n = 0, rows = test_below(&seed, 400);
        tb_tally_init(&t);
        for (size_t i = 0; i < rows; i++) {
            int64_t ts = (int64_t)(test_random(&seed) % 400) * (TB_QUARTER_US / 3) - 20 * TB_QUARTER_US;
            all[i] = (ts - (((ts % TB_QUARTER_US) + TB_QUARTER_US) % TB_QUARTER_US)) / TB_QUARTER_US;
            assert_int_equal(tb_tally_row(&t, ts, &err), TB_OK);
        }
        qsort(all, rows, sizeof *all, ascending);
        for (size_t i = 0; i < rows; i++) {
            if (i == 0 || all[i] != all[i - 1]) {
                distinct[n++] = all[i];
            }
        }
        tb_quarters_sort(&t.quarters);
        assert_int_equal(t.quarters.n, n);
        assert_memory_equal(t.quarters.n > 0 ? t.quarters.slots : distinct, distinct, n * sizeof *distinct);
        if (n > 2) {
            tb_quarters_remove(&t.quarters, distinct[1]);
            tb_quarters_remove(&t.quarters, 123456789);
            assert_int_equal(t.quarters.n, n - 1);
            assert_true(t.quarters.slots[0] == distinct[0] && t.quarters.slots[1] == distinct[2]);
        }
        assert_int_equal(t.lines, rows);
        assert_int_equal(t.rows, rows);
        tb_tally_release(&t);
    }
}

static void reasons_are_counted_by_name_and_kind(void **state)
{
    (void)state;
    struct tb_tally t;
    struct tb_err err;
    char blank[] = "blank";
    tb_tally_init(&t);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(tb_tally_ignored(&t, i % 2 ? "blank" : blank, &err), TB_OK);
        assert_int_equal(tb_tally_rejected(&t, "blank", &err), TB_OK);
    }
    char many[20][16];
    for (int i = 0; i < 20; i++) {
        snprintf(many[i], sizeof many[i], "r%d", i);
        assert_int_equal(tb_tally_rejected(&t, many[i], &err), TB_OK);
    }
    assert_int_equal(t.reason_n, 22);
    assert_int_equal(t.reasons[0].lines, 30);
    assert_int_equal(t.reasons[1].lines, 30);
    assert_int_equal(t.lines, 80);
    assert_int_equal(t.ignored, 30);
    assert_int_equal(t.rejected, 50);
    tb_tally_release(&t);
}

static struct tb_hash128 content(const char *const *lines, const int *order, int n, uint64_t bytes)
{
    struct tb_tally t;
    tb_tally_init(&t);
    for (int i = 0; i < n; i++) {
        tb_tally_content_line(&t, (uint64_t)order[i], tb_str_of(lines[order[i]]));
    }
    return tb_tally_content(&t, bytes);
}

static bool same(struct tb_hash128 a, struct tb_hash128 b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

static void content_is_told_by_lines_and_their_places(void **state)
{
    (void)state;
    const char *const lines[] = {"one", "two", "", "one"}, *const swapped[] = {"two", "one", "", "one"};
    const int forward[] = {0, 1, 2, 3}, backward[] = {3, 2, 1, 0};
    struct tb_hash128 a = content(lines, forward, 4, 12);
    assert_true(same(a, content(lines, backward, 4, 12))); /* the order of adding is not content */
    assert_false(same(a, content(swapped, forward, 4, 12)));
    assert_false(same(a, content(lines, forward, 4, 13)));
    assert_false(same(a, content(lines, forward, 3, 12)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quarters_are_the_distinct_ones_sorted),
                                       cmocka_unit_test(reasons_are_counted_by_name_and_kind),
                                       cmocka_unit_test(content_is_told_by_lines_and_their_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
