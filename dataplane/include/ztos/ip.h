/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* IPv4 and IPv6 headers: addresses, PARSE-4 and PARSE-5, length (PARSE-6), flow words (PARSE-7, HASH-2). */
#ifndef ZTOS_IP_H
#define ZTOS_IP_H

#include "ztos/checksum.h"
#include "ztos/ethernet.h"
#include "ztos/gen/fates.h"

#define ZT_IPV4 4u
#define ZT_IPV6 6u
#define ZT_IPV4_HEADER 20u
#define ZT_IPV6_HEADER 40u

#define ZT_PROTOCOL_HOP_BY_HOP 0u
#define ZT_PROTOCOL_ICMP 1u
#define ZT_PROTOCOL_TCP 6u
#define ZT_PROTOCOL_UDP 17u
#define ZT_PROTOCOL_ROUTING 43u
#define ZT_PROTOCOL_FRAGMENT 44u
#define ZT_PROTOCOL_ICMPV6 58u
#define ZT_PROTOCOL_DESTINATION 60u
#define ZT_PROTOCOL_SCTP 132u

/* ECN (RFC 3168): the low two bits of TOS and traffic class. */
#define ZT_ECN_NOT_ECT 0u
#define ZT_ECN_ECT1 1u
#define ZT_ECN_ECT0 2u
#define ZT_ECN_CE 3u

/* An address of either family; the octets behind an IPv4 address are zero, so that all 17 compare. */
typedef struct {
    uint8_t family;
    uint8_t octets[16];
} zt_ip;

static inline uint32_t zt_ip_octets(uint8_t family)
{
    return family == ZT_IPV4 ? 4 : 16;
}
static inline zt_ip zt_load_ip(uint8_t family, const uint8_t *at)
{
    zt_ip ip = { .family = family };
    ZT_TRACE_LOAD(at, zt_ip_octets(family));
    memcpy(ip.octets, at, zt_ip_octets(family));
    return ip;
}
/* Whether these octets of a packet are an address: without a copy of them, which whoever compares would wait for. */
static inline bool zt_ip_is(const zt_ip *ip, uint8_t family, const uint8_t *octets)
{
    ZT_TRACE_LOAD(octets, zt_ip_octets(family));
    return ip->family == family && (family == ZT_IPV4 ? memcmp(ip->octets, octets, 4) == 0
                                                      : memcmp(ip->octets, octets, 16) == 0);
}
static inline bool zt_ip_equal(zt_ip a, zt_ip b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}
static inline bool zt_ip_is_zero(zt_ip ip)
{
    return zt_ip_equal(ip, (zt_ip){ .family = ip.family });
}
/* 224.0.0.0/4, ff00::/8 */
static inline bool zt_ip_is_multicast(zt_ip ip)
{
    return ip.family == ZT_IPV4 ? (ip.octets[0] & 0xf0) == 0xe0 : ip.octets[0] == 0xff;
}
static inline bool zt_ip_is_limited_broadcast(zt_ip ip)
{
    return ip.family == ZT_IPV4 && zt_ip_equal(ip, (zt_ip){ ZT_IPV4, { 255, 255, 255, 255 } });
}
/* fe80::/10; IPv4 has none here. */
static inline bool zt_ip_is_link_local(zt_ip ip)
{
    return ip.family == ZT_IPV6 && ip.octets[0] == 0xfe && (ip.octets[1] & 0xc0) == 0x80;
}
/* Octets kept up to `length` bits, the rest zero. */
static inline zt_ip zt_ip_prefix(zt_ip ip, uint32_t length)
{
    uint32_t whole = length / 8, octets = zt_ip_octets(ip.family);
    if (whole < octets) {
        ip.octets[whole] &= (uint8_t)(0xff00u >> (length % 8));
        memset(ip.octets + whole + 1, 0, octets - whole - 1);
    }
    return ip;
}
/* The last address of a prefix. */
static inline zt_ip zt_ip_last(zt_ip ip, uint32_t length)
{
    uint32_t whole = length / 8, octets = zt_ip_octets(ip.family);
    if (whole < octets) {
        ip.octets[whole] |= (uint8_t)(0xffu >> (length % 8));
        memset(ip.octets + whole + 1, 0xff, octets - whole - 1);
    }
    return ip;
}
/* RFC 4291 appendix A: fe80::/64 and the modified EUI-64 of a MAC. */
static inline zt_ip zt_ip_eui64(zt_mac mac)
{
    const uint8_t *o = mac.octets;
    return (zt_ip){ ZT_IPV6,
                    { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, o[0] ^ 0x02, o[1], o[2], 0xff, 0xfe, o[3], o[4],
                      o[5] } };
}

