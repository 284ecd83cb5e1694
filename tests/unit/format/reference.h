/* Concept: a slow second road from a line to events, for comparing: a cJSON tree, and the rules of formats.md written out
 *          by hand for kong and tollbook_event (reference_more.h: others). Shares nothing with pipeline/format.
 */
#ifndef TB_TEST_REFERENCE_H
#define TB_TEST_REFERENCE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/clock.h"
#include "base/utf8.h"

struct ref_event {
    int64_t ts_us;
    char id[600], consumer[1100], provider[1100], model[1100], model_requested[1100], feature[1100],
        client_ip[1100], user_agent[1100]; /* "" = absent */
    int64_t input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, total_only,
        saved; /* -1 = absent */
    int64_t status, success, latency_ms, retries, request_bytes, response_bytes;
    int quality; /* enum tb_quality */
    bool mismatch, cache_hit, refused, has_cost;
    bool unsure;       /* the reference cannot tell */
    bool may_estimate; /* the format calls a prompt of 0 tokens an estimate */
    double cost;
};

enum ref_kind { REF_EVENTS, REF_IGNORED, REF_REJECTED, REF_UNSURE };

/* The last member named key. */
static cJSON *get(cJSON *o, const char *key)
{
    cJSON *found = NULL;
    for (cJSON *c = cJSON_IsObject(o) ? o->child : NULL; c != NULL; c = c->next) {
        found = strcmp(c->string, key) == 0 ? c : found;
    }
    return found;
}

static cJSON *get2(cJSON *o, const char *a, const char *b)
{
    return get(get(o, a), b);
}

/* A scalar as text, repaired; "" for others. */
static void text(cJSON *v, char *out)
{
    char number[64];
    const char *s = cJSON_IsString(v)  ? v->valuestring
                    : cJSON_IsTrue(v)  ? "true"
                    : cJSON_IsFalse(v) ? "false"
                                       : NULL;
    out[0] = 0;
    if (cJSON_IsNumber(v)) {
        snprintf(number, sizeof number, "%.0f", v->valuedouble);
        s = number;
    }
    if (s != NULL && strlen(s) < 340) {
        size_t n = tb_utf8_repair((struct tb_str){s, strlen(s)}, out);
        out[n] = 0;
    }
}

static void first_text(cJSON *a, cJSON *b, cJSON *c, const char *not_this, char *out)
{
    cJSON *all[3] = {a, b, c};
    out[0] = 0;
    for (int i = 0; i < 3 && out[0] == 0; i++) {
        text(all[i], out);
        if (not_this != NULL && strcmp(out, not_this) == 0) {
            out[0] = 0;
        }
    }
}

#define BAD (-2)

/* A whole number, -1 absent, BAD when it is none. Numbers may stand in quotes. */
static int64_t whole(cJSON *v)
{
    double d = cJSON_IsNumber(v) ? v->valuedouble : 0;
    if (v == NULL || cJSON_IsNull(v)) {
        return -1;
    }
    if (cJSON_IsString(v)) {
        char *end;
        const char *s = v->valuestring;
        if (s[strspn(s, " ")] == 0) {
            return -1;
        }
        if (strspn(s, "0123456789+-.eE ") != strlen(s)) {
            return BAD;
        }
        d = strtod(s, &end);
        if (end[strspn(end, " ")] != 0) {
            return BAD;
        }
    } else if (!cJSON_IsNumber(v)) {
        return BAD;
    }
    return d < 0 || d > 1e12 || d != floor(d) ? BAD : (int64_t)d;
}

static int64_t lenient(cJSON *v)
{
    int64_t n = whole(v);
    return n == BAD ? -1 : n;
}

static int64_t first_whole(cJSON *a, cJSON *b)
{
    int64_t n = whole(a);
    return n == -1 ? whole(b) : n;
}

static int64_t boolean(cJSON *v)
{
    double d = cJSON_IsNumber(v) ? v->valuedouble : -1;
    const char *s = cJSON_IsString(v) ? v->valuestring : "";
    bool yes = cJSON_IsTrue(v) || d == 1 || strcmp(s, "true") == 0 || strcmp(s, "True") == 0 ||
               strcmp(s, "TRUE") == 0 || strcmp(s, "t") == 0 || strcmp(s, "1") == 0;
    bool no = cJSON_IsFalse(v) || d == 0 || strcmp(s, "false") == 0 || strcmp(s, "False") == 0 ||
              strcmp(s, "FALSE") == 0 || strcmp(s, "f") == 0 || strcmp(s, "0") == 0;
    return yes ? 1 : no ? 0 : -1;
}

