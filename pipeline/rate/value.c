#include "rate/value.h"

#include <stdlib.h>

#define VALUES_MAX (UINT32_C(1) << 25) /* 1.3 GB: ten million calls by consumer and hour have fewer */

void tb_values_init(struct tb_values *v)
{
    *v = (struct tb_values){0};
    tb_tuples_init(&v->keys, 3, VALUES_MAX);
}

void tb_values_release(struct tb_values *v)
{
    tb_tuples_release(&v->keys);
    free(v->count);
    v->count = NULL;
    v->cap = 0;
}

enum tb_status tb_values_add(struct tb_values *v, uint32_t group, int64_t value, struct tb_err *err)
{
    uint32_t key[3] = {group, (uint32_t)((uint64_t)value >> 32), (uint32_t)value};
    uint32_t number = 0;
    enum tb_status status = tb_tuples_add(&v->keys, key, &number, NULL, err);
    if (status == TB_OK) {
        status = tb_tuples_grow((void **)&v->count, &v->cap, v->keys.n, sizeof *v->count, err);
    }
    if (status == TB_OK && ++v->count[number] == UINT32_MAX) {
        status = tb_err_set(err, TB_FAIL, TB_E_LIMIT, "more than %u events in one group", UINT32_MAX);
    }
    return status;
}

struct counted {
    int64_t value;
    uint32_t count;
};

static int by_value(const void *a, const void *b)
{
    const struct counted *x = a;
    const struct counted *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static int64_t nearest_rank(struct counted *c, size_t n)
{
    uint64_t total = 0;
    uint64_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        total += c[i].count;
    }
    uint64_t rank = (95 * total + 99) / 100;
    qsort(c, n, sizeof *c, by_value);
    for (size_t i = 0; i < n; i++) {
        seen += c[i].count;
        if (seen >= rank) {
            return c[i].value;
        }
    }
    return -1;
}

enum tb_status tb_values_p95(const struct tb_values *v, uint32_t groups, int64_t *p95, struct tb_err *err)
{
    size_t *end = calloc((size_t)groups + 1, sizeof *end); /* of each group's part of sorted */
    struct counted *sorted = calloc((size_t)v->keys.n + 1, sizeof *sorted);
    enum tb_status status = TB_OK;
    if (end == NULL || sorted == NULL) {
        status = tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the percentiles of %u groups", groups);
        goto out;
    }
    for (uint32_t i = 0; i < v->keys.n; i++) {
        end[tb_tuples_at(&v->keys, i)[0] + 1]++;
    }
    for (uint32_t g = 0; g < groups; g++) {
        end[g + 1] += end[g];
    }
    for (uint32_t i = 0; i < v->keys.n; i++) { /* end[g] walks from the group's begin to its end */
        const uint32_t *key = tb_tuples_at(&v->keys, i);
        sorted[end[key[0]]++] = (struct counted){(int64_t)((uint64_t)key[1] << 32 | key[2]), v->count[i]};
    }
    for (uint32_t g = 0; g < groups; g++) {
        size_t begin = g == 0 ? 0 : end[g - 1];
        p95[g] = nearest_rank(sorted + begin, end[g] - begin);
    }
out:
    free(end);
    free(sorted);
    return status;
}
