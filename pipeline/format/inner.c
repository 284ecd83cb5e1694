#include "format/inner.h"

#include "format/strict.h"
#include "format/value.h"

bool tb_inner_init(struct tb_inner *n, const struct tb_trie *strings)
{
    tb_buf_init(&n->line, TB_LINE_MAX + 4096); /* decoding never makes a string longer */
    n->ready = tb_walk_init(&n->walk, strings);
    return n->ready;
}

void tb_inner_release(struct tb_inner *n)
{
    if (n->ready) {
        tb_walk_release(&n->walk);
        tb_buf_release(&n->line);
    }
}

/* The strings that may hold JSON, in the order of the line; how many. */
static size_t candidates(const struct tb_walk *w, struct tb_value out[TB_TRIE_SLOTS_MAX])
{
    size_t n = 0;
    for (uint64_t m = w->record.present; m != 0; m &= m - 1) {
        struct tb_value v = w->record.value[__builtin_ctzll(m)];
        if (v.type != TB_V_STRING || v.n < 2) {
            continue;
        }
        size_t i = n++;
        for (; i > 0 && out[i - 1].at > v.at; i--) {
            out[i] = out[i - 1];
        }
        out[i] = v;
    }
    return n;
}

static bool is_container(struct tb_str text)
{
    size_t i = 0;
    while (i < text.n && (unsigned char)text.s[i] <= ' ') {
        i++;
    }
    return i < text.n && (text.s[i] == '{' || text.s[i] == '[');
}

/* Appends what the string raw holds, when that is an object or array. */
static bool add_held(struct tb_buf *b, struct tb_str raw, bool *held)
{
    size_t byte, before = b->n;
    const char *reason;
    if (tb_buf_reserve(b, raw.n + 4, NULL) != TB_OK) {
        return false;
    }
    struct tb_str text = {b->p + before, tb_value_unescape(raw, b->p + before, raw.n + 4)};
    *held = is_container(text) && tb_strict_check(text, &byte, &reason);
    b->n = before + (*held ? text.n : 0);
    return true;
}

static bool write_anew(struct tb_buf *b, struct tb_str line, const struct tb_value *v, size_t n)
{
    size_t at = 0;
    bool held;
    for (size_t i = 0; i < n; i++) {
        size_t before = b->n, quote = v[i].at - 1;
        if (tb_buf_add(b, line.s + at, quote - at, NULL) != TB_OK ||
            !add_held(b, (struct tb_str){line.s + v[i].at, v[i].n}, &held)) {
            return false;
        }
        if (held) {
            at = v[i].at + v[i].n + 1;
        } else {
            b->n = before;
        }
    }
    return tb_buf_add(b, line.s + at, line.n - at, NULL) == TB_OK && tb_buf_reserve(b, 16, NULL) == TB_OK;
}

enum tb_walk_end tb_inner_open(struct tb_inner *n, struct tb_str line, struct tb_str *out)
{
    struct tb_value v[TB_TRIE_SLOTS_MAX];
    *out = line;
    enum tb_walk_end end = tb_walk_line(&n->walk, line);
    size_t count = end == TB_WALK_OK ? candidates(&n->walk, v) : 0;
    if (count == 0) {
        return end;
    }
    tb_buf_clear(&n->line);
    if (!write_anew(&n->line, line, v, count)) {
        return TB_WALK_BAD;
    }
    *out = tb_buf_view(&n->line);
    return TB_WALK_OK;
}
