#include "rate/match.h"

#include <assert.h>
#include <stdlib.h>
#include "base/glob.h"

/* Not tb_glob_exact: "a\*" is exact, but its bytes are not the text that it matches. */
static bool is_plain(struct tb_str glob)
{
    for (size_t i = 0; i < glob.n; i++) {
        if (strchr("*?[\\", glob.s[i]) != NULL) {
            return false;
        }
    }
    return glob.s != NULL;
}

static int by_text(const void *a, const void *b, void *ctx)
{
    const struct tb_matcher *m = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    int c = tb_str_cmp(m->glob[x], m->glob[y]);
    return c != 0 ? c : (x > y) - (x < y);
}

enum tb_status tb_matcher_init(struct tb_matcher *m, const struct tb_str *globs, size_t n, struct tb_err *err)
{
    assert(n < UINT32_MAX);
    *m = (struct tb_matcher){.n = n};
    m->glob = calloc(n + 1, sizeof *m->glob);
    m->plain = calloc(n + 1, sizeof *m->plain);
    m->pattern = calloc(n + 1, sizeof *m->pattern);
    if (m->glob == NULL || m->plain == NULL || m->pattern == NULL) {
        tb_matcher_release(m);
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for %zu table rows", n);
    }
    for (size_t i = 0; i < n; i++) {
        m->glob[i] = globs[i];
        if (is_plain(globs[i])) {
            m->plain[m->plains++] = (uint32_t)i;
        } else {
            m->pattern[m->patterns++] = (uint32_t)i;
        }
    }
    qsort_r(m->plain, m->plains, sizeof *m->plain, by_text, m);
    return TB_OK;
}

void tb_matcher_release(struct tb_matcher *m)
{
    free(m->glob);
    free(m->plain);
    free(m->pattern);
    *m = (struct tb_matcher){0};
}

/* The first place in plain whose text is not below text. */
static size_t lower_bound(const struct tb_matcher *m, struct tb_str text)
{
    size_t low = 0;
    size_t high = m->plains;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tb_str_cmp(m->glob[m->plain[middle]], text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum tb_status tb_matcher_each(const struct tb_matcher *m, struct tb_str text,
                               enum tb_status (*each)(void *ctx, uint32_t row, struct tb_err *err), void *ctx,
                               struct tb_err *err)
{
    enum tb_status status = TB_OK;
    for (size_t i = text.s == NULL ? m->plains : lower_bound(m, text); status == TB_OK && i < m->plains;
         i++) {
        if (!tb_str_eq(m->glob[m->plain[i]], text)) {
            break;
        }
        status = each(ctx, m->plain[i], err);
    }
    for (size_t i = 0; status == TB_OK && i < m->patterns; i++) {
        if (tb_glob_match(m->glob[m->pattern[i]], text)) {
            status = each(ctx, m->pattern[i], err);
        }
    }
    return status;
}
