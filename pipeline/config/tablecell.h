/* Concept: the kinds of cell that the CSV tables have: text, glob, word of a list, whole number, money,
 * interval. Inside config/ only. Each reads column's cell in the current row, checks it, and complains with
 * its place. Owns:    texts are copied into the table's arena. Units:   instants are ts_us; a bare date is
 * the first instant of that civil day in the billing zone. Errors:  TB_FAIL/TB_E_TABLE; a blank cell is an
 * error only where a parameter says so. Limits:  TB_FIELD_BYTES_MAX for texts and globs: a longer one could
 * never match an event's field.
 */
#ifndef TB_TABLECELL_H
#define TB_TABLECELL_H

#include "base/decimal.h"
#include "base/money.h"
#include "config/tablefile.h"

/* out is absent when blank and not required. No control characters. */
enum tb_status tb_tablecell_text(const struct tb_tablefile *t, int column, bool required, struct tb_str *out,
                                 struct tb_err *err) TB_MUST_USE;

/* Free text: may have line ends, and be as long as a cell can be. */
enum tb_status tb_tablecell_note(const struct tb_tablefile *t, int column, struct tb_str *out,
                                 struct tb_err *err) TB_MUST_USE;

enum tb_status tb_tablecell_glob(const struct tb_tablefile *t, int column, bool required, struct tb_str *out,
                                 struct tb_err *err) TB_MUST_USE;

/* The number of the word in words (NULL-ended); if_blank when blank, which is an error when it is below 0. */
enum tb_status tb_tablecell_word(const struct tb_tablefile *t, int column, const char *const *words,
                                 int if_blank, int *out, struct tb_err *err) TB_MUST_USE;

/* A decimal >= 0 in out, and *has true; blank: *has false, which is an error when has is NULL. */
enum tb_status tb_tablecell_decimal(const struct tb_tablefile *t, int column, bool *has,
                                    struct tb_decimal *out, struct tb_err *err) TB_MUST_USE;
enum tb_status tb_tablecell_money(const struct tb_tablefile *t, int column, bool *has, tb_money *out,
                                  struct tb_err *err) TB_MUST_USE;
enum tb_status tb_tablecell_int(const struct tb_tablefile *t, int column, int64_t max, bool *has,
                                int64_t *out, struct tb_err *err) TB_MUST_USE;

/* The half-open interval of two cells, each a date or an RFC 3339 instant (without an offset: civil time of
 * the billing zone); blank = INT64_MIN, INT64_MAX. An interval with nothing in it is an error. */
enum tb_status tb_tablecell_interval(const struct tb_tablefile *t, int from_column, int to_column,
                                     int64_t *from_us, int64_t *to_us, struct tb_err *err) TB_MUST_USE;

/* Budgets, adjustments: dimension (blank = everything) and the glob that its values match (blank = all of
 * them); a match without a dimension is an error, but for "*". */
enum tb_status tb_tablecell_dimension(const struct tb_tablefile *t, int dimension_column, int match_column,
                                      struct tb_str *dimension, struct tb_str *match,
                                      struct tb_err *err) TB_MUST_USE;

/* " from 2026-01-01" for messages, "" when from_us is INT64_MIN; returns out. */
#define TB_TABLECELL_SINCE_MAX 48
const char *tb_tablecell_since(const struct tb_tablefile *t, int64_t from_us,
                               char out[TB_TABLECELL_SINCE_MAX]);

#endif
