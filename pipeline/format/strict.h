/* Concept: RFC 8259 a byte at a time: says where a line that the scanner refused stops being JSON. The scanner is checked
 *          against it; the scanner itself uses it only for scalars that are not plain digits.
 */
#ifndef TB_STRICT_H
#define TB_STRICT_H

#include <stdbool.h>
#include "base/str.h"

/* True when line is one JSON value with nothing but blanks around it, TB_JSON_DEPTH_MAX deep at most. Else *byte is where
 * it stops being so, and *reason "bad_json" or "too_deep". */
bool tb_strict_check(struct tb_str line, size_t *byte, const char **reason);

/* True when s[0..n) is true, false, null or a number. */
bool tb_strict_scalar(const char *s, size_t n);

/* The same for the scalar that ends before line[end]; it begins behind the nearest blank or structural byte. */
bool tb_strict_scalar_before(const char *line, size_t end);

/* Writes the line's structure into out: brackets, and the keys that known() recognises, the others as `_`; no values.
 * Stops where the line stops being JSON. Returns the length. */
size_t tb_strict_outline(struct tb_str line, bool (*known)(void *ctx, struct tb_str key), void *ctx,
                         char *out, size_t size);

#endif
