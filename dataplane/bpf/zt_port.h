/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the XDP program of ports and the process that owns the ports share. Included by the BPF program and by
 * dataplane/src alike; host byte order.
 */
#ifndef ZTOS_BPF_ZT_PORT_H
#define ZTOS_BPF_ZT_PORT_H

#ifdef __bpf__
#include <linux/types.h>
#define ZT_PORT_U64 __u64
#define ZT_PORT_U32 __u32
#else
#include <assert.h>
#include <stdint.h>
#define ZT_PORT_U64 uint64_t
#define ZT_PORT_U32 uint32_t
#endif

/* The 2 KB profile: an AF_XDP chunk of 2048 octets less the 256 that the kernel keeps in front of a frame. */
#define ZT_PORT_FRAME_MAX 1792

/* Time of receipt in front of a frame's first octet, where the program was loaded with `zt_port_stamp`. */
#define ZT_PORT_STAMP_SIZE 8

/* A port's element of the map `zt_port_states`, by interface index. */
struct zt_port_state {
    /* Written by the owner: frames are copied to the capture ring. */
    ZT_PORT_U32 capturing;
    /*
     * Written by the owner: interface index of the TAP by which the kernel receives what is passed to it (PUNT-3), 0 while
     * nothing is; the port's MAC and MTU, which do not change while it is set.
     */
    ZT_PORT_U32 pass_to;
    unsigned char pass_mac[6];
    unsigned short pass_mtu;
    /* Written by the program, atomically. */
    ZT_PORT_U64 seen;
    ZT_PORT_U64 captured;
    ZT_PORT_U64 capture_lost;
    ZT_PORT_U64 passed;
};

/* An IPv6 address, or an IPv4 one mapped into ::ffff:0:0/96: a key of the map `zt_port_addresses`. */
struct zt_pass_address {
    unsigned char octets[16];
};

/* What an address of VRF 0 of this node is. */
enum zt_pass_flag {
    /* The node's own: nobody else sends from it (ROUTE-2). */
    ZT_PASS_OWN = 1,
    /* The kernel has it: its ARP, its ICMP. */
    ZT_PASS_ARP = 2,
    ZT_PASS_ICMP = 4,
};

/* In front of the first octet of a frame that XDP passes, so that the filter behind it knows which these are. */
#define ZT_PORT_PASSED 0x5a54504153534544ull

/* A copy of a frame as a port received it, in the capture ring. */
struct zt_port_capture {
    /* CLOCK_MONOTONIC, ns. */
    ZT_PORT_U64 at;
    /* Length of the frame on the wire; `data` holds the first ZT_PORT_FRAME_MAX octets of a longer one. */
    ZT_PORT_U32 length;
    /* Interface index of the port. */
    ZT_PORT_U32 ifindex;
    unsigned char data[ZT_PORT_FRAME_MAX];
};

#ifndef __bpf__
static_assert(sizeof(struct zt_port_state) == 48, "layout shared with BPF");
static_assert(sizeof(struct zt_pass_address) == 16, "layout shared with BPF");
static_assert(sizeof(struct zt_port_capture) == 16 + ZT_PORT_FRAME_MAX, "layout shared with BPF");
#endif

#endif
