/* Concept: which parts and columns the reports chargeback, checks and rejects have, in the contract's order:
 * one place for their builders, and for reading a kept pack back.
 */
#ifndef TB_SHAPE_H
#define TB_SHAPE_H

#include "reports/table/parts.h"

struct tb_shape_part {
    enum tb_part_kind kind;
    const char *key, *title; /* a value's only column has key too */
    const struct tb_column *columns;
    size_t n;
};

struct tb_shape {
    const char *kind, *title;
    const char *main;                  /* key of the main table */
    const struct tb_shape_part *parts; /* behind the head (schema, from, to, time_zone, currency, tables) */
    size_t n;
};

extern const struct tb_shape tb_shape_chargeback, tb_shape_checks, tb_shape_rejects;

/* The shape of kind; NULL for kinds whose columns depend on the question (usage). */
const struct tb_shape *tb_shape_find(const char *kind);

/* Adds all parts behind the head, empty (values and objects: null), and sets main. */
enum tb_status tb_shape_add(struct tb_report *r, const struct tb_shape *s, struct tb_err *err) TB_MUST_USE;

/* The columns of the parts that builders fill, in order. */
enum {
    TB_LINE_ID,
    TB_LINE_TEAM,
    TB_LINE_COST_CENTER,
    TB_LINE_CONSUMER,
    TB_LINE_SOURCE,
    TB_LINE_PROVIDER,
    TB_LINE_MODEL,
    TB_LINE_BASIS,
    TB_LINE_REQUESTS,
    TB_LINE_ERRORS,
    TB_LINE_INPUT,
    TB_LINE_CACHE_READ,
    TB_LINE_CACHE_WRITE_5M,
    TB_LINE_CACHE_WRITE_1H,
    TB_LINE_OUTPUT,
    TB_LINE_REASONING,
    TB_LINE_TOTAL_ONLY,
    TB_LINE_SAVED,
    TB_LINE_COST
};
enum { TB_TOTAL_REQUESTS, TB_TOTAL_COST = 8, TB_TOTAL_BILLED }; /* between: errors and the six token counts */
enum { TB_TEAM_TEAM, TB_TEAM_COST_CENTER, TB_TEAM_COST, TB_TEAM_SHARED, TB_TEAM_ADJUSTMENTS, TB_TEAM_BILLED };
enum {
    TB_ADJUSTMENT_ORIGINAL_DAY,
    TB_ADJUSTMENT_TEAM,
    TB_ADJUSTMENT_COST_CENTER,
    TB_ADJUSTMENT_WAS,
    TB_ADJUSTMENT_NOW,
    TB_ADJUSTMENT_POSTED,
    TB_ADJUSTMENT_AMOUNT,
    TB_ADJUSTMENT_REASON,
    TB_ADJUSTMENT_REVISION,
    TB_ADJUSTMENT_TABLES_WAS,
    TB_ADJUSTMENT_TABLES_NOW,
    TB_ADJUSTMENT_POSTED_DAY
};
enum { TB_INCOMPLETE_SOURCE, TB_INCOMPLETE_FILE, TB_INCOMPLETE_REASON, TB_INCOMPLETE_BYTE };
enum {
    TB_CHECK_CONTROL,
    TB_CHECK_EXPECTED,
    TB_CHECK_FOUND,
    TB_CHECK_DIFFERENCE,
    TB_CHECK_OK,
    TB_CHECK_INFORMATIVE,
    TB_CHECK_ABOUT
};

#endif
