#include "config/setting.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "config/tablefile.h" /* TB_SHOWN */

const struct tb_json_node *tb_setting_get(const struct tb_json_node *object, const char *key)
{
    const struct tb_json_node *n = tb_json_get(object, key);
    return n != NULL && tb_json_type(n) != TB_JSON_NULL ? n : NULL;
}

const char *tb_setting_kind(const struct tb_json_node *n)
{
    switch (tb_json_type(n)) {
    case TB_JSON_NULL:
        return "null";
    case TB_JSON_BOOL:
        return "true or false";
    case TB_JSON_NUMBER:
        return "a number";
    case TB_JSON_STRING:
        return "a text";
    case TB_JSON_ARRAY:
        return "a list";
    case TB_JSON_OBJECT:
    default:
        return "an object";
    }
}

static enum tb_status wrong_type(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                 const char *key, const char *wanted, struct tb_err *err)
{
    return tb_json_complain(r->json, n, err, "\"%s\" is %s: it must be %s", key, tb_setting_kind(n), wanted);
}

static enum tb_status no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the configuration");
}

/* --- texts ---------------------------------------------------------------------------------------------- */

enum tb_status tb_setting_string(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                 const char *key, bool empty_ok, const char **out, struct tb_err *err)
{
    struct tb_str text = tb_json_text(n);
    if (text.s == NULL) {
        return wrong_type(r, n, key, "a text in quotes", err);
    }
    if (text.n == 0 && !empty_ok) {
        return tb_json_complain(r->json, n, err, "\"%s\" is empty: write a text, or null for the default",
                                key);
    }
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.s[i] < 0x20 || text.s[i] == 0x7F) {
            return tb_json_complain(r->json, n, err, "\"%s\" has a control character: take it out", key);
        }
    }
    *out = tb_arena_cstr(r->arena, text);
    return *out == NULL ? no_memory(err) : TB_OK;
}

enum tb_status tb_setting_path_of(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                  const char *key, const char **out, struct tb_err *err)
{
    const char *name = NULL;
    char joined[PATH_MAX];
    enum tb_status status = tb_setting_string(r, n, key, false, &name, err);
    if (status != TB_OK) {
        return status;
    }
    if (!tb_path_join(r->dir, name, joined, sizeof joined)) {
        return tb_json_complain(r->json, n, err, "\"%s\" is too long for a path: the limit is %d bytes", key,
                                PATH_MAX - 1);
    }
    *out = tb_arena_cstr(r->arena, tb_str_of(joined));
    return *out == NULL ? no_memory(err) : TB_OK;
}

/* dir as a pattern that matches it alone. False: too long. */
static bool escape_dir(const char *dir, char *out, size_t size)
{
    size_t n = 0;
    for (; *dir != '\0' && n + 2 < size; dir++) {
        if (strchr("*?[{\\", *dir) != NULL) {
            out[n++] = '\\';
        }
        out[n++] = *dir;
    }
    out[n] = '\0';
    return *dir == '\0';
}

enum tb_status tb_setting_pattern_of(const struct tb_setting_reader *r, const struct tb_json_node *n,
                                     const char *key, const char **out, struct tb_err *err)
{
    char dir[PATH_MAX];
    if (!escape_dir(r->dir, dir, sizeof dir)) {
        return tb_json_complain(r->json, n, err, "the configuration's folder is too long for a path");
    }
    struct tb_setting_reader escaped = *r;
    escaped.dir = dir;
    return tb_setting_path_of(&escaped, n, key, out, err);
}

enum tb_status tb_setting_text(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, bool empty_ok, const char *otherwise, const char **out,
                               struct tb_err *err)
{
    const struct tb_json_node *n = tb_setting_get(object, key);
    *out = otherwise;
    return n == NULL ? TB_OK : tb_setting_string(r, n, key, empty_ok, out, err);
}

enum tb_status tb_setting_path(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, const char *otherwise, const char **out, struct tb_err *err)
{
    const struct tb_json_node *n = tb_setting_get(object, key);
    char joined[PATH_MAX];
    *out = NULL;
    if (n != NULL) {
        return tb_setting_path_of(r, n, key, out, err);
    }
    if (otherwise == NULL) {
        return TB_OK;
    }
    if (!tb_path_join(r->dir, otherwise, joined, sizeof joined)) {
        return tb_err_set(err, TB_FAIL, TB_E_CONFIG,
                          "the configuration's folder \"%s\" is too long for a path", r->dir);
    }
    *out = tb_arena_cstr(r->arena, tb_str_of(joined));
    return *out == NULL ? no_memory(err) : TB_OK;
}

