/* Concept: a cell as a person reads it: thousands apart, money with at least two decimals and never rounded,
 * text without anything that steers a terminal. Inside writer/ only.
 */
#ifndef TB_TEXT_CELL_H
#define TB_TEXT_CELL_H

#include "base/buf.h"
#include "reports/table/table.h"

/* Replaces out by the cell's text; null is "-". decimals: money is filled up with blanks to that many places
 * behind the point, so that a column's points stand in one line (0: no filling). */
enum tb_status tb_textcell_format(const struct tb_cell *c, int decimals, struct tb_buf *out,
                                  struct tb_err *err) TB_MUST_USE;

/* How many decimals the cell shows: 0 for what has no point of its own. */
int tb_textcell_decimals(const struct tb_cell *c);

#endif
