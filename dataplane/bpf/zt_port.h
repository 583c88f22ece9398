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
    ZT_PORT_U32 reserved;
    /* Written by the program, atomically. */
    ZT_PORT_U64 seen;
    ZT_PORT_U64 captured;
    ZT_PORT_U64 capture_lost;
};

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
static_assert(sizeof(struct zt_port_state) == 32, "layout shared with BPF");
static_assert(sizeof(struct zt_port_capture) == 16 + ZT_PORT_FRAME_MAX, "layout shared with BPF");
#endif

#endif
