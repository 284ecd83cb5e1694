#include "input/unwrap_rows.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "input/unwrap_parts.h"

#define KEEP_BYTES (1u << 20) /* a row that grew past this gives its memory back */
#define COLUMN_MAX 64         /* bytes of a column's name */

/* --- one row --- */

struct tb_str tb_row_text(struct tb_str text)
{
    while (text.n > 0 && (text.s[text.n - 1] == '\n' || text.s[text.n - 1] == '\r')) {
        text.n--;
    }
    return text;
}

/* The quote that closes the cell, from p on; NULL when there is none. */
static const char *closing(const char *p, const char *end)
{
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL && p + 1 < end && p[1] == '"') {
        p += 2;
    }
    return p;
}

enum tb_row_end tb_row_scan(struct tb_row_scan *s, char separator, struct tb_str text)
{
    const char *p = text.s, *end = text.s + text.n;
    for (;;) {
        const char *stop = p;
        bool quoted = s->open || (p < end && *p == '"');
        if (quoted) {
            stop = closing(s->open ? p : p + 1, end);
            s->open = stop == NULL;
            if (stop == NULL) {
                return TB_ROW_OPEN;
            }
            stop++;
        } else {
            const char *next = memchr(p, separator, (size_t)(end - p));
            stop = next != NULL ? next : end;
            if (memchr(p, '"', (size_t)(stop - p)) != NULL) {
                return TB_ROW_BAD;
            }
        }
        s->cells++;
        if (stop == end) {
            return TB_ROW_WHOLE;
        }
        if (*stop != separator) {
            return TB_ROW_BAD;
        }
        p = stop + 1;
    }
}

/* --- the header --- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const char *p, const char *end)
{
    if (end - p >= 2 && *p == '"' && end[-1] == '"') {
        p++;
        end--;
    }
    if (p == end || end - p > COLUMN_MAX || !is_letter(*p)) {
        return false;
    }
    while (p < end && (is_letter(*p) || (*p >= '0' && *p <= '9') || strchr(" .-/#%()", *p) != NULL)) {
        p++;
    }
    return p == end;
}

/* How many cells text has when all are names, else 0. */
static uint32_t names(struct tb_str text, char separator)
{
    const char *p = text.s, *end = text.s + text.n;
    for (uint32_t n = 1;; n++) {
        const char *next = memchr(p, separator, (size_t)(end - p));
        if (!is_name(p, next != NULL ? next : end)) {
            return 0;
        }
        if (next == NULL) {
            return n;
        }
        p = next + 1;
    }
}

static void look_for_header(struct tb_rows *r, struct tb_str text)
{
    static const char separators[] = ",;\t";
    if (text.n < 3 || !(is_letter(text.s[0]) || text.s[0] == '"')) {
        return;
    }
    for (const char *s = separators; *s != '\0'; s++) {
        uint32_t n = names(text, *s);
        if (n > 1 && n > r->width) {
            r->width = n;
            r->separator = *s;
        }
    }
}

bool tb_rows_opens(struct tb_rows *r, struct tb_str text)
{
    text = tb_row_text(text);
    look_for_header(r, text);
    if (r->width == 0 || text.n == 0 || memchr(text.s, '"', text.n) == NULL) {
        return false;
    }
    struct tb_row_scan s = {0, false};
    return tb_row_scan(&s, r->separator, text) == TB_ROW_OPEN && s.cells < r->width;
}

/* --- waiting --- */

void tb_rows_init(struct tb_rows *r)
{
    memset(r, 0, sizeof *r);
    for (int i = 0; i < TB_ROW_STREAMS; i++) {
        tb_buf_init(&r->row[i].text, TB_LINE_MAX + 4 * TB_TEXT_SLACK);
        tb_buf_init(&r->row[i].lines, TB_ROW_LINES_MAX * sizeof(struct tb_row_line));
    }
}

void tb_rows_release(struct tb_rows *r)
{
    for (int i = 0; i < TB_ROW_STREAMS; i++) {
        tb_buf_release(&r->row[i].text);
        tb_buf_release(&r->row[i].lines);
    }
}

static void drop(struct tb_rows *r, struct tb_row *w)
{
    r->waiting -= w->state == TB_ROW_WAITING;
    r->used--;
    w->state = TB_ROW_FREE;
    if (w->text.cap + w->lines.cap > KEEP_BYTES) {
        tb_buf_release(&w->text);
        tb_buf_release(&w->lines);
    }
}

void tb_rows_start(struct tb_rows *r)
{
    for (int i = 0; i < TB_ROW_STREAMS; i++) {
        if (r->row[i].state != TB_ROW_FREE) {
            drop(r, &r->row[i]);
        }
    }
    r->width = 0;
    r->separator = '\0';
}

void tb_rows_free_given(struct tb_rows *r)
{
    for (int i = 0; i < TB_ROW_STREAMS && r->used > 0; i++) {
        if (r->row[i].state == TB_ROW_GIVEN) {
            drop(r, &r->row[i]);
        }
    }
}

