#include "input/unwrap_parts.h"

#include <stddef.h>

static bool key_is(struct tb_str k, const char *name)
{
    return k.n == strlen(name) && memcmp(k.s, name, k.n) == 0;
}

/* A string without escapes, as it stands; p is at its quote. NULL: it is none. */
static const char *raw_string(const char *p, const char *end, struct tb_str *s)
{
    if (p >= end || *p != '"') {
        return NULL;
    }
    const char *q = tb_json_string_stop(p + 1, end);
    if (q >= end || *q != '"') {
        return NULL;
    }
    *s = (struct tb_str){p + 1, (size_t)(q - p - 1)};
    return q + 1;
}

/* At `{`, `,` or `}`: moves to the value of the next key. False at the end (*p = NULL: broken). */
static bool next_key(const char **p, const char *end, struct tb_str *key)
{
    const char *q = *p;
    bool first = *q == '{';
    q = tb_json_blanks(first ? q + 1 : q, end);
    if (!first && q < end && *q == ',') {
        q = tb_json_blanks(q + 1, end);
    } else if (!first) {
        *p = q < end && *q == '}' && tb_json_blanks(q + 1, end) == end ? q : NULL;
        return false;
    }
    q = raw_string(q, end, key);
    q = q != NULL ? tb_json_blanks(q, end) : NULL;
    if (q == NULL || q >= end || *q != ':') {
        *p = NULL;
        return false;
    }
    *p = tb_json_blanks(q + 1, end);
    return *p < end;
}

enum tb_wrapper tb_wrap_by_key(struct tb_str text)
{
    const char *p = tb_json_blanks(text.s + 1, text.s + text.n);
    const char *end = text.s + text.n;
    if (end - p < 5 || *p != '"') {
        return TB_WRAPPERS;
    }
    p++;
    if (*p == '_' || (*p >= 'A' && *p <= 'Z')) {
        return TB_WRAP_JOURNALD;
    }
    static const struct {
        const char *key;
        ptrdiff_t n;
    } keys[] = {{"log\"", 4}, {"stream\"", 7}, {"time\"", 5}, {"attrs\"", 6}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (*p == keys[i].key[0] && end - p >= keys[i].n && memcmp(p, keys[i].key, (size_t)keys[i].n) == 0) {
            return TB_WRAP_DOCKER;
        }
    }
    return TB_WRAPPERS;
}

#define STREAM_MAX 63 /* "stdout", "stderr", a journald stream id of 32 digits */

bool tb_wrap_docker(struct tb_str text, struct tb_buf *scratch, struct tb_wrap *w)
{
    const char *p = text.s, *end = text.s + text.n;
    struct tb_str key, log = TB_STR_NULL, stream = TB_STR_NULL, time = TB_STR_NULL;
    bool attrs = false;
    while (next_key(&p, end, &key)) {
        if (key_is(key, "log") && log.s == NULL && *p == '"') {
            p = tb_json_text_of(p + 1, end, scratch, &log);
        } else if (key_is(key, "stream") && stream.s == NULL) {
            p = raw_string(p, end, &stream);
        } else if (key_is(key, "time") && time.s == NULL) {
            p = raw_string(p, end, &time);
        } else if (key_is(key, "attrs") && !attrs && *p == '{') {
            p = tb_json_skip_nested(p, end);
            attrs = true;
        } else {
            return false;
        }
        if (p == NULL || p >= end) {
            return false;
        }
    }
    if (p == NULL || log.s == NULL || (stream.s == NULL && time.s == NULL) || stream.n > STREAM_MAX) {
        return false;
    }
    *w = (struct tb_wrap){
        .kind = TB_WRAP_DOCKER, .inner = log, .stream = stream.s != NULL ? stream : TB_STR("")};
    w->partial = log.n == 0 || log.s[log.n - 1] != '\n';
    w->inner.n -= w->partial ? 0 : 1;
    return true;
}

static bool journald_key(struct tb_str k)
{
    for (size_t i = 0; i < k.n; i++) {
        char c = k.s[i];
        if (c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9')) {
            return false;
        }
    }
    return k.n > 0;
}

/* MESSAGE: a string, byte values, or null (longer than 4096 bytes, and journalctl was not asked for --all). The host is no
 * node: a node is a gateway's, which a pod or the path names. */
static const char *journald_message(const char *p, const char *end, struct tb_buf *scratch,
                                    struct tb_str *message)
{
    if (*p == '"') {
        return tb_json_text_of(p + 1, end, scratch, message);
    }
    if (*p == '[') {
        return tb_json_bytes_of(p + 1, end, scratch, message);
    }
    return end - p > 4 && memcmp(p, "null", 4) == 0 ? p + 4 : NULL;
}

bool tb_wrap_journald(struct tb_str text, struct tb_buf *scratch, struct tb_wrap *w)
{
    const char *p = text.s, *end = text.s + text.n;
    struct tb_str key, message = TB_STR_NULL, stream = TB_STR_NULL, cut = TB_STR_NULL;
    bool has_message = false, marked = false;
    while (next_key(&p, end, &key)) {
        if (!journald_key(key)) {
            return false;
        }
        if (key_is(key, "MESSAGE")) {
            p = has_message ? NULL : journald_message(p, end, scratch, &message);
            has_message = true;
        } else if (*p != '"') {
            p = tb_json_skip_value(p, end);
        } else {
            marked = marked || key_is(key, "__CURSOR") || key_is(key, "__REALTIME_TIMESTAMP");
            struct tb_str *raw = key_is(key, "_STREAM_ID")    ? &stream
                                 : key_is(key, "_LINE_BREAK") ? &cut
                                                              : NULL;
            p = raw != NULL ? raw_string(p, end, raw) : tb_json_skip_string(p + 1, end);
        }
        if (p == NULL || p >= end) {
            return false;
        }
    }
    if (p == NULL || !marked) {
        return false;
    }
    *w = (struct tb_wrap){.kind = TB_WRAP_JOURNALD, .inner = message};
    w->stream = stream.n > 0 && stream.n <= STREAM_MAX ? stream : TB_STR_NULL;
    w->partial = w->stream.s != NULL && key_is(cut, "line-max"); /* journald cuts stdout lines at LineMax= */
    w->reject = message.s == NULL ? "no_message" : NULL;
    return true;
}
