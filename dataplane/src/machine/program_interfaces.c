/* SPDX-License-Identifier: Apache-2.0 */
/* `$.interfaces`: one reader for each kind. Ids of other interfaces are resolved by zt_program_link. */
#include "src/machine/program_parts.h"

#define TABLE_MAX (1 << 20)

/* `punt` of a port (PUNT-3): what is sealed, or in a tenant's VRF, is no kernel's to read before the machine. */
static bool read_punt(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                      struct zt_interface *interface)
{
    static const char *const ways[] = { "xdp" };
    const struct zt_schema *schema = &reader->schema;
    const struct zt_path *here = ZT_PATH_KEY(path, "punt");
    uint32_t way;

    if (node == 0)
        return true;
    if (!zt_schema_enum(schema, node, here, ways, 1, &way))
        return false;
    if (!interface->port.tap || interface->vrf == ZT_NONE ||
        reader->program->vrfs[interface->vrf].id != 0)
        return zt_schema_fail(schema, here, "a port that punts by XDP has a TAP and is in VRF 0");
    interface->port.pass = true;
    return true;
}

static bool read_port(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                      struct zt_interface *interface)
{
    enum { ID, NAME, KIND, VRF, BRIDGE, MAC, MTU, ADDRESSES, TAP, PUNT, COUNT };
    static const char *const names[COUNT] = { "id",  "name", "kind",      "?vrf", "?bridge",
                                              "mac", "mtu",  "addresses", "tap",  "?punt" };
    const struct zt_schema *schema = &reader->schema;
    uint32_t values[COUNT];

    interface->port.macsec = interface->port.wireguard = ZT_NONE;
    return zt_schema_object(schema, node, path, names, COUNT, values) &&
           zt_program_read_attach(reader, values[VRF], values[BRIDGE], path, interface) &&
           zt_schema_mac(schema, values[MAC], ZT_PATH_KEY(path, "mac"), &interface->mac) &&
           zt_program_read_mtu(schema, values[MTU], ZT_PATH_KEY(path, "mtu"), &interface->mtu) &&
           zt_program_read_addresses(reader, values[ADDRESSES], path, interface) &&
           zt_schema_bool(schema, values[TAP], ZT_PATH_KEY(path, "tap"), &interface->port.tap) &&
           read_punt(reader, values[PUNT], path, interface);
}

static bool read_bridge(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                        struct zt_interface *interface)
{
    enum { ID, NAME, KIND, AGEING, LIMIT, SNOOPING, COUNT };
    static const char *const names[COUNT] = { "id",     "name",     "kind",
                                              "ageing", "fdbLimit", "?snooping" };
    const struct zt_schema *schema = &reader->schema;
    uint32_t values[COUNT];
    int64_t limit;

    interface->mtu = UINT32_MAX;
    interface->br.irb = ZT_NONE;
    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !zt_program_read_ns(schema, values[AGEING], ZT_PATH_KEY(path, "ageing"),
                            &interface->br.ageing) ||
        !zt_schema_integer(schema, values[LIMIT], ZT_PATH_KEY(path, "fdbLimit"), 1, TABLE_MAX,
                           &limit))
        return false;
    interface->br.snoops = values[SNOOPING] != 0;
    if (interface->br.snoops &&
        !zt_program_read_ns(schema, values[SNOOPING], ZT_PATH_KEY(path, "snooping"),
                            &interface->br.snooping))
        return false;
    interface->br.fdb_limit = (uint32_t)limit;
    return true;
}

