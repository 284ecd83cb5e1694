#include "rate/tuple.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

#define SLOTS_FIRST 64u

void tb_tuples_init(struct tb_tuples *t, uint32_t words, uint32_t max)
{
    assert(words > 0 && max <= TB_TUPLES_MAX);
    *t = (struct tb_tuples){.words = words, .max = max};
}

void tb_tuples_release(struct tb_tuples *t)
{
    free(t->keys);
    free(t->slots);
    *t = (struct tb_tuples){.words = t->words, .max = t->max};
}

void tb_tuples_clear(struct tb_tuples *t)
{
    if (t->slots != NULL) {
        memset(t->slots, 0, ((size_t)t->slot_mask + 1) * sizeof *t->slots);
    }
    t->n = 0;
}

uint64_t tb_tuples_hash(const struct tb_tuples *t, const uint32_t *key)
{
    return tb_hash64(key, t->words * sizeof *key, 0);
}

static inline bool key_is(const struct tb_tuples *t, uint32_t number, const uint32_t *key)
{
    const uint32_t *there = tb_tuples_at(t, number);
    uint32_t differs = 0;
    for (uint32_t i = 0; i < t->words; i++) {
        differs |= there[i] ^ key[i];
    }
    return differs == 0;
}

/* The slot of key, or the free one where it would stand. */
static inline uint32_t slot_of(const struct tb_tuples *t, const uint32_t *key, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & t->slot_mask;
    while (t->slots[i] != 0) {
        if (t->slots[i] >> 32 == hash >> 32 && key_is(t, (uint32_t)t->slots[i] - 1, key)) {
            break;
        }
        i = (i + 1) & t->slot_mask;
    }
    return i;
}

static enum tb_status grow_slots(struct tb_tuples *t, struct tb_err *err)
{
    uint32_t size = t->slots == NULL ? SLOTS_FIRST : 2 * (t->slot_mask + 1);
    uint64_t *old = t->slots;
    t->slots = calloc(size, sizeof *t->slots);
    if (t->slots == NULL) {
        t->slots = old;
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %u groups", size);
    }
    t->slot_mask = size - 1;
    for (uint32_t number = 0; number < t->n; number++) {
        uint64_t hash = tb_tuples_hash(t, tb_tuples_at(t, number));
        uint32_t i = (uint32_t)hash & t->slot_mask;
        while (t->slots[i] != 0) {
            i = (i + 1) & t->slot_mask;
        }
        t->slots[i] = (hash >> 32) << 32 | (number + 1);
    }
    free(old);
    return TB_OK;
}

static enum tb_status grow_keys(struct tb_tuples *t, struct tb_err *err)
{
    uint32_t cap = t->key_cap == 0 ? SLOTS_FIRST : 2 * t->key_cap;
    uint32_t *keys = realloc(t->keys, (size_t)cap * t->words * sizeof *keys);
    if (keys == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %u groups", cap);
    }
    t->keys = keys;
    t->key_cap = cap;
    return TB_OK;
}

void tb_tuples_call_slot(const struct tb_tuples *t, uint64_t hash)
{
    if (t->slots != NULL) {
        __builtin_prefetch(&t->slots[(uint32_t)hash & t->slot_mask]);
    }
}

bool tb_tuples_call_key(const struct tb_tuples *t, uint64_t hash, uint32_t *guess)
{
    if (t->slots == NULL) {
        return false;
    }
    uint64_t slot = t->slots[(uint32_t)hash & t->slot_mask];
    *guess = (uint32_t)slot - 1;
    if (slot != 0) {
        const uint32_t *key = tb_tuples_at(t, *guess);
        __builtin_prefetch(key);
        __builtin_prefetch(key + t->words - 1);
    }
    return slot != 0;
}

enum tb_status tb_tuples_add(struct tb_tuples *t, const uint32_t *key, uint32_t *number, bool *is_new,
                             struct tb_err *err)
{
    return tb_tuples_add_hashed(t, key, tb_tuples_hash(t, key), number, is_new, err);
}

enum tb_status tb_tuples_add_hashed(struct tb_tuples *t, const uint32_t *key, uint64_t hash, uint32_t *number,
                                    bool *is_new, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    if (t->slots == NULL || t->n > t->slot_mask / 2) {
        status = grow_slots(t, err);
    }
    if (status != TB_OK) {
        return status;
    }
    uint32_t i = slot_of(t, key, hash);
    if (is_new != NULL) {
        *is_new = t->slots[i] == 0;
    }
    if (t->slots[i] != 0) {
        *number = (uint32_t)t->slots[i] - 1;
        return TB_OK;
    }
    if (t->n >= t->max) {
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "more than %u groups: ask for fewer dimensions or days",
                          t->max);
    }
    if (t->n == t->key_cap) {
        status = grow_keys(t, err);
    }
    if (status == TB_OK) {
        memcpy(t->keys + (size_t)t->n * t->words, key, t->words * sizeof *key);
        *number = t->n++;
        t->slots[i] = (hash >> 32) << 32 | t->n;
    }
    return status;
}

bool tb_tuples_find(const struct tb_tuples *t, const uint32_t *key, uint32_t *number)
{
    if (t->slots == NULL) {
        return false;
    }
    uint64_t slot = t->slots[slot_of(t, key, tb_tuples_hash(t, key))];
    *number = (uint32_t)slot - 1;
    return slot != 0;
}

enum tb_status tb_tuples_grow(void **array, size_t *cap, size_t need, size_t item, struct tb_err *err)
{
    if (need <= *cap) {
        return TB_OK;
    }
    size_t more = *cap == 0 ? SLOTS_FIRST : *cap + *cap / 2;
    more = more < need ? need : more;
    void *p = realloc(*array, more * item);
    if (p == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %zu groups", more);
    }
    memset((char *)p + *cap * item, 0, (more - *cap) * item);
    *array = p;
    *cap = more;
    return TB_OK;
}
