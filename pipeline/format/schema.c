#include "format/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

static const char *const format_keys[] = {
    "id",           "about",      "kind",          "recognise",           "fields",
    "rules",        "zone",       "cost_currency", "cached_inside_input", "reasoning_inside_output",
    "text_lines",   "refused_if", "cache_hit_if",  "estimated_if",        "samples",
    "json_strings", NULL};

const char *tb_field_name(int field)
{
    static const char *const others[] = {"id", "ts", "total", "cost", "prompt", "prompt_hash"};
    if (field < TB_FIELD_NUMBER) {
        return field == TB_FIELD_TEXT + TB_T_COST_CURRENCY ? NULL
                                                           : tb_event_text_names[field - TB_FIELD_TEXT];
    }
    if (field < TB_FIELD_ID) {
        int n = field - TB_FIELD_NUMBER;
        return n == TB_N_TOTAL_ONLY || n == TB_N_SAVED || n == TB_N_PROMPT_CHARS ? NULL
                                                                                 : tb_event_number_names[n];
    }
    return others[field - TB_FIELD_ID];
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for a format file");
}

static enum tb_status word(struct tb_schema *s, const struct tb_json_node *n, const char *key, bool needed,
                           char **out, struct tb_err *err)
{
    const struct tb_json_node *v = tb_json_get(n, key);
    *out = NULL;
    if (v == NULL && !needed) {
        return TB_OK;
    }
    if (v == NULL || tb_json_text(v).s == NULL) {
        return tb_json_complain(s->j, v == NULL ? n : v, err, "\"%s\" must be a string", key);
    }
    *out = tb_arena_cstr(&s->f->arena, tb_json_text(v));
    return *out == NULL ? no_memory(err) : TB_OK;
}

static enum tb_status flag(struct tb_schema *s, const struct tb_json_node *n, const char *key, bool *out,
                           struct tb_err *err)
{
    const struct tb_json_node *v = tb_json_get(n, key);
    if (v != NULL && tb_json_type(v) != TB_JSON_BOOL) {
        return tb_json_complain(s->j, v, err, "\"%s\" is true or false", key);
    }
    *out = v != NULL && tb_json_bool(v);
    return TB_OK;
}

/* true, false, or the conditions under which it is true: those are compiled with each rule. */
static enum tb_status flag_or_conditions(struct tb_schema *s, const struct tb_json_node *n, const char *key,
                                         bool *out, struct tb_err *err)
{
    const struct tb_json_node *v = tb_json_get(n, key);
    *out = true;
    return v != NULL && tb_json_type(v) == TB_JSON_ARRAY ? TB_OK : flag(s, n, key, out, err);
}

