/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of a program and their next hops, which CTRL-6 changes one by one. */
#ifndef ZTOS_MACHINE_ROUTE_TABLE_H
#define ZTOS_MACHINE_ROUTE_TABLE_H

#include "src/machine/program.h"

/* The next-hop group of a route of kind ZT_ROUTE_GROUP or ZT_ROUTE_OWN_GROUP. */
static inline const struct zt_group *zt_route_group(const struct zt_program *program,
                                                    const struct zt_route *route)
{
    return route->kind == ZT_ROUTE_OWN_GROUP ? &route->own : &program->groups[route->target];
}

/*
 * Gives a prefix, whose host bits are zero, a next-hop group of its own in place of what is there. The program takes over
 * `members`.
 */
void zt_route_set(struct zt_program *program, uint32_t vrf, zt_ip prefix, uint8_t length,
                  struct zt_next_hop *members, uint32_t count);
/* Removes the route of a prefix, if there is one. */
void zt_route_remove(struct zt_program *program, uint32_t vrf, zt_ip prefix, uint8_t length);

#endif
