/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives, and data: WG-2, WG-5, WG-6, WG-16, WG-17. */
#include "src/machine/wireguard.h"

/* WG-2, WG-5: no fragment, UDP, at least its header. */
static bool is_udp(const uint8_t *at, const struct zt_ip_packet *ip)
{
    return zt_ip_protocol(at, ip->family).value == ZT_PROTOCOL_UDP &&
           ip->length - ip->header >= ZT_UDP_HEADER &&
           !(ip->family == ZT_IPV4 && zt_ipv4_is_fragment(at));
}

uint32_t zt_wireguard_find(const struct zt_machine *machine, uint32_t vrf, const uint8_t *at,
                           const struct zt_ip_packet *ip)
{
    const struct zt_program *program = machine->program;
    if (program->wireguard_count == 0 || !is_udp(at, ip))
        return ZT_NONE;
    uint16_t port = zt_udp_destination(at + ip->header).value;
    for (uint32_t i = 0; i < program->wireguard_count; i++) {
        const struct zt_wireguard *one =
            &zt_interface_at(machine, program->wireguards[i])->wireguard;
        if (one->underlay == vrf && one->listen_port == port)
            return program->wireguards[i];
    }
    return ZT_NONE;
}

/* ---- data ---- */

static bool is_current(const struct zt_machine *machine, const struct zt_wg_session *session)
{
    return machine->now - session->born < ZT_WG_REJECT_AFTER ||
           ZT_MUTANT(wireguard_key_never_expires);
}

/* WG-16: the session of a message and its text, or a fate. */
static enum zt_fate open_data(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                              struct zt_wg_session **found, struct zt_frame *text)
{
    const uint8_t *message = arrival->message;
    uint64_t counter = zt_wg_load64(message + 8);
    struct zt_wg_index *index = zt_wg_index_find(arrival->device, zt_wg_load32(message + 4));
    uint32_t length = arrival->length - ZT_WG_DATA_MIN;

    if (index == NULL || !index->of_session)
        return ZT_FATE_WIREGUARD_INDEX_UNKNOWN;
    struct zt_wg_session *session = (struct zt_wg_session *)index;
    if (!is_current(machine, session))
        return ZT_FATE_WIREGUARD_KEY_EXPIRED;
    /* The packet stands behind room for an Ethernet header. */
    *text = zt_frame_new(&machine->arena, ZT_ETH_HEADER + length);
    if (!zt_wg_open(zt_wg_crypto_of(machine), session->receive_key, counter, NULL, 0,
                    message + ZT_WG_DATA_HEADER, length, text->data + ZT_ETH_HEADER))
        return ZT_FATE_WIREGUARD_AUTH;
    if (!zt_wg_window_accept(session, counter))
        return ZT_FATE_WIREGUARD_REPLAY;
    *found = session;
    return ZT_FATE_NONE;
}

/* WG-17 from the inner packet on: it is good, or a fate. The frame is cut to it. */
static enum zt_fate check_inner(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                                const struct zt_wg_peer *peer, struct zt_packet *packet)
{
    uint8_t *at = zt_packet_at(packet);
    uint32_t length = packet->frame.length - ZT_ETH_HEADER;

    if (!zt_ipv4_read(at, length, &packet->ip) && !zt_ipv6_read(at, length, &packet->ip))
        return ZT_FATE_WIREGUARD_INNER_INVALID;
    uint8_t family = packet->ip.family;
    if (zt_wg_allowed(arrival->device, zt_ip_source(at, family)) != peer &&
        !ZT_MUTANT(wireguard_source_unchecked))
        return ZT_FATE_WIREGUARD_SOURCE_NOT_ALLOWED;
    uint8_t ecn = zt_ip_tos(at, family) & 0x03;
    if (arrival->ecn == ZT_ECN_CE && (ecn == ZT_ECN_ECT0 || ecn == ZT_ECN_ECT1))
        zt_ip_set_ecn(at, family, ZT_ECN_CE);
    packet->frame.length = ZT_ETH_HEADER + packet->ip.length;
    return packet->ip.length > zt_interface_at(machine, arrival->device->interface)->mtu
               ? ZT_FATE_FRAME_OVERSIZE
               : ZT_FATE_NONE;
}

static void receive_text(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                         struct zt_wg_peer *peer, struct zt_frame text)
{
    uint32_t index = arrival->device->interface;
    const struct zt_interface *interface = zt_interface_at(machine, index);
    struct zt_packet packet = { .frame = text, .received = index };
    enum zt_fate refused = check_inner(machine, arrival, peer, &packet);

    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return;
    }
    uint16_t type = packet.ip.family == ZT_IPV4 ? ZT_ETHERTYPE_IPV4 : ZT_ETHERTYPE_IPV6;
    zt_eth_write(packet.frame.data, interface->mac, interface->wireguard.peer_mac,
                 (zt_ethertype){ type });
    zt_port_receive_packet(machine, packet);
}

