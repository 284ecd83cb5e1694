/* Concept: the result of any SQL query, written as table, csv or json: what `tollbook sql` prints.
 * Shape:   json is {"rows":[{"column":value,...}]}: integers as numbers, NULL null, all else text; a second column of the same
 *          name is NAME_2. csv: NULL is blank. table: NULL is "-".
 * Errors:  those of the query; TB_E_LIMIT when out, or a table's 1 GiB, is full.
 */
#ifndef TB_RESULT_H
#define TB_RESULT_H

#include "base/buf.h"
#include "store/query.h"

/* Steps q to its end. format: "table", "csv" or "json". */
enum tb_status tb_result_write(struct tb_query *q, const char *format, struct tb_buf *out,
                               struct tb_err *err) TB_MUST_USE;

#endif
