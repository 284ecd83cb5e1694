/* What is JSON and what is not, with every instruction set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "format/extract.h"
#include "format/strict.h"

static struct tb_format_set *set;
static struct tb_extractor *x;

static int set_up(void **state)
{
    struct tb_err err;
    (void)state;
    if (tb_format_set_new(NULL, &set, &err) != TB_OK) {
        return 1;
    }
    x = tb_extractor_new(tb_format_find(set, "kong"));
    return x == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    tb_extractor_free(x);
    tb_format_set_free(set);
    return 0;
}

/* Reads line with each instruction set; it stands at the end of its allocation but for the 16 promised bytes. */
static void expect(struct tb_str line, bool good)
{
    size_t byte;
    const char *reason;
    char *copy = malloc(line.n + 16);
    assert_non_null(copy);
    memcpy(copy, line.s, line.n);
    memset(copy + line.n, '}', 16);
    struct tb_str in = {copy, line.n};
    if (tb_strict_check(in, &byte, &reason) != good) {
        fail_msg("strict says %d: %.*s", !good, (int)(line.n < 200 ? line.n : 200), line.s);
    }
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        if ((tb_walk_whole(&x->walk, in) == TB_WALK_OK) != good) {
            fail_msg("%s says %d: %.*s", *isa, !good, (int)(line.n < 200 ? line.n : 200), line.s);
        }
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    free(copy);
}

/* Each text alone, and behind and before filling that moves it across the blocks of 64. */
static void expect_everywhere(struct tb_str text, bool good)
{
    char line[400];
    expect(text, good);
    for (int shift = 40; shift < 72; shift++) {
        int n = snprintf(line, sizeof line, "{\"%0*d\":", shift, 0);
        memcpy(line + n, text.s, text.n);
        n += (int)text.n;
        memcpy(line + n, ",\"b\":[1,\"x\"]}", 13);
        expect((struct tb_str){line, (size_t)n + 13}, good);
        memset(line, ' ', (size_t)shift);
        memcpy(line + shift, text.s, text.n);
        expect((struct tb_str){line, (size_t)shift + text.n}, good); /* the line ends anywhere in a block */
    }
}

#define T(s)                                                                                                 \
    {                                                                                                        \
        s, sizeof s - 1                                                                                      \
    }

static void takes_json(void **state)
{
    static const struct tb_str good[] = {
        T("{}"),
        T("[]"),
        T("[[]]"),
        T("[{}]"),
        T("{\"\":0}"),
        T("{\"a\":\"\"}"),
        T("[0]"),
        T("[-0]"),
        T("[1E+2]"),
        T("[1e-2]"),
        T("[123.456e78]"),
        T("[0.0]"),
        T("[0e1]"),
        T("[-1.5]"),
        T("[true,false,null]"),
        T("[ 1 , 2 ]"),
        T("{ \"a\" : [ ] , \"b\" : { } }"),
        T("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
        T("[\"\\u0000\\uFFFF\\uabcd\"]"),
        T("[\"\\ud800\"]"),
        T("[\"\\udc00x\"]"),
        T("[\"a\\\\\"]"),
        T("[\"\\\\\\\"\"]"),
        T("[\"\xc3\xa9\"]"),
        T("[\"\xff\xfe\"]"),
        T("[\"\x7f\"]"),
        T("[\"{[,:]}\"]"),
        T("{\"a\":1,\"a\":2}"),
        T("{\"a\":{\"b\":{\"c\":[[[1]]]}}}"),
        T("[\n1,\r\n2\t]"),
        T("[\"0123456789012345678901234567890123456789012345678901234567890123\"]"),
        T("[100000000000000000000000000000000000]"),
        T("[1e400]"),
        T("{\"a\\u0062\":[\"x\"]}"),
        T("[\"x\",[\"y\"],{\"z\":\"w\"},\"v\"]")};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        expect_everywhere(good[i], true);
    }
}

