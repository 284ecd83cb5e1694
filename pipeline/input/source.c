#include "input/source.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "input/source_folder.h"
#include "input/source_parts.h"
#include "input/source_pattern.h"

#define LIST_BYTES_MAX (256u << 20) /* about a million files with their paths */

/* --- the list --- */

void tb_input_list_init(struct tb_input_list *l)
{
    *l = (struct tb_input_list){NULL, 0, NULL};
}

void tb_input_list_release(struct tb_input_list *l)
{
    if (l->arena != NULL) {
        tb_arena_release(l->arena);
        free(l->arena);
    }
    tb_input_list_init(l);
}

enum tb_status tb_source_no_memory(struct tb_err *err)
{
    return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory for the list of input files");
}

/* The array doubles at every power of two. */
enum tb_status tb_source_append(struct tb_input_list *l, struct tb_input_file f, struct tb_err *err)
{
    if (l->arena == NULL) {
        l->arena = malloc(sizeof *l->arena);
        if (l->arena == NULL) {
            return tb_source_no_memory(err);
        }
        tb_arena_init(l->arena, LIST_BYTES_MAX);
    }
    if ((l->n & (l->n - 1)) == 0) {
        struct tb_input_file *more = tb_arena_alloc(l->arena, (l->n > 0 ? 2 * l->n : 1) * sizeof *more);
        if (more == NULL) {
            return tb_source_no_memory(err);
        }
        if (l->n > 0) {
            memcpy(more, l->files, l->n * sizeof *more);
        }
        l->files = more;
    }
    f.path = tb_arena_cstr(l->arena, tb_str_of(f.path));
    f.source = tb_arena_cstr(l->arena, tb_str_of(f.source));
    f.format = f.format != NULL ? tb_arena_cstr(l->arena, tb_str_of(f.format)) : NULL;
    f.node = f.node != NULL ? tb_arena_cstr(l->arena, tb_str_of(f.node)) : NULL;
    if (f.path == NULL || f.source == NULL) {
        return tb_source_no_memory(err);
    }
    l->files[l->n++] = f;
    return TB_OK;
}

static int by_path(const void *a, const void *b)
{
    const struct tb_input_file *x = *(struct tb_input_file *const *)a, *y = *(struct tb_input_file *const *)b;
    int c = strcmp(x->path, y->path);
    return c != 0 ? c : (x > y) - (x < y); /* of equal paths the one found first */
}

/* Sorts one source's files and drops what an earlier pattern found already. */
static enum tb_status sort_from(struct tb_input_list *l, size_t from, struct tb_err *err)
{
    size_t n = l->n - from;
    if (n < 2) {
        return TB_OK;
    }
    struct tb_input_file **order = malloc(n * sizeof *order);
    struct tb_input_file *sorted = malloc(n * sizeof *sorted);
    if (order == NULL || sorted == NULL) {
        free(order);
        free(sorted);
        return tb_source_no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        order[i] = &l->files[from + i];
    }
    qsort(order, n, sizeof *order, by_path);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || strcmp(order[i]->path, sorted[kept - 1].path) != 0) {
            sorted[kept++] = *order[i];
        }
    }
    memcpy(l->files + from, sorted, kept * sizeof *sorted);
    l->n = from + kept;
    free(order);
    free(sorted);
    return TB_OK;
}

/* --- one pattern --- */

struct walk {
    struct tb_input_list *list;
    const struct tb_source_setting *source;
    struct tb_str pattern;
    int32_t from_day, to_day;
    struct tb_folders folders;
    char path[PATH_MAX]; /* as far as the walk has come */
    size_t n;
};

static enum tb_status cannot_read(const char *what, const char *path, struct tb_err *err)
{
    int cause = errno;
    enum tb_status st = tb_err_set(err, TB_FAIL, TB_E_IO,
                                   "cannot read the %s \"%s\": %s; let tollbook read it, or change the paths",
                                   what, path, strerror(cause));
    tb_err_place(err, path, 0, 0);
    return st;
}

static enum tb_status add_file(struct walk *w, const struct stat *st, struct tb_err *err)
{
    struct tb_binding b;
    char node[NAME_MAX + 1];
    struct tb_str path = {w->path, w->n};
    if (!tb_pattern_match(w->pattern, path, &b)) {
        return TB_OK; /* its parts match, but {node} or {date} differ between them */
    }
    if (b.date != TB_DAY_NONE && ((w->from_day != TB_DAY_NONE && b.date < w->from_day) ||
                                  (w->to_day != TB_DAY_NONE && b.date > w->to_day))) {
        return TB_OK;
    }
    if (b.node.n > NAME_MAX) {
        return TB_OK;
    }
    if (b.node.s != NULL) {
        memcpy(node, b.node.s, b.node.n);
        node[b.node.n] = '\0';
    }
    struct tb_input_file f = {.path = w->path,
                              .source = w->source->name,
                              .format = w->source->format,
                              .node = b.node.s != NULL ? node : NULL,
                              .date = b.date};
    if (S_ISREG(st->st_mode)) {
        f.size = st->st_size;
        f.mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
    }
    return tb_source_append(w->list, f, err);
}

static enum tb_status walk(struct walk *w, const char *rest, struct tb_err *err);

