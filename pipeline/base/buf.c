#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BYTES 64

void tb_buf_init(struct tb_buf *b, size_t max)
{
    assert(b != NULL);
    assert(max < SIZE_MAX); /* room for the NUL */
    *b = (struct tb_buf){NULL, 0, 0, max};
}

void tb_buf_release(struct tb_buf *b)
{
    if (b == NULL) {
        return;
    }
    free(b->p);
    b->p = NULL;
    b->n = 0;
    b->cap = 0;
}

static size_t next_cap(const struct tb_buf *b, size_t need)
{
    size_t cap = b->cap > 0 ? b->cap : FIRST_BYTES;
    while (cap < need && cap <= b->max / 2) {
        cap *= 2;
    }
    if (cap < need || cap > b->max) {
        cap = b->max;
    }
    return cap;
}

enum tb_status tb_buf_reserve(struct tb_buf *b, size_t extra, struct tb_err *err)
{
    assert(b != NULL && b->n <= b->cap && b->cap <= b->max);
    if (b->p != NULL && extra <= b->cap - b->n) {
        return TB_OK;
    }
    if (extra > b->max - b->n) {
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "%zu bytes more than the %zu allowed here",
                          extra - (b->max - b->n), b->max);
    }
    size_t cap = next_cap(b, b->n + extra);
    char *p = realloc(b->p, cap + 1); /* one more for the NUL of tb_buf_view */
    if (p == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %zu bytes", cap);
    }
    b->p = p;
    b->cap = cap;
    return TB_OK;
}

enum tb_status tb_buf_add(struct tb_buf *b, const void *p, size_t n, struct tb_err *err)
{
    enum tb_status status = tb_buf_reserve(b, n, err);
    if (status != TB_OK) {
        return status;
    }
    if (n > 0) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    }
    return TB_OK;
}

enum tb_status tb_buf_str(struct tb_buf *b, struct tb_str s, struct tb_err *err)
{
    return tb_buf_add(b, s.s, s.n, err);
}

enum tb_status tb_buf_printf(struct tb_buf *b, struct tb_err *err, const char *fmt, ...)
{
    enum tb_status status = tb_buf_reserve(b, 0, err);
    if (status != TB_OK) {
        return status;
    }
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(b->p + b->n, b->cap - b->n + 1, fmt, args);
    va_end(args);
    if (n < 0) {
        return tb_err_set(err, TB_FAIL, TB_E_RANGE, "text cannot be formatted");
    }
    if ((size_t)n > b->cap - b->n) {
        status = tb_buf_reserve(b, (size_t)n, err);
        if (status != TB_OK) {
            return status;
        }
        va_start(args, fmt);
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    b->n += (size_t)n;
    return TB_OK;
}

struct tb_str tb_buf_view(const struct tb_buf *b)
{
    if (b->p == NULL) {
        return (struct tb_str){"", 0};
    }
    b->p[b->n] = '\0';
    return (struct tb_str){b->p, b->n};
}
