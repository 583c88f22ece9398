/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames through the machine with the test leaf: no crash, and with flow cache and vectors the same effects as without, one by
 * one (MODEL-1). The input is a list of steps: an octet that says what, an octet of time in units of 50 ms, an octet of length
 * (times 8 when its high bit is set), the frame. Frames for the sealed port are sealed here first, else none would pass. Some
 * octets stand for a change of tables (CTRL-6) between two frames.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/machine/macsec.h"
#include "ztos/group_report.h"

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
/* Versions of `learned` at the start. */
static uint64_t learned[2];

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
        if (interface->kind == ZT_KIND_BRIDGE && interface->br.memberships != NULL)
            zt_memberships_flush(interface->br.memberships, ZT_MEMBERSHIP_NONE);
        if (interface->kind == ZT_KIND_PORT)
            interface->port.down = machine->down[interface->id] = false;
        if (interface->kind != ZT_KIND_MACSEC)
            continue;
        for (uint32_t tx = 0; tx < interface->macsec.tx_count; tx++)
            interface->macsec.tx[tx]->sent->last = 0;
        for (uint32_t rx = 0; rx < interface->macsec.rx_count; rx++)
            interface->macsec.rx[rx]->late = 0;
    }
    zt_neighbour_flush(machine, ZT_NONE);
    machine->epoch++;
}

/* Neighbour updates and changes of tables are forgotten with the program alone. */
static bool updated = true;

/* From this octet on, one of the changes. */
#define FIRST_CHANGE 200u
static const char *const changes[] = {
    "{\"table\":\"fdb\",\"bridge\":10,\"mac\":\"02:bb:00:00:00:12\",\"to\":{\"interface\":13,"
    "\"remote\":\"10.255.0.2\",\"sticky\":false}}",
    "{\"table\":\"fdb\",\"bridge\":10,\"mac\":\"02:bb:00:00:00:11\",\"to\":{\"interface\":12,"
    "\"sticky\":false}}",
    "{\"table\":\"fdb\",\"bridge\":10,\"mac\":\"02:bb:00:00:00:77\",\"to\":{\"interface\":13,"
    "\"remote\":\"10.255.0.2\",\"sticky\":true}}",
    "{\"table\":\"fdb\",\"bridge\":10,\"mac\":\"02:bb:00:00:00:77\",\"to\":null}",
    "{\"table\":\"neighbour\",\"interface\":14,\"address\":\"10.1.0.12\",\"to\":{\"mac\":"
    "\"02:bb:00:00:00:12\",\"sticky\":false}}",
    "{\"table\":\"neighbour\",\"interface\":14,\"address\":\"10.1.0.13\",\"to\":{\"mac\":"
    "\"02:bb:00:00:00:13\",\"sticky\":true}}",
    "{\"table\":\"neighbour\",\"interface\":34,\"address\":\"10.255.0.2\",\"to\":null}",
    "{\"table\":\"route\",\"vrf\":0,\"prefix\":\"10.255.0.2/32\",\"members\":[{\"interface\":2,"
    "\"gateway\":\"10.254.0.2\"},{\"interface\":1,\"gateway\":\"10.254.0.0\"}]}",
    "{\"table\":\"route\",\"vrf\":1,\"prefix\":\"10.1.2.0/24\",\"members\":null}",
    "{\"table\":\"flood\",\"interface\":13,\"remotes\":[\"10.255.0.3\"]}",
};
#define TABLE_CHANGES (sizeof changes / sizeof *changes)
/* Behind them carrier that is lost and comes back: ports 1 and 2 (CTRL-8). */
#define CHANGES (TABLE_CHANGES + 4)

/* The leaf, with a bridge that snoops. */
static const char *leaf_program(size_t *length)
{
    static const char at[] = "\"name\":\"br10\",\"kind\":\"bridge\",",
                      more[] = "\"snooping\":20000000000,";
    static char *text;
    size_t before;
    if (text == NULL) {
        const char *leaf = fuzz_program("leaf", length), *found = strstr(leaf, at);
        text = calloc(*length + sizeof more, 1);
        if (text == NULL || found == NULL)
            abort();
        before = (size_t)(found - leaf) + sizeof at - 1;
        memcpy(text, leaf, before);
        strcpy(text + before, more);
        strcpy(text + before + sizeof more - 1, leaf + before);
    }
    *length = strlen(text);
    return text;
}

