/* Concept: which calls were in the runs of alike prompts that a finding tells of, as stretches of time in which every call with a
 *          prompt from one address was: so that they can be named without the prompts, or their fingerprints.
 * Shape:   one pass over the finding's last day, which sees what the digest saw.
 * Owns:    the caller frees *out.
 */
#ifndef TB_MEMBERS_H
#define TB_MEMBERS_H

#include "config/settings.h"
#include "config/tables.h"
#include "detect/finding.h"
#include "store/db.h"

struct tb_member_span {
    int64_t from_us, to_us; /* half-open */
    uint32_t ip;            /* dict id, 0 = none */
};

enum tb_status tb_members_find(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                               const struct tb_finding *f, struct tb_member_span **out, size_t *n,
                               struct tb_err *err) TB_MUST_USE;

#endif
