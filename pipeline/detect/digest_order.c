/* A digest's records by consumer, and a consumer's among them. They come in the order of time: dealing them out to their consumers
 * leaves little to sort. */
#include <stdlib.h>
#include <string.h>
#include "detect/digest.h"

#define FEW 32 /* records of a consumer that are put in order one by one */

/* Records begin with the consumer; what follows makes the order whole. */
static uint32_t consumer_at(const void *array, size_t i, size_t size)
{
    uint32_t id;
    memcpy(&id, (const char *)array + i * size, sizeof id);
    return id;
}

static int by_bytes(const void *a, const void *b, void *size)
{
    return memcmp(a, b, *(const size_t *)size);
}

static int by_consumer(const void *a, const void *b, void *size)
{
    uint32_t x = consumer_at(a, 0, 0), y = consumer_at(b, 0, 0);
    return x != y ? (x < y ? -1 : 1) : by_bytes(a, b, size);
}

static bool is_sorted(const char *array, size_t n, size_t size)
{
    for (size_t i = 1; i < n; i++) {
        if (by_consumer(array + (i - 1) * size, array + i * size, &size) > 0) {
            return false;
        }
    }
    return true;
}

/* n records of one consumer; one more has room behind them. */
static void sort_one(char *array, size_t n, size_t size, char *spare)
{
    if (n > FEW) {
        qsort_r(array, n, size, by_bytes, &size);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        char *at = array + i * size;
        if (memcmp(at - size, at, size) > 0) {
            memcpy(spare, at, size);
            for (; at > array && memcmp(at - size, spare, size) > 0; at -= size) {
                memcpy(at, at - size, size);
            }
            memcpy(at, spare, size);
        }
    }
}

/* Moves the records into a new array, consumer after consumer; false: no memory, or numbers of consumers so high that it is not worth it. */
static bool deal(void **array, size_t n, size_t size)
{
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = consumer_at(*array, i, size);
        most = c > most ? c : most;
    }
    size_t *start = most / 16 > n ? NULL : calloc((size_t)most + 2, sizeof *start);
    char *out = start != NULL ? malloc((n + 1) * size) : NULL;
    if (out == NULL) {
        free(start);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        start[consumer_at(*array, i, size) + 1]++;
    }
    for (size_t c = 0; c < most; c++) {
        start[c + 1] += start[c];
    }
    for (size_t i = 0; i < n; i++) { /* moves start[c] to the end of c's */
        memcpy(out + start[consumer_at(*array, i, size)]++ * size, (const char *)*array + i * size, size);
    }
    for (size_t c = 0, from = 0; c <= most; from = start[c++]) {
        sort_one(out + from * size, start[c] - from, size, out + n * size);
    }
    free(start);
    free(*array);
    *array = out;
    return true;
}

static void sort(void **array, size_t n, size_t size)
{
    if (!is_sorted(*array, n, size) && !deal(array, n, size)) {
        qsort_r(*array, n, size, by_consumer, &size);
    }
}

/* --- where a consumer's records are ------------------------------------------------------------------------------------------------ */

struct part {
    const void *array;
    size_t n, size;
};

static int by_id(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* All consumers of the sorted parts, each once. */
static bool list_consumers(struct tb_digest *d, const struct part *parts)
{
    size_t n = 0, kept = 0;
    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int p = 0; p < TB_DG_COUNT; p++) {
            for (size_t i = 0; i < parts[p].n; i++) {
                uint32_t c = consumer_at(parts[p].array, i, parts[p].size);
                if (i > 0 && c == consumer_at(parts[p].array, i - 1, parts[p].size)) {
                    continue;
                }
                if (pass == 1) {
                    d->who[n] = c;
                }
                n++;
            }
        }
        d->who = pass == 0 ? malloc((n + 1) * sizeof *d->who) : d->who;
        if (d->who == NULL) {
            return false;
        }
    }
    if (n > 1) {
        qsort(d->who, n, sizeof *d->who, by_id);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || d->who[i] != d->who[i - 1]) {
            d->who[kept++] = d->who[i];
        }
    }
    d->who_n = kept;
    return true;
}

