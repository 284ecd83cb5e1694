/* Concept: "did you mean": the candidate nearest to a word that was not understood. Letters' case and - _
 *          blank do not count as differences.
 * Owns:    nothing; best is one of the candidates offered.
 */
#ifndef TB_NEAREST_H
#define TB_NEAREST_H

#include "base/str.h"

struct tb_nearest {
    struct tb_str word;
    int distance;   /* of the best candidate so far; one more than is near at first */
    char best[128]; /* "" when none was near */
};

void tb_nearest_init(struct tb_nearest *n, struct tb_str word);

/* Takes candidate when it is nearer than the best so far. Returns whether it was. */
bool tb_nearest_offer(struct tb_nearest *n, const char *candidate);

/* Like tb_nearest_offer, but compares only the part of candidate that begins at part ("Berlin" for
 * "Europe/Berlin"). */
bool tb_nearest_offer_part(struct tb_nearest *n, const char *candidate, const char *part);

#endif
