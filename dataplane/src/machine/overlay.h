/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlays that would carry themselves: what a bridge sends by VXLAN leaves by routes of the underlay VRF, and when one of
 * these leads back into the bridge through an irb, a frame would be encapsulated without end.
 */
#ifndef ZTOS_MACHINE_OVERLAY_H
#define ZTOS_MACHINE_OVERLAY_H

#include "src/machine/program.h"

/* A route of a VRF leads into a bridge. */
struct zt_overlay_way {
    uint32_t vrf, bridge;
};
struct zt_overlay_ways {
    struct zt_overlay_way *list;
    uint32_t count, capacity;
};

/* Adds the way of a next hop or connected route by `interface`, if it is an irb. */
void zt_overlay_add(struct zt_overlay_ways *ways, const struct zt_program *program, uint32_t vrf,
                    uint32_t interface);
/* The ways of all routes of the program. */
void zt_overlay_add_routes(struct zt_overlay_ways *ways, const struct zt_program *program);
/* A bridge that carries itself, or one nested deeper than any fabric has them; ZT_NONE. */
uint32_t zt_overlay_find_loop(const struct zt_program *program, const struct zt_overlay_ways *ways);
void zt_overlay_free(struct zt_overlay_ways *ways);

#endif
