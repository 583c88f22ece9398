/* SPDX-License-Identifier: Apache-2.0 */
#include "src/machine/wireguard_dump.h"

#include <inttypes.h>

#include "src/machine/wireguard_keys.h"

static void write_key(const uint8_t key[ZT_WG_KEY], struct zt_text *text)
{
    char encoded[45];
    zt_wg_encode_key(key, encoded);
    zt_text_format(text, "\"publicKey\":\"%s\"", encoded);
}

static void write_endpoint(zt_ip address, uint16_t port, struct zt_text *text)
{
    char formatted[ZT_ADDRESS_TEXT];
    zt_ip_format(address, formatted);
    zt_text_format(text, "{\"address\":\"%s\",\"port\":%u}", formatted, port);
}

static void write_allowed(const struct zt_wg_given *given, struct zt_text *text)
{
    zt_text_format(text, "\"allowedIps\":[");
    for (uint32_t i = 0; i < given->allowed_count; i++) {
        char address[ZT_ADDRESS_TEXT];
        zt_ip_format(given->allowed[i].ip, address);
        zt_text_format(text, "%s\"%s/%u\"", i == 0 ? "" : ",", address, given->allowed[i].length);
    }
    zt_text_format(text, "]");
}

static void write_session(const struct zt_wg_session *session, const char *role, uint64_t now,
                          const char **separator, struct zt_text *text)
{
    if (session == NULL)
        return;
    zt_text_format(text,
                   "%s{\"role\":\"%s\",\"index\":%" PRIu32 ",\"peerIndex\":%" PRIu32
                   ",\"initiator\":%s,\"age\":%" PRIu64 ",\"sent\":%" PRIu64
                   ",\"received\":%" PRIu64 "}",
                   *separator, role, session->index.value, session->peer_index,
                   session->initiator ? "true" : "false", now - session->born, session->sent,
                   session->received);
    *separator = ",";
}

static void write_peer(const struct zt_wg_peer *peer, uint64_t now, struct zt_text *text)
{
    const char *separator = "";
    zt_text_format(text, "{");
    write_key(peer->remote.public_key, text);
    zt_text_format(text, ",\"presharedKey\":%s,\"endpoint\":",
                   peer->given.preshared == NULL ? "false" : "true");
    if (peer->endpoint.address.family == 0)
        zt_text_format(text, "null");
    else
        write_endpoint(peer->endpoint.address, peer->endpoint.port, text);
    zt_text_format(text, ",");
    write_allowed(&peer->given, text);
    zt_text_format(text,
                   ",\"latestHandshake\":%" PRIu64 ",\"rx\":%" PRIu64 ",\"tx\":%" PRIu64
                   ",\"persistentKeepalive\":%u,\"sessions\":[",
                   peer->completed, peer->rx, peer->tx, peer->given.keepalive);
    write_session(peer->previous, "previous", now, &separator, text);
    write_session(peer->current, "current", now, &separator, text);
    write_session(peer->next, "next", now, &separator, text);
    zt_text_format(text, "]}");
}

void zt_wg_dump_state(const struct zt_machine *machine, uint64_t now, struct zt_text *text)
{
    const struct zt_program *program = machine->program;
    for (uint32_t i = 0; i < program->wireguard_count; i++) {
        const struct zt_interface *interface = zt_interface_at(machine, program->wireguards[i]);
        const struct zt_wg_device *device = interface->wireguard.device;
        zt_text_format(text, "%s{\"interface\":%u,", i == 0 ? "" : ",", interface->id);
        write_key(device->identity.public_key, text);
        zt_text_format(text, ",\"listenPort\":%u,\"peers\":[", interface->wireguard.listen_port);
        for (uint32_t p = 0; p < device->peer_count; p++) {
            zt_text_format(text, "%s", p == 0 ? "" : ",");
            write_peer(device->peers[p], now, text);
        }
        zt_text_format(text, "]}");
    }
}

void zt_wg_dump_peers(const struct zt_wireguard *wireguard, struct zt_text *text)
{
    const struct zt_wg_device *device = wireguard->device;
    zt_text_format(text, "[");
    for (uint32_t p = 0; p < device->peer_count; p++) {
        const struct zt_wg_given *given = &device->peers[p]->given;
        zt_text_format(text, "%s{\"publicKey\":", p == 0 ? "" : ",");
        zt_text_json_string(text, given->public_key);
        if (given->preshared != NULL) {
            zt_text_format(text, ",\"presharedKey\":");
            zt_text_json_string(text, given->preshared);
        }
        if (given->has_endpoint) {
            zt_text_format(text, ",\"endpoint\":");
            write_endpoint(given->address, given->port, text);
        }
        zt_text_format(text, ",");
        write_allowed(given, text);
        if (given->keepalive > 0)
            zt_text_format(text, ",\"persistentKeepalive\":%u", given->keepalive);
        zt_text_format(text, "}");
    }
    zt_text_format(text, "]");
}
