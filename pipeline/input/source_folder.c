#include "input/source_folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void folder_free(struct tb_folder *d)
{
    if (d != NULL) {
        for (size_t i = 0; i < d->n; i++) {
            free(d->names[i]);
        }
        free(d->names);
        free(d->path);
        free(d);
    }
}

static bool add_name(struct tb_folder *d, const char *name)
{
    if ((d->n & (d->n - 1)) == 0) { /* doubles at every power of two */
        char **more = realloc(d->names, (d->n > 0 ? 2 * d->n : 1) * sizeof *more);
        if (more == NULL) {
            return false;
        }
        d->names = more;
    }
    d->names[d->n] = strdup(name);
    return d->names[d->n] != NULL && ++d->n > 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* False: errno says why. */
static bool read_names(struct tb_folder *d, DIR *dir)
{
    struct dirent *e;
    while (errno = 0, (e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !add_name(d, e->d_name)) {
            errno = ENOMEM;
            return false;
        }
    }
    if (errno == 0 && d->n > 1) {
        qsort(d->names, d->n, sizeof *d->names, by_name);
    }
    return errno == 0;
}

static struct tb_folder *folder_read(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return NULL;
    }
    struct tb_folder *d = calloc(1, sizeof *d);
    if (d != NULL) {
        d->path = strdup(path);
    }
    errno = ENOMEM;
    if (d == NULL || d->path == NULL || !read_names(d, dir)) {
        int why = errno;
        folder_free(d);
        d = NULL;
        errno = why;
    }
    int why = errno;
    closedir(dir);
    errno = why;
    return d;
}

/* A place for one more: a free one, or that of the folder nobody used for longest; NULL: all are held. */
static struct tb_folder **place(struct tb_folders *f)
{
    struct tb_folder **oldest = NULL;
    for (int i = 0; i < TB_FOLDERS_KEPT; i++) {
        struct tb_folder **k = &f->kept[i];
        if (*k == NULL) {
            return k;
        }
        oldest = (*k)->held == 0 && (oldest == NULL || (*k)->used < (*oldest)->used) ? k : oldest;
    }
    return oldest;
}

struct tb_folder *tb_folders_hold(struct tb_folders *f, const char *path)
{
    struct tb_folder *d = NULL;
    for (int i = 0; i < TB_FOLDERS_KEPT && d == NULL; i++) {
        d = f->kept[i] != NULL && strcmp(f->kept[i]->path, path) == 0 ? f->kept[i] : NULL;
    }
    if (d == NULL) {
        d = folder_read(path);
        struct tb_folder **k = d != NULL ? place(f) : NULL;
        if (k != NULL) {
            folder_free(*k);
            *k = d;
        }
    }
    if (d != NULL) {
        d->held++;
        d->used = ++f->clock;
    }
    return d;
}

void tb_folder_release(struct tb_folders *f, struct tb_folder *folder)
{
    assert(folder->held > 0);
    folder->held--;
    for (int i = 0; i < TB_FOLDERS_KEPT; i++) {
        if (f->kept[i] == folder) {
            return;
        }
    }
    folder_free(folder); /* found no place */
}

void tb_folders_free(struct tb_folders *f)
{
    for (int i = 0; i < TB_FOLDERS_KEPT; i++) {
        folder_free(f->kept[i]);
        f->kept[i] = NULL;
    }
}

/* The first name that is not before prefix; after: that does not begin with it either. */
static size_t bound(const struct tb_folder *d, struct tb_str prefix, bool after)
{
    size_t from = 0, to = d->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int c = strncmp(d->names[mid], prefix.s, prefix.n);
        if (c < 0 || (after && c == 0)) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return from;
}

void tb_folder_range(const struct tb_folder *folder, struct tb_str prefix, size_t *from, size_t *to)
{
    *from = bound(folder, prefix, false);
    *to = bound(folder, prefix, true);
}
