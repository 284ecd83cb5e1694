#include "input/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/stream_parts.h"

/* Concept: a stack of levels. Level 0 is the file; an archive at level k has its current member at level k
 * + 1. A level is bytes, perhaps compressed (one compression), perhaps an archive. The member being read is
 * the top level that is no archive. */

#define LEVELS (TB_ARCHIVE_DEPTH_MAX + 2)

struct level {
    struct tb_bytes *raw;       /* level 0: the file; else the archive's member, which the archive owns */
    struct tb_bytes *inflated;  /* over raw, or NULL */
    struct tb_bytes *ahead;     /* over inflated, or NULL: only at level 0 */
    struct tb_archive *archive; /* over those, or NULL */
    enum tb_kind compression, kind;
};

struct tb_stream {
    char *path;  /* for errors; NULL in memory */
    bool summed; /* the file's bytes are digested as they are read */
    struct level levels[LEVELS];
    int top;      /* the level that the next member comes from, or that is read */
    bool started; /* the only member of a stream without archive was given */
    uint64_t entries;
    char kind[16];
    char name[LEVELS * (TB_NAME_MAX + 1)];
    size_t name_n[LEVELS]; /* length of the name through each level */
};

static enum tb_status placed(const struct tb_stream *s, enum tb_status st, struct tb_err *err)
{
    if (st == TB_FAIL && s->path != NULL) {
        tb_err_place(err, s->path, 0, 0);
    }
    return st;
}

static struct tb_bytes *bytes_of(const struct level *l)
{
    return l->ahead != NULL ? l->ahead : l->inflated != NULL ? l->inflated : l->raw;
}

static void level_close(struct level *l, bool owns_raw)
{
    tb_archive_close(l->archive);
    if (l->ahead != NULL) { /* before what its thread reads */
        l->ahead->ops->close(l->ahead);
    }
    if (l->inflated != NULL) {
        l->inflated->ops->close(l->inflated);
    }
    if (owns_raw && l->raw != NULL) {
        l->raw->ops->close(l->raw);
    }
    memset(l, 0, sizeof *l);
}

/* Looks at raw's first bytes and stacks what they ask for. nested: how many archives it lies in. */
static enum tb_status level_open(struct level *l, struct tb_bytes *raw, struct tb_str name, int nested,
                                 struct tb_err *err)
{
    enum tb_status st = TB_OK;
    memset(l, 0, sizeof *l);
    l->raw = raw;
    l->compression = tb_kind_of(tb_bytes_peek(raw));
    if (l->compression == TB_KIND_PLAIN) {
        l->compression = tb_kind_of_cut(tb_bytes_peek(raw), name);
    }
    if (tb_kind_compressed(l->compression)) {
        st = l->compression == TB_KIND_GZIP ? tb_bytes_open_gzip(raw, &l->inflated, err)
                                            : tb_bytes_open_unpack(raw, l->compression, &l->inflated, err);
        if (st == TB_OK && nested == 0 &&
            raw->ops->seek != NULL) { /* a pipe's reader must hear of an interrupt */
            st = tb_bytes_open_ahead(l->inflated, &l->ahead, err);
        }
        if (st != TB_OK) {
            return st;
        }
    }
    l->kind = tb_kind_of(tb_bytes_peek(bytes_of(l)));
    if (tb_kind_compressed(l->kind)) {
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                          "it is compressed twice (%s in %s); decompress it once first",
                          tb_kind_name(l->kind), tb_kind_name(l->compression));
    }
    if (tb_kind_archive(l->kind)) {
        if (nested > TB_ARCHIVE_DEPTH_MAX) {
            return tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                              "archives lie more than %d deep in each other; unpack it first",
                              TB_ARCHIVE_DEPTH_MAX);
        }
        st = tb_archive_open(bytes_of(l), l->kind, &l->archive, err);
    }
    return st;
}

