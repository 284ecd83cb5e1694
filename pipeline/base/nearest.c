#include "base/nearest.h"

#include <assert.h>
#include <stdio.h>

#define WORD_MAX 64 /* longer words have no near ones */

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c == '-' || c == ' ' ? '_' : c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, each one step. */
static int edit_distance(struct tb_str a, struct tb_str b)
{
    int rows[3][WORD_MAX + 1];
    int *before = rows[0];
    int *above = rows[1];
    int *row = rows[2];
    assert(a.n <= WORD_MAX && b.n <= WORD_MAX);
    for (size_t j = 0; j <= b.n; j++) {
        above[j] = (int)j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= b.n; j++) {
            bool same = fold(a.s[i - 1]) == fold(b.s[j - 1]);
            row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a.s[i - 1]) == fold(b.s[j - 2]) &&
                fold(a.s[i - 2]) == fold(b.s[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        int *swap = before;
        before = above;
        above = row;
        row = swap;
    }
    return above[b.n];
}

void tb_nearest_init(struct tb_nearest *n, struct tb_str word)
{
    int near = word.n < 5 || word.n > WORD_MAX ? 1 : (int)(word.n + 1) / 3; /* a slip in each three letters */
    *n = (struct tb_nearest){word, near + 1, ""};
}

bool tb_nearest_offer_part(struct tb_nearest *n, const char *candidate, const char *part)
{
    struct tb_str p = tb_str_of(part);
    if (n->word.n > WORD_MAX || p.n > WORD_MAX || strlen(candidate) >= sizeof(n->best)) {
        return false;
    }
    int d = edit_distance(n->word, p);
    /* A candidate of which nothing stays is not near, however short the word. */
    if (d >= n->distance || (size_t)d >= p.n || (size_t)d >= n->word.n) {
        return false;
    }
    n->distance = d;
    (void)snprintf(n->best, sizeof(n->best), "%s", candidate);
    return true;
}

bool tb_nearest_offer(struct tb_nearest *n, const char *candidate)
{
    return tb_nearest_offer_part(n, candidate, candidate);
}
