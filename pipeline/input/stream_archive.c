/* The only file that includes archive.h. Each reader enables exactly the one filter or format that the magic
 * named, so that libarchive never guesses (its mtree and raw bidders would take plain text). */
#include "input/stream_parts.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libarchive over a tb_bytes. */
struct reader {
    struct archive *a;
    struct tb_bytes *below;
    const char *what; /* "xz", "tar", ... */
    enum tb_kind kind;
    size_t nuls;      /* at the end of what was read of a tar */
    const char *data; /* what is left of the entry's block at hand, libarchive's */
    size_t data_n;
    size_t hole;     /* NULs that come before it */
    uint64_t offset; /* of the entry's bytes handed out so far */
};

/* Of a damaged or short zip what libarchive inflates from one block is lost, so blocks are small. */
#define ZIP_BLOCK_BYTES 512

static void count_nuls(struct reader *r, const char *p, size_t n)
{
    size_t at = n;
    while (at > 0 && p[at - 1] == '\0') {
        at--;
    }
    r->nuls = at > 0 ? n - at : r->nuls + n;
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **p)
{
    struct reader *r = ctx;
    size_t n = 0;
    const char *bytes = "";
    enum tb_status st = tb_bytes_block(r->below, &bytes, &n, NULL);
    *p = bytes;
    if (r->kind == TB_KIND_TAR && st == TB_OK) {
        count_nuls(r, bytes, n);
    }
    if (st == TB_FAIL) {
        archive_set_error(a, EIO, "cannot read on");
        return ARCHIVE_FATAL;
    }
    return st == TB_OK ? (la_ssize_t)n : 0;
}

static la_int64_t on_seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
    struct reader *r = ctx;
    (void)a;
    int64_t at = tb_bytes_seek(r->below, offset, whence);
    return at >= 0 ? at : ARCHIVE_FATAL;
}