/* A number or a string that holds one. */
static bool numeric(cJSON *v, double *d)
{
    char *end;
    *d = cJSON_IsNumber(v) ? v->valuedouble : 0;
    if (!cJSON_IsString(v) || strspn(v->valuestring, "0123456789+-.eE ") != strlen(v->valuestring)) {
        return cJSON_IsNumber(v);
    }
    *d = strtod(v->valuestring, &end);
    return end != v->valuestring && end[strspn(end, " ")] == 0;
}

static int64_t rounded(cJSON *v)
{
    double d;
    return !numeric(v, &d) || d < 0 ? -1 : (int64_t)floor(d + 0.5);
}

static int64_t known(int64_t n)
{
    return n < 0 ? 0 : n;
}

/* Classes, quality and the rest that both formats share. False: rejected. total: -1 absent. */
static bool finish(struct ref_event *e, int64_t total, bool cached_inside, bool cost_bad)
{
    if (e->input == BAD || e->output == BAD || e->cache_read == BAD || e->cache_write_5m == BAD ||
        e->cache_write_1h == BAD || e->reasoning == BAD || total == BAD || e->status == BAD ||
        e->status > 999 || cost_bad) {
        return false;
    }
    if (known(e->reasoning) > known(e->output)) {
        return false;
    }
    bool estimate = e->input == 0 && e->output >= 1 && e->may_estimate;
    if (cached_inside && e->input >= 0) {
        e->input -= known(e->cache_read) + known(e->cache_write_5m) + known(e->cache_write_1h);
        if (e->input < 0) {
            return false;
        }
    }
    int64_t sum = known(e->input) + known(e->cache_read) + known(e->cache_write_5m) +
                  known(e->cache_write_1h) + known(e->output);
    bool classes = e->input >= 0 || e->cache_read >= 0 || e->cache_write_5m >= 0 || e->cache_write_1h >= 0 ||
                   e->output >= 0 || e->reasoning >= 0;
    e->quality = classes ? 3 : total >= 0 ? 1 : 0;
    e->total_only = e->saved = -1;
    if (!classes && total >= 0) {
        e->total_only = sum = total;
    } else if (classes && total >= 0) {
        e->mismatch = total != sum;
    }
    e->quality = estimate && e->quality == 3 ? 2 : e->quality;
    e->refused = e->status == 429;
    if (e->refused || e->cache_hit) {
        e->input = e->cache_read = e->cache_write_5m = e->cache_write_1h = e->output = e->reasoning =
            e->total_only = -1;
        e->has_cost = false;
        e->cost = 0;
        e->quality = e->refused || e->quality == 0 ? 0 : 3;
        e->mismatch = e->mismatch && !e->refused;
        e->saved = e->refused ? -1 : sum;
        e->cache_hit = !e->refused;
    }
    if (e->consumer[0] == 0) {
        strcpy(e->consumer, "(anonymous)");
    }
    if (e->status >= 400 || e->success == 0) {
        if (e->provider[0] == 0) {
            strcpy(e->provider, "(none)");
        }
        if (e->model[0] == 0) {
            strcpy(e->model, "(none)");
        }
    }
    return true;
}

static bool set_ts(struct ref_event *e, double us)
{
    e->ts_us = (int64_t)us;
    return us >= 0 && us < 7258118400e6;
}

/* --- kong --------------------------------------------------------------------------------------------------------------------- */

