/* Concept: a report whose JSON rows hold objects and lists, while its tables stay flat for CSV, text and workbooks: the JSON
 *          is written once, into raw, from the flat tables.
 * Shape:   main columns that begin with "PREFIX_" become one object PREFIX; rows of a child part that agree with a main row in
 *          the child's first columns (those that main has too) become a list in it, named like the part.
 */
#ifndef TB_NEST_H
#define TB_NEST_H

#include "reports/table/parts.h"

struct tb_nest {
    const char *list;   /* the key that main's rows have in JSON; NULL: the part's own */
    const char *object; /* "crossed", NULL = none */
    const char *child;  /* key of the child part, NULL = none */
    size_t links;       /* its columns that name the main row */
};

/* Fills r->raw; main's rows are in their last order. */
enum tb_status tb_nest(struct tb_report *r, const struct tb_nest *nest, struct tb_err *err) TB_MUST_USE;

#endif
