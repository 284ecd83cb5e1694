/* Concept: how a finding's number is found again: which statement, for which windows, of whom; and which calls it is about.
 * Shape:   two sets of names and windows: for the statement that says `observed`, and for the list of calls.
 * Owns:    both, until tb_proof_release.
 */
#ifndef TB_PROOF_H
#define TB_PROOF_H

#include "detect/detect.h"
#include "detect/proof_sql.h"

struct tb_proof {
    const char *sql; /* file name of the statement that says observed */
    struct tb_findsql number, calls;
};

/* f as tb_detect_days told it for q's days. */
enum tb_status tb_proof_make(const struct tb_detect_query *q, const struct tb_finding *f,
                             struct tb_proof *out, struct tb_err *err) TB_MUST_USE;
void tb_proof_release(struct tb_proof *p);

#endif
