/* SPDX-License-Identifier: Apache-2.0 */
/* `$.tables`: routes, groups, neighbours, static FDB entries, flood lists. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/program_parts.h"

#define SAFE INT64_C(9007199254740991)

/* An interface by id that is one of `kinds` (a bit each). */
static bool read_interface(struct zt_program_reader *reader, uint32_t node,
                           const struct zt_path *path, uint32_t kinds, const char *wanted,
                           uint32_t *index)
{
    int64_t id;
    if (!zt_schema_integer(&reader->schema, node, path, 1, UINT16_MAX, &id))
        return false;
    *index = zt_program_find(reader->program, (uint32_t)id);
    if (*index == ZT_NONE)
        return zt_schema_fail(&reader->schema, path, "there is no interface %d", (int)id);
    uint8_t kind = reader->program->interfaces[*index].kind;
    if ((kinds >> kind & 1) == 0)
        return zt_schema_fail(&reader->schema, path, "interface %d is a %s; %s is wanted", (int)id,
                              zt_kind_name(kind), wanted);
    return true;
}

#define ROUTED \
    (1u << ZT_KIND_PORT | 1u << ZT_KIND_MACSEC | 1u << ZT_KIND_WIREGUARD | 1u << ZT_KIND_IRB)

/* An interface that has a VRF: what a next hop, a connected route or a neighbour may name. */
static bool read_routed(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                        bool loopback, uint32_t *index)
{
    uint32_t kinds = loopback ? ROUTED | 1u << ZT_KIND_LOOPBACK : ROUTED;
    if (!read_interface(reader, node, path, kinds, "an interface with a VRF", index))
        return false;
    if (reader->program->interfaces[*index].vrf == ZT_NONE)
        return zt_schema_fail(&reader->schema, path, "interface %u has no VRF",
                              reader->program->interfaces[*index].id);
    return true;
}

/* An interface that has neighbours: a port below a wireguard interface has some without a VRF (WG-23). */
static bool read_neighboured(struct zt_program_reader *reader, uint32_t node,
                             const struct zt_path *path, uint32_t *index)
{
    int64_t id;
    if (!zt_schema_integer(&reader->schema, node, path, 1, UINT16_MAX, &id))
        return false;
    *index = zt_program_find(reader->program, (uint32_t)id);
    if (*index != ZT_NONE && reader->program->interfaces[*index].kind == ZT_KIND_PORT &&
        reader->program->interfaces[*index].port.wireguard != ZT_NONE)
        return true;
    return read_routed(reader, node, path, false, index);
}

static bool read_next_hops(struct zt_program_reader *reader, uint32_t node,
                           const struct zt_path *up, struct zt_group *group)
{
    static const char *const names[] = { "interface", "?gateway", "?weight" };
    const struct zt_schema *schema = &reader->schema;
    const struct zt_path *path = ZT_PATH_KEY(up, "members");
    if (!zt_schema_array(schema, node, path, 1, 64))
        return false;
    group->count = schema->json->nodes[node].count;
    group->members = zt_program_alloc(reader->program, group->count, sizeof *group->members);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < group->count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        struct zt_next_hop *member = &group->members[i];
        uint32_t values[3];
        if (!zt_schema_object(schema, at, here, names, 3, values) ||
            !read_routed(reader, values[0], ZT_PATH_KEY(here, "interface"), false,
                         &member->interface) ||
            !zt_program_read_weight(schema, values[2], here, &member->weight))
            return false;
        member->has_gateway = values[1] != 0;
        if (member->has_gateway &&
            !zt_schema_ip(schema, values[1], ZT_PATH_KEY(here, "gateway"), &member->gateway))
            return false;
    }
    return true;
}

