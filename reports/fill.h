/* Concept: rows of a query into rows of a table: column i of the statement's `-- out:` to the table's column
 * to[i].
 */
#ifndef TB_FILL_H
#define TB_FILL_H

#include "reports/table/table.h"
#include "store/query.h"

/* Sets column of the last row from the query's column i, by the table's type; null stays null. */
enum tb_status tb_fill_cell(struct tb_table *t, size_t column, const struct tb_query *row, int i,
                            struct tb_err *err) TB_MUST_USE;

/* Sets columns from first on, one per column of the query, in the last row. */
enum tb_status tb_fill_row(struct tb_table *t, size_t first, const struct tb_query *row,
                           struct tb_err *err) TB_MUST_USE;

/* Steps the query to its end; each of its rows becomes a row of t, filled from column 0 on. */
enum tb_status tb_fill_rows(struct tb_table *t, struct tb_query *query, struct tb_err *err) TB_MUST_USE;

#endif
