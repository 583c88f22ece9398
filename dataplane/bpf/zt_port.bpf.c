/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * XDP program of ports. Every frame goes to the AF_XDP socket of its device; where none is bound (the engine is dead, or
 * has not come up) it is dropped, so that the kernel's stack never sees it: fail closed.
 *
 * A copy of the frame, as it was received, goes to a ring buffer while a capture runs: AF_PACKET taps sit behind XDP and
 * see nothing. The clock is read only then, or where the owner asks for a time stamp on every frame.
 *
 * Ports of a profile of their own (PUNT-3) let ARP and ICMP for the node itself pass to its kernel while the owner lives. The kernel
 * is to receive them on the TAP, which has the addresses: behind XDP, the clsact filter `zt_port_passed` moves them there, and
 * drops whatever else has come so far.
 *
 * One program serves all ports of a process, by interface index. Attaching a program that the kernel's XDP dispatcher
 * does not know yet, and taking its last device off, wait for an RCU grace period (15 ms each were measured).
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "zt_port.h"

/* Sizes are set before loading: of these two the highest interface index and one. */
struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} zt_port_sockets SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct zt_port_state);
} zt_port_states SEC(".maps");

/* Of VRF 0; the values are enum zt_pass_flag. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 1);
    __type(key, struct zt_pass_address);
    __type(value, __u32);
} zt_port_addresses SEC(".maps");

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
const volatile __u32 zt_port_stamp = 0;

static __always_inline void capture(struct xdp_md *ctx, struct zt_port_state *state)
{
    __u32 zero = 0;
    void *ring = bpf_map_lookup_elem(&zt_port_captures, &zero);
    struct zt_port_capture *copy;
    __u32 kept;

    if (!ring)
        return;
    copy = bpf_ringbuf_reserve(ring, sizeof(*copy), 0);
    if (!copy) {
        __sync_fetch_and_add(&state->capture_lost, 1);
        return;
    }
    copy->at = bpf_ktime_get_ns();
    copy->length = bpf_xdp_get_buff_len(ctx);
    copy->ifindex = ctx->ingress_ifindex;
    kept = copy->length;
    /* Bounded here, in a register: the verifier forgets the bounds of what the compiler puts on the stack. */
    asm volatile("" : "+r"(kept));
    if (kept > ZT_PORT_FRAME_MAX)
        kept = ZT_PORT_FRAME_MAX;
    if (kept == 0 || bpf_xdp_load_bytes(ctx, 0, copy->data, kept)) {
        bpf_ringbuf_discard(copy, 0);
        __sync_fetch_and_add(&state->capture_lost, 1);
        return;
    }
    bpf_ringbuf_submit(copy, 0);
    __sync_fetch_and_add(&state->captured, 1);
}

static __always_inline __u32 flags_of(const struct zt_pass_address *address)
{
    __u32 *flags = bpf_map_lookup_elem(&zt_port_addresses, address);

    return flags ? *flags : 0;
}

#define ZT_PASS_LOOKUP(address) flags_of(address)
#include "zt_pass.h"

/*
 * PUNT-3. Without a socket the owner is dead, and nothing passes. A frame without room for the mark in front of it goes to the
 * owner.
 */
static __always_inline int pass(struct xdp_md *ctx, struct zt_port_state *state, __u32 index)
{
    __u64 *mark;

    if (!zt_passes(state, (void *)(long)ctx->data, (void *)(long)ctx->data_end) ||
        !bpf_map_lookup_elem(&zt_port_sockets, &index) ||
        bpf_xdp_adjust_meta(ctx, -(int)sizeof(*mark)))
        return 0;
    mark = (void *)(long)ctx->data_meta;
    if ((void *)(mark + 1) > (void *)(long)ctx->data)
        return 0;
    *mark = ZT_PORT_PASSED;
    __sync_fetch_and_add(&state->passed, 1);
    return 1;
}

static __always_inline void stamp(struct xdp_md *ctx)
{
    __u64 *meta;

    if (bpf_xdp_adjust_meta(ctx, -ZT_PORT_STAMP_SIZE))
        return;
    meta = (void *)(long)ctx->data_meta;
    if ((void *)(meta + 1) > (void *)(long)ctx->data)
        return;
    *meta = bpf_ktime_get_ns();
}

SEC("xdp")
int zt_port(struct xdp_md *ctx)
{
    __u32 index = ctx->ingress_ifindex;
    struct zt_port_state *state = bpf_map_lookup_elem(&zt_port_states, &index);

    if (!state)
        return XDP_DROP;
    __sync_fetch_and_add(&state->seen, 1);
    if (state->capturing)
        capture(ctx, state);
    if (state->pass_to && pass(ctx, state, index))
        return XDP_PASS;
    if (zt_port_stamp)
        stamp(ctx);
    return bpf_redirect_map(&zt_port_sockets, index, XDP_DROP);
}

/* On the ingress of a port's device: what XDP passed is received on the TAP. Nothing else gets any further. */
SEC("tc")
int zt_port_passed(struct __sk_buff *skb)
{
    __u32 index = skb->ifindex;
    struct zt_port_state *state = bpf_map_lookup_elem(&zt_port_states, &index);
    __u64 *mark = (void *)(long)skb->data_meta;

    if (!state || !state->pass_to || (void *)(mark + 1) > (void *)(long)skb->data ||
        *mark != ZT_PORT_PASSED)
        return TC_ACT_SHOT;
    return bpf_redirect(state->pass_to, BPF_F_INGRESS);
}

char zt_port_license[] SEC("license") = "Dual BSD/GPL";
