/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors: ICMP-1 to ICMP-5 (RFC 792, RFC 1812, RFC 4443). */
#include "src/machine/internal.h"

#define TRAFFIC_CLASS 0xc0u
#define ERROR_TTL 64u

/* ICMP-2: whether the packet is an ICMP message about which none is sent. */
static bool is_unanswerable_icmp(const uint8_t *at, const struct zt_ip_packet *ip)
{
    uint8_t protocol = zt_ip_protocol(at, ip->family).value;
    if (ZT_MUTANT(icmp_about_icmp) ||
        protocol != (ip->family == ZT_IPV4 ? ZT_PROTOCOL_ICMP : ZT_PROTOCOL_ICMPV6))
        return false;
    if (ip->length == ip->header)
        return true;
    uint8_t type = zt_load_u8(at + ip->header);
    if (ip->family == ZT_IPV6)
        return type < 128;
    return type != ZT_ICMP_ECHO_REPLY && type != ZT_ICMP_ECHO && type != ZT_ICMP_TIMESTAMP &&
           type != ZT_ICMP_TIMESTAMP_REPLY;
}

/* ICMP-2. */
static bool is_answerable(const struct zt_packet *packet)
{
    const uint8_t *at = zt_packet_at(packet);
    uint8_t family = packet->ip.family;
    if (packet->received == ZT_NONE || is_unanswerable_icmp(at, &packet->ip))
        return false;
    if (family == ZT_IPV4 && zt_ipv4_fragment_offset(at) != 0)
        return false;
    return !zt_ip_is_link_local(zt_ip_source(at, family));
}

/* The first address of an interface that an error may come from. */
static bool first_address(const struct zt_interface *interface, uint8_t family, zt_ip *source)
{
    for (uint32_t i = 0; i < interface->address_count; i++) {
        *source = interface->addresses[i].ip;
        if (source->family == family && !zt_ip_is_link_local(*source))
            return true;
    }
    return false;
}

/* ICMP-1. */
static bool choose_source(const struct zt_machine *machine, uint32_t received, uint8_t family,
                          zt_ip *source)
{
    const struct zt_interface *interface = zt_interface_at(machine, received);
    if (first_address(interface, family, source))
        return true;
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        const struct zt_interface *other = zt_interface_at(machine, i);
        if (other->vrf == interface->vrf && first_address(other, family, source))
            return true;
    }
    return false;
}

void zt_icmp_error(struct zt_machine *machine, const struct zt_packet *packet, uint8_t type,
                   uint8_t code, uint32_t rest)
{
    const uint8_t *at = zt_packet_at(packet);
    uint8_t family = packet->ip.family;
    uint32_t header = family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER;
    uint32_t most = family == ZT_IPV4 ? ZT_ICMP_ERROR_MAX : ZT_ICMPV6_ERROR_MAX;
    zt_ip source;

    if (!is_answerable(packet) || !choose_source(machine, packet->received, family, &source))
        return;
    uint32_t quoted = most - header - ZT_ICMP_HEADER - (ZT_MUTANT(icmp_quotes_short) ? 8 : 0);
    if (quoted > packet->ip.length)
        quoted = packet->ip.length;
    uint32_t icmp_length = ZT_ICMP_HEADER + quoted, length = header + icmp_length;
    struct zt_packet error = { .frame = zt_frame_new(&machine->arena, ZT_ETH_HEADER + length),
                               .ip = { family, header, length } };
    uint8_t *ip = zt_packet_at(&error), *icmp = ip + header;
    zt_ip destination = zt_ip_source(at, family);

    if (family == ZT_IPV4)
        zt_ipv4_write(ip, length, TRAFFIC_CLASS, true, ERROR_TTL, (zt_protocol){ ZT_PROTOCOL_ICMP },
                      source, destination);
    else
        zt_ipv6_write(ip, length, TRAFFIC_CLASS, ERROR_TTL, (zt_protocol){ ZT_PROTOCOL_ICMPV6 },
                      source, destination);
    icmp[0] = type;
    icmp[1] = code;
    zt_store_u32(icmp + 4, rest);
    memcpy(icmp + ZT_ICMP_HEADER, at, quoted);
    zt_icmp_write_checksum(ip, family, icmp, icmp_length);
    zt_originate(machine, zt_interface_at(machine, packet->received)->vrf, error);
}
