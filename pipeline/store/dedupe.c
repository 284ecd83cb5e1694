/* Exactly once: a batch's rows by identity against each other, against the rows that wait in this
 * transaction, and against the id runs, newest first. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/handle.h"
#include "store/load_txn.h"
#include "store/rule.h"

enum outcome {
    UNDECIDED, /* not stored, as far as known: an event */
    DROPPED,   /* a duplicate, or the loser of a conflict */
    RULES,     /* supersedes a stored row: an event */
    REPLACED   /* took the place of an open row */
};

/* ---- among themselves ---- */

#define RADIX_BITS   11
#define RADIX_SIZE   (1u << RADIX_BITS)
#define RADIX_PASSES 3
#define FEW          24

static int by_identity(const void *a, const void *b, void *rows_of)
{
    const struct tb_key *x = a, *y = b;
    const struct tb_row *rows = rows_of;
    if (x->hi != y->hi) {
        return x->hi < y->hi ? -1 : 1;
    }
    uint64_t p = rows[x->row].identity.lo, q = rows[y->row].identity.lo;
    if (p != q) {
        return p < q ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

static void sort_few(struct tb_key *k, uint32_t n, const struct tb_row *rows)
{
    void *context = (void *)(uintptr_t)rows; /* qsort_r takes no const */
    if (n > FEW) {
        qsort_r(k, n, sizeof *k, by_identity, context);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        struct tb_key x = k[i];
        uint32_t j = i;
        for (; j > 0 && by_identity(&k[j - 1], &x, context) > 0; j--) {
            k[j] = k[j - 1];
        }
        k[j] = x;
    }
}

/* By the first 33 bits in three passes, then the few runs that are equal in these. The result is in
 * t->keys. */
static void sort_keys(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n)
{
    if (n <= FEW) {
        sort_few(t->keys, n, rows);
        return;
    }
    for (int pass = 0; pass < RADIX_PASSES; pass++) {
        unsigned shift = 64 - RADIX_BITS * (unsigned)(RADIX_PASSES - pass);
        uint32_t at[RADIX_SIZE] = {0}, sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            at[t->keys[i].hi >> shift & (RADIX_SIZE - 1)]++;
        }
        for (uint32_t b = 0; b < RADIX_SIZE; b++) {
            uint32_t count = at[b];
            at[b] = sum;
            sum += count;
        }
        for (uint32_t i = 0; i < n; i++) {
            t->key_spare[at[t->keys[i].hi >> shift & (RADIX_SIZE - 1)]++] = t->keys[i];
        }
        struct tb_key *swap = t->keys;
        t->keys = t->key_spare;
        t->key_spare = swap;
    }
    const unsigned low = 64 - RADIX_BITS * RADIX_PASSES;
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && t->keys[j].hi >> low == t->keys[i].hi >> low; j++) {
        }
        if (j - i > 1) {
            sort_few(t->keys + i, j - i, rows);
        }
    }
}

/* Of keys [from, to), one identity: the position of the row that rules. The smallest line of the same
 * records on the same node, so that the order of rows does not matter. */
static uint32_t best_of(struct tb_load_txn *t, const struct tb_row *rows, uint32_t from, uint32_t to)
{
    uint32_t best = from;
    for (uint32_t i = from + 1; i < to; i++) {
        const struct tb_row *a = &rows[t->keys[i].row], *b = &rows[t->keys[best].row];
        int order = tb_rule_rows(t->db, a, b);
        if (order > 0 || (order == 0 && a->line < b->line)) {
            best = i;
        }
    }
    return best;
}

static enum tb_status count_group(struct tb_load_txn *t, const struct tb_row *rows, uint32_t from,
                                  uint32_t to, uint32_t best, struct tb_append_counts *counts,
                                  struct tb_err *err)
{
    const struct tb_row *b = &rows[t->keys[best].row];
    int64_t min = b->ts_us, max = b->ts_us;
    for (uint32_t i = from; i < to; i++) {
        const struct tb_row *r = &rows[t->keys[i].row];
        min = r->ts_us < min ? r->ts_us : min;
        max = r->ts_us > max ? r->ts_us : max;
        if (i != best && r->payload == b->payload) {
            counts->duplicates++;
        } else if (i != best) {
            counts->conflicts++;
        }
    }
    return tb_effects_span(t, b, min, max, err);
}

static bool same_identity(const struct tb_row *rows, const struct tb_key *a, const struct tb_key *b)
{
    return a->hi == b->hi && rows[a->row].identity.lo == rows[b->row].identity.lo;
}

