#include "base/json_scan.h"

#include <assert.h>
#include <stdlib.h>
#include "base/limits.h"
#include "base/utf8.h"

#define SPOTS_FIRST 64

static_assert(TB_JSON_DEPTH_MAX == 512, "as the message says, and below cJSON's own 1000");

static enum tb_status read_value(struct tb_json_scan *s, size_t key_at);

void tb_json_scan_place(const struct tb_json_scan *s, size_t offset, uint64_t *line, uint64_t *column)
{
    struct tb_json_scan *own = (struct tb_json_scan *)(uintptr_t)s; /* the place is a cache */
    size_t start = s->bom ? 3 : 0;
    assert(offset >= start && offset <= s->n);
    if (offset < s->place_at || s->place_at < start || s->place_line == 0) {
        own->place_at = start;
        own->place_line = own->place_column = 1;
    }
    size_t from = s->place_at;
    for (size_t i = from; i < offset; i++) {
        if (s->source[i] == '\n') {
            own->place_line++;
            own->place_column = 1;
            from = i + 1;
        }
    }
    own->place_column += tb_utf8_chars((struct tb_str){s->source + from, offset - from});
    own->place_at = offset;
    *line = s->place_line;
    *column = s->place_column;
}

/* The complaint about what stands at offset. */
static enum tb_status complain(struct tb_json_scan *s, size_t offset, const char *what)
{
    uint64_t line = 0;
    uint64_t column = 0;
    tb_json_scan_place(s, offset, &line, &column);
    (void)tb_err_set(s->err, TB_FAIL, TB_E_FORMAT, "%s", what);
    tb_err_place(s->err, "", line, column);
    return TB_FAIL;
}

static void blank(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\n') {
            p[i] = ' ';
        }
    }
}

/* Where the string that begins at text[i] ends: behind its quote, or at a newline when it has none. */
static size_t string_end(const struct tb_json_scan *s, size_t i)
{
    for (i++; i < s->n && s->text[i] != '\n'; i++) {
        if (s->text[i] == '\\' && i + 1 < s->n && s->text[i + 1] != '\n') {
            i++;
        } else if (s->text[i] == '"') {
            return i + 1;
        }
    }
    return i;
}

static enum tb_status blank_comments(struct tb_json_scan *s)
{
    for (size_t i = 0; i < s->n;) {
        size_t end = i + 1;
        if (s->text[i] == '"') {
            i = string_end(s, i);
            continue;
        }
        if (s->text[i] != '/' || i + 1 >= s->n || (s->text[i + 1] != '/' && s->text[i + 1] != '*')) {
            i = end;
            continue;
        }
        if (s->text[i + 1] == '/') {
            const char *newline = memchr(s->text + i, '\n', s->n - i);
            end = newline != NULL ? (size_t)(newline - s->text) : s->n;
        } else {
            const char *close = i + 2 < s->n ? memmem(s->text + i + 2, s->n - i - 2, "*/", 2) : NULL;
            if (close == NULL) {
                return complain(s, i, "the comment that begins here has no end; close it with */");
            }
            end = (size_t)(close - s->text) + 2;
        }
        blank(s->text + i, end - i);
        i = end;
    }
    return TB_OK;
}

static void skip_space(struct tb_json_scan *s)
{
    while (s->i < s->n && (s->text[s->i] == ' ' || s->text[s->i] == '\n' || s->text[s->i] == '\r' ||
                           s->text[s->i] == '\t')) {
        s->i++;
    }
}

static char peek(const struct tb_json_scan *s)
{
    return s->i < s->n ? s->text[s->i] : '\0';
}

