/* Concept: the paths of a format, compiled to a tree that the walk follows: a node is a value in the line.
 * Shape:   a node has children by exact key, by key prefix and by any key (a literal key beats a prefix beats any), and
 *          for arrays a child for the first element and one for each element.
 *          An array of {"key": K, "value": V} is read by key: for the values that are wanted (bindings) the array's owner has
 *          a slot; the elements pass through the one instance of a scope of their own.
 *          A node may have a slot: where its value is put down. Slots belong to a scope: scope 0 is the record, every
 *          other one is a `*` in a path, which has an instance for each value that it meets.
 * Owns:    a tb_trie owns its nodes and keys; read-only after tb_trie_finish.
 * Limits:  TB_TRIE_SLOTS_MAX slots in a scope, TB_TRIE_SCOPES_MAX scopes.
 */
#ifndef TB_TRIE_H
#define TB_TRIE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

#define TB_TRIE_SLOTS_MAX  64
#define TB_TRIE_SCOPES_MAX 8

struct tb_trie_entry { /* of a node's key table */
    uint64_t tail;     /* the key's last 8 bytes, the last one highest, 0-filled */
    struct tb_str key; /* absent: the entry is free */
    uint16_t child;
    uint16_t next; /* another key with the same tail and length: entry number, 0 = none */
};

struct tb_trie_binding { /* of an array of keys and values: the wanted key, and where its value goes */
    struct tb_str key;
    int8_t slot; /* in the scope around */
    struct tb_trie_binding *next;
};

struct tb_trie_node {
    struct tb_trie_entry *table; /* 1 << bits entries, then the chained ones; NULL without exact keys */
    uint64_t magic;
    uint64_t slots; /* this node's and its descendants' slots in scope */
    uint8_t bits;
    uint8_t scope;   /* that slot and slots are of */
    uint8_t scopes;  /* bit s: scope s begins at a descendant */
    uint8_t opens;   /* the scope that begins here, 0 = none */
    int8_t slot;     /* -1 = none */
    bool container;  /* has children: worth entering */
    uint16_t prefix; /* first child by prefix, 0 = none; the next one in its prefix_next */
    uint16_t prefix_next;
    struct tb_str prefix_key;
    uint16_t any;                     /* child for other keys; 0 = none */
    uint16_t first;                   /* child for an array's first element */
    uint16_t each;                    /* child for each element */
    struct tb_trie_binding *bindings; /* this is such an element: NULL for all other nodes */
    uint16_t keys;                    /* while building: exact children as a list */
    uint16_t sibling;
    struct tb_str key;
};

struct tb_trie_scope {
    uint8_t parent;
    uint8_t slots;
};

struct tb_trie {
    struct tb_arena arena;
    struct tb_trie_node *node; /* [0] is no node, [1] the root */
    uint16_t nodes, nodes_cap;
    struct tb_trie_scope scope[TB_TRIE_SCOPES_MAX];
    uint8_t scopes;
    bool whole; /* no shape tells what is wanted: where brackets stand, or which value has which key */
};

/* The slots of an element's scope. */
enum { TB_BIND_KEY, TB_BIND_VALUE, TB_BIND_INNER };

/* A step of a path: TB_STEP_ANY is `*`, for objects and arrays alike. TB_STEP_ENTRY, the last step only, is the value in an
 * array of {"key": K, "value": V}; of a V that is an object (OTLP's {"intValue": "5"}) its one member. */
enum tb_step_kind { TB_STEP_KEY, TB_STEP_PREFIX, TB_STEP_ANY, TB_STEP_FIRST, TB_STEP_LAST, TB_STEP_ENTRY };
struct tb_step {
    enum tb_step_kind kind;
    struct tb_str key;
};

bool tb_trie_init(struct tb_trie *t);
void tb_trie_release(struct tb_trie *t);

/* The slot at path (new or the one it has), or -1 when a limit is passed. *scope is the scope that it belongs to. */
int tb_trie_slot(struct tb_trie *t, const struct tb_step *path, size_t n, uint8_t *scope);

/* The scope that the `*` at the path's end opens (0: the path has none; -1: a limit). */
int tb_trie_scope(struct tb_trie *t, const struct tb_step *path, size_t n);

/* Builds the key tables. False without memory. */
bool tb_trie_finish(struct tb_trie *t);

static inline uint32_t tb_trie_hash(const struct tb_trie_node *n, uint64_t tail, size_t length)
{
    return (uint32_t)(((tail ^ length * UINT64_C(0x9E3779B97F4A7C15)) * n->magic) >> (64 - n->bits));
}

#endif
