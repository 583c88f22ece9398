/* SPDX-License-Identifier: Apache-2.0 */
/* CTRL-6: reading changes, and what a change is refused for. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/apply.h"
#include "src/machine/internal.h"
#include "src/machine/macsec_apply.h"
#include "src/machine/overlay.h"
#include "src/machine/program_parts.h"
#include "src/machine/wireguard_apply.h"

#define SAFE INT64_C(9007199254740991)
#define MEMBERS_MAX 64u

struct reader {
    /* Of malformed changes, and of those that are refused. */
    struct zt_schema schema, refusal;
    const struct zt_program *program;
    struct zt_wg_change_reader *peers;
    struct zt_macsec_change_reader *associations;
};

#define IS(kind) (1u << ZT_KIND_##kind)

static const struct zt_interface *interface_at(const struct reader *reader, uint32_t index)
{
    return &reader->program->interfaces[index];
}

/* An interface by id that is one of `kinds` (a bit each). */
static bool read_interface(const struct reader *reader, uint32_t node, const struct zt_path *path,
                           uint32_t kinds, const char *wanted, uint32_t *index)
{
    int64_t id;
    if (!zt_schema_integer(&reader->schema, node, path, 1, UINT16_MAX, &id))
        return false;
    *index = zt_program_find(reader->program, (uint32_t)id);
    if (*index == ZT_NONE)
        return zt_schema_fail(&reader->refusal, path, "there is no interface %d", (int)id);
    uint8_t kind = interface_at(reader, *index)->kind;
    return (kinds >> kind & 1) != 0 ||
           zt_schema_fail(&reader->refusal, path, "interface %d is a %s; %s is wanted", (int)id,
                          zt_kind_name(kind), wanted);
}

/* A MAC address that one station has. */
static bool read_mac(const struct reader *reader, uint32_t node, const struct zt_path *path,
                     zt_mac *mac)
{
    if (!zt_schema_mac(&reader->schema, node, path, mac))
        return false;
    return !zt_mac_is_group(*mac) ||
           zt_schema_fail(&reader->refusal, path, "it is a group address");
}

/* A remote of a vxlan interface. */
static bool read_remote(const struct reader *reader, uint32_t node, const struct zt_path *path,
                        const struct zt_interface *vxlan, zt_ip *remote)
{
    if (!zt_schema_ip(&reader->schema, node, path, remote))
        return false;
    return remote->family == vxlan->vxlan.local.family ||
           zt_schema_fail(&reader->refusal, path,
                          "it is not of the family of `local` of interface %u", vxlan->id);
}

static bool is_null(const struct reader *reader, uint32_t node)
{
    return reader->schema.json->nodes[node].type == ZT_JSON_NULL;
}

static bool read_next_hop(const struct reader *reader, uint32_t node, const struct zt_path *path,
                          uint32_t vrf, struct zt_next_hop *member)
{
    static const char *const names[] = { "interface", "?gateway", "?weight" };
    uint32_t values[3];

    if (!zt_schema_object(&reader->schema, node, path, names, 3, values) ||
        !read_interface(reader, values[0], ZT_PATH_KEY(path, "interface"),
                        IS(PORT) | IS(MACSEC) | IS(WIREGUARD) | IS(IRB), "an interface with a VRF",
                        &member->interface) ||
        !zt_program_read_weight(&reader->schema, values[2], path, &member->weight))
        return false;
    if (interface_at(reader, member->interface)->vrf != vrf)
        return zt_schema_fail(&reader->refusal, ZT_PATH_KEY(path, "interface"),
                              "interface %u is not in the route's VRF",
                              interface_at(reader, member->interface)->id);
    member->has_gateway = values[1] != 0;
    return !member->has_gateway ||
           zt_schema_ip(&reader->schema, values[1], ZT_PATH_KEY(path, "gateway"), &member->gateway);
}

static bool read_members(const struct reader *reader, uint32_t node, const struct zt_path *path,
                         struct zt_change *change)
{
    const struct zt_json *json = reader->schema.json;

    change->removes = is_null(reader, node);
    if (change->removes)
        return true;
    if (!zt_schema_array(&reader->schema, node, path, 1, MEMBERS_MAX))
        return false;
    change->count = json->nodes[node].count;
    change->members = zt_calloc(change->count, sizeof *change->members);
    uint32_t at = zt_json_first(node);
    for (uint32_t i = 0; i < change->count; i++, at = zt_json_next(json, at))
        if (!read_next_hop(reader, at, ZT_PATH_INDEX(path, i), change->place, &change->members[i]))
            return false;
    return true;
}