static void start(void)
{
    size_t length;
    const char *leaf = leaf_program(&length);
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
        learned[i] = zt_machine_learned_version(machines[i], 0);
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

/* Checksums of IPv4 and IGMP, so that headers pass whose other fields were changed. */
static void mend(uint8_t *frame, uint32_t length)
{
    struct zt_ip_packet packet;
    if (length < ZT_ETH_HEADER || zt_eth_type(frame).value != ZT_ETHERTYPE_IPV4 ||
        !zt_ipv4_read(frame + ZT_ETH_HEADER, length - ZT_ETH_HEADER, &packet))
        return;
    zt_store_u16(frame + 24, 0);
    zt_store_be16(frame + 24,
                  zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, frame + ZT_ETH_HEADER, packet.header)));
    uint8_t *igmp = frame + ZT_ETH_HEADER + packet.header;
    if (frame[23] != ZT_PROTOCOL_IGMP || packet.length < packet.header + ZT_IGMP_LENGTH)
        return;
    zt_store_u16(igmp + 2, 0);
    zt_store_be16(igmp + 2,
                  zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, igmp, packet.length - packet.header)));
}

/* Inputs from the octets; frames are copied to memory of their exact size. `steps`: the change before an input and one, or 0. */
static uint32_t read_steps(const uint8_t *data, size_t size, struct zt_input *inputs,
                           uint8_t **frames, uint8_t *steps)
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
        if (what >= FIRST_CHANGE && what < FIRST_CHANGE + CHANGES)
            steps[count] = what - FIRST_CHANGE + 1;
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

static bool differ(const struct zt_effect *a, const struct zt_effect *b)
{
    return a->kind != b->kind || a->interface != b->interface || a->fate != b->fate ||
           a->length != b->length || (a->length > 0 && memcmp(a->data, b->data, a->length) != 0);
}

/* The same change to both, with the same effects. */
static void change(uint32_t number, uint64_t now)
{
    struct zt_effects effects[2];
    struct zt_error error;
    char text[400];
    int length;
    if (number < TABLE_CHANGES)
        length = snprintf(text, sizeof text, "{\"id\":1,\"op\":\"apply\",\"changes\":[%s]}",
                          changes[number]);
    else
        length =
            snprintf(text, sizeof text, "{\"id\":1,\"op\":\"carrier\",\"interface\":%u,\"up\":%s}",
                     1 + (unsigned int)(number - TABLE_CHANGES) % 2,
                     number - TABLE_CHANGES < 2 ? "false" : "true");
    for (uint32_t i = 0; i < 2; i++)
        if (!zt_machine_control(machines[i], now, text, (size_t)length, &effects[i], &error))
            abort();
    if (effects[0].count != effects[1].count)
        abort();
    for (uint32_t e = 0; e < effects[0].count; e++)
        if (differ(&effects[0].list[e], &effects[1].list[e]))
            abort();
    updated = true;
}

/* A vector against its inputs one by one. */
static void run(const struct zt_input *inputs, uint32_t count)
{
    struct zt_effects vector = zt_machine_run(machines[1], inputs, count);
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct zt_effects single = zt_machine_run(machines[0], &inputs[i], 1);
        for (uint32_t e = 0; e < single.count; e++, next++)
            if (next >= vector.count || vector.list[next].input != i ||
                differ(&single.list[e], &vector.list[next]))
                abort();
    }
    if (next != vector.count)
        abort();
}

/* What was heard, and its version. */
static void same_learned(uint64_t now)
{
    size_t lengths[2];
    char *texts[2];
    for (uint32_t i = 0; i < 2; i++)
        texts[i] = zt_machine_learned_json(machines[i], now, &lengths[i]);
    if (lengths[0] != lengths[1] || memcmp(texts[0], texts[1], lengths[0]) != 0 ||
        zt_machine_learned_version(machines[0], now) - learned[0] !=
            zt_machine_learned_version(machines[1], now) - learned[1])
        abort();
    free(texts[0]);
    free(texts[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zt_input inputs[STEPS];
    uint8_t *frames[STEPS], steps[STEPS] = { 0 };
    uint32_t first = 0;

    start();
    uint32_t count = read_steps(data, size, inputs, frames, steps);
    for (uint32_t i = 0; i <= count; i++) {
        if (i < count && steps[i] == 0)
            continue;
        run(inputs + first, i - first);
        first = i;
        if (i < count)
            change(steps[i] - 1u, inputs[i].now);
    }
    same_learned(count == 0 ? 0 : inputs[count - 1].now);
    for (uint32_t i = 0; i < count; i++)
        free(frames[i]);
    return 0;
}
