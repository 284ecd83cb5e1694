#include "input/unwrap.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "input/unwrap_parts.h"

/* Concept: a line is taken apart level by level (process) until no wrapper is left; a partial text waits in a
 * slot, by level, wrapper, node and stream, until its last part comes. What is ready stands in a short queue;
 * an array stays whole there, and its elements are cut off one at a time. */

#define DEPTH_MAX       4
#define SLOTS           16 /* streams that may wait at once, and one; more: the oldest is given up */
#define PENDING_MAX     (4 * (size_t)TB_LINE_MAX) /* bytes that may wait at once, all slots together */
#define SLOT_KEEP_BYTES (1u << 20)                /* a slot that grew past this gives its memory back */
#define NODE_MAX        255                       /* bytes of a pod's or host's name */
#define KEY_MAX         384                       /* node, stream (63), two digits */
#define QUEUE           (SLOTS + 2)

struct origin {
    uint64_t line;
    uint64_t byte;
    struct tb_str node;
};

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_GIVEN }; /* given: in the queue, until the next push */

struct slot {
    enum slot_state state;
    bool too_long;
    char key[KEY_MAX];
    size_t key_n, node_n; /* the node is the key's beginning */
    uint64_t line, byte;  /* of the first part */
    struct tb_buf text;
};

struct item {
    struct tb_record record;
    const char *element; /* of an array: where its next element is looked for, else NULL */
};

struct tb_unwrap {
    bool first; /* the next line is the member's first: a BOM may be there */
    struct tb_line line;
    char node[NODE_MAX + 1];
    struct tb_buf scratch[2]; /* unescaped text, by turns: one level reads what the one before wrote */
    struct slot slots[SLOTS];
    int used; /* slots that are not free */
    struct item queue[QUEUE];
    int head, tail;
    int depth_of[TB_WRAPPERS]; /* where a wrapper was first seen, -1 = never */
    char kind[64];
};

struct tb_unwrap *tb_unwrap_new(void)
{
    struct tb_unwrap *u = calloc(1, sizeof *u);
    if (u == NULL) {
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        tb_buf_init(&u->scratch[i], TB_LINE_MAX + 4 * TB_TEXT_SLACK);
    }
    for (int i = 0; i < SLOTS; i++) {
        tb_buf_init(&u->slots[i].text, TB_LINE_MAX + 4 * TB_TEXT_SLACK);
    }
    tb_unwrap_start(u);
    return u;
}

void tb_unwrap_free(struct tb_unwrap *u)
{
    if (u == NULL) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        tb_buf_release(&u->scratch[i]);
    }
    for (int i = 0; i < SLOTS; i++) {
        tb_buf_release(&u->slots[i].text);
    }
    free(u);
}

/* --- the queue --- */

static void give(struct tb_unwrap *u, struct tb_str text, const struct origin *o, const char *reject)
{
    assert(u->tail < QUEUE);
    struct item *it = &u->queue[u->tail++];
    it->record = (struct tb_record){tb_str_trim(text), o->node, o->line, o->byte, reject};
    it->element = NULL;
    const char *first;
    if (reject == NULL && it->record.text.n > 0 && it->record.text.s[0] == '[' &&
        tb_json_is_records(it->record.text, &first)) {
        it->element = first;
        u->depth_of[TB_WRAP_ARRAY] = DEPTH_MAX;
    }
}

/* An element's offset is told exactly where the array stands in the line as it is. */
static uint64_t element_byte(const struct tb_unwrap *u, const struct tb_record *r, const char *element)
{
    const char *from = u->line.text.s;
    bool in_line = from != NULL && element >= from && element < from + u->line.text.n;
    return in_line ? u->line.byte + (uint64_t)(element - from) : r->byte;
}

bool tb_unwrap_next(struct tb_unwrap *u, struct tb_record *out)
{
    while (u->head < u->tail) {
        struct item *it = &u->queue[u->head];
        *out = it->record;
        if (it->element == NULL) {
            u->head++;
            return true;
        }
        if (tb_json_element(&it->element, it->record.text.s + it->record.text.n, &out->text)) {
            out->byte = element_byte(u, &it->record, out->text.s);
            return true;
        }
        u->head++;
    }
    return false;
}

/* --- slots --- */

static void slot_free(struct tb_unwrap *u, struct slot *s)
{
    s->state = SLOT_FREE;
    u->used--;
    tb_buf_clear(&s->text);
    if (s->text.cap > SLOT_KEEP_BYTES) {
        tb_buf_release(&s->text);
    }
}

static void free_given(struct tb_unwrap *u)
{
    for (int i = 0; i < SLOTS && u->used > 0; i++) {
        if (u->slots[i].state == SLOT_GIVEN) {
            slot_free(u, &u->slots[i]);
        }
    }
}