/* A reason is a word: it becomes a key of counts. */
static bool is_word(const char *s)
{
    return s[0] != 0 && strlen(s) < 40 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

/* --- rules ------------------------------------------------------------------------------------------------------------------ */

static enum tb_status rule_fields(struct tb_schema *s, const struct tb_json_node *fields, struct tb_rule *r,
                                  struct tb_err *err)
{
    const char *names[TB_FIELD_COUNT + 1];
    size_t n = 0;
    for (int i = 0; i < TB_FIELD_COUNT; i++) {
        if (tb_field_name(i) != NULL) {
            names[n++] = tb_field_name(i);
        }
    }
    names[n] = NULL;
    enum tb_status st = tb_json_check_keys(s->j, fields, names, err);
    for (int i = 0; st == TB_OK && i < TB_FIELD_COUNT; i++) {
        const struct tb_json_node *v =
            tb_field_name(i) == NULL ? NULL : tb_json_get(fields, tb_field_name(i));
        if (v != NULL) {
            st = tb_schema_alternatives(s, v, i, &r->field[i], err);
            s->f->wants[i] = true;
        }
        if (r->field[i].n != 0 && i < TB_FIELD_NUMBER) {
            r->text[r->texts++] = (uint8_t)(i - TB_FIELD_TEXT);
        } else if (r->field[i].n != 0 && i < TB_FIELD_ID) {
            r->number[r->numbers++] = (uint8_t)(i - TB_FIELD_NUMBER);
        }
    }
    return st;
}

static enum tb_status optional_conditions(struct tb_schema *s, const struct tb_json_node *n, const char *key,
                                          struct tb_conditions *out, struct tb_err *err)
{
    const struct tb_json_node *v = tb_json_get(n, key);
    return v == NULL ? TB_OK : tb_schema_conditions(s, v, out, err);
}

static enum tb_status flag_conditions(struct tb_schema *s, const struct tb_json_node *n, const char *key,
                                      struct tb_conditions *out, struct tb_err *err)
{
    const struct tb_json_node *v = tb_json_get(n, key);
    bool is_flag = v != NULL && tb_json_type(v) == TB_JSON_BOOL;
    return is_flag ? TB_OK : optional_conditions(s, n, key, out, err);
}

static enum tb_status rule_each(struct tb_schema *s, const struct tb_json_node *n, struct tb_rule *r,
                                struct tb_err *err)
{
    memset(&s->each, 0, sizeof s->each);
    s->each_scope = 0;
    const struct tb_json_node *each = tb_json_get(n, "each");
    if (each == NULL) {
        return TB_OK;
    }
    enum tb_status st = tb_schema_path(s, each, &s->each, err);
    if (st != TB_OK) {
        return st;
    }
    size_t star = s->each.n;
    while (star > 0 && s->each.step[star - 1].kind != TB_STEP_ANY) {
        star--;
    }
    int scope = star == 0 ? 0 : tb_trie_scope(&s->f->trie, s->each.step, star);
    if (scope < 0 || s->each.relative || s->each.n == 0) {
        return tb_json_complain(
            s->j, each, err,
            "\"each\" is a path from the record's root, with at most %d different `*` in a format",
            TB_TRIE_SCOPES_MAX - 1);
    }
    s->each_scope = r->scope = scope;
    for (int p = 0; scope != 0 && (scope = s->f->trie.scope[scope].parent) != 0; p++) {
        r->parent_scope[p] = (uint8_t)scope;
    }
    return TB_OK;
}

static enum tb_status rule_outcome(struct tb_schema *s, const struct tb_json_node *n, struct tb_rule *r,
                                   struct tb_err *err)
{
    char *ignore, *reject;
    enum tb_status st = word(s, n, "ignore", false, &ignore, err);
    st = st == TB_OK ? word(s, n, "reject", false, &reject, err) : st;
    if (st != TB_OK) {
        return st;
    }
    r->reason = ignore != NULL ? ignore : reject;
    r->then = ignore != NULL ? TB_THEN_IGNORE : reject != NULL ? TB_THEN_REJECT : TB_THEN_EVENT;
    if ((ignore != NULL && reject != NULL) || (r->reason != NULL && !is_word(r->reason))) {
        return tb_json_complain(s->j, n, err,
                                "a rule has one reason, \"ignore\" or \"reject\", a word of a-z, 0-9 and _");
    }
    if (r->reason != NULL && (s->each.n != 0 || tb_json_get(n, "most") != NULL)) {
        return tb_json_complain(s->j, n, err, "\"each\" and \"most\" are for rules that make events");
    }
    return TB_OK;
}

static enum tb_status rule(struct tb_schema *s, const struct tb_json_node *n, const struct tb_json_node *root,
                           struct tb_rule *r, struct tb_err *err)
{
    static const char *const keys[] = {"if", "each", "key_in_id", "most", "tool", "ignore", "reject", NULL};
    int64_t most = TB_EVENTS_PER_RECORD_MAX;
    enum tb_status st = tb_json_check_keys(s->j, n, keys, err);
    st = st == TB_OK ? rule_each(s, n, r, err) : st;
    st = st == TB_OK ? rule_outcome(s, n, r, err) : st;
    st = st == TB_OK ? flag(s, n, "key_in_id", &r->key_in_id, err) : st;
    st = st == TB_OK ? flag(s, n, "tool", &r->tool, err) : st;
    st = st == TB_OK ? optional_conditions(s, n, "if", &r->when, err) : st;
    const struct tb_json_node *m = tb_json_get(n, "most");
    if (st == TB_OK && m != NULL && (!tb_json_int(m, &most) || most < 1 || most > TB_EVENTS_PER_RECORD_MAX)) {
        return tb_json_complain(s->j, m, err, "\"most\" is a number of events, 1 to %d",
                                TB_EVENTS_PER_RECORD_MAX);
    }
    r->most = (uint32_t)most;
    s->no_events = r->then != TB_THEN_EVENT;
    st = st == TB_OK ? rule_fields(s, tb_json_get(root, "fields"), r, err) : st;
    s->no_events = false;
    s->never_without_each = true;
    st = st == TB_OK ? optional_conditions(s, root, "estimated_if", &r->estimated, err) : st;
    st = st == TB_OK ? optional_conditions(s, root, "cache_hit_if", &r->cache_hit, err) : st;
    st = st == TB_OK ? optional_conditions(s, root, "refused_if", &r->refused, err) : st;
    st = st == TB_OK ? flag_conditions(s, root, "cached_inside_input", &r->cached_inside, err) : st;
    st = st == TB_OK ? flag_conditions(s, root, "reasoning_inside_output", &r->reasoning_inside, err) : st;
    s->never_without_each = false;
    return st;
}

static enum tb_status rules(struct tb_schema *s, const struct tb_json_node *root, struct tb_err *err)
{
    const struct tb_json_node *list = tb_json_get(root, "rules"), *fields = tb_json_get(root, "fields");
    if (list == NULL || tb_json_type(list) != TB_JSON_ARRAY || tb_json_count(list) == 0) {
        return tb_json_complain(s->j, list == NULL ? root : list, err,
                                "\"rules\" must be an array of at least one rule");
    }
    if (fields == NULL || tb_json_type(fields) != TB_JSON_OBJECT || tb_json_get(fields, "ts") == NULL) {
        return tb_json_complain(s->j, fields == NULL ? root : fields, err,
                                "\"fields\" must be an object, with \"ts\" at least");
    }
    struct tb_rule *r = tb_schema_alloc(s, (size_t)tb_json_count(list) * sizeof *r);
    if (r == NULL) {
        return no_memory(err);
    }
    s->f->rule = r;
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL; n = tb_json_next(n)) {
        enum tb_status st = rule(s, n, root, &r[s->f->n_rules], err);
        if (st != TB_OK) {
            return st;
        }
        s->f->n_rules++;
    }
    return TB_OK;
}

