/* Concept: a set of tuples of `words` 32-bit numbers, each numbered 0, 1, ... in the order in which it was
 * added; the caller keeps what belongs to tuple i in an array of its own. Shape:   open addressing; a slot is
 * the tuple's number and 32 bits of its hash, the tuples lie one after the other. Owns:    its memory until
 * tb_tuples_release. tb_tuples_at's pointer lives until the next tb_tuples_add. Errors: TB_FATAL/TB_E_MEMORY;
 * TB_FAIL/TB_E_LIMIT past max tuples.
 */
#ifndef TB_TUPLE_H
#define TB_TUPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

struct tb_tuples {
    uint32_t words;
    uint32_t n;
    uint32_t max;
    uint32_t key_cap;   /* tuples that keys has room for */
    uint32_t slot_mask; /* slots - 1 */
    uint32_t *keys;
    uint64_t *slots; /* hash << 32 | number + 1; 0 = free */
};

#define TB_TUPLES_MAX UINT32_C(0x3ffffff0)

void tb_tuples_init(struct tb_tuples *t, uint32_t words, uint32_t max);
void tb_tuples_release(struct tb_tuples *t);
void tb_tuples_clear(struct tb_tuples *t); /* empty again, its memory kept */

/* Puts key (words numbers) there if it is not; *number is its number, *is_new (may be NULL) whether it was
 * not there. */
enum tb_status tb_tuples_add(struct tb_tuples *t, const uint32_t *key, uint32_t *number, bool *is_new,
                             struct tb_err *err) TB_MUST_USE;

/* The same in three strides, so that many keys can be on their way to memory at once: the hash of a key, the
 * slot of a hash called into the cache, then the tuple that stands there called (*guess its number, if any;
 * it may be another's). */
uint64_t tb_tuples_hash(const struct tb_tuples *t, const uint32_t *key);
void tb_tuples_call_slot(const struct tb_tuples *t, uint64_t hash);
bool tb_tuples_call_key(const struct tb_tuples *t, uint64_t hash, uint32_t *guess);
enum tb_status tb_tuples_add_hashed(struct tb_tuples *t, const uint32_t *key, uint64_t hash, uint32_t *number,
                                    bool *is_new, struct tb_err *err) TB_MUST_USE;

/* Whether key is there: then *number is its number. */
bool tb_tuples_find(const struct tb_tuples *t, const uint32_t *key, uint32_t *number);

static inline const uint32_t *tb_tuples_at(const struct tb_tuples *t, uint32_t number)
{
    return t->keys + (size_t)number * t->words;
}

/* Makes *array, of items of item bytes with room for *cap, hold at least need of them; new items are zero. */
enum tb_status tb_tuples_grow(void **array, size_t *cap, size_t need, size_t item,
                              struct tb_err *err) TB_MUST_USE;

#endif
