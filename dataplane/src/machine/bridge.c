/* SPDX-License-Identifier: Apache-2.0 */
/* Bridge and learning: BRIDGE-1 to BRIDGE-6, LEARN-1 to LEARN-6. */
#include "src/machine/internal.h"

static bool is_tunnel(const struct zt_machine *machine, uint32_t member)
{
    return member != ZT_NONE && zt_is_tunnel(zt_interface_at(machine, member));
}

/* The IRB of a bridge, NULL. */
static const struct zt_interface *irb_of(const struct zt_machine *machine, uint32_t bridge)
{
    uint32_t irb = zt_interface_at(machine, bridge)->br.irb;
    return irb == ZT_NONE ? NULL : zt_interface_at(machine, irb);
}

static bool is_gateway_mac(const struct zt_interface *irb, zt_mac mac)
{
    return irb != NULL && (zt_mac_equal(mac, irb->mac) || zt_mac_equal(mac, irb->irb.system_mac));
}

/* BRIDGE-1. The anycast MAC of another leaf's gateway may come by VXLAN, this leaf's own may not. */
static enum zt_fate check(const struct zt_machine *machine, uint32_t bridge, uint32_t member,
                          const uint8_t *frame)
{
    const struct zt_interface *irb = irb_of(machine, bridge);
    zt_mac source = zt_eth_source(frame);

    if (zt_mac_is_group(source) || zt_mac_is_zero(source))
        return ZT_FATE_SOURCE_MAC_INVALID;
    bool local = irb != NULL && (zt_mac_equal(source, irb->irb.system_mac) ||
                                 (!is_tunnel(machine, member) && zt_mac_equal(source, irb->mac)));
    if (local && !ZT_MUTANT(gateway_mac_accepted))
        return ZT_FATE_SOURCE_MAC_LOCAL;
    switch (zt_eth_type(frame).value) {
    case ZT_ETHERTYPE_VLAN:
    case ZT_ETHERTYPE_QINQ:
    case ZT_ETHERTYPE_QINQ_OLD:
        if (!ZT_MUTANT(vlan_accepted))
            return ZT_FATE_VLAN_TAGGED;
    }
    if (zt_mac_is_reserved(zt_eth_destination(frame)) && !ZT_MUTANT(reserved_multicast_forwarded))
        return ZT_FATE_RESERVED_MULTICAST;
    return ZT_FATE_NONE;
}

/* LEARN-6: whether a control entry stays as it is when a frame from `member` has its MAC. */
static bool is_kept(const struct zt_machine *machine, const struct zt_fdb_entry *entry,
                    uint32_t member)
{
    if (entry->state != ZT_FDB_CONTROL)
        return false;
    if (is_tunnel(machine, member))
        return !ZT_MUTANT(control_entry_moved_by_vxlan);
    return ZT_MUTANT(control_entry_kept);
}

/* LEARN-1 to LEARN-6: false when a static MAC is seen elsewhere. */
static bool learn(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
                  zt_mac source)
{
    const struct zt_interface *member = zt_interface_at(machine, origin.member);
    struct zt_fdb *fdb = zt_interface_at(machine, bridge)->br.fdb;
    uint32_t known = zt_fdb_find(fdb, source);

    if (known != ZT_FDB_NONE && fdb->entries[known].state == ZT_FDB_STATIC) { /* LEARN-2 */
        const struct zt_fdb_entry *entry = &fdb->entries[known];
        return (entry->member == origin.member && zt_ip_equal(entry->remote, origin.remote)) ||
               ZT_MUTANT(static_move_accepted);
    }
    bool learning = member->kind != ZT_KIND_VXLAN || member->vxlan.learning;
    if (!learning || is_gateway_mac(irb_of(machine, bridge), source) || ZT_MUTANT(learning_skipped))
        return true;
    if (known != ZT_FDB_NONE && is_kept(machine, &fdb->entries[known], origin.member)) {
        zt_record_source(machine, bridge, known, false);
        return true;
    }
    struct zt_fdb_place place = { origin.member, origin.remote, zt_is_tunnel(member) };
    uint32_t index = zt_fdb_learn(fdb, source, place, machine->now);
    if (index == ZT_FDB_NONE)
        zt_record_refuse(machine);
    else
        zt_record_source(machine, bridge, index, true);
    return true;
}

