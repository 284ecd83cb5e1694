/* Taking a line apart into a shape. */
#include <stdlib.h>
#include <string.h>
#include "format/shape_inside.h"

static bool is_end(unsigned char c)
{
    return c == ',' || c == '}' || c == ']' || c <= ' ';
}

void tb_shape_free(struct tb_shape *s)
{
    if (s != NULL) {
        free(s->text);
        free(s->token);
        free(s->segment);
        free(s->capture);
        free(s->kept);
        free(s);
    }
}

/* The scalar values of the line in w, which is valid. How many; more than TB_SHAPE_TOKENS_MAX: too many. */
static uint32_t tokens(const struct tb_walk *w, struct tb_shape_token *out)
{
    const char *line = w->scan.line;
    uint32_t count = 0, n = (uint32_t)w->scan.n;
    for (uint32_t at = 0; at < n && count <= TB_SHAPE_TOKENS_MAX; at++) {
        uint32_t begin = at;
        char c = line[at];
        if (c == '"') {
            uint32_t end = (uint32_t)tb_scan_quote_from(&w->scan, at + 1), next = end + 1;
            while (next < n && line[next] <= ' ') {
                next++;
            }
            if (next >= n || line[next] != ':') {
                out[count++] = (struct tb_shape_token){begin + 1, end, true, false};
            }
            at = end;
        } else if (strchr("-0123456789tfn", c) != NULL && c != 0) {
            while (at < n && !is_end((unsigned char)line[at])) {
                at++;
            }
            out[count++] = (struct tb_shape_token){begin, at, false, false};
            at--;
        }
    }
    return count;
}

static bool keep_instances(struct tb_shape *s, const struct tb_walk *w)
{
    size_t count = 0, k = 0;
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        s->kepts[scope] = w->instances[scope];
        count += w->instances[scope];
    }
    s->kept = calloc(count, sizeof *s->kept);
    for (unsigned scope = 0; s->kept != NULL && scope < w->trie->scopes; scope++) {
        for (uint16_t i = 0; i < w->instances[scope]; i++) {
            const struct tb_instance *in = &w->instance[scope][i];
            s->kept[k++] = (struct tb_shape_kept){.key_at = scope == 0 ? 0 : in->key_at,
                                                  .key_n = in->key_n,
                                                  .present = in->present,
                                                  .parent = in->parent,
                                                  .dead = in->dead};
        }
    }
    return s->kept != NULL;
}

static uint32_t token_at(const struct tb_shape *s, uint32_t at)
{
    uint32_t i = 0;
    while (i < s->tokens && s->token[i].begin != at) {
        i++;
    }
    return i;
}

/* Captures of one kind: the scalars first, then brackets. */
static bool keep_values(struct tb_shape *s, const struct tb_walk *w, bool scalars)
{
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        for (uint16_t i = 0; i < w->instances[scope]; i++) {
            const struct tb_instance *in = &w->instance[scope][i];
            for (uint64_t m = in->present; m != 0; m &= m - 1) {
                uint8_t slot = (uint8_t)__builtin_ctzll(m);
                struct tb_shape_capture c = {
                    .instance = i, .scope = (uint8_t)scope, .slot = slot, .value = in->value[slot]};
                if ((c.value.type < TB_V_OBJECT) != scalars) {
                    continue;
                }
                c.token = scalars ? token_at(s, c.value.at) : 0;
                if (scalars && c.token == s->tokens) {
                    return false;
                }
                s->capture[s->captures++] = c;
            }
        }
    }
    return true;
}

static bool take_apart(struct tb_shape *s, const struct tb_walk *w)
{
    struct tb_shape_token found_tokens[TB_SHAPE_TOKENS_MAX + 1];
    size_t values = 0;
    s->tokens = tokens(w, found_tokens);
    if (s->tokens > TB_SHAPE_TOKENS_MAX) {
        return false;
    }
    for (unsigned scope = 0; scope < w->trie->scopes; scope++) {
        values += (size_t)w->instances[scope] * w->trie->scope[scope].slots;
    }
    s->n = (uint32_t)w->scan.n;
    s->text = malloc(s->n + 16);
    s->token = malloc((s->tokens + 1) * sizeof *s->token);
    s->segment = malloc((s->tokens + 1) * sizeof *s->segment);
    s->capture = malloc((values + 1) * sizeof *s->capture);
    if (s->text == NULL || s->token == NULL || s->segment == NULL || s->capture == NULL ||
        !keep_instances(s, w)) {
        return false;
    }
    memcpy(s->text, w->scan.line, s->n);
    memcpy(s->token, found_tokens, s->tokens * sizeof *s->token);
    bool good = keep_values(s, w, true);
    s->scalars = s->captures;
    return good && keep_values(s, w, false);
}

struct tb_shape *tb_shape_of(const struct tb_walk *w)
{
    struct tb_shape *s = calloc(1, sizeof *s);
    if (s == NULL || !take_apart(s, w)) {
        tb_shape_free(s);
        return NULL;
    }
    tb_shape_compile(s);
    return s;
}

uint32_t tb_shape_apart(const struct tb_shape *a, const struct tb_shape *b)
{
    uint32_t pa = 0, pb = 0;
    for (uint32_t i = 0;; i++) {
        bool last_a = i == a->tokens, last_b = i == b->tokens;
        uint32_t na = (last_a ? a->n : a->token[i].begin) - pa, nb = (last_b ? b->n : b->token[i].begin) - pb;
        uint32_t k = 0, n = na < nb ? na : nb;
        while (k < n && a->text[pa + k] == b->text[pb + k]) {
            k++;
        }
        if (k < n || na != nb || last_a || last_b) {
            return last_a && last_b && k == n && na == nb ? UINT32_MAX : pa + k;
        }
        pa = a->token[i].end;
        pb = b->token[i].end;
    }
}