static bool take(struct tb_json_scan *s, char c)
{
    if (s->i < s->n && s->text[s->i] == c) {
        s->i++;
        return true;
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Four hex digits at text[i], or -1. */
static int hex4(const struct tb_json_scan *s, size_t i)
{
    int v = 0;
    if (s->n - i < 4) {
        return -1;
    }
    for (size_t k = i; k < i + 4; k++) {
        char c = s->text[k];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        v = v * 16 + digit;
    }
    return v;
}

/* The escape whose `\` is at text[i]. */
static enum tb_status read_escape(struct tb_json_scan *s)
{
    size_t at = s->i++;
    char c = peek(s);
    if (c != 'u') {
        if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
            return complain(s, at, "this \\ escape does not exist; write \\\\ for a backslash");
        }
        s->i++;
        return TB_OK;
    }
    int unit = hex4(s, s->i + 1);
    s->i += 5;
    if (unit < 0) {
        return complain(s, at, "\\u needs four hexadecimal digits");
    }
    if (unit == 0) {
        return complain(s, at, "\\u0000 is not allowed in a text");
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return TB_OK;
    }
    int low = unit < 0xDC00 && s->n - s->i >= 6 && s->text[s->i] == '\\' && s->text[s->i + 1] == 'u'
                  ? hex4(s, s->i + 2)
                  : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
        return complain(s, at, "half of a surrogate pair stands alone");
    }
    s->i += 6;
    return TB_OK;
}

static enum tb_status read_string(struct tb_json_scan *s)
{
    size_t start = s->i++;
    for (;;) {
        if (s->i >= s->n || s->text[s->i] == '\n') {
            return complain(s, start, "the text that begins here has no closing quote on its line");
        }
        if ((unsigned char)s->text[s->i] < 0x20) {
            return complain(s, s->i, "a control character stands in a text; write it as an escape");
        }
        if (take(s, '"')) {
            break;
        }
        if (s->text[s->i] == '\\') {
            enum tb_status status = read_escape(s);
            if (status != TB_OK) {
                return status;
            }
            continue;
        }
        s->i++;
    }
    if (!tb_utf8_valid((struct tb_str){s->text + start, s->i - start})) {
        return complain(s, start, "this text is not valid UTF-8; save the file as UTF-8");
    }
    return TB_OK;
}

static size_t skip_digits(struct tb_json_scan *s)
{
    size_t start = s->i;
    while (s->i < s->n && is_digit(s->text[s->i])) {
        s->i++;
    }
    return s->i - start;
}

static enum tb_status read_number(struct tb_json_scan *s)
{
    size_t start = s->i;
    (void)take(s, '-');
    bool zero = peek(s) == '0';
    size_t whole = skip_digits(s);
    if (whole == 0) {
        return complain(s, start, "a number must have digits behind the minus sign");
    }
    if (zero && whole > 1) {
        return complain(s, start, "a number must not begin with a zero");
    }
    if (take(s, '.') && skip_digits(s) == 0) {
        return complain(s, start, "a number must have digits behind the decimal point");
    }
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) {
            (void)take(s, '-');
        }
        if (skip_digits(s) == 0) {
            return complain(s, start, "a number must have digits behind its exponent sign");
        }
    }
    if (s->i - start > TB_JSON_NUMBER_MAX) {
        return complain(s, start, "a number has more than 62 characters; shorten it");
    }
    return TB_OK;
}

static enum tb_status read_word(struct tb_json_scan *s)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        size_t n = strlen(words[k]);
        if (s->n - s->i >= n && memcmp(s->text + s->i, words[k], n) == 0) {
            s->i += n;
            return TB_OK;
        }
    }
    if (s->i >= s->n) {
        return complain(s, s->i, "the text ends where a value is missing");
    }
    return complain(s, s->i,
                    "no value: write a \"text\" in double quotes, a number, true, false, null, [ ] or { }");
}

/* A member's key and colon; *at is where the key stands. */
static enum tb_status read_key(struct tb_json_scan *s, size_t *at)
{
    *at = s->i;
    if (peek(s) != '"') {
        return complain(s, s->i, "a key in double quotes is missing here");
    }
    enum tb_status status = read_string(s);
    if (status != TB_OK) {
        return status;
    }
    skip_space(s);
    if (!take(s, ':')) {
        return complain(s, s->i, "a colon is missing behind the key");
    }
    skip_space(s);
    return TB_OK;
}

static enum tb_status complain_unclosed(struct tb_json_scan *s, size_t start, bool object)
{
    return complain(s, start, object ? "the { that begins here has no }" : "the [ that begins here has no ]");
}

