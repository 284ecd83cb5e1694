/* Concept: lines made at random and then mutated, through a format's extractor and through a reference: same outcome, same
 *          events. Shared by the tests that have references.
 */
#ifndef TB_TEST_DIFFERENTIAL_H
#define TB_TEST_DIFFERENTIAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "format/format.h"
#include "format/scan.h"
#include "format/strict.h"
#include "reference.h"

static uint64_t seed = 20260105;

static uint32_t pick(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % below);
}

static const char *one_of(const char *const *words)
{
    uint32_t n = 0;
    while (words[n] != NULL) {
        n++;
    }
    return words[pick(n)];
}

#define ONE(...) one_of((const char *const[]){__VA_ARGS__, NULL})

/* --- making lines ------------------------------------------------------------------------------------------------------------- */

struct out {
    char s[200000];
    size_t n;
    bool spaced;
};

static void put(struct out *o, const char *s)
{
    size_t n = strlen(s);
    if (o->n + n < sizeof o->s - 1) {
        memcpy(o->s + o->n, s, n);
        o->n += n;
    }
}

static void space(struct out *o)
{
    if (o->spaced && pick(3) == 0) {
        put(o, ONE(" ", "  ", "\t", "\n", "\r\n"));
    }
}

/* A key, now and then with one letter escaped. */
static void put_key(struct out *o, const char *key)
{
    char text[32];
    uint32_t escape = pick(60) == 0 ? pick((uint32_t)strlen(key)) : UINT32_MAX;
    put(o, "\"");
    for (uint32_t i = 0; key[i] != 0; i++) {
        snprintf(text, sizeof text, i == escape ? "\\u%04x" : "%c", key[i]);
        put(o, text);
    }
    put(o, "\"");
    space(o);
    put(o, ":");
    space(o);
}

struct member {
    const char *key;
    void (*value)(struct out *);
};

static void put_any(struct out *o)
{
    put(o, ONE("1", "-0.5e3", "true", "null", "\"x\"", "{}", "[]", "[1,\"]\",{\"a\":[]}]",
               "{\"usage\":{\"prompt_tokens\":7}}", "\"\\\"}\\\\\""));
}

/* The members in random order, each there nine times in ten, now and then twice, with strangers between. */
static void put_object(struct out *o, const struct member *m, uint32_t n)
{
    uint32_t order[40], count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (pick(12) != 0) {
            order[count++] = i;
        }
        if (pick(25) == 0) {
            order[count++] = i;
        }
    }
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = pick(i), t = order[i - 1];
        order[i - 1] = order[k];
        order[k] = t;
    }
    put(o, "{");
    for (uint32_t i = 0; i < count; i++) {
        put(o, i == 0 ? "" : ",");
        space(o);
        if (pick(15) == 0) {
            put_key(o, ONE("x", "workspace", "prompt_tokens", "stat\xc3\xbc", "us", "metas"));
            put_any(o);
            put(o, ",");
        }
        put_key(o, m[order[i]].key);
        if (pick(40) == 0) {
            put_any(o);
        } else {
            m[order[i]].value(o);
        }
        space(o);
    }
    put(o, "}");
}

static void v_text(struct out *o)
{
    put(o, ONE("\"team-a\"", "\"\"", "\"caf\xc3\xa9\"", "\"a\\\"b\\\\c\\/d\"", "\"\\u00e9\\ud83d\\ude00x\"",
               "\"bad\xff utf\"", "null", "17",
               "\"a much longer name than one would give to anything, to cross a block of sixty-four bytes\"",
               "\"UNSPECIFIED\""));
}

static void v_count(struct out *o)
{
    char text[32];
    switch (pick(14)) {
    case 0:
        put(o,
            ONE("0", "null", "\"12\"", "1e2", "12.0", "-1", "1.5", "1e400", "\"\"", "\"x\"", "true", "4e30"));
        break;
    default:
        snprintf(text, sizeof text, "%u", pick(5000));
        put(o, text);
    }
}

