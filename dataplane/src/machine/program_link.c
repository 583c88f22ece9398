/* SPDX-License-Identifier: Apache-2.0 */
/* References among interfaces, members of bridges, own addresses of VRFs, and that no overlay carries itself. */
#include <stdlib.h>

#include "src/machine/overlay.h"
#include "src/machine/program_parts.h"

#define INTERFACE_PATH(i) ZT_PATH_INDEX(ZT_PATH_KEY(NULL, "interfaces"), (i))

/* Turns an interface id into an index of the wanted kind. */
static bool resolve(struct zt_program_reader *reader, const struct zt_path *path, uint8_t kind,
                    uint32_t *reference)
{
    uint32_t index = zt_program_find(reader->program, *reference);
    if (index == ZT_NONE)
        return zt_schema_fail(&reader->schema, path, "there is no interface %u", *reference);
    if (reader->program->interfaces[index].kind != kind)
        return zt_schema_fail(&reader->schema, path, "interface %u is a %s; a %s is wanted",
                              *reference, zt_kind_name(reader->program->interfaces[index].kind),
                              zt_kind_name(kind));
    *reference = index;
    return true;
}

/* A macsec or wireguard interface and the port below it. */
static bool link_lower(struct zt_program_reader *reader, uint32_t index, uint32_t *lower)
{
    const struct zt_path *path = ZT_PATH_KEY(INTERFACE_PATH(index), "lower");
    const char *kind = zt_kind_name(reader->program->interfaces[index].kind);

    if (!resolve(reader, path, ZT_KIND_PORT, lower))
        return false;
    const struct zt_interface *port = &reader->program->interfaces[*lower];
    if (port->port.macsec != ZT_NONE || port->port.wireguard != ZT_NONE)
        return zt_schema_fail(&reader->schema, path,
                              "port %u lies below another macsec or wireguard interface", port->id);
    if (port->vrf != ZT_NONE || port->bridge != ZT_NONE)
        return zt_schema_fail(
            &reader->schema, path,
            "port %u is attached itself; below a %s interface it has neither vrf nor bridge",
            port->id, kind);
    return true;
}

/* MACSEC-10: a macsec interface and the vxlan interface below it. */
static bool link_tunnel(struct zt_program_reader *reader, uint32_t index, uint32_t lower)
{
    const struct zt_path *path = INTERFACE_PATH(index), *below = ZT_PATH_KEY(path, "lower");
    struct zt_interface *macsec = &reader->program->interfaces[index],
                        *vxlan = &reader->program->interfaces[lower];

    if (vxlan->vxlan.macsec != ZT_NONE || vxlan->bridge != ZT_NONE)
        return zt_schema_fail(&reader->schema, below,
                              "vxlan interface %u has a bridge or another macsec interface",
                              vxlan->id);
    if (vxlan->vxlan.remote_count != 1 || vxlan->vxlan.learning)
        return zt_schema_fail(&reader->schema, below,
                              "vxlan interface %u has one remote and no learning below macsec",
                              vxlan->id);
    if (macsec->bridge == ZT_NONE || macsec->address_count > 0)
        return zt_schema_fail(&reader->schema, path,
                              "on a vxlan interface it has a bridge, and no addresses");
    vxlan->vxlan.macsec = index;
    macsec->macsec.tunnel = true;
    macsec->macsec.lower = lower;
    return true;
}

static bool link_macsec(struct zt_program_reader *reader, uint32_t index)
{
    struct zt_interface *interface = &reader->program->interfaces[index];
    struct zt_macsec *macsec = &interface->macsec;
    uint32_t lower = zt_program_find(reader->program, macsec->lower);

    if (lower != ZT_NONE && reader->program->interfaces[lower].kind == ZT_KIND_VXLAN) {
        if (!link_tunnel(reader, index, lower))
            return false;
    } else {
        if (!link_lower(reader, index, &macsec->lower))
            return false;
        reader->program->interfaces[macsec->lower].port.macsec = index;
    }
    macsec->upper_limit = ZT_ETH_HEADER + interface->mtu;
    macsec->lower_limit =
        ZT_ETH_HEADER + reader->program->interfaces[macsec->lower].mtu - macsec->overhead;
    return true;
}

static bool link_wireguard(struct zt_program_reader *reader, uint32_t index)
{
    struct zt_wireguard *wireguard = &reader->program->interfaces[index].wireguard;
    if (wireguard->lower == ZT_NONE)
        return true;
    if (!link_lower(reader, index, &wireguard->lower))
        return false;
    reader->program->interfaces[wireguard->lower].port.wireguard = index;
    return true;
}

static bool link_interface(struct zt_program_reader *reader, uint32_t index)
{
    switch (reader->program->interfaces[index].kind) {
    case ZT_KIND_MACSEC:
        return link_macsec(reader, index);
    case ZT_KIND_WIREGUARD:
        return link_wireguard(reader, index);
    default:
        return true;
    }
}

static bool link_bridge(struct zt_program_reader *reader, uint32_t index)
{
    struct zt_interface *interface = &reader->program->interfaces[index];
    const struct zt_path *path = ZT_PATH_KEY(INTERFACE_PATH(index), "bridge");
    if (interface->bridge == ZT_NONE)
        return true;
    if (!resolve(reader, path, ZT_KIND_BRIDGE, &interface->bridge))
        return false;
    struct zt_bridge *bridge = &reader->program->interfaces[interface->bridge].br;
    if (interface->kind != ZT_KIND_IRB) {
        bridge->member_count++;
        return true;
    }
    if (bridge->irb != ZT_NONE)
        return zt_schema_fail(&reader->schema, path, "the bridge has an irb already");
    bridge->irb = index;
    return true;
}

