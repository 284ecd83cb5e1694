/* Concept: tables of a kept report whose kind has no fixed shape (reports/shape.h): each list of objects in its JSON becomes a part.
 * Shape:   columns are the keys that its rows have, in the order in which they come; an object in a row gives KEY_SUBKEY, a list
 *          of texts their words with blanks between. A list of objects in the rows becomes a part of its own, whose rows
 *          begin with their row's first key. Texts stay texts: the numbers that JSON has as texts are money.
 * Errors:  TB_FATAL/TB_E_MEMORY; TB_FAIL/TB_E_DB where the pack is not what a pack is.
 */
#ifndef TB_KEPT_ROWS_H
#define TB_KEPT_ROWS_H

#include "base/json.h"
#include "reports/table/parts.h"

/* Adds the parts to r and sets its main; r->main stays NULL when no list has a row. */
enum tb_status tb_kept_rows(const struct tb_json *json, const struct tb_json_node *object,
                            struct tb_report *r, struct tb_err *err) TB_MUST_USE;

#endif
