/* Any bytes as one compression or archive, whatever their magic: the first byte says which, and in which steps they come.
 * What comes out ends; a compression gives the same whatever the steps (of damaged data
 * perhaps less), and of a cut one a beginning of the whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "input/stream_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (1u << 20)

struct result {
    char out[OUT_MAX + 65536];
    size_t n;
    enum tb_code code;
};

static void take(struct tb_bytes *b, size_t step, struct result *r)
{
    struct tb_err err = {0};
    size_t n;
    r->n = 0;
    while (r->n < OUT_MAX && tb_bytes_read(b, r->out + r->n, step, &n, &err) == TB_OK) {
        if (n == 0 || n > step) {
            abort();
        }
        r->n += n;
    }
    r->code = r->n < OUT_MAX ? err.code : TB_E_NONE;
    if (r->code != TB_E_NONE && err.text[0] == '\0') {
        abort();
    }
}

static void unpack(enum tb_kind kind, struct tb_str bytes, size_t chunk, size_t step, struct result *r)
{
    struct tb_bytes *memory = NULL, *b = NULL;
    struct tb_err err = {0};
    if (tb_bytes_open_memory(bytes, chunk, &memory, &err) != TB_OK ||
        tb_bytes_open_unpack(memory, kind, &b, &err) != TB_OK) {
        abort();
    }
    take(b, step, r);
    b->ops->close(b);
    memory->ops->close(memory);
}

static void check_compression(enum tb_kind kind, struct tb_str bytes, size_t how)
{
    static struct result whole, steps, cut;
    unpack(kind, bytes, 0, 65536, &whole);
    unpack(kind, bytes, 1 + how % 7, 1 + how * 37 % 5000, &steps);
    size_t n = whole.n < steps.n ? whole.n : steps.n;
    bool refused = whole.code == TB_E_CORRUPT; /* libbz2 does not tell what it wrote of a damaged block */
    if (whole.n < OUT_MAX && steps.n < OUT_MAX &&
        (whole.code != steps.code || (whole.n != steps.n && !refused))) {
        abort();
    }
    unpack(kind, (struct tb_str){bytes.s, bytes.n - bytes.n * (how % 8) / 8}, 0, 65536, &cut);
    n = n < cut.n ? n : cut.n;
    if (memcmp(whole.out, steps.out, n) != 0 || memcmp(whole.out, cut.out, n) != 0 ||
        (cut.n > whole.n && whole.n < OUT_MAX && !refused)) {
        abort();
    }
}

static void read_archive(enum tb_kind kind, struct tb_str bytes, size_t chunk)
{
    static struct result r;
    struct tb_bytes *memory = NULL;
    struct tb_archive *a = NULL;
    struct tb_err err = {0};
    struct tb_str name;
    uint64_t entries = 0;
    if (tb_bytes_open_memory(bytes, chunk, &memory, &err) != TB_OK) {
        abort();
    }
    if (tb_archive_open(memory, kind, &a, &err) != TB_OK) {
        abort();
    }
    enum tb_status st;
    while ((st = tb_archive_next(a, &name, &entries, &err)) == TB_OK) {
        if (name.n == 0 || name.n > TB_NAME_MAX || entries > TB_ARCHIVE_ENTRIES_MAX) {
            abort();
        }
        take(tb_archive_bytes(a), 4096, &r);
    }
    if (st == TB_FAIL && (err.code == TB_E_NONE || err.text[0] == '\0')) {
        abort();
    }
    tb_archive_close(a);
    memory->ops->close(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum tb_kind kinds[] = {TB_KIND_XZ,  TB_KIND_BZIP2, TB_KIND_ZSTD, TB_KIND_LZ4,
                                         TB_KIND_TAR, TB_KIND_ZIP,   TB_KIND_7Z};
    if (size < 2) {
        return 0;
    }
    enum tb_kind kind = kinds[data[0] % (sizeof kinds / sizeof kinds[0])];
    size_t how = data[1];
    struct tb_str bytes = {(const char *)data + 2, size - 2};
    if (tb_kind_compressed(kind)) {
        check_compression(kind, bytes, how);
    } else {
        read_archive(kind, bytes, how % 2 == 0 ? 0 : how);
    }
    return 0;
}
