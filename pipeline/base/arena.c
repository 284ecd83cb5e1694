#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#define ALIGN     16
#define BLOCK_MIN (4u << 10)
#define BLOCK_MAX (1u << 20) /* doubling stops here: a large arena wastes at most this */

struct tb_arena_block {
    alignas(ALIGN) struct tb_arena_block *next;
    size_t size; /* bytes behind this header */
    size_t used;
};

static char *block_bytes(struct tb_arena_block *b)
{
    return (char *)(b + 1);
}

void tb_arena_init(struct tb_arena *a, size_t max)
{
    assert(a != NULL);
    *a = (struct tb_arena){NULL, 0, max};
}

static void free_from(struct tb_arena *a, struct tb_arena_block *b)
{
    while (b != NULL) {
        struct tb_arena_block *next = b->next;
        a->total -= sizeof(*b) + b->size;
        free(b);
        b = next;
    }
}

void tb_arena_release(struct tb_arena *a)
{
    if (a == NULL) {
        return;
    }
    free_from(a, a->head);
    a->head = NULL;
    assert(a->total == 0);
}

void tb_arena_reset(struct tb_arena *a)
{
    if (a->head == NULL) {
        return;
    }
    free_from(a, a->head->next);
    a->head->next = NULL;
    a->head->used = 0;
}

/* A block with room for n, or, near the cap, the largest that still fits. */
static struct tb_arena_block *add_block(struct tb_arena *a, size_t n)
{
    size_t size = a->head != NULL ? 2 * a->head->size : BLOCK_MIN;
    size_t room = a->max - a->total;
    if (size > BLOCK_MAX) {
        size = BLOCK_MAX;
    }
    if (room < sizeof(struct tb_arena_block) || n > room - sizeof(struct tb_arena_block)) {
        return NULL;
    }
    room -= sizeof(struct tb_arena_block);
    if (size > room) {
        size = room;
    }
    if (size < n) {
        size = n;
    }
    struct tb_arena_block *b = malloc(sizeof(*b) + size);
    if (b == NULL) {
        return NULL;
    }
    b->next = a->head;
    b->size = size;
    b->used = 0;
    a->head = b;
    a->total += sizeof(*b) + size;
    return b;
}

void *tb_arena_alloc(struct tb_arena *a, size_t n)
{
    assert(a != NULL);
    if (n > SIZE_MAX - ALIGN) {
        return NULL;
    }
    size_t need = n == 0 ? ALIGN : (n + ALIGN - 1) / ALIGN * ALIGN;
    struct tb_arena_block *b = a->head;
    if (b == NULL || need > b->size - b->used) {
        b = add_block(a, need);
        if (b == NULL) {
            return NULL;
        }
    }
    void *p = block_bytes(b) + b->used;
    b->used += need;
    return memset(p, 0, need);
}

char *tb_arena_cstr(struct tb_arena *a, struct tb_str s)
{
    if (s.s == NULL || s.n == SIZE_MAX) {
        return NULL;
    }
    char *p = tb_arena_alloc(a, s.n + 1);
    if (p != NULL && s.n > 0) {
        memcpy(p, s.s, s.n);
    }
    return p;
}

struct tb_str tb_arena_str(struct tb_arena *a, struct tb_str s)
{
    char *p = tb_arena_cstr(a, s);
    return p != NULL ? (struct tb_str){p, s.n} : TB_STR_NULL;
}
