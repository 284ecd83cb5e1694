/* Formats as data: samples, bad format files, bidding; what a line becomes where the reference test does not look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "event/prompt.h"
#include "format/format.h"
#include "format/schema.h"

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

/* --- samples ------------------------------------------------------------------------------------------------------------------ */

static void on_bad(void *ctx, const char *id, size_t sample, const char *why)
{
    ++*(int *)ctx;
    print_error("%s sample %zu %s\n", id, sample, why);
}

static void samples_hold(void **state)
{
    int bad = 0;
    (void)state;
    assert_true(tb_format_check_samples(set, on_bad, &bad) >= 30);
    assert_int_equal(bad, 0);
}

static int count_bad(const char *text)
{
    struct tb_err err;
    int bad = 0;
    char dir[] = "/tmp/tb_formats_XXXXXX", path[64];
    struct tb_format_set *with;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/mine.json", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(tb_format_set_new(dir, &with, &err), TB_OK);
    assert_non_null(tb_format_find(with, "mine"));
    assert_int_equal(tb_format_count(with), tb_format_count(set) + 1);
    (void)tb_format_check_samples(with, on_bad, &bad);
    tb_format_set_free(with);
    remove(path);
    remove(dir);
    return bad;
}

/* A user's own format, and samples that do not hold. */
static void samples_can_fail(void **state)
{
    (void)state;
#define MINE(samples)                                                                                        \
    "{\"id\":\"mine\",\"about\":\"x\",\"kind\":\"json\",\"recognise\":[[\"/"                                 \
    "t\"]],\"fields\":{\"ts\":{\"path\":\"/t\",\"unit\":\"s\"},\"input\":\"/n\"},"                           \
    "\"rules\":[{\"if\":[\"/skip\"],\"ignore\":\"skipped\"},{}],\"samples\":{" samples "}}"
    const char *good =
        MINE("\"accepted\":[{\"line\":\"{\\\"t\\\":1,\\\"n\\\":2}\",\"events\":[{\"input\":2}]}],"
             "\"ignored\":[{\"line\":\"{\\\"t\\\":1,\\\"skip\\\":2}\",\"reason\":\"skipped\"}],"
             "\"rejected\":[{\"line\":\"{}\",\"reason\":\"not_recognised\"}]");
    assert_int_equal(count_bad(good), 0);
    assert_int_equal(
        count_bad(MINE("\"accepted\":[{\"line\":\"{\\\"t\\\":1,\\\"n\\\":2}\",\"events\":[{\"input\":3}]}]")),
        3);
    assert_int_equal(
        count_bad(MINE("\"ignored\":[{\"line\":\"{\\\"t\\\":1,\\\"skip\\\":2}\",\"reason\":\"else\"}]")), 3);
    assert_int_equal(count_bad(MINE("\"rejected\":[{\"line\":\"{\\\"t\\\":1}\",\"reason\":\"x\"}]")), 3);
}

/* --- bad format files ---------------------------------------------------------------------------------------------------------- */