/* What a well-formed packet is. */
struct zt_ip_packet {
    uint8_t family;
    /* Octets of the fixed header and IPv4 options; IPv6 extension headers count as payload. */
    uint32_t header;
    /* Octets of the packet as its length field says (PARSE-6). */
    uint32_t length;
};

/* PARSE-4 without the checksum. */
static inline bool zt_ipv4_read(const uint8_t *at, uint32_t available, struct zt_ip_packet *packet)
{
    if (available < ZT_IPV4_HEADER)
        return false;
    uint8_t first = zt_load_u8(at);
    uint32_t header = (first & 0x0fu) * 4, length = zt_load_u16(at + 2);
    if (first >> 4 != 4 || header < ZT_IPV4_HEADER || length < header || length > available)
        return false;
    *packet = (struct zt_ip_packet){ ZT_IPV4, header, length };
    return true;
}

static inline bool zt_ipv4_checksum_is_right(const uint8_t *at, const struct zt_ip_packet *packet)
{
    return zt_sum_is_right(zt_sum_add((zt_sum){ 0 }, at, packet->header));
}

/* PARSE-5. */
static inline bool zt_ipv6_read(const uint8_t *at, uint32_t available, struct zt_ip_packet *packet)
{
    if (available < ZT_IPV6_HEADER)
        return false;
    uint32_t length = ZT_IPV6_HEADER + zt_load_u16(at + 4);
    if (zt_load_u8(at) >> 4 != 6 || length > available)
        return false;
    *packet = (struct zt_ip_packet){ ZT_IPV6, ZT_IPV6_HEADER, length };
    return true;
}

/* PARSE-8: false when the frame is no IP or its packet is not well-formed; the IPv4 checksum is not looked at. */
static inline bool zt_ip_read_best_effort(const uint8_t *frame, uint32_t length,
                                          struct zt_ip_packet *packet)
{
    zt_ethertype type = zt_eth_type(frame);
    if (type.value == ZT_ETHERTYPE_IPV4)
        return zt_ipv4_read(frame + ZT_ETH_HEADER, length - ZT_ETH_HEADER, packet);
    if (type.value == ZT_ETHERTYPE_IPV6)
        return zt_ipv6_read(frame + ZT_ETH_HEADER, length - ZT_ETH_HEADER, packet);
    return false;
}

/* PARSE-4, PARSE-5 for a frame whose EtherType is IPv4 or IPv6: no fate when it is well-formed. */
static inline enum zt_fate zt_ip_read(const uint8_t *frame, uint32_t length,
                                      struct zt_ip_packet *packet)
{
    const uint8_t *at = frame + ZT_ETH_HEADER;
    if (zt_eth_type(frame).value == ZT_ETHERTYPE_IPV6)
        return zt_ipv6_read(at, length - ZT_ETH_HEADER, packet) ? ZT_FATE_NONE
                                                                : ZT_FATE_IPV6_HEADER_INVALID;
    if (!zt_ipv4_read(at, length - ZT_ETH_HEADER, packet))
        return ZT_FATE_IPV4_HEADER_INVALID;
    return zt_ipv4_checksum_is_right(at, packet) ? ZT_FATE_NONE : ZT_FATE_IPV4_CHECKSUM;
}

static inline zt_ip zt_ip_source(const uint8_t *at, uint8_t family)
{
    return zt_load_ip(family, at + (family == ZT_IPV4 ? 12 : 8));
}
static inline zt_ip zt_ip_destination(const uint8_t *at, uint8_t family)
{
    return zt_load_ip(family, at + (family == ZT_IPV4 ? 16 : 24));
}
static inline bool zt_ip_is_source(const zt_ip *ip, const uint8_t *at, uint8_t family)
{
    return zt_ip_is(ip, family, at + (family == ZT_IPV4 ? 12 : 8));
}
static inline bool zt_ip_is_destination(const zt_ip *ip, const uint8_t *at, uint8_t family)
{
    return zt_ip_is(ip, family, at + (family == ZT_IPV4 ? 16 : 24));
}
/* The fixed header's protocol or next header. */
static inline zt_protocol zt_ip_protocol(const uint8_t *at, uint8_t family)
{
    return (zt_protocol){ zt_load_u8(at + (family == ZT_IPV4 ? 9 : 6)) };
}
static inline uint8_t zt_ip_ttl(const uint8_t *at, uint8_t family)
{
    return zt_load_u8(at + (family == ZT_IPV4 ? 8 : 7));
}
/* MF set or an offset: a fragment. */
static inline bool zt_ipv4_is_fragment(const uint8_t *at)
{
    return (zt_load_u16(at + 6) & 0x3fffu) != 0;
}
static inline uint16_t zt_ipv4_fragment_offset(const uint8_t *at)
{
    return zt_load_u16(at + 6) & 0x1fffu;
}
static inline bool zt_ipv4_has_df(const uint8_t *at)
{
    return (zt_load_u16(at + 6) & 0x4000u) != 0;
}
/* TOS or traffic class: DSCP in the high six bits, ECN in the low two. */
static inline uint8_t zt_ip_tos(const uint8_t *at, uint8_t family)
{
    return family == ZT_IPV4 ? zt_load_u8(at + 1) : (uint8_t)(zt_load_u16(at) >> 4);
}

