/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire node: each of its links is two devices of the current namespace; what comes in at one goes out at the other after the
 * link's delay. A carrier that one far end loses is lost to the other.
 */
#ifndef ZTOS_WIRE_WIRE_H
#define ZTOS_WIRE_WIRE_H

#include <sys/types.h>

#include "src/run/control_server.h"
#include "src/run/netlink.h"
#include "src/run/xdp.h"
#include "src/run/xsk.h"
#include "src/wire/config.h"
#include "src/wire/flight.h"

struct zt_wire_options {
    const char *config;
    /* May be NULL. */
    const char *control;
    uid_t owner;
    /* Slots of each AF_XDP ring; frames that one direction of a link holds. */
    uint32_t ring, queue;
};

struct zt_wire_end {
    uint32_t ifindex;
    enum zt_xdp_mode mode;
    struct zt_xsk xsk;
    /* The far end is there; this end is set down because that of the other device is not. */
    bool carrier, held;
    /* The kernel may put off the news of lost carrier: it is asked. */
    bool late;
    bool gone, unsent;
    /* Frames that came out here. */
    uint64_t sent;
};

struct zt_wire_link {
    struct zt_wire_link_config *config;
    struct zt_wire_end ends[2];
    /* From each end to the other. */
    struct zt_flight ways[2];
};

struct zt_wire {
    struct zt_wire_options options;
    struct zt_wire_config config;
    struct zt_xdp xdp;
    bool xdp_loaded;
    struct zt_wire_link *links;
    uint32_t count;
    struct zt_netlink netlink;
    struct zt_control_server control;
    int epoll, timer, look_timer, signals;
    /* What the timer is set to, ns; UINT64_MAX for not at all. */
    uint64_t alarm;
    bool stopping;
};

/* wire.c */
int zt_wire_open(struct zt_wire *wire, const struct zt_wire_options *options,
                 struct zt_failure *failure);
/* Works until it is told to stop. */
void zt_wire_run(struct zt_wire *wire);
void zt_wire_close(struct zt_wire *wire);
uint64_t zt_wire_now(void);

/* wire_carrier.c */
struct zt_netlink_handler zt_wire_handler(struct zt_wire *wire);
/* Asks about ends of which the kernel is late to tell. */
void zt_wire_ask_carrier(struct zt_wire *wire);

/* wire_control.c */
enum zt_control_next zt_wire_answer(void *wire, const struct zt_control_peer *peer,
                                    const char *message, size_t length, struct zt_text *answer);

#endif
