/* Concept: which of 64 bytes of JSON text stand behind an escaping backslash: of a run of backslashes every second one escapes.
 * Shape:   masks, bit i = byte i. *carry: the byte before these was such a backslash (0 or 1; 0 where a string begins); set for the
 *          next 64.
 * Source:  simdjson, json_escape_scanner.h, 2023; the idea after Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
 *          2019, section 3.1.1: an addition carries along each run.
 */
#ifndef TB_ESCAPED_H
#define TB_ESCAPED_H

#include <stdint.h>

static inline __attribute__((always_inline)) uint64_t tb_escaped(uint64_t backslash, uint64_t *carry)
{
    const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
    if ((backslash | *carry) == 0) {
        return 0;
    }
    uint64_t free = backslash & ~*carry;
    uint64_t ends =
        ((free << 1 | odd) - free) ^ odd; /* backslashes that escape, and what ends a run behind one */
    uint64_t escaped = ends ^ (backslash | *carry);
    *carry = (ends & backslash) >> 63;
    return escaped;
}

#endif
