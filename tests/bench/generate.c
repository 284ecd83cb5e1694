/* Composes the bench's workload: Kong file-log lines, the same bytes for the same arguments.
 * usage: generate KIND LINES FIRST_LINE DAY > file      KIND: k (about 2.4 KB a line, no prompt) or p (about 6.7 KB, with prompt) or
 * e (tollbook_event lines of 200 bytes; DAY 20778 only)
 * FIRST_LINE numbers the records, so that several files make one workload; DAY is YYYY-MM-DD's days since 1970-01-01.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint64_t next(void) /* splitmix64 */
{
    uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(next() >> 33) % n;
}

/* A word of a vocabulary of about 4,000: syllables chosen by its number, so that text compresses like text. */
static void word(void)
{
    static const char *const syllables[] = {"in",    "vo",  "ship", "led",  "quar", "ter", "cus", "to",
                                            "mer",   "re",  "gion", "sub",  "ject", "ven", "ue",  "con",
                                            "tract", "sum", "ma",   "ry",   "pol",  "i",   "cy",  "win",
                                            "dow",   "est", "ate",  "fore", "cast"};
    unsigned r = below(64) * below(64); /* small numbers are frequent, as in language */
    unsigned n = 1 + r % 3;
    for (unsigned i = 0; i < n; i++) {
        fputs(syllables[(r * 7 + i * 13 + r / 29) % (sizeof syllables / sizeof syllables[0])], stdout);
    }
}

static const struct {
    const char *provider, *request, *response;
} models[] = {
    {"bedrock", "anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"},
    {"bedrock", "anthropic.claude-3-sonnet-20240229-v1:0", "anthropic.claude-3-sonnet-20240229-v1:0"},
    {"openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"},
    {"openai", "gpt-4o", "gpt-4o-2024-08-06"},
    {"gemini", "gemini-1.5-pro", "gemini-1.5-pro"},
    {"azure", "gpt-35-turbo", "gpt-35-turbo-0613"},
};

static const char *const agents[] = {"python-requests\\/2.32.3", "okhttp\\/4.12.0", "Go-http-client\\/2.0",
                                     "Boto3\\/1.34.51 md\\/Botocore#1.34.51 ua\\/2.0 os\\/linux",
                                     "node-fetch\\/1.0 (+https:\\/\\/example.org)"};

