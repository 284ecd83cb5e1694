/* Concept: advice in the making, out of what the pass has added up. Inside plan/ only.
 */
#ifndef TB_ADVICE_MAKING_H
#define TB_ADVICE_MAKING_H

#include "plan/advice_pass.h"

struct tb_advice_making {
    struct tb_advice *out;
    struct tb_db *db;
    const struct tb_advice_rules *rules;
    const struct tb_tables *tables;
    const char *currency;
};

/* Adds row with its texts; observed and threshold "" = none. */
enum tb_status tb_advice_put(struct tb_advice_making *m, const struct tb_advice_row *row,
                             const char *observed, const char *threshold, const char *evidence,
                             const char *action, struct tb_err *err) TB_MUST_USE;
/* Money for a sentence: six decimals are enough to read. */
const char *tb_advice_told(tb_money v, char out[TB_MONEY_TEXT_MAX]);
enum tb_status tb_advice_no_memory(struct tb_err *err);

/* --- advice_models.c: one row for each consumer and model that a cheaper one is priced for --- */
enum tb_status tb_advice_models(struct tb_advice_making *m, const struct tb_advice_pass *p,
                                struct tb_err *err) TB_MUST_USE;

#endif
