/* Concept: the configured "notify" command, which gets the findings of a day as `report anomalies --format json` prints them.
 * Shape:   once for each new revision of a day's pack that has findings; it runs in /bin/sh and is waited for.
 * Errors:  a command that fails is a warning: the pack stands. TB_FAIL/TB_FATAL when the pack cannot be read.
 */
#ifndef TB_NOTIFY_H
#define TB_NOTIFY_H

#include "cmd/session.h"

/* After day's pack was written. */
enum tb_status tb_notify(struct tb_session *s, int32_t day, struct tb_err *err) TB_MUST_USE;

#endif
