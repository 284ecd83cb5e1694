/* A line matched by its shape is read as if it had been read whole, and a line that is no JSON never matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "format/extract.h"
#include "format/strict.h"
#include "same_walk.h"
#include "tests/bench/kong_lines.h"

static char line[40000];
static size_t length;

static const char *const values[] = {
    "\"\"",
    "\"x\"",
    "0",
    "-1.5e3",
    "null",
    "true",
    "false",
    "12345678901234567890",
    "\"a\\\"b\"",
    "\"\\u00e9\"",
    "\"long enough to be longer than one block of sixteen bytes \\\\ \\n\"",
    "{}",
    "[]",
    "01",
    "\"\t\"",
    "\"\\x\"",
    "nul",
    "1.",
    "\"\\u12g4\"",
    "1e-05",
    "\"\\\",\\\"id\\\":\\\"\"",
    "\"\",\"id\":\"\"",
    "\"longer than what is looked at from the end of a value: some seventy bytes\""};

/* Puts another value in the place of the nth one behind a colon. */
static void replace_value(void)
{
    size_t at = lines_random((uint32_t)length);
    while (at < length && line[at] != ':') {
        at++;
    }
    size_t end = ++at;
    while (end < length && strchr(",}]", line[end]) == NULL) {
        end++;
    }
    const char *v = values[lines_random(sizeof values / sizeof *values)];
    size_t n = strlen(v);
    if (end < length) {
        memmove(line + at + n, line + end, length - end);
        memcpy(line + at, v, n);
        length = length - (end - at) + n;
    }
}

static void replace_byte(void)
{
    line[lines_random((uint32_t)length)] = "{}[],:\"\\0-.e tfn\t\x01\xff"[lines_random(19)];
}

static void shorten(void)
{
    size_t at = lines_random((uint32_t)length), n = 1 + lines_random(3);
    n = n > length - at ? length - at : n;
    memmove(line + at, line + at + n, length - at - n);
    length -= n;
}

static void make(uint64_t i)
{
    length = (size_t)lines_make(line, i, lines_random(3) == 0 ? 600 : 0);
    switch (lines_random(32)) {
    case 0:
        replace_byte();
        break;
    case 1:
        shorten();
        break;
    case 2:
        replace_value();
        replace_value();
        break;
    case 3:
        replace_value();
        break;
    default:
        break;
    }
    memset(line + length, '"', 16);
}

static uint32_t matched;

static void check(struct tb_walk *with, struct tb_walk *whole)
{
    size_t byte;
    const char *reason;
    struct tb_str record = {line, length};
    bool good = tb_strict_check(record, &byte, &reason);
    if (length > 0 && line[0] == '{') {
        bool shape = tb_shapes_match(with->shapes, with, record);
        matched += shape;
        assert_true(!shape || good);
        if (!shape) {
            assert_int_equal(tb_walk_line(with, record) == TB_WALK_OK, good);
        }
        assert_int_equal(tb_walk_whole(whole, record) == TB_WALK_OK, good);
        assert_true(!good || same_walk(with, whole));
    }
}

static void as_if_whole(void **state)
{
    (void)state;
    struct tb_format_set *set;
    struct tb_err err;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        struct tb_extractor *with = tb_extractor_new(tb_format_find(set, "kong"));
        struct tb_extractor *whole = tb_extractor_new(tb_format_find(set, "kong"));
        assert_true(with != NULL && whole != NULL && tb_scan_use(*isa));
        matched = 0;
        for (uint64_t i = 0; i < 20000; i++) {
            make(i);
            check(&with->walk, &whole->walk);
        }
        assert_true(matched > 15000);
        tb_extractor_free(with);
        tb_extractor_free(whole);
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    tb_format_set_free(set);
}

/* A value that was always as long may be any other of its kind: the line is still one of its shape. */
static void moves_at_last(void **state)
{
    static const char form[] = "{\"started_at\":%s,\"s\":\"%s\",\"client_ip\":\"%s\"}";
    static const char *const v[][3] = {{"1767225600123", "0123456789abcdef-01", "10.1.2.30"},
                                       {"1767225611999", "fedcba9876543210-98", "10.9.8.70"},
                                       {"1767225611999.5", "fedcba9876543210-98\\/", "10.9.8.7"},
                                       {"1e12", "fedcba9876543210-987", "10.9.8.7\\u00e9"},
                                       {"0", "", ""}};
    (void)state;
    struct tb_format_set *set;
    struct tb_err err;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        for (size_t last = 2; last < sizeof v / sizeof *v; last++) {
            struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
            assert_non_null(x);
            for (size_t i = 0; i < 5; i++) {
                const char *const *now = v[i < 4 ? i % 2 : last];
                length = (size_t)sprintf(line, form, now[0], now[1], now[2]);
                memset(line + length, '"', 16);
                bool hit = tb_shapes_match(x->walk.shapes, &x->walk, (struct tb_str){line, length});
                assert_int_equal(hit, i > 0);
                if (!hit) {
                    assert_int_equal(tb_walk_line(&x->walk, (struct tb_str){line, length}), TB_WALK_OK);
                }
            }
            tb_extractor_free(x);
        }
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    tb_format_set_free(set);
}

