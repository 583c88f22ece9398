/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow cache. The slow path settles a frame and notes what it did; when that is one `tx` by a way that depends on nothing but
 * the key and the tables noted, the note becomes an entry. The fast path then does the same to every frame of the flow, and
 * leaves to the slow path whatever an entry does not cover.
 *
 * Key: the receiving interface and every field by which the slow path decides. For each packet, hit or not: lengths, IPv4
 * header and its checksum, fragments (in the flow words), TTL, ECN, UDP checksum, VXLAN flags, age of the FDB and neighbour
 * entries, refresh of the source MAC. Packet numbers and seals lie outside, in the code that both paths share.
 */
#ifndef ZTOS_MACHINE_FLOW_CACHE_H
#define ZTOS_MACHINE_FLOW_CACHE_H

#include <stdalign.h>

#include "src/machine/frame.h"
#include "ztos/ethernet.h"
#include "ztos/flow_words.h"
#include "ztos/udp.h"

struct zt_machine;
struct zt_packet;
struct zt_wg_peer;

enum zt_flow_shape {
    /* A frame that enters a bridge: addresses and EtherType are in the key. */
    ZT_FLOW_BRIDGED,
    /* A packet to a routed interface's own MAC. */
    ZT_FLOW_ROUTED,
    /* VXLAN for this node: outer addresses and VNI, then the inner frame as if it entered a bridge. */
    ZT_FLOW_DECAPSULATED,
};

/* Compared whole: no padding, unused fields are zero. */
struct zt_flow_key {
    uint32_t interface;
    uint8_t shape;
    /* Flow words of the (inner) packet, 0 when it is none or not well-formed. */
    uint8_t word_count;
    /* Addresses and EtherType of the (inner) frame; zero when routed. */
    uint8_t ethernet[14];
    uint32_t vni;
    /* Index of the vxlan interface whose local address and port the outer packet has. */
    uint32_t vxlan;
    zt_ip outer_source, outer_destination;
    /* Slot of the WireGuard peer that sealed the packet, plus one; 0 when none did. An entry says that it may have the source. */
    uint16_t peer;
    uint32_t words[ZT_FLOW_WORDS_MAX];
};
_Static_assert(sizeof(struct zt_flow_key) == 4 + 2 + 14 + 8 + 34 + 2 + 40, "a key has no padding");

/* An FDB or neighbour entry that the verdict rests on. */
struct zt_flow_link {
    /* Bridge interface of an FDB entry, ZT_NONE of a neighbour. */
    uint32_t bridge;
    uint32_t index;
    uint32_t generation;
};

#define ZT_FLOW_LINKS 4u
/* Ethernet, IPv6, UDP, VXLAN. */
#define ZT_FLOW_OUTER_MAX (ZT_ETH_HEADER + ZT_IPV6_HEADER + ZT_UDP_HEADER + ZT_VXLAN_HEADER)

/* What the slow path does to a frame, step by step; then an entry's action. */
struct zt_flow_action {
    bool routed, encapsulated;
    /* The source MAC's FDB entry is `source`; it is to be refreshed, if it is no control entry (LEARN-6). */
    bool has_source, refreshes;
    struct zt_flow_link source;
    /* FDB entries looked up and neighbours used. */
    uint8_t link_count;
    struct zt_flow_link links[ZT_FLOW_LINKS];
    /* Longest inner frame as it arrives by VXLAN, and longest frame (unencapsulated) as it leaves. */
    uint32_t arriving_limit, leaving_limit;
    /* Port, macsec or wireguard interface. */
    uint32_t egress;
    /* The peer that a wireguard interface seals for; NULL at others. And where the packet was received that it seals. */
    struct zt_wg_peer *peer;
    uint32_t received;
    /* The vxlan interface of an encapsulation, and its outer header with zero lengths and checksums. */
    uint32_t vxlan;
    uint8_t outer_length;
    uint8_t outer[ZT_FLOW_OUTER_MAX];
    /* The Ethernet header of a routed packet, below any encapsulation. */
    uint8_t ethernet[ZT_ETH_HEADER];
};

/* What is looked at first lies first: a way of a set is prefetched by its beginning. */
struct zt_flow_entry {
    uint32_t hash;
    /* Of the machine when it was made; 0 when the slot is free. */
    uint32_t epoch;
    struct zt_flow_key key;
    struct zt_flow_action action;
};

#define ZT_FLOW_WAYS 4u

struct zt_flow_cache {
    bool enabled;
    /* Sets minus one. */
    uint32_t mask;
    /* Where the next entry of a full set goes. */
    uint32_t victim;
    struct zt_flow_entry *entries;
    uint32_t secret;
};

