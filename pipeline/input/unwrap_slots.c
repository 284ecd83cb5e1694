#include "input/unwrap_slots.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "input/unwrap_parts.h"

#define KEEP_BYTES (1u << 20) /* a slot that grew past this gives its memory back */

void tb_slots_init(struct tb_slots *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < TB_SLOTS; i++) {
        tb_buf_init(&s->slot[i].text, TB_LINE_MAX + 4 * TB_TEXT_SLACK);
    }
}

void tb_slots_release(struct tb_slots *s)
{
    for (int i = 0; i < TB_SLOTS; i++) {
        tb_buf_release(&s->slot[i].text);
    }
}

static void slot_free(struct tb_slots *all, struct tb_slot *s)
{
    s->state = TB_SLOT_FREE;
    all->used--;
    tb_buf_clear(&s->text);
    if (s->text.cap > KEEP_BYTES) {
        tb_buf_release(&s->text);
    }
}

void tb_slots_start(struct tb_slots *s)
{
    for (int i = 0; i < TB_SLOTS; i++) {
        if (s->slot[i].state != TB_SLOT_FREE) {
            slot_free(s, &s->slot[i]);
        }
    }
}

void tb_slots_free_given(struct tb_slots *s)
{
    for (int i = 0; i < TB_SLOTS && s->used > 0; i++) {
        if (s->slot[i].state == TB_SLOT_GIVEN) {
            slot_free(s, &s->slot[i]);
        }
    }
}

struct tb_str tb_stream_key(char key[TB_STREAM_KEY], int level, int kind, struct tb_str stream,
                            struct tb_str node)
{
    int n = snprintf(key, TB_STREAM_KEY, "%.*s\n%.*s\n%d%d", (int)node.n, node.n > 0 ? node.s : "",
                     (int)stream.n, stream.n > 0 ? stream.s : "", level, kind);
    assert(n > 0 && n < TB_STREAM_KEY);
    return (struct tb_str){key, (size_t)n};
}

struct tb_slot *tb_slots_find(struct tb_slots *s, struct tb_str key)
{
    for (int i = 0; i < TB_SLOTS; i++) {
        struct tb_slot *o = &s->slot[i];
        if (o->state == TB_SLOT_WAITING && o->key_n == key.n && memcmp(o->key, key.s, key.n) == 0) {
            return o;
        }
    }
    return NULL;
}

struct tb_slot *tb_slots_oldest(struct tb_slots *s, const struct tb_slot *not_this)
{
    struct tb_slot *old = NULL;
    for (int i = 0; i < TB_SLOTS; i++) {
        struct tb_slot *o = &s->slot[i];
        if (o->state == TB_SLOT_WAITING && o != not_this && (old == NULL || o->line < old->line)) {
            old = o;
        }
    }
    return old;
}

int tb_slots_waiting(const struct tb_slots *s)
{
    int n = 0;
    for (int i = 0; i < TB_SLOTS; i++) {
        n += s->slot[i].state == TB_SLOT_WAITING;
    }
    return n;
}

size_t tb_slots_bytes(const struct tb_slots *s)
{
    size_t n = 0;
    for (int i = 0; i < TB_SLOTS; i++) {
        n += s->slot[i].state == TB_SLOT_WAITING ? s->slot[i].text.n : 0;
    }
    return n;
}

struct tb_slot *tb_slots_wait(struct tb_slots *s, struct tb_str key, size_t node_n, uint64_t line,
                              uint64_t byte)
{
    struct tb_slot *o = NULL;
    for (int i = 0; i < TB_SLOTS; i++) {
        o = s->slot[i].state == TB_SLOT_FREE ? &s->slot[i] : o;
    }
    assert(o != NULL && key.n <= sizeof o->key);
    memcpy(o->key, key.s, key.n);
    o->key_n = key.n;
    o->node_n = node_n;
    o->state = TB_SLOT_WAITING;
    o->too_long = false;
    o->line = line;
    o->byte = byte;
    s->used++;
    return o;
}

void tb_slot_add(struct tb_slot *s, struct tb_str part)
{
    if (s->too_long || s->text.n + part.n > TB_LINE_MAX ||
        tb_buf_reserve(&s->text, part.n + TB_TEXT_SLACK, NULL) != TB_OK) {
        s->too_long = true;
        return;
    }
    memcpy(s->text.p + s->text.n, part.s, part.n);
    s->text.n += part.n;
}

struct tb_str tb_slot_text(struct tb_slot *s)
{
    static const char nothing[TB_TEXT_SLACK];
    if (s->text.p == NULL) {
        return (struct tb_str){nothing, 0};
    }
    memset(s->text.p + s->text.n, 0, TB_TEXT_SLACK);
    return (struct tb_str){s->text.p, s->text.n};
}