static int compare_groups(const void *a, const void *b)
{
    const struct zt_group *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static bool read_groups(struct zt_program_reader *reader, uint32_t node, const struct zt_path *up)
{
    static const char *const names[] = { "id", "members" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(up, "groups");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    program->group_count = schema->json->nodes[node].count;
    program->groups = zt_program_alloc(program, program->group_count, sizeof *program->groups);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < program->group_count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        uint32_t values[2];
        int64_t id;
        if (!zt_schema_object(schema, at, here, names, 2, values) ||
            !zt_schema_integer(schema, values[0], ZT_PATH_KEY(here, "id"), 1, SAFE, &id) ||
            !read_next_hops(reader, values[1], here, &program->groups[i]))
            return false;
        program->groups[i].id = (uint64_t)id;
    }
    if (program->group_count > 0)
        qsort(program->groups, program->group_count, sizeof *program->groups, compare_groups);
    for (uint32_t i = 1; i < program->group_count; i++)
        if (program->groups[i].id == program->groups[i - 1].id)
            return zt_schema_fail(schema, path, "group %llu is there twice",
                                  (unsigned long long)program->groups[i].id);
    return true;
}

static bool read_route_target(struct zt_program_reader *reader, const uint32_t *targets,
                              const struct zt_path *path, struct zt_route *route)
{
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    if ((targets[0] != 0) + (targets[1] != 0) + (targets[2] != 0) != 1)
        return zt_schema_fail(schema, path,
                              "exactly one of `group`, `connected`, `blackhole` is wanted");
    if (targets[0] != 0) {
        const struct zt_path *here = ZT_PATH_KEY(path, "group");
        const struct zt_group *group = NULL;
        int64_t id;
        if (!zt_schema_integer(schema, targets[0], here, 1, SAFE, &id))
            return false;
        if (program->group_count > 0)
            group = bsearch(&(struct zt_group){ .id = (uint64_t)id }, program->groups,
                            program->group_count, sizeof *program->groups, compare_groups);
        if (group == NULL)
            return zt_schema_fail(schema, here, "there is no group %lld", (long long)id);
        route->kind = ZT_ROUTE_GROUP;
        route->target = (uint32_t)(group - program->groups);
        return true;
    }
    if (targets[1] != 0) {
        route->kind = ZT_ROUTE_CONNECTED;
        return read_routed(reader, targets[1], ZT_PATH_KEY(path, "connected"), true,
                           &route->target);
    }
    bool blackhole;
    route->kind = ZT_ROUTE_BLACKHOLE;
    if (!zt_schema_bool(schema, targets[2], ZT_PATH_KEY(path, "blackhole"), &blackhole))
        return false;
    return blackhole || zt_schema_fail(schema, ZT_PATH_KEY(path, "blackhole"), "true is wanted");
}

static bool read_routes(struct zt_program_reader *reader, uint32_t node, const struct zt_path *up)
{
    enum { VRF, PREFIX, GROUP, CONNECTED, BLACKHOLE, COUNT };
    static const char *const names[COUNT] = { "vrf", "prefix", "?group", "?connected",
                                              "?blackhole" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(up, "routes");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    program->route_count = program->route_capacity = schema->json->nodes[node].count;
    program->routes = zt_calloc(program->route_count, sizeof *program->routes);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < program->route_count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        struct zt_route *route = &program->routes[i];
        uint32_t values[COUNT];
        int64_t vrf;
        if (!zt_schema_object(schema, at, here, names, COUNT, values) ||
            !zt_schema_integer(schema, values[VRF], ZT_PATH_KEY(here, "vrf"), 0, SAFE, &vrf) ||
            !zt_schema_cidr(schema, values[PREFIX], ZT_PATH_KEY(here, "prefix"), &route->prefix,
                            &route->length) ||
            !read_route_target(reader, &values[GROUP], here, route))
            return false;
        route->vrf = zt_program_find_vrf(program, (uint64_t)vrf);
        if (route->vrf == ZT_NONE)
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "vrf"), "there is no VRF %lld",
                                  (long long)vrf);
        if (!zt_ip_equal(route->prefix, zt_ip_prefix(route->prefix, route->length)))
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "prefix"),
                                  "host bits of a prefix must be zero");
        if (!zt_lpm_add(&program->vrfs[route->vrf].lpm, route->prefix, route->length, i))
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "prefix"),
                                  "the VRF has this prefix already");
    }
    return true;
}

static bool read_neighbours(struct zt_program_reader *reader, uint32_t node,
                            const struct zt_path *up)
{
    static const char *const names[] = { "interface", "address", "mac" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(up, "neighbours");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    program->neighbour_count = schema->json->nodes[node].count;
    program->neighbours =
        zt_program_alloc(program, program->neighbour_count, sizeof *program->neighbours);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < program->neighbour_count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        struct zt_static_neighbour *neighbour = &program->neighbours[i];
        uint32_t values[3];
        if (!zt_schema_object(schema, at, here, names, 3, values) ||
            !read_neighboured(reader, values[0], ZT_PATH_KEY(here, "interface"),
                              &neighbour->interface) ||
            !zt_schema_ip(schema, values[1], ZT_PATH_KEY(here, "address"), &neighbour->ip) ||
            !zt_schema_mac(schema, values[2], ZT_PATH_KEY(here, "mac"), &neighbour->mac))
            return false;
    }
    return true;
}

