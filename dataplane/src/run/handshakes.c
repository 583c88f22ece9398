/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/handshakes.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"
#include "src/base/json.h"
#include "src/machine/address_text.h"
#include "ztos/udp.h"

/* Initiation, response, cookie reply. */
#define TYPE_LAST 3u

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(zt_ip));
}

/* The value of an object's member, 0 if it has none. */
static uint32_t member_of(const struct zt_json *json, uint32_t object, const char *name)
{
    uint32_t key = zt_json_first(object);

    for (uint32_t i = 0; i < json->nodes[object].count; i++) {
        uint32_t value = json->nodes[key].next;

        if (zt_json_string_is(json, key, name))
            return value;
        key = json->nodes[value].next;
    }
    return 0;
}

/* Addresses of a list, with or without prefix length. */
static void add_addresses(struct zt_handshakes *handshakes, const struct zt_json *json,
                          uint32_t list)
{
    uint32_t count = list ? json->nodes[list].count : 0;
    uint32_t node = zt_json_first(list);
    char text[ZT_ADDRESS_TEXT];

    if (count == 0)
        return;
    handshakes->own =
        zt_realloc(handshakes->own, handshakes->own_count + count, sizeof(*handshakes->own));
    for (uint32_t i = 0; i < count; i++, node = json->nodes[node].next) {
        zt_ip ip = { 0 };
        uint8_t length;

        if (zt_json_string(json, node, text, sizeof(text), NULL) &&
            (zt_cidr_parse(text, &ip, &length) || zt_ip_parse(text, &ip)))
            handshakes->own[handshakes->own_count++] = ip;
    }
}

static void learn_interface(struct zt_handshakes *handshakes, const struct zt_json *json,
                            uint32_t node)
{
    uint32_t kind = member_of(json, node, "kind"), port = member_of(json, node, "listenPort");
    int64_t number;

    add_addresses(handshakes, json, member_of(json, node, "addresses"));
    if (!kind || !zt_json_string_is(json, kind, "wireguard") || !port ||
        !zt_json_integer(json, port, &number))
        return;
    add_addresses(handshakes, json, member_of(json, node, "local"));
    handshakes->listening[(number & 0xffff) / 8] |= (uint8_t)(1u << number % 8);
    handshakes->wanted = true;
}

void zt_handshakes_learn(struct zt_handshakes *handshakes, const char *program, size_t length)
{
    struct zt_json json;
    struct zt_error error;
    uint32_t list, node;

    handshakes->wanted = false;
    handshakes->own_count = 0;
    memset(handshakes->listening, 0, sizeof(handshakes->listening));
    if (zt_json_parse(&json, program, length, &error)) {
        list = member_of(&json, 0, "interfaces");
        node = zt_json_first(list);
        for (uint32_t i = 0; list && i < json.nodes[list].count; i++) {
            learn_interface(handshakes, &json, node);
            node = json.nodes[node].next;
        }
    }
    zt_json_free(&json);
    if (handshakes->own_count > 0)
        qsort(handshakes->own, handshakes->own_count, sizeof(*handshakes->own), compare);
    if (handshakes->wanted && !handshakes->ring)
        handshakes->ring = zt_calloc(ZT_HANDSHAKES_MAX, sizeof(*handshakes->ring));
}

void zt_handshakes_free(struct zt_handshakes *handshakes)
{
    free(handshakes->own);
    free(handshakes->ring);
    *handshakes = (struct zt_handshakes){ 0 };
}

/* The UDP datagram of a frame (WG-2, WG-5), with at least a message's type in it; NULL. */
static const uint8_t *datagram_of(const uint8_t *frame, uint32_t length,
                                  struct zt_ip_packet *packet)
{
    const uint8_t *at = frame + ZT_ETH_HEADER;

    if (length < ZT_ETH_HEADER || !zt_ip_read_best_effort(frame, length, packet) ||
        packet->length < packet->header + ZT_UDP_HEADER + 4 ||
        zt_ip_protocol(at, packet->family).value != ZT_PROTOCOL_UDP ||
        (packet->family == ZT_IPV4 && zt_ipv4_is_fragment(at)))
        return NULL;
    return at + packet->header;
}

bool zt_handshakes_has(const struct zt_handshakes *handshakes, const uint8_t *frame,
                       uint32_t length)
{
    struct zt_ip_packet packet;
    const uint8_t *udp, *type;
    uint16_t port;
    zt_ip destination;

    if (!handshakes->wanted)
        return false;
    udp = datagram_of(frame, length, &packet);
    if (!udp)
        return false;
    port = zt_udp_destination(udp).value;
    type = udp + ZT_UDP_HEADER;
    if ((handshakes->listening[port / 8] >> port % 8 & 1) == 0 || type[0] == 0 ||
        type[0] > TYPE_LAST || type[1] != 0 || type[2] != 0 || type[3] != 0)
        return false;
    destination = zt_ip_destination(frame + ZT_ETH_HEADER, packet.family);
    return bsearch(&destination, handshakes->own, handshakes->own_count, sizeof(destination),
                   compare) != NULL;
}

bool zt_handshakes_put(struct zt_handshakes *handshakes, uint32_t port, const uint8_t *frame,
                       uint32_t length)
{
    struct zt_handshake *slot;

    if (handshakes->count == ZT_HANDSHAKES_MAX || length > sizeof(slot->data))
        return false;
    slot = &handshakes->ring[(handshakes->first + handshakes->count++) % ZT_HANDSHAKES_MAX];
    slot->port = port;
    slot->length = length;
    memcpy(slot->data, frame, length);
    return true;
}

const struct zt_handshake *zt_handshakes_at(const struct zt_handshakes *handshakes, uint32_t n)
{
    return &handshakes->ring[(handshakes->first + n) % ZT_HANDSHAKES_MAX];
}

void zt_handshakes_done(struct zt_handshakes *handshakes, uint32_t count)
{
    handshakes->first = (handshakes->first + count) % ZT_HANDSHAKES_MAX;
    handshakes->count -= count;
}
