/* The scanner and the walk, with every instruction set, must take exactly the lines that the byte-at-a-time reader takes;
 * a line matched by the shape of the lines before it must be read as if it had been read whole; and extraction must survive
 * whatever they take. The first byte chooses the format; 0x01 ends a line (no JSON holds one). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "format/extract.h"
#include "format/format.h"
#include "format/strict.h"
#include "tests/unit/format/same_walk.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static struct tb_format_set *set;
static struct tb_extractor **extractors, **wholes;

static void set_up(void)
{
    struct tb_err err;
    if (set != NULL) {
        return;
    }
    assert(tb_format_set_new(NULL, &set, &err) == TB_OK);
    extractors = calloc(tb_format_count(set), sizeof *extractors);
    wholes = calloc(tb_format_count(set), sizeof *wholes);
    assert(extractors != NULL && wholes != NULL);
    for (size_t i = 0; i < tb_format_count(set); i++) {
        extractors[i] = tb_extractor_new(tb_format_at(set, i));
        wholes[i] = tb_extractor_new(tb_format_at(set, i));
        assert(extractors[i] != NULL && wholes[i] != NULL);
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

static void one_line(struct tb_extractor *x, struct tb_walk *whole, struct tb_str line)
{
    size_t byte;
    const char *reason;
    struct tb_outcome out;
    if (line.n > 0 && (line.s[0] == '{' || line.s[0] == '[')) {
        bool good = tb_strict_check(line, &byte, &reason);
        for (const char *const *isa = tb_scan_isas(); *isa != NULL; isa++) {
            assert(tb_scan_use(*isa));
            assert((tb_walk_whole(whole, line) != TB_WALK_BAD) == good);
            enum tb_walk_end end = tb_walk_line(&x->walk, line);
            assert((end != TB_WALK_BAD) == good);
            assert(end != TB_WALK_OK || same_walk(&x->walk, whole));
        }
        assert(tb_scan_use(tb_scan_isas()[0]));
    }
    tb_extract(x, line, &out);
    check_events(&out);
    tb_extract_explain(x, line, ignore, NULL);
}

/* 0 and 1 are kong and tollbook_event whatever other formats there are, so that seeds stay what they are. */
static size_t format_for(unsigned char choice)
{
    const char *id = choice == 0 ? "kong" : choice == 1 ? "tollbook_event" : NULL;
    size_t i = choice % tb_format_count(set);
    for (size_t k = 0; id != NULL && k < tb_format_count(set); k++) {
        i = strcmp(tb_format_id(tb_format_at(set, k)), id) == 0 ? k : i;
    }
    return i;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    set_up();
    if (n == 0) {
        return 0;
    }
    size_t format = format_for(data[0]);
    struct tb_extractor *x = extractors[format], *whole = wholes[format];
    tb_shapes_free(x->walk.shapes); /* what it has learnt must not make a crash depend on earlier inputs */
    x->walk.shapes = tb_shapes_new();
    assert(x->walk.shapes != NULL);
    tb_extractor_start(x);
    for (size_t at = 1; at <= n;) {
        const unsigned char *end = memchr(data + at, 1, n - at);
        size_t length = end == NULL ? n - at : (size_t)(end - data) - at;
        char *copy = malloc(length + 16); /* exactly what the interface promises to be readable */
        assert(copy != NULL);
        memcpy(copy, data + at, length);
        memset(copy + length, data[0], 16);
        one_line(x, &whole->walk, (struct tb_str){copy, length});
        free(copy);
        at += length + 1;
    }
    return 0;
}
