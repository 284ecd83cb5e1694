#include "support.h"
#include "event/identity.h"
#include "load/intern.h"

static void same_text_has_one_number(void **state)
{
    (void)state;
    struct tb_bounds bounds = TB_BOUNDS_DEFAULT;
    struct tb_intern *in = tb_intern_new(&bounds);
    struct tb_err err;
    uint64_t seed = 1;
    static char known[5000][24];
    uint32_t n = 0;
    for (int round = 0; round < 4000; round++) {
        struct tb_str text[TB_T_COUNT];
        char bytes[TB_T_COUNT][24];
        uint32_t number[TB_T_COUNT];
        uint64_t hash[TB_T_COUNT];
        for (int f = 0; f < TB_T_COUNT; f++) {
            snprintf(bytes[f], sizeof bytes[f], "%s%u", f % 2 ? "a" : "",
                     test_below(&seed, round % 7 == 0 ? 2000 : 30));
            text[f] = test_below(&seed, 5) == 0 ? TB_STR_NULL : tb_str_of(bytes[f]);
            text[f].n = text[f].s != NULL && test_below(&seed, 50) == 0 ? 0 : text[f].n;
        }
        assert_int_equal(tb_intern_texts(in, text, number, hash, &err), TB_OK);
        for (int f = 0; f < TB_T_COUNT; f++) {
            if (text[f].s == NULL) {
                assert_int_equal(number[f], 0);
                assert_int_equal(hash[f], 0);
                continue;
            }
            bytes[f][text[f].n] = '\0';
            uint32_t i = 0;
            while (i < n && strcmp(known[i], bytes[f]) != 0) {
                i++;
            }
            if (i == n) {
                strcpy(known[n++], bytes[f]);
            }
            assert_int_equal(number[f], i + 1); /* in order of first appearance */
            assert_true(hash[f] == tb_identity_text(text[f]));
            assert_true(tb_str_eq(tb_intern_text(in, number[f]), text[f]));
        }
    }
    assert_int_equal(tb_intern_count(in), n);
    assert_true(n > 1500);
    tb_intern_free(in);
}

static void a_full_numbering_begins_anew(void **state)
{
    (void)state;
    struct tb_bounds bounds = test_bounds();
    struct tb_intern *in = tb_intern_new(&bounds);
    struct tb_err err;
    uint32_t number[TB_T_COUNT];
    uint64_t hash[TB_T_COUNT];
    char bytes[16];
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < bounds.intern_texts; i++) {
            struct tb_str text[TB_T_COUNT] = {{NULL, 0}};
            snprintf(bytes, sizeof bytes, "t%u", i);
            text[3] = tb_str_of(bytes);
            assert_false(tb_intern_full(in));
            assert_int_equal(tb_intern_texts(in, text, number, hash, &err), TB_OK);
            assert_int_equal(number[3], i + 1);
        }
        assert_true(tb_intern_full(in));
        tb_intern_reset(in);
        assert_int_equal(tb_intern_count(in), 0);
    }
    tb_intern_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_text_has_one_number),
                                       cmocka_unit_test(a_full_numbering_begins_anew)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
