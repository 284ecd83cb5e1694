/* Concept: which of a table's globs match a text, without trying each: globs that are plain texts are looked
 * up, of the others only those whose literal beginning the text has are matched one by one. Price maps have thousands of models
 * by name, accounts thousands of consumers. Owns:    a tb_matcher until tb_matcher_release; it borrows the globs' texts.
 */
#ifndef TB_MATCH_H
#define TB_MATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"

struct tb_matcher {
    struct tb_str *glob; /* absent = any text, also an absent one */
    uint32_t *plain;     /* rows whose glob is a plain text, sorted by it, then by row */
    uint32_t *pattern;   /* the other rows, by length of what is literal at their beginning, then by it */
    size_t *
        lengths; /* those lengths, ascending, each once; first: where its patterns begin (length_n + 1 of them) */
    size_t *first;
    size_t length_n;
    size_t n, plains, patterns;
};

/* globs[i] is the glob of row i; n of them. */
enum tb_status tb_matcher_init(struct tb_matcher *m, const struct tb_str *globs, size_t n,
                               struct tb_err *err) TB_MUST_USE;
void tb_matcher_release(struct tb_matcher *m);

/* Calls each(ctx, row) for every row whose glob matches text; an absent text is matched by "*" too. Stops at the first
 * status that is not TB_OK. */
enum tb_status tb_matcher_each(const struct tb_matcher *m, struct tb_str text,
                               enum tb_status (*each)(void *ctx, uint32_t row, struct tb_err *err), void *ctx,
                               struct tb_err *err) TB_MUST_USE;

#endif
