#include "load/intern.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "event/identity.h"

struct entry {
    uint64_t hash;
    struct tb_str text;
};

struct last {
    struct tb_str text; /* absent: nothing yet */
    uint64_t hash;
    uint32_t number;
};

struct tb_intern {
    struct tb_arena bytes;
    size_t bytes_used;
    struct entry *entries; /* [1..count] */
    uint32_t count, capacity;
    uint32_t *slots; /* open addressing: numbers, 0 = free */
    uint32_t mask;
    uint32_t texts_max;
    size_t bytes_max;
    struct last last[TB_T_COUNT]; /* logs repeat themselves: most fields equal those of the line before */
};

#define FIRST_SLOTS 1024u

struct tb_intern *tb_intern_new(const struct tb_bounds *bounds)
{
    struct tb_intern *in = calloc(1, sizeof *in);
    if (in == NULL) {
        return NULL;
    }
    in->texts_max = bounds->intern_texts;
    in->bytes_max = bounds->intern_bytes;
    in->capacity = FIRST_SLOTS / 2;
    in->mask = FIRST_SLOTS - 1;
    in->entries = calloc(in->capacity + 1, sizeof *in->entries);
    in->slots = calloc(FIRST_SLOTS, sizeof *in->slots);
    /* The last event may bring TB_T_COUNT texts beyond the mark, and the arena rounds up. */
    tb_arena_init(&in->bytes, 2 * bounds->intern_bytes + (8u << 20));
    if (in->entries == NULL || in->slots == NULL) {
        tb_intern_free(in);
        return NULL;
    }
    return in;
}

void tb_intern_free(struct tb_intern *in)
{
    if (in == NULL) {
        return;
    }
    tb_arena_release(&in->bytes);
    free(in->entries);
    free(in->slots);
    free(in);
}

void tb_intern_reset(struct tb_intern *in)
{
    tb_arena_reset(&in->bytes);
    in->bytes_used = 0;
    in->count = 0;
    memset(in->slots, 0, ((size_t)in->mask + 1) * sizeof *in->slots);
    memset(in->last, 0, sizeof in->last);
}

bool tb_intern_full(const struct tb_intern *in)
{
    return in->count >= in->texts_max || in->bytes_used >= in->bytes_max;
}

uint32_t tb_intern_count(const struct tb_intern *in)
{
    return in->count;
}

struct tb_str tb_intern_text(const struct tb_intern *in, uint32_t number)
{
    assert(number >= 1 && number <= in->count);
    return in->entries[number].text;
}

/* Doubles the table, so that it stays at most half full. */
static bool grow(struct tb_intern *in)
{
    uint32_t slots = (in->mask + 1) * 2;
    uint32_t *wider = calloc(slots, sizeof *wider);
    struct entry *entries = realloc(in->entries, ((size_t)slots / 2 + 1) * sizeof *entries);
    if (entries != NULL) {
        in->entries = entries;
    }
    if (wider == NULL || entries == NULL) {
        free(wider);
        return false;
    }
    for (uint32_t i = 1; i <= in->count; i++) {
        uint32_t at = (uint32_t)in->entries[i].hash & (slots - 1);
        while (wider[at] != 0) {
            at = (at + 1) & (slots - 1);
        }
        wider[at] = i;
    }
    free(in->slots);
    in->slots = wider;
    in->mask = slots - 1;
    in->capacity = slots / 2;
    return true;
}

/* The number of text; 0: no memory. */
static uint32_t number_of(struct tb_intern *in, struct tb_str text, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & in->mask;
    for (uint32_t number; (number = in->slots[at]) != 0; at = (at + 1) & in->mask) {
        if (in->entries[number].hash == hash && tb_str_eq(in->entries[number].text, text)) {
            return number;
        }
    }
    struct tb_str copy = tb_arena_str(&in->bytes, text);
    if (copy.s == NULL) {
        return 0;
    }
    if (in->count == in->capacity) {
        if (!grow(in)) {
            return 0;
        }
        for (at = (uint32_t)hash & in->mask; in->slots[at] != 0; at = (at + 1) & in->mask) {
        }
    }
    in->bytes_used += text.n + 1;
    in->count++;
    in->entries[in->count] = (struct entry){.hash = hash, .text = copy};
    in->slots[at] = in->count;
    return in->count;
}

enum tb_status tb_intern_texts(struct tb_intern *in, const struct tb_str *text, uint32_t *number,
                               uint64_t *hash, struct tb_err *err)
{
    for (int f = 0; f < TB_T_COUNT; f++) {
        struct last *last = &in->last[f];
        if (text[f].s == NULL) {
            number[f] = 0;
            hash[f] = 0;
            continue;
        }
        if (last->text.s == NULL || last->text.n != text[f].n ||
            memcmp(last->text.s, text[f].s, text[f].n) != 0) {
            last->hash = tb_identity_text(text[f]);
            last->number = number_of(in, text[f], last->hash);
            if (last->number == 0) {
                last->text = TB_STR_NULL;
                return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the texts of a log file");
            }
            last->text = in->entries[last->number].text;
        }
        number[f] = last->number;
        hash[f] = last->hash;
    }
    return TB_OK;
}
