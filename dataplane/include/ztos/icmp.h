/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* ICMP and ICMPv6 messages (RFC 792, RFC 4443). */
#ifndef ZTOS_ICMP_H
#define ZTOS_ICMP_H

#include "ztos/ip.h"

/* Type, code, checksum and the four octets behind them. */
#define ZT_ICMP_HEADER 8u

#define ZT_ICMP_ECHO_REPLY 0u
#define ZT_ICMP_UNREACHABLE 3u
#define ZT_ICMP_ECHO 8u
#define ZT_ICMP_TIME_EXCEEDED 11u
#define ZT_ICMP_TIMESTAMP 13u
#define ZT_ICMP_TIMESTAMP_REPLY 14u

#define ZT_ICMPV6_UNREACHABLE 1u
#define ZT_ICMPV6_TOO_BIG 2u
#define ZT_ICMPV6_TIME_EXCEEDED 3u
#define ZT_ICMPV6_ECHO 128u
#define ZT_ICMPV6_ECHO_REPLY 129u

/* ICMP-3, ICMP-4: an error packet is at most this long. */
#define ZT_ICMP_ERROR_MAX 576u
#define ZT_ICMPV6_ERROR_MAX 1280u

/* Sum over a message: RFC 792 has no pseudo-header, RFC 4443 section 2.3 has. */
static inline zt_sum zt_icmp_sum(const uint8_t *ip, uint8_t family, const uint8_t *icmp,
                                 uint32_t length)
{
    zt_sum sum = { 0 };
    if (family == ZT_IPV6)
        sum = zt_ip_pseudo_header(ip, family, (zt_protocol){ ZT_PROTOCOL_ICMPV6 }, length);
    return zt_sum_add(sum, icmp, length);
}

static inline void zt_icmp_write_checksum(const uint8_t *ip, uint8_t family, uint8_t *icmp,
                                          uint32_t length)
{
    zt_store_u16(icmp + 2, 0);
    zt_store_be16(icmp + 2, zt_sum_checksum(zt_icmp_sum(ip, family, icmp, length)));
}

#endif
