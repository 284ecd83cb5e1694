#include "input/stream_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 1952. The header and the trailer are read byte by byte here: they are a few bytes per member, and
 * ISA-L 2.30 refuses a header with FHCRC that is split across input buffers. */

enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, FRESERVED = 0xe0 };

enum part { HEADER, BODY, TRAILER, BETWEEN, PADDING };

struct gzip {
    struct tb_bytes b;
    struct tb_bytes *below;
    struct tb_inflate *z;
    uint64_t data_at; /* where this member's deflate data begins */
    uint64_t out;     /* bytes of this member handed out */
    uint64_t skip;    /* bytes of it to pass over, when it is inflated once more */
    enum part part;
    const unsigned char *p; /* what is left of the current block of below */
    size_t n;
    uint64_t at;             /* offset of p in the compressed bytes */
    unsigned char unused[8]; /* taken by the inflater, not its own */
    size_t unused_at, unused_n;
    uint64_t member; /* from 1 */
    uint32_t crc;
    uint32_t size;       /* modulo 2^32, as in ISIZE */
    uint32_t header_crc; /* of the header so far */
    size_t header_n;     /* its bytes */
};

static enum tb_status fail(const struct gzip *g, enum tb_code code, uint64_t at, const char *what,
                           struct tb_err *err)
{
    const char *advice = code == TB_E_TRUNCATED ? "what came before was read; the whole file completes it"
                                                : "what came before was read; copy the file again";
    enum tb_status st = tb_err_set(err, TB_FAIL, code, "%s at byte %llu (gzip member %llu); %s", what,
                                   (unsigned long long)at, (unsigned long long)g->member, advice);
    if (err != NULL) {
        err->byte = at;
    }
    return st;
}

/* More input: TB_END at the end of below. */
static enum tb_status refill(struct gzip *g, struct tb_err *err)
{
    const char *p;
    enum tb_status st = tb_bytes_block(g->below, &p, &g->n, err);
    if (st == TB_OK) {
        g->p = (const unsigned char *)p;
    } else {
        g->n = 0;
    }
    return st;
}

static enum tb_status next_byte(struct gzip *g, unsigned char *c, struct tb_err *err)
{
    if (g->unused_at < g->unused_n) {
        *c = g->unused[g->unused_at++];
        g->at++;
        return TB_OK;
    }
    if (g->n == 0) {
        enum tb_status st = refill(g, err);
        if (st != TB_OK) {
            return st;
        }
    }
    *c = *g->p++;
    g->n--;
    g->at++;
    return TB_OK;
}

/* A byte of a header: in its CRC, and its absence is a truncation. */
static enum tb_status header_byte(struct gzip *g, unsigned char *c, struct tb_err *err)
{
    enum tb_status st = next_byte(g, c, err);
    if (st == TB_OK) {
        g->header_crc = tb_inflate_crc32(g->header_crc, c, 1);
    }
    if (++g->header_n > TB_GZIP_HEADER_MAX) {
        return fail(g, TB_E_LIMIT, g->at, "a gzip header longer than 256 KiB (its name or comment)", err);
    }
    return st == TB_END ? fail(g, TB_E_TRUNCATED, g->at, "the gzip data ends early, inside a header,", err)
                        : st;
}

static enum tb_status header_skip(struct gzip *g, size_t n, struct tb_err *err)
{
    unsigned char c;
    enum tb_status st = TB_OK;
    while (n-- > 0 && st == TB_OK) {
        st = header_byte(g, &c, err);
    }
    return st;
}

static enum tb_status header_text(struct gzip *g, struct tb_err *err)
{
    unsigned char c = 1;
    enum tb_status st = TB_OK;
    while (c != 0 && st == TB_OK) {
        st = header_byte(g, &c, err);
    }
    return st;
}

static enum tb_status header_u16(struct gzip *g, uint32_t *v, struct tb_err *err)
{
    unsigned char lo = 0, hi = 0;
    enum tb_status st = header_byte(g, &lo, err);
    if (st == TB_OK) {
        st = header_byte(g, &hi, err);
    }
    *v = (uint32_t)lo | (uint32_t)hi << 8;
    return st;
}

