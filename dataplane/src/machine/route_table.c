/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/route_table.h"

#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/mutant.h"

/* The route of a prefix, a new one if need be. */
static struct zt_route *find_or_add(struct zt_program *program, uint32_t vrf, zt_ip prefix,
                                    uint8_t length)
{
    struct zt_lpm *lpm = &program->vrfs[vrf].lpm;
    uint32_t index = zt_lpm_get(lpm, prefix, length);

    if (index != ZT_NONE)
        return &program->routes[index];
    if (program->route_count == program->route_capacity) {
        program->route_capacity = program->route_capacity < 8 ? 16 : program->route_capacity * 2;
        program->routes =
            zt_realloc(program->routes, program->route_capacity, sizeof *program->routes);
    }
    zt_lpm_add(lpm, prefix, length, program->route_count);
    struct zt_route *route = &program->routes[program->route_count++];
    *route = (struct zt_route){ .vrf = vrf, .prefix = prefix, .length = length };
    return route;
}

void zt_route_set(struct zt_program *program, uint32_t vrf, zt_ip prefix, uint8_t length,
                  struct zt_next_hop *members, uint32_t count)
{
    struct zt_route *route = find_or_add(program, vrf, prefix, length);

    if (ZT_MUTANT(group_of_others_changed) && route->kind == ZT_ROUTE_GROUP &&
        count <= program->groups[route->target].count) {
        struct zt_group *shared = &program->groups[route->target];
        memcpy(shared->members, members, count * sizeof *members);
        shared->count = count;
        free(members);
        return;
    }
    free(route->own.members);
    route->kind = ZT_ROUTE_OWN_GROUP;
    route->target = ZT_NONE;
    route->own = (struct zt_group){ .members = members, .count = count };
}

/* The last route takes the place of the one that goes. */
void zt_route_remove(struct zt_program *program, uint32_t vrf, zt_ip prefix, uint8_t length)
{
    uint32_t index = zt_lpm_get(&program->vrfs[vrf].lpm, prefix, length);

    if (index == ZT_NONE)
        return;
    struct zt_route *route = &program->routes[index];
    const struct zt_route *last = &program->routes[--program->route_count];
    zt_lpm_remove(&program->vrfs[vrf].lpm, prefix, length);
    free(route->own.members);
    if (route == last)
        return;
    *route = *last;
    zt_lpm_renumber(&program->vrfs[route->vrf].lpm, route->prefix, route->length, index);
}
