/* Concept: texts that wait for their next part (CRI's P, Docker's and journald's cut lines), by level, wrapper, node and
 *          stream. unwrap.c decides which are given up, and when.
 * Owns:    a buffer per slot, of at most TB_LINE_MAX.
 */
#ifndef TB_UNWRAP_SLOTS_H
#define TB_UNWRAP_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#define TB_SLOTS      16  /* streams that may wait at once, and one; more: the oldest is given up */
#define TB_STREAM_KEY 384 /* node (255), stream (63), two digits */

enum tb_slot_state {
    TB_SLOT_FREE,
    TB_SLOT_WAITING,
    TB_SLOT_GIVEN
}; /* given: in the queue, until the next push */

struct tb_slot {
    enum tb_slot_state state;
    bool too_long;
    char key[TB_STREAM_KEY];
    size_t key_n, node_n; /* the node is the key's beginning */
    uint64_t line, byte;  /* of the first part */
    struct tb_buf text;
};

struct tb_slots {
    struct tb_slot slot[TB_SLOTS];
    int used; /* slots that are not free */
};

void tb_slots_init(struct tb_slots *s);
void tb_slots_release(struct tb_slots *s);
void tb_slots_start(struct tb_slots *s); /* a new member: nothing waits */
void tb_slots_free_given(struct tb_slots *s);

/* The key of what waits at level (kind: a wrapper's number); the node comes first in it. */
struct tb_str tb_stream_key(char key[TB_STREAM_KEY], int level, int kind, struct tb_str stream,
                            struct tb_str node);

struct tb_slot *tb_slots_find(struct tb_slots *s, struct tb_str key); /* of those that wait; NULL: none */
struct tb_slot *tb_slots_oldest(struct tb_slots *s, const struct tb_slot *not_this);
int tb_slots_waiting(const struct tb_slots *s);
size_t tb_slots_bytes(const struct tb_slots *s); /* of all that wait */

/* Lets an empty text wait under key. There is a free slot: each push leaves one, and takes at most one. */
struct tb_slot *tb_slots_wait(struct tb_slots *s, struct tb_str key, size_t node_n, uint64_t line,
                              uint64_t byte);

/* Adds part; what does not fit makes the slot too_long, with the bytes it has, so that a reject shows its beginning. */
void tb_slot_add(struct tb_slot *s, struct tb_str part);
struct tb_str tb_slot_text(struct tb_slot *s); /* 16 bytes behind are readable */

#endif