static enum tb_status header_options(struct gzip *g, unsigned flags, struct tb_err *err)
{
    enum tb_status st = TB_OK;
    uint32_t n = 0;
    if ((flags & FEXTRA) != 0) {
        st = header_u16(g, &n, err);
        if (st == TB_OK) {
            st = header_skip(g, n, err);
        }
    }
    if (st == TB_OK && (flags & FNAME) != 0) {
        st = header_text(g, err);
    }
    if (st == TB_OK && (flags & FCOMMENT) != 0) {
        st = header_text(g, err);
    }
    if (st == TB_OK && (flags & FHCRC) != 0) {
        uint32_t want = g->header_crc & 0xffff;
        st = header_u16(g, &n, err);
        if (st == TB_OK && n != want) {
            st = fail(g, TB_E_CORRUPT, g->at - 2, "the gzip header's checksum is wrong", err);
        }
    }
    return st;
}

/* The whole header. The first magic byte was taken already when taken is 1. */
static enum tb_status read_header(struct gzip *g, size_t taken, struct tb_err *err)
{
    static const unsigned char first[3] = {0x1f, 0x8b, 8};
    unsigned char c = 0;
    uint64_t start = g->at - taken;
    g->member++;
    g->header_n = 0;
    g->header_crc = taken == 1 ? tb_inflate_crc32(0, first, 1) : 0;
    for (size_t i = taken; i < sizeof first; i++) {
        enum tb_status st = header_byte(g, &c, err);
        if (st != TB_OK) {
            return st;
        }
        if (c != first[i]) {
            return i == 2 ? fail(g, TB_E_CORRUPT, g->at - 1, "an unknown gzip compression method", err)
                   : g->member > 1
                       ? fail(g, TB_E_CORRUPT, start, "trailing garbage behind the gzip data", err)
                       : fail(g, TB_E_CORRUPT, start, "a damaged gzip header", err);
        }
    }
    enum tb_status st = header_byte(g, &c, err);
    if (st == TB_OK && (c & FRESERVED) != 0) {
        return fail(g, TB_E_CORRUPT, g->at - 1, "unknown flags in the gzip header", err);
    }
    if (st == TB_OK) {
        st = header_skip(g, 6, err); /* time, extra flags, system: of no use here */
    }
    if (st == TB_OK) {
        st = header_options(g, c, err);
    }
    if (st == TB_OK) {
        tb_inflate_reset(g->z);
        g->crc = g->size = 0;
        g->out = g->skip = 0;
        g->data_at = g->at;
        g->part = BODY;
    }
    return st;
}

static enum tb_status read_trailer(struct gzip *g, struct tb_err *err)
{
    unsigned char t[8];
    for (size_t i = 0; i < sizeof t; i++) {
        enum tb_status st = next_byte(g, &t[i], err);
        if (st != TB_OK) {
            return st == TB_END
                       ? fail(g, TB_E_TRUNCATED, g->at, "the gzip data ends early, inside a checksum,", err)
                       : st;
        }
    }
    uint32_t v[2];
    for (size_t i = 0; i < 2; i++) {
        const unsigned char *q = t + 4 * i;
        v[i] = (uint32_t)q[0] | (uint32_t)q[1] << 8 | (uint32_t)q[2] << 16 | (uint32_t)q[3] << 24;
    }
    if (v[0] != g->crc) {
        return fail(g, TB_E_CORRUPT, g->at - 8, "the gzip checksum (crc) is wrong", err);
    }
    if (v[1] != g->size) {
        return fail(g, TB_E_CORRUPT, g->at - 4, "the gzip length is wrong", err);
    }
    g->part = BETWEEN;
    return TB_OK;
}

/* Behind a member: another one, NUL padding to the end (tapes, block devices), or garbage. */
static enum tb_status read_between(struct gzip *g, struct tb_err *err)
{
    unsigned char c;
    enum tb_status st = next_byte(g, &c, err);
    if (st != TB_OK) {
        return st;
    }
    if (c == 0) {
        g->part = PADDING;
        return TB_OK;
    }
    if (c == 0x1f && g->part == BETWEEN) {
        return read_header(g, 1, err);
    }
    return fail(g, TB_E_CORRUPT, g->at - 1, "trailing garbage behind the gzip data", err);
}

/* The data is damaged or short. When the file can be read again, zlib inflates this member once more and says
 * what is good and what is wrong with it, so that both builds deliver the same. False: zlib has spoken
 * already, or cannot. */