/* --- the file --------------------------------------------------------------------------------------------------------------- */

static enum tb_status recognise(struct tb_schema *s, const struct tb_json_node *root, struct tb_err *err)
{
    const struct tb_json_node *list = tb_json_get(root, "recognise");
    if (list == NULL || tb_json_type(list) != TB_JSON_ARRAY || tb_json_count(list) == 0) {
        return tb_json_complain(s->j, list == NULL ? root : list, err,
                                "\"recognise\" must be an array of arrays of conditions");
    }
    struct tb_conditions *all = tb_schema_alloc(s, (size_t)tb_json_count(list) * sizeof *all);
    if (all == NULL) {
        return no_memory(err);
    }
    s->f->recognise = all;
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL; n = tb_json_next(n)) {
        enum tb_status st = tb_schema_conditions(s, n, &all[s->f->n_recognise], err);
        if (st != TB_OK) {
            return st;
        }
        s->f->n_recognise++;
    }
    return TB_OK;
}

/* The paths of strings that hold JSON: of the record itself, so that the line can be written anew with what they hold. */
static enum tb_status json_strings(struct tb_schema *s, const struct tb_json_node *root, struct tb_err *err)
{
    const struct tb_json_node *list = tb_json_get(root, "json_strings");
    if (list != NULL && tb_json_type(list) != TB_JSON_ARRAY) {
        return tb_json_complain(s->j, list, err, "\"json_strings\" is an array of paths");
    }
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL; n = tb_json_next(n)) {
        struct tb_path p;
        uint8_t scope = 0;
        enum tb_status st = tb_schema_path(s, n, &p, err);
        if (st != TB_OK) {
            return st;
        }
        bool plain = !p.relative && p.n > 0;
        for (size_t i = 0; i < p.n; i++) {
            plain = plain && p.step[i].kind == TB_STEP_KEY;
        }
        if (!plain || tb_trie_slot(&s->f->strings, p.step, p.n, &scope) < 0) {
            return tb_json_complain(s->j, n, err,
                                    "a path in \"json_strings\" has keys only, no `*`, at most %d",
                                    TB_TRIE_SLOTS_MAX);
        }
        s->f->has_strings = true;
    }
    return tb_trie_finish(&s->f->strings) ? TB_OK : no_memory(err);
}

