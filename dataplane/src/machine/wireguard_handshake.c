/* SPDX-License-Identifier: Apache-2.0 */
/* Handshake messages and cookies that arrive: WG-7 to WG-15. */
#include "src/machine/wireguard.h"

#define HANDSHAKE_TOS 0x88u
/* WG-12: initiations of a peer. */
#define INITIATION_INTERVAL UINT64_C(20000000)

/* Fields of a cookie reply. */
#define COOKIE_NONCE 8u
#define COOKIE_SEALED 32u

static zt_ip source_of(const struct zt_wg_arrival *arrival)
{
    return zt_ip_source(arrival->at, arrival->family);
}

static zt_ip destination_of(const struct zt_wg_arrival *arrival)
{
    return zt_ip_destination(arrival->at, arrival->family);
}

/* Whether a message came from and to where its peer is known to be. */
static inline bool is_at(const struct zt_wg_endpoint *endpoint, const struct zt_wg_arrival *arrival)
{
    return endpoint->port == arrival->port &&
           zt_ip_is_source(&endpoint->address, arrival->at, arrival->family) &&
           zt_ip_is_destination(&endpoint->own, arrival->at, arrival->family);
}

void zt_wg_set_endpoint(struct zt_wg_peer *peer, const struct zt_wg_arrival *arrival)
{
    if (is_at(&peer->endpoint, arrival))
        return;
    peer->endpoint =
        (struct zt_wg_endpoint){ source_of(arrival), arrival->port, destination_of(arrival) };
    zt_wg_forget_way(peer);
}

static bool mac_is_right(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                         const uint8_t *key, uint32_t key_length, uint32_t at)
{
    uint8_t mac[ZT_WG_MAC];
    zt_wg_mac(zt_wg_crypto_of(machine), key, key_length, arrival->message, at, mac);
    return zt_wg_equal(mac, arrival->message + at, ZT_WG_MAC);
}

/* WG-10. */
static void reply_cookie(struct zt_machine *machine, const struct zt_wg_arrival *arrival,
                         const uint8_t cookie[ZT_WG_MAC])
{
    struct zt_wg_device *device = arrival->device;
    struct zt_frame reply = zt_wg_new_message(machine, ZT_WG_COOKIE_REPLY_OCTETS);
    uint8_t drawn[32], *nonce = reply.data + COOKIE_NONCE;

    zt_wg_store32(reply.data, ZT_WG_COOKIE_REPLY);
    memcpy(reply.data + 4, arrival->message + 4, 4);
    zt_wg_draw(machine, device, drawn);
    memcpy(nonce, drawn, ZT_WG_XNONCE);
    zt_wg_xseal(zt_wg_crypto_of(machine), device->identity.cookie_key, nonce,
                arrival->message + arrival->length - ZT_WG_MACS, ZT_WG_MAC, cookie, ZT_WG_MAC,
                reply.data + COOKIE_SEALED);
    zt_wg_emit(machine, device,
               &(struct zt_wg_route){ destination_of(arrival), source_of(arrival), arrival->port,
                                      HANDSHAKE_TOS, NULL },
               reply);
}

/* WG-7 to WG-11: whether the message may cost a DH; else its fate is emitted. */
static bool is_admitted(struct zt_machine *machine, const struct zt_wg_arrival *arrival)
{
    struct zt_wg_device *device = arrival->device;
    uint32_t mac1 = arrival->length - ZT_WG_MACS, mac2 = arrival->length - ZT_WG_MAC;
    uint8_t cookie[ZT_WG_MAC];

    if (!mac_is_right(machine, arrival, device->identity.mac1_key, ZT_WG_KEY, mac1) &&
        !ZT_MUTANT(wireguard_mac1_unchecked)) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_MAC1);
        return false;
    }
    bool loaded = zt_wg_count(machine, device);
    if (!machine->wireguard->seeded &&
        (loaded || arrival->length == ZT_WG_INITIATION_OCTETS)) { /* WG-4 */
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_UNREADY);
        return false;
    }
    if (!loaded)
        return true;
    zt_wg_make_cookie(machine, device, source_of(arrival), arrival->port, cookie);
    if (!mac_is_right(machine, arrival, cookie, ZT_WG_MAC, mac2)) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_UNDER_LOAD);
        reply_cookie(machine, arrival, cookie);
        return false;
    }
    if (zt_wg_has_credit(machine, device, source_of(arrival)))
        return true;
    zt_emit_fate(machine, ZT_FATE_WIREGUARD_RATE_LIMITED);
    return false;
}

/* WG-12: the peer of an initiation that authenticates, NULL. */
static struct zt_wg_peer *read_initiation(struct zt_machine *machine,
                                          const struct zt_wg_arrival *arrival,
                                          struct zt_wg_noise *noise,
                                          uint8_t timestamp[ZT_WG_TIMESTAMP])
{
    struct zt_wg_crypto *crypto = zt_wg_crypto_of(machine);
    uint8_t public_key[ZT_WG_KEY];

    if (!zt_wg_read_static(crypto, &arrival->device->identity, arrival->message, noise, public_key))
        return NULL;
    struct zt_wg_peer *peer = zt_wg_find_peer(arrival->device, public_key);
    if (peer == NULL ||
        !zt_wg_read_timestamp(crypto, &peer->remote, arrival->message, noise, timestamp))
        return NULL;
    return peer;
}