static bool read_route(const struct reader *reader, uint32_t node, const struct zt_path *path,
                       struct zt_change *change)
{
    enum { TABLE, VRF, PREFIX, MEMBERS, COUNT };
    static const char *const names[COUNT] = { "table", "vrf", "prefix", "members" };
    const struct zt_schema *schema = &reader->schema;
    uint32_t values[COUNT];
    int64_t vrf;

    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !zt_schema_integer(schema, values[VRF], ZT_PATH_KEY(path, "vrf"), 0, SAFE, &vrf) ||
        !zt_schema_cidr(schema, values[PREFIX], ZT_PATH_KEY(path, "prefix"), &change->ip,
                        &change->length))
        return false;
    if (!zt_ip_equal(change->ip, zt_ip_prefix(change->ip, change->length)))
        return zt_schema_fail(schema, ZT_PATH_KEY(path, "prefix"),
                              "host bits of a prefix must be zero");
    change->place = zt_program_find_vrf(reader->program, (uint64_t)vrf);
    if (change->place == ZT_NONE)
        return zt_schema_fail(&reader->refusal, ZT_PATH_KEY(path, "vrf"), "there is no VRF %lld",
                              (long long)vrf);
    return read_members(reader, values[MEMBERS], ZT_PATH_KEY(path, "members"), change);
}

/* Where an FDB entry leads: a member of the bridge, with a remote when it is a vxlan. */
static bool read_member(const struct reader *reader, uint32_t node, const struct zt_path *path,
                        struct zt_change *change)
{
    enum { INTERFACE, REMOTE, STICKY, COUNT };
    static const char *const names[COUNT] = { "interface", "?remote", "sticky" };
    const struct zt_schema *schema = &reader->schema;
    uint32_t values[COUNT];

    change->removes = is_null(reader, node);
    if (change->removes)
        return true;
    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !zt_schema_bool(schema, values[STICKY], ZT_PATH_KEY(path, "sticky"), &change->sticky) ||
        !read_interface(reader, values[INTERFACE], ZT_PATH_KEY(path, "interface"),
                        IS(PORT) | IS(MACSEC) | IS(VXLAN), "a member of the bridge",
                        &change->member))
        return false;
    const struct zt_interface *member = interface_at(reader, change->member);
    if (member->bridge != change->place)
        return zt_schema_fail(&reader->refusal, ZT_PATH_KEY(path, "interface"),
                              "interface %u is no member of the bridge", member->id);
    if ((member->kind == ZT_KIND_VXLAN) != (values[REMOTE] != 0))
        return zt_schema_fail(&reader->refusal, path,
                              "`remote` is wanted for a vxlan interface and for no other");
    return values[REMOTE] == 0 || read_remote(reader, values[REMOTE], ZT_PATH_KEY(path, "remote"),
                                              member, &change->remote);
}

static bool read_fdb(const struct reader *reader, uint32_t node, const struct zt_path *path,
                     struct zt_change *change)
{
    enum { TABLE, BRIDGE, MAC, TO, COUNT };
    static const char *const names[COUNT] = { "table", "bridge", "mac", "to" };
    uint32_t values[COUNT];

    return zt_schema_object(&reader->schema, node, path, names, COUNT, values) &&
           read_interface(reader, values[BRIDGE], ZT_PATH_KEY(path, "bridge"), IS(BRIDGE),
                          "a bridge", &change->place) &&
           read_mac(reader, values[MAC], ZT_PATH_KEY(path, "mac"), &change->mac) &&
           read_member(reader, values[TO], ZT_PATH_KEY(path, "to"), change);
}

static bool read_neighbour(const struct reader *reader, uint32_t node, const struct zt_path *path,
                           struct zt_change *change)
{
    enum { TABLE, INTERFACE, ADDRESS, TO, COUNT };
    static const char *const names[COUNT] = { "table", "interface", "address", "to" };
    static const char *const to_names[] = { "mac", "sticky" };
    const struct zt_schema *schema = &reader->schema;
    const struct zt_path *to = ZT_PATH_KEY(path, "to");
    uint32_t values[COUNT], to_values[2];

    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !read_interface(reader, values[INTERFACE], ZT_PATH_KEY(path, "interface"), IS(IRB),
                        "an irb", &change->place) ||
        !zt_schema_ip(schema, values[ADDRESS], ZT_PATH_KEY(path, "address"), &change->ip))
        return false;
    if (zt_irb_owns(interface_at(reader, change->place), change->ip))
        return zt_schema_fail(&reader->refusal, ZT_PATH_KEY(path, "address"),
                              "it is an address of the irb itself");
    change->removes = is_null(reader, values[TO]);
    return change->removes ||
           (zt_schema_object(schema, values[TO], to, to_names, 2, to_values) &&
            read_mac(reader, to_values[0], ZT_PATH_KEY(to, "mac"), &change->mac) &&
            zt_schema_bool(schema, to_values[1], ZT_PATH_KEY(to, "sticky"), &change->sticky));
}

