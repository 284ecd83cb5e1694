/* Concept: a civil day's rollups, rebuilt whole from events, prices and accounts when what they were built
 * from differs: usage_cell, charge_cell, settlement, reduced_day (schemas/store). Shape:   billed and
 * unbilled sources are both reduced; settlement and charge_cell hold billed ones only. Errors:
 * TB_FATAL/TB_E_DB; TB_FAIL/TB_E_RANGE; TB_FAIL/TB_E_USAGE when a pruned day would have to be rebuilt.
 */
#ifndef TB_REDUCE_H
#define TB_REDUCE_H

#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

/* Makes the rollups of days from_day..to_day current for this table version (in the caller's transaction).
 * *rebuilt (may be NULL) counts the days built anew. */
enum tb_status tb_reduce_days(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int32_t from_day, int32_t to_day, int *rebuilt,
                              struct tb_err *err) TB_MUST_USE;

/* Whether they are all current: reads only. */
enum tb_status tb_reduce_current(struct tb_db *db, const struct tb_settings *s, int64_t version,
                                 int32_t from_day, int32_t to_day, bool *current,
                                 struct tb_err *err) TB_MUST_USE;

/* The day's rollups, and what budgets keep of them, are out of date: they are made anew when they are wanted next (in the
 * caller's transaction). For days that are not pruned. */
enum tb_status tb_reduce_forget(struct tb_db *db, int32_t day, struct tb_err *err) TB_MUST_USE;

/* Whether source (a name) is billed: the config's word; sources that are not configured (adhoc) are billed.
 */
bool tb_source_billed(const struct tb_settings *s, struct tb_str source);

/* Which sources are not billed, as a digest of their names; "" when all are. What a day is charged depends on it. */
#define TB_UNBILLED_MAX 32
void tb_source_unbilled(const struct tb_settings *s, char out[TB_UNBILLED_MAX]);

#endif
