/* SPDX-License-Identifier: Apache-2.0 */
/* The way of messages below: IP and UDP headers, and where the last one of a peer went (WG-23). */
#include "src/base/error.h"
#include "src/machine/wireguard_batch.h"

static void go_down(struct zt_machine *machine, const struct zt_wireguard *wireguard,
                    zt_ip destination, struct zt_packet outer)
{
    if (wireguard->lower == ZT_NONE) {
        zt_originate(machine, wireguard->underlay, outer);
        return;
    }
    uint32_t mtu = zt_interface_at(machine, wireguard->lower)->mtu;
    if (outer.ip.length > mtu) {
        zt_emit_fate(machine, ZT_FATE_MTU_EXCEEDED);
        return;
    }
    zt_record_leaving_limit(machine, ZT_ETH_HEADER + mtu);
    zt_neighbour_send(machine, wireguard->lower, destination, outer);
}

static uint32_t header_of(uint8_t family)
{
    return (family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER) + ZT_UDP_HEADER;
}

/* IP and UDP headers but for the UDP checksum. */
static void write_headers(const struct zt_wireguard *wireguard, const struct zt_wg_route *route,
                          uint8_t tos, uint32_t length, uint8_t *ip)
{
    zt_ip own = route->own, address = route->address;
    uint8_t *udp = ip + header_of(address.family) - ZT_UDP_HEADER;

    if (address.family == ZT_IPV4)
        zt_ipv4_write(ip, length, tos, wireguard->df, wireguard->ttl,
                      (zt_protocol){ ZT_PROTOCOL_UDP }, own, address);
    else
        zt_ipv6_write(ip, length, tos, wireguard->ttl, (zt_protocol){ ZT_PROTOCOL_UDP }, own,
                      address);
    zt_store_u16(udp, wireguard->listen_port);
    zt_store_u16(udp + 2, route->port);
    zt_store_u16(udp + 4, (uint16_t)(length - (uint32_t)(udp - ip)));
    zt_store_u16(udp + 6, 0);
}

static void write_checksum(struct zt_machine *machine, struct zt_frame message, uint8_t *ip,
                           uint8_t family)
{
    uint8_t *udp = message.data - ZT_UDP_HEADER;
    uint32_t length = ZT_UDP_HEADER + message.length;

    if (!zt_wg_batch_checksum(machine->wireguard->batch, message.data, ip, family, udp, length))
        zt_udp_write_checksum(ip, family, udp, length);
}

/* The slow way down; it is noted for the next message. */
static void find_way(struct zt_machine *machine, const struct zt_wireguard *wireguard,
                     const struct zt_wg_route *route, struct zt_packet outer)
{
    struct zt_wg_peer *peer = route->peer;
    struct zt_record around = zt_record_begin_originated(machine);

    if (peer->way == NULL)
        peer->way = zt_calloc(1, sizeof *peer->way);
    struct zt_wg_way *way = peer->way;
    go_down(machine, wireguard, route->address, outer);
    bool noted = zt_record_end_originated(machine, &around, &way->action);
    way->epoch = noted && machine->cache.enabled ? machine->epoch : 0;
    if (way->epoch == 0)
        return;
    uint8_t *header = way->header;
    way->family = route->address.family;
    way->header_length = (uint8_t)header_of(way->family);
    write_headers(wireguard, route, 0, way->header_length, header);
    zt_store_u16(header + way->header_length - ZT_UDP_HEADER + 4, 0);
    zt_store_u16(header + (way->family == ZT_IPV4 ? 2 : 4), 0);
    if (way->family == ZT_IPV4)
        zt_store_u16(header + 10, 0);
    way->sum = zt_sum_add((zt_sum){ 0 }, header, ZT_IPV4_HEADER);
}

bool zt_wg_send_by_way(struct zt_machine *machine, struct zt_wg_peer *peer, uint8_t tos,
                       struct zt_frame message)
{
    const struct zt_wg_way *way = peer->way;
    if (way == NULL || way->epoch != machine->epoch)
        return false;
    struct zt_frame frame =
        zt_frame_push(&machine->arena, message, ZT_ETH_HEADER + way->header_length);
    uint8_t *ip = frame.data + ZT_ETH_HEADER;
    uint16_t udp_length = (uint16_t)(ZT_UDP_HEADER + message.length);

    if (way->family == ZT_IPV4) {
        uint16_t length = (uint16_t)(ZT_IPV4_HEADER + udp_length);
        memcpy(ip, way->header, ZT_IPV4_HEADER + ZT_UDP_HEADER);
        ip[1] = tos;
        zt_store_u16(ip + 2, length);
        zt_sum sum = zt_sum_add_u16(zt_sum_add_u16(way->sum, length), tos);
        zt_store_be16(ip + 10, zt_sum_checksum(sum));
    } else {
        memcpy(ip, way->header, ZT_IPV6_HEADER + ZT_UDP_HEADER);
        zt_store_u16(ip, (uint16_t)(6u << 12 | (unsigned)tos << 4));
        zt_store_u16(ip + 4, udp_length);
    }
    zt_store_u16(message.data - ZT_UDP_HEADER + 4, udp_length);
    write_checksum(machine, message, ip, way->family);
    if (!zt_flow_originate(machine, &way->action, frame))
        return false;
    peer->tx += message.length;
    return true;
}

void zt_wg_emit(struct zt_machine *machine, const struct zt_wg_device *device,
                const struct zt_wg_route *route, struct zt_frame message)
{
    const struct zt_wireguard *wireguard = zt_wg_of(machine, device);
    uint8_t family = route->address.family;
    uint32_t header = header_of(family), length = header + message.length;
    struct zt_packet outer = {
        .frame = zt_frame_push(&machine->arena, message, ZT_ETH_HEADER + header),
        .ip = { family, header - ZT_UDP_HEADER, length },
        .received = ZT_NONE,
    };

    write_headers(wireguard, route, route->tos, length, zt_packet_at(&outer));
    write_checksum(machine, message, zt_packet_at(&outer), family);
    zt_record_refuse(machine);
    if (route->peer == NULL)
        go_down(machine, wireguard, route->address, outer);
    else
        find_way(machine, wireguard, route, outer);
}

void zt_wg_send_message(struct zt_machine *machine, struct zt_wg_peer *peer, uint8_t tos,
                        struct zt_frame message)
{
    const struct zt_wg_endpoint *endpoint = &peer->endpoint;
    const struct zt_wireguard *wireguard = zt_wg_of(machine, peer->device);

    if (zt_wg_send_by_way(machine, peer, tos, message))
        return;
    zt_ip own = endpoint->own;
    if (endpoint->address.family != 0 && own.family == 0)
        own = wireguard->local[endpoint->address.family == ZT_IPV6];
    if (own.family == 0) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_NO_ENDPOINT);
        return;
    }
    peer->tx += message.length;
    zt_wg_emit(machine, peer->device,
               &(struct zt_wg_route){ own, endpoint->address, endpoint->port, tos, peer }, message);
}
