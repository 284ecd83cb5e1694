/* Concept: what is kept for a while only: signatures of prompts, for signature_days (pipeline/config/settings.h).
 * Shape:   counted back from the last stored day, not from the clock, so that a history read in later keeps them while it is
 *          looked through. Before they go, detectors have looked at their days and remember what they found.
 */
#ifndef TB_FORGET_H
#define TB_FORGET_H

#include "cmd/session.h"

/* The session's database may be written. */
enum tb_status tb_forget_signatures(struct tb_session *s, struct tb_err *err) TB_MUST_USE;

#endif