static void bad_files_have_places(void **state)
{
#define HEAD "{\"id\":\"a\",\"about\":\"b\",\"kind\":\"json\",\n\"recognise\":[[\"/t\"]],\n"
    static const struct {
        const char *text;
        const char *part; /* of the message */
        uint64_t line;
    } rows[] = {
        {"{", "", 1},
        {"[]", "object", 1},
        {"{\"id\":\"a\"}", "about", 1},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{}],\"cached_inside_inpt\":true}", "cached_inside_input",
         3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\n\"modle\":\"/m\"},\"rules\":[{}]}", "model", 4},
        {HEAD "\"fields\":{\"ts\":\"t\"},\"rules\":[{}]}", "begin it with", 3},
        {HEAD "\"fields\":{\"input\":\"/t\"},\"rules\":[{}]}", "\"ts\"", 3},
        {HEAD "\"fields\":{\"ts\":{\"path\":\"/t\",\"unit\":\"h\"}},\"rules\":[{}]}", "unit", 3},
        {HEAD "\"fields\":{\"ts\":{\"path\":\"/t\",\"const\":1}},\"rules\":[{}]}", "one of", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[]}", "rules", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\n\"rules\":[{\"then\":1}]}", "then", 4},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{\"ignore\":\"Not a word\"}]}", "reason", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{\"if\":[\"@/x\"]}]}", "each", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\"input\":\"/a/*/b\"},\"rules\":[{}]}", "each", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{\"if\":[{\"field\":\"nothing\"}]}]}", "no field", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{\"if\":[{\"path\":\"/a\",\"equals\":1,\"not\":2}]}]}",
         "one test", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{\"most\":0}]}", "most", 3},
        {HEAD "\"fields\":{\"ts\":[[\"a\",{\"at\":\"middle\"}]]},\"rules\":[{}]}", "first", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{}],\"zone\":\"CET\"}", "UTC", 3},
        {HEAD "\"fields\":{\"ts\":[[\"a\",{\"entry\":\"k\"},\"b\"]]},\"rules\":[{}]}", "last step", 3},
        {HEAD "\"fields\":{\"ts\":[[\"a\",{\"entry\":\"k\"}],[\"a\",{\"at\":\"first\"}]]},\"rules\":[{}]}",
         "entry", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\"input\":{\"join\":[\"/a\",\"/b\"]}},\"rules\":[{}]}", "join", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\"id\":{\"join\":[\"/a\"]}},\"rules\":[{}]}", "2 to 8", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\"input\":{\"path\":\"/a\",\"since\":\"/t\"}},\"rules\":[{}]}",
         "latency_ms", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\"model\":{\"path\":\"/a\",\"like\":\"[\"}},\"rules\":[{}]}", "glob",
         3},
        {HEAD "\"fields\":{\"ts\":\"/t\",\"model\":{\"path\":\"/a\",\"take\":\"json\"}},\"rules\":[{}]}",
         "prompt", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{}],\"json_strings\":[\"/a/*\"]}", "keys only", 3},
        {HEAD "\"fields\":{\"ts\":\"/t\"},\"rules\":[{}],\"estimated_if\":true}", "array", 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_err err = {TB_E_NONE, "", 0, 0, 0, ""};
        struct tb_format *f;
        assert_int_equal(tb_schema_load(tb_str_of(rows[i].text), "mine.json", &f, &err), TB_FAIL);
        assert_null(f);
        if (err.code != TB_E_FORMAT || strcmp(err.file, "mine.json") != 0 || err.line != rows[i].line ||
            strstr(err.text, rows[i].part) == NULL) {
            fail_msg("row %zu: code %d %s:%lu: %s", i, (int)err.code, err.file, (unsigned long)err.line,
                     err.text);
        }
    }
}

/* --- outcomes -------------------------------------------------------------------------------------------------------------------- */

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

static void outcomes_have_reasons(void **state)
{
    static const struct {
        const char *line;
        const char *reason; /* NULL: events */
        const char *excerpt;
    } rows[] = {
        {"", "blank", ""},
        {" \t\r", "blank", ""},
        {"null", "not_json", ""},
        {"[]", "not_recognised", "[]"},
        {"[1,{\"ai\":2}]", "not_recognised", "[{ai}]"},
        {"{}", "not_recognised", "{}"},
        {"{\"request\":{\"id\":\"secret\",\"uri\":\"?key=1\"},\"sk-12\":{\"ai\":\"x\"}", "bad_json",
         "{request{id,_},_{ai}"},
        {"{\"started_at\":1,\"response\":{\"status\":200},\"ai\":{}}", "not_ai", ""},
        {"{\"started_at\":1,\"response\":{\"status\":200},\"ai\":{\"rag-inject\":{\"embeddings_tokens\":4}}}",
         "not_ai", ""},
        {"{\"started_at\":1,\"response\":{\"status\":503},\"ai\":{}}", NULL, ""},
        {"{\"started_at\":1}", "no_status", "{started_at}"},
        {"{\"started_at\":\"x\",\"response\":{\"status\":500}}", "bad_ts", "{started_at,response{status}}"},
        {"{\"started_at\":1e300,\"response\":{\"status\":500}}", "ts_range", "{started_at,response{status}}"},
        {"{\"started_at\":-5,\"response\":{\"status\":500}}", "ts_range", "{started_at,response{status}}"},
        {"{\"started_at\":1,\"response\":{\"status\":1000}}", "number_range",
         "{started_at,response{status}}"},
        {"{\"started_at\":1,\"ai\":{\"p\":{\"usage\":{\"prompt_tokens\":1e13}}}}", "number_range",
         "{started_at,ai{_{usage{prompt_tokens}}}}"},
        {"{\"started_at\":1,\"ai\":{\"p\":{\"usage\":{\"prompt_tokens\":1}}}}", NULL, ""},
        {"10.0.0.1 - - [05/Jan/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a \\x22b\\x22\"",
         "nginx_access", ""},
        {"2001:db8::1 - bob [05/Jan/2026:10:00:00 -0730] \"-\" 400 0 \"-\" \"-\" rt=0.1 id: \"x\"",
         "nginx_access", ""},
        {"10.0.0.1 - - [05/Jan/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a\"{\"started_at\":1}",
         "not_json", ""},
        {"10.0.0.1 - - [05/Jan/2026:10:00:00 +0000] \"GET / HT", "not_json", ""},
        {"2026/01/05 10:00:00 [error] 1#0: *2 something: {\"a\":1}, client: 10.0.0.1", "nginx_error", ""},
        {"2026/01/05 10:00:00 [notice] 1#0: start worker processes", "nginx_error", ""},
        {"2026/01/05 10:00:00 [error] 1#0: *2 torn {\"started_at\":1}", "not_json", ""},
        {"2026/01/05 10:00:00 [loud] 1#0: x", "not_json", ""},
        {"2026/01/05 10:00", "not_json", ""},
        {"\xef\xbb\xbf{\"started_at\":1,\"response\":{\"status\":503}}", NULL, ""},
        {"\xef\xbb\xbf", "blank", ""},
        {"\xff\xfe{", "not_json", ""},
    };
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_outcome out = extract(x, rows[i].line);
        bool same = rows[i].reason == NULL
                        ? out.kind == TB_OUTCOME_EVENTS
                        : out.kind != TB_OUTCOME_EVENTS && strcmp(out.reason, rows[i].reason) == 0;
        struct tb_str excerpt = out.excerpt.s == NULL ? TB_STR("") : out.excerpt;
        if (!same || !tb_str_eq(excerpt, tb_str_of(rows[i].excerpt))) {
            fail_msg("%s: %s, excerpt %.*s", rows[i].line, out.reason == NULL ? "event" : out.reason,
                     (int)excerpt.n, excerpt.s);
        }
    }
    tb_extractor_free(x);
}

