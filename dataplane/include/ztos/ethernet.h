/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Ethernet header: MAC addresses, EtherTypes. Offsets are those of a frame without FCS. */
#ifndef ZTOS_ETHERNET_H
#define ZTOS_ETHERNET_H

#include "ztos/bytes.h"

#define ZT_ETH_HEADER 14u
#define ZT_ETH_DESTINATION 0u
#define ZT_ETH_SOURCE 6u
#define ZT_ETH_TYPE 12u

#define ZT_ETHERTYPE_IPV4 0x0800u
#define ZT_ETHERTYPE_ARP 0x0806u
#define ZT_ETHERTYPE_VLAN 0x8100u
#define ZT_ETHERTYPE_IPV6 0x86ddu
#define ZT_ETHERTYPE_QINQ 0x88a8u
#define ZT_ETHERTYPE_LLDP 0x88ccu
#define ZT_ETHERTYPE_MACSEC 0x88e5u
#define ZT_ETHERTYPE_QINQ_OLD 0x9100u

typedef struct {
    uint8_t octets[6];
} zt_mac;

#define ZT_MAC_BROADCAST ((zt_mac){ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } })

static inline zt_mac zt_load_mac(const uint8_t *at)
{
    zt_mac mac;
    ZT_TRACE_LOAD(at, 6);
    memcpy(mac.octets, at, 6);
    return mac;
}
static inline void zt_store_mac(uint8_t *at, zt_mac mac)
{
    memcpy(at, mac.octets, 6);
}
static inline bool zt_mac_equal(zt_mac a, zt_mac b)
{
    return memcmp(a.octets, b.octets, 6) == 0;
}
static inline bool zt_mac_is_group(zt_mac mac)
{
    return (mac.octets[0] & 0x01) != 0;
}
static inline bool zt_mac_is_zero(zt_mac mac)
{
    return zt_mac_equal(mac, (zt_mac){ { 0 } });
}
/* 01:80:c2:00:00:00 to 01:80:c2:00:00:0f (IEEE 802.1D table 7-10). */
static inline bool zt_mac_is_reserved(zt_mac mac)
{
    static const uint8_t prefix[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };
    return memcmp(mac.octets, prefix, 5) == 0 && mac.octets[5] <= 0x0f;
}

static inline zt_mac zt_eth_destination(const uint8_t *frame)
{
    return zt_load_mac(frame + ZT_ETH_DESTINATION);
}
static inline zt_mac zt_eth_source(const uint8_t *frame)
{
    return zt_load_mac(frame + ZT_ETH_SOURCE);
}
static inline zt_ethertype zt_eth_type(const uint8_t *frame)
{
    return (zt_ethertype){ zt_load_u16(frame + ZT_ETH_TYPE) };
}
static inline void zt_eth_write(uint8_t *frame, zt_mac destination, zt_mac source,
                                zt_ethertype type)
{
    zt_store_mac(frame + ZT_ETH_DESTINATION, destination);
    zt_store_mac(frame + ZT_ETH_SOURCE, source);
    zt_store_u16(frame + ZT_ETH_TYPE, type.value);
}

/* HASH-3: Ethernet words. */
static inline void zt_eth_words(const uint8_t *frame, uint32_t words[4])
{
    words[0] = zt_load_u32(frame);
    words[1] = zt_load_u32(frame + 4);
    words[2] = zt_load_u32(frame + 8);
    words[3] = zt_eth_type(frame).value;
}

#endif
