/* SPDX-License-Identifier: Apache-2.0 */
/* A wireguard interface of the program and its peers (WG-1). What needs keys is checked when it is loaded. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/program_parts.h"

#define KEY_TEXT 44u
#define PREFIXES_MAX 65536u
#define PEERS_MAX 16384u
#define REFERENCE_OCTETS (3 * 200 + 1)

static char *copy(const char *text)
{
    size_t octets = strlen(text) + 1;
    char *made = zt_calloc(octets, 1);
    memcpy(made, text, octets);
    return made;
}

static bool read_reference(const struct zt_schema *schema, uint32_t node,
                           const struct zt_path *path, char **reference)
{
    char text[REFERENCE_OCTETS];
    if (!zt_schema_key(schema, node, path, text))
        return false;
    *reference = copy(text);
    return true;
}

/* Base64 of 32 octets: the last digit has four bits, and two that are zero. */
static bool is_base64_key(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(text) == KEY_TEXT && strspn(text, digits) == KEY_TEXT - 1 &&
           strchr("AEIMQUYcgkosw048", text[KEY_TEXT - 2]) != NULL && text[KEY_TEXT - 1] == '=';
}

bool zt_program_read_public_key(const struct zt_schema *schema, uint32_t node,
                                const struct zt_path *path, char **key)
{
    static const char suffix[] = "/public";
    char text[REFERENCE_OCTETS];

    if (schema->json->nodes[node].type == ZT_JSON_STRING &&
        zt_json_string(schema->json, node, text, KEY_TEXT + 1, NULL) && is_base64_key(text)) {
        *key = copy(text);
        return true;
    }
    if (!zt_schema_key(schema, node, path, text))
        return zt_schema_fail(
            schema, path,
            "a public key is wanted: base64 of 32 octets, or a key reference that ends in /public");
    size_t length = strlen(text);
    if (length < sizeof suffix || strcmp(text + length - (sizeof suffix - 1), suffix) != 0)
        return zt_schema_fail(schema, path, "the reference of a public key ends in /public");
    *key = copy(text);
    return true;
}

static bool read_endpoint(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                          struct zt_wg_given *given)
{
    static const char *const names[] = { "address", "port" };
    uint32_t values[2];
    int64_t port;

    if (!zt_schema_object(schema, node, path, names, 2, values) ||
        !zt_schema_ip(schema, values[0], ZT_PATH_KEY(path, "address"), &given->address) ||
        !zt_schema_integer(schema, values[1], ZT_PATH_KEY(path, "port"), 1, UINT16_MAX, &port))
        return false;
    given->has_endpoint = true;
    given->port = (uint16_t)port;
    return true;
}

static bool read_allowed(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                         struct zt_wg_given *given)
{
    if (!zt_schema_array(schema, node, path, 0, PREFIXES_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    given->allowed = zt_calloc(count, sizeof *given->allowed);
    given->allowed_count = count;
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at)) {
        struct zt_prefix *prefix = &given->allowed[i];
        if (!zt_schema_cidr(schema, at, ZT_PATH_INDEX(path, i), &prefix->ip, &prefix->length))
            return false;
        if (!zt_ip_equal(prefix->ip, zt_ip_prefix(prefix->ip, prefix->length)))
            return zt_schema_fail(schema, ZT_PATH_INDEX(path, i),
                                  "host bits of a prefix must be zero");
    }
    return true;
}

bool zt_program_read_peer(const struct zt_schema *schema, const uint32_t values[ZT_PEER_FIELDS],
                          const struct zt_path *path, struct zt_wg_given *given)
{
    int64_t keepalive = 0;

    if (values[0] != 0 &&
        !read_reference(schema, values[0], ZT_PATH_KEY(path, "presharedKey"), &given->preshared))
        return false;
    if (values[1] != 0 && !read_endpoint(schema, values[1], ZT_PATH_KEY(path, "endpoint"), given))
        return false;
    if (!read_allowed(schema, values[2], ZT_PATH_KEY(path, "allowedIps"), given))
        return false;
    if (values[3] != 0 &&
        !zt_schema_integer(schema, values[3], ZT_PATH_KEY(path, "persistentKeepalive"), 1,
                           UINT16_MAX, &keepalive))
        return false;
    given->keepalive = (uint16_t)keepalive;
    return true;
}

static bool read_peers(struct zt_program_reader *reader, uint32_t node, const struct zt_path *up,
                       struct zt_wireguard *wireguard)
{
    static const char *const names[] = { "publicKey", "?presharedKey", "?endpoint", "allowedIps",
                                         "?persistentKeepalive" };
    const struct zt_schema *schema = &reader->schema;
    const struct zt_path *path = ZT_PATH_KEY(up, "peers");

