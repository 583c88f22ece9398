/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* HASH-1, HASH-4, HASH-5, HASH-6: the finaliser of MurmurHash3 over 32-bit words. */
#ifndef ZTOS_HASH_H
#define ZTOS_HASH_H

#include <stdint.h>

/* HASH-1: mix(h). */
static inline uint32_t zt_mix(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    h ^= h >> 16;
    return h;
}

/* HASH-1: hash(seed, words). */
static inline uint32_t zt_hash(uint32_t seed, const uint32_t *words, uint32_t count)
{
    uint32_t h = seed;
    for (uint32_t i = 0; i < count; i++)
        h = zt_mix(h ^ words[i]);
    return h;
}

/* HASH-4: a number below `sum`, the sum of the weights, which is at least 1. */
static inline uint32_t zt_hash_share(uint32_t h, uint32_t sum)
{
    return (uint32_t)(((uint64_t)h * sum) >> 32);
}

/*
 * HASH-6: score of a member for a flow's h. `base` is hash(seed, interface id, gateway words): what stands before k = 0 to
 * weight - 1.
 */
static inline uint32_t zt_hash_score(uint32_t h, uint32_t base, uint32_t weight)
{
    uint32_t best = 0;
    for (uint32_t k = 0; k < weight; k++) {
        uint32_t score = zt_mix(h ^ zt_hash(base, &k, 1));
        if (score > best)
            best = score;
    }
    return best;
}

/* HASH-5: VXLAN source port. */
static inline uint16_t zt_hash_source_port(uint32_t h)
{
    return (uint16_t)(49152u + (h >> 18));
}

#endif