static bool read_irb(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                     struct zt_interface *interface)
{
    enum {
        ID,
        NAME,
        KIND,
        BRIDGE,
        VRF,
        MAC,
        SYSTEM_MAC,
        ADDRESSES,
        MTU,
        SUPPRESS,
        LIFETIME,
        LIMIT,
        COUNT
    };
    static const char *const names[COUNT] = { "id",
                                              "name",
                                              "kind",
                                              "bridge",
                                              "vrf",
                                              "mac",
                                              "systemMac",
                                              "addresses",
                                              "mtu",
                                              "suppress",
                                              "neighbourLifetime",
                                              "neighbourLimit" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_irb *irb = &interface->irb;
    uint32_t values[COUNT];
    int64_t limit;

    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        !zt_program_read_id(schema, values[BRIDGE], ZT_PATH_KEY(path, "bridge"),
                            &interface->bridge) ||
        !zt_program_read_vrf(reader, values[VRF], ZT_PATH_KEY(path, "vrf"), &interface->vrf) ||
        !zt_schema_mac(schema, values[MAC], ZT_PATH_KEY(path, "mac"), &interface->mac) ||
        !zt_schema_mac(schema, values[SYSTEM_MAC], ZT_PATH_KEY(path, "systemMac"),
                       &irb->system_mac) ||
        !zt_program_read_addresses(reader, values[ADDRESSES], path, interface) ||
        !zt_program_read_mtu(schema, values[MTU], ZT_PATH_KEY(path, "mtu"), &interface->mtu) ||
        !zt_schema_bool(schema, values[SUPPRESS], ZT_PATH_KEY(path, "suppress"), &irb->suppress) ||
        !zt_program_read_ns(schema, values[LIFETIME], ZT_PATH_KEY(path, "neighbourLifetime"),
                            &irb->lifetime) ||
        !zt_schema_integer(schema, values[LIMIT], ZT_PATH_KEY(path, "neighbourLimit"), 1, TABLE_MAX,
                           &limit))
        return false;
    irb->limit = (uint32_t)limit;
    for (uint32_t i = 0; i < interface->address_count; i++) {
        irb->has_ipv4 |= interface->addresses[i].ip.family == ZT_IPV4;
        irb->has_ipv6 |= interface->addresses[i].ip.family == ZT_IPV6;
    }
    irb->link_local = zt_ip_eui64(interface->mac);
    irb->system_link_local = zt_ip_eui64(irb->system_mac);
    return true;
}

static bool read_vxlan(struct zt_program_reader *reader, uint32_t node, const struct zt_path *path,
                       struct zt_interface *interface)
{
    enum {
        ID,
        NAME,
        KIND,
        BRIDGE,
        VNI,
        UNDERLAY,
        LOCAL,
        PORT,
        MTU,
        LEARNING,
        TTL,
        DSCP,
        DF,
        CHECKSUM,
        REMOTES,
        COUNT
    };
    static const char *const names[COUNT] = { "id",  "name",        "kind",   "?bridge",
                                              "vni", "underlayVrf", "local",  "port",
                                              "mtu", "learning",    "ttl",    "dscp",
                                              "df",  "udpChecksum", "remotes" };
    static const char *const checksums[] = { "zero", "compute" };
    const struct zt_schema *schema = &reader->schema;
    struct zt_vxlan *vxlan = &interface->vxlan;
    uint32_t values[COUNT], checksum;
    int64_t vni, port, ttl, dscp;

    vxlan->macsec = ZT_NONE;
    if (!zt_schema_object(schema, node, path, names, COUNT, values) ||
        (values[BRIDGE] != 0 &&
         !zt_program_read_id(schema, values[BRIDGE], ZT_PATH_KEY(path, "bridge"),
                             &interface->bridge)) ||
        !zt_schema_integer(schema, values[VNI], ZT_PATH_KEY(path, "vni"), 1, 0xffffff, &vni) ||
        !zt_program_read_vrf(reader, values[UNDERLAY], ZT_PATH_KEY(path, "underlayVrf"),
                             &vxlan->underlay) ||
        !zt_schema_ip(schema, values[LOCAL], ZT_PATH_KEY(path, "local"), &vxlan->local) ||
        !zt_schema_integer(schema, values[PORT], ZT_PATH_KEY(path, "port"), 1, UINT16_MAX, &port) ||
        !zt_program_read_mtu(schema, values[MTU], ZT_PATH_KEY(path, "mtu"), &interface->mtu) ||
        !zt_schema_bool(schema, values[LEARNING], ZT_PATH_KEY(path, "learning"),
                        &vxlan->learning) ||
        !zt_schema_integer(schema, values[TTL], ZT_PATH_KEY(path, "ttl"), 1, 255, &ttl) ||
        !zt_schema_integer(schema, values[DSCP], ZT_PATH_KEY(path, "dscp"), 0, 63, &dscp) ||
        !zt_schema_bool(schema, values[DF], ZT_PATH_KEY(path, "df"), &vxlan->df) ||
        !zt_schema_enum(schema, values[CHECKSUM], ZT_PATH_KEY(path, "udpChecksum"), checksums, 2,
                        &checksum) ||
        !zt_program_read_ips(reader, values[REMOTES], ZT_PATH_KEY(path, "remotes"),
                             vxlan->local.family, &vxlan->remotes, &vxlan->remote_count))
        return false;
    const struct zt_json_node *text = &schema->json->nodes[values[VNI]];
    vxlan->vni = (uint32_t)vni;
    vxlan->vni_span = (struct zt_span){ text->start, text->end };
    vxlan->port.value = (uint16_t)port;
    vxlan->ttl = (uint8_t)ttl;
    vxlan->dscp = (uint8_t)dscp;
    vxlan->zero_checksum = checksum == 0;
    return true;
}