/* The last of equal keys rules with its whole subtree, however the keys are written. */
static void last_key_rules(void **state)
{
    static const struct {
        const char *line;
        uint32_t n;
        int64_t input; /* of the first event */
        const char *model;
    } rows[] = {
#define U(k, n) "\"" k "\":{\"usage\":{\"prompt_tokens\":" n "},\"meta\":{\"response_model\":\"m" n "\"}}"
        {"{\"started_at\":1,\"ai\":{" U("p", "1") "},\"ai\":{" U("p", "2") "}}", 1, 2, "m2"},
        {"{\"started_at\":1,\"ai\":{" U("p", "1") "," U("q", "3") "},\"ai\":{" U("p", "2") "}}", 1, 2, "m2"},
        {"{\"started_at\":1,\"ai\":{" U("p", "1") "," U("p", "2") "}}", 1, 2, "m2"},
        {"{\"started_at\":1,\"ai\":{" U("p", "1") ",\"\\u0070\":{\"usage\":{\"prompt_tokens\":7}}}}", 1, 7,
         NULL},
        {"{\"started_at\":1,\"ai\":{" U("p", "1") "," U("q", "2") ",\"p\":null}}", 1, 2, "m2"},
        {"{\"started_at\":1,\"\\u0061i\":{\"\\/"
         "x\":{\"usage\":{\"prompt_tokens\":4},\"us\\u0061ge\":{\"prompt_tokens\":9}}}}",
         1, 9, NULL},
        {"{\"started_at\":1,\"ai\":{\"usage\":{\"prompt_tokens\":1},\"usage\":{}," U("q", "2") "}}", 1, 2,
         "m2"},
        {"{\"x\\\"started_at\":5,\"started_at\":1,\"ai\":{" U("p", "6") "}}", 1, 6, "m6"},
        {"{\"started_at\":1,\"ai\":{" U("p", "1") "," U("q", "2") "}}", 2, 1, "m1"},
    };
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    for (int twice = 0; twice < 2; twice++) { /* read whole, then by shape */
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct tb_outcome out = extract(x, rows[i].line);
            if (out.kind != TB_OUTCOME_EVENTS || out.n != rows[i].n ||
                out.events[0].number[TB_N_INPUT] != rows[i].input ||
                !tb_str_eq(out.events[0].text[TB_T_MODEL], tb_str_of(rows[i].model)) ||
                out.events[0].ts_us != 1000) {
                fail_msg("%s", rows[i].line);
            }
        }
    }
    tb_extractor_free(x);
}

