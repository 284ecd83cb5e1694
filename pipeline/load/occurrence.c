#include "load/occurrence.h"
#include <assert.h>
#include <stdlib.h>

/* 64 of the digest's 128 bits are kept: among ten million distinct records of one file two meet once in
 * 400,000 files. */
struct slot {
    uint64_t key;
    uint32_t count;
    uint32_t round; /* slots of an older round are free: a new file costs nothing */
};

struct tb_occurrence {
    struct slot *slots;
    uint32_t mask, used, slots_max, round;
};

#define FIRST_SLOTS 256u

struct tb_occurrence *tb_occurrence_new(const struct tb_bounds *bounds)
{
    struct tb_occurrence *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return NULL;
    }
    assert(bounds->occurrence_slots >= 4 && (bounds->occurrence_slots & (bounds->occurrence_slots - 1)) == 0);
    o->slots_max = bounds->occurrence_slots;
    uint32_t slots = o->slots_max < FIRST_SLOTS ? o->slots_max : FIRST_SLOTS;
    o->mask = slots - 1;
    o->round = 1;
    o->slots = calloc(slots, sizeof *o->slots);
    if (o->slots == NULL) {
        free(o);
        return NULL;
    }
    return o;
}

void tb_occurrence_free(struct tb_occurrence *o)
{
    if (o != NULL) {
        free(o->slots);
        free(o);
    }
}

void tb_occurrence_reset(struct tb_occurrence *o)
{
    o->used = 0;
    o->round++;
    if (o->round == 0) { /* wrapped: rounds of four thousand million files ago must not come alive */
        for (uint32_t i = 0; i <= o->mask; i++) {
            o->slots[i].round = 0;
        }
        o->round = 1;
    }
}

static struct slot *find(struct slot *slots, uint32_t mask, uint32_t round, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 32) & mask;
    while (slots[at].round == round && slots[at].key != key) {
        at = (at + 1) & mask;
    }
    return &slots[at];
}

static bool grow(struct tb_occurrence *o)
{
    uint32_t slots = (o->mask + 1) * 2;
    struct slot *wider = calloc(slots, sizeof *wider);
    if (wider == NULL) {
        return false;
    }
    for (uint32_t i = 0; i <= o->mask; i++) {
        if (o->slots[i].round == o->round) {
            *find(wider, slots - 1, o->round, o->slots[i].key) = o->slots[i];
        }
    }
    free(o->slots);
    o->slots = wider;
    o->mask = slots - 1;
    return true;
}

enum tb_occurred tb_occurrence_next(struct tb_occurrence *o, struct tb_hash128 record, uint32_t *number)
{
    struct slot *slot = find(o->slots, o->mask, o->round, record.lo);
    if (slot->round != o->round) {
        if (o->used >= (o->mask + 1) / 4 * 3) {
            if (o->mask + 1 >= o->slots_max) {
                return TB_OCCURRED_FULL;
            }
            if (!grow(o)) {
                return TB_OCCURRED_NO_MEMORY;
            }
            slot = find(o->slots, o->mask, o->round, record.lo);
        }
        o->used++;
        *slot = (struct slot){.key = record.lo, .count = 0, .round = o->round};
    }
    *number = slot->count++;
    return TB_OCCURRED;
}
