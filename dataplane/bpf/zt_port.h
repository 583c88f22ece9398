/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the XDP program of a port and the process that owns the port share: the capture record.
 * Included by the BPF program and by dataplane/src alike; host byte order.
 */
#ifndef ZTOS_BPF_ZT_PORT_H
#define ZTOS_BPF_ZT_PORT_H

#ifdef __bpf__
#include <linux/types.h>
typedef __u64 zt_port_u64;
typedef __u32 zt_port_u32;
#else
#include <assert.h>
#include <stdint.h>
typedef uint64_t zt_port_u64;
typedef uint32_t zt_port_u32;
#endif

/* The 2 KB profile: an AF_XDP chunk of 2048 octets less the 256 that the kernel keeps in front of a frame. */
#define ZT_PORT_FRAME_MAX 1792

/* Time in front of a frame's first octet, written where `zt_port_stamp` is set (bpf_xdp_adjust_meta). */
#define ZT_PORT_STAMP_SIZE 8

/* A copy of a frame as the port received it, in the capture ring buffer. */
struct zt_capture_record {
    /* CLOCK_MONOTONIC, ns. */
    zt_port_u64 at;
    /* Length of the frame on the wire; `data` holds the first ZT_PORT_FRAME_MAX octets of a longer one. */
    zt_port_u32 length;
    /* `zt_port_id` of the port. */
    zt_port_u32 port;
    unsigned char data[ZT_PORT_FRAME_MAX];
};

#ifndef __bpf__
static_assert(sizeof(struct zt_capture_record) == 16 + ZT_PORT_FRAME_MAX, "layout shared with BPF");
#endif

#endif
