/* Concept: which ids are stored, and where: sorted runs in SQLite for what is committed, a hash for what
 *          the open transaction has added. Both answer with candidates: the caller confirms by the other
 *          half of the id, which stands at the place.
 * Shape:   key = the first 48 bits of an identity; place = segment * TB_SEGMENT_ROWS + row. A run's
 *          entries lie in buckets by key prefix, a page each. Eight runs of a level merge into one of
 *          the next.
 * Limits:  a filter per run spares most bucket reads (id_filter.h); in memory at most
 *          TB_ID_FILTER_BYTES_MAX of them.
 */
#ifndef TB_IDS_H
#define TB_IDS_H

#include "store/db.h"

#define TB_ID_FILTER_BYTES_MAX (24u << 20)

struct tb_id_entry {
    uint64_t key;
    uint64_t place;
};

static inline uint64_t tb_id_key(uint64_t identity_hi)
{
    return identity_hi >> 16;
}

/* ---- the runs ---- */

struct tb_id_index;
struct tb_id_index *tb_id_index_new(void);
void tb_id_index_free(struct tb_id_index *x);
void tb_id_index_forget(struct tb_id_index *x); /* after a rollback: what it knows may not be there */

/* How many runs there are, 0 the newest. */
enum tb_status tb_ids_runs(struct tb_db *db, uint32_t *runs, struct tb_err *err) TB_MUST_USE;

struct tb_id_candidate {
    uint64_t place;
    uint32_t wanted; /* index in keys */
};

/* A list of candidates, growing as needed. */
struct tb_id_candidates {
    struct tb_id_candidate *p;
    size_t n, cap;
};
enum tb_status tb_id_candidates_add(struct tb_id_candidates *c, uint64_t place, uint32_t wanted,
                                    struct tb_err *err) TB_MUST_USE;
void tb_id_candidates_release(struct tb_id_candidates *c);

/* Appends the places of run where keys[0..n) (ascending; wanted[i] is told for keys[i]) may be. */
enum tb_status tb_ids_probe(struct tb_db *db, uint32_t run, const uint64_t *keys, const uint32_t *wanted,
                            uint32_t n, struct tb_id_candidates *out, struct tb_err *err) TB_MUST_USE;

/* Writes entries (sorted by key, then place) as a new run. */
enum tb_status tb_ids_write(struct tb_db *db, const struct tb_id_entry *entries, size_t n,
                            struct tb_err *err) TB_MUST_USE;

/* Merges while eight runs of a level stand. */
enum tb_status tb_ids_merge(struct tb_db *db, struct tb_err *err) TB_MUST_USE;

/* ---- the open transaction ---- */

/* Ids added and not yet in a run. An entry's place may be changed while it waits for its segment. */
struct tb_id_table {
    uint64_t *hi;
    uint64_t *place;
    /* Low half of hi, then 1 + entry; 0 = free. In the order of hi: sorted ids walk through memory. */
    uint64_t *slots;
    uint32_t n, cap, mask;
    unsigned shift; /* hi >> shift is the slot */
};

bool tb_id_table_init(struct tb_id_table *t);
void tb_id_table_release(struct tb_id_table *t);
void tb_id_table_clear(struct tb_id_table *t);
/* Makes room for extra more entries: before a batch, because slots lie in the order of hi, and a table
 * that grew while sorted entries come in would crowd them at its front. False without memory. */
bool tb_id_table_reserve(struct tb_id_table *t, uint32_t extra) TB_MUST_USE;
/* The number of the new entry; there must be room. */
uint32_t tb_id_table_add(struct tb_id_table *t, uint64_t hi, uint64_t place);
/* The entries of hi, one per call (*at = 0 before the first, then left alone); UINT32_MAX behind the last. */
uint32_t tb_id_table_find(const struct tb_id_table *t, uint64_t hi, uint32_t *at);

#endif
