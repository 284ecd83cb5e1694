/* xz, bzip2 and zstd, each by its own library: at a truncation these give every byte that can be had, where libarchive's
 * filters drop the block they were filling (up to 128 KiB: thousands of lines). Where a library's header is missing at
 * build time, and for lz4 (whose blocks cannot be had in part), libarchive's filter serves (stream_archive.c). */
#include "input/stream_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<lzma.h>)
#include <lzma.h>
#define HAVE_XZ 1
#else
#define HAVE_XZ 0
#endif
#if __has_include(<bzlib.h>)
#include <bzlib.h>
#define HAVE_BZIP2 1
#else
#define HAVE_BZIP2 0
#endif
#if __has_include(<zstd.h>)
#include <zstd.h>
#include <zstd_errors.h>
#define HAVE_ZSTD 1
#else
#define HAVE_ZSTD 0
#endif

#define XZ_MEMORY_MAX (256u << 20) /* xz -9 needs 65 MiB */
#define ZSTD_LOG_MAX  27           /* a window of 128 MiB: zstd -19 needs 8, --ultra --long=27 this */

/* What one step came to. DONE: the data may end here; more is another stream. */
enum result { MORE, DONE, BAD, TOO_BIG };

struct unpack {
    struct tb_bytes b;
    struct tb_bytes *below;
    const struct decoder *decoder;
    const char *in; /* what is left of the current block of below */
    size_t in_n;
    uint64_t at;      /* offset of in in the compressed bytes */
    bool dry;         /* below has ended */
    enum result last; /* of the step before */
    union {
        char none;
#if HAVE_XZ
        lzma_stream xz;
#endif
#if HAVE_BZIP2
        struct {
            bz_stream s;
            bool begun;
        } bzip2;
#endif
#if HAVE_ZSTD
        struct {
            ZSTD_DStream *s;
            size_t wanted; /* bytes that the next block has */
            bool full;     /* more of the last block may wait */
        } zstd;
#endif
    } u;
};

/* step takes from in, puts at most cap bytes (*n) into dst. */
struct decoder {
    enum tb_kind kind;
    bool (*begin)(struct unpack *p);
    enum result (*step)(struct unpack *p, char *dst, size_t cap, size_t *n);
    void (*end)(struct unpack *p);
};

static void took(struct unpack *p, size_t left)
{
    p->at += p->in_n - left;
    p->in += p->in_n - left;
    p->in_n = left;
}

/* --- xz --- */

#if HAVE_XZ

static bool xz_begin(struct unpack *p)
{
    p->u.xz = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_stream_decoder(&p->u.xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
}

static enum result xz_step(struct unpack *p, char *dst, size_t cap, size_t *n)
{
    lzma_stream *s = &p->u.xz;
    s->next_in = (const uint8_t *)p->in;
    s->avail_in = p->in_n;
    s->next_out = (uint8_t *)dst;
    s->avail_out = cap;
    lzma_ret ret = lzma_code(s, p->dry ? LZMA_FINISH : LZMA_RUN);
    took(p, s->avail_in);
    *n = cap - s->avail_out;
    switch (ret) {
    case LZMA_OK:
    case LZMA_BUF_ERROR:
        return MORE;
    case LZMA_STREAM_END:
        return DONE;
    case LZMA_MEMLIMIT_ERROR:
    case LZMA_MEM_ERROR:
        return TOO_BIG;
    default:
        return BAD;
    }
}

static void xz_end(struct unpack *p)
{
    lzma_end(&p->u.xz);
}

#endif

/* --- bzip2 --- */

#if HAVE_BZIP2

static bool bzip2_begin(struct unpack *p)
{
    memset(&p->u.bzip2.s, 0, sizeof p->u.bzip2.s);
    p->u.bzip2.begun = BZ2_bzDecompressInit(&p->u.bzip2.s, 0, 0) == BZ_OK;
    return p->u.bzip2.begun;
}

static void bzip2_end(struct unpack *p)
{
    if (p->u.bzip2.begun) {
        (void)BZ2_bzDecompressEnd(&p->u.bzip2.s);
        p->u.bzip2.begun = false;
    }
}

static enum result bzip2_step(struct unpack *p, char *dst, size_t cap, size_t *n)
{
    bz_stream *s = &p->u.bzip2.s;
    *n = 0;
    if (!p->u.bzip2.begun && !bzip2_begin(p)) { /* behind a stream: the next */
        return TOO_BIG;
    }
    s->next_in = (char *)(uintptr_t)p->in;
    s->avail_in = (unsigned)p->in_n;
    s->next_out = dst;
    s->avail_out = (unsigned)cap;
    int ret = BZ2_bzDecompress(s);
    took(p, s->avail_in);
    *n = cap - s->avail_out;
    if (ret == BZ_STREAM_END) {
        bzip2_end(p);
        return DONE;
    }
    return ret == BZ_OK ? MORE : ret == BZ_MEM_ERROR ? TOO_BIG : BAD;
}

#endif

/* --- zstd --- */

#if HAVE_ZSTD

#define ZSTD_FIRST 5 /* bytes of the smallest frame header */

static bool zstd_begin(struct unpack *p)
{
    p->u.zstd.s = ZSTD_createDStream();
    p->u.zstd.wanted = ZSTD_FIRST;
    return p->u.zstd.s != NULL &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(p->u.zstd.s, ZSTD_d_windowLogMax, ZSTD_LOG_MAX));
}

