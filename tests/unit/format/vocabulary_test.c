/* The words of the vocabulary that kong does not use, by the formats that use them, against a second road (reference_more.h). */
#include "reference_more.h"

#include "differential.h"

/* --- litellm_spendlogs, helicone -------------------------------------------------------------------------------------------- */

static void v_naive(struct out *o)
{
    put(o, ONE("\"2026-01-05 10:00:00\"", "\"2026-01-05 10:00:01.250499\"", "\"2026-01-05T11:00:00.5+01:00\"",
               "\"2026-01-05T09:59:59Z\"", "null", "\"\"", "1767607200"));
}

static void v_word(struct out *o)
{
    put(o, ONE("\"None\"", "\"True\"", "true", "false", "null", "\"\"", "\"u-1\"", "\"sk-in-clear\"",
               "\"0a1b2c3d4e5f\"", "\"00000000-0000-0000-0000-000000000000\""));
}

static void v_outcome(struct out *o)
{
    put(o, ONE("\"success\"", "\"failure\"", "null", "\"\"", "\"success\""));
}

static void v_code(struct out *o)
{
    put(o, ONE("\"429\"", "\"503\"", "429", "\"\"", "\"None\"", "\"timeout\"", "null", "\"0429\"", "600"));
}

OBJECT(v_details, {"cached_tokens", v_count}, {"reasoning_tokens", v_count})
OBJECT(v_values, {"cache_read_input_tokens", v_count}, {"cache_creation_input_tokens", v_count},
       {"prompt_cache_hit_tokens", v_count}, {"prompt_tokens_details", v_details},
       {"completion_tokens_details", v_details})
OBJECT(v_error, {"error_code", v_code}, {"error_class", v_text})
OBJECT(v_metadata, {"additional_usage_values", v_values}, {"usage_object", v_values},
       {"error_information", v_error}, {"user_agent", v_text}, {"attempted_retries", v_count},
       {"requester_ip_address", v_text})
OBJECT(v_properties, {"feature", v_text}, {"app", v_text}, {"team", v_text})

/* What make writes, as a string, now and then spoiled. */
static void put_string(struct out *o, void (*make)(struct out *))
{
    static struct out inner;
    inner.n = 0;
    inner.spaced = pick(2) == 0;
    make(&inner);
    if (pick(12) == 0 && inner.n > 1) {
        mutate(&inner);
    }
    put(o, "\"");
    for (size_t i = 0; i < inner.n; i++) {
        char text[8];
        unsigned char c = (unsigned char)inner.s[i];
        bool escape = c < 0x20 || c == '"' || c == '\\' || pick(200) == 0;
        snprintf(text, sizeof text, escape && c < 0x80 ? "\\u%04x" : "%c", c);
        put(o, c == '"' || c == '\\' ? (c == '"' ? "\\\"" : "\\\\") : text);
    }
    put(o, "\"");
}

static void v_metadata_string(struct out *o)
{
    switch (pick(6)) {
    case 0:
        v_metadata(o);
        break;
    case 1:
        put(o, ONE("null", "\"\"", "\"{}\"", "\"[]\"", "\"{\\\"user_agent\\\":\"",
                   "\" {\\\"user_agent\\\":1} \"", "\"\\u007b\\\"user_agent\\\":\\\"x\\\"}\""));
        break;
    default:
        put_string(o, v_metadata);
    }
}

static void v_properties_string(struct out *o)
{
    if (pick(2) == 0) {
        v_properties(o);
    } else {
        put_string(o, v_properties);
    }
}

OBJECT(v_spend, {"request_id", v_text}, {"call_type", v_text}, {"startTime", v_naive}, {"endTime", v_naive},
       {"user", v_word}, {"team_id", v_word}, {"api_key", v_word}, {"end_user", v_text}, {"model", v_text},
       {"model_group", v_text}, {"custom_llm_provider", v_text}, {"metadata", v_metadata_string},
       {"spend", v_cost}, {"prompt_tokens", v_count}, {"completion_tokens", v_count}, {"cache_hit", v_word},
       {"total_tokens", v_count}, {"status", v_outcome}, {"requester_ip_address", v_text})

