#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "input/source.h"
#include "input/source_parts.h"
#include "input/source_pattern.h"

/* --- a path by name --- */

/* Absolute, without "//", "." and, where it leads to the same file, without "..". NULL without memory. */
static char *absolute(const char *path, const struct stat *want)
{
    char *cwd = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
    char *whole = cwd != NULL ? malloc(strlen(cwd) + strlen(path) + 3) : NULL;
    char *out = cwd != NULL ? malloc(strlen(cwd) + strlen(path) + 3) : NULL;
    if (whole != NULL && out != NULL) {
        strcat(strcat(strcpy(whole, cwd), "/"), path);
        tb_source_tidy(whole, out);
        for (char *up; (up = strstr(out, "/..")) != NULL && (up[3] == '/' || up[3] == '\0');) {
            char *from = up;
            while (from > out && *--from != '/') {
            }
            memmove(from, up + 3, strlen(up + 3) + 1);
        }
        struct stat st;
        if (stat(out, &st) != 0 || st.st_dev != want->st_dev || st.st_ino != want->st_ino) {
            free(out);
            out = realpath(path, NULL);
        }
    } else {
        free(out);
        out = NULL;
    }
    free(whole);
    free(cwd);
    return out;
}

/* The configured source whose paths match path; NULL when none does. */
static const struct tb_source_setting *source_of(const struct tb_settings *s, const char *path,
                                                 struct tb_binding *b)
{
    for (int i = 0; s != NULL && i < s->source_count; i++) {
        for (const char **p = s->sources[i].paths; *p != NULL; p++) {
            char *tidied = malloc(strlen(*p) + 2);
            if (tidied == NULL) {
                return NULL;
            }
            tb_source_tidy(*p, tidied);
            bool hit = tb_pattern_match(tb_str_of(tidied), tb_str_of(path), b);
            free(tidied);
            if (hit) {
                return &s->sources[i];
            }
        }
    }
    *b = (struct tb_binding){TB_STR_NULL, TB_DAY_NONE};
    return NULL;
}

static bool listed(const struct tb_input_list *l, const char *source, const char *path)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->files[i].path, path) == 0 && strcmp(l->files[i].source, source) == 0) {
            return true;
        }
    }
    return false;
}

static enum tb_status check_path(const char *path, struct stat *st, struct tb_err *err)
{
    enum tb_status status = TB_OK;
    if (stat(path, st) != 0) {
        status = tb_source_gone(errno)
                     ? tb_err_set(err, TB_FAIL, TB_E_MISSING, "there is no file \"%s\"", path)
                     : tb_err_set(err, TB_FAIL, TB_E_IO, "cannot read \"%s\": %s", path, strerror(errno));
    } else if (S_ISDIR(st->st_mode)) {
        status = tb_err_set(err, TB_FAIL, TB_E_USAGE, "\"%s\" is a folder; name the files in it", path);
    }
    return status;
}

enum tb_status tb_source_bind(const struct tb_settings *s, const char *path, const char *source,
                              const char *wish, struct tb_input_list *list, struct tb_err *err)
{
    struct tb_input_file f = {.source = source != NULL ? source : "adhoc", .wish = wish, .date = TB_DAY_NONE};
    if (strcmp(path, "-") == 0) {
        f.path = path;
        return listed(list, f.source, path) ? TB_OK : tb_source_append(list, f, err);
    }
    struct stat st;
    enum tb_status status = check_path(path, &st, err);
    if (status != TB_OK) {
        return status;
    }
    char *nice = absolute(path, &st), *real = realpath(path, NULL), *node = NULL;
    struct tb_binding b;
    if (nice == NULL || real == NULL) {
        status = tb_source_no_memory(err);
        goto out;
    }
    const struct tb_source_setting *found = source_of(s, nice, &b);
    found = found != NULL ? found : source_of(s, real, &b);
    if (found != NULL) {
        f.source = found->name;
        f.format = wish == NULL ? found->format : NULL;
        f.date = b.date;
        node = b.node.s != NULL ? strndup(b.node.s, b.node.n) : NULL;
    }
    f.path = nice;
    f.node = node;
    if (S_ISREG(st.st_mode)) {
        f.size = st.st_size;
        f.mtime_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
    }
    status = listed(list, f.source, f.path) ? TB_OK : tb_source_append(list, f, err);
out:
    free(node);
    free(real);
    free(nice);
    return status;
}

/* --- what is not there --- */

/* The files of one source: they stand together, in the order of the config. */
struct run {
    const struct tb_input_file *files;
    size_t n;
};

static struct run run_of(const struct tb_input_list *l, const char *source, size_t *at)
{
    struct run r = {l->files + *at, 0};
    while (*at < l->n && strcmp(l->files[*at].source, source) == 0) {
        r.n++;
        (*at)++;
    }
    return r;
}

static bool has_day(struct run r, struct tb_str pattern, int32_t day)
{
    for (size_t i = 0; i < r.n; i++) {
        struct tb_binding b;
        if (r.files[i].date == day && tb_pattern_match(pattern, tb_str_of(r.files[i].path), &b) &&
            b.date == day) {
            return true;
        }
    }
    return false;
}

void tb_source_missing(const struct tb_settings *s, const struct tb_input_list *list, int32_t from_day,
                       int32_t to_day,
                       void (*missing)(void *ctx, const char *source, const char *pattern, int32_t day),
                       void *ctx)
{
    assert(from_day != TB_DAY_NONE && to_day != TB_DAY_NONE);
    size_t at = 0;
    for (int i = 0; i < s->source_count; i++) {
        const struct tb_source_setting *source = &s->sources[i];
        struct run run = run_of(list, source->name, &at);
        for (const char **p = source->paths; *p != NULL; p++) {
            char *tidied = tb_pattern_dated(tb_str_of(*p)) ? malloc(strlen(*p) + 2) : NULL;
            if (tidied == NULL) {
                continue;
            }
            tb_source_tidy(*p, tidied);
            for (int32_t day = from_day; day <= to_day; day++) {
                if (!has_day(run, tb_str_of(tidied), day)) {
                    missing(ctx, source->name, *p, day);
                }
            }
            free(tidied);
        }
    }
}
