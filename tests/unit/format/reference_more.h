/* Concept: the second road (reference.h) for formats that use the rest of the vocabulary: JSON inside strings, values that
 *          must be like something, times between, arrays of keys and values, joined texts, many events in a line.
 */
#ifndef TB_TEST_REFERENCE_MORE_H
#define TB_TEST_REFERENCE_MORE_H

#include "format/strict.h"
#include "reference.h"

static bool in_words(const char *s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(s, *words) == 0) {
            return true;
        }
    }
    return false;
}

#define IS_ONE(s, ...) in_words(s, (const char *const[]){__VA_ARGS__, NULL})

/* The first text of v that is neither empty nor not_this. */
static void some_text(cJSON *const *v, int n, const char *not_this, char *out)
{
    out[0] = 0;
    for (int i = 0; i < n && out[0] == 0; i++) {
        text(v[i], out);
        out[0] = not_this != NULL && strcmp(out, not_this) == 0 ? 0 : out[0];
    }
}

static bool is_code(const char *s)
{
    return strlen(s) == 3 && s[0] >= '1' && s[0] <= '5' && strspn(s, "0123456789") == 3;
}

/* A string that holds a JSON object or array, as that; everything else as it is. *unsure: it should, but cJSON fails. */
static cJSON *held(cJSON *v, cJSON **parsed, bool *unsure)
{
    size_t byte;
    const char *reason, *s = cJSON_IsString(v) ? v->valuestring : "";
    size_t blank = strspn(s, " \t\r\n");
    *parsed = NULL;
    if ((s[blank] != '{' && s[blank] != '[') ||
        !tb_strict_check((struct tb_str){s, strlen(s)}, &byte, &reason)) {
        return v;
    }
    *parsed = cJSON_Parse(s);
    *unsure = *parsed == NULL;
    return *parsed;
}

static bool set_cost(cJSON *cost, struct ref_event *e)
{
    bool blank =
        !is_there(cost) || (cJSON_IsString(cost) && cost->valuestring[strspn(cost->valuestring, " ")] == 0);
    e->has_cost = numeric(cost, &e->cost);
    return (!e->has_cost && !blank) || e->cost < 0;
}

static bool set_text_ts(cJSON *v, bool zone_needed, int64_t *us)
{
    char ts[1100];
    bool zone;
    text(v, ts);
    return cJSON_IsString(v) && tb_ts_parse((struct tb_str){ts, strlen(ts)}, us, &zone) &&
           (zone || !zone_needed);
}

static int64_t text_number_of(const char *s)
{
    cJSON v = {.type = cJSON_String, .valuestring = (char *)(uintptr_t)s};
    return whole(&v);
}

static void blank_event(struct ref_event *e)
{
    memset(e, 0, sizeof *e);
    e->input = e->cache_read = e->cache_write_5m = e->cache_write_1h = e->output = e->reasoning = -1;
    e->total_only = e->saved = e->status = e->success = e->latency_ms = e->retries = -1;
    e->request_bytes = e->response_bytes = -1;
}

/* --- litellm_spendlogs ------------------------------------------------------------------------------------------------------ */

