/* Any bytes as lines through unwrap: no crash, no endless loop, views that lie in readable memory, and no more record
 * bytes than came in (a wrapper only ever takes away). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "input/unwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t drain(struct tb_unwrap *u, uint64_t last_line)
{
    struct tb_record r;
    size_t n = 0;
    while (tb_unwrap_next(u, &r)) {
        if (r.text.s == NULL || r.line == 0 || r.line > last_line || (r.node.s != NULL && r.node.n > 255)) {
            abort();
        }
        volatile char sink = 0;
        for (size_t i = 0; i < r.text.n + 16; i++) {
            sink = (char)(sink ^ r.text.s[i]);
        }
        if (r.text.n > 0 && (r.text.s[0] == ' ' || r.text.s[r.text.n - 1] == ' ')) {
            abort(); /* not trimmed */
        }
        n += r.text.n;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_unwrap *u = tb_unwrap_new();
    uint64_t line = 0;
    size_t out = 0;
    if (u == NULL) {
        return 0;
    }
    for (size_t at = 0; at < size;) {
        const uint8_t *nl = memchr(data + at, '\n', size - at);
        size_t end = nl != NULL ? (size_t)(nl - data) : size, n = end - at;
        char *own = calloc(1, n + 16); /* exactly, so that reading too far is seen */
        if (own == NULL) {
            break;
        }
        memcpy(own, data + at, n);
        struct tb_line l = {.text = {own, n}, .line = ++line, .byte = at};
        tb_unwrap_push(u, &l, n > 0 && own[0] == '\1');
        out += drain(u, line);
        free(own);
        at = end + 1;
    }
    tb_unwrap_end(u, false);
    out += drain(u, line);
    if (out > size || tb_unwrap_kind(u)[0] == '\0') {
        abort();
    }
    tb_unwrap_free(u);
    return 0;
}
