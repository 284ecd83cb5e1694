#include "load/tally.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define QUARTER_FREE   INT64_MIN
#define FIRST_QUARTERS 64u

void tb_tally_init(struct tb_tally *t)
{
    memset(t, 0, sizeof *t);
    t->quarters.last = QUARTER_FREE;
}

void tb_tally_release(struct tb_tally *t)
{
    free(t->reasons);
    free(t->quarters.slots);
    tb_tally_init(t);
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the counts of a log file");
}

enum tb_status tb_tally_reason(struct tb_tally *t, const char *kind, const char *reason, uint64_t lines,
                               struct tb_err *err)
{
    for (size_t i = 0; i < t->reason_n; i++) { /* a handful; mostly the very same pointers */
        struct tb_reason *r = &t->reasons[i];
        if ((r->reason == reason && r->kind == kind) ||
            (strcmp(r->reason, reason) == 0 && strcmp(r->kind, kind) == 0)) {
            r->lines += lines;
            return TB_OK;
        }
    }
    if (t->reason_n == t->reason_cap) {
        size_t cap = t->reason_cap == 0 ? 8 : 2 * t->reason_cap;
        struct tb_reason *wider = realloc(t->reasons, cap * sizeof *wider);
        if (wider == NULL) {
            return no_memory(err);
        }
        t->reasons = wider;
        t->reason_cap = cap;
    }
    t->reasons[t->reason_n++] = (struct tb_reason){kind, reason, lines};
    return TB_OK;
}

enum tb_status tb_tally_ignored(struct tb_tally *t, const char *reason, struct tb_err *err)
{
    t->lines++;
    t->ignored++;
    return tb_tally_reason(t, "ignored", reason, 1, err);
}

enum tb_status tb_tally_rejected(struct tb_tally *t, const char *reason, struct tb_err *err)
{
    t->lines++;
    t->rejected++;
    return tb_tally_reason(t, "rejected", reason, 1, err);
}

enum tb_status tb_tally_row(struct tb_tally *t, int64_t ts_us, struct tb_err *err)
{
    t->lines++;
    t->rows++;
    int64_t quarter = tb_quarter_of(ts_us);
    return quarter == t->quarters.last ? TB_OK : tb_quarters_add(&t->quarters, quarter, err);
}

int64_t tb_quarter_of(int64_t ts_us)
{
    return ts_us / TB_QUARTER_US - (ts_us % TB_QUARTER_US < 0 ? 1 : 0);
}

static int64_t *find(int64_t *slots, size_t size, int64_t quarter)
{
    size_t at = (size_t)((uint64_t)quarter * UINT64_C(0x9E3779B97F4A7C15) >> 40) & (size - 1);
    while (slots[at] != QUARTER_FREE && slots[at] != quarter) {
        at = (at + 1) & (size - 1);
    }
    return &slots[at];
}

static bool widen(struct tb_quarters *q)
{
    size_t size = q->size == 0 ? FIRST_QUARTERS : 2 * q->size;
    int64_t *slots = malloc(size * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        slots[i] = QUARTER_FREE;
    }
    for (size_t i = 0; i < q->size; i++) {
        if (q->slots[i] != QUARTER_FREE) {
            *find(slots, size, q->slots[i]) = q->slots[i];
        }
    }
    free(q->slots);
    q->slots = slots;
    q->size = size;
    return true;
}

enum tb_status tb_quarters_add(struct tb_quarters *q, int64_t quarter, struct tb_err *err)
{
    q->last = quarter;
    if (2 * (q->n + 1) > q->size && !widen(q)) {
        return no_memory(err);
    }
    int64_t *slot = find(q->slots, q->size, quarter);
    if (*slot == QUARTER_FREE) {
        *slot = quarter;
        q->n++;
    }
    return TB_OK;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void tb_quarters_sort(struct tb_quarters *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->size; i++) {
        if (q->slots[i] != QUARTER_FREE) {
            q->slots[n++] = q->slots[i];
        }
    }
    assert(n == q->n);
    if (n > 0) {
        qsort(q->slots, n, sizeof *q->slots, ascending);
    }
}

void tb_quarters_remove(struct tb_quarters *q, int64_t quarter)
{
    int64_t *at = q->n == 0 ? NULL : bsearch(&quarter, q->slots, q->n, sizeof *q->slots, ascending);
    if (at != NULL) {
        memmove(at, at + 1, (size_t)(q->slots + q->n - at - 1) * sizeof *at);
        q->n--;
    }
}

static void add(struct tb_tally *t, const uint64_t *words, size_t n, uint64_t seed)
{
    struct tb_hash128 h = tb_hash128(words, n * sizeof *words, seed);
    t->content.lo += h.lo;
    t->content.hi += h.hi;
}

uint64_t tb_tally_torn(const struct tb_tally *t)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < t->reason_n; i++) {
        lines += strcmp(t->reasons[i].reason, TB_REASON_TORN) == 0 ? t->reasons[i].lines : 0;
    }
    return lines;
}

void tb_tally_content_line(struct tb_tally *t, uint64_t line, struct tb_str bytes)
{
    struct tb_hash128 h = tb_hash128(bytes.s, bytes.n, 0);
    const uint64_t words[3] = {line, h.hi, h.lo};
    add(t, words, 3, 1);
}

void tb_tally_content_event(struct tb_tally *t, uint64_t line, struct tb_hash128 identity, uint64_t payload,
                            uint64_t node_hash)
{
    const uint64_t words[5] = {line, identity.hi, identity.lo, payload, node_hash};
    add(t, words, 5, 2);
}

struct tb_hash128 tb_tally_content(const struct tb_tally *t, uint64_t bytes)
{
    const uint64_t words[3] = {t->content.hi, t->content.lo, bytes};
    return tb_hash128(words, sizeof words, 3);
}
