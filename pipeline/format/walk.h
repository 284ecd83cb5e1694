/* Concept: the second half of reading a JSON line: follows the brackets that the scan found, checks their nesting and
 *          what lies in them, and puts down where the values of a trie's slots are.
 * Shape:   values are places, not copies: type and first byte; tb_value_* (value.h) reads them. Of duplicate keys the last
 *          one rules, with its whole subtree: what an earlier one put down is forgotten.
 * Owns:    a tb_walk owns its lists; one thread's. Values are valid until the next tb_walk_line.
 * Limits:  TB_EVENTS_PER_RECORD_MAX values under one `*`, TB_KEYS_PER_RECORD_MAX of them with keys of their own.
 */
#ifndef TB_WALK_H
#define TB_WALK_H

#include "base/limits.h"
#include "format/scan.h"
#include "format/shape.h"
#include "format/trie.h"

enum tb_value_type {
    TB_V_NONE,
    TB_V_NULL,
    TB_V_TRUE,
    TB_V_FALSE,
    TB_V_NUMBER,
    TB_V_STRING,
    TB_V_OBJECT,
    TB_V_ARRAY
};

struct tb_value {
    uint32_t at;  /* first byte; of a string the one behind the quote */
    uint32_t n;   /* bytes of a string between its quotes; elements of an array; else nothing */
    uint8_t type; /* enum tb_value_type */
};

struct tb_instance {  /* what one value under a `*` holds; the record itself is the one instance of scope 0 */
    uint64_t present; /* bit s: value[s] holds something */
    uint32_t key_at;  /* its key between the quotes, when it has one */
    uint32_t key_n;
    uint16_t parent; /* instance of the parent scope */
    bool dead;       /* a later duplicate replaced it */
    bool fertile;    /* it has instances below it */
    struct tb_value value[TB_TRIE_SLOTS_MAX];
};

enum tb_walk_end { TB_WALK_OK, TB_WALK_BAD, TB_WALK_TOO_MANY };

struct tb_frame { /* an open bracket on the way to a slot */
    uint16_t node;
    uint16_t instance;
    uint32_t elements;
    uint32_t depth;
};

struct tb_walk {
    const struct tb_trie *trie;
    struct tb_scan
        scan; /* line and n are always those of the line last read, the rest only after tb_walk_whole */
    struct tb_shapes *shapes;
    struct tb_instance record;
    struct tb_instance *instance[TB_TRIE_SCOPES_MAX]; /* [capacity] each; [0] = &record */
    uint16_t instances[TB_TRIE_SCOPES_MAX], capacity[TB_TRIE_SCOPES_MAX];
    bool too_many, no_memory;
    struct tb_frame frame[TB_JSON_DEPTH_MAX + 1];
    uint64_t array_bits[TB_JSON_DEPTH_MAX / 64 + 2]; /* bit d: the bracket at depth d is a [ */
};

/* False without memory. trie must outlive w. */
bool tb_walk_init(struct tb_walk *w, const struct tb_trie *trie);
void tb_walk_release(struct tb_walk *w);

/* Reads line. TB_WALK_BAD: it is not one JSON object or array (tb_strict_check says where). */
enum tb_walk_end tb_walk_line(struct tb_walk *w, struct tb_str line);

/* The same without looking for a known shape. */
enum tb_walk_end tb_walk_whole(struct tb_walk *w, struct tb_str line);

/* A key's last 8 bytes as a number, the last one highest, 0-filled. begin: bytes before key that may be read start here. */
static inline uint64_t tb_key_tail(const char *key, size_t n, const char *begin)
{
    uint64_t x = 0;
    if (n >= 8) {
        memcpy(&x, key + n - 8, 8);
    } else if (n > 0 && key + n - begin >= 8) {
        memcpy(&x, key + n - 8, 8);
        x >>= 8 * (8 - n);
    } else {
        memcpy(&x, key, n);
    }
    return x;
}

#endif