/* libarchive 3.6.2 has no code for it, only these words. (-5) is zlib's Z_BUF_ERROR: it wants more input. */
static bool says_truncated(const char *msg)
{
    static const char *const words[] = {"truncat", "premature", "unexpected end", "no progress",
                                        "failed (-5)"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasestr(msg, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* libarchive's word for it, sorted into ours. A failure below is told as it is. */
static enum tb_status fail(const struct reader *r, struct tb_err *err)
{
    if (r->below->ended == TB_FAIL) {
        if (err != NULL) {
            *err = r->below->why;
        }
        return TB_FAIL;
    }
    const char *msg = archive_error_string(r->a);
    msg = msg != NULL ? msg : "no reason given";
    const char *kept =
        strcmp(r->what, "7z") == 0
            ? "a 7z file lists what it holds at its end, so that nothing of a cut one can be read"
            : "what came before was read";
    uint64_t at = r->below->root->given;
    enum tb_status st;
    if (archive_errno(r->a) == ENOMEM) {
        st = tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory for %s data", r->what);
    } else if (says_truncated(msg)) {
        st = tb_err_set(err, TB_FAIL, TB_E_TRUNCATED,
                        "the %s data ends early at byte %llu (%s); %s; the whole file completes it", r->what,
                        (unsigned long long)at, msg, kept);
    } else if (strcasestr(msg, "encrypt") != NULL || strcasestr(msg, "passphrase") != NULL) {
        st = tb_err_set(err, TB_FAIL, TB_E_CORRUPT, "the %s data is encrypted; decrypt it first", r->what);
    } else {
        st = tb_err_set(err, TB_FAIL, TB_E_CORRUPT,
                        "the %s data is damaged near byte %llu (%s); %s; copy the file again", r->what,
                        (unsigned long long)at, msg, kept);
    }
    if (err != NULL) {
        err->byte = at;
    }
    return st;
}

static int enable(struct archive *a, enum tb_kind kind)
{
    switch (kind) {
    case TB_KIND_XZ:
        return archive_read_support_filter_xz(a);
    case TB_KIND_BZIP2:
        return archive_read_support_filter_bzip2(a);
    case TB_KIND_ZSTD:
        return archive_read_support_filter_zstd(a);
    case TB_KIND_LZ4:
        return archive_read_support_filter_lz4(a);
    case TB_KIND_TAR:
        return archive_read_support_format_tar(a);
    case TB_KIND_ZIP:
        return archive_read_support_format_zip(a);
    case TB_KIND_7Z:
        return archive_read_support_format_7zip(a);
    case TB_KIND_PLAIN:
    case TB_KIND_GZIP:
        break;
    }
    assert(0);
    return ARCHIVE_FATAL;
}

static enum tb_status reader_open(struct reader *r, struct tb_bytes *below, enum tb_kind kind,
                                  struct tb_err *err)
{
    r->below = below;
    r->kind = kind;
    r->what = tb_kind_name(kind);
    r->a = archive_read_new();
    if (r->a == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    /* ARCHIVE_WARN would mean an outside program: not wanted. */
    bool ok = enable(r->a, kind) == ARCHIVE_OK;
    if (ok && tb_kind_compressed(kind)) {
        ok = archive_read_support_format_raw(r->a) == ARCHIVE_OK &&
             archive_read_support_format_empty(r->a) == ARCHIVE_OK;
    }
    if (!ok) {
        return tb_err_set(err, TB_FAIL, TB_E_UNBUILT,
                          "this libarchive cannot read %s data; install one that can", r->what);
    }
    if (kind == TB_KIND_ZIP && below->block == NULL) {
        below->block_cap = ZIP_BLOCK_BYTES;
    }
    archive_read_set_read_callback(r->a, on_read);
    if (below->ops->seek != NULL) {
        archive_read_set_seek_callback(r->a, on_seek);
    }
    archive_read_set_callback_data(r->a, r);
    return archive_read_open1(r->a) == ARCHIVE_OK ? TB_OK : fail(r, err);
}

static void reader_close(struct reader *r)
{
    archive_read_free(r->a);
}

/* The entry's next block. A sparse file's holes are NULs, like in the plain file. archive_read_data is of no use here: it
 * fills its buffer from many blocks, and when a later one fails, forgets the ones before. */
static enum tb_status next_block(struct reader *r, struct tb_err *err)
{
    const void *p = NULL;
    size_t n = 0;
    la_int64_t at = 0;
    int got;
    do {
        got = archive_read_data_block(r->a, &p, &n, &at);
    } while (got == ARCHIVE_RETRY ||
             ((got == ARCHIVE_OK || got == ARCHIVE_WARN) && n == 0 && (uint64_t)at <= r->offset));
    if (got == ARCHIVE_EOF && (uint64_t)at <= r->offset) {
        return TB_END;
    }
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN && got != ARCHIVE_EOF) {
        return fail(r, err);
    }
    if ((uint64_t)at < r->offset) {
        return tb_err_set(err, TB_FAIL, TB_E_CORRUPT,
                          "the %s data is damaged: a member's parts overlap; copy the file again", r->what);
    }
    r->hole = (size_t)((uint64_t)at - r->offset);
    r->data = p;
    r->data_n = got == ARCHIVE_EOF ? 0 : n;
    return TB_OK;
}

static void reader_entry(struct reader *r)
{
    r->data_n = r->hole = 0;
    r->offset = 0;
}

/* Data of the current entry. WARN: data came, with a complaint that does not concern bytes. */
static enum tb_status reader_data(struct reader *r, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    if (r->hole == 0 && r->data_n == 0) {
        enum tb_status st = next_block(r, err);
        if (st != TB_OK) {
            return st;
        }
    }
    size_t *left = r->hole > 0 ? &r->hole : &r->data_n;
    *n = *left < cap ? *left : cap;
    if (r->hole > 0) {
        memset(dst, 0, *n);
    } else {
        memcpy(dst, r->data, *n);
        r->data += *n;
    }
    *left -= *n;
    r->offset += *n;
    return TB_OK;
}

/* --- one compressed stream --- */

struct filter {
    struct tb_bytes b;
    struct reader r;
    bool begun;
};

static enum tb_status filter_begin(struct filter *f, enum tb_kind kind, struct tb_err *err)
{
    struct archive_entry *entry;
    enum tb_status st = reader_open(&f->r, f->r.below, kind, err);
    if (st != TB_OK) {
        return st;
    }
    int got = archive_read_next_header(f->r.a, &entry);
    return got == ARCHIVE_EOF ? TB_END : got == ARCHIVE_OK || got == ARCHIVE_WARN ? TB_OK : fail(&f->r, err);
}

static enum tb_status filter_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    return reader_data(&((struct filter *)b)->r, dst, cap, n, err);
}

static void filter_close(struct tb_bytes *b)
{
    struct filter *f = (struct filter *)b;
    reader_close(&f->r);
    tb_bytes_release(b);
    free(f);
}

static const struct tb_bytes_ops filter_ops = {filter_read, NULL, filter_close};

enum tb_status tb_bytes_open_filter(struct tb_bytes *below, enum tb_kind kind, struct tb_bytes **out,
                                    struct tb_err *err)
{
    assert(tb_kind_compressed(kind) && kind != TB_KIND_GZIP);
    *out = NULL;
    struct filter *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    tb_bytes_init(&f->b, &filter_ops, below->root);
    f->r.below = below;
    /* A damaged beginning is no failure to open: it comes when the bytes are read. Of nothing libarchive makes nothing. */
    f->b.ended =
        tb_bytes_peek(below).n > 0
            ? filter_begin(f, kind, &f->b.why)
            : tb_err_set(&f->b.why, TB_FAIL, TB_E_TRUNCATED,
                         "the %s data ends early at byte 0; the whole file completes it", tb_kind_name(kind));
    *out = &f->b;
    return TB_OK;
}

/* --- an archive --- */

struct tb_archive {
    struct tb_bytes member;
    struct reader r;
    enum tb_status ended;
    struct tb_err why;
    uint64_t index; /* of the member, from 1 */
    char fallback[32];
};

static enum tb_status member_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct tb_archive *a = (struct tb_archive *)b;
    return reader_data(&a->r, dst, cap, n, err);
}

static const struct tb_bytes_ops member_ops = {member_read, NULL, NULL};

enum tb_status tb_archive_open(struct tb_bytes *below, enum tb_kind kind, struct tb_archive **out,
                               struct tb_err *err)
{
    assert(tb_kind_archive(kind));
    *out = NULL;
    if (kind == TB_KIND_7Z && below->ops->seek == NULL) {
        return tb_err_set(
            err, TB_FAIL, TB_E_LIMIT,
            "a 7z archive cannot be read from a pipe or from inside another archive; unpack it first");
    }
    struct tb_archive *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    tb_bytes_init(&a->member, &member_ops, below->root);
    a->ended = reader_open(&a->r, below, kind, &a->why);
    *out = a;
    return TB_OK;
}

void tb_archive_close(struct tb_archive *a)
{
    if (a != NULL) {
        reader_close(&a->r);
        tb_bytes_release(&a->member);
        free(a);
    }
}

struct tb_bytes *tb_archive_bytes(struct tb_archive *a)
{
    return &a->member;
}

/* The name as UTF-8 where libarchive can say it (in the C locale it cannot for every name), else by number.
 */
static struct tb_str entry_name(struct tb_archive *a, struct archive_entry *e)
{
    const char *name = archive_entry_pathname_utf8(e);
    name = name != NULL ? name : archive_entry_pathname(e);
    if (name == NULL || name[0] == '\0') {
        snprintf(a->fallback, sizeof a->fallback, "member-%llu", (unsigned long long)a->index);
        name = a->fallback;
    }
    return tb_str_of(name);
}

static enum tb_status check_entry(struct tb_archive *a, struct archive_entry *e, struct tb_str name,
                                  struct tb_err *err)
{
    if (name.n > TB_NAME_MAX) {
        return tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                          "member %llu of the %s archive has a name of %zu bytes; at most %d",
                          (unsigned long long)a->index, a->r.what, name.n, TB_NAME_MAX);
    }
    if (archive_entry_is_encrypted(e)) {
        return tb_err_set(err, TB_FAIL, TB_E_CORRUPT, "member \"%s\" is encrypted; decrypt the archive first",
                          name.s);
    }
    return TB_OK;
}

