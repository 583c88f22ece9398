/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/overlay.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/route_table.h"

/* Where a route out of an interface leads: the bridge of an irb, a wireguard interface; ZT_NONE. */
static uint32_t leads_to(const struct zt_program *program, uint32_t interface)
{
    const struct zt_interface *target = &program->interfaces[interface];
    if (target->kind == ZT_KIND_WIREGUARD)
        return interface;
    return target->kind == ZT_KIND_IRB ? target->bridge : ZT_NONE;
}

void zt_overlay_add(struct zt_overlay_ways *ways, const struct zt_program *program, uint32_t vrf,
                    uint32_t interface)
{
    uint32_t node = leads_to(program, interface);
    if (node == ZT_NONE)
        return;
    for (uint32_t i = 0; i < ways->count; i++)
        if (ways->list[i].vrf == vrf && ways->list[i].node == node)
            return;
    if (ways->count == ways->capacity) {
        ways->capacity = ways->capacity == 0 ? 16 : ways->capacity * 2;
        ways->list = zt_realloc(ways->list, ways->capacity, sizeof *ways->list);
    }
    ways->list[ways->count++] = (struct zt_overlay_way){ vrf, node };
}

void zt_overlay_add_routes(struct zt_overlay_ways *ways, const struct zt_program *program)
{
    for (uint32_t r = 0; r < program->route_count; r++) {
        const struct zt_route *route = &program->routes[r];
        if (route->kind == ZT_ROUTE_CONNECTED)
            zt_overlay_add(ways, program, route->vrf, route->target);
        if (route->kind != ZT_ROUTE_GROUP && route->kind != ZT_ROUTE_OWN_GROUP)
            continue;
        const struct zt_group *group = zt_route_group(program, route);
        for (uint32_t m = 0; m < group->count; m++)
            zt_overlay_add(ways, program, route->vrf, group->members[m].interface);
    }
}

/* Walk of bridges and wireguard interfaces: white, on the way, done. */
enum colour { UNSEEN, OPEN, CLOSED };

/* They nest as deep as overlays do; more than this is no fabric, and recursion must end. */
#define DEPTH_MAX 8

struct walk {
    const struct zt_program *program;
    const struct zt_overlay_ways *ways;
    /* By interface index. */
    uint8_t *colours;
};

static uint32_t descend(struct walk *walk, uint32_t node, uint32_t depth);

/* All that the underlay VRF of a tunnel leads to. */
static uint32_t descend_vrf(struct walk *walk, uint32_t vrf, uint32_t depth)
{
    uint32_t found = ZT_NONE;
    for (uint32_t i = 0; found == ZT_NONE && i < walk->ways->count; i++)
        if (walk->ways->list[i].vrf == vrf)
            found = descend(walk, walk->ways->list[i].node, depth + 1);
    return found;
}

static uint32_t descend_bridge(struct walk *walk, const struct zt_bridge *br, uint32_t depth)
{
    uint32_t found = ZT_NONE;
    for (uint32_t m = 0; found == ZT_NONE && m < br->member_count; m++) {
        const struct zt_interface *member = &walk->program->interfaces[br->members[m]];
        if (member->kind == ZT_KIND_MACSEC)
            member = &walk->program->interfaces[member->macsec.lower];
        if (member->kind == ZT_KIND_VXLAN)
            found = descend_vrf(walk, member->vxlan.underlay, depth);
    }
    return found;
}

static uint32_t descend(struct walk *walk, uint32_t node, uint32_t depth)
{
    const struct zt_interface *interface = &walk->program->interfaces[node];
    uint32_t found;
    if (walk->colours[node] == CLOSED)
        return ZT_NONE;
    if (walk->colours[node] == OPEN || depth > DEPTH_MAX)
        return node;
    walk->colours[node] = OPEN;
    /* A wireguard interface on a port has no underlay VRF: no way starts there. */
    if (interface->kind == ZT_KIND_WIREGUARD)
        found = descend_vrf(walk, interface->wireguard.underlay, depth);
    else
        found = descend_bridge(walk, &interface->br, depth);
    walk->colours[node] = CLOSED;
    return found;
}

uint32_t zt_overlay_find_loop(const struct zt_program *program, const struct zt_overlay_ways *ways)
{
    struct walk walk = { program, ways, zt_calloc(program->interface_count, 1) };
    uint32_t found = ZT_NONE;
    for (uint32_t i = 0; found == ZT_NONE && i < program->interface_count; i++)
        if (program->interfaces[i].kind == ZT_KIND_BRIDGE ||
            program->interfaces[i].kind == ZT_KIND_WIREGUARD)
            found = descend(&walk, i, 0);
    free(walk.colours);
    return found;
}

void zt_overlay_free(struct zt_overlay_ways *ways)
{
    free(ways->list);
    *ways = (struct zt_overlay_ways){ 0 };
}
