/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two nodes that seal for each other: messages of all types, as they are or bent, packets, time and changes of peers. No crash; with
 * flow cache and vectors the same effects as without, one by one (MODEL-1); the same tables at the end. The input is a list of steps:
 * an octet that says what, an octet that says how, an octet of length, octets. Two machines are the node that is looked at, a third
 * its peer; what the peer sends waits until a step delivers it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/support.h"
#include "src/machine/internal.h"
#include "src/machine/wireguard_noise.h"

#define STEPS 192u
#define WAITING 32u
#define SECOND UINT64_C(1000000000)
#define FRAME_MAX 2048u

struct waiting {
    uint16_t port;
    uint32_t length;
    uint8_t data[FRAME_MAX];
};

static struct zt_machine *machines[2], *peer;
static struct zt_wg_crypto *crypto;
static uint64_t now;
static struct waiting waiting[WAITING];
static uint32_t waiting_count;

static void load(struct zt_machine *machine, const char *program, size_t length)
{
    struct zt_effects effects;
    struct zt_error error;

    if (!zt_machine_load(machine, now, program, length, fuzz_keys(), &effects, &error)) {
        fprintf(stderr, "%s: %s: %s\n", error.code, error.where, error.message);
        abort();
    }
}

/* ---- what happens in the machines */

static bool differ(const struct zt_effect *a, const struct zt_effect *b)
{
    return a->kind != b->kind || a->interface != b->interface || a->fate != b->fate ||
           a->length != b->length || (a->length > 0 && memcmp(a->data, b->data, a->length) != 0);
}

static void run_peer(const struct zt_input *input)
{
    struct zt_effects effects = zt_machine_run(peer, input, 1);

    for (uint32_t i = 0; i < effects.count && waiting_count < WAITING; i++) {
        const struct zt_effect *effect = &effects.list[i];

        if (effect->kind != ZT_EFFECT_TX || effect->length > FRAME_MAX)
            continue;
        waiting[waiting_count].port = effect->interface;
        waiting[waiting_count].length = effect->length;
        memcpy(waiting[waiting_count++].data, effect->data, effect->length);
    }
}

/* The peer gets what the node sends, on the port of the same number. */
static void pass_on(struct zt_effects effects)
{
    for (uint32_t i = 0; i < effects.count; i++) {
        const struct zt_effect *effect = &effects.list[i];
        struct zt_input input = { .kind = ZT_INPUT_FRAME,
                                  .interface = effect->interface,
                                  .length = effect->length,
                                  .now = now,
                                  .data = effect->data };

        if (effect->kind == ZT_EFFECT_TX)
            run_peer(&input);
    }
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
        pass_on(single);
    }
    if (next != vector.count)
        abort();
}

static void run_one(enum zt_input_kind kind, uint16_t interface, const uint8_t *data,
                    uint32_t length)
{
    struct zt_input input = {
        .kind = kind, .interface = interface, .length = length, .now = now, .data = data
    };

    run(&input, 1);
}

static void control(const char *text)
{
    struct zt_effects effects[2];
    struct zt_error error;
    bool good[2];

    for (uint32_t i = 0; i < 2; i++)
        good[i] = zt_machine_control(machines[i], now, text, strlen(text), &effects[i], &error);
    if (good[0] != good[1] || (good[0] && effects[0].count != effects[1].count))
        abort();
    for (uint32_t e = 0; good[0] && e < effects[0].count; e++)
        if (differ(&effects[0].list[e], &effects[1].list[e]))
            abort();
    if (good[0])
        pass_on(effects[0]);
}

/* ---- steps */

static void seed(uint8_t with)
{
    uint8_t payload[40] = { [0] = 1, [6] = 0x17, [8] = with };
    struct zt_input input = {
        .kind = ZT_INPUT_SEED, .length = sizeof payload, .now = now, .data = payload
    };

    run(&input, 1);
    payload[39] = 1;
    run_peer(&input);
}