static bool read_flood(const struct reader *reader, uint32_t node, const struct zt_path *path,
                       struct zt_change *change)
{
    static const char *const names[] = { "table", "interface", "remotes" };
    const struct zt_path *list = ZT_PATH_KEY(path, "remotes");
    const struct zt_json *json = reader->schema.json;
    uint32_t values[3];

    if (!zt_schema_object(&reader->schema, node, path, names, 3, values) ||
        !read_interface(reader, values[1], ZT_PATH_KEY(path, "interface"), IS(VXLAN),
                        "a vxlan interface", &change->place))
        return false;
    if (interface_at(reader, change->place)->vxlan.macsec != ZT_NONE) /* MACSEC-10 */
        return zt_schema_fail(&reader->refusal, ZT_PATH_KEY(path, "interface"),
                              "a vxlan interface below macsec has no flood list");
    if (!zt_schema_array(&reader->schema, values[2], list, 0, UINT32_MAX))
        return false;
    change->count = json->nodes[values[2]].count;
    change->remotes = zt_calloc(change->count, sizeof *change->remotes);
    uint32_t at = zt_json_first(values[2]);
    for (uint32_t i = 0; i < change->count; i++, at = zt_json_next(json, at))
        if (!read_remote(reader, at, ZT_PATH_INDEX(list, i), interface_at(reader, change->place),
                         &change->remotes[i]))
            return false;
    return true;
}

static bool read_peer(const struct reader *reader, uint32_t node, const struct zt_path *path,
                      struct zt_change *change)
{
    enum { TABLE, INTERFACE, KEY, TO, COUNT };
    static const char *const names[COUNT] = { "table", "interface", "publicKey", "to" };
    uint32_t values[COUNT];

    change->peer = zt_calloc(1, sizeof *change->peer);
    if (!zt_schema_object(&reader->schema, node, path, names, COUNT, values) ||
        !read_interface(reader, values[INTERFACE], ZT_PATH_KEY(path, "interface"), IS(WIREGUARD),
                        "a wireguard interface", &change->place))
        return false;
    change->removes = is_null(reader, values[TO]);
    return zt_wg_change_read(reader->peers, &reader->schema, &reader->refusal, change->place,
                             values[KEY], values[TO], path, change->peer);
}

static bool read_receive(const struct reader *reader, uint32_t node, const struct zt_path *path,
                         struct zt_change *change)
{
    enum { TABLE, INTERFACE, SCI, AN, TO, COUNT };
    static const char *const names[COUNT] = { "table", "interface", "sci", "an", "to" };
    uint32_t values[COUNT];

    change->association = zt_calloc(1, sizeof *change->association);
    return zt_schema_object(&reader->schema, node, path, names, COUNT, values) &&
           read_interface(reader, values[INTERFACE], ZT_PATH_KEY(path, "interface"), IS(MACSEC),
                          "a macsec interface", &change->place) &&
           zt_macsec_read_receive_change(reader->associations, &reader->schema, &reader->refusal,
                                         change->place, values + SCI, path, change->association);
}

static bool read_transmit(const struct reader *reader, uint32_t node, const struct zt_path *path,
                          struct zt_change *change)
{
    enum { TABLE, INTERFACE, TO, STANDBY, COUNT };
    static const char *const names[COUNT] = { "table", "interface", "to", "?standby" };
    uint32_t values[COUNT];

    change->association = zt_calloc(1, sizeof *change->association);
    return zt_schema_object(&reader->schema, node, path, names, COUNT, values) &&
           read_interface(reader, values[INTERFACE], ZT_PATH_KEY(path, "interface"), IS(MACSEC),
                          "a macsec interface", &change->place) &&
           zt_macsec_read_transmit_change(reader->associations, &reader->schema, &reader->refusal,
                                          change->place, values + TO, path, change->association);
}

static bool read_change(const struct reader *reader, uint32_t node, const struct zt_path *path,
                        struct zt_change *change)
{
    static const char *const tables[] = {
        "route", "fdb", "neighbour", "flood", "peer", "receive-association", "transmit-association"
    };
    const struct zt_schema *schema = &reader->schema;
    uint32_t table, name = zt_schema_find(schema, node, "table");

