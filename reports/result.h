/* Concept: the result of any SQL query, written as table, csv or json: what `tollbook sql` prints.
 * Shape:   json is {"columns":[...],"rows":[[...]]} with integers as numbers, other values as text.
 */
#ifndef TB_RESULT_H
#define TB_RESULT_H

#include "base/buf.h"
#include "store/query.h"

/* Steps q to its end. format: "table", "csv" or "json". */
enum tb_status tb_result_write(struct tb_query *q, const char *format, struct tb_buf *out, struct tb_err *err) TB_MUST_USE;

#endif
