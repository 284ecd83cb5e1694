#include "input/unwrap.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "input/unwrap_parts.h"
#include "input/unwrap_rows.h"
#include "input/unwrap_slots.h"

/* Concept: a line is taken apart level by level (process) until no wrapper is left; a partial text waits in a
 * slot, by level, wrapper, node and stream, until its last part comes. What is ready stands in a short queue;
 * an array stays whole there, and its elements are cut off one at a time. */

#define DEPTH_MAX          4
#define PENDING_MAX        (4 * (size_t)TB_LINE_MAX) /* bytes that may wait at once, all slots together */
#define SCRATCH_KEEP_BYTES (1u << 20)                /* what grew past this gives its memory back */
#define NODE_MAX           255                       /* bytes of a pod's or host's name */
#define QUEUE              (TB_SLOTS + TB_ROW_STREAMS + 4)

struct origin {
    uint64_t line;
    uint64_t byte;
    struct tb_str node;
};

struct item {
    struct tb_record record;
    const char *element;        /* of an array: where its next element is looked for, else NULL */
    const struct tb_row *apart; /* lines that wait no more to be a row, each for itself, from */
    size_t next;                /* this one on */
};

struct tb_unwrap {
    bool first; /* the next line is the member's first: a BOM may be there */
    struct tb_line line;
    char node[NODE_MAX + 1];
    struct tb_buf scratch[2]; /* unescaped text, by turns: one level reads what the one before wrote */
    struct tb_slots slots;
    struct tb_rows rows;
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
    tb_slots_init(&u->slots);
    tb_rows_init(&u->rows);
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
    tb_slots_release(&u->slots);
    tb_rows_release(&u->rows);
    free(u);
}

/* --- the queue --- */

/* A TAB at an end is an empty cell where TABs separate. */
static struct tb_str trimmed(const struct tb_unwrap *u, struct tb_str text)
{
    struct tb_str all = tb_str_trim(text);
    return u->rows.separator != '\t' || all.n == 0 || all.s[0] == '{' || all.s[0] == '[' ? all
                                                                                         : tb_row_text(text);
}

