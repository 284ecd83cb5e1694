/* Paths in a format file. */
#include "format/schema.h"

#include <stdio.h>
#include <string.h>

void *tb_schema_alloc(struct tb_schema *s, size_t n)
{
    return tb_arena_alloc(&s->f->arena, n == 0 ? 1 : n);
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a format file");
}

/* --- paths ---------------------------------------------------------------------------------------------------------------- */

static enum tb_status add_step(struct tb_schema *s, const struct tb_json_node *n, struct tb_path *p,
                               struct tb_step step, struct tb_err *err)
{
    if (p->n == TB_PATH_STEPS_MAX) {
        return tb_json_complain(s->j, n, err, "a path of more than %d steps: shorten it", TB_PATH_STEPS_MAX);
    }
    p->step[p->n++] = step;
    return TB_OK;
}

/* One segment of a JSON Pointer, ~0 and ~1 decoded. */
static struct tb_str pointer_segment(struct tb_schema *s, const char *p, size_t n)
{
    char *text = tb_schema_alloc(s, n + 1);
    if (text == NULL) {
        return TB_STR_NULL;
    }
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool escaped = p[i] == '~' && i + 1 < n && (p[i + 1] == '0' || p[i + 1] == '1');
        text[k++] = !escaped ? p[i] : p[i + 1] == '0' ? '~' : '/';
        i += escaped ? 1 : 0;
    }
    return (struct tb_str){text, k};
}

static enum tb_status pointer(struct tb_schema *s, const struct tb_json_node *n, struct tb_path *out,
                              struct tb_err *err)
{
    struct tb_str t = tb_json_text(n);
    size_t at = 0;
    if (t.n > 0 && t.s[0] == '@') {
        out->relative = true;
        at = 1;
    }
    if (t.n > at ? t.s[at] != '/' : !out->relative) {
        return tb_json_complain(s->j, n, err, "\"%.*s\" is no path: begin it with \"/\" or \"@/\"", (int)t.n,
                                t.s);
    }
    while (at < t.n) {
        const char *end = memchr(t.s + at + 1, '/', t.n - at - 1);
        size_t length = (end == NULL ? t.n : (size_t)(end - t.s)) - at - 1;
        struct tb_str key = pointer_segment(s, t.s + at + 1, length);
        if (key.s == NULL) {
            return no_memory(err);
        }
        enum tb_step_kind kind = tb_str_eq(key, TB_STR("*")) ? TB_STEP_ANY : TB_STEP_KEY;
        enum tb_status st = add_step(s, n, out, (struct tb_step){kind, key}, err);
        if (st != TB_OK) {
            return st;
        }
        at += length + 1;
    }
    return TB_OK;
}

static enum tb_status object_step(struct tb_schema *s, const struct tb_json_node *e, struct tb_step *step,
                                  struct tb_err *err)
{
    static const char *const keys[] = {"key", "prefix", "at", "entry", NULL};
    const struct tb_json_node *only = tb_json_first(e);
    enum tb_status st = tb_json_check_keys(s->j, e, keys, err);
    if (st != TB_OK) {
        return st;
    }
    struct tb_str text = only == NULL ? TB_STR_NULL : tb_json_text(only);
    if (tb_json_count(e) != 1 || text.s == NULL) {
        return tb_json_complain(s->j, e, err,
                                "a step is one of {\"key\": K}, {\"prefix\": P}, {\"entry\": K}, {\"at\": "
                                "\"first\" or \"last\"}");
    }
    struct tb_str what = tb_json_key(only);
    if (tb_str_eq(what, TB_STR("at"))) {
        bool first = tb_str_eq(text, TB_STR("first"));
        if (!first && !tb_str_eq(text, TB_STR("last"))) {
            return tb_json_complain(s->j, only, err, "\"at\" is \"first\" or \"last\"");
        }
        *step = (struct tb_step){first ? TB_STEP_FIRST : TB_STEP_LAST, TB_STR_NULL};
        return TB_OK;
    }
    enum tb_step_kind kind = tb_str_eq(what, TB_STR("key"))     ? TB_STEP_KEY
                             : tb_str_eq(what, TB_STR("entry")) ? TB_STEP_ENTRY
                                                                : TB_STEP_PREFIX;
    *step = (struct tb_step){kind, tb_arena_str(&s->f->arena, text)};
    return TB_OK;
}