static void refuses_the_rest(void **state)
{
    static const struct tb_str bad[] = {T("{"),
                                        T("["),
                                        T("[1"),
                                        T("{\"a\""),
                                        T("{\"a\":"),
                                        T("{\"a\":1"),
                                        T("{\"a\":1,"),
                                        T("[1,]"),
                                        T("[,1]"),
                                        T("[,]"),
                                        T("[1,,2]"),
                                        T("{,}"),
                                        T("{\"a\":1,}"),
                                        T("{\"a\"}"),
                                        T("{\"a\",1}"),
                                        T("{\"a\" 1}"),
                                        T("{\"a\"::1}"),
                                        T("{:1}"),
                                        T("{1:1}"),
                                        T("{a:1}"),
                                        T("{\"a\":}"),
                                        T("{\"a\":1 \"b\":2}"),
                                        T("{\"a\":1:2}"),
                                        T("[1:2]"),
                                        T("[\"a\":1]"),
                                        T("[\"a\" \"b\"]"),
                                        T("[1 2]"),
                                        T("[\"a\"1]"),
                                        T("[1\"a\"]"),
                                        T("[{}{}]"),
                                        T("[[][]]"),
                                        T("[}"),
                                        T("{]"),
                                        T("[1}"),
                                        T("{\"a\":1]"),
                                        T("[{]}"),
                                        T("{\"a\":[}]"),
                                        T("{\"a\",\"b\"}"),
                                        T("{[]}"),
                                        T("{{}}"),
                                        T("{\"a\":1,[]}"),
                                        T("{\"a\":1,2}"),
                                        T("{\"a\":1,\"b\"}"),
                                        T("[01]"),
                                        T("[-]"),
                                        T("[-01]"),
                                        T("[+1]"),
                                        T("[.5]"),
                                        T("[5.]"),
                                        T("[1e]"),
                                        T("[1e+]"),
                                        T("[1.e5]"),
                                        T("[0x1]"),
                                        T("[1_0]"),
                                        T("[--1]"),
                                        T("[1.2.3]"),
                                        T("[00]"),
                                        T("[NaN]"),
                                        T("[Infinity]"),
                                        T("[True]"),
                                        T("[tru]"),
                                        T("[truee]"),
                                        T("[nul]"),
                                        T("[true1]"),
                                        T("[falsefalse]"),
                                        T("[nullx]"),
                                        T("[\"a]"),
                                        T("[\"a\\\"]"),
                                        T("[\"\\x\"]"),
                                        T("[\"\\'\"]"),
                                        T("[\"\\u12\"]"),
                                        T("[\"\\u12g4\"]"),
                                        T("[\"\\u\"]"),
                                        T("[\"\\\n\"]"),
                                        T("[\"\t\"]"),
                                        T("[\"\n\"]"),
                                        T("[\"\0\"]"),
                                        T("[\"\x1f\"]"),
                                        T("['a']"),
                                        T("[1]\0"),
                                        T("[\0]"),
                                        T("[\x01]"),
                                        T("[\f1]"),
                                        T("[\v]"),
                                        T("[\xa0]"),
                                        T("[\xef\xbb\xbf]"),
                                        T("[a]"),
                                        T("[\\]"),
                                        T("[\\\"]"),
                                        T("[\\\"a\\\"]"),
                                        T("[1\\\"2]"),
                                        T("[/* c */1]"),
                                        T("[1//\n]"),
                                        T("{\"a\":\"b\"\"c\":1}"),
                                        T("{\"a\"\"b\":1}"),
                                        T("[\"\\\\\\\"]"),
                                        T("[\"a\"\\]"),
                                        T("[1]]"),
                                        T("{}}"),
                                        T("{\"a\":1}x"),
                                        T("{\"a\":1}{\"b\":2}"),
                                        T("[1],"),
                                        T("{},\"x\""),
                                        T("[1] , \"x\" "),
                                        T("{}\"x\""),
                                        T("[1]:"),
                                        T("[1],[2]"),
                                        T("{},"),
                                        T("[] []")};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_everywhere(bad[i], false);
    }
}

/* Every sequence of up to MORE + 1 tokens, across the edge of a block: the grammar, whole. */
#define MORE 6

static void knows_every_short_sequence(void **state)
{
    static const char *const tokens[] = {"{", "}", "[", "]", ",", ":", "\"\"", "0", " "};
    char line[120];
    (void)state;
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        assert_true(tb_scan_use(*isa));
        int more = isa == tb_scan_isas() ? MORE : MORE - 1, total = 1;
        for (int i = 0; i < more; i++) {
            total *= 9;
        }
        for (int code = 0; code < 2 * total; code++) {
            size_t n = 60, byte;
            const char *reason;
            memset(line, ' ', sizeof line);
            line[n++] = code % 2 == 0 ? '{' : '[';
            for (int rest = code / 2, i = 0; i < more; i++, rest /= 9) {
                const char *t = tokens[rest % 9];
                memcpy(line + n, t, strlen(t));
                n += strlen(t);
            }
            struct tb_str in = {line, n};
            if ((tb_walk_whole(&x->walk, in) == TB_WALK_OK) != tb_strict_check(in, &byte, &reason)) {
                fail_msg("%s: %.*s", *isa, (int)n - 60, line + 60);
            }
        }
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
}