static void receive_data(struct zt_machine *machine, const struct zt_wg_arrival *arrival)
{
    struct zt_wg_session *session;
    struct zt_frame text;
    enum zt_fate refused = open_data(machine, arrival, &session, &text);

    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return;
    }
    struct zt_wg_peer *peer = session->index.peer;
    zt_wg_set_endpoint(peer, arrival);
    peer->rx += arrival->length;
    if (session == peer->next && !ZT_MUTANT(wireguard_next_never_current)) {
        zt_wg_promote(machine, peer);
        zt_wg_on_complete(machine, peer);
        zt_wg_send_held(machine, peer);
    }
    zt_wg_renew_receiving(machine, peer);
    zt_wg_on_packet_received(peer);
    zt_wg_on_packet(machine, peer);
    if (text.length == ZT_ETH_HEADER) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_KEEPALIVE);
        return;
    }
    zt_wg_on_data_received(machine, peer);
    receive_text(machine, arrival, peer, text);
}

/* ---- messages ---- */

/* WG-6: a message of this length may be of its type. */
static bool fits(const uint8_t *message, uint32_t length)
{
    if (length < 4)
        return false;
    switch (zt_wg_load32(message)) {
    case ZT_WG_INITIATION:
        return length == ZT_WG_INITIATION_OCTETS;
    case ZT_WG_RESPONSE:
        return length == ZT_WG_RESPONSE_OCTETS;
    case ZT_WG_COOKIE_REPLY:
        return length == ZT_WG_COOKIE_REPLY_OCTETS;
    case ZT_WG_DATA:
        return length >= ZT_WG_DATA_MIN;
    default:
        return false;
    }
}

/* WG-6: the UDP length and checksum of a packet. */
static enum zt_fate check_udp(const uint8_t *at, const struct zt_ip_packet *ip)
{
    const uint8_t *udp = at + ip->header;
    uint32_t length = zt_load_u16(udp + 4);

    if (length < ZT_UDP_HEADER || length > ip->length - ip->header)
        return ZT_FATE_UDP_LENGTH;
    if (zt_load_u16(udp + 6) == 0)
        return ip->family == ZT_IPV6 ? ZT_FATE_UDP_CHECKSUM : ZT_FATE_NONE;
    return zt_udp_checksum_is_right(at, ip->family, udp, length) ? ZT_FATE_NONE
                                                                 : ZT_FATE_UDP_CHECKSUM;
}

void zt_wireguard_receive(struct zt_machine *machine, uint32_t interface, const uint8_t *at,
                          const struct zt_ip_packet *ip)
{
    const uint8_t *udp = at + ip->header;
    enum zt_fate refused = check_udp(at, ip);

    zt_record_refuse(machine);
    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return;
    }
    struct zt_wg_arrival arrival = {
        .device = zt_interface_at(machine, interface)->wireguard.device,
        .message = udp + ZT_UDP_HEADER,
        .length = zt_load_u16(udp + 4) - ZT_UDP_HEADER,
        .source = zt_ip_source(at, ip->family),
        .destination = zt_ip_destination(at, ip->family),
        .port = zt_load_u16(udp),
        .ecn = zt_ip_tos(at, ip->family) & 0x03,
    };
    if (!fits(arrival.message, arrival.length))
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_MALFORMED);
    else if (zt_wg_load32(arrival.message) == ZT_WG_DATA)
        receive_data(machine, &arrival);
    else
        zt_wg_receive_handshake(machine, &arrival);
}

/* WG-2: whether a packet on the port below is for the interface. */
static bool is_for(const struct zt_wireguard *wireguard, const uint8_t *at,
                   const struct zt_ip_packet *ip)
{
    return zt_ip_equal(zt_ip_destination(at, ip->family),
                       wireguard->local[ip->family == ZT_IPV6]) &&
           is_udp(at, ip) && zt_udp_destination(at + ip->header).value == wireguard->listen_port;
}

void zt_wireguard_ingress(struct zt_machine *machine, uint32_t index, struct zt_frame frame)
{
    const struct zt_wireguard *wireguard = &zt_interface_at(machine, index)->wireguard;
    const struct zt_interface *port = zt_interface_at(machine, wireguard->lower);
    const uint8_t *at = frame.data + ZT_ETH_HEADER;
    uint16_t type = zt_eth_type(frame.data).value;
    struct zt_packet packet = { .frame = frame, .received = index };

    bool good = zt_mac_equal(zt_eth_destination(frame.data), port->mac) &&
                (type == ZT_ETHERTYPE_IPV4 || type == ZT_ETHERTYPE_IPV6) &&
                zt_ip_read(frame.data, frame.length, &packet.ip) == ZT_FATE_NONE;
    if (good && is_for(wireguard, at, &packet.ip))
        zt_wireguard_receive(machine, index, at, &packet.ip);
    else if (good && ZT_MUTANT(wireguard_clear_accepted))
        zt_port_receive_packet(machine, packet);
    else
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_CLEAR);
}
