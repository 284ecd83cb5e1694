#include "store/dict.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/events.h"
#include "store/handle.h"

#define CACHE_MIN 1024u
#define CACHE_MAX (1u << 20) /* slots: 32 MB; a fuller cache starts over empty */

struct slot {
    struct tb_hash128 key;
    uint32_t id; /* 0 = free */
};

struct tb_dict {
    struct tb_arena arena;
    struct tb_str *text; /* by id */
    size_t text_cap;
    struct slot *slots;
    uint32_t slot_cap, slot_used;
    uint32_t first_new; /* lowest id that the open transaction added; 0 = none */
};

struct tb_dict *tb_dict_new(void)
{
    struct tb_dict *d = calloc(1, sizeof *d);
    if (d != NULL) {
        tb_arena_init(&d->arena, TB_DICT_BYTES_MAX);
    }
    return d;
}

void tb_dict_free(struct tb_dict *d)
{
    if (d != NULL) {
        tb_arena_release(&d->arena);
        free(d->text);
        free(d->slots);
        free(d);
    }
}

void tb_dict_committed(struct tb_dict *d)
{
    d->first_new = 0;
}

void tb_dict_rolled_back(struct tb_dict *d)
{
    if (d->first_new == 0) {
        return;
    }
    for (size_t id = d->first_new; id < d->text_cap; id++) {
        d->text[id] = TB_STR_NULL;
    }
    if (d->slots != NULL) {
        memset(d->slots, 0, d->slot_cap * sizeof *d->slots);
    }
    d->slot_used = 0;
    d->first_new = 0;
}

/* ---- id -> text ---- */

static bool grow_texts(struct tb_dict *d, uint32_t id)
{
    if (id < d->text_cap) {
        return true;
    }
    size_t cap = d->text_cap > 0 ? d->text_cap : 1024;
    while (cap <= id) {
        cap *= 2;
    }
    struct tb_str *text = realloc(d->text, cap * sizeof *text);
    if (text == NULL) {
        return false;
    }
    memset(text + d->text_cap, 0, (cap - d->text_cap) * sizeof *text);
    d->text = text;
    d->text_cap = cap;
    return true;
}

static enum tb_status read_text(struct tb_db *db, uint32_t id, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "dict_text.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_int(q, "id", id);
    st = tb_query_step(q, err);
    if (st == TB_END) {
        return tb_err_set(err, TB_FATAL, TB_E_DB,
                          "database \"%s\": text %" PRIu32 " is not in the dictionary; restore a backup",
                          db->path, id);
    }
    if (st != TB_OK) {
        return st;
    }
    struct tb_str kept = TB_STR_NULL;
    if (grow_texts(db->dict, id)) {
        kept = tb_arena_str(&db->dict->arena, tb_query_text(q, 0));
    }
    tb_query_reset(q);
    if (kept.s == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_LIMIT,
                          "the texts of the dimensions pass %u bytes (TB_DICT_BYTES_MAX)", TB_DICT_BYTES_MAX);
    }
    db->dict->text[id] = kept;
    return TB_OK;
}

struct tb_str tb_dict_text(struct tb_db *db, uint32_t id)
{
    if (id == 0) {
        return TB_STR_NULL;
    }
    struct tb_dict *d = db->dict;
    if (id < d->text_cap && d->text[id].s != NULL) {
        return d->text[id];
    }
    struct tb_err err = {.code = TB_E_NONE};
    if (read_text(db, id, &err) != TB_OK) {
        tb_db_fail_later(db, &err);
        return TB_STR_NULL;
    }
    return d->text[id];
}

/* ---- text -> id ---- */

static struct slot *find_slot(const struct tb_dict *d, struct tb_hash128 key)
{
    uint32_t mask = d->slot_cap - 1;
    uint32_t i = (uint32_t)key.lo & mask;
    while (d->slots[i].id != 0 && (d->slots[i].key.hi != key.hi || d->slots[i].key.lo != key.lo)) {
        i = (i + 1) & mask;
    }
    return &d->slots[i];
}

static bool resize_cache(struct tb_dict *d)
{
    uint32_t cap = d->slot_cap == 0 ? CACHE_MIN : d->slot_cap;
    if (d->slot_cap != 0 && cap < CACHE_MAX) {
        cap *= 2;
    }
    struct slot *old = d->slots;
    uint32_t old_cap = d->slot_cap;
    struct slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    d->slots = slots;
    d->slot_cap = cap;
    d->slot_used = 0;
    for (uint32_t i = 0; i < old_cap && cap > old_cap; i++) {
        if (old[i].id != 0) {
            *find_slot(d, old[i].key) = old[i];
            d->slot_used++;
        }
    }
    free(old);
    return true;
}

static enum tb_status remember(struct tb_dict *d, struct tb_hash128 key, uint32_t id, struct tb_err *err)
{
    if ((uint64_t)d->slot_used * 4 >= (uint64_t)d->slot_cap * 3 && !resize_cache(d)) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the dictionary");
    }
    *find_slot(d, key) = (struct slot){key, id};
    d->slot_used++;
    return TB_OK;
}

static enum tb_status look_up(struct tb_db *db, struct tb_str text, uint32_t *id, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "dict_id.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_text(q, "text", text);
    st = tb_query_step(q, err);
    if (st == TB_OK) {
        *id = (uint32_t)tb_query_int(q, 0);
    }
    tb_query_reset(q);
    return st == TB_END ? TB_OK : st;
}

static enum tb_status insert(struct tb_db *db, struct tb_str text, uint32_t *id, struct tb_err *err)
{
    struct tb_query *q = NULL;
    enum tb_status st = tb_db_statement(db, "dict_insert.sql", &q, err);
    if (st != TB_OK) {
        return st;
    }
    tb_query_bind_text(q, "text", text);
    st = tb_query_run(q, err);
    if (st != TB_OK) {
        return st;
    }
    int64_t added = tb_query_last_id(q);
    if (added > UINT32_MAX) {
        return tb_err_set(err, TB_FATAL, TB_E_LIMIT, "the dictionary has more than %u texts", UINT32_MAX);
    }
    *id = (uint32_t)added;
    if (db->dict->first_new == 0) {
        db->dict->first_new = *id;
    }
    return TB_OK;
}

enum tb_status tb_dict_id(struct tb_db *db, struct tb_str text, bool add, uint32_t *id, struct tb_err *err)
{
    *id = 0;
    if (text.s == NULL) {
        return TB_OK;
    }
    struct tb_dict *d = db->dict;
    if (d->slots == NULL && !resize_cache(d)) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the dictionary");
    }
    struct tb_hash128 key = tb_hash128(text.s, text.n, 0);
    struct slot *slot = find_slot(d, key);
    if (slot->id != 0) {
        *id = slot->id;
        return TB_OK;
    }
    enum tb_status st = look_up(db, text, id, err);
    if (st == TB_OK && *id == 0 && add) {
        st = insert(db, text, id, err);
    }
    return st == TB_OK && *id != 0 ? remember(d, key, *id, err) : st;
}
