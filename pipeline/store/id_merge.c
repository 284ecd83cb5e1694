/* Merging eight runs of a level into one of the next; entries of segments that are gone are left out. */
#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/id_filter.h"
#include "store/id_run.h"

struct cursor {
    const struct tb_id_run *run;
    uint32_t bucket; /* the next to read */
    struct tb_id_entry *entries;
    size_t n, at, cap;
};

/* Segments that were dropped since entries were written, as one bit each of [first, first + bits). */
struct gone {
    bool any;
    int64_t first, bits;
    uint8_t *there;
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to merge the ids");
}

/* Reads buckets until one has entries; n = 0 at the run's end. */
static enum tb_status refill(struct tb_db *db, struct cursor *c, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    c->n = c->at = 0;
    while (c->n == 0 && c->bucket < c->run->buckets && st == TB_OK) {
        struct tb_id_bucket b;
        uint64_t start = tb_id_bucket_start(c->run, c->bucket);
        st = tb_id_bucket_get(db, c->run, c->bucket++, &b, err);
        if (st == TB_OK && b.n > c->cap) {
            struct tb_id_entry *entries = realloc(c->entries, b.n * sizeof *entries);
            if (entries == NULL) {
                return no_memory(err);
            }
            c->entries = entries;
            c->cap = b.n;
        }
        for (uint32_t i = 0; st == TB_OK && i < b.n; i++) {
            c->entries[i].key = start + tb_id_load(b.keys + (size_t)i * c->run->key_bytes, c->run->key_bytes);
            c->entries[i].place = c->run->place_min +
                                  tb_id_load(b.places + (size_t)i * c->run->place_bytes, c->run->place_bytes);
        }
        c->n = st == TB_OK ? b.n : 0;
    }
    return st;
}

