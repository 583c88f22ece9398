/* SPDX-License-Identifier: Apache-2.0 */
/* VXLAN: VXLAN-1 to VXLAN-7, HASH-5 (RFC 7348, RFC 6040). */
#include "src/machine/internal.h"
#include "src/machine/trace_reads.h"

#define OVERHEAD (ZT_UDP_HEADER + ZT_VXLAN_HEADER)

/* HASH-5. */
static uint16_t source_port(const struct zt_machine *machine, const struct zt_frame *inner)
{
    uint32_t seed = ZT_MUTANT(source_port_seed_ignored) ? 0 : machine->program->source_port_seed;
    struct zt_ip_packet packet;
    struct zt_flow_words words;
    uint32_t ethernet[4];

    if (zt_ip_read_best_effort(inner->data, inner->length, &packet)) {
        zt_flow_words_read(inner->data + ZT_ETH_HEADER, &packet, &words);
        if (ZT_MUTANT(ports_unread))
            words.word[words.count - 1] = 0;
        return zt_hash_source_port(zt_hash(seed, words.word, words.count));
    }
    zt_eth_words(inner->data, ethernet);
    return zt_hash_source_port(zt_hash(seed, ethernet, 4));
}

uint8_t zt_vxlan_inner_ecn(struct zt_frame inner)
{
    struct zt_ip_packet packet;
    if (!zt_ip_read_best_effort(inner.data, inner.length, &packet) || ZT_MUTANT(ecn_not_copied))
        return ZT_ECN_NOT_ECT;
    return zt_ip_tos(inner.data + ZT_ETH_HEADER, packet.family) & 0x03;
}

void zt_vxlan_send(struct zt_machine *machine, uint32_t index, zt_ip remote, struct zt_frame frame)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    const struct zt_vxlan *vxlan = &interface->vxlan;
    uint8_t family = vxlan->local.family;
    uint32_t header = family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER;
    uint32_t length = header + OVERHEAD + frame.length;

    if (frame.length - ZT_ETH_HEADER > interface->mtu) {
        zt_emit_fate(machine, ZT_FATE_MTU_EXCEEDED); /* VXLAN-1 */
        return;
    }
    zt_record_leaving_limit(machine, ZT_ETH_HEADER + interface->mtu);
    uint16_t port = source_port(machine, &frame);
    uint8_t dscp = ZT_MUTANT(dscp_ignored) ? 0 : vxlan->dscp;
    uint8_t tos = (uint8_t)(dscp << 2 | zt_vxlan_inner_ecn(frame));

    struct zt_packet outer = {
        .frame = zt_frame_push(&machine->arena, frame, ZT_ETH_HEADER + header + OVERHEAD),
        .ip = { family, header, length },
    };
    uint8_t *ip = zt_packet_at(&outer), *udp = ip + header;
    if (family == ZT_IPV4)
        zt_ipv4_write(ip, length, tos, vxlan->df, vxlan->ttl, (zt_protocol){ ZT_PROTOCOL_UDP },
                      vxlan->local, remote);
    else
        zt_ipv6_write(ip, length, tos, vxlan->ttl, (zt_protocol){ ZT_PROTOCOL_UDP }, vxlan->local,
                      remote);
    zt_store_u16(udp, port);
    zt_store_u16(udp + 2, vxlan->port.value);
    zt_store_u16(udp + 4, (uint16_t)(length - header));
    zt_store_u16(udp + 6, 0);
    zt_vxlan_write(udp + ZT_UDP_HEADER, vxlan->vni + (ZT_MUTANT(vni_off_by_one) ? 1 : 0));
    if (!vxlan->zero_checksum && !ZT_MUTANT(udp_checksum_not_computed))
        zt_udp_write_checksum(ip, family, udp, length - header);
    zt_record_encapsulated(machine, index, ZT_ETH_HEADER + header + OVERHEAD);
    zt_originate(machine, vxlan->underlay, outer);
}

/* VXLAN-4: the first vxlan interface with the local address and port of a UDP packet; most have another port. */
static uint32_t find_endpoint(const struct zt_program *program, const uint8_t *at, uint8_t family,
                              zt_l4_port port)
{
    for (uint32_t i = 0; i < program->endpoint_count; i++)
        if (program->endpoints[i].port.value == port.value &&
            zt_ip_is_destination(&program->endpoints[i].local, at, family))
            return program->endpoints[i].vxlan;
    return ZT_NONE;
}

bool zt_vxlan_read(const struct zt_program *program, struct zt_frame frame,
                   const struct zt_ip_packet *ip, struct zt_vxlan_view *view)
{
    const uint8_t *at = frame.data + ZT_ETH_HEADER, *udp = at + ip->header;
    uint32_t behind = ip->length - ip->header;

    if (zt_ip_protocol(at, ip->family).value != ZT_PROTOCOL_UDP || behind < ZT_UDP_HEADER ||
        (ip->family == ZT_IPV4 && zt_ipv4_is_fragment(at)))
        return false;
    uint32_t vxlan = find_endpoint(program, at, ip->family, zt_udp_destination(udp));
    if (vxlan == ZT_NONE)
        return false;
    view->vxlan = vxlan;
    view->destination = zt_ip_destination(at, ip->family);
    view->source = zt_ip_source(at, ip->family);
    view->ecn = zt_ip_tos(at, ip->family) & 0x03;
    view->fate = ZT_FATE_UDP_LENGTH; /* VXLAN-5 */
    uint32_t length = zt_load_u16(udp + 4);
    if (length < OVERHEAD || length > behind)
        return true;
    view->fate = ZT_FATE_UDP_CHECKSUM;
    if (zt_load_u16(udp + 6) != 0) {
        if (!zt_udp_checksum_is_right(at, ip->family, udp, length) &&
            !ZT_MUTANT(udp_checksum_unverified))
            return true;
    } else if (ip->family == ZT_IPV6 && !program->interfaces[vxlan].vxlan.zero_checksum) {
        return true;
    }
    view->fate = ZT_FATE_VXLAN_FLAGS;
    if ((zt_load_u8(udp + ZT_UDP_HEADER) & ZT_VXLAN_FLAG_I) == 0)
        return true;
    view->fate = ZT_FATE_NONE;
    view->vni = zt_vxlan_vni(udp + ZT_UDP_HEADER);
    view->offset = ZT_ETH_HEADER + ip->header + OVERHEAD;
    view->length = length - OVERHEAD;
    return true;
}

