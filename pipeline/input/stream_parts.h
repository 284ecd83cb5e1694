/* Concept: what the stream*.c files share: byte sources that stack (file, inflate, archive member), and the two
 *          doors to the libraries (stream_inflate.c: ISA-L or zlib; stream_archive.c: libarchive). Nobody else
 *          includes this but the tests of this folder.
 * Shape:   a tb_bytes is pulled, never pushed. Every layer counts against the same root (the file), so that
 *          expansion is judged end to end.
 * Owns:    a layer does not own the layer below; whoever stacked them closes them, upper ones first.
 * Errors:  sticky: after TB_END or TB_FAIL the same answer comes again. Bytes read before a failure are handed
 *          out first.
 */
#ifndef TB_STREAM_PARTS_H
#define TB_STREAM_PARTS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/hash.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/str.h"

#define TB_PEEK_BYTES 1024 /* one tar header and then some */

struct tb_bytes;

struct tb_bytes_ops {
    /* Up to cap bytes into dst; TB_OK with *n > 0, TB_END, or TB_FAIL. Never called again after the last two.
     * When good bytes and then the end or a failure were met in one call: TB_OK, with b->ended (and *err) set
     * for later. */
    enum tb_status (*read)(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err);
    /* The new position or -1; NULL where the bytes only go forward. */
    int64_t (*seek)(struct tb_bytes *b, int64_t offset, int whence);
    void (*close)(struct tb_bytes *b);
};

struct tb_bytes {
    const struct tb_bytes_ops *ops;
    struct tb_bytes *root; /* the file; a file is its own root */
    uint64_t given; /* bytes that ops->read has produced; of a root: how far into the file it has come */
    enum tb_status ended; /* TB_OK while more may come */
    struct tb_err why;    /* when ended is TB_FAIL */
    char *block;          /* TB_BLOCK_BYTES, only when tb_bytes_block is used */
    size_t block_at, block_n;
    size_t block_cap; /* tests make it small */
    size_t peek_at, peek_n;
    char peek[TB_PEEK_BYTES];
};

void tb_bytes_init(struct tb_bytes *b, const struct tb_bytes_ops *ops, struct tb_bytes *root);
void tb_bytes_release(struct tb_bytes *b); /* the block; ops->close calls it */
void tb_bytes_restart(struct tb_bytes *b); /* forgets what was read: another member begins */

/* Up to TB_PEEK_BYTES of the bytes to come, without taking them. Less when there is no more, or a failure
 * behind. */
struct tb_str tb_bytes_peek(struct tb_bytes *b);
enum tb_status tb_bytes_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n,
                             struct tb_err *err) TB_MUST_USE;
/* The next run of bytes, taken; valid until the next call on b. */
enum tb_status tb_bytes_block(struct tb_bytes *b, const char **p, size_t *n, struct tb_err *err) TB_MUST_USE;
int64_t tb_bytes_seek(struct tb_bytes *b, int64_t offset, int whence);

/* The roots. */
enum tb_status tb_bytes_open_file(const char *path, const volatile sig_atomic_t *stop, struct tb_bytes **out,
                                  struct tb_err *err) TB_MUST_USE;
/* From here on the file's raw bytes are digested as they are read; before anything was. False: a pipe, or no memory. */
bool tb_bytes_sum(struct tb_bytes *b);
/* Digests what was not read, too. The digest is that of all bytes, *size of them. Only where tb_bytes_sum was true. */
enum tb_status tb_bytes_sum_rest(struct tb_bytes *b, struct tb_hash128 *out, int64_t *size,
                                 struct tb_err *err) TB_MUST_USE;
/* chunk: most bytes handed out at once (0 = no such limit), so that tests reach every boundary. */
enum tb_status tb_bytes_open_memory(struct tb_str bytes, size_t chunk, struct tb_bytes **out,
                                    struct tb_err *err) TB_MUST_USE;

/* gzip over below: every member, header and trailer checked. */
enum tb_status tb_bytes_open_gzip(struct tb_bytes *below, struct tb_bytes **out,
                                  struct tb_err *err) TB_MUST_USE;