static bool kong_event(cJSON *o, cJSON *in, struct ref_event *e)
{
    cJSON *ua = get(get2(o, "request", "headers"), "user-agent"), *usage = get(in, "usage"),
          *meta = get(in, "meta");
    cJSON *consumer = get(o, "consumer"), *tries = get(o, "tries"), *ts = get(o, "started_at");
    memset(e, 0, sizeof *e);
    e->may_estimate = true;
    double ms;
    if (!numeric(ts, &ms)) {
        return false;
    }
    if (!set_ts(e, floor(ms * 1000))) {
        return false;
    }
    text(get2(o, "request", "id"), e->id);
    first_text(get(consumer, "username"), get(consumer, "custom_id"), get(consumer, "id"), NULL, e->consumer);
    text(get(meta, "provider_name"), e->provider);
    first_text(get(meta, "request_model"), NULL, NULL, "UNSPECIFIED", e->model_requested);
    first_text(get(meta, "response_model"), get(meta, "request_model"), NULL, "UNSPECIFIED", e->model);
    text(get2(o, "route", "name"), e->feature);
    text(get(o, "client_ip"), e->client_ip);
    text(cJSON_IsArray(ua) ? cJSON_GetArrayItem(ua, 0) : ua, e->user_agent);
    e->input = first_whole(get(usage, "prompt_tokens"), get(usage, "prompt_token"));
    e->output = first_whole(get(usage, "completion_tokens"), get(usage, "completion_token"));
    e->cache_read = whole(get(get(usage, "prompt_tokens_details"), "cached_tokens"));
    e->reasoning = whole(get(get(usage, "completion_tokens_details"), "reasoning_tokens"));
    e->cache_write_5m = e->cache_write_1h = e->success = -1;
    e->status = whole(get2(o, "response", "status"));
    e->latency_ms = rounded(get2(o, "latencies", "request"));
    e->request_bytes = lenient(get2(o, "request", "size"));
    e->response_bytes = lenient(get2(o, "response", "size"));
    e->retries = cJSON_IsArray(tries) ? cJSON_GetArraySize(tries) - 1 : cJSON_IsObject(tries) ? 0 : -1;
    e->retries = cJSON_IsArray(tries) && e->retries < 0 ? 0 : e->retries;
    cJSON *cost = get(usage, "cost");
    e->has_cost = numeric(cost, &e->cost) && e->cost >= 0;
    e->cost = e->has_cost ? e->cost : 0;
    char status[1100];
    text(get2(in, "cache", "cache_status"), status);
    e->cache_hit = strcmp(status, "Hit") == 0 || strcmp(status, "HIT") == 0 || strcmp(status, "hit") == 0;
    return finish(e, whole(get(usage, "total_tokens")), true, false);
}

static bool has_usage(cJSON *in)
{
    static const char *const keys[] = {"prompt_tokens", "prompt_token", "completion_tokens",
                                       "completion_token", "total_tokens"};
    for (int i = 0; i < 5; i++) {
        if (whole(get2(in, "usage", keys[i])) != -1) {
            return true;
        }
    }
    return false;
}

static bool is_hit(cJSON *in)
{
    char status[1100];
    text(get2(in, "cache", "cache_status"), status);
    return strcmp(status, "Hit") == 0 || strcmp(status, "HIT") == 0 || strcmp(status, "hit") == 0;
}

static bool is_there(cJSON *v)
{
    return v != NULL && !cJSON_IsNull(v);
}

/* The plugin sections of ai: of equal keys the last, at the place of the first. */
static int sections(cJSON *ai, cJSON **out, bool (*want)(cJSON *))
{
    int n = 0;
    for (cJSON *c = cJSON_IsObject(ai) ? ai->child : NULL; c != NULL && n < 60; c = c->next) {
        bool first = true;
        for (cJSON *d = ai->child; d != c; d = d->next) {
            first = first && strcmp(c->string, d->string) != 0;
        }
        bool plugin = strcmp(c->string, "usage") != 0 && strcmp(c->string, "meta") != 0 &&
                      strcmp(c->string, "payload") != 0;
        cJSON *last = get(ai, c->string);
        if (first && plugin && want(last)) {
            out[n++] = last;
        }
    }
    return n;
}

static bool has_meta(cJSON *in)
{
    return is_there(get(in, "meta"));
}

