/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that several kinds of interface have. */
#include "src/machine/program_parts.h"

#define MTU_MIN 68
#define MTU_MAX 9216
#define SAFE INT64_C(9007199254740991)

bool zt_program_read_id(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                        uint32_t *id)
{
    int64_t value;
    if (!zt_schema_integer(schema, node, path, 1, UINT16_MAX, &value))
        return false;
    *id = (uint32_t)value;
    return true;
}

bool zt_program_read_mtu(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                         uint32_t *mtu)
{
    int64_t value;
    if (!zt_schema_integer(schema, node, path, MTU_MIN, MTU_MAX, &value))
        return false;
    *mtu = (uint32_t)value;
    return true;
}

bool zt_program_read_ns(const struct zt_schema *schema, uint32_t node, const struct zt_path *path,
                        uint64_t *ns)
{
    int64_t value;
    if (!zt_schema_integer(schema, node, path, 0, SAFE, &value))
        return false;
    *ns = (uint64_t)value;
    return true;
}

bool zt_program_read_weight(const struct zt_schema *schema, uint32_t node,
                            const struct zt_path *path, uint16_t *weight)
{
    int64_t value = 0;
    if (node != 0 &&
        !zt_schema_integer(schema, node, ZT_PATH_KEY(path, "weight"), 1, ZT_WEIGHT_MAX, &value))
        return false;
    *weight = (uint16_t)value;
    return true;
}

bool zt_program_read_vrf(struct zt_program_reader *reader, uint32_t node,
                         const struct zt_path *path, uint32_t *vrf)
{
    int64_t id;
    if (!zt_schema_integer(&reader->schema, node, path, 0, SAFE, &id))
        return false;
    *vrf = zt_program_find_vrf(reader->program, (uint64_t)id);
    if (*vrf == ZT_NONE)
        return zt_schema_fail(&reader->schema, path, "there is no VRF %lld", (long long)id);
    return true;
}

/* `vrf` and `bridge` of a port or macsec interface, both optional. */
bool zt_program_read_attach(struct zt_program_reader *reader, uint32_t vrf, uint32_t bridge,
                            const struct zt_path *path, struct zt_interface *interface)
{
    if (vrf != 0 && !zt_program_read_vrf(reader, vrf, ZT_PATH_KEY(path, "vrf"), &interface->vrf))
        return false;
    if (bridge != 0 && !zt_program_read_id(&reader->schema, bridge, ZT_PATH_KEY(path, "bridge"),
                                           &interface->bridge))
        return false;
    if (vrf != 0 && bridge != 0)
        return zt_schema_fail(&reader->schema, path,
                              "it is attached to a VRF and to a bridge; it can have one");
    return true;
}

bool zt_program_read_addresses(struct zt_program_reader *reader, uint32_t node,
                               const struct zt_path *up, struct zt_interface *interface)
{
    const struct zt_schema *schema = &reader->schema;
    const struct zt_path *path = ZT_PATH_KEY(up, "addresses");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    interface->addresses = zt_program_alloc(reader->program, count, sizeof *interface->addresses);
    interface->address_count = count;
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at))
        if (!zt_schema_cidr(schema, at, ZT_PATH_INDEX(path, i), &interface->addresses[i].ip,
                            &interface->addresses[i].length))
            return false;
    return true;
}

bool zt_program_read_ips(struct zt_program_reader *reader, uint32_t node,
                         const struct zt_path *path, uint8_t family, zt_ip **list, uint32_t *count)
{
    const struct zt_schema *schema = &reader->schema;
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    *count = schema->json->nodes[node].count;
    *list = zt_program_alloc(reader->program, *count, sizeof **list);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < *count; i++, at = zt_json_next(schema->json, at)) {
        if (!zt_schema_ip(schema, at, ZT_PATH_INDEX(path, i), &(*list)[i]))
            return false;
        if (family != 0 && (*list)[i].family != family)
            return zt_schema_fail(schema, ZT_PATH_INDEX(path, i),
                                  "it is not of the family of `local`");
    }
    return true;
}
