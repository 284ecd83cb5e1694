/* Concept: what quota, budget and plan need of the database beside the asked days: earlier days reduced, days replayed. Made
 *          current (with the lock) only when it is not.
 */
#ifndef TB_READY_H
#define TB_READY_H

#include "cmd/session.h"

/* s is open for a report (tb_session_report). from_day..to_day become reduced; with replay_to other than TB_DAY_NONE quotas
 * are replayed up to that day. */
enum tb_status tb_ready(struct tb_session *s, int32_t from_day, int32_t to_day, int32_t replay_to,
                        struct tb_err *err) TB_MUST_USE;

#endif
