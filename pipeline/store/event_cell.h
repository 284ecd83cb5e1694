/* Concept: the columns of usage_event: what each is made of, and its value for SQLite.
 */
#ifndef TB_EVENT_CELL_H
#define TB_EVENT_CELL_H

#include "store/events.h"
#include "store/handle.h"

/* The two columns that narrow a scan, by their place in usage_event.sql. */
enum { TB_CELL_DAY = 0, TB_CELL_TS = 1 };

/* The column groups (enum tb_column) of a statement's used columns (SQLite's colUsed mask). */
uint64_t tb_cell_columns(sqlite3_uint64 used);

/* Sets the result of column i for a row of b. */
void tb_cell_give(struct tb_db *db, sqlite3_context *ctx, const struct tb_block *b, uint32_t row, int i);

/* The first instant of a civil day in the zone of tb_db_set_zone. */
int64_t tb_cell_day_start(const struct tb_db *db, int32_t day);

#endif
