/* SPDX-License-Identifier: Apache-2.0 */
/* IGMP and MLD snooping (RFC 4541): SNOOP-1 to SNOOP-5. */
#include "src/machine/internal.h"
#include "ztos/group_report.h"

/* A packet that is well-formed, header checksum included. */
static bool read_packet(struct zt_frame frame, struct zt_ip_packet *packet)
{
    uint16_t type = zt_eth_type(frame.data).value;
    return (type == ZT_ETHERTYPE_IPV4 || type == ZT_ETHERTYPE_IPV6) &&
           zt_ip_read(frame.data, frame.length, packet) == ZT_FATE_NONE;
}

/* SNOOP-2, SNOOP-3. */
static void take_account(struct zt_machine *machine, const struct zt_bridge *br,
                         struct zt_origin origin, const struct zt_group_view *view)
{
    bool tunnel = zt_is_tunnel(zt_interface_at(machine, origin.member));
    struct zt_group_walk walk = zt_group_walk_begin(view);
    struct zt_group_record record;

    while (zt_group_walk_next(&walk, &record)) {
        if (!zt_group_is_snooped(record.group) && !ZT_MUTANT(link_group_snooped))
            continue;
        if (record.joins)
            zt_membership_report(br->memberships, record.group, origin.member, origin.remote,
                                 machine->now);
        else if (record.leaves && !tunnel && !ZT_MUTANT(leave_ignored))
            zt_membership_leave(br->memberships, record.group, origin.member, origin.remote);
    }
}

bool zt_snoop(struct zt_machine *machine, uint32_t bridge, struct zt_origin origin,
              struct zt_frame frame, struct zt_flood_to *to)
{
    const struct zt_bridge *br = &zt_interface_at(machine, bridge)->br;
    struct zt_ip_packet packet;

    if (br->memberships == NULL || !read_packet(frame, &packet))
        return false;
    const uint8_t *ip = frame.data + ZT_ETH_HEADER;
    struct zt_group_view view = zt_group_read(ip, &packet);
    if (view.message == ZT_GROUP_REPORT) {
        take_account(machine, br, origin, &view);
        *to = (struct zt_flood_to){ .scope = ZT_FLOOD_TUNNELS };
        return true;
    }
    if (view.message != ZT_GROUP_NONE || !zt_mac_is_group(zt_eth_destination(frame.data)))
        return false;
    *to = (struct zt_flood_to){ ZT_FLOOD_MEMBERSHIPS, zt_ip_destination(ip, packet.family) };
    return zt_group_is_snooped(to->group) && !ZT_MUTANT(memberships_unused) &&
           zt_membership_is_there(br->memberships, to->group, ZT_MEMBERSHIP_NONE, (zt_ip){ 0 },
                                  machine->now);
}