static void too_many_events(void **state)
{
    char line[8192];
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "kong"));
    assert_non_null(x);
    for (int keys = TB_KEYS_PER_RECORD_MAX; keys <= TB_KEYS_PER_RECORD_MAX + 1; keys++) {
        int n = snprintf(line, sizeof line, "{\"started_at\":1,\"request\":{\"id\":\"r\"},\"ai\":{");
        for (int i = 0; i < keys; i++) {
            n += snprintf(line + n, sizeof line - (size_t)n, "%s\"k%d\":{\"usage\":{\"total_tokens\":%d}}",
                          i == 0 ? "" : ",", i, i);
        }
        snprintf(line + n, sizeof line - (size_t)n, "}}");
        struct tb_outcome out = extract(x, line);
        assert_int_equal(out.kind, keys == TB_KEYS_PER_RECORD_MAX ? TB_OUTCOME_EVENTS : TB_OUTCOME_REJECTED);
        if (out.kind == TB_OUTCOME_EVENTS) {
            assert_int_equal(out.n, keys);
            assert_true(tb_str_eq(out.events[63].id, TB_STR("r/k63")));
        } else {
            assert_string_equal(out.reason, "too_many_events");
        }
    }
    tb_extractor_free(x);
}

/* A long id or name is cut and stays distinct. */
static void long_texts_stay_distinct(void **state)
{
    char line[8192], first[1100];
    struct tb_str text = TB_STR_NULL;
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "tollbook_event"));
    assert_non_null(x);
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line,
                 "{\"ts\":\"2026-01-05T10:00:00Z\",\"id\":\"%0700d%d\",\"consumer\":\"%0*d%d\"}", 0, i, 1500,
                 0, i);
        struct tb_outcome out = extract(x, line);
        assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
        assert_true(out.events[0].id.n <= TB_ID_BYTES_MAX);
        text = out.events[0].text[TB_T_CONSUMER];
        assert_true(text.n <= TB_FIELD_BYTES_MAX);
        if (i == 0) {
            memcpy(first, text.s, text.n);
        } else {
            assert_true(memcmp(first, text.s, text.n) != 0);
        }
    }
    tb_extractor_free(x);
}

/* --- prompts ------------------------------------------------------------------------------------------------------------------- */

