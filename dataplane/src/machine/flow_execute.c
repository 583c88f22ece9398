/* SPDX-License-Identifier: Apache-2.0 */
/* Flow cache: what an entry does to a frame. Every check precedes every change. */
#include "src/machine/internal.h"

/* Offset of the outer IP header in a template, and of the UDP header behind it. */
#define OUTER_IP ZT_ETH_HEADER
static uint32_t outer_udp(const struct zt_flow_action *action)
{
    return action->outer_length - ZT_VXLAN_HEADER - ZT_UDP_HEADER;
}
static uint8_t outer_family(const struct zt_flow_action *action)
{
    return action->outer_length == ZT_FLOW_OUTER_MAX ? ZT_IPV6 : ZT_IPV4;
}

/* ECN, lengths and checksums belong to the packet. */
void zt_flow_make_template(struct zt_flow_action *action)
{
    uint8_t *ip = action->outer + OUTER_IP, *udp = action->outer + outer_udp(action);
    if (outer_family(action) == ZT_IPV4)
        ip[1] &= 0xfc;
    else
        ip[1] &= 0xcf;
    zt_store_u16(udp + 6, 0);
}

static bool holds(const struct zt_machine *machine, const struct zt_flow_link *link)
{
    if (link->bridge == ZT_NONE) {
        const struct zt_neighbour *neighbour = &machine->neighbours.entries[link->index];
        return neighbour->generation == link->generation &&
               zt_neighbour_is_usable(machine, neighbour);
    }
    const struct zt_fdb *fdb = zt_interface_at(machine, link->bridge)->br.fdb;
    const struct zt_fdb_entry *entry = &fdb->entries[link->index];
    if (entry->generation != link->generation)
        return ZT_MUTANT(cached_table_change_unseen);
    return zt_fdb_is_valid(fdb, entry, machine->now);
}

static bool all_hold(const struct zt_machine *machine, const struct zt_flow_action *action)
{
    if (action->has_source && !holds(machine, &action->source))
        return false;
    for (uint32_t i = 0; i < action->link_count; i++)
        if (!holds(machine, &action->links[i]))
            return false;
    return true;
}

/* VXLAN-1 to VXLAN-3 by the template. */
static struct zt_frame encapsulate(struct zt_machine *machine, const struct zt_flow_action *action,
                                   struct zt_frame frame)
{
    uint8_t ecn = zt_vxlan_inner_ecn(frame);
    frame = zt_frame_push(&machine->arena, frame, action->outer_length);
    memcpy(frame.data, action->outer, action->outer_length);
    uint8_t *ip = frame.data + OUTER_IP, *udp = frame.data + outer_udp(action);
    uint32_t length = frame.length - OUTER_IP, udp_length = frame.length - outer_udp(action);
    uint8_t family = outer_family(action);

    if (family == ZT_IPV4) {
        ip[1] |= ecn;
        zt_store_u16(ip + 2, (uint16_t)length);
        zt_store_u16(ip + 10, 0);
        zt_store_be16(ip + 10, zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, ip, ZT_IPV4_HEADER)));
    } else {
        ip[1] |= (uint8_t)(ecn << 4);
        zt_store_u16(ip + 4, (uint16_t)(length - ZT_IPV6_HEADER));
    }
    zt_store_u16(udp + 4, (uint16_t)udp_length);
    if (!zt_interface_at(machine, action->vxlan)->vxlan.zero_checksum &&
        !ZT_MUTANT(udp_checksum_not_computed))
        zt_udp_write_checksum(ip, family, udp, udp_length);
    return frame;
}

/* Whether the packet of a routed flow may go on; its length. */
static bool is_routable(struct zt_frame frame, struct zt_ip_packet *packet)
{
    return zt_ip_read(frame.data, frame.length, packet) == ZT_FATE_NONE &&
           (zt_ip_ttl(frame.data + ZT_ETH_HEADER, packet->family) > 1 ||
            ZT_MUTANT(cached_ttl_unchecked));
}

/* WG-24 of a packet that was routed, or of the outer one around it. */
static void seal(struct zt_machine *machine, const struct zt_flow_action *action,
                 const struct zt_ip_packet *ip, struct zt_frame frame)
{
    struct zt_packet packet = { .frame = frame, .received = action->received };

    if (action->encapsulated) {
        packet.ip.family = outer_family(action);
        packet.ip.header = outer_udp(action) - OUTER_IP;
        packet.ip.length = frame.length - OUTER_IP;
    } else {
        packet.ip.family = ip->family;
        packet.ip.header = ip->header;
        packet.ip.length = ip->length;
    }
    zt_wg_send_to(machine, action->peer, &packet);
}

bool zt_flow_execute(struct zt_machine *machine, const struct zt_flow_lookup *lookup,
                     struct zt_frame frame)
{
    const struct zt_flow_entry *entry = zt_flow_find(machine, lookup);
    struct zt_ip_packet packet = { 0 };

    if (entry == NULL)
        return false;
    const struct zt_flow_action *action = &entry->action;
    bool decapsulated = lookup->key.shape == ZT_FLOW_DECAPSULATED;
    if (decapsulated) {
        frame = zt_frame_pull(frame, lookup->offset);
        frame.length = lookup->length;
        if (frame.length > action->arriving_limit)
            return false;
    }
    if (!all_hold(machine, action) || (action->routed && !is_routable(frame, &packet)))
        return false;
    uint32_t leaving = action->routed ? ZT_ETH_HEADER + packet.length : frame.length;
    if (leaving > action->leaving_limit && !ZT_MUTANT(cached_length_unchecked))
        return false;
    if (decapsulated && zt_vxlan_merge_ecn(lookup->outer_ecn, frame) != ZT_FATE_NONE)
        return false;

    frame.length = leaving;
    if (action->refreshes)
        zt_interface_at(machine, action->source.bridge)
            ->br.fdb->entries[action->source.index]
            .seen = machine->now;
    if (action->routed) {
        zt_route_decrement(frame.data + ZT_ETH_HEADER, packet.family);
        memcpy(frame.data, action->ethernet, ZT_ETH_HEADER);
    }
    if (action->encapsulated)
        frame = encapsulate(machine, action, frame);
    if (action->peer == NULL)
        zt_interface_send(machine, action->egress, frame);
    else
        seal(machine, action, &packet, frame);
    return true;
}

bool zt_flow_settle(struct zt_machine *machine, const struct zt_flow_lookup *lookup,
                    struct zt_frame frame)
{
    if (zt_flow_execute(machine, lookup, frame)) {
        machine->counters.cache_hits++;
        return true;
    }
    machine->counters.cache_misses++;
    zt_record_begin(machine, lookup, frame);
    return false;
}

bool zt_flow_originate(struct zt_machine *machine, const struct zt_flow_action *action,
                       struct zt_frame frame)
{
    if (!all_hold(machine, action) || frame.length > action->leaving_limit)
        return false;
    memcpy(frame.data, action->ethernet, ZT_ETH_HEADER);
    if (action->encapsulated)
        frame = encapsulate(machine, action, frame);
    zt_interface_send(machine, action->egress, frame);
    return true;
}
