/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* UDP (RFC 768) and the VXLAN header behind it (RFC 7348 section 5). */
#ifndef ZTOS_UDP_H
#define ZTOS_UDP_H

#include "ztos/ip.h"

#define ZT_UDP_HEADER 8u
#define ZT_VXLAN_HEADER 8u
#define ZT_VXLAN_FLAG_I 0x08u

static inline zt_l4_port zt_udp_destination(const uint8_t *udp)
{
    return (zt_l4_port){ zt_load_u16(udp + 2) };
}

/* The sum over the pseudo-header and a UDP header without its checksum. By fields: they may have been written a moment ago, and a
 * longer load would have to wait for them. */
static inline zt_sum zt_udp_header_sum(const uint8_t *ip, uint8_t family, const uint8_t *udp,
                                       uint32_t length)
{
    zt_sum sum = zt_ip_pseudo_header(ip, family, (zt_protocol){ ZT_PROTOCOL_UDP }, length);
    for (uint32_t at = 0; at < 6; at += 2)
        sum = zt_sum_add_u16(sum, zt_load_u16(udp + at));
    return sum;
}

/* Writes the checksum for a sum over all but its field (VXLAN-2): 0 becomes 0xffff. */
static inline void zt_udp_finish_checksum(uint8_t *udp, zt_sum sum)
{
    zt_be16 checksum = zt_sum_checksum(sum);
    zt_store_be16(udp + 6, checksum.raw == 0 ? zt_net16(0xffff) : checksum);
}

/* Whether a UDP checksum that is not zero is right over `length` octets. */
static inline bool zt_udp_checksum_is_right(const uint8_t *ip, uint8_t family, const uint8_t *udp,
                                            uint32_t length)
{
    zt_sum sum = zt_ip_pseudo_header(ip, family, (zt_protocol){ ZT_PROTOCOL_UDP }, length);
    return zt_sum_is_right(zt_sum_add(sum, udp, length));
}

/* Writes the checksum over `length` octets. What the field had does not count. */
static inline void zt_udp_write_checksum(const uint8_t *ip, uint8_t family, uint8_t *udp,
                                         uint32_t length)
{
    zt_sum sum = zt_udp_header_sum(ip, family, udp, length);
    zt_udp_finish_checksum(udp, zt_sum_add(sum, udp + ZT_UDP_HEADER, length - ZT_UDP_HEADER));
}

static inline uint32_t zt_vxlan_vni(const uint8_t *vxlan)
{
    return zt_load_u32(vxlan + 4) >> 8;
}
static inline void zt_vxlan_write(uint8_t *vxlan, uint32_t vni)
{
    zt_store_u32(vxlan, ZT_VXLAN_FLAG_I << 24);
    zt_store_u32(vxlan + 4, vni << 8);
}

#endif