static void list_members(struct zt_program *program)
{
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind != ZT_KIND_BRIDGE)
            continue;
        interface->br.members =
            zt_program_alloc(program, interface->br.member_count, sizeof(uint32_t));
        interface->br.member_count = 0;
    }
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->bridge == ZT_NONE || interface->kind == ZT_KIND_IRB)
            continue;
        struct zt_bridge *bridge = &program->interfaces[interface->bridge].br;
        bridge->members[bridge->member_count++] = i;
    }
}

static int compare_ips(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(zt_ip));
}

/* An irb's own link-local addresses, given ones included, are the irb's alone. */
static bool is_of_vrf(const struct zt_interface *interface, zt_ip ip)
{
    return interface->kind != ZT_KIND_IRB || !zt_ip_is_link_local(ip);
}

static void list_own_addresses(struct zt_program *program)
{
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < program->interface_count; i++) {
            const struct zt_interface *interface = &program->interfaces[i];
            if (interface->vrf == ZT_NONE)
                continue;
            struct zt_vrf *vrf = &program->vrfs[interface->vrf];
            for (uint32_t a = 0; a < interface->address_count; a++) {
                if (!is_of_vrf(interface, interface->addresses[a].ip))
                    continue;
                if (pass == 1)
                    vrf->own[vrf->own_count] = interface->addresses[a].ip;
                vrf->own_count++;
            }
        }
        for (uint32_t v = 0; v < program->vrf_count; v++) {
            struct zt_vrf *vrf = &program->vrfs[v];
            if (pass == 0) {
                vrf->own = zt_program_alloc(program, vrf->own_count, sizeof *vrf->own);
                vrf->own_count = 0;
            } else if (vrf->own_count > 0) {
                qsort(vrf->own, vrf->own_count, sizeof *vrf->own, compare_ips);
            }
        }
    }
}

static void list_endpoint(struct zt_program *program, uint32_t index)
{
    const struct zt_vxlan *vxlan = &program->interfaces[index].vxlan;
    for (uint32_t i = 0; i < program->endpoint_count; i++)
        if (program->endpoints[i].port.value == vxlan->port.value &&
            zt_ip_equal(program->endpoints[i].local, vxlan->local))
            return;
    program->endpoints[program->endpoint_count++] =
        (struct zt_endpoint){ vxlan->local, vxlan->port, index };
}

static void list_by_kind(struct zt_program *program)
{
    program->ports = zt_program_alloc(program, program->interface_count, sizeof *program->ports);
    program->vxlans = zt_program_alloc(program, program->interface_count, sizeof *program->vxlans);
    program->wireguards =
        zt_program_alloc(program, program->interface_count, sizeof *program->wireguards);
    program->endpoints =
        zt_program_alloc(program, program->interface_count, sizeof *program->endpoints);
    for (uint32_t i = 0; i < program->interface_count; i++) {
        if (program->interfaces[i].kind == ZT_KIND_PORT)
            program->ports[program->port_count++] = i;
        if (program->interfaces[i].kind == ZT_KIND_WIREGUARD)
            program->wireguards[program->wireguard_count++] = i;
        if (program->interfaces[i].kind != ZT_KIND_VXLAN)
            continue;
        program->vxlans[program->vxlan_count++] = i;
        list_endpoint(program, i);
    }
}

/* Whether a macsec or wireguard interface lies on an interface, which is then attached to nothing. */
static bool is_below(const struct zt_interface *interface)
{
    if (interface->kind == ZT_KIND_VXLAN)
        return interface->vxlan.macsec != ZT_NONE;
    return interface->kind == ZT_KIND_PORT &&
           (interface->port.macsec != ZT_NONE || interface->port.wireguard != ZT_NONE);
}

bool zt_program_link(struct zt_program_reader *reader)
{
    struct zt_program *program = reader->program;
    for (uint32_t i = 0; i < program->interface_count; i++)
        if (!link_interface(reader, i) || !link_bridge(reader, i))
            return false;
    for (uint32_t i = 0; i < program->interface_count; i++) {
        const struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind == ZT_KIND_BRIDGE || is_below(interface))
            continue;
        if (interface->vrf == ZT_NONE && interface->bridge == ZT_NONE)
            return zt_schema_fail(&reader->schema, INTERFACE_PATH(i),
                                  "it is attached to nothing: vrf or bridge is missing");
    }
    list_members(program);
    list_own_addresses(program);
    list_by_kind(program);
    return true;
}

bool zt_program_check_overlays(struct zt_program_reader *reader)
{
    struct zt_overlay_ways ways = { 0 };
    zt_overlay_add_routes(&ways, reader->program);
    uint32_t looped = zt_overlay_find_loop(reader->program, &ways);
    zt_overlay_free(&ways);
    return looped == ZT_NONE ||
           zt_schema_fail(&reader->schema, INTERFACE_PATH(looped),
                          "what it sends by a tunnel comes back to it through routes of the "
                          "underlay VRF");
}
