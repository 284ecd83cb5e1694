#include "config/overlap.h"

#include <stdlib.h>
#include "base/glob.h"

struct tb_str tb_overlap_begin(struct tb_arena *arena, struct tb_str glob)
{
    char *out = tb_arena_alloc(arena, glob.n + 1);
    size_t n = 0;
    if (out == NULL) {
        return TB_STR_NULL;
    }
    for (size_t i = 0; i < glob.n; i++) {
        char c = glob.s[i];
        if (c == '*' || c == '?' || c == '[') {
            break;
        }
        if (c == '\\' && i + 1 < glob.n) {
            i++;
        }
        out[n++] = glob.s[i];
    }
    return (struct tb_str){out, n};
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

bool tb_overlap_find(struct tb_overlap_item *items, size_t n, tb_overlap_meets meets, const void *context, size_t *a,
                     size_t *b)
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
            if ((y < high || (y == high && x < low)) && meets(context, x, y)) {
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
