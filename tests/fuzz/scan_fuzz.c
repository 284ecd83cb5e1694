/* The scanner and the walk, with every instruction set, must take exactly the lines that the byte-at-a-time reader takes;
 * and extraction must survive whatever they take. The first byte chooses the format. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "format/extract.h"
#include "format/format.h"
#include "format/strict.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static struct tb_format_set *set;
static struct tb_extractor **extractors;

static void set_up(void)
{
    struct tb_err err;
    if (set != NULL) {
        return;
    }
    assert(tb_format_set_new(NULL, &set, &err) == TB_OK);
    extractors = calloc(tb_format_count(set), sizeof *extractors);
    assert(extractors != NULL);
    for (size_t i = 0; i < tb_format_count(set); i++) {
        extractors[i] = tb_extractor_new(tb_format_at(set, i));
        assert(extractors[i] != NULL);
    }
}

static void check_events(const struct tb_outcome *out)
{
    for (uint32_t i = 0; i < out->n; i++) {
        assert(tb_event_check(&out->events[i]) == NULL);
    }
}

static void ignore(void *ctx, uint32_t event, const char *name, struct tb_str value, const char *from)
{
    (void)ctx, (void)event, (void)name, (void)value, (void)from;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    set_up();
    if (n == 0) {
        return 0;
    }
    struct tb_extractor *x = extractors[data[0] % tb_format_count(set)];
    char *copy = malloc(n - 1 + 16); /* exactly what the interface promises to be readable */
    assert(copy != NULL);
    memcpy(copy, data + 1, n - 1);
    memset(copy + n - 1, data[0], 16);
    struct tb_str line = {copy, n - 1};
    size_t byte;
    const char *reason;
    struct tb_outcome out;
    if (line.n > 0 && (line.s[0] == '{' || line.s[0] == '[')) {
        bool good = tb_strict_check(line, &byte, &reason);
        for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
            assert(tb_scan_use(*isa));
            assert((tb_walk_line(&x->walk, line) != TB_WALK_BAD) == good);
        }
        assert(tb_scan_use(tb_scan_isas()[0]));
    }
    tb_extract(x, line, &out);
    check_events(&out);
    tb_extract_explain(x, line, ignore, NULL);
    free(copy);
    return 0;
}
