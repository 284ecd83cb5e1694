/* Concept: which of two records of one identity rules: the greater payload (tb_payload_compare); of
 *          equal payloads the one on the smaller node (a name before no name, then byte order). A total
 *          maximum, so that arrival cannot matter.
 */
#ifndef TB_RULE_H
#define TB_RULE_H

#include "store/segment.h"

/* > 0 when a rules over b, 0 when neither does: the same record on the same node. */
int tb_rule_rows(struct tb_db *db, const struct tb_row *a, const struct tb_row *b);

/* The same against a stored row; groups PLACE and PAYLOAD of s are decoded. *conflict: the payloads differ
 * (all groups are decoded then). */
enum tb_status tb_rule_stored(struct tb_db *db, const struct tb_row *a, struct tb_segment *s, uint32_t row,
                              int *order, bool *conflict, struct tb_err *err) TB_MUST_USE;

#endif
