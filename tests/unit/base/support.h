/* Concept: what the tests of base share: cmocka with the headers it needs, and random numbers that are the
 *          same on each run (SplitMix64, https://prng.di.unimi.it/splitmix64.c, 2015).
 */
#ifndef TB_TEST_SUPPORT_H
#define TB_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/str.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t random_u64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline size_t random_below(uint64_t *state, size_t n)
{
    return (size_t)(random_u64(state) % n);
}

/* A number of random size: small ones as often as large ones. */
static inline __int128 random_i128(uint64_t *state)
{
    unsigned __int128 v = (unsigned __int128)random_u64(state) << 64 | random_u64(state);
    v >>= random_below(state, 128);
    return (__int128)(random_u64(state) % 2 != 0 ? v : -v);
}

#endif
