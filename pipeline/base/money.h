/* Concept: exact money. The only place that multiplies, divides or rounds it.
 * Units:   tb_money is a count of 10^-24 of the currency unit ("yocto") in 128 bits: +-1.7 * 10^14 units, and
 *          a price of 18 decimals per 1,000,000 tokens is still exact.
 * Errors:  overflow is reported (false), never wrapped.
 */
#ifndef TB_MONEY_H
#define TB_MONEY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/decimal.h"
#include "base/str.h"

typedef __int128 tb_money;

#define TB_MONEY_SCALE    24
#define TB_MONEY_TEXT_MAX 48 /* bytes that hold any tb_money as text, NUL included */

/* Exact decimal text ("0.000047", "-3", "0"): no exponent, trailing zeros cut. Returns the length. */
size_t tb_money_format(tb_money m, char out[TB_MONEY_TEXT_MAX]);

/* Parses what tb_money_format and the tables write. False when not exact in 24 decimals or out of range. */
bool tb_money_parse(struct tb_str s, tb_money *out);

/* From a decimal. False when out of range. Digits behind the 24th decimal are rounded half away from zero and
 * *exact is set false (exact may be NULL). */
bool tb_money_from_decimal(const struct tb_decimal *d, tb_money *out, bool *exact);

bool tb_money_add(tb_money a, tb_money b, tb_money *out) __attribute__((warn_unused_result));
bool tb_money_sub(tb_money a, tb_money b, tb_money *out) __attribute__((warn_unused_result));
bool tb_money_mul(tb_money a, int64_t k, tb_money *out) __attribute__((warn_unused_result));

/* a / n rounded half away from zero to decimals places (quotients in reports: 12). n != 0. */
bool tb_money_div(tb_money a, int64_t n, int decimals, tb_money *out) __attribute__((warn_unused_result));

/* m in whole cents, half away from zero; and rounded down (toward minus infinity) with the remainder kept. */
bool tb_money_cents_round(tb_money m, int64_t *cents) __attribute__((warn_unused_result));
bool tb_money_cents_floor(tb_money m, int64_t *cents, tb_money *remainder)
    __attribute__((warn_unused_result));
tb_money tb_money_of_cents(int64_t cents);

/* "12.30": always two decimals. */
size_t tb_cents_format(int64_t cents, char out[TB_MONEY_TEXT_MAX]);

/* num/den as decimal text rounded half away from zero to 6 decimals, trailing zeros cut; den 0 gives length
 * 0. */
size_t tb_ratio_format(tb_int128 num, tb_int128 den, char out[TB_MONEY_TEXT_MAX]);

/* For the spreadsheet edge alone: the nearest double. */
double tb_money_double(tb_money m);

#endif