static bool spend_event(cJSON *o, cJSON *md, struct ref_event *e)
{
    char word[1100];
    int64_t end;
    cJSON *more = get(md, "additional_usage_values"), *usage = get(md, "usage_object");
    cJSON *who[] = {get(o, "user"), get(o, "team_id"), get(o, "api_key"), get(o, "end_user")};
    blank_event(e);
    if (!set_text_ts(get(o, "startTime"), false, &e->ts_us) || !set_ts(e, (double)e->ts_us)) {
        return false;
    }
    text(get(o, "request_id"), e->id);
    text(who[2], word);
    who[2] = strspn(word, "0123456789abcdef") >= 8 ? who[2] : NULL;
    some_text(who, 4, "None", e->consumer);
    text(get(o, "custom_llm_provider"), e->provider);
    text(get(o, "model_group"), e->model_requested);
    text(get(o, "model"), e->model);
    first_text(get(o, "requester_ip_address"), get(md, "requester_ip_address"), NULL, NULL, e->client_ip);
    text(get(md, "user_agent"), e->user_agent);
    e->input = whole(get(o, "prompt_tokens"));
    e->output = whole(get(o, "completion_tokens"));
    cJSON *reads[] = {get(more, "cache_read_input_tokens"),
                      get2(more, "prompt_tokens_details", "cached_tokens"),
                      get(more, "prompt_cache_hit_tokens"), get(usage, "cache_read_input_tokens"),
                      get2(usage, "prompt_tokens_details", "cached_tokens")};
    for (int i = 0; i < 5 && e->cache_read == -1; i++) {
        e->cache_read = whole(reads[i]);
    }
    e->cache_write_5m =
        first_whole(get(more, "cache_creation_input_tokens"), get(usage, "cache_creation_input_tokens"));
    e->reasoning = first_whole(get2(more, "completion_tokens_details", "reasoning_tokens"),
                               get2(usage, "completion_tokens_details", "reasoning_tokens"));
    text(get(o, "status"), word);
    e->success = strcmp(word, "success") == 0 ? 1 : strcmp(word, "failure") == 0 ? 0 : -1;
    e->status = e->success == 1 ? 200 : -1;
    text(get2(md, "error_information", "error_code"), word);
    e->status = is_code(word) ? text_number_of(word) : e->status;
    if (set_text_ts(get(o, "endTime"), false, &end) && end >= e->ts_us && end < INT64_MAX / 1000) {
        e->latency_ms = (end - e->ts_us + 500) / 1000;
    }
    e->retries = lenient(get(md, "attempted_retries"));
    text(get(o, "cache_hit"), word);
    e->cache_hit = IS_ONE(word, "True", "true");
    bool bad = set_cost(get(o, "spend"), e);
    return finish(e, whole(get(o, "total_tokens")), true, bad);
}

static enum ref_kind ref_spendlogs(const char *line, struct ref_event *events, int *n)
{
    cJSON *o = cJSON_Parse(line), *parsed = NULL;
    bool unsure = false;
    *n = 0;
    if (o == NULL) {
        return REF_UNSURE;
    }
    bool ts = is_there(get(o, "startTime"));
    bool recognised = ts && ((is_there(get(o, "request_id")) && is_there(get(o, "call_type"))) ||
                             is_there(get(o, "spend")));
    cJSON *md = held(get(o, "metadata"), &parsed, &unsure);
    enum ref_kind kind = REF_REJECTED;
    if (recognised && spend_event(o, md, events)) {
        kind = REF_EVENTS;
        *n = 1;
    }
    cJSON_Delete(parsed);
    cJSON_Delete(o);
    return unsure ? REF_UNSURE : kind;
}

/* --- helicone ------------------------------------------------------------------------------------------------------------------ */

static bool helicone_event(cJSON *o, cJSON *properties, struct ref_event *e)
{
    char word[1100];
    blank_event(e);
    if (!set_text_ts(get(o, "request_created_at"), true, &e->ts_us) || !set_ts(e, (double)e->ts_us)) {
        return false;
    }
    first_text(get(o, "request_id"), get(o, "response_id"), NULL, NULL, e->id);
    text(get(o, "request_user_id"), e->consumer);
    text(get(o, "provider"), e->provider);
    text(get(o, "request_model"), e->model_requested);
    first_text(get(o, "response_model"), get(o, "model"), get(o, "request_model"), NULL, e->model);
    first_text(get(properties, "feature"), get(properties, "app"), NULL, NULL, e->feature);
    if (e->feature[0] == 0) {
        text(get(o, "request_path"), e->feature);
        e->feature[strcspn(e->feature, "?")] = 0;
    }
    e->input = whole(get(o, "prompt_tokens"));
    e->cache_read = whole(get(o, "prompt_cache_read_tokens"));
    e->cache_write_5m = whole(get(o, "prompt_cache_write_tokens"));
    e->output = whole(get(o, "completion_tokens"));
    text(get(o, "response_status"), word);
    e->status = word[0] >= '0' && word[0] <= '9' ? whole(get(o, "response_status")) : -1;
    e->success = IS_ONE(word, "-1", "-3", "-4") ? 0 : -1;
    cJSON *delay = get(o, "delay_ms");
    bool blank = !is_there(delay) || (cJSON_IsString(delay) && text_number_of(delay->valuestring) == -1);
    e->latency_ms = rounded(blank ? get(o, "latency") : delay);
    bool beside =
        IS_ONE(e->provider, "ANTHROPIC", "Anthropic", "anthropic", "BEDROCK", "bedrock", "AWS", "aws");
    cJSON *reference = get(o, "cache_reference_id");
    text(reference, word);
    bool container = cJSON_IsObject(reference) || cJSON_IsArray(reference);
    e->cache_hit = is_there(reference) &&
                   (container || !IS_ONE(word, "", "None", "00000000-0000-0000-0000-000000000000"));
    bool bad = set_cost(get(o, "cost"), e);
    return finish(e, whole(get(o, "total_tokens")), !beside, bad);
}