static void prompt_is_the_last_user_message(void **state)
{
    static const struct {
        const char *prompt; /* as it stands in the log */
        const char *text;   /* what counts */
    } rows[] = {
        {"plain words", "plain words"},
        {"say \\\"hi\\\" \\u00e9", "say \"hi\" \xc3\xa9"},
        {"{\\\"messages\\\":[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"one\\\"}]}", "one"},
        {"{\\\"model\\\":\\\"m\\\",\\\"messages\\\":[{\\\"role\\\":\\\"system\\\",\\\"content\\\":\\\"s\\\"},"
         "{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"a\\\"},"
         "{\\\"role\\\":\\\"assistant\\\",\\\"content\\\":\\\"b\\\"},{\\\"content\\\":\\\"c "
         "\\\\\\\"d\\\\\\\" \\\\n\\\",\\\"role\\\":\\\"user\\\"}],\\\"n\\\":[1,{}]}",
         "c \"d\" \n"},
        {"{\\\"messages\\\":[{\\\"role\\\":\\\"user\\\",\\\"content\\\":[{\\\"text\\\":\\\"x\\\"}]}]}",
         "[{\"text\":\"x\"}]"},
        {"{\\\"messages\\\":[{\\\"role\\\":\\\"system\\\",\\\"content\\\":\\\"s\\\"}]}",
         "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]}"},
        {"{\\\"messages\\\":[{\\\"role\\\":", "{\"messages\":[{\"role\":"},
        {"", ""},
    };
    static const unsigned char key[16] = "0123456789abcdef", other[16] = "another key here";
    char line[2048];
    uint64_t before = 0;
    (void)state;
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, "tollbook_event"));
    assert_non_null(x);
    tb_prompt_key(key);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(line, sizeof line, "{\"ts\":\"2026-01-05T10:00:00Z\",\"prompt\":\"%s\"}", rows[i].prompt);
        struct tb_outcome out = extract(x, line);
        assert_int_equal(out.kind, TB_OUTCOME_EVENTS);
        if (!tb_str_eq(out.events[0].prompt, tb_str_of(rows[i].text))) {
            fail_msg("%s: %.*s", rows[i].prompt, (int)out.events[0].prompt.n, out.events[0].prompt.s);
        }
        assert_int_equal(out.events[0].number[TB_N_PROMPT_CHARS], tb_prompt_chars(tb_str_of(rows[i].text)));
        assert_int_equal(out.events[0].prompt_fingerprint, tb_prompt_fingerprint(tb_str_of(rows[i].text)));
        assert_true(out.events[0].prompt_fingerprint != 0 && out.events[0].prompt_fingerprint != before);
        before = out.events[0].prompt_fingerprint;
    }
    tb_prompt_key(other);
    assert_true(tb_prompt_fingerprint(TB_STR("")) != before);
    struct tb_outcome out = extract(x, "{\"ts\":\"2026-01-05T10:00:00Z\",\"prompt_hash\":\"ab12\"}");
    assert_int_equal(out.events[0].prompt_fingerprint, tb_prompt_fingerprint(TB_STR("ab12")));
    tb_extractor_free(x);
}

/* --- bidding --------------------------------------------------------------------------------------------------------------------- */

static void bids(void **state)
{
    static char kong[96] = "{\"started_at\":1,\"request\":{},\"response\":{\"status\":429}}",
                event[96] = "{\"ts\":\"2026-01-05T10:00:00Z\",\"input_tokens\":1}", plain[96] = "words";
    struct tb_str lines[3] = {{plain, 5}, {event, strlen(event)}, {kong, strlen(kong)}};
    (void)state;
    assert_string_equal(tb_format_id(tb_format_bid(set, lines, 2)), "tollbook_event");
    assert_string_equal(tb_format_id(tb_format_bid(set, lines + 2, 1)), "kong");
    assert_null(tb_format_bid(set, lines, 1));
    assert_null(tb_format_bid(set, lines, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples_hold),
                                       cmocka_unit_test(samples_can_fail),
                                       cmocka_unit_test(bad_files_have_places),
                                       cmocka_unit_test(outcomes_have_reasons),
                                       cmocka_unit_test(last_key_rules),
                                       cmocka_unit_test(too_many_events),
                                       cmocka_unit_test(long_texts_stay_distinct),
                                       cmocka_unit_test(prompt_is_the_last_user_message),
                                       cmocka_unit_test(bids)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
