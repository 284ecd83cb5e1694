#include "format/trie.h"

#include <stdlib.h>
#include "format/walk.h"

#define NODES_MAX 4096

bool tb_trie_init(struct tb_trie *t)
{
    memset(t, 0, sizeof *t);
    tb_arena_init(&t->arena, 16u << 20);
    t->nodes_cap = 64;
    t->node = calloc(t->nodes_cap, sizeof *t->node);
    t->nodes = 2;
    t->scopes = 1;
    if (t->node == NULL) {
        return false;
    }
    t->node[1].slot = -1;
    return true;
}

void tb_trie_release(struct tb_trie *t)
{
    free(t->node);
    tb_arena_release(&t->arena);
    memset(t, 0, sizeof *t);
}

static uint16_t node_new(struct tb_trie *t, uint8_t scope)
{
    if (t->nodes == t->nodes_cap) {
        struct tb_trie_node *more =
            t->nodes_cap >= NODES_MAX ? NULL : realloc(t->node, 2u * t->nodes_cap * sizeof *more);
        if (more == NULL) {
            return 0;
        }
        t->node = more;
        t->nodes_cap = (uint16_t)(2 * t->nodes_cap);
    }
    memset(&t->node[t->nodes], 0, sizeof *t->node);
    t->node[t->nodes].slot = -1;
    t->node[t->nodes].scope = scope;
    return t->nodes++;
}

static uint16_t list_find(const struct tb_trie *t, uint16_t head, bool prefix, struct tb_str key)
{
    while (head != 0 && !tb_str_eq(prefix ? t->node[head].prefix_key : t->node[head].key, key)) {
        head = prefix ? t->node[head].prefix_next : t->node[head].sibling;
    }
    return head;
}

/* The child of at for a step that is no `*`; 0 when a limit is passed. */
static uint16_t child_plain(struct tb_trie *t, uint16_t at, const struct tb_step *s)
{
    uint8_t scope = t->node[at].scope;
    bool prefix = s->kind == TB_STEP_PREFIX;
    uint16_t child = 0;
    if (s->kind == TB_STEP_FIRST || s->kind == TB_STEP_LAST) {
        child = s->kind == TB_STEP_FIRST ? t->node[at].first : t->node[at].each;
    } else {
        child = list_find(t, prefix ? t->node[at].prefix : t->node[at].keys, prefix, s->key);
    }
    bool element = s->kind == TB_STEP_FIRST && t->node[at].each != 0 &&
                   t->node[t->node[at].each].bindings != NULL; /* all elements go by key there */
    if (child != 0 || element || (child = node_new(t, scope)) == 0) {
        return child;
    }
    struct tb_trie_node *n = &t->node[at], *c = &t->node[child];
    if (s->kind == TB_STEP_FIRST) {
        n->first = child;
    } else if (s->kind == TB_STEP_LAST) {
        n->each = child;
    } else if (prefix) {
        c->prefix_key = tb_arena_str(&t->arena, s->key);
        c->prefix_next = n->prefix;
        n->prefix = child;
    } else {
        c->key = tb_arena_str(&t->arena, s->key);
        c->sibling = n->keys;
        n->keys = child;
    }
    return child;
}

static uint16_t child_any(struct tb_trie *t, uint16_t at)
{
    if (t->node[at].any != 0) {
        return t->node[at].any;
    }
    if (t->scopes == TB_TRIE_SCOPES_MAX || t->node[at].each != 0) {
        return 0;
    }
    uint8_t scope = t->scopes;
    uint16_t child = node_new(t, scope);
    if (child != 0) {
        t->scope[t->scopes++] = (struct tb_trie_scope){t->node[at].scope, 0};
        t->node[child].opens = scope;
        t->node[at].any = t->node[at].each = child;
    }
    return child;
}

/* Gives the node a slot when it has none. False: its scope is full. */
static bool give_slot(struct tb_trie *t, uint16_t at)
{
    struct tb_trie_node *node = &t->node[at];
    if (node->slot < 0) {
        if (t->scope[node->scope].slots == TB_TRIE_SLOTS_MAX) {
            return false;
        }
        node->slot = (int8_t)t->scope[node->scope].slots++;
    }
    return true;
}

/* The node of the elements of an array of keys and values. */
static uint16_t child_element(struct tb_trie *t, uint16_t at)
{
    static const struct tb_step key = {TB_STEP_KEY, {"key", 3}}, value = {TB_STEP_KEY, {"value", 5}},
                                inner = {TB_STEP_PREFIX, {"", 0}};
    uint16_t element = t->node[at].each;
    if (element != 0) {
        return t->node[element].bindings != NULL ? element : 0;
    }
    if (t->scopes == TB_TRIE_SCOPES_MAX || t->node[at].first != 0 ||
        (element = node_new(t, t->scopes)) == 0) {
        return 0;
    }
    t->scope[t->scopes] = (struct tb_trie_scope){t->node[at].scope, 0};
    t->node[element].opens = t->scopes++;
    t->node[at].each = element;
    uint16_t k = child_plain(t, element, &key), v = child_plain(t, element, &value);
    uint16_t i = v == 0 ? 0 : child_plain(t, v, &inner);
    if (k == 0 || i == 0 || !give_slot(t, k) || !give_slot(t, v) || !give_slot(t, i)) {
        return 0;
    }
    t->node[at].container = t->node[element].container = t->node[v].container = true;
    t->whole = true;
    return element;
}

