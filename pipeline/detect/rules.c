#include "detect/rules.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"

extern const struct tb_embed tb_embed_detect[];

static const struct {
    const char *name;
    size_t at;
} fields[] = {
#define FIELD(name) {#name, offsetof(struct tb_rules, name)},
    TB_RULES(FIELD)
#undef FIELD
};
#define FIELDS (sizeof fields / sizeof *fields)

static double *find(struct tb_rules *r, struct tb_str name)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (tb_str_eq(tb_str_of(fields[i].name), name)) {
            return (double *)(void *)((char *)r + fields[i].at);
        }
    }
    return NULL;
}

static enum tb_status unknown(const struct tb_json *j, const struct tb_json_node *n, struct tb_err *err)
{
    const char *words[FIELDS + 1] = {NULL};
    for (size_t i = 0; i < FIELDS; i++) {
        words[i] = fields[i].name;
    }
    struct tb_str key = tb_json_key(n);
    const char *near = tb_did_you_mean(key, words);
    return tb_json_complain(j, n, err, "unknown rule \"%.*s\"%s%s%s", (int)key.n, key.s,
                            near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                            near != NULL ? "\"?" : "");
}

static enum tb_status take(struct tb_rules *r, const struct tb_json *j, struct tb_err *err)
{
    const struct tb_json_node *root = tb_json_root(j);
    if (tb_json_type(root) != TB_JSON_OBJECT) {
        return tb_json_complain(j, root, err, "rules are an object {\"name\": number}");
    }
    for (const struct tb_json_node *n = tb_json_first(root); n != NULL; n = tb_json_next(n)) {
        if (tb_str_eq(tb_json_key(n), TB_STR("advice"))) {
            continue; /* of `report advice`: plan/advice_rules.c */
        }
        double *value = find(r, tb_json_key(n));
        struct tb_decimal d;
        if (value == NULL) {
            return unknown(j, n, err);
        }
        if (!tb_json_decimal(n, &d) || d.mantissa < 0) {
            return tb_json_complain(j, n, err, "a rule is a number from 0");
        }
        double whole = (double)d.mantissa;
        *value = d.exponent < 0 ? whole / pow(10, -d.exponent) : whole * pow(10, d.exponent);
    }
    return TB_OK;
}

static enum tb_status take_file(struct tb_rules *r, const char *path, struct tb_err *err)
{
    struct tb_json *j = NULL;
    enum tb_status st = tb_json_read(path, TB_E_CONFIG, &j, err);
    if (st == TB_OK) {
        st = take(r, j, err);
    }
    tb_json_free(j);
    return st;
}

static int is_rules(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 5 && d->d_name[0] != '.' && strcmp(d->d_name + n - 5, ".json") == 0;
}

static enum tb_status take_folder(struct tb_rules *r, const char *path, struct tb_err *err)
{
    struct dirent **names = NULL;
    enum tb_status st = TB_OK;
    int n = scandir(path, &names, is_rules, alphasort);
    for (int i = 0; i < n; i++) {
        char file[4096];
        int length = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        bool others =
            strcmp(names[i]->d_name, "actions.json") == 0 || strcmp(names[i]->d_name, "advice.json") == 0;
        if (st == TB_OK && length > 0 && (size_t)length < sizeof file && !others) {
            st = take_file(r, file, err);
        }
        free(names[i]);
    }
    free(names);
    return n >= 0 ? st
                  : tb_err_set(err, TB_FAIL, TB_E_CONFIG, "cannot read the folder of rules \"%s\"", path);
}

static bool is_numbers(const char *path)
{
    const char *name = strrchr(path, '/');
    return strstr(path, "schemas/rules/") != NULL && strcmp(name, "/actions.json") != 0 &&
           strcmp(name, "/agents.json") != 0;
}

enum tb_status tb_rules_load(const struct tb_settings *s, struct tb_rules *out, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    for (size_t i = 0; i < FIELDS; i++) {
        *(double *)(void *)((char *)out + fields[i].at) = -1;
    }
    for (const struct tb_embed *e = tb_embed_detect; st == TB_OK && e->path != NULL; e++) {
        struct tb_json *j = NULL;
        if (!is_numbers(e->path)) {
            continue;
        }
        st = tb_json_parse((struct tb_str){(const char *)e->data, e->n}, e->path, TB_E_CONFIG, &j, err);
        if (st == TB_OK) {
            st = take(out, j, err);
        }
        tb_json_free(j);
    }
    for (size_t i = 0; st == TB_OK && i < FIELDS; i++) {
        if (*(double *)(void *)((char *)out + fields[i].at) < 0) {
            return tb_err_set(err, TB_FAIL, TB_E_CONFIG, "rule \"%s\" has no default", fields[i].name);
        }
    }
    if (st == TB_OK && s->rules != NULL) {
        struct stat info;
        bool folder = stat(s->rules, &info) == 0 && S_ISDIR(info.st_mode);
        st = folder ? take_folder(out, s->rules, err) : take_file(out, s->rules, err);
    }
    return st;
}

uint64_t tb_rules_digest(const struct tb_rules *r)
{
    return tb_hash64(r, sizeof *r, 0);
}

enum tb_status tb_rules_action(const char *kind, char *out, size_t n, struct tb_err *err)
{
    struct tb_json *j = NULL;
    enum tb_status st = tb_json_parse(tb_str_of(tb_embed_text(tb_embed_detect, "actions.json")),
                                      "actions.json", TB_E_CONFIG, &j, err);
    if (st == TB_OK) {
        struct tb_str text = tb_json_text(tb_json_get(tb_json_root(j), kind));
        snprintf(out, n, "%.*s", (int)text.n, text.n > 0 ? text.s : "");
    }
    tb_json_free(j);
    return st;
}
