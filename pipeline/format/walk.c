#include "format/walk.h"

#include <stdlib.h>
#include <string.h>
#include "format/strict.h"
#include "format/value.h"

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

bool tb_walk_init(struct tb_walk *w, const struct tb_trie *trie)
{
    memset(w, 0, sizeof *w);
    w->trie = trie;
    w->shapes = tb_shapes_new();
    if (w->shapes == NULL || !tb_scan_init(&w->scan)) {
        tb_walk_release(w);
        return false;
    }
    w->instance[0] = &w->record;
    for (unsigned s = 1; s < trie->scopes; s++) {
        w->instance[s] = malloc(TB_KEYS_PER_RECORD_MAX * sizeof *w->instance[s]);
        w->capacity[s] = TB_KEYS_PER_RECORD_MAX;
        if (w->instance[s] == NULL) {
            tb_walk_release(w);
            return false;
        }
    }
    return true;
}

void tb_walk_release(struct tb_walk *w)
{
    for (unsigned s = 1; s < TB_TRIE_SCOPES_MAX; s++) {
        free(w->instance[s]);
    }
    tb_scan_release(&w->scan);
    tb_shapes_free(w->shapes);
    memset(w, 0, sizeof *w);
}

static inline bool is_array(const struct tb_walk *w, uint32_t depth)
{
    return (w->array_bits[depth >> 6] >> (depth & 63) & 1) != 0;
}

static inline uint32_t blanks(const char *line, uint32_t at)
{
    while (line[at] == ' ' || line[at] == '\n' || line[at] == '\t' || line[at] == '\r') {
        at++;
    }
    return at;
}

static enum tb_value_type type_of(char c)
{
    switch (c) {
    case '"':
        return TB_V_STRING;
    case 't':
        return TB_V_TRUE;
    case 'f':
        return TB_V_FALSE;
    case 'n':
        return TB_V_NULL;
    case '{':
        return TB_V_OBJECT;
    case '[':
        return TB_V_ARRAY;
    default:
        return TB_V_NUMBER;
    }
}

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

/* --- values -------------------------------------------------------------------------------------------------------------- */

/* The length of the string that begins at at; 0 when its end is not yet read, and then it is found later. */
static inline uint32_t string_length(struct cursor *c, struct tb_instance *in, int8_t slot, uint32_t at)
{
    const struct tb_scan *s = &c->w->scan;
    size_t end = at < s->next ? tb_scan_quote_from(s, at) : s->n;
    if (end >= s->next) {
        c->open = in;
        c->open_slot = slot;
        return 0;
    }
    return (uint32_t)end - at;
}

/* A window was read: it may hold the end of the string that the one before left open. */
static void close_string(struct cursor *c)
{
    struct tb_instance *in = c->open;
    struct tb_value *v = &in->value[c->open_slot];
    c->open = NULL;
    v->n = string_length(c, in, c->open_slot, v->at);
}

static inline void put(struct cursor *c, const struct tb_trie_node *n, uint16_t number,
                       enum tb_value_type type, uint32_t at)
{
    struct tb_instance *in = &c->w->instance[n->scope][number];
    if (n->slot >= 0) {
        uint32_t length = type == TB_V_STRING ? string_length(c, in, n->slot, at) : 0;
        in->value[n->slot] = (struct tb_value){at, length, (uint8_t)type};
        in->present |= UINT64_C(1) << n->slot;
    }
}

/* A value for child begins: with a bracket (then only remembered) or a scalar at `at`. */
static inline void value(struct cursor *c, uint16_t child, struct tb_str key, uint32_t at)
{
    const struct tb_trie_node *n = &c->node[child];
    uint16_t number = c->top->instance;
    if (n->opens != 0) {
        number = instance_for(c, n, number, key);
        if (n->scopes != 0) {
            forget_below(c->w, n->scopes, n->scope, number);
        }
    } else {
        forget(c, n, number);
    }
    enum tb_value_type type = type_of(c->line[at]);
    put(c, n, number, type, type == TB_V_STRING ? at + 1 : at);
    if (type >= TB_V_OBJECT) {
        c->pending = child;
        c->pending_instance = number;
    }
}

