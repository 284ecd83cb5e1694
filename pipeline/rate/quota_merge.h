/* Concept: windows of several days into one list: a window that many days speak of is told as the last of them told it.
 *          Inside rate/ only.
 * Shape:   add days in ascending order, then finish.
 */
#ifndef TB_QUOTA_MERGE_H
#define TB_QUOTA_MERGE_H

#include "rate/quota_replay.h"

struct tb_quota_merge {
    struct tb_db *db;
    int64_t from_us, to_us; /* of the asked days */
    bool
        behind; /* the day being added lies behind the asked ones: it only completes windows that reach into it */
    bool before; /* or before them: only windows that reach into them count */
    struct tb_tuples keys, bad_keys;
    struct tb_quota_out *rows;
    bool *global;
    size_t row_cap, global_cap, bad_cap;
    struct tb_quota_violation *bad;
    struct tb_arena *arena;
};

enum tb_status tb_quota_merge_init(struct tb_quota_merge *m, struct tb_db *db, int64_t from_us, int64_t to_us,
                                   struct tb_err *err) TB_MUST_USE;
void tb_quota_merge_release(struct tb_quota_merge *m);
/* ctx is a tb_quota_merge */
enum tb_status tb_quota_merge_window(void *ctx, const struct tb_quota_kept *k,
                                     struct tb_err *err) TB_MUST_USE;
enum tb_status tb_quota_merge_violation(void *ctx, uint32_t consumer, struct tb_str tier, uint32_t model,
                                        const struct tb_quota_sum *sum, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_quota_merge_finish(struct tb_quota_merge *m, struct tb_quota_result *out,
                                     struct tb_err *err) TB_MUST_USE;

#endif
