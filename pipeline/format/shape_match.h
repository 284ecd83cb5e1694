/* Concept: comparing a line with a shape; included by shape.c once per instruction set, with ISA(name), TARGET and the
 *          masks of scan_masks.h.
 */

/* Whether the n bytes at a and b are equal. */
INLINE TARGET bool ISA(equal)(const unsigned char *a, const unsigned char *b, size_t n)
{
    if (n >= 32) {
        size_t i = 0;
        for (; i + 32 < n; i += 32) {
            if (!ISA(equal32)(a + i, b + i)) {
                return false;
            }
        }
        return ISA(equal32)(a + n - 32, b + n - 32);
    }
    if (n >= 16) {
        return ISA(equal16)(a, b) && ISA(equal16)(a + n - 16, b + n - 16);
    }
    if (n >= 8) {
        return load8(a) == load8(b) && load8(a + n - 8) == load8(b + n - 8);
    }
    if (n >= 4) {
        return load4(a) == load4(b) && load4(a + n - 4) == load4(b + n - 4);
    }
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

/* The end of the string whose content begins at at (its closing quote), or 0 when it is not well-formed. From the first
 * escape on, 64 bytes at a time. */
static TARGET size_t ISA(string_escaped)(const unsigned char *line, size_t n, size_t at)
{
    uint64_t carry = 0;
    unsigned char tail[64];
    for (; at < n; at += 64) {
        const unsigned char *p = line + at;
        if (n - at < 48) { /* 16 bytes behind the line may be read */
            memset(tail, ' ', sizeof tail);
            memcpy(tail, p, n - at);
            p = tail;
        }
        uint64_t quote, slash, low;
        ISA(string_masks)(p, &quote, &slash, &low);
        uint64_t escaped = tb_escaped(slash, &carry);
        quote &= ~escaped;
        uint64_t inside = quote == 0 ? ~UINT64_C(0) : (quote & -quote) - 1;
        if ((low & inside) != 0) {
            return 0;
        }
        if ((escaped & inside) != 0) {
            struct escapes e;
            ISA(escapes)(p, &e);
            if ((escaped & inside & ~e.good) != 0) {
                return 0;
            }
            for (uint64_t u = escaped & inside & e.u; u != 0; u &= u - 1) {
                if (!four_hex(line + at + (size_t)__builtin_ctzll(u) + 1)) {
                    return 0;
                }
            }
        }
        if (quote != 0) {
            size_t end = at + (size_t)__builtin_ctzll(quote);
            return end < n ? end : 0;
        }
    }
    return 0;
}

INLINE TARGET size_t ISA(string_end)(const unsigned char *line, size_t n, size_t at)
{
    for (; at < n; at += 16) {
        uint32_t m = ISA(special16)(line + at);
        if (m != 0) {
            at += (size_t)__builtin_ctz(m);
            if (at >= n) {
                return 0;
            }
            return line[at] == '"' ? at : line[at] == '\\' ? ISA(string_escaped)(line, n, at) : 0;
        }
    }
    return 0;
}

/* The end of the number or literal at at, or 0 when it is none. */
INLINE TARGET size_t ISA(scalar_end)(const unsigned char *line, size_t n, size_t at)
{
    uint32_t other = ISA(not_digit16)(line + at);
    size_t digits = other == 0 ? 16 : (size_t)__builtin_ctz(other), end = at + digits;
    bool whole = digits - 1 < 15 && (line[at] != '0' || digits == 1);
    if (whole && line[end] == '.' && end < n) {
        other = ISA(not_digit16)(line + end + 1);
        digits = other == 0 ? 16 : (size_t)__builtin_ctz(other);
        whole = digits - 1 < 15;
        end += 1 + digits;
    }
    if (whole && (line[end] | 0x20) == 'e' && end < n) { /* Kong writes nanoseconds as 1795219200005e+06 */
        end = exponent_end(line, n, end);
    }
    return whole && end <= n && is_end(line[end]) ? end : scalar_end_slow(line, n, at);
}

/* Whether the value at at is as long as the lines before had it: then where the next segment begins does not hang on
 * what its bytes are, and the processor need not wait for them. Those of plain bytes only: others are read as if they moved. */
INLINE TARGET bool ISA(is_steady)(const unsigned char *line, size_t n, size_t at,
                                  const struct tb_shape_segment *g)
{
    uint32_t left = g->steady;
    if (left >= n - at) {
        return false;
    }
    if (g->then == TB_THEN_SCALAR) {
        return left < 16 && (ISA(not_digit16)(line + at) & ((2u << left) - 1)) == 1u << left &&
               (line[at] != '0' || left == 1) && is_end(line[at + left]);
    }
    for (; left >= 16; left -= 16, at += 16) {
        if (ISA(special16)(line + at) != 0) {
            return false;
        }
    }
    return (ISA(special16)(line + at) & ((2u << left) - 1)) == 1u << left && line[at + left] == '"';
}

/* The end of the value at at, which stands behind g; 0: it is none of g's kind. */
INLINE TARGET size_t ISA(value_end)(const unsigned char *line, size_t n, size_t at,
                                    struct tb_shape_segment *g)
{
    if (g->steady != TB_SHAPE_MOVES) {
        if (ISA(is_steady)(line, n, at, g)) {
            return at + g->steady;
        }
        g->steady = TB_SHAPE_MOVES;
    }
    return g->then == TB_THEN_STRING   ? ISA(string_end)(line, n, at)
           : g->then == TB_THEN_SCALAR ? ISA(scalar_end)(line, n, at)
                                       : at;
}

/* Where any value that ends at end begins, behind a byte like before: the value is read as if it had been met from the front. */
static TARGET size_t ISA(begin_of_any)(const unsigned char *line, size_t n, size_t end, unsigned char before,
                                       bool string)
{
    for (size_t at = end; at >= 16 && end - at < BACK_BYTES_MAX; at -= 16) {
        uint32_t m = ISA(same16)(line + at - 16, before);
        if (m != 0) {
            size_t begin = at + 16 - (unsigned)__builtin_clz(m);
            size_t found = string ? ISA(string_end)(line, n, begin) : ISA(scalar_end)(line, n, begin);
            return found == end ? begin : 0;
        }
    }
    return 0;
}

/* The same, quick for strings of plain bytes and for digits; 0: not within BACK_BYTES_MAX, or it is no value. */
INLINE TARGET size_t ISA(value_begin)(const unsigned char *line, size_t n, size_t end, unsigned char before,
                                      bool string)
{
    size_t at = end;
    if (string) {
        uint32_t m = 0;
        for (; at >= 16 && m == 0 && end - at < BACK_BYTES_MAX; at -= 16) {
            m = ISA(special16)(line + at - 16);
        }
        at += m == 0 ? 0 : 32 - (unsigned)__builtin_clz(m);
        if (m != 0 && line[at - 1] == '"') {
            return at;
        }
    } else if (end >= 16) {
        uint32_t other = ISA(not_digit16)(line + end - 16) | 1;
        at = end + 16 - (unsigned)__builtin_clz(other);
        if (at < end && line[at - 1] == before && (line[at] != '0' || at == end - 1)) {
            return at;
        }
    }
    return ISA(begin_of_any)(line, n, end, before, string);
}

/* Segment g, which ends at *end, begins at *position, and the value before it at what *end is then. False: it cannot be told from
 * there, or not behind at. */
INLINE TARGET bool ISA(back)(const struct tb_shape_segment *g, const unsigned char *known,
                             const unsigned char *line, size_t n, size_t at, size_t *end, uint32_t *position)
{
    if (*end - at < g->n || !ISA(equal)(line + *end - g->n, known + g->begin, g->n)) {
        return false;
    }
    const struct tb_shape_segment *b = g - 1;
    size_t begin = *end - g->n,
           value = ISA(value_begin)(line, n, begin, known[b->begin + b->n - 1], b->then == TB_THEN_STRING);
    if (value < at + b->n ||
        (b->n > 1 && line[value - 2] != known[b->begin + b->n - 2])) { /* an escaped quote, perhaps */
        return false;
    }
    *position = (uint32_t)begin;
    *end = value;
    return true;
}

/* Fills s->position with where each segment begins in line. False: another shape; *miss is then the place in the shape's
 * text up to which line is like it.
 * Where a segment begins is known when the value before it has been read: a chain of waiting, of which the processor does two at
 * once, one from each end of the line. What was found from the end on counts when the two meet to the byte: the first lot says where
 * the second one's first segment begins, so that, value by value, it was read as it would have been from the front. Where that was
 * of no use (a long value, say) it stops the next time; what is left is read from the front, and so is all of a line that
 * turns out to be of another shape. */
static TARGET bool ISA(match)(struct tb_shape *s, struct tb_str text, uint32_t *position, size_t *miss)
{
    const unsigned char *line = (const unsigned char *)text.s, *known = (const unsigned char *)s->text;
    size_t at = 0, n = text.n, end = n;
    uint32_t last = s->segments - 1, stop = s->back_to;
    position[s->segments] = (uint32_t)n;
    for (uint32_t i = 0; i < s->segments; i++) {
        struct tb_shape_segment *g = &s->segment[i];
        position[i] = (uint32_t)at;
        if (i + 1 < last && last > stop) {
            if (ISA(back)(&s->segment[last], known, line, n, at, &end, &position[last])) {
                last--;
            } else {
                stop = last;
            }
        } else if (i == last && end - at == g->n && ISA(equal)(line + at, known + g->begin, g->n)) {
            at = n;
            break;
        }
        if (n - at < g->n || !ISA(equal)(line + at, known + g->begin, g->n)) {
            *miss = g->begin + alike(line + at, known + g->begin, n - at < g->n ? n - at : g->n);
            return false;
        }
        at = ISA(value_end)(line, n, at + g->n, g);
        if (at == 0) {
            *miss = g->begin + g->n;
            return false;
        }
    }
    s->back_to = at == n ? stop : s->back_to;
    *miss = s->n;
    return at == n;
}
