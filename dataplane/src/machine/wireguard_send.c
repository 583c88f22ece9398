/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: WG-21, WG-24 to WG-27. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/wireguard_batch.h"

#define COOKIE_LIFE (115 * ZT_WG_SECOND)
#define REKEY_TIMEOUT (5 * ZT_WG_SECOND)
#define TAI_EPOCH (((uint64_t)1 << 62) + 10)
/* DSCP CS4 and AF41 are 0x88 of the TOS: what handshakes go by. */
#define HANDSHAKE_TOS 0x88u

/* ---- messages ---- */

/* Ethernet, the longer IP header, UDP. */
#define OUTER_MAX (ZT_ETH_HEADER + ZT_IPV6_HEADER + ZT_UDP_HEADER)

struct zt_frame zt_wg_new_message(struct zt_machine *machine, uint32_t octets)
{
    return zt_frame_new(&machine->arena, octets);
}
_Static_assert(OUTER_MAX <= ZT_HEADROOM, "outer headers fit before a message");

void zt_wg_write_macs(struct zt_machine *machine, struct zt_wg_peer *peer, uint8_t *message,
                      uint32_t length)
{
    struct zt_wg_crypto *crypto = zt_wg_crypto_of(machine);
    uint32_t mac1 = length - ZT_WG_MACS, mac2 = length - ZT_WG_MAC;

    zt_wg_mac(crypto, peer->remote.mac1_key, ZT_WG_KEY, message, mac1, message + mac1);
    memcpy(peer->mac1, message + mac1, ZT_WG_MAC);
    peer->has_mac1 = true;
    if (peer->has_cookie && machine->now - peer->cookie_at < COOKIE_LIFE)
        zt_wg_mac(crypto, peer->cookie, ZT_WG_MAC, message, mac2, message + mac2);
    else
        memset(message + mac2, 0, ZT_WG_MAC);
}

/* ---- WG-27 ---- */

static void write_timestamp(const struct zt_machine *machine, uint8_t timestamp[ZT_WG_TIMESTAMP])
{
    uint64_t wall = zt_wg_wall(machine), seconds = TAI_EPOCH + wall / ZT_WG_SECOND;
    zt_store_u32(timestamp, (uint32_t)(seconds >> 32));
    zt_store_u32(timestamp + 4, (uint32_t)seconds);
    /* Coarse, so that it tells little of when keys were made. */
    zt_store_u32(timestamp + 8, (uint32_t)(wall % ZT_WG_SECOND) & ~UINT32_C(0xffffff));
}

void zt_wg_send_initiation(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    struct zt_wg_device *device = peer->device;
    uint8_t ephemeral[ZT_WG_KEY], timestamp[ZT_WG_TIMESTAMP];

    if (peer->endpoint.address.family == 0 ||
        (peer->sent_handshake && machine->now - peer->sent_handshake_at < REKEY_TIMEOUT))
        return;
    struct zt_frame message = zt_wg_new_message(machine, ZT_WG_INITIATION_OCTETS);
    zt_wg_end_handshake(peer);
    uint32_t index = zt_wg_draw_index(machine, device);
    zt_wg_draw(machine, device, ephemeral);
    zt_wg_clamp(ephemeral);
    peer->sent_handshake = true;
    peer->sent_handshake_at = machine->now;
    write_timestamp(machine, timestamp);
    zt_wg_make_initiation(zt_wg_crypto_of(machine), &device->identity, &peer->remote, ephemeral,
                          index, timestamp, &peer->noise, message.data);
    zt_wg_wipe(ephemeral, sizeof ephemeral);
    zt_wg_index_add(peer, &peer->handshake, index);
    zt_wg_write_macs(machine, peer, message.data, message.length);
    zt_wg_on_packet(machine, peer);
    zt_wg_on_packet_sent(peer);
    zt_wg_send_message(machine, peer, HANDSHAKE_TOS, message);
    zt_wg_set_timer(peer, ZT_WG_RETRANSMISSION, machine->now + REKEY_TIMEOUT + zt_wg_jitter(index));
}

/* ---- WG-24 to WG-26 ---- */

/* Octets of the text of a packet, its zeros included. */
static uint32_t padded(const struct zt_machine *machine, const struct zt_wg_device *device,
                       uint32_t length)
{
    uint32_t mtu = zt_interface_at(machine, device->interface)->mtu, to = (length + 15) & ~15u;
    if (ZT_MUTANT(wireguard_padding_missing) || length >= mtu)
        return length;
    return to < mtu ? to : mtu;
}

static uint8_t ecn_of(const uint8_t *packet, uint32_t length)
{
    if (length == 0 || ZT_MUTANT(wireguard_ecn_ignored))
        return ZT_ECN_NOT_ECT;
    return zt_ip_tos(packet, packet[0] >> 4) & 0x03;
}

/*
 * On a link a message is sealed with others: it goes out of the port as it is. Anywhere else somebody may want to look into it, a
 * seal below for one.
 */
static void seal(struct zt_machine *machine, const struct zt_wg_device *device,
                 const struct zt_wg_session *session, uint8_t *text, uint32_t length)
{
    if (zt_wg_of(machine, device)->lower != ZT_NONE)
        zt_wg_batch_seal(machine->wireguard->batch, session->send_key, session->sent, text, length);
    else
        zt_wg_seal(zt_wg_crypto_of(machine), session->send_key, session->sent, NULL, 0, text,
                   length, text);
}

/*
 * A packet or, of length 0, a keepalive, by the current session. `message` has room for all of it, and the packet where its text is
 * to be.
 */