static void v_zoned(struct out *o)
{
    put(o, ONE("\"2026-01-05T10:00:00.250Z\"", "\"2026-01-05T10:00:00Z\"", "\"2026-01-05 11:00:00.5+01\"",
               "\"2026-01-05T10:00:00\"", "null"));
}

static void v_answer(struct out *o)
{
    put(o, ONE("200", "200", "200", "429", "500", "-3", "-4", "-2", "\"200\"", "\"-3\"", "\"\"", "null",
               "true"));
}

static void v_provider(struct out *o)
{
    put(o, ONE("\"OPENAI\"", "\"ANTHROPIC\"", "\"AWS\"", "null", "\"\"", "\"DEEPSEEK\""));
}

OBJECT(v_helicone, {"request_id", v_text}, {"response_id", v_text}, {"request_created_at", v_zoned},
       {"request_user_id", v_text}, {"provider", v_provider}, {"request_model", v_text},
       {"response_model", v_text}, {"model", v_text}, {"request_path", v_text},
       {"request_properties", v_properties_string}, {"prompt_tokens", v_count},
       {"prompt_cache_read_tokens", v_count}, {"prompt_cache_write_tokens", v_count},
       {"completion_tokens", v_count}, {"total_tokens", v_count}, {"response_status", v_answer},
       {"delay_ms", v_ms}, {"latency", v_ms}, {"cost", v_cost}, {"cache_reference_id", v_word})

/* --- otlp_genai ---------------------------------------------------------------------------------------------------------------- */

static void v_kind(struct out *o)
{
    put(o, ONE("\"chat\"", "\"chat\"", "\"embeddings\"", "\"invoke_agent\"", "\"execute_tool\"", "null",
               "\"x\""));
}

/* One attribute: its members in any order, its value typed as OTLP does, or not. */
static void put_attribute(struct out *o, const char *key, void (*value)(struct out *))
{
    bool typed = pick(12) != 0, before = pick(3) == 0;
    put(o, pick(20) == 0 ? "{\"key\":\"other\"," : "{");
    if (!before) {
        put_key(o, "key");
        put(o, "\"");
        put(o, key);
        put(o, "\",");
    }
    put_key(o, "value");
    put(o, typed ? ONE("{\"stringValue\":", "{\"intValue\":", "{\"a\":1,\"doubleValue\":") : "");
    if (pick(30) == 0) {
        put(o, ONE("null", "{}", "[]", "{\"values\":[1]}", "true"));
    } else {
        value(o);
    }
    put(o, typed ? "}" : "");
    if (before) {
        put(o, ",\"key\":\"");
        put(o, key);
        put(o, "\"");
    }
    put(o, "}");
}

struct named {
    const char *key;
    void (*value)(struct out *);
};

/* Some of the attributes, in any order, some twice, with strangers and broken ones between. */
static void put_attributes(struct out *o, const struct named *a, uint32_t n)
{
    if (pick(40) == 0) {
        put_any(o);
        return;
    }
    put(o, "[");
    for (uint32_t i = 0, count = pick(n + 3); i < count; i++) {
        const struct named *one = &a[pick(n)];
        put(o, i == 0 ? "" : ",");
        space(o);
        switch (pick(25)) {
        case 0:
            put(o, ONE("1", "null", "{}", "[]", "{\"key\":\"gen_ai.request.model\"}",
                       "{\"value\":{\"intValue\":5}}", "{\"key\":7,\"value\":{\"intValue\":5}}",
                       "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{}}",
                       "{\"key\":\"gen_ai.usage.input_\\u0074okens\",\"value\":{\"intValue\":\"8\"}}"));
            break;
        default:
            put_attribute(o, one->key, one->value);
        }
    }
    put(o, "]");
}

