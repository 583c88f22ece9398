/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "src/run/engine.h"
#include "src/run/tap.h"

static void add_input(struct zt_engine *engine, enum zt_input_kind kind, uint16_t interface,
                      const uint8_t *data, uint32_t length)
{
    engine->vector.inputs[engine->vector.count++] = (struct zt_input){
        .kind = kind,
        .interface = interface,
        .length = length,
        .data = data,
    };
}

/* The frame's memory goes back to the ring with the vector's. */
static void put_aside(struct zt_engine *engine, uint32_t index, const struct zt_xsk_frame *frame)
{
    struct zt_port *port = &engine->ports[index];

    engine->vector.aside++;
    if (zt_handshakes_put(&engine->handshakes, index, frame->data, frame->length))
        port->aside++;
    else
        port->aside_dropped++;
}

/* Up to `most` frames of a port; true if it may have more. */
static bool gather_frames(struct zt_engine *engine, uint32_t index, uint32_t most)
{
    struct zt_xsk_frame frames[ZT_VECTOR_MAX];
    struct zt_port *port = &engine->ports[index];
    uint32_t count;

    if (port->gone)
        return false;
    count = zt_xsk_receive(&port->xsk, frames, most);
    for (uint32_t i = 0; i < count; i++)
        if (zt_handshakes_has(&engine->handshakes, frames[i].data, frames[i].length))
            put_aside(engine, index, &frames[i]);
        else
            add_input(engine, ZT_INPUT_FRAME, port->id, frames[i].data, frames[i].length);
    engine->vector.taken[index] += count;
    return count == most;
}

static bool gather_punted(struct zt_engine *engine, struct zt_port *port, uint32_t most)
{
    for (uint32_t i = 0; port->tap_readable && i < most; i++) {
        uint8_t *frame = engine->vector.punted[engine->vector.count];
        size_t length = zt_tap_read(port->tap, frame, ZT_XSK_CHUNK);

        port->tap_readable = length > 0;
        if (!port->tap_readable)
            break;
        port->punt_in++;
        add_input(engine, ZT_INPUT_PUNT, port->id, frame, (uint32_t)length);
    }
    return port->tap_readable;
}

/* What is put aside takes its room too: a flood of it fills vectors like any other. */
static uint32_t room_of(const struct zt_engine *engine)
{
    return ZT_VECTOR_MAX - engine->vector.count - engine->vector.aside;
}

/* Round robin over the ports, each its share, until the vector is full or nothing is left. */
static void gather(struct zt_engine *engine)
{
    uint32_t share = ZT_VECTOR_MAX / 4 / engine->port_count;
    bool more = true;

    if (share == 0)
        share = 1;
    engine->vector.count = engine->vector.aside = 0;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < engine->port_count; i++) {
            uint32_t index = (engine->next_port + i) % engine->port_count;
            uint32_t room = room_of(engine);

            if (room == 0) {
                engine->next_port = index;
                return;
            }
            more |= gather_frames(engine, index, room < share ? room : share);
            room = room_of(engine);
            more |= gather_punted(engine, &engine->ports[index], room < share ? room : share);
        }
    }
}

static void carry_out(struct zt_engine *engine, const struct zt_effect *effect)
{
    struct zt_port *port;

    if (effect->kind == ZT_EFFECT_FATE)
        return;
    port = zt_engine_port(engine, effect->interface);
    if (!port)
        return;
    if (effect->kind == ZT_EFFECT_PUNT) {
        zt_port_punt(port, effect->data, effect->length);
        return;
    }
    if (port->capture.file)
        zt_capture_sent(&engine->captures, &port->capture, engine->last_now - engine->advance,
                        effect->data, effect->length);
    zt_port_send(port, effect->data, effect->length);
}

static void flush_ports(struct zt_engine *engine)
{
    for (uint32_t i = 0; i < engine->port_count; i++)
        zt_port_flush(&engine->ports[i]);
}

void zt_engine_effects(struct zt_engine *engine, struct zt_effects effects, uint64_t now)
{
    for (uint32_t i = 0; i < effects.count; i++) {
        carry_out(engine, &effects.list[i]);
        if (engine->journal)
            zt_journal_effect(engine->journal, now, &effects.list[i]);
    }
    flush_ports(engine);
}

void zt_engine_input(struct zt_engine *engine, enum zt_input_kind kind, uint16_t interface,
                     const uint8_t *data, uint32_t length)
{
    struct zt_input input = {
        .kind = kind,
        .interface = interface,
        .length = length,
        .data = data,
        .now = zt_engine_now(engine),
    };
    struct zt_effects effects = zt_machine_run(engine->machine, &input, 1);

    if (engine->journal)
        zt_journal_input(engine->journal, &input);
    zt_engine_effects(engine, effects, input.now);
    zt_engine_publish(engine);
}

bool zt_engine_control(struct zt_engine *engine, const char *message, size_t length,
                       struct zt_error *error)
{
    uint64_t now = zt_engine_now(engine);
    struct zt_effects effects;

    if (!zt_machine_control(engine->machine, now, message, length, &effects, error))
        return false;
    if (engine->journal)
        zt_journal_record(engine->journal, ZT_JOURNAL_CONTROL_IN, 0, now, message,
                          (uint32_t)length);
    zt_engine_effects(engine, effects, now);
    return true;
}

/* Processes the vector's inputs and carries out what comes of them. */
static void process(struct zt_engine *engine)
{
    struct zt_effects effects;
    uint64_t now;

    if (engine->vector.count == 0)
        return;
    now = zt_engine_now(engine);
    for (uint32_t i = 0; i < engine->vector.count; i++)
        engine->vector.inputs[i].now = now;
    effects = zt_machine_run(engine->machine, engine->vector.inputs, engine->vector.count);
    for (uint32_t i = 0; i < effects.count; i++)
        carry_out(engine, &effects.list[i]);
    flush_ports(engine);
    if (engine->journal)
        zt_journal_vector(engine->journal, engine->vector.inputs, engine->vector.count, effects);
}

void zt_engine_handshakes(struct zt_engine *engine, uint32_t most)
{
    struct zt_handshakes *waiting = &engine->handshakes;

    for (uint32_t left = waiting->count < most ? waiting->count : most, count; left > 0;
         left -= count) {
        count = left < ZT_VECTOR_MAX ? left : ZT_VECTOR_MAX;
        engine->vector.count = 0;
        for (uint32_t i = 0; i < count; i++) {
            const struct zt_handshake *handshake = zt_handshakes_at(waiting, i);
            struct zt_port *port = &engine->ports[handshake->port];

            port->aside--;
            add_input(engine, ZT_INPUT_FRAME, port->id, handshake->data, handshake->length);
        }
        process(engine);
        zt_handshakes_done(waiting, count);
        zt_engine_publish(engine);
    }
}

bool zt_engine_step(struct zt_engine *engine)
{
    if (engine->ports_down > 0)
        zt_engine_hear_carrier(engine);
    memset(engine->vector.taken, 0, sizeof(engine->vector.taken[0]) * engine->port_count);
    gather(engine);
    if (engine->vector.count + engine->vector.aside == 0)
        return false;
    process(engine);
    for (uint32_t i = 0; i < engine->port_count; i++)
        if (!engine->ports[i].gone)
            zt_xsk_receive_done(&engine->ports[i].xsk, engine->vector.taken[i]);
    zt_engine_publish(engine);
    return true;
}