enum tb_status tb_load_unique(struct tb_load_txn *t, const struct tb_row *rows, uint32_t *n,
                              struct tb_append_counts *counts, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    uint32_t kept = 0;
    sort_keys(t, rows, *n);
    for (uint32_t i = 0, j; i < *n && st == TB_OK; i = j) {
        for (j = i + 1; j < *n && same_identity(rows, &t->keys[i], &t->keys[j]); j++) {
        }
        uint32_t best = i;
        if (j - i > 1) {
            best = best_of(t, rows, i, j);
            st = count_group(t, rows, i, j, best, counts, err);
        }
        t->keys[kept++] = t->keys[best];
    }
    *n = kept;
    return st;
}

/* ---- against the rows that wait ---- */

static enum tb_status against_open(struct tb_load_txn *t, const struct tb_row *rows, uint32_t k,
                                   uint32_t open, struct tb_append_counts *counts, struct tb_err *err)
{
    const struct tb_row *a = &rows[t->keys[k].row], *b = &t->open.rows[open];
    bool conflict = a->payload != b->payload;
    enum tb_status st = TB_OK;
    if (conflict) {
        counts->conflicts++;
        st = tb_effects_span(t, a, a->ts_us, b->ts_us, err);
    } else {
        counts->duplicates++;
    }
    t->outcome[k] = DROPPED;
    if (st == TB_OK && tb_rule_rows(t->db, a, b) > 0) {
        t->outcome[k] =
            REPLACED; /* the file has one event of this identity as before, and one more that is none */
        tb_effects_touch(t, tb_utc_day(a->ts_us));
        st = tb_load_replace(t, open, a, err);
    }
    return st;
}

/* Open rows are decided at once; rows of this transaction that are already in segments become candidates. */
static enum tb_status ask_open(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n,
                               struct tb_append_counts *counts, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    t->candidates.n = 0;
    for (uint32_t k = 0; k < n && st == TB_OK; k++) {
        uint32_t at = 0, entry;
        t->outcome[k] = UNDECIDED;
        while (st == TB_OK && (entry = tb_id_table_find(&t->ids, t->keys[k].hi, &at)) != UINT32_MAX) {
            uint64_t place = t->ids.place[entry];
            if ((place & TB_PLACE_OPEN) == 0) {
                st = tb_id_candidates_add(&t->candidates, place, k, err);
            } else if (t->open.rows[place ^ TB_PLACE_OPEN].identity.lo == rows[t->keys[k].row].identity.lo) {
                st = against_open(t, rows, k, (uint32_t)(place ^ TB_PLACE_OPEN), counts, err);
            }
        }
    }
    return st;
}

/* ---- against what is in segments ---- */

