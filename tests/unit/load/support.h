/* Concept: what the tests of load share: cmocka, a deterministic generator, tiny bounds.
 */
#ifndef TB_TEST_LOAD_SUPPORT_H
#define TB_TEST_LOAD_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "load/bounds.h"

/* splitmix64 */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static inline uint32_t test_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(test_random(state) % n);
}

/* Every bound so small that a few hundred lines reach it. */
static inline struct tb_bounds test_bounds(void)
{
    return (struct tb_bounds){.batch_rows = 7,
                              .batch_rejects = 3,
                              .batch_text_bytes = TB_BOUNDS_EVENT_TEXT_MAX + 200,
                              .batches = 2,
                              .intern_texts = 20,
                              .intern_bytes = 4096,
                              .occurrence_slots = 8,
                              .spill_bytes = 3000,
                              .reject_rows = 1000,
                              .sample_records = 3,
                              .sample_others = 7,
                              .sample_bytes = 4096,
                              .group_files = 3,
                              .group_rows = 1000};
}

#endif
