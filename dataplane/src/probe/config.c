/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"
#include "src/run/members.h"

static bool read_text(const struct zt_members *object, const char *name, char *out, size_t size,
                      struct zt_error *error)
{
    uint32_t node = zt_members_find(object, name);

    if (node == 0 || object->json->nodes[node].type != ZT_JSON_STRING ||
        !zt_json_string(object->json, node, out, size, NULL) || out[0] == '\0')
        return zt_members_wrong(object, name, error, "a text of 1 to %zu octets is wanted",
                                size - 1);
    return true;
}

static bool read_place(const struct zt_members *object, struct zt_probe_place *place,
                       struct zt_error *error)
{
    return read_text(object, "id", place->id, sizeof(place->id), error) &&
           read_text(object, "netns", place->netns, sizeof(place->netns), error) &&
           read_text(object, "ifname", place->ifname, sizeof(place->ifname), error);
}

static bool read_mac(const struct zt_members *object, zt_mac *mac, struct zt_error *error)
{
    char text[18];
    unsigned int octets[6];
    char end;

    if (!read_text(object, "mac", text, sizeof(text), error))
        return false;
    if (strlen(text) != 17 || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &octets[0], &octets[1],
                                     &octets[2], &octets[3], &octets[4], &octets[5], &end) != 6)
        return zt_members_wrong(object, "mac", error,
                                "six octets like 02:00:00:00:00:01 are wanted");
    for (int i = 0; i < 6; i++)
        mac->octets[i] = (uint8_t)octets[i];
    return true;
}

/* `10.1.0.11/24`; the probe needs the address alone. */
static bool add_address(struct zt_host *host, char *text)
{
    char *slash = strchr(text, '/');
    zt_ip address = { .family = strchr(text, ':') ? ZT_IPV6 : ZT_IPV4 };

    if (!slash || slash[1] == '\0' || strspn(slash + 1, "0123456789") != strlen(slash + 1) ||
        strlen(slash) > 4)
        return false;
    *slash = '\0';
    if ((uint32_t)atoi(slash + 1) > zt_ip_octets(address.family) * 8 ||
        inet_pton(address.family == ZT_IPV6 ? AF_INET6 : AF_INET, text, address.octets) != 1)
        return false;
    return zt_host_add(host, address);
}

static bool read_addresses(const struct zt_members *object, struct zt_host *host,
                           struct zt_error *error)
{
    uint32_t list = zt_members_find(object, "addresses");
    uint32_t node;

    if (list == 0 || object->json->nodes[list].type != ZT_JSON_ARRAY)
        return zt_members_wrong(object, "addresses", error, "a list of addresses is wanted");
    zt_host_add(host, zt_ip_eui64(host->mac));
    node = zt_json_first(list);
    for (uint32_t i = 0; i < object->json->nodes[list].count;
         i++, node = object->json->nodes[node].next) {
        char text[64];

        if (object->json->nodes[node].type != ZT_JSON_STRING ||
            !zt_json_string(object->json, node, text, sizeof(text), NULL) ||
            !add_address(host, text))
            return zt_members_wrong(
                object, "addresses", error,
                "item %u: an address with its prefix length is wanted, at most %u in all", i,
                ZT_HOST_ADDRESSES_MAX - 1);
    }
    return true;
}

static bool read_io(const struct zt_members *object, enum zt_probe_io *io, struct zt_error *error)
{
    uint32_t node = zt_members_find(object, "io");

    *io = ZT_PROBE_AF_XDP;
    if (node == 0 || zt_json_string_is(object->json, node, "af_xdp"))
        return true;
    *io = ZT_PROBE_AF_PACKET;
    return zt_json_string_is(object->json, node, "af_packet") ||
           zt_members_wrong(object, "io", error, "af_xdp or af_packet is wanted");
}

static bool read_host(const struct zt_json *json, uint32_t node, uint32_t index, void *item,
                      struct zt_error *error)
{
    static const char *const names[] = { "id",        "netns", "ifname", "mac",
                                         "addresses", "mtu",   "io",     NULL };
    struct zt_probe_host_config *host = item;
    struct zt_members members;
    int64_t mtu;

