/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Flow words of a packet (PARSE-7) in the order in which they are hashed (HASH-2). */
#ifndef ZTOS_FLOW_WORDS_H
#define ZTOS_FLOW_WORDS_H

#include "ztos/hash.h"
#include "ztos/ip.h"

#define ZT_FLOW_WORDS_MAX 10u
#define ZT_IPV6_EXTENSIONS_MAX 8u

struct zt_flow_words {
    /* 4 for IPv4, 10 for IPv6, 0 for a frame without. */
    uint32_t count;
    /* Source, destination, protocol, ports. Those behind `count` are zero. */
    uint32_t word[ZT_FLOW_WORDS_MAX];
};

static inline bool zt_protocol_has_ports(zt_protocol protocol)
{
    return protocol.value == ZT_PROTOCOL_TCP || protocol.value == ZT_PROTOCOL_UDP ||
           protocol.value == ZT_PROTOCOL_SCTP;
}

/* Ports of the upper layer at `offset`, 0 when the protocol has none or they are cut off. */
static inline uint32_t zt_flow_ports(const uint8_t *at, const struct zt_ip_packet *packet,
                                     uint32_t offset, zt_protocol protocol)
{
    if (!zt_protocol_has_ports(protocol) || offset + 4 > packet->length)
        return 0;
    return zt_load_u32(at + offset);
}

/* Walks IPv6 extension headers (PARSE-7). Returns the protocol; `*ports` as above. */
static inline zt_protocol zt_ipv6_walk(const uint8_t *at, const struct zt_ip_packet *packet,
                                       uint32_t *ports)
{
    zt_protocol protocol = zt_ip_protocol(at, ZT_IPV6);
    uint32_t offset = ZT_IPV6_HEADER, skipped = 0;

    *ports = 0;
    for (;;) {
        if (protocol.value == ZT_PROTOCOL_FRAGMENT) {
            if (offset + 8 <= packet->length)
                protocol.value = zt_load_u8(at + offset);
            return protocol;
        }
        if (protocol.value != ZT_PROTOCOL_HOP_BY_HOP && protocol.value != ZT_PROTOCOL_ROUTING &&
            protocol.value != ZT_PROTOCOL_DESTINATION)
            break;
        if (skipped == ZT_IPV6_EXTENSIONS_MAX || offset + 2 > packet->length)
            return protocol;
        uint32_t octets = 8 * (zt_load_u8(at + offset + 1) + 1u);
        if (offset + octets > packet->length)
            return protocol;
        protocol.value = zt_load_u8(at + offset);
        offset += octets;
        skipped++;
    }
    *ports = zt_flow_ports(at, packet, offset, protocol);
    return protocol;
}

/* Words of a packet that is well-formed (PARSE-4 without checksum, PARSE-5), and how many they are; the rest is not written. */
static inline uint8_t zt_flow_words_write(const uint8_t *at, const struct zt_ip_packet *packet,
                                          uint32_t word[ZT_FLOW_WORDS_MAX])
{
    if (packet->family == ZT_IPV4) {
        zt_protocol protocol = zt_ip_protocol(at, ZT_IPV4);
        word[0] = zt_load_u32(at + 12);
        word[1] = zt_load_u32(at + 16);
        word[2] = protocol.value;
        word[3] = zt_ipv4_is_fragment(at) ? 0 : zt_flow_ports(at, packet, packet->header, protocol);
        return 4;
    }
    for (uint32_t i = 0; i < 8; i++)
        word[i] = zt_load_u32(at + 8 + 4 * i);
    word[8] = zt_ipv6_walk(at, packet, &word[9]).value;
    return ZT_FLOW_WORDS_MAX;
}

static inline void zt_flow_words_read(const uint8_t *at, const struct zt_ip_packet *packet,
                                      struct zt_flow_words *words)
{
    *words = (struct zt_flow_words){ 0 };
    words->count = zt_flow_words_write(at, packet, words->word);
}

#endif
