/* Concept: Kong log lines for benchmarks, composed here: the same seed gives the same bytes everywhere. About 2.4 KB a
 *          line without prompt (k), 6.7 KB with one (p), half of the prompt bytes in the request and half in the response.
 */
#ifndef TB_BENCH_KONG_LINES_H
#define TB_BENCH_KONG_LINES_H

#include <stdint.h>
#include <stdio.h>

static uint64_t lines_seed = 1;

static uint32_t lines_random(uint32_t below)
{
    lines_seed = lines_seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((lines_seed >> 33) % below);
}

/* Words, now and then a newline, a quote or an accent, escaped once for `inner` JSON and once for the log. */
static int lines_text(char *out, int bytes)
{
    static const char *const words[] = {
        "the", "quarterly", "report", "shows",      "that",   "usage",  "of",     "every",      "team",
        "has", "to",        "be",     "attributed", "before", "friday", "and",    "summarised", "in",
        "one", "paragraph", "with",   "figures",    "for",    "each",   "region", "please"};
    int n = 0;
    while (n < bytes) {
        uint32_t r = lines_random(100);
        const char *w = r == 0   ? "\\\\n"
                        : r == 1 ? "\\\\\\\"quoted\\\\\\\""
                        : r == 2 ? "r\xc3\xa9sum\xc3\xa9"
                                 : words[lines_random(26)];
        n += sprintf(out + n, "%s ", w);
    }
    return n;
}

