/* SPDX-License-Identifier: Apache-2.0 */
/* A program that was read becomes ready to run: FDBs, static neighbours, keys. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/error.h"
#include "src/machine/address_text.h"
#include "src/machine/internal.h"
#include "src/machine/keys.h"

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

/* A key that the running program has under the same reference. */
static const struct zt_sa *find_loaded(const struct zt_program *program, const char *reference)
{
    for (uint32_t i = 0; program != NULL && i < program->interface_count; i++) {
        const struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind != ZT_KIND_MACSEC)
            continue;
        if (strcmp(interface->macsec.tx.key, reference) == 0)
            return &interface->macsec.tx;
        for (uint32_t rx = 0; rx < interface->macsec.rx_count; rx++)
            if (strcmp(interface->macsec.rx[rx].key, reference) == 0)
                return &interface->macsec.rx[rx];
    }
    return NULL;
}

static bool set_key(struct zt_machine *machine, struct zt_sa *sa, const struct zt_keys *keys,
                    uint16_t interface, struct zt_error *error)
{
    const uint8_t *key = zt_keys_find(keys, sa->key, ZT_KEY_OCTETS);
    if (key != NULL) {
        zt_macsec_set_key(machine, sa, key);
        return true;
    }
    const struct zt_sa *loaded = find_loaded(machine->program, sa->key);
    if (loaded != NULL) {
        zt_macsec_copy_key(sa, loaded);
        return true;
    }
    char where[48];
    snprintf(where, sizeof where, "interface %u", interface);
    return zt_error_set(error, "keys-missing", where,
                        "there is no key of 16 octets for `%s`; name a key file that has it",
                        sa->key);
}

static bool set_keys(struct zt_machine *machine, struct zt_program *program,
                     const struct zt_keys *keys, struct zt_error *error)
{
    for (uint32_t i = 0; i < program->interface_count; i++) {
        struct zt_interface *interface = &program->interfaces[i];
        if (interface->kind != ZT_KIND_MACSEC)
            continue;
        if (!set_key(machine, &interface->macsec.tx, keys, interface->id, error))
            return false;
        for (uint32_t rx = 0; rx < interface->macsec.rx_count; rx++)
            if (!set_key(machine, &interface->macsec.rx[rx], keys, interface->id, error))
                return false;
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
        set_keys(machine, program, keys, error) &&
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
