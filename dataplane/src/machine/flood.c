/* SPDX-License-Identifier: Apache-2.0 */
/* Flooding: FLOOD-1 to FLOOD-4, and to fewer by SNOOP-4 and SNOOP-5. */
#include "src/machine/internal.h"

static bool is_tunnel(const struct zt_machine *machine, uint32_t member)
{
    return member != ZT_NONE && zt_is_tunnel(zt_interface_at(machine, member));
}

/* Whether a member, or a remote of one that is a vxlan, is among those to whom a frame goes. */
static bool is_wanted(const struct zt_machine *machine, uint32_t bridge,
                      const struct zt_flood_to *to, uint32_t member, zt_ip remote)
{
    switch (to->scope) {
    case ZT_FLOOD_TUNNELS:
        return is_tunnel(machine, member) || ZT_MUTANT(report_flooded_to_ports);
    case ZT_FLOOD_MEMBERSHIPS:
        return zt_membership_is_there(zt_interface_at(machine, bridge)->br.memberships, to->group,
                                      member, remote, machine->now);
    default:
        return true;
    }
}

/* A copy to a member; a vxlan gets one for each remote of its list (FLOOD-2). Returns the number of copies. */
static uint32_t flood_member(struct zt_machine *machine, uint32_t bridge,
                             const struct zt_flood_to *to, uint32_t index, struct zt_frame frame)
{
    const struct zt_interface *member = zt_interface_at(machine, index);
    uint32_t copies = 0;
    if (member->kind != ZT_KIND_VXLAN) {
        if (!is_wanted(machine, bridge, to, index, (zt_ip){ 0 }))
            return 0;
        zt_bridge_send(machine, index, (zt_ip){ 0 },
                       zt_frame_copy(&machine->arena, frame.data, frame.length));
        return 1;
    }
    for (uint32_t i = 0; i < member->vxlan.flood_count; i++) {
        if (i > 0 && ZT_MUTANT(flooded_to_first_remote))
            break;
        if (!is_wanted(machine, bridge, to, index, member->vxlan.flood[i]))
            continue;
        zt_bridge_send(machine, index, member->vxlan.flood[i],
                       zt_frame_copy(&machine->arena, frame.data, frame.length));
        copies++;
    }
    return copies;
}

static bool floods_to(const struct zt_machine *machine, uint32_t from, uint32_t to)
{
    if (from == to)
        return false;
    return !is_tunnel(machine, from) || !is_tunnel(machine, to) || ZT_MUTANT(split_horizon_ignored);
}

/* Members of one bridge. */
static uint32_t flood_bridge(struct zt_machine *machine, uint32_t bridge,
                             const struct zt_flood_to *to, uint32_t from, struct zt_frame frame)
{
    const struct zt_bridge *br = &zt_interface_at(machine, bridge)->br;
    uint32_t copies = 0;
    for (uint32_t i = 0; i < br->member_count; i++)
        if (floods_to(machine, from, br->members[i]))
            copies += flood_member(machine, bridge, to, br->members[i], frame);
    return copies;
}

void zt_flood(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
              struct zt_flood_to to, struct zt_frame frame)
{
    const struct zt_bridge *br = &zt_interface_at(machine, bridge)->br;
    const struct zt_flood_to all = { .scope = ZT_FLOOD_ALL };

    zt_record_refuse(machine);
    uint32_t copies = flood_bridge(machine, bridge, &to, origin.member, frame);
    for (uint32_t i = 0;
         ZT_MUTANT(flooded_to_other_bridge) && i < machine->program->interface_count; i++)
        if (i != bridge && zt_interface_at(machine, i)->kind == ZT_KIND_BRIDGE)
            copies += flood_bridge(machine, i, &all, origin.member, frame);
    if (zt_mac_is_group(zt_eth_destination(frame.data)) && origin.member != ZT_NONE &&
        br->irb != ZT_NONE) {
        zt_irb_receive(machine, br->irb, frame); /* FLOOD-3 */
        copies++;
    }
    if (copies == 0)
        zt_emit_fate(machine, ZT_FATE_FLOOD_EMPTY);
}
