/* Concept: finding two rows of a table that some event could meet at once, without comparing each row with
 * each. Rows are told apart by a group first (what can never meet is in different groups), then sorted by the
 * literal beginning of their glob: two globs can meet only when one beginning starts with the other, so that
 * the search from a row ends at the first row whose beginning does not start with its own. Globs that begin
 * with * are told apart by their literal ends alike, pair by pair. Limits:  rows of one group with different
 * beginnings take n log n steps; rows that all begin with * take n * n short ones: 5,000 take a tenth of a
 * second. meets should look at its cheap conditions first.
 */
#ifndef TB_OVERLAP_H
#define TB_OVERLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

struct tb_overlap_item {
    uint64_t group;      /* a digest is fine: meets rules, group only narrows */
    struct tb_str begin; /* what each text that the row is for begins and ends with */
    struct tb_str end;
    size_t row;
};

/* The item of a row that is for what glob matches; begin and end are unescaped in arena. False without
 * memory. */
bool tb_overlap_glob(struct tb_overlap_item *item, struct tb_arena *arena, uint64_t group, size_t row,
                     struct tb_str glob);

/* The item of a row that is for just this text. */
static inline struct tb_overlap_item tb_overlap_text(uint64_t group, size_t row, struct tb_str text)
{
    return (struct tb_overlap_item){group, text, {NULL, 0}, row};
}

/* Whether rows a and b (a < b) may hold at once. */
typedef bool (*tb_overlap_meets)(const void *context, size_t a, size_t b);

/* The pair of rows that meet with the smallest *b, then the smallest *a < *b; false when there is none. Sorts
 * items. */
bool tb_overlap_find(struct tb_overlap_item *items, size_t n, tb_overlap_meets meets, const void *context,
                     size_t *a, size_t *b);

static inline bool tb_overlap_times(int64_t from_a, int64_t to_a, int64_t from_b, int64_t to_b)
{
    return from_a < to_b && from_b < to_a;
}

/* Whether there is a text that two globs of which absent matches everything both match. */
bool tb_overlap_globs(struct tb_str a, struct tb_str b);

#endif
