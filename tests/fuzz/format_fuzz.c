/* A format file, then lines for it, each ended by 0x01 (no JSON holds one): a file that loads must read whatever lines there
 * are, one that does not must say why, with its place. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "format/extract.h"
#include "format/schema.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void ignore(void *ctx, uint32_t event, const char *name, struct tb_str value, const char *from)
{
    (void)ctx, (void)event, (void)value;
    assert(name != NULL && strlen(from) < 1000);
}

static void one_line(struct tb_extractor *x, const unsigned char *line, size_t n)
{
    struct tb_outcome out;
    char *copy = malloc(n + 16); /* exactly what the interface promises to be readable */
    assert(copy != NULL);
    memcpy(copy, line, n);
    memset(copy + n, '"', 16);
    for (int again = 0; again < 2; again++) { /* read whole, then by its shape */
        tb_extract(x, (struct tb_str){copy, n}, &out);
        assert(out.kind == TB_OUTCOME_EVENTS ? out.n > 0 : out.reason != NULL);
        for (uint32_t i = 0; out.kind == TB_OUTCOME_EVENTS && i < out.n; i++) {
            assert(tb_event_check(&out.events[i]) == NULL);
        }
    }
    tb_extract_explain(x, (struct tb_str){copy, n}, ignore, NULL);
    free(copy);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    struct tb_err err = {.code = TB_E_NONE};
    struct tb_format *f;
    const unsigned char *end = memchr(data, 1, n);
    size_t text = end == NULL ? n : (size_t)(end - data);
    if (tb_schema_load((struct tb_str){(const char *)data, text}, "fuzz.json", &f, &err) != TB_OK) {
        assert(err.code == TB_E_FORMAT && err.text[0] != 0 && err.line > 0);
        return 0;
    }
    struct tb_extractor *x = tb_extractor_new(f);
    assert(x != NULL);
    tb_extractor_start(x);
    for (size_t at = text + 1; at < n;) {
        end = memchr(data + at, 1, n - at);
        size_t length = end == NULL ? n - at : (size_t)(end - data) - at;
        one_line(x, data + at, length);
        at += length + 1;
    }
    tb_extractor_free(x);
    tb_schema_free(f);
    return 0;
}
