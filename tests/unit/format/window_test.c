/* Lines longer than a window of the scanner: wherever in them a window ends, they hold what they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "format/extract.h"

static char line[8 * TB_SCAN_WINDOW];

static struct tb_str consumer_of(struct tb_extractor *x, size_t n)
{
    struct tb_outcome out;
    memset(line + n, '"', 16);
    tb_extract(x, (struct tb_str){line, n}, &out);
    assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
    assert_int_equal(out.events[0].number[TB_N_INPUT], 7);
    return out.events[0].text[TB_T_CONSUMER];
}

/* pad bytes, then strings and numbers with blanks before them; every string of the line is one letter over and over. */
static size_t make(size_t pad, size_t blanks, size_t length)
{
    size_t n = (size_t)sprintf(line, "{\"x\":\"");
    memset(line + n, 'p', pad);
    n += pad;
    n += (size_t)sprintf(line + n, "\",\"ts\":\"2026-01-05T10:00:00Z\",\"consumer\":%*s\"", (int)blanks, "");
    memset(line + n, 'c', length);
    n += length;
    return n + (size_t)sprintf(line + n, "\",\"y\":\"c\",\"input_tokens\":%*s7}", (int)blanks, "");
}

static void a_window_may_end_anywhere(void **state)
{
    struct tb_format_set *set;
    struct tb_err err;
    (void)state;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        for (size_t i = 0; i < 900; i++) {
            struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "tollbook_event"));
            assert_non_null(x);
            size_t blanks = i % 3 == 0 ? 300 : i % 3, length = i % 2 == 0 ? 600 : 60;
            struct tb_str c = consumer_of(x, make(TB_SCAN_WINDOW - 900 + i, blanks, length));
            assert_int_equal(c.n, length);
            assert_int_equal(strspn(c.s, "c"), length);
            tb_extractor_free(x);
        }
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    tb_format_set_free(set);
}

/* A prompt that lies in many windows. */
static void a_string_may_fill_windows(void **state)
{
    struct tb_format_set *set;
    struct tb_err err;
    struct tb_outcome out;
    (void)state;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    for (size_t i = 0; i < 200; i++) {
        size_t length = 2 * TB_SCAN_WINDOW + (i * i) % TB_SCAN_WINDOW;
        size_t n = (size_t)sprintf(line, "{\"started_at\":1,\"ai\":{\"proxy\":{\"payload\":{\"request\":\"");
        memset(line + n, 'r', length);
        n += length;
        n += (size_t)sprintf(line + n, "\"},\"usage\":{\"total_tokens\":9}}},\"z\":\"%zu\"}", i);
        memset(line + n, '"', 16);
        tb_extract(x, (struct tb_str){line, n}, &out);
        assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
        assert_int_equal(out.events[0].prompt.n, length);
    }
    tb_extractor_free(x);
    tb_format_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_window_may_end_anywhere),
                                       cmocka_unit_test(a_string_may_fill_windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