/* A frame that a step builds, in memory of its own so that reading beyond it shows. */
static uint8_t *new_frame(uint32_t length)
{
    uint8_t *frame = calloc(length == 0 ? 1 : length, 1);

    if (frame == NULL)
        abort();
    return frame;
}

static zt_ip address(uint8_t family, const char *octets)
{
    return zt_load_ip(family, (const uint8_t *)octets);
}

/* Where a node's messages on a port come from. */
static zt_ip own_of(uint8_t node, uint8_t family, uint8_t port)
{
    zt_ip own = address(family, family == ZT_IPV6 ? "\x20\x01\x0d\xb8\0\x02\0\0\0\0\0\0\0\0\0\0"
                                : port == 1       ? "\xc0\0\x02\0"
                                                  : "\x0a\xfe\x02\0");
    own.octets[family == ZT_IPV6 ? 15 : 3] = node;
    return own;
}

/*
 * Octets as a message to the node, or to its peer with bit 5: to interface 5 with bit 0, over IPv6 with bit 1, with a right mac1 with
 * bit 2.
 */
static void send_message(uint8_t how, const uint8_t *data, uint32_t length)
{
    static const char *const keys[] = {
        "\xa4\xe0\x92\x92\xb6\x51\xc2\x78\xb9\x77\x2c\x56\x9f\x5f\xa9\xbb"
        "\x13\xd9\x06\xb4\x6a\xb6\x8c\x9d\xf9\xdc\x2b\x44\x09\xf8\xa2\x09",
        "\xce\x8d\x3a\xd1\xcc\xb6\x33\xec\x7b\x70\xc1\x78\x14\xa5\xc7\x6e"
        "\xcd\x02\x96\x85\x05\x0d\x34\x47\x45\xba\x05\x87\x0e\x58\x7d\x59"
    };
    uint8_t node = how & 0x20 ? 2 : 1, port = how & 1 ? 2 : 1;
    bool six = port == 1 && (how & 2) != 0;
    uint32_t header = six ? 40 : 20, whole = header + 8 + length;
    uint8_t *frame = new_frame(14 + whole), *ip = frame + 14, *udp = ip + header;
    uint8_t mac1_key[ZT_WG_KEY], cookie_key[ZT_WG_KEY];
    zt_protocol protocol = { ZT_PROTOCOL_UDP };

    memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, node, port, 2, 0, 0, 0, 3 - node, port }, 12);
    zt_store_u16(frame + 12, six ? 0x86dd : 0x0800);
    if (six)
        zt_ipv6_write(ip, whole, how >> 3 & 3, 64, protocol, own_of(3 - node, 6, port),
                      own_of(node, 6, port));
    else
        zt_ipv4_write(ip, whole, how >> 3 & 3, false, 64, protocol, own_of(3 - node, 4, port),
                      own_of(node, 4, port));
    zt_store_u16(udp, 51819u + port);
    zt_store_u16(udp + 2, 51819u + port);
    zt_store_u16(udp + 4, (uint16_t)(8 + length));
    if (length > 0)
        memcpy(udp + 8, data, length);
    if ((how & 4) != 0 && length >= ZT_WG_MACS) {
        zt_wg_mac_keys(crypto, (const uint8_t *)keys[node - 1], mac1_key, cookie_key);
        zt_wg_mac(crypto, mac1_key, ZT_WG_KEY, udp + 8, length - ZT_WG_MACS,
                  udp + 8 + length - ZT_WG_MACS);
    }
    zt_udp_write_checksum(ip, six ? ZT_IPV6 : ZT_IPV4, udp, 8 + length);
    struct zt_input input = {
        .kind = ZT_INPUT_FRAME, .interface = port, .length = 14 + whole, .now = now, .data = frame
    };
    if (node == 1)
        run(&input, 1);
    else
        run_peer(&input);
    free(frame);
}

/* UDP payload of a frame that the peer sent. */
static uint32_t payload_of(const struct waiting *frame)
{
    return frame->data[12] == 0x86 ? 62 : 42;
}

