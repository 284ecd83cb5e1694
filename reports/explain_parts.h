/* Concept: what explain_line.c (the line, its price rows) and explain_events.c
 * (its events and files, and whether all adds up) share: the report being made,
 * and the columns that both fill.
 */
#ifndef TB_EXPLAIN_PARTS_H
#define TB_EXPLAIN_PARTS_H

#include "base/embed.h"
#include "rate/price.h"
#include "reports/explain.h"
#include "reports/table/parts.h"
#include "store/query.h"

extern const struct tb_embed tb_embed_reports[];

/* The columns, in the order of explain_line.c's tables. */
/* clang-format off */
enum { WHAT_REQUESTS = 7, WHAT_ERRORS, WHAT_INPUT, WHAT_COST = 17 };
enum { SUM_EVENTS, SUM_COST, SUM_DIFFERENCE, SUM_NOTE };
enum { P_METER, P_LINE, P_PROVIDER, P_MODEL, P_TIER, P_CONTEXT, P_FROM, P_TO, P_PRICE, P_PER, P_QUANTITY, P_COST, P_ARITHMETIC, P_NOTE };
enum { F_FILE, F_NODE, F_FORMAT, F_LINES, F_EVENTS, F_FIRST, F_LAST, F_COST };
enum { E_TS, E_FILE, E_LINE, E_ID, E_STATUS, E_INPUT, E_COST = E_INPUT + 8, E_CHARGE };
/* clang-format on */

/* A file as far as the line has events of it. */
struct tb_explain_file {
    uint32_t file;
    char name[2400];
    size_t row; /* of files */
    int64_t events, first, last;
    tb_money cost;
};

/* What the events came to at one meter and price row. */
struct tb_explain_meter {
    enum tb_meter meter;
    uint64_t line; /* 0: as logged */
    int64_t quantity;
    tb_money cost;
};

struct tb_explaining {
    const struct tb_report_query *q;
    const struct tb_explain_key *key;
    struct tb_table *what, *sums, *prices, *files, *events;
    struct tb_query *file;
    struct tb_explain_file *list;
    size_t n, cap, at;
    struct tb_explain_meter *metered;
    size_t metered_n, metered_cap;
    int64_t found, errors, tokens[8];
    tb_money cost;
};

enum tb_status tb_explain_add_events(struct tb_explaining *x, struct tb_err *err) TB_MUST_USE;
/* After events, prices and the line: tells r when they differ. */
enum tb_status tb_explain_add_sums(struct tb_explaining *x, struct tb_report *r,
                                   struct tb_err *err) TB_MUST_USE;

#endif
