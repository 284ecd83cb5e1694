#include "detect/proof_sql.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)64 << 20)
#define WINDOWS   "values (:from_us"

void tb_findsql_init(struct tb_findsql *s)
{
    memset(s, 0, sizeof *s);
    tb_arena_init(&s->arena, ARENA_MAX);
}

void tb_findsql_release(struct tb_findsql *s)
{
    tb_arena_release(&s->arena);
    free(s->windows);
}

const char *tb_findsql_quote(struct tb_findsql *s, struct tb_str text)
{
    if (text.s == NULL) {
        return "null";
    }
    char *out = tb_arena_alloc(&s->arena, 2 * text.n + 3), *p = out;
    if (out == NULL) {
        return NULL;
    }
    *p++ = '\'';
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] == '\'') {
            *p++ = '\'';
        }
        *p++ = text.s[i];
    }
    *p++ = '\'';
    *p = '\0';
    return out;
}

const char *tb_findsql_number(struct tb_findsql *s, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g", v);
    if (strspn(text, "-0123456789") == strlen(text)) { /* a double, so that divisions are not of integers */
        snprintf(text + strlen(text), 3, ".0");
    }
    return tb_arena_cstr(&s->arena, tb_str_of(text));
}

const char *tb_findsql_integer(struct tb_findsql *s, int64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, v);
    return tb_arena_cstr(&s->arena, tb_str_of(text));
}

void tb_findsql_set(struct tb_findsql *s, const char *name, const char *literal)
{
    size_t i = 0;
    while (i < s->n && strcmp(s->names[i].name, name) != 0) {
        i++;
    }
    assert(i < TB_FINDSQL_NAMES_MAX);
    s->names[i].name = name;
    s->names[i].literal = literal;
    s->n = i == s->n ? s->n + 1 : s->n;
}

enum tb_status tb_findsql_window(struct tb_findsql *s, int64_t from_us, int64_t to_us, const char *what,
                                 const char *second, struct tb_err *err)
{
    if (s->window_n == s->window_cap) {
        size_t cap = s->window_cap == 0 ? 8 : 2 * s->window_cap;
        struct tb_findsql_window *wider = realloc(s->windows, cap * sizeof *wider);
        if (wider == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a statement");
        }
        s->windows = wider;
        s->window_cap = cap;
    }
    s->windows[s->window_n++] = (struct tb_findsql_window){from_us, to_us, what, second};
    return TB_OK;
}

static const char *literal_of(const struct tb_findsql *s, const char *name, size_t n)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strlen(s->names[i].name) == n && memcmp(s->names[i].name, name, n) == 0) {
            return s->names[i].literal;
        }
    }
    assert(!"a name of the statement was not set");
    return NULL;
}

/* The tuples of all windows, with as many members as the statement's tuple has names. */
static enum tb_status write_windows(const struct tb_findsql *s, size_t members, struct tb_buf *out,
                                    struct tb_err *err)
{
    enum tb_status st = tb_buf_printf(out, err, "values ");
    for (size_t i = 0; i < s->window_n && st == TB_OK; i++) {
        const struct tb_findsql_window *w = &s->windows[i];
        st = tb_buf_printf(out, err, "%s(%" PRId64 ", %" PRId64, i > 0 ? ", " : "", w->from_us, w->to_us);
        if (st == TB_OK && members > 2) {
            st = tb_buf_printf(out, err, ", %s", w->what != NULL ? w->what : "null");
        }
        if (st == TB_OK && members > 3) {
            st = tb_buf_printf(out, err, ", %s", w->second != NULL ? w->second : "null");
        }
        if (st == TB_OK) {
            st = tb_buf_printf(out, err, ")");
        }
    }
    return st;
}

static size_t word(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_') {
        n++;
    }
    return n;
}

static size_t count_names(const char *from, const char *to)
{
    size_t n = 0;
    for (; from < to; from++) {
        n += *from == ':';
    }
    return n;
}

enum tb_status tb_findsql_write(const struct tb_findsql *s, const char *sql, struct tb_buf *out,
                                struct tb_err *err)
{
    enum tb_status st = TB_OK;
    while (strncmp(sql, "--", 2) == 0) {
        sql = strchr(sql, '\n') + 1;
    }
    for (const char *p = sql; *p != '\0' && *p != ';' && st == TB_OK;) {
        if (isspace((unsigned char)*p)) {
            p += strspn(p, " \n");
            st = tb_buf_printf(out, err, " ");
        } else if (strncmp(p, WINDOWS, strlen(WINDOWS)) == 0) {
            const char *end = strchr(p, ')');
            st = write_windows(s, count_names(p, end), out, err);
            p = end + 1;
        } else if (*p == ':' && word(p + 1) > 0) {
            size_t n = word(p + 1);
            const char *literal = literal_of(s, p + 1, n);
            st = literal != NULL ? tb_buf_printf(out, err, "%s", literal)
                                 : tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a statement");
            p += n + 1;
        } else {
            st = tb_buf_add(out, p++, 1, err);
        }
    }
    return st;
}