static bool read_fdb(struct zt_program_reader *reader, uint32_t node, const struct zt_path *up)
{
    enum { BRIDGE, MAC, INTERFACE, REMOTE, COUNT };
    static const char *const names[COUNT] = { "bridge", "mac", "interface", "?remote" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(up, "fdb");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    program->fdb_count = schema->json->nodes[node].count;
    program->fdb = zt_program_alloc(program, program->fdb_count, sizeof *program->fdb);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < program->fdb_count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        struct zt_static_fdb *entry = &program->fdb[i];
        uint32_t values[COUNT];
        if (!zt_schema_object(schema, at, here, names, COUNT, values) ||
            !read_interface(reader, values[BRIDGE], ZT_PATH_KEY(here, "bridge"),
                            1u << ZT_KIND_BRIDGE, "a bridge", &entry->bridge) ||
            !zt_schema_mac(schema, values[MAC], ZT_PATH_KEY(here, "mac"), &entry->mac) ||
            !read_interface(reader, values[INTERFACE], ZT_PATH_KEY(here, "interface"),
                            1u << ZT_KIND_PORT | 1u << ZT_KIND_MACSEC | 1u << ZT_KIND_VXLAN,
                            "a member of the bridge", &entry->interface))
            return false;
        const struct zt_interface *member = &program->interfaces[entry->interface];
        if (member->bridge != entry->bridge)
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "interface"),
                                  "interface %u is no member of the bridge", member->id);
        if ((member->kind == ZT_KIND_VXLAN) != (values[REMOTE] != 0))
            return zt_schema_fail(schema, here,
                                  "`remote` is wanted for a vxlan interface and for no other");
        if (values[REMOTE] == 0)
            continue;
        if (!zt_schema_ip(schema, values[REMOTE], ZT_PATH_KEY(here, "remote"), &entry->remote))
            return false;
        if (entry->remote.family != member->vxlan.local.family)
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "remote"),
                                  "it is not of the family of `local`");
    }
    return true;
}

static bool read_flood(struct zt_program_reader *reader, uint32_t node, const struct zt_path *up)
{
    static const char *const names[] = { "interface", "remotes" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(up, "flood");
    if (!zt_schema_array(schema, node, path, 0, UINT32_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    uint8_t *seen = zt_program_alloc(program, program->interface_count, 1);
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        uint32_t values[2], index;
        if (!zt_schema_object(schema, at, here, names, 2, values) ||
            !read_interface(reader, values[0], ZT_PATH_KEY(here, "interface"), 1u << ZT_KIND_VXLAN,
                            "a vxlan interface", &index))
            return false;
        if (seen[index]++ != 0)
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "interface"),
                                  "the interface has a flood list already");
        struct zt_vxlan *vxlan = &program->interfaces[index].vxlan;
        if (vxlan->macsec != ZT_NONE) /* MACSEC-10 */
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "interface"),
                                  "a vxlan interface below macsec has no flood list");
        if (!zt_program_read_ips(reader, values[1], ZT_PATH_KEY(here, "remotes"),
                                 vxlan->local.family, &vxlan->flood, &vxlan->flood_count))
            return false;
    }
    return true;
}

bool zt_program_read_tables(struct zt_program_reader *reader, uint32_t node)
{
    enum { ROUTES, GROUPS, NEIGHBOURS, FDB, FLOOD, COUNT };
    static const char *const names[COUNT] = { "routes", "groups", "neighbours", "fdb", "flood" };
    const struct zt_path *path = ZT_PATH_KEY(NULL, "tables");
    const struct zt_json_node *whole = &reader->schema.json->nodes[node];
    uint32_t values[COUNT];
    reader->program->tables = (struct zt_span){ whole->start, whole->end };
    return zt_schema_object(&reader->schema, node, path, names, COUNT, values) &&
           read_groups(reader, values[GROUPS], path) && read_routes(reader, values[ROUTES], path) &&
           read_neighbours(reader, values[NEIGHBOURS], path) &&
           read_fdb(reader, values[FDB], path) && read_flood(reader, values[FLOOD], path);
}