    if (name == 0)
        return zt_schema_fail(schema, path, "an object with `table` is wanted");
    if (!zt_schema_enum(schema, name, ZT_PATH_KEY(path, "table"), tables,
                        sizeof tables / sizeof *tables, &table))
        return false;
    change->table = (uint8_t)table;
    switch (table) {
    case ZT_CHANGE_ROUTE:
        return read_route(reader, node, path, change);
    case ZT_CHANGE_FDB:
        return read_fdb(reader, node, path, change);
    case ZT_CHANGE_NEIGHBOUR:
        return read_neighbour(reader, node, path, change);
    case ZT_CHANGE_PEER:
        return read_peer(reader, node, path, change);
    case ZT_CHANGE_RECEIVE:
        return read_receive(reader, node, path, change);
    case ZT_CHANGE_TRANSMIT:
        return read_transmit(reader, node, path, change);
    default:
        return read_flood(reader, node, path, change);
    }
}

/* Whether a vxlan or wireguard interface sends in a VRF. */
static bool is_underlay(const struct zt_program *program, uint32_t vrf)
{
    for (uint32_t v = 0; v < program->vxlan_count; v++)
        if (program->interfaces[program->vxlans[v]].vxlan.underlay == vrf)
            return true;
    for (uint32_t w = 0; w < program->wireguard_count; w++)
        if (program->interfaces[program->wireguards[w]].wireguard.underlay == vrf)
            return true;
    return false;
}

/* Adds the ways of a change to those of an underlay. True when there is a new one. */
static bool add_ways(const struct reader *reader, const struct zt_change *change,
                     struct zt_overlay_ways *ways)
{
    uint32_t before = ways->count;
    if (change->table != ZT_CHANGE_ROUTE || !is_underlay(reader->program, change->place))
        return false;
    for (uint32_t m = 0; m < change->count; m++)
        zt_overlay_add(ways, reader->program, change->place, change->members[m].interface);
    return ways->count > before;
}

/*
 * That no overlay comes to carry itself, whichever of the routes that are there and of the list stand beside each other on the
 * way. Only routes by irbs and wireguard interfaces can bring that about, and those of the program are asked for only when the list has some.
 */
static bool check_overlays(const struct reader *reader, const struct zt_path *path,
                           const struct zt_changes *changes)
{
    struct zt_overlay_ways ways = { 0 };
    uint32_t looped = ZT_NONE, i = 0;
    while (i < changes->count && !add_ways(reader, &changes->list[i], &ways))
        i++;
    if (i < changes->count) {
        zt_overlay_add_routes(&ways, reader->program);
        looped = zt_overlay_find_loop(reader->program, &ways);
    }
    while (looped == ZT_NONE && ++i < changes->count)
        if (add_ways(reader, &changes->list[i], &ways))
            looped = zt_overlay_find_loop(reader->program, &ways);
    zt_overlay_free(&ways);
    return looped == ZT_NONE ||
           zt_schema_fail(
               &reader->refusal, ZT_PATH_INDEX(path, i),
               "what interface %u sends by a tunnel could come back to it through routes "
               "of the underlay VRF",
               interface_at(reader, looped)->id);
}

static void free_change(struct zt_change *change)
{
    free(change->members);
    free(change->remotes);
    zt_wg_change_free(change->peer);
    zt_macsec_change_free(change->association);
}

static bool read_changes(const struct reader *reader, uint32_t node, struct zt_changes *changes)
{
    const struct zt_path *path = ZT_PATH_KEY(NULL, "changes");
    const struct zt_json *json = reader->schema.json;
    uint32_t count = json->nodes[node].count, at = zt_json_first(node);

    *changes = (struct zt_changes){ .list = zt_calloc(count, sizeof *changes->list) };
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(json, at)) {
        struct zt_change *change = &changes->list[i];
        if (!read_change(reader, at, ZT_PATH_INDEX(path, i), change)) {
            free_change(change);
            return false;
        }
        changes->count++;
    }
    return check_overlays(reader, path, changes);
}

bool zt_changes_read(const struct zt_machine *machine, const struct zt_schema *schema,
                     uint32_t node, struct zt_changes *changes)
{
    struct zt_wg_change_reader peers;
    struct zt_macsec_change_reader associations;
    struct reader reader = { *schema, *schema, machine->program, &peers, &associations };

    reader.refusal.code = "change-refused";
    zt_wg_change_start(&peers, machine);
    zt_macsec_change_start(&associations, machine);
    bool good = read_changes(&reader, node, changes);
    zt_wg_change_end(&peers);
    zt_macsec_change_end(&associations);
    return good;
}

void zt_changes_free(struct zt_changes *changes)
{
    for (uint32_t i = 0; i < changes->count; i++)
        free_change(&changes->list[i]);
    free(changes->list);
    *changes = (struct zt_changes){ 0 };
}