/* Values of one length in all lines but the last, which has any byte in any place of them, one more or one less: each time a new
 * memory, for a value that has moved once is read as one that moves. */
static void steady_values(void **state)
{
    static const char bytes[] = "\"\\/u0-.e ,:}]\n\x01\x7f\xc3x";
    static const char *const lines[] = {
        "{\"started_at\":1767225600123,\"s\":\"0123456789abcdef-0123456789abcdef\",\"t\":\"\","
        "\"n\":7,\"client_ip\":\"10.1.2.30\"}",
        "{\"started_at\":1767225611999,\"s\":\"fedcba9876543210-fedcba9876543210\",\"t\":\"\","
        "\"n\":0,\"client_ip\":\"10.9.8.70\"}"};
    (void)state;
    struct tb_format_set *set;
    struct tb_err err;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    struct tb_extractor *whole = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(whole);
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        matched = 0;
        for (size_t at = 0; at < strlen(lines[0]); at++) {
            for (size_t b = 0; b < 3 * sizeof bytes; b++) {
                struct tb_extractor *with = tb_extractor_new(tb_format_find(set, "kong"));
                assert_non_null(with);
                for (int i = 0; i < 5; i++) {
                    size_t n = length = strlen(lines[i % 2]), tail = n - at;
                    memcpy(line, lines[i % 2], n);
                    if (i == 4 && b / sizeof bytes == 0) { /* instead */
                        line[at] = bytes[b];
                    } else if (i == 4 && b / sizeof bytes == 1) { /* one more */
                        memmove(line + at + 1, line + at, tail);
                        line[at] = bytes[b % sizeof bytes];
                        length++;
                    } else if (i == 4) { /* one less, and another */
                        memmove(line + at, line + at + 1, tail - 1);
                        line[at] = bytes[b % sizeof bytes];
                        length--;
                    }
                    memset(line + length, '"', 16);
                    check(&with->walk, &whole->walk);
                }
                tb_extractor_free(with);
            }
        }
        assert_true(matched > 3 * 3 * sizeof bytes * strlen(lines[0]));
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    tb_extractor_free(whole);
    tb_format_set_free(set);
}

/* As many shapes as there is room for, met in any order: each is found again. */
static void finds_each_of_many(void **state)
{
    static const char *const kinds[] = {"null", "\"x\"", "[1]", "{}", "12"};
    (void)state;
    struct tb_format_set *set;
    struct tb_err err;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    struct tb_walk *w = &x->walk;
    matched = 0;
    for (int i = 0; i < 6000; i++) {
        uint32_t shape = lines_random(60);
        int n = sprintf(line, "{\"started_at\":%u,\"s\":\"%u\"", lines_random(9999), lines_random(99999));
        for (uint32_t k = shape % 12; k > 0; k--) { /* more members, and five kinds of value at the end */
            n += sprintf(line + n, ",\"m%u\":\"%u\"", k % 3, lines_random(1000));
        }
        n += sprintf(line + n, ",\"last\":%s}", kinds[shape / 12]);
        length = (size_t)n;
        memset(line + length, 0, 16);
        bool hit = tb_shapes_match(w->shapes, w, (struct tb_str){line, length});
        matched += hit;
        if (!hit) {
            assert_int_equal(tb_walk_line(w, (struct tb_str){line, length}), TB_WALK_OK);
        }
    }
    assert_true(matched >= 6000 - 100);
    tb_extractor_free(x);
    tb_format_set_free(set);
}

/* Lines that never match are given up on, and tried again later. */
static void gives_up(void **state)
{
    (void)state;
    struct tb_format_set *set;
    struct tb_err err;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    struct tb_walk *w = &x->walk;
    for (int i = 0; i < 5000; i++) {
        length = (size_t)sprintf(line, "{\"k%d\":1}", i);
        assert_int_equal(tb_walk_line(w, (struct tb_str){line, length}), TB_WALK_OK);
    }
    matched = 0;
    for (int i = 0; i < 5000; i++) {
        length = (size_t)sprintf(line, "{\"k\":%d}", i);
        matched += tb_shapes_match(w->shapes, w, (struct tb_str){line, length});
        assert_int_equal(tb_walk_line(w, (struct tb_str){line, length}), TB_WALK_OK);
    }
    assert_true(matched > 1000);
    tb_extractor_free(x);
    tb_format_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_if_whole), cmocka_unit_test(steady_values),
                                       cmocka_unit_test(moves_at_last), cmocka_unit_test(finds_each_of_many),
                                       cmocka_unit_test(gives_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
