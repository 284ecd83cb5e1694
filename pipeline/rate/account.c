#include "rate/account.h"

#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/glob.h"
#include "rate/match.h"
#include "rate/tuple.h"

#define BOOK_BYTES_MAX ((size_t)1 << 30) /* the rows of each consumer met: a few bytes each */
#define RECENT         16384u            /* 192 KB: most days have fewer consumers */

/* The rows that match a consumer of a source, whatever their interval; best first. */
struct entry {
    const struct tb_account_row **rows;
    size_t n;
};

/* A consumer looked up before, and its row in [from_us, to_us): one look at memory instead of four. */
struct recent {
    uint32_t consumer, source;
    const struct tb_account_row *row; /* NULL = none */
    int64_t from_us, to_us;           /* from_us = to_us: nothing here */
};

struct tb_accountbook {
    const struct tb_tables *tables;
    int *literals; /* of each row's consumer */
    struct tb_matcher consumers;
    struct tb_arena arena;
    struct tb_tuples keys; /* (consumer, source) -> entry */
    struct entry *entries;
    size_t entry_cap;
    const struct tb_account_row **found; /* scratch: room for all rows */
    size_t found_n;
    struct tb_str source; /* of the look-up that fills found */
    struct recent recent[RECENT];
};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the account table");
}

enum tb_status tb_accountbook_new(const struct tb_tables *tables, struct tb_accountbook **out,
                                  struct tb_err *err)
{
    struct tb_accountbook *b = calloc(1, sizeof *b);
    struct tb_str *globs = calloc(tables->account_count + 1, sizeof *globs);
    enum tb_status status = TB_OK;
    *out = NULL;
    if (b == NULL || globs == NULL) {
        status = no_memory(err);
        goto out;
    }
    b->tables = tables;
    tb_arena_init(&b->arena, BOOK_BYTES_MAX);
    tb_tuples_init(&b->keys, 2, TB_TUPLES_MAX);
    b->literals = calloc(tables->account_count + 1, sizeof *b->literals);
    b->found = calloc(tables->account_count + 1, sizeof *b->found);
    if (b->literals == NULL || b->found == NULL) {
        status = no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < tables->account_count; i++) {
        globs[i] = tables->accounts[i].consumer;
        b->literals[i] = tb_glob_literals(globs[i]);
    }
    status = tb_matcher_init(&b->consumers, globs, tables->account_count, err);
out:
    free(globs);
    if (status == TB_OK) {
        *out = b;
    } else {
        tb_accountbook_free(b);
    }
    return status;
}

void tb_accountbook_free(struct tb_accountbook *b)
{
    if (b == NULL) {
        return;
    }
    tb_matcher_release(&b->consumers);
    tb_tuples_release(&b->keys);
    tb_arena_release(&b->arena);
    free(b->literals);
    free(b->entries);
    free(b->found);
    free(b);
}

static enum tb_status take_row(void *ctx, uint32_t index, struct tb_err *err)
{
    struct tb_accountbook *b = ctx;
    const struct tb_account_row *row = &b->tables->accounts[index];
    (void)err;
    if (row->source.s == NULL || tb_str_eq(row->source, b->source)) {
        b->found[b->found_n++] = row;
    }
    return TB_OK;
}

/* Best first. The table's check leaves no two rows in force equal; the line settles it all the same. */
static int by_rank(const void *a, const void *b, void *ctx)
{
    const struct tb_accountbook *book = ctx;
    const struct tb_account_row *x = *(const struct tb_account_row *const *)a;
    const struct tb_account_row *y = *(const struct tb_account_row *const *)b;
    int lx = book->literals[x - book->tables->accounts];
    int ly = book->literals[y - book->tables->accounts];
    if (lx != ly) {
        return lx > ly ? -1 : 1;
    }
    if ((x->source.s != NULL) != (y->source.s != NULL)) {
        return x->source.s != NULL ? -1 : 1;
    }
    return (x->line > y->line) - (x->line < y->line);
}

