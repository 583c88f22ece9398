/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlays that would carry themselves (CTRL-6): what a bridge sends by VXLAN, or a wireguard interface, leaves by routes of the
 * underlay VRF, and when one of these leads back into it, through an irb if it is a bridge, a frame would be encapsulated without
 * end.
 */
#ifndef ZTOS_MACHINE_OVERLAY_H
#define ZTOS_MACHINE_OVERLAY_H

#include "src/machine/program.h"

/* A route of a VRF leads into a bridge or wireguard interface. */
struct zt_overlay_way {
    uint32_t vrf, node;
};
struct zt_overlay_ways {
    struct zt_overlay_way *list;
    uint32_t count, capacity;
};

/* Adds the way of a next hop or connected route by `interface`, if it is an irb or a wireguard interface. */
void zt_overlay_add(struct zt_overlay_ways *ways, const struct zt_program *program, uint32_t vrf,
                    uint32_t interface);
/* The ways of all routes of the program. */
void zt_overlay_add_routes(struct zt_overlay_ways *ways, const struct zt_program *program);
/* A bridge or wireguard interface that carries itself, or one nested deeper than any fabric has them; ZT_NONE. */
uint32_t zt_overlay_find_loop(const struct zt_program *program, const struct zt_overlay_ways *ways);
void zt_overlay_free(struct zt_overlay_ways *ways);

#endif
