/* Concept: whose event it is: the account row in force at ts with most literal characters of the consumer,
 * then one with a source. No row: team "(unassigned)". Owns:    a tb_accountbook until freed; it borrows
 * tables. Memoised by consumer and source keys; one thread at a time.
 */
#ifndef TB_ACCOUNT_H
#define TB_ACCOUNT_H

#include "base/status.h"
#include "config/tables.h"

struct tb_accountbook;
enum tb_status tb_accountbook_new(const struct tb_tables *tables, struct tb_accountbook **out,
                                  struct tb_err *err) TB_MUST_USE;
void tb_accountbook_free(struct tb_accountbook *b);

/* The row, or NULL (unassigned). Keys as in price.h. */
const struct tb_account_row *tb_account_find(struct tb_accountbook *b, int64_t ts_us, uint32_t consumer_key,
                                             struct tb_str consumer, uint32_t source_key,
                                             struct tb_str source);
/* The same from memory, without texts; false when it has to be found. */
bool tb_account_known(const struct tb_accountbook *b, int64_t ts_us, uint32_t consumer_key,
                      uint32_t source_key, const struct tb_account_row **out);
void tb_account_call(const struct tb_accountbook *b, uint32_t consumer_key,
                     uint32_t source_key); /* into the cache */
#define TB_TEAM_UNASSIGNED "(unassigned)"

#endif