/* The walk has come to w->path, reached by a glob or not. */
static enum tb_status arrive(struct walk *w, const char *rest, bool by_glob, struct tb_err *err)
{
    struct stat st;
    bool last = *rest == '\0';
    if (!last && !by_glob) {
        return walk(w, rest, err);
    }
    if (stat(w->path, &st) != 0) {
        return tb_source_gone(errno) ? TB_OK : cannot_read("file", w->path, err);
    }
    if (!last) {
        return S_ISDIR(st.st_mode) ? walk(w, rest, err) : TB_OK;
    }
    /* A named FIFO is meant; one met by a glob would block the run. */
    bool file = S_ISREG(st.st_mode) || (!by_glob && !S_ISDIR(st.st_mode));
    return file ? add_file(w, &st, err) : TB_OK;
}

static bool enter(struct walk *w, const char *name, size_t n)
{
    if (w->n + 1 + n >= sizeof w->path) {
        return false;
    }
    w->path[w->n++] = '/';
    memcpy(w->path + w->n, name, n);
    w->n += n;
    w->path[w->n] = '\0';
    return true;
}

/* What every name that segment matches begins with. */
static struct tb_str literal_start(struct tb_str segment)
{
    size_t n = 0;
    while (n < segment.n && strchr("*?[{\\", segment.s[n]) == NULL) {
        n++;
    }
    return (struct tb_str){segment.s, n};
}

static enum tb_status walk_glob(struct walk *w, struct tb_str segment, const char *rest, struct tb_err *err)
{
    const char *path = w->n > 0 ? w->path : "/";
    struct tb_folder *folder = tb_folders_hold(&w->folders, path);
    if (folder == NULL) {
        return errno == ENOMEM         ? tb_source_no_memory(err)
               : tb_source_gone(errno) ? TB_OK
                                       : cannot_read("folder", path, err);
    }
    enum tb_status status = TB_OK;
    size_t n = w->n, i, to;
    tb_folder_range(folder, literal_start(segment), &i, &to);
    for (; i < to && status == TB_OK; i++) {
        struct tb_binding b;
        struct tb_str name = tb_str_of(folder->names[i]);
        if (tb_pattern_match(segment, name, &b) && enter(w, name.s, name.n)) {
            status = arrive(w, rest, true, err);
        }
        w->n = n;
        w->path[n] = '\0';
    }
    tb_folder_release(&w->folders, folder);
    return status;
}

/* rest: the pattern's segments still to go. */
static enum tb_status walk(struct walk *w, const char *rest, struct tb_err *err)
{
    while (*rest == '/') {
        rest++;
    }
    size_t n = strcspn(rest, "/"), before = w->n;
    struct tb_str segment = {rest, n};
    rest += n;
    if (!tb_pattern_literal(segment)) {
        return walk_glob(w, segment, rest, err);
    }
    char name[PATH_MAX];
    if (n >= sizeof name) {
        return TB_OK; /* no such file can be */
    }
    tb_pattern_unescape(segment, name);
    enum tb_status st = enter(w, name, strlen(name)) ? arrive(w, rest, false, err) : TB_OK;
    w->n = before;
    w->path[before] = '\0';
    return st;
}

void tb_source_tidy(const char *pattern, char *out)
{
    size_t n = 0;
    while (*pattern != '\0') {
        size_t part = strcspn(pattern, "/");
        if (part > 0 && !(part == 1 && *pattern == '.')) {
            out[n++] = '/';
            memcpy(out + n, pattern, part);
            n += part;
        }
        pattern += part;
        pattern += *pattern == '/';
    }
    out[n] = '\0';
}

static enum tb_status list_pattern(struct walk *w, const char *pattern, struct tb_err *err)
{
    if (strcmp(pattern, "-") == 0) {
        return tb_source_append(
            w->list,
            (struct tb_input_file){
                .path = "-", .source = w->source->name, .format = w->source->format, .date = TB_DAY_NONE},
            err);
    }
    char *tidied = malloc(strlen(pattern) + 2);
    if (tidied == NULL) {
        return tb_source_no_memory(err);
    }
    tb_source_tidy(pattern, tidied);
    w->pattern = tb_str_of(tidied);
    w->n = 0;
    w->path[0] = '\0';
    enum tb_status st = walk(w, tidied, err);
    free(tidied);
    return st;
}

enum tb_status tb_source_list(const struct tb_settings *s, const char *only, int32_t from_day, int32_t to_day,
                              struct tb_input_list *out, struct tb_err *err)
{
    tb_input_list_init(out);
    struct walk *w = malloc(sizeof *w);
    if (w == NULL) {
        return tb_source_no_memory(err);
    }
    enum tb_status st = TB_OK;
    *w = (struct walk){.list = out, .from_day = from_day, .to_day = to_day};
    for (int i = 0; i < s->source_count && st == TB_OK; i++) {
        w->source = &s->sources[i];
        if (only != NULL && strcmp(only, w->source->name) != 0) {
            continue;
        }
        size_t from = out->n;
        for (const char **p = w->source->paths; *p != NULL && st == TB_OK; p++) {
            st = list_pattern(w, *p, err);
        }
        if (st == TB_OK) {
            st = sort_from(out, from, err);
        }
    }
    tb_folders_free(&w->folders);
    free(w);
    return st;
}
