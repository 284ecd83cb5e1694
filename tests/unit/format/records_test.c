/* Records of many calls: how many there may be, what duplicate keys leave of them, what they share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/limits.h"
#include "format/format.h"

static struct tb_format_set *set;

static int set_up(void **state)
{
    struct tb_err err;
    (void)state;
    return tb_format_set_new(NULL, &set, &err) != TB_OK;
}

static int tear_down(void **state)
{
    (void)state;
    tb_format_set_free(set);
    return 0;
}

static struct tb_outcome extract(struct tb_extractor *x, const char *line)
{
    static char copy[8192];
    struct tb_outcome out;
    size_t n = strlen(line);
    assert_true(n + 16 < sizeof copy);
    memset(copy, 'x', sizeof copy);
    memcpy(copy, line, n);
    tb_extract(x, (struct tb_str){copy, n}, &out);
    return out;
}

/* An OTLP line of as many spans as may be, of one more, and the keys of a record among duplicates. */
static void as_many_spans_as_may_be(void **state)
{
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "otlp_genai"));
    char *line = malloc(200 * (TB_EVENTS_PER_RECORD_MAX + 2));
    assert_true(x != NULL && line != NULL);
    for (int spans = TB_EVENTS_PER_RECORD_MAX; spans <= TB_EVENTS_PER_RECORD_MAX + 1; spans++) {
        struct tb_outcome out;
        int n = sprintf(line, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
        for (int i = 0; i < spans; i++) {
            n += sprintf(
                line + n,
                "%s{\"traceId\":\"t\",\"spanId\":\"%d\",\"startTimeUnixNano\":\"1000\",\"attributes\":[{"
                "\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"%d\"}}]}",
                i == 0 ? "" : ",", i, i);
        }
        n += sprintf(line + n, "]}]}]}");
        tb_extract(x, (struct tb_str){line, (size_t)n}, &out);
        if (spans == TB_EVENTS_PER_RECORD_MAX) {
            assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
            assert_int_equal(out.n, spans);
            assert_true(tb_str_eq(out.events[spans - 1].id, TB_STR("t/16383")));
            assert_int_equal(out.events[spans - 1].number[TB_N_INPUT], spans - 1);
        } else {
            assert_int_equal(out.kind, TB_OUTCOME_REJECTED);
            assert_string_equal(out.reason, "too_many_events");
        }
    }
    free(line);
    tb_extractor_free(x);
}

/* A duplicate key forgets what was under the first one, at any depth and whatever else was forgotten before. */
static void duplicates_forget_all(void **state)
{
#define SPAN(n)                                                                                              \
    "{\"startTimeUnixNano\":\"1\",\"attributes\":[{\"key\":\"llm.usage.total_tokens\",\"value\":{"           \
    "\"intValue\":" n "}}]}"
    static const struct {
        const char *line;
        int64_t total[3]; /* of the events, 0-ended */
    } rows[] = {
        {"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" SPAN("1") "]},{\"spans\":[" SPAN("2") "," SPAN(
             "3") "],\"spans\":[" SPAN("4") "]}],\"scopeSpans\":[{\"spans\":[" SPAN("5") "]}]}]}",
         {5}},
        {"{\"resourceSpans\":{\"p\":{\"scopeSpans\":[{\"spans\":[" SPAN(
             "1") "]}]},\"q\":{\"scopeSpans\":[{\"spans\":[" SPAN("2") "]}]},\"p\":{\"scopeSpans\":[{"
                                                                       "\"spans\":[" SPAN("3") "]}]}}}",
         {2, 3}},
        {"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" SPAN("1") "]}]}],\"resourceSpans\":[{"
                                                                       "\"scopeSpans\":[{\"spans\":[" SPAN(
                                                                           "2") "],\"spans\":[" SPAN("3") "]}"
                                                                                                          "]}"
                                                                                                          "]"
                                                                                                          "}",
         {3}},
    };
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "otlp_genai"));
    assert_non_null(x);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_outcome out = extract(x, rows[i].line);
        assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
        uint32_t want = rows[i].total[1] != 0 ? 2 : 1;
        assert_int_equal(out.n, want);
        for (uint32_t k = 0; k < want; k++) {
            assert_int_equal(out.events[k].number[TB_N_TOTAL_ONLY], rows[i].total[k]);
        }
    }
    tb_extractor_free(x);
}

/* A prompt of the record that some of its calls share, with others between: decoded once, so that it needs room once. */
static void shared_prompts_are_decoded_once(void **state)
{
    static char text[1600];
    char line[8192], want[64];
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    memset(text, 'a', sizeof text - 1);
    int n =
        snprintf(line, sizeof line, "{\"started_at\":1,\"ai\":{\"payload\":{\"request\":\"\\n%s\"}", text);
    for (int i = 0; i < 12; i++) {
        n += snprintf(line + n, sizeof line - (size_t)n, ",\"k%d\":{\"usage\":{\"total_tokens\":1}%s}", i,
                      i % 2 == 0 ? "" : ",\"payload\":{\"request\":\"\\tx\"}");
    }
    snprintf(line + n, sizeof line - (size_t)n, "}}");
    struct tb_outcome out = extract(x, line);
    assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
    assert_int_equal(out.n, 12);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(out.events[i].prompt.n, i % 2 == 0 ? sizeof text : 2);
        snprintf(want, sizeof want, "%c", i % 2 == 0 ? '\n' : '\t');
        assert_int_equal(out.events[i].prompt.s[0], want[0]);
    }
    tb_extractor_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_many_spans_as_may_be),
                                       cmocka_unit_test(duplicates_forget_all),
                                       cmocka_unit_test(shared_prompts_are_decoded_once)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
