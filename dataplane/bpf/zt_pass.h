/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which frames the XDP program of a port passes to the node's kernel (docs/fabric-machine.md, PUNT-3): ARP, ICMP and ICMPv6 for the
 * node itself, and of these only what the machine would punt from this port. Included by the BPF program, and by the test that
 * holds it against the machine; whoever includes it first defines
 *
 *     ZT_PASS_LOOKUP(address)   flags (enum zt_pass_flag) of a struct zt_pass_address *, 0 for an unknown one
 *
 * Everything that is read lies in octets 0..end; what is doubtful is not passed, and the machine judges it.
 */
#ifndef ZTOS_BPF_ZT_PASS_H
#define ZTOS_BPF_ZT_PASS_H

#include "zt_port.h"

#define ZT_PASS_INLINE static inline __attribute__((always_inline))

ZT_PASS_INLINE unsigned int zt_pass_u16(const unsigned char *at)
{
    return (unsigned int)at[0] << 8 | at[1];
}

ZT_PASS_INLINE struct zt_pass_address zt_pass_ipv4(const unsigned char *at)
{
    struct zt_pass_address address = { .octets = { [10] = 0xff, [11] = 0xff } };

    __builtin_memcpy(address.octets + 12, at, 4);
    return address;
}

ZT_PASS_INLINE int zt_pass_mac_equal(const unsigned char *a, const unsigned char *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] &&
           a[5] == b[5];
}

/* PORT-2, PORT-3: a request to everybody or an answer to this port, about an address of the node. */
ZT_PASS_INLINE int zt_pass_arp(const struct zt_port_state *port, const unsigned char *frame,
                               const unsigned char *end)
{
    const unsigned char *arp = frame + 14;
    struct zt_pass_address target;

    if (arp + 28 > end)
        return 0;
    if (!zt_pass_mac_equal(frame, port->pass_mac) &&
        (frame[0] & frame[1] & frame[2] & frame[3] & frame[4] & frame[5]) != 0xff)
        return 0;
    if (zt_pass_u16(arp) != 1 || zt_pass_u16(arp + 2) != 0x0800 || arp[4] != 6 || arp[5] != 4)
        return 0;
    target = zt_pass_ipv4(arp + 24);
    return (ZT_PASS_LOOKUP(&target) & ZT_PASS_ARP) != 0;
}

/* PARSE-4, ROUTE-2, LOCAL-1. */
ZT_PASS_INLINE int zt_pass_icmp(const struct zt_port_state *port, const unsigned char *frame,
                                const unsigned char *end)
{
    const unsigned char *ip = frame + 14;
    struct zt_pass_address source, destination;
    unsigned int sum = 0;

    if (ip + 20 > end || ip[0] != 0x45 || ip[9] != 1)
        return 0;
    if (zt_pass_u16(ip + 2) < 20 || zt_pass_u16(ip + 2) > (unsigned long)(end - ip))
        return 0;
    /* No fragments: MF, and the offset. */
    if (zt_pass_u16(ip + 6) & 0x3fff)
        return 0;
    for (int i = 0; i < 20; i += 2)
        sum += zt_pass_u16(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    if (sum != 0xffff || !zt_pass_mac_equal(frame, port->pass_mac))
        return 0;
    if (ip[12] == 0 || ip[12] == 127 || ip[12] >= 224)
        return 0;
    source = zt_pass_ipv4(ip + 12);
    destination = zt_pass_ipv4(ip + 16);
    return (ZT_PASS_LOOKUP(&destination) & ZT_PASS_ICMP) && !ZT_PASS_LOOKUP(&source);
}

/* ::, ::1 and multicast are no sources (ROUTE-2). */
ZT_PASS_INLINE int zt_pass_is_martian(const unsigned char *address)
{
    unsigned int any = 0;

    for (int i = 0; i < 15; i++)
        any |= address[i];
    return address[0] == 0xff || (any == 0 && address[15] <= 1);
}

/*
 * PARSE-5, PORT-4, ROUTE-2, LOCAL-1. What goes to all of the link (ff02::/16: solicited-node addresses, neighbour and router discovery)
 * or to a link-local address goes to the kernel in any case.
 */
ZT_PASS_INLINE int zt_pass_icmp6(const struct zt_port_state *port, const unsigned char *frame,
                                 const unsigned char *end)
{
    const unsigned char *ip = frame + 14;
    int own = zt_pass_mac_equal(frame, port->pass_mac);
    struct zt_pass_address source, destination;

    if (ip + 40 > end || ip[0] >> 4 != 6 || ip[6] != 58)
        return 0;
    if (40 + zt_pass_u16(ip + 4) > (unsigned long)(end - ip))
        return 0;
    if (ip[24] == 0xff && ip[25] == 0x02)
        return own || (frame[0] & 1);
    if (!own)
        return 0;
    if (ip[24] == 0xfe && (ip[25] & 0xc0) == 0x80)
        return 1;
    if (zt_pass_is_martian(ip + 8))
        return 0;
    __builtin_memcpy(source.octets, ip + 8, 16);
    __builtin_memcpy(destination.octets, ip + 24, 16);
    return (ZT_PASS_LOOKUP(&destination) & ZT_PASS_ICMP) && !ZT_PASS_LOOKUP(&source);
}

/* PUNT-3: whether a frame that a port received goes to the kernel by XDP_PASS. */
ZT_PASS_INLINE int zt_passes(const struct zt_port_state *port, const unsigned char *frame,
                             const unsigned char *end)
{
    if (frame + 14 > end || (unsigned long)(end - frame) - 14 > port->pass_mtu)
        return 0;
    switch (zt_pass_u16(frame + 12)) {
    case 0x0806:
        return zt_pass_arp(port, frame, end);
    case 0x0800:
        return zt_pass_icmp(port, frame, end);
    case 0x86dd:
        return zt_pass_icmp6(port, frame, end);
    default:
        return 0;
    }
}

#endif
