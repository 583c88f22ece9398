/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/machine/internal.h"

static struct zt_effect *add(struct zt_machine *machine)
{
    if (machine->effect_count == machine->effect_capacity) {
        machine->effect_capacity =
            machine->effect_capacity == 0 ? 256 : machine->effect_capacity * 2;
        machine->effects =
            zt_realloc(machine->effects, machine->effect_capacity, sizeof *machine->effects);
    }
    machine->counters.outputs++;
    return &machine->effects[machine->effect_count++];
}

void zt_emit_fate(struct zt_machine *machine, enum zt_fate fate)
{
    zt_record_refuse(machine);
    machine->counters.fates[fate]++;
    *add(machine) = (struct zt_effect){ .kind = ZT_EFFECT_FATE,
                                        .input = machine->input,
                                        .fate = (uint16_t)fate };
}

static void emit_frame(struct zt_machine *machine, enum zt_effect_kind kind, uint16_t port,
                       struct zt_frame frame)
{
    *add(machine) = (struct zt_effect){ .kind = kind,
                                        .input = machine->input,
                                        .interface = port,
                                        .length = frame.length,
                                        .data = frame.data };
}

void zt_emit_tx(struct zt_machine *machine, uint32_t port, struct zt_frame frame)
{
    uint16_t id = zt_interface_at(machine, port)->id;
    machine->ports[id].tx++;
    emit_frame(machine, ZT_EFFECT_TX, id, frame);
}

void zt_emit_punt(struct zt_machine *machine, uint32_t port, struct zt_frame frame)
{
    uint16_t id = zt_interface_at(machine, port)->id;
    zt_record_refuse(machine);
    machine->ports[id].punt_out++;
    emit_frame(machine, ZT_EFFECT_PUNT, id, frame);
}
