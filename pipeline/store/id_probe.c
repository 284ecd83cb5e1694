/* Asking a run where ids may be. */
#include <stdlib.h>

#include "store/id_filter.h"
#include "store/id_run.h"

void tb_id_candidates_release(struct tb_id_candidates *c)
{
    free(c->p);
    *c = (struct tb_id_candidates){NULL, 0, 0};
}

enum tb_status tb_id_candidates_add(struct tb_id_candidates *c, uint64_t place, uint32_t wanted,
                                    struct tb_err *err)
{
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 256 : c->cap * 2;
        struct tb_id_candidate *p = realloc(c->p, cap * sizeof *p);
        if (p == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the ids");
        }
        c->p = p;
        c->cap = cap;
    }
    c->p[c->n++] = (struct tb_id_candidate){place, wanted};
    return TB_OK;
}

/* The first entry of the bucket that is not below offset. Keys are hashes: the guess by proportion is
 * near, the walk short. */
static uint32_t lower_bound(const struct tb_id_run *r, const struct tb_id_bucket *b, uint64_t offset,
                            uint64_t span)
{
    uint32_t i = (uint32_t)(((unsigned __int128)offset * b->n) / span);
    i = i >= b->n ? b->n - 1 : i;
    while (i > 0 && tb_id_load(b->keys + (size_t)(i - 1) * r->key_bytes, r->key_bytes) >= offset) {
        i--;
    }
    while (i < b->n && tb_id_load(b->keys + (size_t)i * r->key_bytes, r->key_bytes) < offset) {
        i++;
    }
    return i;
}

static enum tb_status probe_bucket(const struct tb_id_run *r, const struct tb_id_bucket *b, uint64_t start,
                                   uint64_t span, uint64_t key, uint32_t wanted, struct tb_id_candidates *out,
                                   struct tb_err *err)
{
    uint64_t offset = key - start;
    enum tb_status st = TB_OK;
    for (uint32_t i = lower_bound(r, b, offset, span); i < b->n && st == TB_OK; i++) {
        if (tb_id_load(b->keys + (size_t)i * r->key_bytes, r->key_bytes) != offset) {
            break;
        }
        st = tb_id_candidates_add(
            out, r->place_min + tb_id_load(b->places + (size_t)i * r->place_bytes, r->place_bytes), wanted,
            err);
    }
    return st;
}

/* Asks the buckets of keys[0..n). */
static enum tb_status probe_buckets(struct tb_db *db, const struct tb_id_run *r, const uint64_t *keys,
                                    const uint32_t *wanted, uint32_t n, struct tb_id_candidates *out,
                                    struct tb_err *err)
{
    struct tb_id_bucket b = {0, NULL, NULL};
    uint32_t have = UINT32_MAX;
    uint64_t start = 0, span = ((UINT64_C(1) << 32) / r->buckets + 1) << (TB_KEY_BITS - 32);
    enum tb_status st = TB_OK;
    for (uint32_t i = 0; i < n && st == TB_OK; i++) {
        uint32_t bucket = tb_id_bucket_of(r, keys[i]);
        if (bucket != have) {
            st = tb_id_bucket_get(db, r, bucket, &b, err);
            start = tb_id_bucket_start(r, bucket);
            have = bucket;
        }
        if (st == TB_OK && b.n > 0) {
            st = probe_bucket(r, &b, start, span, keys[i], wanted[i], out, err);
        }
    }
    return st == TB_OK ? tb_id_bucket_done(db, err) : st;
}

/* A filter costs about a quarter of its run's buckets to read: fewer questions than that go to the buckets
 * at once. */
static bool filter_pays(const struct tb_id_run *r, uint32_t n)
{
    return r->filter_blocks > 0 && (r->filter != NULL || n > r->filter_blocks / TB_FILTER_PART_BLOCKS);
}

enum tb_status tb_ids_probe(struct tb_db *db, uint32_t run, const uint64_t *keys, const uint32_t *wanted,
                            uint32_t n, struct tb_id_candidates *out, struct tb_err *err)
{
    struct tb_id_run *r = &db->ids->runs[run];
    if (n == 0 || !filter_pays(r, n)) {
        return probe_buckets(db, r, keys, wanted, n, out, err);
    }
    uint64_t *may_keys = malloc(n * sizeof *may_keys);
    uint32_t *may_wanted = malloc(n * sizeof *may_wanted), left = 0;
    enum tb_status st = TB_OK;
    if (may_keys == NULL || may_wanted == NULL) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the ids");
    }
    if (st == TB_OK) {
        st = tb_id_filter_pass(db, r, keys, wanted, n, may_keys, may_wanted, &left, err);
    }
    if (st == TB_OK) {
        st = probe_buckets(db, r, may_keys, may_wanted, left, out, err);
    }
    free(may_keys);
    free(may_wanted);
    return st;
}
