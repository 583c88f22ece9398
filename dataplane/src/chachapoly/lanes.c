/* SPDX-License-Identifier: Apache-2.0 */
#include "src/chachapoly/lanes.h"

uint32_t zt_poly_next_run(struct zt_poly_lane **lanes, uint32_t count, const uint8_t **at,
                          uint32_t *active)
{
    const struct zt_poly_part *first = &lanes[0]->parts[lanes[0]->part];
    const uint8_t *idle = first->at;
    uint32_t run = first->blocks;
    for (uint32_t i = 1; i < count; i++) {
        const struct zt_poly_lane *lane = lanes[i];
        if (lane->part < lane->parts_count && lane->parts[lane->part].blocks < run)
            run = lane->parts[lane->part].blocks;
    }
    *active = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct zt_poly_lane *lane = lanes[i];
        if (lane->part == lane->parts_count) {
            at[i] = idle;
            continue;
        }
        struct zt_poly_part *part = &lane->parts[lane->part];
        *active |= UINT32_C(1) << i;
        at[i] = part->at;
        part->at += (size_t)run * ZT_POLY_BLOCK;
        part->blocks -= run;
        lane->part += part->blocks == 0;
    }
    return run;
}
