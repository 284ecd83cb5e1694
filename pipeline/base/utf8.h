/* Concept: making text safe: valid UTF-8, and nothing that steers a terminal or reorders a line.
 */
#ifndef TB_UTF8_H
#define TB_UTF8_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "base/str.h"

bool tb_utf8_valid(struct tb_str s);

/* The code point at p (n > 0 bytes there) and its length; invalid bytes give U+FFFD and length 1. */
uint32_t tb_utf8_decode(const char *p, size_t n, size_t *length);
size_t tb_utf8_encode(uint32_t cp, char out[4]); /* no scalar value: U+FFFD */

/* Takes the character at s.s[*i], *i < s.n, or U+FFFD for a maximal invalid part, and moves *i behind it. */
uint32_t tb_utf8_take(struct tb_str s, size_t *i);

/* Copies s to out (room for 3 * s.n bytes), each maximal invalid part (Unicode 3.9: the longest beginning of
 * a character that has no end, else one byte) replaced by U+FFFD. Returns the length. */
size_t tb_utf8_repair(struct tb_str s, char *out);

/* Copies s to out (room for 3 * s.n bytes) for printing: repaired, and without C0, DEL, C1, bidi controls
 * (U+202A-202E, U+2066-2069, U+200E/F, U+061C), U+FFFE/FFFF; TAB and newlines become a blank. Returns the
 * length. */
size_t tb_utf8_printable(struct tb_str s, char *out);

/* Does cp steer a terminal or reorder a line: C0, DEL, C1, bidi controls, U+2028/9? */
bool tb_utf8_steers(uint32_t cp);

size_t tb_utf8_chars(struct tb_str s); /* code points, invalid bytes counting one each */

#endif
