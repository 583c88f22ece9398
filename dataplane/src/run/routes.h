/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes of the kernel's main table, as far as the machine is to have them (CTRL-7): for each prefix what the kernel says of it
 * at each metric, and what the machine was last told. Of several metrics the least decides, as in the kernel.
 */
#ifndef ZTOS_RUN_ROUTES_H
#define ZTOS_RUN_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztos/ip.h"

/* Members of a next-hop group (contract/program.ts). */
#define ZT_ROUTE_MEMBERS_MAX 64u

struct zt_route_member {
    /* Id of the machine's interface. */
    uint16_t interface;
    /* 1 to 256 */
    uint16_t weight;
    zt_ip gateway;
};

/* What a message says of a route. */
struct zt_route_news {
    zt_ip prefix;
    uint8_t length;
    uint32_t metric;
    bool present;
    /* Told in a dump: in the kernel's order. */
    bool dumped;
    /* It takes the place of what is there; the whole of a route by several next hops. */
    bool replaces, whole;
    /* Unicast, each next hop by gateway and by an interface of the machine. Otherwise it has no members. */
    bool followed;
    uint32_t count;
    struct zt_route_member members[ZT_ROUTE_MEMBERS_MAX];
};

struct zt_route_prefix;

struct zt_routes {
    struct zt_route_prefix **buckets;
    uint32_t mask, count;
    uint32_t seed;
    uint32_t round;
    /* Prefixes of which something new was said. */
    struct zt_route_prefix *unsettled;
};

/* False when the kernel's order cannot be told from the news: all routes are to be asked for again. */
bool zt_routes_update(struct zt_routes *routes, const struct zt_route_news *news);

/* All routes are told from here on; what was not told again is gone at the end. */
void zt_routes_begin(struct zt_routes *routes);
void zt_routes_complete(struct zt_routes *routes);

/* What the machine is to be told of a prefix; no members: it has no route by the kernel any more. */
struct zt_route_told {
    zt_ip prefix;
    uint8_t length;
    uint32_t count;
    /* In the order of interfaces, then gateways; valid until the next call. */
    const struct zt_route_member *members;
};
/* Takes out one prefix whose route is another than the machine was told. False when there is none left. */
bool zt_routes_take_change(struct zt_routes *routes, struct zt_route_told *told);

/* Forgets everything, what was told too. */
void zt_routes_clear(struct zt_routes *routes);

#endif
