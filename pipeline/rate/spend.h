/* Concept: what each budget's part of each day cost: by hour, by the values it is allocated by, and the stretches over its
 *          hour limits. Budgets and plans are made of these. Inside rate/, detect/ and plan/.
 * Shape:   billed sources only. Days are reduced already; what is kept of them (spend_day) is read, what is not is made from
 *          the day's cells, and for hour limits from its calls.
 * Owns:    a tb_spends until released.
 * Errors:  TB_FATAL/TB_E_DB, TB_E_MEMORY; TB_FAIL/TB_E_RANGE.
 * Limits:  a pruned day that was not made before has no stretches.
 */
#ifndef TB_SPEND_H
#define TB_SPEND_H

#include "config/settings.h"
#include "config/tables.h"
#include "rate/spend_meter.h"
#include "rate/usage.h"
#include "store/db.h"

struct tb_spend_hour {
    int64_t hour_us;
    tb_money cost;
};

struct tb_spend_key {
    uint32_t value; /* dict id of the allocate_by dimension, 0 = absent */
    tb_money cost;
};

struct tb_spend {
    tb_money cost;
    struct tb_spend_hour *hours; /* ascending; those with cost */
    size_t hour_n, hour_cap;
    struct tb_spend_key *keys; /* ascending; when asked for */
    size_t key_n, key_cap;
    struct tb_stretch *over; /* by start, level */
    size_t over_n, over_cap;
};

struct tb_spends {
    int32_t first_day;
    size_t days, budgets;
    struct tb_spend *spend; /* [budget * days + (day - first_day)] */
};

/* Of all budgets, from_day..to_day (days before the first usage are left out: first_day tells). keys: with their keys. keep:
 * what had to be made is written (in the caller's transaction). */
enum tb_status tb_spends_read(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                              int64_t version, int32_t from_day, int32_t to_day, bool keys, bool keep,
                              struct tb_spends *out, struct tb_err *err) TB_MUST_USE;
void tb_spends_release(struct tb_spends *s);

/* NULL: before the first usage, or not read. */
const struct tb_spend *tb_spends_at(const struct tb_spends *s, size_t budget, int32_t day);

/* Whether all of it is kept: reads only. */
enum tb_status tb_spends_current(struct tb_db *db, const struct tb_settings *s,
                                 const struct tb_tables *tables, int64_t version, int32_t from_day,
                                 int32_t to_day, bool *current, struct tb_err *err) TB_MUST_USE;

/* The first civil day that may have usage; TB_DAY_NONE: none has. */
enum tb_status tb_spend_first_day(struct tb_db *db, const struct tb_settings *s, int32_t *day,
                                  struct tb_err *err) TB_MUST_USE;

/* The budget's dimension; false: blank, or none of an event's. */
bool tb_budget_dim(struct tb_str dimension, enum tb_dim *dim);

#endif
