/* Concept: the first half of reading a JSON line: one pass over its bytes, 64 at a time, that checks the grammar of
 *          RFC 8259 (strings, escapes, control bytes, scalars, what may follow what) with bit masks instead of a token at a
 *          time, and leaves the positions that the second half (walk) needs: it alone knows nesting and keys.
 * Shape:   a line is read in windows of TB_SCAN_WINDOW bytes; the lists hold one window, the quotes the whole line, so
 *          that memory stays small whatever the line. Positions are byte offsets in the line.
 *          What is left to the walk: brackets match by kind, depth, every `element` lies in an array (or is the root), and
 *          every colon in an object.
 * Owns:    a tb_scan owns its lists; one thread's.
 * Limits:  lines up to TB_LINE_MAX; reads stay inside [line, line + n + 16).
 */
#ifndef TB_SCAN_H
#define TB_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define TB_SCAN_WINDOW (64u << 10)

struct tb_scan {
    const char *line;
    uint64_t *quotes; /* bit i: byte i is a quote that opens or closes a string; whole line */
    uint32_t *brace;  /* where { [ ] } stand, outside strings */
    uint32_t *colon;  /* where : stands */
    uint32_t *
        element; /* one for each value that no colon precedes: a scalar's or bracket's first byte; for a string
                            the first byte behind it that is not blank */
    uint32_t *odd; /* first byte behind a scalar that is not plain digits */
    uint32_t braces, colons, elements, odds;
    bool escaped_keys; /* some key holds an escape: compare decoded */
    size_t n;          /* bytes of the line */
    size_t next;       /* where the next window begins; n when the line is done */
    size_t quotes_cap; /* words */
    struct tb_scan_state {
        uint64_t escaped, string, sep, open, colon, key, key_end, scalar, zero, odd, slash, slash_end, error;
    } state;
};

/* False without memory. */
bool tb_scan_init(struct tb_scan *s);
void tb_scan_release(struct tb_scan *s);

/* Begins a line. False without memory (only for a line longer than all before it). */
bool tb_scan_begin(struct tb_scan *s, struct tb_str line);

/* Reads the next window. False when the line is not JSON (so far); true also when there is no more, then next == n and
 * the end has been checked. */
bool tb_scan_window(struct tb_scan *s);

/* The nearest quote before at (at > 0), and from at on: they must exist. What is not yet read counts as a quote at next. */
static inline size_t tb_scan_quote_before(const struct tb_scan *s, size_t at)
{
    size_t w = (at - 1) >> 6;
    uint64_t m = s->quotes[w] & (~UINT64_C(0) >> (63 - ((at - 1) & 63)));
    while (m == 0) {
        m = s->quotes[--w];
    }
    return w << 6 | (size_t)(63 - __builtin_clzll(m));
}

static inline size_t tb_scan_quote_from(const struct tb_scan *s, size_t at)
{
    size_t w = at >> 6;
    uint64_t m = s->quotes[w] & (~UINT64_C(0) << (at & 63));
    while (m == 0) {
        m = s->quotes[++w];
    }
    return w << 6 | (size_t)__builtin_ctzll(m);
}

/* The instruction sets this machine can use, NULL-ended, best first; and choosing one by name (tests, benchmarks). */
const char *const *tb_scan_isas(void);
bool tb_scan_use(const char *isa);
const char *tb_scan_isa(void); /* the one in use */

#endif
