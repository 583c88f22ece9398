/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node's kernel says about its neighbours and links (rtnetlink(7)): the engine takes the neighbours of its TAPs
 * from there (NEIGH-1), and learns that a cable was pulled or a device is gone.
 */
#ifndef ZTOS_RUN_NETLINK_H
#define ZTOS_RUN_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "src/run/failure.h"

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
    bool carrier;
    /* The kernel says that no XDP program is attached. */
    bool open;
};

struct zt_netlink_handler {
    void *context;
    void (*neighbour)(void *context, const struct zt_neighbour_event *event);
    /* All neighbours are told from here to `neighbours_complete`, among news of them. */
    void (*neighbours_begin)(void *context);
    void (*neighbours_complete)(void *context);
    void (*link)(void *context, const struct zt_link_event *event);
};

struct zt_netlink {
    int fd;
    /* A dump is asked for when the one before it is done. */
    bool want_links, want_neighbours, dumping, dumping_neighbours;
    struct zt_netlink_handler handler;
};

/* Subscribes in the current network namespace and asks for what is there now. */
int zt_netlink_open(struct zt_netlink *netlink, struct zt_netlink_handler handler,
                    struct zt_failure *failure);
/* Handles what has arrived. When the kernel says that messages were lost, everything is asked for again. */
void zt_netlink_serve(struct zt_netlink *netlink);
/* Asks for all neighbours again. */
void zt_netlink_refresh(struct zt_netlink *netlink);
void zt_netlink_close(struct zt_netlink *netlink);

/* Reads one datagram of rtnetlink messages. True when it ends a dump. */
bool zt_netlink_parse(const uint8_t *data, uint32_t length,
                      const struct zt_netlink_handler *handler);

#endif
