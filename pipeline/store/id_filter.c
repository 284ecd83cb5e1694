#include "store/id_filter.h"

#include <stdlib.h>

#define ENTRIES_MIN 16384u /* a shorter run has so few buckets that a batch reads them all for nothing */
#define KEYS_PER_BLOCK 51u /* 512 bits, 10 a key */

size_t tb_id_filter_bytes(const struct tb_id_filter *f)
{
    return sizeof *f + (size_t)f->blocks * 64;
}

void tb_id_filter_free(struct tb_id_filter *f)
{
    free(f);
}

struct tb_id_filter *tb_id_filter_for(struct tb_id_index *x, const struct tb_id_run *r, uint64_t entries)
{
    (void)r;
    uint64_t blocks = entries / KEYS_PER_BLOCK + 1;
    size_t bytes = sizeof(struct tb_id_filter) + (size_t)blocks * 64;
    if (entries < ENTRIES_MIN || x->filter_bytes + bytes > TB_ID_FILTER_BYTES_MAX) {
        return NULL;
    }
    struct tb_id_filter *f = calloc(1, bytes);
    if (f != NULL) {
        f->blocks = blocks;
        x->filter_bytes += bytes;
    }
    return f;
}
