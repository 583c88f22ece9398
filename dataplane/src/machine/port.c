/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and punt: PARSE-1 to PARSE-3, PORT-1 to PORT-5, PUNT-1, PUNT-2. */
#include "src/machine/internal.h"

void zt_port_ingress(struct zt_machine *machine, uint32_t port, const uint8_t *data,
                     uint32_t length, struct zt_ingress *ingress)
{
    const struct zt_interface *interface = zt_interface_at(machine, port);

    machine->ports[interface->id].rx++;
    ingress->fate = ZT_FATE_NONE;
    ingress->interface = port;
    if (length < ZT_ETH_HEADER) { /* PARSE-1 */
        ingress->fate = ZT_FATE_FRAME_TRUNCATED;
    } else if (length - ZT_ETH_HEADER > interface->mtu) { /* PARSE-2 */
        ingress->fate = ZT_FATE_FRAME_OVERSIZE;
    } else if (interface->port.macsec != ZT_NONE) {
        zt_macsec_open(machine, interface->port.macsec, data, length, ingress);
    } else if (interface->port.wireguard != ZT_NONE) {
        ingress->interface = interface->port.wireguard;
    } else {
        zt_frame_store(&ingress->frame, zt_frame_copy(&machine->arena, data, length));
    }
}

/* PORT-4: what the node's kernel speaks on a link. */
static bool is_for_the_kernel(zt_ip destination)
{
    return zt_ip_is_multicast(destination) || zt_ip_is_limited_broadcast(destination) ||
           zt_ip_is_link_local(destination);
}

bool zt_has_kernel(const struct zt_interface *interface)
{
    return interface->kind != ZT_KIND_WIREGUARD || interface->wireguard.lower != ZT_NONE;
}

void zt_port_receive_packet(struct zt_machine *machine, struct zt_packet packet)
{
    const struct zt_interface *interface = zt_interface_at(machine, packet.received);
    enum zt_fate malformed = zt_ip_read(packet.frame.data, packet.frame.length, &packet.ip);
    const uint8_t *at = zt_packet_at(&packet);

    if (malformed != ZT_FATE_NONE)
        zt_emit_fate(machine, malformed);
    else if (zt_has_kernel(interface) && is_for_the_kernel(zt_ip_destination(at, packet.ip.family)))
        zt_punt(machine, packet.received, packet.frame);
    else if (zt_mac_is_group(zt_eth_destination(packet.frame.data)) && zt_has_kernel(interface) &&
             !ZT_MUTANT(group_mac_routed))
        zt_emit_fate(machine, ZT_FATE_L2_GROUP_IP_UNICAST);
    else
        zt_route(machine, packet);
}

/* PORT-2 to PORT-4. */
static void receive_routed(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    zt_mac destination = zt_eth_destination(frame.data);
    zt_ethertype type = zt_eth_type(frame.data);

    if (!zt_mac_is_group(destination) && !zt_mac_equal(destination, interface->mac) &&
        !ZT_MUTANT(foreign_mac_routed)) {
        zt_emit_fate(machine, ZT_FATE_MAC_NOT_FOR_US); /* PORT-2 */
        return;
    }
    switch (type.value) { /* PORT-3 */
    case ZT_ETHERTYPE_ARP:
    case ZT_ETHERTYPE_LLDP:
        if (ZT_MUTANT(arp_not_punted))
            zt_emit_fate(machine, ZT_FATE_ETHERTYPE_UNKNOWN);
        else
            zt_punt(machine, index, frame);
        return;
    case ZT_ETHERTYPE_IPV4:
    case ZT_ETHERTYPE_IPV6:
        break;
    case ZT_ETHERTYPE_MACSEC:
        zt_emit_fate(machine, ZT_FATE_MACSEC_UNEXPECTED);
        return;
    default:
        zt_emit_fate(machine, ZT_FATE_ETHERTYPE_UNKNOWN);
        return;
    }
    zt_port_receive_packet(machine, (struct zt_packet){ .frame = frame, .received = index });
}

void zt_interface_receive(struct zt_machine *machine, uint32_t interface, struct zt_frame frame)
{
    if (zt_interface_at(machine, interface)->bridge != ZT_NONE)
        zt_bridge_receive(machine, (struct zt_origin){ .member = interface }, frame);
    else
        receive_routed(machine, interface, frame);
}

void zt_interface_send(struct zt_machine *machine, uint32_t interface, struct zt_frame frame)
{
    zt_record_egress(machine, interface, frame);
    if (zt_interface_at(machine, interface)->kind == ZT_KIND_MACSEC)
        zt_macsec_send(machine, interface, frame);
    else
        zt_emit_tx(machine, interface, frame);
}

void zt_punt(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    uint32_t port = interface->kind == ZT_KIND_MACSEC      ? interface->macsec.lower
                    : interface->kind == ZT_KIND_WIREGUARD ? interface->wireguard.lower
                                                           : index;
    if (port != ZT_NONE && zt_interface_at(machine, port)->port.tap)
        zt_emit_punt(machine, port, frame);
    else
        zt_emit_fate(machine, ZT_FATE_PUNT_UNAVAILABLE);
}

uint32_t zt_port_upper(const struct zt_interface *interface, uint32_t port)
{
    if (interface->port.macsec != ZT_NONE)
        return interface->port.macsec;
    return interface->port.wireguard != ZT_NONE ? interface->port.wireguard : port;
}

void zt_punt_in(struct zt_machine *machine, uint32_t port, const uint8_t *data, uint32_t length)
{
    const struct zt_interface *interface = zt_interface_at(machine, port);
    uint32_t upper = zt_port_upper(interface, port);

    machine->ports[interface->id].punt_in++;
    if (length < ZT_ETH_HEADER)
        zt_emit_fate(machine, ZT_FATE_FRAME_TRUNCATED);
    else if (length - ZT_ETH_HEADER > zt_interface_at(machine, upper)->mtu &&
             !ZT_MUTANT(punt_mtu_ignored))
        zt_emit_fate(machine, ZT_FATE_MTU_EXCEEDED);
    else if (upper == interface->port.wireguard)
        zt_wireguard_punt_in(machine, upper, zt_frame_copy(&machine->arena, data, length));
    else
        zt_interface_send(machine, upper, zt_frame_copy(&machine->arena, data, length));
}