static enum ref_kind ref_helicone(const char *line, struct ref_event *events, int *n)
{
    cJSON *o = cJSON_Parse(line), *parsed = NULL;
    bool unsure = false;
    *n = 0;
    if (o == NULL) {
        return REF_UNSURE;
    }
    cJSON *properties = held(get(o, "request_properties"), &parsed, &unsure);
    enum ref_kind kind = REF_REJECTED;
    if (is_there(get(o, "request_created_at")) && helicone_event(o, properties, events)) {
        kind = REF_EVENTS;
        *n = 1;
    }
    cJSON_Delete(parsed);
    cJSON_Delete(o);
    return unsure ? REF_UNSURE : kind;
}

/* --- otlp_genai ---------------------------------------------------------------------------------------------------------------- */

/* What the attribute named key holds; NULL when there is none. */
static cJSON *attribute(cJSON *owner, const char *key)
{
    cJSON *found = NULL, *list = get(owner, "attributes");
    for (cJSON *a = cJSON_IsArray(list) ? list->child : NULL; a != NULL; a = a->next) {
        cJSON *k = get(a, "key"), *v = get(a, "value");
        if (!cJSON_IsString(k) || strcmp(k->valuestring, key) != 0 || v == NULL ||
            (cJSON_IsObject(v) && v->child == NULL)) {
            continue;
        }
        found = v;
        for (cJSON *inner = cJSON_IsObject(v) ? v->child : NULL; inner != NULL; inner = inner->next) {
            found = inner;
        }
    }
    return found;
}

/* Nanoseconds; numbers may stand in quotes. */
static bool nanos(cJSON *v, double *ns)
{
    return is_there(v) && numeric(v, ns);
}

static bool is_call(cJSON *span)
{
    char op[1100], kind[1100];
    text(attribute(span, "gen_ai.operation.name"), op);
    text(attribute(span, "traceloop.span.kind"), kind);
    static const char *const usage[] = {"gen_ai.usage.input_tokens",  "gen_ai.usage.prompt_tokens",
                                        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens",
                                        "gen_ai.usage.total_tokens",  "llm.usage.total_tokens"};
    bool any = IS_ONE(op, "chat", "generate_content", "text_completion", "embeddings") ||
               is_there(attribute(span, "gen_ai.request.model"));
    for (int i = 0; i < 6; i++) {
        any = any || whole(attribute(span, usage[i])) != -1;
    }
    return any && !IS_ONE(op, "create_agent", "invoke_agent", "invoke_workflow", "plan", "execute_tool") &&
           !IS_ONE(kind, "workflow", "task", "agent", "tool");
}