static void v_cost(struct out *o)
{
    put(o, ONE("0", "0.00037", "1.5e-5", "12", "null"));
}

static void v_ms(struct out *o)
{
    put(o, ONE("412", "0", "851.5", "-1", "\"17\"", "null", "3000.25"));
}

#define OBJECT(name, ...)                                                                                    \
    static void name(struct out *o)                                                                          \
    {                                                                                                        \
        static const struct member m[] = {__VA_ARGS__};                                                      \
        put_object(o, m, sizeof m / sizeof *m);                                                              \
    }

static void mutate(struct out *o)
{
    uint32_t at = pick((uint32_t)o->n);
    switch (pick(6)) {
    case 0:
        o->s[at] = (char)pick(256);
        break;
    case 1:
        o->n = at;
        break;
    case 2:
        memmove(o->s + at, o->s + at + 1, o->n - at - 1);
        o->n--;
        break;
    case 3: /* one structural byte for another */
        o->s[at] = "{}[],:\"\\0-.e tfn"[pick(16)];
        break;
    default: {
        const char *more =
            ONE(",", "\"", "{", "}", "\\", "]", ":", "1", " ", "\"a\":1,", "null", "\t", "\\u12", "\\ud800");
        size_t n = strlen(more);
        memmove(o->s + at + n, o->s + at, o->n - at);
        memcpy(o->s + at, more, n);
        o->n += n;
    }
    }
}

/* --- comparing ------------------------------------------------------------------------------------------------------------------ */

static const char *current;

/* A number that stands where a text is asked: cJSON has lost how it was written. */
static bool same_as_number(struct tb_str got, const char *want)
{
    char text[64], *end, *end2;
    if (got.n == 0 || got.n >= sizeof text) {
        return false;
    }
    memcpy(text, got.s, got.n);
    text[got.n] = 0;
    double d = strtod(text, &end), w = strtod(want, &end2);
    return end != text && (*end == 0 || *end == '/') && strcmp(end, end2) == 0 && fabs(d - w) <= 0.5;
}

static void same_text(const char *name, struct tb_str got, const char *want)
{
    if (same_as_number(got, want)) {
        return;
    }
    if (got.n != strlen(want) || memcmp(got.n == 0 ? "" : got.s, want, got.n) != 0) {
        fail_msg("%s is \"%.*s\", not \"%s\": %s", name, (int)got.n, got.s == NULL ? "" : got.s, want,
                 current);
    }
}

static void same_number(const struct tb_event *e, enum tb_event_number n, int64_t want)
{
    int64_t got = tb_event_has(e, n) ? e->number[n] : -1;
    if (got != want) {
        fail_msg("%s is %lld, not %lld: %s", tb_event_number_names[n], (long long)got, (long long)want,
                 current);
    }
}

static double power10(double m, int e)
{
    for (; e > 0; e--) {
        m *= 10;
    }
    for (; e < 0; e++) {
        m /= 10;
    }
    return m;
}

