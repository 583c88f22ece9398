/* SPDX-License-Identifier: Apache-2.0 */
/* The note that the slow path takes for the flow cache. */
#include "src/machine/internal.h"
#include "src/machine/trace_reads.h"

void zt_record_refuse(struct zt_machine *machine)
{
    machine->record.active = false;
}

bool zt_record_suspend(struct zt_machine *machine)
{
    bool active = machine->record.active;
    machine->record.active = false;
#ifdef ZT_TRACE_READS
    zt_trace_end();
#endif
    return active;
}

void zt_record_resume(struct zt_machine *machine, bool active)
{
    machine->record.active = active;
}

void zt_record_source(struct zt_machine *machine, uint32_t bridge, uint32_t index, bool refreshes)
{
    struct zt_flow_action *action = &machine->record.action;
    if (!machine->record.active)
        return;
    action->has_source = true;
    action->refreshes = refreshes;
    action->source = (struct zt_flow_link){
        bridge, index, zt_interface_at(machine, bridge)->br.fdb->entries[index].generation
    };
}

static void add_link(struct zt_machine *machine, struct zt_flow_link link)
{
    struct zt_flow_action *action = &machine->record.action;
    if (action->link_count == ZT_FLOW_LINKS)
        zt_record_refuse(machine);
    else
        action->links[action->link_count++] = link;
}

void zt_record_fdb(struct zt_machine *machine, uint32_t bridge, uint32_t index)
{
    if (machine->record.active)
        add_link(machine,
                 (struct zt_flow_link){
                     bridge, index,
                     zt_interface_at(machine, bridge)->br.fdb->entries[index].generation });
}

void zt_record_neighbour(struct zt_machine *machine, uint32_t index)
{
    if (machine->record.active)
        add_link(machine, (struct zt_flow_link){ ZT_NONE, index,
                                                 machine->neighbours.entries[index].generation });
}

void zt_record_arriving_limit(struct zt_machine *machine, uint32_t limit)
{
    if (!machine->record.active)
        return;
    if (machine->record.action.arriving_limit != 0)
        zt_record_refuse(machine);
    machine->record.action.arriving_limit = limit;
}

void zt_record_leaving_limit(struct zt_machine *machine, uint32_t limit)
{
    struct zt_flow_action *action = &machine->record.action;
    if (limit == UINT32_MAX || !machine->record.active)
        return;
    limit -= action->outer_length;
    if (limit < action->leaving_limit)
        action->leaving_limit = limit;
}

void zt_record_routed(struct zt_machine *machine)
{
    if (!machine->record.active)
        return;
    if (machine->record.action.routed || machine->record.action.encapsulated)
        zt_record_refuse(machine);
    machine->record.action.routed = true;
}

void zt_record_encapsulated(struct zt_machine *machine, uint32_t vxlan, uint32_t octets)
{
    struct zt_flow_action *action = &machine->record.action;
    if (!machine->record.active)
        return;
    if (action->encapsulated) {
        zt_record_refuse(machine);
        return;
    }
    action->encapsulated = true;
    action->vxlan = vxlan;
    action->outer_length = (uint8_t)octets;
}

void zt_record_egress(struct zt_machine *machine, uint32_t interface, struct zt_frame frame)
{
    struct zt_flow_action *action = &machine->record.action;
    if (!machine->record.active)
        return;
    if (action->egress != ZT_NONE) {
        zt_record_refuse(machine);
        return;
    }
    action->egress = interface;
    memcpy(action->outer, frame.data, action->outer_length);
    memcpy(action->ethernet, frame.data + action->outer_length, ZT_ETH_HEADER);
}

void zt_record_sealed(struct zt_machine *machine, uint32_t interface, struct zt_wg_peer *peer,
                      const struct zt_packet *packet)
{
    if (!machine->record.active)
        return;
    zt_record_egress(machine, interface, packet->frame);
    machine->record.action.peer = peer;
    machine->record.action.received = packet->received;
}
