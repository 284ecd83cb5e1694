#include "format/plain.h"

#include <stdbool.h>

struct text {
    const char *s;
    size_t n, at;
};

/* A pattern: 0 a digit, a a letter; anything else is itself. */
static bool pattern(struct text *t, const char *p)
{
    for (; *p != 0; p++, t->at++) {
        char c = t->at < t->n ? t->s[t->at] : 0;
        bool good = *p == '0'   ? c >= '0' && c <= '9'
                    : *p == 'a' ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z'
                                : c == *p;
        if (!good) {
            return false;
        }
    }
    return true;
}

/* One byte or more of set. */
static bool span(struct text *t, const char *set)
{
    size_t begin = t->at;
    while (t->at < t->n && t->s[t->at] != 0 && strchr(set, t->s[t->at]) != NULL) {
        t->at++;
    }
    return t->at > begin;
}

/* Bytes other than blanks, quotes and control bytes; one or more. */
static bool token(struct text *t)
{
    size_t begin = t->at;
    while (t->at < t->n && (unsigned char)t->s[t->at] > ' ' && t->s[t->at] != '"') {
        t->at++;
    }
    return t->at > begin;
}

/* "..."; nginx writes a quote inside as \x22, escape=json as \". */
static bool quoted(struct text *t)
{
    if (t->at >= t->n || t->s[t->at] != '"') {
        return false;
    }
    for (t->at++; t->at < t->n; t->at++) {
        unsigned char c = (unsigned char)t->s[t->at];
        if (c == '"') {
            t->at++;
            return true;
        }
        if (c < 0x20) {
            return false;
        }
        t->at += c == '\\' ? 1 : 0;
    }
    return false;
}

#define DIGITS "0123456789"

/* Behind the combined format: ` name: "value"`, ` name=value`, ` "value"`, ` value`, as log_format directives add them. */
static bool access_more(struct text *t)
{
    while (t->at < t->n) {
        if (!pattern(t, " ")) {
            return false;
        }
        bool word = t->at < t->n && t->s[t->at] != '"' && token(t);
        bool value = t->at < t->n && t->s[t->at] == '"' && quoted(t);
        if (!word && !value) {
            return false;
        }
    }
    return true;
}

static bool is_access(struct text t)
{
    return span(&t, DIGITS "abcdefABCDEF.:") && pattern(&t, " - ") && token(&t) &&
           pattern(&t, " [00/aaa/0000:00:00:00 ") && span(&t, "+-") && pattern(&t, "0000] ") && quoted(&t) &&
           pattern(&t, " 000 ") && span(&t, DIGITS "-") && access_more(&t) &&
           memmem(t.s, t.n, "{\"", 2) == NULL;
}

static bool is_level(struct text *t)
{
    static const char *const levels[] = {"debug", "info", "notice", "warn",
                                         "error", "crit", "alert",  "emerg"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t n = strlen(levels[i]);
        if (t->n - t->at >= n && memcmp(t->s + t->at, levels[i], n) == 0) {
            t->at += n;
            return true;
        }
    }
    return false;
}

/* The message is free text, without control bytes; one that ends in an object may be a record glued to it. */
static bool is_error(struct text t)
{
    if (!pattern(&t, "0000/00/00 00:00:00 [") || !is_level(&t) || !pattern(&t, "] ") || !span(&t, DIGITS) ||
        !pattern(&t, "#") || !span(&t, DIGITS) || !pattern(&t, ":")) {
        return false;
    }
    for (size_t i = t.at; i < t.n; i++) {
        if ((unsigned char)t.s[i] < 0x20 && t.s[i] != '\t') {
            return false;
        }
    }
    return t.n > t.at && !(t.s[t.n - 1] == '}' && memmem(t.s, t.n, "{\"", 2) != NULL);
}

const char *tb_plain_reason(struct tb_str line)
{
    struct text t = {line.s, line.n, 0};
    return is_access(t) ? "nginx_access" : is_error(t) ? "nginx_error" : NULL;
}
