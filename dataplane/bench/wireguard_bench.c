/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WireGuard of a sealed link in memory, two machines, one core: ns a packet to send (received in clear, routed, sealed) and to receive
 * (opened, routed, sent in clear), in vectors of 64; ns a handshake at each end; the data path again with 10,000 peers more.
 * One JSON object a line: median of the rounds. No I/O: not a rate that a wire would see.
 */
#include "bench/wireguard_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"
#include "src/base/file.h"
#include "src/machine/internal.h"

#define VECTOR 64u
#define ROUNDS 31u
#define PEERS 10000u
#define SECOND UINT64_C(1000000000)
/* Ports of wga and wgb of test/programs: of hosts, and of the link. */
#define HOSTS 1u
#define LINK 4u

static const char key_file[] =
    "{\"lab:test/wg/a\":\"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a\","
    "\"lab:test/wg/b\":\"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb\"}";

struct frame {
    uint8_t data[2048];
    uint32_t length;
};

struct node {
    struct zt_machine *machine;
    uint64_t now;
};

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---- nodes */

static struct zt_effects give(struct node *node, enum zt_input_kind kind, uint16_t port,
                              const uint8_t *data, uint32_t length)
{
    struct zt_input input = {
        .kind = kind, .interface = port, .now = node->now, .data = data, .length = length
    };
    return zt_machine_run(node->machine, &input, 1);
}

static void seed(struct node *node, uint8_t fill)
{
    uint8_t data[40];
    memset(data, fill, sizeof data);
    memset(data, 0, 8); /* wall time, ns */
    give(node, ZT_INPUT_SEED, 0, data, sizeof data);
}

/* `turned`: what hosts of A send to 10.66.0.0/16 goes through the tunnel, and B has them on its port. */
static struct node start(const char *path, bool turned)
{
    static const char here[] = "\"prefix\":\"10.66.0.0/16\",\"connected\":1";
    static const char there[] = "\"prefix\":\"10.66.0.0/16\",\"group\":2    ";
    struct zt_error error = { 0 };
    struct zt_effects effects;
    size_t length;
    char *program = (char *)zt_file_read(path, 1 << 20, &length, &error);
    struct zt_keys *keys = zt_keys_parse(key_file, sizeof key_file - 1, &error);
    struct node node = { zt_machine_create(&(struct zt_machine_options){ .cache = true }), SECOND };

    _Static_assert(sizeof here == sizeof there, "one takes the place of the other");
    if (program == NULL)
        die(error.message);
    char *route = strstr(program, here);
    if (turned && route == NULL)
        die("the program has not the route that is to be turned");
    if (turned)
        memcpy(route, there, sizeof there - 1);
    if (!zt_machine_load(node.machine, node.now, program, length, keys, &effects, &error))
        die(error.message);
    zt_keys_free(keys);
    free(program);
    seed(&node, turned ? 1 : 2);
    return node;
}

static void make_packet(struct frame *frame, uint32_t octets, uint16_t source_port)
{
    uint8_t *ip = frame->data + ZT_ETH_HEADER, *udp = ip + ZT_IPV4_HEADER;
    static const zt_mac port = { { 2, 0, 0, 0, 1, 1 } }, host = { { 2, 0, 0, 0, 2, 1 } };
    zt_ip from, to;

    zt_ip_parse("192.0.2.9", &from);
    zt_ip_parse("10.66.0.9", &to);
    memset(frame->data, 0, sizeof frame->data);
    frame->length = ZT_ETH_HEADER + octets;
    zt_eth_write(frame->data, port, host, (zt_ethertype){ ZT_ETHERTYPE_IPV4 });
    zt_ipv4_write(ip, octets, 0, true, 64, (zt_protocol){ ZT_PROTOCOL_UDP }, from, to);
    zt_store_u16(udp, source_port);
    zt_store_u16(udp + 2, 2000);
    zt_store_u16(udp + 4, (uint16_t)(octets - ZT_IPV4_HEADER));
}

/* The frames that a node sent on a port by its last input; fewer than wanted end the bench. */
static uint32_t take(struct zt_effects effects, uint16_t port, struct frame *out, uint32_t wanted)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < effects.count && count < wanted; i++) {
        const struct zt_effect *effect = &effects.list[i];
        if (effect->kind != ZT_EFFECT_TX || effect->interface != port)
            continue;
        memcpy(out[count].data, effect->data, effect->length);
        out[count++].length = effect->length;
    }
    if (count < wanted)
        die("frames do not come out");
    return count;
}

/* A whole handshake, begun by a packet of A's host; ns that each end took. */
static void shake_hands(struct node *a, struct node *b, double *begun, double *answered)
{
    struct frame packet, initiation, response;
    make_packet(&packet, 64, 1000);

    double first = zt_bench_ns();
    take(give(a, ZT_INPUT_FRAME, HOSTS, packet.data, packet.length), LINK, &initiation, 1);
    double second = zt_bench_ns();
    take(give(b, ZT_INPUT_FRAME, LINK, initiation.data, initiation.length), LINK, &response, 1);
    double third = zt_bench_ns();
    take(give(a, ZT_INPUT_FRAME, LINK, response.data, response.length), LINK, &packet, 1);
    double fourth = zt_bench_ns();
    give(b, ZT_INPUT_FRAME, LINK, packet.data, packet.length);
    *begun = second - first + fourth - third;
    *answered = third - second;
}

