#include "format/walk.h"

#include <stdlib.h>
#include <string.h>
#include "format/strict.h"
#include "format/walk_inside.h"

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
