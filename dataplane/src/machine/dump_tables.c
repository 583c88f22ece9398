/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's tables after changes (CTRL-6), so that the program as it is now can be loaded: each table in the order of its
 * keys, whatever the order in which it was changed. Control entries and neighbours stand among the static ones.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/internal.h"
#include "src/machine/route_table.h"

static uint16_t id_of(const struct zt_machine *machine, uint32_t index)
{
    return zt_interface_at(machine, index)->id;
}

/* `,` before each element of a list but the first. */
static void separate(struct zt_text *text, bool *first)
{
    if (!*first)
        zt_text_append(text, ",", 1);
    *first = false;
}

static void write_ip(struct zt_text *text, zt_ip ip)
{
    char address[ZT_ADDRESS_TEXT];
    zt_ip_format(ip, address);
    zt_text_format(text, "\"%s\"", address);
}

static void write_mac(struct zt_text *text, zt_mac mac)
{
    char address[ZT_ADDRESS_TEXT];
    zt_mac_format(mac, address);
    zt_text_format(text, "\"%s\"", address);
}

static void write_group(const struct zt_machine *machine, uint64_t id, const struct zt_group *group,
                        struct zt_text *text)
{
    zt_text_format(text, "{\"id\":%" PRIu64 ",\"members\":[", id);
    for (uint32_t i = 0; i < group->count; i++) {
        const struct zt_next_hop *member = &group->members[i];
        zt_text_format(text, "%s{\"interface\":%u", i == 0 ? "" : ",",
                       id_of(machine, member->interface));
        if (member->has_gateway) {
            zt_text_append(text, ",\"gateway\":", 11);
            write_ip(text, member->gateway);
        }
        if (member->weight != 0)
            zt_text_format(text, ",\"weight\":%u", member->weight);
        zt_text_append(text, "}", 1);
    }
    zt_text_append(text, "]}", 2);
}