static bool second_opinion(struct gzip *g)
{
    if (tb_inflate_is_exact(g->z) || g->below->ops->seek == NULL) {
        return false;
    }
    struct tb_inflate *exact = tb_inflate_new(true);
    if (exact == NULL || tb_bytes_seek(g->below, (int64_t)g->data_at, SEEK_SET) < 0) {
        tb_inflate_free(exact);
        return false;
    }
    tb_inflate_free(g->z);
    g->z = exact;
    g->at = g->data_at;
    g->n = 0;
    g->skip = g->out;
    g->crc = g->size = 0;
    return true;
}

/* Takes what was inflated into the checksums, and out of it what was handed out before. */
static void account(struct gzip *g, char *dst, size_t *n)
{
    g->crc = tb_inflate_crc32(g->crc, dst, *n);
    g->size += (uint32_t)*n;
    if (g->skip > 0) {
        size_t over = *n < g->skip ? *n : (size_t)g->skip;
        g->skip -= over;
        *n -= over;
        memmove(dst, dst + over, *n);
    }
    g->out += *n;
}

static enum tb_status read_body(struct gzip *g, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    if (g->n == 0) { /* an empty block is fine: what the inflater holds back comes first */
        enum tb_status st = refill(g, err);
        if (st == TB_FAIL) {
            return st;
        }
    }
    const unsigned char *before = g->p;
    size_t had = g->n;
    enum tb_inflate_result r = tb_inflate_run(g->z, &g->p, &g->n, dst, cap, n);
    g->at += (uint64_t)(g->p - before);
    bool dry = had == 0 && *n == 0; /* nothing in, nothing out */
    if ((r == TB_INFLATE_BAD || (r == TB_INFLATE_MORE && dry)) && second_opinion(g)) {
        *n = 0;
        return TB_OK;
    }
    account(g, dst, n);
    if (r == TB_INFLATE_DONE) {
        g->unused_at = 0;
        g->unused_n = tb_inflate_unused(g->z, g->unused);
        g->at -= g->unused_n;
        g->part = TRAILER;
        return TB_OK;
    }
    if (r == TB_INFLATE_BAD) {
        return fail(g, TB_E_CORRUPT, g->at, tb_inflate_why(g->z), err);
    }
    return dry ? fail(g, TB_E_TRUNCATED, g->at, "the gzip data ends early", err) : TB_OK;
}

static enum tb_status step(struct gzip *g, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    *n = 0;
    switch (g->part) {
    case HEADER:
        return read_header(g, 0, err);
    case BODY:
        return read_body(g, dst, cap, n, err);
    case TRAILER:
        return read_trailer(g, err);
    case BETWEEN:
    case PADDING:
        break;
    }
    return read_between(g, err);
}

/* Fills dst as far as it goes: a failure behind good bytes waits for the next call. */
static enum tb_status gzip_read(struct tb_bytes *b, char *dst, size_t cap, size_t *n, struct tb_err *err)
{
    struct gzip *g = (struct gzip *)b;
    size_t total = 0;
    enum tb_status st = TB_OK;
    while (st == TB_OK && total < cap) {
        size_t got;
        st = step(g, dst + total, cap - total, &got, err);
        total += got;
    }
    *n = total;
    if (st != TB_OK && total > 0) {
        b->ended = st; /* tb_bytes hands out the bytes first, then this */
        return TB_OK;
    }
    return st;
}

static void gzip_close(struct tb_bytes *b)
{
    struct gzip *g = (struct gzip *)b;
    tb_inflate_free(g->z);
    tb_bytes_release(b);
    free(g);
}

static const struct tb_bytes_ops gzip_ops = {gzip_read, NULL, gzip_close};

enum tb_status tb_bytes_open_gzip(struct tb_bytes *below, struct tb_bytes **out, struct tb_err *err)
{
    *out = NULL;
    struct gzip *g = calloc(1, sizeof *g);
    if (g != NULL) {
        g->z = tb_inflate_new(false);
    }
    if (g == NULL || g->z == NULL) {
        free(g);
        return tb_err_set(err, TB_FAIL, TB_E_MEMORY, "out of memory");
    }
    tb_bytes_init(&g->b, &gzip_ops, below->root);
    g->below = below;
    *out = &g->b;
    return TB_OK;
}
