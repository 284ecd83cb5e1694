/* The set of formats: shipped ones and a user's. */
#include "format/format.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/embed.h"
#include "base/file.h"
#include "base/limits.h"
#include "format/schema.h"

#define FORMATS_MAX 256

extern const struct tb_embed tb_embed_format[];

struct tb_format_set {
    struct tb_format *format[FORMATS_MAX];
    size_t n;
};

/* Takes f over; one with the same id is replaced. */
static enum tb_status add(struct tb_format_set *set, struct tb_format *f, struct tb_err *err)
{
    size_t i = 0;
    while (i < set->n && strcmp(set->format[i]->id, f->id) < 0) {
        i++;
    }
    if (i < set->n && strcmp(set->format[i]->id, f->id) == 0) {
        tb_schema_free(set->format[i]);
        set->format[i] = f;
        return TB_OK;
    }
    if (set->n == FORMATS_MAX) {
        tb_schema_free(f);
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "more than %d formats", FORMATS_MAX);
    }
    memmove(&set->format[i + 1], &set->format[i], (set->n - i) * sizeof set->format[0]);
    set->format[i] = f;
    set->n++;
    return TB_OK;
}

static enum tb_status add_text(struct tb_format_set *set, struct tb_str text, const char *name,
                               struct tb_err *err)
{
    struct tb_format *f;
    enum tb_status st = tb_schema_load(text, name, &f, err);
    return st == TB_OK ? add(set, f, err) : st;
}

static enum tb_status add_file(struct tb_format_set *set, const char *dir, const char *name,
                               struct tb_err *err)
{
    char path[TB_NAME_MAX];
    struct tb_buf text;
    tb_buf_init(&text, TB_CONFIG_BYTES_MAX);
    enum tb_status st = TB_OK;
    if (!tb_path_join(dir, name, path, sizeof path)) {
        st = tb_err_set(err, TB_FAIL, TB_E_FORMAT, "the name of a format file in \"%s\" is too long", dir);
    }
    st = st == TB_OK ? tb_file_read(path, TB_CONFIG_BYTES_MAX, &text, err) : st;
    st = st == TB_OK ? add_text(set, tb_buf_view(&text), path, err) : st;
    tb_buf_release(&text);
    return st;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_format_file(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 5 && d->d_name[0] != '.' && strcmp(d->d_name + n - 5, ".json") == 0;
}

static enum tb_status add_dir(struct tb_format_set *set, const char *dir, struct tb_err *err)
{
    struct dirent **list;
    int n = scandir(dir, &list, is_format_file, by_name);
    if (n < 0) {
        return tb_err_set(err, TB_FAIL, TB_E_FORMAT, "cannot read the folder of formats \"%s\": %s", dir,
                          strerror(errno));
    }
    enum tb_status st = TB_OK;
    for (int i = 0; i < n; i++) {
        st = st == TB_OK ? add_file(set, dir, list[i]->d_name, err) : st;
        free(list[i]);
    }
    free(list);
    return st;
}

enum tb_status tb_format_set_new(const char *dir, struct tb_format_set **out, struct tb_err *err)
{
    struct tb_format_set *set = calloc(1, sizeof *set);
    *out = NULL;
    if (set == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for formats");
    }
    enum tb_status st = TB_OK;
    for (const struct tb_embed *e = tb_embed_format; st == TB_OK && e->path != NULL; e++) {
        st = add_text(set, (struct tb_str){(const char *)e->data, e->n}, e->path, err);
    }
    if (st == TB_OK && dir != NULL) {
        st = add_dir(set, dir, err);
    }
    if (st != TB_OK) {
        tb_format_set_free(set);
        return st;
    }
    *out = set;
    return TB_OK;
}

void tb_format_set_free(struct tb_format_set *set)
{
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        tb_schema_free(set->format[i]);
    }
    free(set);
}

size_t tb_format_count(const struct tb_format_set *set)
{
    return set->n;
}

const struct tb_format *tb_format_at(const struct tb_format_set *set, size_t i)
{
    return set->format[i];
}

const struct tb_format *tb_format_find(const struct tb_format_set *set, const char *id)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->format[i]->id, id) == 0) {
            return set->format[i];
        }
    }
    return NULL;
}

const char *tb_format_id(const struct tb_format *f)
{
    return f->id;
}

const char *tb_format_about(const struct tb_format *f)
{
    return f->about;
}

const char *tb_format_digest(const struct tb_format *f)
{
    return f->digest;
}
