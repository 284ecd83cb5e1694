#include "base/glob.h"

#include <stdint.h>
#include "base/utf8.h"

#define GLOB_MAX         1024 /* bytes of one glob: TB_FIELD_BYTES_MAX, what it is matched with */
#define CODE_POINT_MAX   0x10FFFFu
#define SURROGATE_FIRST  0xD800u
#define SURROGATE_BEHIND 0xE000u

enum kind { LITERAL, ANY, STAR, SET };

/* One element of a glob. Views into the glob's bytes; no memory of its own. */
struct element {
    enum kind kind;
    uint32_t literal;
    bool negated;
    struct tb_str ranges; /* of a SET: what is between the brackets, behind the ! */
};

/* Takes one character, `\`-escaped or not, at g[*i]. False at the end and at invalid UTF-8. */
static bool take_char(struct tb_str g, size_t *i, uint32_t *cp)
{
    size_t length = 0;
    if (*i < g.n && g.s[*i] == '\\') {
        (*i)++;
    }
    if (*i >= g.n) {
        return false;
    }
    *cp = tb_utf8_decode(g.s + *i, g.n - *i, &length);
    *i += length;
    return *cp != 0xFFFD || length > 1;
}

/* Takes "a" or "a-z" at r[*i]. A `-` that is last in the set is a character. */
static bool take_range(struct tb_str r, size_t *i, uint32_t *low, uint32_t *high)
{
    if (!take_char(r, i, low)) {
        return false;
    }
    *high = *low;
    if (*i + 1 < r.n && r.s[*i] == '-') {
        (*i)++;
        return take_char(r, i, high) && *low <= *high;
    }
    return true;
}

/* The set whose `[` is just before g[*i]: finds its `]` (a first one is a character), checks its ranges. */
static bool take_set(struct tb_str g, size_t *i, struct element *e)
{
    e->negated = *i < g.n && (g.s[*i] == '!' || g.s[*i] == '^');
    *i += e->negated;
    size_t start = *i;
    uint32_t low = 0;
    uint32_t high = 0;
    while (*i < g.n && (g.s[*i] != ']' || *i == start)) {
        if (!take_char(g, i, &low)) {
            return false;
        }
    }
    if (*i >= g.n) {
        return false;
    }
    e->ranges = (struct tb_str){g.s + start, *i - start};
    (*i)++;
    for (size_t k = 0; k < e->ranges.n;) {
        if (!take_range(e->ranges, &k, &low, &high)) {
            return false;
        }
    }
    return true;
}

/* Takes the element at g[*i], i < n. False when the glob is not valid there. */
static bool take_element(struct tb_str g, size_t *i, struct element *e)
{
    switch (g.s[*i]) {
    case '*':
        e->kind = STAR;
        break;
    case '?':
        e->kind = ANY;
        break;
    case '[':
        e->kind = SET;
        (*i)++;
        return take_set(g, i, e);
    default:
        e->kind = LITERAL;
        return take_char(g, i, &e->literal);
    }
    (*i)++;
    return true;
}

static bool set_has(const struct element *e, uint32_t cp)
{
    uint32_t low = 0;
    uint32_t high = 0;
    for (size_t i = 0; i < e->ranges.n && take_range(e->ranges, &i, &low, &high);) {
        if (cp >= low && cp <= high) {
            return !e->negated;
        }
    }
    return e->negated;
}

static bool element_has(const struct element *e, uint32_t cp)
{
    return e->kind == LITERAL ? cp == e->literal : e->kind != SET || set_has(e, cp);
}

bool tb_glob_valid(struct tb_str glob)
{
    struct element e;
    if (glob.n > GLOB_MAX) {
        return false;
    }
    for (size_t i = 0; i < glob.n;) {
        if (!take_element(glob, &i, &e)) {
            return false;
        }
    }
    return true;
}

/* Walks both; a mismatch goes back to the last star, which takes one character more. */
bool tb_glob_match(struct tb_str glob, struct tb_str text)
{
    if (glob.s == NULL || text.s == NULL) {
        return glob.s == NULL;
    }
    if (!tb_glob_valid(glob)) {
        return false;
    }
    bool starred = false;
    size_t star_g = 0;
    size_t star_t = 0;
    size_t g = 0;
    size_t t = 0;
    while (t < text.n || g < glob.n) {
        struct element e;
        size_t next = g;
        size_t length = 0;
        bool more = g < glob.n && take_element(glob, &next, &e);
        if (more && e.kind == STAR) {
            starred = true;
            star_g = next;
            star_t = t;
            g = next;
            continue;
        }
        if (more && t < text.n && element_has(&e, tb_utf8_decode(text.s + t, text.n - t, &length))) {
            g = next;
            t += length;
            continue;
        }
        if (!starred || star_t >= text.n) {
            return false;
        }
        (void)tb_utf8_decode(text.s + star_t, text.n - star_t, &length);
        star_t += length;
        g = star_g;
        t = star_t;
    }
    return true;
}

