/* SPDX-License-Identifier: Apache-2.0 */
/* ARP frames that enter a bridge with an IRB: ARP-1 to ARP-5 (RFC 826, RFC 5227). */
#include "src/machine/internal.h"

/* ARP-2: a host of one of the IRB's subnets, and not the IRB itself. */
static bool is_bindable(const struct zt_interface *irb, zt_ip sender)
{
    if (zt_irb_owns(irb, sender))
        return false;
    for (uint32_t i = 0; i < irb->address_count; i++) {
        const struct zt_address *address = &irb->addresses[i];
        if (!zt_address_covers(address, sender) &&
            !(ZT_MUTANT(arp_binding_unchecked) && address->ip.family == ZT_IPV4))
            continue;
        bool edge = zt_ip_equal(sender, zt_ip_prefix(address->ip, address->length)) ||
                    zt_ip_equal(sender, zt_ip_last(address->ip, address->length));
        if (address->length > 30 || !edge)
            return true;
    }
    return false;
}

/* ARP-3, ARP-4: `mac` is the answer. */
static void reply(struct zt_machine *machine, struct zt_origin origin, zt_mac destination,
                  zt_mac mac, const struct zt_arp *request)
{
    struct zt_frame frame = zt_frame_new(&machine->arena, ZT_ARP_FRAME);
    struct zt_arp answer = {
        .operation = ZT_ARP_REPLY,
        .sender_mac = mac,
        .sender = request->target,
        .target_mac = request->sender_mac,
        .target = request->sender,
    };
    zt_arp_write(frame.data, destination, mac, &answer);
    zt_bridge_send(machine, origin.member, origin.remote, frame);
}

/* ARP-3. */
static bool is_for_gateway(const struct zt_interface *irb, const struct zt_arp *arp,
                           zt_mac destination)
{
    return arp->operation == ZT_ARP_REQUEST && zt_irb_owns(irb, arp->target) &&
           (zt_mac_equal(destination, ZT_MAC_BROADCAST) || zt_mac_equal(destination, irb->mac) ||
            zt_mac_equal(destination, irb->irb.system_mac));
}

/* ARP-4 but for the neighbour. */
static bool is_suppressible(const struct zt_machine *machine, const struct zt_interface *irb,
                            struct zt_origin origin, const struct zt_arp *arp, zt_mac destination)
{
    return irb->irb.suppress && arp->operation == ZT_ARP_REQUEST &&
           !zt_is_tunnel(zt_interface_at(machine, origin.member)) &&
           zt_mac_equal(destination, ZT_MAC_BROADCAST) && !zt_ip_equal(arp->sender, arp->target) &&
           !zt_ip_is_zero(arp->sender);
}

bool zt_arp_inspect(struct zt_machine *machine, uint32_t index, struct zt_origin origin,
                    struct zt_frame frame)
{
    const struct zt_interface *irb = zt_interface_at(machine, index);
    zt_mac source = zt_eth_source(frame.data), destination = zt_eth_destination(frame.data), bound;
    struct zt_arp arp;

    zt_record_refuse(machine);
    if (!zt_arp_read(frame.data, frame.length, &arp)) /* ARP-1 */
        return false;
    if (irb->irb.suppress && zt_mac_equal(arp.sender_mac, source) && is_bindable(irb, arp.sender))
        zt_neighbour_bind(machine, index, origin, arp.sender, arp.sender_mac);
    if (is_for_gateway(irb, &arp, destination)) {
        zt_emit_fate(machine, ZT_FATE_ARP_ANSWERED);
        reply(machine, origin, source, irb->mac, &arp);
        return true;
    }
    if (is_suppressible(machine, irb, origin, &arp, destination) &&
        zt_neighbour_is_bound(machine, index, arp.target, &bound) &&
        !zt_mac_equal(bound, arp.sender_mac)) {
        zt_emit_fate(machine, ZT_FATE_ARP_SUPPRESSED);
        reply(machine, origin, source, ZT_MUTANT(suppressed_with_gateway_mac) ? irb->mac : bound,
              &arp);
        return true;
    }
    return false; /* ARP-5 */
}