static void nests_as_deep_as_the_limit(void **state)
{
    char line[2 * TB_JSON_DEPTH_MAX + 4];
    (void)state;
    for (size_t depth = TB_JSON_DEPTH_MAX - 1; depth <= TB_JSON_DEPTH_MAX + 1; depth++) {
        memset(line, '[', depth);
        memset(line + depth, ']', depth);
        expect((struct tb_str){line, 2 * depth}, depth <= TB_JSON_DEPTH_MAX);
    }
    char *hostile = malloc(200016);
    assert_non_null(hostile);
    memset(hostile, '[', 200016);
    struct tb_outcome out;
    tb_extract(x, (struct tb_str){hostile, 200000}, &out);
    assert_int_equal(out.kind, TB_OUTCOME_REJECTED);
    assert_string_equal(out.reason, "too_deep");
    assert_int_equal(out.byte, TB_JSON_DEPTH_MAX);
    free(hostile);
}

/* Long lines are read in windows; a fault is found wherever it stands. */
static void reads_long_lines(void **state)
{
    size_t n = 0, size = 5 * TB_SCAN_WINDOW;
    char *line = malloc(size + 4096);
    uint64_t seed = 7;
    (void)state;
    assert_non_null(line);
    n += (size_t)sprintf(line, "{\"started_at\":1,\"x\":[");
    while (n < size) {
        static const char *const items[] = {"{\"a\":[1,2,{\"b\":\"c\\\\\"}]},",
                                            "\"a string with an \\\"escape\\\" in it\",",
                                            "12345.5e1,",
                                            "[[],[[]],{}],",
                                            "{ \"k\" : null ,\n \"l\":true},",
                                            "0,"};
        seed = seed * UINT64_C(6364136223846793005) + 1;
        n += (size_t)sprintf(line + n, "%s", items[(seed >> 33) % 6]);
    }
    n += (size_t)sprintf(line + n, "{}],\"response\":{\"status\":500}}");
    expect((struct tb_str){line, n}, true);
    struct tb_outcome out;
    tb_extract(x, (struct tb_str){line, n}, &out);
    assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
    assert_int_equal(out.events[0].number[TB_N_STATUS], 500); /* a value behind five windows */
    for (int i = 0; i < 60; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        size_t at = (size_t)(seed >> 33) % n, byte;
        const char *reason;
        char was = line[at];
        line[at] = "\"{}[],:\\x"[(seed >> 20) % 9];
        struct tb_str in = {line, n};
        expect(in, tb_strict_check(in, &byte, &reason));
        line[at] = was;
    }
    free(line);
}

/* A large string, a large flat object, a large array: each longer than a window. */
static void reads_large_values(void **state)
{
    static const char *const heads[] = {"{\"started_at\":1,\"x\":\"", "{\"started_at\":1",
                                        "{\"started_at\":1,\"x\":[1"};
    static const char *const fills[] = {"words and \\n \\\\ more ", ",\"k\":\"v\"", ",1"};
    static const char *const tails[] = {"\",\"response\":{\"status\":404}}",
                                        ",\"response\":{\"status\":404}}",
                                        "],\"response\":{\"status\":404}}"};
    (void)state;
    char *line = malloc(3 * TB_SCAN_WINDOW + 4096);
    assert_non_null(line);
    for (int k = 0; k < 3; k++) {
        size_t n = (size_t)sprintf(line, "%s", heads[k]);
        while (n < 3 * TB_SCAN_WINDOW) {
            n += (size_t)sprintf(line + n, "%s", fills[k]);
        }
        n += (size_t)sprintf(line + n, "%s", tails[k]);
        expect((struct tb_str){line, n}, true);
        expect((struct tb_str){line, n - 1}, false);
        struct tb_outcome out;
        tb_extract(x, (struct tb_str){line, n}, &out);
        assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
        assert_int_equal(out.events[0].number[TB_N_STATUS], 404);
    }
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_json),
                                       cmocka_unit_test(refuses_the_rest),
                                       cmocka_unit_test(knows_every_short_sequence),
                                       cmocka_unit_test(nests_as_deep_as_the_limit),
                                       cmocka_unit_test(reads_long_lines),
                                       cmocka_unit_test(reads_large_values)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