uint32_t zt_vxlan_find(const struct zt_program *program, uint32_t vni, zt_ip local)
{
    for (uint32_t i = 0; i < program->vxlan_count; i++) {
        const struct zt_vxlan *vxlan = &program->interfaces[program->vxlans[i]].vxlan;
        if ((vxlan->vni == vni || ZT_MUTANT(vni_unchecked)) && zt_ip_equal(vxlan->local, local))
            return program->vxlans[i];
    }
    return ZT_NONE;
}

static bool is_remote(const struct zt_vxlan *vxlan, zt_ip source)
{
    for (uint32_t i = 0; i < vxlan->remote_count; i++)
        if (zt_ip_equal(vxlan->remotes[i], source))
            return true;
    return ZT_MUTANT(remote_unchecked);
}

enum zt_fate zt_vxlan_merge_ecn(uint8_t outer, struct zt_frame inner)
{
    struct zt_ip_packet packet;
    uint8_t *at = inner.data + ZT_ETH_HEADER;

    if (outer != ZT_ECN_CE && outer != ZT_ECN_ECT1)
        return ZT_FATE_NONE;
    if (!zt_ip_read_best_effort(inner.data, inner.length, &packet))
        return ZT_FATE_NONE;
    uint8_t ecn = zt_ip_tos(at, packet.family) & 0x03;
    if (outer == ZT_ECN_CE && ecn == ZT_ECN_NOT_ECT)
        return ZT_MUTANT(ce_over_not_ect_accepted) ? ZT_FATE_NONE : ZT_FATE_ECN_INVALID;
    if (outer == ZT_ECN_CE && ecn != ZT_ECN_CE && !ZT_MUTANT(ce_lost))
        zt_ip_set_ecn(at, packet.family, ZT_ECN_CE);
    else if (outer == ZT_ECN_ECT1 && ecn == ZT_ECN_ECT0)
        zt_ip_set_ecn(at, packet.family, ZT_ECN_ECT1);
    return ZT_FATE_NONE;
}

/* VXLAN-5 from the VNI on, VXLAN-6. */
static enum zt_fate check_inner(const struct zt_machine *machine, const struct zt_vxlan_view *view,
                                uint32_t index, struct zt_frame inner)
{
    if (index == ZT_NONE)
        return ZT_FATE_VXLAN_VNI_UNKNOWN;
    const struct zt_interface *interface = zt_interface_at(machine, index);
    if (!is_remote(&interface->vxlan, view->source))
        return ZT_FATE_VXLAN_SOURCE_UNKNOWN;
    if (inner.length < ZT_ETH_HEADER)
        return ZT_FATE_FRAME_TRUNCATED;
    if (inner.length - ZT_ETH_HEADER > interface->mtu)
        return ZT_FATE_FRAME_OVERSIZE;
    return zt_vxlan_merge_ecn(view->ecn, inner);
}

/* What a tunnel's seal had around it: another frame than the one that the flow cache was asked for. */
static void receive_opened(struct zt_machine *machine, uint32_t interface, struct zt_frame frame)
{
    struct zt_flow_lookup lookup;

    lookup.possible = false;
    if (machine->cache.enabled)
        zt_flow_look(machine, interface, frame, &lookup);
    if (!lookup.possible) {
        zt_interface_receive(machine, interface, frame);
    } else if (!zt_flow_settle(machine, &lookup, frame)) {
        zt_interface_receive(machine, interface, frame);
        zt_record_end(machine, &lookup);
    }
}

/* VXLAN-7. */
static void deliver(struct zt_machine *machine, uint32_t index, zt_ip source, struct zt_frame inner)
{
    const struct zt_interface *interface = zt_interface_at(machine, index);
    if (interface->vxlan.macsec == ZT_NONE) {
        zt_record_arriving_limit(machine, ZT_ETH_HEADER + interface->mtu);
        zt_bridge_receive(machine, (struct zt_origin){ .member = index, .remote = source }, inner);
        return;
    }
    zt_record_refuse(machine);
    struct zt_ingress opened;
    zt_macsec_open(machine, interface->vxlan.macsec, inner.data, inner.length, &opened);
    if (opened.fate != ZT_FATE_NONE)
        zt_emit_fate(machine, opened.fate);
    else
        receive_opened(machine, opened.interface, opened.frame);
}

bool zt_vxlan_receive(struct zt_machine *machine, const struct zt_packet *packet)
{
    struct zt_vxlan_view view;

    if (!zt_vxlan_read(machine->program, packet->frame, &packet->ip, &view))
        return false;
    if (view.fate != ZT_FATE_NONE) {
        zt_emit_fate(machine, view.fate);
        return true;
    }
    uint32_t index = zt_vxlan_find(machine->program, view.vni, view.destination);
    struct zt_frame inner = zt_frame_pull(packet->frame, view.offset);
    inner.length = view.length;
    enum zt_fate refused = check_inner(machine, &view, index, inner);
    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return true;
    }
#ifdef ZT_TRACE_READS
    zt_trace_advance(inner.data);
#endif
    deliver(machine, index, view.source, inner);
    return true;
}
