#include "input/lines.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define SLACK    16                 /* readable behind every line */
#define FULL_MAX (TB_LINE_MAX + 2u) /* the longest line with its \r\n */

struct tb_lines {
    char *buf; /* cap + SLACK bytes */
    size_t cap;
    size_t at;      /* where the next line begins */
    size_t scanned; /* no \n before this */
    size_t end;     /* of the bytes in buf */
    struct tb_stream *stream;
    enum tb_status ended; /* TB_OK while the stream gives more; TB_FAIL: why */
    struct tb_err why;
    bool skipping; /* within a line that was rejected */
    uint64_t line; /* of the next line */
    uint64_t byte; /* offset of buf[at] */
    uint64_t read; /* bytes of this member so far */
};

struct tb_lines *tb_lines_new(void)
{
    struct tb_lines *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    l->buf = malloc(TB_BLOCK_BYTES + SLACK);
    if (l->buf == NULL) {
        free(l);
        return NULL;
    }
    memset(l->buf, 0, TB_BLOCK_BYTES + SLACK); /* the slack may be loaded before it was ever written */
    l->cap = TB_BLOCK_BYTES;
    return l;
}

void tb_lines_free(struct tb_lines *l)
{
    if (l != NULL) {
        free(l->buf);
        free(l);
    }
}

void tb_lines_start(struct tb_lines *l, struct tb_stream *s)
{
    l->stream = s;
    l->ended = TB_OK;
    l->skipping = false;
    l->at = l->scanned = l->end = 0;
    l->line = 1;
    l->byte = l->read = 0;
}

uint64_t tb_lines_bytes(const struct tb_lines *l)
{
    return l->read;
}

static bool resize(struct tb_lines *l, size_t cap)
{
    char *p = realloc(l->buf, cap + SLACK);
    if (p == NULL) {
        return false;
    }
    if (cap > l->cap) {
        memset(p + l->cap, 0, cap - l->cap + SLACK);
    }
    l->buf = p;
    l->cap = cap;
    return true;
}

/* Moves the unfinished line to the front (the one copy there is), makes room behind it, and reads. A buffer
 * that grew for a long line shrinks once what is left fits a block well. */
static enum tb_status refill(struct tb_lines *l)
{
    size_t n = l->end - l->at;
    if (l->at > 0) {
        memmove(l->buf, l->buf + l->at, n);
        l->scanned -= l->at;
        l->at = 0;
        l->end = n;
    }
    if (l->cap > TB_BLOCK_BYTES && n <= TB_BLOCK_BYTES / 2) {
        (void)resize(l, TB_BLOCK_BYTES);
    }
    if (l->cap - n < l->cap / 4 && l->cap < FULL_MAX) { /* little room makes many small, dear steps */
        size_t cap = l->cap * 2 < FULL_MAX ? l->cap * 2 : FULL_MAX;
        if (!resize(l, cap)) {
            return tb_err_set(&l->why, TB_FAIL, TB_E_MEMORY, "out of memory for a line of %zu bytes", n);
        }
    }
    size_t got = 0;
    enum tb_status st = tb_stream_read(l->stream, l->buf + l->end, l->cap - l->end, &got, &l->why);
    if (st == TB_OK) {
        l->end += got;
        l->read += got;
    }
    return st;
}

/* The bytes from at to end, which is behind the \n when there is one. */
static void take(struct tb_lines *l, size_t end, struct tb_line *out)
{
    size_t n = end - l->at;
    out->line = l->line++;
    out->byte = l->byte;
    out->text.s = l->buf + l->at;
    l->byte += n;
    l->at = l->scanned = end;
    out->unended = n == 0 || out->text.s[n - 1] != '\n';
    n -= !out->unended;
    if (n > 0 && out->text.s[n - 1] == '\r') {
        n--;
    }
    out->text.n = n;
}

/* Drops the rest of a rejected line as far as it is here. */
static void skip(struct tb_lines *l, size_t end, bool whole)
{
    l->byte += end - l->at;
    l->at = l->scanned = end;
    l->skipping = !whole;
}

/* Hands out the bytes to end as a line; whole: it ends there. One that is too long is rejected with its first
 * bytes. */
static enum tb_status give(struct tb_lines *l, size_t end, bool whole, struct tb_line *out,
                           struct tb_err *err)
{
    take(l, end, out);
    if (whole && out->text.n <= TB_LINE_MAX) {
        return TB_OK;
    }
    out->text.n = TB_LINE_MAX;
    l->skipping = !whole;
    enum tb_status st = tb_err_set(err, TB_REJECT, TB_E_LIMIT, "a line is longer than %u bytes", TB_LINE_MAX);
    tb_err_place(err, "", out->line, 0);
    if (err != NULL) {
        err->byte = out->byte;
    }
    return st;
}

/* The end of the stream, or its failure. */
static enum tb_status finish(struct tb_lines *l, struct tb_line *out, struct tb_err *err)
{
    if (l->ended == TB_FAIL) {
        if (err != NULL) {
            *err = l->why;
        }
        return TB_FAIL;
    }
    if (l->skipping) {
        skip(l, l->end, true);
    }
    return l->at == l->end ? TB_END : give(l, l->end, true, out, err);
}

enum tb_status tb_lines_next(struct tb_lines *l, struct tb_line *out, struct tb_err *err)
{
    for (;;) {
        const char *nl = memchr(l->buf + l->scanned, '\n', l->end - l->scanned);
        if (nl != NULL) {
            size_t end = (size_t)(nl - l->buf) + 1;
            if (l->skipping) {
                skip(l, end, true);
                continue;
            }
            return give(l, end, true, out, err);
        }
        l->scanned = l->end;
        if (l->skipping) {
            skip(l, l->end, false);
        } else if (l->end - l->at == FULL_MAX) {
            return give(l, l->end, false, out, err);
        }
        if (l->ended == TB_OK) {
            l->ended = refill(l);
        }
        if (l->ended != TB_OK) {
            return finish(l, out, err);
        }
    }
}
