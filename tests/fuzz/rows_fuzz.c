/* Any bytes as a CSV log: lines, rows joined over quoted newlines, each row through the formats that read CSV. No line
 * vanishes and none comes twice; a joined row has the header's width; events keep their invariants. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/extract.h"
#include "format/format.h"
#include "input/lines.h"
#include "input/unwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tb_format_set *set;
static struct tb_extractor *extractors[64];
static size_t extractor_n;

static void set_up(void)
{
    struct tb_err err;
    if (set != NULL) {
        return;
    }
    assert(tb_format_set_new(NULL, &set, &err) == TB_OK);
    for (size_t i = 0; i < tb_format_count(set) && extractor_n < 64; i++) {
        if (tb_format_at(set, i)->delimited) {
            extractors[extractor_n++] = tb_extractor_new(tb_format_at(set, i));
        }
    }
    assert(extractor_n > 0);
}

struct counts {
    uint64_t lines, last;
    bool apart; /* a record was cut short: its lines cannot be counted */
};

static void take(struct tb_unwrap *u, struct tb_extractor *x, struct counts *c)
{
    struct tb_record r;
    struct tb_outcome out;
    while (tb_unwrap_next(u, &r)) {
        c->lines++;
        c->apart = c->apart || r.reject != NULL;
        for (size_t i = 0; i < r.text.n; i++) {
            c->lines += r.text.s[i] == '\n';
        }
        assert(r.line > c->last || strcmp(tb_unwrap_kind(u), "plain") != 0);
        c->last = r.line;
        if (r.reject == NULL && r.text.n > 0) {
            tb_extract(x, r.text, &out);
            for (uint32_t i = 0; out.kind == TB_OUTCOME_EVENTS && i < out.n; i++) {
                assert(tb_event_check(&out.events[i]) == NULL);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    set_up();
    if (size < 1) {
        return 0;
    }
    struct tb_unwrap *u = tb_unwrap_new();
    struct tb_extractor *x = extractors[data[0] / 2 % extractor_n];
    struct counts c = {0};
    uint64_t line = 0;
    tb_extractor_start(x);
    for (size_t at = 1; at < size;) {
        const uint8_t *nl = memchr(data + at, '\n', size - at);
        size_t end = nl != NULL ? (size_t)(nl - data) : size, n = end - at;
        char *own = calloc(1, n + 16);
        memcpy(own, data + at, n);
        n -= n > 0 && own[n - 1] == '\r';
        tb_unwrap_push(u, &(struct tb_line){.text = {own, n}, .line = ++line, .byte = at - 1}, false);
        take(u, x, &c);
        free(own);
        at = end + 1;
    }
    tb_unwrap_end(u, data[0] % 2 == 1);
    take(u, x, &c);
    assert(c.apart || c.lines == line || strcmp(tb_unwrap_kind(u), "plain") != 0);
    tb_unwrap_free(u);
    return 0;
}
