/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives, and data: WG-2, WG-5, WG-6, WG-16, WG-17. */
#include "src/machine/wireguard_batch.h"

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

/* A message's text behind room for an Ethernet header; whether it is good. */
static bool open_text(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                      const struct zt_wg_session *session, struct zt_frame *text)
{
    const uint8_t *message = arrival->message;
    uint32_t length = arrival->length - ZT_WG_DATA_MIN;

    *text = zt_frame_new(&machine->arena, ZT_ETH_HEADER + length);
    return zt_wg_open(zt_wg_crypto_of(machine), session->receive_key, zt_wg_load64(message + 8),
                      NULL, 0, message + ZT_WG_DATA_HEADER, length, text->data + ZT_ETH_HEADER);
}

static struct zt_wg_session *find_session(const struct zt_wg_arrival *arrival)
{
    struct zt_wg_index *index =
        zt_wg_index_find(arrival->device, zt_wg_load32(arrival->message + 4));
    return index != NULL && index->of_session ? (struct zt_wg_session *)index : NULL;
}

/* WG-16: the session of a message and its text, or a fate. */
static enum zt_fate open_data(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                              struct zt_wg_session **found, struct zt_frame *text)
{
    const struct zt_wg_batch *batch = machine->wireguard->batch;
    struct zt_wg_session *ahead = zt_wg_batch_session(batch, arrival->opened);
    struct zt_wg_session *session = ahead == NULL ? find_session(arrival) : ahead;

    if (session == NULL)
        return ZT_FATE_WIREGUARD_INDEX_UNKNOWN;
    if (!is_current(machine, session))
        return ZT_FATE_WIREGUARD_KEY_EXPIRED;
    if (!(ahead == NULL ? open_text(machine, arrival, session, text)
                        : zt_wg_batch_take(batch, arrival->opened, text)))
        return ZT_FATE_WIREGUARD_AUTH;
    if (!zt_wg_window_accept(session, zt_wg_load64(arrival->message + 8)))
        return ZT_FATE_WIREGUARD_REPLAY;
    *found = session;
    return ZT_FATE_NONE;
}

/* WG-17: the inner packet with the ECN of the outer one, behind an Ethernet header. False when it is none. */
static bool read_inner(const struct zt_wg_arrival *arrival, const struct zt_interface *interface,
                       struct zt_frame text, struct zt_ip_packet *ip)
{
    uint8_t *at = text.data + ZT_ETH_HEADER;
    uint32_t length = text.length - ZT_ETH_HEADER;

    if (!zt_ipv4_read(at, length, ip) && !zt_ipv6_read(at, length, ip))
        return false;
    uint8_t family = ip->family, ecn = zt_ip_tos(at, family) & 0x03;
    if (arrival->ecn == ZT_ECN_CE && (ecn == ZT_ECN_ECT0 || ecn == ZT_ECN_ECT1))
        zt_ip_set_ecn(at, family, ZT_ECN_CE);
    uint16_t type = family == ZT_IPV4 ? ZT_ETHERTYPE_IPV4 : ZT_ETHERTYPE_IPV6;
    zt_eth_write(text.data, interface->mac, interface->wireguard.peer_mac, (zt_ethertype){ type });
    return true;
}

/* The rest of WG-17, and where the packet goes. */
static void receive_inner(struct zt_machine *machine, const struct zt_wg_peer *peer,
                          struct zt_frame frame, uint8_t family)
{
    uint32_t index = peer->device->interface;
    zt_ip source = zt_ip_source(frame.data + ZT_ETH_HEADER, family);

    if (zt_wg_allowed(peer->device, source) != peer && !ZT_MUTANT(wireguard_source_unchecked))
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_SOURCE_NOT_ALLOWED);
    else if (frame.length - ZT_ETH_HEADER > zt_interface_at(machine, index)->mtu)
        zt_emit_fate(machine, ZT_FATE_FRAME_OVERSIZE);
    else
        zt_port_receive_packet(machine, (struct zt_packet){ .frame = frame, .received = index });
}

static void receive_text(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                         struct zt_wg_peer *peer, struct zt_frame text)
{
    uint32_t index = arrival->device->interface;
    const struct zt_interface *interface = zt_interface_at(machine, index);
    struct zt_ip_packet ip;
    struct zt_flow_lookup lookup;

    lookup.possible = false;
    if (!read_inner(arrival, interface, text, &ip)) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_INNER_INVALID);
        return;
    }
    text.length = ZT_ETH_HEADER + ip.length;
    if (machine->cache.enabled && ip.length <= interface->mtu)
        zt_flow_look_opened(machine, index, peer->slot, text, &lookup);
    if (!lookup.possible) {
        receive_inner(machine, peer, text, ip.family);
    } else if (!zt_flow_settle(machine, &lookup, text)) {
        receive_inner(machine, peer, text, ip.family);
        zt_record_end(machine, &lookup);
    }
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

/* Whether the UDP checksum of a packet is right. What a message has that was opened was added up then. */
static bool is_checksum_right(const struct zt_wg_batch *batch, const uint8_t *at,
                              const struct zt_ip_packet *ip, uint32_t opened)
{
    const uint8_t *udp = at + ip->header;
    uint32_t length = zt_load_u16(udp + 4);
    zt_sum sum = zt_ip_pseudo_header(at, ip->family, (zt_protocol){ ZT_PROTOCOL_UDP }, length);

    sum = zt_sum_add(sum, udp, ZT_UDP_HEADER);
    return zt_wg_batch_sum(batch, opened, &sum)
               ? zt_sum_is_right(sum)
               : zt_udp_checksum_is_right(at, ip->family, udp, length);
}

