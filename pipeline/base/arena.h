/* Concept: many small allocations with one lifetime.
 * Owns:    everything it hands out, until tb_arena_reset or tb_arena_release. Addresses do not move.
 * Errors:  NULL when there is no memory or max would be passed.
 */
#ifndef TB_ARENA_H
#define TB_ARENA_H

#include <stddef.h>
#include "base/str.h"

struct tb_arena_block;
struct tb_arena {
    struct tb_arena_block *head;
    size_t total;
    size_t max;
};

void tb_arena_init(struct tb_arena *a, size_t max);
void tb_arena_release(struct tb_arena *a);
void tb_arena_reset(struct tb_arena *a);            /* keeps one block for reuse */
void *tb_arena_alloc(struct tb_arena *a, size_t n); /* 16-byte aligned, zeroed */

/* A copy, with a NUL behind; absent stays absent. Without memory the copy is absent too. */
struct tb_str tb_arena_str(struct tb_arena *a, struct tb_str s);
char *tb_arena_cstr(struct tb_arena *a, struct tb_str s);

#endif
