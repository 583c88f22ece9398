/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Neighbour solicitations and advertisements (RFC 4861). */
#ifndef ZTOS_ND_H
#define ZTOS_ND_H

#include "ztos/icmp.h"

#define ZT_ND_SOLICITATION 135u
#define ZT_ND_ADVERTISEMENT 136u
#define ZT_ND_OPTION_SOURCE 1u
#define ZT_ND_OPTION_TARGET 2u
#define ZT_ND_ROUTER 0x80u
#define ZT_ND_SOLICITED 0x40u
#define ZT_ND_OVERRIDE 0x20u
/* ICMPv6 octets up to the options, and of a message with one link-layer option. */
#define ZT_ND_FIXED 24u
#define ZT_ND_WITH_OPTION 32u
#define ZT_ND_FRAME (ZT_ETH_HEADER + ZT_IPV6_HEADER + ZT_ND_WITH_OPTION)

struct zt_nd {
    uint8_t type;
    uint8_t flags;
    zt_ip source, destination, target;
    /* Options 1 and 2 of length 1, the first of each. */
    bool has_source_mac, has_target_mac;
    zt_mac source_mac, target_mac;
};

/* ff02::1:ff00:0/104 */
static inline bool zt_ip_is_solicited_node(zt_ip ip)
{
    static const uint8_t prefix[13] = { 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff };
    return ip.family == ZT_IPV6 && memcmp(ip.octets, prefix, 13) == 0;
}
static inline zt_ip zt_ip_solicited_node(zt_ip ip)
{
    const uint8_t *o = ip.octets;
    return (zt_ip){ ZT_IPV6,
                    { 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff, o[13], o[14], o[15] } };
}
/* RFC 2464 section 7: 33:33 and the low 32 bits. */
static inline zt_mac zt_ip_multicast_mac(zt_ip ip)
{
    const uint8_t *o = ip.octets;
    return (zt_mac){ { 0x33, 0x33, o[12], o[13], o[14], o[15] } };
}

/* Options of `length` octets at `at`: false when one has length 0 or does not end within. */
static inline bool zt_nd_read_options(const uint8_t *at, uint32_t length, struct zt_nd *nd)
{
    nd->has_source_mac = nd->has_target_mac = false;
    while (length > 0) {
        if (length < 2)
            return false;
        uint8_t type = zt_load_u8(at);
        uint32_t octets = 8u * zt_load_u8(at + 1);
        if (octets == 0 || octets > length)
            return false;
        if (octets == 8 && type == ZT_ND_OPTION_SOURCE && !nd->has_source_mac) {
            nd->has_source_mac = true;
            nd->source_mac = zt_load_mac(at + 2);
        }
        if (octets == 8 && type == ZT_ND_OPTION_TARGET && !nd->has_target_mac) {
            nd->has_target_mac = true;
            nd->target_mac = zt_load_mac(at + 2);
        }
        at += octets;
        length -= octets;
    }
    return true;
}

/* ND-1 for a well-formed IPv6 packet: false when it is no valid solicitation or advertisement. */
static inline bool zt_nd_read(const uint8_t *ip, const struct zt_ip_packet *packet,
                              struct zt_nd *nd)
{
    const uint8_t *icmp = ip + ZT_IPV6_HEADER;
    uint32_t length = packet->length - ZT_IPV6_HEADER;

    if (zt_ip_protocol(ip, ZT_IPV6).value != ZT_PROTOCOL_ICMPV6 || length < ZT_ND_FIXED)
        return false;
    nd->type = zt_load_u8(icmp);
    if (nd->type != ZT_ND_SOLICITATION && nd->type != ZT_ND_ADVERTISEMENT)
        return false;
    if (zt_ip_ttl(ip, ZT_IPV6) != 255 || zt_load_u8(icmp + 1) != 0)
        return false;
    if (!zt_sum_is_right(zt_icmp_sum(ip, ZT_IPV6, icmp, length)))
        return false;
    nd->flags = zt_load_u8(icmp + 4);
    nd->source = zt_ip_source(ip, ZT_IPV6);
    nd->destination = zt_ip_destination(ip, ZT_IPV6);
    nd->target = zt_load_ip(ZT_IPV6, icmp + 8);
    if (zt_ip_is_multicast(nd->target) ||
        !zt_nd_read_options(icmp + ZT_ND_FIXED, length - ZT_ND_FIXED, nd))
        return false;
    if (nd->type == ZT_ND_SOLICITATION && zt_ip_is_zero(nd->source))
        return zt_ip_is_solicited_node(nd->destination) && !nd->has_source_mac;
    if (nd->type == ZT_ND_ADVERTISEMENT && zt_ip_is_multicast(nd->destination))
        return (nd->flags & ZT_ND_SOLICITED) == 0;
    return true;
}

/*
 * Writes a whole frame of ZT_ND_FRAME octets, hop limit 255, with one link-layer option: option 1 in a solicitation,
 * option 2 in an advertisement.
 */
static inline void zt_nd_write(uint8_t *frame, zt_mac destination, zt_mac source,
                               const struct zt_nd *nd, zt_mac option)
{
    uint8_t *ip = frame + ZT_ETH_HEADER, *icmp = ip + ZT_IPV6_HEADER;
    zt_eth_write(frame, destination, source, (zt_ethertype){ ZT_ETHERTYPE_IPV6 });
    zt_ipv6_write(ip, ZT_IPV6_HEADER + ZT_ND_WITH_OPTION, 0, 255,
                  (zt_protocol){ ZT_PROTOCOL_ICMPV6 }, nd->source, nd->destination);
    memset(icmp, 0, ZT_ND_WITH_OPTION);
    icmp[0] = nd->type;
    icmp[4] = nd->flags;
    memcpy(icmp + 8, nd->target.octets, 16);
    icmp[24] = nd->type == ZT_ND_SOLICITATION ? ZT_ND_OPTION_SOURCE : ZT_ND_OPTION_TARGET;
    icmp[25] = 1;
    zt_store_mac(icmp + 26, option);
    zt_icmp_write_checksum(ip, ZT_IPV6, icmp, ZT_ND_WITH_OPTION);
}

#endif