/* The keys up to p of the object in the top frame. */
static void object_keys(struct cursor *c, uint32_t p)
{
    const struct tb_trie_node *n = &c->node[c->top->node];
    const uint32_t *colon = c->w->scan.colon;
    for (; colon[c->colon] < p; c->colon++) {
        struct tb_str key;
        uint16_t child = key_before(c, n, colon[c->colon], &key);
        if (child != 0) {
            value(c, child, key, blanks(c->line, colon[c->colon] + 1));
        }
    }
}

/* The elements up to p of the array in the top frame. */
static void array_elements(struct cursor *c, uint32_t p)
{
    const struct tb_scan *s = &c->w->scan;
    const struct tb_trie_node *n = &c->node[c->top->node];
    for (; s->element[c->element] <= p; c->element++) {
        uint32_t at = s->element[c->element], number = c->top->elements++;
        uint16_t child = number == 0 && n->first != 0 ? n->first : n->each;
        if (child == 0) {
            continue;
        }
        if (c->line[at] == ',' || c->line[at] == ']') { /* a string: the mark stands behind it */
            at = (uint32_t)tb_scan_quote_before(s, tb_scan_quote_before(s, at));
        }
        value(c, child, TB_STR_NULL, at);
    }
}

/* --- arrays of keys and values ------------------------------------------------------------------------------------------ */

/* The element of an array of keys and values ends: its value goes where the one around wants it. */
static void bind(struct cursor *c, const struct tb_trie_node *n)
{
    char text[KEY_MAX + 4];
    struct tb_walk *w = c->w;
    const struct tb_instance *element = &w->instance[n->opens][0];
    const struct tb_value *k = &element->value[TB_BIND_KEY], *v = &element->value[TB_BIND_VALUE];
    bool both = (element->present >> TB_BIND_KEY & element->present >> TB_BIND_VALUE & 1) != 0;
    if (!both || k->type != TB_V_STRING || k->n > KEY_MAX) {
        return;
    }
    struct tb_str key = {c->line + k->at, k->n};
    if (memchr(key.s, '\\', key.n) != NULL) {
        key = (struct tb_str){text, tb_value_unescape(key, text, sizeof text)};
    }
    bool inner = v->type == TB_V_OBJECT && (element->present >> TB_BIND_INNER & 1) != 0;
    if (v->type == TB_V_OBJECT && !inner) { /* OTLP writes {} for a value that is empty */
        return;
    }
    const struct tb_trie_binding *b = n->bindings;
    while (b != NULL && !tb_str_eq(b->key, key)) {
        b = b->next;
    }
    if (b == NULL) {
        return;
    }
    struct tb_instance *owner = &w->instance[w->trie->scope[n->opens].parent][element->parent];
    owner->value[b->slot] = inner ? element->value[TB_BIND_INNER] : *v;
    owner->present |= UINT64_C(1) << b->slot;
}

/* --- brackets ------------------------------------------------------------------------------------------------------------ */

static inline bool bracket_open(struct cursor *c, char bracket)
{
    struct tb_walk *w = c->w;
    if (c->depth == TB_JSON_DEPTH_MAX) {
        return false;
    }
    uint32_t d = ++c->depth;
    uint64_t bit = UINT64_C(1) << (d & 63);
    w->array_bits[d >> 6] = bracket == '[' ? w->array_bits[d >> 6] | bit : w->array_bits[d >> 6] & ~bit;
    if (c->pending != 0) {
        if (c->node[c->pending].container || c->node[c->pending].slot >= 0) {
            c->top++;
            *c->top = (struct tb_frame){c->pending, c->pending_instance, 0, d};
        }
        c->pending = 0;
    }
    return true;
}

