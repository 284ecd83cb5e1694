/* The two ways to inflate, behind one face: ISA-L (about twice zlib's speed) and zlib. Only raw deflate here;
 * gzip's framing is in stream_gzip.c, because ISA-L neither chains members nor survives every header. On
 * damaged data ISA-L 2.30 is not exact: at a truncation it holds back up to two literals, and at an invalid
 * symbol it counts up to 258 bytes that it never wrote. So zlib is always there too, for the second opinion
 * (stream_gzip.c), and where none can be had, what ISA-L says last is cut. */
#include "input/stream_parts.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if TB_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

#define MATCH_MAX 258 /* RFC 1951: the longest match */

struct tb_inflate {
    const char *why;
    bool exact;
    z_stream zlib;
#if TB_ISAL
    size_t stuck; /* bytes of isal.tmp_out_buffer still to hand out after an error */
    struct inflate_state isal;
#endif
};

bool tb_inflate_is_exact(const struct tb_inflate *z)
{
    return z->exact;
}

const char *tb_inflate_why(const struct tb_inflate *z)
{
    return z->why;
}

/* --- zlib --- */

static uInt clamp(size_t n)
{
    return n < UINT32_MAX ? (uInt)n : UINT32_MAX;
}

static const char *explain_zlib(const char *msg)
{
    static const char *const known[][2] = {
        {"invalid distance too far back", "an invalid deflate distance"},
        {"invalid distance code", "an invalid deflate symbol"},
        {"invalid literal/length code", "an invalid deflate symbol"},
    };
    for (size_t i = 0; msg != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(msg, known[i][0]) == 0) {
            return known[i][1];
        }
    }
    return "an invalid deflate block";
}

static enum tb_inflate_result run_zlib(struct tb_inflate *z, const unsigned char **in, size_t *in_n,
                                       char *dst, size_t cap, size_t *n)
{
    z_stream *s = &z->zlib;
    s->next_in = (Bytef *)(uintptr_t)*in;
    s->avail_in = clamp(*in_n);
    s->next_out = (Bytef *)dst;
    s->avail_out = clamp(cap);
    int ret = inflate(s, Z_NO_FLUSH);
    *in_n -= (size_t)(s->next_in - *in);
    *in = s->next_in;
    *n = (size_t)(s->next_out - (Bytef *)dst);
    if (ret == Z_STREAM_END) {
        return TB_INFLATE_DONE;
    }
    if (ret == Z_OK || ret == Z_BUF_ERROR) {
        return TB_INFLATE_MORE;
    }
    z->why = explain_zlib(s->msg);
    return TB_INFLATE_BAD;
}

#if TB_ISAL

/* --- ISA-L --- */

static const char *explain_isal(int ret)
{
    return ret == ISAL_INVALID_SYMBOL     ? "an invalid deflate symbol"
           : ret == ISAL_INVALID_LOOKBACK ? "an invalid deflate distance"
                                          : "an invalid deflate block";
}

/* After an error ISA-L may hold good bytes that found no room; they come first. */
static size_t unstick(struct tb_inflate *z, char *dst, size_t cap)
{
    size_t n = z->stuck < cap ? z->stuck : cap;
    memcpy(dst, z->isal.tmp_out_buffer + z->isal.tmp_out_processed, n);
    z->isal.tmp_out_processed += (int32_t)n;
    z->stuck -= n;
    return n;
}

/* Forgets the last bytes of n + stuck, those that may never have been written. */
static void distrust(struct tb_inflate *z, size_t *n)
{
    size_t cut = MATCH_MAX;
    size_t stuck = z->stuck < cut ? z->stuck : cut;
    z->stuck -= stuck;
    cut -= stuck;
    *n -= *n < cut ? *n : cut;
}

static enum tb_inflate_result run_isal(struct tb_inflate *z, const unsigned char **in, size_t *in_n,
                                       char *dst, size_t cap, size_t *n)
{
    struct inflate_state *s = &z->isal;
    s->next_in = (uint8_t *)(uintptr_t)*in;
    s->avail_in = clamp(*in_n);
    s->next_out = (uint8_t *)dst;
    s->avail_out = clamp(cap);
    int ret = isal_inflate(s);
    *in_n -= (size_t)(s->next_in - *in);
    *in = s->next_in;
    *n = (size_t)(s->next_out - (uint8_t *)dst);
    if (ret >= 0) {
        return s->block_state == ISAL_BLOCK_FINISH ? TB_INFLATE_DONE : TB_INFLATE_MORE;
    }
    z->why = explain_isal(ret);
    z->stuck = (size_t)(s->tmp_out_valid - s->tmp_out_processed);
    distrust(z, n);
    *n += unstick(z, dst + *n, cap - *n);
    return z->stuck > 0 ? TB_INFLATE_MORE : TB_INFLATE_BAD;
}

#endif

/* --- either --- */

struct tb_inflate *tb_inflate_new(bool exact)
{
    struct tb_inflate *z = malloc(sizeof *z);
    if (z == NULL) {
        return NULL;
    }
    memset(&z->zlib, 0, sizeof z->zlib);
    z->exact = exact || !TB_ISAL;
    if (z->exact && inflateInit2(&z->zlib, -MAX_WBITS) != Z_OK) {
        free(z);
        return NULL;
    }
    tb_inflate_reset(z);
    return z;
}

void tb_inflate_free(struct tb_inflate *z)
{
    if (z != NULL && z->exact) {
        inflateEnd(&z->zlib);
    }
    free(z);
}

void tb_inflate_reset(struct tb_inflate *z)
{
    z->why = NULL;
    if (z->exact) {
        inflateReset(&z->zlib);
        return;
    }
#if TB_ISAL
    isal_inflate_init(&z->isal);
    z->isal.crc_flag = ISAL_DEFLATE;
    z->stuck = 0;
#endif
}

enum tb_inflate_result tb_inflate_run(struct tb_inflate *z, const unsigned char **in, size_t *in_n, char *dst,
                                      size_t cap, size_t *n)
{
    *n = 0;
#if TB_ISAL
    if (!z->exact && z->why != NULL) {
        *n = unstick(z, dst, cap);
        return z->stuck > 0 ? TB_INFLATE_MORE : TB_INFLATE_BAD;
    }
    if (!z->exact) {
        return run_isal(z, in, in_n, dst, cap, n);
    }
#endif
    return z->why != NULL ? TB_INFLATE_BAD : run_zlib(z, in, in_n, dst, cap, n);
}

size_t tb_inflate_unused(const struct tb_inflate *z, unsigned char out[8])
{
    size_t n = 0;
    (void)z;
    (void)out;
#if TB_ISAL
    if (!z->exact) {
        uint64_t bits = z->isal.read_in >> z->isal.read_in_length % 8;
        n = (size_t)(z->isal.read_in_length / 8);
        for (size_t i = 0; i < n; i++, bits >>= 8) {
            out[i] = (unsigned char)bits;
        }
    }
#endif
    return n;
}

uint32_t tb_inflate_crc32(uint32_t crc, const void *p, size_t n)
{
#if TB_ISAL
    return crc32_gzip_refl(crc, p, n);
#else
    return (uint32_t)crc32_z(crc, p, n);
#endif
}
