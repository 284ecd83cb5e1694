/* Runs of ids: the list of them, their buckets, and writing one. */
#include "store/id_run.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "store/events.h"
#include "store/id_filter.h"

#define LEVEL_0_ENTRIES 32768u /* a run this long is what eight shorter ones of level 0 would become */

static unsigned bytes_of(uint64_t v)
{
    return v == 0 ? 1 : (71u - (unsigned)__builtin_clzll(v)) / 8;
}

void tb_id_run_widths(struct tb_id_run *r)
{
    uint64_t span = ((UINT64_C(1) << 32) / r->buckets + 1) << (TB_KEY_BITS - 32);
    r->key_bytes = bytes_of(r->buckets == 1 ? (UINT64_C(1) << TB_KEY_BITS) - 1 : span);
    r->place_bytes = bytes_of(r->place_max - r->place_min);
}

uint32_t tb_id_run_buckets(uint64_t entries, uint64_t place_span)
{
    struct tb_id_run r = {.buckets = 1, .place_max = place_span};
    for (int i = 0; i < 3; i++) { /* the width of keys falls as buckets grow: settles at once */
        tb_id_run_widths(&r);
        uint64_t n = entries * (r.key_bytes + r.place_bytes) / TB_BUCKET_BYTES + 1;
        r.buckets = n < (1u << TB_RUN_SHIFT) ? (uint32_t)n : (1u << TB_RUN_SHIFT) - 1;
    }
    return r.buckets;
}

/* ---- the list ---- */

struct tb_id_index *tb_id_index_new(void)
{
    return calloc(1, sizeof(struct tb_id_index));
}

void tb_id_index_forget(struct tb_id_index *x)
{
    for (uint32_t i = 0; i < x->n; i++) {
        tb_id_filter_forget(x, &x->runs[i]);
    }
    x->n = 0;
    x->filter_bytes = 0;
    x->loaded = false;
}

void tb_id_index_free(struct tb_id_index *x)
{
    if (x != NULL) {
        tb_id_index_forget(x);
        free(x->runs);
        free(x);
    }
}

static bool list_room(struct tb_id_index *x)
{
    if (x->n < x->cap) {
        return true;
    }
    uint32_t cap = x->cap == 0 ? 64 : x->cap * 2;
    struct tb_id_run *runs = realloc(x->runs, cap * sizeof *runs);
    if (runs == NULL) {
        return false;
    }
    x->runs = runs;
    x->cap = cap;
    return true;
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the ids");
}

enum tb_status tb_id_index_load(struct tb_db *db, struct tb_err *err)
{
    struct tb_id_index *x = db->ids;
    struct tb_query *q = NULL;
    if (x->loaded) {
        return TB_OK;
    }
    tb_id_index_forget(x);
    enum tb_status st = tb_db_statement(db, "id_runs.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    while ((st = tb_query_step(q, err)) == TB_OK) {
        struct tb_id_run r = {
            .run = tb_query_int(q, 0),
            .level = (int)tb_query_int(q, 1),
            .entries = (uint64_t)tb_query_int(q, 2),
            .buckets = (uint32_t)tb_query_int(q, 3),
            .place_min = (uint64_t)tb_query_int(q, 4),
            .place_max = (uint64_t)tb_query_int(q, 5),
            .filter_blocks = (uint64_t)tb_query_int(q, 6),
        };
        if (r.buckets == 0 || r.place_max < r.place_min || !list_room(x)) {
            tb_query_reset(q);
            return r.buckets == 0
                       ? tb_err_set(err, TB_FATAL, TB_E_DB, "database \"%s\": id run %" PRId64 " is damaged",
                                    db->path, r.run)
                       : no_memory(err);
        }
        tb_id_run_widths(&r);
        x->runs[x->n++] = r;
    }
    x->loaded = st == TB_END;
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_ids_runs(struct tb_db *db, uint32_t *runs, struct tb_err *err)
{
    enum tb_status st = tb_id_index_load(db, err);
    *runs = db->ids->n;
    return st;
}

enum tb_status tb_id_bucket_get(struct tb_db *db, const struct tb_id_run *r, uint32_t bucket,
                                struct tb_id_bucket *out, struct tb_err *err)
{
    struct tb_query *q = NULL;
    *out = (struct tb_id_bucket){0, NULL, NULL};
    enum tb_status st = tb_db_statement(db, "id_bucket_get.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_first(q, r->run << TB_RUN_SHIFT | bucket);
    st = tb_query_step(q, err);
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st;
    }
    struct tb_str blob = tb_query_blob(q, 0); /* stays valid until the statement's next step or reset */
    uint32_t n = 0;
    if (blob.n >= TB_BUCKET_HEAD) {
        memcpy(&n, blob.s, TB_BUCKET_HEAD);
    }
    if (blob.n != TB_BUCKET_HEAD + (size_t)n * (r->key_bytes + r->place_bytes) + TB_BUCKET_PAD) {
        tb_query_reset(q);
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "database \"%s\": a bucket of id run %" PRId64 " is damaged; restore a backup",
                          db->path, r->run);
    }
    out->n = n;
    out->keys = (const unsigned char *)blob.s + TB_BUCKET_HEAD;
    out->places = out->keys + (size_t)n * r->key_bytes;
    return TB_OK;
}

enum tb_status tb_id_bucket_done(struct tb_db *db, struct tb_err *err)
{
    struct tb_query *q = NULL;
    return tb_db_statement(db, "id_bucket_get.sql", &q, err); /* fetching it resets it */
}

/* ---- writing ---- */