static int lines_make(char *o, uint64_t i, int prompt_bytes)
{
    static const char *const routes[] = {"chat-prod", "ai-budget", "summaries", "rag-search", "code-review"};
    static const char *const models[] = {"gpt-4o-mini-2024-07-18", "claude-3-haiku-20240307",
                                         "gpt-4o-2024-08-06", "mistral-large-2407"};
    static const char *const providers[] = {"openai", "anthropic", "openai", "mistral"};
    uint32_t r = lines_random(5), m = lines_random(4), c = lines_random(40), in = 10 + lines_random(5000),
             out = 1 + lines_random(1200);
    unsigned long long ts = 1767225600000ull + i * 137;
    int n =
        sprintf(o,
                "{\"latencies\":{\"proxy\":%u,\"kong\":%u,\"request\":%u,\"receive\":%u},\"request\":{\"id\":"
                "\"%016llx%08x%08x\","
                "\"uri\":\"\\/llm\\/%s\\/v1\\/chat\\/completions\",\"url\":\"https:\\/\\/"
                "gw.example.org:8443\\/llm\\/%s\\/v1\\/chat\\/completions\","
                "\"querystring\":{},\"method\":\"POST\",\"headers\":{\"host\":\"gw.example.org\",\"content-"
                "type\":\"application\\/json\","
                "\"user-agent\":\"openai-python\\/1.%u.0\",\"accept\":\"*\\/*\",\"accept-encoding\":\"gzip, "
                "deflate\",\"connection\":\"keep-alive\",\"content-length\":\"%u\","
                "\"x-forwarded-for\":\"10.1.%u.%u\",\"authorization\":\"REDACTED\"},\"size\":%u,\"tls\":{"
                "\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"client_verify\":\"NONE\"}},",
                400 + lines_random(4000), lines_random(20), 420 + lines_random(4000), lines_random(9), ts,
                lines_random(1u << 30), lines_random(1u << 30), routes[r], routes[r], lines_random(60),
                300 + lines_random(4000), lines_random(200), lines_random(250), 900 + lines_random(6000));
    n += sprintf(o + n,
                 "\"upstream_uri\":\"\\/v1\\/chat\\/"
                 "completions\",\"upstream_status\":\"200\",\"response\":{\"size\":%u,\"headers\":{"
                 "\"content-type\":\"application\\/json\",\"date\":\"Thu, 01 Jan 2026 00:00:00 "
                 "GMT\",\"via\":\"1.1 kong\\/3.9.0.0-enterprise-edition\",\"connection\":\"close\","
                 "\"x-kong-upstream-latency\":\"%u\",\"x-kong-proxy-latency\":\"%u\",\"x-kong-request-id\":"
                 "\"%08x%08x\",\"x-ratelimit-remaining-requests\":\"%u\"},\"status\":200},"
                 "\"tries\":[{\"balancer_start\":%llu,\"balancer_start_ns\":%llue+%d,\"ip\":\"52.%u.%u.9\","
                 "\"balancer_latency\":0,\"port\":443,\"balancer_latency_ns\":%u}],",
                 1000 + lines_random(9000), lines_random(4000), lines_random(10), lines_random(1u << 30),
                 lines_random(1u << 30), lines_random(10000), ts + 2, ts / 100000000, 14, lines_random(250),
                 lines_random(250), 20000 + lines_random(20000));
    n += sprintf(o + n,
                 "\"route\":{\"id\":\"5f1a%u101-3327-4274-b1e4-484a4ab0c03%u\",\"name\":\"%s\",\"paths\":["
                 "\"\\/llm\\/%s\"],\"protocols\":[\"http\",\"https\"],"
                 "\"service\":{\"id\":\"ab4eecf8-dec2-40ef-b779-16de7e2384c7\"},\"created_at\":1761900000,"
                 "\"updated_at\":1761900000,\"regex_priority\":0,"
                 "\"strip_path\":true,\"preserve_host\":false,\"https_redirect_status_code\":426,\"path_"
                 "handling\":\"v0\",\"request_buffering\":true,"
                 "\"response_buffering\":true,\"ws_id\":\"e381e34e-5c25-4e65-b91b-3c0a86cfc393\"},"
                 "\"service\":{\"id\":\"ab4eecf8-dec2-40ef-b779-16de7e2384c7\",\"name\":\"llm-upstream\","
                 "\"host\":\"api.example.net\",\"port\":443,"
                 "\"protocol\":\"https\",\"retries\":5,\"connect_timeout\":60000,\"read_timeout\":60000,"
                 "\"write_timeout\":60000,\"enabled\":true,"
                 "\"created_at\":1761900000,\"updated_at\":1761900000,\"ws_id\":\"e381e34e-5c25-4e65-b91b-"
                 "3c0a86cfc393\"},",
                 r, r, routes[r], routes[r]);
    n += sprintf(
        o + n,
        "\"client_ip\":\"10.42.%u.%u\",\"started_at\":%llu,\"source\":\"upstream\",\"workspace\":\"e381e34e-"
        "5c25-4e65-b91b-3c0a86cfc393\",\"workspace_name\":\"default\","
        "\"consumer\":{\"id\":\"0b6e0a5e-7b0e-4c2c-9a1f-0d3f5f6b%04u\",\"username\":\"team-%u\",\"custom_"
        "id\":\"CC-%u\",\"tags\":[\"llm\"],\"created_at\":1761900000,\"updated_at\":1761900000},"
        "\"authenticated_entity\":{\"id\":\"a3d5c1de-1111-4222-8333-0000000000%02u\"},\"ai\":{\"proxy\":{"
        "\"meta\":{\"plugin_id\":\"6e7c40f6-ce96-48e4-a366-d109c169e444\","
        "\"provider_name\":\"%s\",\"request_model\":\"%s\",\"response_model\":\"%s\",\"llm_latency\":%u,"
        "\"request_mode\":\"oneshot\"},"
        "\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u,\"time_per_token\":%u.%"
        "u,\"cost\":0.00%u}",
        lines_random(16), lines_random(250), ts, c, c, 1000 + c, c, providers[m], models[m], models[m],
        300 + lines_random(4000), in, out, in + out, lines_random(60), lines_random(1000000),
        100 + lines_random(899));
    if (prompt_bytes > 0) {
        n += sprintf(o + n,
                     ",\"payload\":{\"request\":\"{\\\"model\\\":\\\"%s\\\",\\\"messages\\\":[{\\\"role\\\":"
                     "\\\"system\\\",\\\"content\\\":\\\"You are a helpful "
                     "assistant.\\\"},{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"",
                     models[m]);
        n += lines_text(o + n, prompt_bytes / 2);
        n += sprintf(o + n, "\\\"}]}\",\"response\":\"{\\\"choices\\\":[{\\\"message\\\":{\\\"role\\\":"
                            "\\\"assistant\\\",\\\"content\\\":\\\"");
        n += lines_text(o + n, prompt_bytes / 2);
        n += sprintf(o + n, "\\\"}}]}\"}");
    }
    n += sprintf(o + n, "}}}");
    return n;
}

#endif
