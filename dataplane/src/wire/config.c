/* SPDX-License-Identifier: Apache-2.0 */
#include "src/wire/config.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/error.h"

static bool read_share(const struct zt_members *object, const char *name, uint32_t *share,
                       struct zt_error *error)
{
    int64_t value;

    if (!zt_members_find(object, name))
        return true;
    if (!zt_members_integer(object, name, 0, ZT_WIRE_MILLION, &value, error))
        return false;
    *share = (uint32_t)value;
    return true;
}

bool zt_wire_read_impairment(const struct zt_members *object, struct zt_impairment *impairment,
                             struct zt_error *error)
{
    int64_t delay = (int64_t)impairment->delay, seed = impairment->seed;

    if (zt_members_find(object, "delay") &&
        !zt_members_integer(object, "delay", 0, ZT_WIRE_DELAY_MAX, &delay, error))
        return false;
    if (zt_members_find(object, "seed") &&
        !zt_members_integer(object, "seed", 0, UINT32_MAX, &seed, error))
        return false;
    impairment->delay = (uint64_t)delay;
    impairment->seed = (uint32_t)seed;
    return read_share(object, "loss", &impairment->loss, error) &&
           read_share(object, "reorder", &impairment->reorder, error) &&
           read_share(object, "corrupt", &impairment->corrupt, error);
}

static bool read_text(const struct zt_members *object, const char *name, char *out, size_t size,
                      struct zt_error *error)
{
    uint32_t node = zt_members_find(object, name);

    return (node != 0 && object->json->nodes[node].type == ZT_JSON_STRING &&
            zt_json_string(object->json, node, out, size, NULL) && out[0] != '\0') ||
           zt_members_wrong(object, name, error, "a text of 1 to %zu octets is wanted", size - 1);
}

static bool read_link(const struct zt_json *json, uint32_t node, uint32_t index,
                      struct zt_wire_link_config *link, struct zt_error *error)
{
    static const char *const names[] = { "id",      "a",       "b",    "delay", "loss",
                                         "reorder", "corrupt", "seed", NULL };
    struct zt_members members;

    return zt_members_read(&members, json, node, "/links", (int64_t)index, names, error) &&
           read_text(&members, "id", link->id, sizeof(link->id), error) &&
           read_text(&members, "a", link->ifname[0], sizeof(link->ifname[0]), error) &&
           read_text(&members, "b", link->ifname[1], sizeof(link->ifname[1]), error) &&
           zt_wire_read_impairment(&members, &link->impairment, error);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool all_differ(const char **texts, uint32_t count)
{
    qsort(texts, count, sizeof(*texts), compare_text);
    for (uint32_t i = 1; i < count; i++)
        if (strcmp(texts[i - 1], texts[i]) == 0)
            return false;
    return true;
}

/* A link is named by its id; a device is the end of one link. */
static bool check_names(const struct zt_wire_config *config, struct zt_error *error)
{
    const char **texts = zt_calloc((size_t)config->count * 2 + 1, sizeof(*texts));
    bool good;

    for (uint32_t i = 0; i < config->count; i++)
        texts[i] = config->links[i].id;
    good = all_differ(texts, config->count) ||
           zt_error_set(error, "request-invalid", "/links", "two have the same id");
    for (uint32_t i = 0; i < config->count * 2; i++)
        texts[i] = config->links[i / 2].ifname[i % 2];
    good = good && (all_differ(texts, config->count * 2) ||
                    zt_error_set(error, "request-invalid", "/links", "a device is there twice"));
    free(texts);
    return good;
}

static bool read_links(struct zt_wire_config *config, const struct zt_members *root,
                       struct zt_error *error)
{
    const struct zt_json *json = root->json;
    uint32_t list = zt_members_find(root, "links"), node = zt_json_first(list);

    if (list == 0 || json->nodes[list].type != ZT_JSON_ARRAY ||
        json->nodes[list].count > ZT_WIRE_LINKS_MAX)
        return zt_members_wrong(root, "links", error, "a list of at most %u is wanted",
                                ZT_WIRE_LINKS_MAX);
    config->links = zt_calloc((size_t)json->nodes[list].count + 1, sizeof(*config->links));
    for (; config->count < json->nodes[list].count; node = json->nodes[node].next) {
        if (!read_link(json, node, config->count, &config->links[config->count], error))
            return false;
        config->count++;
    }
    return true;
}

static bool read_root(struct zt_wire_config *config, const struct zt_json *json,
                      struct zt_error *error)
{
    static const char *const names[] = { "format", "version", "links", NULL };
    struct zt_members root;
    int64_t version;

    if (!zt_members_read(&root, json, 0, "", -1, names, error))
        return false;
    if (zt_members_find(&root, "format") == 0 ||
        !zt_json_string_is(json, zt_members_find(&root, "format"), "ztos-wire"))
        return zt_members_wrong(&root, "format", error, "\"ztos-wire\" is wanted");
    return zt_members_integer(&root, "version", 1, 1, &version, error) &&
           read_links(config, &root, error) && check_names(config, error);
}

bool zt_wire_config_parse(struct zt_wire_config *config, const char *text, size_t length,
                          struct zt_error *error)
{
    struct zt_json json;
    bool good;

    memset(config, 0, sizeof(*config));
    good = zt_json_parse(&json, text, length, error) && read_root(config, &json, error);
    zt_json_free(&json);
    return good;
}

void zt_wire_config_free(struct zt_wire_config *config)
{
    free(config->links);
    memset(config, 0, sizeof(*config));
}
