/* Concept: a zone's local hours over the days of a judge, computed once. Inside detect/ only.
 * Shape:   half-hour zones: a UTC hour belongs to the local hour in which it begins.
 */
#ifndef TB_DETECT_CLOCK_H
#define TB_DETECT_CLOCK_H

#include "detect/judge.h"

/* c->zone is set; covers [from_us, to_us). */
enum tb_status tb_local_clock_fill(struct tb_local_clock *c, const struct tb_settings *s, int64_t from_us,
                                   int64_t to_us, struct tb_err *err) TB_MUST_USE;
void tb_local_clock_release(struct tb_local_clock *c);

#endif
