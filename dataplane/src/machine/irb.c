/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway in a bridge: IRB-1 to IRB-4. */
#include "src/machine/internal.h"

bool zt_irb_owns(const struct zt_interface *irb, zt_ip ip)
{
    for (uint32_t i = 0; i < irb->address_count; i++)
        if (zt_ip_equal(irb->addresses[i].ip, ip))
            return true;
    return irb->irb.has_ipv6 && /* IRB-1 */
           (zt_ip_equal(ip, irb->irb.link_local) || zt_ip_equal(ip, irb->irb.system_link_local));
}

void zt_irb_receive(struct zt_machine *machine, uint32_t irb, struct zt_frame frame)
{
    struct zt_packet packet = { .frame = frame, .received = irb };
    enum zt_fate malformed;

    if (zt_mac_is_group(zt_eth_destination(frame.data))) {
        zt_emit_fate(machine, ZT_FATE_IRB_IGNORED); /* IRB-2 */
        return;
    }
    switch (zt_eth_type(frame.data).value) { /* IRB-3 */
    case ZT_ETHERTYPE_ARP:
        zt_emit_fate(machine, ZT_FATE_ARP_IGNORED);
        return;
    case ZT_ETHERTYPE_IPV4:
    case ZT_ETHERTYPE_IPV6:
        malformed = zt_ip_read(frame.data, frame.length, &packet.ip);
        if (malformed != ZT_FATE_NONE)
            zt_emit_fate(machine, malformed);
        else
            zt_route(machine, packet);
        return;
    default:
        zt_emit_fate(machine, ZT_FATE_ETHERTYPE_UNKNOWN);
    }
}

void zt_irb_send(struct zt_machine *machine, uint32_t index, zt_mac destination,
                 struct zt_packet packet)
{
    const struct zt_interface *irb = zt_interface_at(machine, index);
    uint16_t type = packet.ip.family == ZT_IPV4 ? ZT_ETHERTYPE_IPV4 : ZT_ETHERTYPE_IPV6;
    zt_mac source = ZT_MUTANT(irb_source_kept) ? irb->irb.system_mac : irb->mac;

    zt_eth_write(packet.frame.data, destination, source, (zt_ethertype){ type });
    zt_bridge_forward(machine, irb->bridge, (struct zt_origin){ .member = ZT_NONE }, packet.frame);
}
