/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * XDP program of a port. Every frame goes to the AF_XDP socket of the receive queue; where none is bound (the engine is
 * dead, or has not come up) it is dropped, so that the kernel's stack never sees it: fail closed.
 *
 * A copy of the frame, as it was received, goes to a ring buffer while a capture runs: AF_PACKET taps sit behind XDP and
 * see nothing. The clock is read only then, or where the owner asks for a time stamp on every frame.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "zt_port.h"

/* Only queue 0 exists: the owner refuses a device with more. */
struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} zt_port_sockets SEC(".maps");

struct zt_capture_ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
};

/* Empty until a capture starts, so that no memory is held for ports that nobody looks at. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct zt_capture_ring);
} zt_port_captures SEC(".maps");

/* Set before loading. */
const volatile __u32 zt_port_id = 0;
const volatile __u32 zt_port_stamp = 0;

/* Read and, where the owner decides, written in a mapped page. Atomic, since generic XDP runs on any CPU. */
__u32 zt_port_capturing = 0;
__u64 zt_port_seen = 0;
__u64 zt_port_captured = 0;
__u64 zt_port_capture_lost = 0;

static __always_inline void capture(struct xdp_md *ctx)
{
    __u32 zero = 0;
    void *ring = bpf_map_lookup_elem(&zt_port_captures, &zero);
    if (!ring)
        return;
    struct zt_capture_record *record = bpf_ringbuf_reserve(ring, sizeof(*record), 0);
    if (!record) {
        __sync_fetch_and_add(&zt_port_capture_lost, 1);
        return;
    }
    __u32 length = bpf_xdp_get_buff_len(ctx);
    __u32 kept = length < ZT_PORT_FRAME_MAX ? length : ZT_PORT_FRAME_MAX;
    record->at = bpf_ktime_get_ns();
    record->length = length;
    record->port = zt_port_id;
    if (kept == 0 || bpf_xdp_load_bytes(ctx, 0, record->data, kept)) {
        bpf_ringbuf_discard(record, 0);
        __sync_fetch_and_add(&zt_port_capture_lost, 1);
        return;
    }
    bpf_ringbuf_submit(record, 0);
    __sync_fetch_and_add(&zt_port_captured, 1);
}

static __always_inline void stamp(struct xdp_md *ctx)
{
    if (bpf_xdp_adjust_meta(ctx, -ZT_PORT_STAMP_SIZE))
        return;
    __u64 *meta = (void *)(long)ctx->data_meta;
    if ((void *)(meta + 1) > (void *)(long)ctx->data)
        return;
    *meta = bpf_ktime_get_ns();
}

SEC("xdp")
int zt_port(struct xdp_md *ctx)
{
    __sync_fetch_and_add(&zt_port_seen, 1);
    if (zt_port_capturing)
        capture(ctx);
    if (zt_port_stamp)
        stamp(ctx);
    return bpf_redirect_map(&zt_port_sockets, ctx->rx_queue_index, XDP_DROP);
}

char zt_port_license[] SEC("license") = "Dual BSD/GPL";