static enum tb_status steps(struct tb_schema *s, const struct tb_json_node *n, struct tb_path *out,
                            struct tb_err *err)
{
    for (const struct tb_json_node *e = tb_json_first(n); e != NULL; e = tb_json_next(e)) {
        struct tb_str text = tb_json_text(e);
        struct tb_step step = {TB_STEP_KEY, TB_STR_NULL};
        enum tb_status st = TB_OK;
        if (tb_json_type(e) == TB_JSON_OBJECT) {
            st = object_step(s, e, &step, err);
        } else if (text.s == NULL) {
            st = tb_json_complain(s->j, e, err, "a step of a path is a string or an object");
        } else if (e == tb_json_first(n) && tb_str_eq(text, TB_STR("@"))) {
            out->relative = true;
            continue;
        } else {
            step.kind = tb_str_eq(text, TB_STR("*")) ? TB_STEP_ANY : TB_STEP_KEY;
            step.key = tb_arena_str(&s->f->arena, text);
        }
        if (st == TB_OK && out->n > 0 && out->step[out->n - 1].kind == TB_STEP_ENTRY) {
            st = tb_json_complain(s->j, e, err, "{\"entry\": K} is the last step of a path");
        }
        st = st == TB_OK ? add_step(s, n, out, step, err) : st;
        if (st != TB_OK) {
            return st;
        }
    }
    return TB_OK;
}

enum tb_status tb_schema_path(struct tb_schema *s, const struct tb_json_node *n, struct tb_path *out,
                              struct tb_err *err)
{
    memset(out, 0, sizeof *out);
    switch (tb_json_type(n)) {
    case TB_JSON_STRING:
        return pointer(s, n, out, err);
    case TB_JSON_ARRAY:
        return steps(s, n, out, err);
    default:
        return tb_json_complain(s->j, n, err, "a path is a string (\"/a/b\") or an array of steps");
    }
}

/* The path as text, for explanations; `@` paths are written out whole. */
static const char *path_text(struct tb_schema *s, const struct tb_step *step, size_t n)
{
    char out[512];
    size_t at = 0;
    for (size_t i = 0; i < n && at < sizeof out - 80; i++) {
        static const char *const before[] = {"/", "/", "/*", "/(first)", "/(last)", "["};
        static const char *const behind[] = {"", "...", "", "", "", "]"};
        bool named = step[i].key.s != NULL && step[i].kind != TB_STEP_ANY;
        int key = named ? (int)(step[i].key.n < 60 ? step[i].key.n : 60) : 0;
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s%s", before[step[i].kind], key,
                               named ? step[i].key.s : "", behind[step[i].kind]);
    }
    return tb_arena_cstr(&s->f->arena, (struct tb_str){out, at});
}

/* Whether a value in scope can be seen from an instance of the scope `from`. */
static bool encloses(const struct tb_trie *t, int scope, int from)
{
    while (from != 0 && from != scope) {
        from = t->scope[from].parent;
    }
    return from == scope;
}

enum tb_status tb_schema_place(struct tb_schema *s, const struct tb_json_node *n, struct tb_place *out,
                               bool *none, struct tb_err *err)
{
    struct tb_path p, whole;
    enum tb_status st = tb_schema_path(s, n, &p, err);
    *none = st == TB_OK && p.relative && s->each.n == 0;
    if (st != TB_OK || *none) {
        return st;
    }
    whole.n = 0;
    for (size_t i = 0; p.relative && i < s->each.n; i++) {
        whole.step[whole.n++] = s->each.step[i];
    }
    for (size_t i = 0; i < p.n; i++) {
        st = add_step(s, n, &whole, p.step[i], err);
        if (st != TB_OK) {
            return st;
        }
    }
    int slot = tb_trie_slot(&s->f->trie, whole.step, whole.n, &out->scope);
    if (slot < 0) {
        return tb_json_complain(s->j, n, err,
                                "too many paths, or two of `*`, \"last\" and \"entry\" in one array: at most "
                                "%d paths under one `*`",
                                TB_TRIE_SLOTS_MAX);
    }
    bool seen = encloses(&s->f->trie, out->scope, s->each_scope);
    *none = !seen && s->no_events;
    if (!seen && !*none) {
        return tb_json_complain(s->j, n, err,
                                "a path goes through a `*` that the rule's \"each\" does not go through");
    }
    out->slot = (uint8_t)slot;
    out->path = path_text(s, whole.step, whole.n);
    return out->path == NULL ? no_memory(err) : TB_OK;
}