/* A folder, a link (its target is a member too, or lies outside) or a device holds no lines. */
static bool is_file(struct archive_entry *e)
{
    bool link = archive_entry_hardlink(e) != NULL && archive_entry_size(e) == 0;
    return archive_entry_filetype(e) == AE_IFREG && !link;
}

/* A tar ends with blocks of NULs. libarchive does without them; but a tar cut between two members looks just like that. */
static enum tb_status check_end(const struct reader *r, struct tb_err *err)
{
    if (r->kind != TB_KIND_TAR || r->below->ended == TB_OK || r->nuls >= 512) {
        return TB_END;
    }
    enum tb_status st =
        tb_err_set(err, TB_FAIL, TB_E_TRUNCATED,
                   "the tar data ends at byte %llu without its end mark; what came before was read; the "
                   "whole file completes it",
                   (unsigned long long)r->below->root->given);
    if (err != NULL) {
        err->byte = r->below->root->given;
    }
    return st;
}

static enum tb_status next_entry(struct tb_archive *a, struct tb_str *name, uint64_t *entries,
                                 struct tb_err *err)
{
    for (;;) {
        struct archive_entry *e;
        int got;
        do {
            got = archive_read_next_header(a->r.a, &e);
        } while (got == ARCHIVE_RETRY);
        if (got == ARCHIVE_EOF) {
            return check_end(&a->r, err);
        }
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN) {
            return fail(&a->r, err);
        }
        a->index++;
        if (++*entries > TB_ARCHIVE_ENTRIES_MAX) {
            return tb_err_set(err, TB_FAIL, TB_E_LIMIT, "the %s archive has more than %d entries; split it",
                              a->r.what, TB_ARCHIVE_ENTRIES_MAX);
        }
        if (is_file(e)) {
            *name = entry_name(a, e);
            return check_entry(a, e, *name, err);
        }
    }
}

enum tb_status tb_archive_next(struct tb_archive *a, struct tb_str *name, uint64_t *entries,
                               struct tb_err *err)
{
    if (a->ended == TB_OK) {
        reader_entry(&a->r);
        a->ended = next_entry(a, name, entries, &a->why);
        tb_bytes_restart(&a->member);
    }
    if (a->ended == TB_FAIL && err != NULL) {
        *err = a->why;
    }
    return a->ended;
}