/* Bends a frame by octets: behind the UDP header, whose checksum is right again, or with 0x40 anywhere. */
static void bend(struct waiting *frame, uint8_t how, const uint8_t *data, uint32_t length)
{
    uint32_t payload = payload_of(frame), at = (how & 0x40 ? 0 : payload) + (how & 0x3fu);

    for (uint32_t n = 0; n < length && at + n < frame->length; n++)
        frame->data[at + n] ^= data[n];
    if ((how & 0x40) == 0 && length > 0 && frame->length > payload)
        zt_udp_write_checksum(frame->data + 14, payload == 62 ? ZT_IPV6 : ZT_IPV4,
                              frame->data + payload - 8, frame->length - payload + 8);
}

/* What waits goes to the node: the first, bent, or with the high bit all together. If it is to be kept it comes again. */
static void deliver(uint8_t how, bool keep, const uint8_t *data, uint32_t length)
{
    struct zt_input inputs[WAITING];
    struct waiting taken[WAITING];
    uint32_t count = how & 0x80 ? waiting_count : waiting_count > 0;

    memcpy(taken, waiting, count * sizeof *taken);
    if (!keep) {
        memmove(waiting, waiting + count, (waiting_count - count) * sizeof *waiting);
        waiting_count -= count;
    }
    for (uint32_t i = 0; i < count; i++) {
        bend(&taken[i], how, data, length);
        inputs[i] = (struct zt_input){ .kind = ZT_INPUT_FRAME,
                                       .interface = taken[i].port,
                                       .length = taken[i].length,
                                       .now = now,
                                       .data = taken[i].data };
    }
    if (count > 0)
        run(inputs, count);
}

/* A packet from a TAP: of the node with bit 0, else of the peer. Bits 1 and 2 say to whom, bits 3 and 4 what ECN. */
static void punt(uint8_t how, const uint8_t *data, uint32_t length)
{
    static const char *const to[] = { "\x0a\x08\0\x01", "\x0a\x08\0\x02", "\x0a\x07\0\x01",
                                      "\x0a\x09\x01\x01" };
    uint32_t whole = 20 + length;
    uint8_t *frame = new_frame(14 + whole);
    bool own = how & 1;

    memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 2, 1, 8, 0 }, 14);
    zt_ipv4_write(frame + 14, whole, how >> 3 & 3, how & 0x20, 3, (zt_protocol){ 253 },
                  address(4, own ? "\x0a\x08\0\x01" : "\x0a\x08\0\x02"),
                  address(4, to[how >> 1 & 3]));
    if (length > 0)
        memcpy(frame + 34, data, length);
    struct zt_input input = {
        .kind = ZT_INPUT_PUNT, .interface = 1, .length = 14 + whole, .now = now, .data = frame
    };
    if (own)
        run(&input, 1);
    else
        run_peer(&input);
    free(frame);
}

static void wait_for(uint8_t how)
{
    static const uint64_t waits[] = { SECOND / 100, SECOND / 2,  5 * SECOND,   10 * SECOND,
                                      16 * SECOND,  26 * SECOND, 121 * SECOND, 600 * SECOND };
    struct zt_input input = { .kind = ZT_INPUT_CLOCK };

    if (zt_machine_deadline(machines[0]) != zt_machine_deadline(machines[1]))
        abort();
    now += waits[how & 7];
    input.now = now;
    run(&input, 1);
    if ((how & 8) == 0)
        run_peer(&input);
}

