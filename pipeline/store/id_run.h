/* Concept: the inside of the id runs, for id_run.c, id_filter.c, id_probe.c and id_merge.c: a run's row,
 *          its buckets, its filter.
 * Shape:   a bucket's blob: u32 n; n keys of key_bytes each, less the bucket's first key; n places of
 *          place_bytes each, less the run's place_min; 8 bytes of padding, so that every load may read 8
 *          bytes.
 */
#ifndef TB_ID_RUN_H
#define TB_ID_RUN_H

#include <string.h>
#include "store/handle.h"
#include "store/ids.h"

#define TB_KEY_BITS 48
/* Aimed at: with its neighbours' chance excess a bucket still fits one 16 KiB page. */
#define TB_BUCKET_BYTES       15200
#define TB_BUCKET_HEAD        4
#define TB_BUCKET_PAD         8
#define TB_RUN_SHIFT          24
#define TB_MERGE_RUNS         8
#define TB_FILTER_PART_BLOCKS 255 /* of 64 bytes: with the row's head they fill a 16 KiB page */

struct tb_id_run {
    int64_t run;
    int level;
    uint64_t entries, place_min, place_max;
    uint32_t buckets;
    unsigned key_bytes, place_bytes;
    uint64_t filter_blocks; /* 0 = it has no filter */
    uint64_t *filter;       /* its words in memory; NULL = not kept */
};

struct tb_id_index {
    bool loaded;
    struct tb_id_run *runs; /* newest first */
    uint32_t n, cap;
    size_t filter_bytes;
};

/* Reads the list of runs when it is not known. */
enum tb_status tb_id_index_load(struct tb_db *db, struct tb_err *err) TB_MUST_USE;

/* Sets the widths that follow from entries, buckets and places. */
void tb_id_run_widths(struct tb_id_run *r);

/* How many buckets entries with places up to place_max - place_min need. */
uint32_t tb_id_run_buckets(uint64_t entries, uint64_t place_span);

static inline uint32_t tb_id_bucket_of(const struct tb_id_run *r, uint64_t key)
{
    return (uint32_t)((key >> (TB_KEY_BITS - 32)) * r->buckets >> 32);
}

/* The smallest key of a bucket. */
static inline uint64_t tb_id_bucket_start(const struct tb_id_run *r, uint32_t bucket)
{
    uint64_t top = (((uint64_t)bucket << 32) + r->buckets - 1) / r->buckets;
    return top << (TB_KEY_BITS - 32);
}

struct tb_id_bucket {
    uint32_t n;
    const unsigned char *keys, *places;
};

/* A bucket's bytes, valid until the next call; n = 0 for an empty one. */
enum tb_status tb_id_bucket_get(struct tb_db *db, const struct tb_id_run *r, uint32_t bucket,
                                struct tb_id_bucket *out, struct tb_err *err) TB_MUST_USE;

/* Lets go of the last bucket: a statement left standing on a row would hold off checkpoints. */
enum tb_status tb_id_bucket_done(struct tb_db *db, struct tb_err *err) TB_MUST_USE;

static inline uint64_t tb_id_load(const unsigned char *p, unsigned bytes)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return bytes == 8 ? v : v & ((UINT64_C(1) << (8 * bytes)) - 1);
}

/* ---- writing a run entry by entry, ascending ---- */

struct tb_id_writer {
    struct tb_db *db;
    struct tb_id_run run;
    uint32_t bucket;  /* being filled */
    uint64_t start;   /* its smallest key */
    uint64_t written; /* entries */
    struct tb_id_entry *pending;
    size_t n, cap;
    struct tb_buf out;
    uint64_t part;  /* of the filter, being filled */
    uint64_t *bits; /* its words */
};

enum tb_status tb_id_writer_open(struct tb_db *db, int level, uint64_t entries, uint64_t place_min,
                                 uint64_t place_max, struct tb_id_writer *w, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_id_writer_add(struct tb_id_writer *w, struct tb_id_entry e, struct tb_err *err) TB_MUST_USE;
/* Writes the last bucket and the run's row, and makes the run known. */
enum tb_status tb_id_writer_finish(struct tb_id_writer *w, struct tb_err *err) TB_MUST_USE;
void tb_id_writer_release(struct tb_id_writer *w);

#endif