/* BRIDGE-2, §10, §11: true when the frame ended. */
static bool inspect(struct zt_machine *machine, uint32_t irb, struct zt_origin origin,
                    struct zt_frame frame)
{
    switch (zt_eth_type(frame.data).value) {
    case ZT_ETHERTYPE_ARP:
        return zt_arp_inspect(machine, irb, origin, frame);
    case ZT_ETHERTYPE_IPV6:
        return zt_nd_inspect(machine, irb, origin, frame);
    default:
        return false;
    }
}

void zt_bridge_receive(struct zt_machine *machine, struct zt_origin origin, struct zt_frame frame)
{
    uint32_t bridge = zt_interface_at(machine, origin.member)->bridge;
    uint32_t irb = zt_interface_at(machine, bridge)->br.irb;
    enum zt_fate refused = check(machine, bridge, origin.member, frame.data);

    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return;
    }
    if (!learn(machine, bridge, origin, zt_eth_source(frame.data))) {
        zt_emit_fate(machine, ZT_FATE_STATIC_MAC_MOVE);
        return;
    }
    if (irb != ZT_NONE && inspect(machine, irb, origin, frame))
        return;
    struct zt_flood_to to;
    if (zt_snoop(machine, bridge, origin, frame, &to)) {
        zt_flood(machine, bridge, origin, to, frame);
        return;
    }
    zt_bridge_forward(machine, bridge, origin, frame);
}

/* BRIDGE-4. */
static enum zt_fate check_way(const struct zt_machine *machine, uint32_t from, uint32_t to)
{
    if (is_tunnel(machine, from) && is_tunnel(machine, to))
        return ZT_MUTANT(split_horizon_ignored) ? ZT_FATE_NONE : ZT_FATE_SPLIT_HORIZON;
    return from == to ? ZT_FATE_SAME_PORT : ZT_FATE_NONE;
}

void zt_bridge_forward(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
                       struct zt_frame frame)
{
    const struct zt_bridge *br = &zt_interface_at(machine, bridge)->br;
    zt_mac destination = zt_eth_destination(frame.data);

    if (is_gateway_mac(irb_of(machine, bridge), destination)) {
        if (origin.member == ZT_NONE)
            zt_emit_fate(machine, ZT_FATE_SAME_PORT); /* BRIDGE-6 */
        else
            zt_irb_receive(machine, br->irb, frame);
        return;
    }
    uint32_t index = zt_mac_is_group(destination) ? ZT_FDB_NONE : zt_fdb_find(br->fdb, destination);
    bool valid =
        index != ZT_FDB_NONE && (zt_fdb_is_valid(br->fdb, &br->fdb->entries[index], machine->now) ||
                                 ZT_MUTANT(ageing_ignored));
    if (!valid) {
        zt_flood(machine, bridge, origin, (struct zt_flood_to){ .scope = ZT_FLOOD_ALL }, frame);
        return;
    }
    const struct zt_fdb_entry *entry = &br->fdb->entries[index];
    enum zt_fate refused = check_way(machine, origin.member, entry->member);
    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return;
    }
    zt_record_fdb(machine, bridge, index);
    zt_bridge_send(machine, entry->member, entry->remote, frame);
}

void zt_bridge_send(struct zt_machine *machine, uint32_t member, zt_ip remote,
                    struct zt_frame frame)
{
    const struct zt_interface *interface = zt_interface_at(machine, member);
    if (interface->kind == ZT_KIND_VXLAN) {
        zt_vxlan_send(machine, member, remote, frame);
        return;
    }
    uint32_t limit = ZT_ETH_HEADER + interface->mtu + (ZT_MUTANT(bridge_mtu_off_by_one) ? 1 : 0);
    if (frame.length > limit) { /* BRIDGE-5 */
        zt_emit_fate(machine, ZT_FATE_MTU_EXCEEDED);
        return;
    }
    zt_record_leaving_limit(machine, limit);
    zt_interface_send(machine, member, frame);
}
