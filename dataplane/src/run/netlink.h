/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node's kernel says about its neighbours, links and routes (rtnetlink(7)): the engine takes the neighbours of its TAPs
 * from there (NEIGH-1) and, if its program says so, its routes (CTRL-7), and learns that a cable was pulled or a device is
 * gone.
 */
#ifndef ZTOS_RUN_NETLINK_H
#define ZTOS_RUN_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "src/run/failure.h"
#include "ztos/ip.h"

struct zt_neighbour_event {
    uint32_t ifindex;
    /* 4 or 6, with as many octets of `address`: 4 or 16. */
    uint8_t family;
    /* The kernel has a link-layer address for it; otherwise it has none any more. */
    bool present;
    uint8_t mac[6];
    uint8_t address[16];
};

struct zt_link_event {
    uint32_t ifindex;
    bool gone;
    /* Set up in this namespace; and with a carrier too. */
    bool up;
    bool carrier;
    /* The kernel says that no XDP program is attached. */
    bool open;
    /* News of lost carrier may be put off, by up to a second: see zt_netlink_ask_link(). */
    bool late;
};

/* More next hops than the machine takes (contract/program.ts); one more is enough to say so. */
#define ZT_NEXT_HOPS_MAX 65u

struct zt_route_hop {
    uint32_t ifindex;
    /* Share among the hops of the route, 1 to 256: rtnh_hops and one. */
    uint16_t weight;
    /* Family 0: the destination is on the link. */
    zt_ip gateway;
};

/* A route of the main table. Host bits of `prefix` are zero. */
struct zt_route_event {
    zt_ip prefix;
    uint8_t length;
    uint32_t metric;
    bool present;
    /* Part of a dump; takes the place of what is there; tells all next hops of the route. */
    bool dumped, replaces, whole;
    /* To a neighbour or link, not a blackhole, and not by a tunnel. */
    bool unicast;
    /* Next hops that the kernel uses: those that are dead are not among them. */
    uint32_t count;
    struct zt_route_hop hops[ZT_NEXT_HOPS_MAX];
};

/* What is told to whom; NULL for what is of no interest. */
struct zt_netlink_handler {
    void *context;
    void (*neighbour)(void *context, const struct zt_neighbour_event *event);
    /* All neighbours are told from here to `neighbours_complete`, among news of them. */
    void (*neighbours_begin)(void *context);
    void (*neighbours_complete)(void *context);
    void (*link)(void *context, const struct zt_link_event *event);
    void (*route)(void *context, const struct zt_route_event *event);
    /* As for neighbours. */
    void (*routes_begin)(void *context);
    void (*routes_complete)(void *context);
    /* Something happened that takes routes along in silence. */
    void (*routes_shaken)(void *context);
};

enum zt_netlink_dump {
    ZT_NETLINK_LINKS,
    ZT_NETLINK_NEIGHBOURS,
    ZT_NETLINK_ROUTES,
    ZT_NETLINK_DUMPS,
};

struct zt_netlink {
    int fd;
    /* A dump is asked for when the one before it is done. */
    bool want[ZT_NETLINK_DUMPS];
    /* Which is under way, ZT_NETLINK_DUMPS for none; the kernel said that it missed something. */
    enum zt_netlink_dump dumping;
    bool interrupted;
    /* One failed: the next try is at zt_netlink_retry(). */
    bool paused;
    /* Routes are of interest. */
    bool routes;
    struct zt_netlink_handler handler;
};

/* Subscribes in the current network namespace and asks for what is there now. */
int zt_netlink_open(struct zt_netlink *netlink, struct zt_netlink_handler handler,
                    struct zt_failure *failure);
/* Handles what has arrived. When the kernel says that messages were lost, everything is asked for again. */
void zt_netlink_serve(struct zt_netlink *netlink);
/*
 * Asks how a link is now; the answer is there at once. The kernel tells of a veth's lost carrier without delay only where the
 * interface indexes of its two ends differ (linkwatch_urgent_event()), and of other devices' once a second.
 */
void zt_netlink_ask_link(struct zt_netlink *netlink, uint32_t ifindex);
/* Asks for all neighbours, or all routes if they are of interest, again. */
void zt_netlink_refresh(struct zt_netlink *netlink, enum zt_netlink_dump what);
/* From time to time: asks again for what could not be told. */
void zt_netlink_retry(struct zt_netlink *netlink);
/* Whether routes are of interest; from when they are, all are asked for. */
void zt_netlink_follow_routes(struct zt_netlink *netlink, bool follow);
void zt_netlink_close(struct zt_netlink *netlink);

/* What a datagram says of the dump under way. */
#define ZT_NETLINK_DONE 1u
#define ZT_NETLINK_FAILED 2u
#define ZT_NETLINK_INTERRUPTED 4u

/* Reads one datagram of rtnetlink messages. */
unsigned int zt_netlink_parse(const uint8_t *data, uint32_t length,
                              const struct zt_netlink_handler *handler);

/* A route message, in netlink_route.c. */
struct nlmsghdr;
void zt_netlink_parse_route(const struct nlmsghdr *message,
                            const struct zt_netlink_handler *handler);

#endif
