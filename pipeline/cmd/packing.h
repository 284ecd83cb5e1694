/* Concept: bringing packs up to date, as `run` does every night and `prune` before events go.
 * Errors:  those of tb_pack_write; a withheld pack is none (*code becomes TB_EXIT_CONTROL, and it is said).
 */
#ifndef TB_PACKING_H
#define TB_PACKING_H

#include "cmd/session.h"
#include "reports/pack.h"

/* Does any stored line, or adjustment of a closed day, fall in the civil day? */
enum tb_status tb_packing_has_lines(struct tb_session *s, int32_t day, bool *has,
                                    struct tb_err *err) TB_MUST_USE;

/* Is the day neither closed nor pruned, so that it may be charged with what closed days came to? */
enum tb_status tb_packing_is_open(struct tb_session *s, int32_t day, bool *open,
                                  struct tb_err *err) TB_MUST_USE;

/* What closed days came to since is charged to an open day. */
enum tb_status tb_packing_adjust(struct tb_session *s, int32_t day, struct tb_err *err) TB_MUST_USE;

/* Reduces and packs an open day. again: where a control total disagrees its sums are made anew from the events, once. *written
 * false: withheld, and it is said what to do. */
enum tb_status tb_packing_write(struct tb_session *s, int32_t day, bool again, struct tb_pack_result *result,
                                bool *written, int *code, struct tb_err *err) TB_MUST_USE;

/* Before the events of from_day..*to_day go: their packs are made current, and what closed days among them came to is charged to a
 * later open day. Where that cannot be (a control total disagrees) *to_day becomes the day before, and it is said. */
enum tb_status tb_packing_before_prune(struct tb_session *s, int32_t from_day, int32_t *to_day, int *code,
                                       struct tb_err *err) TB_MUST_USE;

#endif
