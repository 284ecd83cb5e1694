/* Concept: days that a run closes by itself (close_after_days), and closings that were killed half-way.
 */
#ifndef TB_CLOSE_H
#define TB_CLOSE_H

#include "cmd/session.h"

/* After the packs: finishes killed closings; closes each day that is close_after_days old, was never closed or reopened by
 * hand, and whose pack stands and is up to date. *code becomes 4 when a day's controls disagree. */
enum tb_status tb_close_due(struct tb_session *s, int *code, struct tb_err *err) TB_MUST_USE;

#endif