/* One block a call: a call that fails forgets what it gave before, so that else what is read of damaged data would depend on
 * cap. */
static enum result zstd_step(struct unpack *p, char *dst, size_t cap, size_t *n)
{
    size_t wanted = p->u.zstd.full ? 0 : p->u.zstd.wanted;
    ZSTD_inBuffer in = {p->in, wanted < p->in_n ? wanted : p->in_n, 0};
    ZSTD_outBuffer out = {dst, cap, 0};
    size_t ret = ZSTD_decompressStream(p->u.zstd.s, &out, &in);
    took(p, p->in_n - in.pos);
    *n = out.pos;
    p->u.zstd.full = out.pos == cap && ret != 0;
    p->u.zstd.wanted = ret > 0 ? ret : ZSTD_FIRST;
    if (!ZSTD_isError(ret)) {
        return ret == 0 ? DONE : MORE;
    }
    ZSTD_ErrorCode code = ZSTD_getErrorCode(ret);
    return code == ZSTD_error_frameParameter_windowTooLarge || code == ZSTD_error_memory_allocation ? TOO_BIG
                                                                                                    : BAD;
}

static void zstd_end(struct unpack *p)
{
    ZSTD_freeDStream(p->u.zstd.s);
}

#endif

static const struct decoder decoders[] = {
#if HAVE_XZ
    {TB_KIND_XZ, xz_begin, xz_step, xz_end},
#endif
#if HAVE_BZIP2
    {TB_KIND_BZIP2, bzip2_begin, bzip2_step, bzip2_end},
#endif
#if HAVE_ZSTD
    {TB_KIND_ZSTD, zstd_begin, zstd_step, zstd_end},
#endif
    {TB_KIND_PLAIN, NULL, NULL, NULL},
};

static const struct decoder *decoder_of(enum tb_kind kind)
{
    const struct decoder *d = decoders;
    while (d->begin != NULL && d->kind != kind) {
        d++;
    }
    return d->begin != NULL ? d : NULL;
}

/* --- the layer --- */

static enum tb_status fail(const struct unpack *p, enum result r, struct tb_err *err)
{
    const char *what = tb_kind_name(p->decoder->kind);
    unsigned long long at = p->at;
    enum tb_status st =
        r == BAD ? tb_err_set(err, TB_FAIL, TB_E_CORRUPT,
                              "the %s data is damaged near byte %llu; what came before was read; copy the "
                              "file again",
                              what, at)
        : r == TOO_BIG
            ? tb_err_set(err, TB_FAIL, TB_E_LIMIT,
                         "the %s data wants more memory than a log needs (%u MiB at most), at byte %llu; "
                         "compress it with usual settings",
                         what, XZ_MEMORY_MAX >> 20, at)
            : tb_err_set(err, TB_FAIL, TB_E_TRUNCATED,
                         "the %s data ends early at byte %llu; what came before was read; the whole file "
                         "completes it",
                         what, at);
    if (err != NULL) {
        err->byte = at;
    }
    return st;
}

static enum tb_status step(struct unpack *p, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    *n = 0;
    if (p->in_n == 0 && !p->dry) {
        enum tb_status st = tb_bytes_block(p->below, &p->in, &p->in_n, err);
        if (st == TB_FAIL) {
            p->in_n = 0;
            return st;
        }
        p->dry = st == TB_END;
    }
    if (p->dry && p->in_n == 0) {
        p->in = "";
        if (p->last == DONE) {
            return TB_END;
        }
    }
    enum result r = p->decoder->step(p, dst, cap, n);
    bool stuck = r == MORE && p->dry && p->in_n == 0 && *n == 0;
    p->last = r;
    return r == BAD || r == TOO_BIG || stuck ? fail(p, r, err) : TB_OK;
}

/* Fills dst as far as it goes: a failure behind good bytes waits for the next call. */
static enum tb_status unpack_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct unpack *p = (struct unpack *)b;
    size_t total = 0;
    enum tb_status st = TB_OK;
    while (st == TB_OK && total < cap) {
        size_t got;
        st = step(p, dst + total, cap - total, &got, err);
        total += got;
    }
    *n = total;
    if (st != TB_OK && total > 0) {
        b->ended = st;
        return TB_OK;
    }
    return st;
}

static void unpack_close(struct tb_bytes *b)
{
    struct unpack *p = (struct unpack *)b;
    p->decoder->end(p);
    tb_bytes_release(b);
    free(p);
}

static const struct tb_bytes_ops unpack_ops = {unpack_read, NULL, unpack_close};

enum tb_status tb_bytes_open_unpack(struct tb_bytes *below, enum tb_kind kind, struct tb_bytes **out,
                                    struct tb_err *err)
{
    assert(tb_kind_compressed(kind) && kind != TB_KIND_GZIP);
    const struct decoder *d = decoder_of(kind);
    if (d == NULL) {
        return tb_bytes_open_filter(below, kind, out, err);
    }
    *out = NULL;
    struct unpack *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->decoder = d;
        if (!d->begin(p)) {
            d->end(p);
            free(p);
            p = NULL;
        }
    }
    if (p == NULL) {
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    tb_bytes_init(&p->b, &unpack_ops, below->root);
    p->below = below;
    *out = &p->b;
    return TB_OK;
}
