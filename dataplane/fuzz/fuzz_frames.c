/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames through the machine with the test leaf: no crash, and with flow cache and vectors the same effects as without, one by
 * one (MODEL-1). The input is a list of steps: an octet that says what, an octet of time in units of 50 ms, an octet of length
 * (times 8 when its high bit is set), the frame. Frames for the sealed port are sealed here first, else none would pass.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/machine/internal.h"

#define STEPS 64u

static const char sealer_program[] =
    "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"peer\",\"seeds\":{\"ecmp\":0,"
    "\"sourcePort\":0},"
    "\"vrfs\":[{\"id\":0,\"name\":\"u\"}],\"interfaces\":["
    "{\"id\":1,\"name\":\"a\",\"kind\":\"port\",\"mac\":\"02:00:00:00:02:03\",\"mtu\":9216,"
    "\"addresses\":[],\"tap\":true},"
    "{\"id\":2,\"name\":\"m\",\"kind\":\"macsec\",\"lower\":1,\"mac\":\"02:00:00:00:02:03\","
    "\"mtu\":9000,\"addresses\":[],"
    "\"cipher\":\"gcm-aes-128\",\"mode\":\"strict\",\"replayWindow\":0,\"vrf\":0,"
    "\"tx\":{\"sci\":\"0200000002030001\",\"an\":0,\"key\":\"lab:test/0200000002030001/0\"},"
    "\"rx\":[{\"sci\":\"0200000001030001\",\"an\":0,\"key\":\"lab:test/0200000001030001/0\"}]}],"
    "\"tables\":{\"routes\":[],\"groups\":[],\"neighbours\":[],\"fdb\":[],\"flood\":[]}}";

static struct zt_machine *machines[2], *sealer;

static void load(struct zt_machine *machine, const char *program, size_t length)
{
    struct zt_effects effects;
    struct zt_error error;
    if (!zt_machine_load(machine, 0, program, length, fuzz_keys(), &effects, &error))
        abort();
}

/* Every packet number at 1, tables and flow cache empty: what was found does not depend on what ran before. */
static void forget(struct zt_machine *machine)
{
    for (uint32_t i = 0; i < machine->program->interface_count; i++) {
        struct zt_interface *interface = &machine->program->interfaces[i];
        if (interface->kind == ZT_KIND_BRIDGE)
            zt_fdb_flush(interface->br.fdb, ZT_FDB_NONE);
        if (interface->kind != ZT_KIND_MACSEC)
            continue;
        interface->macsec.tx.pn = 1;
        for (uint32_t rx = 0; rx < interface->macsec.rx_count; rx++)
            interface->macsec.rx[rx].pn = 1;
    }
    zt_neighbour_flush(machine, ZT_NONE);
    machine->epoch++;
}

/* Neighbour updates are forgotten with the program alone. */
static bool updated = true;

static void start(void)
{
    size_t length;
    const char *leaf = fuzz_program("leaf", &length);
    if (sealer == NULL) {
        for (uint32_t i = 0; i < 2; i++)
            machines[i] = zt_machine_create(
                &(struct zt_machine_options){ .cache = i == 1, .cache_entries = 64 });
        sealer = zt_machine_create(&(struct zt_machine_options){ 0 });
        load(sealer, sealer_program, sizeof sealer_program - 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (updated)
            load(machines[i], leaf, length);
        forget(machines[i]);
    }
    forget(sealer);
    updated = false;
}

/* The frame as the peer would seal it, in memory to be freed. */
static uint8_t *seal(const uint8_t *frame, uint32_t length, uint32_t *sealed_length)
{
    struct zt_input input = {
        .kind = ZT_INPUT_PUNT, .interface = 1, .data = frame, .length = length
    };
    struct zt_effects effects = zt_machine_run(sealer, &input, 1);
    if (effects.count != 1 || effects.list[0].kind != ZT_EFFECT_TX)
        return NULL;
    uint8_t *sealed = malloc(effects.list[0].length);
    if (sealed == NULL)
        abort();
    memcpy(sealed, effects.list[0].data, effects.list[0].length);
    *sealed_length = effects.list[0].length;
    return sealed;
}

/* IPv4 header checksum, so that headers pass whose other fields were changed. */
static void mend(uint8_t *frame, uint32_t length)
{
    struct zt_ip_packet packet;
    if (length < ZT_ETH_HEADER || zt_eth_type(frame).value != ZT_ETHERTYPE_IPV4 ||
        !zt_ipv4_read(frame + ZT_ETH_HEADER, length - ZT_ETH_HEADER, &packet))
        return;
    zt_store_u16(frame + 24, 0);
    zt_store_be16(frame + 24,
                  zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, frame + ZT_ETH_HEADER, packet.header)));
}

/* Inputs from the octets; frames are copied to memory of their exact size. */
static uint32_t read_steps(const uint8_t *data, size_t size, struct zt_input *inputs,
                           uint8_t **frames)
{
    static const uint16_t ports[] = { 1, 2, 3, 11, 12, 21, 41, 42, 51 };
    uint64_t now = 0;
    uint32_t count = 0;
    while (size >= 3 && count < STEPS) {
        uint8_t what = data[0];
        uint32_t length = data[2] & 0x80 ? (data[2] & 0x7fu) * 8 : data[2];
        now += data[1] * UINT64_C(50000000);
        data += 3;
        size -= 3;
        length = length > size ? (uint32_t)size : length;
        uint8_t *frame = malloc(length == 0 ? 1 : length);
        if (frame == NULL)
            abort();
        if (length > 0)
            memcpy(frame, data, length);
        data += length;
        size -= length;
        struct zt_input input = { .kind = ZT_INPUT_FRAME,
                                  .interface = ports[what % 9],
                                  .now = now };
        if (what >= 240)
            input.kind = ZT_INPUT_CLOCK;
        else if (what >= 225)
            input.kind = ZT_INPUT_PUNT;
        else if (what >= 220) {
            input.kind = ZT_INPUT_NEIGHBOUR;
            updated = true;
            input.interface = what == 220 ? 1 : 4;
        }
        if ((what & 1) == 0)
            mend(frame, length);
        if (input.kind == ZT_INPUT_FRAME && input.interface == 3 && what < 180) {
            uint32_t sealed_length;
            uint8_t *sealed = seal(frame, length, &sealed_length);
            if (sealed != NULL) {
                free(frame);
                frame = sealed;
                length = sealed_length;
            }
        }
        input.data = frame;
        input.length = input.kind == ZT_INPUT_CLOCK ? 0 : length;
        frames[count] = frame;
        inputs[count++] = input;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zt_input inputs[STEPS];
    uint8_t *frames[STEPS];
    uint32_t next = 0;

    start();
    uint32_t count = read_steps(data, size, inputs, frames);
    struct zt_effects vector = zt_machine_run(machines[1], inputs, count);
    for (uint32_t i = 0; i < count; i++) {
        struct zt_effects single = zt_machine_run(machines[0], &inputs[i], 1);
        for (uint32_t e = 0; e < single.count; e++, next++) {
            const struct zt_effect *a = &single.list[e], *b = &vector.list[next];
            if (next >= vector.count || a->kind != b->kind || b->input != i ||
                a->interface != b->interface || a->fate != b->fate || a->length != b->length ||
                (a->length > 0 && memcmp(a->data, b->data, a->length) != 0))
                abort();
        }
    }
    if (next != vector.count)
        abort();
    for (uint32_t i = 0; i < count; i++)
        free(frames[i]);
    return 0;
}
