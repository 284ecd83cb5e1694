/* CSV rows: what the JSON line of the same values becomes, the row becomes too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "format/format.h"

static struct tb_format_set *set;
static struct tb_extractor *x;

static int set_up(void **state)
{
    struct tb_err err;
    (void)state;
    if (tb_format_set_new(NULL, &set, &err) != TB_OK) {
        return 1;
    }
    x = tb_extractor_new(tb_format_find(set, "inference_events"));
    return x == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    tb_extractor_free(x);
    tb_format_set_free(set);
    return 0;
}

static struct tb_outcome extract(const char *line)
{
    static char copy[4096];
    struct tb_outcome out;
    size_t n = strlen(line);
    memset(copy, '"', sizeof copy);
    memcpy(copy, line, n);
    tb_extract(x, (struct tb_str){copy, n}, &out);
    return out;
}

static void rows_become_events(void **state)
{
    static const struct {
        const char *header, *row;
        const char *feature;
        int64_t input; /* -1: absent */
    } rows[] = {
        {"created_at,feature,input_tokens", "2026-01-05 10:00:00+00,chat,12", "chat", 12},
        {"input_tokens;feature;created_at", "12;\"a;b\";2026-01-05T10:00:00Z", "a;b", 12},
        {"input_tokens\tfeature\tcreated_at", "\tchat\t2026-01-05T10:00:00Z", "chat", -1},
        {"\xef\xbb\xbf"
         "created_at,feature,input_tokens\r",
         "2026-01-05T10:00:00Z,\"say \"\"hi\"\"\",\"7\"\r", "say \"hi\"", 7},
        {"created_at,\"feature\",else,input_tokens", "2026-01-05T10:00:00Z,\"a,b\nc\",\"{\"\"x\"\": 1}\",1",
         "a,b\nc", 1},
        {"created_at,feature,input_tokens", "2026-01-05T10:00:00Z,caf\xc3\xa9\\n,1", "caf\xc3\xa9\\n", 1},
        {"created_at,feature,input_tokens", "2026-01-05T10:00:00Z,\"\",1", NULL, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tb_extractor_start(x);
        struct tb_outcome out = extract(rows[i].header);
        assert_int_equal(out.kind, TB_OUTCOME_IGNORED);
        assert_string_equal(out.reason, "header");
        out = extract(rows[i].row);
        if (out.kind != TB_OUTCOME_EVENTS ||
            !tb_str_eq(out.events[0].text[TB_T_FEATURE], tb_str_of(rows[i].feature)) ||
            (tb_event_has(&out.events[0], TB_N_INPUT) ? out.events[0].number[TB_N_INPUT] : -1) !=
                rows[i].input) {
            fail_msg("row %zu: %s", i, out.reason == NULL ? "other values" : out.reason);
        }
        assert_int_equal(out.events[0].ts_us, INT64_C(1767607200000000));
        out = extract(rows[i].header);
        assert_int_equal(out.kind, TB_OUTCOME_IGNORED); /* files put together */
    }
}

static void bad_rows_have_reasons(void **state)
{
    static const struct {
        const char *row, *reason;
    } rows[] = {
        {"2026-01-05T10:00:00Z,chat", "bad_row"},
        {"2026-01-05T10:00:00Z,chat,1,2", "bad_row"},
        {"2026-01-05T10:00:00Z,\"chat,1", "bad_row"},
        {"2026-01-05T10:00:00Z,\"chat\"x,1", "bad_row"},
        {"2026-01-05T10:00:00Z,chat,many", "bad_number"},
        {"2026-01-05T10:00:00Z,chat,-1", "negative"},
        {",chat,1", "bad_ts"},
        {"", "blank"},
    };
    (void)state;
    tb_extractor_start(x);
    assert_string_equal(extract("2026-01-05T10:00:00Z,chat,1").reason, "no_header");
    assert_int_equal(extract("created_at,feature,input_tokens").kind, TB_OUTCOME_IGNORED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tb_outcome out = extract(rows[i].row);
        assert_int_not_equal(out.kind, TB_OUTCOME_EVENTS);
        assert_string_equal(out.reason, rows[i].reason);
    }
    assert_int_equal(extract("2026-01-05T10:00:00Z,chat,1").kind, TB_OUTCOME_EVENTS);
    tb_extractor_start(x); /* the next file has its own header */
    assert_string_equal(extract("2026-01-05T10:00:00Z,chat,1").reason, "no_header");
}

static void bids_for_rows(void **state)
{
    static char header[96] = "created_at,tool_name,success,retries",
                row[96] = "2026-01-05T10:00:00Z,search,t,0";
    struct tb_str lines[2] = {{header, strlen(header)}, {row, strlen(row)}};
    (void)state;
    assert_string_equal(tb_format_id(tb_format_bid(set, lines, 2)), "tool_calls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_become_events),
                                       cmocka_unit_test(bad_rows_have_reasons),
                                       cmocka_unit_test(bids_for_rows)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