static inline bool bracket_close(struct cursor *c, char bracket)
{
    if (c->depth == 0 || is_array(c->w, c->depth) != (bracket == ']')) {
        return false;
    }
    if (c->top->depth == c->depth) {
        const struct tb_trie_node *n = &c->node[c->top->node];
        if (n->slot >= 0) {
            c->w->instance[n->scope][c->top->instance].value[n->slot].n = c->top->elements;
        }
        if (n->bindings != NULL) {
            bind(c, n);
        }
        c->top--;
    }
    c->depth--;
    return true;
}

/* What stands between the last bracket and p (inclusive: an element may begin at the bracket itself). */
static inline bool segment(struct cursor *c, uint32_t p)
{
    const struct tb_scan *s = &c->w->scan;
    bool wanted = c->top->depth == c->depth;
    if (c->depth == 0) {
        for (; s->element[c->element] <= p; c->element++) {
            c->root_elements++;
        }
        return s->colon[c->colon] > p && c->root_elements <= 1;
    }
    if (is_array(c->w, c->depth)) {
        if (wanted) {
            array_elements(c, p);
        } else {
            while (s->element[c->element] <= p) {
                c->element++;
            }
        }
        return s->colon[c->colon] > p;
    }
    if (s->element[c->element] <= p) {
        return false;
    }
    if (wanted) {
        object_keys(c, p);
    } else {
        while (s->colon[c->colon] < p) {
            c->colon++;
        }
    }
    return true;
}

static bool window(struct cursor *c)
{
    const struct tb_scan *s = &c->w->scan;
    c->colon = c->element = 0;
    if (c->open != NULL) {
        close_string(c);
    }
    for (uint32_t i = 0; i < s->braces; i++) {
        uint32_t p = s->brace[i];
        if (!segment(c, p)) {
            return false;
        }
        char bracket = c->line[p];
        bool good = bracket == '{' || bracket == '[' ? bracket_open(c, bracket) : bracket_close(c, bracket);
        if (!good) {
            return false;
        }
    }
    if (!segment(c, UINT32_MAX - 1)) {
        return false;
    }
    for (uint32_t i = 0; i < s->odds; i++) {
        if (!tb_strict_scalar_before(c->line, s->odd[i])) {
            return false;
        }
    }
    return true;
}

enum tb_walk_end tb_walk_whole(struct tb_walk *w, struct tb_str line)
{
    struct cursor c = {.w = w, .line = line.s, .node = w->trie->node};
    tb_shapes_unload(w->shapes);
    w->record.present = 0;
    w->record.fertile = false;
    memset(w->instances, 0, sizeof w->instances);
    w->instances[0] = 1;
    w->too_many = w->no_memory = false;
    w->frame[0] = (struct tb_frame){0, 0, 0, UINT32_MAX}; /* below the root: never on top of a depth */
    c.top = w->frame;
    c.pending = 1;
    if (!tb_scan_begin(&w->scan, line)) {
        return TB_WALK_BAD;
    }
    do {
        if (!tb_scan_window(&w->scan) || !window(&c)) {
            return TB_WALK_BAD;
        }
    } while (w->scan.next < w->scan.n);
    if (c.depth != 0 || c.root_elements != 1 || c.pending != 0 || w->no_memory) {
        return TB_WALK_BAD;
    }
    return w->too_many ? TB_WALK_TOO_MANY : TB_WALK_OK;
}

enum tb_walk_end tb_walk_line(struct tb_walk *w, struct tb_str line)
{
    if (w->trie->whole) {
        return tb_walk_whole(w, line);
    }
    if (tb_shapes_match(w->shapes, w, line)) {
        return TB_WALK_OK;
    }
    enum tb_walk_end end = tb_walk_whole(w, line);
    if (end == TB_WALK_OK) {
        tb_shapes_learn(w->shapes, w);
    }
    return end;
}
