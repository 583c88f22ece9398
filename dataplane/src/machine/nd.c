/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery that enters a bridge with an IRB: ND-1 to ND-5 (RFC 4861). */
#include "src/machine/internal.h"

static const zt_ip all_nodes = { ZT_IPV6,
                                 { 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01 } };

/* ND-2: a host of one of the IRB's subnets by a global address, and not the IRB itself. */
static bool is_bindable(const struct zt_interface *irb, zt_ip address)
{
    if (zt_ip_is_link_local(address) || zt_irb_owns(irb, address))
        return false;
    for (uint32_t i = 0; i < irb->address_count; i++)
        if (!zt_ip_is_link_local(irb->addresses[i].ip) &&
            zt_address_covers(&irb->addresses[i], address))
            return true;
    return false;
}

static void bind(struct zt_machine *machine, uint32_t index, struct zt_origin origin,
                 const struct zt_nd *nd, zt_mac ethernet_source)
{
    const struct zt_interface *irb = zt_interface_at(machine, index);
    bool solicitation = nd->type == ZT_ND_SOLICITATION;
    bool present = solicitation ? nd->has_source_mac : nd->has_target_mac;
    zt_ip address = solicitation ? nd->source : nd->target;

    if (!irb->irb.suppress || !present || zt_ip_is_zero(address))
        return;
    zt_mac mac = solicitation ? nd->source_mac : nd->target_mac;
    if (zt_mac_equal(mac, ethernet_source) && is_bindable(irb, address))
        zt_neighbour_bind(machine, index, origin, address, mac);
}

/* ND-3, ND-4: an advertisement of `mac` for the solicitation's target. */
static void advertise(struct zt_machine *machine, struct zt_origin origin,
                      const struct zt_nd *solicitation, zt_mac destination, zt_mac source,
                      zt_mac mac, uint8_t flags)
{
    struct zt_frame frame = zt_frame_new(&machine->arena, ZT_ND_FRAME);
    struct zt_nd answer = {
        .type = ZT_ND_ADVERTISEMENT,
        .flags = flags | ZT_ND_OVERRIDE | ZT_ND_SOLICITED,
        .source = solicitation->target,
        .destination = solicitation->source,
        .target = solicitation->target,
    };
    if (zt_ip_is_zero(solicitation->source)) {
        answer.flags &= (uint8_t)~ZT_ND_SOLICITED;
        answer.destination = all_nodes;
        destination = zt_ip_multicast_mac(all_nodes);
    }
    zt_nd_write(frame.data, destination, source, &answer, mac);
    zt_bridge_send(machine, origin.member, origin.remote, frame);
}

/* ND-1: the mutant pretends that every hop limit is 255. */
static bool read_message(struct zt_frame frame, struct zt_nd *nd)
{
    struct zt_ip_packet packet;
    uint8_t *ip = frame.data + ZT_ETH_HEADER;
    if (!zt_ipv6_read(ip, frame.length - ZT_ETH_HEADER, &packet))
        return false;
    if (!ZT_MUTANT(nd_hop_limit_unchecked))
        return zt_nd_read(ip, &packet, nd);
    uint8_t hop_limit = ip[7];
    ip[7] = 255;
    bool valid = zt_nd_read(ip, &packet, nd);
    ip[7] = hop_limit;
    return valid;
}

/* ND-4 but for the neighbour. */
static bool is_suppressible(const struct zt_machine *machine, const struct zt_interface *irb,
                            struct zt_origin origin, const struct zt_nd *nd)
{
    return irb->irb.suppress && !zt_is_tunnel(zt_interface_at(machine, origin.member)) &&
           zt_ip_is_multicast(nd->destination) && !zt_ip_is_zero(nd->source);
}

bool zt_nd_inspect(struct zt_machine *machine, uint32_t index, struct zt_origin origin,
                   struct zt_frame frame)
{
    const struct zt_interface *irb = zt_interface_at(machine, index);
    zt_mac source = zt_eth_source(frame.data), bound;
    struct zt_nd nd;

    if (!read_message(frame, &nd))
        return false;
    zt_record_refuse(machine);
    bind(machine, index, origin, &nd, source);
    if (nd.type != ZT_ND_SOLICITATION)
        return false;
    if (zt_irb_owns(irb, nd.target) || ZT_MUTANT(nd_target_unchecked)) {
        bool system = zt_ip_equal(nd.target, irb->irb.system_link_local);
        zt_emit_fate(machine, ZT_FATE_ND_ANSWERED);
        advertise(machine, origin, &nd, source, irb->mac, system ? irb->irb.system_mac : irb->mac,
                  ZT_ND_ROUTER);
        return true;
    }
    if (is_suppressible(machine, irb, origin, &nd) &&
        zt_neighbour_is_bound(machine, index, nd.target, &bound) && !zt_mac_equal(bound, source)) {
        zt_emit_fate(machine, ZT_FATE_ND_SUPPRESSED);
        advertise(machine, origin, &nd, source, bound, bound, 0);
        return true;
    }
    return false; /* ND-5 */
}
