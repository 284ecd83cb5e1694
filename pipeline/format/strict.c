#include "format/strict.h"

#include <stdint.h>
#include <string.h>
#include "base/limits.h"

struct reader {
    const char *s;
    size_t n;
    size_t at;
    uint32_t depth;
    bool too_deep;
    bool array[TB_JSON_DEPTH_MAX + 1];
    void (*token)(struct reader *, char kind, struct tb_str text); /* { } [ ] , or k for a key; may be NULL */
    void *ctx;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const char *s, size_t n, size_t at)
{
    while (at < n && is_digit(s[at])) {
        at++;
    }
    return at;
}

static bool is_number(const char *s, size_t n)
{
    size_t at = n > 0 && s[0] == '-' ? 1 : 0;
    size_t end = digits(s, n, at);
    if (end == at || (s[at] == '0' && end > at + 1)) {
        return false;
    }
    at = end;
    if (at < n && s[at] == '.') {
        end = digits(s, n, at + 1);
        if (end == at + 1) {
            return false;
        }
        at = end;
    }
    if (at < n && (s[at] | 0x20) == 'e') {
        at++;
        if (at < n && (s[at] == '+' || s[at] == '-')) {
            at++;
        }
        end = digits(s, n, at);
        if (end == at) {
            return false;
        }
        at = end;
    }
    return at == n;
}

bool tb_strict_scalar(const char *s, size_t n)
{
    switch (n > 0 ? s[0] : 0) {
    case 't':
        return n == 4 && memcmp(s, "true", 4) == 0;
    case 'f':
        return n == 5 && memcmp(s, "false", 5) == 0;
    case 'n':
        return n == 4 && memcmp(s, "null", 4) == 0;
    default:
        return is_number(s, n);
    }
}

static bool is_scalar_byte(char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case '"':
    case ',':
    case ':':
    case '[':
    case ']':
    case '{':
    case '}':
        return false;
    default:
        return true;
    }
}

bool tb_strict_scalar_before(const char *line, size_t end)
{
    size_t begin = end;
    while (begin > 0 && is_scalar_byte(line[begin - 1])) {
        begin--;
    }
    return tb_strict_scalar(line + begin, end - begin);
}

/* --- the whole line ------------------------------------------------------------------------------------------------------- */

static void skip_blanks(struct reader *r)
{
    while (r->at < r->n &&
           (r->s[r->at] == ' ' || r->s[r->at] == '\t' || r->s[r->at] == '\n' || r->s[r->at] == '\r')) {
        r->at++;
    }
}

static char peek(struct reader *r)
{
    skip_blanks(r);
    return r->at < r->n ? r->s[r->at] : 0;
}

static bool read_hex(struct reader *r)
{
    for (int i = 0; i < 4; i++, r->at++) {
        if (r->at >= r->n || strchr("0123456789abcdefABCDEF", r->s[r->at]) == NULL || r->s[r->at] == 0) {
            return false;
        }
    }
    return true;
}

/* At the opening quote. */
static bool read_string(struct reader *r, struct tb_str *text)
{
    size_t begin = ++r->at;
    while (r->at < r->n) {
        unsigned char c = (unsigned char)r->s[r->at];
        if (c == '"') {
            *text = (struct tb_str){r->s + begin, r->at - begin};
            r->at++;
            return true;
        }
        if (c < 0x20) {
            return false;
        }
        r->at++;
        if (c != '\\') {
            continue;
        }
        char e = r->at < r->n ? r->s[r->at] : 0;
        if (e == 0 || strchr("\"\\/bfnrtu", e) == NULL) {
            return false;
        }
        r->at++;
        if (e == 'u' && !read_hex(r)) {
            return false;
        }
    }
    return false;
}

static bool read_scalar(struct reader *r)
{
    size_t begin = r->at;
    while (r->at < r->n && is_scalar_byte(r->s[r->at])) {
        r->at++;
    }
    if (!tb_strict_scalar(r->s + begin, r->at - begin)) {
        r->at = begin;
        return false;
    }
    return true;
}

static void tell(struct reader *r, char kind, struct tb_str text)
{
    if (r->token != NULL) {
        r->token(r, kind, text);
    }
}

static bool read_key(struct reader *r)
{
    struct tb_str key;
    if (peek(r) != '"' || !read_string(r, &key) || peek(r) != ':') {
        return false;
    }
    r->at++;
    tell(r, 'k', key);
    return true;
}

/* Opens a bracket. *empty: it closed at once. */
static bool read_open(struct reader *r, char c, bool *empty)
{
    if (r->depth == TB_JSON_DEPTH_MAX) {
        r->too_deep = true;
        return false;
    }
    r->array[++r->depth] = c == '[';
    r->at++;
    tell(r, c, TB_STR_NULL);
    *empty = peek(r) == (c == '[' ? ']' : '}');
    return *empty || c == '[' || read_key(r);
}

/* After a value: closers, then a comma (*more) or the end. */
static bool read_close(struct reader *r, bool *more)
{
    *more = false;
    while (r->depth > 0) {
        char c = peek(r);
        bool array = r->array[r->depth];
        if (c == ',') {
            r->at++;
            *more = true;
            tell(r, ',', TB_STR_NULL);
            return array || read_key(r);
        }
        if (c != (array ? ']' : '}')) {
            return false;
        }
        r->at++;
        r->depth--;
        tell(r, c, TB_STR_NULL);
    }
    skip_blanks(r);
    return r->at == r->n;
}

static bool read_line(struct reader *r)
{
    for (bool more = true; more;) {
        char c = peek(r);
        struct tb_str text;
        bool empty = true;
        bool good = c == '{' || c == '[' ? read_open(r, c, &empty)
                    : c == '"'           ? read_string(r, &text)
                                         : read_scalar(r);
        if (!good) {
            return false;
        }
        if (empty && !read_close(r, &more)) {
            return false;
        }
    }
    return true;
}

bool tb_strict_check(struct tb_str line, size_t *byte, const char **reason)
{
    struct reader r = {.s = line.s, .n = line.n};
    bool good = read_line(&r);
    *byte = r.at;
    *reason = good ? NULL : r.too_deep ? "too_deep" : "bad_json";
    return good;
}

/* --- outline -------------------------------------------------------------------------------------------------------------- */

struct outline {
    bool (*known)(void *ctx, struct tb_str key);
    void *ctx;
    char *out;
    size_t n, size;
};

static void outline_token(struct reader *r, char kind, struct tb_str text)
{
    struct outline *o = r->ctx;
    struct tb_str add = {&kind, 1};
    if (kind == 'k') {
        add = o->known(o->ctx, text) ? text : TB_STR("_");
    } else if (kind == ',' && r->array[r->depth]) {
        return;
    }
    if (o->n + add.n + 1 < o->size) {
        memcpy(o->out + o->n, add.s, add.n);
        o->n += add.n;
    } else {
        o->size = o->n; /* full: nothing more */
    }
}

size_t tb_strict_outline(struct tb_str line, bool (*known)(void *ctx, struct tb_str key), void *ctx,
                         char *out, size_t size)
{
    struct outline o = {known, ctx, out, 0, size};
    struct reader r = {.s = line.s, .n = line.n, .token = outline_token, .ctx = &o};
    (void)read_line(&r);
    return o.n;
}