/* What bytes are, by their magic. */
enum tb_kind {
    TB_KIND_PLAIN,
    TB_KIND_GZIP, /* compressions */
    TB_KIND_XZ,
    TB_KIND_BZIP2,
    TB_KIND_ZSTD,
    TB_KIND_LZ4,
    TB_KIND_TAR, /* archives */
    TB_KIND_ZIP,
    TB_KIND_7Z
};
enum tb_kind tb_kind_of(struct tb_str first);
/* All there is, too little to have a magic: a compression that was cut at its very beginning, when it is called like one
 * (an upload that broke off at 0 bytes); else plain. */
enum tb_kind tb_kind_of_cut(struct tb_str all, struct tb_str name);
const char *tb_kind_name(enum tb_kind k);
static inline bool tb_kind_compressed(enum tb_kind k)
{
    return k >= TB_KIND_GZIP && k <= TB_KIND_LZ4;
}
static inline bool tb_kind_archive(enum tb_kind k)
{
    return k >= TB_KIND_TAR;
}

/* One compression other than gzip, over below: by its own library, or by libarchive. */
enum tb_status tb_bytes_open_unpack(struct tb_bytes *below, enum tb_kind kind, struct tb_bytes **out,
                                    struct tb_err *err) TB_MUST_USE;
/* The same by libarchive; at a truncation its last block, up to 128 KiB, is lost. */
enum tb_status tb_bytes_open_filter(struct tb_bytes *below, enum tb_kind kind, struct tb_bytes **out,
                                    struct tb_err *err) TB_MUST_USE;

/* What below gives, of which another thread may read some blocks ahead, from tb_bytes_run_ahead on (false: it runs, it is at
 * its end, or there is no thread to be had). Below and all under it are then that thread's, but while they are held. It is
 * a root to what stacks on it: given tells how far into the file that has come which was taken, not what was read ahead. */
enum tb_status tb_bytes_open_ahead(struct tb_bytes *below, struct tb_bytes **out,
                                   struct tb_err *err) TB_MUST_USE;
bool tb_bytes_run_ahead(struct tb_bytes *b);
void tb_bytes_hold_ahead(struct tb_bytes *b, bool hold);

/* An archive over below. _next moves to the next regular file; its bytes are then read through
 * tb_archive_bytes (the same object for every member). *entries counts every entry passed, over nested
 * archives too. */
struct tb_archive;
enum tb_status tb_archive_open(struct tb_bytes *below, enum tb_kind kind, struct tb_archive **out,
                               struct tb_err *err) TB_MUST_USE;
enum tb_status tb_archive_next(struct tb_archive *a, struct tb_str *name, uint64_t *entries,
                               struct tb_err *err) TB_MUST_USE;
struct tb_bytes *tb_archive_bytes(struct tb_archive *a);
void tb_archive_close(struct tb_archive *a);

/* Raw deflate, one member at a time. */
struct tb_inflate;
enum tb_inflate_result { TB_INFLATE_MORE, TB_INFLATE_DONE, TB_INFLATE_BAD };
struct tb_inflate *tb_inflate_new(bool exact); /* exact: zlib, whatever the build */
bool tb_inflate_is_exact(const struct tb_inflate *z);
void tb_inflate_free(struct tb_inflate *z);
void tb_inflate_reset(struct tb_inflate *z);
/* Takes from *in, puts into dst; MORE = it needs input or room (whichever ran out). */
enum tb_inflate_result tb_inflate_run(struct tb_inflate *z, const unsigned char **in, size_t *in_n, char *dst,
                                      size_t cap, size_t *n);
/* After DONE: bytes behind the deflate data that were taken already (at most 8). */
size_t tb_inflate_unused(const struct tb_inflate *z, unsigned char out[8]);
const char *tb_inflate_why(const struct tb_inflate *z); /* after BAD */
uint32_t tb_inflate_crc32(uint32_t crc, const void *p, size_t n);

#endif