struct tb_row *tb_rows_find(struct tb_rows *r, struct tb_str key)
{
    for (int i = 0; i < TB_ROW_STREAMS; i++) {
        struct tb_row *w = &r->row[i];
        if (w->state == TB_ROW_WAITING && w->key_n == key.n && memcmp(w->key, key.s, key.n) == 0) {
            return w;
        }
    }
    return NULL;
}

static const struct tb_row_line *line_of(const struct tb_row *w, size_t i)
{
    assert(i < w->n);
    return (const struct tb_row_line *)(const void *)w->lines.p + i;
}

struct tb_row *tb_rows_oldest(struct tb_rows *r)
{
    struct tb_row *o = NULL;
    for (int i = 0; i < TB_ROW_STREAMS; i++) {
        struct tb_row *w = &r->row[i];
        if (w->state == TB_ROW_WAITING && (o == NULL || line_of(w, 0)->line < line_of(o, 0)->line)) {
            o = w;
        }
    }
    return o;
}

/* False: at a limit, or without memory. */
static bool append(struct tb_row *w, struct tb_str text, uint64_t line, uint64_t byte)
{
    size_t at = w->text.n + (w->n > 0);
    struct tb_row_line l = {at, line, byte};
    if (at + text.n > TB_LINE_MAX || w->n >= TB_ROW_LINES_MAX ||
        tb_buf_reserve(&w->text, text.n + 1 + TB_TEXT_SLACK, NULL) != TB_OK ||
        tb_buf_add(&w->lines, &l, sizeof l, NULL) != TB_OK) {
        return false;
    }
    if (w->n++ > 0) {
        w->text.p[w->text.n++] = '\n';
    }
    memcpy(w->text.p + w->text.n, text.s, text.n);
    w->text.n += text.n;
    return true;
}

bool tb_rows_wait(struct tb_rows *r, struct tb_str key, size_t node_n, struct tb_str text, uint64_t line,
                  uint64_t byte)
{
    struct tb_row *w = NULL;
    for (int i = 0; i < TB_ROW_STREAMS; i++) {
        w = r->row[i].state == TB_ROW_FREE ? &r->row[i] : w;
    }
    assert(w != NULL && key.n <= sizeof w->key && r->waiting < TB_ROW_STREAMS - 1);
    memcpy(w->key, key.s, key.n);
    w->key_n = key.n;
    w->node_n = node_n;
    w->n = 0;
    w->scan = (struct tb_row_scan){0, false};
    tb_buf_clear(&w->text);
    tb_buf_clear(&w->lines);
    text = tb_row_text(text);
    if (tb_row_scan(&w->scan, r->separator, text) != TB_ROW_OPEN || !append(w, text, line, byte)) {
        return false;
    }
    w->state = TB_ROW_WAITING;
    r->waiting++;
    r->used++;
    return true;
}

enum tb_row_end tb_rows_add(struct tb_rows *r, struct tb_row *w, struct tb_str text, uint64_t line,
                            uint64_t byte)
{
    assert(w->state == TB_ROW_WAITING);
    text = tb_row_text(text);
    enum tb_row_end end = tb_row_scan(&w->scan, r->separator, text);
    if (end == TB_ROW_BAD || w->scan.cells + (end == TB_ROW_OPEN) > r->width ||
        (end == TB_ROW_WHOLE && w->scan.cells != r->width) || !append(w, text, line, byte)) {
        return TB_ROW_BAD;
    }
    return end;
}

void tb_rows_give(struct tb_rows *r, struct tb_row *w)
{
    assert(w->state == TB_ROW_WAITING);
    w->state = TB_ROW_GIVEN;
    r->waiting--;
}

struct tb_str tb_row_whole(struct tb_row *w)
{
    memset(w->text.p + w->text.n, 0, TB_TEXT_SLACK);
    return (struct tb_str){w->text.p, w->text.n};
}

struct tb_str tb_row_line(const struct tb_row *w, size_t i, uint64_t *line, uint64_t *byte)
{
    const struct tb_row_line *l = line_of(w, i);
    size_t end = i + 1 < w->n ? line_of(w, i + 1)->at - 1 : w->text.n;
    *line = l->line;
    *byte = l->byte;
    return (struct tb_str){w->text.p + l->at, end - l->at};
}

bool tb_rows_apart(const struct tb_rows *r, const struct tb_row *w)
{
    uint64_t line, byte;
    size_t i = w->n;
    while (i > 1 && tb_str_trim(tb_row_line(w, i - 1, &line, &byte)).n == 0) {
        i--;
    }
    struct tb_row_scan s = {0, false};
    return i <= 1 || (tb_row_scan(&s, r->separator, tb_row_line(w, i - 1, &line, &byte)) == TB_ROW_WHOLE &&
                      s.cells == r->width);
}
