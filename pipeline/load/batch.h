/* Concept: up to tb_bounds.batch_rows events on their way from a worker to the committer, with what they
 *          need: new dimension texts, ids, and the rejects met between them.
 * Shape:   rows are store rows whose text[] holds the worker's numbers (intern.h); the committer puts dict
 *          ids in their place. define[i] is the text of number define_first + i; numbers below were defined
 *          by earlier batches of the same numbering. fresh: a new numbering begins with this batch.
 * Owns:    everything; the views in it point into its own text buffer, valid until tb_batch_clear.
 */
#ifndef TB_BATCH_H
#define TB_BATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "load/bounds.h"
#include "store/events.h"

struct tb_reject {
    uint64_t line, byte;
    uint64_t part; /* tells apart the rejects of one physical line */
    const char *reason;
    struct tb_str excerpt;
};

/* Where a row's record began: needed only when its day turns out to be pruned. */
struct tb_place {
    uint64_t byte;
    uint64_t part;
};

struct tb_batch {
    struct tb_row *rows;
    struct tb_place *places;
    struct tb_str *defines;
    struct tb_reject *rejects;
    char *text;
    uint32_t n, define_n, define_first, reject_n;
    uint32_t text_n;
    bool fresh;
    const struct tb_bounds *bounds;
    struct tb_batch *next; /* in a list of free ones */
};

struct tb_batch *tb_batch_new(const struct tb_bounds *bounds); /* NULL: no memory */
void tb_batch_free(struct tb_batch *b);
void tb_batch_clear(struct tb_batch *b);

static inline bool tb_batch_empty(const struct tb_batch *b)
{
    return b->n == 0 && b->reject_n == 0;
}

/* Is there room for another event with all its texts, or another reject? */
bool tb_batch_room(const struct tb_batch *b);

/* A copy of s in the batch's text buffer; absent stays absent. There must be room. */
struct tb_str tb_batch_text(struct tb_batch *b, struct tb_str s);

#endif