static enum tb_status stream_new(struct tb_stream **out, const char *path, struct tb_err *err)
{
    struct tb_stream *s = calloc(1, sizeof *s);
    if (s != NULL && path != NULL) {
        s->path = strdup(path);
    }
    if (s == NULL || (path != NULL && s->path == NULL)) {
        free(s);
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    *out = s;
    return TB_OK;
}

/* Takes root over, also when it fails. */
static enum tb_status stream_begin(struct tb_stream *s, struct tb_bytes *root, struct tb_err *err)
{
    struct level *l = &s->levels[0];
    enum tb_status st = level_open(l, root, tb_str_of(s->path), 0, err);
    if (st == TB_OK) {
        bool both = tb_kind_compressed(l->compression) && l->archive != NULL;
        snprintf(s->kind, sizeof s->kind, "%s%s%s",
                 tb_kind_name(l->archive != NULL ? l->kind : l->compression), both ? "+" : "",
                 both ? tb_kind_name(l->compression) : "");
    }
    return st;
}

static enum tb_status open_path(const char *path, const volatile sig_atomic_t *stop, bool sum,
                                struct tb_stream **out, struct tb_err *err)
{
    struct tb_bytes *root = NULL;
    struct tb_stream *s = NULL;
    *out = NULL;
    enum tb_status st = stream_new(&s, path, err);
    if (st != TB_OK) {
        return st;
    }
    st = tb_bytes_open_file(path, stop, &root, err);
    if (st == TB_OK) {
        s->summed = sum && tb_bytes_sum(root);
        st = stream_begin(s, root, err);
    }
    if (st != TB_OK) {
        st = placed(s, st, err);
        tb_stream_close(s);
        return st;
    }
    *out = s;
    return TB_OK;
}

enum tb_status tb_stream_open(const char *path, const volatile sig_atomic_t *stop, struct tb_stream **out,
                              struct tb_err *err)
{
    return open_path(path, stop, false, out, err);
}

enum tb_status tb_stream_open_summed(const char *path, const volatile sig_atomic_t *stop,
                                     struct tb_stream **out, struct tb_err *err)
{
    return open_path(path, stop, true, out, err);
}

enum tb_status tb_stream_open_memory(struct tb_str bytes, struct tb_stream **out, struct tb_err *err)
{
    struct tb_bytes *root = NULL;
    struct tb_stream *s = NULL;
    *out = NULL;
    enum tb_status st = stream_new(&s, NULL, err);
    if (st == TB_OK) {
        st = tb_bytes_open_memory(bytes, 0, &root, err);
    }
    if (st == TB_OK) {
        st = stream_begin(s, root, err);
    }
    if (st != TB_OK) {
        tb_stream_close(s);
        return st;
    }
    *out = s;
    return TB_OK;
}

void tb_stream_close(struct tb_stream *s)
{
    if (s == NULL) {
        return;
    }
    for (int i = LEVELS - 1; i >= 0; i--) {
        level_close(&s->levels[i], i == 0);
    }
    free(s->path);
    free(s);
}

/* "outer.tar/inner.log": each level's name behind the one it lies in. */
static void add_name(struct tb_stream *s, int level, struct tb_str name)
{
    size_t at = level > 1 ? s->name_n[level - 1] : 0;
    if (level > 1) {
        s->name[at++] = '/';
    }
    assert(name.n <= TB_NAME_MAX && at + name.n < sizeof s->name);
    memcpy(s->name + at, name.s, name.n);
    s->name[at + name.n] = '\0';
    s->name_n[level] = at + name.n;
}

static enum tb_status next_member(struct tb_stream *s, struct tb_err *err)
{
    for (;;) {
        struct level *l = &s->levels[s->top];
        if (l->archive == NULL) { /* the member that was read: back to its archive */
            if (s->top == 0) {
                return TB_END;
            }
            level_close(l, false);
            s->top--;
            continue;
        }
        struct tb_str name;
        enum tb_status st = tb_archive_next(l->archive, &name, &s->entries, err);
        if (st == TB_END && s->top > 0) {
            level_close(l, false);
            s->top--;
            continue;
        }
        if (st != TB_OK) {
            return st;
        }
        s->top++;
        add_name(s, s->top, name);
        st = level_open(&s->levels[s->top], tb_archive_bytes(l->archive), name, s->top, err);
        if (st != TB_OK || s->levels[s->top].archive == NULL) {
            return st;
        }
    }
}

enum tb_status tb_stream_member(struct tb_stream *s, struct tb_str *name, struct tb_err *err)
{
    *name = TB_STR_NULL;
    if (s->levels[0].archive == NULL) {
        bool first = !s->started;
        s->started = true;
        return first ? TB_OK : TB_END;
    }
    enum tb_status st = next_member(s, err);
    if (st == TB_OK) {
        *name = (struct tb_str){s->name, s->name_n[s->top]};
    }
    return placed(s, st, err);
}

enum tb_status tb_stream_read(struct tb_stream *s, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct level *l = &s->levels[s->top];
    assert(l->archive == NULL);
    return placed(s, tb_bytes_read(bytes_of(l), dst, cap, n, err), err);
}

bool tb_stream_ahead(struct tb_stream *s)
{
    struct tb_bytes *ahead = s->levels[0].ahead;
    return ahead != NULL && tb_bytes_run_ahead(ahead);
}

uint64_t tb_stream_raw_bytes(const struct tb_stream *s)
{
    return bytes_of(&s->levels[0])->root->given;
}

enum tb_status tb_stream_sum(struct tb_stream *s, struct tb_hash128 *out, int64_t *size, struct tb_err *err)
{
    struct level *l = &s->levels[0];
    if (!s->summed) {
        return TB_END;
    }
    if (l->ahead != NULL) {
        tb_bytes_hold_ahead(l->ahead, true);
    }
    enum tb_status st = placed(s, tb_bytes_sum_rest(l->raw, out, size, err), err);
    if (l->ahead != NULL) {
        tb_bytes_hold_ahead(l->ahead, false);
    }
    return st;
}

const char *tb_stream_kind(const struct tb_stream *s)
{
    return s->kind;
}

static enum tb_status digest_fd(int fd, int64_t max, struct tb_hash_stream *h, int64_t *size,
                                struct tb_err *err)
{
    char *block = malloc(TB_BLOCK_BYTES);
    if (block == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    ssize_t n;
    *size = 0;
    do {
        int64_t left = max - *size;
        n = pread(fd, block, left < (int64_t)TB_BLOCK_BYTES ? (size_t)left : TB_BLOCK_BYTES, *size);
        if (n > 0) {
            tb_hash_stream_add(h, block, (size_t)n);
            *size += n;
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    free(block);
    return n == 0 ? TB_OK : tb_err_set(err, TB_FAIL, TB_E_IO, "cannot read it: %s", strerror(errno));
}

enum tb_status tb_stream_digest(const char *path, struct tb_hash128 *out, int64_t *size, struct tb_err *err)
{
    return tb_stream_digest_head(path, INT64_MAX, out, size, err);
}

enum tb_status tb_stream_digest_head(const char *path, int64_t max, struct tb_hash128 *out, int64_t *size,
                                     struct tb_err *err)
{
    struct tb_hash_stream *h = tb_hash_stream_new();
    if (h == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    enum tb_status st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        st = tb_err_set(err, TB_FAIL, errno == ENOENT ? TB_E_MISSING : TB_E_IO, "cannot open it: %s",
                        strerror(errno));
    } else {
        st = digest_fd(fd, max, h, size, err);
        close(fd);
    }
    if (st == TB_OK) {
        *out = tb_hash_stream_digest(h);
    } else {
        tb_err_place(err, path, 0, 0);
    }
    tb_hash_stream_free(h);
    return st;
}
