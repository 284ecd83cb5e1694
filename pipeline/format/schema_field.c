/* Constants and the alternatives of fields in a format file. */
#include "format/schema.h"

#include <stdio.h>
#include "base/glob.h"

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a format file");
}

/* --- constants -------------------------------------------------------------------------------------------------------------- */

/* A constant as text: strings as they are, numbers and booleans as JSON writes them; null is absent. */
static enum tb_status constant(struct tb_schema *s, const struct tb_json_node *n, struct tb_str *out,
                               struct tb_err *err)
{
    char text[32];
    int64_t number;
    switch (tb_json_type(n)) {
    case TB_JSON_NULL:
        *out = TB_STR_NULL;
        return TB_OK;
    case TB_JSON_STRING:
        *out = tb_arena_str(&s->f->arena, tb_json_text(n));
        break;
    case TB_JSON_BOOL:
        *out = tb_json_bool(n) ? TB_STR("true") : TB_STR("false");
        return TB_OK;
    case TB_JSON_NUMBER:
        if (!tb_json_int(n, &number)) {
            return tb_json_complain(s->j, n, err, "a constant number must be whole");
        }
        snprintf(text, sizeof text, "%lld", (long long)number);
        *out = tb_arena_str(&s->f->arena, tb_str_of(text));
        break;
    default:
        return tb_json_complain(s->j, n, err, "a constant is a string, a whole number, true, false or null");
    }
    return out->s == NULL ? no_memory(err) : TB_OK;
}

/* One constant or an array of them. */
enum tb_status tb_schema_constants(struct tb_schema *s, const struct tb_json_node *n,
                                   const struct tb_str **out, size_t *count, struct tb_err *err)
{
    bool array = tb_json_type(n) == TB_JSON_ARRAY;
    *count = array ? (size_t)tb_json_count(n) : 1;
    struct tb_str *list = tb_schema_alloc(s, *count * sizeof *list);
    if (list == NULL) {
        return no_memory(err);
    }
    *out = list;
    const struct tb_json_node *e = array ? tb_json_first(n) : n;
    for (size_t i = 0; i < *count; i++, e = tb_json_next(e)) {
        enum tb_status st = constant(s, e, &list[i], err);
        if (st != TB_OK) {
            return st;
        }
    }
    return TB_OK;
}

/* --- globs ------------------------------------------------------------------------------------------------------------------ */

enum tb_status tb_schema_globs(struct tb_schema *s, const struct tb_json_node *n, const struct tb_str **out,
                               size_t *count, struct tb_err *err)
{
    enum tb_status st = tb_schema_constants(s, n, out, count, err);
    for (size_t i = 0; st == TB_OK && i < *count; i++) {
        if ((*out)[i].s == NULL || !tb_glob_valid((*out)[i])) {
            return tb_json_complain(s->j, n, err, "\"like\" is a glob, or an array of globs");
        }
    }
    return st;
}

/* --- alternatives ----------------------------------------------------------------------------------------------------------- */

static enum tb_status map(struct tb_schema *s, const struct tb_json_node *n, struct tb_alternative *a,
                          struct tb_err *err)
{
    a->pairs = (size_t)tb_json_count(n);
    struct tb_pair *pairs = tb_schema_alloc(s, a->pairs * sizeof *pairs);
    if (pairs == NULL) {
        return no_memory(err);
    }
    a->map = pairs;
    for (const struct tb_json_node *e = tb_json_first(n); e != NULL; e = tb_json_next(e), pairs++) {
        struct tb_str from = tb_json_key(e);
        pairs->from = tb_str_eq(from, TB_STR("*")) ? TB_STR_NULL : tb_arena_str(&s->f->arena, from);
        enum tb_status st = constant(s, e, &pairs->to, err);
        if (st != TB_OK) {
            return st;
        }
    }
    return TB_OK;
}

static enum tb_status unit(struct tb_schema *s, const struct tb_json_node *n, struct tb_alternative *a,
                           struct tb_err *err)
{
    static const char *const names[] = {"text", "s", "ms", "us", "ns", NULL};
    struct tb_str t = tb_json_text(n);
    for (int i = 0; names[i] != NULL; i++) {
        if (tb_str_eq(t, tb_str_of(names[i]))) {
            a->unit = (enum tb_unit)(TB_UNIT_TEXT + i);
            return TB_OK;
        }
    }
    return tb_json_complain(s->j, n, err, "\"unit\" is \"text\" (RFC 3339), \"s\", \"ms\", \"us\" or \"ns\"");
}

static enum tb_status alternative_word(struct tb_schema *s, const struct tb_json_node *e, int field,
                                       struct tb_alternative *a, struct tb_err *err)
{
    struct tb_str key = tb_json_key(e), text = tb_json_text(e);
    if (tb_str_eq(key, TB_STR("unit"))) {
        return unit(s, e, a, err);
    }
    if (tb_str_eq(key, TB_STR("not"))) {
        return tb_schema_constants(s, e, &a->not_these, &a->nots, err);
    }
    if (tb_str_eq(key, TB_STR("map"))) {
        return tb_json_type(e) == TB_JSON_OBJECT ? map(s, e, a, err)
                                                 : tb_json_complain(s->j, e, err, "\"map\" is an object");
    }
    if (tb_str_eq(key, TB_STR("take"))) {
        bool json = tb_str_eq(text, TB_STR("json"));
        a->take = json ? TB_TAKE_JSON : TB_TAKE_COUNT;
        if ((json && field != TB_FIELD_PROMPT) || !(json || tb_str_eq(text, TB_STR("count")))) {
            return tb_json_complain(s->j, e, err, "\"take\" is \"count\", or for a prompt \"json\"");
        }
        s->f->trie.whole = s->f->trie.whole || json;
        return TB_OK;
    }
    if (tb_str_eq(key, TB_STR("minus"))) {
        return tb_json_int(e, &a->minus) ? TB_OK
                                         : tb_json_complain(s->j, e, err, "\"minus\" is a whole number");
    }
    if (tb_str_eq(key, TB_STR("like"))) {
        return tb_schema_globs(s, e, &a->like, &a->likes, err);
    }
    if (tb_str_eq(key, TB_STR("cut"))) {
        a->cut = text.n == 1 ? text.s[0] : 0;
        return text.n == 1 ? TB_OK : tb_json_complain(s->j, e, err, "\"cut\" is one character");
    }
    return TB_OK; /* path, const, join, since */
}

