#include "support.h"
#include "load/late.h"
#include "load/occurrence.h"

static struct tb_hash128 record(uint32_t i)
{
    uint64_t state = i + 1;
    return (struct tb_hash128){.hi = test_random(&state), .lo = test_random(&state)};
}

static void counts_like_an_array(void **state)
{
    (void)state;
    struct tb_bounds bounds = TB_BOUNDS_DEFAULT;
    struct tb_occurrence *o = tb_occurrence_new(&bounds);
    static uint32_t count[5000];
    uint64_t seed = 3;
    for (int file = 0; file < 3; file++) {
        memset(count, 0, sizeof count);
        tb_occurrence_reset(o);
        for (int i = 0; i < 20000; i++) {
            uint32_t r = test_below(&seed, 5000), number = 99;
            assert_int_equal(tb_occurrence_next(o, record(r), &number), TB_OCCURRED);
            assert_int_equal(number, count[r]++);
        }
    }
    tb_occurrence_free(o);
}

static void a_full_table_still_counts_what_it_holds(void **state)
{
    (void)state;
    struct tb_bounds bounds = test_bounds(); /* 8 slots: 6 records */
    struct tb_occurrence *o = tb_occurrence_new(&bounds);
    uint32_t number;
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(tb_occurrence_next(o, record(i), &number), TB_OCCURRED);
    }
    assert_int_equal(tb_occurrence_next(o, record(6), &number), TB_OCCURRED_FULL);
    assert_int_equal(tb_occurrence_next(o, record(2), &number), TB_OCCURRED);
    assert_int_equal(number, 1);
    assert_int_equal(tb_occurrence_next(o, record(6), &number), TB_OCCURRED_FULL);
    tb_occurrence_reset(o);
    assert_int_equal(tb_occurrence_next(o, record(6), &number), TB_OCCURRED);
    assert_int_equal(number, 0);
    tb_occurrence_free(o);
}

struct rounds {
    struct tb_late late;
    uint32_t given, again;
    uint32_t seen[200];
};

static enum tb_status take(void *ctx, const struct tb_row *row, const struct tb_place *place,
                           const struct tb_str *text, struct tb_err *err)
{
    struct rounds *r = ctx;
    char wanted[32];
    snprintf(wanted, sizeof wanted, "consumer %u", (unsigned)row->line % 40);
    assert_true(tb_str_eq(text[TB_T_CONSUMER], tb_str_of(wanted)));
    assert_true(text[TB_T_NODE].s == NULL);
    assert_int_equal(place->byte, row->line * 10);
    r->given++;
    if (row->line % 2 == 1 && r->seen[row->line] == 0) {
        r->seen[row->line] = 1;
        r->again++;
        return tb_late_add(&r->late, row, place, text, err);
    }
    r->seen[row->line] += 2;
    return TB_OK;
}

static void rows_set_aside_come_back_whole(void **state)
{
    (void)state;
    struct tb_bounds bounds = test_bounds();
    struct rounds r = {.given = 0};
    struct tb_err err;
    tb_late_init(&r.late, &bounds);
    for (uint32_t i = 0; i < 200; i++) {
        struct tb_row row = {.line = i, .ts_us = 7 * i, .identity = record(i)};
        struct tb_place place = {.byte = i * 10};
        char consumer[32];
        struct tb_str text[TB_T_COUNT] = {{NULL, 0}};
        snprintf(consumer, sizeof consumer, "consumer %u", i % 40);
        text[TB_T_CONSUMER] = tb_str_of(consumer);
        assert_int_equal(tb_late_add(&r.late, &row, &place, text, &err), TB_OK);
    }
    int rounds = 0;
    while (!tb_late_empty(&r.late)) {
        assert_int_equal(tb_late_round(&r.late, take, &r, &err), TB_OK);
        rounds++;
    }
    assert_int_equal(rounds, 2);
    assert_int_equal(r.given, 300);
    assert_int_equal(r.again, 100);
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(r.seen[i], 2 + i % 2);
    }
    tb_late_release(&r.late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_like_an_array),
                                       cmocka_unit_test(a_full_table_still_counts_what_it_holds),
                                       cmocka_unit_test(rows_set_aside_come_back_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
