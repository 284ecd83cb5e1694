/* base/buf and base/arena: against plain arrays, and at their caps. */
#include "support.h"
#include "base/arena.h"
#include "base/buf.h"

static void test_buf_grows_like_an_array(void **state)
{
    (void)state;
    static char model[70000];
    uint64_t seed = 61;
    for (int round = 0; round < 50; round++) {
        size_t n = 0;
        struct tb_buf b;
        struct tb_err err;
        tb_buf_init(&b, 1 + random_below(&seed, 60000));
        for (int i = 0; i < 200; i++) {
            char piece[600];
            size_t k = random_below(&seed, sizeof(piece));
            memset(piece, 'a' + i % 26, k);
            enum tb_status status = tb_buf_add(&b, piece, k, &err);
            assert_int_equal(status, n + k <= b.max ? TB_OK : TB_FAIL);
            if (status == TB_OK) {
                memcpy(model + n, piece, k);
                n += k;
            } else {
                assert_int_equal(err.code, TB_E_LIMIT);
            }
            assert_true(b.cap <= b.max);
            struct tb_str v = tb_buf_view(&b);
            assert_int_equal(v.n, n);
            assert_memory_equal(v.s, model, n);
            assert_int_equal(v.s[n], '\0');
        }
        tb_buf_release(&b);
        assert_null(b.p);
    }
}

static void test_buf_pieces(void **state)
{
    (void)state;
    struct tb_buf b;
    struct tb_err err;
    tb_buf_init(&b, 100);
    assert_string_equal(tb_buf_view(&b).s, "");
    assert_int_equal(tb_buf_str(&b, TB_STR_NULL, &err), TB_OK);
    assert_int_equal(tb_buf_str(&b, TB_STR("ab"), &err), TB_OK);
    assert_int_equal(tb_buf_printf(&b, &err, "%d-%s", 42, "x"), TB_OK);
    assert_string_equal(tb_buf_view(&b).s, "ab42-x");
    assert_int_equal(tb_buf_printf(&b, &err, "%094d", 7), TB_OK); /* to the brim */
    assert_int_equal(tb_buf_view(&b).n, 100);
    assert_int_equal(tb_buf_printf(&b, &err, "%s", ""), TB_OK);
    assert_int_equal(tb_buf_printf(&b, &err, "%d", 1), TB_FAIL);
    assert_int_equal(err.code, TB_E_LIMIT);
    assert_int_equal(tb_buf_view(&b).n, 100);
    tb_buf_clear(&b);
    assert_int_equal(tb_buf_printf(&b, &err, "%0101d", 7), TB_FAIL);
    assert_string_equal(tb_buf_view(&b).s, "");
    tb_buf_release(&b);
    tb_buf_release(&b);
    tb_buf_init(&b, 0);
    assert_int_equal(tb_buf_add(&b, "", 0, &err), TB_OK);
    assert_int_equal(tb_buf_add(&b, "x", 1, &err), TB_FAIL);
    assert_int_equal(tb_buf_reserve(&b, SIZE_MAX, &err), TB_FAIL);
    tb_buf_release(&b);
}

static void test_arena_keeps_what_it_gave(void **state)
{
    (void)state;
    uint64_t seed = 62;
    struct tb_arena a;
    tb_arena_init(&a, 64 << 20);
    for (int round = 0; round < 3; round++) {
        static unsigned char *given[3000];
        static size_t size[3000];
        for (size_t i = 0; i < COUNT(given); i++) {
            size[i] = random_below(&seed, i % 100 == 0 ? 200000 : 200);
            given[i] = tb_arena_alloc(&a, size[i]);
            assert_non_null(given[i]);
            assert_int_equal((uintptr_t)given[i] % 16, 0);
            for (size_t k = 0; k < size[i]; k++) {
                assert_true(given[i][k] == 0);
            }
            memset(given[i], (int)(i % 251) + 1, size[i]);
        }
        for (size_t i = 0; i < COUNT(given); i++) {
            for (size_t k = 0; k < size[i]; k++) {
                assert_true(given[i][k] == i % 251 + 1);
            }
        }
        tb_arena_reset(&a);
    }
    tb_arena_release(&a);
    tb_arena_release(&a);
    assert_null(a.head);
}

static void test_arena_cap(void **state)
{
    (void)state;
    struct tb_arena a;
    size_t given = 0;
    tb_arena_init(&a, 100000);
    while (tb_arena_alloc(&a, 100) != NULL) {
        given += 100;
    }
    assert_true(a.total <= a.max);
    assert_true(given > 80000);
    assert_null(tb_arena_alloc(&a, 100));
    tb_arena_reset(&a);
    assert_non_null(tb_arena_alloc(&a, 100));
    tb_arena_release(&a);
    tb_arena_init(&a, SIZE_MAX / 4);
    assert_null(tb_arena_alloc(&a, SIZE_MAX));
    assert_null(tb_arena_alloc(&a, SIZE_MAX - 15));
    assert_null(tb_arena_alloc(&a, SIZE_MAX / 2 + 1));
    tb_arena_release(&a);
}

static void test_arena_texts(void **state)
{
    (void)state;
    struct tb_arena a;
    tb_arena_init(&a, 1 << 20);
    struct tb_str s = tb_arena_str(&a, TB_STR("abc"));
    assert_true(tb_str_eq(s, TB_STR("abc")));
    assert_int_equal(s.s[3], '\0');
    assert_true(tb_arena_str(&a, TB_STR_NULL).s == NULL);
    assert_true(tb_arena_str(&a, TB_STR("")).s != NULL);
    assert_null(tb_arena_cstr(&a, TB_STR_NULL));
    assert_string_equal(tb_arena_cstr(&a, TB_STR("x")), "x");
    tb_arena_release(&a);
    tb_arena_init(&a, 10);
    assert_true(tb_arena_str(&a, TB_STR("abc")).s == NULL);
    tb_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_grows_like_an_array),
        cmocka_unit_test(test_buf_pieces),
        cmocka_unit_test(test_arena_keeps_what_it_gave),
        cmocka_unit_test(test_arena_cap),
        cmocka_unit_test(test_arena_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
