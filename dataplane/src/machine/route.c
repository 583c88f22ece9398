/* SPDX-License-Identifier: Apache-2.0 */
/* Routing: ROUTE-1 to ROUTE-11. */
#include <stdlib.h>

#include "src/machine/internal.h"
#include "src/machine/route_table.h"

static int compare_ips(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(zt_ip));
}

bool zt_vrf_owns(const struct zt_vrf *vrf, zt_ip ip)
{
    return vrf->own_count > 0 &&
           bsearch(&ip, vrf->own, vrf->own_count, sizeof ip, compare_ips) != NULL;
}

/* An own address of the VRF, or a link-local one of the receiving IRB. */
static bool owns(const struct zt_machine *machine, uint32_t received, zt_ip ip)
{
    const struct zt_interface *interface = zt_interface_at(machine, received);
    if (zt_vrf_owns(&machine->program->vrfs[interface->vrf], ip))
        return true;
    return interface->kind == ZT_KIND_IRB && zt_ip_is_link_local(ip) && zt_irb_owns(interface, ip);
}

bool zt_is_martian(zt_ip ip)
{
    if (ip.family == ZT_IPV4)
        return ip.octets[0] == 0 || ip.octets[0] == 127 || ip.octets[0] >= 224;
    static const zt_ip loopback = { ZT_IPV6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
    return zt_ip_is_zero(ip) || zt_ip_equal(ip, loopback) || zt_ip_is_multicast(ip);
}

/*
 * ROUTE-2: a host beside the underlay that uses an address which is not of its network. What has a VTEP's address would pass for a
 * VTEP (VXLAN-5).
 */
static bool is_spoofed(const struct zt_machine *machine, const struct zt_interface *received,
                       zt_ip source)
{
    if (received->kind != ZT_KIND_IRB || machine->program->vrfs[received->vrf].id != 0 ||
        zt_ip_is_link_local(source) || ZT_MUTANT(vtep_spoofed))
        return false;
    for (uint32_t i = 0; i < received->address_count; i++)
        if (zt_address_covers(&received->addresses[i], source))
            return false;
    return true;
}

static const struct zt_route *find_route(const struct zt_machine *machine, uint32_t vrf,
                                         zt_ip destination)
{
    const struct zt_program *program = machine->program;
    uint32_t index = zt_lpm_find(&program->vrfs[vrf].lpm, destination);
    for (uint32_t other = 0;
         ZT_MUTANT(route_leaked) && index == ZT_NONE && other < program->vrf_count; other++)
        index = zt_lpm_find(&program->vrfs[other].lpm, destination);
    return index == ZT_NONE ? NULL : &program->routes[index];
}

/* ROUTE-7. */
static bool is_directed_broadcast(const struct zt_route *route, zt_ip destination)
{
    return route->kind == ZT_ROUTE_CONNECTED && destination.family == ZT_IPV4 &&
           route->length <= 30 &&
           (zt_ip_equal(destination, route->prefix) ||
            zt_ip_equal(destination, zt_ip_last(route->prefix, route->length)));
}

/* ROUTE-9: interface and next hop of a route that is no blackhole. */
static uint32_t choose(const struct zt_machine *machine, const struct zt_route *route,
                       const struct zt_packet *packet, zt_ip *next_hop)
{
    if (route->kind == ZT_ROUTE_CONNECTED)
        return route->target;
    const struct zt_next_hop *member =
        zt_next_hop_choose(machine, zt_route_group(machine->program, route), packet);
    if (member->has_gateway)
        *next_hop = member->gateway;
    return member->interface;
}

/* Fate and ICMP error about a packet: IPv4 type and code, IPv6 type and code. */
struct complaint {
    enum zt_fate fate;
    uint8_t type, code, type6, code6;
};
static const struct complaint net_unreachable = { ZT_FATE_NO_ROUTE, ZT_ICMP_UNREACHABLE, 0,
                                                  ZT_ICMPV6_UNREACHABLE, 0 };
static const struct complaint time_exceeded = { ZT_FATE_TTL_EXCEEDED, ZT_ICMP_TIME_EXCEEDED, 0,
                                                ZT_ICMPV6_TIME_EXCEEDED, 0 };
static const struct complaint too_long = { ZT_FATE_MTU_EXCEEDED, ZT_ICMP_UNREACHABLE, 4,
                                           ZT_ICMPV6_TOO_BIG, 0 };

static void complain(struct zt_machine *machine, const struct zt_packet *packet,
                     const struct complaint *about, uint32_t rest)
{
    zt_emit_fate(machine, about->fate);
    if (packet->ip.family == ZT_IPV4)
        zt_icmp_error(machine, packet, about->type, about->code, rest);
    else
        zt_icmp_error(machine, packet, about->type6, about->code6, rest);
}

void zt_route_decrement(uint8_t *at, uint8_t family)
{
    if (ZT_MUTANT(ttl_not_decremented))
        return;
    if (ZT_MUTANT(checksum_not_updated) && family == ZT_IPV4)
        at[8]--;
    else
        zt_ip_decrement_ttl(at, family);
}

/* ROUTE-6 to ROUTE-10. */
static void forward(struct zt_machine *machine, struct zt_packet *packet, zt_ip destination)
{
    uint32_t vrf = zt_interface_at(machine, packet->received)->vrf;
    const struct zt_route *route = find_route(machine, vrf, destination);
    const uint8_t *at = zt_packet_at(packet);
    uint8_t family = packet->ip.family;

    if (route == NULL) {
        complain(machine, packet, &net_unreachable, 0);
        return;
    }
    if (route->kind == ZT_ROUTE_BLACKHOLE) {
        zt_emit_fate(machine, ZT_FATE_BLACKHOLE);
        return;
    }
    if (is_directed_broadcast(route, destination)) {
        zt_emit_fate(machine, ZT_FATE_DIRECTED_BROADCAST);
        return;
    }
    if (zt_ip_ttl(at, family) <= (ZT_MUTANT(ttl_expired_routed) ? 0 : 1)) {
        complain(machine, packet, &time_exceeded, 0);
        return;
    }
    zt_ip next_hop = destination;
    uint32_t egress = choose(machine, route, packet, &next_hop);
    uint32_t mtu = zt_interface_at(machine, egress)->mtu;
    if (packet->ip.length > mtu + (ZT_MUTANT(route_mtu_off_by_one) && mtu != UINT32_MAX ? 1 : 0)) {
        if (family == ZT_IPV4 && !zt_ipv4_has_df(at))
            zt_emit_fate(machine, ZT_FATE_FRAGMENTATION_UNSUPPORTED);
        else
            complain(machine, packet, &too_long, mtu);
        return;
    }
    zt_record_routed(machine);
    zt_record_leaving_limit(machine, mtu == UINT32_MAX ? UINT32_MAX : ZT_ETH_HEADER + mtu);
    zt_route_decrement(zt_packet_at(packet), family);
    zt_neighbour_send(machine, egress, next_hop, *packet);
}

void zt_route(struct zt_machine *machine, struct zt_packet packet)
{
    const uint8_t *at = zt_packet_at(&packet);
    uint8_t family = packet.ip.family;
    zt_ip source = zt_ip_source(at, family), destination = zt_ip_destination(at, family);
    struct zt_frame whole = packet.frame;

    if (!ZT_MUTANT(padding_routed))
        packet.frame.length = ZT_ETH_HEADER + packet.ip.length; /* ROUTE-1 */
    if ((zt_is_martian(source) || owns(machine, packet.received, source) ||
         is_spoofed(machine, zt_interface_at(machine, packet.received), source)) &&
        !ZT_MUTANT(martian_source_routed))
        zt_emit_fate(machine, ZT_FATE_MARTIAN_SOURCE); /* ROUTE-2 */
    else if (zt_is_martian(destination))
        zt_emit_fate(machine, ZT_FATE_MARTIAN_DESTINATION); /* ROUTE-3 */
    else if (owns(machine, packet.received, destination))
        zt_local(machine, packet, whole); /* ROUTE-4 */
    else if (zt_ip_is_link_local(source) || zt_ip_is_link_local(destination))
        zt_emit_fate(machine, ZT_FATE_LINK_LOCAL_NOT_ROUTED); /* ROUTE-5 */
    else
        forward(machine, &packet, destination);
}

void zt_originate(struct zt_machine *machine, uint32_t vrf, struct zt_packet packet)
{
    const uint8_t *at = zt_packet_at(&packet);
    zt_ip destination = zt_ip_destination(at, packet.ip.family), next_hop = destination;
    bool unroutable =
        zt_ip_is_link_local(destination) || zt_vrf_owns(&machine->program->vrfs[vrf], destination);
    const struct zt_route *route = unroutable ? NULL : find_route(machine, vrf, destination);

    packet.received = ZT_NONE;
    if (route == NULL || route->kind == ZT_ROUTE_BLACKHOLE) {
        zt_emit_fate(machine, ZT_FATE_NO_ROUTE);
        return;
    }
    if (is_directed_broadcast(route, destination)) {
        zt_emit_fate(machine, ZT_FATE_DIRECTED_BROADCAST);
        return;
    }
    uint32_t egress = choose(machine, route, &packet, &next_hop);
    uint32_t mtu = zt_interface_at(machine, egress)->mtu;
    if (packet.ip.length > mtu) {
        zt_emit_fate(machine, ZT_FATE_MTU_EXCEEDED);
        return;
    }
    zt_record_leaving_limit(machine, mtu == UINT32_MAX ? UINT32_MAX : ZT_ETH_HEADER + mtu);
    zt_neighbour_send(machine, egress, next_hop, packet);
}