    if (!zt_schema_array(schema, node, path, 0, PEERS_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    wireguard->peers =
        (struct zt_span){ schema->json->nodes[node].start, schema->json->nodes[node].end };
    wireguard->given = zt_program_alloc(reader->program, count, sizeof *wireguard->given);
    wireguard->given_count = count;
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        uint32_t values[1 + ZT_PEER_FIELDS];
        if (!zt_schema_object(schema, at, here, names, 1 + ZT_PEER_FIELDS, values) ||
            !zt_program_read_public_key(schema, values[0], ZT_PATH_KEY(here, "publicKey"),
                                        &wireguard->given[i].public_key) ||
            !zt_program_read_peer(schema, values + 1, here, &wireguard->given[i]))
            return false;
    }
    return true;
}

/* At most one of each family. */
static bool read_local(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                       struct zt_wireguard *wireguard)
{
    const struct zt_schema *schema = &reader->schema;
    if (!zt_schema_array(schema, node, path, 1, 2))
        return false;
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < schema->json->nodes[node].count; i++) {
        zt_ip ip;
        if (!zt_schema_ip(schema, at, ZT_PATH_INDEX(path, i), &ip))
            return false;
        zt_ip *local = &wireguard->local[ip.family == ZT_IPV6];
        if (local->family != 0)
            return zt_schema_fail(schema, ZT_PATH_INDEX(path, i),
                                  "there is an address of this family already");
        *local = ip;
        at = zt_json_next(schema->json, at);
    }
    return true;
}

/* `lower` with `mac` and `peerMac`, or `underlayVrf`. */
static bool read_below(struct zt_program_reader *reader, uint32_t lower, uint32_t underlay,
                       uint32_t mac, uint32_t peer_mac, const struct zt_path *path,
                       struct zt_interface *interface)
{
    const struct zt_schema *schema = &reader->schema;
    struct zt_wireguard *wireguard = &interface->wireguard;

    wireguard->lower = wireguard->underlay = ZT_NONE;
    if ((lower != 0) == (underlay != 0))
        return zt_schema_fail(schema, path, "exactly one of `lower` and `underlayVrf` is wanted");
    if ((mac != 0) != (lower != 0) || (peer_mac != 0) != (lower != 0))
        return zt_schema_fail(schema, path,
                              "`mac` and `peerMac` are wanted with `lower` and not without");
    if (underlay != 0)
        return zt_program_read_vrf(reader, underlay, ZT_PATH_KEY(path, "underlayVrf"),
                                   &wireguard->underlay);
    return zt_program_read_id(schema, lower, ZT_PATH_KEY(path, "lower"), &wireguard->lower) &&
           zt_schema_mac(schema, mac, ZT_PATH_KEY(path, "mac"), &interface->mac) &&
           zt_schema_mac(schema, peer_mac, ZT_PATH_KEY(path, "peerMac"), &wireguard->peer_mac);
}

bool zt_program_read_wireguard(struct zt_program_reader *reader, uint32_t node,
                               const struct zt_path *path, struct zt_interface *interface)
{
    enum {
        ID,
        NAME,
        KIND,
        VRF,
        LOWER,
        UNDERLAY,
        MAC,
        PEER_MAC,
        MTU,
        ADDRESSES,
        KEY,
        PORT,
        LOCAL,
        TTL,
        DF,
        LIMIT,
        PEERS,
        COUNT
    };
    static const char *const names[COUNT] = { "id",     "name",         "kind",       "vrf",
                                              "?lower", "?underlayVrf", "?mac",       "?peerMac",
                                              "mtu",    "addresses",    "privateKey", "listenPort",
                                              "local",  "ttl",          "df",         "loadLimit",
                                              "peers" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_wireguard *wireguard = &interface->wireguard;
    uint32_t values[COUNT];
    int64_t port, ttl, limit;

    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !zt_program_read_vrf(reader, values[VRF], ZT_PATH_KEY(path, "vrf"), &interface->vrf) ||
        !read_below(reader, values[LOWER], values[UNDERLAY], values[MAC], values[PEER_MAC], path,
                    interface) ||
        !zt_program_read_mtu(schema, values[MTU], ZT_PATH_KEY(path, "mtu"), &interface->mtu) ||
        !zt_program_read_addresses(reader, values[ADDRESSES], path, interface) ||
        !zt_schema_integer(schema, values[PORT], ZT_PATH_KEY(path, "listenPort"), 1, UINT16_MAX,
                           &port) ||
        !read_local(reader, values[LOCAL], ZT_PATH_KEY(path, "local"), wireguard) ||
        !zt_schema_integer(schema, values[TTL], ZT_PATH_KEY(path, "ttl"), 1, 255, &ttl) ||
        !zt_schema_bool(schema, values[DF], ZT_PATH_KEY(path, "df"), &wireguard->df) ||
        !zt_schema_integer(schema, values[LIMIT], ZT_PATH_KEY(path, "loadLimit"), 1, 1000000,
                           &limit) ||
        !read_reference(schema, values[KEY], ZT_PATH_KEY(path, "privateKey"),
                        &wireguard->private_key) ||
        !read_peers(reader, values[PEERS], path, wireguard))
        return false;
    wireguard->listen_port = (uint16_t)port;
    wireguard->ttl = (uint8_t)ttl;
    wireguard->load_limit = (uint32_t)limit;
    return true;
}
