#include "store/id_filter.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define ENTRIES_MIN    40000u
#define KEYS_PER_BLOCK 32u /* 512 bits, 16 a key */
#define PART_BYTES     (TB_FILTER_PART_BLOCKS * 64)

uint64_t tb_id_filter_blocks(uint64_t entries)
{
    return entries < ENTRIES_MIN ? 0 : entries / KEYS_PER_BLOCK + 1;
}

static uint64_t block_of(const struct tb_id_run *r, uint64_t key)
{
    return (key >> (TB_KEY_BITS - 32)) * r->filter_blocks >> 32;
}

/* Eight bit numbers of six bits, by a hash of the whole key: its first bits alone choose the block. */
static uint64_t hash_of(uint64_t key)
{
    key *= UINT64_C(0x9E3779B97F4A7C15);
    key ^= key >> 32;
    return key * UINT64_C(0xD6E8FEB86659FD93);
}

static uint64_t bit_of(uint64_t hash, int word)
{
    return UINT64_C(1) << (hash >> (16 + 6 * word) & 63);
}

static bool may_be_in(const uint64_t *w, uint64_t key)
{
    uint64_t h = hash_of(key), missing = 0;
    for (int i = 0; i < 4;
         i++) { /* four at once: most strangers fail here, and a branch for each would be guessed wrong */
        missing |= ~w[i] & bit_of(h, i);
    }
    for (int i = 4; i < 8 && missing == 0; i++) {
        missing |= ~w[i] & bit_of(h, i);
    }
    return missing == 0;
}

static int64_t part_number(const struct tb_id_run *r, uint64_t part)
{
    return r->run << TB_RUN_SHIFT | (int64_t)part;
}

static uint64_t part_count(const struct tb_id_run *r)
{
    return (r->filter_blocks + TB_FILTER_PART_BLOCKS - 1) / TB_FILTER_PART_BLOCKS;
}

/* ---- writing ---- */

static enum tb_status write_part(struct tb_id_writer *w, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(w->db, "id_filter_insert.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "part", part_number(&w->run, w->part));
    tb_query_bind_blob(q, "data", w->bits, PART_BYTES);
    st = tb_query_run(q, err);
    tb_query_bind_null(q, "data");
    memset(w->bits, 0, PART_BYTES);
    w->part++;
    return st;
}

enum tb_status tb_id_filter_add(struct tb_id_writer *w, uint64_t key, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    if (w->run.filter_blocks == 0) {
        return st;
    }
    uint64_t block = block_of(&w->run, key), part = block / TB_FILTER_PART_BLOCKS, h = hash_of(key);
    while (w->part < part && st == TB_OK) {
        st = write_part(w, err);
    }
    uint64_t *word = w->bits + 8 * (block % TB_FILTER_PART_BLOCKS);
    for (int i = 0; i < 8; i++) {
        word[i] |= bit_of(h, i);
    }
    return st;
}

enum tb_status tb_id_filter_finish(struct tb_id_writer *w, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    while (w->part < part_count(&w->run) && st == TB_OK) {
        st = write_part(w, err);
    }
    return st;
}

enum tb_status tb_id_filter_drop(struct tb_db *db, const struct tb_id_run *r, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "id_filter_drop.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "first", part_number(r, 0));
    tb_query_bind_int(q, "last", part_number(r, 0) + (INT64_C(1) << TB_RUN_SHIFT));
    return tb_query_run(q, err);
}

/* ---- asking ---- */

/* A part's words, valid until the next call. */
static enum tb_status get_part(struct tb_db *db, const struct tb_id_run *r, uint64_t part, const void **words,
                               struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "id_filter_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_first(q, part_number(r, part));
    st = tb_query_step(q, err);
    struct tb_str blob = st == TB_OK ? tb_query_blob(q, 0) : TB_STR_NULL;
    if (st == TB_END || (st == TB_OK && blob.n != PART_BYTES)) {
        tb_query_reset(q);
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "database \"%s\": the filter of id run %" PRId64 " is damaged; restore a backup",
                          db->path, r->run);
    }
    *words = blob.s;
    return st;
}

/* Lets go of the part that get_part stands on. */
static enum tb_status parts_done(struct tb_db *db, struct tb_err *err)
{
    struct tb_query *q = NULL;
    return tb_db_statement(db, "id_filter_get.sql", &q, err);
}

void tb_id_filter_forget(struct tb_id_index *x, struct tb_id_run *r)
{
    if (r->filter != NULL) {
        x->filter_bytes -= part_count(r) * PART_BYTES;
        free(r->filter);
        r->filter = NULL;
    }
}

/* Copies the filter into memory, if there is room for it. */
static enum tb_status keep(struct tb_db *db, struct tb_id_run *r, struct tb_err *err)
{
    size_t bytes = part_count(r) * PART_BYTES;
    if (db->ids->filter_bytes + bytes > TB_ID_FILTER_BYTES_MAX) {
        return TB_OK;
    }
    uint64_t *copy = malloc(bytes);
    if (copy == NULL) {
        return TB_OK; /* it can be read part by part */
    }
    enum tb_status st = TB_OK;
    for (uint64_t part = 0; part < part_count(r) && st == TB_OK; part++) {
        const void *words = NULL;
        st = get_part(db, r, part, &words, err);
        if (st == TB_OK) {
            memcpy((char *)copy + part * PART_BYTES, words, PART_BYTES);
        }
    }
    if (st == TB_OK) {
        st = parts_done(db, err);
    }
    if (st != TB_OK) {
        free(copy);
        return st;
    }
    r->filter = copy;
    db->ids->filter_bytes += bytes;
    return TB_OK;
}

/* Asks part by part. */
static enum tb_status pass_parts(struct tb_db *db, const struct tb_id_run *r, const uint64_t *keys,
                                 const uint32_t *wanted, uint32_t n, uint64_t *out_keys, uint32_t *out_wanted,
                                 uint32_t *left, struct tb_err *err)
{
    const void *words = NULL;
    uint64_t block_words[8], have = UINT64_MAX;
    enum tb_status st = TB_OK;
    uint32_t m = 0;
    for (uint32_t i = 0; i < n && st == TB_OK; i++) {
        uint64_t block = block_of(r, keys[i]), part = block / TB_FILTER_PART_BLOCKS;
        if (part != have) {
            st = get_part(db, r, part, &words, err);
            have = part;
        }
        if (st == TB_OK) {
            memcpy(block_words, (const char *)words + block % TB_FILTER_PART_BLOCKS * 64,
                   64); /* a blob may lie anywhere */
            out_keys[m] = keys[i];
            out_wanted[m] = wanted[i];
            m += may_be_in(block_words, keys[i]);
        }
    }
    *left = m;
    return st == TB_OK ? parts_done(db, err) : st;
}

enum tb_status tb_id_filter_pass(struct tb_db *db, struct tb_id_run *r, const uint64_t *keys,
                                 const uint32_t *wanted, uint32_t n, uint64_t *out_keys, uint32_t *out_wanted,
                                 uint32_t *left, struct tb_err *err)
{
    assert(r->filter_blocks > 0);
    enum tb_status st = r->filter == NULL ? keep(db, r, err) : TB_OK;
    if (st != TB_OK || r->filter == NULL) {
        return st == TB_OK ? pass_parts(db, r, keys, wanted, n, out_keys, out_wanted, left, err) : st;
    }
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        out_keys[m] = keys[i];
        out_wanted[m] = wanted[i];
        m += may_be_in(r->filter + 8 * block_of(r, keys[i]), keys[i]);
    }
    *left = m;
    return TB_OK;
}