/* A table to find a consumer's place by a look; where there is none, it is searched. */
static void note_places(struct tb_digest *d)
{
    size_t n = d->who_n > 0 ? (size_t)d->who[d->who_n - 1] + 1 : 0;
    d->place_of = n / 16 > d->who_n ? NULL : malloc((n + 1) * sizeof *d->place_of);
    d->place_of_n = d->place_of != NULL ? (uint32_t)n : 0;
    for (size_t i = 0; i < d->place_of_n; i++) {
        d->place_of[i] = (uint32_t)d->who_n;
    }
    for (size_t i = 0; i < d->who_n && d->place_of != NULL; i++) {
        d->place_of[d->who[i]] = (uint32_t)i;
    }
}

static bool note_begins(struct tb_digest *d, const struct part *parts)
{
    d->begin = malloc(TB_DG_COUNT * (d->who_n + 1) * sizeof *d->begin);
    uint32_t *begin = d->begin;
    for (int p = 0; begin != NULL && p < TB_DG_COUNT; p++) {
        size_t at = 0;
        for (size_t i = 0; i < d->who_n; i++) {
            *begin++ = (uint32_t)at;
            while (at < parts[p].n && consumer_at(parts[p].array, at, parts[p].size) == d->who[i]) {
                at++;
            }
        }
        *begin++ = (uint32_t)at;
    }
    return d->begin != NULL;
}

/* Lays the hours in the order of their places, so that who goes through all of them need not jump; without memory for it they stay. */
static void order_hours(struct tb_digest *d)
{
    struct tb_dg_hour *hour = malloc((d->hour_n + 1) * sizeof *hour);
    uint32_t at = 0;
    for (size_t i = 0; i < d->place_n && hour != NULL; i++) {
        struct tb_dg_place *p = &d->place[i];
        uint32_t n = (uint32_t)__builtin_popcount(p->hours);
        memcpy(&hour[at], &d->hour[p->first], n * sizeof *hour);
        p->first = at;
        at += n;
    }
    if (hour != NULL) {
        free(d->hour);
        d->hour = hour;
        d->hour_cap = d->hour_n;
    }
}

void tb_digest_order(struct tb_digest *d)
{
    if (d->ordered) {
        return;
    }
#define SORT(name)                                                                                           \
    sort((void **)&d->name, d->name##_n, sizeof *d->name);                                                   \
    d->name##_cap = d->name##_n;
    TB_DIGEST_PARTS_OF_CONSUMERS(SORT)
#undef SORT
    order_hours(d);
    d->ordered = true;
}

enum tb_status tb_digest_sort(struct tb_digest *d, struct tb_err *err)
{
    tb_digest_order(d);
    const struct part parts[] = {
#define PART(name) {d->name, d->name##_n, sizeof *d->name},
        TB_DIGEST_PARTS_OF_CONSUMERS(PART)
#undef PART
    };
    if (!list_consumers(d, parts) || !note_begins(d, parts)) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory to put a day's consumers in order");
    }
    note_places(d);
    return TB_OK;
}

static size_t place_of(const struct tb_digest *d, uint32_t consumer)
{
    if (d->place_of != NULL) {
        return consumer < d->place_of_n ? d->place_of[consumer] : d->who_n;
    }
    const uint32_t *at = d->who;
    for (size_t n = d->who_n; n > 1;) { /* without a branch: halves are as likely */
        size_t half = n / 2;
        at += at[half] <= consumer ? half : 0;
        n -= half;
    }
    return d->who_n > 0 && *at == consumer ? (size_t)(at - d->who) : d->who_n;
}

void tb_digest_range_(const struct tb_digest *d, enum tb_digest_part part, uint32_t consumer, size_t *from,
                      size_t *to)
{
    size_t at = place_of(d, consumer);
    const uint32_t *begin = d->begin + part * (d->who_n + 1) + at;
    bool there = at < d->who_n;
    *from = there ? begin[0] : 0;
    *to = there ? begin[1] : 0;
}
