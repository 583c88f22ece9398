/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What XDP passes (bpf/zt_pass.h) held against the machine: whatever is passed, the machine would have punted as it is, and
 * nothing else would have come of it (PUNT-3). Frames are drawn near every border of both.
 */
#include <stdio.h>

#include "test/support.h"

static const struct zt_machine *own_of;

struct zt_pass_address;
static uint32_t flags_of(const struct zt_pass_address *address);
#define ZT_PASS_LOOKUP(address) flags_of(address)
#include "bpf/zt_pass.h"

static uint32_t flags_of(const struct zt_pass_address *address)
{
    for (uint32_t i = 0; i < zt_machine_own_addresses(own_of); i++) {
        struct zt_own_address own = zt_machine_own_address(own_of, i);
        struct zt_pass_address mapped = { .octets = { [10] = 0xff, [11] = 0xff } };

        if (own.family == 4)
            memcpy(mapped.octets + 12, own.octets, 4);
        else
            memcpy(mapped.octets, own.octets, 16);
        if (memcmp(&mapped, address, sizeof mapped) == 0)
            return ZT_PASS_OWN | (own.kernel ? ZT_PASS_ARP | ZT_PASS_ICMP : 0u);
    }
    return 0;
}

static uint64_t drawn;

/* xorshift64* (Vigna 2014). */
static uint32_t draw(uint32_t below)
{
    drawn ^= drawn >> 12;
    drawn ^= drawn << 25;
    drawn ^= drawn >> 27;
    return (uint32_t)((drawn * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below;
}

#define PICK(list) list[draw(sizeof(list) / sizeof(list)[0])]

static void put(uint8_t *at, const char *hex)
{
    uint32_t length;
    uint8_t *data = octets(hex, &length);

    memcpy(at, data, length);
    free(data);
}

static const char *const macs[] = { "020000000101", "020000000101", "020000000101",
                                    "ffffffffffff", "3333ff000001", "020000000102" };
/* Own ones of port, loopback and gateway; of others; nobody's. */
static const char *const ipv4s[] = { "0afe0001", "0aff0001", "0afe0005", "0a010001", "0afe0000",
                                     "0a010177", "00000000", "7f000001", "e0000005", "ffffffff" };
static const char *const ipv6s[] = {
    "20010db800fe00000000000000000003", "20010db800ff00000000000000000001",
    "20010db800fe00000000000000000002", "20010db8000100000000000000000001",
    "fe800000000000000000000000000001", "ff020000000000000000000000000001",
    "ff0200000000000000000001ff000003", "ff050000000000000000000000000001",
    "00000000000000000000000000000000", "00000000000000000000000000000001",
};

static void store16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void draw_arp(uint8_t *frame)
{
    put(frame + 12, "08060001080006040001");
    frame[21] = (uint8_t)draw(3);
    put(frame + 22, "020000000901");
    put(frame + 28, PICK(ipv4s));
    put(frame + 38, PICK(ipv4s));
    if (draw(8) == 0)
        frame[14 + draw(6)] ^= 1;
}

static void draw_ipv4(uint8_t *frame, uint32_t length)
{
    uint8_t *ip = frame + 14;
    uint32_t sum = 0;

    store16(frame + 12, 0x0800);
    ip[0] = draw(16) == 0 ? (uint8_t)draw(256) : 0x45;
    store16(ip + 2, draw(8) == 0 ? draw(2000) : length - 14 - draw(3));
    store16(ip + 6, draw(4) == 0 ? 1u << draw(16) : 0x4000);
    ip[8] = (uint8_t)(1 + draw(2));
    ip[9] = draw(8) == 0 ? 17 : 1;
    put(ip + 12, PICK(ipv4s));
    put(ip + 16, PICK(ipv4s));
    for (uint32_t i = 0; i < (ip[0] & 15u) * 4; i += 2)
        sum += i == 10 ? 0 : (uint32_t)ip[i] << 8 | ip[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum += sum >> 16;
    store16(ip + 10, (~sum & 0xffff) ^ (draw(8) == 0));
}

static void draw_ipv6(uint8_t *frame, uint32_t length)
{
    uint8_t *ip = frame + 14;

    store16(frame + 12, 0x86dd);
    ip[0] = draw(16) == 0 ? (uint8_t)draw(256) : 0x60;
    store16(ip + 4, draw(8) == 0 ? draw(2000) : length - 54 - draw(3));
    ip[6] = draw(4) == 0 ? (uint8_t)draw(64) : 58;
    ip[7] = (uint8_t)(1 + draw(2));
    put(ip + 8, PICK(ipv6s));
    put(ip + 24, PICK(ipv6s));
}

static uint32_t draw_frame(uint8_t *frame, uint32_t size)
{
    uint32_t length = draw(16) == 0 ? draw(size) : 60 + draw(60), kind = draw(3);

    for (uint32_t i = 0; i < size; i++)
        frame[i] = 0;
    put(frame, PICK(macs));
    put(frame + 6, "020000000901");
    if (kind == 0)
        draw_arp(frame);
    else if (kind == 1)
        draw_ipv4(frame, length);
    else
        draw_ipv6(frame, length);
    if (draw(32) == 0)
        store16(frame + 12, 0x8100);
    return length;
}

#define PORT "\"addresses\":[\"10.254.0.1/31\"],\"tap\":true"
/* A gateway beside the underlay: its address is the node's own, and no kernel has it. */
#define GATEWAY(vrf) "\"bridge\":50,\"vrf\":" #vrf
#define GATEWAY_ROUTE(vrf) "{\"vrf\":" #vrf ",\"prefix\":\"10.1.0.0/24\",\"connected\":54}"

static void punt_3_what_is_passed_the_machine_would_have_punted(void **state)
{
    struct bench *bench = bench_start("leaf", PORT, PORT ",\"punt\":\"xdp\"", GATEWAY(2),
                                      GATEWAY(0), GATEWAY_ROUTE(2), GATEWAY_ROUTE(0), NULL);
    struct zt_port_info info = zt_machine_port(bench->machines[0], 0);
    struct zt_port_state port = { .pass_mtu = (uint16_t)info.mtu };
    uint8_t frame[1800];
    uint32_t passed[3] = { 0 }, others = 0;

    (void)state;
    assert_true(info.pass && !zt_machine_port(bench->machines[0], 1).pass);
    memcpy(port.pass_mac, info.mac, 6);
    own_of = bench->machines[0];
    drawn = 20261121;
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t length = draw_frame(frame, sizeof frame);
        uint8_t *exact = malloc(length + 1);

        /* At the end of what is allocated: a read beyond it is seen by the sanitizer. */
        memcpy(exact, frame, length);
        exact = realloc(exact, length ? length : 1);
        if (zt_passes(&port, exact, exact + length)) {
            char *hex = malloc(2 * length + 1);

            for (uint32_t at = 0; at < length; at++)
                snprintf(hex + 2 * at, 3, "%02x", exact[at]);
            give_octets(bench, 1, exact, length);
            expect_punt(bench, 1, hex);
            expect_end(bench);
            free(hex);
            passed[frame[12] == 0x86 ? 2 : frame[13] == 0x06 ? 0 : 1]++;
        } else {
            others++;
        }
        free(exact);
    }
    for (uint32_t kind = 0; kind < 3; kind++)
        if (passed[kind] < 500)
            fail_msg("of kind %u only %u frames were passed", kind, passed[kind]);
    assert_true(others > 100000);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(punt_3_what_is_passed_the_machine_would_have_punted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
