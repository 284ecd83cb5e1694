/* Concept: what quota, budget and plan need of the database beside the asked days: earlier days reduced, days replayed. Made
 *          current (with the lock) only when it is not.
 */
#ifndef TB_READY_H
#define TB_READY_H

#include "cmd/session.h"

struct tb_ready {
    int32_t from_day, to_day; /* become reduced */
    int32_t replay_to;        /* quotas are replayed up to that day; TB_DAY_NONE: not */
    bool spends;              /* what budgets spent in these days is kept */
};

/* s is open for a report (tb_session_report). */
enum tb_status tb_ready(struct tb_session *s, const struct tb_ready *want, struct tb_err *err) TB_MUST_USE;

/* The same for findings of the days; then opens the database to write, when no other run holds the lock, so that what detectors
 * remember of a day is kept for the next report. */
enum tb_status tb_ready_findings(struct tb_session *s, int32_t from_day, int32_t to_day,
                                 struct tb_err *err) TB_MUST_USE;

#endif