static struct tb_str slot_text(struct slot *s)
{
    static const char nothing[TB_TEXT_SLACK];
    if (s->text.p == NULL) {
        return (struct tb_str){nothing, 0};
    }
    memset(s->text.p + s->text.n, 0, TB_TEXT_SLACK);
    return (struct tb_str){s->text.p, s->text.n};
}

static struct origin slot_origin(const struct slot *s)
{
    return (struct origin){s->line, s->byte,
                           s->node_n > 0 ? (struct tb_str){s->key, s->node_n} : TB_STR_NULL};
}

/* What waits will get no more parts: a record when it is whole, else a reject. */
static void give_up(struct tb_unwrap *u, struct slot *s)
{
    struct tb_str text = slot_text(s);
    struct origin o = slot_origin(s);
    bool whole = !s->too_long && tb_json_is_object(tb_str_trim(text));
    give(u, text, &o, s->too_long ? "line_too_long" : whole ? NULL : "partial_line");
    s->state = SLOT_GIVEN;
}

static struct slot *oldest(struct tb_unwrap *u, const struct slot *not_this)
{
    struct slot *o = NULL;
    for (int i = 0; i < SLOTS; i++) {
        struct slot *s = &u->slots[i];
        if (s->state == SLOT_WAITING && s != not_this && (o == NULL || s->line < o->line)) {
            o = s;
        }
    }
    return o;
}

static size_t make_key(char key[KEY_MAX], int level, const struct tb_wrap *w, struct tb_str node)
{
    int n = snprintf(key, KEY_MAX, "%.*s\n%.*s\n%d%d", (int)node.n, node.n > 0 ? node.s : "",
                     (int)w->stream.n, w->stream.s, level, (int)w->kind);
    assert(n > 0 && n < KEY_MAX);
    return (size_t)n;
}

static struct slot *find_slot(struct tb_unwrap *u, int level, const struct tb_wrap *w, struct tb_str node)
{
    if (u->used == 0) {
        return NULL;
    }
    char key[KEY_MAX];
    size_t n = make_key(key, level, w, node);
    for (int i = 0; i < SLOTS; i++) {
        struct slot *s = &u->slots[i];
        if (s->state == SLOT_WAITING && s->key_n == n && memcmp(s->key, key, n) == 0) {
            return s;
        }
    }
    return NULL;
}

static struct slot *new_slot(struct tb_unwrap *u, int level, const struct tb_wrap *w, const struct origin *o)
{
    struct slot *s = NULL;
    int waiting = 0;
    for (int i = 0; i < SLOTS; i++) {
        s = u->slots[i].state == SLOT_FREE ? &u->slots[i] : s;
        waiting += u->slots[i].state == SLOT_WAITING;
    }
    assert(s != NULL); /* each push leaves one free, and takes at most one */
    if (waiting == SLOTS - 1) {
        give_up(u, oldest(u, NULL));
    }
    s->state = SLOT_WAITING;
    s->too_long = false;
    s->node_n = o->node.n;
    s->key_n = make_key(s->key, level, w, o->node);
    s->line = o->line;
    s->byte = o->byte;
    u->used++;
    return s;
}

static void slot_add(struct tb_unwrap *u, struct slot *s, struct tb_str part)
{
    size_t waiting = part.n;
    for (int i = 0; i < SLOTS; i++) {
        waiting += u->slots[i].state == SLOT_WAITING ? u->slots[i].text.n : 0;
    }
    for (struct slot *o; waiting > PENDING_MAX && (o = oldest(u, s)) != NULL;) {
        waiting -= o->text.n;
        give_up(u, o);
    }
    if (s->too_long || s->text.n + part.n > TB_LINE_MAX ||
        tb_buf_reserve(&s->text, part.n + TB_TEXT_SLACK, NULL) != TB_OK) {
        s->too_long = true; /* keeps the bytes it has, so that the reject shows its beginning */
        return;
    }
    memcpy(s->text.p + s->text.n, part.s, part.n);
    s->text.n += part.n;
}

/* --- taking apart --- */

static bool recognise(struct tb_unwrap *u, struct tb_str text, int level, struct tb_wrap *w)
{
    struct tb_buf *scratch = &u->scratch[level & 1];
    text = tb_str_trim_left(text);
    if (text.n == 0) {
        return false;
    }
    if (text.s[0] == '{') {
        enum tb_wrapper k = tb_wrap_by_key(text);
        return k == TB_WRAP_DOCKER ? tb_wrap_docker(text, scratch, w)
                                   : k == TB_WRAP_JOURNALD && tb_wrap_journald(text, scratch, w);
    }
    if (text.s[0] >= '0' && text.s[0] <= '9') {
        return tb_wrap_cri(text, w) || tb_wrap_kubectl(text, w);
    }
    return text.s[0] == '[' && tb_wrap_kubectl(text, w);
}

