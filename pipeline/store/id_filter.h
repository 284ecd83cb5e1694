/* Concept: a filter over a run's keys in memory: most keys that are not in the run are known not to be, without reading a
 *          bucket. Blocks lie in key order, so that building and asking with sorted keys walk through memory.
 * Limits:  10 bits a key (about 1 in 100 passes in vain); all filters together TB_ID_FILTER_BYTES_MAX; a run that does not fit
 *          has none.
 */
#ifndef TB_ID_FILTER_H
#define TB_ID_FILTER_H

#include "store/id_run.h"

struct tb_id_filter {
    uint64_t blocks;  /* of 64 bytes */
    uint64_t word[];
};

/* An empty filter for a run of entries keys, counted in x; NULL when it does not fit or pay (or there is no memory). */
struct tb_id_filter *tb_id_filter_for(struct tb_id_index *x, const struct tb_id_run *r, uint64_t entries);
size_t tb_id_filter_bytes(const struct tb_id_filter *f);
void tb_id_filter_free(struct tb_id_filter *f);

static inline uint64_t tb_id_filter_mix(uint64_t key)
{
    key *= UINT64_C(0x9E3779B97F4A7C15);
    return key ^ key >> 29;
}

/* The block is by the key's first bits; six bits in it by a hash of the whole key: three words, two bits in each. */
static inline uint64_t *tb_id_filter_block(struct tb_id_filter *f, uint64_t key)
{
    return f->word + 8 * ((key >> (TB_KEY_BITS - 32)) * f->blocks >> 32);
}

static inline void tb_id_filter_add(struct tb_id_filter *f, uint64_t key)
{
    if (f == NULL) {
        return;
    }
    uint64_t *w = tb_id_filter_block(f, key), h = tb_id_filter_mix(key);
    w[h & 7] |= UINT64_C(1) << (h >> 3 & 63) | UINT64_C(1) << (h >> 9 & 63);
    w[h >> 15 & 7] |= UINT64_C(1) << (h >> 18 & 63) | UINT64_C(1) << (h >> 24 & 63);
    w[h >> 30 & 7] |= UINT64_C(1) << (h >> 33 & 63) | UINT64_C(1) << (h >> 39 & 63);
}

static inline bool tb_id_filter_may(struct tb_id_filter *f, uint64_t key)
{
    uint64_t *w = tb_id_filter_block(f, key), h = tb_id_filter_mix(key);
    uint64_t a = UINT64_C(1) << (h >> 3 & 63) | UINT64_C(1) << (h >> 9 & 63);
    uint64_t b = UINT64_C(1) << (h >> 18 & 63) | UINT64_C(1) << (h >> 24 & 63);
    uint64_t c = UINT64_C(1) << (h >> 33 & 63) | UINT64_C(1) << (h >> 39 & 63);
    return (w[h & 7] & a) == a && (w[h >> 15 & 7] & b) == b && (w[h >> 30 & 7] & c) == c;
}

#endif
