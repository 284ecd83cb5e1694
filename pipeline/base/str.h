/* Concept: a borrowed view of bytes. s == NULL is "absent" (SQL NULL, JSON null); s != NULL with n == 0 is
 *          empty.
 * Owns:    nothing; the function that hands one out says until when it lives.
 */
#ifndef TB_STR_H
#define TB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tb_str {
    const char *s;
    size_t n;
};

#define TB_STR(lit) ((struct tb_str){(lit), sizeof(lit) - 1})
#define TB_STR_NULL ((struct tb_str){NULL, 0})

static inline struct tb_str tb_str_of(const char *c) /* c may be NULL */
{
    return (struct tb_str){c, c != NULL ? strlen(c) : 0};
}

static inline bool tb_str_eq(struct tb_str a, struct tb_str b) /* absent equals only absent */
{
    return (a.s == NULL) == (b.s == NULL) && a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static inline int tb_str_cmp(struct tb_str a, struct tb_str b) /* byte order, absent first */
{
    if (a.s == NULL || b.s == NULL) {
        return (a.s != NULL) - (b.s != NULL);
    }
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.s, b.s, n);
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

#endif
