/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/port.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/machine/mutant.h"
#include "src/run/pass.h"
#include "src/run/tap.h"

#define ETHERNET_HEADER 14u

/* Names that need no quoting anywhere, with room for the suffix. */
static bool is_device_name(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length + strlen(ZT_PORT_SUFFIX) >= IFNAMSIZ ||
        !isalpha((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return true;
}

int zt_port_check(const struct zt_port_info *info, struct zt_failure *failure)
{
    if (!is_device_name(info->name))
        return zt_fail(failure, ZT_EXIT_LIMIT, "port-name",
                       "port %u: its name must be 1 to %zu letters, digits, - and _, to be the "
                       "name of a device",
                       info->id, IFNAMSIZ - 1 - strlen(ZT_PORT_SUFFIX));
    if (info->mtu + ETHERNET_HEADER > ZT_PORT_FRAME_MAX)
        return zt_fail(failure, ZT_EXIT_LIMIT, "port-mtu",
                       "port %s: MTU %u means frames of %u octets; this engine takes up to %u (2 "
                       "KB profile): use an "
                       "MTU of at most %u",
                       info->name, info->mtu, info->mtu + ETHERNET_HEADER, ZT_PORT_FRAME_MAX,
                       ZT_PORT_FRAME_MAX - ETHERNET_HEADER);
    return 0;
}

void zt_port_init(struct zt_port *port, const struct zt_port_info *info)
{
    *port = (struct zt_port){
        .id = info->id,
        .upper = info->upper,
        .underlay = info->underlay,
        .wireguard = info->has_wireguard,
        .pass = info->pass,
        .carrier = true,
        .tap = -1,
        .xsk.fd = -1,
    };
    snprintf(port->name, sizeof(port->name), "%s", info->name);
    snprintf(port->phy, sizeof(port->phy), "%.*s%s", (int)(IFNAMSIZ - sizeof(ZT_PORT_SUFFIX)),
             info->name, ZT_PORT_SUFFIX);
}

int zt_port_find(struct zt_port *port, bool tap, struct zt_failure *failure)
{
    if (zt_xdp_check(port->phy, &port->phy_index, failure))
        return -1;
    if (!tap)
        return 0;
    if (port->tap < 0)
        port->tap = zt_tap_open(port->name, failure);
    if (port->tap < 0)
        return -1;
    port->tap_index = if_nametoindex(port->name);
    return 0;
}

int zt_port_open(struct zt_port *port, struct zt_xdp *xdp, uint32_t ring,
                 struct zt_failure *failure)
{
    /* The program first: from then on nothing reaches the kernel's stack. */
    if (zt_xdp_attach(xdp, port->phy, port->phy_index, &port->mode, failure))
        return -1;
    port->attached = true;
    if (port->pass && zt_pass_attach(xdp, port->phy, port->phy_index, failure))
        return -1;
    if (zt_xsk_open(&port->xsk, port->phy, ring, failure))
        return -1;
    return zt_xdp_bind(xdp, port->phy_index, port->xsk.fd, failure);
}

void zt_port_pass(struct zt_port *port, struct zt_xdp *xdp, const struct zt_port_info *info)
{
    if (port->pass)
        zt_pass_start(xdp, port->phy_index, port->tap_index, info);
}

void zt_port_send(struct zt_port *port, const uint8_t *frame, uint32_t length)
{
    if (port->gone) {
        port->sent_to_nowhere++;
        return;
    }
    if (zt_xsk_send(&port->xsk, frame, length))
        port->unsent = true;
}

void zt_port_flush(struct zt_port *port)
{
    if (port->unsent)
        port->unsent =
            !port->gone && zt_xsk_flush(&port->xsk) > 0 && !ZT_MUTANT(transmit_not_retried);
}

void zt_port_punt(struct zt_port *port, const uint8_t *frame, uint32_t length)
{
    if (port->tap >= 0 && zt_tap_write(port->tap, frame, length))
        port->punt_out++;
    else
        port->punt_dropped++;
}

void zt_port_lose(struct zt_port *port)
{
    if (port->gone)
        return;
    port->gone = true;
    port->attached = false;
    port->unsent = false;
    zt_xsk_close(&port->xsk);
}

void zt_port_close(struct zt_port *port, bool detach)
{
    if (port->attached && port->pass)
        zt_pass_detach(port->phy_index);
    if ((detach || ZT_MUTANT(xdp_taken_off)) && port->attached)
        zt_xdp_detach(port->phy_index, port->mode);
    port->attached = false;
    if (port->xsk.fd >= 0)
        zt_xsk_close(&port->xsk);
    if (port->tap >= 0)
        close(port->tap);
    port->tap = -1;
}

uint64_t zt_port_rx(const struct zt_port *port)
{
    return port->xsk.counters.rx_frames - port->aside - port->aside_dropped;
}

uint64_t zt_port_rx_dropped(const struct zt_port *port)
{
    const struct zt_xsk_counters *counters = &port->xsk.counters;

    /* Frames for which the fill ring had no buffer are among `rx_other`. */
    return counters->rx_ring_full + counters->rx_other + port->aside_dropped;
}

uint64_t zt_port_tx_dropped(const struct zt_port *port)
{
    return port->xsk.counters.tx_full + port->xsk.counters.tx_refused + port->sent_to_nowhere;
}

uint64_t zt_port_tx(const struct zt_port *port)
{
    return port->xsk.counters.tx_frames - port->xsk.counters.tx_refused;
}

void zt_port_read_kernel(struct zt_port *port, const struct zt_xdp *xdp)
{
    zt_xsk_read_statistics(&port->xsk);
    port->xdp_frames = __atomic_load_n(&xdp->states[port->phy_index].seen, __ATOMIC_RELAXED);
    zt_port_read_passed(port, xdp);
}

void zt_port_read_passed(struct zt_port *port, const struct zt_xdp *xdp)
{
    if (port->pass)
        port->xdp_passed = __atomic_load_n(&xdp->states[port->phy_index].passed, __ATOMIC_RELAXED);
}

void zt_port_publish(const struct zt_port *port, struct zt_stats_entry *entry)
{
    const struct zt_xsk_counters *counters = &port->xsk.counters;

    entry->id = port->id;
    entry->flags = (port->carrier ? ZT_STATS_CARRIER : 0u) |
                   (port->mode == ZT_XDP_NATIVE ? ZT_STATS_NATIVE : 0u) |
                   (port->gone ? ZT_STATS_GONE : 0u);
    entry->rx_frames = zt_port_rx(port);
    entry->rx_octets = counters->rx_octets;
    entry->tx_frames = zt_port_tx(port);
    entry->tx_octets = counters->tx_octets;
    entry->rx_dropped = zt_port_rx_dropped(port);
    entry->tx_dropped = zt_port_tx_dropped(port);
    entry->punt_in = port->punt_in;
    entry->punt_out = port->punt_out;
    entry->punt_dropped = port->punt_dropped;
    entry->xdp_frames = port->xdp_frames;
    entry->xdp_passed = port->xdp_passed;
}