bool tb_glob_exact(struct tb_str glob)
{
    struct element e;
    if (glob.s == NULL) {
        return false;
    }
    for (size_t i = 0; i < glob.n;) {
        if (!take_element(glob, &i, &e) || e.kind != LITERAL) {
            return false;
        }
    }
    return true;
}

int tb_glob_literals(struct tb_str glob)
{
    struct element e;
    int n = 0;
    for (size_t i = 0; i < glob.n && take_element(glob, &i, &e);) {
        n += e.kind == LITERAL;
    }
    return n;
}

/* Is cp a character that both elements (no stars) take? */
static bool both_have(const struct element *a, const struct element *b, uint32_t cp)
{
    if (cp >= SURROGATE_FIRST && cp < SURROGATE_BEHIND) {
        cp = SURROGATE_BEHIND;
    }
    return cp <= CODE_POINT_MAX && element_has(a, cp) && element_has(b, cp);
}

/* Do a and b share one of the characters where a's own set begins or ends? */
static bool meet_at_edges(const struct element *a, const struct element *b)
{
    uint32_t low = 0;
    uint32_t high = 0;
    if (a->kind == LITERAL) {
        return both_have(a, b, a->literal);
    }
    if (a->kind != SET) {
        return false;
    }
    for (size_t i = 0; i < a->ranges.n && take_range(a->ranges, &i, &low, &high);) {
        if (both_have(a, b, low) || both_have(a, b, high + 1)) {
            return true;
        }
    }
    return false;
}

/* Is there a character that both take? Where two sets overlap, the overlap begins at 0, at the beginning of a
 * range, or behind the end of one (a negated set; behind U+D7FF that is U+E000): so those points decide. */
static bool elements_meet(const struct element *a, const struct element *b)
{
    return both_have(a, b, 0) || meet_at_edges(a, b) || meet_at_edges(b, a);
}

/* One row of the product of the two globs' automata: reached[j] = some text leads both to (this element of a,
 * element j of b). Fills the rest of this row, and of the next what is reached by taking element a. */
static void product_row(const struct element *a, struct tb_str b, bool *reached, bool *next)
{
    static const struct element any = {ANY, 0, false, {NULL, 0}};
    size_t j = 0;
    while (j < b.n) {
        struct element e;
        size_t behind = j;
        (void)take_element(b, &behind, &e);
        bool here = reached[j];
        if (here && e.kind == STAR) {
            reached[behind] = true;                                         /* b's star takes nothing more */
            next[j] = next[j] || a->kind == STAR || elements_meet(a, &any); /* ... or what a takes */
        } else if (here && a->kind == STAR) {
            reached[behind] = reached[behind] || elements_meet(&any, &e); /* a's star takes what b takes */
        } else if (here) {
            next[behind] = next[behind] || elements_meet(a, &e);
        }
        if (here && a->kind == STAR) {
            next[j] = true; /* a's star takes nothing more */
        }
        j = behind;
    }
    if (reached[b.n] && a->kind == STAR) {
        next[b.n] = true;
    }
}

/* At the end of a, b may still have stars, which take nothing. */
static bool accepts(struct tb_str b, bool *reached)
{
    for (size_t j = 0; j < b.n;) {
        struct element e;
        size_t behind = j;
        (void)take_element(b, &behind, &e);
        if (reached[j] && e.kind == STAR) {
            reached[behind] = true;
        }
        j = behind;
    }
    return reached[b.n];
}

bool tb_glob_meet(struct tb_str a, struct tb_str b)
{
    static const struct tb_str everything = {"*", 1};
    if (a.s == NULL && b.s == NULL) {
        return true; /* absent text */
    }
    a = a.s == NULL ? everything : a;
    b = b.s == NULL ? everything : b;
    if (!tb_glob_valid(a) || !tb_glob_valid(b)) {
        return false;
    }
    bool rows[2][GLOB_MAX + 1] = {{false}};
    bool *reached = rows[0];
    bool *next = rows[1];
    reached[0] = true;
    for (size_t i = 0; i < a.n;) {
        struct element e;
        (void)take_element(a, &i, &e);
        memset(next, 0, b.n + 1);
        product_row(&e, b, reached, next);
        bool *swap = reached;
        reached = next;
        next = swap;
    }
    return accepts(b, reached);
}