static int by_place(const void *a, const void *b)
{
    const struct tb_id_candidate *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* The stored row is the same call: a duplicate or a conflict, and one of the two rules. */
static enum tb_status against_stored(struct tb_load_txn *t, const struct tb_row *rows, uint32_t k,
                                     uint32_t row, struct tb_append_counts *counts, struct tb_err *err)
{
    const struct tb_row *a = &rows[t->keys[k].row];
    struct tb_segment *s = t->segment;
    bool conflict = false;
    int order = 0;
    enum tb_status st = tb_rule_stored(t->db, a, s, row, &order, &conflict, err);
    if (st == TB_OK && conflict) {
        st = tb_effects_span(t, a, a->ts_us, s->ts_us[row], err);
    }
    if (st != TB_OK) {
        return st;
    }
    bool own = s->file == t->file;
    t->outcome[k] = order > 0 ? RULES : DROPPED;
    if (order <= 0 || own) { /* own: this file has one event of the identity as before */
        counts->duplicates += !conflict;
        counts->conflicts += conflict;
    } else {
        counts->events++;
        st = tb_effects_move(t, s->file, conflict, err);
    }
    if (order > 0) {
        tb_effects_touch(t, s->utc_day);
    }
    return order > 0 && st == TB_OK ? tb_effects_kill(t, s, row, err) : st;
}

/* Candidates [from, to) of one segment. */
static enum tb_status confirm_segment(struct tb_load_txn *t, const struct tb_row *rows, size_t from,
                                      size_t to, struct tb_append_counts *counts, struct tb_err *err)
{
    const struct tb_id_candidate *c = t->candidates.p;
    struct tb_segment *s = t->segment;
    bool read = false;
    enum tb_status st = tb_effects_trim(t, err);
    if (st == TB_OK) {
        st = tb_segment_open(t->db, (int64_t)(c[from].place / TB_SEGMENT_ROWS), s, err);
    }
    if (st != TB_OK) {
        return st == TB_END ? TB_OK : st; /* dropped since: the id is free again */
    }
    st = tb_segment_read(t->db, s, TB_C_ID_LO, err);
    for (size_t i = from; i < to && st == TB_OK; i++) {
        uint32_t k = c[i].wanted, row = (uint32_t)(c[i].place % TB_SEGMENT_ROWS);
        if (t->outcome[k] != UNDECIDED || row >= s->n || s->id_lo[row] != rows[t->keys[k].row].identity.lo ||
            tb_effects_is_dead(t, s, row)) {
            continue;
        }
        if (!read) {
            st = tb_segment_read(t->db, s, TB_C_TS | TB_C_TEXT(TB_T_NODE) | TB_C_PAYLOAD, err);
            read = true;
        }
        if (st == TB_OK) {
            st = against_stored(t, rows, k, row, counts, err);
        }
    }
    return st;
}

static enum tb_status confirm(struct tb_load_txn *t, const struct tb_row *rows,
                              struct tb_append_counts *counts, struct tb_err *err)
{
    struct tb_id_candidates *c = &t->candidates;
    enum tb_status st = TB_OK;
    if (c->n > 1) {
        qsort(c->p, c->n, sizeof *c->p, by_place);
    }
    for (size_t i = 0, j; i < c->n && st == TB_OK; i = j) {
        for (j = i + 1; j < c->n && c->p[j].place / TB_SEGMENT_ROWS == c->p[i].place / TB_SEGMENT_ROWS; j++) {
        }
        st = confirm_segment(t, rows, i, j, counts, err);
    }
    c->n = 0;
    return st;
}

/* Newest first: what is decided is not asked for in older runs. */
static enum tb_status ask_runs(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n,
                               struct tb_append_counts *counts, struct tb_err *err)
{
    uint32_t runs = 0;
    enum tb_status st = tb_ids_runs(t->db, &runs, err);
    for (uint32_t run = 0; run < runs && st == TB_OK; run++) {
        uint32_t wanted = 0;
        for (uint32_t k = 0; k < n; k++) {
            t->probe_keys[wanted] = tb_id_key(t->keys[k].hi);
            t->probe_rows[wanted] = k;
            wanted += t->outcome[k] == UNDECIDED;
        }
        st = tb_ids_probe(t->db, run, t->probe_keys, t->probe_rows, wanted, &t->candidates, err);
        if (st == TB_OK) {
            st = confirm(t, rows, counts, err);
        }
    }
    return st;
}

/* Touches the days of the rows to add. They mostly follow each other, so the last day is remembered. */
static void touch_days(struct tb_load_txn *t, const struct tb_row *rows, uint32_t fresh)
{
    int64_t from = 1, to = 0; /* of the last day: none yet */
    for (uint32_t i = 0; i < fresh; i++) {
        int64_t ts = rows[t->fresh[i]].ts_us;
        if (ts < from || ts >= to) {
            int32_t day = tb_utc_day(ts);
            from = day * TB_US_PER_DAY;
            to = from + TB_US_PER_DAY;
            tb_effects_touch(t, day);
        }
    }
}

/* Gives the rows that are events their entries in the id table, in the order of ids, and lists them in the
 * order of the file. */
static enum tb_status list_fresh(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n,
                                 uint32_t *fresh, struct tb_append_counts *counts, struct tb_err *err)
{
    uint64_t marks[TB_BATCH_ROWS / 64] = {0};
    if (!tb_id_table_reserve(&t->ids, n)) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the ids");
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t row = t->keys[k].row;
        if (t->outcome[k] != UNDECIDED && t->outcome[k] != RULES) {
            continue;
        }
        marks[row / 64] |= UINT64_C(1) << (row % 64);
        counts->events += t->outcome[k] == UNDECIDED;
        t->entry[row] = tb_id_table_add(&t->ids, t->keys[k].hi, TB_PLACE_OPEN);
    }
    for (uint32_t w = 0; w < TB_BATCH_ROWS / 64; w++) {
        for (uint64_t bits = marks[w]; bits != 0; bits &= bits - 1) {
            t->fresh[(*fresh)++] = w * 64 + (uint32_t)__builtin_ctzll(bits);
        }
    }
    touch_days(t, rows, *fresh);
    return TB_OK;
}

enum tb_status tb_load_decide(struct tb_load_txn *t, const struct tb_row *rows, uint32_t n, uint32_t *fresh,
                              struct tb_append_counts *counts, struct tb_err *err)
{
    enum tb_status st = ask_open(t, rows, n, counts, err);
    if (st == TB_OK) {
        st = confirm(t, rows, counts, err);
    }
    if (st == TB_OK) {
        st = ask_runs(t, rows, n, counts, err);
    }
    *fresh = 0;
    return st == TB_OK ? list_fresh(t, rows, n, fresh, counts, err) : st;
}