/* What stands between the brackets, and the closing one. */
static enum tb_status read_members(struct tb_json_scan *s, bool object)
{
    size_t start = s->i++;
    char close = object ? '}' : ']';
    skip_space(s);
    if (take(s, close)) {
        return TB_OK;
    }
    for (;;) {
        if (s->i >= s->n) {
            return complain_unclosed(s, start, object);
        }
        size_t at = s->i;
        enum tb_status status = object ? read_key(s, &at) : TB_OK;
        if (status == TB_OK) {
            status = read_value(s, object ? at : s->i);
        }
        if (status != TB_OK) {
            return status;
        }
        skip_space(s);
        if (take(s, close)) {
            return TB_OK;
        }
        size_t comma = s->i;
        if (!take(s, ',') && s->i < s->n) {
            return complain(s, s->i, "a comma is missing before this");
        }
        skip_space(s);
        if (peek(s) == close) {
            return complain(s, comma, "a comma with nothing behind it; remove it");
        }
    }
}

static enum tb_status add_spot(struct tb_json_scan *s, size_t key_at, size_t *index)
{
    if (s->count == s->cap) {
        size_t cap = s->cap > 0 ? 2 * s->cap : SPOTS_FIRST;
        struct tb_json_spot *p = reallocarray(s->spots, cap, sizeof(*p));
        if (p == NULL) {
            return tb_err_set(s->err, TB_FATAL, TB_E_MEMORY, "no memory for a document");
        }
        s->spots = p;
        s->cap = cap;
    }
    *index = s->count++;
    s->spots[*index] = (struct tb_json_spot){key_at, s->i, s->i};
    return TB_OK;
}

static enum tb_status read_value(struct tb_json_scan *s, size_t key_at)
{
    size_t index = 0;
    enum tb_status status = add_spot(s, key_at, &index);
    if (status != TB_OK) {
        return status;
    }
    char c = peek(s);
    if (c == '{' || c == '[') {
        if (s->depth == TB_JSON_DEPTH_MAX) {
            return complain(s, s->i, "nested deeper than 512 levels");
        }
        s->depth++;
        status = read_members(s, c == '{');
        s->depth--;
    } else if (c == '"') {
        status = read_string(s);
    } else if (c == '-' || is_digit(c)) {
        status = read_number(s);
    } else {
        status = read_word(s);
    }
    s->spots[index].end = s->i;
    return status;
}

static enum tb_status copy_source(struct tb_json_scan *s, struct tb_str source)
{
    s->source = malloc(source.n + 1);
    s->text = malloc(source.n + 1);
    if (s->source == NULL || s->text == NULL) {
        return tb_err_set(s->err, TB_FATAL, TB_E_MEMORY, "no memory for a document of %zu bytes", source.n);
    }
    if (source.n > 0) {
        memcpy(s->source, source.s, source.n);
        memcpy(s->text, source.s, source.n);
    }
    s->text[source.n] = '\0';
    s->bom = source.n >= 3 && memcmp(source.s, "\xEF\xBB\xBF", 3) == 0;
    if (s->bom) {
        blank(s->text, 3);
        s->i = 3;
    }
    return TB_OK;
}

static enum tb_status read_document(struct tb_json_scan *s)
{
    enum tb_status status = blank_comments(s);
    if (status != TB_OK) {
        return status;
    }
    skip_space(s);
    status = read_value(s, s->i);
    if (status != TB_OK) {
        return status;
    }
    skip_space(s);
    return s->i == s->n ? TB_OK
                        : complain(s, s->i, "the document has ended before this; remove what is behind it");
}

enum tb_status tb_json_scan_read(struct tb_json_scan *s, struct tb_str source, struct tb_err *err)
{
    *s = (struct tb_json_scan){.n = source.n, .err = err};
    enum tb_status status = copy_source(s, source);
    if (status == TB_OK) {
        status = read_document(s);
    }
    if (status != TB_OK) {
        tb_json_scan_release(s);
    }
    return status;
}

void tb_json_scan_release(struct tb_json_scan *s)
{
    free(s->source);
    free(s->text);
    free(s->spots);
    *s = (struct tb_json_scan){0};
}