static void prompt(unsigned n)
{
    printf("\"payload\":{\"request\":\"{\\\"messages\\\":[{\\\"role\\\":\\\"system\\\",\\\"content\\\":"
           "\\\"You answer briefly.\\\"},"
           "{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"");
    for (unsigned i = 0; i < n; i++) {
        word();
        fputs(i % 19 == 18 ? ".\\\\n" : " ", stdout);
    }
    printf("\\\"}]}\",\"response\":\"{\\\"id\\\":\\\"chatcmpl-%016" PRIx64
           "\\\",\\\"choices\\\":[{\\\"message\\\":{\\\"content\\\":\\\"",
           next());
    for (unsigned i = 0; i < n / 8; i++) {
        word();
        putchar(' ');
    }
    fputs("\\\"}}]}\"},", stdout);
}

static void line(int with_prompt, int64_t day, uint64_t number)
{
    int64_t ts = day * 86400000 + (int64_t)(number * 37 % 86400000);
    unsigned team = below(60), model = below(6), in = 20 + below(3000), out = 5 + below(900),
             ms = 200 + below(9000);
    uint64_t a = next(), b = next();
    printf(
        "{\"request\":{\"id\":\"%016" PRIx64 "%016" PRIx64
        "\",\"uri\":\"\\/ai\\/v1\\/chat\",\"url\":\"https:\\/\\/gateway.example.net:8443\\/ai\\/v1\\/chat\","
        "\"querystring\":{},\"method\":\"POST\",\"headers\":{\"host\":\"gateway.example.net\",\"content-"
        "type\":\"application\\/json\",\"user-agent\":\"%s\","
        "\"apikey\":\"team-%02u-key\",\"content-length\":\"%u\",\"accept\":\"*\\/"
        "*\",\"x-session\":\"%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "\","
        "\"x-forwarded-for\":\"203.0.113.%u\",\"x-forwarded-proto\":\"https\",\"x-request-start\":\"t="
        "%" PRId64 "\",\"traceparent\":\"00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01\"},\"size\":%u},",
        a, b, agents[below(5)], team, in * 5, next(), next(), next(), next(), below(250), ts - 3, next(),
        next(), next(), in * 5 + 300);
    printf(
        "\"upstream_uri\":\"\\/model\\/%s\\/"
        "converse\",\"upstream_status\":\"200\",\"response\":{\"status\":200,\"headers\":{\"content-type\":"
        "\"application\\/json; charset=utf-8\",\"via\":\"1.1 "
        "kong\\/3.10.0.0-enterprise-edition\",\"x-kong-request-id\":\"%016" PRIx64 "%016" PRIx64
        "\",\"x-ratelimit-limit-minute\":\"600\",\"x-ratelimit-remaining-minute\":\"%u\",\"x-kong-upstream-"
        "latency\":\"%u\","
        "\"date\":\"Sat, 21 Nov 2026 10:00:00 GMT\",\"x-amzn-requestid\":\"%016" PRIx64 "%08" PRIx64
        "\"},\"size\":%u},",
        models[model].request, a, b, below(600), ms - 9, next(), next() >> 32, out * 5 + 210);
    printf("\"latencies\":{\"kong\":6,\"proxy\":%u,\"request\":%u,\"receive\":3},\"tries\":[{\"balancer_"
           "start\":%" PRId64 ",\"balancer_start_ns\":%" PRId64
           "e+06,\"ip\":\"52.94.133.%u\",\"port\":443,\"balancer_latency\":0,\"balancer_latency_ns\":%u}],",
           ms - 9, ms, ts + 5, ts + 5, below(250), 20000 + below(20000));
    printf("\"route\":{\"id\":\"0f1a4101-3327-4274-b1e4-484a4ab0c0%02u\",\"name\":\"route-%u\",\"paths\":["
           "\"\\/ai\\/v1\\/chat\"],\"protocols\":[\"http\",\"https\"],"
           "\"tags\":[\"llm\"],\"created_at\":1761900000,\"updated_at\":1761900000,"
           "\"path_handling\":\"v0\","
           "\"request_buffering\":true,\"response_buffering\":true},",
           team % 12, team % 12);
    printf("\"service\":{\"id\":\"fb4eecf8-dec2-40ef-b779-16de7e2384c7\",\"name\":\"llm\",\"host\":"
           "\"localhost\",\"port\":32000,\"protocol\":\"http\","
           "\"retries\":5,\"enabled\":true,\"created_at\":1761900000,"
           "\"updated_at\":1761900000,\"ws_id\":\"f381e34e-5c25-4e65-b91b-3c0a86cfc393\"},\"client_ip\":\"10."
           "42.%u.%u\",\"started_at\":%" PRId64 ",\"workspace_name\":\"default\",",
           below(4), below(250), ts);
    printf("\"consumer\":{\"id\":\"0b6e0a5e-7b0e-4c2c-9a1f-0d3f5f6b1c%02u\",\"username\":\"team-%02u\","
           "\"custom_id\":\"CC-%u\",\"tags\":[\"llm\"],"
           "\"created_at\":1761900000},\"authenticated_entity\":{\"id\":\"a3d5c1de-1111-4222-8333-0000000000%"
           "02u\","
           "\"consumer_id\":\"0b6e0a5e-7b0e-4c2c-9a1f-0d3f5f6b1c%02u\"},\"ai\":{\"proxy\":{",
           team, team, 1000 + team, team, team);
    if (with_prompt) {
        prompt(560);
    }
    printf("\"meta\":{\"plugin_id\":\"6e7c40f6-ce96-48e4-a366-d109c169e444\",\"provider_name\":\"%s\","
           "\"request_model\":\"%s\",\"response_model\":\"%s\","
           "\"llm_latency\":%u},\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u,"
           "\"time_per_token\":%u,\"cost\":0.000%03u,"
           "\"prompt_tokens_details\":{\"cached_tokens\":%u}}}}}\n",
           models[model].provider, models[model].request, models[model].response, ms - 20, in, out, in + out,
           1 + below(40), below(900), in / 4);
}

/* A tollbook_event line of about 200 bytes: for tests that want many events rather than many bytes. One in 64 comes
 * again later in the numbering, one in 512 of those with another payload. */
static void event(int64_t day, uint64_t number)
{
    uint64_t id = number % 64 == 63 ? number - 63 : number;
    uint64_t keep = state;
    state = id * 7919 + 17;
    int64_t second = (int64_t)(id * 13 % 86400);
    unsigned team = below(200), model = below(6), in = 20 + below(3000), out = 5 + below(900);
    if (id != number && number % 512 == 511) {
        out += 1000;
    }
    char ts[32];
    int64_t d = day + (id % 97 == 0); /* some belong to the next day */
    snprintf(ts, sizeof ts, "%s%02" PRId64 ":%02" PRId64 ":%02" PRId64 "Z",
             d == 20778 ? "2026-11-21T" : "2026-11-22T", second / 3600, second / 60 % 60, second % 60);
    printf("{\"id\":\"e%011" PRIu64 "\",\"ts\":\"%s\",\"consumer\":\"team-%03u\",\"provider\":\"%s\","
           "\"model\":\"%s\",\"feature\":\"f%u\","
           "\"input_tokens\":%u,\"output_tokens\":%u,\"status\":200,\"latency_ms\":%u}\n",
           id, ts, team, models[model].provider, models[model].response, team % 7, in, out,
           100 + below(5000));
    state = keep;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: generate k|p|e LINES FIRST_LINE DAY\n", stderr);
        return 2;
    }
    uint64_t lines = strtoull(argv[2], NULL, 10), first = strtoull(argv[3], NULL, 10);
    int64_t day = strtoll(argv[4], NULL, 10);
    state = first * 7919 + (uint64_t)argv[1][0];
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (uint64_t i = 0; i < lines; i++) {
        if (argv[1][0] == 'e') {
            event(day, first + i);
        } else {
            line(argv[1][0] == 'p', day, first + i);
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
