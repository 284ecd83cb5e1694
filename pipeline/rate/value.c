#include "rate/value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "rate/tuple.h"

#define FRESH      ((size_t)1 << 20) /* values between two sorts: 16 MB with the room to sort */
#define VALUES_MAX ((size_t)1 << 26) /* 0.8 GB: ten million calls by consumer have a tenth of it */
#define HUGE_MAX   ((size_t)1 << 20)
#define RADIX_BITS 11
#define RADIX      (1u << RADIX_BITS)
#define VALUE_MASK ((UINT64_C(1) << TB_VALUE_BITS) - 1)

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for percentiles");
}

static enum tb_status too_many(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                      "too many different values for percentiles: ask for fewer dimensions or days");
}

void tb_values_release(struct tb_values *v)
{
    free(v->fresh);
    free(v->key);
    free(v->count);
    free(v->huge);
    *v = (struct tb_values){0};
}

/* Sorts a (n values) with the help of b; the result is in the one returned. Digits that all values share are skipped. */
static uint64_t *radix_sort(uint64_t *a, uint64_t *b, size_t n)
{
    uint64_t differs = 0;
    for (size_t i = 1; i < n; i++) {
        differs |= a[i] ^ a[0];
    }
    for (int shift = 0; shift < 64 && differs >> shift != 0; shift += RADIX_BITS) {
        uint32_t place[RADIX] = {0};
        uint32_t sum = 0;
        if ((differs >> shift & (RADIX - 1)) == 0) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            place[a[i] >> shift & (RADIX - 1)]++;
        }
        for (uint32_t d = 0; d < RADIX; d++) {
            uint32_t here = place[d];
            place[d] = sum;
            sum += here;
        }
        for (size_t i = 0; i < n; i++) {
            b[place[a[i] >> shift & (RADIX - 1)]++] = a[i];
        }
        uint64_t *other = a;
        a = b;
        b = other;
    }
    return a;
}

/* Merges sorted (n values, repeats in it) with what v has into key and count; returns how many they are. */
static size_t merge(const struct tb_values *v, const uint64_t *sorted, size_t n, uint64_t *key,
                    uint32_t *count)
{
    size_t out = 0;
    size_t old = 0;
    for (size_t i = 0; i < n || old < v->n; out++) {
        bool from_old = old < v->n && (i == n || v->key[old] <= sorted[i]);
        key[out] = from_old ? v->key[old] : sorted[i];
        count[out] = from_old ? v->count[old++] : 0;
        for (; i < n && sorted[i] == key[out]; i++) {
            count[out]++; /* UINT32_MAX events of one value: more than a database of ours holds */
        }
    }
    return out;
}

static enum tb_status take_in(struct tb_values *v, struct tb_err *err)
{
    if (v->fresh_n == 0) {
        return TB_OK;
    }
    const uint64_t *sorted = radix_sort(v->fresh, v->fresh + FRESH, v->fresh_n);
    uint64_t *key = malloc((v->n + v->fresh_n) * sizeof *key);
    uint32_t *count = malloc((v->n + v->fresh_n) * sizeof *count);
    if (key == NULL || count == NULL) {
        free(key);
        free(count);
        return no_memory(err);
    }
    v->n = merge(v, sorted, v->fresh_n, key, count);
    v->fresh_n = 0;
    free(v->key);
    free(v->count);
    v->key = key;
    v->count = count;
    return v->n > VALUES_MAX ? too_many(err) : TB_OK;
}

static enum tb_status add_huge(struct tb_values *v, uint32_t group, int64_t value, struct tb_err *err)
{
    if (v->huge_n == HUGE_MAX) {
        return too_many(err);
    }
    enum tb_status status =
        tb_tuples_grow((void **)&v->huge, &v->huge_cap, v->huge_n + 1, sizeof *v->huge, err);
    if (status == TB_OK) {
        v->huge[v->huge_n++] = (struct tb_value_huge){group, value};
    }
    return status;
}

enum tb_status tb_values_add(struct tb_values *v, uint32_t group, int64_t value, struct tb_err *err)
{
    assert(group >> TB_VALUE_GROUP_BITS == 0 && value >= 0);
    if ((uint64_t)value > VALUE_MASK) {
        return add_huge(v, group, value, err);
    }
    if (v->fresh == NULL) {
        v->fresh = malloc(2 * FRESH * sizeof *v->fresh);
        if (v->fresh == NULL) {
            return no_memory(err);
        }
    }
    v->fresh[v->fresh_n++] = (uint64_t)group << TB_VALUE_BITS | (uint64_t)value;
    return v->fresh_n == FRESH ? take_in(v, err) : TB_OK;
}

static int by_group_and_value(const void *a, const void *b)
{
    const struct tb_value_huge *x = a;
    const struct tb_value_huge *y = b;
    return x->group != y->group ? (x->group > y->group) - (x->group < y->group)
                                : (x->value > y->value) - (x->value < y->value);
}

/* The rank-th (from 1) of a group's packed values, then its huge ones. */
static int64_t value_at(const struct tb_values *v, size_t first, size_t packed,
                        const struct tb_value_huge *huge, uint64_t rank)
{
    for (size_t i = first; i < first + packed; i++) {
        if (v->count[i] >= rank) {
            return (int64_t)(v->key[i] & VALUE_MASK);
        }
        rank -= v->count[i];
    }
    return huge[rank - 1].value;
}

enum tb_status tb_values_p95(struct tb_values *v, uint32_t groups, int64_t *p95, struct tb_err *err)
{
    enum tb_status status = take_in(v, err);
    size_t i = 0;
    size_t h = 0;
    if (v->huge_n > 1) {
        qsort(v->huge, v->huge_n, sizeof *v->huge, by_group_and_value);
    }
    for (uint32_t g = 0; status == TB_OK && g < groups; g++) {
        size_t first = i;
        size_t first_huge = h;
        uint64_t total = 0;
        for (; i < v->n && v->key[i] >> TB_VALUE_BITS == g; i++) {
            total += v->count[i];
        }
        for (; h < v->huge_n && v->huge[h].group == g; h++) {
            total++;
        }
        p95[g] =
            total == 0 ? -1 : value_at(v, first, i - first, v->huge + first_huge, (95 * total + 99) / 100);
    }
    return status;
}

enum tb_status tb_values_distinct(struct tb_values *v, uint32_t groups, int64_t *distinct, struct tb_err *err)
{
    assert(v->huge_n == 0);
    enum tb_status status = take_in(v, err);
    memset(distinct, 0, groups * sizeof *distinct);
    for (size_t i = 0; status == TB_OK && i < v->n; i++) {
        distinct[v->key[i] >> TB_VALUE_BITS]++;
    }
    return status;
}