/* WG-6: the UDP length and checksum of a packet. */
static enum zt_fate check_udp(const struct zt_wg_batch *batch, const uint8_t *at,
                              const struct zt_ip_packet *ip, uint32_t opened)
{
    const uint8_t *udp = at + ip->header;
    uint32_t length = zt_load_u16(udp + 4);

    if (length < ZT_UDP_HEADER || length > ip->length - ip->header)
        return ZT_FATE_UDP_LENGTH;
    if (zt_load_u16(udp + 6) == 0)
        return ip->family == ZT_IPV6 ? ZT_FATE_UDP_CHECKSUM : ZT_FATE_NONE;
    return is_checksum_right(batch, at, ip, opened) ? ZT_FATE_NONE : ZT_FATE_UDP_CHECKSUM;
}

void zt_wireguard_receive(struct zt_machine *machine, uint32_t interface, const uint8_t *at,
                          const struct zt_ip_packet *ip, uint32_t opened)
{
    const uint8_t *udp = at + ip->header;
    enum zt_fate refused = check_udp(machine->wireguard->batch, at, ip, opened);

    zt_record_refuse(machine);
    if (refused != ZT_FATE_NONE) {
        zt_emit_fate(machine, refused);
        return;
    }
    struct zt_wg_arrival arrival = {
        .device = zt_interface_at(machine, interface)->wireguard.device,
        .message = udp + ZT_UDP_HEADER,
        .length = zt_load_u16(udp + 4) - ZT_UDP_HEADER,
        .at = at,
        .family = ip->family,
        .ecn = zt_ip_tos(at, ip->family) & 0x03,
        .port = zt_load_u16(udp),
        .opened = opened,
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
    return is_udp(at, ip) && zt_udp_destination(at + ip->header).value == wireguard->listen_port &&
           zt_ip_is_destination(&wireguard->local[ip->family == ZT_IPV6], at, ip->family);
}

void zt_wireguard_look(const struct zt_machine *machine, uint32_t index, const uint8_t *frame,
                       uint32_t length, struct zt_wg_view *view)
{
    const struct zt_wireguard *wireguard = &zt_interface_at(machine, index)->wireguard;
    uint16_t type = zt_eth_type(frame).value;

    view->frame = frame;
    view->length = length;
    view->opened = ZT_NONE;
    view->packet =
        zt_mac_equal(zt_eth_destination(frame), zt_interface_at(machine, wireguard->lower)->mac) &&
        (type == ZT_ETHERTYPE_IPV4 || type == ZT_ETHERTYPE_IPV6) &&
        zt_ip_read(frame, length, &view->ip) == ZT_FATE_NONE;
    view->ours = view->packet && is_for(wireguard, frame + ZT_ETH_HEADER, &view->ip);
}

void zt_wireguard_ingress(struct zt_machine *machine, uint32_t index, const struct zt_wg_view *view)
{
    if (view->ours)
        zt_wireguard_receive(machine, index, view->frame + ZT_ETH_HEADER, &view->ip, view->opened);
    else if (view->packet && ZT_MUTANT(wireguard_clear_accepted))
        zt_port_receive_packet(
            machine, (struct zt_packet){ zt_frame_copy(&machine->arena, view->frame, view->length),
                                         view->ip, index });
    else
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_CLEAR);
}

/* ---- looking ahead ---- */

const char *zt_machine_aead_way(uint32_t index)
{
    for (enum zt_aead_way way = 0; way < ZT_AEAD_WAYS; way++)
        if (zt_aead_supported(way) && index-- == 0)
            return zt_aead_way_name(way);
    return NULL;
}

void zt_wireguard_look_ahead(struct zt_machine *machine, uint32_t index, struct zt_wg_view *view)
{
    const struct zt_wireguard *wireguard = &zt_interface_at(machine, index)->wireguard;

    if (!view->ours)
        return;
    const uint8_t *udp = view->frame + ZT_ETH_HEADER + view->ip.header;
    const uint8_t *message = udp + ZT_UDP_HEADER;
    uint32_t length = zt_load_u16(udp + 4);
    if (length < ZT_UDP_HEADER + ZT_WG_DATA_MIN || length > view->ip.length - view->ip.header ||
        zt_wg_load32(message) != ZT_WG_DATA)
        return;
    struct zt_wg_index *found = zt_wg_index_find(wireguard->device, zt_wg_load32(message + 4));
    if (found != NULL && found->of_session)
        view->opened =
            zt_wg_batch_add_opening(machine->wireguard->batch, &machine->arena,
                                    (struct zt_wg_session *)found, message, length - ZT_UDP_HEADER);
}

void zt_wireguard_begin_looking(struct zt_machine *machine)
{
    if (machine->wireguard->batch != NULL)
        zt_wg_batch_begin_opening(machine->wireguard->batch);
}

void zt_wireguard_end_looking(struct zt_machine *machine)
{
    zt_wg_batch_open(machine->wireguard->batch);
}

void zt_wireguard_flush(struct zt_machine *machine)
{
    if (machine->wireguard->batch != NULL)
        zt_wg_batch_flush(machine->wireguard->batch);
}