/* The parts before belong to another record when they are a whole object and this begins one: a program that
 * ended without newline, and its container started again. */
static bool begins_anew(struct slot *s, struct tb_str part)
{
    if (s->too_long || part.n == 0 || part.s[0] != '{' || s->text.n == 0 || s->text.p[s->text.n - 1] != '}') {
        return false;
    }
    return tb_json_is_object(tb_str_trim(slot_text(s)));
}

/* Joins w's text with what waits for it. False: it waits on, or it was rejected; else *text and *o are the
 * record's. */
static bool join(struct tb_unwrap *u, int level, const struct tb_wrap *w, bool cut, struct tb_str *text,
                 struct origin *o)
{
    struct slot *s = w->stream.s != NULL ? find_slot(u, level, w, o->node) : NULL;
    if (s != NULL && begins_anew(s, w->inner)) {
        give_up(u, s);
        s = NULL;
    }
    if (s == NULL && !w->partial) {
        *text = w->inner;
        return true;
    }
    if (s == NULL) {
        s = new_slot(u, level, w, o);
    }
    slot_add(u, s, w->inner);
    s->too_long = s->too_long || cut;
    if (w->partial) {
        return false;
    }
    s->state = SLOT_GIVEN;
    *text = slot_text(s);
    *o = slot_origin(s);
    if (s->too_long) {
        give(u, *text, o, "line_too_long");
        return false;
    }
    return true;
}

/* cut: the physical line was longer than TB_LINE_MAX, text is its beginning. */
static void process(struct tb_unwrap *u, struct tb_str text, struct origin o, bool cut)
{
    struct tb_wrap w;
    for (int level = 0; level < DEPTH_MAX && recognise(u, text, level, &w); level++) {
        if (u->depth_of[w.kind] < 0) {
            u->depth_of[w.kind] = level;
        }
        if (w.node.s != NULL) {
            assert(w.node.n <= NODE_MAX);
            memcpy(u->node, w.node.s, w.node.n); /* the scratch it may lie in is used again below */
            o.node = (struct tb_str){u->node, w.node.n};
        }
        if (w.reject != NULL) {
            give(u, text, &o, w.reject);
            return;
        }
        if (!join(u, level, &w, cut, &text, &o)) {
            return;
        }
    }
    give(u, text, &o, cut ? "line_too_long" : NULL);
}

static struct tb_str without_bom(struct tb_str s)
{
    if (s.n >= 3 && memcmp(s.s, "\xef\xbb\xbf", 3) == 0) {
        s.s += 3;
        s.n -= 3;
    }
    return s;
}

void tb_unwrap_push(struct tb_unwrap *u, const struct tb_line *line, bool too_long)
{
    struct origin o = {line->line, line->byte, TB_STR_NULL};
    u->line = *line;
    u->head = u->tail = 0;
    if (u->used > 0) {
        free_given(u);
    }
    struct tb_str text = u->first ? without_bom(line->text) : line->text;
    u->first = false;
    process(u, text, o, too_long);
}

/* --- a member's beginning and end --- */

void tb_unwrap_start(struct tb_unwrap *u)
{
    for (int i = 0; i < SLOTS; i++) {
        if (u->slots[i].state != SLOT_FREE) {
            slot_free(u, &u->slots[i]);
        }
    }
    for (int i = 0; i < TB_WRAPPERS; i++) {
        u->depth_of[i] = -1;
    }
    for (int i = 0; i < 2; i++) {
        if (u->scratch[i].cap > SLOT_KEEP_BYTES) {
            tb_buf_release(&u->scratch[i]);
        }
    }
    u->head = u->tail = 0;
    u->first = true;
    u->line.text = TB_STR_NULL;
}

void tb_unwrap_end(struct tb_unwrap *u)
{
    u->head = u->tail = 0;
    u->line.text = TB_STR_NULL;
    free_given(u);
    for (struct slot *s; (s = oldest(u, NULL)) != NULL;) {
        give_up(u, s);
    }
}

const char *tb_unwrap_kind(const struct tb_unwrap *u)
{
    static const char *const names[TB_WRAPPERS] = {"cri", "docker", "journald", "kubectl", "array"};
    struct tb_unwrap *own = (struct tb_unwrap *)(uintptr_t)u; /* kind is a cache of depth_of */
    size_t n = 0;
    own->kind[0] = '\0';
    for (int depth = 0; depth <= DEPTH_MAX; depth++) {
        for (int i = 0; i < TB_WRAPPERS; i++) {
            if (u->depth_of[i] == depth) {
                n +=
                    (size_t)snprintf(own->kind + n, sizeof own->kind - n, "%s%s", n > 0 ? "+" : "", names[i]);
            }
        }
    }
    return n > 0 ? own->kind : "plain";
}