static enum tb_status join(struct tb_schema *s, const struct tb_json_node *n, struct tb_alternative *a,
                           bool *none, struct tb_err *err)
{
    size_t count = tb_json_type(n) == TB_JSON_ARRAY ? (size_t)tb_json_count(n) : 0;
    if (count < 2 || count > TB_JOIN_MAX) {
        return tb_json_complain(s->j, n, err, "\"join\" is an array of 2 to %d paths", TB_JOIN_MAX);
    }
    struct tb_place *places = tb_schema_alloc(s, count * sizeof *places);
    if (places == NULL) {
        return no_memory(err);
    }
    a->join = places;
    for (const struct tb_json_node *e = tb_json_first(n); e != NULL; e = tb_json_next(e)) {
        enum tb_status st = tb_schema_place(s, e, &places[a->joins++], none, err);
        if (st != TB_OK || *none) {
            return st;
        }
    }
    a->place = places[0];
    return TB_OK;
}

/* *none: a relative path where there is no each: this alternative is left out. */
static enum tb_status alternative(struct tb_schema *s, const struct tb_json_node *n, int field,
                                  struct tb_alternative *a, bool *none, struct tb_err *err)
{
    static const char *const keys[] = {"path", "const", "join", "unit",  "not", "like",
                                       "map",  "since", "take", "minus", "cut", NULL};
    *none = false;
    if (tb_json_type(n) != TB_JSON_OBJECT) {
        return tb_schema_place(s, n, &a->place, none, err);
    }
    enum tb_status st = tb_json_check_keys(s->j, n, keys, err);
    const struct tb_json_node *path = tb_json_get(n, "path"), *fixed = tb_json_get(n, "const"),
                              *joined = tb_json_get(n, "join"), *since = tb_json_get(n, "since");
    if (st == TB_OK && (path != NULL) + (fixed != NULL) + (joined != NULL) != 1) {
        return tb_json_complain(s->j, n, err, "one of \"path\", \"const\" and \"join\" is needed");
    }
    if (st == TB_OK && joined != NULL && field >= TB_FIELD_NUMBER && field != TB_FIELD_ID &&
        field != TB_FIELD_PROMPT_HASH) {
        return tb_json_complain(s->j, joined, err, "\"join\" makes texts: not for numbers and prompts");
    }
    if (st == TB_OK && since != NULL && (path == NULL || field != TB_FIELD_NUMBER + TB_N_LATENCY_MS)) {
        return tb_json_complain(s->j, since, err, "\"since\" is for latency_ms, beside \"path\"");
    }
    for (const struct tb_json_node *e = tb_json_first(n); st == TB_OK && e != NULL; e = tb_json_next(e)) {
        st = alternative_word(s, e, field, a, err);
    }
    if (st != TB_OK) {
        return st;
    }
    a->is_const = fixed != NULL;
    if (joined != NULL) {
        return join(s, joined, a, none, err);
    }
    if (since != NULL) {
        a->has_since = true;
        st = tb_schema_place(s, since, &a->since, none, err);
        if (st != TB_OK || *none) {
            return st;
        }
    }
    return fixed != NULL ? constant(s, fixed, &a->constant, err)
                         : tb_schema_place(s, path, &a->place, none, err);
}

enum tb_status tb_schema_alternatives(struct tb_schema *s, const struct tb_json_node *n, int field,
                                      struct tb_alternatives *out, struct tb_err *err)
{
    bool list = tb_json_type(n) == TB_JSON_ARRAY;
    size_t count = list ? (size_t)tb_json_count(n) : 1;
    struct tb_alternative *alt = tb_schema_alloc(s, count * sizeof *alt);
    if (alt == NULL) {
        return no_memory(err);
    }
    out->alt = alt;
    out->n = 0;
    const struct tb_json_node *e = list ? tb_json_first(n) : n;
    for (size_t i = 0; i < count; i++, e = tb_json_next(e)) {
        bool none;
        enum tb_status st = alternative(s, e, field, &alt[out->n], &none, err);
        if (st != TB_OK) {
            return st;
        }
        struct tb_alternative *a = &alt[out->n];
        if (field == TB_FIELD_TS && a->unit == TB_UNIT_NONE) {
            a->unit = TB_UNIT_TEXT;
        }
        a->is_filtered = a->nots != 0 || a->likes != 0;
        a->is_whole = !a->is_const && a->unit <= TB_UNIT_TEXT && a->take == TB_TAKE_VALUE && a->minus == 0 &&
                      a->cut == 0 && a->map == NULL && !a->has_since && a->joins == 0;
        a->is_plain = a->is_whole && !a->is_filtered;
        out->n += none ? 0 : 1;
    }
    return TB_OK;
}