static void v_attributes(struct out *o)
{
    static const struct named a[] = {{"gen_ai.operation.name", v_kind},
                                     {"gen_ai.provider.name", v_text},
                                     {"gen_ai.system", v_text},
                                     {"gen_ai.request.model", v_text},
                                     {"gen_ai.response.model", v_text},
                                     {"gen_ai.agent.name", v_text},
                                     {"gen_ai.usage.input_tokens", v_count},
                                     {"gen_ai.usage.prompt_tokens", v_count},
                                     {"gen_ai.usage.output_tokens", v_count},
                                     {"gen_ai.usage.completion_tokens", v_count},
                                     {"gen_ai.usage.total_tokens", v_count},
                                     {"gen_ai.usage.cache_read.input_tokens", v_count},
                                     {"gen_ai.usage.cache_creation_input_tokens", v_count},
                                     {"gen_ai.usage.reasoning_tokens", v_count},
                                     {"http.response.status_code", v_code},
                                     {"error.type", v_code},
                                     {"traceloop.span.kind", v_text},
                                     {"gen_ai.usage", v_count}};
    put_attributes(o, a, sizeof a / sizeof *a);
}

static void v_resource_attributes(struct out *o)
{
    static const struct named a[] = {{"service.name", v_text}, {"user.id", v_text}, {"host.name", v_text}};
    put_attributes(o, a, sizeof a / sizeof *a);
}

static void v_begin(struct out *o)
{
    put(o, ONE("\"1767607200250000500\"", "1767607200250000512", "\"1767607200250001500\"", "null", "\"0\"",
               "\"\"", "\"1767607200250000500\""));
}

static void v_end(struct out *o)
{
    put(o, ONE("\"1767607201500300500\"", "\"1767607201500700500\"", "1767607201500700672", "\"0\"", "null",
               "\"x\""));
}

static void v_status_code(struct out *o)
{
    put(o, ONE("0", "1", "2", "\"STATUS_CODE_ERROR\"", "\"STATUS_CODE_OK\"", "null", "\"2\""));
}

OBJECT(v_span_status, {"code", v_status_code}, {"message", v_text})
OBJECT(v_span, {"traceId", v_text}, {"spanId", v_text}, {"startTimeUnixNano", v_begin},
       {"endTimeUnixNano", v_end}, {"attributes", v_attributes}, {"status", v_span_status}, {"name", v_text})

static void put_list(struct out *o, uint32_t most, void (*value)(struct out *))
{
    put(o, "[");
    for (uint32_t i = 0, n = pick(most + 1); i < n; i++) {
        put(o, i == 0 ? "" : ",");
        space(o);
        value(o);
    }
    put(o, "]");
}

static void v_spans(struct out *o)
{
    put_list(o, 3, v_span);
}

OBJECT(v_resource, {"attributes", v_resource_attributes})
OBJECT(v_scope, {"spans", v_spans}, {"scope", v_text})

static void v_scopes(struct out *o)
{
    put_list(o, 2, v_scope);
}

OBJECT(v_resource_spans, {"resource", v_resource}, {"scopeSpans", v_scopes})

static void v_all_spans(struct out *o)
{
    put_list(o, 3, v_resource_spans);
}

OBJECT(v_otlp, {"resourceSpans", v_all_spans}, {"x", v_text})

/* --- the tests ------------------------------------------------------------------------------------------------------------------- */

#define LINES 6000

static void as_reference(const char *format, void (*make)(struct out *),
                         enum ref_kind (*reference)(const char *, struct ref_event *, int *), bool ignores)
{
    memset(outcomes, 0, sizeof outcomes);
    for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
        run(format, make, reference, *isa, LINES);
    }
    assert_true(tb_scan_use(tb_scan_isas()[0]));
    assert_true(outcomes[REF_EVENTS] > LINES / 20 && outcomes[REF_REJECTED] > LINES / 20);
    assert_true(!ignores || outcomes[REF_IGNORED] > LINES / 20);
}

static void spendlogs_as_reference(void **state)
{
    (void)state;
    as_reference("litellm_spendlogs", v_spend, ref_spendlogs, false);
}

static void helicone_as_reference(void **state)
{
    (void)state;
    as_reference("helicone", v_helicone, ref_helicone, false);
}

static void otlp_as_reference(void **state)
{
    (void)state;
    as_reference("otlp_genai", v_otlp, ref_otlp, true);
}

int main(void)
{
    const char *more = getenv("TB_SEED"); /* to search on by hand */
    seed = more == NULL ? seed : strtoull(more, NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(spendlogs_as_reference),
                                       cmocka_unit_test(helicone_as_reference),
                                       cmocka_unit_test(otlp_as_reference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
