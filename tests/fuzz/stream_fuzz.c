/* Any bytes as a file: whatever it looks like, members and reads end, errors are told, and gzip delivers the same bytes
 * however the input is cut into chunks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "input/stream.h"
#include "input/stream_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (4u << 20) /* enough for a fuzzer */

static void read_stream(struct tb_str bytes)
{
    static char buf[65536];
    struct tb_stream *s = NULL;
    struct tb_err err = {0};
    struct tb_str name;
    size_t total = 0, n;
    enum tb_status st = tb_stream_open_memory(bytes, &s, &err);
    while (st == TB_OK && total < OUT_MAX && (st = tb_stream_member(s, &name, &err)) == TB_OK) {
        if (name.s != NULL && name.n > 2 * TB_NAME_MAX + 1) {
            abort();
        }
        while (total < OUT_MAX && (st = tb_stream_read(s, buf, sizeof buf, &n, &err)) == TB_OK) {
            if (n == 0 || n > sizeof buf) {
                abort();
            }
            total += n;
        }
        st = TB_OK; /* also behind a damaged member */
    }
    if (st == TB_FAIL && (err.code == TB_E_NONE || err.text[0] == '\0')) {
        abort();
    }
    tb_stream_close(s);
}

struct result {
    char *out; /* OUT_MAX and one step */
    size_t n;
    enum tb_code code;
};

static void gunzip(struct tb_str bytes, size_t chunk, size_t step, struct result *r)
{
    struct tb_bytes *memory = NULL, *gzip = NULL;
    struct tb_err err = {0};
    size_t n;
    if (tb_bytes_open_memory(bytes, chunk, &memory, &err) != TB_OK ||
        tb_bytes_open_gzip(memory, &gzip, &err) != TB_OK) {
        abort();
    }
    r->n = 0;
    while (r->n < OUT_MAX && tb_bytes_read(gzip, r->out + r->n, step, &n, &err) == TB_OK) {
        r->n += n;
    }
    r->code = r->n < OUT_MAX ? err.code : TB_E_NONE;
    r->n = r->n < OUT_MAX ? r->n : OUT_MAX;
    gzip->ops->close(gzip);
    memory->ops->close(memory);
}

/* The same bytes and the same kind of error. Only in a block whose codes zlib refuses, and ISA-L not, the step decides how
 * much came out before zlib was asked. */
static void compare(const struct result *a, const struct result *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    bool refused = a->code == TB_E_CORRUPT && b->code == TB_E_CORRUPT;
    if (a->code != b->code || (a->n != b->n && !refused) || memcmp(a->out, b->out, n) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[2][OUT_MAX + 65536];
    struct tb_str bytes = {(const char *)data, size};
    read_stream(bytes);
    if (size > 0 && tb_kind_of(bytes) == TB_KIND_GZIP) {
        struct result a = {out[0], 0, TB_E_NONE}, b = {out[1], 0, TB_E_NONE};
        gunzip(bytes, 0, 65536, &a);
        gunzip(bytes, 1 + size % 7, 1 + size % 5000, &b);
        compare(&a, &b);
    }
    return 0;
}