static enum tb_status find_gone(struct tb_db *db, uint64_t place_min, uint64_t place_max, struct gone *g,
                                struct tb_err *err)
{
    int64_t pruned = 0;
    struct tb_query *q = NULL;
    *g = (struct gone){.first = (int64_t)(place_min / TB_SEGMENT_ROWS)};
    enum tb_status st = tb_db_number(db, "pruned_any.sql", 0, &pruned, err);
    if (st != TB_OK || pruned == 0) {
        return st;
    }
    g->any = true;
    g->bits = (int64_t)(place_max / TB_SEGMENT_ROWS) - g->first + 1;
    g->there = calloc((size_t)g->bits / 8 + 1, 1);
    if (g->there == NULL) {
        return no_memory(err);
    }
    st = tb_db_statement(db, "segment_numbers.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "first", g->first);
    tb_query_bind_int(q, "last", g->first + g->bits - 1);
    while ((st = tb_query_step(q, err)) == TB_OK) {
        int64_t bit = tb_query_int(q, 0) - g->first;
        g->there[bit / 8] = (uint8_t)(g->there[bit / 8] | 1u << (bit % 8));
    }
    return st == TB_END ? TB_OK : st;
}

static bool is_gone(const struct gone *g, uint64_t place)
{
    int64_t bit = (int64_t)(place / TB_SEGMENT_ROWS) - g->first;
    return g->any && (g->there[bit / 8] >> (bit % 8) & 1) == 0;
}

static bool before(const struct cursor *a, const struct cursor *b)
{
    const struct tb_id_entry *x = &a->entries[a->at], *y = &b->entries[b->at];
    return x->key != y->key ? x->key < y->key : x->place < y->place;
}

static enum tb_status merge_into(struct tb_db *db, struct cursor *c, int n, const struct gone *gone,
                                 struct tb_id_writer *w, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    int live = 0;
    for (int i = 0; i < n && st == TB_OK; i++) {
        st = refill(db, &c[i], err);
        if (c[i].n > 0) {
            struct cursor keep = c[live];
            c[live++] = c[i];
            if (live - 1 != i) {
                c[i] = keep;
            }
        }
    }
    while (live > 0 && st == TB_OK) {
        int least = 0;
        for (int i = 1; i < live; i++) {
            least = before(&c[i], &c[least]) ? i : least;
        }
        struct cursor *from = &c[least];
        struct tb_id_entry e = from->entries[from->at++];
        if (!is_gone(gone, e.place)) {
            st = tb_id_writer_add(w, e, err);
        }
        if (from->at == from->n && st == TB_OK) {
            st = refill(db, from, err);
            if (from->n == 0) {
                struct cursor done = *from;
                *from = c[--live];
                c[live] = done;
            }
        }
    }
    return st;
}

static enum tb_status drop_run(struct tb_db *db, int64_t run, struct tb_err *err)
{
    struct tb_query *buckets = NULL, *row = NULL;
    enum tb_status st = tb_db_statement(db, "id_bucket_drop.sql", &buckets, err);
    if (st == TB_OK) {
        st = tb_db_statement(db, "id_run_drop.sql", &row, err);
    }
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(buckets, "first", run << TB_RUN_SHIFT);
    tb_query_bind_int(buckets, "last", (run + 1) << TB_RUN_SHIFT);
    tb_query_bind_int(row, "run", run);
    st = tb_query_run(buckets, err);
    return st == TB_OK ? tb_query_run(row, err) : st;
}

/* Takes the merged runs off the list and out of the database. */
static enum tb_status drop_runs(struct tb_db *db, const int64_t *runs, int n, struct tb_err *err)
{
    struct tb_id_index *x = db->ids;
    enum tb_status st = TB_OK;
    for (int k = 0; k < n && st == TB_OK; k++) {
        st = drop_run(db, runs[k], err);
        uint32_t i = 0;
        while (x->runs[i].run != runs[k]) {
            i++;
            assert(i < x->n);
        }
        if (st == TB_OK) {
            st = tb_id_filter_drop(db, &x->runs[i], err);
        }
        tb_id_filter_forget(x, &x->runs[i]);
        memmove(x->runs + i, x->runs + i + 1, (x->n - i - 1) * sizeof *x->runs);
        x->n--;
    }
    return st;
}

static enum tb_status merge_level(struct tb_db *db, int level, struct tb_err *err)
{
    struct tb_id_index *x = db->ids;
    struct tb_id_run runs[TB_MERGE_RUNS];
    struct cursor cursors[TB_MERGE_RUNS] = {{NULL, 0, NULL, 0, 0, 0}};
    int64_t numbers[TB_MERGE_RUNS];
    uint64_t entries = 0, min = UINT64_MAX, max = 0;
    int n = 0;
    for (uint32_t i = x->n; i-- > 0 && n < TB_MERGE_RUNS;) { /* the oldest of the level */
        if (x->runs[i].level == level) {
            runs[n] = x->runs[i];
            cursors[n].run = &runs[n];
            numbers[n] = runs[n].run;
            entries += runs[n].entries;
            min = runs[n].place_min < min ? runs[n].place_min : min;
            max = runs[n].place_max > max ? runs[n].place_max : max;
            n++;
        }
    }
    struct gone gone = {.there = NULL};
    struct tb_id_writer w;
    enum tb_status st = tb_id_writer_open(db, level + 1, entries, min, max, &w, err);
    if (st == TB_OK) {
        st = find_gone(db, min, max, &gone, err);
    }
    if (st == TB_OK) {
        st = merge_into(db, cursors, n, &gone, &w, err);
    }
    if (st == TB_OK) {
        st = tb_id_bucket_done(db, err);
    }
    if (st == TB_OK) {
        st = tb_id_writer_finish(&w, err);
    }
    if (st == TB_OK) {
        st = drop_runs(db, numbers, n, err);
    }
    tb_id_writer_release(&w);
    for (int i = 0; i < TB_MERGE_RUNS; i++) {
        free(cursors[i].entries);
    }
    free(gone.there);
    return st;
}

/* A level with eight runs; -1 when there is none. */
static int full_level(const struct tb_id_index *x)
{
    int count[64] = {0};
    for (uint32_t i = 0; i < x->n; i++) {
        int level = x->runs[i].level;
        if (level >= 0 && level < 64 && ++count[level] == TB_MERGE_RUNS) {
            return level;
        }
    }
    return -1;
}

enum tb_status tb_ids_merge(struct tb_db *db, struct tb_err *err)
{
    enum tb_status st = tb_id_index_load(db, err);
    for (int level; st == TB_OK && (level = full_level(db->ids)) >= 0;) {
        st = merge_level(db, level, err);
    }
    return st;
}
