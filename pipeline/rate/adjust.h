/* Concept: what closed days came to later, in cents, posted into an open day (table adjustment).
 * Shape:   a closed day's difference, by team and cost centre, is the day recomputed, minus its closed revision, minus what other
 *          days were charged of it already. Both sides are rounded days, so that closed revision + adjustments = the day
 *          recomputed, to the cent. A row that stands is changed only by a further difference: a rerun posts nothing.
 *          A reopened day bills itself whole again; its own row takes back what other days were charged of it.
 * Errors:  TB_FATAL/TB_E_DB.
 */
#ifndef TB_ADJUST_H
#define TB_ADJUST_H

#include "store/db.h"

struct tb_adjust {
    int32_t day;        /* the original day */
    int32_t posted_day; /* the open day that is charged */
    const char *reason;
    int64_t tables; /* the version that the original day is reduced with */
    int64_t tables_was,
        tables_now; /* of its closed revision, and the first one that says of it what `tables` does */
};

/* Posts what is due of a closed day, reduced with a->tables; *posted (may be NULL) counts rows. In the caller's
 * transaction, as the other. */
enum tb_status tb_adjust_closed(struct tb_db *db, const struct tb_adjust *a, int *posted,
                                struct tb_err *err) TB_MUST_USE;

/* Takes back, in the open day itself (reduced with tables), what other days were charged of it. */
enum tb_status tb_adjust_reopened(struct tb_db *db, int32_t day, int64_t tables,
                                  struct tb_err *err) TB_MUST_USE;

#endif
