/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine shows of itself as JSON: `tables` and `program` of the control protocol. */
#include <inttypes.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/base/text.h"
#include "src/machine/address_text.h"
#include "src/machine/macsec.h"
#include "src/machine/wireguard_dump.h"

static uint16_t id_of(const struct zt_machine *machine, uint32_t index)
{
    return zt_interface_at(machine, index)->id;
}

static void dump_fdb(const struct zt_machine *machine, uint64_t now, struct zt_text *text)
{
    const char *separator = "";
    for (uint32_t b = 0; b < machine->program->interface_count; b++) {
        const struct zt_interface *bridge = zt_interface_at(machine, b);
        if (bridge->kind != ZT_KIND_BRIDGE)
            continue;
        const struct zt_fdb *fdb = bridge->br.fdb;
        for (uint32_t i = 0; i < fdb->count; i++) {
            const struct zt_fdb_entry *entry = &fdb->entries[i];
            char mac[ZT_ADDRESS_TEXT], remote[ZT_ADDRESS_TEXT];
            if (entry->state != ZT_FDB_DYNAMIC || !zt_fdb_is_valid(fdb, entry, now))
                continue;
            zt_mac_format(entry->mac, mac);
            zt_text_format(text, "%s{\"bridge\":%u,\"mac\":\"%s\",\"interface\":%u", separator,
                           bridge->id, mac, id_of(machine, entry->member));
            if (entry->remote.family != 0) {
                zt_ip_format(entry->remote, remote);
                zt_text_format(text, ",\"remote\":\"%s\"", remote);
            }
            zt_text_format(text, ",\"age\":%" PRIu64 "}", now - entry->seen);
            separator = ",";
        }
    }
}

static void dump_neighbours(const struct zt_machine *machine, uint64_t now, struct zt_text *text)
{
    const char *separator = "";
    for (uint32_t i = 0; i < machine->neighbours.count; i++) {
        const struct zt_neighbour *entry = &machine->neighbours.entries[i];
        char mac[ZT_ADDRESS_TEXT], address[ZT_ADDRESS_TEXT];
        bool incomplete = entry->state == ZT_NEIGHBOUR_INCOMPLETE;
        if (!incomplete &&
            (entry->state != ZT_NEIGHBOUR_RESOLVED ||
             !zt_neighbour_is_fresh(entry, zt_interface_at(machine, entry->interface)->irb.lifetime,
                                    now)))
            continue;
        zt_ip_format(entry->ip, address);
        zt_text_format(text, "%s{\"interface\":%u,\"address\":\"%s\",\"state\":\"%s\"", separator,
                       id_of(machine, entry->interface), address,
                       incomplete ? "incomplete" : "resolved");
        if (!incomplete) {
            zt_mac_format(entry->mac, mac);
            zt_text_format(text, ",\"mac\":\"%s\"", mac);
        }
        zt_text_format(text, ",\"age\":%" PRIu64 "}",
                       now - (incomplete ? entry->first : entry->confirmed));
        separator = ",";
    }
}

static void dump_membership(const struct zt_machine *machine, uint16_t bridge,
                            const struct zt_membership *entry, struct zt_text *text)
{
    char address[ZT_ADDRESS_TEXT];
    zt_ip_format(entry->group, address);
    zt_text_format(text, "{\"bridge\":%u,\"group\":\"%s\",\"interface\":%u", bridge, address,
                   id_of(machine, entry->member));
    if (entry->remote.family != 0) {
        zt_ip_format(entry->remote, address);
        zt_text_format(text, ",\"remote\":\"%s\"", address);
    }
    zt_text_append(text, "}", 1);
}

static void dump_memberships(const struct zt_machine *machine, uint64_t now, struct zt_text *text)
{
    const char *separator = "";
    for (uint32_t b = 0; b < machine->program->interface_count; b++) {
        const struct zt_interface *bridge = zt_interface_at(machine, b);
        const struct zt_memberships *table =
            bridge->kind == ZT_KIND_BRIDGE ? bridge->br.memberships : NULL;
        for (uint32_t i = 0; table != NULL && i < table->count; i++) {
            if (!zt_membership_is_valid(table, &table->entries[i], now))
                continue;
            zt_text_append(text, separator, strlen(separator));
            dump_membership(machine, bridge->id, &table->entries[i], text);
            separator = ",";
        }
    }
}

