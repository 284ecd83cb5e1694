/* Concept: what tells near-duplicate prompts without keeping their text: a keyed minhash of the set of words of a prompt.
 * Shape:   32 lanes of 16 bits. Words are lower case runs of letters and digits; what varies between two runs of one
 *          template is masked: digits, and hexadecimal words of 4 or more with a digit, or of 8 or more. Of two prompts the share of
 *          equal lanes is near the Jaccard index of their word sets. Fewer than TB_SIGNATURE_WORDS different words make no
 *          signature: all lanes 0.
 * Limits:  the first and the last TB_SIGNATURE_SPAN bytes are read, so that a long prompt costs no more than a short one; beyond
 *          TB_SIGNATURE_TEXT_MAX bytes there is no signature: on logs of 4 KB prompts it cost a fifth of the whole ingest.
 */
#ifndef TB_SIGNATURE_H
#define TB_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

#define TB_SIGNATURE_LANES    32
#define TB_SIGNATURE_WORDS    8
#define TB_SIGNATURE_SPAN     384
#define TB_SIGNATURE_TEXT_MAX 2048

struct tb_signature {
    _Alignas(16) uint16_t lane[TB_SIGNATURE_LANES];
};

/* Derives the permutations: set once, before any thread makes signatures. Without one the key is all zero. */
void tb_signature_key(const unsigned char key[16]);

/* False when text has too few words; *out is then zero. */
bool tb_signature_make(struct tb_str text, struct tb_signature *out);

static inline bool tb_signature_is(const struct tb_signature *s)
{
    return s->lane[0] != 0;
}

/* How many lanes agree, 0 to 32. */
int tb_signature_equal(const struct tb_signature *a, const struct tb_signature *b);

/* Lower-cases ASCII and makes each run of blanks one blank (none at the ends); out has room for text.n + 17 bytes; returns the length.
 * *blank carries from piece to piece whether a blank is due (begin with false); first: nothing was written yet. */
size_t tb_signature_normalise(struct tb_str text, bool *blank, bool *first, char *out);

#endif
