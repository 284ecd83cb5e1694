#include "rate/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
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

/* What every text that glob matches begins with. */
static struct tb_str beginning(struct tb_str glob)
{
    size_t n = 0;
    while (n < glob.n && strchr("*?[\\", glob.s[n]) == NULL) {
        n++;
    }
    return (struct tb_str){glob.s, n};
}

static int by_beginning(const void *a, const void *b, void *ctx)
{
    const struct tb_matcher *m = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    struct tb_str p = beginning(m->glob[x]), q = beginning(m->glob[y]);
    if (p.n != q.n) {
        return p.n < q.n ? -1 : 1;
    }
    int c = p.n == 0 ? 0 : memcmp(p.s, q.s, p.n);
    return c != 0 ? c : (x > y) - (x < y);
}

static void sort_patterns(struct tb_matcher *m)
{
    qsort_r(m->pattern, m->patterns, sizeof *m->pattern, by_beginning, m);
    for (size_t i = 0; i < m->patterns; i++) {
        size_t n = beginning(m->glob[m->pattern[i]]).n;
        if (m->length_n == 0 || m->lengths[m->length_n - 1] != n) {
            m->lengths[m->length_n] = n;
            m->first[m->length_n++] = i;
        }
    }
    m->first[m->length_n] = m->patterns;
}

enum tb_status tb_matcher_init(struct tb_matcher *m, const struct tb_str *globs, size_t n, struct tb_err *err)
{
    assert(n < UINT32_MAX);
    *m = (struct tb_matcher){.n = n};
    m->glob = calloc(n + 1, sizeof *m->glob);
    m->plain = calloc(n + 1, sizeof *m->plain);
    m->pattern = calloc(n + 1, sizeof *m->pattern);
    m->lengths = calloc(n + 1, sizeof *m->lengths);
    m->first = calloc(n + 1, sizeof *m->first);
    if (m->glob == NULL || m->plain == NULL || m->pattern == NULL || m->lengths == NULL || m->first == NULL) {
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
    sort_patterns(m);
    return TB_OK;
}

void tb_matcher_release(struct tb_matcher *m)
{
    free(m->glob);
    free(m->plain);
    free(m->pattern);
    free(m->lengths);
    free(m->first);
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

/* How pattern i, of the k-th length, begins against the text: < 0 before, 0 alike. */
static int begins(const struct tb_matcher *m, size_t i, size_t k, struct tb_str text)
{
    return m->lengths[k] == 0 ? 0 : memcmp(m->glob[m->pattern[i]].s, text.s, m->lengths[k]);
}

/* The first pattern of the k-th length that does not begin before the text. */
static size_t first_pattern(const struct tb_matcher *m, size_t k, struct tb_str text)
{
    size_t low = m->first[k], high = m->first[k + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (begins(m, middle, k, text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* "*" is how a table says any; a total that llm.log writes without a model wants a price too. */
static bool is_any(struct tb_str glob)
{
    return glob.s != NULL && glob.n == 1 && glob.s[0] == '*';
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
    for (size_t k = 0; status == TB_OK && k < m->length_n && m->lengths[k] <= text.n; k++) {
        size_t i = first_pattern(m, k, text);
        for (; status == TB_OK && i < m->first[k + 1] && begins(m, i, k, text) == 0; i++) {
            struct tb_str glob = m->glob[m->pattern[i]];
            if (tb_glob_match(glob, text) || (text.s == NULL && is_any(glob))) {
                status = each(ctx, m->pattern[i], err);
            }
        }
    }
    return status;
}
