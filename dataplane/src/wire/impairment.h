/* SPDX-License-Identifier: Apache-2.0 */
/* What a wire does to frames, decided by their number alone: the same seed and the same frames come to the same. */
#ifndef ZTOS_WIRE_IMPAIRMENT_H
#define ZTOS_WIRE_IMPAIRMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "ztos/hash.h"

/* Shares are of a million frames. */
#define ZT_WIRE_MILLION 1000000u

struct zt_impairment {
    /* One way, ns. */
    uint64_t delay;
    /* Frames that are lost, that are overtaken by the next, and of which one bit is turned over. */
    uint32_t loss, reorder, corrupt;
    uint32_t seed;
};

enum zt_impairment_kind {
    ZT_IMPAIRMENT_LOSS,
    ZT_IMPAIRMENT_REORDER,
    ZT_IMPAIRMENT_CORRUPT,
    ZT_IMPAIRMENT_BIT,
};

/* A number for frame `n`, from 0, of one direction. */
static inline uint32_t zt_impairment_draw(uint32_t seed, uint32_t direction, uint64_t n,
                                          enum zt_impairment_kind kind)
{
    const uint32_t words[] = { direction + 1, (uint32_t)(n >> 32), (uint32_t)n, kind + 1u };

    return zt_hash(seed, words, 4);
}

static inline bool zt_impairment_strikes(uint32_t seed, uint32_t direction, uint64_t n,
                                         enum zt_impairment_kind kind, uint32_t share)
{
    uint64_t drawn = zt_impairment_draw(seed, direction, n, kind);

    return drawn * ZT_WIRE_MILLION >> 32 < share;
}

#endif
