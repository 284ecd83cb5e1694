/* Concept: the inside of the walk: where it stands, the instances it makes and the child that a key leads to. Included by walk.c
 *          alone; inline, because each key of each line passes here.
 */
#ifndef TB_WALK_INSIDE_H
#define TB_WALK_INSIDE_H

#include <stdlib.h>
#include <string.h>
#include "format/value.h"
#include "format/walk.h"

#define KEY_MAX 508 /* a key with escapes longer than this matches only `*` */

/* Where a walk stands; apart from tb_walk so that the compiler keeps it in registers. */
struct cursor {
    struct tb_walk *w;
    const char *line;
    const struct tb_trie_node *node; /* all nodes */
    uint32_t colon, element;         /* next of the scan's lists */
    uint32_t depth;
    struct tb_frame *top; /* innermost frame on the way to a slot */
    uint16_t pending;     /* node of the value that begins at the next bracket; 0 = unwanted */
    uint16_t pending_instance;
    uint32_t root_elements;
    struct tb_instance *open; /* holds a string, in open_slot, that ends behind this window; NULL: none */
    int8_t open_slot;
};

/* --- instances ---------------------------------------------------------------------------------------------------------- */

/* Forgets the instances below instance number of scope: a duplicate key replaces what they were found in. */
static void forget_below(struct tb_walk *w, uint8_t scopes, uint8_t scope, uint16_t number)
{
    struct tb_instance *owner = &w->instance[scope][number];
    if (!owner->fertile) {
        return;
    }
    owner->fertile = false;
    for (uint8_t s = 1; s < w->trie->scopes; s++) {
        uint8_t p = w->trie->scope[s].parent;
        bool all = (scopes >> s & 1) != 0;
        for (uint16_t i = 0; i < w->instances[s] && (all || p == scope); i++) {
            struct tb_instance *in = &w->instance[s][i];
            bool below = p == scope ? in->parent == number : w->instance[p][in->parent].dead;
            in->dead = in->dead || (all && below);
            owner->fertile = owner->fertile || (!in->dead && p == scope && below);
        }
        if (all && scope == 0 && p == 0) {
            w->instances[s] = 0;
        }
    }
}

static inline void forget(struct cursor *c, const struct tb_trie_node *n, uint16_t number)
{
    c->w->instance[n->scope][number].present &= ~n->slots;
    if (n->scopes != 0) {
        forget_below(c->w, n->scopes, n->scope, number);
    }
}

/* Room for one more instance of scope; false: a limit, or no memory. */
static bool instance_room(struct tb_walk *w, uint8_t scope, bool keyed)
{
    uint16_t count = w->instances[scope];
    if (count == TB_EVENTS_PER_RECORD_MAX || (keyed && count >= TB_KEYS_PER_RECORD_MAX)) {
        w->too_many = true;
        return false;
    }
    if (count < w->capacity[scope]) {
        return true;
    }
    uint16_t more = (uint16_t)(2 * w->capacity[scope]);
    struct tb_instance *list = realloc(w->instance[scope], more * sizeof *list);
    if (list == NULL) {
        w->too_many = w->no_memory = true;
        return false;
    }
    w->instance[scope] = list;
    w->capacity[scope] = more;
    return true;
}

/* The instance for a value under `*`: of an equal key, the one that is there. */
static uint16_t instance_for(struct cursor *c, const struct tb_trie_node *n, uint16_t parent,
                             struct tb_str key)
{
    struct tb_walk *w = c->w;
    struct tb_instance *list = w->instance[n->opens];
    uint16_t count = n->bindings != NULL || w->too_many ? 0 : w->instances[n->opens], i = count;
    for (uint16_t k = 0; key.s != NULL && k < count; k++) {
        struct tb_str other = {c->line + list[k].key_at, list[k].key_n};
        if (!list[k].dead && list[k].parent == parent && tb_value_same_key(key, other)) {
            i = k;
        }
    }
    if (n->bindings == NULL && !w->too_many && i == count) {
        if (instance_room(w, n->opens, key.s != NULL)) {
            w->instances[n->opens]++;
            w->instance[w->trie->scope[n->opens].parent][parent].fertile = true;
        } else { /* the line makes no event; that it is JSON is still checked */
            i = 0;
        }
        list = w->instance[n->opens];
        list[i].fertile = false;
    }
    list[i].present = 0;
    list[i].parent = parent;
    list[i].dead = false;
    list[i].key_at = key.s == NULL ? 0 : (uint32_t)(key.s - c->line);
    list[i].key_n = (uint32_t)key.n;
    return i;
}

/* --- keys ---------------------------------------------------------------------------------------------------------------- */

static uint16_t key_other(const struct cursor *c, const struct tb_trie_node *n, struct tb_str key)
{
    for (uint16_t p = n->prefix; p != 0; p = c->node[p].prefix_next) {
        struct tb_str prefix = c->node[p].prefix_key;
        if (key.n >= prefix.n && memcmp(key.s, prefix.s, prefix.n) == 0) {
            return p;
        }
    }
    return n->any;
}

static inline uint16_t key_child(const struct cursor *c, const struct tb_trie_node *n, struct tb_str key,
                                 const char *begin)
{
    if (n->table != NULL) {
        uint64_t tail = tb_key_tail(key.s, key.n, begin);
        const struct tb_trie_entry *e = &n->table[tb_trie_hash(n, tail, key.n)];
        while (e->tail == tail && e->key.n == key.n && e->key.s != NULL) {
            if (key.n <= 8 || memcmp(e->key.s, key.s, key.n - 8) == 0) {
                return e->child;
            }
            if (e->next == 0) {
                break;
            }
            e = &n->table[e->next];
        }
    }
    return (n->prefix | n->any) == 0 ? 0 : key_other(c, n, key);
}

static uint16_t key_escaped(const struct cursor *c, const struct tb_trie_node *n, struct tb_str key)
{
    char text[KEY_MAX + 4];
    if (key.n > KEY_MAX) {
        return n->any;
    }
    struct tb_str plain = {text, tb_value_unescape(key, text, sizeof text)};
    return key_child(c, n, plain, text);
}

/* The child of n that the key before the colon at q leads to; *key is the key as it stands. */
static inline uint16_t key_before(const struct cursor *c, const struct tb_trie_node *n, uint32_t q,
                                  struct tb_str *key)
{
    const struct tb_scan *s = &c->w->scan;
    uint32_t end = q - 1;
    while (c->line[end] != '"') {
        end--;
    }
    size_t begin = tb_scan_quote_before(s, end) + 1;
    *key = (struct tb_str){c->line + begin, end - begin};
    if (s->escaped_keys && memchr(key->s, '\\', key->n) != NULL) {
        return key_escaped(c, n, *key);
    }
    return key_child(c, n, *key, c->line);
}

#endif