static bool is_replayed(const struct zt_machine *machine, const struct zt_wg_peer *peer,
                        const uint8_t timestamp[ZT_WG_TIMESTAMP])
{
    if (!peer->initiated || ZT_MUTANT(wireguard_timestamp_unchecked))
        return false;
    return memcmp(timestamp, peer->timestamp, ZT_WG_TIMESTAMP) <= 0 ||
           machine->now - peer->initiated_at < INITIATION_INTERVAL;
}

/* WG-13. */
static void respond(struct zt_machine *machine, struct zt_wg_peer *peer, struct zt_wg_noise *noise,
                    uint32_t receiver)
{
    struct zt_frame message = zt_wg_new_message(machine, ZT_WG_RESPONSE_OCTETS);
    uint8_t ephemeral[ZT_WG_KEY];

    uint32_t index = zt_wg_draw_index(machine, peer->device);
    zt_wg_draw(machine, peer->device, ephemeral);
    zt_wg_clamp(ephemeral);
    zt_wg_make_response(zt_wg_crypto_of(machine), &peer->remote, ephemeral, index, receiver, noise,
                        message.data);
    zt_wg_wipe(ephemeral, sizeof ephemeral);
    zt_wg_write_macs(machine, peer, message.data, message.length);
    zt_wg_make_session(machine, peer, noise, index, receiver, false);
    zt_wg_on_session(machine, peer);
    zt_wg_on_packet_received(peer);
    zt_wg_on_packet(machine, peer);
    peer->sent_handshake = true;
    peer->sent_handshake_at = machine->now;
    zt_wg_send_message(machine, peer, HANDSHAKE_TOS, message);
}

static void receive_initiation(struct zt_machine *machine, const struct zt_wg_arrival *arrival)
{
    struct zt_wg_noise noise;
    uint8_t timestamp[ZT_WG_TIMESTAMP];
    struct zt_wg_peer *peer = read_initiation(machine, arrival, &noise, timestamp);

    if (peer == NULL) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_HANDSHAKE_INVALID);
    } else if (is_replayed(machine, peer, timestamp)) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_HANDSHAKE_REPLAY);
    } else {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_HANDSHAKE);
        peer->initiated = true;
        peer->initiated_at = machine->now;
        memcpy(peer->timestamp, timestamp, ZT_WG_TIMESTAMP);
        zt_wg_set_endpoint(peer, arrival);
        peer->rx += arrival->length;
        respond(machine, peer, &noise, zt_wg_load32(arrival->message + 4));
    }
    zt_wg_wipe(&noise, sizeof noise);
}

static void receive_response(struct zt_machine *machine, const struct zt_wg_arrival *arrival)
{
    struct zt_wg_index *index =
        zt_wg_index_find(arrival->device, zt_wg_load32(arrival->message + 8));

    if (index == NULL || index->of_session) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_INDEX_UNKNOWN);
        return;
    }
    struct zt_wg_peer *peer = index->peer;
    if (!zt_wg_read_response(zt_wg_crypto_of(machine), &arrival->device->identity, &peer->remote,
                             arrival->message, &peer->noise)) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_HANDSHAKE_INVALID);
        return;
    }
    zt_emit_fate(machine, ZT_FATE_WIREGUARD_HANDSHAKE);
    zt_wg_set_endpoint(peer, arrival);
    peer->rx += arrival->length;
    zt_wg_make_session(machine, peer, &peer->noise, index->value,
                       zt_wg_load32(arrival->message + 4), true);
    zt_wg_on_packet_received(peer);
    zt_wg_on_packet(machine, peer);
    zt_wg_on_session(machine, peer);
    zt_wg_on_complete(machine, peer);
    zt_wg_send_keepalive(machine, peer);
}

/* WG-15. */
static void receive_cookie(struct zt_machine *machine, const struct zt_wg_arrival *arrival)
{
    const uint8_t *message = arrival->message;
    struct zt_wg_index *index = zt_wg_index_find(arrival->device, zt_wg_load32(message + 4));
    uint8_t cookie[ZT_WG_MAC];

    if (index == NULL) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_INDEX_UNKNOWN);
        return;
    }
    struct zt_wg_peer *peer = index->peer;
    if (!peer->has_mac1 ||
        !zt_wg_xopen(zt_wg_crypto_of(machine), peer->remote.cookie_key, message + COOKIE_NONCE,
                     peer->mac1, ZT_WG_MAC, message + COOKIE_SEALED, ZT_WG_MAC, cookie)) {
        zt_emit_fate(machine, ZT_FATE_WIREGUARD_COOKIE_INVALID);
        return;
    }
    zt_emit_fate(machine, ZT_FATE_WIREGUARD_COOKIE);
    memcpy(peer->cookie, cookie, ZT_WG_MAC);
    zt_wg_wipe(cookie, sizeof cookie);
    peer->has_cookie = true;
    peer->cookie_at = machine->now;
    peer->has_mac1 = false;
}

void zt_wg_receive_handshake(struct zt_machine *machine, const struct zt_wg_arrival *arrival)
{
    switch (zt_wg_load32(arrival->message)) {
    case ZT_WG_COOKIE_REPLY:
        receive_cookie(machine, arrival);
        return;
    case ZT_WG_INITIATION:
        if (is_admitted(machine, arrival))
            receive_initiation(machine, arrival);
        return;
    default:
        if (is_admitted(machine, arrival))
            receive_response(machine, arrival);
    }
}
