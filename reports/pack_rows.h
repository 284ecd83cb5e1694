/* Concept: the table rows in force during a civil day, as one digest: whether two table versions say the same of that day.
 * Shape:   SHA-256 hex over prices, accounts, quotas and budgets, the tables that packs are made of so far; a table that a pack comes to need
 *          is added here and in pack_same_tables.sql. Intervals are cut to the day, so that a row that ends next month is the row
 *          without end; budgets have none. The order of rows, their lines, notes and spelling ("3.0", per 1000) do not count, but the
 *          order of accounts does: of two rows of a team the first gives the GL account.
 * Errors:  TB_FATAL/TB_E_MEMORY.
 */
#ifndef TB_PACK_ROWS_H
#define TB_PACK_ROWS_H

#include "base/hash.h"
#include "base/zone.h"
#include "config/tables.h"

enum tb_status tb_pack_rows(const struct tb_tables *t, const struct tb_zone *zone, int32_t day,
                            char out[TB_SHA256_HEX], struct tb_err *err) TB_MUST_USE;

#endif
