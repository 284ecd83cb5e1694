/* Concept: a day's cells as rows: usage_cell, charge_cell, settlement, reduced_day, replacing what the day
 * and version had. Inside rate/ only. Shape:   rows are written in the order of their keys, so that equal
 * events give equal database bytes. Owns:    a tb_reduce_writer until freed; it borrows db, settings and
 * tables.
 */
#ifndef TB_REDUCE_WRITE_H
#define TB_REDUCE_WRITE_H

#include "rate/cell.h"
#include "store/query.h"

/* What a day is reduced from. */
struct tb_reduced {
    int32_t day;
    int64_t version;
    int64_t generation;
    const char *program;
};

enum {
    TB_RQ_USAGE_DROP,
    TB_RQ_CHARGE_DROP,
    TB_RQ_SETTLEMENT_DROP,
    TB_RQ_USAGE_PUT,
    TB_RQ_CHARGE_PUT,
    TB_RQ_SETTLEMENT_PUT,
    TB_RQ_DAY_PUT,
    TB_RQ_COUNT
};

/* What a statement's parameter was bound to last: most values of a sorted row are those of the row before, and a binding
 * by name costs more than the row's insertion. */
#define TB_BOUND_MAX 40
struct tb_bound {
    const char *name;
    int64_t value;
    bool null;
};

struct tb_reduce_writer {
    struct tb_db *db;
    const struct tb_settings *settings;
    const struct tb_tables *tables;
    struct tb_query *query[TB_RQ_COUNT];
    struct tb_bound bound[TB_RQ_COUNT]
                         [TB_BOUND_MAX]; /* by parameter, in the order in which the code binds them */
    uint32_t *team,
        *cost_center;       /* dict ids by account number (row index + 1, 0 = none); team 0 = not asked yet */
    struct tb_tuples teams; /* (team, cost centre) of billed usage */
    tb_money *team_cost;
    size_t team_cap;
    uint32_t source; /* of the last row */
    bool source_billed;
    tb_money cost; /* of the day, billed sources */
    int64_t billed_cents;
};

enum tb_status tb_reduce_writer_init(struct tb_reduce_writer *w, struct tb_db *db,
                                     const struct tb_settings *s, const struct tb_tables *tables,
                                     struct tb_err *err) TB_MUST_USE;
void tb_reduce_writer_release(struct tb_reduce_writer *w);

/* Writes the finished cells c as the day r. */
enum tb_status tb_reduce_writer_put(struct tb_reduce_writer *w, const struct tb_cells *c,
                                    const struct tb_reduced *r, struct tb_err *err) TB_MUST_USE;

/* In reduce_settle.c: rounds w's teams to cents and writes settlement; fills cost and billed_cents. */
enum tb_status tb_reduce_settle(struct tb_reduce_writer *w, const struct tb_reduced *r,
                                struct tb_err *err) TB_MUST_USE;

#endif