static bool read_loopback(struct zt_program_reader *reader, uint32_t node,
                          const struct zt_path *path, struct zt_interface *interface)
{
    enum { ID, NAME, KIND, VRF, ADDRESSES, COUNT };
    static const char *const names[COUNT] = { "id", "name", "kind", "vrf", "addresses" };
    uint32_t values[COUNT];

    interface->mtu = UINT32_MAX;
    return zt_schema_object(&reader->schema, node, path, names, COUNT, values) &&
           zt_program_read_vrf(reader, values[VRF], ZT_PATH_KEY(path, "vrf"), &interface->vrf) &&
           zt_program_read_addresses(reader, values[ADDRESSES], path, interface);
}

/* The value of a member of an object, 0 when it has none; what else is wrong is found later. */
static uint32_t member(const struct zt_json *json, uint32_t node, const char *name)
{
    uint32_t key = zt_json_first(node);
    for (uint32_t i = 0; i < json->nodes[node].count; i++) {
        uint32_t value = zt_json_next(json, key);
        if (zt_json_string_is(json, key, name))
            return value;
        key = zt_json_next(json, value);
    }
    return 0;
}

static bool read_interface(struct zt_program_reader *reader, uint32_t node,
                           const struct zt_path *path, struct zt_interface *interface)
{
    static const char *const kinds[] = {
#define KIND_TEXT(name, text) text,
        ZT_FOREACH_INTERFACE_KIND(KIND_TEXT)
#undef KIND_TEXT
    };
    static bool (*const readers[])(struct zt_program_reader *, uint32_t, const struct zt_path *,
                                   struct zt_interface *) = {
        [ZT_KIND_PORT] = read_port,
        [ZT_KIND_MACSEC] = zt_program_read_macsec,
        [ZT_KIND_BRIDGE] = read_bridge,
        [ZT_KIND_IRB] = read_irb,
        [ZT_KIND_VXLAN] = read_vxlan,
        [ZT_KIND_LOOPBACK] = read_loopback,
        [ZT_KIND_WIREGUARD] = zt_program_read_wireguard,
    };
    const struct zt_schema *schema = &reader->schema;
    const struct zt_json *json = schema->json;
    uint32_t index, id;

    if (json->nodes[node].type != ZT_JSON_OBJECT)
        return zt_schema_fail(schema, path, "an object is wanted, not %s",
                              zt_json_type_name(json->nodes[node].type));
    uint32_t kind = member(json, node, "kind");
    if (kind == 0)
        return zt_schema_fail(schema, path, "member `kind` is missing");
    if (!zt_schema_enum(schema, kind, ZT_PATH_KEY(path, "kind"), kinds,
                        sizeof kinds / sizeof *kinds, &index))
        return false;
    interface->kind = (uint8_t)index;
    interface->vrf = interface->bridge = ZT_NONE;
    if (!readers[index](reader, node, path, interface) ||
        !zt_program_read_id(schema, member(json, node, "id"), ZT_PATH_KEY(path, "id"), &id) ||
        !zt_schema_string(schema, member(json, node, "name"), ZT_PATH_KEY(path, "name"), 1, 15,
                          interface->name))
        return false;
    interface->id = (uint16_t)id;
    return true;
}

bool zt_program_read_interfaces(struct zt_program_reader *reader, uint32_t node)
{
    const struct zt_schema *schema = &reader->schema;
    struct zt_program *program = reader->program;
    const struct zt_path *path = ZT_PATH_KEY(NULL, "interfaces");

    if (!zt_schema_array(schema, node, path, 0, UINT16_MAX))
        return false;
    uint32_t count = schema->json->nodes[node].count, at = zt_json_first(node);
    program->interfaces = zt_program_alloc(program, count, sizeof *program->interfaces);
    program->interface_count = count;
    for (uint32_t i = 0; i < count; i++, at = zt_json_next(schema->json, at)) {
        const struct zt_path *here = ZT_PATH_INDEX(path, i);
        struct zt_interface *interface = &program->interfaces[i];
        if (!read_interface(reader, at, here, interface))
            return false;
        if (i > 0 && interface->id <= program->interfaces[i - 1].id)
            return zt_schema_fail(schema, ZT_PATH_KEY(here, "id"),
                                  "interfaces must ascend by id; %u follows %u", interface->id,
                                  program->interfaces[i - 1].id);
    }
    program->highest_id = count > 0 ? program->interfaces[count - 1].id : 0;
    program->by_id = zt_program_alloc(program, program->highest_id + 1, sizeof *program->by_id);
    memset(program->by_id, 0xff, (program->highest_id + 1) * sizeof *program->by_id);
    for (uint32_t i = 0; i < count; i++)
        program->by_id[program->interfaces[i].id] = i;
    return true;
}
