#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/ids.h"

#define SLOTS_MIN 4096u

static bool grow_entries(struct tb_id_table *t, uint32_t cap)
{
    uint64_t *hi = realloc(t->hi, cap * sizeof *hi);
    if (hi == NULL) {
        return false;
    }
    t->hi = hi;
    uint64_t *place = realloc(t->place, cap * sizeof *place);
    if (place == NULL) {
        return false;
    }
    t->place = place;
    t->cap = cap;
    return true;
}

static uint64_t slot_of(uint64_t hi, uint32_t entry)
{
    return hi << 32 | (entry + 1);
}

static void put(struct tb_id_table *t, uint32_t entry)
{
    uint32_t i = (uint32_t)(t->hi[entry] >> t->shift);
    while (t->slots[i] != 0) {
        i = (i + 1) & t->mask;
    }
    t->slots[i] = slot_of(t->hi[entry], entry);
}

static bool grow_slots(struct tb_id_table *t, uint32_t count)
{
    uint64_t *slots = aligned_alloc(64, count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    /* Not calloc: a page that is read before it is first written makes that write interrupt the other cores. */
    memset(slots, 0, count * sizeof *slots);
    free(t->slots);
    t->slots = slots;
    t->mask = count - 1;
    t->shift = 64 - (unsigned)__builtin_ctz(count);
    for (uint32_t e = 0; e < t->n; e++) {
        put(t, e);
    }
    return true;
}

bool tb_id_table_init(struct tb_id_table *t)
{
    memset(t, 0, sizeof *t);
    return tb_id_table_reserve(t, 1);
}

bool tb_id_table_reserve(struct tb_id_table *t, uint32_t extra)
{
    uint32_t cap = t->cap == 0 ? SLOTS_MIN / 2 : t->cap, count = t->slots == NULL ? SLOTS_MIN : t->mask + 1;
    while (cap < t->n + extra) {
        cap *= 2;
    }
    while (count / 4 * 3 < t->n + extra) {
        count *= 2;
    }
    return (cap == t->cap || grow_entries(t, cap)) &&
           ((t->slots != NULL && count == t->mask + 1) || grow_slots(t, count));
}

void tb_id_table_release(struct tb_id_table *t)
{
    free(t->hi);
    free(t->place);
    free(t->slots);
    memset(t, 0, sizeof *t);
}

/* Empties the slots from where the entry belongs to the next empty one: whatever else lies there goes, too. */
static void take_out(struct tb_id_table *t, uint32_t entry)
{
    for (uint32_t i = (uint32_t)(t->hi[entry] >> t->shift); t->slots[i] != 0; i = (i + 1) & t->mask) {
        t->slots[i] = 0;
    }
}

void tb_id_table_clear(struct tb_id_table *t)
{
    if (t->n > t->mask / 16) {
        memset(t->slots, 0, (t->mask + 1) * sizeof *t->slots);
    } else { /* a small file behind a big one */
        for (uint32_t e = 0; e < t->n; e++) {
            take_out(t, e);
        }
    }
    t->n = 0;
}

uint32_t tb_id_table_add(struct tb_id_table *t, uint64_t hi, uint64_t place)
{
    assert(t->n < t->cap);
    t->hi[t->n] = hi;
    t->place[t->n] = place;
    put(t, t->n);
    return t->n++;
}

uint32_t tb_id_table_find(const struct tb_id_table *t, uint64_t hi, uint32_t *at)
{
    uint32_t i = *at == 0 ? (uint32_t)(hi >> t->shift) : *at & t->mask;
    for (; t->slots[i] != 0; i = (i + 1) & t->mask) {
        uint32_t entry = (uint32_t)t->slots[i] - 1;
        if (t->slots[i] >> 32 == (hi & UINT32_MAX) && t->hi[entry] == hi) {
            *at = i + 1 + (t->mask + 1); /* never 0, whatever the slot */
            return entry;
        }
    }
    return UINT32_MAX;
}
