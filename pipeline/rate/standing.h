/* Concept: days that stand reduced, to be reported: living days as the asked table version makes them, pruned days as they were
 *          reduced when their events went, with whatever version that was (table pruned_day).
 * Errors:  TB_FATAL/TB_E_DB; those of tb_reduce_days.
 */
#ifndef TB_STANDING_H
#define TB_STANDING_H

#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

/* Is the day pruned? *version becomes the one that it is told with: then the one that it stands with, else it is left alone. */
enum tb_status tb_standing_find(struct tb_db *db, const struct tb_settings *s, int32_t day, bool *pruned,
                                int64_t *version, struct tb_err *err) TB_MUST_USE;

/* The first pruned day of from_day..to_day; TB_END: none is. */
enum tb_status tb_standing_pruned(struct tb_db *db, const struct tb_settings *s, int32_t from_day,
                                  int32_t to_day, int32_t *day, struct tb_err *err) TB_MUST_USE;

/* The pruned days of from_day..to_day stand from now on as this version has reduced them, unless they do with another (in the
 * caller's transaction). A day between them that had no events is not pruned: it lives when its events come late. */
enum tb_status tb_standing_keep(struct tb_db *db, const struct tb_settings *s, int32_t from_day,
                                int32_t to_day, int64_t version, struct tb_err *err) TB_MUST_USE;

/* Makes days from_day..to_day stand (in the caller's transaction). */
enum tb_status tb_standing_reduce(struct tb_db *db, const struct tb_settings *s,
                                  const struct tb_tables *tables, int64_t version, int32_t from_day,
                                  int32_t to_day, struct tb_err *err) TB_MUST_USE;
/* Whether they do: reads only. */
enum tb_status tb_standing_current(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                   int32_t from_day, int32_t to_day, bool *current,
                                   struct tb_err *err) TB_MUST_USE;

#endif
