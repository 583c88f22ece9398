/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to the node's own addresses: LOCAL-1 to LOCAL-4. */
#include "src/machine/internal.h"

/* LOCAL-2. */
static bool is_fragment(const uint8_t *at, uint8_t family)
{
    return family == ZT_IPV4 ? zt_ipv4_is_fragment(at)
                             : zt_ip_protocol(at, family).value == ZT_PROTOCOL_FRAGMENT;
}

/* ICMP of the packet's family, ICMPv6 right behind the fixed header. */
static bool is_icmp(const uint8_t *at, const struct zt_ip_packet *ip)
{
    uint8_t protocol = ip->family == ZT_IPV4 ? ZT_PROTOCOL_ICMP : ZT_PROTOCOL_ICMPV6;
    return zt_ip_protocol(at, ip->family).value == protocol;
}

/* The reply to an echo request, behind room for an Ethernet header. */
static struct zt_packet make_reply(struct zt_machine *machine, const struct zt_packet *request)
{
    const uint8_t *at = zt_packet_at(request);
    uint8_t family = request->ip.family;
    uint32_t header = family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER;
    uint32_t icmp_length = request->ip.length - request->ip.header, length = header + icmp_length;
    zt_ip source = zt_ip_destination(at, family), destination = zt_ip_source(at, family);
    uint8_t dscp = zt_ip_tos(at, family) & 0xfc;
    struct zt_packet reply = { .frame = zt_frame_new(&machine->arena, ZT_ETH_HEADER + length),
                               .ip = { family, header, length } };
    uint8_t *ip = zt_packet_at(&reply), *icmp = ip + header;

    if (family == ZT_IPV4)
        zt_ipv4_write(ip, length, dscp, true, 64, (zt_protocol){ ZT_PROTOCOL_ICMP }, source,
                      destination);
    else
        zt_ipv6_write(ip, length, dscp, 64, (zt_protocol){ ZT_PROTOCOL_ICMPV6 }, source,
                      destination);
    memcpy(icmp, at + request->ip.header, icmp_length);
    icmp[0] = family == ZT_IPV4 ? ZT_ICMP_ECHO_REPLY : ZT_ICMPV6_ECHO_REPLY;
    zt_icmp_write_checksum(ip, family, icmp, icmp_length);
    return reply;
}

static void answer_echo(struct zt_machine *machine, const struct zt_packet *request)
{
    const uint8_t *at = zt_packet_at(request);
    zt_emit_fate(machine, ZT_FATE_ECHO_ANSWERED);
    struct zt_packet reply = make_reply(machine, request);
    reply.received = ZT_NONE;
    if (zt_interface_at(machine, request->received)->kind == ZT_KIND_IRB &&
        zt_ip_is_link_local(zt_ip_source(at, request->ip.family)))
        zt_irb_send(machine, request->received, zt_eth_source(request->frame.data), reply);
    else
        zt_originate(machine, zt_interface_at(machine, request->received)->vrf, reply);
}

/*
 * LOCAL-3. A message without type and code is too short whatever it was to be; of those that have them only echo requests are
 * looked at any further.
 */
static void deliver_icmp(struct zt_machine *machine, const struct zt_packet *packet)
{
    const struct zt_ip_packet *ip = &packet->ip;
    const uint8_t *at = zt_packet_at(packet), *icmp = at + ip->header;
    uint32_t length = ip->length - ip->header;
    uint8_t echo = ip->family == ZT_IPV4 ? ZT_ICMP_ECHO : ZT_ICMPV6_ECHO;

    if (length < 2)
        zt_emit_fate(machine, ZT_FATE_ICMP_INVALID);
    else if (zt_load_u8(icmp) != echo || zt_load_u8(icmp + 1) != 0)
        zt_emit_fate(machine, ZT_FATE_NO_LISTENER);
    else if (length >= ZT_ICMP_HEADER &&
             (zt_sum_is_right(zt_icmp_sum(at, ip->family, icmp, length)) ||
              ZT_MUTANT(echo_unchecked)))
        answer_echo(machine, packet);
    else
        zt_emit_fate(machine, ZT_FATE_ICMP_INVALID);
}

bool zt_is_of_gateway(const struct zt_machine *machine, uint32_t vrf, zt_ip address)
{
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        const struct zt_interface *one = &machine->program->interfaces[i];
        if (one->kind == ZT_KIND_IRB && one->vrf == vrf && zt_irb_owns(one, address))
            return true;
    }
    return false;
}

/* LOCAL-1, LOCAL-2: received on an IRB, or for one of the same VRF, whose addresses no kernel has. */
static bool is_for_gateway(const struct zt_machine *machine, const struct zt_packet *packet)
{
    const struct zt_interface *received = zt_interface_at(machine, packet->received);
    zt_ip destination = zt_ip_destination(zt_packet_at(packet), packet->ip.family);

    return received->kind == ZT_KIND_IRB ||
           (zt_is_of_gateway(machine, received->vrf, destination) && !ZT_MUTANT(gateway_punted));
}

void zt_local(struct zt_machine *machine, struct zt_packet packet, struct zt_frame whole)
{
    const uint8_t *at = zt_packet_at(&packet);
    uint8_t family = packet.ip.family;

    const struct zt_interface *received = zt_interface_at(machine, packet.received);
    uint32_t wireguard = zt_wireguard_find(machine, received->vrf, at, &packet.ip);
    if (wireguard != ZT_NONE) { /* LOCAL-1 */
        zt_wireguard_receive(machine, wireguard, at, &packet.ip, ZT_NONE);
        return;
    }
    if (!is_for_gateway(machine, &packet)) {
        if (zt_vxlan_receive(machine, &packet))
            return;
        if (zt_has_kernel(received)) {
            zt_punt(machine, packet.received, whole);
            return;
        }
    }
    if (is_fragment(at, family)) {
        zt_emit_fate(machine, ZT_FATE_LOCAL_FRAGMENT);
        return;
    }
    if (is_icmp(at, &packet.ip)) {
        deliver_icmp(machine, &packet);
        return;
    }
    zt_emit_fate(machine, ZT_FATE_NO_LISTENER); /* LOCAL-4 */
    if (zt_ip_protocol(at, family).value != ZT_PROTOCOL_UDP)
        return;
    if (family == ZT_IPV4)
        zt_icmp_error(machine, &packet, ZT_ICMP_UNREACHABLE, 3, 0);
    else
        zt_icmp_error(machine, &packet, ZT_ICMPV6_UNREACHABLE, 4, 0);
}