static void change(uint8_t how)
{
#define PEER(interface, key, to) \
    "{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"peer\",\"interface\":" interface ",\"pu" \
    "blicK" \
    "ey\":" \
    "\"" key "\",\"to\":" to "}]}"
#define PUBLIC_2 "lab:fuzz/2/public"
#define PUBLIC_3 "Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI="
    static const char *const changes[] = {
        PEER("3", PUBLIC_2, "null"),
        PEER("3", PUBLIC_2,
             "{\"allowedIps\":[\"10.0.0.0/8\",\"::/0\"],\"presharedKey\":\"lab:fuzz/psk\"}"),
        PEER("3", PUBLIC_2, "{\"allowedIps\":[\"10.8.0.0/24\"],\"persistentKeepalive\":1}"),
        PEER("3", PUBLIC_3,
             "{\"allowedIps\":[\"10.8.0.2/"
             "32\"],\"endpoint\":{\"address\":\"192.0.2.2\",\"port\":1}}"),
        PEER("3", PUBLIC_3, "null"),
        PEER("5", PUBLIC_2,
             "{\"allowedIps\":[\"10.7.0.0/"
             "24\"],\"endpoint\":{\"address\":\"10.254.2.9\",\"port\":9}}"),
        PEER("5", PUBLIC_2, "null"),
        "{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":false}",
        "{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":true}",
    };
    size_t length;
    uint32_t number = how % (sizeof changes / sizeof *changes + 2);

    if (number < sizeof changes / sizeof *changes) {
        control(changes[number]);
        return;
    }
    /* WG-32: the program again, to the one or to both. */
    for (uint32_t i = 0; i < 2; i++)
        load(machines[i], fuzz_wireguard(1, &length), length);
    if (how & 1)
        load(peer, fuzz_wireguard(2, &length), length);
}

static void start(void)
{
    static const char nothing[] =
        "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"n\",\"seeds\":{\"ecmp\":0,"
        "\"sourcePort\":0},\"vrfs\":[],\"interfaces\":[],\"tables\":{\"routes\":[],\"groups\":[],"
        "\"neighbours\":[],\"fdb\":[],\"flood\":[]}}";
    struct zt_machine **all[] = { &machines[0], &machines[1], &peer };

    now = 1;
    waiting_count = 0;
    for (uint32_t i = 0; i < 3; i++) {
        size_t length;
        const char *program = fuzz_wireguard(i < 2 ? 1 : 2, &length);

        if (*all[i] == NULL)
            *all[i] = zt_machine_create(
                &(struct zt_machine_options){ .cache = i == 1, .cache_entries = 64 });
        /* What was is gone with a program that has none of it. */
        load(*all[i], nothing, sizeof nothing - 1);
        load(*all[i], program, length);
        zt_machine_lend_keys(*all[i], fuzz_keys());
    }
    if (crypto == NULL)
        crypto = zt_wg_crypto_new(machines[0]->crypto);
    control("{\"id\":1,\"op\":\"carrier\",\"interface\":1,\"up\":true}");
    seed(0);
}

static void same_tables(void)
{
    size_t lengths[2];
    char *texts[2];

    for (uint32_t i = 0; i < 2; i++)
        texts[i] = zt_machine_tables_json(machines[i], now, &lengths[i]);
    if (lengths[0] != lengths[1] || memcmp(texts[0], texts[1], lengths[0]) != 0)
        abort();
    free(texts[0]);
    free(texts[1]);
}

static void step(uint8_t what, uint8_t how, const uint8_t *data, uint32_t length)
{
    uint8_t *frame;

    switch (what & 7) {
    case 0:
        frame = new_frame(length);
        if (length > 0)
            memcpy(frame, data, length);
        run_one(how & 2 ? ZT_INPUT_PUNT : ZT_INPUT_FRAME, how & 1 ? 2 : 1, frame, length);
        free(frame);
        break;
    case 1:
        send_message(how, data, length);
        break;
    case 2:
        punt(how, data, length);
        break;
    case 3:
    case 4:
        deliver(how, (what & 7) == 4, data, length);
        break;
    case 5:
        wait_for(how);
        break;
    case 6:
        change(how);
        break;
    default:
        seed(how);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    for (uint32_t steps = 0; size >= 3 && steps < STEPS; steps++) {
        uint32_t length = data[2] < size - 3 ? data[2] : (uint32_t)(size - 3);

        step(data[0], data[1], data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
    same_tables();
    return 0;
}
