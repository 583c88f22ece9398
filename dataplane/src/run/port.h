/* SPDX-License-Identifier: Apache-2.0 */
/* A port of the engine: the device `NAME.phy` below, and if it has one the TAP `NAME` above. */
#ifndef ZTOS_RUN_PORT_H
#define ZTOS_RUN_PORT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/run/capture.h"
#include "src/run/xdp.h"
#include "src/run/xsk.h"
#include "ztos/machine.h"
#include "ztos/stats_page.h"

#define ZT_PORT_SUFFIX ".phy"

struct zt_port {
    uint16_t id;
    /* Where neighbours of the TAP belong: the macsec or wireguard interface on the port, or the port. */
    uint16_t upper;
    /* That interface is routed in VRF 0. */
    bool underlay;
    /* It is a wireguard interface. */
    bool wireguard;
    /* PUNT-3. */
    bool pass;
    char name[IFNAMSIZ];
    char phy[IFNAMSIZ];
    uint32_t phy_index;
    uint32_t tap_index;
    enum zt_xdp_mode mode;
    bool attached;
    /* As the machine was told (PORT-6); it has been, until the kernel says otherwise. */
    bool carrier;
    /* The kernel may put off the news that it is lost: it is asked. */
    bool late;
    /* The device was taken away; nothing is received or sent any more. */
    bool gone;
    /* There is no port here any more. */
    bool vacant;
    /* While a program is loaded: the port stays; it was opened for that. */
    bool kept, fresh;
    struct zt_xsk xsk;
    /* Frames wait in the transmit ring. */
    bool unsent;
    /* -1 without TAP. */
    int tap;
    bool tap_readable;
    uint64_t punt_in, punt_out, punt_dropped;
    /* Handshake messages that wait to be processed, and those for which there was no room. */
    uint64_t aside, aside_dropped;
    uint64_t sent_to_nowhere;
    /* Of the XDP program, as last read: its counters change under another core's hands. */
    uint64_t xdp_frames, xdp_passed;
    struct zt_capture capture;
};

/* A port of a program fits the 2 KB profile and its names are names of devices. */
int zt_port_check(const struct zt_port_info *info, struct zt_failure *failure);

/* Fills in what the program says of the port. */
void zt_port_init(struct zt_port *port, const struct zt_port_info *info);

/* Finds the port's devices and their interface indexes, and opens the TAP unless it is open. */
int zt_port_find(struct zt_port *port, bool tap, struct zt_failure *failure);

/* Attaches the program, opens the sockets and binds both together. */
int zt_port_open(struct zt_port *port, struct zt_xdp *xdp, uint32_t ring,
                 struct zt_failure *failure);

/* PUNT-3, of a port that has it: what may pass is as `info` and the program's addresses say. */
void zt_port_pass(struct zt_port *port, struct zt_xdp *xdp, const struct zt_port_info *info);

/* Sends a frame on the device, after zt_port_flush(). */
void zt_port_send(struct zt_port *port, const uint8_t *frame, uint32_t length);
void zt_port_flush(struct zt_port *port);

/* Hands a frame to the kernel by the TAP. */
void zt_port_punt(struct zt_port *port, const uint8_t *frame, uint32_t length);

/* The device was taken away. */
void zt_port_lose(struct zt_port *port);

/* Ends the port. The XDP program stays where it is, dropping, unless `detach`. */
void zt_port_close(struct zt_port *port, bool detach);

/* Frames that were processed, or are about to be in this vector. */
uint64_t zt_port_rx(const struct zt_port *port);
/* Frames that were dropped behind the XDP program, and those that were not sent. */
uint64_t zt_port_rx_dropped(const struct zt_port *port);
uint64_t zt_port_tx_dropped(const struct zt_port *port);
uint64_t zt_port_tx(const struct zt_port *port);

/* What XDP has passed so far: a page that is published says how many frames of the wire have come in. */
void zt_port_read_passed(struct zt_port *port, const struct zt_xdp *xdp);
/* Asks the kernel what it dropped, too. */
void zt_port_read_kernel(struct zt_port *port, const struct zt_xdp *xdp);
/* Writes the port's counters to its entry of the statistics page. */
void zt_port_publish(const struct zt_port *port, struct zt_stats_entry *entry);

#endif
