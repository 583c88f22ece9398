/* SPDX-License-Identifier: Apache-2.0 */
#include "src/chachapoly/lanes.h"

#define PARTS 4

static bool has_more(struct zt_poly_lane *lane)
{
    while (lane->part < PARTS && lane->parts[lane->part].blocks == 0)
        lane->part++;
    return lane->part < PARTS;
}

uint32_t zt_poly_next_run(struct zt_poly_lane **lanes, uint32_t count, const uint8_t **at,
                          uint32_t *active)
{
    uint32_t run = UINT32_MAX;

    *active = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!has_more(lanes[i]))
            continue;
        const struct zt_poly_part *part = &lanes[i]->parts[lanes[i]->part];
        *active |= UINT32_C(1) << i;
        run = part->blocks < run ? part->blocks : run;
    }
    if (*active == 0)
        return 0;
    /* Lanes are sorted: the first has something left as long as any has. */
    const uint8_t *first = lanes[0]->parts[lanes[0]->part].at;
    for (uint32_t i = 0; i < count; i++) {
        at[i] = first;
        if ((*active >> i & 1) == 0)
            continue;
        struct zt_poly_part *part = &lanes[i]->parts[lanes[i]->part];
        at[i] = part->at;
        part->at += (size_t)run * ZT_POLY_BLOCK;
        part->blocks -= run;
    }
    return run;
}