static void give(struct tb_unwrap *u, struct tb_str text, const struct origin *o, const char *reject)
{
    assert(u->tail < QUEUE);
    struct item *it = &u->queue[u->tail++];
    it->record = (struct tb_record){trimmed(u, text), o->node, o->line, o->byte, reject};
    it->element = NULL;
    it->apart = NULL;
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
        if (it->apart != NULL && it->next < it->apart->n) {
            out->text = trimmed(u, tb_row_line(it->apart, it->next++, &out->line, &out->byte));
            return true;
        }
        if (it->apart != NULL) {
            u->head++;
            continue;
        }
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

/* --- parts that wait --- */

static struct origin slot_origin(const struct tb_slot *s)
{
    return (struct origin){s->line, s->byte,
                           s->node_n > 0 ? (struct tb_str){s->key, s->node_n} : TB_STR_NULL};
}

/* What waits will get no more parts: a record when it is whole, else a reject. */
static void give_up(struct tb_unwrap *u, struct tb_slot *s)
{
    struct tb_str text = tb_slot_text(s);
    struct origin o = slot_origin(s);
    bool whole = !s->too_long && tb_json_is_object(tb_str_trim(text));
    give(u, text, &o, s->too_long ? "line_too_long" : whole ? NULL : "partial_line");
    s->state = TB_SLOT_GIVEN;
}

static struct tb_str key_of(char key[TB_STREAM_KEY], int level, const struct tb_wrap *w, struct tb_str node)
{
    return tb_stream_key(key, level, (int)w->kind, w->stream, node);
}

static struct tb_slot *find_slot(struct tb_unwrap *u, int level, const struct tb_wrap *w, struct tb_str node)
{
    char key[TB_STREAM_KEY];
    return u->slots.used == 0 ? NULL : tb_slots_find(&u->slots, key_of(key, level, w, node));
}

static struct tb_slot *new_slot(struct tb_unwrap *u, int level, const struct tb_wrap *w,
                                const struct origin *o)
{
    char key[TB_STREAM_KEY];
    if (tb_slots_waiting(&u->slots) == TB_SLOTS - 1) {
        give_up(u, tb_slots_oldest(&u->slots, NULL));
    }
    return tb_slots_wait(&u->slots, key_of(key, level, w, o->node), o->node.n, o->line, o->byte);
}

static void slot_add(struct tb_unwrap *u, struct tb_slot *s, struct tb_str part)
{
    size_t waiting = tb_slots_bytes(&u->slots) + part.n;
    for (struct tb_slot *o; waiting > PENDING_MAX && (o = tb_slots_oldest(&u->slots, s)) != NULL;) {
        waiting -= o->text.n;
        give_up(u, o);
    }
    tb_slot_add(s, part);
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
static bool begins_anew(struct tb_slot *s, struct tb_str part)
{
    if (s->too_long || part.n == 0 || part.s[0] != '{' || s->text.n == 0 || s->text.p[s->text.n - 1] != '}') {
        return false;
    }
    return tb_json_is_object(tb_str_trim(tb_slot_text(s)));
}

/* Joins w's text with what waits for it. False: it waits on, or it was rejected; else *text and *o are the
 * record's. */
static bool join(struct tb_unwrap *u, int level, const struct tb_wrap *w, bool cut, struct tb_str *text,
                 struct origin *o)
{
    struct tb_slot *s = w->stream.s != NULL ? find_slot(u, level, w, o->node) : NULL;
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
    s->state = TB_SLOT_GIVEN;
    *text = tb_slot_text(s);
    *o = slot_origin(s);
    if (s->too_long) {
        give(u, *text, o, "line_too_long");
        return false;
    }
    return true;
}

/* --- rows of CSV --- */

static struct origin row_origin(const struct tb_row *w)
{
    struct origin o = {0, 0, w->node_n > 0 ? (struct tb_str){w->key, w->node_n} : TB_STR_NULL};
    (void)tb_row_line(w, 0, &o.line, &o.byte);
    return o;
}

static void give_row(struct tb_unwrap *u, struct tb_row *w, const char *reject)
{
    struct origin o = row_origin(w);
    tb_rows_give(&u->rows, w);
    give(u, tb_row_whole(w), &o, reject);
    u->queue[u->tail - 1].element = NULL;
}

/* Its lines were no row: each for itself. */
static void give_apart(struct tb_unwrap *u, struct tb_row *w)
{
    struct origin o = row_origin(w);
    tb_rows_give(&u->rows, w);
    assert(u->tail < QUEUE);
    u->queue[u->tail++] = (struct item){
        .record = {.text = tb_row_whole(w), .node = o.node, .line = o.line, .byte = o.byte}, .apart = w};
}

/* Does text belong to a row that waits? Then it is taken. */
static bool take_row_line(struct tb_unwrap *u, int level, struct tb_str stream, struct tb_str text,
                          const struct origin *o, bool cut)
{
    char key[TB_STREAM_KEY];
    struct tb_row *w = tb_rows_find(&u->rows, tb_stream_key(key, level, TB_WRAPPERS, stream, o->node));
    if (w == NULL) {
        return false;
    }
    enum tb_row_end end = cut ? TB_ROW_BAD : tb_rows_add(&u->rows, w, text, o->line, o->byte);
    if (end == TB_ROW_WHOLE) {
        give_row(u, w, NULL);
    } else if (end == TB_ROW_BAD) {
        give_apart(u, w);
    }
    return end != TB_ROW_BAD;
}

/* Does text begin a row that goes on in the next line? Then it waits. */
static bool wait_for_row(struct tb_unwrap *u, int level, struct tb_str stream, struct tb_str text,
                         const struct origin *o)
{
    if (text.n == 0 || text.s[0] == '{' || text.s[0] == '[' || !tb_rows_opens(&u->rows, text)) {
        return false;
    }
    if (u->rows.waiting == TB_ROW_STREAMS - 1) {
        give_apart(u, tb_rows_oldest(&u->rows));
    }
    char key[TB_STREAM_KEY];
    return tb_rows_wait(&u->rows, tb_stream_key(key, level, TB_WRAPPERS, stream, o->node), o->node.n, text,
                        o->line, o->byte);
}

/* cut: the physical line was longer than TB_LINE_MAX, text is its beginning. */
static void process(struct tb_unwrap *u, struct tb_str text, struct origin o, bool cut)
{
    struct tb_wrap w;
    struct tb_str stream = TB_STR_NULL;
    int level = 0;
    for (;; level++) {
        if (u->rows.waiting > 0 && take_row_line(u, level, stream, text, &o, cut)) {
            return;
        }
        if (level == DEPTH_MAX || !recognise(u, text, level, &w)) {
            break;
        }
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
        stream = w.stream;
    }
    if (!cut && wait_for_row(u, level, stream, text, &o)) {
        return;
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
    if (u->slots.used > 0) {
        tb_slots_free_given(&u->slots);
    }
    if (u->rows.used > 0) {
        tb_rows_free_given(&u->rows);
    }
    struct tb_str text = u->first ? without_bom(line->text) : line->text;
    u->first = false;
    process(u, text, o, too_long);
}

/* --- a member's beginning and end --- */

void tb_unwrap_start(struct tb_unwrap *u)
{
    tb_slots_start(&u->slots);
    for (int i = 0; i < TB_WRAPPERS; i++) {
        u->depth_of[i] = -1;
    }
    for (int i = 0; i < 2; i++) {
        if (u->scratch[i].cap > SCRATCH_KEEP_BYTES) {
            tb_buf_release(&u->scratch[i]);
        }
    }
    tb_rows_start(&u->rows);
    u->head = u->tail = 0;
    u->first = true;
    u->line.text = TB_STR_NULL;
}

void tb_unwrap_end(struct tb_unwrap *u, bool torn)
{
    u->head = u->tail = 0;
    u->line.text = TB_STR_NULL;
    tb_slots_free_given(&u->slots);
    tb_rows_free_given(&u->rows);
    for (struct tb_row *w; (w = tb_rows_oldest(&u->rows)) != NULL;) {
        if (!torn && tb_rows_apart(&u->rows, w)) {
            give_apart(u, w);
        } else {
            give_row(u, w, "partial_line");
        }
    }
    for (struct tb_slot *s; (s = tb_slots_oldest(&u->slots, NULL)) != NULL;) {
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