static bool span_event(cJSON *resource, cJSON *span, struct ref_event *e)
{
    char a[1100], b[1100];
    double begin, end;
    blank_event(e);
    if (!nanos(get(span, "startTimeUnixNano"), &begin) || !set_ts(e, trunc(begin / 1000))) {
        return false;
    }
    e->unsure =
        cJSON_IsNumber(get(span, "traceId")) || cJSON_IsNumber(get(span, "spanId")); /* digits are lost */
    text(get(span, "traceId"), a);
    text(get(span, "spanId"), b);
    if (a[0] != 0 && b[0] != 0) {
        snprintf(e->id, sizeof e->id, "%.290s/%.290s", a, b);
    }
    first_text(attribute(resource, "user.id"), attribute(resource, "enduser.id"),
               attribute(resource, "service.name"), NULL, e->consumer);
    first_text(attribute(span, "gen_ai.provider.name"), attribute(span, "gen_ai.system"), NULL, NULL,
               e->provider);
    text(attribute(span, "gen_ai.request.model"), e->model_requested);
    first_text(attribute(span, "gen_ai.response.model"), attribute(span, "gen_ai.request.model"), NULL, NULL,
               e->model);
    text(attribute(span, "gen_ai.agent.name"), e->feature);
    e->input = first_whole(attribute(span, "gen_ai.usage.input_tokens"),
                           attribute(span, "gen_ai.usage.prompt_tokens"));
    e->output = first_whole(attribute(span, "gen_ai.usage.output_tokens"),
                            attribute(span, "gen_ai.usage.completion_tokens"));
    e->cache_read = first_whole(attribute(span, "gen_ai.usage.cache_read.input_tokens"),
                                attribute(span, "gen_ai.usage.cache_read_input_tokens"));
    e->cache_write_5m = first_whole(attribute(span, "gen_ai.usage.cache_creation.input_tokens"),
                                    attribute(span, "gen_ai.usage.cache_creation_input_tokens"));
    e->reasoning = first_whole(attribute(span, "gen_ai.usage.reasoning.output_tokens"),
                               attribute(span, "gen_ai.usage.reasoning_tokens"));
    text(attribute(span, "http.response.status_code"), a);
    text(attribute(span, "error.type"), b);
    e->status = is_code(a) ? text_number_of(a) : is_code(b) ? text_number_of(b) : -1;
    text(get2(span, "status", "code"), a);
    e->success = IS_ONE(a, "1", "STATUS_CODE_OK") ? 1 : IS_ONE(a, "2", "STATUS_CODE_ERROR") ? 0 : -1;
    if (nanos(get(span, "endTimeUnixNano"), &end) && end >= begin && end < 9e18) {
        e->latency_ms = (int64_t)floor((end - begin) / 1e6 + 0.5);
    }
    int64_t total =
        first_whole(attribute(span, "gen_ai.usage.total_tokens"), attribute(span, "llm.usage.total_tokens"));
    return finish(e, total, true, false);
}

/* Whether something that should be an array is an object: there the keys rule, which this road does not follow. */
static bool is_odd(cJSON *v)
{
    return cJSON_IsObject(v) && v->child != NULL;
}

static enum ref_kind ref_otlp(const char *line, struct ref_event *events, int *n)
{
    cJSON *o = cJSON_Parse(line), *all = get(o, "resourceSpans"), *span;
    *n = 0;
    if (o == NULL) {
        return REF_UNSURE;
    }
    enum ref_kind kind = is_odd(all)                                         ? REF_UNSURE
                         : is_there(all) || is_there(get(o, "resourceLogs")) ? REF_IGNORED
                         : is_there(get(o, "resourceMetrics"))               ? REF_IGNORED
                                                                             : REF_REJECTED;
    for (cJSON *rs = cJSON_IsArray(all) ? all->child : NULL; rs != NULL; rs = rs->next) {
        cJSON *scopes = get(rs, "scopeSpans");
        kind = is_odd(scopes) ? REF_UNSURE : kind;
        for (cJSON *ss = cJSON_IsArray(scopes) ? scopes->child : NULL; ss != NULL; ss = ss->next) {
            cJSON *spans = get(ss, "spans");
            kind = is_odd(spans) ? REF_UNSURE : kind;
            for (span = cJSON_IsArray(spans) ? spans->child : NULL; span != NULL; span = span->next) {
                if (!is_call(span) || kind == REF_REJECTED || kind == REF_UNSURE) {
                    continue;
                }
                kind = span_event(get(rs, "resource"), span, &events[*n]) ? REF_EVENTS : REF_REJECTED;
                kind = events[*n].unsure ? REF_UNSURE : kind;
                ++*n;
            }
        }
    }
    cJSON_Delete(o);
    return kind;
}

#endif
