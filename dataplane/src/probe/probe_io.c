/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "src/probe/latency.h"
#include "src/probe/packet_socket.h"
#include "src/probe/probe.h"

/* Frames taken from a receive ring at once. */
#define RECEIVE_MAX 64u

static void arrived(struct zt_probe *probe, uint32_t index, uint64_t at, const uint8_t *frame,
                    uint32_t length)
{
    struct zt_probe_host *host = &probe->hosts[index];
    uint8_t reply[ZT_HOST_REPLY_MAX];
    uint32_t reply_length = 0;
    enum zt_reception reception;

    if (probe->latency && zt_latency_take(probe->latency, index, at, frame, length))
        return;
    reception = zt_host_receive(&host->config->host, frame, length, reply, &reply_length);
    switch (reception) {
    case ZT_HOST_RECORDED:
    case ZT_HOST_FOREIGN:
        zt_arrivals_add(&probe->arrivals, index, at, reception == ZT_HOST_FOREIGN, frame, length);
        return;
    case ZT_HOST_ANSWERED_ARP:
        host->arp_answered++;
        break;
    case ZT_HOST_ANSWERED_ND:
        host->nd_answered++;
        break;
    }
    zt_probe_send(probe, index, reply, reply_length);
}

/* The XDP program's time of receipt in front of the frame; taken away, so that a later frame cannot inherit it. */
static uint64_t take_stamp(uint8_t *frame)
{
    uint64_t at;

    memcpy(&at, frame - ZT_PORT_STAMP_SIZE, sizeof(at));
    memset(frame - ZT_PORT_STAMP_SIZE, 0, sizeof(at));
    return at ? at : zt_probe_now();
}

static uint32_t receive_xsk(struct zt_probe *probe, uint32_t index)
{
    struct zt_xsk *xsk = &probe->hosts[index].xsk;
    struct zt_xsk_frame frames[RECEIVE_MAX];
    uint32_t count = zt_xsk_receive(xsk, frames, RECEIVE_MAX);

    for (uint32_t i = 0; i < count; i++)
        arrived(probe, index, take_stamp(frames[i].data), frames[i].data, frames[i].length);
    zt_xsk_receive_done(xsk, count);
    return count;
}

static uint32_t receive_packet(struct zt_probe *probe, uint32_t index)
{
    struct zt_probe_host *host = &probe->hosts[index];
    static uint8_t frame[ZT_PROBE_FRAME_MAX + 4];
    uint32_t count = 0;
    uint64_t at;
    size_t length;

    while (count < RECEIVE_MAX &&
           (length = zt_packet_receive(host->packet, frame, sizeof(frame), &at)) > 0) {
        host->rx++;
        host->rx_octets += length;
        arrived(probe, index, at, frame, (uint32_t)length);
        count++;
    }
    return count;
}

uint32_t zt_probe_receive_host(struct zt_probe *probe, uint32_t index)
{
    struct zt_probe_host *host = &probe->hosts[index];
    uint32_t count;

    if (host->gone)
        return 0;
    count = host->packet >= 0 ? receive_packet(probe, index) : receive_xsk(probe, index);
    /* Answers to ARP and ND. */
    zt_probe_flush(probe, index);
    return count;
}

uint32_t zt_probe_receive(struct zt_probe *probe)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < probe->config.host_count; i++)
        count += zt_probe_receive_host(probe, i);
    return count;
}

bool zt_probe_send(struct zt_probe *probe, uint32_t index, const uint8_t *frame, uint32_t length)
{
    struct zt_probe_host *host = &probe->hosts[index];

    if (host->gone) {
        host->tx_dropped++;
        return false;
    }
    if (host->packet < 0) {
        bool sent = zt_xsk_send(&host->xsk, frame, length);

        host->unsent |= sent;
        return sent;
    }
    if (!zt_packet_send(host->packet, frame, length)) {
        host->tx_dropped++;
        return false;
    }
    host->tx++;
    host->tx_octets += length;
    return true;
}

uint64_t zt_probe_flush(struct zt_probe *probe, uint32_t index)
{
    struct zt_probe_host *host = &probe->hosts[index];
    uint64_t refused;

    if (host->gone || !host->unsent)
        return 0;
    refused = host->xsk.counters.tx_refused;
    host->unsent = zt_xsk_flush(&host->xsk) > 0;
    return host->xsk.counters.tx_refused - refused;
}

bool zt_probe_inject(struct zt_probe *probe, uint32_t index, const uint8_t *frame, uint32_t length)
{
    struct zt_probe_link *link = &probe->links[index];

    if (!zt_packet_send(link->packet, frame, length)) {
        link->tx_dropped++;
        return false;
    }
    link->tx++;
    link->tx_octets += length;
    return true;
}

uint64_t zt_probe_host_tx(const struct zt_probe_host *host)
{
    return host->tx + host->xsk.counters.tx_frames - host->xsk.counters.tx_refused;
}

uint64_t zt_probe_host_rx(const struct zt_probe_host *host)
{
    return host->rx + host->xsk.counters.rx_frames;
}

uint64_t zt_probe_host_rx_dropped(const struct zt_probe_host *host)
{
    return host->rx_dropped + host->xsk.counters.rx_ring_full + host->xsk.counters.rx_other;
}

uint64_t zt_probe_host_tx_dropped(const struct zt_probe_host *host)
{
    return host->tx_dropped + host->xsk.counters.tx_full + host->xsk.counters.tx_refused;
}
