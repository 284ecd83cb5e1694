#include "config/settings_source.h"

#include "config/tablefile.h" /* TB_SHOWN */

static const char *const source_keys[] = {"name", "format", "paths", "bill", NULL};
static const char *const expect_keys[] = {"source", "every", NULL};
static const char *const everies[] = {"hour", "day", NULL};

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the configuration");
}

/* Only {node} and {date} bind: any other word in braces is a slip that would match no file, silently. */
static enum tb_status check_braces(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                   struct tb_err *err)
{
    static const char *const words[] = {"node", "date", NULL};
    struct tb_str text = tb_json_text(n);
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] == '\\') {
            i++;
            continue;
        }
        const char *close = text.s[i] == '{' ? memchr(text.s + i, '}', text.n - i) : NULL;
        if (close == NULL) {
            continue;
        }
        struct tb_str word = {text.s + i + 1, (size_t)(close - text.s) - i - 1};
        if (!tb_str_eq(word, TB_STR("node")) && !tb_str_eq(word, TB_STR("date"))) {
            const char *near = tb_did_you_mean(word, words);
            return tb_json_complain(r->json, n, err, "unknown placeholder \"{%.*s}\" in a path%s{%s}%s",
                                    TB_SHOWN(word), near != NULL ? ", did you mean " : ": there are ",
                                    near != NULL ? near : "node", near != NULL ? "" : " and {date}");
        }
    }
    return TB_OK;
}

static enum tb_status read_paths(const struct tb_setting_reader *r, const struct tb_json_node *object,
                                 struct tb_source_setting *source, struct tb_err *err)
{
    const struct tb_json_node *list = NULL;
    enum tb_status status = tb_setting_list(r, object, "paths", &list, err);
    if (status != TB_OK) {
        return status;
    }
    if (list == NULL || tb_json_count(list) == 0) {
        return tb_json_complain(
            r->json, list != NULL ? list : object, err,
            "source \"%.*s\" has no paths: write \"paths\": [\"logs/*.gz\"] with its files",
            TB_SHOWN(tb_str_of(source->name)));
    }
    source->paths = tb_arena_alloc(r->arena, ((size_t)tb_json_count(list) + 1) * sizeof *source->paths);
    if (source->paths == NULL) {
        return no_memory(err);
    }
    int i = 0;
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL && status == TB_OK;
         n = tb_json_next(n)) {
        status = tb_setting_pattern_of(r, n, "paths", &source->paths[i++], err);
        if (status == TB_OK) {
            status = check_braces(r, n, err);
        }
    }
    return status;
}

static enum tb_status read_source(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                  struct tb_settings *s, struct tb_err *err)
{
    struct tb_source_setting *source = &s->sources[s->source_count];
    if (tb_json_type(n) != TB_JSON_OBJECT) {
        return tb_json_complain(r->json, n, err, "a source is %s: it must be an object in { }",
                                tb_setting_kind(n));
    }
    enum tb_status status = tb_json_check_keys(r->json, n, source_keys, err);
    if (status == TB_OK) {
        status = tb_setting_text(r, n, "name", false, NULL, &source->name, err);
    }
    if (status == TB_OK && source->name == NULL) {
        return tb_json_complain(r->json, n, err,
                                "a source has no name: write \"name\", the chargeback shows it");
    }
    if (status == TB_OK && tb_settings_source(s, source->name) >= 0) {
        return tb_json_complain(r->json, tb_json_get(n, "name"), err,
                                "two sources are named \"%.*s\": give each its own name",
                                TB_SHOWN(tb_str_of(source->name)));
    }
    if (status == TB_OK) {
        status = tb_setting_text(r, n, "format", false, NULL, &source->format, err);
    }
    if (status == TB_OK && source->format != NULL) {
        tb_json_place(r->json, tb_json_get(n, "format"), &source->format_line, &source->format_column);
    }
    if (status == TB_OK) {
        status = read_paths(r, n, source, err);
    }
    if (status == TB_OK) {
        status = tb_setting_bool(r, n, "bill", true, &source->bill, err);
    }
    s->source_count += status == TB_OK;
    return status;
}

