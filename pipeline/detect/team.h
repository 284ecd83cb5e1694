/* Concept: consumers judged by two threads, since each is judged by itself. Inside detect/ only.
 * Shape:   consumers are dealt out a few at a time, and what was found is put together in their order: the same list whoever found it.
 *          one judges a consumer with a judge of its thread's own (day, today, out, err, accounts and clocks; all else is shared and only
 *          read); it asks the database for nothing but texts of the digests, which were read before.
 * Owns:    nothing afterwards. *out is the caller's.
 * Errors:  as one; TB_FATAL/TB_E_MEMORY.
 */
#ifndef TB_TEAM_H
#define TB_TEAM_H

#include "detect/judge.h"

enum tb_status tb_team_judge(struct tb_judge *j, const uint32_t *consumer, size_t n, int32_t from_day,
                             enum tb_status (*one)(struct tb_judge *j, uint32_t consumer, int32_t from_day,
                                                   const struct tb_findings *told, struct tb_findings *out),
                             struct tb_findings *out) TB_MUST_USE;

#endif