/* The note that the slow path takes while it settles a frame. */
struct zt_record {
    bool active;
    /* When the note began. */
    uint32_t effects;
    struct zt_flow_action action;
};

void zt_flow_cache_init(struct zt_flow_cache *cache, bool enabled, uint32_t entries,
                        uint32_t secret);
void zt_flow_cache_free(struct zt_flow_cache *cache);

/* Where a frame that was received on `interface` would be found. */
struct zt_flow_lookup {
    /* Aligned: what is stored across two lines of the cache is not handed on to a load. */
    alignas(16) struct zt_flow_key key;
    uint32_t hash;
    /* The frame is of a kind that the cache holds. */
    bool possible;
    /* Decapsulation: of the inner frame, and the outer ECN. */
    uint32_t offset, length;
    uint8_t outer_ecn;
};
void zt_flow_look(const struct zt_machine *machine, uint32_t interface, struct zt_frame frame,
                  struct zt_flow_lookup *lookup);
/* The same for a packet of a peer, in a slot, that was opened by a wireguard interface. */
void zt_flow_look_opened(const struct zt_machine *machine, uint32_t interface, uint32_t slot,
                         struct zt_frame frame, struct zt_flow_lookup *lookup);
static inline void zt_flow_prefetch(const struct zt_flow_cache *cache, uint32_t hash)
{
    const struct zt_flow_entry *set = &cache->entries[(size_t)(hash & cache->mask) * ZT_FLOW_WAYS];
    for (uint32_t way = 0; way < ZT_FLOW_WAYS; way++)
        __builtin_prefetch(&set[way]);
}
/* The entry of a flow, NULL. */
struct zt_flow_entry *zt_flow_find(const struct zt_machine *machine,
                                   const struct zt_flow_lookup *lookup);
/* Clears in an outer header what differs from packet to packet. */
void zt_flow_make_template(struct zt_flow_action *action);
/* Settles the frame if an entry covers it. False: nothing has changed, the slow path is to do it. */
bool zt_flow_execute(struct zt_machine *machine, const struct zt_flow_lookup *lookup,
                     struct zt_frame frame);
/* The same, counted; false: a note has begun, which zt_record_end ends. */
bool zt_flow_settle(struct zt_machine *machine, const struct zt_flow_lookup *lookup,
                    struct zt_frame frame);
/* Does to a packet that the node originates what was noted of one like it. False: as above. */
bool zt_flow_originate(struct zt_machine *machine, const struct zt_flow_action *action,
                       struct zt_frame frame);

/* Starts and ends a note: `end` makes an entry of it if the frame's way was noted to its end and can be repeated. */
void zt_record_begin(struct zt_machine *machine, const struct zt_flow_lookup *lookup,
                     struct zt_frame frame);
void zt_record_end(struct zt_machine *machine, const struct zt_flow_lookup *lookup);
/* A note within another of what the node originates; `end` says whether it can be repeated, and goes on with the other. */
struct zt_record zt_record_begin_originated(struct zt_machine *machine);
bool zt_record_end_originated(struct zt_machine *machine, const struct zt_record *outer,
                              struct zt_flow_action *action);

/* What the stages note. */
void zt_record_refuse(struct zt_machine *machine);
/* What comes until `resume` is no part of the note, and is done anew for each frame. */
bool zt_record_suspend(struct zt_machine *machine);
void zt_record_resume(struct zt_machine *machine, bool active);
void zt_record_source(struct zt_machine *machine, uint32_t bridge, uint32_t index, bool refreshes);
void zt_record_fdb(struct zt_machine *machine, uint32_t bridge, uint32_t index);
void zt_record_neighbour(struct zt_machine *machine, uint32_t index);
void zt_record_arriving_limit(struct zt_machine *machine, uint32_t limit);
/* Longest frame at this point that goes on; below an encapsulation it counts for the inner frame. */
void zt_record_leaving_limit(struct zt_machine *machine, uint32_t limit);
void zt_record_routed(struct zt_machine *machine);
void zt_record_encapsulated(struct zt_machine *machine, uint32_t vxlan, uint32_t octets);
void zt_record_egress(struct zt_machine *machine, uint32_t interface, struct zt_frame frame);
/* A wireguard interface seals a packet for a peer: what comes then is no part of the note. */
void zt_record_sealed(struct zt_machine *machine, uint32_t interface, struct zt_wg_peer *peer,
                      const struct zt_packet *packet);

#endif
