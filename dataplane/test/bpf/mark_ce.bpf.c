/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: every IPv4 packet that leaves a device is marked CE, as a congested router would. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETHERTYPE_AT 12
#define TOS_AT 15
#define CHECKSUM_AT 24
#define CE 3

SEC("tc")
int mark_ce(struct __sk_buff *skb)
{
    __u16 type;
    __u8 old, new;

    if (bpf_skb_load_bytes(skb, ETHERTYPE_AT, &type, sizeof(type)) < 0)
        return TC_ACT_OK;
    if (type != bpf_htons(0x0800) || bpf_skb_load_bytes(skb, TOS_AT, &old, sizeof(old)) < 0)
        return TC_ACT_OK;
    new = old | CE;
    bpf_l3_csum_replace(skb, CHECKSUM_AT, bpf_htons(old), bpf_htons(new), 2);
    bpf_skb_store_bytes(skb, TOS_AT, &new, sizeof(new), 0);
    return TC_ACT_OK;
}