/* Keeps found for the next event of this consumer. Without memory it is found again then. */
static void keep_found(struct tb_accountbook *b, const uint32_t key[2])
{
    uint32_t number = b->keys.n;
    if (tb_tuples_grow((void **)&b->entries, &b->entry_cap, (size_t)number + 1, sizeof *b->entries, NULL) !=
        TB_OK) {
        return;
    }
    struct entry e = {tb_arena_alloc(&b->arena, (b->found_n + 1) * sizeof *e.rows), b->found_n};
    if (e.rows == NULL || tb_tuples_add(&b->keys, key, &number, NULL, NULL) != TB_OK) {
        return;
    }
    memcpy(e.rows, b->found, b->found_n * sizeof *e.rows);
    b->entries[number] = e;
}

/* The first of rows in force at ts_us, and how long that stays so, into *r. */
static void first_in_force(const struct tb_account_row **rows, size_t n, int64_t ts_us, struct recent *r)
{
    r->row = NULL;
    r->from_us = INT64_MIN;
    r->to_us = INT64_MAX;
    for (size_t i = 0; i < n && r->row == NULL; i++) {
        if (rows[i]->from_us <= ts_us && ts_us < rows[i]->to_us) {
            r->row = rows[i];
        }
        const int64_t edges[] = {rows[i]->from_us, rows[i]->to_us};
        for (int k = 0; k < 2; k++) {
            if (edges[k] <= ts_us) {
                r->from_us = edges[k] > r->from_us ? edges[k] : r->from_us;
            } else {
                r->to_us = edges[k] < r->to_us ? edges[k] : r->to_us;
            }
        }
    }
}

/* Fills found: every row that matches, best first. */
static void find_rows(struct tb_accountbook *b, struct tb_str consumer, struct tb_str source)
{
    b->found_n = 0;
    b->source = source;
    enum tb_status status = tb_matcher_each(&b->consumers, consumer, take_row, b, NULL);
    assert(status == TB_OK); /* take_row does not fail */
    qsort_r(b->found, b->found_n, sizeof *b->found, by_rank, b);
}

static inline uint32_t recent_of(uint32_t consumer_key, uint32_t source_key)
{
    return (consumer_key + source_key * 977) % RECENT;
}

static inline bool is_of(const struct recent *r, int64_t ts_us, uint32_t consumer_key, uint32_t source_key)
{
    return r->consumer == consumer_key && r->source == source_key && r->from_us <= ts_us && ts_us < r->to_us;
}

void tb_account_call(const struct tb_accountbook *b, uint32_t consumer_key, uint32_t source_key)
{
    __builtin_prefetch(&b->recent[recent_of(consumer_key, source_key)]);
}

bool tb_account_known(const struct tb_accountbook *b, int64_t ts_us, uint32_t consumer_key,
                      uint32_t source_key, const struct tb_account_row **out)
{
    const struct recent *r = &b->recent[recent_of(consumer_key, source_key)];
    *out = r->row;
    return is_of(r, ts_us, consumer_key, source_key);
}

const struct tb_account_row *tb_account_find(struct tb_accountbook *b, int64_t ts_us, uint32_t consumer_key,
                                             struct tb_str consumer, uint32_t source_key,
                                             struct tb_str source)
{
    struct recent *r = &b->recent[recent_of(consumer_key, source_key)];
    if (is_of(r, ts_us, consumer_key, source_key)) {
        return r->row;
    }
    uint32_t key[2] = {consumer_key, source_key};
    uint32_t number = 0;
    r->consumer = consumer_key;
    r->source = source_key;
    if (tb_tuples_find(&b->keys, key, &number)) {
        first_in_force(b->entries[number].rows, b->entries[number].n, ts_us, r);
    } else {
        find_rows(b, consumer, source);
        keep_found(b, key);
        first_in_force(b->found, b->found_n, ts_us, r);
    }
    return r->row;
}
