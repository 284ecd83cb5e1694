/* Concept: a growable byte buffer that is born with its cap.
 * Owns:    its bytes; tb_buf_release frees them and makes the buffer empty again.
 * Errors:  growing past max is TB_E_LIMIT, no memory is TB_E_MEMORY; the buffer keeps what it had.
 */
#ifndef TB_BUF_H
#define TB_BUF_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

struct tb_buf {
    char *p;
    size_t n;   /* bytes used */
    size_t cap; /* bytes allocated */
    size_t max; /* never grows past this */
};

void tb_buf_init(struct tb_buf *b, size_t max);
void tb_buf_release(struct tb_buf *b);
static inline void tb_buf_clear(struct tb_buf *b)
{
    b->n = 0;
}

/* Makes room for extra more bytes behind n (does not change n). */
enum tb_status tb_buf_reserve(struct tb_buf *b, size_t extra, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_buf_add(struct tb_buf *b, const void *p, size_t n, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_buf_str(struct tb_buf *b, struct tb_str s, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_buf_printf(struct tb_buf *b, struct tb_err *err, const char *fmt, ...)
    TB_PRINTF(3, 4) TB_MUST_USE;

/* The bytes so far; valid until the next call that changes b. A NUL stands behind them (not counted). */
struct tb_str tb_buf_view(const struct tb_buf *b);

#endif