enum tb_status tb_setting_word(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, const char *const *words, const char *otherwise,
                               const char **out, struct tb_err *err)
{
    const struct tb_json_node *n = tb_setting_get(object, key);
    const char *text = NULL;
    char all[160] = "";
    size_t used = 0;
    *out = otherwise;
    if (n == NULL) {
        return TB_OK;
    }
    enum tb_status status = tb_setting_string(r, n, key, false, &text, err);
    if (status != TB_OK) {
        return status;
    }
    for (int i = 0; words[i] != NULL && used < sizeof all; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = words[i];
            return TB_OK;
        }
        used += (size_t)snprintf(all + used, sizeof all - used, "%s\"%s\"", i > 0 ? " or " : "", words[i]);
    }
    return tb_json_complain(r->json, n, err, "\"%s\" is \"%.*s\": it must be %s", key,
                            TB_SHOWN(tb_str_of(text)), all);
}

/* --- numbers and the rest ------------------------------------------------------------------------------- */

enum tb_status tb_setting_bool(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, bool otherwise, bool *out, struct tb_err *err)
{
    const struct tb_json_node *n = tb_setting_get(object, key);
    *out = otherwise;
    if (n == NULL) {
        return TB_OK;
    }
    if (tb_json_type(n) != TB_JSON_BOOL) {
        return wrong_type(r, n, key, "true or false", err);
    }
    *out = tb_json_bool(n);
    return TB_OK;
}

enum tb_status tb_setting_int(const struct tb_setting_reader *r, const struct tb_json_node *object,
                              const char *key, int max, int otherwise, int *out, struct tb_err *err)
{
    const struct tb_json_node *n = tb_setting_get(object, key);
    int64_t value = 0;
    *out = otherwise;
    if (n == NULL) {
        return TB_OK;
    }
    if (tb_json_type(n) != TB_JSON_NUMBER) {
        return wrong_type(r, n, key, "a whole number", err);
    }
    if (!tb_json_int(n, &value) || value < 0 || value > max) {
        return tb_json_complain(r->json, n, err,
                                "\"%s\" is out of range: it must be a whole number from 0 to %d", key, max);
    }
    *out = (int)value;
    return TB_OK;
}

enum tb_status tb_setting_money(const struct tb_setting_reader *r, const struct tb_json_node *object,
                                const char *key, tb_money otherwise, tb_money *out, struct tb_err *err)
{
    const struct tb_json_node *n = tb_setting_get(object, key);
    struct tb_decimal d = {0, 0};
    bool exact = true;
    *out = otherwise;
    if (n == NULL) {
        return TB_OK;
    }
    bool number = tb_json_type(n) == TB_JSON_NUMBER ? tb_json_decimal(n, &d)
                                                    : tb_decimal_parse(tb_json_text(n), false, &d);
    if (!number) {
        return wrong_type(r, n, key, "an amount, like 1.00", err);
    }
    if (d.mantissa < 0 || !tb_money_from_decimal(&d, out, &exact) || !exact) {
        return tb_json_complain(
            r->json, n, err, "\"%s\" is out of range: it must be 0 or more, with 24 decimals at most", key);
    }
    return TB_OK;
}

enum tb_status tb_setting_list(const struct tb_setting_reader *r, const struct tb_json_node *object,
                               const char *key, const struct tb_json_node **out, struct tb_err *err)
{
    *out = tb_setting_get(object, key);
    if (*out != NULL && tb_json_type(*out) != TB_JSON_ARRAY) {
        return wrong_type(r, *out, key, "a list in [ ]", err);
    }
    return TB_OK;
}

enum tb_status tb_setting_object(const struct tb_setting_reader *r, const struct tb_json_node *object,
                                 const char *key, const struct tb_json_node **out, struct tb_err *err)
{
    *out = tb_setting_get(object, key);
    if (*out != NULL && tb_json_type(*out) != TB_JSON_OBJECT) {
        return wrong_type(r, *out, key, "an object in { }", err);
    }
    return TB_OK;
}
