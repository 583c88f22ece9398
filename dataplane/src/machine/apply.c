/* SPDX-License-Identifier: Apache-2.0 */
/* CTRL-6: changes of tables, whole or not at all, in their order. */
#include "src/machine/apply.h"

#include <stdlib.h>

#include "src/machine/internal.h"
#include "src/machine/macsec_apply.h"
#include "src/machine/route_table.h"
#include "src/machine/wireguard_apply.h"

static void change_route(struct zt_program *program, struct zt_change *change)
{
    if (change->removes) {
        zt_route_remove(program, change->place, change->ip, change->length);
        return;
    }
    zt_route_set(program, change->place, change->ip, change->length, change->members,
                 change->count);
    change->members = NULL;
}

static void change_fdb(struct zt_machine *machine, const struct zt_change *change)
{
    struct zt_fdb *fdb = zt_interface_at(machine, change->place)->br.fdb;
    if (change->removes)
        zt_fdb_remove(fdb, change->mac);
    else
        zt_fdb_set(fdb, change->mac, change->member, change->remote, change->sticky);
}

static void change_neighbour(struct zt_machine *machine, const struct zt_change *change)
{
    if (change->removes)
        zt_neighbour_unset(machine, change->place, change->ip);
    else
        zt_neighbour_set(machine, change->place, change->ip, change->mac, change->sticky);
}

static void change_flood(struct zt_machine *machine, struct zt_change *change)
{
    struct zt_vxlan *vxlan = &zt_interface_at(machine, change->place)->vxlan;
    if (vxlan->flood_set)
        free(vxlan->flood);
    vxlan->flood = change->remotes;
    vxlan->flood_count = change->count;
    vxlan->flood_set = true;
    change->remotes = NULL;
}

static void carry_out(struct zt_machine *machine, struct zt_changes *changes)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        struct zt_change *change = &changes->list[i];
        switch (change->table) {
        case ZT_CHANGE_ROUTE:
            change_route(machine->program, change);
            break;
        case ZT_CHANGE_FDB:
            change_fdb(machine, change);
            break;
        case ZT_CHANGE_NEIGHBOUR:
            change_neighbour(machine, change);
            break;
        case ZT_CHANGE_FLOOD:
            change_flood(machine, change);
            break;
        case ZT_CHANGE_PEER:
            zt_wg_change_apply(machine, change->place, change->removes, change->peer);
            continue; /* peers and associations are no tables of the program's */
        case ZT_CHANGE_RECEIVE:
            zt_macsec_change_receive(machine, change->place, change->association);
            continue;
        case ZT_CHANGE_TRANSMIT:
            zt_macsec_change_transmit(machine, change->place, change->association);
            continue;
        }
        machine->program->tables_changed = true;
    }
}

bool zt_apply(struct zt_machine *machine, const struct zt_schema *schema, uint32_t node)
{
    struct zt_changes changes;
    bool good = zt_changes_read(machine, schema, node, &changes);

    if (good || ZT_MUTANT(applied_in_part))
        carry_out(machine, &changes);
    zt_changes_free(&changes);
    return good;
}
