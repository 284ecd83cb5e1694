/* Concept: what collectors put around a log line, taken off: CRI (P/F parts joined per stream), Docker json-file
 *          (split lines joined per stream), journald -o json, kubectl logs (plain, --prefix, --timestamps),
 *          arrays of records; in any nesting that occurs. And CSV rows whose quoted cells hold newlines, joined
 *          (unwrap_rows.h): such a row's line and byte are those of its first line.
 * Shape:   physical lines in, logical records out. A record is what CONTRACT.md counts as a line. Which wrapper
 *          it is is told per line by what the line is (cheap first byte tests), so mixed files work; `{` that is
 *          none of the wrappers passes through untouched and uncopied. 16 bytes behind every text are readable.
 * Owns:    one join buffer per stream, capped at TB_LINE_MAX (longer: rejected, reason line_too_long).
 * Limits:  nesting 4 wrappers deep; 15 streams waiting for their parts at once, the oldest is given up.
 */
#ifndef TB_UNWRAP_H
#define TB_UNWRAP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/str.h"
#include "input/lines.h"

struct tb_unwrap;

struct tb_record {
    struct tb_str text; /* trimmed of blanks at both ends; "" for a blank line; valid until the next call */
    struct tb_str node; /* the pod that the wrapper names, or absent (then {node} of the path rules) */
    uint64_t line;      /* of the physical line on which the record begins */
    uint64_t byte;      /* its offset in the decompressed member; an array's element has its own */
    const char *reject; /* not NULL: broken, and why: line_too_long, partial_line, no_message */
};

struct tb_unwrap *tb_unwrap_new(void); /* NULL: no memory */
void tb_unwrap_free(struct tb_unwrap *u);
void tb_unwrap_start(struct tb_unwrap *u); /* a new member begins; whatever was pending is forgotten */

/* Takes a physical line (too_long: the one that tb_lines_next rejected). Then tb_unwrap_next gives 0 or more
 * records until it returns false. */
void tb_unwrap_push(struct tb_unwrap *u, const struct tb_line *line, bool too_long);
bool tb_unwrap_next(struct tb_unwrap *u, struct tb_record *out);

/* The member ended, torn: before its end was read. Parts still waiting come out of tb_unwrap_next as rejected
 * "partial_line" (or as records when whole JSON); of CSV rows unwrap_rows.h tells. */
void tb_unwrap_end(struct tb_unwrap *u, bool torn);

/* What has been seen, outermost first: "plain", "cri", "docker", "journald", "kubectl", "cri+array" ... for
 * `formats test` and the ledger. */
const char *tb_unwrap_kind(const struct tb_unwrap *u);

#endif
