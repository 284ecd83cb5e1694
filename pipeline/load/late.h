/* Concept: events without an id that came when the occurrence table was full: set aside until the member's
 *          end, then counted in as many rounds as it takes, each with an empty table. Exact, in bounded
 *          memory.
 * Shape:   self-contained batches (their own numbering of texts) in a temporary file of their own.
 * Owns:    its batch, numbering and file, made at the first use, until tb_late_release.
 */
#ifndef TB_LATE_H
#define TB_LATE_H

#include "load/batch.h"
#include "load/intern.h"
#include "load/spill.h"

struct tb_late {
    const struct tb_bounds *bounds;
    struct tb_intern *intern;
    struct tb_batch *batch;
    struct tb_spill spill;
    struct tb_chunk *chunks;
    size_t n, cap;
};

void tb_late_init(struct tb_late *l, const struct tb_bounds *bounds);
void tb_late_release(struct tb_late *l);
void tb_late_reset(struct tb_late *l); /* a new member begins */
bool tb_late_empty(const struct tb_late *l);

/* Sets row aside; its text numbers are replaced. row->identity is the record's digest, not yet an
 * identity. */
enum tb_status tb_late_add(struct tb_late *l, const struct tb_row *row, const struct tb_place *place,
                           const struct tb_str *text, struct tb_err *err) TB_MUST_USE;

/* Gives every row set aside so far to take, which may set it aside again for the next round. */
enum tb_status tb_late_round(struct tb_late *l,
                             enum tb_status (*take)(void *ctx, const struct tb_row *row,
                                                    const struct tb_place *place, const struct tb_str *text,
                                                    struct tb_err *err),
                             void *ctx, struct tb_err *err) TB_MUST_USE;

#endif
