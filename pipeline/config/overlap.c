#include "config/overlap.h"

#include <stdint.h>
#include <stdlib.h>
#include "base/glob.h"

/* The place behind the set whose `[` is at g[i] (a valid glob: it is closed; a first `]` is a character). */
static size_t behind_set(struct tb_str g, size_t i)
{
    i++;
    i += i < g.n && (g.s[i] == '!' || g.s[i] == '^');
    for (size_t start = i; i < g.n && (g.s[i] != ']' || i == start); i++) {
        i += g.s[i] == '\\' && i + 1 < g.n;
    }
    return i < g.n ? i + 1 : g.n;
}

bool tb_overlap_glob(struct tb_overlap_item *item, struct tb_arena *arena, uint64_t group, size_t row,
                     struct tb_str glob)
{
    char *out = tb_arena_alloc(arena, glob.n + 1);
    size_t n = 0;
    size_t end = 0; /* where in out the literals behind the last metacharacter begin */
    size_t begin = SIZE_MAX;
    if (out == NULL) {
        return false;
    }
    for (size_t i = 0; i < glob.n;) {
        char c = glob.s[i];
        if (c == '*' || c == '?' || c == '[') {
            begin = begin == SIZE_MAX ? n : begin;
            end = n;
            i = c == '[' ? behind_set(glob, i) : i + 1;
            continue;
        }
        i += c == '\\' && i + 1 < glob.n;
        out[n++] = glob.s[i++];
    }
    *item = (struct tb_overlap_item){group, {out, begin == SIZE_MAX ? n : begin}, {out + end, n - end}, row};
    return true;
}

static int by_begin(const void *left, const void *right)
{
    const struct tb_overlap_item *a = left;
    const struct tb_overlap_item *b = right;
    if (a->group != b->group) {
        return a->group < b->group ? -1 : 1;
    }
    int c = tb_str_cmp(a->begin, b->begin);
    return c != 0 ? c : (a->row > b->row) - (a->row < b->row);
}

static bool starts_with(struct tb_str s, struct tb_str begin)
{
    return begin.n == 0 || (s.n >= begin.n && memcmp(s.s, begin.s, begin.n) == 0);
}

static bool one_ends_with_the_other(struct tb_str a, struct tb_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    return n == 0 || memcmp(a.s + a.n - n, b.s + b.n - n, n) == 0;
}

bool tb_overlap_find(struct tb_overlap_item *items, size_t n, tb_overlap_meets meets, const void *context,
                     size_t *a, size_t *b)
{
    size_t low = SIZE_MAX;
    size_t high = SIZE_MAX;
    if (n > 1) {
        qsort(items, n, sizeof *items, by_begin);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            if (items[j].group != items[i].group || !starts_with(items[j].begin, items[i].begin)) {
                break;
            }
            size_t x = items[i].row < items[j].row ? items[i].row : items[j].row;
            size_t y = items[i].row < items[j].row ? items[j].row : items[i].row;
            /* A pair that could not replace the one found is not worth asking about. */
            if ((y < high || (y == high && x < low)) && one_ends_with_the_other(items[i].end, items[j].end) &&
                meets(context, x, y)) {
                low = x;
                high = y;
            }
        }
    }
    *a = low;
    *b = high;
    return high != SIZE_MAX;
}

bool tb_overlap_globs(struct tb_str a, struct tb_str b)
{
    const struct tb_str any = TB_STR("*");
    if (a.s != NULL && b.s != NULL && tb_str_eq(a, b) && tb_glob_exact(a)) {
        return true;
    }
    return tb_glob_meet(a.s != NULL ? a : any, b.s != NULL ? b : any);
}
