/* Concept: what is kept of a prompt: a keyed fingerprint and its length, never its text.
 * Shape:   fingerprint = SipHash-2-4, keyed, of the XXH3-128 digest of the text in lower case (ASCII), each run of blanks one blank: as secret as the key, at XXH3's speed. A
 *          fingerprint is never 0: that says "none".
 */
#ifndef TB_PROMPT_H
#define TB_PROMPT_H

#include <stdint.h>
#include "base/str.h"

/* The key (the file beside the database): set once, before any thread makes fingerprints. Without one it is all zero. */
void tb_prompt_key(const unsigned char key[16]);

uint64_t tb_prompt_fingerprint(struct tb_str text);

/* Characters of text: bytes that do not continue a UTF-8 sequence. */
int64_t tb_prompt_chars(struct tb_str text);

#endif
