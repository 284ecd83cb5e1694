/* Concept: an exact decimal number, mantissa * 10^exponent, as it was written in a log or a table.
 * Limits:  38 significant digits fit, and those of 39 that 128 bits hold (so that any tb_money is read back);
 *          more, or an exponent outside +-400, is a parse error.
 */
#ifndef TB_DECIMAL_H
#define TB_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

typedef __int128 tb_int128;

struct tb_decimal {
    tb_int128 mantissa;
    int32_t exponent; /* normalised: mantissa has no trailing zero digit; zero is 0 * 10^0 */
};

/* Parses a JSON number ("-1.5e-3") whole. With json_grammar false also "+1", ".5", "5." and surrounding
 * blanks. False when s is not such a number or does not fit. */
bool tb_decimal_parse(struct tb_str s, bool json_grammar, struct tb_decimal *out);

/* The value as int64 when it is a whole number in range. */
bool tb_decimal_int64(const struct tb_decimal *d, int64_t *out);

#endif
