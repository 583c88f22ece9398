/* SPDX-License-Identifier: Apache-2.0 */
/* What the node's kernel says on the TAP of a port below a wireguard interface: WG-3. */
#include "src/machine/wireguard.h"

static bool is_own(const struct zt_interface *interface, zt_ip address)
{
    for (uint32_t i = 0; i < interface->address_count; i++)
        if (zt_ip_equal(interface->addresses[i].ip, address))
            return true;
    return zt_ip_equal(address, zt_ip_eui64(interface->mac));
}

/* An address beyond the interface that its kernel asks for: there the peer's MAC is. */
static bool is_beyond(const struct zt_interface *interface, zt_ip address)
{
    if (is_own(interface, address))
        return false;
    for (uint32_t i = 0; i < interface->address_count; i++)
        if (zt_address_covers(&interface->addresses[i], address))
            return true;
    return zt_ip_is_link_local(address);
}

static bool answer_arp(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    zt_mac peer = interface->wireguard.peer_mac;
    struct zt_arp request;

    if (!zt_arp_read(frame.data, frame.length, &request) || request.operation != ZT_ARP_REQUEST ||
        !is_beyond(interface, request.target))
        return false;
    struct zt_arp reply = { .operation = ZT_ARP_REPLY,
                            .sender_mac = peer,
                            .sender = request.target,
                            .target_mac = request.sender_mac,
                            .target = request.sender };
    struct zt_frame answer = zt_frame_new(&machine->arena, ZT_ARP_FRAME);
    zt_arp_write(answer.data, request.sender_mac, peer, &reply);
    zt_emit_fate(machine, ZT_FATE_ARP_ANSWERED);
    zt_punt(machine, index, answer);
    return true;
}

static bool answer_solicitation(struct zt_machine *machine, uint32_t index,
                                const struct zt_packet *packet)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    zt_mac peer = interface->wireguard.peer_mac;
    struct zt_nd asked;

    if (packet->ip.family != ZT_IPV6 || !zt_nd_read(zt_packet_at(packet), &packet->ip, &asked) ||
        asked.type != ZT_ND_SOLICITATION || zt_ip_is_zero(asked.source) ||
        !is_beyond(interface, asked.target))
        return false;
    struct zt_nd advertisement = { .type = ZT_ND_ADVERTISEMENT,
                                   .flags = ZT_ND_SOLICITED | ZT_ND_OVERRIDE,
                                   .source = asked.target,
                                   .destination = asked.source,
                                   .target = asked.target };
    struct zt_frame answer = zt_frame_new(&machine->arena, ZT_ND_FRAME);
    zt_nd_write(answer.data, zt_eth_source(packet->frame.data), peer, &advertisement, peer);
    zt_emit_fate(machine, ZT_FATE_ND_ANSWERED);
    zt_punt(machine, index, answer);
    return true;
}

void zt_wireguard_punt_in(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    uint16_t type = zt_eth_type(frame.data).value;
    struct zt_packet packet = { .frame = frame, .received = ZT_NONE };

    if (type == ZT_ETHERTYPE_ARP && answer_arp(machine, index, frame))
        return;
    if ((type != ZT_ETHERTYPE_IPV4 && type != ZT_ETHERTYPE_IPV6) ||
        zt_ip_read(frame.data, frame.length, &packet.ip) != ZT_FATE_NONE) {
        zt_emit_fate(machine, ZT_FATE_ETHERTYPE_UNKNOWN);
        return;
    }
    if (!answer_solicitation(machine, index, &packet))
        zt_wg_send_packet(machine, index, packet);
}