/* ROUTE-10: one less; the IPv4 checksum follows. */
static inline void zt_ip_decrement_ttl(uint8_t *at, uint8_t family)
{
    if (family == ZT_IPV6) {
        at[7]--;
        return;
    }
    /* By the word that the checksum knows: an octet that is written is not soon read as part of a word. */
    zt_be16 before = zt_load_be16(at + 8), after = zt_net16((uint16_t)(zt_host16(before) - 0x100));
    zt_store_be16(at + 8, after);
    zt_store_be16(at + 10, zt_checksum_update(zt_load_be16(at + 10), before, after));
}

/* VXLAN-6: sets the ECN field; the IPv4 checksum follows. */
static inline void zt_ip_set_ecn(uint8_t *at, uint8_t family, uint8_t ecn)
{
    zt_be16 before = zt_load_be16(at);
    if (family == ZT_IPV6) {
        zt_store_u16(at, (uint16_t)((zt_host16(before) & 0xffcfu) | (uint16_t)(ecn << 4)));
        return;
    }
    zt_be16 after = zt_net16((uint16_t)((zt_host16(before) & 0xfffcu) | ecn));
    zt_store_be16(at, after);
    zt_store_be16(at + 10, zt_checksum_update(zt_load_be16(at + 10), before, after));
}

/* Pseudo-header of TCP, UDP and ICMPv6 (RFC 768, RFC 8200 section 8.1) over `length` octets of the upper layer. */
static inline zt_sum zt_ip_pseudo_header(const uint8_t *at, uint8_t family, zt_protocol protocol,
                                         uint32_t length)
{
    zt_sum sum = family == ZT_IPV4 ? zt_sum_add((zt_sum){ 0 }, at + 12, 8)
                                   : zt_sum_add((zt_sum){ 0 }, at + 8, 32);
    sum = zt_sum_add_u16(sum, (uint16_t)(length >> 16));
    sum = zt_sum_add_u16(sum, (uint16_t)length);
    return zt_sum_add_u16(sum, protocol.value);
}

/* Writes an IPv4 header without options, ID 0, checksum included. */
static inline void zt_ipv4_write(uint8_t *at, uint32_t length, uint8_t tos, bool df, uint8_t ttl,
                                 zt_protocol protocol, zt_ip source, zt_ip destination)
{
    at[0] = 0x45;
    at[1] = tos;
    zt_store_u16(at + 2, (uint16_t)length);
    zt_store_u16(at + 4, 0);
    zt_store_u16(at + 6, df ? 0x4000 : 0);
    at[8] = ttl;
    at[9] = protocol.value;
    zt_store_u16(at + 10, 0);
    memcpy(at + 12, source.octets, 4);
    memcpy(at + 16, destination.octets, 4);
    zt_store_be16(at + 10, zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, at, ZT_IPV4_HEADER)));
}

/* Writes an IPv6 header, flow label 0. `length` is the packet's, header included. */
static inline void zt_ipv6_write(uint8_t *at, uint32_t length, uint8_t traffic_class,
                                 uint8_t hop_limit, zt_protocol next, zt_ip source,
                                 zt_ip destination)
{
    zt_store_u32(at, 0x60000000u | (uint32_t)traffic_class << 20);
    zt_store_u16(at + 4, (uint16_t)(length - ZT_IPV6_HEADER));
    at[6] = next.value;
    at[7] = hop_limit;
    memcpy(at + 8, source.octets, 16);
    memcpy(at + 24, destination.octets, 16);
}

#endif