/* line: NUL-terminated, well-formed JSON. UNSURE: cJSON cannot say (lone surrogates, U+0000). */
static inline enum ref_kind ref_kong(const char *line, struct ref_event *events, int *n)
{
    cJSON *o = cJSON_Parse(line), *found[64], *none = NULL;
    enum ref_kind kind = REF_REJECTED;
    *n = 0;
    if (o == NULL) {
        return REF_UNSURE;
    }
    cJSON *ai = get(o, "ai");
    int64_t status = whole(get2(o, "response", "status"));
    bool recognised = cJSON_IsObject(o) && (is_there(get(o, "started_at")) ||
                                            (is_there(get(o, "request")) && is_there(get(o, "response"))));
    int count = !recognised ? 0 : sections(ai, found, has_usage);
    if (count == 0 && recognised && cJSON_IsObject(ai) && has_usage(ai)) {
        found[count++] = ai;
    }
    if (count == 0 && recognised && (count = sections(ai, found, is_hit)) > 1) {
        count = 1;
    }
    bool failed = status >= 400 || (status == BAD && cJSON_IsNumber(get2(o, "response", "status")) &&
                                    get2(o, "response", "status")->valuedouble >= 400);
    if (count == 0 && recognised && failed) {
        count = sections(ai, found, has_meta) > 0 ? 1 : 0;
        if (count == 0) {
            found[count++] = cJSON_IsObject(ai) && has_meta(ai) ? ai : none;
        }
    }
    cJSON *st = get2(o, "response", "status");
    bool below = cJSON_IsNumber(st) ? st->valuedouble < 400 && st->valuedouble == floor(st->valuedouble)
                                    : cJSON_IsString(st) && status >= 0 && status < 400;
    if (count == 0 && recognised && below) {
        kind = REF_IGNORED;
    }
    for (int i = 0; i < count; i++) {
        kind = REF_EVENTS;
        if (!kong_event(o, found[i], &events[i])) {
            kind = REF_REJECTED;
            break;
        }
        if (count > 1 && events[i].id[0] != 0) {
            char key[1100], id[600];
            cJSON name = {.type = cJSON_String, .valuestring = found[i]->string};
            text(&name, key);
            snprintf(id, sizeof id, "%.250s/%.300s", events[i].id, key);
            strcpy(events[i].id, id);
        }
        *n = i + 1;
    }
    cJSON_Delete(o);
    return kind;
}

/* --- tollbook_event -------------------------------------------------------------------------------------------------------------- */

static inline enum ref_kind ref_tollbook_event(const char *line, struct ref_event *events, int *n)
{
    cJSON *o = cJSON_Parse(line);
    struct ref_event *e = events;
    char ts[1100];
    bool zone;
    enum ref_kind kind = REF_REJECTED;
    *n = 0;
    if (o == NULL) {
        return REF_UNSURE;
    }
    memset(e, 0, sizeof *e);
    text(get(o, "ts"), ts);
    if (cJSON_IsString(get(o, "ts")) && tb_ts_parse((struct tb_str){ts, strlen(ts)}, &e->ts_us, &zone) &&
        zone && set_ts(e, (double)e->ts_us)) {
        (void)tb_ts_parse((struct tb_str){ts, strlen(ts)}, &e->ts_us, &zone);
        text(get(o, "id"), e->id);
        text(get(o, "consumer"), e->consumer);
        text(get(o, "provider"), e->provider);
        text(get(o, "model"), e->model);
        text(get(o, "feature"), e->feature);
        e->feature[strcspn(e->feature, "?")] = 0;
        text(get(o, "client_ip"), e->client_ip);
        text(get(o, "user_agent"), e->user_agent);
        e->input = whole(get(o, "input_tokens"));
        e->cache_read = whole(get(o, "cache_read_tokens"));
        e->cache_write_5m = whole(get(o, "cache_write_5m_tokens"));
        e->cache_write_1h = whole(get(o, "cache_write_1h_tokens"));
        e->output = whole(get(o, "output_tokens"));
        e->reasoning = whole(get(o, "reasoning_tokens"));
        e->status = whole(get(o, "status"));
        e->success = boolean(get(o, "success"));
        e->latency_ms = rounded(get(o, "latency_ms"));
        e->retries = lenient(get(o, "retries"));
        e->request_bytes = lenient(get(o, "request_bytes"));
        e->response_bytes = -1;
        cJSON *cost = get(o, "cost_usd");
        bool blank = !is_there(cost) ||
                     (cJSON_IsString(cost) && cost->valuestring[strspn(cost->valuestring, " ")] == 0);
        e->has_cost = numeric(cost, &e->cost);
        bool cost_bad = (!e->has_cost && !blank) || e->cost < 0;
        kind = finish(e, whole(get(o, "total_tokens")), false, cost_bad) ? REF_EVENTS : REF_REJECTED;
        *n = kind == REF_EVENTS ? 1 : 0;
    }
    cJSON_Delete(o);
    return kind;
}

#endif
