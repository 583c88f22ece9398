/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine in memory: nanoseconds a packet on the main paths, without and with flow cache, in vectors of 64. No I/O: not a
 * rate that a wire would see. One JSON object a line: median, least and most of nine rounds.
 *
 *   make -C dataplane bench && (cd dataplane && build/ztos-bench)
 *
 * ztos-bench [VECTORS [PATH [on|off]]]: rounds of that many vectors, one path alone and of short frames, cache on or off; for instruction counts take the difference of two
 * runs under callgrind that differ in VECTORS.
 *
 * ztos-bench aead [VECTORS]: bench/aead_bench.c. ztos-bench wireguard [VECTORS]: bench/wireguard_bench.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/aead_bench.h"
#include "bench/macsec_bench.h"
#include "bench/timing.h"
#include "bench/wireguard_bench.h"
#include "src/base/file.h"
#include "src/machine/internal.h"
#include "test/frames.h"

#define VECTOR 64u
#define ROUNDS 9u

static const char key_file[] =
    "{\"lab:test/0200000001030001/0\":\"000102030405060708090a0b0c0d0e0f\","
    "\"lab:test/0200000002030001/0\":\"101112131415161718191a1b1c1d1e1f\","
    "\"lab:test/0200000002030001/1\":\"202122232425262728292a2b2c2d2e2f\"}";

struct frame {
    uint8_t data[2048];
    uint32_t length;
};

static struct frame from_hex(const char *hex)
{
    struct frame frame = { .length = (uint32_t)strlen(hex) / 2 };
    for (uint32_t i = 0; i < frame.length; i++) {
        unsigned int octet;
        sscanf(hex + 2 * i, "%2x", &octet);
        frame.data[i] = (uint8_t)octet;
    }
    return frame;
}

/* A frame whose innermost IPv4 packet at `ip` is made `more` octets longer, lengths and header checksums of `headers` too. */
static struct frame longer(struct frame frame, uint32_t more, const uint32_t *headers,
                           uint32_t count)
{
    memset(frame.data + frame.length, 0x5a, more);
    frame.length += more;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *ip = frame.data + headers[i];
        zt_store_u16(ip + 2, (uint16_t)(zt_load_u16(ip + 2) + more));
        zt_store_u16(ip + 24, (uint16_t)(zt_load_u16(ip + 24) + more)); /* UDP */
        zt_store_u16(ip + 26, 0);
        zt_store_u16(ip + 10, 0);
        zt_store_be16(ip + 10, zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, ip, ZT_IPV4_HEADER)));
    }
    return frame;
}

static struct zt_machine *start(bool cache)
{
    struct zt_error error = { 0 };
    struct zt_effects effects;
    size_t length;
    char *program = (char *)zt_file_read("test/programs/leaf.json", 1 << 20, &length, &error);
    struct zt_keys *keys = zt_keys_parse(key_file, sizeof key_file - 1, &error);
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ .cache = cache });
    if (program == NULL ||
        !zt_machine_load(machine, 1000, program, length, keys, &effects, &error)) {
        fprintf(stderr, "%s: %s\n", error.where, error.message);
        exit(2);
    }
    zt_keys_free(keys);
    free(program);
    static const struct {
        uint16_t port;
        const char *hex;
    } before[] = { { 11, ARP_WEB1_GATEWAY }, { 12, UDP_WEB2_WEB1 }, { 1, FAR_WEB1_RECEIVED } };
    for (uint32_t i = 0; i < 3; i++) {
        struct frame frame = from_hex(before[i].hex);
        struct zt_input input = { .kind = ZT_INPUT_FRAME,
                                  .interface = before[i].port,
                                  .now = 1000,
                                  .data = frame.data,
                                  .length = frame.length };
        zt_machine_run(machine, &input, 1);
    }
    return machine;
}

