/* Concept: the dimensions of an event as numbers, and back as texts: what usage.c groups and filters by.
 * Inside rate/ only. Shape:   a code is the civil day, the hour's first instant in us, the dict id, or for
 * team and cost centre a number given here; absent is TB_CODE_ABSENT. Owns:    a tb_usage_keys until
 * released; it borrows the reader and the filters.
 */
#ifndef TB_USAGE_KEY_H
#define TB_USAGE_KEY_H

#include "rate/reading.h"
#include "rate/usage.h"

#define TB_CODE_ABSENT INT64_MIN
#define TB_ACCOUNT_OF_CELL                                                                                   \
    UINT32_MAX /* a reading's account: team and cost centre are cell_team, cell_cost_center */

/* One --where, and what it said of the codes met so far. */
struct tb_usage_filter {
    struct tb_where where;
    bool asked; /* last_code and last_passes say something */
    int64_t last_code;
    bool last_passes;
    uint8_t *said; /* by dict id or team number: 0 not asked, 1 no, 2 yes */
    size_t said_cap;
};

struct tb_usage_keys {
    struct tb_reader *reader;
    struct tb_str *names; /* teams and cost centres, by number */
    size_t name_n, name_cap;
    int64_t *team, *cost_center; /* codes by account number */
    int64_t cell_team, cell_cost_center;
    struct tb_usage_filter *filters;
    size_t filter_n;
    bool names_source; /* a filter does */
    uint32_t source;   /* the last block's */
    bool source_billed;
};

enum tb_status tb_usage_keys_init(struct tb_usage_keys *k, struct tb_reader *r, const struct tb_where *where,
                                  size_t where_n, struct tb_err *err) TB_MUST_USE;
void tb_usage_keys_release(struct tb_usage_keys *k);

/* The code of dim for the event that the reader has just taken. */
int64_t tb_usage_code(const struct tb_usage_keys *k, const struct tb_reading *e, enum tb_dim dim);

/* The code of a team's or cost centre's text. */
enum tb_status tb_usage_name(struct tb_usage_keys *k, struct tb_str text, int64_t *code,
                             struct tb_err *err) TB_MUST_USE;

/* The text of a code; buf holds texts that are made. */
struct tb_str tb_usage_text(const struct tb_usage_keys *k, enum tb_dim dim, int64_t code,
                            char buf[TB_TS_TEXT_MAX]);

/* *passes: whether every filter lets the event through, and its source is billed or named by a filter. */
enum tb_status tb_usage_passes(struct tb_usage_keys *k, const struct tb_reading *e, bool *passes,
                               struct tb_err *err) TB_MUST_USE;

/* The same of row i of a block that has these columns at least. */
uint64_t tb_usage_columns(const struct tb_usage_keys *k);
enum tb_status tb_usage_passes_row(struct tb_usage_keys *k, const struct tb_block *b, uint32_t i,
                                   bool *passes, struct tb_err *err) TB_MUST_USE;

#endif