static void same_event(const struct tb_event *e, const struct ref_event *r)
{
    same_text("id", e->id, r->id);
    same_text("consumer", e->text[TB_T_CONSUMER], r->consumer);
    same_text("provider", e->text[TB_T_PROVIDER], r->provider);
    same_text("model", e->text[TB_T_MODEL], r->model);
    same_text("model_requested", e->text[TB_T_MODEL_REQUESTED], r->model_requested);
    same_text("feature", e->text[TB_T_FEATURE], r->feature);
    same_text("client_ip", e->text[TB_T_CLIENT_IP], r->client_ip);
    same_text("user_agent", e->text[TB_T_USER_AGENT], r->user_agent);
    same_number(e, TB_N_INPUT, r->input);
    same_number(e, TB_N_CACHE_READ, r->cache_read);
    same_number(e, TB_N_CACHE_WRITE_5M, r->cache_write_5m);
    same_number(e, TB_N_CACHE_WRITE_1H, r->cache_write_1h);
    same_number(e, TB_N_OUTPUT, r->output);
    same_number(e, TB_N_REASONING, r->reasoning);
    same_number(e, TB_N_TOTAL_ONLY, r->total_only);
    same_number(e, TB_N_SAVED, r->saved);
    same_number(e, TB_N_STATUS, r->status);
    same_number(e, TB_N_SUCCESS, r->success);
    same_number(e, TB_N_LATENCY_MS, r->latency_ms);
    same_number(e, TB_N_RETRIES, r->retries);
    same_number(e, TB_N_REQUEST_BYTES, r->request_bytes);
    same_number(e, TB_N_RESPONSE_BYTES, r->response_bytes);
    int flags = (r->mismatch ? TB_F_TOTAL_MISMATCH : 0) | (r->cache_hit ? TB_F_CACHE_HIT : 0) |
                (r->refused ? TB_F_REFUSED : 0);
    double cost = power10((double)e->cost.mantissa, e->cost.exponent);
    if (e->ts_us != r->ts_us || e->quality != r->quality || e->flags != flags || e->has_cost != r->has_cost ||
        fabs(cost - r->cost) > 1e-12 * r->cost) {
        fail_msg("ts %lld/%lld quality %d/%d flags %d/%d cost %g/%g: %s", (long long)e->ts_us,
                 (long long)r->ts_us, e->quality, r->quality, e->flags, flags, cost, r->cost, current);
    }
}

static struct out line;
static uint32_t outcomes[4];

static void compare(struct tb_extractor *x,
                    enum ref_kind (*reference)(const char *, struct ref_event *, int *))
{
    static struct ref_event want[64];
    struct tb_outcome out;
    size_t byte;
    const char *reason;
    int n = 0;
    memset(line.s + line.n, ' ', 16);
    struct tb_str record = {line.s, line.n};
    bool good = tb_strict_check(record, &byte, &reason);
    tb_extract(x, record, &out);
    line.s[line.n] = 0;
    current = line.s;
    if (line.n == 0 || line.s[strspn(line.s, " \t\r\n")] != '{') {
        return;
    }
    if (!good) {
        outcomes[3]++;
        if (out.kind != TB_OUTCOME_REJECTED || strcmp(out.reason, reason) != 0) {
            fail_msg("is not rejected as %s: %s", reason, current);
        }
        return;
    }
    enum ref_kind kind = reference(line.s, want, &n);
    if (kind == REF_UNSURE || strstr(line.s, "\\u0000") != NULL) {
        return;
    }
    outcomes[kind]++;
    if ((int)out.kind != (int)kind || (kind == REF_EVENTS && (int)out.n != n)) {
        fail_msg("outcome %d (%s, %u events), not %d (%d): %s", (int)out.kind,
                 out.reason == NULL ? "" : out.reason, out.n, (int)kind, n, current);
    }
    for (int i = 0; i < n && kind == REF_EVENTS; i++) {
        same_event(&out.events[i], &want[i]);
    }
}

static void run(const char *format, void (*make)(struct out *),
                enum ref_kind (*reference)(const char *, struct ref_event *, int *), const char *isa,
                int lines)
{
    struct tb_format_set *set;
    struct tb_err err;
    assert_int_equal(tb_format_set_new(NULL, &set, &err), TB_OK);
    struct tb_extractor *x = tb_extractor_new(tb_format_find(set, format));
    assert_non_null(x);
    assert_true(tb_scan_use(isa));
    for (int i = 0; i < lines; i++) {
        line.n = 0;
        line.spaced = pick(2) == 0;
        make(&line);
        for (uint32_t k = pick(2) == 0 ? 0 : pick(4); k > 0 && line.n > 0; k--) {
            mutate(&line);
        }
        compare(x, reference);
    }
    tb_extractor_free(x);
    tb_format_set_free(set);
}

#endif
