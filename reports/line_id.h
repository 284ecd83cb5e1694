/* Concept: the id of a chargeback line: a digest of its day (or range) and keys, the same in every run.
 * Shape:   the first 16 hex digits of SHA-256 over "FROM/TO" and each key as "n:bytes" ("-" = absent).
 */
#ifndef TB_LINE_ID_H
#define TB_LINE_ID_H

#include <stdint.h>
#include "base/str.h"

#define TB_LINE_ID_MAX 17 /* 16 digits and a NUL */
/* team, cost_center, consumer, source, provider, model, basis */
#define TB_LINE_KEYS 7

void tb_line_id(int32_t from_day, int32_t to_day, const struct tb_str key[TB_LINE_KEYS],
                char out[TB_LINE_ID_MAX]);

#endif
