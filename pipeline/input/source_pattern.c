#include "input/source_pattern.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/utf8.h"

struct match {
    const char *start; /* of the path */
    const char *p_end; /* of the pattern */
    const char *t_end; /* of the path */
    struct tb_binding b;
};

static bool starts(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

#define NODE   "{node}"
#define DATE   "{date}"
#define WORD_N 6

static uint32_t take_char(const char **p, const char *end)
{
    size_t n;
    uint32_t c = tb_utf8_decode(*p, (size_t)(end - *p), &n);
    *p += n;
    return c;
}

/* p is behind `[`. Sets *next behind `]`; NULL when the class is not closed (then `[` is a literal). */
static bool in_class(const char *p, const char *end, uint32_t c, const char **next)
{
    bool negated = p < end && (*p == '!' || *p == '^');
    bool hit = false;
    p += negated;
    for (bool first = true; p < end && (first || *p != ']'); first = false) {
        p += *p == '\\' && end - p > 1;
        uint32_t lo = take_char(&p, end), hi = lo;
        if (end - p >= 2 && p[0] == '-' && p[1] != ']') {
            p++;
            p += *p == '\\' && end - p > 1;
            hi = take_char(&p, end);
        }
        hit = hit || (c >= lo && c <= hi);
    }
    *next = p < end ? p + 1 : NULL;
    return hit != negated;
}

static bool hidden(const struct match *m, const char *t)
{
    return t < m->t_end && *t == '.' && (t == m->start || t[-1] == '/');
}

static bool go(struct match *m, const char *p, const char *t);

static bool go_star(struct match *m, const char *p, const char *t)
{
    if (hidden(m, t)) {
        return false;
    }
    for (;; t++) {
        if (go(m, p, t)) {
            return true;
        }
        if (t == m->t_end || *t == '/') {
            return false;
        }
    }
}

static bool go_node(struct match *m, const char *p, const char *t)
{
    struct tb_str bound = m->b.node;
    if (bound.s != NULL) {
        return starts(t, m->t_end, bound.s, bound.n) && go(m, p, t + bound.n);
    }
    if (hidden(m, t)) {
        return false;
    }
    for (size_t n = 1; t + n <= m->t_end && t[n - 1] != '/'; n++) {
        m->b.node = (struct tb_str){t, n};
        if (go(m, p, t + n)) {
            return true;
        }
    }
    m->b.node = TB_STR_NULL;
    return false;
}

static bool go_date(struct match *m, const char *p, const char *t)
{
    int32_t bound = m->b.date;
    size_t left = (size_t)(m->t_end - t);
    for (int spelling = 0; spelling < 2; spelling++) {
        size_t n = spelling == 0 ? 10 : 8;
        struct tb_str s = {t, n};
        int32_t day;
        if (left < n || !(spelling == 0 ? tb_day_parse(s, &day) : tb_day_parse_compact(s, &day))) {
            continue;
        }
        if (bound != TB_DAY_NONE && bound != day) {
            continue;
        }
        m->b.date = day;
        if (go(m, p, t + n)) {
            return true;
        }
    }
    m->b.date = bound;
    return false;
}

/* Does what is left of the pattern (from p) match what is left of the path (from t)? Depth first, shortest
 * first. */
static bool go(struct match *m, const char *p, const char *t)
{
    for (;;) {
        if (p == m->p_end) {
            return t == m->t_end;
        }
        if (*p == '*') {
            return go_star(m, p + 1, t);
        }
        if (starts(p, m->p_end, NODE, WORD_N)) {
            return go_node(m, p + WORD_N, t);
        }
        if (starts(p, m->p_end, DATE, WORD_N)) {
            return go_date(m, p + WORD_N, t);
        }
        if (t == m->t_end) {
            return false;
        }
        const char *next = NULL;
        if (*p == '?' || *p == '[') {
            const char *after = t;
            uint32_t c = take_char(&after, m->t_end);
            bool hit = *p == '?';
            next = p + 1;
            if (*p == '[') {
                hit = in_class(p + 1, m->p_end, c, &next);
            }
            if (next != NULL) {
                if (!hit || *t == '/' || hidden(m, t)) {
                    return false;
                }
                p = next;
                t = after;
                continue;
            }
        }
        p += *p == '\\' && m->p_end - p > 1;
        if (*p++ != *t++) {
            return false;
        }
    }
}

bool tb_pattern_match(struct tb_str pattern, struct tb_str path, struct tb_binding *b)
{
    struct match m = {path.s, pattern.s + pattern.n, path.s + path.n, {TB_STR_NULL, TB_DAY_NONE}};
    bool hit = go(&m, pattern.s, path.s);
    *b = m.b;
    return hit;
}

/* Calls for each unescaped character; NULL at the end. */
static const char *find(struct tb_str pattern, const char *chars, const char *word)
{
    const char *end = pattern.s + pattern.n;
    for (const char *p = pattern.s; p < end; p++) {
        if (*p == '\\') {
            p++;
        } else if (memchr(chars, *p, strlen(chars)) != NULL ||
                   (word != NULL && starts(p, end, word, WORD_N))) {
            return p;
        }
    }
    return NULL;
}

bool tb_pattern_literal(struct tb_str pattern)
{
    return find(pattern, "*?[", NODE) == NULL && find(pattern, "", DATE) == NULL;
}

bool tb_pattern_dated(struct tb_str pattern)
{
    return find(pattern, "", DATE) != NULL;
}

void tb_pattern_unescape(struct tb_str pattern, char *out)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.s[i] == '\\' && i + 1 < pattern.n) {
            i++;
        }
        *out++ = pattern.s[i];
    }
    *out = '\0';
}
