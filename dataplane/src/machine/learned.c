/* SPDX-License-Identifier: Apache-2.0 */
/* `learned` of the control protocol: what the node has heard on its own ports, for whoever announces it. */
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/internal.h"

uint64_t zt_machine_learned_version(struct zt_machine *machine, uint64_t now)
{
    uint64_t version = machine->learned_before;

    if (machine->program == NULL)
        return version;
    machine->now = now;
    zt_neighbour_expire(machine);
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        const struct zt_interface *bridge = zt_interface_at(machine, i);
        if (bridge->kind != ZT_KIND_BRIDGE)
            continue;
        zt_fdb_expire(bridge->br.fdb, now);
        version += bridge->br.fdb->changes;
    }
    return version + machine->neighbours.changes;
}

uint64_t zt_machine_learned_expiry(const struct zt_machine *machine)
{
    uint64_t expiry = machine->neighbours.expiry;

    if (machine->program == NULL)
        return UINT64_MAX;
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        const struct zt_interface *bridge = zt_interface_at(machine, i);
        if (bridge->kind == ZT_KIND_BRIDGE && bridge->br.fdb->expiry < expiry)
            expiry = bridge->br.fdb->expiry;
    }
    return expiry;
}

/* An entry of the answer: of the FDB with both interfaces, of the neighbours with the irb and an address. */
struct item {
    uint16_t interface, other;
    zt_mac mac;
    char text[ZT_ADDRESS_TEXT];
};
struct items {
    struct item *list;
    uint32_t count, capacity;
};

static struct item *add(struct items *items)
{
    if (items->count == items->capacity) {
        items->capacity = items->capacity == 0 ? 64 : items->capacity * 2;
        items->list = zt_realloc(items->list, items->capacity, sizeof *items->list);
    }
    return &items->list[items->count++];
}

static int compare(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    if (left->interface != right->interface)
        return left->interface < right->interface ? -1 : 1;
    if (left->other != right->other)
        return left->other < right->other ? -1 : 1;
    return strcmp(left->text, right->text);
}

static void sort(struct items *items)
{
    if (items->count > 0)
        qsort(items->list, items->count, sizeof *items->list, compare);
}

static void list_bridge(const struct zt_machine *machine, const struct zt_interface *bridge,
                        uint64_t now, struct items *items)
{
    const struct zt_fdb *fdb = bridge->br.fdb;
    for (uint32_t i = 0; i < fdb->count; i++) {
        const struct zt_fdb_entry *entry = &fdb->entries[i];
        if (entry->state != ZT_FDB_DYNAMIC || entry->tunnel || !zt_fdb_is_valid(fdb, entry, now))
            continue;
        struct item *item = add(items);
        item->interface = bridge->id;
        item->other = zt_interface_at(machine, entry->member)->id;
        zt_mac_format(entry->mac, item->text);
    }
}

static void list_neighbours(const struct zt_machine *machine, uint64_t now, struct items *items)
{
    for (uint32_t i = 0; i < machine->neighbours.count; i++) {
        const struct zt_neighbour *entry = &machine->neighbours.entries[i];
        if (entry->state != ZT_NEIGHBOUR_RESOLVED)
            continue;
        const struct zt_interface *irb = zt_interface_at(machine, entry->interface);
        const struct zt_fdb *fdb = zt_interface_at(machine, irb->bridge)->br.fdb;
        if (!zt_neighbour_is_fresh(entry, irb->irb.lifetime, now) ||
            !zt_fdb_is_heard(fdb, entry->mac, now))
            continue;
        struct item *item = add(items);
        item->interface = irb->id;
        item->other = 0;
        item->mac = entry->mac;
        zt_ip_format(entry->ip, item->text);
    }
}

char *zt_machine_learned_json(const struct zt_machine *machine, uint64_t now, size_t *length)
{
    struct items fdb = { 0 }, neighbours = { 0 };
    struct zt_text text = { 0 };

    for (uint32_t i = 0; machine->program != NULL && i < machine->program->interface_count; i++)
        if (zt_interface_at(machine, i)->kind == ZT_KIND_BRIDGE)
            list_bridge(machine, zt_interface_at(machine, i), now, &fdb);
    if (machine->program != NULL)
        list_neighbours(machine, now, &neighbours);
    sort(&fdb);
    sort(&neighbours);
    zt_text_format(&text, "{\"fdb\":[");
    for (uint32_t i = 0; i < fdb.count; i++)
        zt_text_format(&text, "%s{\"bridge\":%u,\"mac\":\"%s\",\"interface\":%u}",
                       i == 0 ? "" : ",", fdb.list[i].interface, fdb.list[i].text,
                       fdb.list[i].other);
    zt_text_format(&text, "],\"neighbours\":[");
    for (uint32_t i = 0; i < neighbours.count; i++) {
        char mac[ZT_ADDRESS_TEXT];
        zt_mac_format(neighbours.list[i].mac, mac);
        zt_text_format(&text, "%s{\"interface\":%u,\"address\":\"%s\",\"mac\":\"%s\"}",
                       i == 0 ? "" : ",", neighbours.list[i].interface, neighbours.list[i].text,
                       mac);
    }
    zt_text_format(&text, "]}");
    free(fdb.list);
    free(neighbours.list);
    return zt_text_take(&text, length);
}
