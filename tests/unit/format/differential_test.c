/* Thousands of lines, made at random and then mutated, through the scanner and through the reference: same outcome, same
 * events, with every instruction set. */
#include "differential.h"

static void v_status(struct out *o)
{
    put(o, ONE("200", "200", "200", "200", "429", "401", "503", "302", "\"200\"", "null"));
}

static void v_started(struct out *o)
{
    put(o, ONE("1767225600000", "1767225600123", "1.767225600123e+12", "1767225600000.5", "null", "0"));
}

static void v_tries(struct out *o)
{
    put(o, ONE("[]", "{}", "[{\"ip\":\"192.0.2.1\",\"code\":502},{}]", "[{}]", "[ {\"a\":[1,2]} , {} ,{}]",
               "null"));
}

static void v_ua(struct out *o)
{
    put(o,
        ONE("\"probe/1.0\"", "[\"curl/8\",\"bot\"]", "[]", "[ \"a\" ]", "[null,\"b\"]", "[[\"c\"],\"d\"]"));
}

OBJECT(v_headers, {"user-agent", v_ua}, {"apikey", v_text}, {"host", v_text})
OBJECT(v_request, {"id", v_text}, {"headers", v_headers}, {"size", v_count}, {"uri", v_text})
OBJECT(v_response, {"status", v_status}, {"size", v_count}, {"headers", v_headers})
OBJECT(v_latencies, {"request", v_ms}, {"kong", v_ms})
OBJECT(v_route, {"name", v_text}, {"id", v_text})
OBJECT(v_consumer, {"username", v_text}, {"custom_id", v_text}, {"id", v_text})
OBJECT(v_in_details, {"cached_tokens", v_count})
OBJECT(v_out_details, {"reasoning_tokens", v_count})
OBJECT(v_usage, {"prompt_tokens", v_count}, {"completion_tokens", v_count}, {"total_tokens", v_count},
       {"cost", v_cost}, {"prompt_tokens_details", v_in_details})
OBJECT(v_usage_more, {"prompt_token", v_count}, {"completion_token", v_count}, {"total_tokens", v_count},
       {"completion_tokens", v_count}, {"completion_tokens_details", v_out_details})
OBJECT(v_meta, {"provider_name", v_text}, {"request_model", v_text}, {"response_model", v_text})

static void v_cache_status(struct out *o)
{
    put(o, ONE("\"Hit\"", "\"Miss\"", "null"));
}

OBJECT(v_cache, {"cache_status", v_cache_status})
OBJECT(v_section, {"usage", v_usage}, {"meta", v_meta})
OBJECT(v_section_more, {"usage", v_usage_more}, {"meta", v_meta}, {"cache", v_cache})
OBJECT(v_ai_flat, {"usage", v_usage}, {"meta", v_meta})
OBJECT(v_ai_one, {"proxy", v_section}, {"payload", v_meta})
OBJECT(v_ai_two, {"ai-proxy", v_section_more}, {"ai-request-transformer", v_section}, {"mcp", v_meta})

static void v_ai(struct out *o)
{
    void (*const kinds[])(struct out *) = {v_ai_flat, v_ai_one, v_ai_two, v_ai_one, v_ai_two, put_any};
    kinds[pick(6)](o);
}

OBJECT(v_kong, {"request", v_request}, {"response", v_response}, {"latencies", v_latencies},
       {"tries", v_tries}, {"route", v_route}, {"consumer", v_consumer}, {"client_ip", v_text},
       {"started_at", v_started}, {"ai", v_ai}, {"service", v_route})

static void v_ts(struct out *o)
{
    put(o, ONE("\"2026-01-05T10:00:00Z\"", "\"2026-01-05 10:00:00.123456+01:00\"", "\"2026-01-05T10:00:00\"",
               "null", "1", "\"\""));
}

static void v_bool(struct out *o)
{
    put(o, ONE("true", "false", "null"));
}

OBJECT(v_event, {"ts", v_ts}, {"id", v_text}, {"consumer", v_text}, {"provider", v_text}, {"model", v_text},
       {"feature", v_text}, {"input_tokens", v_count}, {"output_tokens", v_count},
       {"cache_read_tokens", v_count}, {"total_tokens", v_count}, {"status", v_status}, {"success", v_bool},
       {"cost_usd", v_cost}, {"reasoning_tokens", v_count})

#define LINES 6000

static void kong_as_reference(void **state)
{
    (void)state;
    memset(outcomes, 0, sizeof outcomes);
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        run("kong", v_kong, ref_kong, *isa, LINES);
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    for (int i = 0; i < 4; i++) {
        assert_true(outcomes[i] > LINES / 20); /* each kind of outcome was really met */
    }
}

static void tollbook_event_as_reference(void **state)
{
    (void)state;
    memset(outcomes, 0, sizeof outcomes);
    run("tollbook_event", v_event, ref_tollbook_event, tb_scan_isas()[0], 2 * LINES);
    assert_true(outcomes[REF_EVENTS] > LINES / 20 && outcomes[REF_REJECTED] > LINES / 20);
}

int main(void)
{
    const char *more = getenv("TB_SEED"); /* to search on by hand */
    seed = more == NULL ? seed : strtoull(more, NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(kong_as_reference),
                                       cmocka_unit_test(tollbook_event_as_reference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
