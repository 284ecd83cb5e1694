/* Concept: what each pack said: one row per day and revision, never changed.
 */
#ifndef TB_REVISION_H
#define TB_REVISION_H

#include "base/buf.h"
#include "store/db.h"

/* Keeps pack (the bytes of pack-DAY.json) unless it equals the day's last revision. *revision is its
 * number (from 1), *is_new whether a row was written (in the caller's transaction). */
enum tb_status tb_revision_put(struct tb_db *db, int32_t day, struct tb_str pack, const char *run_id,
                               int64_t tables, int64_t now_us, int64_t *revision, bool *is_new,
                               struct tb_err *err) TB_MUST_USE;

/* The pack of a revision (0 = the last) into out. TB_END when there is none. *revision (may be NULL) its
 * number. */
enum tb_status tb_revision_get(struct tb_db *db, int32_t day, int64_t wanted, struct tb_buf *out,
                               int64_t *revision, struct tb_err *err) TB_MUST_USE;

#endif
