/* Concept: one configured path pattern: literal text, globs, {node}, {date}.
 * Shape:   `*` (not across /), `?` (one character, not /), `[…]` (ranges, leading ! or ^), `\` escapes; {node}:
 *          the shortest match of one or more characters, not across /; {date}: YYYY-MM-DD or YYYYMMDD, a real
 *          day. Written twice, {node} and {date} must bind the same both times. A leading dot is matched only by
 *          a written dot.
 */
#ifndef TB_SOURCE_PATTERN_H
#define TB_SOURCE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct tb_binding {
    struct tb_str node; /* within the path matched, or absent */
    int32_t date;       /* or TB_DAY_NONE */
};

bool tb_pattern_match(struct tb_str pattern, struct tb_str path, struct tb_binding *b);
bool tb_pattern_literal(struct tb_str pattern); /* matches one path only: itself */
bool tb_pattern_dated(struct tb_str pattern);   /* has {date} */

/* A literal pattern without its escapes, into out (room for pattern.n + 1). */
void tb_pattern_unescape(struct tb_str pattern, char *out);

#endif
