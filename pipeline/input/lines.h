/* Concept: physical lines of one member of a stream.
 * Owns:    a tb_lines owns one buffer of TB_BLOCK_BYTES, growing to TB_LINE_MAX only for a long line (and
 *          shrinking again); reused from file to file.
 * Shape:   lines end with \n; a \r before it is cut; the last line may have no \n. line counts from 1; byte is
 *          the offset of the line's first byte in the decompressed member. 16 bytes behind every line are
 *          readable (so that a scanner may load whole vectors); their content is undefined.
 * Errors:  TB_REJECT: a line longer than TB_LINE_MAX (out->text = its first bytes, already skipped; go on);
 *          TB_FAIL: the stream failed; err says why. The unfinished rest before the failure is not handed out.
 */
#ifndef TB_LINES_H
#define TB_LINES_H

#include <stdint.h>
#include "base/status.h"
#include "base/str.h"
#include "input/stream.h"

struct tb_lines;

struct tb_line {
    struct tb_str text; /* valid until the next tb_lines_next or _start */
    uint64_t line;
    uint64_t byte;
    bool unended; /* the member's last bytes, without \n behind */
};

struct tb_lines *tb_lines_new(void); /* NULL: no memory */
void tb_lines_free(struct tb_lines *l);
void tb_lines_start(struct tb_lines *l, struct tb_stream *s); /* at the current member */
enum tb_status tb_lines_next(struct tb_lines *l, struct tb_line *out, struct tb_err *err) TB_MUST_USE;
uint64_t tb_lines_bytes(const struct tb_lines *l); /* decompressed bytes so far */

#endif