static void dump_carrier(const struct zt_machine *machine, struct zt_text *text)
{
    const struct zt_program *program = machine->program;
    for (uint32_t i = 0; i < program->port_count; i++) {
        const struct zt_interface *port = zt_interface_at(machine, program->ports[i]);
        zt_text_format(text, "%s{\"interface\":%u,\"up\":%s}", i == 0 ? "" : ",", port->id,
                       port->port.down ? "false" : "true");
    }
}

char *zt_machine_tables_json(const struct zt_machine *machine, uint64_t now, size_t *length)
{
    struct zt_text text = { 0 };
    zt_text_format(&text, "{\"fdb\":[");
    if (machine->program != NULL)
        dump_fdb(machine, now, &text);
    zt_text_format(&text, "],\"neighbours\":[");
    if (machine->program != NULL)
        dump_neighbours(machine, now, &text);
    zt_text_format(&text, "],\"macsec\":[");
    if (machine->program != NULL)
        zt_macsec_dump(machine, &text);
    zt_text_format(&text, "],\"memberships\":[");
    if (machine->program != NULL)
        dump_memberships(machine, now, &text);
    zt_text_format(&text, "],\"carrier\":[");
    if (machine->program != NULL)
        dump_carrier(machine, &text);
    zt_text_format(&text, "],\"wireguard\":[");
    if (machine->program != NULL)
        zt_wg_dump_state(machine, now, &text);
    zt_text_format(&text, "]}");
    return zt_text_take(&text, length);
}

/* A piece of the program's text and what stands there now. */
struct patch {
    struct zt_span span;
    enum { PATCH_VNI, PATCH_MACSEC, PATCH_PEERS, PATCH_TABLES } what;
    const struct zt_interface *interface;
};

static int compare_patches(const void *a, const void *b)
{
    const struct patch *left = a, *right = b;
    return (left->span.start > right->span.start) - (left->span.start < right->span.start);
}

/* What was changed; the rest stays as it was written, to the octet: a VNI may be written as 1e4. */
static uint32_t list_patches(const struct zt_program *program, struct patch *patches)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->interface_count; i++) {
        const struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind == ZT_KIND_VXLAN && interface->vxlan.vni_set)
            patches[count++] = (struct patch){ interface->vxlan.vni_span, PATCH_VNI, interface };
        if (interface->kind == ZT_KIND_MACSEC && interface->macsec.changed)
            patches[count++] = (struct patch){ interface->macsec.text, PATCH_MACSEC, interface };
        if (interface->kind == ZT_KIND_WIREGUARD && interface->wireguard.peers_set)
            patches[count++] = (struct patch){ interface->wireguard.peers, PATCH_PEERS, interface };
    }
    if (program->tables_changed)
        patches[count++] = (struct patch){ program->tables, PATCH_TABLES, NULL };
    if (count > 0)
        qsort(patches, count, sizeof *patches, compare_patches);
    return count;
}

char *zt_machine_program_json(const struct zt_machine *machine, size_t *length)
{
    const struct zt_program *program = machine->program;
    struct zt_text text = { 0 };
    if (program == NULL) {
        zt_text_format(&text, "null");
        return zt_text_take(&text, length);
    }
    struct patch *patches = zt_calloc((size_t)program->interface_count + 1, sizeof *patches);
    uint32_t count = list_patches(program, patches), at = 0;
    for (uint32_t i = 0; i < count; i++) {
        zt_text_append(&text, program->text + at, patches[i].span.start - at);
        if (patches[i].what == PATCH_VNI)
            zt_text_format(&text, "%u", patches[i].interface->vxlan.vni);
        else if (patches[i].what == PATCH_MACSEC)
            zt_macsec_dump_interface(machine, patches[i].interface, &text);
        else if (patches[i].what == PATCH_PEERS)
            zt_wg_dump_peers(&patches[i].interface->wireguard, &text);
        else
            zt_dump_tables(machine, &text);
        at = patches[i].span.end;
    }
    zt_text_append(&text, program->text + at, program->length - at);
    free(patches);
    return zt_text_take(&text, length);
}