static int compare_routes(const void *a, const void *b)
{
    const struct zt_route *left = *(const struct zt_route *const *)a,
                          *right = *(const struct zt_route *const *)b;
    if (left->vrf != right->vrf)
        return left->vrf < right->vrf ? -1 : 1;
    int order = memcmp(&left->prefix, &right->prefix, sizeof left->prefix);
    return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

/*
 * Routes into one text, their groups into another. Groups of the program keep their ids; those of single routes get the least
 * that are free.
 */
static void write_routes(const struct zt_machine *machine, struct zt_text *text,
                         struct zt_text *groups)
{
    const struct zt_program *program = machine->program;
    const struct zt_route **routes = zt_calloc(program->route_count, sizeof(struct zt_route *));
    uint64_t free_id = 1;
    uint32_t next = 0;
    bool first = true, first_group = program->group_count == 0;

    for (uint32_t i = 0; i < program->group_count; i++) {
        if (i > 0)
            zt_text_append(groups, ",", 1);
        write_group(machine, program->groups[i].id, &program->groups[i], groups);
    }
    for (uint32_t i = 0; i < program->route_count; i++)
        routes[i] = &program->routes[i];
    if (program->route_count > 0)
        qsort(routes, program->route_count, sizeof *routes, compare_routes);
    for (uint32_t i = 0; i < program->route_count; i++) {
        const struct zt_route *route = routes[i];
        char prefix[ZT_ADDRESS_TEXT];
        zt_ip_format(route->prefix, prefix);
        separate(text, &first);
        zt_text_format(text, "{\"vrf\":%" PRIu64 ",\"prefix\":\"%s/%u\",",
                       program->vrfs[route->vrf].id, prefix, route->length);
        switch (route->kind) {
        case ZT_ROUTE_CONNECTED:
            zt_text_format(text, "\"connected\":%u}", id_of(machine, route->target));
            break;
        case ZT_ROUTE_BLACKHOLE:
            zt_text_format(text, "\"blackhole\":true}");
            break;
        case ZT_ROUTE_GROUP:
            zt_text_format(text, "\"group\":%" PRIu64 "}", program->groups[route->target].id);
            break;
        case ZT_ROUTE_OWN_GROUP:
            /* Groups of the program are sorted by id. */
            for (; next < program->group_count && program->groups[next].id == free_id; next++)
                free_id++;
            zt_text_format(text, "\"group\":%" PRIu64 "}", free_id);
            separate(groups, &first_group);
            write_group(machine, free_id++, &route->own, groups);
            break;
        }
    }
    free(routes);
}

static int compare_neighbours(const void *a, const void *b)
{
    const struct zt_static_neighbour *left = a, *right = b;
    if (left->interface != right->interface)
        return left->interface < right->interface ? -1 : 1;
    return memcmp(&left->ip, &right->ip, sizeof left->ip);
}

/* Those of irbs as they stand; those of ports as the program has them, updates (NEIGH-1) being the kernel's word and not its own. */
static void write_neighbours(const struct zt_machine *machine, struct zt_text *text)
{
    const struct zt_program *program = machine->program;
    const struct zt_neighbour_table *table = &machine->neighbours;
    struct zt_static_neighbour *list =
        zt_calloc((size_t)program->neighbour_count + table->count, sizeof *list);
    uint32_t count = 0;
    bool first = true;

    for (uint32_t i = 0; i < program->neighbour_count; i++)
        if (zt_interface_at(machine, program->neighbours[i].interface)->kind != ZT_KIND_IRB)
            list[count++] = program->neighbours[i];
    for (uint32_t i = 0; i < table->count; i++) {
        const struct zt_neighbour *entry = &table->entries[i];
        if ((entry->state == ZT_NEIGHBOUR_STATIC || entry->state == ZT_NEIGHBOUR_CONTROL) &&
            zt_interface_at(machine, entry->interface)->kind == ZT_KIND_IRB)
            list[count++] = (struct zt_static_neighbour){ entry->interface, entry->ip, entry->mac };
    }
    if (count > 0)
        qsort(list, count, sizeof *list, compare_neighbours);
    for (uint32_t i = 0; i < count; i++) {
        separate(text, &first);
        zt_text_format(text, "{\"interface\":%u,\"address\":", id_of(machine, list[i].interface));
        write_ip(text, list[i].ip);
        zt_text_append(text, ",\"mac\":", 7);
        write_mac(text, list[i].mac);
        zt_text_append(text, "}", 1);
    }
    free(list);
}

static int compare_fdb(const void *a, const void *b)
{
    const struct zt_fdb_entry *left = *(const struct zt_fdb_entry *const *)a,
                              *right = *(const struct zt_fdb_entry *const *)b;
    return memcmp(left->mac.octets, right->mac.octets, sizeof left->mac.octets);
}

static void write_bridge(const struct zt_machine *machine, const struct zt_interface *bridge,
                         struct zt_text *text, bool *first)
{
    const struct zt_fdb *fdb = bridge->br.fdb;
    const struct zt_fdb_entry **list = zt_calloc(fdb->count, sizeof(struct zt_fdb_entry *));
    uint32_t count = 0;

    for (uint32_t i = 0; i < fdb->count; i++)
        if (fdb->entries[i].state == ZT_FDB_STATIC || fdb->entries[i].state == ZT_FDB_CONTROL)
            list[count++] = &fdb->entries[i];
    if (count > 0)
        qsort(list, count, sizeof *list, compare_fdb);
    for (uint32_t i = 0; i < count; i++) {
        separate(text, first);
        zt_text_format(text, "{\"bridge\":%u,\"mac\":", bridge->id);
        write_mac(text, list[i]->mac);
        zt_text_format(text, ",\"interface\":%u", id_of(machine, list[i]->member));
        if (list[i]->remote.family != 0) {
            zt_text_append(text, ",\"remote\":", 10);
            write_ip(text, list[i]->remote);
        }
        zt_text_append(text, "}", 1);
    }
    free(list);
}

static void write_fdb(const struct zt_machine *machine, struct zt_text *text)
{
    bool first = true;
    for (uint32_t i = 0; i < machine->program->interface_count; i++)
        if (zt_interface_at(machine, i)->kind == ZT_KIND_BRIDGE)
            write_bridge(machine, zt_interface_at(machine, i), text, &first);
}

static void write_flood(const struct zt_machine *machine, struct zt_text *text)
{
    bool first = true;
    for (uint32_t i = 0; i < machine->program->vxlan_count; i++) {
        const struct zt_interface *vxlan = zt_interface_at(machine, machine->program->vxlans[i]);
        if (vxlan->vxlan.flood_count == 0)
            continue;
        separate(text, &first);
        zt_text_format(text, "{\"interface\":%u,\"remotes\":[", vxlan->id);
        for (uint32_t r = 0; r < vxlan->vxlan.flood_count; r++) {
            if (r > 0)
                zt_text_append(text, ",", 1);
            write_ip(text, vxlan->vxlan.flood[r]);
        }
        zt_text_append(text, "]}", 2);
    }
}

void zt_dump_tables(const struct zt_machine *machine, struct zt_text *text)
{
    struct zt_text groups = { 0 };
    size_t length;

    zt_text_format(text, "{\"routes\":[");
    write_routes(machine, text, &groups);
    char *list = zt_text_take(&groups, &length);
    zt_text_format(text, "],\"groups\":[");
    zt_text_append(text, list, length);
    free(list);
    zt_text_format(text, "],\"neighbours\":[");
    write_neighbours(machine, text);
    zt_text_format(text, "],\"fdb\":[");
    write_fdb(machine, text);
    zt_text_format(text, "],\"flood\":[");
    write_flood(machine, text);
    zt_text_format(text, "]}");
}