enum tb_status tb_settings_read_sources(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                        struct tb_settings *s, struct tb_err *err)
{
    const struct tb_json_node *list = NULL;
    enum tb_status status = tb_setting_list(r, root, "sources", &list, err);
    if (status != TB_OK) {
        return status;
    }
    if (list == NULL) {
        return tb_json_complain(r->json, root, err,
                                "\"sources\" is missing: write a list of logs, like "
                                "[{\"name\": \"gateway\", \"paths\": [\"logs/*.gz\"]}]");
    }
    s->sources = tb_arena_alloc(r->arena, ((size_t)tb_json_count(list) + 1) * sizeof *s->sources);
    if (s->sources == NULL) {
        return no_memory(err);
    }
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL && status == TB_OK;
         n = tb_json_next(n)) {
        status = read_source(r, n, s, err);
    }
    return status;
}

static enum tb_status unknown_source(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                     const struct tb_settings *s, const char *name, struct tb_err *err)
{
    const char **names = tb_arena_alloc(r->arena, ((size_t)s->source_count + 1) * sizeof *names);
    if (names == NULL) {
        return no_memory(err);
    }
    for (int i = 0; i < s->source_count; i++) {
        names[i] = s->sources[i].name;
    }
    const char *near = tb_did_you_mean(tb_str_of(name), names);
    if (near != NULL) {
        return tb_json_complain(r->json, n, err, "there is no source \"%.*s\", did you mean \"%s\"",
                                TB_SHOWN(tb_str_of(name)), near);
    }
    return tb_json_complain(r->json, n, err, "there is no source \"%.*s\": name one of \"sources\"",
                            TB_SHOWN(tb_str_of(name)));
}

static enum tb_status read_expect(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                  struct tb_settings *s, struct tb_err *err)
{
    struct tb_expect_setting *expect = &s->expects[s->expect_count];
    if (tb_json_type(n) != TB_JSON_OBJECT) {
        return tb_json_complain(r->json, n, err, "an expectation is %s: it must be an object in { }",
                                tb_setting_kind(n));
    }
    enum tb_status status = tb_json_check_keys(r->json, n, expect_keys, err);
    if (status == TB_OK) {
        status = tb_setting_text(r, n, "source", false, NULL, &expect->source, err);
    }
    if (status == TB_OK && expect->source == NULL) {
        return tb_json_complain(r->json, n, err, "an expectation has no source: name one of \"sources\"");
    }
    if (status == TB_OK && tb_settings_source(s, expect->source) < 0) {
        return unknown_source(r, tb_json_get(n, "source"), s, expect->source, err);
    }
    if (status == TB_OK) {
        status = tb_setting_word(r, n, "every", everies, "day", &expect->every, err);
    }
    for (int i = 0; status == TB_OK && i < s->expect_count; i++) {
        if (strcmp(s->expects[i].source, expect->source) == 0) {
            return tb_json_complain(r->json, n, err, "source \"%.*s\" is expected twice: take one out",
                                    TB_SHOWN(tb_str_of(expect->source)));
        }
    }
    s->expect_count += status == TB_OK;
    return status;
}

enum tb_status tb_settings_read_expects(const struct tb_setting_reader *r, const struct tb_json_node *root,
                                        struct tb_settings *s, struct tb_err *err)
{
    const struct tb_json_node *list = NULL;
    enum tb_status status = tb_setting_list(r, root, "expect", &list, err);
    if (status != TB_OK || list == NULL) {
        return status;
    }
    s->expects = tb_arena_alloc(r->arena, ((size_t)tb_json_count(list) + 1) * sizeof *s->expects);
    if (s->expects == NULL) {
        return no_memory(err);
    }
    for (const struct tb_json_node *n = tb_json_first(list); n != NULL && status == TB_OK;
         n = tb_json_next(n)) {
        status = read_expect(r, n, s, err);
    }
    return status;
}
