/* A set of tuples: numbers in the order of adding, whatever was there before it was cleared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rate/tuple.h"

static void numbers_begin_anew_when_cleared(void **state)
{
    (void)state;
    struct tb_tuples t;
    struct tb_err err;
    tb_tuples_init(&t, 2, TB_TUPLES_MAX);
    tb_tuples_clear(&t); /* of nothing */
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            uint32_t key[2] = {i * 7 + round * 3, round & 1}, number = 0;
            bool fresh = false;
            assert_int_equal(tb_tuples_add(&t, key, &number, &fresh, &err), TB_OK);
            assert_true(fresh);
            assert_int_equal(number, i);
            assert_int_equal(tb_tuples_at(&t, i)[0], key[0]);
            assert_int_equal(tb_tuples_add(&t, key, &number, &fresh, &err), TB_OK);
            assert_false(fresh);
            assert_int_equal(number, i);
        }
        tb_tuples_clear(&t);
        uint32_t number = 0, gone[2] = {0, 0};
        assert_false(tb_tuples_find(&t, gone, &number));
        assert_int_equal(t.n, 0);
    }
    tb_tuples_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_begin_anew_when_cleared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