static void seal_and_send(struct zt_machine *machine, struct zt_wg_peer *peer,
                          struct zt_frame message, uint32_t length)
{
    struct zt_wg_session *session = peer->current;
    uint8_t *at = message.data + ZT_WG_DATA_HEADER;
    uint32_t text = message.length - ZT_WG_DATA_MIN;
    uint8_t ecn = ecn_of(at, length);

    zt_wg_store32(message.data, ZT_WG_DATA);
    zt_wg_store32(message.data + 4, session->peer_index);
    zt_wg_store64(message.data + 8, session->sent);
    memset(at + length, 0, text - length);
    seal(machine, peer->device, session, at, text);
    if (!ZT_MUTANT(wireguard_nonce_reused))
        session->sent++;
    zt_wg_send_message(machine, peer, ecn, message);
    zt_wg_on_packet(machine, peer);
    zt_wg_on_packet_sent(peer);
    if (length > 0)
        zt_wg_on_data_sent(machine, peer);
    zt_wg_renew_sending(machine, peer);
}

static void send_held(struct zt_machine *machine, struct zt_wg_peer *peer,
                      const struct zt_wg_held *held)
{
    uint32_t text = padded(machine, peer->device, held->length);
    struct zt_frame message = zt_wg_new_message(machine, ZT_WG_DATA_MIN + text);

    if (held->length > 0)
        memcpy(message.data + ZT_WG_DATA_HEADER, held->data, held->length);
    seal_and_send(machine, peer, message, held->length);
}

/* A packet becomes the text of a message where it is. */
static void send_now(struct zt_machine *machine, struct zt_wg_peer *peer,
                     const struct zt_packet *packet)
{
    uint32_t length = packet->ip.length, text = padded(machine, peer->device, length);
    uint32_t behind = text - length + ZT_WG_TAG;
    struct zt_frame frame = packet->frame;

    frame.length = ZT_ETH_HEADER + length;
    frame = zt_frame_push(&machine->arena, frame, OUTER_MAX + ZT_WG_DATA_HEADER - ZT_ETH_HEADER);
    frame = zt_frame_append(zt_frame_make_room(&machine->arena, frame, behind), behind);
    seal_and_send(machine, peer, zt_frame_pull(frame, OUTER_MAX), length);
}

void zt_wg_send_held(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    struct zt_wg_held held;

    while (peer->held_count > 0) {
        if (!zt_wg_may_send(machine, peer->current)) {
            peer->attempts = 0;
            zt_wg_send_initiation(machine, peer);
            return;
        }
        zt_wg_take_held(peer, &held);
        send_held(machine, peer, &held);
        free(held.data);
    }
}

static void hold(struct zt_machine *machine, struct zt_wg_peer *peer, const uint8_t *packet,
                 uint32_t length)
{
    struct zt_wg_held held, new = { .length = length };

    if (peer->held == NULL)
        peer->held = zt_calloc(ZT_WG_HELD_MAX, sizeof *peer->held);
    if (peer->held_count == ZT_WG_HELD_MAX) {
        zt_wg_take_held(peer, &held);
        free(held.data);
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_QUEUE);
    }
    if (length > 0) {
        new.data = zt_calloc(length, 1);
        memcpy(new.data, packet, length);
    }
    peer->held[(peer->held_first + peer->held_count++) % ZT_WG_HELD_MAX] = new;
}

void zt_wg_send_keepalive(struct zt_machine *machine, struct zt_wg_peer *peer)
{
    if (peer->held_count == 0)
        hold(machine, peer, NULL, 0);
    zt_wg_send_held(machine, peer);
}

static void refuse(struct zt_machine *machine, const struct zt_packet *packet, enum zt_fate fate)
{
    zt_emit_fate(machine, fate);
    /* Host unreachable, address unreachable. */
    if (packet->ip.family == ZT_IPV4)
        zt_icmp_error(machine, packet, ZT_ICMP_UNREACHABLE, 1, 0);
    else
        zt_icmp_error(machine, packet, ZT_ICMPV6_UNREACHABLE, 3, 0);
}

void zt_wg_send_to(struct zt_machine *machine, struct zt_wg_peer *peer,
                   const struct zt_packet *packet)
{
    if (peer->endpoint.address.family == 0) {
        refuse(machine, packet, ZT_FATE_WIREGUARD_NO_ENDPOINT);
    } else if (peer->held_count == 0 && zt_wg_may_send(machine, peer->current)) {
        send_now(machine, peer, packet);
    } else if (!machine->wireguard->seeded) { /* WG-4 */
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_UNREADY);
    } else {
        hold(machine, peer, zt_packet_at(packet), packet->ip.length);
        zt_wg_send_held(machine, peer);
    }
}

void zt_wg_send_packet(struct zt_machine *machine, uint32_t interface, struct zt_packet packet)
{
    struct zt_wg_device *device = zt_interface_at(machine, interface)->wireguard.device;
    struct zt_wg_peer *peer =
        zt_wg_allowed(device, zt_ip_destination(zt_packet_at(&packet), packet.ip.family));

    if (peer == NULL) {
        zt_record_refuse(machine);
        refuse(machine, &packet, ZT_FATE_WIREGUARD_NO_PEER);
        return;
    }
    zt_record_sealed(machine, interface, peer, &packet);
    bool noted = zt_record_suspend(machine);
    zt_wg_send_to(machine, peer, &packet);
    zt_record_resume(machine, noted);
}
