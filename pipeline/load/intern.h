/* Concept: a worker's own numbering of dimension texts: each distinct text gets a number and is hashed once.
 * Shape:   numbers count from 1 in order of first appearance; 0 is absent. One numbering for all dimensions.
 * Owns:    copies of the texts, until tb_intern_reset or _free.
 * Limits:  tb_bounds.intern_texts and intern_bytes: when tb_intern_full says so, the caller begins anew.
 */
#ifndef TB_INTERN_H
#define TB_INTERN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "event/event.h"
#include "load/bounds.h"

struct tb_intern;

struct tb_intern *tb_intern_new(const struct tb_bounds *bounds); /* NULL: no memory */
void tb_intern_free(struct tb_intern *in);
void tb_intern_reset(struct tb_intern *in);

/* True when the numbering should begin anew before another event. */
bool tb_intern_full(const struct tb_intern *in);

/* Numbers every dimension of an event into number, and their digests (tb_identity_text) into hash: TB_T_COUNT
 * of each. */
enum tb_status tb_intern_texts(struct tb_intern *in, const struct tb_str *text, uint32_t *number,
                               uint64_t *hash, struct tb_err *err) TB_MUST_USE;

uint32_t tb_intern_count(const struct tb_intern *in);                      /* the highest number given */
struct tb_str tb_intern_text(const struct tb_intern *in, uint32_t number); /* 1..count */

#endif
