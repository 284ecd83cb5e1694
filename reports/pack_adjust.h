/* Concept: closed days held against what they were closed with, and what has changed posted into an open day, before its pack.
 * Shape:   every closed day before the open one whose events or table rows changed since it was last looked at is reduced anew
 *          and posted (rate/adjust.h). One that has not changed costs a lookup; one that is pruned, or was packed in
 *          another zone or currency, stays as it is.
 * Errors:  those of tb_reduce_days.
 */
#ifndef TB_PACK_ADJUST_H
#define TB_PACK_ADJUST_H

#include "base/hash.h"
#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

/* Posts into day, which is open; *posted counts rows. Runs its own transaction. */
enum tb_status tb_pack_adjust(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int32_t day, int *posted, struct tb_err *err) TB_MUST_USE;

/* Closed days before `before_day` that have changed since they were last looked at: nothing is posted of it yet. Reads only. */
enum tb_status tb_pack_adjust_pending(struct tb_db *db, const struct tb_settings *s,
                                      const struct tb_tables *tables, int64_t version, int32_t before_day,
                                      int *days, struct tb_err *err) TB_MUST_USE;

/* SHA-256 hex of the adjustments posted into day, as its pack lists them; "" when there are none. */
enum tb_status tb_pack_adjustments(struct tb_db *db, int32_t day, char out[TB_SHA256_HEX],
                                   struct tb_err *err) TB_MUST_USE;

#endif