static enum tb_status head(struct tb_schema *s, const struct tb_json_node *root, struct tb_err *err)
{
    char *kind, *currency, *zone, *text_lines;
    enum tb_status st = tb_json_check_keys(s->j, root, format_keys, err);
    st = st == TB_OK ? word(s, root, "id", true, &s->f->id, err) : st;
    st = st == TB_OK ? word(s, root, "about", true, &s->f->about, err) : st;
    st = st == TB_OK ? word(s, root, "kind", true, &kind, err) : st;
    st = st == TB_OK ? word(s, root, "cost_currency", false, &currency, err) : st;
    st = st == TB_OK ? word(s, root, "zone", false, &zone, err) : st;
    st = st == TB_OK ? word(s, root, "text_lines", false, &text_lines, err) : st;
    st = st == TB_OK ? flag_or_conditions(s, root, "cached_inside_input", &s->f->cached_inside_input, err)
                     : st;
    st = st == TB_OK
             ? flag_or_conditions(s, root, "reasoning_inside_output", &s->f->reasoning_inside_output, err)
             : st;
    if (st != TB_OK) {
        return st;
    }
    s->f->cost_currency = tb_str_of(currency);
    s->f->zone_utc = zone != NULL;
    if (!is_word(s->f->id)) {
        return tb_json_complain(s->j, tb_json_get(root, "id"), err, "\"id\" is a word of a-z, 0-9 and _");
    }
    s->f->delimited = strcmp(kind, "json or delimited") == 0;
    if (strcmp(kind, "json") != 0 && !s->f->delimited) {
        return tb_json_complain(s->j, tb_json_get(root, "kind"), err,
                                "\"kind\" is \"json\" or \"json or delimited\"");
    }
    if (text_lines != NULL && !is_word(text_lines)) {
        return tb_json_complain(s->j, tb_json_get(root, "text_lines"), err,
                                "\"text_lines\" is a reason, a word of a-z, 0-9 and _");
    }
    s->f->text_lines = text_lines;
    if (zone != NULL && strcmp(zone, "UTC") != 0) {
        return tb_json_complain(s->j, tb_json_get(root, "zone"), err, "\"zone\" is \"UTC\" or left out");
    }
    return TB_OK;
}

static enum tb_status load(struct tb_schema *s, struct tb_err *err)
{
    const struct tb_json_node *root = tb_json_root(s->j);
    if (tb_json_type(root) != TB_JSON_OBJECT) {
        return tb_json_complain(s->j, root, err, "a format file is an object");
    }
    enum tb_status st = head(s, root, err);
    st = st == TB_OK ? recognise(s, root, err) : st;
    st = st == TB_OK ? rules(s, root, err) : st;
    st = st == TB_OK ? json_strings(s, root, err) : st;
    if (st == TB_OK && !tb_trie_finish(&s->f->trie)) {
        st = no_memory(err);
    }
    return st;
}

enum tb_status tb_schema_load(struct tb_str text, const char *name, struct tb_format **out,
                              struct tb_err *err)
{
    *out = NULL;
    struct tb_format *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return no_memory(err);
    }
    tb_arena_init(&f->arena, 64u << 20);
    if (!tb_trie_init(&f->trie) || !tb_trie_init(&f->strings)) {
        tb_schema_free(f);
        return no_memory(err);
    }
    snprintf(f->digest, sizeof f->digest, "%016llx", (unsigned long long)tb_hash64(text.s, text.n, 0));
    enum tb_status st = tb_json_parse(text, name, TB_E_FORMAT, &f->json, err);
    if (st == TB_OK) {
        struct tb_schema s = {.f = f, .j = f->json};
        st = load(&s, err);
    }
    if (st != TB_OK) {
        tb_schema_free(f);
        return st;
    }
    *out = f;
    return TB_OK;
}

void tb_schema_free(struct tb_format *f)
{
    if (f == NULL) {
        return;
    }
    tb_json_free(f->json);
    tb_trie_release(&f->trie);
    tb_trie_release(&f->strings);
    tb_arena_release(&f->arena);
    free(f);
}