    if (!zt_members_read(&members, json, node, "/hosts", (int64_t)index, names, error) ||
        !read_place(&members, &host->place, error) || !read_mac(&members, &host->host.mac, error) ||
        !read_addresses(&members, &host->host, error) || !read_io(&members, &host->io, error) ||
        !zt_members_integer(&members, "mtu", 68, 65535, &mtu, error))
        return false;
    host->mtu = (uint32_t)mtu;
    return true;
}

static bool read_link(const struct zt_json *json, uint32_t node, uint32_t index, void *item,
                      struct zt_error *error)
{
    static const char *const names[] = { "id", "netns", "ifname", NULL };
    struct zt_members members;

    return zt_members_read(&members, json, node, "/links", (int64_t)index, names, error) &&
           read_place(&members, item, error);
}

typedef bool item_reader(const struct zt_json *json, uint32_t node, uint32_t index, void *item,
                         struct zt_error *error);

static bool read_list(const struct zt_members *root, const char *name, size_t size, uint32_t most,
                      item_reader *reader, void **items, uint32_t *count, struct zt_error *error)
{
    const struct zt_json *json = root->json;
    uint32_t list = zt_members_find(root, name);
    uint32_t node = zt_json_first(list);

    if (list == 0 || json->nodes[list].type != ZT_JSON_ARRAY || json->nodes[list].count > most)
        return zt_members_wrong(root, name, error, "a list of at most %u is wanted", most);
    *items = zt_calloc(json->nodes[list].count, size);
    for (*count = 0; *count < json->nodes[list].count; node = json->nodes[node].next) {
        if (!reader(json, node, *count, (uint8_t *)*items + *count * size, error))
            return false;
        (*count)++;
    }
    return true;
}

static bool read_root(struct zt_probe_config *config, const struct zt_json *json,
                      struct zt_error *error)
{
    static const char *const names[] = { "format", "version", "hosts", "links", NULL };
    struct zt_members root;
    int64_t version;

    if (!zt_members_read(&root, json, 0, "", -1, names, error))
        return false;
    if (zt_members_find(&root, "format") == 0 ||
        !zt_json_string_is(json, zt_members_find(&root, "format"), "ztos-probe"))
        return zt_members_wrong(&root, "format", error, "\"ztos-probe\" is wanted");
    return zt_members_integer(&root, "version", 1, 1, &version, error) &&
           read_list(&root, "hosts", sizeof(*config->hosts), ZT_PROBE_HOSTS_MAX, read_host,
                     (void **)&config->hosts, &config->host_count, error) &&
           read_list(&root, "links", sizeof(*config->links), ZT_PROBE_LINKS_MAX, read_link,
                     (void **)&config->links, &config->link_count, error);
}

/* A host or link end is named by its id: two of the same could not be told apart. */
static bool index_ids(struct zt_probe_config *config, struct zt_error *error)
{
    for (uint32_t i = 0; i < config->host_count; i++)
        zt_index_add(&config->host_index, config->hosts[i].place.id);
    for (uint32_t i = 0; i < config->link_count; i++)
        zt_index_add(&config->link_index, config->links[i].id);
    if (!zt_index_sort(&config->host_index))
        return zt_error_set(error, "request-invalid", "/hosts", "two have the same id");
    return zt_index_sort(&config->link_index) ||
           zt_error_set(error, "request-invalid", "/links", "two have the same id");
}

bool zt_probe_config_parse(struct zt_probe_config *config, const char *text, size_t length,
                           struct zt_error *error)
{
    struct zt_json json;
    bool good;

    memset(config, 0, sizeof(*config));
    good = zt_json_parse(&json, text, length, error) && read_root(config, &json, error) &&
           index_ids(config, error);
    zt_json_free(&json);
    return good;
}

void zt_probe_config_free(struct zt_probe_config *config)
{
    zt_index_free(&config->host_index);
    zt_index_free(&config->link_index);
    free(config->hosts);
    free(config->links);
    memset(config, 0, sizeof(*config));
}
