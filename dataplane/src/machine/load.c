/* SPDX-License-Identifier: Apache-2.0 */
/* A program that was read becomes ready to run: FDBs, static neighbours, keys. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/address_text.h"
#include "src/machine/internal.h"

static bool fill_fdbs(struct zt_machine *machine, struct zt_program *program,
                      struct zt_error *error)
{
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind != ZT_KIND_BRIDGE)
            continue;
        struct zt_bridge *br = &interface->br;
        br->fdb = zt_fdb_new(br->ageing, br->fdb_limit, machine->secret);
        if (br->snoops)
            br->memberships = zt_memberships_new(br->snooping, br->fdb_limit, machine->secret);
    }
    for (uint32_t i = 0; i < program->fdb_count; i++) {
        const struct zt_static_fdb *entry = &program->fdb[i];
        struct zt_fdb *fdb = program->interfaces[entry->bridge].br.fdb;
        char where[40];
        snprintf(where, sizeof where, "$.tables.fdb[%" PRIu32 "].mac", i);
        if (!zt_fdb_add_static(fdb, entry->mac, entry->interface, entry->remote))
            return zt_error_set(error, "program-invalid", where,
                                "the bridge has an entry for this MAC already");
    }
    return true;
}

static bool fill_neighbours(struct zt_machine *machine, const struct zt_program *program,
                            struct zt_neighbour_table *neighbours, struct zt_error *error)
{
    zt_neighbour_table_init(neighbours, program->interface_count, machine->secret);
    for (uint32_t i = 0; i < program->neighbour_count; i++) {
        const struct zt_static_neighbour *given = &program->neighbours[i];
        char where[48];
        snprintf(where, sizeof where, "$.tables.neighbours[%" PRIu32 "].address", i);
        if (zt_neighbour_table_find(neighbours, given->interface, given->ip) != ZT_NEIGHBOUR_NONE)
            return zt_error_set(error, "program-invalid", where,
                                "the interface has a neighbour with this address already");
        uint32_t index = zt_neighbour_table_add(neighbours, given->interface, given->ip);
        struct zt_neighbour *entry = &neighbours->entries[index];
        entry->state = ZT_NEIGHBOUR_STATIC;
        entry->of_program = true;
        entry->mac = given->mac;
    }
    return true;
}

bool zt_load_prepare(struct zt_machine *machine, struct zt_program *program,
                     const struct zt_keys *keys, struct zt_neighbour_table *neighbours,
                     struct zt_error *error)
{
    *neighbours = (struct zt_neighbour_table){ 0 };
    if (fill_fdbs(machine, program, error) &&
        fill_neighbours(machine, program, neighbours, error) &&
        zt_macsec_prepare(machine, program, keys, error) &&
        zt_wireguard_prepare(machine, program, keys, error))
        return true;
    zt_neighbour_table_clear(neighbours);
    zt_load_free_tables(program);
    return false;
}

void zt_load_free_tables(struct zt_program *program)
{
    for (uint32_t i = 0; program != NULL && i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind != ZT_KIND_BRIDGE)
            continue;
        zt_fdb_free(interface->br.fdb);
        interface->br.fdb = NULL;
        zt_memberships_free(interface->br.memberships);
        interface->br.memberships = NULL;
    }
}