/* ---- what is measured */

static void inputs_of(struct zt_input *inputs, const struct frame *frames, uint16_t port,
                      uint64_t now)
{
    for (uint32_t i = 0; i < VECTOR; i++)
        inputs[i] = (struct zt_input){ .kind = ZT_INPUT_FRAME,
                                       .interface = port,
                                       .now = now,
                                       .data = frames[i].data,
                                       .length = frames[i].length };
}

static void data_path(struct node *a, struct node *b, uint32_t octets, uint32_t vectors,
                      uint32_t peers)
{
    static struct frame clear[VECTOR], sealed[VECTOR], opened[VECTOR];
    struct zt_input from_hosts[VECTOR], from_link[VECTOR];
    double sending[ROUNDS], receiving[ROUNDS];

    for (uint32_t i = 0; i < VECTOR; i++)
        make_packet(&clear[i], octets, (uint16_t)(1000 + i));
    inputs_of(from_hosts, clear, HOSTS, a->now);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        sending[round] = receiving[round] = 0;
        for (uint32_t v = 0; v < vectors; v++) {
            double begin = zt_bench_ns();
            struct zt_effects sent = zt_machine_run(a->machine, from_hosts, VECTOR);
            sending[round] += zt_bench_ns() - begin;
            take(sent, LINK, sealed, VECTOR);
            inputs_of(from_link, sealed, LINK, b->now);
            begin = zt_bench_ns();
            struct zt_effects received = zt_machine_run(b->machine, from_link, VECTOR);
            receiving[round] += zt_bench_ns() - begin;
            take(received, HOSTS, opened, VECTOR);
        }
        sending[round] /= vectors * VECTOR;
        receiving[round] /= vectors * VECTOR;
    }
    printf("{\"bench\":\"wireguard\",\"what\":\"data\",\"octets\":%u,\"peers\":%u,\"send\":%.1f,"
           "\"receive\":%.1f}\n",
           octets, peers, zt_bench_median(sending, ROUNDS), zt_bench_median(receiving, ROUNDS));
}

static void handshakes(struct node *a, struct node *b)
{
    double begun[ROUNDS], answered[ROUNDS];

    for (uint32_t round = 0; round < ROUNDS; round++) {
        /* Old enough that the next packet waits for another. */
        a->now += 200 * SECOND;
        b->now += 200 * SECOND;
        shake_hands(a, b, &begun[round], &answered[round]);
    }
    printf("{\"bench\":\"wireguard\",\"what\":\"handshake\",\"begin\":%.0f,\"answer\":%.0f}\n",
           zt_bench_median(begun, ROUNDS), zt_bench_median(answered, ROUNDS));
}

/* Peers that have nothing to say, each with a prefix, by one list of changes. */
static void add_peers(struct node *node)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = PEERS * 256u, at = 0;
    char *text = malloc(size);
    struct zt_effects effects;
    struct zt_error error = { 0 };

    if (text == NULL)
        die("no memory");
    at += (size_t)snprintf(text, size, "{\"id\":1,\"op\":\"apply\",\"changes\":[");
    for (uint32_t i = 0; i < PEERS; i++) {
        char key[45];
        memset(key, 'B', 43);
        for (uint32_t k = 0; k < 4; k++)
            key[k] = digits[i >> (6 * k) & 63];
        memcpy(key + 42, "A=", 3);
        at += (size_t)snprintf(text + at, size - at,
                               "%s{\"table\":\"peer\",\"interface\":5,\"publicKey\":\"%s\","
                               "\"to\":{\"allowedIps\":[\"100.64.%u.%u/32\"]}}",
                               i == 0 ? "" : ",", key, i >> 8, i & 255);
    }
    snprintf(text + at, size - at, "]}");
    if (!zt_machine_control(node->machine, node->now, text, strlen(text), &effects, &error))
        die(error.message);
    free(text);
}

void zt_wireguard_bench(uint32_t vectors)
{
    static const uint32_t lengths[] = { 64, 256, 512, 1024, 1400 };
    struct node a = start("test/programs/wga.json", true);
    struct node b = start("test/programs/wgb.json", false);
    double begun, answered;

    shake_hands(&a, &b, &begun, &answered);
    for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        data_path(&a, &b, lengths[i], vectors, 1);
    handshakes(&a, &b);
    add_peers(&a);
    add_peers(&b);
    for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        data_path(&a, &b, lengths[i], vectors, 1 + PEERS);
    zt_machine_destroy(a.machine);
    zt_machine_destroy(b.machine);
}
