/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* ARP for IPv4 over Ethernet (RFC 826). */
#ifndef ZTOS_ARP_H
#define ZTOS_ARP_H

#include "ztos/ip.h"

#define ZT_ARP_LENGTH 28u
#define ZT_ARP_FRAME (ZT_ETH_HEADER + ZT_ARP_LENGTH)
#define ZT_ARP_REQUEST 1u
#define ZT_ARP_REPLY 2u

struct zt_arp {
    uint16_t operation;
    zt_mac sender_mac, target_mac;
    zt_ip sender, target;
};

/* ARP-1 for a frame whose EtherType is 0x0806: false when it is forwarded uninspected. */
static inline bool zt_arp_read(const uint8_t *frame, uint32_t length, struct zt_arp *arp)
{
    const uint8_t *at = frame + ZT_ETH_HEADER;
    if (length < ZT_ARP_FRAME)
        return false;
    if (zt_load_u16(at) != 1 || zt_load_u16(at + 2) != ZT_ETHERTYPE_IPV4 ||
        zt_load_u8(at + 4) != 6 || zt_load_u8(at + 5) != 4)
        return false;
    arp->operation = zt_load_u16(at + 6);
    arp->sender_mac = zt_load_mac(at + 8);
    arp->sender = zt_load_ip(ZT_IPV4, at + 14);
    arp->target_mac = zt_load_mac(at + 18);
    arp->target = zt_load_ip(ZT_IPV4, at + 24);
    return arp->operation == ZT_ARP_REQUEST || arp->operation == ZT_ARP_REPLY;
}

/* Writes a whole frame of ZT_ARP_FRAME octets. */
static inline void zt_arp_write(uint8_t *frame, zt_mac destination, zt_mac source,
                                const struct zt_arp *arp)
{
    uint8_t *at = frame + ZT_ETH_HEADER;
    zt_eth_write(frame, destination, source, (zt_ethertype){ ZT_ETHERTYPE_ARP });
    zt_store_u16(at, 1);
    zt_store_u16(at + 2, ZT_ETHERTYPE_IPV4);
    at[4] = 6;
    at[5] = 4;
    zt_store_u16(at + 6, arp->operation);
    zt_store_mac(at + 8, arp->sender_mac);
    memcpy(at + 14, arp->sender.octets, 4);
    zt_store_mac(at + 18, arp->target_mac);
    memcpy(at + 24, arp->target.octets, 4);
}

#endif
