/* Concept: what each event costs and whose it is, as columns of usage_event: cost, basis, team, cost_center, billed.
 * Owns:    a tb_worth until tb_worth_free, which ends the columns; it borrows db, settings and tables.
 */
#ifndef TB_WORTH_H
#define TB_WORTH_H

#include "config/settings.h"
#include "config/tables.h"
#include "store/db.h"

struct tb_worth;
enum tb_status tb_worth_new(struct tb_db *db, const struct tb_settings *s, const struct tb_tables *tables,
                            struct tb_worth **out, struct tb_err *err) TB_MUST_USE;
void tb_worth_free(struct tb_worth *w); /* before tb_db_close */

#endif
