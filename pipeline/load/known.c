#include "load/known.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/embed.h"
#include "base/log.h"
#include "store/events.h"
#include "store/files.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_load[];

struct content {
    struct tb_hash128 raw;
    struct tb_str source, format, node;
    uint32_t order; /* of the ledger: the earliest rules */
};

struct tb_known {
    struct tb_arena texts;
    struct content *contents; /* sorted by (raw, order) */
    size_t n, cap;
};

bool tb_known_node_stays(struct tb_str known, struct tb_str node)
{
    return node.s == NULL || (known.s != NULL && tb_str_cmp(known, node) <= 0);
}

bool tb_known_is_pipe(const struct tb_input_file *f)
{
    return f->size == 0 && f->mtime_ns == 0;
}

/* TB_OK: incomplete and unchanged; TB_END: not. */
static enum tb_status unchanged_incomplete(struct tb_query *q, uint32_t source, const struct tb_input_file *f,
                                           struct tb_err *err)
{
    tb_query_bind_int(q, "source", source);
    tb_query_bind_text(q, "path", tb_str_of(f->path));
    tb_query_bind_int(q, "raw_bytes", f->size);
    tb_query_bind_int(q, "mtime_ns", f->mtime_ns);
    enum tb_status st = tb_query_step(q, err);
    bool there = st == TB_OK && tb_query_int(q, 0) != 0;
    tb_query_reset(q);
    return st == TB_OK && !there ? TB_END : st;
}

/* TB_OK: pass over; TB_END: read it. */
static enum tb_status pass_over(struct tb_db *db, struct tb_query *q, const struct tb_input_file *f,
                                struct tb_load_summary *summary, struct tb_err *err)
{
    uint32_t source = 0;
    if (tb_known_is_pipe(f)) {
        return TB_END;
    }
    enum tb_status st = tb_dict_id(db, tb_str_of(f->source), false, &source, err);
    if (st != TB_OK || source == 0) {
        return st == TB_OK ? TB_END : st;
    }
    st = tb_files_known(db, source, tb_str_of(f->path), f->size, f->mtime_ns, err);
    if (st != TB_END) {
        summary->files_known += st == TB_OK;
        return st;
    }
    st = unchanged_incomplete(q, source, f, err);
    if (st == TB_OK) { /* nothing new to read, but still not whole */
        tb_log(TB_LOG_WARN, "\"%s\" is still incomplete; it is read again when it changes", f->path);
        summary->files_known++;
        summary->incomplete++;
    }
    return st;
}

enum tb_status tb_known_pending(struct tb_db *db, const struct tb_input_list *list,
                                const struct tb_input_file **pending, size_t *n,
                                struct tb_load_summary *summary, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_load, "incomplete_unchanged.sql"), &q, err);
    *n = 0;
    for (size_t i = 0; i < list->n && st == TB_OK; i++) {
        st = pass_over(db, q, &list->files[i], summary, err);
        if (st == TB_END) {
            pending[(*n)++] = &list->files[i];
            st = TB_OK;
        }
    }
    tb_query_close(q);
    return st;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_raw(const void *a, const void *b)
{
    const struct content *x = a, *y = b;
    if (x->raw.hi != y->raw.hi) {
        return x->raw.hi < y->raw.hi ? -1 : 1;
    }
    if (x->raw.lo != y->raw.lo) {
        return x->raw.lo < y->raw.lo ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

static uint64_t big_endian(const char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | (unsigned char)p[i];
    }
    return v;
}

static enum tb_status keep(struct tb_known *k, const struct tb_query *q, struct tb_err *err)
{
    if (k->n == k->cap) {
        size_t cap = k->cap == 0 ? 64 : 2 * k->cap;
        struct content *wider = realloc(k->contents, cap * sizeof *wider);
        if (wider == NULL) {
            return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the intake ledger");
        }
        k->contents = wider;
        k->cap = cap;
    }
    struct tb_str digest = tb_query_blob(q, 1);
    if (digest.n != 16) {
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "the intake ledger has a digest of %zu bytes; restore a backup", digest.n);
    }
    k->contents[k->n] = (struct content){.raw = {.hi = big_endian(digest.s), .lo = big_endian(digest.s + 8)},
                                         .source = tb_arena_str(&k->texts, tb_query_text(q, 2)),
                                         .format = tb_arena_str(&k->texts, tb_query_text(q, 3)),
                                         .node = tb_arena_str(&k->texts, tb_query_text(q, 4)),
                                         .order = (uint32_t)k->n};
    k->n++;
    return TB_OK;
}

static enum tb_status read_contents(struct tb_db *db, struct tb_known *k, const int64_t *sizes, size_t n,
                                    struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_query_open(db, tb_embed_text(tb_embed_load, "known_contents.sql"), &q, err);
    while (st == TB_OK && (st = tb_query_step(q, err)) == TB_OK) {
        int64_t size = tb_query_int(q, 0);
        if (bsearch(&size, sizes, n, sizeof *sizes, by_size) != NULL) {
            st = keep(k, q, err);
        }
    }
    tb_query_close(q);
    return st == TB_END ? TB_OK : st;
}

enum tb_status tb_known_load(struct tb_db *db, const struct tb_input_file *const *pending, size_t n,
                             struct tb_known **out, struct tb_err *err)
{
    struct tb_known *k = calloc(1, sizeof *k);
    int64_t *sizes = calloc(n + 1, sizeof *sizes);
    enum tb_status st = TB_OK;
    if (k == NULL || sizes == NULL) {
        st = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the intake ledger");
        goto out;
    }
    tb_arena_init(&k->texts, (size_t)256 << 20);
    size_t regular = 0;
    for (size_t i = 0; i < n; i++) {
        if (!tb_known_is_pipe(pending[i])) {
            sizes[regular++] = pending[i]->size;
        }
    }
    if (regular > 0) {
        qsort(sizes, regular, sizeof *sizes, by_size);
        st = read_contents(db, k, sizes, regular, err);
    }
    if (st == TB_OK && k->n > 0) {
        qsort(k->contents, k->n, sizeof *k->contents, by_raw);
    }
out:
    free(sizes);
    if (st != TB_OK) {
        tb_known_free(k);
        k = NULL;
    }
    *out = k;
    return st;
}

void tb_known_free(struct tb_known *k)
{
    if (k != NULL) {
        tb_arena_release(&k->texts);
        free(k->contents);
        free(k);
    }
}

bool tb_known_any(const struct tb_known *k)
{
    return k->n > 0;
}

bool tb_known_copy(const struct tb_known *k, struct tb_str source, struct tb_str format, struct tb_str node,
                   struct tb_hash128 raw)
{
    size_t from = 0, to = k->n;
    const struct content wanted = {.raw = raw, .order = 0};
    while (from < to) { /* the first that is not smaller */
        size_t middle = from + (to - from) / 2;
        if (by_raw(&k->contents[middle], &wanted) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < k->n && k->contents[from].raw.hi == raw.hi && k->contents[from].raw.lo == raw.lo; from++) {
        const struct content *c = &k->contents[from];
        if (tb_str_eq(c->source, source) && tb_str_eq(c->format, format)) {
            return tb_known_node_stays(c->node, node);
        }
    }
    return false;
}
