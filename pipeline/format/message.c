#include "format/message.h"

#include <stdbool.h>
#include "format/value.h"

struct body {
    const char *s;
    size_t n, at;
};

struct found {
    struct tb_str content; /* of the last user message: raw, between the quotes when is_string */
    bool is_string;
};

static char peek(struct body *b)
{
    while (b->at < b->n &&
           (b->s[b->at] == ' ' || b->s[b->at] == '\n' || b->s[b->at] == '\t' || b->s[b->at] == '\r')) {
        b->at++;
    }
    return b->at < b->n ? b->s[b->at] : 0;
}

static bool take(struct body *b, char c)
{
    if (peek(b) != c) {
        return false;
    }
    b->at++;
    return true;
}

/* A string, raw; a quote behind an odd number of backslashes does not end it. */
static bool string(struct body *b, struct tb_str *raw)
{
    if (!take(b, '"')) {
        return false;
    }
    size_t begin = b->at;
    while (b->at < b->n) {
        const char *q = memchr(b->s + b->at, '"', b->n - b->at);
        if (q == NULL) {
            return false;
        }
        size_t end = (size_t)(q - b->s), k = end;
        while (k > begin && b->s[k - 1] == '\\') {
            k--;
        }
        b->at = end + 1;
        if ((end - k) % 2 == 0) {
            *raw = (struct tb_str){b->s + begin, end - begin};
            return true;
        }
    }
    return false;
}

/* Any value; *raw is its text, of a string that between the quotes. */
static bool value(struct body *b, struct tb_str *raw, bool *is_string)
{
    char c = peek(b);
    size_t begin = b->at, depth = 0;
    *is_string = c == '"';
    if (*is_string) {
        return string(b, raw);
    }
    while (b->at < b->n) {
        struct tb_str skipped;
        c = b->s[b->at];
        if (c == '"') {
            if (!string(b, &skipped)) {
                return false;
            }
            continue;
        }
        bool close = c == '}' || c == ']';
        if (depth == 0 && (close || c == ',')) {
            break;
        }
        b->at++;
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= close ? 1 : 0;
        if (depth == 0 && close) {
            break;
        }
    }
    *raw = (struct tb_str){b->s + begin, b->at - begin};
    return raw->n > 0;
}

static bool message(struct body *b, struct found *f)
{
    struct tb_str key, v, role = TB_STR_NULL;
    struct found content = {TB_STR_NULL, false};
    bool is_string;
    if (!take(b, '{')) {
        return value(b, &v, &is_string);
    }
    while (peek(b) == '"') {
        if (!string(b, &key) || !take(b, ':') || !value(b, &v, &is_string)) {
            return false;
        }
        if (tb_str_eq(key, TB_STR("role"))) {
            role = v;
        } else if (tb_str_eq(key, TB_STR("content"))) {
            content = (struct found){v, is_string};
        }
        if (!take(b, ',')) {
            break;
        }
    }
    if (tb_str_eq(role, TB_STR("user")) && content.content.s != NULL) {
        *f = content;
    }
    return take(b, '}');
}

static bool messages(struct body *b, struct found *f)
{
    if (!take(b, '[')) {
        return false;
    }
    do {
        if (!message(b, f)) {
            return false;
        }
    } while (take(b, ','));
    return take(b, ']');
}

static bool find(struct body *b, struct found *f)
{
    struct tb_str key, v;
    bool is_string;
    if (!take(b, '{')) {
        return false;
    }
    while (peek(b) == '"') {
        if (!string(b, &key) || !take(b, ':')) {
            return false;
        }
        bool good = tb_str_eq(key, TB_STR("messages")) ? messages(b, f) : value(b, &v, &is_string);
        if (!good || !take(b, ',')) {
            return good;
        }
    }
    return true;
}

struct tb_str tb_message_json(struct tb_str text)
{
    struct body b = {text.s, text.n, 0}, inside;
    struct tb_str raw;
    bool is_string;
    if (!value(&b, &raw, &is_string) || is_string) {
        return TB_STR_NULL;
    }
    inside = (struct body){raw.s, raw.n, 1};
    char c = peek(&inside);
    return c == '}' || c == ']' || c == 0 ? TB_STR_NULL : raw;
}

struct tb_str tb_message_last_user(struct tb_str text, char *room)
{
    struct body b = {text.s, text.n, 0};
    struct found f = {TB_STR_NULL, false};
    if (peek(&b) == '[') { /* the messages alone */
        (void)messages(&b, &f);
    } else {
        (void)find(&b, &f);
    }
    if (f.content.s == NULL) {
        return text;
    }
    if (!f.is_string || memchr(f.content.s, '\\', f.content.n) == NULL) {
        return f.content;
    }
    return (struct tb_str){room, tb_value_unescape(f.content, room, text.n + 4)};
}