enum tb_status tb_id_writer_open(struct tb_db *db, int level, uint64_t entries, uint64_t place_min,
                                 uint64_t place_max, struct tb_id_writer *w, struct tb_err *err)
{
    int64_t last = 0;
    memset(w, 0, sizeof *w);
    enum tb_status st = tb_db_number(db, "id_run_last.sql", 0, &last, err);
    w->db = db;
    w->run =
        (struct tb_id_run){.run = last + 1, .level = level, .place_min = place_min, .place_max = place_max};
    w->run.buckets = tb_id_run_buckets(entries, place_max - place_min);
    w->run.filter_blocks = tb_id_filter_blocks(entries);
    w->bits = calloc(TB_FILTER_PART_BLOCKS, 64);
    tb_id_run_widths(&w->run);
    tb_buf_init(&w->out, SIZE_MAX / 2);
    if (st == TB_OK && (w->bits == NULL || !list_room(db->ids))) {
        return no_memory(err);
    }
    return st;
}

static enum tb_status write_bucket(struct tb_id_writer *w, struct tb_err *err)
{
    struct tb_query *q = NULL;
    const struct tb_id_run *r = &w->run;
    size_t bytes = TB_BUCKET_HEAD + w->n * (r->key_bytes + r->place_bytes) + TB_BUCKET_PAD;
    uint32_t n = (uint32_t)w->n;
    tb_buf_clear(&w->out);
    enum tb_status st = tb_buf_reserve(&w->out, bytes + 8, err);
    if (st == TB_OK) {
        st = tb_db_statement(w->db, "id_bucket_insert.sql", &q, err);
    }
    if (st != TB_OK || n == 0) {
        return st;
    }
    unsigned char *key = (unsigned char *)w->out.p + TB_BUCKET_HEAD, *place = key + w->n * r->key_bytes;
    memcpy(w->out.p, &n, TB_BUCKET_HEAD);
    for (size_t i = 0; i < w->n; i++) { /* each store spills into what the next one writes */
        uint64_t k = w->pending[i].key - w->start;
        memcpy(key, &k, 8);
        key += r->key_bytes;
    }
    for (size_t i = 0; i < w->n; i++) {
        uint64_t p = w->pending[i].place - r->place_min;
        memcpy(place, &p, 8);
        place += r->place_bytes;
    }
    memset(place, 0, TB_BUCKET_PAD);
    tb_query_bind_int(q, "bucket", r->run << TB_RUN_SHIFT | w->bucket);
    tb_query_bind_blob(q, "data", w->out.p, bytes);
    st = tb_query_run(q, err);
    tb_query_bind_null(q, "data");
    w->written += w->n;
    w->n = 0;
    return st;
}

enum tb_status tb_id_writer_add(struct tb_id_writer *w, struct tb_id_entry e, struct tb_err *err)
{
    uint32_t bucket = tb_id_bucket_of(&w->run, e.key);
    if (bucket != w->bucket) {
        assert(bucket > w->bucket);
        enum tb_status st = write_bucket(w, err);
        if (st != TB_OK) {
            return st;
        }
        w->bucket = bucket;
        w->start = tb_id_bucket_start(&w->run, bucket);
    }
    if (w->n == w->cap) {
        size_t cap = w->cap == 0 ? 2048 : w->cap * 2;
        struct tb_id_entry *pending = realloc(w->pending, cap * sizeof *pending);
        if (pending == NULL) {
            return no_memory(err);
        }
        w->pending = pending;
        w->cap = cap;
    }
    w->pending[w->n++] = e;
    return tb_id_filter_add(w, e.key, err);
}

enum tb_status tb_id_writer_finish(struct tb_id_writer *w, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = write_bucket(w, err);
    if (st != TB_OK || w->written == 0) {
        return st;
    }
    st = tb_id_filter_finish(w, err);
    if (st == TB_OK) {
        st = tb_db_statement(w->db, "id_run_insert.sql", &q, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "run", w->run.run);
    tb_query_bind_int(q, "level", w->run.level);
    tb_query_bind_int(q, "entries", (int64_t)w->written);
    tb_query_bind_int(q, "buckets", w->run.buckets);
    tb_query_bind_int(q, "place_min", (int64_t)w->run.place_min);
    tb_query_bind_int(q, "place_max", (int64_t)w->run.place_max);
    tb_query_bind_int(q, "filter_blocks", (int64_t)w->run.filter_blocks);
    st = tb_query_run(q, err);
    if (st != TB_OK) {
        return st;
    }
    struct tb_id_index *x = w->db->ids;
    w->run.entries = w->written;
    memmove(x->runs + 1, x->runs, x->n * sizeof *x->runs);
    x->runs[0] = w->run;
    x->n++;
    return TB_OK;
}

void tb_id_writer_release(struct tb_id_writer *w)
{
    free(w->bits);
    free(w->pending);
    tb_buf_release(&w->out);
}

static int level_of(size_t entries)
{
    int level = 0;
    for (uint64_t most = LEVEL_0_ENTRIES * 2; entries > most; most *= TB_MERGE_RUNS) {
        level++;
    }
    return level;
}

enum tb_status tb_ids_write(struct tb_db *db, const struct tb_id_entry *entries, size_t n, struct tb_err *err)
{
    if (n == 0) {
        return TB_OK;
    }
    uint64_t min = entries[0].place, max = entries[0].place;
    for (size_t i = 1; i < n; i++) {
        min = entries[i].place < min ? entries[i].place : min;
        max = entries[i].place > max ? entries[i].place : max;
    }
    struct tb_id_writer w;
    enum tb_status st = tb_id_index_load(db, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_id_writer_open(db, level_of(n), n, min, max, &w, err);
    for (size_t i = 0; i < n && st == TB_OK; i++) {
        st = tb_id_writer_add(&w, entries[i], err);
    }
    if (st == TB_OK) {
        st = tb_id_writer_finish(&w, err);
    }
    tb_id_writer_release(&w);
    return st;
}
