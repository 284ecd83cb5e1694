/* Concept: replayed days as they are kept in the database. Inside rate/ only.
 * Errors:  TB_FATAL/TB_E_DB.
 */
#ifndef TB_QUOTA_STATE_H
#define TB_QUOTA_STATE_H

#include "rate/quota_replay.h"
#include "store/query.h"

struct tb_quota_day {
    int64_t state; /* 0: not kept */
    struct tb_hash128 rules;
    int64_t generation;
    bool same_program;
    struct tb_hash128 carry_in, carry_out;
};

/* The day under these rules; NULL: the one made last, whatever its rules. */
enum tb_status tb_quota_day_find(struct tb_db *db, int32_t day, const struct tb_hash128 *rules,
                                 struct tb_quota_day *out, struct tb_err *err) TB_MUST_USE;
/* *last < *first when no day is kept. */
enum tb_status tb_quota_days(struct tb_db *db, int32_t *first, int32_t *last, struct tb_err *err) TB_MUST_USE;

/* Writes r's day, in place of d->state, which becomes the new one. d's other fields are set by the caller. */
enum tb_status tb_quota_day_put(struct tb_db *db, const struct tb_quota_replay *r, struct tb_quota_day *d,
                                struct tb_err *err) TB_MUST_USE;

/* Calls each for every window; a kept tier lives as long as the call. */
enum tb_status tb_quota_windows_get(struct tb_db *db, int64_t state,
                                    enum tb_status (*each)(void *ctx, const struct tb_quota_kept *k,
                                                           struct tb_err *err),
                                    void *ctx, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_quota_violations_get(struct tb_db *db, int64_t state,
                                       enum tb_status (*each)(void *ctx, uint32_t consumer,
                                                              struct tb_str tier, uint32_t model,
                                                              const struct tb_quota_sum *sum,
                                                              struct tb_err *err),
                                       void *ctx, struct tb_err *err) TB_MUST_USE;

#endif
