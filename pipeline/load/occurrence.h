/* Concept: how often each record without an id came in one file so far: the occurrence number in its
 *          identity.
 * Limits:  tb_bounds.occurrence_slots: three quarters of them hold records; when they are taken, a record not
 *          among them is told apart ("full") and the caller sets it aside until the file's end (late.h), so
 *          that the count stays exact in bounded memory.
 */
#ifndef TB_OCCURRENCE_H
#define TB_OCCURRENCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"
#include "load/bounds.h"

struct tb_occurrence;

struct tb_occurrence *tb_occurrence_new(const struct tb_bounds *bounds); /* NULL: no memory */
void tb_occurrence_free(struct tb_occurrence *o);
void tb_occurrence_reset(struct tb_occurrence *o); /* a new file begins */

enum tb_occurred { TB_OCCURRED, TB_OCCURRED_FULL, TB_OCCURRED_NO_MEMORY };

/* *number = how often record came before, from 0. FULL: unknown, there is no room to count it. */
enum tb_occurred tb_occurrence_next(struct tb_occurrence *o, struct tb_hash128 record, uint32_t *number);

#endif