/* A flow of each vector's frame: they differ in the UDP source port at `port_at`. */
static void run(const char *path, const struct frame *frame, uint16_t port, uint32_t port_at,
                uint32_t vectors, const char *only)
{
    static struct frame frames[VECTOR];
    struct zt_input inputs[VECTOR];
    for (uint32_t i = 0; i < VECTOR; i++) {
        frames[i] = *frame;
        zt_store_u16(frames[i].data + port_at, (uint16_t)(1000 + i));
        zt_store_u16(frames[i].data + port_at + 6, 0); /* UDP checksum */
        inputs[i] = (struct zt_input){ .kind = ZT_INPUT_FRAME,
                                       .interface = port,
                                       .now = 2000,
                                       .data = frames[i].data,
                                       .length = frames[i].length };
    }
    for (uint32_t cache = 0; cache < 2; cache++) {
        if (only != NULL && strcmp(only, cache ? "on" : "off") != 0)
            continue;
        struct zt_machine *machine = start(cache == 1);
        double samples[ROUNDS];
        struct zt_effects effects = zt_machine_run(machine, inputs, VECTOR);
        if (effects.count != VECTOR || effects.list[0].kind != ZT_EFFECT_TX) {
            fprintf(stderr, "%s: frames do not come out\n", path);
            exit(1);
        }
        for (uint32_t round = 0; round < ROUNDS; round++) {
            double begin = zt_bench_ns();
            for (uint32_t v = 0; v < vectors; v++)
                zt_machine_run(machine, inputs, VECTOR);
            samples[round] = (zt_bench_ns() - begin) / vectors / VECTOR;
        }
        qsort(samples, ROUNDS, sizeof *samples, zt_bench_compare);
        printf("{\"path\":\"%s\",\"octets\":%u,\"flows\":%u,\"cache\":%s,\"cpu\":\"%s\",\"ns\":%."
               "1f,\"least\":%.1f,\"most\":%.1f}\n",
               path, frame->length, VECTOR, cache ? "true" : "false", zt_machine_cpu(machine),
               samples[ROUNDS / 2], samples[0], samples[ROUNDS - 1]);
        zt_machine_destroy(machine);
    }
}

int main(int argc, char **argv)
{
    uint32_t second = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100;
    if (argc > 1 && strcmp(argv[1], "aead") == 0) {
        zt_aead_bench(second);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "macsec") == 0) {
        zt_macsec_bench(second);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "wireguard") == 0) {
        zt_wireguard_bench(second);
        return 0;
    }
    uint32_t vectors = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000;
    static const uint32_t plain[] = { 14 }, nested[] = { 14, 64 };
    const struct {
        const char *path, *hex;
        uint16_t port;
        uint32_t port_at, headers;
    } paths[] = {
        { "transit", TRANSIT, 1, 34, 1 },
        { "transit, sealed out", TRANSIT_TO_3, 1, 34, 1 },
        { "host to host", UDP_WEB1_WEB2, 11, 34, 1 },
        { "host to VXLAN", WEB1_FAR, 11, 34, 1 },
        { "VXLAN to host", FAR_WEB1_RECEIVED, 1, 84, 2 },
        { "host by IRB to L3 VNI", UDP_WEB1_FAR, 11, 34, 1 },
        { "L3 VNI by IRB to host", UDP_FAR_WEB1_L3, 1, 84, 2 },
    };
    for (uint32_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (argc > 2 && strcmp(argv[2], paths[i].path) != 0)
            continue;
        struct frame frame = from_hex(paths[i].hex);
        run(paths[i].path, &frame, paths[i].port, paths[i].port_at, vectors,
            argc > 3 ? argv[3] : NULL);
        if (argc > 3)
            continue;
        frame = longer(frame, 1300, paths[i].headers == 1 ? plain : nested, paths[i].headers);
        run(paths[i].path, &frame, paths[i].port, paths[i].port_at, vectors, NULL);
    }
    return 0;
}