/* The slot of the entry `key` of the array at. */
static int entry_slot(struct tb_trie *t, uint16_t at, struct tb_str key, uint8_t *scope)
{
    uint16_t element = child_element(t, at);
    struct tb_trie_scope *around = &t->scope[t->node[at].scope];
    if (element == 0) {
        return -1;
    }
    *scope = t->node[at].scope;
    for (struct tb_trie_binding *b = t->node[element].bindings; b != NULL; b = b->next) {
        if (tb_str_eq(b->key, key)) {
            return b->slot;
        }
    }
    struct tb_trie_binding *b = tb_arena_alloc(&t->arena, sizeof *b);
    if (b == NULL || around->slots == TB_TRIE_SLOTS_MAX) {
        return -1;
    }
    *b = (struct tb_trie_binding){tb_arena_str(&t->arena, key), (int8_t)around->slots++,
                                  t->node[element].bindings};
    t->node[element].bindings = b;
    return b->slot;
}

static uint16_t follow(struct tb_trie *t, const struct tb_step *path, size_t n)
{
    uint16_t at = 1;
    for (size_t i = 0; i < n && at != 0; i++) {
        uint16_t child = path[i].kind == TB_STEP_ANY ? child_any(t, at) : child_plain(t, at, &path[i]);
        t->node[at].container = true;
        at = child;
    }
    return at;
}

int tb_trie_slot(struct tb_trie *t, const struct tb_step *path, size_t n, uint8_t *scope)
{
    bool entry = n > 0 && path[n - 1].kind == TB_STEP_ENTRY;
    uint16_t at = follow(t, path, entry ? n - 1 : n);
    if (at == 0) {
        return -1;
    }
    if (entry) {
        return entry_slot(t, at, path[n - 1].key, scope);
    }
    *scope = t->node[at].scope;
    return give_slot(t, at) ? t->node[at].slot : -1;
}

int tb_trie_scope(struct tb_trie *t, const struct tb_step *path, size_t n)
{
    uint16_t at = follow(t, path, n);
    return at == 0 ? -1 : t->node[at].opens;
}

/* One way to lay the keys of list out in 1 << bits entries; keys with equal tail and length are chained behind. */
static bool table_try(const struct tb_trie *t, struct tb_trie_node *n, uint16_t list)
{
    uint32_t size = 1u << n->bits, chained = size;
    for (uint16_t c = list; c != 0; c = t->node[c].sibling) {
        struct tb_str key = t->node[c].key;
        uint64_t tail = tb_key_tail(key.s, key.n, key.s);
        struct tb_trie_entry *e = &n->table[tb_trie_hash(n, tail, key.n)];
        if (e->key.s != NULL && (e->tail != tail || e->key.n != key.n)) {
            return false;
        }
        if (e->key.s != NULL) {
            struct tb_trie_entry *spare = &n->table[chained];
            *spare = *e;
            e->next = (uint16_t)chained++;
        }
        e->tail = tail;
        e->key = key;
        e->child = c;
    }
    return true;
}

static bool table_build(struct tb_trie *t, struct tb_trie_node *n)
{
    uint32_t count = 0;
    for (uint16_t c = n->keys; c != 0; c = t->node[c].sibling) {
        count++;
    }
    if (count == 0) {
        return true;
    }
    n->bits = 2;
    while (1u << n->bits < 2 * count) {
        n->bits++;
    }
    uint64_t seed = 1;
    for (; n->bits < 14; n->bits++) {
        size_t bytes = ((1u << n->bits) + count) * sizeof *n->table;
        n->table = tb_arena_alloc(&t->arena, bytes);
        if (n->table == NULL) {
            return false;
        }
        for (int i = 0; i < 200; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            n->magic = seed | 1;
            memset(n->table, 0, bytes);
            if (table_try(t, n, n->keys)) {
                return true;
            }
        }
    }
    return false;
}

/* Sums the slots and scopes of the subtree at into at. */
static void gather(struct tb_trie *t, uint16_t at, uint16_t child)
{
    if (child == 0) {
        return;
    }
    struct tb_trie_node *n = &t->node[at], *c = &t->node[child];
    n->scopes = (uint8_t)(n->scopes | c->scopes);
    if (c->opens != 0) {
        n->scopes = (uint8_t)(n->scopes | 1u << c->opens);
    } else {
        n->slots |= c->slots;
    }
}

bool tb_trie_finish(struct tb_trie *t)
{
    for (uint16_t at = (uint16_t)(t->nodes - 1); at >= 1; at--) { /* children have higher numbers */
        struct tb_trie_node *n = &t->node[at];
        if (n->slot >= 0) {
            n->slots |= UINT64_C(1) << n->slot;
        }
        for (uint16_t c = n->keys; c != 0; c = t->node[c].sibling) {
            gather(t, at, c);
        }
        for (uint16_t c = n->prefix; c != 0; c = t->node[c].prefix_next) {
            gather(t, at, c);
        }
        gather(t, at, n->any);
        gather(t, at, n->first);
        gather(t, at, n->each);
        for (const struct tb_trie_binding *b = t->node[n->each].bindings; b != NULL; b = b->next) {
            n->slots |= UINT64_C(1) << b->slot;
        }
        if (!table_build(t, n)) {
            return false;
        }
    }
    return true;
}
